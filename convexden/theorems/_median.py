"""The weighted geometric median, to full precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS

Array = NDArray[np.float64]

# Steps, in spreads, below which values differ by rounding: above the root of it.
_NEXT_TO_IT = 1e-7


def weighted_geometric_median(points: Array, weights: Array) -> Array:
    """The point c (d,) that minimizes sum_n weights_n |x_n - c|.

    Vertex n is the minimizer if and only if the pull of the others, the sum of their weighted
    unit vectors, is no larger than its own weight.  Otherwise the function is smooth below its
    value at the best vertex, and Newton's method with a line search starts from there.

    Parameters
    ----------
    points : (N, d) array
        Not on a line, unless one of them is a minimizer.
    weights : (N,) array
        Positive.
    """
    pulls = np.array([_gradient(points, weights, x) for x in points])
    sizes = np.linalg.norm(pulls, axis=1)
    free = sizes - weights
    if free.min() <= 0:
        return points[int(free.argmin())]
    best = min(range(len(points)), key=lambda n: _total(points, weights, points[n]))
    descent = -pulls[best] / sizes[best]
    value = _total(points, weights, points[best])
    steps = points[best] + np.ptp(points) * np.outer(0.5 ** np.arange(60), descent)
    center = next((x for x in steps if _total(points, weights, x) < value), None)
    if center is None:  # only rounding tells the vertex from the minimizer
        return points[best]
    for _ in range(100):
        gradient = _gradient(points, weights, center)
        move = -np.linalg.lstsq(_hessian(points, weights, center), gradient, rcond=None)[0]
        value = _total(points, weights, center)
        # Next to the minimum rounding decides which value is lower, but Newton's step is right.
        while (
            np.abs(move).max() > _NEXT_TO_IT * np.ptp(points)
            and _total(points, weights, center + move) > value
        ):
            move = move / 2
        if np.abs(move).max() <= 5 * EPS * np.ptp(points):
            break
        center = center + move
    return center


def _total(points: Array, weights: Array, center: Array) -> float:
    """The weighted sum of distances."""
    return float(weights @ np.linalg.norm(points - center, axis=1))


def _gradient(points: Array, weights: Array, center: Array) -> Array:
    """Sum of the weighted unit vectors from the points to the center; a point at it adds 0."""
    steps = center - points
    lengths = np.linalg.norm(steps, axis=1)
    away = lengths > 0
    gradient: Array = (weights[away] / lengths[away]) @ steps[away]
    return gradient


def _hessian(points: Array, weights: Array, center: Array) -> Array:
    """Its Hessian at a center that is none of the points."""
    steps = center - points
    lengths = np.linalg.norm(steps, axis=1)
    units = steps / lengths[:, None]
    pulls = weights / lengths
    hessian: Array = pulls.sum() * np.eye(center.size) - np.einsum("n,ni,nj", pulls, units, units)
    return hessian
