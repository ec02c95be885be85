"""The semi-infinite program, of which a restricted master states finitely many columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convexden.errors import TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Hinges
from convexden.solvers.methods.row_generation import COLUMN_GENERATION, solve_sites
from convexden.solvers.outcome import NO_PRICING, Outcome
from convexden.solvers.patterns.faces import check_faces
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import Program, network_of_hinges, no_solution, priced
from convexden.solvers.programs.ramps import spanned
from convexden.solvers.programs.restricted_master import RestrictedMaster
from convexden.tolerances import CERTIFIED_RTOL

_START = 10  # hinges per row of the constraints to start from
MOST_IN_PLANE = 300  # sites, of which a table of all tangents holds 60 MB


class ColumnGenerationProgram(Program):
    """The restricted master over finitely many hinges, and column generation to choose them.

    As it is stated, it is over the hinges that column generation starts with: common tangents of
    neighbors in a plane, maxima of the dual constraint at random multipliers beyond, or, if these
    do not interpolate, hinges that span all others.  Its value is an upper bound, which on a line
    is exact, and its multipliers are a lower bound once they are priced.

    `solve` goes on to the optimum of the semi-infinite program: column generation adds hinges until
    exact pricing finds none that is missing, and `problem` becomes the last master, over the hinges
    of its network.
    """

    name = COLUMN_GENERATION

    def __init__(self, constraints: Constraints) -> None:
        """State the master over a few hinges."""
        super().__init__(constraints)
        check_master(constraints.problem)
        self._generated: Outcome | None = None
        self._restrict(_first_hinges(constraints))

    def _restrict(self, hinges: Hinges) -> None:
        """State the master over these hinges."""
        self._hinges = hinges
        self._master = RestrictedMaster(self.constraints.features(hinges), self.constraints.targets)
        self.problem = self._master.problem

    def solve(self) -> None:
        """Run column generation, and solve the master over the hinges that it ends with.

        Raises
        ------
        NotCertified
            If it finds no network.
        InfeasibleProblem
            If there is none, with the proof.
        """
        if self.constraints.problem.input_dimension > 1:  # on a line no hinge is missing
            found = solve_sites(
                self.constraints.problem,
                CERTIFIED_RTOL,
                method=self.name,
                clock=self.constraints.clock,
            )
            if found.network is None:
                raise no_solution("the master", "column generation found no network")
            self._generated = found
            self._restrict(_hinges(self.constraints.problem, found.network))
        super().solve()

    def read(self) -> Outcome:
        """A network, with the bound of column generation, or that of the master's multipliers."""
        solved = self._master.solution()
        sizes = np.linalg.norm(solved.weights, axis=1)
        network = network_of_hinges(
            self.constraints, self._hinges, solved.weights, sizes, "the restricted master"
        )
        if self._generated is not None:
            return replace(self._generated, network=network)
        values, jacobians = self.constraints.multipliers(solved.multipliers)
        maximum, pricing = priced(self.constraints.problem, values, jacobians)
        if pricing == NO_PRICING:
            maximum, values, jacobians = 0.0, 0.0 * values, 0.0 * jacobians
        return Outcome(network, values, jacobians, maximum, pricing)


def _first_hinges(constraints: Constraints) -> Hinges:
    """Those that column generation starts with, or as many as span all, if these do not do."""
    pricing = exact_pricing(constraints.problem, constraints.clock)
    few = pricing.initial(_START * len(constraints.targets))
    return few if spanned(constraints.features(few), constraints.targets) else pricing.spanning()


def _hinges(problem: Interpolation, network: ShallowNetwork) -> Hinges:
    """The hinges of a network, on no face in particular."""
    offsets = problem.centers @ network.input_weights.T + network.biases
    nowhere = np.full(network.neurons, -1)
    still = np.zeros(network.neurons, dtype=bool)
    return Hinges(network.input_weights, network.biases, offsets.T > 0, nowhere, nowhere, still)


def check_master(problem: Interpolation) -> None:
    """Raise TooLarge if there are too many sites for exact pricing of all at once."""
    sites, d = problem.centers.shape
    if d > 2:
        check_faces(problem)
    elif d == 2 and sites > MOST_IN_PLANE:
        raise TooLarge(
            f"column-generation is stated with the tangents of all sites at once, {sites} are too "
            f"many (at most {MOST_IN_PLANE}): solve without it, which takes them in turn"
        )


DECLARATION = Declaration(
    name=ColumnGenerationProgram.name,
    title="the semi-infinite program, by exchange",
    formula="min sum_k |a_k|  over all hinges, |w_k| = 1, with sum_k a_k [w_k.y + b_k]_+ + V y + c "
    "= t_n on site n; as stated, over the hinges that column generation starts with; solved, over "
    "those that it ends with",
    reference="Hettich & Kortanek 1993, SIAM Review 35; problem: Zeno et al. 2023, arXiv "
    "2311.06748",
    kind="exact",
    applies="sites that span a plane, or few (11 images, some 25 sites in three dimensions)",
    cost="a second-order cone program a round, of one cone per hinge at hand; rounds until exact "
    "pricing finds no hinge to add",
    requires=check_master,
    state=ColumnGenerationProgram,
)
