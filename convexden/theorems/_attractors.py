"""What theorems on flows share: the fixed points of a closed form, starts, and their comparison."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convexden.analysis.fixed_points import FixedPoint, fixed_points
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import FEASIBILITY_RTOL

Array = NDArray[np.float64]

# Starts that the figures of a verdict are measured on, from a seed of their own.
STARTS = 256
# The largest deviation from what is exact, in diameters of the clean points.
EXACT = 1e-12
# Fixed points are sought this far around the clean points, in spreads: the outputs are sums of at
# most all differences of clean points.
REACH = 2.0


def around(problem: Interpolation, network: ShallowNetwork) -> list[FixedPoint]:
    """All fixed points of a denoiser, whose outputs are in the hull of the sums of clean points."""
    clean = problem.targets
    reach = REACH * len(problem) * problem.target_spread
    middle = clean.mean(axis=0)
    return fixed_points(network, middle - reach, middle + reach)


def attracting(found: list[FixedPoint], dimension: int) -> Array:
    """The points (n, d) that attract the flow."""
    points = [fixed.point for fixed in found if fixed.flow_stability == "attracting"]
    return np.array(points).reshape(-1, dimension)


def same_points(found: Array, expected: Array, size: float) -> bool:
    """Whether two sets of points (n, d) are the same to the digits that are claimed."""
    from scipy.spatial.distance import cdist

    if len(found) != len(expected) or not len(found):
        return len(found) == len(expected)
    distances = cdist(found, expected)
    nearest = max(distances.min(axis=0).max(), distances.min(axis=1).max())
    return bool(nearest <= FEASIBILITY_RTOL * size)


def starts(problem: Interpolation) -> Array:
    """Points (STARTS, d) around the clean points, the same ones every time."""
    rng, clean = np.random.default_rng(0), problem.targets
    moves = rng.standard_normal((STARTS, clean.shape[1]))
    return clean.mean(axis=0) + problem.target_spread * moves


def one_step_deviation(
    problem: Interpolation, network: Callable[[float], ShallowNetwork], levels: Array
) -> float:
    r"""How far many steps of DDIM deviate from one, at all levels, in diameters.

    A step from the noise level :math:`\sigma` to :math:`\sigma_+` is
    :math:`h_\sigma(y) + (\sigma_+ / \sigma)(y - h_\sigma(y))`.

    Parameters
    ----------
    problem : Interpolation
        Of the first level.
    network : callable
        The denoiser of a share of the radii of the first level.
    levels : (L,) array
        Shares of the first noise level, from 1 falling.
    """
    from scipy.spatial.distance import pdist

    begin = y = starts(problem)
    clean = network(1.0)(begin)
    worst = 0.0
    for high, low in pairwise(levels):
        denoised = network(float(high))(y)
        y = denoised + low / high * (y - denoised)
        worst = max(worst, float(np.linalg.norm(y - clean - low * (begin - clean), axis=1).max()))
    return worst / float(pdist(problem.targets).max())
