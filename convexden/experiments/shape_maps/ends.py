"""Where the tilted ramps of acute triangles end, for all shapes: the exact borders of a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.data import triangle
from convexden.geometry.triangle import Triangle
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.theorems import acute_triangle

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShapeEnds:
    """The ends of the range of `convexden.theorems.acute_triangle` on a grid of acute triangles.

    Attributes
    ----------
    largest, smallest : (L,), (S,) arrays
        Angles in degrees.
    aligned, pinched : (S, L) arrays
        The radius at which the ramps end, as a fraction of half the smallest height, in the array
        of what ends them; NaN in the other one, and in both where there is no acute triangle or the
        run was stopped.
    """

    largest: Array
    smallest: Array
    aligned: Array
    pinched: Array

    def __repr__(self) -> str:
        """One line with what matters."""
        count = int((np.isfinite(self.aligned) | np.isfinite(self.pinched)).sum())
        return display.one_line(self, display.counted(count, "triangle"))


def shape_ends(
    step: float = 1.0, *, progress: Callable[[TaskProgress], object] | None = None
) -> ShapeEnds:
    """Find where the tilted ramps end on acute triangles of all shapes.

    Parameters
    ----------
    step : float
        Between the angles of neighbors, in degrees; each triangle takes some 50 ms.
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
    # Just inside the isosceles and the right triangles, up to the border.
    largest = 60 + np.append(np.arange(_INSIDE, 30, step), 30 - _INSIDE)
    smallest = np.arange(_LEAST, 60, step)
    grids = np.full((2, len(smallest), len(largest)), np.nan)
    middle = 180 - smallest[:, None] - largest
    shapes = np.argwhere((smallest[:, None] <= middle + step) & (middle <= largest + step))
    try:
        for done, (i, j) in enumerate(shapes.tolist()):
            tell(progress, TaskProgress(done, len(shapes)))
            angles = (smallest[i], middle[i, j], largest[j])
            if max(angles) < 90:
                points = triangle(angles)
                radius, end = acute_triangle.threshold(points)
                share = 2 * radius / Triangle.of(points).heights.min()
                grids[int(end == "pinched"), i, j] = share
    except Stopped:
        pass  # keep what there is
    return ShapeEnds(largest, smallest, *grids)


# Distance of the outermost triangles from isosceles and right ones, and the least angle, in
# degrees: thinner triangles are not told apart in a picture.
_INSIDE, _LEAST = 0.05, 3.0
