"""Processor time of the verification in the plane by N, and of 60 small problems.

``python benchmarks/verification.py`` prints them, the least of several runs each.  Only what every
version has is used: to compare two, run it in the folder of one after that of the other, a few
times in alternation, because the machine's speed drifts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import pdist

import convexden as cd

# Sites, and how often the verification is repeated.
RUNS = {6: 40, 12: 40, 40: 10, 200: 3}
SMALL = 60
SMALL_RUNS = 3


def least(run: Callable[[], object], times: int) -> float:
    """Processor milliseconds of the fastest of several runs; the first does not count."""
    run()
    found = []
    for _ in range(times):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return 1e3 * min(found)


def box(count: int) -> cd.Interpolation:
    """Balls in a box, a fifth of the smallest distance in radius, with random targets."""
    rng = np.random.default_rng(count)
    points = rng.random((count, 2))
    return cd.Interpolation(points, rng.standard_normal((count, 2)), 0.2 * pdist(points).min())


def small(number: int, rng: np.random.Generator) -> cd.Interpolation:
    """Three to six sites: by turns balls that map to their centers, samples, and both."""
    points = rng.standard_normal((int(rng.integers(3, 7)), 2))
    closest = float(pdist(points).min())
    targets = rng.standard_normal(points.shape)
    if number % 3 == 0:
        return cd.denoising(points, radius=rng.uniform(0.05, 0.4) * closest)
    every_other = np.where(np.arange(len(points)) % 2, 0.2 * closest, 0.0)
    return cd.Interpolation(points, targets, 0.0 if number % 3 == 1 else every_other)


def main() -> None:
    """Print one line a size, and one for the small problems."""
    print(f"{'':<26}{'solve ms':>10}{'verify ms':>11}  certified")
    for count, runs in RUNS.items():
        solution = cd.solve(box(count))
        spent = least(lambda solved=solution: cd.verify_certificate(solved), runs)
        print(f"{f'N = {count}':<26}{'':>10}{spent:11.1f}  {solution.certified}", flush=True)
    rng = np.random.default_rng(0)
    problems = [small(number, rng) for number in range(SMALL)]
    solutions = [cd.solve(problem) for problem in problems]
    solving = least(lambda: [cd.solve(problem) for problem in problems], SMALL_RUNS)
    checking = least(lambda: [cd.verify_certificate(each) for each in solutions], SMALL_RUNS)
    certified = sum(solution.certified for solution in solutions)
    print(f"{f'{SMALL} small problems':<26}{solving:10.0f}{checking:11.0f}  {certified}")


if __name__ == "__main__":
    main()
