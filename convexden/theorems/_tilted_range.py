r"""Up to which radius three tilted ramps are the minimizer, and the strip next to its end.

Two things end it.  *Altitude-aligned*: the weighted median of the vertices reaches a vertex, and a
little later, at a finite tilt, the ramp to that vertex has no rise left.  *Pinched*: a hinge that
touches two balls on opposite sides saturates the multipliers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from convexden.geometry.triangle import Triangle
from convexden.geometry.triangle_arcs import Arcs
from convexden.theorems._tilted import TiltedRamps, at_radius, near_the_end, vanishing_radius

Array = NDArray[np.float64]
End = Literal["altitude-aligned", "pinched"]

# Share of the radius at which the median reaches a vertex by which a radius is smaller from which
# on solutions are found from the one there: the face-aligned network is too far from them.
_BEFORE = 1e-3
# Radii of the search for the pinch, as shares of half the least height, and how many in the strip.
_SCANNED, _IN_STRIP = 0.05, 4
# Room for the pinch next to contact: no triangle is pinched as late.
_CONTACT = 1e-6
# Accuracy of the radii, relative to half the least height.
_RADIUS = 1e-14


def tilted_ramps(triangle: Triangle, radius: float) -> TiltedRamps | None:
    """The solution at this radius, whether optimal or not; None if there is none."""
    found = at_radius(triangle, radius)
    if found is not None:
        return found
    last = median_radius(triangle)
    if last is None or radius < last * (1 - _BEFORE):
        return None
    before = at_radius(triangle, last * (1 - _BEFORE))
    return None if before is None else near_the_end(before, radius)


def largest_radius(triangle: Triangle) -> tuple[float, End]:
    """The radius at which the tilted ramps stop being optimal, and why."""
    most = triangle.heights.min() / 2
    last = median_radius(triangle)
    end = most * (1 - _CONTACT) if last is None else last * (1 - _BEFORE)
    radii = np.linspace(0.0, end, 1 + int(np.ceil(end / (_SCANNED * most))))
    if last is not None:
        before = at_radius(triangle, end)
        end = np.nan if before is None else vanishing_radius(before)
        if np.isfinite(end):
            radii = np.append(radii[:-1], np.linspace(radii[-1], end, 1 + _IN_STRIP)[:-1])
    for inside, radius in pairwise(radii.tolist()):
        if _pinch(triangle, radius) > 0.0:
            found = brentq(lambda each: _pinch(triangle, each), inside, radius, xtol=_RADIUS * most)
            return float(found), "pinched"
    return float(end), "altitude-aligned"


def median_radius(triangle: Triangle) -> float | None:
    """The radius at which the median, weighted by 1 / (d_k - 2 rho), reaches a vertex; None if it
    does not, below half the least height.

    It reaches the one of the least height: its weight grows fastest.
    """
    v = int(triangle.heights.argmin())
    others = [k for k in range(3) if k != v]
    arms = triangle.vertices[others] - triangle.vertices[v]
    arms /= np.linalg.norm(arms, axis=1)[:, None]

    def excess(radius: float) -> float:
        """The pull of the other vertices, over the weight of this one, less 1."""
        rooms = triangle.heights - 2 * radius
        return float(np.linalg.norm(arms.T @ (rooms[v] / rooms[others]))) - 1.0

    most = triangle.heights[v] / 2
    if not excess(0.0) > 0.0:
        return 0.0
    if not excess(most * (1 - _CONTACT)) < 0.0:
        return None
    return float(brentq(excess, 0.0, most * (1 - _CONTACT), xtol=_RADIUS * most))


def _pinch(triangle: Triangle, radius: float) -> float:
    """The largest dual constraint at hinges tangent to two balls on opposite sides, less 1: the
    ends of the apex arcs.  Without a solution it counts as pinched."""
    if radius <= 0.0:
        return -1.0
    found = tilted_ramps(triangle, radius)
    if found is None:
        return 1.0
    arcs = Arcs.of(triangle, radius, found.values, found.jacobians)
    apex = np.array([0, 3, 6], dtype=np.intp)
    ends = (arcs.value(apex, arcs.starts[apex]), arcs.value(apex, arcs.ends[apex]))
    return float(np.max(ends)) - 1.0
