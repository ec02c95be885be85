"""Local pricing: feasible hinges with their constraint values, and nearly always the greatest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden.data import digits, regular_simplex
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Hinges, distinct, dual_constraint
from convexden.solvers.methods.central_path import CentralPath
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.patterns.separators import Separators, likely_patterns, oriented
from convexden.solvers.pricing.ascent import Ascent
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing

Array = NDArray[np.float64]


def sites(seed: int, count: int, dimension: int, share: float = 0.3) -> Interpolation:
    """Random sites, with balls of this share of contact, denoised."""
    points = np.random.default_rng(seed).standard_normal((count, dimension))
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(count)
    return Reduction.of(denoising(points, radius=share * distances.min() / 2)).problem


def images(count: int) -> Interpolation:
    return Reduction.of(denoising(digits(range(count)), radius=0.13)).problem


def noisy(seed: int) -> Interpolation:
    """Three noisy samples of each of six points in space."""
    rng = np.random.default_rng(seed)
    clean = rng.standard_normal((6, 3))
    samples = clean[:, None] + 0.2 * rng.standard_normal((6, 3, 3))
    return Reduction.of(denoising(clean, noisy=samples)).problem


def multipliers(problem: Interpolation, seed: int) -> tuple[Array, Array]:
    constraints = constraints_of(problem)
    shape = (len(constraints.targets), problem.output_dimension)
    return constraints.multipliers(np.random.default_rng(seed).standard_normal(shape))


def assert_feasible(problem: Interpolation, hinges: Hinges, slack: float = 1e-11) -> None:
    """Unit normals, no ball cut, the pattern is that of the sides, the pivot is touched."""
    z = hinges.offsets(problem)
    assert np.linalg.norm(hinges.normals, axis=1) == pytest.approx(np.ones(len(hinges)), abs=1e-12)
    assert (np.where(hinges.patterns, z, -z) >= problem.radii - slack).all()
    pivot = np.abs(z)[np.arange(len(hinges)), hinges.pivots]
    assert pivot == pytest.approx(problem.radii[hinges.pivots], abs=slack)


def test_a_maximum_begins_where_it_was() -> None:
    problem = images(6)
    values, jacobians = multipliers(problem, 1)
    pricing = LocalPricing(problem)
    found, heights = pricing.maxima(values, jacobians, 0.0)
    ascent = Ascent(problem, values, jacobians)
    again = ascent.run(found.normals, found.patterns, pricing._members(found))
    assert_feasible(problem, again)
    assert np.abs(again.normals - found.normals).max() < 1e-7
    assert ascent.constraint_values(again) == pytest.approx(heights, rel=1e-12)
    # A little further on it ends no lower than a climb from one site does.
    other = multipliers(problem, 2)
    near = values + 1e-3 * other[0], jacobians + 1e-3 * other[1]
    ascent = Ascent(problem, *near)
    moved = ascent.run(found.normals, found.patterns, pricing._members(found))
    assert_feasible(problem, moved)
    assert (ascent.constraint_values(moved) >= ascent.constraint_values(found) * (1 - 1e-12)).all()


PROBLEMS = {
    "images": lambda: images(7),
    "sites in space": lambda: sites(0, 12, 3),
    "near contact": lambda: sites(3, 6, 5, 0.9),
    "samples": lambda: noisy(0),
    "plane": lambda: sites(2, 9, 2),
}


@pytest.fixture(params=PROBLEMS, scope="module")
def problem(request):
    return PROBLEMS[request.param]()


def test_proposals_are_feasible_hinges_with_their_heights(problem):
    dual = multipliers(problem, 0)
    hinges, heights = LocalPricing(problem).maxima(*dual, 0.5)
    assert_feasible(problem, hinges)
    assert heights == pytest.approx(dual_constraint(problem, hinges, *dual), rel=1e-13)
    assert (np.diff(heights) <= 0).all()
    assert (heights >= min(0.5, heights[0])).all()
    assert len(distinct(hinges, 1e-9)) == len(hinges)


def test_the_greatest_is_found_and_none_is_above_it(problem):
    exact, local, found = FacePricing(problem), LocalPricing(problem), 0
    for seed in range(5):
        dual = multipliers(problem, seed)
        highest = exact.maxima(*dual, np.inf)[1][0]
        heights = local.maxima(*dual, np.inf)[1]
        assert heights[0] <= highest * (1 + 1e-12)
        found += heights[0] >= highest * (1 - 1e-9)
    assert found >= 4


def test_the_greatest_is_found_where_many_are_nearly_as_great():
    problem = images(5)
    constraints, exact = constraints_of(problem), FacePricing(problem)
    method = CentralPath(constraints, exact, 1e-8)
    method.run()
    rng, found = np.random.default_rng(0), 0
    for seed in range(10):
        near = method.incumbent.multipliers
        near = near + 1e-3 * np.abs(near).max() * rng.standard_normal(near.shape)
        dual = constraints.multipliers(near)
        highest = exact.maxima(*dual, np.inf)[1][0]
        found += LocalPricing(problem, seed).maxima(*dual, np.inf)[1][0] >= highest * (1 - 1e-9)
    assert found >= 9


def test_equal_seeds_give_equal_results():
    problem = sites(1, 12, 3)
    first, second = LocalPricing(problem, 3), LocalPricing(problem, 3)
    for seed in range(2):
        dual = multipliers(problem, seed)
        one, other = first.maxima(*dual, 0.0), second.maxima(*dual, 0.0)
        assert np.array_equal(one[1], other[1])
        assert np.array_equal(one[0].normals, other[0].normals)


def test_a_limit_keeps_the_greatest():
    problem = sites(1, 8, 3)
    dual = multipliers(problem, 0)
    everything = LocalPricing(problem).maxima(*dual, 0.0)[1]
    assert LocalPricing(problem).maxima(*dual, 0.0, 5)[1] == pytest.approx(everything[:5])


def test_hinges_climb_to_true_local_maxima():
    """From hinges that are optimal for other multipliers, each within its pattern."""
    problem = images(6)
    start = FacePricing(problem).maxima(*multipliers(problem, 1), 0.0)[0]
    start = start[~start.patterns.all(axis=1)]
    dual = multipliers(problem, 2)
    climbed = Ascent(problem, *dual).run(start.normals, start.patterns)
    assert_feasible(problem, climbed)
    before, after = (dual_constraint(problem, hinges, *dual) for hinges in (start, climbed))
    assert (after >= before - 1e-12).all()
    highest = FacePricing(problem).maxima(*dual, 0.0)[1]
    assert np.abs(after[:, None] - highest).min(axis=1).max() <= 1e-9


def test_moved_hinges_keep_touching_and_cut_no_ball(problem):
    pricing = LocalPricing(problem)
    hinges = pricing.maxima(*multipliers(problem, 4), 0.0)[0]
    directions, centers = pricing.tangents(hinges)
    count = directions.shape[2]
    gram = directions.transpose(0, 2, 1) @ directions
    assert gram == pytest.approx(gram * np.eye(count), abs=1e-12)
    radial = hinges.normals - centers
    assert np.einsum("kd,kdm->km", radial, directions) == pytest.approx(0.0, abs=1e-12)
    touched = np.abs(np.abs(hinges.offsets(problem)) - problem.radii) <= 1e-11
    rng = np.random.default_rng(0)
    for size in (1e-3, 0.3):
        moved, held = pricing.moved(hinges, size * rng.standard_normal((len(hinges), count)))
        assert_feasible(problem, moved)
        assert not held.any()
        gaps = np.abs(np.abs(moved.offsets(problem)) - problem.radii)
        assert gaps[touched].max() <= 1e-11
    still = pricing.moved(hinges, np.zeros((len(hinges), count)))[0]
    assert np.array_equal(still.normals, hinges.normals)


def test_initial_and_spanning_hinges(problem):
    pricing = LocalPricing(problem)
    initial, spanning = pricing.initial(20), pricing.spanning()
    assert len(initial) <= 20
    for hinges in (initial, spanning):
        assert_feasible(problem, hinges)
    constraints = constraints_of(problem)
    exact = constraints.features(FacePricing(problem).maxima(*multipliers(problem, 0), 0.0)[0])
    ours = np.linalg.svd(constraints.features(spanning), full_matrices=False)[2]
    rank = np.linalg.matrix_rank(constraints.features(spanning), tol=1e-9)
    assert exact @ ours[:rank].T @ ours[:rank] == pytest.approx(exact, abs=1e-7)


def test_widest_hinges_have_the_patterns_that_exist():
    problem = sites(0, 8, 3)
    patterns = likely_patterns(problem, 1000, np.random.default_rng(0))
    assert len(patterns) == 127
    widest = Separators(problem).widest(patterns)
    exact = {pattern.tobytes() for pattern in oriented(FacePricing(problem).table.patterns)}
    assert {pattern.tobytes() for pattern in widest.patterns} == exact - {bytes([1] * 8)}


def test_no_plane_between_balls_that_almost_touch():
    points = regular_simplex(3)
    edge = float(np.linalg.norm(points[0] - points[1]))
    pricing = LocalPricing(Reduction.of(denoising(points, radius=0.49 * edge)).problem)
    assert len(pricing.initial(5)) == 0
    assert len(pricing.maxima(*multipliers(pricing.problem, 0), 0.0)[1]) == 0


@pytest.mark.parametrize("build", [lambda: images(5), lambda: sites(0, 9, 3)])
def test_column_generation_reaches_the_exact_cost(build):
    problem = build()
    exact = CentralPath(constraints_of(problem), FacePricing(problem), 1e-8).run()
    local = ColumnGeneration(constraints_of(problem), LocalPricing(problem), 1e-8).run()
    assert local.cost == pytest.approx(exact.cost, rel=1e-6)
