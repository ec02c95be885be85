"""Virtual points: what attracts the score flow of a denoiser, and is no clean point."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from convexden.analysis.fixed_point_search import CLOSE, Progress
from convexden.analysis.fixed_points import fixed_points
from convexden.analysis.flows import CLEAN_RTOL, check_denoiser
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import DEPENDENT_RTOL

Array = NDArray[np.float64]

# Fixed points are sought this far around the clean points, in spreads times their number: the
# virtual points that are known are sums of differences of clean points.
REACH = 2.0
# Hinges next to a fixed point of which both sides are looked at: 2^8 cells.
MOST_CLOSE = 8
# Distance from its hinges, in spreads, above which a fixed point is inside of its cell: above
# rounding, and far below the accuracy to which a radius is found at which one appears.
ROOM = 1e-13


def virtual_points(
    problem: Interpolation, network: ShallowNetwork, *, progress: Progress | None = None
) -> Array:
    """The virtual points of a denoiser: attracting fixed points of its flow that are not clean.

    Parameters
    ----------
    problem : Interpolation
        Its targets are the clean points.
    network : ShallowNetwork
        A denoiser of the problem.
    progress : callable, optional
        See `convexden.fixed_points`; if it ends the search, some may be missing.

    Returns
    -------
    (V, d) array
        Those within 2 N spreads of the mean of the N clean points.

    Raises
    ------
    InvalidInput
        If the network is no denoiser of the problem.

    Examples
    --------
    Of a triangle with an angle of 100 degrees one appears with the radius.

    >>> import convexden as cd
    >>> points = cd.data.triangle([100, 42, 38])
    >>> for radius in (0.232, 0.233):
    ...     problem = cd.denoising(points, radius=radius)
    ...     print(cd.virtual_points(problem, cd.solve(problem).network).round(3))
    []
    [[ 0.024 -0.654]]
    """
    check_denoiser(problem, network)
    clean = problem.targets
    spread = problem.target_spread or 1.0
    middle, reach = clean.mean(axis=0), REACH * len(clean) * spread
    found = fixed_points(network, middle - reach, middle + reach, progress=progress)
    network, points = network.canonical(), [np.zeros((0, problem.input_dimension))]
    for fixed in found:
        points.append(_resting(network, fixed.point, CLOSE * reach, spread))
    attractors = np.unique(np.vstack(points), axis=0)
    distances = np.linalg.norm(attractors[:, None] - clean, axis=2).min(axis=1)
    return attractors[distances > CLEAN_RTOL * spread]


def _resting(network: ShallowNetwork, point: Array, near: float, spread: float) -> Array:
    """The attracting fixed points (n, d) inside the cells next to a fixed point.

    The search merges fixed points that are close to a hinge and to each other; here every cell next
    to such a hinge is asked for its own, so that a virtual point and the saddle that it came from
    are told apart up to rounding.
    """
    heights = network.input_weights @ point + network.biases
    close = np.flatnonzero(np.abs(heights) <= 2 * near)
    identity = np.eye(len(point))
    chosen = []
    for sides in product((False, True), repeat=min(len(close), MOST_CLOSE)):
        active = heights > 0.0
        active[close[:MOST_CLOSE]] = sides
        outputs = network.output_weights[active]
        jacobian = outputs.T @ network.input_weights[active] + network.skip
        if np.linalg.eigvals(jacobian).real.max() > 1.0 - DEPENDENT_RTOL:
            continue
        rest = np.linalg.solve(
            identity - jacobian, network.biases[active] @ outputs + network.offset
        )
        room = np.where(active, 1.0, -1.0) * (network.input_weights @ rest + network.biases)
        if room.min(initial=np.inf) > ROOM * spread:
            chosen.append(rest)
    return np.array(chosen).reshape(-1, len(point))
