"""Samples under other costs: certified, against all activation patterns, and how long it takes.

`python -m benchmarks.costs` solves random samples under every variant of the cost, with one output
and with two, and compares those of one output with the convex program over all 2^N activation
patterns (Pilanci and Ergen 2020, arXiv 2002.10553), which shares no code with the solver.  On the
line the closed forms are compared with a linear program over a dense grid of kinks.
"""

from __future__ import annotations

import argparse
import os
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported

import numpy as np  # noqa: E402

import convexden as cd  # noqa: E402
from benchmarks.all_patterns import all_patterns, scattered  # noqa: E402
from benchmarks.dense_line import COSTS, dense, random_line  # noqa: E402

KAPPA = 0.7
ORIGIN = (0.3, -0.2, 0.5, 0.1)
SIZES = ((7, 1), (7, 2), (6, 3))  # samples and inputs whose 2^N patterns take a second
TIMED = (("20 samples in the plane", 20, 2), ("10 samples in space", 10, 3), ("8 in R^4", 8, 4))


def variants(d: int) -> dict[str, cd.Cost]:
    """The costs of VARIANTS: with and without skip connection and offset, in both norms."""
    origin = ORIGIN[:d]
    return {
        "no skip": cd.Cost(skip=False),
        "bias": cd.Cost(bias=KAPPA, origin=origin),
        "bias, no skip": cd.Cost(skip=False, bias=KAPPA, origin=origin),
        "bias, no offset": cd.Cost(bias=KAPPA, offset=False),
        "bias, neither": cd.Cost(skip=False, bias=KAPPA, offset=False),
        "l1": cd.Cost(norm="l1"),
        "l1, no skip": cd.Cost(skip=False, norm="l1"),
        "l1, bias": cd.Cost(bias=KAPPA, norm="l1", origin=origin),
        "l1, bias, no skip": cd.Cost(skip=False, bias=KAPPA, norm="l1", origin=origin),
        "l1, bias, neither": cd.Cost(skip=False, bias=KAPPA, norm="l1", offset=False),
    }


def compare(seeds: int) -> None:
    """Every variant, sizes and seeds; the largest gap and the largest difference."""
    print("variant            problems  certified  largest gap  largest difference  s, median")
    solved = certified = 0
    for name in variants(1):
        gaps, differences, seconds, good = [], [], [], 0
        for count, d in SIZES:
            for p in (1, 2):
                for seed in range(seeds):
                    problem = scattered(count, d, p, seed, variants(d)[name])
                    began = time.process_time()
                    solution = cd.solve(problem)
                    seconds.append(time.process_time() - began)
                    good += solution.certified
                    gaps.append(solution.relative_gap)
                    if p == 1:
                        differences.append(abs(all_patterns(problem) / solution.cost - 1))
        solved, certified = solved + len(gaps), certified + good
        print(
            f"{name:<18} {len(gaps):>8}  {good:>9}  {max(gaps):>11.1e}  {max(differences):>18.1e}"
            f"  {np.median(seconds):>9.2f}"
        )
    print(f"together           {solved:>8}  {certified:>9}")


def timed(seeds: int) -> None:
    """How long the larger ones take, processor seconds with the verification."""
    print("\nsamples                  variant             largest gap  s, median  s, longest")
    for title, count, d in TIMED:
        for name, cost in variants(d).items():
            gaps, seconds = [], []
            for seed in range(seeds):
                problem = scattered(count, d, 1 + seed % 2, seed, cost)
                began = time.process_time()
                solution = cd.solve(problem)
                seconds.append(time.process_time() - began)
                gaps.append(solution.relative_gap if solution.certified else 1.0)
            print(
                f"{title:<24} {name:<18} {max(gaps):>12.1e}  {np.median(seconds):>9.2f}  "
                f"{max(seconds):>10.2f}"
            )


def line(count: int) -> None:
    """Closed forms on the line, so many random problems under every weight of a kink."""
    print(
        "\nline, cost                                        problems  certified  largest gap  off"
    )
    for cost in COSTS:
        rng = np.random.default_rng(0)
        gaps, differences, certified = [], [], 0
        for index in range(count):
            problem = random_line(rng, cost, index)
            solution = cd.solve(problem)
            certified += solution.certified
            gaps.append(solution.relative_gap)
            differences.append(abs(dense(problem, solution.network) / solution.cost - 1))
        print(
            f"{cost.description:<50} {count:>7}  {certified:>9}  {max(gaps):>11.1e}  "
            f"{max(differences):.1e}"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    parser.add_argument("--seeds", type=int, default=6, help="of each variant and size [6]")
    parser.add_argument("--timed", type=int, default=4, help="problems of each larger size [4]")
    parser.add_argument("--line", type=int, default=60, help="problems of each on the line [60]")
    options = parser.parse_args()
    cd.solve(cd.Interpolation([[0, 0], [1, 0], [0, 1]], [1, 2, 4], cost=cd.Cost(skip=False)))
    compare(options.seeds)
    timed(options.timed)
    line(options.line)


if __name__ == "__main__":
    main()
