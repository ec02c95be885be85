"""Figures for proofs in rational numbers; `python benchmarks/proofs.py` prints them.

Random balls around normal points, of a radius up to 99 % of contact, random simplices, and
scikit-learn's digits.  Seconds are processor time: of `solve`, of `prove`, and of the checker.
Name rows to run only those; set OMP_NUM_THREADS=1 for one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

import convexden as cd
from convexden.proofs import checker
from convexden.proofs.prove import prove_infeasible


class Row(NamedTuple):
    """Problems of one kind, and the width that is asked for."""

    problems: Callable[[], Iterator[cd.Interpolation]]
    width: float


def balls(
    seed: int, count: int, sites: tuple[int, int], dimension: int
) -> Iterator[cd.Interpolation]:
    """Balls around random points: so many problems, of so many sites."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        points = rng.normal(size=(int(rng.integers(sites[0], sites[1] + 1)), dimension))
        distances = np.linalg.norm(points[:, None] - points, axis=2)
        least = distances[np.triu_indices(len(points), 1)].min()
        yield cd.denoising(points, radius=rng.uniform(0.02, 0.99) * least / 2)


def simplices(seed: int, count: int) -> Iterator[cd.Interpolation]:
    """Random simplices of three to five dimensions."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        dimension = 3 + k % 3
        yield from balls(int(rng.integers(2**31)), 1, (dimension + 1, dimension + 1), dimension)


def digits(count: int) -> Iterator[cd.Interpolation]:
    """The first of scikit-learn's digits, with balls of 30 % of contact."""
    from sklearn.datasets import load_digits

    images = load_digits().data[:count] / 16
    distances = np.linalg.norm(images[:, None] - images, axis=2)
    yield cd.denoising(images, radius=0.15 * distances[np.triu_indices(count, 1)].min())


ROWS = {
    "plane-12": Row(lambda: balls(0, 100, (3, 12), 2), 1e-10),
    "plane-40": Row(lambda: balls(1, 3, (40, 40), 2), 1e-10),
    "space-6": Row(lambda: balls(2, 10, (4, 6), 3), 1e-6),
    "four-dimensions": Row(lambda: balls(3, 6, (5, 6), 4), 1e-6),
    "simplices": Row(lambda: simplices(4, 40), 1e-6),
    "tetrahedra": Row(lambda: balls(5, 10, (4, 4), 3), 1e-8),
    "digits-4": Row(lambda: digits(4), 1e-6),
    "digits-4-sharp": Row(lambda: digits(4), 1e-8),
    "digits-6": Row(lambda: digits(6), 1e-6),
}


def figures(row: Row) -> str:
    """Prove all problems of a row."""
    seconds, proven, infeasible, total, widths, reasons = [], 0, 0, 0, [], []
    for problem in row.problems():
        total += 1
        clock = [time.process_time()]
        try:
            solution = cd.solve(problem)
        except cd.InfeasibleProblem as error:
            clock.append(time.process_time())
            proof = prove_infeasible(problem, error.proof)
        except cd.NotCertified as error:
            reasons.append(str(error))
            continue
        else:
            clock.append(time.process_time())
            proof = cd.prove(solution, row.width, time_limit=120)
        clock.append(time.process_time())
        proven += proof.proven and proof.kind != "infeasible"
        infeasible += proof.proven and proof.kind == "infeasible"
        if proof.document is not None:
            checker.check(json.loads(json.dumps(proof.to_dict())))
            widths.append(proof.relative_width)
        clock.append(time.process_time())
        seconds.append(np.diff(clock))
        if proof.reason:
            reasons.append(proof.reason)
    columns = np.array(seconds).T
    times = "".join(f"{np.median(part):9.2f}{part.max():9.2f}" for part in columns)
    lines = [f"{total:6d}{proven:8d}{infeasible:12d}{max(widths, default=0):9.0e}{times}"]
    return "\n".join([*lines, *(f"    {reason[:120]}" for reason in reasons)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    rows = parser.parse_args().rows or list(ROWS)
    print(f"{'':<16}{'total':>6}{'proven':>8}{'infeasible':>12}{'width':>9}", end="")
    print("".join(f"{name:>9}{'most':>9}" for name in ("solve s", "prove s", "check s")))
    for name in rows:
        print(f"{name:<16}{figures(ROWS[name])}", flush=True)


if __name__ == "__main__":
    main()
