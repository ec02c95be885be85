"""Near the edge of feasibility: the rows are changed, what they say is not, and bounds meet."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import random_problem

from convexden import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.solvers.conditioning import ConditionedConstraints, conditioned
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Hinges
from convexden.solvers.methods.row_generation import solve_sites
from convexden.solvers.outcome import Outcome
from convexden.solvers.pricing.exact import exact_pricing
from convexden.verification import site_errors

RIGHT = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
EQUILATERAL = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
CORNER = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def near(points: np.ndarray, edge: float, share: float) -> Interpolation:
    """The denoising problem of a radius this share short of the edge of feasibility, reduced."""
    full = denoising(points, radius=edge * (1 - share))
    return Reduction.of(full, drop_implied=True).problem


def gap_of(problem: Interpolation, found: Outcome) -> float:
    assert found.network is not None
    cost = found.network.representation_cost
    bound = np.sum(found.values * problem.targets) / max(1.0, found.pricing_maximum)
    return float(1 - bound / cost)


def test_rows_of_a_good_condition_stay_as_they_are():
    for kind in ("balls", "samples", "mixed"):
        problem = Reduction.of(random_problem(1, kind, sites=6)).problem
        constraints = constraints_of(problem)
        assert conditioned(constraints, exact_pricing(problem)) is constraints


@pytest.mark.parametrize("points", [RIGHT, CORNER])
def test_hinges_see_conditioned_rows_in_one_size(points):
    problem = near(points, 0.5, 1e-5)
    plain, pricing = constraints_of(problem), exact_pricing(problem)
    constraints = conditioned(plain, pricing)
    assert isinstance(constraints, ConditionedConstraints)
    spanning = pricing.spanning()
    sizes = [np.linalg.svd(each.features(spanning))[1] for each in (plain, constraints)]
    before, after = (values[values > 1e-13 * values[0]] for values in sizes)
    assert before[0] / before[-1] > 1e4
    assert after[0] / after[-1] < 10


def test_conditioned_rows_say_the_same():
    problem = near(RIGHT, 0.5, 1e-4)
    plain, pricing = constraints_of(problem), exact_pricing(problem)
    constraints = conditioned(plain, pricing)
    assert isinstance(constraints, ConditionedConstraints)
    hinges: Hinges = pricing.spanning()
    multipliers = np.random.default_rng(0).normal(size=constraints.targets.shape)
    values, jacobians = constraints.multipliers(multipliers)
    size = np.abs(values).sum() + np.abs(jacobians).sum()
    seen = hinges.patterns * hinges.offsets(problem) @ values
    slopes = hinges.patterns.astype(float) @ jacobians.reshape(len(problem), -1)
    seen += np.einsum("kpd,kd->kp", slopes.reshape(-1, *jacobians.shape[1:]), hinges.normals)
    np.testing.assert_allclose(constraints.features(hinges) @ multipliers, seen, atol=1e-14 * size)
    objective = np.sum(values * problem.targets)
    assert np.sum(constraints.targets * multipliers) == pytest.approx(objective, abs=1e-14 * size)
    # A network misses the targets by as much, whatever the rows.
    weights = np.random.default_rng(1).normal(size=(len(hinges), 2))
    missed = [each.targets - each.features(hinges).T @ weights for each in (plain, constraints)]
    assert constraints.misfit(missed[1]) == pytest.approx(plain.misfit(missed[0]), rel=1e-9)


@pytest.mark.parametrize("share", [1e-4, 1e-6])
@pytest.mark.parametrize(
    ("points", "edge", "constant"),
    # Rays: two ramps of height one, 2 / (1 - 2 r) each; and 3.6923 / share near the edge.
    [(RIGHT, 0.5, 4.0), (EQUILATERAL, np.sqrt(0.1875), 3.6923)],
)
def test_near_the_edge_the_bounds_meet(points, edge, constant, share):
    problem = near(points, edge, share)
    found = solve_sites(problem, 1e-8)
    assert abs(gap_of(problem, found)) < 1e-8
    assert found.network is not None
    assert found.network.representation_cost * share == pytest.approx(constant, rel=1e-3)


@pytest.mark.parametrize("share", [1e-8, 1e-10])
def test_beyond_it_a_network_has_its_targets_or_there_is_none(share):
    problem = near(RIGHT, 0.5, share)
    found = solve_sites(problem, 1e-8)
    assert np.isfinite(found.values).all()
    assert found.network is None or site_errors(problem, found.network).totals.max() < 1e-4


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("distance", [1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize("jump", [0.0, 1.0])
def test_samples_that_nearly_coincide(dimension, distance, jump):
    rng = np.random.default_rng(4)
    points, targets = rng.normal(size=(6, dimension)), rng.normal(size=(6, 1))
    step = rng.normal(size=dimension)
    twin = points[2] + distance * step / np.linalg.norm(step)
    full = Interpolation(np.vstack([points, twin]), np.vstack([targets, targets[2] + jump]))
    problem = Reduction.of(full, drop_implied=True).problem
    found = solve_sites(problem, 1e-8)
    assert abs(gap_of(problem, found)) < 1e-7  # one float holds no more of the multipliers
    assert found.network is not None
    limit = 1e-14 * max(1.0, np.abs(found.network.output_weights).max())
    assert site_errors(problem, found.network).totals.max() < limit
