"""`shape_map`, which solves what a file does not hold yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from convexden import arguments
from convexden.experiments.shape_maps.files import appending, begin, pixel_line
from convexden.experiments.shape_maps.grid import (
    SETTINGS,
    checked_fractions,
    divisions_for,
    grid_angles,
)
from convexden.experiments.shape_maps.maps import ShapeMap, assemble
from convexden.experiments.shape_maps.pixels import Pixel, solve_all
from convexden.running.progress import TaskProgress, gather, within


def shape_map(
    fractions: Sequence[float] = SETTINGS.fractions,
    triangles: int = 500,
    *,
    largest_angle: float = 180.0,
    path: str | Path | None = None,
    jobs: int | None = None,
    time_limit: float | None = None,
    progress: Callable[[TaskProgress], object] | None = None,
) -> ShapeMap:
    r"""Solve for the denoisers of triangles of all shapes, and compare them with a conjecture.

    The shapes are those whose angles are positive multiples of :math:`180 / n` degrees, each once;
    n is the multiple of 12 that makes their number :math:`\approx n^2 / 12` closest to what is
    asked for.  The triangle with angles :math:`\alpha \le \beta \le \gamma` and circumradius 1 has
    the smallest height :math:`H = 2 \sin\alpha \sin\beta`, and its balls have the radius
    :math:`f H / 2` for every fraction f.  Each is solved by `convexden.solve`, certified by exact
    pricing in the plane, compared with the cost of the closed form of
    `convexden.theorems.face_aligned` (a conjecture that holds for some of them), and its structure
    is that of `convexden.experiments.structures`.  Its virtual points are counted.  A tilt below
    1e-7 rad has to be found by two methods.

    Parameters
    ----------
    fractions : sequence of float
        Between 0 and 1; a map for each.
    triangles : int
        About how many.
    largest_angle : float
        Leave out triangles with a larger angle, in degrees: 90 maps the acute ones.
    path : str or path, optional
        Pixels are written to this file as they come.  If it holds some of the same map, the run
        goes on with the others.
    jobs : int, optional
        Processes, with one thread each; by default one for each core.
    time_limit : float, optional
        Seconds after which the run ends, once the pixel at hand is solved; None for no limit.
    progress : callable, optional
        Called with a `TaskProgress`, at first and after every pixel.  If it raises StopIteration,
        the run ends.

    Returns
    -------
    ShapeMap
        Stopped by the time limit or by `progress` it is `interrupted`, with the pixels that are
        there.

    Raises
    ------
    InvalidProblem
        If the parameters make no sense, or the file cannot be written, or holds anything but this
        map.
    KeyboardInterrupt
        On Ctrl-C: the file keeps the pixels that are there.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.structures import STRUCTURES
    >>> found = cd.shape_map([0.3], triangles=12, jobs=1)
    >>> found.angles[-1], bool(found.certified.all())
    (array([60., 60., 60.]), True)
    >>> {name: int(count) for name, count in zip(STRUCTURES, found.counts()[0])}
    {'edge-aligned': 9, 'altitude-aligned': 0, 'face-aligned': 2, 'tilted': 1, 'pinched': 0}
    """
    sizes = checked_fractions(fractions)
    divisions = divisions_for(triangles, largest_angle)
    jobs = arguments.jobs(jobs)
    arguments.callback("progress", progress)
    progress = within(arguments.time_limit(time_limit), progress)
    largest_angle = float(largest_angle)
    angles = grid_angles(divisions, largest_angle)
    known = [] if path is None else begin(path, sizes, divisions, largest_angle)
    there = {pixel[:2] for pixel in known}
    missing = [(f, m) for f in range(sizes.size) for m in range(len(angles)) if (f, m) not in there]
    total = sizes.size * len(angles)
    with appending(path) as write:

        def keep(pixel: Pixel) -> None:
            """Write a pixel before it counts."""
            write(pixel_line(pixel))
            known.append(pixel)

        gather(solve_all(missing, angles, sizes, jobs), keep, progress, len(known), total)
    return assemble(sizes, divisions, largest_angle, known)
