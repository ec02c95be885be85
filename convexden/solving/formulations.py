r"""The convex programs of the literature for one and the same problem, behind one interface.

Every program is declared in its file in `convexden.solvers.programs`; `registry` collects them.  An
entry says what it is (formula, reference, kind, cost), whether it applies
(`Formulation.check`), and states a problem as a CVXPY problem (`Formulation.build`), which may be
looked at, solved by any of CVXPY's solvers, and read back: an exact formulation gives a network and
a bound, a lower bound multipliers, an upper bound a network.

`cd.solve(problem, method=NAME)` and ``convexden solve --formulation NAME`` do all of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display, verification
from convexden.certificate import Certificate
from convexden.errors import InfeasibleProblem, InvalidInput, NotCertified
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.outcome import NO_PRICING
from convexden.solvers.patterns.arrangement import activation_patterns as patterns_of_sites
from convexden.solvers.programs.catalog import affine_outcome, catalog
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import Program

__all__ = [
    "Formulation",
    "Model",
    "Reading",
    "activation_patterns",
    "get",
    "registry",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__


__all__ = ["Formulation", "Model", "Reading", "activation_patterns", "get", "registry"]


class Formulation(Declaration):
    """A convex program, as its file in `convexden.solvers.programs` declares it.

    Attributes
    ----------
    name : str
        For `get`, ``cd.solve(problem, method=...)`` and ``convexden solve --formulation``.
    title : str
    formula : str
        The convex program, as it is stated (see `docs/formulation.md` for the notation).
    reference : str
    kind : {"exact", "lower bound", "upper bound"}
    applies : str
        To which problems.
    cost : str
        The size of the program in words.
    """

    def check(self, problem: Interpolation) -> None:
        """Raise unless the formulation applies to the problem.

        Raises
        ------
        NotSupported
            With one line that says what is missing.
        TooLarge
            With one line that says what is too much.
        """
        plain = problem.plain(f"the formulation {self.name}")
        self.requires(Reduction.of(plain, drop_implied=True).problem)

    def build(self, problem: Interpolation) -> Model:
        """State the problem as a CVXPY problem; nothing is solved.

        Raises
        ------
        NotSupported, TooLarge
            As `check`.
        NotCertified
            If there is nothing to state: ramps that do not span the targets.
        """
        plain = problem.plain(f"the formulation {self.name}")
        reduction = Reduction.of(plain, drop_implied=True)
        self.requires(reduction.problem)
        constraints = constraints_of(reduction.problem)
        return Model(problem, reduction, None if constraints.affine else self.state(constraints))

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(self, self.name, self.kind, display.brief(self.title))

    def __str__(self) -> str:
        """Name, title, kind and formula, one below the other."""
        return "\n".join(
            [
                f"{self.name}: {self.title} ({self.kind})",
                f"    {self.formula}",
                f"    applies to {self.applies}",
                f"    {self.cost}",
                f"    {self.reference}",
            ]
        )


@dataclass(frozen=True, eq=False)
class Reading:
    """What a solved formulation says about the problem, in its units.

    Attributes
    ----------
    network : ShallowNetwork or None
        A feasible one; None of a lower bound.
    certificate : Certificate or None
        None of an upper bound.
    lower_bound : float
        What the multipliers prove, recomputed by `convexden.verification`, which shares nothing
        with the programs; 0 of an upper bound.
    """

    network: ShallowNetwork | None
    certificate: Certificate | None
    lower_bound: float

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self, f"cost={self.cost:.5g}", f"lower_bound={self.lower_bound:.5g}"
        )

    @property
    def cost(self) -> float:
        """The representation cost of the network; infinite without one."""
        return np.inf if self.network is None else self.network.representation_cost


class Model:
    """A problem stated by a formulation.

    Attributes
    ----------
    problem : Interpolation
        As it was given.
    program : cvxpy.Problem or None
        In the coordinates of the affine hulls, in units of the spreads; None if an affine function
        interpolates, which costs nothing.
    scale : float
        ``program.value * scale`` is in the units of the problem.
    """

    def __init__(self, problem: Interpolation, reduction: Reduction, program: Program | None):
        """A problem, its reduction and its program; none if an affine function is the answer."""
        self.problem = problem
        self.scale = reduction.cost_scale
        self._reduction = reduction
        self._program = program

    def __repr__(self) -> str:
        """One line with what matters."""
        stated = "nothing to solve" if self.program is None else "a CVXPY problem"
        return display.one_line(self, self.problem.description, stated)

    @property
    def program(self) -> Any:
        """The CVXPY problem."""
        return None if self._program is None else self._program.problem

    def solve(self) -> Reading:
        """Solve the program with Clarabel, as accurately as it can, and read it back.

        Raises
        ------
        NotCertified
            If it has no solution.
        InfeasibleProblem
            If column generation finds that there is no network, with the proof.
        """
        if self._program is not None:
            try:
                self._program.solve()
            except InfeasibleProblem as error:
                raise _proven(self.problem, self._reduction, error) from None
        return self.read()

    def read(self) -> Reading:
        """Read back a program that was solved, by whatever solver.

        The solver is not believed: the network interpolates to rounding before its cost is counted,
        and the multipliers are priced before they are a bound.

        Raises
        ------
        NotCertified
            If the variables have no values, or the network does not interpolate.
        """
        reduction = self._reduction
        if self._program is None:
            found = affine_outcome(constraints_of(reduction.problem))
        else:
            found = self._program.read()
        network = None if found.network is None else reduction.lift_network(found.network)
        if found.pricing == NO_PRICING:
            return Reading(network, None, 0.0)
        certificate = reduction.lift_certificate(
            Certificate(
                found.values,
                found.jacobians,
                found.lower_bound(reduction.problem),
                found.pricing_maximum,
                found.pricing,
                edges=found.edges,
            )
        )
        bound = verification.proven_bound(self.problem, certificate)
        return Reading(network, certificate, bound)


def _proven(
    problem: Interpolation, reduction: Reduction, error: InfeasibleProblem
) -> InfeasibleProblem | NotCertified:
    """The error if its proof holds for the numbers of the problem, which were rounded for it."""
    proof = None if error.proof is None else reduction.lift_proof(error.proof)
    if proof is None or verification.check_infeasibility(problem, proof):
        return NotCertified("there is no network to start from: lower the radii")
    certificate = verification.infeasibility_certificate(problem, proof)
    return InfeasibleProblem(str(error), proof, certificate)


def get(name: str) -> Formulation:
    """The formulation of this name.

    Raises
    ------
    InvalidProblem
        If there is none.
    """
    if arguments.instance("a formulation's name", name, str) in registry:
        return registry[name]
    close = get_close_matches(name, registry, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(registry)}"
    raise InvalidInput(f"there is no formulation '{name}': {hint}")


def activation_patterns(points: ArrayLike, radii: ArrayLike = 0.0) -> NDArray[np.bool_]:
    r"""All activation patterns of affine hinges on points, or on balls round them.

    .. math:: D \in \{0, 1\}^N \text{ with } (2 D_n - 1) (w^T y_n + b) > r_n |w|
       \text{ for all } n \text{ and some } (w, b)

    On points these are the cells with an interior of the arrangement of the hyperplanes
    :math:`w^T y_n + b = 0` in the space of hinges.  Hinges through points lie on the boundary of
    such cells, and their neurons :math:`[w^T y + b]_+` belong to each of them.  There are
    :math:`2 \sum_{k \le d} \binom{N - 1}{k}` in general position, and fewer if points are
    collinear, coplanar or repeated.  Found by inserting point after point, by recursion over the
    dimension, without linear programs, in about N times the time that it takes to write them down.

    Points closer than 1e-9 of their spread are in one place, and positions that close to a
    degenerate one are degenerate.

    Parameters
    ----------
    points : (N, d) array
        An array (N,) means d = 1.
    radii : float or (N,) array, optional

    Returns
    -------
    (P, N) bool array
        Distinct, in lexicographic order from that of all ones down; with every pattern its
        complement.

    Raises
    ------
    InvalidProblem
        If the numbers are not those of a problem.
    TooLarge
        If there are more than a million.

    Examples
    --------
    >>> activation_patterns([[0, 0], [1, 0], [0, 1], [1, 1]]).shape  # all but XOR, twice
    (14, 4)
    >>> activation_patterns([0.0, 1.0, 2.0]).astype(int)
    array([[1, 1, 1],
           [1, 1, 0],
           [1, 0, 0],
           [0, 1, 1],
           [0, 0, 1],
           [0, 0, 0]])
    """
    points = arguments.array("points", points)
    return patterns_of_sites(Interpolation(points, np.zeros(points.shape[:1] or 1), radii))


registry: Mapping[str, Formulation] = MappingProxyType(
    {name: Formulation(**vars(declared)) for name, declared in catalog.items()}
)
"""Exact programs first, then lower bounds, then upper bounds."""
