"""The restricted master: both ways to solve it meet the optimality conditions, and each other."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from oracles import (
    Array,
    common_tangents,
    hinges_of,
    interpolation_cost,
    random_problem,
    tangent_lines,
)

from convexden.errors import NotCertified
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.programs.restricted_master import (
    MasterSolution,
    solve_dual,
    solve_with_cvxpy,
)

MASTERS = [solve_dual, solve_with_cvxpy]


def random_master(seed: int, hinges: int, rows: int, outputs: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(hinges, rows)), rng.normal(size=(rows, outputs))


def cost_of(solution: MasterSolution, beta: float) -> float:
    return float(
        np.linalg.norm(solution.weights, axis=1).sum()
        + beta * np.linalg.norm(solution.errors, axis=1).sum()
    )


def check_optimality(
    columns: Array, targets: Array, beta: float, solution: MasterSolution, tolerance: float
) -> None:
    """Feasibility, dual feasibility, complementarity and gap of the program and its dual

    min sum |a_k| + beta sum |e_i|,  sum psi_k a_k^T + e = T;
    max <T, Z>,  |Z^T psi_k| <= 1,  |Z_i| <= beta.
    """
    a, e, z = solution.weights, solution.errors, solution.multipliers
    assert a.shape == (len(columns), targets.shape[1])
    assert e.shape == z.shape == targets.shape
    cost = cost_of(solution, beta)
    scale = 1 + cost
    np.testing.assert_allclose(columns.T @ a + e, targets, atol=tolerance * scale)
    q = columns @ z
    assert np.linalg.norm(q, axis=1).max() <= 1 + tolerance
    assert np.linalg.norm(z, axis=1).max() <= beta * (1 + tolerance)
    # Each weight points along its own multiplier, each error along its row's.
    slack = np.linalg.norm(a, axis=1) - np.sum(a * q, axis=1)
    assert np.abs(slack).max() <= tolerance * scale
    slack = beta * np.linalg.norm(e, axis=1) - np.sum(e * z, axis=1)
    assert np.abs(slack).max() <= tolerance * scale
    assert np.sum(targets * z) == pytest.approx(cost, abs=tolerance * scale)


@pytest.mark.parametrize("master", MASTERS)
@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("beta", [0.2, 5.0, 1e3])
def test_optimality_conditions(master, outputs, beta):
    columns, targets = random_master(outputs, 25, 6, outputs)
    solution = master(columns, targets, beta, 1e-9)
    check_optimality(columns, targets, beta, solution, 1e-6)
    errors = np.linalg.norm(solution.errors, axis=1)
    if beta == 0.2:
        assert errors.max() > 0.1  # cheap errors are made
    if beta == 1e3:
        assert errors.max() < 1e-6  # dear ones are not


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_both_masters_find_the_same_solution(outputs):
    """A generic program has one solution and one multiplier."""
    for seed in range(3):
        columns, targets = random_master(seed, 25, 6, outputs)
        for beta in (0.3, 5.0):
            one = solve_dual(columns, targets, beta, 1e-10)
            other = solve_with_cvxpy(columns, targets, beta, 1e-10)
            assert cost_of(one, beta) == pytest.approx(cost_of(other, beta), rel=1e-7)
            np.testing.assert_allclose(one.weights, other.weights, atol=1e-4)
            np.testing.assert_allclose(one.errors, other.errors, atol=1e-4)
            np.testing.assert_allclose(one.multipliers, other.multipliers, atol=1e-4)


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_both_masters_on_a_problem_cost_what_the_full_program_costs(kind):
    for seed in (1, 2):
        problem = Reduction.of(random_problem(seed, kind, sites=5)).problem
        lines = tangent_lines(problem, common_tangents(problem), slack=1e-13)
        constraints = constraints_of(problem)
        columns = constraints.features(hinges_of(lines))
        expected = interpolation_cost(problem, lines)
        for master in MASTERS:
            solution = master(columns, constraints.targets, 1e3, 1e-9)
            check_optimality(columns, constraints.targets, 1e3, solution, 1e-6)
            assert cost_of(solution, 1e3) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("master", MASTERS)
def test_hinges_that_do_not_span_leave_errors(master):
    """Two columns, three rows: the last row cannot be met, and its multiplier is at its bound."""
    columns = np.array([[1.0, 0, 0], [0, 2.0, 0]])
    targets = np.array([[3.0], [4.0], [-1.0]])
    solution = master(columns, targets, 7.0, 1e-10)
    np.testing.assert_allclose(solution.weights, [[3], [2]], atol=1e-7)
    np.testing.assert_allclose(solution.errors, [[0], [0], [-1]], atol=1e-7)
    np.testing.assert_allclose(solution.multipliers, [[1], [0.5], [-7]], atol=1e-6)


@pytest.mark.parametrize("master", MASTERS)
def test_the_columns_may_repeat(master):
    columns, targets = random_master(5, 12, 5, 2)
    twice = np.vstack([columns, columns, -columns])
    once, again = (master(c, targets, 50.0, 1e-9) for c in (columns, twice))
    check_optimality(twice, targets, 50.0, again, 1e-6)
    assert cost_of(again, 50.0) == pytest.approx(cost_of(once, 50.0), rel=1e-6)


@pytest.mark.parametrize("master", MASTERS)
def test_the_accuracy_is_met(master):
    columns, targets = random_master(6, 30, 8, 2)
    best = cost_of(solve_dual(columns, targets, 5.0, 1e-10), 5.0)
    for accuracy in (1e-1, 1e-4, 1e-7):
        solution = master(columns, targets, 5.0, accuracy)
        gap = cost_of(solution, 5.0) - np.sum(targets * solution.multipliers)
        assert abs(gap) <= 2 * accuracy * (1 + best)


def test_a_solver_that_returns_no_numbers_is_a_failure(monkeypatch):
    columns, targets = random_master(7, 10, 4, 1)
    lost = SimpleNamespace(z=np.full(28, np.nan), x=np.full(4, np.nan), status="NumericalError")
    solver = SimpleNamespace(solve=lambda: lost)
    monkeypatch.setattr("clarabel.DefaultSolver", lambda *program: solver)
    with pytest.raises(NotCertified, match="restricted master failed .NumericalError."):
        solve_dual(columns, targets, 5.0, 1e-9)
