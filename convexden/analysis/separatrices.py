r"""What separates basins in the plane: the stable manifolds of saddles, traced backwards.

Backwards in time a point moves by :math:`\dot y = y - h(y)`, which is the score flow of the network
:math:`2 y - h(y)`.  From a saddle it leaves along the stable eigenvectors, on a straight line up to
the first hinge, and from there on it is followed as any other flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.analysis.fixed_points import FixedPoint
from convexden.analysis.flows import Flow, score_flow
from convexden.analysis.pieces import affine_map
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]

# How far from the saddle its manifold is left, as a share of the box: still in its cell.
LEAVE = 1e-6
# Points of a manifold in each cell that it passes, and in its last one.
PER_CELL, IN_LAST = 48, 400
# Times in the last cell: from where nothing has moved yet to where a growth of .3 has left any box.
FIRST_TIME, LAST_TIME = 1e-4, 120.0
# A manifold that ends this close to a fixed point, in sizes of the box, ends in it.
JOINED = 1e-6


def separatrices(
    network: ShallowNetwork, fixed: Sequence[FixedPoint], low: Array, high: Array
) -> list[Array]:
    """The stable manifolds of saddles, as curves (n, 2) with exact points, until they leave a box.

    They end at repelling fixed points, or beyond the box.

    Parameters
    ----------
    network : ShallowNetwork
        Of two inputs and outputs.
    fixed : sequence of FixedPoint
        All of the box.
    low, high : (2,) array
        Corners of the box.

    Returns
    -------
    list of (n, 2) arrays
        One for each saddle, through it.
    """
    saddles = [each for each in fixed if each.flow_stability == "saddle"]
    size = float(np.linalg.norm(high - low))
    starts = []
    for saddle in saddles:
        jacobian = affine_map(network, saddle.point).jacobian
        values, vectors = np.linalg.eig(jacobian)
        stable = vectors[:, values.real.argmin()].real
        # The manifold is straight up to the first hinge, and eigenvalues of M are at least -1.
        step = min(LEAVE * size, _room(network, saddle.point) / 2)
        starts += [saddle.point + step * stable, saddle.point - step * stable]
    if not starts:
        return []
    backwards = ShallowNetwork(
        -network.output_weights,
        network.input_weights,
        network.biases,
        2.0 * np.eye(2) - network.skip,
        -network.offset,
    )
    middle = (low + high) / 2
    frame = Interpolation(np.array([low, high]), np.array([low, high]))
    flow = score_flow(frame, backwards, np.array(starts))
    points = np.array([each.point for each in fixed])
    ends = []
    for k, limit in enumerate(flow.limits):
        curve = _until_outside(flow, k, middle, size)
        distances = np.linalg.norm(points - limit, axis=1)
        if np.nanmin(np.append(distances, np.inf)) <= JOINED * size:
            near = np.linalg.norm(curve - limit, axis=1) <= JOINED * size
            curve = np.vstack([curve[~near], points[distances.argmin()]])
        ends.append(curve)
    return [
        np.vstack([one[::-1], saddle.point, other])
        for saddle, one, other in zip(saddles, ends[::2], ends[1::2], strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Face:
    """A part of a box between curves.

    Attributes
    ----------
    inside : (2,) array
        A point of it.
    area : float
    outline : (n, 2) array
        Its boundary; what it surrounds is a face of its own.
    """

    inside: Array
    area: float
    outline: Array

    __repr__ = display.field_line


def faces(curves: Sequence[Array], low: Array, high: Array) -> list[Face]:
    """The parts into which curves (n, 2) cut a box."""
    from shapely import LineString, box, unary_union
    from shapely.ops import polygonize

    frame = box(*low, *high)
    lines = [LineString(curve).intersection(frame) for curve in curves]
    parts = polygonize(unary_union([frame.boundary, *lines]))
    return [
        Face(
            np.array(part.representative_point().coords[0]),
            float(part.area),
            np.array(part.exterior.coords),
        )
        for part in parts
    ]


def _room(network: ShallowNetwork, point: Array) -> float:
    """The distance of a point from the nearest hinge."""
    sizes = np.linalg.norm(network.input_weights, axis=1)
    heights = np.abs(network.input_weights @ point + network.biases)
    some = sizes > 0.0
    return float((heights[some] / sizes[some]).min(initial=np.inf))


def _until_outside(flow: Flow, index: int, middle: Array, size: float) -> Array:
    """The points of one flow until it is outside of a disk around the box, or at its limit."""
    entered = flow.times[index]
    inside = [np.linspace(begin, end, PER_CELL) for begin, end in pairwise(entered)]
    last = entered[-1] + np.append(0.0, np.geomspace(FIRST_TIME, LAST_TIME, IN_LAST))
    with np.errstate(over="ignore", invalid="ignore"):
        points = flow.path(index, np.concatenate([*inside, last]))
        outside = np.linalg.norm(points - middle, axis=1) > size
    return points[: int(outside.argmax()) + 1] if outside.any() else points
