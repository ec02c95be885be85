"""Figures for few sites in many dimensions; `python benchmarks/few_sites.py` prints them.

Sections: images, simplices, space, methods, bounds, edges, files, patterns; name some to run only
those.  Set OMP_NUM_THREADS=1 for one thread.  All but the last, which has to be named, take about
ten minutes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import zoom
from scipy.spatial.distance import pdist

import convexden as cd
from convexden.data import regular_simplex
from convexden.errors import InfeasibleProblem

Array = np.ndarray


def images() -> Iterator[str]:
    """The first N of scikit-learn's digits, radius 0.05 of their smallest distance."""
    yield f"{'N':>3}{'status':>12}{'gap':>9}{'neurons':>9}{'rounds':>8}{'seconds':>9}{'peak GB':>9}"
    for count in (3, 4, 5, 6, 7, 8, 9, 10, 11):
        solution = cd.solve(_digits(count))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        yield (
            f"{count:3d}{solution.status:>12}{solution.relative_gap:9.1e}{solution.neurons:9d}"
            f"{solution.iterations:8d}{solution.seconds:9.2f}{peak:9.2f}"
        )


def patterns() -> Iterator[str]:
    """Twelve digits, priced by patterns: processor seconds of the solution and of its check."""
    yield f"{'N':>3}{'status':>12}{'cost':>17}{'gap':>9}{'leaves':>8}{'seconds':>9}{'check':>8}"
    problem = _digits(12)
    started = time.process_time()
    solution = cd.solve(problem)
    solved = time.process_time()
    cd.verify_certificate(solution)
    checked = time.process_time()
    leaves = solution.certificate.leaves
    yield (
        f"{12:3d}{solution.status:>12}{solution.cost:17.11f}{solution.relative_gap:9.1e}"
        f"{0 if leaves is None else len(leaves):8d}{solved - started:9.1f}{checked - solved:8.1f}"
    )


def simplices() -> Iterator[str]:
    """Random simplices, 14 of each kind and dimension, radius 5 to 90 % of contact.

    Of near-regular ones some are infeasible, with a proof: no hyperplane separates their balls.
    """
    yield (
        f"{'r':>2} {'kind':<14}{'count':>6}{'infeasible':>11}{'to 1e-8':>9}{'to 1e-10':>9}"
        f"{'worst gap':>11}{'median s':>10}{'max s':>8}"
    )
    everything: list[float] = []
    for dimension in (2, 3, 4, 5):
        for kind, draw in KINDS.items():
            solutions, infeasible = [], 0
            for k in range(14):
                generator = np.random.default_rng([dimension, k, len(kind)])
                points = draw(dimension, generator)
                radius = generator.uniform(0.05, 0.9) * pdist(points).min() / 2
                try:
                    solutions.append(cd.solve(cd.denoising(points, radius=radius)))
                except InfeasibleProblem:
                    infeasible += 1
            seconds = [solution.seconds for solution in solutions]
            everything += seconds
            yield (
                f"{dimension:2d} {kind:<14}{14:6d}{infeasible:11d}"
                f"{sum(s.certified for s in solutions):9d}"
                f"{sum(s.relative_gap <= 1e-10 for s in solutions):9d}"
                f"{max(s.relative_gap for s in solutions):11.1e}"
                f"{statistics.median(seconds):10.2f}{max(seconds):8.2f}"
            )
    yield f"median of all: {statistics.median(everything):.2f} s"


def space() -> Iterator[str]:
    """Gaussian sites in 3 dimensions, radius 0.3 of half their smallest distance."""
    yield f"{'N':>3}{'status':>12}{'gap':>9}{'neurons':>9}{'rounds':>8}{'seconds':>9}"
    for count in (8, 12, 15, 20, 25, 40):
        solution = cd.solve(_gaussian(count, 3))
        yield (
            f"{count:3d}{solution.status:>12}{solution.relative_gap:9.1e}{solution.neurons:9d}"
            f"{solution.iterations:8d}{solution.seconds:9.2f}"
        )


def flowers() -> Iterator[str]:
    """Twenty of Fisher's irises in four dimensions, every seventh, without repetitions."""
    from sklearn.datasets import load_iris

    iris = load_iris()
    chosen = np.arange(0, 140, 7)
    points, first = np.unique(iris.data[chosen], axis=0, return_index=True)
    species = iris.target[chosen][first]
    radius = 0.15 * pdist(points).min()
    problems = {
        "denoising": cd.denoising(points, radius=radius),
        "species of balls": cd.Interpolation(points, np.eye(3)[species], radius),
        "species of samples": cd.Interpolation(points, np.eye(3)[species], 0.0),
        "number of the species": cd.Interpolation(points, species[:, None].astype(float), 0.0),
    }
    yield f"{'targets':<24}{'N':>3}{'status':>12}{'gap':>9}{'cost':>13}{'neurons':>9}{'seconds':>9}"
    for name, problem in problems.items():
        started = time.process_time()
        found = cd.solve(problem)
        yield (
            f"{name:<24}{len(problem):3d}{found.status:>12}{found.relative_gap:9.1e}"
            f"{found.cost:13.6f}{found.neurons:9d}{time.process_time() - started:9.2f}"
        )


def methods() -> Iterator[str]:
    """The central path against column generation: processor seconds, in turn in one run."""
    groups = {f"simplices, r = {r}": [*_simplices(r)] for r in (3, 4, 5)}
    groups |= {f"digits, N = {count}": [_digits(count)] for count in (6, 7, 8)}
    groups |= {
        f"Gaussian in 3 dimensions, N = {count}": [_gaussian(count, 3)] for count in (8, 15, 25)
    }
    names = ("column-generation", "central-path")
    yield (
        f"{'problem':<34}{'count':>6}{'columns':>9}{'worst':>7}{'path':>9}{'worst':>7}{'ratio':>7}"
        f"{'worst gaps':>18}  costs differ by"
    )
    for group, problems in groups.items():
        seconds, gaps, apart = np.zeros((len(problems), 2)), np.zeros((len(problems), 2)), 0.0
        for k, problem in enumerate(problems):
            costs = []
            for j, name in enumerate(names):
                started = time.process_time()
                solution = cd.solve(problem, method=name)
                seconds[k, j] = time.process_time() - started
                gaps[k, j] = solution.relative_gap
                costs.append(solution.cost)
            apart = max(apart, abs(costs[0] / costs[1] - 1))
        old, new = seconds.sum(axis=0)
        worst = seconds.max(axis=0)
        yield (
            f"{group:<34}{len(problems):6d}{old:9.2f}{worst[0]:7.2f}{new:9.2f}{worst[1]:7.2f}"
            f"{old / new:7.2f}{gaps[:, 0].max():9.1e}{gaps[:, 1].max():9.1e}{apart:17.1e}"
        )


def bounds() -> Iterator[str]:
    """Ramps and the semidefinite program against the optimum: how wide is the sandwich?"""
    problems = {f"digits, N = {count}": _digits(count) for count in (4, 5, 6, 7)}
    problems["scalene triangle"] = cd.denoising(cd.data.triangle([50, 60, 70]), radius=0.1)
    problems["regular simplex, r = 4"] = cd.denoising(regular_simplex(4), radius=0.1)
    problems["Gaussian in 3 dimensions, N = 8"] = _gaussian(8, 3)
    yield f"{'problem':<34}{'ramps above':>12}{'bound below':>12}{'seconds':>9}"
    for name, problem in problems.items():
        optimum = cd.solve(problem)
        sandwich = cd.solve(problem, method="semidefinite")
        yield (
            f"{name:<34}{sandwich.cost / optimum.cost - 1:12.1e}"
            f"{1 - sandwich.lower_bound / optimum.cost:12.1e}{sandwich.seconds:9.2f}"
        )


def edges() -> Iterator[str]:
    """The edge bound, and ramps above it, for the first N digits: no pattern is priced."""
    yield f"{'N':>3}{'lower bound':>13}{'cost':>10}{'gap':>7}{'verified':>10}{'seconds':>9}"
    for count in (4, 8, 12, 16, 20, 30):
        problem, started = _digits(count), time.process_time()
        found = cd.solve(problem, method="edges")
        yield (
            f"{count:3d}{found.lower_bound:13.5f}{found.cost:10.5f}{found.relative_gap:7.1%}"
            f"{'yes' if found.verification.passed else 'no':>10}"
            f"{time.process_time() - started:9.2f}"
        )


def files() -> Iterator[str]:
    """Images by coefficients in their span: the size of the file, and processor seconds."""
    yield (
        f"{'images':<14}{'pixels':>8}{'MB':>8}{'solve':>8}{'save':>7}{'load':>7}{'verify':>8}"
        f"{'peak MB':>9}"
    )
    for count, size in ((8, 8), (5, 28), (5, 56)):
        points = cd.data.digits(range(count)).reshape(count, 8, 8)
        points = zoom(points, (1, size / 8, size / 8), order=1).reshape(count, -1)
        problem = cd.denoising(points, radius=0.05 * pdist(points).min())
        times = [time.process_time()]
        solution = cd.solve(problem)
        times.append(time.process_time())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "solution.json")
            cd.save(solution, path)
            times.append(time.process_time())
            again = cd.load(path)
            times.append(time.process_time())
            megabytes = path.stat().st_size / 1e6
        assert cd.verify_certificate(again).relative_gap == solution.relative_gap
        times.append(time.process_time())
        solve, save, load, verify = np.diff(times)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        yield (
            f"{count:2d} digits     {size:3d} x {size:2d}{megabytes:8.2f}{solve:8.2f}{save:7.2f}"
            f"{load:7.2f}{verify:8.2f}{peak:9.0f}"
        )


def _digits(count: int) -> cd.Interpolation:
    points = cd.data.digits(range(count))
    return cd.denoising(points, radius=0.05 * pdist(points).min())


def _simplices(dimension: int) -> Iterator[cd.Interpolation]:
    """Two of each kind, those of `simplices` that can be interpolated."""
    for kind, draw in KINDS.items():
        for k in (1, 2):
            generator = np.random.default_rng([dimension, k, len(kind)])
            points = draw(dimension, generator)
            radius = generator.uniform(0.05, 0.9) * pdist(points).min() / 2
            yield cd.denoising(points, radius=radius)


def _gaussian(count: int, dimension: int) -> cd.Interpolation:
    points = np.random.default_rng([count, dimension]).standard_normal((count, dimension))
    return cd.denoising(points, radius=0.15 * pdist(points).min())


KINDS: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "gaussian": lambda r, rng: rng.standard_normal((r + 1, r)),
    "uniform": lambda r, rng: rng.uniform(size=(r + 1, r)),
    "near-regular": lambda r, rng: regular_simplex(r) + 0.1 * rng.standard_normal((r + 1, r)),
    "anisotropic": lambda r, rng: rng.standard_normal((r + 1, r)) * np.logspace(0, -1, r),
}
SOME = (images, simplices, space, flowers, methods, bounds, edges, files)
QUICK = {f.__name__: f for f in SOME}
SECTIONS = {**QUICK, "patterns": patterns}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", choices=[[], *SECTIONS])
    chosen = parser.parse_args().sections or QUICK
    cd.solve(_gaussian(5, 3))  # imports, once
    for name in chosen:
        print(f"{name}: {SECTIONS[name].__doc__.splitlines()[0]}\n")
        for line in SECTIONS[name]():
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
