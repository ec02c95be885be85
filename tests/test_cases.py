"""Cases in which a statement was false."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from judged import CORNER, honest

import convexden as cd
from benchmarks.robustness.exact import exact_sites
from benchmarks.robustness.line import line_optimum
from convexden.errors import InfeasibleProblem, InvalidProblem, NotCertified


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [1, 2**-41], [2, 0]],
        [[1e8, 0], [1e8 + 1, 2**-25], [1e8 + 2, 0]],
        [[1.7e9, 0], [1.7e9 + 1, 2**-21], [1.7e9 + 2, 0]],
    ],
    ids=["thin", "offset 1e8", "offset 1.7e9"],
)
def test_a_thin_direction_is_data(points: list[list[float]]) -> None:
    """An affine map costs nothing, however steep it is."""
    honest(cd.Interpolation(points, [0, 1, 0]), 0.0, 0.0)


NANOSECONDS = np.array([0, 3600e9, 7200e9, 14400e9, 40000e9, 86400e9])


DEGREES = np.array([12.1, 12.9, 14.2, 17.5, 15.0, 11.0])


WEATHER = np.column_stack([NANOSECONDS, DEGREES])


def test_units_that_differ_do_not_hide_a_column() -> None:
    """The targets are affine in the degrees up to rounding."""
    solution = cd.solve(cd.Interpolation(WEATHER, 90 - 2 * DEGREES))
    assert solution.lower_bound <= 1e-13
    assert solution.certified
    assert solution.cost <= 1e-13


def test_units_that_differ_in_a_penalized_fit() -> None:
    """The affine map costs nothing and misses the targets by rounding only."""
    fit = cd.regularize(cd.Interpolation(WEATHER, 90 - 2 * DEGREES), 1e13)
    assert fit.lower_bound <= 1e-20
    assert fit.certified
    assert fit.objective <= 1e-20


def test_units_that_differ_in_denoising() -> None:
    """Each column of a clean point is kept."""
    solution = cd.solve(cd.denoising(WEATHER, radius=1e11))
    assert solution.certified
    assert solution.network(WEATHER)[:, 1] == pytest.approx(DEGREES, abs=1e-6)


# Six samples on a line, t = 4e13 y + f.
STEEP = (
    [
        [0.4438383494851198],
        [0.6546893875902005],
        [0.7366246372686707],
        [0.06276055900283338],
        [-1.0736076059494362],
        [0.12560498738625936],
    ],
    [
        [18125812083401.55],
        [26736709043331.676],
        [30082843825063.902],
        [2563064007547.9043],
        [-43844813633891.83],
        [5129553137404.004],
    ],
)


def test_a_large_affine_part_on_a_line() -> None:
    problem = cd.Interpolation(*STEEP)
    optimum = line_optimum(exact_sites(problem.centers, problem.targets, problem.radii))
    assert optimum is not None
    low, high = float(optimum[0]), float(optimum[1])
    assert low == pytest.approx(34.4354503804, rel=1e-11)
    assert honest(problem, low * (1 - 1e-15), high * (1 + 1e-15)).certified


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("exponent", [4, 6, 9, 12])
def test_a_large_affine_part(d: int, exponent: int) -> None:
    """The cost is that of what the affine map leaves, and certified."""
    rng = np.random.default_rng([d, exponent])
    points = rng.normal(size=(6, d))
    slope = 10.0**exponent * rng.normal(size=(d, 1))
    problem = cd.Interpolation(points, points @ slope + rng.normal(size=(6, 1)))
    assert honest(problem, 0.0, np.inf).certified


def test_targets_within_one_spread_of_rounding_are_not_affine() -> None:
    """A residual within the rounding of y A is no proof of an affine map."""
    y = 1e13 + np.arange(3.0)
    solution = honest(cd.Interpolation(y, [0.0, 1.0, 2.002]), 0.002 * (1 - 1e-9), 0.0021)
    assert solution.cost >= 0.0019


def test_a_target_missed_within_the_tolerance_is_missed() -> None:
    """The slope between the first two is 100, so that the optimum is 99."""
    problem = cd.Interpolation([0.0, 1e-12, 1.0], [0.0, 1e-10, 1.0])
    honest(problem, 99.0, 99.01)
    network = cd.ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 1)), [], [[1.0]], [0.0])
    nothing = cd.Certificate(np.zeros((3, 1)), np.zeros((3, 1, 1)), 0.0, 0.0, "exact-line")
    solution = cd.Solution(problem, network, nothing, 0.0, 0.0, 0.0, "certified", 1, 0.0, {})
    assert not cd.verify_certificate(solution).passed


@pytest.mark.parametrize("eps", [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14])
def test_a_right_triangle_near_contact_is_feasible(eps: float) -> None:
    """Along the rays: two ramps of height 1 over the gap 1 - 2 rho."""
    radius = (1 - eps) / 2
    cost = 4 / (1 - 2 * radius)
    try:
        solution = honest(
            cd.denoising(CORNER, radius=radius), cost * (1 - 1e-12), cost * (1 + 1e-12)
        )
    except InfeasibleProblem:
        pytest.fail("rays' closed form is a network")
    except NotCertified:  # no network was found: honest where floats leave no room
        assert eps < 1e-12
    else:
        assert solution.certified or eps < 1e-6


@pytest.mark.parametrize("tolerance", [1.0, np.inf, np.nan, -1.0, "x"])
def test_a_tolerance_that_is_none(tolerance: Any) -> None:
    with pytest.raises(cd.InvalidInput):
        cd.solve(cd.denoising(CORNER, radius=0.1), tolerance, method="ramps")


def test_masks_and_imaginary_parts_are_not_dropped() -> None:
    x = np.array([1.0, 2.0, 9999.0])
    with pytest.raises(InvalidProblem):
        cd.Interpolation(np.ma.masked_greater(x, 9000), x)
    with pytest.raises(InvalidProblem):
        cd.Interpolation(x + 5j, x)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [1, 2, 3])
def test_one_lower_bound(seed: int, d: int) -> None:
    """The certificate and the solution state the same, and it is not above the cost."""
    rng = np.random.default_rng([seed, d])
    points = rng.normal(size=(4, d)) * 10.0 ** rng.uniform(-6, 6)
    gaps = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(4, 1)]
    solution = cd.solve(cd.denoising(points, radius=0.1 * gaps.min()))
    assert solution.certificate.lower_bound == solution.lower_bound
    assert solution.lower_bound <= solution.cost
    assert solution.relative_gap >= 0
