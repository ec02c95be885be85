"""Acute triangles: the theorem and the program over twelve hinges on random ones.

    python -m benchmarks.triangles [--count 10000] [--seed 0]

Every triangle is solved over the twelve hinges and verified; every tenth is solved by column
generation as well, and those within the range of the theorem are compared with its closed form.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import convexden as cd
from convexden.certificate import Certificate
from convexden.errors import ConvexdenError, InvalidProblem
from convexden.geometry.triangle import Triangle
from convexden.reduction import Reduction
from convexden.solvers.triangle.solver import solve_triangle
from convexden.theorems import acute_triangle
from convexden.verification import verify

Array = NDArray[np.float64]

# Gap up to which the twelve hinges are enough, and every how manieth triangle is solved.
ENOUGH = 1e-9
EVERY = 10


def triangles(count: int, seed: int) -> Iterator[tuple[Array, float]]:
    """Random acute triangles with angles from 8 to 89.9 degrees, and radii: uniform in the range,
    next to half the least height, or tiny."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        angles = np.full(3, 90.0)
        while angles.min() < 8 or angles.max() > 89.9:
            angles = 180 * rng.dirichlet(np.ones(3))
        points = cd.data.triangle(angles.tolist())
        share = [rng.uniform(0.01, 0.99), 1 - 10 ** rng.uniform(-4, -1), 10 ** rng.uniform(-5, -1)]
        yield points, share[k % 3] * Triangle.of(points).heights.min() / 2


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call returns, and the processor time in milliseconds."""
    started = time.process_time()
    found = call()
    return found, 1e3 * (time.process_time() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed, gaps, twelve, full, closed, differences = 0, [], [], [], [], []
    for k, (points, radius) in enumerate(triangles(options.count, options.seed)):
        problem = cd.denoising(points, radius=radius)
        reduction = Reduction.of(problem)
        try:
            found, elapsed = timed(partial(solve_triangle, reduction.problem))
        except ConvexdenError as error:
            failed += 1
            print(f"{points.tolist()}, radius {radius!r}: {error}", flush=True)
            continue
        twelve.append(elapsed)
        certificate = Certificate(
            found.values, found.jacobians, 0.0, found.pricing_maximum, found.pricing
        )
        gap = verify(reduction.problem, found.network, certificate).relative_gap
        gaps.append(gap)
        if gap > ENOUGH:
            failed += 1
            print(f"{points.tolist()}, radius {radius!r}: gap {gap:.1e}", flush=True)
        if k % EVERY == 0:
            solution, elapsed = timed(partial(cd.solve, problem))
            full.append(elapsed)
            try:
                claim, elapsed = timed(partial(acute_triangle.closed_form, points, radius))
            except InvalidProblem:
                continue
            closed.append(elapsed)
            differences.append(abs(claim.cost / solution.cost - 1))
    print(
        f"{options.count} acute triangles: {failed} not solved over twelve hinges, "
        f"largest gap {max(gaps):.1e}\n"
        f"median: twelve hinges {np.median(twelve):.1f} ms, solve {np.median(full):.1f} ms, "
        f"closed form {np.median(closed):.1f} ms\n"
        f"{len(closed)} of {len(full)} in the range of the theorem: costs differ by "
        f"{max(differences):.1e} at most"
    )


if __name__ == "__main__":
    main()
