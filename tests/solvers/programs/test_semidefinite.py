"""The semidefinite bounds: below the certified optimum, above exact pricing, tight where known."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array, equilateral, random_problem, unit_vectors

from convexden import Interpolation, NotCertified, TooLarge, denoising, solve
from convexden.data import digits, regular_simplex
from convexden.reduction import Reduction
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.programs.relaxed_pattern import RelaxedPattern
from convexden.solvers.programs.semidefinite import (
    SemidefiniteBound,
    half_patterns,
    semidefinite_bound,
    semidefinite_maximum,
)


def gap_of(points: Array) -> float:
    """Smallest distance of two points."""
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    return float(distances[np.triu_indices(len(points), 1)].min())


def bound(problem: Interpolation) -> tuple[Interpolation, SemidefiniteBound]:
    reduced = Reduction.of(problem).problem
    return reduced, semidefinite_bound(constraints_of(reduced), half_patterns(reduced))


def relative_gap(problem: Interpolation) -> float:
    reduced, found = bound(problem)
    solution = solve(reduced)
    assert solution.certified
    return (solution.cost - found.lower_bound) / solution.cost


def exact_maximum(constraints: Constraints, multipliers: Array) -> float:
    pricing = FacePricing(constraints.problem)
    return float(pricing.maxima(*constraints.multipliers(multipliers), 0.0)[1][0])


def some_multipliers(constraints: Constraints, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(constraints.targets.shape)


def random_sites(seed: int, sites: int, dimension: int, kind: str) -> Interpolation:
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((sites, dimension))
    contact = gap_of(centers) / 2
    if kind == "denoising":
        return denoising(centers, radius=rng.uniform(0.05, 0.9) * contact)
    outputs = 1 if kind == "scalar" else dimension + 1
    radii = rng.uniform(0.05, 0.9, sites) * contact * (np.arange(sites) % 2)
    return Interpolation(centers, rng.standard_normal((sites, outputs)), radii)


@pytest.mark.parametrize("kind", ["denoising", "scalar", "mixed"])
@pytest.mark.parametrize(("sites", "dimension"), [(3, 2), (4, 3), (6, 2), (6, 3)])
@pytest.mark.parametrize("seed", range(2))
def test_the_bound_never_exceeds_the_optimum(seed, sites, dimension, kind):
    gap = relative_gap(random_sites(seed, sites, dimension, kind))
    assert -1e-12 <= gap <= 0.03


@pytest.mark.parametrize("seed", range(4))
def test_nor_for_samples(seed):
    assert -1e-12 <= relative_gap(random_problem(seed, "samples", sites=6)) <= 0.03


@pytest.mark.parametrize("seed", range(5))
def test_tight_for_triangles(seed):
    assert relative_gap(random_sites(seed, 3, 2, "denoising")) <= 1e-6


@pytest.mark.parametrize("dimension", [2, 3, 4, 5])
def test_tight_for_regular_simplices(dimension):
    assert relative_gap(denoising(regular_simplex(dimension), radius=0.1)) <= 1e-6


@pytest.mark.parametrize("radius", [0.02, 0.3])
def test_tight_for_rays(radius):
    rays = unit_vectors(np.deg2rad([90, 200, 325])) * np.array([[1.0], [2.0], [1.5]])
    assert relative_gap(denoising(np.vstack([np.zeros(2), rays]), radius=radius)) <= 1e-6


def test_tight_for_five_images():
    images = digits(range(5))
    assert relative_gap(denoising(images, radius=0.05 * gap_of(images))) <= 1e-6


def test_pairs_of_one_side_count(monkeypatch):
    """Products of sites on opposite sides alone leave a gap here."""
    problem = random_sites(7, 5, 4, "scalar")
    assert relative_gap(problem) <= 1e-6
    whole = RelaxedPattern.__init__

    def halved(cell, rows, pattern):
        whole(cell, rows, pattern)
        first, second = np.triu_indices(len(pattern), 1)
        same = np.flatnonzero(pattern[first] == pattern[second])
        cell.forms, cell.pairs = np.delete(cell.forms, same, axis=0), cell.pairs - same.size

    monkeypatch.setattr(RelaxedPattern, "__init__", halved)
    assert relative_gap(problem) >= 1e-4


@pytest.mark.parametrize("kind", ["denoising", "scalar", "mixed"])
@pytest.mark.parametrize(("sites", "dimension"), [(3, 2), (5, 4), (7, 3)])
def test_the_maximum_is_above_exact_pricing(sites, dimension, kind):
    problem = Reduction.of(random_sites(sites, sites, dimension, kind)).problem
    constraints = constraints_of(problem)
    for seed in range(3):
        multipliers = some_multipliers(constraints, seed)
        exact = exact_maximum(constraints, multipliers)
        relaxed = semidefinite_maximum(constraints, multipliers, half_patterns(problem))
        assert exact * (1 - 1e-12) <= relaxed <= exact * 1.02


def test_the_maximum_is_close_at_the_best_multipliers():
    images = digits(range(5))
    problem, found = bound(denoising(images, radius=0.05 * gap_of(images)))
    constraints = constraints_of(problem)
    exact = exact_maximum(constraints, found.multipliers)
    relaxed = semidefinite_maximum(constraints, found.multipliers, half_patterns(problem))
    assert exact * (1 - 1e-12) <= relaxed <= exact * (1 + 1e-6)
    assert exact <= found.maximum <= 1 + 1e-6


def test_a_pattern_without_hinges_has_none_to_bound():
    """Balls so wide that no line passes between them: the multipliers prove that."""
    points = equilateral()
    problem = Reduction.of(denoising(points, radius=0.49 * gap_of(points))).problem
    constraints = constraints_of(problem)
    every = np.array([[True, False, False], [True, True, False], [True, False, True]])
    assert semidefinite_maximum(constraints, some_multipliers(constraints, 0), every) == 0.0


@pytest.mark.parametrize("size", [1e-8, 1e-2, 10.0, np.nan])
def test_corrupt_numbers_still_bound(size):
    """A ceiling holds on all hinges of its pattern for any tau, mu and weights whatsoever."""
    problem = Reduction.of(random_sites(1, 5, 3, "mixed")).problem
    constraints = constraints_of(problem)
    multipliers = some_multipliers(constraints, 2)
    pricing = FacePricing(problem)
    hinges, heights = pricing.maxima(*constraints.multipliers(multipliers), 0.0)
    rng = np.random.default_rng(0)
    for pattern in (pattern for pattern in half_patterns(problem) if not pattern.all()):
        mine = (hinges.patterns == pattern).all(axis=1)
        cell = RelaxedPattern(constraints, pattern)
        image = multipliers.T @ cell.features
        for tau in (-1.0, 0.0, 1.0):
            weights = size * rng.standard_normal(len(cell.forms))
            ceiling = cell.ceiling(image, size * tau, size * rng.standard_normal(), weights)
            assert ceiling >= heights[mine].max(initial=0.0) ** 2


@pytest.mark.parametrize("size", [1e-6, 1e-3, 0.3])
def test_a_solver_that_errs_gives_a_true_bound(monkeypatch, size):
    """Both programs, with errors of this size added to the multipliers of the matrices."""
    problem = Reduction.of(random_sites(3, 4, 3, "denoising")).problem
    constraints, rng = constraints_of(problem), np.random.default_rng(0)
    honest = RelaxedPattern.ceiling

    def corrupt(cell, image, tau, mu, weights):
        errors = size * rng.standard_normal(2 + len(weights))
        return honest(cell, image, tau + errors[0], mu + errors[1], weights + errors[2:])

    monkeypatch.setattr(RelaxedPattern, "ceiling", corrupt)
    multipliers, patterns = some_multipliers(constraints, 0), half_patterns(problem)
    exact = exact_maximum(constraints, multipliers)
    assert (
        exact <= semidefinite_maximum(constraints, multipliers, patterns) <= exact * (1 + 30 * size)
    )
    found, cost = semidefinite_bound(constraints, patterns), solve(problem).cost
    assert found.maximum >= exact_maximum(constraints, found.multipliers)
    assert cost / (1 + 30 * size) <= found.lower_bound <= cost


def test_hinges_satisfy_the_forms():
    """The quadratic forms of a pattern, at random hinges that have it, by the definition."""
    problem = Reduction.of(random_sites(4, 4, 2, "mixed")).problem
    constraints = constraints_of(problem)
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(400):
        w = unit_vectors(rng.uniform(0, 2 * np.pi, 1))[0]
        z = problem.centers @ w + rng.uniform(-1, 1)
        if (np.abs(z) < problem.radii).any() or (z > 0).all() or (z < 0).all():
            continue
        seen += 1
        cell = RelaxedPattern(constraints, z > 0)
        u = np.concatenate([[1.0], w, [z[0] - problem.centers[0] @ w]])
        products = np.einsum("kij,i,j->k", cell.forms, u, u)
        cones = products[cell.pairs :].reshape(len(problem), -1)
        assert (products[: cell.pairs] >= -1e-12).all()
        assert (np.linalg.norm(cones[:, 1:], axis=1) <= cones[:, 0] + 1e-12).all()
        assert u @ cell.origin @ u == pytest.approx(1.0)
        assert u @ cell.sphere @ u == pytest.approx(0.0, abs=1e-12)
        assert u @ u <= cell.reach
        values, jacobians = constraints.multipliers(some_multipliers(constraints, 1))
        g = (values * z[:, None] + jacobians @ w)[z > 0].sum(axis=0)
        np.testing.assert_allclose(
            some_multipliers(constraints, 1).T @ cell.features @ u, g, atol=1e-12
        )
    assert seen > 50


def test_half_patterns_beyond_the_faces():
    patterns = half_patterns(Reduction.of(denoising(regular_simplex(11), radius=0.01)).problem)
    assert patterns.shape == (2**11 - 1, 12)
    assert len(np.unique(np.concatenate([patterns, ~patterns]), axis=0)) == 2 * (2**11 - 1)


def test_budgets_name_the_number_of_patterns():
    problem = Reduction.of(denoising(regular_simplex(9), radius=0.01)).problem
    constraints = constraints_of(problem)
    with pytest.raises(TooLarge, match=r"10 sites .* have 511 activation patterns"):
        semidefinite_bound(constraints, half_patterns(problem))
    with pytest.raises(TooLarge, match=r"15 sites .* have 16383 activation patterns"):
        half_patterns(Reduction.of(denoising(regular_simplex(14), radius=0.01)).problem)


def test_without_a_network_there_is_no_bound():
    points = equilateral()
    with pytest.raises(NotCertified, match=r"no solution \(unbounded\): lower the radii"):
        bound(denoising(points, radius=0.49 * gap_of(points)))
