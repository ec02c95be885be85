"""Where the tilted ramps of acute triangles end, for all shapes: the exact borders of a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize

from convexden import arguments, display
from convexden.data import triangle
from convexden.geometry.triangle import Triangle
from convexden.geometry.triangle_arcs import ArcFrame
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.theorems import acute_triangle

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShapeEnds:
    """Where the structures of acute triangles end, on a grid that fits their shapes.

    Attributes
    ----------
    largest, smallest : (S, L) arrays
        Angles in degrees: a column has one largest angle, a row one place between the two isosceles
        triangles with it.
    shares : (S, L) array
        The radius at which the tilted ramps of `convexden.theorems.acute_triangle` end, as a
        fraction of half the smallest height; NaN where the run was stopped.
    pinched : (S, L) array of bool
        Whether a hinge between two balls ends them, and not a vanishing ramp.
    aligned : dict of float to (K, 2) array
        For the fractions that were asked for, as far as triangles are pinched there, the largest
        and the smallest angles from which on the minimizer is altitude-aligned.
    """

    largest: Array
    smallest: Array
    shares: Array
    pinched: NDArray[np.bool_]
    aligned: dict[float, Array]

    def __repr__(self) -> str:
        """One line with what matters."""
        count = int(np.isfinite(self.shares).sum())
        return display.one_line(self, display.counted(count, "triangle"))


def shape_ends(
    fractions: Sequence[float] = (),
    step: float = 1.0,
    *,
    progress: Callable[[TaskProgress], object] | None = None,
) -> ShapeEnds:
    """Find where the structures of the denoisers of acute triangles end, for all shapes.

    Parameters
    ----------
    fractions : sequence of float, optional
        Radii, as fractions of half the smallest height, for the borders of the altitude-aligned
        triangles; some ten seconds each.
    step : float
        Between largest angles, in degrees; each triangle takes some 50 ms.
    progress : callable, optional
        Called with a `TaskProgress` before every triangle.  If it raises StopIteration, the run
        ends.

    Returns
    -------
    ShapeEnds

    Raises
    ------
    InvalidInput
        If the step is not between 0.1 and 10 degrees.
    """
    step = arguments.number("step", step, above=0.1, most=10.0)
    arguments.callback("progress", progress)
    # Just inside the regular and the right triangles.
    widest = 60 + np.append(np.arange(step / 2, 30, step), 30 - _INSIDE)
    largest, places = np.meshgrid(widest, _PLACES)
    smallest = _smallest(largest, places)
    shares = np.full(largest.shape, np.nan)
    pinched = np.zeros(largest.shape, dtype=bool)
    aligned: dict[float, Array] = {}
    total = shares.size + len(fractions)
    try:
        for done, place in enumerate(np.ndindex(*shares.shape)):
            tell(progress, TaskProgress(done, total))
            points = _triangle(float(largest[place]), float(places[place]))
            radius, end = acute_triangle.threshold(points)
            shares[place] = 2 * radius / Triangle.of(points).heights.min()
            pinched[place] = end == "pinched"
        for done, fraction in enumerate(fractions, shares.size):
            tell(progress, TaskProgress(done, total))
            if (pinched & (shares < fraction)).any():
                aligned[fraction] = _aligned_border(fraction)
    except Stopped:
        pass  # keep what there is
    return ShapeEnds(largest, smallest, shares, pinched, aligned)


# Distance of the outermost triangles from right ones, in degrees.
_INSIDE = 0.05
# Places between the isosceles triangle with two largest angles, at 0, and that with two smallest:
# denser next to the former, where the borders run along the side.
_PLACES = np.linspace(0.03, 0.999, 25) ** 2
# Every how manieth of them the border of the altitude-aligned triangles is found at.
_EVERY = 3
# Largest excess of the pricing maximum over 1 that the search for multipliers leaves.
_FLAT = 1e-6
# Accuracy of the largest angle, in degrees.
_ANGLE = 1e-2


def _smallest(largest: Array, places: Array) -> Array:
    """The smallest angle of the triangle with this largest one, at this place."""
    return np.asarray((1 - places) * (180 - 2 * largest) + places * (180 - largest) / 2)


def _triangle(largest: float, place: float) -> Array:
    """The vertices (3, 2) of such a triangle."""
    small = float(_smallest(np.array(largest), np.array(place)))
    return triangle((small, 180 - small - largest, largest))


def _aligned_border(fraction: float) -> Array:
    """The angles (K, 2) from which on triangles are altitude-aligned, one for each place."""
    border = []
    for place in _PLACES[::_EVERY].tolist():

        def lacking(largest: float, place: float = place) -> float:
            """By how much multipliers of two ramps fail, or do not."""
            excess = _altitude_excess(_triangle(largest, place), fraction)
            return excess - _FLAT

        ends = 60 + _INSIDE, 90 - _INSIDE
        if lacking(ends[0]) > 0 > lacking(ends[1]):
            angle = float(brentq(lacking, *ends, xtol=_ANGLE))
            border.append((angle, float(_smallest(np.array(angle), np.array(place)))))
    return np.array(border).reshape(-1, 2)


def _altitude_excess(points: Array, fraction: float) -> float:
    """By how much the pricing maximum of the best multipliers for ramps along two altitudes
    (`convexden.theorems.face_aligned.at_vertex`) exceeds 1."""
    shape = Triangle.of(points)
    radius, v = fraction * float(shape.heights.min()) / 2, int(shape.heights.argmin())
    others = [n for n in range(3) if n != v]
    arms = shape.vertices - shape.vertices[v]
    values, slopes, free = np.zeros((3, 2)), np.zeros((3, 2, 2)), np.zeros((2, 3, 2, 2))
    for which, n in enumerate(others):
        unit = arms[n] / np.linalg.norm(arms[n])
        height = shape.heights[n]
        values[n] = 2 / (height - 2 * radius) * unit
        slopes[n] = -height / (height - 2 * radius) * np.outer(unit, shape.normals[n])
        free[which, n] = np.outer([-unit[1], unit[0]], shape.along[n])
        free[which, v] = -free[which, n]
    values[v] = -values.sum(axis=0)
    slopes[v] = -values.T @ arms - slopes.sum(axis=0)
    # Start where the hinges of the missing ramp see opposite vectors.
    middle = values[v] * shape.heights[v] / 2 + slopes[v] @ shape.normals[v]
    start = np.linalg.lstsq((free[:, v] @ shape.normals[v]).T, -middle, rcond=None)[0]

    frame = ArcFrame.of(shape, radius)

    def excess(gammas: Array) -> float:
        """The pricing maximum of these multipliers, less 1."""
        return frame.arcs(values, slopes + np.tensordot(gammas, free, 1)).highest - 1.0

    first = excess(start)
    if first <= _FLAT / 2:
        return first
    options = {"xatol": _FLAT, "fatol": _FLAT / 10}
    return float(minimize(excess, start, method="Nelder-Mead", options=options).fun)
