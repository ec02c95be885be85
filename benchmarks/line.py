"""Figures for many points on a line; `python benchmarks/line.py` prints them.

Random points in [0, 1]: samples with normal targets, balls with normal targets and balls that are
mapped to their centers (denoising), of radius 0.1 of the smallest gap.  Name numbers of points to
run only those; set OMP_NUM_THREADS=1 for one thread.  A million points take about three minutes.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

import convexden as cd

KINDS = ("samples", "balls", "denoising")


def row(count: int, kind: str, outputs: int) -> str:
    """Solve one problem, verification included."""
    rng = np.random.default_rng(count)
    points = rng.random(count)
    radius = 0.0 if kind == "samples" else 0.1 * np.diff(np.sort(points)).min()
    targets = points if kind == "denoising" else rng.normal(size=(count, outputs))
    started = time.process_time()
    solution = cd.solve(cd.Interpolation(points, targets, radius), 1e-10)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{count:8d} {kind:<10}{outputs:2d} {solution.status:>14}{solution.relative_gap:9.1e}"
        f"{solution.neurons:9d}{seconds:9.2f}{peak:9.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=float, metavar="N")
    counts = parser.parse_args().counts or [300, 1000, 30000, 1e6]
    print(f"{'N':>8} {'kind':<10}{'p':>2} {'status':>14}{'gap':>9}{'neurons':>9}", end="")
    print(f"{'cpu s':>9}{'peak MB':>9}")
    for count in counts:
        for kind in KINDS:
            for outputs in (1, 3) if kind != "denoising" and count < 1e6 else (1,):
                print(row(int(count), kind, outputs), flush=True)


if __name__ == "__main__":
    main()
