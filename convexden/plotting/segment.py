"""A network along the segment between two points, with the images that it passes."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.analysis import pieces
from convexden.analysis.coordinates import is_denoising
from convexden.errors import InvalidProblem
from convexden.plotting import layout, style
from convexden.plotting.strips import draw_strips
from convexden.problem import Interpolation
from convexden.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes


Array = NDArray[np.float64]


@layout.neutral
def plot_segment(
    solution: Solution,
    first: int,
    second: int,
    ax: Axes | None = None,
    *,
    image_shape: tuple[int, ...] | None = None,
    legend: bool = True,
) -> Axes:
    r"""Draw the network along the segment from one clean point to another.

    Over y(t) = (1 - t) x_i + t x_j, two curves show where the output is: its coordinate
    :math:`\langle h(y) - x_i, x_j - x_i\rangle / |x_j - x_i|^2` along the segment, exact with all
    knots, and its distance from the segment in units of :math:`|x_j - x_i|`.  Bars show where the
    segment lies in noise balls.  Below them, for images, are inputs and outputs.

    Where targets are no clean points, the sites i and j are joined, and their targets take the
    place of x_i and x_j in the output.

    Parameters
    ----------
    solution : Solution
    first, second : int
        Numbers i and j from 0, see `segment_points`.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    image_shape : (H, W) or (H, W, 3), optional
        Shape of the points as images.  By default, points of H^2 coordinates are gray and of
        3 H^2 coordinates colored, if H is 4 or more, and other points are no images.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes
        Those of the curves.

    Raises
    ------
    InvalidProblem
        If there are no such points, both have the same input or target, or `image_shape` does
        not fit.
    """
    arguments.instance("solution", solution, Solution)
    points, targets = segment_points(solution.problem)
    for number in (first, second):
        if not 0 <= number < len(points):
            raise InvalidProblem(
                f"there is no point {number}: give two numbers from 0 to {len(points) - 1}"
            )
    start, stop = targets[first], targets[second]
    if (start == stop).all() or (points[first] == points[second]).all():
        raise InvalidProblem(f"points {first} and {second} coincide: give two that differ")
    d = points.shape[1]
    shape = _image_shape(d) if image_shape is None else image_shape
    if shape is not None and not _fits(shape, d):
        raise InvalidProblem(
            f"{d} coordinates do not fill images of shape {shape}: give (H, W) or (H, W, 3)"
        )
    path = pieces.along(solution.network, points[first], points[second])
    images = shape is not None and points.shape[1] == targets.shape[1]
    ax = layout.prepare(ax, 7.2, 5.6 if images else 4.0)
    denoiser = targets is points
    _draw_curves(ax, path, start, stop, "$h(y) = y$" if denoiser else "linear interpolation")
    _draw_balls(ax, solution.problem, path, start, stop)
    ax.set_xlim(-0.07, 1.07)
    ax.set_xlabel(f"$t$, from point {first} to point {second}")
    ax.set_ylabel(f"output, in units of {'$|x_j - x_i|$' if denoiser else 'the target distance'}")
    strips = None
    if shape is not None and images:
        strips = draw_strips(ax, path, np.concatenate([points, targets]), shape)
    layout.finish(ax, legend=legend, under=strips)
    return ax


def segment_points(problem: Interpolation) -> tuple[Array, Array]:
    """The points (M, d) that segments join, and where they should go (M, p).

    These are the distinct clean points, in their order, if the problem denoises; otherwise the
    centers and their targets.
    """
    distinct = np.sort(np.unique(problem.targets, axis=0, return_index=True)[1])
    if is_denoising(problem, distinct, problem.hull.origin, problem.hull.basis):
        clean = problem.targets[distinct]
        return clean, clean
    return problem.centers, problem.targets


def closest_points(problem: Interpolation) -> tuple[int, int]:
    """Numbers of the two closest of the points that segments join, with different targets.

    Raises
    ------
    InvalidProblem
        If all targets are the same.
    """
    from scipy.spatial.distance import cdist

    points, targets = segment_points(problem)
    distances = cdist(points, points)
    distances[cdist(targets, targets) == 0.0] = np.inf
    i, j = np.unravel_index(distances.argmin(), distances.shape)
    if not np.isfinite(distances[i, j]):
        raise InvalidProblem("all targets are the same: there is no segment to draw")
    return int(i), int(j)


def _fits(shape: tuple[int, ...], d: int) -> bool:
    """Whether images of this shape have d numbers."""
    flat = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
    return flat and min(shape) > 0 and int(np.prod(shape)) == d


def _image_shape(d: int) -> tuple[int, ...] | None:
    """What points of d coordinates are as images, if any."""
    for channels, tail in ((1, ()), (3, (3,))):
        side = isqrt(d // channels)
        if side >= style.DRAWING.smallest_image and channels * side**2 == d:
            return (side, side, *tail)
    return None


def _draw_curves(
    ax: Axes, path: pieces.Restriction, start: Array, stop: Array, diagonal: str
) -> None:
    """How far along the segment its points are mapped, and how far off it."""
    step = stop - start
    shares = np.linspace(0.0, 1.0, style.DRAWING.between_knots, endpoint=False)
    t = np.append((path.knots[:-1, None] + np.diff(path.knots)[:, None] * shares).ravel(), 1.0)
    outputs = path(t)
    coordinates = (path.values - start) @ step / (step @ step)
    nearest = np.clip((outputs - start) @ step / (step @ step), 0.0, 1.0)
    offsets = np.linalg.norm(outputs - start - nearest[:, None] * step, axis=1)
    ax.plot([0, 1], [0, 1], color="0.5", lw=1, ls=":", label=diagonal)
    ax.plot(
        path.knots,
        coordinates,
        color=style.BLUE,
        lw=1.8,
        marker="o",
        ms=4,
        mfc="white",
        label="coordinate of $h(y)$, with knots",
    )
    if start.size == 1:
        return
    distances = offsets / np.linalg.norm(step)
    label = "distance of $h(y)$ from the segment"
    ax.plot(t, distances, color=style.VERMILION, lw=1.5, ls="--", label=label)


def _draw_balls(
    ax: Axes, problem: Interpolation, path: pieces.Restriction, start: Array, stop: Array
) -> None:
    """Bars where the segment lies in balls, at the coordinates of their targets."""
    step, goal = path.stop - path.start, stop - start
    length = float(np.linalg.norm(step))
    middles = (problem.centers - path.start) @ step / length**2
    away = np.linalg.norm(problem.centers - path.points(middles), axis=1)
    balls = away < problem.radii
    reach = np.sqrt(problem.radii[balls] ** 2 - away[balls] ** 2) / length
    left, right = np.maximum(middles[balls] - reach, 0), np.minimum(middles[balls] + reach, 1)
    met = left < right
    if met.any():
        heights = (problem.targets[balls][met] - start) @ goal / (goal @ goal)
        bars = ax.hlines(heights, left[met], right[met], style.NOISE, lw=7, alpha=0.5, zorder=1.5)
        bars.set_label("noise interval")
