"""The reduced rows say what the constraints say, and nothing of the affine part."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from oracles import (
    Lines,
    common_tangents,
    dual_vectors,
    hinges_of,
    interpolation_cost,
    random_problem,
    tangent_lines,
    unit_vectors,
)

from convexden.problem import Interpolation
from convexden.solvers.constraints import (
    BallConstraints,
    Constraints,
    SampleConstraints,
    constraints_of,
    spanning_tree,
)
from convexden.solvers.programs.restricted_master import solve_dual
from convexden.solvers.stencils import stencils

COLLINEAR = Interpolation([[0, 0], [1, 2], [2, 4], [3, 6], [5, 10]], [0, 1, 0, 2, 1])
GRID = Interpolation([[i, j] for i in range(3) for j in range(3)], np.sin(np.arange(9.0)))
CLUSTERS = Interpolation(
    np.concatenate(
        [c + 0.03 * np.random.default_rng(0).normal(size=(5, 2)) for c in ([0, 0], [1, 0], [0, 1])]
    ),
    np.random.default_rng(1).normal(size=(15, 2)),
)
PROBLEMS = {
    "balls": random_problem(3, "balls", sites=7, outputs=2),
    "samples": random_problem(3, "samples", sites=9, outputs=3),
    "balls and samples": random_problem(3, "mixed", sites=8, outputs=2),
    "one ball": Interpolation([[0, 0], [1, 0], [0, 1], [2, 2]], [0, 1, 2, 4], [0.3, 0, 0, 0]),
    "three samples": Interpolation([[0, 0], [1, 0], [0, 1]], [0, 1, 2]),
    "grid": GRID,
    "clusters": CLUSTERS,
    "collinear samples": COLLINEAR,
}


def some_lines(problem: Interpolation) -> Lines:
    lines = tangent_lines(problem, unit_vectors(np.linspace(0, 2 * np.pi, 41)))
    # Only through a sample is the pattern of a hinge at its pivot free.
    at_sample = problem.radii[lines.pivots] == 0
    lines.patterns[np.flatnonzero(at_sample), lines.pivots[at_sample]] = True
    return lines


def size_of(constraints: Constraints) -> float:
    """Of what the rows are made: reciprocal distances of neighbors."""
    centers = constraints.problem.centers
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)
    return 1 + 10 / distances[distances > 0].min()


@pytest.fixture(params=PROBLEMS)
def rows(request) -> Constraints:
    return constraints_of(PROBLEMS[request.param])


def test_which_rows_for_which_problem():
    assert isinstance(constraints_of(PROBLEMS["balls"]), BallConstraints)
    assert isinstance(constraints_of(PROBLEMS["one ball"]), BallConstraints)
    assert isinstance(constraints_of(PROBLEMS["samples"]), SampleConstraints)


def test_as_many_rows_as_the_affine_part_leaves(rows):
    problem = rows.problem
    balls = int((problem.radii > 0).sum())
    affine = np.column_stack([np.ones(len(problem)), problem.centers])
    rank = 3 if balls else np.linalg.matrix_rank(affine)
    assert len(rows.targets) == len(problem) + 2 * balls - rank


def test_affine_functions_vanish(rows):
    """A hinge behind all sites, or before them, is affine on them."""
    lines = some_lines(rows.problem)
    for pattern in (False, True):
        same = np.full_like(lines.patterns, pattern)
        features = rows.features(hinges_of(lines._replace(patterns=same)))
        assert np.abs(features).max(initial=0) <= 1e-14 * size_of(rows)


def test_multipliers_satisfy_the_dual_equalities(rows):
    problem = rows.problem
    reduced = np.random.default_rng(0).normal(size=rows.targets.shape)
    values, jacobians = rows.multipliers(reduced)
    size = np.abs(values).sum() + np.abs(jacobians).sum() + 1
    assert np.abs(values.sum(axis=0)).max() <= 1e-15 * size
    moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
    assert np.abs(moments.sum(axis=0)).max() <= 1e-14 * size
    assert (jacobians[problem.radii == 0] == 0).all()
    assert values.shape == problem.targets.shape
    assert jacobians.shape == (*problem.targets.shape, 2)


def test_features_and_multipliers_make_the_dual_constraint(rows):
    """<psi, Z> = sum_n D_n (l_n z_n + G_n w), as a vector."""
    lines = some_lines(rows.problem)
    reduced = np.random.default_rng(1).normal(size=rows.targets.shape)
    expected = dual_vectors(rows.problem, lines, *rows.multipliers(reduced))
    found = rows.features(hinges_of(lines)) @ reduced
    np.testing.assert_allclose(found, expected, atol=1e-13 * size_of(rows) ** 2)
    assert np.abs(found).max() > 0.1 or not reduced.size


def test_targets_and_multipliers_make_the_dual_objective(rows):
    reduced = np.random.default_rng(2).normal(size=rows.targets.shape)
    values, _ = rows.multipliers(reduced)
    expected = np.sum(values * rows.problem.targets)
    assert np.sum(rows.targets * reduced) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_the_rows_miss_no_constraint(rows):
    """Multipliers of the rows are all that satisfy the dual equalities: none vanishes."""
    m = len(rows.targets)
    one_output = Interpolation(
        rows.problem.centers, np.zeros(len(rows.problem)), rows.problem.radii
    )
    reduced = constraints_of(one_output)
    found = np.zeros((m, 3 * len(rows.problem)))
    for k, unit in enumerate(np.eye(m)):
        values, jacobians = reduced.multipliers(unit[:, None])
        found[k] = np.concatenate([values.ravel(), jacobians.ravel()])
    assert np.linalg.matrix_rank(found @ found.T) == m


def test_moving_features_are_derivatives(rows):
    """When a hinge rolls on its pivot, at the same distance, with the same pattern."""
    problem = rows.problem
    lines = some_lines(problem)
    angles = np.arctan2(lines.w[:, 1], lines.w[:, 0])
    pivots = problem.centers[lines.pivots]
    distances = np.sum(lines.w * pivots, axis=1) + lines.b

    def features(turn: float) -> np.ndarray:
        w = unit_vectors(angles + turn)
        b = distances - np.sum(w * pivots, axis=1)
        return rows.features(hinges_of(lines._replace(w=w, b=b)))

    hinges, scale = hinges_of(lines), size_of(rows)
    step = 1e-4
    first = (features(step) - features(-step)) / (2 * step)
    turn = np.column_stack([-lines.w[:, 1], lines.w[:, 0]])
    np.testing.assert_allclose(rows.moving_features(hinges, turn), first, atol=1e-8 * scale)
    step = 1e-3
    second = (features(step) - 2 * features(0.0) + features(-step)) / step**2
    np.testing.assert_allclose(rows.moving_features(hinges, -lines.w), second, atol=3e-6 * scale)


def test_weights_that_satisfy_the_rows_make_a_network_that_interpolates(rows):
    problem = rows.problem
    lines = some_lines(problem)
    hinges = hinges_of(lines)
    weights, *_ = np.linalg.lstsq(rows.features(hinges).T, rows.targets, rcond=1e-12)
    network = rows.network(hinges, weights)
    size = 1 + np.abs(weights).max()
    for center, radius, target in zip(problem.centers, problem.radii, problem.targets, strict=True):
        points = center + 0.999999 * radius * unit_vectors(np.linspace(0, 2 * np.pi, 9))
        error = network(points) - target
        assert np.abs(error).max() <= 1e-11 * size
        if radius > 0:
            assert np.abs(network.jacobian(points)).max() <= 1e-11 * size


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_reduced_program_costs_the_same_as_the_full_one(name):
    problem = PROBLEMS[name]
    if name == "collinear samples":
        lines = some_lines(problem)
    else:
        turns = np.vstack([unit_vectors(np.linspace(0, np.pi, 12)), common_tangents(problem)])
        lines = tangent_lines(problem, turns, slack=1e-12)
        lines = Lines(*(array[:400] for array in lines))
    constraints = constraints_of(problem)
    cost = interpolation_cost(problem, lines)
    columns = constraints.features(hinges_of(lines))
    if not constraints.targets.size:
        assert cost == pytest.approx(0, abs=1e-6)
        return
    solved = solve_dual(columns, constraints.targets, 1e4, 1e-9)
    assert np.abs(solved.errors).max() < 1e-7
    assert np.linalg.norm(solved.weights, axis=1).sum() == pytest.approx(cost, rel=1e-5, abs=1e-6)


def test_samples_without_a_triangulation_cost_the_same():
    """On a line in the plane, against the line itself: sum of the jumps of the slope."""
    constraints = constraints_of(COLLINEAR)
    lines = tangent_lines(COLLINEAR, np.array([[1.0, 2.0]]) / np.sqrt(5))
    solved = solve_dual(constraints.features(hinges_of(lines)), constraints.targets, 1e4, 1e-9)
    slopes = np.diff(COLLINEAR.targets[:, 0]) / np.diff(COLLINEAR.centers[:, 0]) / np.sqrt(5)
    expected = np.abs(np.diff(slopes)).sum()
    assert np.linalg.norm(solved.weights, axis=1).sum() == pytest.approx(expected, rel=1e-6)


def test_rows_of_samples_are_zero_where_the_hinge_passes_by():
    """So that multipliers of few rows see few hinges: exactly zero, not nearly."""
    constraints = constraints_of(random_problem(9, "samples", sites=40, outputs=1))
    assert isinstance(constraints, SampleConstraints)
    features = constraints.features(hinges_of(some_lines(constraints.problem)))
    assert 0.2 < np.mean(features == 0) < 1


@pytest.mark.parametrize("thickness", [1.0, 1e-3, 1e-6, 1e-9])
def test_stencils_of_thin_triangles_vanish_on_affine_functions_to_rounding(thickness):
    """In either direction relative to the extent in it: else the multipliers are no proof."""
    points = np.random.default_rng(4).uniform(-1, 1, (12, 2)) * [1.0, thickness]
    constraints = constraints_of(Interpolation(points, np.arange(12.0)))
    combinations = constraints.multipliers(np.eye(9))[0]
    assert np.count_nonzero(combinations) == 36
    left = combinations.T @ np.column_stack([np.ones(12), points / [1.0, thickness]])
    assert np.abs(left).max() <= 1e-14 * np.abs(combinations).sum(axis=0).max()


def test_the_spanning_tree_is_the_shortest():
    points = np.array([[0, 0], [5, 0], [1, 0], [1, 1], [5, 1], [2.5, 0]])
    first, second = spanning_tree(points)
    edges = {tuple(sorted(edge)) for edge in zip(first.tolist(), second.tolist(), strict=True)}
    assert edges == {(0, 2), (2, 3), (2, 5), (1, 5), (1, 4)}


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
@pytest.mark.parametrize("distance", [1e-3, 1e-8, 1e-12])
def test_rows_of_samples_that_nearly_coincide_do_not_cancel(dimension, distance):
    """A hinge through one of them, seen from the other: against the exact sum in fractions."""
    rng = np.random.default_rng(dimension)
    points = rng.normal(size=(dimension + 3, dimension))
    points = np.vstack([points, points[1] + distance * rng.normal(size=dimension)])
    found = stencils(points)
    last = len(points) - 1
    (row,) = np.flatnonzero(
        (found.samples == last) & (found.corners[:, 0] == 1)
        | (found.samples == 1) & (found.corners[:, 0] == last)
    )
    assert found.lengths[row] == pytest.approx(np.linalg.norm(points[last] - points[1]), rel=1e-3)
    assert np.abs(found.coefficients).max() < 10
    # The coefficients say where the sample is, to the rounding of its distance.
    corners, shares = points[found.corners[row]], found.coefficients[row]
    steps = corners - corners[0]
    left = points[found.samples[row]] - corners[0] - shares @ steps
    assert np.abs(left).max() <= 1e-14 * found.lengths[row]
    constraints = constraints_of(Interpolation(points, rng.normal(size=len(points))))
    normals = rng.normal(size=(20, dimension))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    pivots = np.full(20, 1)
    biases = -normals @ points[1]
    offsets = (points - points[1]) @ normals.T
    hinges = hinges_of(Lines(normals, biases, offsets.T > 0, pivots))
    # The rows in fractions: the jump of the values less that of the affine function.
    exact = np.array([[Fraction(x) for x in w] for w in normals])
    places = np.array([[Fraction(x) for x in y] for y in points])
    z = (places - places[1]) @ exact.T
    active = np.where(offsets.T > 0, z.T, Fraction(0))
    weights = np.array([Fraction(x) for x in shares])
    jump = active[:, found.samples[row]] - active[:, found.corners[row]] @ weights
    jump = jump - (1 - sum(weights)) * active[:, found.corners[row, 0]]
    expected = np.array([float(x) for x in jump]) / found.lengths[row]
    np.testing.assert_allclose(constraints.features(hinges)[:, row], expected, atol=1e-12)
