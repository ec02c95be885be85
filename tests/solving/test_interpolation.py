"""What `solve` promises: known values, their symmetries, and an answer to everything valid."""

from __future__ import annotations

from dataclasses import replace

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

import convexden.solving.interpolation as interpolation
from convexden import verification
from convexden.data import noisy_samples, regular_simplex, triangular_lattice
from convexden.errors import InfeasibleProblem, InvalidInput, NotCertified, TooLarge
from convexden.problem import Interpolation, denoising
from convexden.solution import Progress, Solution
from convexden.solving.interpolation import solve
from convexden.storage.solutions import load, save
from convexden.verification import verify_certificate


def apex(*degrees: float) -> Array:
    """The triangle on the unit base with these angles at (0, 0), (1, 0) and the apex."""
    a, b, c = np.sin(np.deg2rad(degrees))
    assert sum(degrees) == 180
    return np.array([[0, 0], [1, 0], b / c * np.array([np.cos(np.deg2rad(degrees[0])), a])])


def certified(problem: Interpolation, tolerance: float = 1e-8, **options) -> Solution:
    solution = solve(problem, tolerance, **options)
    assert solution.status == "certified", verify_certificate(solution).reasons
    assert 0 <= solution.relative_gap <= tolerance
    assert solution.lower_bound <= solution.cost
    return solution


def assert_same_cost(solution: Solution, reference: Solution, ratio: float = 1.0) -> None:
    """To what the two certificates allow."""
    tolerance = 1e-9 + 10 * (solution.relative_gap + reference.relative_gap)
    assert solution.cost == pytest.approx(ratio * reference.cost, rel=tolerance, abs=1e-300)


# ---------------------------------------------------------------- known values

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


# ---------------------------------------------------------------- against the program in full


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


# ---------------------------------------------------------------- symmetries

seeds = st.integers(0, 400)
kinds = st.sampled_from(["balls", "samples", "mixed"])
few = settings(max_examples=6, deadline=None)


def rotation(rng: np.random.Generator, dimension: int) -> Array:
    return np.linalg.qr(rng.normal(size=(dimension, dimension)))[0]


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


@pytest.mark.parametrize("seed", range(10))
def test_both_masters_certify_the_same_interval(seed):
    problem = random_problem(seed, ["balls", "samples", "mixed"][seed % 3])
    one, other = certified(problem), certified(problem, master="cvxpy")
    tolerance = 1e-9 + 2 * (one.relative_gap + other.relative_gap)
    assert other.cost == pytest.approx(one.cost, rel=tolerance)
    assert other.lower_bound == pytest.approx(one.lower_bound, rel=tolerance)
    assert max(one.lower_bound, other.lower_bound) <= min(one.cost, other.cost) * (1 + 1e-12)


# ---------------------------------------------------------------- everything valid


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


# ---------------------------------------------------------------- what solve reports


def test_the_history_is_in_the_units_of_the_problem():
    problem = denoising(1e3 * equilateral(), radius=700)
    scaled = Interpolation(problem.centers, 0.5 * problem.targets, problem.radii)
    steps: list[Progress] = []
    solution = certified(scaled, progress=steps.append)
    assert tuple(steps) == solution.history
    assert solution.iterations == len(steps)
    assert steps[-1].cost == pytest.approx(solution.cost, rel=1e-9)
    assert (np.diff([step.lower_bound for step in steps]) >= 0).all()
    assert (np.diff([step.cost for step in steps if np.isfinite(step.cost)]) <= 0).all()
    assert all(step.lower_bound <= solution.cost * (1 + 1e-9) for step in steps)
    assert solution.seconds > 0
    assert {"convexden", "numpy", "clarabel"} <= set(solution.versions)


def test_a_solution_keeps_its_verification(tmp_path):
    """Of the numbers that it was made for: no others may pass for verified with it."""
    solution = solve(denoising([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]], radius=0.4))
    assert solution.verification == verify_certificate(solution)
    assert solution.verification.passed
    changed = replace(solution, cost=solution.cost / 2)
    assert changed.verification is None
    assert not verify_certificate(changed).passed
    save(solution, tmp_path / "solution.json")
    assert load(tmp_path / "solution.json").verification is None


def test_a_tolerance_out_of_reach_is_not_certified():
    # The smallest of all: a gap of zero would take a cost and a bound that are the same float.
    solution = solve(random_problem(4, "balls", sites=4), np.finfo(float).tiny)
    assert solution.status == "not-certified"
    assert not solution.certified
    assert 0 < solution.relative_gap < 1e-8
    assert verify_certificate(solution).passed


def test_a_loose_tolerance_is_no_excuse_for_false_bounds():
    problem = random_problem(4, "balls", sites=9)
    best = certified(problem)
    loose = certified(problem, 0.5)
    assert loose.lower_bound <= best.cost
    assert best.lower_bound <= loose.cost


@pytest.mark.parametrize(
    "problem",
    [
        random_problem(3, "balls", sites=9, outputs=2),
        random_problem(3, "samples", sites=9, outputs=2),
        denoising(equilateral(), noisy=noisy_samples(equilateral(), 0.5, 12, 0)),
    ],
    ids=["balls", "samples", "clusters"],
)
def test_interrupted_it_returns_true_bounds_or_says_that_there_is_no_network(problem):
    best = certified(problem)
    outcomes = set()
    for last in sorted({1, 2, 3, best.iterations // 2, best.iterations - 1, best.iterations}):

        def interrupt(step: Progress, last=last) -> None:
            if step.round == last:
                raise StopIteration

        try:
            solution = solve(problem, progress=interrupt)
        except NotCertified:
            outcomes.add("nothing")
            continue
        outcomes.add(solution.status)
        assert verify_certificate(solution).passed
        assert solution.lower_bound <= best.cost * (1 + 1e-12)
        assert solution.cost >= best.lower_bound * (1 - 1e-12)
        if solution.status == "not-certified":
            assert solution.relative_gap > 1e-8
    assert outcomes & {"nothing", "not-certified"}


# ---------------------------------------------------------------- more sites than dimensions


@pytest.mark.parametrize(
    ("count", "dimension"), [(8, 3), (10, 3), pytest.param(6, 4, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("seed", range(2))
def test_both_methods_certify_the_same_interval(count, dimension, seed):
    rng = np.random.default_rng([count, dimension, seed])
    points = rng.standard_normal((count, dimension))
    edges = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(count)
    problem = denoising(points, radius=rng.uniform(0.1, 0.8) * edges.min() / 2)
    fast = solve(problem, method="minimax")
    plain = solve(problem, method="column-generation")
    assert fast.certified
    assert plain.certified
    gap = max(fast.relative_gap, plain.relative_gap)
    assert fast.cost == pytest.approx(plain.cost, rel=max(10 * gap, 1e-10))


def test_samples_in_space_are_certified():
    """Row generation beyond the plane: clusters of samples around four points."""
    rng = np.random.default_rng(5)
    clean = rng.standard_normal((4, 3))
    solution = solve(denoising(clean, noisy=clean[:, None] + 0.1 * rng.standard_normal((4, 3, 3))))
    assert solution.certified
    assert verify_certificate(solution).passed


def test_an_unknown_method_is_named():
    with pytest.raises(InvalidInput, match="no method 'magic'"):
        solve(denoising(regular_simplex(3), radius=0.1), method="magic")


# ---------------------------------------------------------------- beyond exact pricing


def interrupt_with_a_network(step: Progress) -> None:
    if np.isfinite(step.cost):
        raise StopIteration


@pytest.fixture(scope="module")
def beyond() -> Solution:
    """Too many sites for exact pricing, and after one round of proposals."""
    points = np.random.default_rng(0).standard_normal((64, 3))
    problem = denoising(points, radius=1e-3)
    return solve(problem, method="local", progress=interrupt_with_a_network)


@pytest.mark.slow
def test_local_networks_without_a_bound_are_upper_bounds(beyond):
    assert beyond.status == "upper-bound"
    assert not beyond.certified
    assert (beyond.lower_bound, beyond.relative_gap) == (0.0, 1.0)
    assert beyond.certificate.pricing == "none"
    assert not beyond.certificate.values.any()
    assert not beyond.certificate.jacobians.any()
    assert all(step.lower_bound == 0.0 for step in beyond.history)
    # The network is one all the same: on random points of the balls.
    rng = np.random.default_rng(1)
    u = rng.standard_normal((64, 3))
    u *= beyond.problem.radii[:, None] / np.linalg.norm(u, axis=1, keepdims=True)
    for points in (beyond.problem.centers, beyond.problem.centers + (1 - 1e-12) * u):
        errors = np.abs(beyond.network(points) - beyond.problem.targets)
        assert errors.max() <= 1e-9 * beyond.problem.target_spread
    assert 0 < beyond.cost == pytest.approx(beyond.network.representation_cost, rel=1e-12)


def test_it_verifies_as_what_it_is(beyond):
    """No hinge sees multipliers that are zero, however many sites there are."""
    checked = verify_certificate(beyond)
    assert checked.passed, checked.reasons
    assert (checked.lower_bound, checked.relative_gap) == (0.0, 1.0)


def test_it_is_stored_and_read_again(beyond, tmp_path):
    save(beyond, tmp_path / "local.json")
    again = load(tmp_path / "local.json")
    assert again.status == "upper-bound"
    assert (again.cost, again.lower_bound, again.relative_gap) == (beyond.cost, 0.0, 1.0)
    assert again.certificate.pricing == "none"
    assert verify_certificate(again).passed


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_local_is_never_certified_and_right_all_the_same(kind):
    """Where exact pricing can tell: the same cost, and the bound of semidefinite programs."""
    problem = random_problem(2, kind, sites=6, outputs=2)
    exact, local = certified(problem), solve(problem, method="local")
    assert local.status == "not-certified"
    assert local.certificate.pricing == "semidefinite"
    assert local.cost == pytest.approx(exact.cost, rel=1e-6)
    assert 0 < local.lower_bound <= exact.cost * (1 + 1e-10)
    assert local.cost >= exact.lower_bound * (1 - 1e-10)
    assert verify_certificate(local).passed


# ---------------------------------------------------------------- what has no solution


def test_too_many_faces_are_not_supported():
    points = np.random.default_rng(0).standard_normal((64, 3))
    with pytest.raises(TooLarge, match="64 sites that span 3 dimensions"):
        solve(denoising(points, radius=1e-3))


def test_a_certificate_that_does_not_fit_in_memory_is_refused_at_once():
    points = np.zeros((3, 30_000))
    points[1:, :2] = np.eye(2)
    with pytest.raises(TooLarge, match=r"21\.6 GB: give data of fewer dimensions"):
        solve(denoising(points, radius=0.1))


@pytest.mark.parametrize("extra", [0, 30], ids=["balls", "and samples"])
def test_infeasibility_is_proved_in_the_units_of_the_problem(extra):
    """Balls that no line separates; in R^3, with samples between them and a ball in a ball."""
    rng = np.random.default_rng(0)
    lattice = triangular_lattice(4, 4)
    between = lattice.min(axis=0) + rng.random((20 * extra, 2)) * np.ptp(lattice, axis=0)
    distances = np.linalg.norm(between[:, None] - lattice, axis=2)
    between = between[distances.min(axis=1) > 0.46][:extra] if extra else between
    plane = np.vstack([lattice, lattice[:1], between])
    targets = np.vstack([lattice, lattice[:1], np.zeros_like(between)])
    radii = np.concatenate([np.full(16, 0.45), [0.2], np.zeros(len(between))])
    E = rotation(rng, 3)[:2]
    problem = Interpolation(10 * plane @ E + 1, 5 * targets - 3, 10 * radii)
    with pytest.raises(InfeasibleProblem, match="lower the radii") as caught:
        solve(problem)
    proof = caught.value.certificate
    assert proof is not None
    assert proof.values.shape == problem.targets.shape
    assert proof.jacobians.shape == (len(problem), 2, 3)
    size = np.abs(proof.values).sum() * 50 + np.abs(proof.jacobians).sum()
    assert np.abs(proof.values.sum(axis=0)).max() <= 1e-12 * size
    moments = proof.values[:, :, None] * problem.centers[:, None, :] + proof.jacobians
    assert np.abs(moments.sum(axis=0)).max() <= 1e-12 * size
    assert np.sum(proof.values * problem.targets) > 1e-6 * size
    flat = Interpolation(problem.centers @ E.T, problem.targets, problem.radii)
    jacobians = proof.jacobians @ E.T
    normals = np.vstack([unit_vectors(rng.uniform(0, 7, 300)), common_tangents(flat)])
    lines = tangent_lines(flat, rng.permutation(normals)[:800], slack=1e-12)
    assert np.abs(dual_vectors(flat, lines, proof.values, jacobians)).max() <= 1e-9 * size


@pytest.mark.parametrize("thickness", [1e-2, 1e-4, 1e-5])
def test_samples_near_a_line_are_certified(thickness):
    rng = np.random.default_rng(11)
    for count in (4, 7, 10):
        centers = rng.uniform(-1, 1, (count, 2)) * [1.0, thickness]
        solution = solve(Interpolation(centers, rng.normal(size=(count, 2))))
        assert solution.status == "certified"
        assert solution.relative_gap < 1e-11


def test_no_bound_is_above_the_cost_of_a_network_that_is_wrong(monkeypatch):
    """One of the neurons alone misses the targets, and costs less than the multipliers prove.

    Corrections of it are found; here none is, so that its own cost is all that there is.
    """
    right, examine = interpolation._solve_sites, verification.examine

    def first_neuron(*arguments):
        network, certificate, stopped = right(*arguments)
        parts = ("output_weights", "input_weights", "biases")
        alone = replace(network, **{name: getattr(network, name)[:1] for name in parts})
        return alone, certificate, stopped

    def without_correction(*arguments):
        evidence = examine(*arguments)
        return replace(evidence, upper=replace(evidence.upper, cost=np.inf, reason="none tried"))

    problem = denoising(equilateral(), radius=0.1)
    optimum = solve(problem).lower_bound
    monkeypatch.setattr(interpolation, "_solve_sites", first_neuron)
    monkeypatch.setattr(verification, "examine", without_correction)
    solution = solve(problem)
    assert solution.certificate.lower_bound == optimum
    assert 0.0 < solution.cost < 0.5 * optimum
    assert solution.lower_bound == solution.cost
    assert solution.relative_gap == 0.0
    assert solution.status == "not-certified"


def test_samples_are_never_infeasible_however_close():
    rng = np.random.default_rng(5)
    for apart in (1e-5, 1e-7, 1e-9):
        centers = rng.normal(size=(6, 2))
        centers[1] = centers[0] + apart * unit_vectors(rng.uniform(0, 7, 1))[0]
        solution = solve(Interpolation(centers, rng.normal(size=(6, 1))))
        # Weights of size 1 / apart cancel: beyond that too few digits are left for a certificate.
        assert solution.status == ("certified" if apart >= 1e-7 else "not-certified")
        assert solution.relative_gap < 1e-7
