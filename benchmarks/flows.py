"""The figures of flows, fixed points and scores: ``python benchmarks/flows.py [NAME ...]``."""

from __future__ import annotations

import sys
import time
from itertools import product

import numpy as np

import convexden as cd
from convexden.theorems._attractors import one_step_deviation


def one_step() -> None:
    """One-step sampling on product structures: the deviation from many steps, in diameters."""
    print("\none-step: deviation from many steps, over the diameter; at most 1e-12 is asked for")
    rays = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]]
    for name, points, radius in (
        ("rays in the plane", rays, 0.25),
        ("three rays in space", np.vstack([np.zeros(3), np.eye(3)]), 0.2),
    ):
        result = cd.theorems.product_structure.verify(points, radius)
        print(f"{name:<22} {result.verdict:<10} {result.measured['deviation']:.1e}")
    # Altitude-aligned from radius .28 to .45: solved at every level.
    triangle, largest = cd.data.triangle((40, 60, 80)), 0.45
    problem = cd.denoising(triangle, radius=largest)

    def network(share: float) -> cd.ShallowNetwork:
        """The certified denoiser of a share of the largest radius."""
        return cd.solve(cd.denoising(triangle, radius=share * largest), tolerance=1e-12).network

    levels = np.geomspace(1.0, 0.28 / largest, 20)
    print(f"triangle 40-60-80      solved     {one_step_deviation(problem, network, levels):.1e}")


def simplices() -> None:
    """Attractors and fixed points of regular simplices on both sides of their radii."""
    print("\nsimplices: attractors of fixed points below and above k R / r, by 1e-6")
    for dimension, multiple in ((2, 1), (3, 1), (4, 1), (4, 2)):
        points, sides = cd.data.regular_simplex(dimension), []
        for move in (-1e-6, 1e-6):
            radius = multiple / dimension + move
            network = cd.theorems.regular_simplex.closed_form(points, radius).network
            found = cd.fixed_points(network, -4, 4)
            count = sum(fixed.flow_stability == "attracting" for fixed in found)
            sides.append(f"{count} ({len(found)})")
        print(f"r = {dimension}, k = {multiple}: {' -> '.join(sides)}")


def law() -> None:
    """The memorization law against 1e5 and 1e6 draws."""
    print("\nlaw: vertices and training points, formula and draws, and standard errors apart")
    radius, kappa = 0.25, 0.5
    for rays, draws in product((1, 2, 4, 8), (100_000, 1_000_000)):
        points = np.vstack([np.zeros(rays), np.eye(rays)])
        expected = np.array(cd.theorems.memorization.probabilities(points, radius, kappa))
        seen = np.array(cd.theorems.memorization.frequencies(points, radius, kappa, draws))
        errors = np.abs(seen - expected) / np.sqrt(expected * (1 - expected) / draws)
        print(
            f"L = {rays}, {draws:>7} draws: {expected.round(4)} {seen.round(4)} {errors.round(2)}"
        )


def speed() -> None:
    """Many starts on one thread."""
    print("\nspeed: processor seconds; at most 10 s and 60 s are asked for")
    rng = np.random.default_rng(0)
    for name, points, radius, count in (
        ("triangle", cd.data.triangle((100, 42, 38)), 0.35, 10_000),
        ("six digits", cd.data.digits(range(6)), None, 1000),
    ):
        size = cd.data.smallest_distance(points) / 2
        problem = cd.denoising(points, radius=0.6 * size if radius is None else radius)
        network = cd.solve(problem).network
        chosen = points[rng.integers(0, len(points), count)]
        starts = chosen + size / np.sqrt(points.shape[1]) * rng.standard_normal(chosen.shape)
        begin = time.process_time()
        flow = cd.score_flow(problem, network, starts)
        print(f"{name:<12} {count:>6} starts {time.process_time() - begin:6.2f} s  {flow}")


def radii() -> None:
    """The radii at which virtual points appear, by certified solves, against the formulas."""
    print("\nradii: enclosure minus formula; 1e-8 is asked for")
    obtuse = cd.data.triangle((100, 42, 38))
    exact = cd.theorems.virtual_obtuse.appears(obtuse, [1, 2])
    for name, points, formula in (
        ("100-42-38", obtuse, exact),
        ("regular triangle", cd.data.regular_simplex(2), 0.5),
    ):

        def clean_only(radius: float, points: np.ndarray = points) -> bool:
            """Whether the certified denoiser has no virtual points."""
            problem = cd.denoising(points, radius=radius)
            return not len(cd.virtual_points(problem, cd.solve(problem, tolerance=1e-10).network))

        found = cd.frontier(clean_only, 0.8 * formula, 1.2 * formula, accuracy=1e-9)
        print(f"{name:<18} {found.low - formula:+.1e} to {found.high - formula:+.1e}")


def scores() -> None:
    """Hyvarinen's objective: gaps, times, and the range of penalties."""
    print("\nscores: relative gaps, and processor seconds")
    rng = np.random.default_rng(5)
    for count, dimension, penalty in ((30, 1, 1.05), (100, 1, 1.05), (20, 2, 3.5), (40, 2, 3.5)):
        points = rng.standard_normal((count, dimension))
        begin = time.process_time()
        found = cd.score_matching(points, penalty)
        seconds = time.process_time() - begin
        size, neurons = f"{count} in R^{dimension}", f"{found.network.neurons} neurons"
        print(f"{size:<11} {found.status} {found.relative_gap:.1e}  {neurons:<11} {seconds:.2f} s")


PARTS = {each.__name__: each for each in (one_step, simplices, law, speed, radii, scores)}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
