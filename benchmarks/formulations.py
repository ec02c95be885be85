"""Figures for the literature's convex programs; `python benchmarks/formulations.py` prints them.

Sections: agreement, patterns, naive; name some to run only those.  All of them take about four
minutes.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Iterator
from itertools import count
from math import comb

import cvxpy as cp
import numpy as np
from scipy.spatial.distance import pdist

import convexden as cd
from convexden.errors import NotSupported, TooLarge

Array = np.ndarray

INSTANCES = 50
EXACT, ROUNDING = 1e-6, 1e-9  # of the optimum: an exact program's share, a bound's


def instance(number: int) -> cd.Interpolation:
    """A random problem: balls, samples or both, with one target dimension in half of the cases."""
    rng = np.random.default_rng([6, number])
    dimension = 2 + number // 3 % 2
    sites = int(rng.integers(dimension + 2, 8))
    outputs = 1 if number % 2 else int(rng.integers(2, 4))
    points = rng.normal(size=(sites, dimension))
    contact = pdist(points).min() / 2
    share = {0: np.zeros(sites), 1: np.full(sites, rng.uniform(0.05, 0.7))}.get(
        number % 3, rng.uniform(0.05, 0.7, sites) * (np.arange(sites) % 2)
    )
    return cd.Interpolation(points, rng.normal(size=(sites, outputs)), share * contact)


def agreement() -> Iterator[str]:
    """Every formulation against the certified optimum, on the first 50 random problems it suits.

    above and below: by how much its upper and its lower bound are off, relative to the optimum;
    agrees: exact ones to 1e-6 on both sides, bounds on their side.
    """
    yield (
        f"{'formulation':<20}{'kind':<13}{'problems':>9}{'agrees':>8}{'above, median':>15}"
        f"{'worst':>9}{'below, median':>15}{'worst':>9}{'median s':>10}"
    )
    optima: dict[int, cd.Solution] = {}
    for entry in cd.formulations.registry.values():
        above, below, seconds, agrees = [], [], [], 0
        for number in suited(entry):
            if number not in optima:
                optima[number] = cd.solve(instance(number))
                assert optima[number].certified
            optimum = optima[number]
            started = time.perf_counter()
            reading = entry.build(optimum.problem).solve()
            seconds.append(time.perf_counter() - started)
            over = reading.cost / optimum.cost - 1
            under = 1 - reading.lower_bound / optimum.cost
            above.append(over)
            below.append(under)
            right = over >= -ROUNDING and under >= -ROUNDING
            agrees += right and (entry.kind != "exact" or max(over, under) <= EXACT)
        yield (
            f"{entry.name:<20}{entry.kind:<13}{len(seconds):9d}{agrees:8d}"
            f"{spread(above, entry.kind != 'lower bound')}"
            f"{spread(below, entry.kind != 'upper bound')}{statistics.median(seconds):10.2f}"
        )


def suited(entry: cd.formulations.Formulation) -> Iterator[int]:
    found = 0
    for number in count():
        try:
            entry.check(instance(number))
        except (NotSupported, TooLarge):
            continue
        yield number
        found += 1
        if found == INSTANCES:
            return


def spread(shares: list[float], wanted: bool) -> str:
    """Median and worst, to rounding."""
    if not wanted:
        return f"{'-':>15}{'-':>9}"
    shares = [max(0.0, share) for share in shares]
    return f"{statistics.median(shares):15.1e}{max(shares):9.1e}"


def patterns() -> Iterator[str]:
    """How long does it take to list all activation patterns?"""
    yield f"{'d':>2}{'N':>5}{'position':>12}{'patterns':>10}{'in general':>12}{'seconds':>9}"
    rng = np.random.default_rng(0)
    for dimension, sites in [(2, 9), (2, 15), (2, 30), (2, 90), (2, 300), (3, 9), (3, 15), (3, 60)]:
        yield listed(rng.normal(size=(sites, dimension)), "random")
    for shape in [(5, 5), (9, 9), (3, 3, 3), (4, 4, 4)]:
        yield listed(np.array(list(np.ndindex(*shape)), dtype=float), "lattice")


def listed(points: Array, position: str) -> str:
    sites, dimension = points.shape
    started = time.perf_counter()
    number = len(cd.formulations.activation_patterns(points))
    seconds = time.perf_counter() - started
    general = 2 * sum(comb(sites - 1, k) for k in range(dimension + 1))
    return f"{dimension:2d}{sites:5d}{position:>12}{number:10d}{general:12d}{seconds:9.3f}"


def naive() -> Iterator[str]:
    """90 samples of the plane with one output: the program of the literature in full, and here.

    naive: all patterns, two cones each with all constraints, by Clarabel as CVXPY calls it; off:
    its value, relative to the certified optimum.
    """
    yield (
        f"{'samples':<16}{'method':<22}{'status':>14}{'off':>10}{'gap':>9}{'seconds':>9}{'ratio':>8}"
    )
    for name, problem in (("three clusters", clusters()), ("random targets", scattered())):
        solution = cd.solve(problem)
        cd.solve(problem)  # the second time nothing is loaded
        solution = cd.solve(problem)
        yield row(name, "cd.solve", solution, solution.cost, solution.seconds, solution)
        exact = cd.solve(problem, method="scalar-exact")
        yield row(name, "scalar-exact", exact, exact.cost, exact.seconds, solution)
        started = time.perf_counter()
        status, value = full_program(problem.centers, problem.targets[:, 0])
        yield row(name, "naive", status, value, time.perf_counter() - started, solution)


def row(
    name: str,
    method: str,
    found: cd.Solution | str,
    value: float,
    seconds: float,
    solution: cd.Solution,
) -> str:
    status, gap = (found, "-") if isinstance(found, str) else (found.status, found.relative_gap)
    shown = gap if isinstance(gap, str) else f"{gap:.1e}"
    off = abs(value / solution.cost - 1)
    return (
        f"{name:<16}{method:<22}{status:>14}{off:10.1e}{shown:>9}{seconds:9.2f}"
        f"{seconds / solution.seconds:8.0f}"
    )


def clusters() -> cd.Interpolation:
    """30 samples round each corner of an acute triangle, labeled by the corner."""
    clean = np.array([[0.0, 0.0], [2.0, 0.0], [0.8, 1.6]])
    noisy = cd.data.noisy_samples(clean, radius=0.2, samples=30, seed=1)
    return cd.Interpolation(noisy.reshape(-1, 2), np.repeat([0.0, 1.0, 3.0], 30))


def scattered() -> cd.Interpolation:
    rng = np.random.default_rng(90)
    return cd.Interpolation(rng.normal(size=(90, 2)), rng.normal(size=90))


def full_program(points: Array, targets: Array) -> tuple[str, float]:
    """Pilanci & Ergen 2020 as they write it, with a bias, a skip connection and an offset."""
    rows = np.column_stack([points, np.ones(len(points))])
    active = cd.formulations.activation_patterns(points)
    signs = np.where(active, 1.0, -1.0).T
    plus, minus = cp.Variable((3, len(active))), cp.Variable((3, len(active)))
    affine = cp.Variable(3)
    output = cp.sum(cp.multiply(active.T, rows @ (plus - minus)), axis=1) + rows @ affine
    cost = cp.sum(cp.norm(plus[:2], 2, axis=0)) + cp.sum(cp.norm(minus[:2], 2, axis=0))
    program = cp.Problem(
        cp.Minimize(cost),
        [
            output == targets,
            cp.multiply(signs, rows @ plus) >= 0,
            cp.multiply(signs, rows @ minus) >= 0,
        ],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it says itself that it is inaccurate
        program.solve(solver=cp.CLARABEL)
    return program.status.replace("optimal_", ""), float(program.value)


SECTIONS = {f.__name__: f for f in (agreement, patterns, naive)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", choices=[[], *SECTIONS])
    chosen = parser.parse_args().sections or SECTIONS
    cd.formulations.get("scalar-exact").build(instance(1)).solve()  # imports, once
    for name in chosen:
        print(f"{name}: {SECTIONS[name].__doc__.splitlines()[0]}\n")
        for line in SECTIONS[name]():
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
