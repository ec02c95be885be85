"""The closed form on the line against the convex program over all breakpoints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import dual_vectors, interpolation_cost, tangent_lines

from convexden.problem import Interpolation
from convexden.solvers.line import LineSolution, solve_line
from convexden.solvers.pricing.line import LinePricing

RIGHT = np.array([[1.0]])


def check(problem: Interpolation, solution: LineSolution) -> float:
    """Feasible, dual feasible, and no gap between the two; returns the cost."""
    network, spread = solution.network, np.abs(problem.targets).max() + 1
    for center, radius, target in zip(problem.centers, problem.radii, problem.targets, strict=True):
        points = center + radius * np.linspace(-1, 1, 9)[:, None]
        np.testing.assert_allclose(network(points), np.tile(target, (9, 1)), atol=1e-12 * spread)
    values, jacobians = solution.values, solution.jacobians
    size = np.abs(values).sum() + np.abs(jacobians).sum() + 1
    np.testing.assert_allclose(values.sum(axis=0), 0, atol=1e-14 * size)
    moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
    np.testing.assert_allclose(moments.sum(axis=0), 0, atol=1e-13 * size)
    assert (jacobians[problem.radii == 0] == 0).all()
    heights = np.linalg.norm(
        dual_vectors(problem, tangent_lines(problem, RIGHT, 1e-15), values, jacobians), axis=1
    )
    assert heights.max(initial=0) <= 1 + 1e-13 * size
    heights = LinePricing(problem).maxima(values, jacobians, 1.0)[1]
    assert heights.max(initial=0.0) <= 1 + 1e-13 * size
    cost = network.representation_cost
    # A multiplier is rounded, and acts as far as the data reach.
    lost = np.spacing(np.abs(values).max()) * np.ptp(problem.centers) * cost
    assert np.sum(values * problem.targets) == pytest.approx(
        cost, rel=1e-12, abs=1e-13 * size + lost
    )
    return cost


def random_line(seed: int, kind: str, outputs: int) -> Interpolation:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    ends = np.cumsum(rng.uniform(0.2, 1.5, 2 * n))
    centers, radii = (ends[::2] + ends[1::2]) / 2, (ends[1::2] - ends[::2]) / 2
    shares = {
        "balls": np.ones(n),
        "samples": np.zeros(n),
        "mixed": rng.random(n) * (rng.random(n) < 0.5),
    }
    order = rng.permutation(n)
    targets = rng.normal(size=(n, outputs))
    return Interpolation(centers[order], targets, (shares[kind] * radii)[order])


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_cost_is_that_of_the_program_over_all_breakpoints(kind, outputs):
    for seed in range(4):
        problem = random_line(seed, kind, outputs)
        cost = check(problem, solve_line(problem))
        program = interpolation_cost(problem, tangent_lines(problem, RIGHT))
        assert cost == pytest.approx(program, rel=1e-6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["balls", "samples", "mixed"]),
    outputs=st.integers(1, 4),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_the_gap_is_zero(seed, kind, outputs, scale):
    problem = random_line(seed, kind, outputs)
    problem = Interpolation(problem.centers, scale * problem.targets, problem.radii)
    check(problem, solve_line(problem))


@pytest.mark.parametrize(
    ("centers", "targets", "radii", "cost"),
    [
        # Two balls: a ramp of slope 1 / (1 - 2 r), up and down.
        ([0, 1], [0, 1], 0.25, 4.0),
        # Denoising, every gap D costs 2 D / (D - 2 r).
        ([0, 1, 3], [0, 1, 3], 0.25, 2 / 0.5 + 4 / 1.5),
        # Collinear samples: no jump of the slope anywhere.
        ([0, 1, 2, 5], [1, 2, 3, 6], 0, 0.0),
        # One kink, and a sample on the straight part.
        ([0, 1, 2, 3], [0, 0, 1, 2], 0, 1.0),
        # A sample in the middle of a straight gap between balls.
        ([0, 1, 2], [0, 1, 2], [0.5, 0, 0.5], 4.0),
        # Vector jumps cost their length: slopes (1, 0), (0, 1), then flat.
        ([0, 1, 2], [[0, 0], [1, 0], [1, 1]], 0, np.sqrt(2)),
        # Overlapping balls of one target are one long ball.
        ([0, 1, 3], [2, 2, 3], [0.7, 0.6, 0.4], 2.0),
        # Sites inside a ball add nothing.
        ([0, 0.1, -0.5, 2], [2, 2, 2, 3], [0.5, 0.2, 0, 0.5], 2.0),
        # Samples of one target near each other stay samples: the slope runs on past the last.
        ([0, 1, 2, 3], [0, 0, 1, 1], 0, 2.0),
        ([0, 1, 2], [0, 0, 1], 0, 1.0),
        # A ball touches a sample of its target; both ends of the data run on.
        ([0, 1, 2], [0, 0, 1], [1, 0, 0], 1.0),
        ([0, 1], [5, 5], [0.2, 0], 0.0),
        ([0, 1], [5, 7], 0, 0.0),
    ],
)
def test_costs_known_by_hand(centers, targets, radii, cost):
    problem = Interpolation(centers, targets, radii)
    assert check(problem, solve_line(problem)) == pytest.approx(cost, abs=1e-14)
    assert interpolation_cost(problem, tangent_lines(problem, RIGHT, 1e-15)) == pytest.approx(
        cost, abs=1e-6
    )


def test_a_straight_part_spends_no_neuron():
    problem = Interpolation([0, 1, 2, 3, 4], [0, 1, 2, 3, 0], 0)
    network = solve_line(problem).network
    assert network.neurons == 1
    assert network(np.array([[-1.0], [5.0]])) == pytest.approx(np.array([[-1.0], [-3.0]]))


def test_a_sample_between_others_of_its_target():
    """Samples where the slope jumps, not at all, and where it jumps back."""
    targets = np.array([[0, 0], [0, 0], [0, 0], [1, 2], [2, 4], [2, 4], [3, 0]], dtype=float)
    problem = Interpolation(np.array([0, 1, 2, 3, 4, 6, 7.0]), targets, [0, 0.3, 0, 0, 0, 0.5, 0])
    cost = check(problem, solve_line(problem))
    slopes = [[0, 0], [1, 2], [0, 0], [2, -8]]
    assert cost == pytest.approx(np.linalg.norm(np.diff(slopes, axis=0), axis=1).sum())


def test_gaps_of_all_sizes():
    centers = np.array([0, 1e-6, 1, 1 + 1e-4, 1e4])
    problem = Interpolation(centers, [0.0, 1e-6, 2.0, -1.0, 3.0], 0)
    cost = check(problem, solve_line(problem))
    slopes = np.diff(problem.targets[:, 0]) / np.diff(centers)
    assert cost == pytest.approx(np.abs(np.diff(slopes)).sum(), rel=1e-12)
