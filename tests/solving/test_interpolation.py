"""Known values, symmetries, and that everything valid is certified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    Array,
    common_tangents,
    dual_vectors,
    equilateral,
    interpolation_cost,
    random_problem,
    tangent_lines,
    unit_vectors,
)
from solved_problems import certified, rotation

from convexden.data import regular_simplex, triangular_lattice
from convexden.errors import InfeasibleProblem
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.solving.interpolation import solve
from convexden.verification import verify_certificate


def apex(*degrees: float) -> Array:
    """The triangle on the unit base with these angles at (0, 0), (1, 0) and the apex."""
    a, b, c = np.sin(np.deg2rad(degrees))
    assert sum(degrees) == 180
    return np.array([[0, 0], [1, 0], b / c * np.array([np.cos(np.deg2rad(degrees[0])), a])])


def assert_same_cost(solution: Solution, reference: Solution, ratio: float = 1.0) -> None:
    """To what the two certificates allow."""
    tolerance = 1e-9 + 10 * (solution.relative_gap + reference.relative_gap)
    assert solution.cost == pytest.approx(ratio * reference.cost, rel=tolerance, abs=1e-300)


SQUARE = np.array([[0, 0], [1, 0], [0, 1], [1, 1.0]])


GRID = np.array([[i, j] for i in range(3) for j in range(3)], dtype=float)


@pytest.mark.parametrize(
    ("points", "radius", "lower", "upper", "neurons"),
    [
        (equilateral(), 0.1, 4.615384615384617, 4.615384615384617, 6),
        (equilateral(), 0.7, 58.143473039140154, 58.143473039142634, 9),
        (np.array([[0, 0], [3, 0], [0, 4.0]]), 0.48, 5.572755417956656, 5.572755417956656, 4),
        (SQUARE, 0.2, 6.666666666666666, 6.666666666666666, 4),
        (apex(50, 60, 70), 0.25, 11.0757336456680, 11.0757336572747, None),
        (GRID, 0.15, 11.428571428571429, 11.428571428571429, 8),
    ],
    ids=["equilateral", "equilateral, wide", "3-4-5", "square", "50-60-70", "grid"],
)
def test_known_values(points, radius, lower, upper, neurons):
    solution = certified(denoising(points, radius=radius))
    tolerance = max(10 * solution.relative_gap, 1e-9) * upper
    assert lower - tolerance <= solution.cost <= upper + tolerance
    assert lower - tolerance <= solution.lower_bound <= upper + tolerance
    assert neurons is None or solution.neurons == neurons
    assert verify_certificate(solution).passed


def test_two_balls_are_a_ramp():
    solution = certified(denoising([[1, 2], [4, 6]], radius=1))
    assert solution.cost == pytest.approx(2 * 5 / 3, rel=1e-12)
    assert solution.neurons == 2
    middle = solution.network(np.array([[2.5, 4.0]]))
    np.testing.assert_allclose(middle, [[2.5, 4]], atol=1e-12)


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_a_grid_of_hinges_is_no_better_and_nearly_as_good(kind):
    problem = random_problem(5, kind, sites=4, outputs=2)
    solution = certified(problem)
    grid = np.vstack([unit_vectors(np.pi / 150 * np.arange(150)), common_tangents(problem)])
    cost = interpolation_cost(problem, tangent_lines(problem, grid, slack=1e-13))
    assert solution.lower_bound * (1 - 1e-6) <= cost <= solution.cost * (1 + 5e-3)


def test_the_certificate_is_in_the_units_of_the_problem():
    """Random hinges through the original sites see at most 1, and the objective is the bound."""
    problem = random_problem(6, "mixed", sites=7, outputs=2)
    moved = Interpolation(50 * problem.centers + 7, 3 * problem.targets - 2, 50 * problem.radii)
    solution = certified(moved)
    values, jacobians = solution.certificate.values, solution.certificate.jacobians
    assert np.sum(values * moved.targets) == pytest.approx(solution.lower_bound, rel=1e-9)
    normals = np.vstack([unit_vectors(np.linspace(0, 7, 3000)), common_tangents(moved)])
    lines = tangent_lines(moved, normals, slack=1e-11)
    heights = np.linalg.norm(dual_vectors(moved, lines, values, jacobians), axis=1)
    assert heights.max() <= 1 + 1e-9


seeds = st.integers(0, 400)


kinds = st.sampled_from(["balls", "samples", "mixed"])


few = settings(max_examples=6, deadline=None)


@few
@given(seed=seeds, kind=kinds, shift=st.floats(-100, 100))
def test_rotation_and_translation(seed, kind, shift):
    problem = random_problem(seed, kind, sites=6)
    rng = np.random.default_rng(seed)
    Q, F = rotation(rng, 2), rotation(rng, problem.output_dimension)
    moved = Interpolation(problem.centers @ Q + shift, problem.targets @ F - shift, problem.radii)
    assert_same_cost(certified(moved), certified(problem))


@few
@given(
    seed=seeds,
    kind=kinds,
    inputs=st.sampled_from([1e-6, 1e-3, 1.0, 1e6]),
    targets=st.sampled_from([1e-6, 1.0, 1e3, 1e6]),
)
def test_scaling_inputs_and_targets(seed, kind, inputs, targets):
    problem = random_problem(seed, kind, sites=6)
    scaled = Interpolation(
        inputs * problem.centers, targets * problem.targets, inputs * problem.radii
    )
    assert_same_cost(certified(scaled), certified(problem), targets / inputs)


@few
@given(seed=seeds, kind=kinds)
def test_permutation(seed, kind):
    problem = random_problem(seed, kind, sites=7)
    order = np.random.default_rng(seed).permutation(7)
    moved = Interpolation(problem.centers[order], problem.targets[order], problem.radii[order])
    one, other = certified(problem), certified(moved)
    assert_same_cost(other, one)


@few
@given(seed=seeds, kind=kinds)
def test_sites_that_the_solution_meets_anyway_cost_nothing(seed, kind):
    """A sample inside a ball, a ball inside a ball, a sample where the network is known."""
    problem = random_problem(seed, kind, sites=6)
    one = certified(problem)
    rng = np.random.default_rng(seed)
    extra = rng.normal(size=(2, 2))
    free = np.linalg.norm(extra[:, None] - problem.centers, axis=2) > problem.radii
    extra = extra[free.all(axis=1)]
    centers, targets = [problem.centers, extra], [problem.targets, one.network(extra)]
    radii = [problem.radii, np.zeros(len(extra))]
    for n in np.flatnonzero(problem.radii > 0)[:2]:
        for radius in (0.0, 0.3 * problem.radii[n]):
            centers.append(problem.centers[[n]] + 0.4 * problem.radii[n] * unit_vectors([seed]))
            targets.append(problem.targets[[n]])
            radii.append([radius])
    more = Interpolation(*(np.concatenate(parts) for parts in (centers, targets, radii)))
    other = certified(more)
    assert_same_cost(other, one)
    assert other.certificate.values.shape == more.targets.shape


@few
@given(seed=seeds, kind=kinds)
def test_more_constraints_cost_more(seed, kind):
    problem = random_problem(seed, kind, sites=7)
    fewer = Interpolation(problem.centers[:-1], problem.targets[:-1], problem.radii[:-1])
    less = solve(fewer)
    try:
        more = solve(problem)
    except InfeasibleProblem:  # a cost of infinity
        return
    assert less.lower_bound <= more.cost * (1 + 1e-12)
    smaller = Interpolation(problem.centers, problem.targets, 0.9 * problem.radii)
    assert solve(smaller).lower_bound <= more.cost * (1 + 1e-12)


@few
@given(seed=seeds, kind=kinds)
def test_embedding_in_more_dimensions(seed, kind):
    """Points of a plane in R^5, targets lifted to R^4."""
    problem = random_problem(seed, kind, sites=6)
    rng = np.random.default_rng(seed)
    E, F = rotation(rng, 5)[:2], rotation(rng, 4)[: problem.output_dimension]
    lifted = Interpolation(
        problem.centers @ E + rng.normal(size=5),
        problem.targets @ F + rng.normal(size=4),
        problem.radii,
    )
    one, other = certified(problem), certified(lifted)
    assert_same_cost(other, one)
    network = other.network
    assert (network.input_dimension, network.output_dimension) == (5, 4)
    np.testing.assert_allclose(network(lifted.centers), lifted.targets, atol=1e-7)
    # It acts through the projection on the plane.
    across = np.linalg.svd(E)[2][2:]
    np.testing.assert_allclose(network.input_weights @ across.T, 0, atol=1e-9)
    assert verify_certificate(other).passed


@pytest.mark.parametrize("radius", [0.0, 0.15])
def test_an_extra_collinear_point(radius):
    """On a line in the plane or in R^3: a sample on the ramp between two others costs nothing."""
    line = np.array([[0, 0, 0], [1, 2, 2], [4, 8, 8]]) / 3
    two = certified(Interpolation(line[[0, 2]], [0, 1], radius))
    ramp = Interpolation(line, [0, float(two.network(line[1])[0]), 1], [radius, 0, radius])
    assert_same_cost(certified(ramp), two)
    # In the plane, and next to other sites: denoising with a point halfway is no free lunch.
    three = certified(denoising([[0, 0], [2, 0], [0, 2]], radius=radius))
    four = certified(denoising([[0, 0], [2, 0], [0, 2], [1, 0]], radius=radius))
    if radius:
        assert four.cost > three.cost * (1 + 1e-3)
    else:
        assert three.cost == four.cost == 0


@pytest.mark.parametrize("master", ["cvxpy", "qoco"])
@pytest.mark.parametrize("seed", range(10))
def test_all_masters_certify_the_same_interval(seed, master):
    problem = random_problem(seed, ["balls", "samples", "mixed"][seed % 3])
    one, other = certified(problem), certified(problem, master=master)
    tolerance = 1e-9 + 2 * (one.relative_gap + other.relative_gap)
    assert other.cost == pytest.approx(one.cost, rel=tolerance)
    assert other.lower_bound == pytest.approx(one.lower_bound, rel=tolerance)
    assert max(one.lower_bound, other.lower_bound) <= min(one.cost, other.cost) * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(60))
def test_random_problems_are_certified(seed):
    kind = ["balls", "samples", "mixed"][seed % 3]
    problem = random_problem(1000 + seed, kind)
    solution = certified(problem)
    rng = np.random.default_rng(seed)
    directions = unit_vectors(rng.uniform(0, 2 * np.pi, len(problem)))
    points = problem.centers + rng.random((len(problem), 1)) * problem.radii[:, None] * directions
    error = np.abs(solution.network(points) - problem.targets).max()
    assert error <= 1e-9 * problem.target_spread
    rows = len(problem) + 2 * np.count_nonzero(problem.radii) - 3
    assert solution.neurons <= rows * problem.output_dimension


@pytest.mark.parametrize(
    "problem",
    [
        denoising(equilateral(), radius=1e-9),
        denoising(equilateral(), radius=0.999 * 0.75),
        denoising(regular_simplex(2), radius=0.5),
        denoising(triangular_lattice(3, 4), radius=0.2),
        Interpolation(GRID, np.arange(9.0) % 4),
        Interpolation(GRID, GRID, np.tile([0.2, 0.0], 5)[:9]),
        Interpolation([[0, 0], [1, 0], [0, 2.5], [3, 3]], [0, 0, 1, 2], [1, 0, 0.2, 0.2]),
        Interpolation([[0, 0], [2, 0], [0, 4], [4, 4]], [0, 0, 1, 2], [1, 1, 0.5, 0.5]),
        Interpolation([[0, 0], [0.5, 0], [0, 2], [3, 3]], [0, 0, 1, 2], [0.5, 0.3, 0.2, 0.2]),
        Interpolation([[0, 0], [0, 0], [0, 2], [3, 3], [1, 0]], [0, 0, 1, 2, 7]),
        Interpolation([[0, 0], [0, 0], [0, 2], [3, 3]], [0, 0, 1, 2], [0.3, 0.3, 0.2, 0]),
        Interpolation([[0, 0], [1, 0], [2, 0], [1, 1e-3]], [0, 1, 0, 2]),
        Interpolation([[0, 0], [1, 1e-6], [2, 0], [3, 0]], [0, 1, 0, 2], 0.1),
        denoising(1e-50 * equilateral(), radius=1e-51),
        denoising(1e50 * equilateral(), radius=1e49),
        denoising(1e6 + equilateral(), radius=0.2),
    ],
    ids=[
        "radius 1e-9",
        "near contact",
        "simplex",
        "lattice",
        "grid of samples",
        "grid of both",
        "a sample on its ball",
        "balls of one target that touch",
        "balls of one target that overlap",
        "the same sample twice",
        "the same ball twice",
        "flat samples",
        "almost a line",
        "tiny units",
        "huge units",
        "far from the origin",
    ],
)
def test_special_positions_are_certified(problem):
    solution = certified(problem)
    assert verify_certificate(solution).passed


@pytest.mark.parametrize("shift", [1e-2, 1e-3, 1e-5, 1e-9])
def test_a_ball_that_covers_most_of_another(shift):
    rng = np.random.default_rng(0)
    centers, targets = rng.normal(size=(7, 2)), rng.normal(size=(7, 1))
    centers, targets = np.vstack([centers, centers[:1] + shift]), np.vstack([targets, targets[:1]])
    solution = certified(Interpolation(centers, targets, 0.01))
    assert solution.relative_gap <= 1e-10


@pytest.mark.parametrize("distance", [1e-1, 1e-2, 1e-3])
@pytest.mark.parametrize("seed", [0, 5, 7, 8])
def test_pairs_of_near_samples_with_targets_of_their_own(distance, seed):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(7, 2))
    near = centers[:2] + distance * unit_vectors(rng.uniform(0, 7, 2))
    certified(Interpolation(np.vstack([centers, near]), rng.normal(size=(9, 2))))


@pytest.mark.parametrize("radius", [1e-3, 1e-6, 1e-9])
def test_the_cost_of_tiny_balls_tends_to_four(radius):
    """For every triangle, and from above."""
    cost = certified(denoising(apex(50, 60, 70), radius=radius)).cost
    assert 4 <= cost <= 4 + 30 * radius + 4e-8


@pytest.mark.parametrize("radii", [0.0, 0.1, [0.1, 0, 0.2, 0, 0, 0.05]])
def test_constant_targets_cost_nothing(radii):
    centers = np.random.default_rng(0).normal(size=(6, 2)) * 2
    solution = certified(Interpolation(centers, np.full((6, 2), 3.5), radii))
    assert solution.cost == solution.lower_bound == solution.relative_gap == 0
    assert solution.neurons == 0
    np.testing.assert_allclose(solution.network([[7.0, 7.0]]), [[3.5, 3.5]], atol=1e-14)


@pytest.mark.parametrize("count", [2, 3, 4, 50])
def test_affine_targets_cost_nothing(count):
    rng = np.random.default_rng(count)
    centers = rng.normal(size=(count, 2))
    matrix = rng.normal(size=(2, 3))
    solution = certified(Interpolation(centers, centers @ matrix + [1, 2, 3]))
    assert solution.cost == pytest.approx(0, abs=1e-12)
    points = centers.mean(axis=0) + 0.1 * (centers - centers.mean(axis=0))
    np.testing.assert_allclose(solution.network(points), points @ matrix + [1, 2, 3], atol=1e-12)


def test_three_balls_with_collinear_targets():
    """Scalar in disguise: costs what the scalar problem costs."""
    points = apex(50, 60, 70)
    scalar = Interpolation(points, [0.0, 1.0, 3.0], 0.2)
    vector = Interpolation(points, np.outer([0.0, 1.0, 3.0], [0.6, 0.8]), 0.2)
    assert_same_cost(certified(vector), certified(scalar))


def test_samples_tend_to_the_ball_from_below():
    """Samples on the circles cost less than the balls, and the more the nearer."""
    points, radius = equilateral(), 0.3
    ball = certified(denoising(points, radius=radius)).cost
    costs = []
    for count in (6, 24):
        circle = radius * unit_vectors(2 * np.pi * np.arange(count) / count)
        costs.append(certified(denoising(points, noisy=points[:, None] + circle)).cost)
    assert costs[0] < costs[1] <= ball * (1 + 1e-9)
    assert ball - costs[1] < 0.2 * (ball - costs[0])
