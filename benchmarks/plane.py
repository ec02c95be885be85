"""Figures for problems on lines and planes; `python benchmarks/plane.py` prints them all.

Sections: random, box, methods, masters, samples, noisy, startup; name some to run only those.  The
machine's speed drifts, so the times of the box problems come with the time of one restricted
master over the hinges of the optimum, taken in the same run.  `--output FILE` also writes the
tables to a file.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist

import convexden as cd
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.feasibility import check_feasible
from convexden.solvers.methods.row_generation import solve_sites
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solvers.programs.restricted_master import solve_dual


def random() -> Iterator[str]:
    """300 random problems: are all certified to 1e-8?"""
    kinds: dict[str, Callable[[np.random.Generator], cd.Interpolation]] = {
        "balls": _random_balls,
        "samples": _random_samples,
        "mixed": _random_mixed,
    }
    yield f"{'kind':<10}{'count':>6}{'certified':>11}{'worst gap':>11}{'median s':>10}{'max s':>8}"
    for kind, draw in kinds.items():
        generator = np.random.default_rng(2311)
        solutions = [cd.solve(draw(generator)) for _ in range(100)]
        seconds = [solution.seconds for solution in solutions]
        yield (
            f"{kind:<10}{len(solutions):6d}{sum(s.certified for s in solutions):11d}"
            f"{max(s.relative_gap for s in solutions):11.1e}"
            f"{statistics.median(seconds):10.3f}{max(seconds):8.2f}"
        )


def box() -> Iterator[str]:
    """Random points in a box, radius 0.2 of half the smallest distance: how time grows with N."""
    yield (
        f"{'N':>5}{'certified':>11}{'gap':>9}{'neurons':>9}{'rounds':>8}{'seconds':>9}"
        f"{'master':>9}{'ratio':>7}{'growth':>8}"
    )
    last: tuple[int, float] | None = None
    for count in (10, 20, 40, 80, 120, 200, 300, 500):
        points = np.random.default_rng(100).random((count, 2))
        problem = cd.denoising(points, radius=0.2 * pdist(points).min() / 2)
        solution = cd.solve(problem)
        master = _final_master(problem)
        power = (
            0.0 if last is None else np.log(solution.seconds / last[1]) / np.log(count / last[0])
        )
        yield (
            f"{count:5d}{'yes' if solution.certified else 'NO':>11}{solution.relative_gap:9.1e}"
            f"{solution.neurons:9d}{solution.iterations:8d}{solution.seconds:9.2f}"
            f"{master:9.3f}{solution.seconds / master:7.1f}{f'N^{power:.1f}' if last else '':>8}"
        )
        last = (count, solution.seconds)


def methods() -> Iterator[str]:
    """The central path against column generation: processor seconds, in turn in one run."""
    small = [
        draw(np.random.default_rng(k))
        for k in range(20)
        for draw in (_random_balls, _random_samples, _random_mixed)
    ]
    problems = {"60 small problems": small}
    problems |= {f"box, N = {count}": [_box(count)] for count in (10, 20, 40, 80, 120)}
    for count, outputs in ((100, 1), (100, 2), (150, 2)):
        generator = np.random.default_rng(0)
        points, targets = generator.random((count, 2)), generator.standard_normal((count, outputs))
        name = f"{count} samples, targets in R^{outputs}"
        problems[name] = [cd.Interpolation(points, targets)]
    names = ("column-generation", "central-path")
    yield (
        f"{'problem':<28}"
        + "".join(f"{name:>19}" for name in names)
        + (f"{'ratio':>8}{'certified':>12}{'costs differ by':>17}")
    )
    for name, several in problems.items():
        seconds, solutions = [], []
        for method in names:
            started = time.process_time()
            solutions.append([cd.solve(problem, method=method) for problem in several])
            seconds.append(time.process_time() - started)
        certified = [sum(solution.certified for solution in found) for found in solutions]
        pairs = [(one.cost, other.cost) for one, other in zip(*solutions, strict=True)]
        apart = max(abs(one - other) / max(one, 1e-9) for one, other in pairs)
        yield (
            f"{name:<28}{seconds[0]:19.2f}{seconds[1]:19.2f}{seconds[0] / seconds[1]:8.2f}"
            f"{f'{certified[0]} / {certified[1]}':>12}{apart:17.1e}"
        )


def masters() -> Iterator[str]:
    """Does the direct path to Clarabel pay?  Whole solves with it and through CVXPY, in turn."""
    yield f"{'problem':<16}{'direct s':>10}{'cvxpy s':>10}{'ratio':>8}{'costs differ by':>17}"
    for count in (3, 12, 20, 40):
        points = np.random.default_rng(100).random((count, 2))
        problem = cd.denoising(points, radius=0.2 * pdist(points).min() / 2)
        by = partial(cd.solve, problem, method="column-generation")
        by(master="cvxpy")  # imports, once
        pairs = [(by(), by(master="cvxpy")) for _ in range(3)]
        direct = statistics.median(first.seconds for first, _ in pairs)
        modeled = statistics.median(second.seconds for _, second in pairs)
        difference = max(abs(first.cost / second.cost - 1) for first, second in pairs)
        yield (
            f"{f'box, N = {count}':<16}{direct:10.3f}{modeled:10.3f}"
            f"{modeled / direct:8.1f}{difference:17.1e}"
        )


def samples() -> Iterator[str]:
    """Noisy clusters round an equilateral triangle, and samples with random targets."""
    yield f"{'problem':<34}{'certified':>11}{'gap':>9}{'neurons':>9}{'seconds':>9}"
    problems = {f"clusters, {n} samples": _clusters(n) for n in (300, 3000, 9000)}
    for n, p in ((60, 1), (60, 2), (200, 1), (200, 2)):
        generator = np.random.default_rng(0)
        points, targets = generator.standard_normal((n, 2)), generator.standard_normal((n, p))
        problems[f"random targets in R^{p}, {n} samples"] = cd.Interpolation(points, targets)
    for name, problem in problems.items():
        solution = cd.solve(problem)
        yield (
            f"{name:<34}{'yes' if solution.certified else 'NO':>11}{solution.relative_gap:9.1e}"
            f"{solution.neurons:9d}{solution.seconds:9.2f}"
        )


def noisy() -> Iterator[str]:
    """Noisy samples of clean points in a box: clusters overlap, and most samples are active."""
    yield (
        f"{'problem':<34}{'certified':>11}{'cost':>16}{'gap':>9}{'active':>8}{'neurons':>9}"
        f"{'seconds':>9}{'cpu s':>9}"
    )
    cases = [
        (clusters, each, noise)
        for clusters, each in ((5, 20), (10, 20), (10, 50), (10, 100))
        for noise in (0.05, 0.02, 0.01)
    ]
    for clusters, each, noise in cases:
        problem = _noisy_box(clusters, each, noise)
        started = time.process_time()
        solution = cd.solve(problem)
        name = f"{clusters} x {each}, sigma {noise}"
        active = np.count_nonzero(np.abs(solution.certificate.values).sum(axis=1))
        yield (
            f"{name:<34}{'yes' if solution.certified else 'NO':>11}{solution.cost:16.9f}"
            f"{solution.relative_gap:9.1e}{active:8d}{solution.neurons:9d}"
            f"{solution.seconds:9.1f}{time.process_time() - started:9.1f}"
        )


def startup() -> Iterator[str]:
    """Best of five starts of a fresh interpreter."""
    commands = {
        "python -c pass": ["-c", "pass"],
        "import convexden": ["-c", "import convexden"],
        "convexden --help": ["-m", "convexden", "--help"],
    }
    yield f"{'command':<34}{'seconds':>9}"
    for name, arguments in commands.items():
        times = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - started)
        yield f"{name:<34}{min(times):9.2f}"


def _box(count: int) -> cd.Interpolation:
    points = np.random.default_rng(100).random((count, 2))
    return cd.denoising(points, radius=0.2 * pdist(points).min() / 2)


def _random_balls(generator: np.random.Generator) -> cd.Interpolation:
    points = generator.standard_normal((int(generator.integers(3, 13)), 2))
    radius = generator.uniform(0.01, 0.95) * _largest_radius(points)
    return cd.denoising(points, radius=radius)


def _random_samples(generator: np.random.Generator) -> cd.Interpolation:
    count, outputs = int(generator.integers(4, 16)), int(generator.integers(1, 4))
    points = generator.standard_normal((count, 2))
    return cd.Interpolation(points, generator.standard_normal((count, outputs)))


def _random_mixed(generator: np.random.Generator) -> cd.Interpolation:
    count = int(generator.integers(3, 13))
    points = generator.random((count, 2))
    radii = generator.uniform(0.01, 0.95, count) * _largest_radius(points)
    radii[generator.random(count) < 0.4] = 0.0
    return cd.Interpolation(points, generator.standard_normal((count, 2)), radii)


def _largest_radius(points: np.ndarray) -> float:
    """Largest common radius at which the balls can be interpolated, by bisection."""
    low, high = 0.0, pdist(points).min() / 2
    for _ in range(20):
        middle = (low + high) / 2
        reduced = Reduction.of(cd.denoising(points, radius=middle)).problem
        try:
            check_feasible(constraints_of(reduced), PlanePricing(reduced))
            low = middle
        except (cd.InfeasibleProblem, cd.NotCertified):
            high = middle
    return low


def _clusters(count: int) -> cd.Interpolation:
    generator = np.random.default_rng(1)
    angles = np.pi / 2 + 2 * np.pi * np.arange(3) / 3
    clean = np.column_stack([np.cos(angles), np.sin(angles)])
    distance = 0.2 * np.sqrt(generator.random((3, count // 3)))
    turn = 2 * np.pi * generator.random((3, count // 3))
    noise = np.stack([distance * np.cos(turn), distance * np.sin(turn)], axis=-1)
    return cd.denoising(clean, noisy=clean[:, None] + noise)


def _noisy_box(clusters: int, each: int, noise: float) -> cd.Interpolation:
    generator = np.random.default_rng(0)
    clean = generator.random((clusters, 2))
    samples = clean[:, None] + noise * generator.standard_normal((clusters, each, 2))
    return cd.denoising(clean, noisy=samples)


def _final_master(problem: cd.Interpolation) -> float:
    """Seconds of one restricted master over the hinges of the optimum, to its full accuracy."""
    reduced = Reduction.of(problem).problem
    network = solve_sites(reduced, 1e-8).network
    assert network is not None
    constraints, pricing = constraints_of(reduced), PlanePricing(reduced)
    plain = pricing.hinges(np.zeros(network.neurons, dtype=np.intp), np.zeros(network.neurons))
    hinges = type(plain)(
        network.input_weights,
        network.biases,
        network.input_weights @ reduced.centers.T + network.biases[:, None] > 0,
        plain.pivots,
        plain.faces,
        plain.free,
    )
    columns = constraints.features(hinges)
    started = time.perf_counter()
    solve_dual(columns, constraints.targets, 100.0, 1e-8)
    return time.perf_counter() - started


SECTIONS = {f.__name__: f for f in (random, box, methods, masters, samples, noisy, startup)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    cd.solve(cd.denoising([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], radius=0.1))  # imports, once
    lines: list[str] = []
    for name in arguments.sections or SECTIONS:
        for line in chain(("", f"{name}: {SECTIONS[name].__doc__}", ""), SECTIONS[name]()):
            print(line, flush=True)
            lines.append(line)
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
