"""The acute triangle: its equations, its range, its special radius and its laws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

import convexden as cd
from convexden.data import triangle
from convexden.errors import InvalidProblem
from convexden.geometry.triangle import Triangle
from convexden.geometry.triangle_arcs import largest_on_arcs
from convexden.theorems import acute_triangle, face_aligned
from convexden.theorems._tilted import at_radius
from convexden.verification import site_errors, verify

Array = NDArray[np.float64]


def sampled_maximum(shape: Triangle, radius: float, values: Array, jacobians: Array) -> float:
    """The largest dual constraint on a grid of normals, each with the biases that its balls allow,
    by the definition: every order of the balls along the normal, every gap between them."""
    best = 0.0
    for angle in np.linspace(0, 2 * np.pi, 20001):
        w = np.array([np.cos(angle), np.sin(angle)])
        along = shape.vertices @ w
        order = np.argsort(along)
        for first, second in itertools.pairwise(order):
            low, high = along[first] + radius, along[second] - radius
            if low > high:
                continue
            for bias in (-low, -high):
                z = along + bias
                active = z > 0
                total = (active * z) @ values + (active[:, None, None] * jacobians).sum(axis=0) @ w
                best = max(best, float(np.linalg.norm(total)))
    return best


@pytest.mark.parametrize("angles", [(40, 60, 80), (50, 60, 70), (55, 62.5, 62.5), (60, 60, 60)])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.95])
def test_it_is_optimal(angles, share):
    points = triangle(angles)
    radius = share * acute_triangle.threshold(points)[0]
    claim = acute_triangle.closed_form(points, radius)
    assert site_errors(claim.problem, claim.network).totals.max() <= 1e-14
    check = verify(claim.problem, claim.network, claim.certificate, cost=claim.cost)
    assert check.passed
    assert check.relative_gap <= 1e-12
    solution = cd.solve(claim.problem)
    assert claim.cost == pytest.approx(solution.cost, rel=1e-12)
    # The multipliers and the center count to the same number.
    values = claim.certificate.values
    assert np.sum(values * points) == pytest.approx(claim.cost, rel=1e-13)


def test_the_pricing_maximum_is_that_of_all_hinges():
    rng = np.random.default_rng(0)
    for angles, share in (((40, 60, 80), 0.2), ((50, 60, 70), 0.3), ((60, 60, 60), 0.6)):
        shape = Triangle.of(triangle(angles))
        radius = share * shape.heights.min() / 2
        values = rng.standard_normal((3, 2))
        values[2] = -values[:2].sum(axis=0)
        jacobians = rng.standard_normal((3, 2, 2))
        moment = values.T @ shape.vertices + jacobians.sum(axis=0)
        jacobians[2] -= moment
        found = largest_on_arcs(shape, radius, values, jacobians)
        sampled = sampled_maximum(shape, radius, values, jacobians)
        # At the end of an arc the grid misses as much as half its step.
        assert sampled <= found * (1 + 1e-13)
        assert found <= sampled * (1 + 1e-4)


@pytest.mark.parametrize(
    ("angles", "radius", "end"),
    [
        ((40, 60, 80), 0.2702250899921823, "altitude-aligned"),
        ((45, 60, 75), 0.3966114604335794, "altitude-aligned"),
    ],
)
def test_where_the_ramp_to_a_vertex_vanishes(angles, radius, end):
    points = triangle(angles)
    found, why = acute_triangle.threshold(points)
    assert (found, why) == (pytest.approx(radius, rel=1e-13), end)
    # Up to there, beyond the radius at which the median reaches the vertex, by the dual alone.
    inside = acute_triangle.verify(points, radius * (1 - 1e-9))
    assert (inside.verdict, inside.decided_by) == ("confirmed", "closed-form dual")
    with pytest.raises(InvalidProblem, match=r"holds up to radius 0\.\d+ .* no height left"):
        acute_triangle.closed_form(points, radius * (1 + 1e-9))
    beyond = face_aligned.verify(points, radius * (1 + 1e-9))
    assert beyond.relative_excess <= 1e-12


@pytest.mark.parametrize(
    ("angles", "share"),
    [
        ((50, 65, 65), 0.7992531),
        ((55, 62.5, 62.5), 0.8048016),
        ((60, 60, 60), (8 + 2 * np.sqrt(3)) / 13),
        ((65, 57.5, 57.5), 0.8165315),
        ((59, 60.5, 60.5), 0.8483439),
        ((61, 59.5, 59.5), 0.8647686),
        ((55, 60, 65), 0.80621106169885),
    ],
)
def test_where_hinges_between_two_balls_saturate(angles, share):
    points = triangle(angles)
    half = Triangle.of(points).heights.min() / 2
    found, why = acute_triangle.threshold(points)
    assert (found / half, why) == (pytest.approx(share, abs=6e-8), "pinched")
    with pytest.raises(InvalidProblem, match="touches two balls on opposite sides"):
        acute_triangle.closed_form(points, found * (1 + 1e-6))
    solution = cd.solve(cd.denoising(points, radius=found * 1.01))
    ramps = at_radius(Triangle.of(points), found * 1.01)
    assert ramps is not None
    assert solution.cost < ramps.cost * (1 - 1e-9)


@pytest.mark.parametrize(
    ("angles", "ratio"), [((40, 60, 80), 0.37544743581163), ((50, 60, 70), 0.375107238820)]
)
def test_special_radius(angles, ratio):
    points = triangle(angles)
    radius = acute_triangle.special_radius(points)
    assert radius / Triangle.of(points).inradius == pytest.approx(ratio, abs=1e-12)
    candidate = face_aligned.closed_form(points, radius)
    assert candidate.cost == pytest.approx(
        acute_triangle.closed_form(points, radius).cost, rel=1e-14
    )
    shape = acute_triangle.solution(points, radius)[1]
    assert np.abs(shape.angles).max() <= 1e-13
    assert acute_triangle.tilt_slope(points, radius) == pytest.approx(0.0, abs=1e-13)
    for factor in (0.98, 1.02):
        gain = face_aligned.closed_form(points, factor * radius).cost
        gain -= acute_triangle.closed_form(points, factor * radius).cost
        assert 1e-12 < gain < 1e-8


def test_the_slope_in_the_tilt_has_both_forms():
    rng = np.random.default_rng(3)
    for _ in range(20):
        points = acute_triangle.instance(rng, "scalene")["points"]
        shape = Triangle.of(cd.denoising(points, radius=1e-9).hull.coordinates)
        a, b, c = np.sort(shape.sides)
        rho = 0.3 * shape.inradius
        q, kappa = rho / shape.inradius, (a + b) * (b + c) * (c + a) / (a + b + c) ** 3
        width = -(a - b) * (b - c) * (c - a)
        size = shape.area
        product = np.prod(1 - rho * shape.sides / size) ** 2
        expected = width * rho * ((1 - 2 * q) ** 2 - 4 * kappa * q**3) / (4 * size**3 * product)
        found = acute_triangle.tilt_slope(points, rho)
        assert abs(found) == pytest.approx(abs(expected), rel=1e-9)


def test_excess_of_the_candidate_at_small_radii():
    points = triangle((40, 60, 80))
    constant = acute_triangle.excess_constant(points)
    for radius, accuracy in ((4e-3, 0.1), (1e-3, 0.03)):
        excess = face_aligned.closed_form(points, radius).cost
        excess -= acute_triangle.closed_form(points, radius).cost
        assert excess / radius**2 == pytest.approx(constant, rel=accuracy)


@pytest.mark.parametrize(
    ("points", "radius", "words"),
    [
        (triangle((90, 60, 30)), 0.1, "the angle at point 0 is 90 degrees"),
        (triangle((30, 50, 100)), 0.1, "the angle at point 2 is 100 degrees"),
        (triangle((60, 60, 60)), 0.8, "no room for its ramps: lower the radius below 0.75"),
        ([[0, 0], [1, 0], [2, 0]], 0.1, "span 1 dimension"),
        ([[0, 0], [1, 0], [0, 1], [1, 1]], 0.1, "these 4 points span 2 dimensions"),
        (triangle((60, 60, 60)), [0.1, 0.1, 0.2], "one radius"),
    ],
)
def test_what_it_refuses(points, radius, words):
    with pytest.raises(InvalidProblem, match=words):
        acute_triangle.closed_form(points, radius)


def test_it_is_the_frontier_of_the_candidate():
    """The special radius is where the certified optimum touches the candidate: the root of what the
    slope of the tilted solution says, found without the cubic."""
    points = triangle((45, 62, 73))
    shape = Triangle.of(points)

    def tilt(radius: float) -> float:
        found = at_radius(shape, radius)
        assert found is not None
        return float(found.angles[0])

    radius = acute_triangle.special_radius(points)
    assert brentq(tilt, 0.9 * radius, 1.1 * radius, xtol=1e-15) == pytest.approx(radius, abs=1e-11)
