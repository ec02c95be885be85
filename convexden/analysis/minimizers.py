"""All minimizers with hinges among some saturating ones: a polytope of weights.

1. What each hinge does at the sites is a column of the equalities, affine functions projected out.
2. Weights >= 0 that solve the equalities are a minimizer.
3. The null space of the columns says in which directions weights may move, and linear programs how
   far: the dimension of the polytope, and points of it that are far from each other.
4. Such a point is made a network, whose hinges are turned until it meets the targets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Self

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import NDArray

from convexden import display
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solution import Solution
from convexden.solving.saturation import DualConstraint, Family, Hinges
from convexden.tolerances import CERTIFIED_RTOL, NOISY_DEPENDENT_RTOL, WEIGHTLESS_RTOL
from convexden.verification.site_errors import site_errors

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MinimizerSettings:
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


SETTINGS = MinimizerSettings()


@dataclass(frozen=True, eq=False)
class Minimizers:
    """All minimizers with hinges among some saturating ones, a polytope of weights.

    Attributes
    ----------
    reduction : Reduction
    hinges : Hinges
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
    hinges: Hinges
    directions: Array
    weights: Array
    dimension: float
    independence: float
    points: Array

    __repr__ = display.field_line

    @classmethod
    def of(
        cls, reduction: Reduction, dual: DualConstraint, hinges: Hinges, solution: Solution
    ) -> Self:
        """All minimizers over these hinges."""
        # Step 1.
        directions = dual.columns(hinges)
        cost = solution.cost / reduction.cost_scale
        columns, goal = _program(reduction.problem, hinges, directions)
        sizes = np.linalg.norm(columns, axis=0)
        sizes[sizes == 0.0] = 1.0  # what no site sees keeps its size
        # Step 2.
        weights, error = _nonnegative(columns, goal)
        found = reduction, solution, dual, hinges, directions, weights
        if not sizes.all():  # of targets that are affine but for rounding, hinges see nothing else
            return cls(*found, math.nan, 0.0, weights[None][:0])
        # Step 3.
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
        network = self.reduction.lift_network(self._network(np.ones(len(self.hinges))))
        units = network.output_weights / self.reduction.cost_scale
        scale = self.reduction.cost_scale
        return network.input_weights, network.biases, units, scale * self.weights

    def other(self) -> ShallowNetwork | None:
        """The minimizer that differs most from the one that was given, if one passes the check of
        what it is."""
        problem, cost = self.solution.problem, self.solution.cost
        given = self.solution.network
        # Step 4.
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
            output, self.hinges.normals, self.hinges.biases, np.zeros((p, d)), np.zeros(p)
        )

    def _repaired(self, weights: Array, used: NDArray[np.bool_]) -> ShallowNetwork:
        """The network with these weights, up to rounding, and the affine function it needs.

        Hinges without weight in the given minimizer may be less accurate than those with: what is
        left of the equalities is repaired by turning them as well, in Newton steps.
        """
        problem, hinges = self.reduction.problem, self.hinges.take(used)
        affine, goal = _affine(problem), _goal(problem)
        output = weights[used, None] * self.directions[used]
        features = _features(problem, hinges)
        unknown = np.vstack([np.linalg.lstsq(affine, goal - features @ output)[0], output])
        d, p = problem.input_dimension, problem.output_dimension
        for _ in range(SETTINGS.newton_steps):
            rows = np.hstack([affine, features])
            left = goal - rows @ unknown
            if np.linalg.norm(left) <= SETTINGS.arrived * np.linalg.norm(goal):
                break
            turns = list(self.dual.tangents(hinges))
            columns = [np.kron(rows, np.eye(p))]
            for k, turn in turns:
                ahead, back = (
                    _features(problem, replace(turn, extent=angle).members(1))[:, 0]
                    for angle in (SETTINGS.step, -SETTINGS.step)
                )
                columns.append(np.kron((ahead - back) / SETTINGS.step, unknown[d + 1 + k])[:, None])
            step: Array = np.linalg.lstsq(np.hstack(columns), left.ravel())[0].astype(float)
            unknown += step[: unknown.size].reshape(unknown.shape)
            hinges = _turned(hinges, turns, step[unknown.size :])
            features = _features(problem, hinges)
        return ShallowNetwork(
            unknown[d + 1 :], hinges.normals, hinges.biases, unknown[:d].T, unknown[d]
        )


def _turned(hinges: Hinges, turns: list[tuple[int, Family]], angles: Array) -> Hinges:
    """The hinges after turns by these angles, those of one hinge at once."""
    normals, biases = hinges.normals.copy(), hinges.biases.copy()
    for k in {k for k, _ in turns}:
        own = [(turn, angle) for (j, turn), angle in zip(turns, angles, strict=True) if j == k]
        size = float(np.linalg.norm([angle for _, angle in own]))
        if size == 0:
            continue
        ahead = np.sum([turn.ahead * angle / size for turn, angle in own], axis=0)
        turned = replace(own[0][0], ahead=ahead, extent=2 * size).members(1)
        normals[k], biases[k] = turned.normals[0], turned.biases[0]
    return Hinges(normals, biases)


def _features(problem: Interpolation, hinges: Hinges) -> Array:
    """Values [z]_+ at all sites and slopes D w at the balls (N + B d, K) of hinges."""
    z = hinges.offsets(problem)
    balls = problem.radii > 0
    slopes = (z[:, balls] > 0)[:, :, None] * hinges.normals[:, None, :]
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


def _program(problem: Interpolation, hinges: Hinges, directions: Array) -> tuple[Array, Array]:
    """Columns (R p, K) and right hand side of the equalities, affine functions projected out."""
    complement = scipy.linalg.null_space(_affine(problem).T)
    features = complement.T @ _features(problem, hinges)
    columns = features[:, None, :] * directions.T[None]
    return columns.reshape(-1, len(hinges)), (complement.T @ _goal(problem)).ravel()


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
