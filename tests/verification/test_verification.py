"""Exact solutions pass the verification, at any scale and place."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import (
    CROSS,
    OBTUSE,
    THREE,
    TRIANGLE,
    TWO,
    assert_verified,
    equilateral,
    line,
    rays,
)
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification import examine, judge, verify, verify_certificate

Array = NDArray[np.float64]


DOTS = line(np.array([0.0, 1.0, 1.7, 4.0, 4.5]), 0.15, np.array([0.0, 1.0, -0.5, 2.0, 2.5]))


RIGHT = rays(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.8]), 0.25)


EXACT = {
    "two": TWO,
    "dots": DOTS,
    "obtuse": OBTUSE,
    "right": RIGHT,
    "cross": CROSS,
    "three": THREE,
    "triangle": TRIANGLE,
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("name", EXACT)
def test_exact_solutions_verify(name: str) -> None:
    result = assert_verified(EXACT[name].solution())
    assert result.pricing_maximum == pytest.approx(1.0, abs=1e-11)
    assert abs(result.relative_gap) < 1e-11
    assert result.feasibility < 1e-14


def test_ramp_between_two_points_costs_two_over_the_free_gap() -> None:
    result = assert_verified(TWO.solution())
    assert result.cost == pytest.approx(2 / (1 - 0.2), rel=1e-14)
    assert result.lower_bound == pytest.approx(2 / (1 - 0.2), rel=1e-11)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dimension", [3, 20])
def test_exact_solutions_verify_in_any_ambient_dimension(
    name: str, dimension: int, rng: np.random.Generator
) -> None:
    assert_verified(EXACT[name].moved(rng, dimension).solution())


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("target_scale", [1e-6, 1e6])
def test_exact_solutions_verify_at_any_scale(
    name: str, scale: float, target_scale: float, rng: np.random.Generator
) -> None:
    assert_verified(EXACT[name].moved(rng, None, scale, target_scale).solution())


@pytest.mark.parametrize("name", EXACT)
def test_exact_solutions_verify_far_from_the_origin(name: str, rng: np.random.Generator) -> None:
    # The formulas know nothing of the rounding of these coordinates: what is proven is asked for.
    moved = EXACT[name].moved(rng, 3, shift=1e5).solution()
    evidence = examine(moved.problem, moved.network, moved.certificate)
    result = judge(evidence, evidence.restate(moved.certificate))
    assert result.passed, str(result)
    assert 0 <= result.relative_gap < 1e-8
    # What is left is the rounding of the biases themselves.
    assert result.feasibility < 1e-9


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98, 0.9999, 0.999999])
def test_rays_verify_up_to_contact(share: float, rng: np.random.Generator) -> None:
    exact = rays(np.array([[1.0, 0.0], [-0.4, 1.0]]), np.array([1.0, 1.6]), 0.5 * share)
    solution = exact.moved(rng).solution()
    evidence = examine(solution.problem, solution.network, solution.certificate)
    result = judge(evidence, evidence.restate(solution.certificate))
    assert result.passed, str(result)
    # The rounding of network and multipliers is worth more, the narrower the gap.
    assert 0 <= result.relative_gap < max(1e-11, 1e-12 / (1 - share))


def test_equilateral_dual_is_optimal_up_to_its_threshold_and_not_above() -> None:
    threshold = (8 + 2 * np.sqrt(3)) / 13 * 0.75
    below, above = (
        verify_certificate(equilateral(threshold * factor).solution()) for factor in (0.999, 1.001)
    )
    assert below.passed
    assert below.pricing_maximum == pytest.approx(1.0, abs=1e-11)
    assert above.pricing_maximum > 1 + 1e-5
    assert any("understates" in reason for reason in above.reasons)


def test_affine_data_have_cost_zero() -> None:
    y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    problem = Interpolation(y, y)
    zero = np.zeros((4, 2))
    certificate = Certificate(zero, np.zeros((4, 2, 2)), 0.0, 0.0, "exact-plane")
    network = ShallowNetwork(
        np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.eye(2), np.zeros(2)
    )
    result = verify(problem, network, certificate, cost=0.0, relative_gap=0.0, status="certified")
    assert result.passed, str(result)
    assert (result.cost, result.lower_bound, result.relative_gap) == (0.0, 0.0, 0.0)


def test_equal_targets_may_overlap() -> None:
    problem = Interpolation(
        np.array([[0.0, 0.0], [0.5, 0.0], [0.2, 0.1]]), np.ones(3), np.array([0.6, 0.5, 0.0])
    )
    certificate = Certificate(np.zeros((3, 1)), np.zeros((3, 1, 2)), 0.0, 0.0, "exact-plane")
    constant = ShallowNetwork(
        np.zeros((0, 1)), np.zeros((0, 2)), np.zeros(0), np.zeros((1, 2)), np.ones(1)
    )
    assert verify(problem, constant, certificate).passed
