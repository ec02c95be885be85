r"""A lower bound without exact pricing: the copositive program's semidefinite relaxation.

The dual asks |F_D u| <= 1 of all hinges u = (1, w, b) of all activation patterns D.  With
p_n.u = s_n (w.y_n + b) - r_n >= 0, |w| = 1, and the forms E_00 = u_0^2 and Q = |w|^2 it is implied
by one linear matrix inequality a pattern (see `relaxed_pattern`),

    [ I      F_D                                                                    ]
    [ F_D^T  tau E_00 + mu (Q - E_00) - sum_{m<n} lambda_mn sym(p_m p_n^T)          ]  >=  0,
    [                                 - sum_n sym(p_n (alpha_n, -beta_n, 0)^T)      ]

    tau = 1,  lambda >= 0,  |beta_n| <= alpha_n,  mu free.

F_D is linear in the multipliers, so that `semidefinite_bound` maximizes <T, Z> over all of them.
`semidefinite_maximum` takes multipliers as given and seeks the least tau of every pattern alone.
Neither believes the solver: what it returns is repaired and the matrices are looked at again.

The exact program is copositive: Sahiner, Ergen, Pauly, Pilanci 2021 (arXiv 2012.13329), here with
balls for points and a free affine part.  The products above are what is kept of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import clarabel
import numpy as np
from scipy import sparse

from convexden.errors import NotCertified, TooLarge
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags
from convexden.solvers.outcome import Outcome
from convexden.solvers.patterns.faces import MOST_FACES, enumerate_faces, simplex_patterns
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import Program, no_solution
from convexden.solvers.programs.relaxed_pattern import RelaxedPattern
from convexden.tolerances import ACCURATE_RTOL

PRICING = "semidefinite"  # in certificates

# Multipliers and entries of the matrices of all patterns: a minute for one program, a few for one
# after another.
MOST_NUMBERS = 30_000
MOST_NUMBERS_IN_TURN = 1_500_000
QUICK_NUMBERS = 5_000  # about a second
_IMPRECISE = 1e-7  # a repair that costs more than this is worth a second look


@dataclass(frozen=True, eq=False)
class SemidefiniteBound:
    """What the semidefinite program proves, in the units of the problem.

    Attributes
    ----------
    multipliers : (M, p) array
        Of the reduced rows.
    maximum : float
        Upper bound of the pricing maximum P at the multipliers.
    lower_bound : float
        Of the optimum: <T, Z> / max(1, maximum).
    """

    multipliers: Array
    maximum: float
    lower_bound: float


def half_patterns(problem: Interpolation, clock: Clock = UNLIMITED) -> Flags:
    """Activation patterns (P, N), of every two complements one, and all that a hinge realizes.

    Raises
    ------
    TooLarge
        If there are too many.
    """
    n, d = problem.centers.shape
    count = 2 ** (n - 1) - 1
    if n != d + 1 or count * (2**n - 2) <= MOST_FACES:
        return enumerate_faces(problem, clock)[0]
    # A simplex with more faces than that: every pattern, with or without a hinge.
    check_size(problem, count, d + 2, MOST_NUMBERS_IN_TURN)
    return simplex_patterns(n)


class SemidefiniteProgram(Program):
    """Maximize <T, Z> under the matrix inequalities of all patterns.

    Parameters
    ----------
    constraints : Constraints
        Of a problem in units of its spread.
    patterns : (P, N) bool array
        Those of `half_patterns`; patterns without a hinge do no harm.
    cones : bool, optional
        Whether with alpha and beta, or without the products that they multiply.  With samples the
        latter is the doubly nonnegative relaxation of the copositive program.

    Raises
    ------
    TooLarge
        If there are too many patterns for their size.
    """

    name = "semidefinite"

    def __init__(self, constraints: Constraints, patterns: Flags, *, cones: bool = True) -> None:
        """State the program over these patterns."""
        import cvxpy as cp

        super().__init__(constraints)
        p, q = constraints.targets.shape[1], constraints.problem.input_dimension + 2
        self.patterns = _two_sided(patterns)
        check_size(constraints.problem, len(self.patterns), p + q, MOST_NUMBERS)
        self._multipliers = cp.Variable(constraints.targets.shape)
        inequalities, self._numbers = [], []
        for cell in (RelaxedPattern(constraints, pattern) for pattern in self.patterns):
            constraints.clock.check()
            mu, weights = cp.Variable(), cp.Variable(cell.pairs, nonneg=True)
            forms = cell.forms if cones else cell.forms[: cell.pairs]
            if cones:
                moments = cp.Variable((len(constraints.problem), q - 1))  # rows (alpha_n, -beta_n)
                inequalities.append(cp.SOC(moments[:, 0], moments[:, 1:], axis=1))
                weights = cp.hstack([weights, cp.vec(moments, order="C")])
            products = cp.reshape(forms.reshape(len(forms), -1).T @ weights, (q, q), "C")
            image = self._multipliers.T @ cell.features
            matrix = cell.origin + mu * cell.sphere - products
            inequalities.append(cp.bmat([[np.eye(p), image], [image.T, matrix]]) >> 0)
            self._numbers.append((cell, mu, weights))
        objective = cp.sum(cp.multiply(constraints.targets, self._multipliers))
        self.problem = cp.Problem(cp.Maximize(objective), inequalities)

    def bound(self) -> SemidefiniteBound:
        """What the values of the variables prove.

        Raises
        ------
        NotCertified
            If there are none, as when no network interpolates the sites.
        """
        found: Array | None = self._multipliers.value
        if found is None or not np.isfinite(found).all():
            raise no_solution(f"the {self.name} program", str(self.problem.status))
        ceilings = []
        for cell, mu, weights in self._numbers:
            image, numbers = found.T @ cell.features, np.zeros(len(cell.forms))
            numbers[: weights.size] = weights.value
            ceilings.append(cell.ceiling(image, 1.0, float(mu.value), numbers))
        maximum = float(np.sqrt(max(ceilings, default=0.0)))
        if maximum > 1 + _IMPRECISE:
            maximum = min(maximum, semidefinite_maximum(self.constraints, found, self.patterns))
        objective = float(np.sum(self.constraints.targets * found))
        return SemidefiniteBound(found, maximum, objective / max(1.0, maximum))

    def read(self) -> Outcome:
        """Multipliers with an upper bound of their pricing maximum; no network."""
        bound = self.bound()
        multipliers = self.constraints.multipliers(bound.multipliers)
        return Outcome(None, *multipliers, bound.maximum, PRICING)


def bounded_patterns(problem: Interpolation, clock: Clock = UNLIMITED) -> Flags:
    """Those of `half_patterns`, if the program over all of them is not too large.

    Raises
    ------
    TooLarge
        If it is.
    """
    n, d = problem.centers.shape
    order = problem.output_dimension + d + 2
    if n == d + 1:  # before they are looked at
        check_size(problem, 2 ** (n - 1) - 1, order, MOST_NUMBERS)
    patterns = half_patterns(problem, clock)
    check_size(problem, len(_two_sided(patterns)), order, MOST_NUMBERS)
    return patterns


def semidefinite_bound(constraints: Constraints, patterns: Flags) -> SemidefiniteBound:
    """The bound of a `SemidefiniteProgram`, solved."""
    program = SemidefiniteProgram(constraints, patterns)
    program.solve()
    return program.bound()


def semidefinite_start(constraints: Constraints, patterns: Flags) -> Array | None:
    """The multipliers of `semidefinite_bound` to start from, if they are a matter of a second."""
    problem = constraints.problem
    try:
        order = constraints.targets.shape[1] + problem.input_dimension + 2
        check_size(problem, len(patterns), order, QUICK_NUMBERS)
        return semidefinite_bound(constraints, patterns).multipliers
    except (TooLarge, NotCertified):
        return None


def semidefinite_maximum(constraints: Constraints, multipliers: Array, patterns: Flags) -> float:
    r"""Upper bound of the pricing maximum P at multipliers Z (M, p) of the reduced rows.

    .. math:: P^2 \le \max_D \min \{ \tau : S_D \succeq 0 \}

    Rows, patterns and errors as for `semidefinite_bound`, but the patterns are taken one after
    another, so that there may be many more.
    """
    problem = constraints.problem
    patterns = _two_sided(patterns)
    check_size(problem, len(patterns), problem.input_dimension + 2, MOST_NUMBERS_IN_TURN)
    best = 0.0
    for pattern in patterns:
        constraints.clock.check()
        cell = RelaxedPattern(constraints, pattern)
        image = multipliers.T @ cell.features
        scale = float(np.linalg.norm(image, 2))
        if scale * np.sqrt(cell.reach) > best:
            image /= scale
            best = max(best, scale * float(np.sqrt(cell.ceiling(image, *_least(cell, image)))))
    return best


def _least(cell: RelaxedPattern, image: Array) -> tuple[float, float, Array]:
    """The least tau with S_D >= 0, with its mu and weights, to solver accuracy.

    They are the multipliers of the program for the moments X of u u^T,

        maximize <F^T F, X>  subject to  X_00 = 1,  <Q - E_00, X> = 0,  <sym(p_m p_n^T), X> >= 0,
                                         p_n^T X less its last entry in the cone,  X >= 0,

    which is small enough for a modeling layer to take longer than the solver.
    """
    order = len(cell.origin)
    sites = (len(cell.forms) - cell.pairs) // (order - 1)
    forms = _triangles(np.concatenate([[cell.origin, cell.sphere], -cell.forms]))
    size = forms.shape[1]
    bounds = np.zeros(len(forms) + size)
    bounds[0] = 1.0
    settings = clarabel.DefaultSettings()
    settings.verbose = settings.equilibrate_enable = False
    settings.direct_solve_method, settings.max_threads = "faer", 1  # faster from ten sites on
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = ACCURATE_RTOL
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix((size, size)),
        -_triangles((image.T @ image)[None])[0],
        sparse.csc_matrix(np.concatenate([forms, -np.eye(size)])),
        bounds,
        [
            clarabel.ZeroConeT(2),
            clarabel.NonnegativeConeT(cell.pairs),
            *[clarabel.SecondOrderConeT(order - 1)] * sites,
            clarabel.PSDTriangleConeT(order),
        ],
        settings,
    ).solve()
    dual = np.array(solution.z)
    return float(dual[0]), float(dual[1]), dual[2 : len(forms)]


def _triangles(matrices: Array) -> Array:
    """Upper triangles (K, q (q + 1) / 2) of symmetric matrices, column after column, scaled so that
    products of two are those of the matrices."""
    column, row = np.tril_indices(matrices.shape[1])
    triangles: Array = matrices[:, row, column] * np.where(row == column, 1.0, np.sqrt(2.0))
    return triangles


def _two_sided(patterns: Flags) -> Flags:
    """Those with sites on both sides: a hinge beyond all sites adds an affine function."""
    return patterns[patterns.any(axis=1) & ~patterns.all(axis=1)]


def check_size(problem: Interpolation, patterns: int, order: int, most: int = MOST_NUMBERS) -> None:
    """Raise TooLarge if so many matrices of this order are too much."""
    n, d = problem.centers.shape
    numbers = patterns * (n * (n - 1) // 2 + n * (d + 1) + order * (order + 1) // 2)
    if numbers > most:
        raise TooLarge(
            f"{n} sites that span {d} dimensions have {patterns} activation patterns, a "
            f"semidefinite program of {numbers} numbers (at most {most}): give fewer sites, "
            "or solve without it"
        )


def _stated(constraints: Constraints) -> SemidefiniteProgram:
    """The program over all patterns."""
    return SemidefiniteProgram(
        constraints, bounded_patterns(constraints.problem, constraints.clock)
    )


DECLARATION = Declaration(
    name=SemidefiniteProgram.name,
    title="the copositive program's relaxation for balls",
    formula="as copositive, over (1, w, b) with A_D = rows (-r_n, (2 D_n - 1)(y_n, 1)) and also "
    "the products of each with the cone |w| <= 1",
    reference="Burer & Anstreicher 2013, SIAM Journal on Optimization 23, on arXiv 2012.13329",
    kind="lower bound",
    applies="samples or balls; targets of any dimension",
    cost="a matrix inequality of order p + d + 2 and N (N - 1) / 2 + N (d + 1) numbers per half "
    "pattern (at most 30 000 numbers in all: 8 images, some 10 sites in three dimensions)",
    requires=bounded_patterns,
    state=_stated,
)
