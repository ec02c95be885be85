r"""The convex programs of the literature for one and the same problem, behind one interface.

Every entry of `registry` says what it is (formula, reference, kind, cost), whether it applies
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
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display, verification
from convexden.certificate import Certificate
from convexden.errors import InfeasibleProblem, InvalidInput, NotCertified
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction

if TYPE_CHECKING:
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
    return __all__


__all__ = ["Formulation", "Model", "Reading", "activation_patterns", "get", "registry"]

Kind = Literal["exact", "lower bound", "upper bound"]


@dataclass(frozen=True)
class Formulation:
    """An entry of the registry.

    Attributes
    ----------
    name : str
        For `get`, ``cd.solve(problem, method=...)`` and ``convexden solve --formulation``.
    title : str
    formula : str
        The convex program, as it is built (see `docs/formulation.md` for the notation).
    reference : str
    kind : {"exact", "lower bound", "upper bound"}
    applies : str
        To which problems.
    cost : str
        The size of the program in words.
    """

    name: str
    title: str
    formula: str
    reference: str
    kind: Kind
    applies: str
    cost: str

    def check(self, problem: Interpolation) -> None:
        """Raise unless the formulation applies to the problem.

        Raises
        ------
        NotSupported
            With one line that says what is missing.
        TooLarge
            With one line that says what is too much.
        """
        from convexden.solvers.programs.catalog import CHECKS

        CHECKS[self.name](Reduction.of(problem, drop_implied=True).problem)

    def build(self, problem: Interpolation) -> Model:
        """State the problem as a CVXPY problem.

        Raises
        ------
        NotSupported, TooLarge
            As `check`.
        NotCertified
            If there is nothing to state: ramps that do not span the targets.
        InfeasibleProblem
            If there is no network to be found, with the proof.
        """
        from convexden.solvers.constraints import constraints
        from convexden.solvers.programs.catalog import BUILDERS

        self.check(problem)
        reduction = Reduction.of(problem, drop_implied=True)
        rows = constraints(reduction.problem)
        try:
            program = None if rows.affine else BUILDERS[self.name](rows)
        except InfeasibleProblem as error:
            raise _proven(problem, reduction, error) from None
        return Model(problem, reduction, program)

    def __repr__(self) -> str:
        return display.one_line(self, self.name, self.kind, display.brief(self.title))

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.name}: {self.title} ({self.kind})",
                f"    {self.formula}",
                f"    applies to {self.applies}",
                f"    {self.cost}",
                f"    {self.reference}",
            ]
        )


def _proven(
    problem: Interpolation, reduction: Reduction, error: InfeasibleProblem
) -> InfeasibleProblem | NotCertified:
    """The error if its proof holds for the numbers of the problem, which were rounded for it."""
    proof = None if error.proof is None else reduction.lift_proof(error.proof)
    if proof is None or verification.check_infeasibility(problem, proof):
        return NotCertified("there is no network to start from: lower the radii")
    certificate = verification.infeasibility_certificate(problem, proof)
    return InfeasibleProblem(str(error), proof, certificate)


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
        self.problem = problem
        self.scale = reduction.cost_scale
        self._reduction = reduction
        self._program = program

    def __repr__(self) -> str:
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
        """
        if self._program is not None:
            self._program.solve()
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
        from convexden.solvers.constraints import constraints
        from convexden.solvers.outcome import NO_PRICING
        from convexden.solvers.programs.catalog import affine_outcome

        reduction = self._reduction
        if self._program is None:
            found = affine_outcome(constraints(reduction.problem))
        else:
            found = self._program.read()
        network = None if found.network is None else reduction.lift_network(found.network)
        if found.pricing == NO_PRICING:
            return Reading(network, None, 0.0)
        objective = float(np.sum(found.values * reduction.problem.targets))
        certificate = reduction.lift_certificate(
            Certificate(
                found.values,
                found.jacobians,
                max(0.0, objective / max(1.0, found.pricing_maximum)),
                found.pricing_maximum,
                found.pricing,
            )
        )
        bound = verification.proven_bound(self.problem, certificate)
        return Reading(network, certificate, bound)


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
    from convexden.solvers.patterns.arrangement import activation_patterns as of_sites

    points = arguments.array("points", points)
    return of_sites(Interpolation(points, np.zeros(points.shape[:1] or 1), radii))


_FORMULATIONS = (
    Formulation(
        "column-generation",
        "the semi-infinite program, by exchange",
        "min sum_k |a_k|  over all hinges, |w_k| = 1, with sum_k a_k [w_k.y + b_k]_+ + V y + c "
        "= t_n on site n; as built, over the hinges that column generation ends with",
        "Hettich & Kortanek 1993, SIAM Review 35; problem: Zeno et al. 2023, arXiv 2311.06748",
        "exact",
        "sites that span a plane, or few (11 images, some 25 sites in three dimensions)",
        "a second-order cone program a round, of one cone per hinge at hand; rounds until exact "
        "pricing finds no hinge to add",
    ),
    Formulation(
        "scalar-exact",
        "all activation patterns, two cones each",
        "min sum_D |w_D| + |w'_D|  with (2 D_n - 1)(w_D.y_n + b_D) >= r_n |w_D|, likewise w'_D, "
        "and sum_D D_n ((w_D - w'_D).y_n + b_D - b'_D) + V y_n + c = t_n; on balls also "
        "sum_D D_n (w_D - w'_D) + V = 0",
        "Pilanci & Ergen 2020, arXiv 2002.10553; here with free biases, skip connection and balls",
        "exact",
        "targets of one dimension; samples or balls",
        "two second-order cones of d + 1 numbers per half pattern, of which there are "
        "sum_{k<=d} C(N-1, k) - 1: 4005 for 90 sites in the plane (at most 20 000 cones)",
    ),
    Formulation(
        "copositive",
        "the copositive program, doubly nonnegative",
        "max sum_n l_n.t_n  with [[I, F_D], [F_D^T, Q - A_D^T L_D A_D]] >= 0 and L_D >= 0 for all "
        "patterns D; A_D has rows (2 D_n - 1)(y_n, 1), Q = |w|^2, and F_D (w, b) = "
        "sum_n D_n l_n (w.y_n + b)",
        "Sahiner, Ergen, Pauly & Pilanci 2021, arXiv 2012.13329; here with a free affine part",
        "lower bound",
        "samples; targets of any dimension",
        "a matrix inequality of order p + d + 2 and N (N - 1) / 2 numbers per half pattern "
        "(at most 30 000 numbers in all: 17 samples in the plane)",
    ),
    Formulation(
        "semidefinite",
        "the copositive program's relaxation for balls",
        "as copositive, over (1, w, b) with A_D = rows (-r_n, (2 D_n - 1)(y_n, 1)) and also the "
        "products of each with the cone |w| <= 1",
        "Burer & Anstreicher 2013, SIAM Journal on Optimization 23, on arXiv 2012.13329",
        "lower bound",
        "samples or balls; targets of any dimension",
        "a matrix inequality of order p + d + 2 and N (N - 1) / 2 + N (d + 1) numbers per half "
        "pattern (at most 30 000 numbers in all: 8 images, some 10 sites in three dimensions)",
    ),
    Formulation(
        "ramps",
        "the best ramps across the widest gaps",
        "min sum_D 2 |j_D| / m_D  with t_n = c + sum_D D_n j_D, m_D the widest gap between the "
        "sites on both sides of pattern D",
        "after the closed forms of Zeno et al. 2023, arXiv 2311.06748",
        "upper bound",
        "samples or balls; targets of any dimension that ramps span",
        "a second-order cone of p + 1 numbers per half pattern",
    ),
)
registry: Mapping[str, Formulation] = MappingProxyType(
    {entry.name: entry for entry in _FORMULATIONS}
)
