"""The shapes and the radii of a map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.errors import InvalidInput

Array = NDArray[np.float64]

MOST = 100_000  # triangles, with 0.2 degrees between neighbors


@dataclass(frozen=True)
class MapSettings:
    """Parameters of the maps of triangles."""

    fractions: tuple[float, ...] = (0.1, 0.5, 0.9)
    """Radii, as shares of the contact of the balls."""

    divisions: int = 12
    """Of the angles: with these, the equilateral, the right isosceles and the 30-60-90 triangle
    are on the grid."""


SETTINGS = MapSettings()


def checked_fractions(fractions: Sequence[float]) -> Array:
    """The radii of a map, as fractions, in the order that was asked for."""
    sizes = arguments.array("fractions", fractions, error=InvalidInput).reshape(-1)
    if not sizes.size or not ((sizes > 0) & (sizes < 1)).all():
        raise InvalidInput("a radius fraction is between 0 and 1: 1 is half the smallest height")
    if np.unique(sizes).size < sizes.size:
        raise InvalidInput("a radius fraction is given twice: give each once")
    return sizes


def divisions_for(triangles: int, largest_angle: float) -> int:
    """The number of steps to 180 degrees for which there are about as many triangles."""
    triangles = arguments.whole("triangles", triangles, least=1, most=MOST)
    largest_angle = arguments.number("largest_angle", largest_angle, above=60.0, most=180.0)
    divisions, count, best = 0, 0, (math.inf, 0)
    while count < triangles:
        divisions += SETTINGS.divisions
        count = len(grid_angles(divisions, largest_angle))
        best = min(best, (abs(count - triangles), divisions))
    return int(best[1])


def grid_angles(divisions: int, largest_angle: float) -> Array:
    """The sorted angles (M, 3) of the grid, in degrees."""
    step = 180 / divisions
    i, j = np.indices((divisions // 3 + 1, divisions // 2 + 1)).reshape(2, -1)
    k = divisions - i - j
    kept = (i > 0) & (i <= j) & (j <= k) & (k * step <= largest_angle)
    return step * np.column_stack([i, j, k])[kept]
