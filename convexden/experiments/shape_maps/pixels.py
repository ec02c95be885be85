"""The pixels of a map: triangles that are solved one after another or some at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden import data
from convexden.experiments.structures import STRUCTURES, structure
from convexden.problem import denoising
from convexden.running.processes import in_processes
from convexden.tolerances import COST_RTOL, TILTED_RAD

Array = NDArray[np.float64]

BATCH = 16  # pixels that a process solves before it reports


class Pixel(NamedTuple):
    """A line of the file: the numbers of a fraction and of a triangle, and what was found."""

    fraction: int
    triangle: int
    certified: bool
    cost: float
    lower_bound: float
    conjectured: float
    structure: int
    tilt: float
    virtual: int


def solve_all(
    missing: Sequence[tuple[int, int]], angles: Array, fractions: Array, jobs: int
) -> Generator[Pixel, None, None]:
    """What is found for these pixels, in their order."""
    tasks = [(f, m, angles[m], float(fractions[f])) for f, m in missing]
    if jobs == 1 or len(tasks) <= BATCH:
        yield from (solve_pixel(*task) for task in tasks)
        return
    batches = [tasks[start : start + BATCH] for start in range(0, len(tasks), BATCH)]
    with closing(in_processes(_solve_batch, batches, jobs)) as found:
        for pixels in found:
            yield from pixels


def _solve_batch(tasks: Iterable[tuple[int, int, Array, float]]) -> list[Pixel]:
    """What is found for the pixels of a batch."""
    return [solve_pixel(*task) for task in tasks]


def solve_pixel(f: int, m: int, angles: Array, fraction: float) -> Pixel:
    """The pixel of one triangle at one radius."""
    from convexden.analysis.virtual_points import virtual_points
    from convexden.solving.interpolation import solve
    from convexden.theorems import face_aligned

    sines = np.sin(np.deg2rad(angles))
    points, radius = data.triangle(angles.tolist()), fraction * float(sines[0] * sines[1])
    problem = denoising(points, radius=radius)
    conjectured = face_aligned.closed_form(points, radius).cost
    solution = solve(problem, tolerance=COST_RTOL)
    found = structure(problem, solution.network)
    if found.name == "tilted" and found.tilt < TILTED_RAD:
        other = solve(problem, tolerance=COST_RTOL, method="central-path")
        solution, found = min(
            (solution, found),
            (other, structure(problem, other.network)),
            key=lambda pair: (not pair[0].certified, pair[1].tilt),
        )
    return Pixel(
        f,
        m,
        solution.certified,
        solution.cost,
        solution.lower_bound,
        conjectured,
        STRUCTURES.index(found.name),
        found.tilt,
        len(virtual_points(problem, solution.network)),
    )
