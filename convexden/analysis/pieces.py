"""The exact pieces of a network: knots on a line, cells in a plane, the affine map at a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput, NotSupported
from convexden.network import ShallowNetwork
from convexden.tolerances import ORTHOGONAL_ROUNDING, SAME_HINGE_RTOL

if TYPE_CHECKING:
    from shapely import Polygon

__all__ = [
    "AffineMap",
    "Cell",
    "Restriction",
    "affine_map",
    "along",
    "box",
    "cells",
    "hinge_segments",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__


Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AffineMap:
    """The map y -> jacobian y + offset.

    Attributes
    ----------
    jacobian : (p, d) array
    offset : (p,) array
    """

    jacobian: Array
    offset: Array

    __repr__ = display.field_line

    def __call__(self, points: ArrayLike) -> Array:
        """Evaluate at points (M, d) -> (M, p), or at one point (d,) -> (p,)."""
        values: Array = np.asarray(points, dtype=float) @ self.jacobian.T + self.offset
        return values


@dataclass(frozen=True, eq=False)
class Restriction:
    """A network on the segment from one point to another, linear between its knots.

    Attributes
    ----------
    start, stop : (d,) array
        The ends, where t = 0 and t = 1.
    knots : (m,) array
        Both ends and, in order, all t at which the network bends.
    values : (m, p) array
        Outputs at the knots.
    """

    start: Array
    stop: Array
    knots: Array
    values: Array

    __repr__ = display.field_line

    @property
    def slopes(self) -> Array:
        """Derivatives (m - 1, p) with respect to t between the knots."""
        return np.diff(self.values, axis=0) / np.diff(self.knots)[:, None]

    def points(self, t: ArrayLike) -> Array:
        """The points (M, d) of the segment at t (M,)."""
        t = np.asarray(t, dtype=float)[..., None]
        points: Array = (1 - t) * self.start + t * self.stop
        return points

    def __call__(self, t: ArrayLike) -> Array:
        """Outputs (M, p) at t (M,) in [0, 1]."""
        columns = [np.interp(np.asarray(t, dtype=float), self.knots, v) for v in self.values.T]
        return np.stack(columns, axis=-1)


@dataclass(frozen=True, eq=False)
class Cell:
    """A convex polygon of the plane on which a network is affine.

    Attributes
    ----------
    vertices : (V, 2) array
        Counterclockwise.
    active : (K,) array of bool
        The neurons that are active inside.
    map : AffineMap
        What the network is there.
    """

    vertices: Array
    active: NDArray[np.bool_]
    map: AffineMap

    def __repr__(self) -> str:
        """One line with what matters."""
        active, total = int(self.active.sum()), len(self.active)
        return display.one_line(
            self,
            f"{len(self.vertices)} vertices",
            f"{active} of {display.counted(total, 'neuron')} active",
        )

    @property
    def polygon(self) -> Polygon:
        """The cell as a polygon of shapely."""
        from shapely import Polygon

        return Polygon(self.vertices)


def affine_map(network: ShallowNetwork, point: ArrayLike) -> AffineMap:
    """What the network is around a point, in any dimension.

    On a hinge it is what the network is on the inactive side.

    Parameters
    ----------
    network : ShallowNetwork
    point : (d,) array

    Returns
    -------
    AffineMap

    Raises
    ------
    InvalidInput
        If the point does not fit the inputs.
    """
    y = _point(network, point)
    return _map(network, network.input_weights @ y + network.biases > 0.0)


def along(network: ShallowNetwork, start: ArrayLike, stop: ArrayLike) -> Restriction:
    """The network on the segment between two points, with all its knots.

    Hinges that contain the segment do not bend the network on it, and a neuron without output
    weight bends nothing.

    Parameters
    ----------
    network : ShallowNetwork
    start, stop : (d,) array

    Returns
    -------
    Restriction

    Raises
    ------
    InvalidInput
        If the points do not fit the inputs, or are the same.

    Examples
    --------
    >>> import convexden as cd
    >>> network = cd.theorems.univariate.closed_form([0.0, 1.0, 3.0], 0.25).network
    >>> cd.pieces.along(network, [0.0], [2.0]).knots
    array([0.   , 0.125, 0.375, 0.625, 1.   ])
    """
    first, last = _point(network, start), _point(network, stop)
    if (first == last).all():
        raise InvalidInput("start and stop are the same point: give two")
    before = network.input_weights @ first + network.biases
    after = network.input_weights @ last + network.biases
    bent = (before * after < 0.0) & network.output_weights.any(axis=1)
    t = np.unique(before[bent] / (before[bent] - after[bent]))
    t = np.concatenate([[0.0], t[(t > 0.0) & (t < 1.0)], [1.0]])
    values = network((1 - t[:, None]) * first + t[:, None] * last)
    return Restriction(first, last, t, values)


def cells(network: ShallowNetwork, low: ArrayLike, high: ArrayLike) -> list[Cell]:
    """Cut a box of the plane along the hinges of a network.

    One hinge after the other cuts the cells that it meets.  A hinge that passes a vertex closer
    than rounding passes through it.

    Parameters
    ----------
    network : ShallowNetwork
        Of two inputs.
    low, high : float or (2,) array
        Corners of the box.

    Returns
    -------
    list of Cell
        They cover the box and do not overlap.

    Raises
    ------
    NotSupported
        If the network has not two inputs.
    InvalidInput
        If the corners do not span a box.

    Examples
    --------
    >>> import convexden as cd
    >>> network = cd.theorems.rays.closed_form([[0, 0], [1, 0], [0, 1]], 0.1).network
    >>> cells = cd.pieces.cells(network, [-1, -1], [2, 2])
    >>> len(cells), round(sum(cell.polygon.area for cell in cells), 12)
    (9, 9.0)
    """
    if arguments.instance("network", network, ShallowNetwork).input_dimension != 2:
        raise NotSupported(
            f"cells are those of a plane, the network has {network.input_dimension} inputs: "
            "restrict it to a plane first (convexden.analysis.coordinates.restrict), or take "
            "`affine_map`"
        )
    (left, bottom), (right, top) = box(network, low, high)
    corners = np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
    polygons = [(corners, np.zeros(network.neurons, dtype=bool))]
    margin = SAME_HINGE_RTOL * float(np.abs(corners).max())
    for k, (w, b) in enumerate(zip(network.input_weights, network.biases, strict=True)):
        cut = []
        for vertices, active in polygons:
            z = vertices @ w + b
            z[np.abs(z) <= margin * np.linalg.norm(w)] = 0.0
            behind, ahead = active.copy(), active.copy()
            ahead[k] = True
            if z.max() <= 0.0:
                cut.append((vertices, behind))
            elif z.min() >= 0.0:
                cut.append((vertices, ahead))
            else:
                cut += [(_clip(vertices, -z), behind), (_clip(vertices, z), ahead)]
        polygons = cut
    return [Cell(vertices, active, _map(network, active)) for vertices, active in polygons]


def box(network: ShallowNetwork, low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
    """Corners (d,) of a box among the inputs, from numbers or arrays.

    Raises
    ------
    InvalidInput
        If they do not span a box.
    """
    first, last = (
        arguments.array(f"coordinates of {name}", corner, error=InvalidInput).reshape(-1)
        for name, corner in (("low", low), ("high", high))
    )
    d = network.input_dimension
    if {first.size, last.size} <= {1, d} and (first < last).all():
        return np.broadcast_to(first, d), np.broadcast_to(last, d)
    raise InvalidInput(f"there is no such box: give low < high, numbers or arrays ({d},)")


def hinge_segments(
    network: ShallowNetwork, low: Array, high: Array
) -> tuple[Array, NDArray[np.intp]]:
    """What a box shows of the hinges {w.y + b = 0} of a network of two inputs.

    Parameters
    ----------
    network : ShallowNetwork
    low, high : (2,) array
        Corners of the box.

    Returns
    -------
    segments : (M, 2, 2) array
        End points.
    neurons : (M,) array
        The neuron of every segment; those whose hinge misses the box are left out.
    """
    size = float(np.linalg.norm(high - low))
    segments, neurons = [], []
    for k, (w, b) in enumerate(zip(network.input_weights, network.biases, strict=True)):
        length = float(np.linalg.norm(w))
        if length == 0.0:
            continue
        normal = w / length
        middle = (low + high) / 2
        start = middle - (normal @ middle + b / length) * normal
        along = np.array([-normal[1], normal[0]])
        # The line is start + t along; every side of the box leaves an interval of t.
        first, last = -size, size
        for axis in (0, 1):
            if abs(along[axis]) * size < ORTHOGONAL_ROUNDING * size:
                if not low[axis] <= start[axis] <= high[axis]:
                    last = -np.inf
                continue
            ends = (np.array([low[axis], high[axis]]) - start[axis]) / along[axis]
            first, last = max(first, ends.min()), min(last, ends.max())
        if first < last:
            segments.append([start + first * along, start + last * along])
            neurons.append(k)
    return np.array(segments).reshape(-1, 2, 2), np.array(neurons, dtype=np.intp)


def _clip(vertices: Array, z: Array) -> Array:
    """The part of a convex polygon where a linear function, given at the vertices, is >= 0."""
    kept = []
    for i, value in enumerate(z):
        if value >= 0.0:
            kept.append(vertices[i])
        after = z[(i + 1) % len(z)]
        if value * after < 0.0:
            share = value / (value - after)
            kept.append((1 - share) * vertices[i] + share * vertices[(i + 1) % len(z)])
    return np.array(kept)


def _map(network: ShallowNetwork, active: NDArray[np.bool_]) -> AffineMap:
    """The affine map of a network where these neurons are active."""
    a = network.output_weights[active]
    return AffineMap(
        network.skip + a.T @ network.input_weights[active],
        network.offset + network.biases[active] @ a,
    )


def _point(network: ShallowNetwork, point: ArrayLike) -> Array:
    """One point as an array that fits the inputs of the network."""
    arguments.instance("network", network, ShallowNetwork)
    y = arguments.array("coordinates of the point", point, error=InvalidInput).reshape(-1)
    if y.size != network.input_dimension:
        raise InvalidInput(
            f"the point does not fit {network.input_dimension} inputs: give that many numbers"
        )
    return y
