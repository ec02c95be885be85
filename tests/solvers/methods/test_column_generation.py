"""The exchange loop: its bounds are true in every round, meet in the end, and infeasibility is
proved."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import (
    common_tangents,
    dual_vectors,
    equilateral,
    hinges_of,
    interpolation_cost,
    random_problem,
    tangent_lines,
    unit_vectors,
)

from convexden.certificate import Certificate
from convexden.data import triangular_lattice
from convexden.errors import InfeasibleProblem
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.running.clock import Stopped
from convexden.solution import Progress
from convexden.solvers.constraints import constraints_of
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.exchange import Incumbent
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solvers.programs.restricted_master import solve_with_cvxpy
from convexden.verification import check_infeasibility, infeasibility_certificate

SQUARE = denoising([[0, 0], [1, 0], [0, 1], [1, 1]], radius=0.2)
GRID = denoising([[i, j] for i in range(3) for j in range(3)], radius=0.15)


def loop_on(problem: Interpolation, tolerance: float = 1e-8, **options) -> ColumnGeneration:
    return ColumnGeneration(constraints_of(problem), PlanePricing(problem), tolerance, **options)


def reduced(problem: Interpolation) -> Interpolation:
    return Reduction.of(problem).problem


def check(loop: ColumnGeneration, bounds: Incumbent) -> None:
    """The bounds are what network and multipliers say, term by term."""
    problem = loop.constraints.problem
    network = loop.network()
    assert network is not None
    assert network.representation_cost == pytest.approx(bounds.cost, rel=1e-12)
    for center, radius, target in zip(problem.centers, problem.radii, problem.targets, strict=True):
        points = center + radius * unit_vectors(np.linspace(0, 2 * np.pi, 17))
        points = np.vstack([center, center + (1 - 1e-12) * (points - center)])
        assert np.abs(network(points) - target).max() <= 1e-10 * (1 + bounds.cost)
    values, jacobians = loop.constraints.multipliers(bounds.multipliers)
    assert np.sum(values * problem.targets) == pytest.approx(bounds.lower, rel=1e-9)
    rng = np.random.default_rng(0)
    normals = np.vstack([unit_vectors(rng.uniform(0, 7, 2000)), common_tangents(problem)])
    lines = tangent_lines(problem, normals, slack=1e-14)
    heights = np.linalg.norm(dual_vectors(problem, lines, values, jacobians), axis=1)
    assert heights.max() <= 1 + 1e-9


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_bounds_close_in_on_the_optimum(kind):
    for seed in range(3):
        steps: list[Progress] = []
        problem = reduced(random_problem(seed, kind, sites=8))
        loop = loop_on(problem, report=steps.append)
        bounds = loop.run()
        assert bounds.gap <= 1e-8
        check(loop, bounds)
        costs, lowers = (
            np.array([getattr(s, name) for s in steps]) for name in Progress._fields[1:3]
        )
        assert [s.round for s in steps] == list(range(1, len(steps) + 1))
        assert (np.diff(costs[np.isfinite(costs)]) <= 0).all()
        assert (np.diff(lowers) >= 0).all()
        assert np.isfinite(costs[-1])
        assert (lowers <= bounds.cost * (1 + 1e-10)).all()
        assert (costs >= bounds.lower * (1 - 1e-10)).all()
        assert all(s.hinges > 0 for s in steps)


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_the_optimum_is_that_of_a_fine_grid_of_hinges(kind):
    """Written out in full, over 24, 72 and 216 normals and all common tangents."""
    problem = reduced(random_problem(1, kind, sites=4, outputs=2))
    bounds = loop_on(problem).run()
    excess = []
    for count in (24, 72, 216):
        grid = unit_vectors(np.pi / count * np.arange(count))
        lines = tangent_lines(problem, np.vstack([grid, common_tangents(problem)]), slack=1e-13)
        excess.append(interpolation_cost(problem, lines) / bounds.cost - 1)
    assert min(excess) >= -1e-6
    assert excess[-1] <= 2e-3
    assert excess[-1] <= excess[0] / 4 or excess[0] <= 1e-6


def test_scalar_targets_against_a_fine_grid():
    for seed in (3, 4):
        problem = reduced(random_problem(seed, "mixed", sites=5, outputs=1))
        bounds = loop_on(problem).run()
        normals = np.vstack([unit_vectors(np.pi / 180 * np.arange(180)), common_tangents(problem)])
        cost = interpolation_cost(problem, tangent_lines(problem, normals, slack=1e-13))
        assert bounds.lower * (1 - 1e-6) <= cost <= bounds.cost * (1 + 2e-3)


@pytest.mark.parametrize(
    ("problem", "cost", "neurons"),
    [(SQUARE, 20 / 3, 4), (GRID, 11.428571428571429, 8)],
    ids=["square", "grid"],
)
def test_degenerate_duals(problem, cost, neurons):
    """Symmetry leaves the multipliers a choice; the loop must not cycle, nor the support grow."""
    reduction = Reduction.of(problem)
    loop = loop_on(reduction.problem, 1e-10)
    bounds = loop.run()
    check(loop, bounds)
    assert bounds.cost * reduction.cost_scale == pytest.approx(cost, rel=1e-9)
    assert bounds.lower * reduction.cost_scale == pytest.approx(cost, rel=1e-9)
    assert len(bounds.hinges) == neurons
    assert bounds.rounds < 60


@pytest.mark.parametrize("radius", [0.2, 0.3])
def test_symmetry_that_leaves_the_network_a_choice(radius):
    """Four samples around each vertex: of the many optimal networks, one of four neurons."""
    points = np.array([[0, 0], [1, 0], [0, 1]])
    around = radius * unit_vectors(np.pi / 2 * np.arange(4))
    loop = loop_on(reduced(denoising(points, noisy=points[:, None] + around)))
    bounds = loop.run()
    check(loop, bounds)
    assert bounds.gap <= 1e-8
    assert len(bounds.hinges) == 4


def test_both_masters_lead_to_the_same_optimum():
    problem = reduced(random_problem(11, "mixed", sites=6, outputs=2))
    one, other = loop_on(problem).run(), loop_on(problem, master=solve_with_cvxpy).run()
    assert one.cost == pytest.approx(other.cost, rel=1e-7)
    assert max(one.gap, other.gap) <= 1e-8


def test_any_start_leads_to_the_same_optimum():
    problem = reduced(random_problem(12, "balls", sites=6, outputs=2))
    expected = loop_on(problem).run().cost
    lines = tangent_lines(problem, unit_vectors(np.linspace(0, 3, 50)))
    loop = loop_on(problem)
    bounds = loop.run(hinges_of(lines))
    assert bounds.cost == pytest.approx(expected, rel=1e-7)
    check(loop, bounds)


def test_bounds_are_true_whenever_the_loop_stops():
    problem = reduced(random_problem(3, "balls", sites=9, outputs=2))
    best = loop_on(problem).run()
    assert best.rounds > 3
    for rounds in (1, 2, 3):
        loop = loop_on(problem, max_rounds=rounds)
        bounds = loop.run()
        assert 0 < bounds.lower <= best.cost * (1 + 1e-10)
        assert bounds.cost >= best.lower * (1 - 1e-10)
        if np.isfinite(bounds.cost):
            check(loop, bounds)


def test_bounds_are_true_when_it_is_interrupted():
    problem = reduced(random_problem(3, "balls", sites=9, outputs=2))
    best = loop_on(problem).run()
    for last in range(1, best.rounds + 1):

        def interrupt(step: Progress, last=last) -> None:
            if step.round == last:
                raise Stopped

        loop = loop_on(problem, report=interrupt)
        with pytest.raises(Stopped):
            loop.run()
        assert loop.incumbent.lower <= best.cost * (1 + 1e-10)
        assert loop.incumbent.cost >= best.lower * (1 - 1e-10)
        network = loop.network()
        assert (network is None) == np.isinf(loop.incumbent.cost)


def test_affine_targets_cost_nothing():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(8, 2))
    problem = reduced(Interpolation(centers, centers @ rng.normal(size=(2, 3)) + [1, 2, 3]))
    loop = loop_on(problem)
    bounds = loop.run()
    assert bounds.cost == bounds.lower == bounds.gap == 0
    network = loop.network()
    assert network is not None
    np.testing.assert_allclose(network(problem.centers), problem.targets, atol=1e-13)


# ---------------------------------------------------------------- infeasibility


def check_proof(problem: Interpolation, proof: Certificate) -> None:
    """Multipliers that satisfy the equalities, see the targets, and are seen by no hinge."""
    values, jacobians = proof.values, proof.jacobians
    size = np.abs(values).sum() + np.abs(jacobians).sum()
    assert np.abs(values.sum(axis=0)).max() <= 1e-12 * size
    moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
    assert np.abs(moments.sum(axis=0)).max() <= 1e-12 * size
    assert (jacobians[problem.radii == 0] == 0).all()
    gain = np.sum(values * problem.targets)
    assert gain == pytest.approx(1, rel=1e-9)
    rng = np.random.default_rng(0)
    normals = np.vstack([unit_vectors(rng.uniform(0, 7, 4000)), common_tangents(problem)])
    lines = tangent_lines(problem, normals, slack=1e-13)
    assert len(lines.b)
    heights = np.linalg.norm(dual_vectors(problem, lines, values, jacobians), axis=1)
    assert heights.max() <= 1e-10 * size
    assert proof.pricing_maximum <= 1e-10 * size
    assert proof.lower_bound >= 1e6


LATTICE = triangular_lattice(4, 4)
INFEASIBLE = {
    "lattice": denoising(LATTICE, radius=0.45),
    "triangle": denoising(equilateral(), radius=0.8),
    "scalar": Interpolation(LATTICE, np.arange(16.0), 0.45),
    "balls around a sample": Interpolation(
        np.vstack([equilateral(), [[0, 0]]]), [0, 0, 0, 1], [0.86, 0.86, 0.86, 0]
    ),
}


@pytest.mark.parametrize("name", INFEASIBLE)
def test_infeasible_problems_are_proved_to_be(name):
    problem = reduced(INFEASIBLE[name])
    with pytest.raises(InfeasibleProblem, match="lower the radii") as caught:
        loop_on(problem).run()
    proof = caught.value.proof
    assert check_infeasibility(problem, proof) == []
    check_proof(problem, infeasibility_certificate(problem, proof))


def test_a_larger_gap_between_the_balls_makes_it_feasible():
    """The same lattice, just before its last separating lines vanish and after."""
    open_ = reduced(denoising(LATTICE, radius=0.99 * np.sqrt(0.1875)))
    closed = reduced(denoising(LATTICE, radius=1.01 * np.sqrt(0.1875)))
    assert loop_on(open_, 1e-6).run().gap <= 1e-6
    with pytest.raises(InfeasibleProblem):
        loop_on(closed, 1e-6).run()
