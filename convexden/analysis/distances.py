"""How far apart two networks are as functions: exactly where that can be had, or in bounds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.analysis.coordinates import check_fit, restrict
from convexden.errors import TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import COST_ROUNDING, TANGENCY_RTOL

__all__ = [
    "rms_distance",
    "sup_distance",
    "sup_distance_bounds",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__


Array = NDArray[np.float64]

# Vertices whose values are held at a time.
CHUNK = 4096
# Intersections of hinges and sides that are all tried: about a second in five dimensions.
MOST_VERTICES = 300_000


@dataclass(frozen=True)
class ClimbSettings:
    """Parameters of the search for the largest difference where vertices are too many."""

    samples: int = 4096
    """Random points, from the best of which climbs start."""

    climbs: int = 16
    """Climbs, each along the sides of cells until nothing rises."""

    parallel: float = 1e-14
    """Determinant of unit normals below which hinges meet far outside the box, or are the same."""


SETTINGS = ClimbSettings()


def sup_distance(problem: Interpolation, f: ShallowNetwork, g: ShallowNetwork) -> float:
    r"""Largest distance :math:`|f(y) - g(y)|_2` on the box around the sites of a problem.

    The box lies in the affine hull of the centers.  Its sides are parallel to the principal axes
    of the centers, and it is the bounding box of the balls enlarged by one spread (the largest
    distance of a center from their mean) on every side.

    The difference of the networks is affine on every cell of the arrangement of their hinges, so
    its norm is convex there and attains its maximum at a vertex: a point where r of the hinges
    and sides meet, in r dimensions.  All of them are tried.

    Parameters
    ----------
    problem : Interpolation
    f, g : ShallowNetwork
        On the inputs and outputs of the problem.

    Returns
    -------
    float
        In units of the targets.

    Raises
    ------
    InvalidInput
        If the networks do not fit the problem.
    TooLarge
        If there are too many vertices; `sup_distance_bounds` then has bounds.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.analysis.distances import sup_distance
    >>> near = cd.theorems.univariate.closed_form([0.0, 1.0], 0.1)
    >>> far = cd.theorems.univariate.closed_form([0.0, 1.0], 0.2)
    >>> round(sup_distance(near.problem, near.network, far.network), 12)
    0.125
    """
    difference, low, high = _difference(problem, f, g)
    count, rank = _vertex_count(difference), low.size
    if count > MOST_VERTICES:
        raise TooLarge(
            f"{difference.neurons} hinges meet in up to {count} vertices in {rank} dimensions, too "
            "many to try: ask for `sup_distance_bounds`"
        )
    return _at_vertices(difference, low, high)


def sup_distance_bounds(
    problem: Interpolation,
    f: ShallowNetwork,
    g: ShallowNetwork,
) -> tuple[float, float]:
    r"""Lower and upper bound of `sup_distance`; the same number where it is known exactly.

    The lower bound is attained: at a vertex that was climbed to from random points with a fixed
    seed.  The upper bound pairs the hinges of the networks such that

    .. math:: |a [z]_+ - a' [z']_+| \le |a - a'| \max [z]_+ + |a'| \max |z - z'| ,

    maxima over the box, summed over the pairs, is least, and adds the hinges without a partner and
    the affine rest.

    Parameters
    ----------
    problem : Interpolation
    f, g : ShallowNetwork
        On the inputs and outputs of the problem.

    Returns
    -------
    lower, upper : float
        In units of the targets.

    Raises
    ------
    InvalidInput
        If the networks do not fit the problem.
    """
    difference, low, high = _difference(problem, f, g)
    if _vertex_count(difference) <= MOST_VERTICES:
        exact = _at_vertices(difference, low, high)
        return exact, exact
    lower = _climbed(difference, low, high)
    box = _Box.of(problem)
    first, second = (restrict(h, box.origin, box.axes).canonical() for h in (f, g))
    return lower, max(lower, _by_pairs(first, second, low, high))


def rms_distance(
    problem: Interpolation,
    f: ShallowNetwork,
    g: ShallowNetwork,
    *,
    probes: int = 4096,
) -> float:
    r"""Root mean square of :math:`|f(y) - g(y)|_2` over the box of `sup_distance`.

    An estimate: the mean is over probes that are uniform in the box, the same in every call.

    Parameters
    ----------
    problem : Interpolation
    f, g : ShallowNetwork
        On the inputs and outputs of the problem.
    probes : int, optional

    Returns
    -------
    float
        In units of the targets.

    Raises
    ------
    InvalidInput
        If the networks do not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.analysis.distances import rms_distance
    >>> near = cd.theorems.univariate.closed_form([0.0, 1.0], 0.1)
    >>> far = cd.theorems.univariate.closed_form([0.0, 1.0], 0.2)
    >>> round(rms_distance(near.problem, near.network, far.network), 2)
    0.04
    """
    probes = arguments.whole("probes", probes, least=1)
    difference, low, high = _difference(problem, f, g, merge=False)
    points = np.random.default_rng(0).uniform(low, high, (probes, low.size))
    return float(np.sqrt(np.mean(np.sum(difference(points) ** 2, axis=1))))


def _difference(
    problem: Interpolation, f: ShallowNetwork, g: ShallowNetwork, *, merge: bool = True
) -> tuple[ShallowNetwork, Array, Array]:
    """The difference in reduced coordinates, its hinges merged, and the corners of the box."""
    check_fit(problem, f, g)
    box = _Box.of(problem)
    both = ShallowNetwork(
        np.concatenate([f.output_weights, -g.output_weights]),
        np.concatenate([f.input_weights, g.input_weights]),
        np.concatenate([f.biases, g.biases]),
        f.skip - g.skip,
        f.offset - g.offset,
    )
    found = restrict(both, box.origin, box.axes)
    return found.canonical() if merge else found, box.low, box.high


@dataclass(frozen=True, eq=False)
class _Box:
    """The box of `sup_distance`: along the principal axes of the centers, which turn with them,
    one spread wider than the sites; points are ``origin + x @ axes`` with x between the corners.
    """

    origin: Array
    axes: Array
    low: Array
    high: Array

    @classmethod
    def of(cls, problem: Interpolation) -> _Box:
        """The box round the sites of a problem, one spread wider on every side, along their
        principal axes."""
        hull = problem.hull
        middle = hull.coordinates.mean(axis=0)
        spread = float(np.linalg.norm(hull.coordinates - middle, axis=1).max())
        offsets = (hull.coordinates - middle) / spread
        turn = np.linalg.svd(offsets, full_matrices=False)[2]
        centers, radii = offsets @ turn.T, problem.radii[:, None] / spread
        return cls(
            hull.origin + middle @ hull.basis,
            spread * turn @ hull.basis,
            (centers - radii).min(axis=0) - 1.0,
            (centers + radii).max(axis=0) + 1.0,
        )


def _vertex_count(network: ShallowNetwork) -> int:
    """How many vertices the arrangement of hinges and sides of the box has at the most."""
    rank = network.input_dimension
    return comb(network.neurons + 2 * rank, rank)


def _at_vertices(network: ShallowNetwork, low: Array, high: Array) -> float:
    """Largest norm at the points of the box where `rank` of the hinges and sides meet."""
    rank = low.size
    normals = np.concatenate([network.input_weights, np.eye(rank), np.eye(rank)])
    heights = np.concatenate([-network.biases, low, high])
    margin = TANGENCY_RTOL * (high - low)
    best = 0.0
    chosen = np.array(list(combinations(range(len(heights)), rank)))
    for start in range(0, len(chosen), CHUNK):
        rows = chosen[start : start + CHUNK]
        matrices = normals[rows]
        # Others meet far outside, or are the same hinge.
        crossing = np.abs(np.linalg.det(matrices)) > SETTINGS.parallel
        rows = rows[crossing]
        points = np.linalg.solve(matrices[crossing], heights[rows][..., None])[..., 0]
        inside = ((points >= low - margin) & (points <= high + margin)).all(axis=1)
        values = network(np.clip(points[inside], low, high))
        best = max(best, float(np.linalg.norm(values, axis=1).max(initial=0.0)))
    return best


def _climbed(network: ShallowNetwork, low: Array, high: Array) -> float:
    """Largest norm found by climbing: along a line the norm is convex between its knots."""
    rng = np.random.default_rng(0)
    points = rng.uniform(low, high, (SETTINGS.samples, low.size))
    values = np.linalg.norm(network(points), axis=1)
    best = 0.0
    for y in points[np.argsort(-values)[: SETTINGS.climbs]]:
        value, higher = -1.0, float(np.linalg.norm(network(y)))
        while higher > value * (1 + COST_ROUNDING):
            value = higher
            axes = [network(y) @ network.jacobian(y), *np.eye(low.size)]
            for direction in axes:
                y = _best_on_line(network, y, np.asarray(direction), low, high)
            higher = float(np.linalg.norm(network(y)))
        best = max(best, higher)
    return best


def _best_on_line(
    network: ShallowNetwork, y: Array, direction: Array, low: Array, high: Array
) -> Array:
    """The point with the largest norm on the line through y, in the box."""
    moving = direction != 0.0
    if not moving.any():
        return y
    ends = np.sort([(side - y)[moving] / direction[moving] for side in (low, high)], axis=0)
    first, last = ends[0].max(), ends[1].min()
    slopes = network.input_weights @ direction
    bent = slopes != 0.0
    t = -(network.input_weights @ y + network.biases)[bent] / slopes[bent]
    t = np.concatenate([[0.0, first, last], t[(t > first) & (t < last)]])
    points = np.clip(y + t[:, None] * direction, low, high)
    return points[int(np.linalg.norm(network(points), axis=1).argmax())]


def _by_pairs(f: ShallowNetwork, g: ShallowNetwork, low: Array, high: Array) -> float:
    """The sum over pairs of hinges that bounds the distance of two canonical networks."""
    from scipy.optimize import linear_sum_assignment

    middle, half = (low + high) / 2, (high - low) / 2
    m, n = f.neurons, g.neurons
    same = f.input_weights @ g.input_weights.T >= 0
    # g's hinges as f's see them, (m, n, .): turned if they look the other way.
    signs = np.where(same, 1.0, -1.0)
    w, b = signs[..., None] * g.input_weights, signs * g.biases
    most = _largest(f.input_weights, f.biases, middle, half)
    gaps = f.input_weights[:, None] - w
    apart = np.abs(gaps @ middle + f.biases[:, None] - b) + np.abs(gaps) @ half
    steps = np.linalg.norm(f.output_weights[:, None] - g.output_weights, axis=2)
    sizes = np.linalg.norm(g.output_weights, axis=1)
    costs = np.zeros((m + n, m + n))
    costs[:m, :n] = steps * most[:, None] + sizes * apart
    costs[:m, n:] = (np.linalg.norm(f.output_weights, axis=1) * most)[:, None]
    costs[m:, :n] = sizes * _largest(g.input_weights, g.biases, middle, half)
    rows, columns = linear_sum_assignment(costs)
    turned = [j for i, j in zip(rows, columns, strict=True) if i < m and j < n and not same[i, j]]
    # a [z]_+ = a [-z]_+ + a z
    skip = f.skip - g.skip - g.output_weights[turned].T @ g.input_weights[turned]
    offset = f.offset - g.offset - g.biases[turned] @ g.output_weights[turned]
    rest = np.linalg.norm(skip @ middle + offset) + np.linalg.norm(skip, axis=0) @ half
    return float(costs[rows, columns].sum() + rest)


def _largest(w: Array, b: Array, middle: Array, half: Array) -> Array:
    """Largest values (K,) of [w.y + b]_+ on the box."""
    values: Array = np.maximum(w @ middle + b + np.abs(w) @ half, 0.0)
    return values
