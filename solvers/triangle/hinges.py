r"""The twelve hinges of three balls at the vertices of an acute triangle.

For each vertex k: a *base hinge*, tangent to both other balls and parallel to the side between
them; and hinges tangent to ball k alone, which turn on an arc.  Inside the arc it is an *apex
hinge*; at its ends, where it meets another ball on its opposite side, a *cross hinge*.  Ball k is
the active side of all of them.  That no minimizer has another hinge is an observation: the
verification proves it for each problem.

**Coordinates.**  With the inward unit normal :math:`n_k` of the side opposite to :math:`x_k`, that
turned by a right angle, :math:`e_k`, and the height :math:`d_k`, a hinge of vertex k with the
normal :math:`\cos t\, n_k + \sin t\, e_k` and the value z at :math:`x_k` has the coordinates
:math:`(z, \cos t, \sin t)`: :math:`(d_k - \rho, 1, 0)` for the base hinge, :math:`z = \rho` for the
others.  Its reduced row is :math:`\psi = E_k^T (z, \cos t, \sin t)` with a matrix :math:`E_k` of
the problem, so that on an arc :math:`Z^T \psi = u + g \cos t + q \sin t`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convexden.geometry.triangle import Triangle
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Hinges, Indices

# The square of the dual constraint on an arc is a trigonometric polynomial of degree two: it has at
# most four stationary points on a circle, and sixteen parts of an arc tell all but the flattest.
_PARTS = 16
# Newton steps to a peak from the middle of a part: a part is some degrees wide.
_STEPS = 8
# A step, in radians, whose square is rounding.
_CONVERGED = 1e-8
_EVERY: Indices = np.arange(3)


@dataclass(frozen=True, eq=False)
class ArcHinges:
    """K hinges in the coordinates of their vertices.

    Attributes
    ----------
    vertices : (K,) int array
    heights : (K,) array
        The values z at the vertices.
    angles : (K,) array
        The t, in radians.
    free : (K,) bool array
        Whether the hinge may turn.
    """

    vertices: Indices
    heights: Array
    angles: Array
    free: Flags

    def __len__(self) -> int:
        """The number of hinges."""
        return len(self.vertices)

    def __getitem__(self, index: Indices | Flags) -> ArcHinges:
        """Some of the hinges."""
        return ArcHinges(
            self.vertices[index], self.heights[index], self.angles[index], self.free[index]
        )

    def __add__(self, other: ArcHinges) -> ArcHinges:
        """The hinges of both."""
        return ArcHinges(
            np.concatenate([self.vertices, other.vertices]),
            np.concatenate([self.heights, other.heights]),
            np.concatenate([self.angles, other.angles]),
            np.concatenate([self.free, other.free]),
        )


class TriangleHinges:
    """The hinges of a problem, their rows, and where the dual constraint peaks on them.

    Parameters
    ----------
    constraints : Constraints
        Of three balls of one radius at the vertices of an acute triangle in the plane, with room
        for a base hinge at every vertex.
    """

    def __init__(self, constraints: Constraints) -> None:
        """The arcs, and the matrices of the rows."""
        self.problem = constraints.problem
        self.triangle = each = Triangle.of(self.problem.centers)
        self.radius = float(self.problem.radii[0])
        self.starts, self.ends = _arcs(each, self.radius)
        self.matrices = _matrices(constraints, each)

    @cached_property
    def base(self) -> ArcHinges:
        """The three base hinges."""
        none = np.zeros(3, dtype=bool)
        return ArcHinges(_EVERY, self.triangle.heights - self.radius, np.zeros(3), none)

    def touching(self, vertices: Indices, angles: Array, *, free: bool) -> ArcHinges:
        """Hinges that touch the balls of these vertices, at these angles."""
        count = len(vertices)
        return ArcHinges(vertices, np.full(count, self.radius), angles, np.full(count, free))

    @cached_property
    def twelve(self) -> ArcHinges:
        """Base and cross hinges, and the apex hinges parallel to the sides."""
        cross = [self.touching(_EVERY, angles, free=False) for angles in (self.starts, self.ends)]
        return self.base + cross[0] + cross[1] + self.touching(_EVERY, np.zeros(3), free=True)

    def rows(self, vertices: Indices, coordinates: Array) -> Array:
        """The reduced rows (K, M) of coordinates (K, 3) at these vertices."""
        found: Array = (coordinates[:, None, :] @ self.matrices[vertices])[:, 0]
        return found

    def features(self, hinges: ArcHinges) -> Array:
        """The reduced rows psi (K, M) of the hinges."""
        t = hinges.angles
        return self.rows(hinges.vertices, np.stack([hinges.heights, np.cos(t), np.sin(t)], axis=1))

    def peaks(self, multipliers: Array) -> tuple[ArcHinges, Array]:
        """Where the dual constraint of reduced multipliers (M, p) peaks on the arcs, and the base
        hinges; with its values (K,)."""
        frames = self.matrices @ multipliers  # u over rho, g and q of every vertex
        grid = self.starts[:, None] + (self.ends - self.starts)[:, None] * _SHARES
        slopes = _slopes(frames, self.radius, np.repeat(_EVERY, _PARTS + 1), grid.ravel())[0]
        slopes = slopes.reshape(3, _PARTS + 1)
        starts, ends = np.flatnonzero(slopes[:, 0] <= 0.0), np.flatnonzero(slopes[:, -1] >= 0.0)
        owners, parts = np.nonzero((slopes[:, :-1] > 0.0) & (slopes[:, 1:] < 0.0))
        inner = self._stationary(frames, owners, grid[owners, parts], grid[owners, parts + 1])
        found = (
            self.base
            + self.touching(starts, self.starts[starts], free=False)
            + self.touching(ends, self.ends[ends], free=False)
            + self.touching(owners, inner, free=True)
        )
        columns = self.features(found) @ multipliers
        return found, np.sqrt((columns * columns).sum(axis=1))

    def _stationary(self, frames: Array, vertices: Indices, low: Array, high: Array) -> Array:
        """The angles of local maxima on the arcs of these vertices, each between two angles."""
        angles = (low + high) / 2
        for _ in range(_STEPS):
            slope, bend = _slopes(frames, self.radius, vertices, angles)
            low, high = np.where(slope > 0.0, angles, low), np.where(slope > 0.0, high, angles)
            moved = angles - np.divide(slope, bend, out=np.zeros_like(bend), where=bend < 0.0)
            inside = (bend < 0.0) & (low <= moved) & (moved <= high)
            before, angles = angles, np.where(inside, moved, (low + high) / 2)
            if np.abs(angles - before).max(initial=0.0) <= _CONVERGED:
                break
        return angles

    def turned(self, hinges: ArcHinges, steps: Array) -> tuple[ArcHinges, Flags]:
        """Hinges turned by steps (K,), at most to the ends of their arcs, and which came there."""
        wanted = hinges.angles + steps
        starts, ends = self.starts[hinges.vertices], self.ends[hinges.vertices]
        angles = np.where(hinges.free, np.clip(wanted, starts, ends), hinges.angles)
        moved = ArcHinges(hinges.vertices, hinges.heights, angles, hinges.free)
        return moved, hinges.free & (angles != wanted)

    def in_the_plane(self, hinges: ArcHinges) -> Hinges:
        """The same hinges with their normals, biases and patterns."""
        each, k, t = self.triangle, hinges.vertices, hinges.angles
        normals = np.cos(t)[:, None] * each.normals[k] + np.sin(t)[:, None] * each.along[k]
        biases = hinges.heights - (normals * each.vertices[k]).sum(axis=1)
        # A base hinge touches the ball after its own.
        own = hinges.heights == self.radius
        pivots = np.where(own, k, (k + 1) % 3)
        return Hinges(normals, biases, np.eye(3, dtype=bool)[k], pivots, k, hinges.free)


_SHARES: Array = np.linspace(0.0, 1.0, _PARTS + 1)


def _slopes(frames: Array, radius: float, vertices: Indices, angles: Array) -> tuple[Array, Array]:
    """The first and second derivative (K,) of half the square of the dual constraint along the arcs
    of these vertices, at these angles."""
    u, g, q = frames[vertices].swapaxes(0, 1)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turning = g * cos + q * sin
    value, change = radius * u + turning, q * cos - g * sin
    slope = (value * change).sum(axis=1)
    return slope, (change * change - value * turning).sum(axis=1)


def _arcs(triangle: Triangle, radius: float) -> tuple[Array, Array]:
    """The ends (3,) of the arcs on which hinges touch a ball and leave both others behind them."""
    arms = triangle.vertices[:, None] - triangle.vertices[[[1, 2], [2, 0], [0, 1]]]
    across = (arms * triangle.normals[:, None]).sum(axis=2)
    along = (arms * triangle.along[:, None]).sum(axis=2)
    middles = np.arctan2(along, across)
    halves = np.arccos(2 * radius / np.hypot(across, along))
    return np.asarray((middles - halves).max(axis=1)), np.asarray((middles + halves).min(axis=1))


def _matrices(constraints: Constraints, triangle: Triangle) -> Array:
    """The E_k (3, 3, M): rows are linear in the coordinates of a hinge."""
    directions = np.stack([np.zeros((3, 2)), triangle.normals, triangle.along], axis=1)
    biases = -(directions * triangle.vertices[:, None]).sum(axis=2)
    biases[:, 0] = 1.0
    owners = np.repeat(_EVERY, 3)
    units = Hinges(
        directions.reshape(9, 2),
        biases.ravel(),
        np.eye(3, dtype=bool)[owners],
        owners,
        owners,
        np.zeros(9, dtype=bool),
    )
    return constraints.features(units).reshape(3, 3, -1)
