"""On the line no hinge, wherever it sits, beats the pricing maximum."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Lines, dual_vectors, random_multipliers, tangent_lines

from convexden.problem import Interpolation
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.pricing.line import LinePricing

ROOMS = {
    "balls": ([0, 1, 3, 3.9], 0.3),
    "samples": ([0, 1, 3, 3.9, -2], 0.0),
    "both": ([0, 1, 3, 3.9, 2.2], [0.2, 0, 0.5, 0, 0]),
    "touching balls": ([0, 2, 3, 5], [1, 1, 0, 0.5]),
    "a sample at the end of a ball": ([0, 1, 3], [1, 0, 0.5]),
    "overlapping balls": ([0, 0.5, 3, 4], [0.5, 0.4, 0.2, 0.1]),
    "a ball in a ball": ([0, 0.1, 3], [0.5, 0.1, 0.2]),
    "the same site twice": ([0, 0, 3], [0.5, 0.5, 0]),
    "tiny balls": ([0, 1, 2.5], 1e-9),
    "two samples": ([0, 1], 0.0),
}


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", ROOMS)
def test_no_hinge_beats_the_maximum(name, outputs):
    centers, radii = ROOMS[name]
    problem = Interpolation(centers, np.zeros((len(centers), outputs)), radii)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        values, jacobians = random_multipliers(problem, rng)
        found = LinePricing(problem).maxima(values, jacobians, 1.0)[1][0]
        touching = tangent_lines(problem, np.array([[1.0], [-1.0]]))
        heights = np.linalg.norm(dual_vectors(problem, touching, values, jacobians), axis=1)
        size = np.abs(values).sum() + np.abs(jacobians).sum()
        assert found == pytest.approx(heights.max(initial=0), rel=1e-12, abs=1e-13 * size)
        # A hinge that touches nothing is no better.
        w, b = np.ones((4000, 1)), rng.uniform(-7, 7, 4000)
        z = problem.centers[:, 0] + b[:, None]
        free = (np.abs(z) >= problem.radii).all(axis=1)
        lines = Lines(w[free], b[free], z[free] > 0, np.zeros(0, dtype=int))
        heights = np.linalg.norm(dual_vectors(problem, lines, values, jacobians), axis=1)
        assert heights.max() <= found + 1e-13 * size
        assert found == 0 or heights.max() > 0.5 * found or name == "touching balls"


def test_no_hinge_cuts_a_ball():
    for name, (centers, radii) in ROOMS.items():
        problem = Interpolation(centers, np.zeros(len(centers)), radii)
        hinges = LinePricing(problem).hinges
        z = hinges.offsets(problem)
        assert (np.abs(z) >= problem.radii - 1e-15).all(), name
        off = np.abs(z) > 1e-12
        assert ((z > 0) == hinges.patterns)[off].all(), name


def test_hinges_of_the_line_stay_where_they_are() -> None:
    problem = Interpolation([0.0, 1.0, 3.0], [0.0, 1.0, 0.0])
    pricing = exact_pricing(problem)
    assert isinstance(pricing, LinePricing)
    hinges = pricing.spanning()
    np.testing.assert_array_equal(-hinges.biases, [0.0, 1.0, 3.0])
    assert len(pricing.initial(2)) == 2
    directions, _ = pricing.tangents(hinges)
    assert directions.shape == (3, 1, 0)
    moved, clamped = pricing.moved(hinges, np.zeros((3, 0)))
    np.testing.assert_array_equal(moved.biases, hinges.biases)
    assert not clamped.any()
    values = np.array([[2.0], [-3.0], [1.0]])
    _, heights = pricing.maxima(values, np.zeros((3, 1, 1)), 0.0, limit=1)
    np.testing.assert_allclose(heights, [2.0])
