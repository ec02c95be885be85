"""The proven upper bound: against optima known as rationals, and networks corrected exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.upper_bound import upper_bound

Array = NDArray[np.float64]
Matrix = list[list[Fraction]]

TIGHT = 1e-11  # the correction of a solution, relative to its cost


# ---------------------------------------------------------------- optima known exactly


def line_optimum(problem: Interpolation) -> Fraction:
    """The optimum of balls or samples on a line, one output: the slope jumps between the gaps."""
    sites = sorted(
        (Fraction(float(y)), Fraction(float(r)), Fraction(float(t)))
        for y, r, t in zip(problem.centers[:, 0], problem.radii, problem.targets[:, 0], strict=True)
    )
    slopes = []
    for (y, r, t), (z, s, u) in pairwise(sites):
        slopes.append((u - t) / (z - s - y - r))
        slopes.append(Fraction(0) if s else slopes[-1])
    slopes.pop()
    jumps = [abs(b - a) for a, b in pairwise(slopes)]
    ends = (sites[0][1] > 0) * abs(slopes[0]) + (sites[-1][1] > 0) * abs(slopes[-1])
    return sum(jumps, Fraction(0)) + ends


def line_problem(seed: int) -> Interpolation:
    """Balls, samples or both on a line, in any scale and far from zero."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    y = rng.choice(np.arange(-40, 40), n, replace=False) * 10.0 ** rng.integers(-6, 6)
    y = y + rng.choice([0.0, 1.0, 1e3]) * np.abs(y).max()
    gap = np.diff(np.sort(y)).min()
    radii = gap * rng.choice([0.0, 0.2, 0.45], n)
    slope = rng.choice([0.0, 0.0, 1e6])
    targets = rng.integers(-5, 5, n) * 0.1 + slope * y * (radii == 0).all()
    return Interpolation(y, targets, radii)


def damaged(network: ShallowNetwork, rng: np.random.Generator) -> ShallowNetwork:
    """The network with one thing changed a little, much or altogether."""
    parts = [np.array(part) for part in vars(network).values()]
    filled = [part for part in parts if part.size]
    part = filled[int(rng.integers(len(filled)))].reshape(-1)
    index = int(rng.integers(part.size))
    size = 10.0 ** rng.integers(-16, 1)
    part[index] *= rng.choice([0.0, 1 - size, 1 + size, -1.0])
    return ShallowNetwork(*parts)


@pytest.mark.parametrize("seed", range(60))
def test_no_network_on_a_line_is_said_to_prove_less_than_the_optimum(seed: int) -> None:
    problem = line_problem(seed)
    optimum = line_optimum(problem)
    network = cd.solve(problem).network
    rng = np.random.default_rng(seed)
    for _ in range(12):
        bound = upper_bound(problem, network)
        assert bound.cost == math.inf or Fraction(bound.cost) >= optimum
        assert (bound.reason == "") == (bound.cost < math.inf)
        network = damaged(network, rng)


@pytest.mark.parametrize("seed", range(20))
def test_solutions_on_a_line_are_corrected_by_little(seed: int) -> None:
    problem = line_problem(seed)
    network = cd.solve(problem).network
    bound = upper_bound(problem, network)
    optimum = float(line_optimum(problem))
    far = float(np.abs(problem.centers).max() / problem.input_spread)
    steep = float(np.abs(problem.targets).max() / problem.target_spread)
    assert bound.cost <= optimum * (1 + TIGHT * max(1.0, far * steep)) + 1e-13 * steep


@pytest.mark.parametrize("direction", [(3.0, 4.0), (2.0, 3.0, 6.0)])
@pytest.mark.parametrize("seed", range(12))
def test_a_line_in_space_has_the_optimum_of_the_line(
    seed: int, direction: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.choice(np.arange(-30, 30), 5, replace=False)).astype(float)
    along = np.array(direction)
    length = float(np.linalg.norm(along))  # 5 or 7
    targets, radii = rng.normal(size=5), length * 0.25 * (rng.random(5) < 0.7)
    optimum = line_optimum(Interpolation(steps * length, targets, radii))
    problem = Interpolation(np.outer(steps, along), targets, radii)
    solution = cd.solve(problem)
    bound = upper_bound(problem, solution.network)
    assert Fraction(bound.cost) >= optimum
    assert bound.increase <= TIGHT * solution.cost
    for _ in range(10):
        network = damaged(solution.network, rng)
        assert upper_bound(problem, network).cost >= float(optimum) * (1 - 1e-15)
