"""Repaired weights satisfy the rows to rounding, thinned ones are few, and spans are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import random_problem
from scipy.optimize import linprog
from scipy.spatial.distance import pdist

from convexden.data import triangular_lattice
from convexden.errors import InfeasibleProblem, NotCertified
from convexden.problem import denoising
from convexden.reduction import Reduction
from convexden.solvers import feasibility
from convexden.solvers.constraints import constraints_of
from convexden.solvers.feasibility import (
    RepairSettings,
    _purified,
    check_feasible,
    repair,
    thin,
)
from convexden.solvers.pricing.plane import PlanePricing


def program(seed: int, hinges: int, rows: int, outputs: int, sizes: float = 0.0):
    """Columns, targets, and weights of magnitudes 10^-sizes to 1 that meet them."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(hinges, rows))
    weights = rng.normal(size=(hinges, outputs))
    weights *= 10.0 ** -rng.uniform(0, sizes, (hinges, 1)) if sizes else 1.0
    return columns, columns.T @ weights, weights


@pytest.mark.parametrize("sizes", [0.0, 4.0])
@pytest.mark.parametrize("outputs", [1, 3])
def test_repaired_weights_satisfy_the_rows(outputs, sizes):
    columns, targets, weights = program(outputs, 20, 8, outputs, sizes)
    rng = np.random.default_rng(9)
    spoiled = weights * (1 + 1e-3 * rng.normal(size=weights.shape))
    repaired = repair(columns, targets, spoiled)
    assert repaired is not None
    assert np.abs(columns.T @ repaired - targets).max() <= 1e-13 * np.abs(targets).max()
    # The step is in proportion: hinges of little weight are hardly moved.
    moved = np.linalg.norm(repaired - spoiled, axis=1) / np.linalg.norm(spoiled, axis=1)
    assert moved.max() <= 0.5


def test_weights_that_satisfy_the_rows_are_left_alone():
    columns, targets, weights = program(3, 12, 6, 2)
    np.testing.assert_array_equal(repair(columns, targets, weights), weights)


def test_repair_with_dependent_columns():
    columns, targets, weights = program(4, 9, 6, 2)
    twice = np.vstack([columns, columns, -columns[:3]])
    halves = np.vstack([weights, weights, 0 * weights[:3]]) / 2 + 1e-6
    repaired = repair(twice, targets, halves)
    assert repaired is not None
    assert np.abs(twice.T @ repaired - targets).max() <= 1e-13 * np.abs(targets).max()


def test_no_weights_satisfy_rows_that_the_hinges_do_not_span():
    columns, targets, weights = program(5, 5, 8, 2)
    assert repair(columns, targets, weights) is not None
    targets[0] += 0.1
    assert repair(columns, targets, weights) is None


@pytest.fixture(params=["by-squares", "purified"])
def thinning(request, monkeypatch):
    """Both ways to basic solutions, whatever the number of equations."""
    if request.param == "purified":
        monkeypatch.setattr(feasibility, "SETTINGS", RepairSettings(by_squares=0))


@pytest.mark.usefixtures("thinning")
def test_thinned_weights_are_few_and_cost_no_more():
    columns, _, weights = program(6, 5, 8, 2)
    split = np.vstack([columns, columns, columns])
    shares = np.repeat([0.2, 0.5, 0.3], 5)[:, None] * np.tile(weights, (3, 1))
    targets = split.T @ shares
    kept, thinned = thin(split, targets, shares)
    assert len(kept) == len(thinned) == 5
    assert sorted(kept % 5) == list(range(5))
    np.testing.assert_allclose(split[kept].T @ thinned, targets, atol=1e-12)
    cost = np.linalg.norm(shares, axis=1).sum()
    assert np.linalg.norm(thinned, axis=1).sum() == pytest.approx(cost, rel=1e-12)


def test_nothing_to_thin():
    columns, targets, weights = program(7, 5, 8, 2)
    assert thin(columns, targets, weights) is None


def test_feasible_problems_pass_and_infeasible_ones_do_not():
    for kind in ("balls", "samples", "mixed"):
        problem = Reduction.of(random_problem(2, kind, sites=6)).problem
        check_feasible(constraints_of(problem), PlanePricing(problem))
    problem = Reduction.of(denoising(triangular_lattice(4, 4), radius=0.45)).problem
    with pytest.raises(InfeasibleProblem):
        check_feasible(constraints_of(problem), PlanePricing(problem))


def test_the_first_phase_ends_where_balls_just_leave_room():
    """At the edge of feasibility hinges see a direction that they cannot reach but by rounding."""
    generator = np.random.default_rng(2311)
    for _ in range(4):
        points = generator.standard_normal((int(generator.integers(3, 13)), 2))
        generator.uniform()
        low, high = 0.0, pdist(points).min() / 2
        for _ in range(30):
            middle = (low + high) / 2
            reduced = Reduction.of(denoising(points, radius=middle)).problem
            try:
                check_feasible(constraints_of(reduced), PlanePricing(reduced))
                low = middle
            except (InfeasibleProblem, NotCertified):
                high = middle
        assert low > 0.0


@pytest.mark.parametrize("rank", [3, 12])
def test_purified_sizes_are_basic_and_their_sum_no_larger(rank):
    rng = np.random.default_rng(rank)
    system = rng.normal(size=(12, rank)) @ rng.normal(size=(rank, 60))
    sizes = 10.0 ** rng.uniform(-5, 0, 60)
    found = _purified(system.copy(), sizes)
    kept = np.flatnonzero(found)
    assert found.min() >= 0.0
    assert np.linalg.matrix_rank(system[:, kept]) == len(kept) <= rank
    np.testing.assert_allclose(system @ found, system @ sizes, atol=1e-12)
    assert found.sum() < 0.9 * sizes.sum()
    least = linprog(np.ones(60), A_eq=system, b_eq=system @ sizes)
    assert found.sum() > least.fun * (1 - 1e-7)


def test_purification_goes_on_where_least_squares_cycle(monkeypatch):
    def cycling(*given, maxiter):
        raise RuntimeError

    monkeypatch.setattr(feasibility, "nnls", cycling)
    columns = np.random.default_rng(5).normal(size=(30, 4))
    found = thin(columns, columns.sum(axis=0)[:, None], np.ones((30, 1)))
    assert found is not None
    assert len(found[0]) == 4


@pytest.mark.usefixtures("thinning")
def test_of_many_hinges_as_many_stay_as_rows_need():
    """At the cost there was, to rounding: not at a simplex method's tolerances."""
    rng = np.random.default_rng(3)
    columns = rng.normal(size=(400, 40))
    columns[:, 0] = 1.0  # multipliers that see every hinge by one: all networks cost the same
    weights = 10.0 ** rng.uniform(-6, 0, size=(400, 1)) * np.array([[1.0, 0.0]])
    targets = columns.T @ weights
    found = thin(columns, targets, weights)
    assert found is not None
    kept, fewer = found
    assert len(kept) <= 40
    cost = np.linalg.norm(weights, axis=1).sum()
    assert np.linalg.norm(fewer, axis=1).sum() == pytest.approx(cost, rel=1e-13)
    np.testing.assert_allclose(columns[kept].T @ fewer, targets, atol=1e-13 * cost)
