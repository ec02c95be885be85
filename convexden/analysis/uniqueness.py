"""Whether a certified minimizer is the only one: what its multipliers say about all the others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Literal, Self

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.errors import NotCertified
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solution import Solution
from convexden.solving.saturation import SETTINGS as SATURATION
from convexden.solving.saturation import DualConstraint, Family, Lines
from convexden.tolerances import CERTIFIED_RTOL, NOISY_DEPENDENT_RTOL, WEIGHTLESS_RTOL
from convexden.verification.site_errors import site_errors

Array = NDArray[np.float64]

Status = Literal["unique", "not unique", "undecided"]


@dataclass(frozen=True)
class UniquenessSettings:
    """Parameters of the set of minimizers."""

    independent: float = 1e-5
    """Relative singular values from here on are not 0; below, down to `NOISY_DEPENDENT_RTOL`, it
    is not clear."""

    trivial: float = 1e-5
    """Share of the cost below which weights are tried as rounding where hinges are not accurate."""

    step: float = 1e-6
    """Step of differences of features, rad: the root of `COST_ROUNDING`."""

    newton_steps: int = 6
    """Steps toward the hinges of another minimizer; quadratic."""

    probed: int = 12
    """Centers between which two networks are compared."""

    coarse: int = 3
    """Hinges that stand for a family of saturating ones."""

    fine: int = 6
    """Hinges that stand for it in a second look: more of them add dimensions if any counts."""

    arrived: float = 1e-15
    """Residual, as a share of the right side, that ends these steps."""


SETTINGS = UniquenessSettings()


@dataclass(frozen=True, eq=False)
class Uniqueness:
    r"""What the multipliers of a certificate say about all minimizers.

    Attributes
    ----------
    status : {"unique", "not unique", "undecided"}
        "undecided" if rounding does not tell: the certificate is not sharp enough, or the
        saturating hinges are nearly dependent.
    dimension : float
        Dimension of the set of all minimizers: 0 if there is one, ``math.inf`` if a whole family of
        hinges takes part, NaN if undecided.
    normals : (K, d) array
        Unit normals of the saturating hinges, (w, b) and (-w, -b) counted once.  Every minimizer
        consists of these, and of an affine function; of a family there are a few members.
    biases : (K,) array
    directions : (K, p) array
        Unit vectors: the output weight of every minimizer at hinge k is a multiple >= 0 of row k.
    weights : (K,) array
        These multiples for one of the minimizers.
    next_height : float
        The largest local maximum of the dual constraint that does not saturate it, 0 if none is
        above 1/2: by what margin the list is complete.
    independence : float
        Smallest singular value of the K normalized columns, relative to the largest: 0 if they are
        dependent.
    networks : tuple of ShallowNetwork
        The minimizer, or two different ones if it is not unique, both of the same cost.
    """

    status: Status
    dimension: float
    normals: Array
    biases: Array
    directions: Array
    weights: Array
    next_height: float
    independence: float
    networks: tuple[ShallowNetwork, ...]

    @property
    def unique(self) -> bool:
        """Whether the status is "unique"."""
        return self.status == "unique"

    def __repr__(self) -> str:
        return display.one_line(
            self,
            self.status,
            f"dimension={self.dimension:g}",
            f"{display.counted(len(self.biases), 'saturating hinge')}",
            f"next_height={self.next_height:.5g}",
        )

    def __str__(self) -> str:
        count = len(self.biases)
        hinges = f"{count} hinge{'s' if count != 1 else ''} saturate{'s' if count == 1 else ''}"
        if self.status == "undecided":
            return f"undecided: {hinges} the dual constraint, to rounding"
        if self.unique:
            height = self.next_height
            rest = (
                f"the next is at {height:.6g}"
                if height
                else f"no other maximum is above {SATURATION.floor}"
            )
            return f"unique: {hinges} the dual constraint, {rest}"
        if math.isinf(self.dimension):
            return "not unique: a family of hinges saturates the dual constraint"
        return f"not unique: the minimizers form a set of dimension {self.dimension:.0f}"


def uniqueness(solution: Solution) -> Uniqueness:
    r"""Whether the minimizer is unique, by complementary slackness.

    Let l, G be optimal multipliers.  Every minimizer has its hinges where the dual constraint is
    saturated, :math:`|q(w, b)| = 1` with :math:`q = \sum_n D_n (l_n z_n + G_n w)`, and there its
    output weights are :math:`a = \mu q` with :math:`\mu \ge 0`.  Exact pricing lists these hinges.
    If they are K, the minimizers are the points of the polytope

    .. math:: \{\mu \ge 0 : \sum_k \mu_k q_k p_k^T = T \text{ up to affine functions}\},

    :math:`p_k` the values :math:`D_{kn} z_{kn}` and slopes :math:`D_{kn} w_k` of hinge k on the
    sites.  It is a single point if the :math:`q_k p_k^T` are independent modulo affine functions;
    otherwise linear programs give its dimension and two of its points.  Where a hinge can be
    shifted or turned and stays saturated, a few members stand for the family: if more of them make
    the dimension larger, it is infinite.  Functions are compared on the affine hull of the centers:
    off it the affine part is free if all sites are samples, and the one that does not depend on it
    is meant.

    Parameters
    ----------
    solution : Solution
        Certified to 1e-8 or better, with multipliers that exact pricing can verify.

    Returns
    -------
    Uniqueness

    Raises
    ------
    NotCertified
        If the solution is not certified, or to less than 1e-8.
    TooLarge
        If the sites are too many for exact pricing.

    References
    ----------
    The multipliers are those of the dual in Zeno et al. 2023, arXiv 2311.06748, and Pilanci and
    Ergen 2020, arXiv 2002.10553; complementary slackness is that of semi-infinite programs, Hettich
    and Kortanek, SIAM Review 35, 1993.

    Examples
    --------
    >>> import convexden as cd
    >>> found = cd.uniqueness(cd.solve(cd.denoising([[0, 0], [4, 0], [0, 3]], radius=0.4)))
    >>> found.status, len(found.biases), found.next_height < 1
    ('unique', 4, True)
    >>> convex = cd.Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0])
    >>> found = cd.uniqueness(cd.solve(convex))
    >>> found.status, found.dimension, [f"{h([1.5]).item():+.2f}" for h in found.networks]
    ('not unique', inf, ['+0.00', '-0.50'])
    """
    arguments.instance("solution", solution, Solution)
    if not solution.certified or solution.relative_gap > CERTIFIED_RTOL:
        raise NotCertified(
            f"uniqueness needs a solution that is certified to {CERTIFIED_RTOL:g}: solve again "
            f"with tolerance={CERTIFIED_RTOL:g}"
        )
    return _describe(solution)


def _describe(solution: Solution) -> Uniqueness:
    """The set of all minimizers, from the hinges that saturate the dual constraint."""
    if not solution.cost:
        return _affine_only(solution)
    reduction = Reduction.of(solution.problem)
    dual = DualConstraint.of(reduction, solution.certificate)
    lines, next_height = dual.saturating(Lines.of(reduction, solution.network))
    families = dual.families(lines)
    coarse, fine = (
        _Minimizers.of(
            reduction,
            dual,
            lines.and_also(dual.problem, *(each.members(count) for each in families)),
            solution,
        )
        for count in (SETTINGS.coarse, SETTINGS.fine)
    )
    dimension = coarse.dimension if coarse.dimension == fine.dimension else math.inf
    other = coarse.other() if dimension > 0 else None
    networks = (solution.network,) if other is None else (solution.network, other)
    if math.isnan(coarse.dimension + fine.dimension) or (dimension > 0 and other is None):
        status: Status = "undecided"
        dimension = math.nan
    else:
        status = "not unique" if dimension else "unique"
    return Uniqueness(
        status, dimension, *coarse.original(), next_height, coarse.independence, networks
    )


def _affine_only(solution: Solution) -> Uniqueness:
    """Of cost 0 there are affine functions alone, and the sites determine which."""
    d, p = solution.problem.input_dimension, solution.problem.output_dimension
    none = np.zeros(0)
    shapes = np.zeros((0, d)), none, np.zeros((0, p)), none
    return Uniqueness("unique", 0.0, *shapes, 0.0, 1.0, (solution.network,))


@dataclass(frozen=True, eq=False)
class _Minimizers:
    """All minimizers with hinges among some saturating ones, a polytope of weights.

    Attributes
    ----------
    reduction : Reduction
    lines : Lines
    directions : (K, p) array
        The q of the hinges.
    weights : (K,) array
        Of the minimizer that was found, in the reduced problem.
    dimension : float
        Of the polytope; NaN if it is not clear.
    independence : float
    points : (M, K) array
        Weights of points of the polytope that are far from each other, none if there is only one.
    """

    reduction: Reduction
    solution: Solution
    dual: DualConstraint
    lines: Lines
    directions: Array
    weights: Array
    dimension: float
    independence: float
    points: Array

    @classmethod
    def of(
        cls, reduction: Reduction, dual: DualConstraint, lines: Lines, solution: Solution
    ) -> Self:
        """All minimizers over these hinges."""
        directions = dual.columns(lines)
        cost = solution.cost / reduction.cost_scale
        columns, goal = _program(reduction.problem, lines, directions)
        sizes = np.linalg.norm(columns, axis=0)
        sizes[sizes == 0.0] = 1.0  # what no site sees keeps its size
        weights, error = _nonnegative(columns, goal)
        found = reduction, solution, dual, lines, directions, weights
        if not sizes.all():  # of targets that are affine but for rounding, hinges see nothing else
            return cls(*found, math.nan, 0.0, weights[None][:0])
        independence, null = _null_space(columns / sizes)
        wrong = error > CERTIFIED_RTOL * np.linalg.norm(goal) or abs(weights.sum() - cost) > (
            CERTIFIED_RTOL * cost
        )
        if wrong or null is None:
            return cls(*found, math.nan, independence, weights[None][:0])
        dimension, points = _extent(weights, null / sizes[:, None], WEIGHTLESS_RTOL * cost)
        return cls(*found, float(dimension), independence, points)

    def original(self) -> tuple[Array, Array, Array, Array]:
        """Normals, biases, directions and weights in the coordinates of the problem."""
        network = self.reduction.lift_network(self._network(np.ones(len(self.lines))))
        units = network.output_weights / self.reduction.cost_scale
        scale = self.reduction.cost_scale
        return network.input_weights, network.biases, units, scale * self.weights

    def other(self) -> ShallowNetwork | None:
        """The minimizer that differs most from the one that was given, if one passes the check of
        what it is."""
        problem, cost = self.solution.problem, self.solution.cost
        given = self.solution.network
        best, largest = None, CERTIFIED_RTOL ** (1 / 2) * problem.target_spread
        for weights, least in product(self.points, (WEIGHTLESS_RTOL, SETTINGS.trivial)):
            used = weights > least * weights.sum()
            network = self.reduction.lift_network(self._repaired(weights, used))
            error = site_errors(problem, network).totals.max() / problem.target_spread
            if max(error, abs(network.representation_cost - cost) / cost) > CERTIFIED_RTOL:
                continue
            difference = self._difference(given, network)
            if difference > largest:
                best, largest = network, difference
        return best

    def _difference(self, f: ShallowNetwork, g: ShallowNetwork) -> float:
        """Largest distance of two networks on segments between the centers and beyond."""
        centers = self.solution.problem.centers
        steps = np.linspace(-0.5, 1.5, 33)[:, None]
        ends = combinations(range(min(len(centers), SETTINGS.probed)), 2)
        points = np.concatenate([centers[i] + steps * (centers[j] - centers[i]) for i, j in ends])
        return float(np.linalg.norm(f(points) - g(points), axis=1).max())

    def _network(self, weights: Array) -> ShallowNetwork:
        """The reduced network with these weights along the directions."""
        p, d = self.reduction.problem.output_dimension, self.reduction.problem.input_dimension
        output = weights[:, None] * self.directions
        return ShallowNetwork(
            output, self.lines.normals, self.lines.biases, np.zeros((p, d)), np.zeros(p)
        )

    def _repaired(self, weights: Array, used: NDArray[np.bool_]) -> ShallowNetwork:
        """The network with these weights, up to rounding, and the affine function it needs.

        Hinges without weight in the given minimizer may be less accurate than those with: what is
        left of the equalities is repaired by turning them as well, in Newton steps.
        """
        problem, lines = self.reduction.problem, self.lines.take(used)
        affine, goal = _affine(problem), _goal(problem)
        output = weights[used, None] * self.directions[used]
        features = _features(problem, lines)
        unknown = np.vstack([np.linalg.lstsq(affine, goal - features @ output)[0], output])
        d, p = problem.input_dimension, problem.output_dimension
        for _ in range(SETTINGS.newton_steps):
            rows = np.hstack([affine, features])
            left = goal - rows @ unknown
            if np.linalg.norm(left) <= SETTINGS.arrived * np.linalg.norm(goal):
                break
            turns = list(self.dual.tangents(lines))
            columns = [np.kron(rows, np.eye(p))]
            for k, turn in turns:
                ahead, back = (
                    _features(problem, replace(turn, extent=angle).members(1))[:, 0]
                    for angle in (SETTINGS.step, -SETTINGS.step)
                )
                columns.append(np.kron((ahead - back) / SETTINGS.step, unknown[d + 1 + k])[:, None])
            step: Array = np.linalg.lstsq(np.hstack(columns), left.ravel())[0].astype(float)
            unknown += step[: unknown.size].reshape(unknown.shape)
            lines = _turned(lines, turns, step[unknown.size :])
            features = _features(problem, lines)
        return ShallowNetwork(
            unknown[d + 1 :], lines.normals, lines.biases, unknown[:d].T, unknown[d]
        )


def _turned(lines: Lines, turns: list[tuple[int, Family]], angles: Array) -> Lines:
    """The hinges after turns by these angles, those of one hinge at once."""
    normals, biases = lines.normals.copy(), lines.biases.copy()
    for k in {k for k, _ in turns}:
        own = [(turn, angle) for (j, turn), angle in zip(turns, angles, strict=True) if j == k]
        size = float(np.linalg.norm([angle for _, angle in own]))
        if size == 0:
            continue
        ahead = np.sum([turn.ahead * angle / size for turn, angle in own], axis=0)
        turned = replace(own[0][0], ahead=ahead, extent=2 * size).members(1)
        normals[k], biases[k] = turned.normals[0], turned.biases[0]
    return Lines(normals, biases)


def _features(problem: Interpolation, lines: Lines) -> Array:
    """Values [z]_+ at all sites and slopes D w at the balls (N + B d, K) of hinges."""
    z = lines.offsets(problem)
    balls = problem.radii > 0
    slopes = (z[:, balls] > 0)[:, :, None] * lines.normals[:, None, :]
    features: Array = np.hstack([np.maximum(z, 0.0), slopes.reshape(len(z), -1)]).T
    return features


def _affine(problem: Interpolation) -> Array:
    """The same of the coordinates and of the constant (N + B d, d + 1)."""
    d, balls = problem.input_dimension, int((problem.radii > 0).sum())
    values = np.column_stack([problem.centers, np.ones(len(problem))])
    slopes = np.tile(np.eye(d, d + 1), (balls, 1))
    return np.vstack([values, slopes])


def _goal(problem: Interpolation) -> Array:
    """What the constraints ask for: the targets, and a Jacobian of zero for each ball."""
    balls = int((problem.radii > 0).sum())
    flat = np.zeros((balls * problem.input_dimension, problem.output_dimension))
    return np.vstack([problem.targets, flat])


def _program(problem: Interpolation, lines: Lines, directions: Array) -> tuple[Array, Array]:
    """Columns (R p, K) and right hand side of the equalities, affine functions projected out."""
    complement = scipy.linalg.null_space(_affine(problem).T)
    features = complement.T @ _features(problem, lines)
    columns = features[:, None, :] * directions.T[None]
    return columns.reshape(-1, len(lines)), (complement.T @ _goal(problem)).ravel()


def _nonnegative(columns: Array, goal: Array) -> tuple[Array, float]:
    """Weights >= 0 that solve the equalities best, and the error."""
    weights = scipy.optimize.nnls(columns, goal)[0]
    return weights, float(np.linalg.norm(columns @ weights - goal))


def _null_space(columns: Array) -> tuple[float, Array | None]:
    """The smallest relative singular value, 0 if the columns are dependent, and the null space;
    None if it is not clear."""
    _, sizes, rows = np.linalg.svd(columns)
    sizes = np.append(sizes, np.zeros(len(rows) - len(sizes))) / sizes[0]
    if ((sizes > NOISY_DEPENDENT_RTOL) & (sizes < SETTINGS.independent)).any():
        return float(sizes[-1]), None
    dependent = sizes <= NOISY_DEPENDENT_RTOL
    return 0.0 if dependent.any() else float(sizes[-1]), rows[dependent].T


def _extent(weights: Array, null: Array, noise: float) -> tuple[int, Array]:
    """Dimension of {weights + null z >= 0}, and points with the largest weight of each hinge."""
    points = [weights]
    for row in null if null.shape[1] else []:
        found = scipy.optimize.linprog(
            -row, A_ub=-null, b_ub=weights, bounds=(None, None), method="highs"
        )
        if found.status == 0:
            points.append(np.maximum(weights + null @ found.x, 0.0))
    largest = np.max(points, axis=0)
    unused = largest <= noise  # hinges at 0 throughout take no part
    dimension = null.shape[1] - np.linalg.matrix_rank(null[unused], NOISY_DEPENDENT_RTOL)
    apart = np.abs(np.array(points) - weights).max() > noise
    return (int(dimension), np.array(points)) if apart else (0, np.array(points)[:0])
