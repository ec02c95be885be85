"""The restricted regularized problem: its primal and its dual, by hand and in CVXPY."""

from __future__ import annotations

import numpy as np
import pytest

from convexden.solvers.programs.group_lasso import solve_group_lasso


def test_one_column_is_a_soft_threshold() -> None:
    column, targets = np.array([[2.0, 1.0]]), np.array([[3.0, 0.0], [1.0, 2.0]])
    pull = column @ targets
    size = np.linalg.norm(pull)
    for penalty in (0.5, 7.0, 8.0):
        weights, multipliers = solve_group_lasso(column, targets, penalty)
        expected = max(0.0, 1 - penalty / size) * pull / 5
        np.testing.assert_allclose(weights, expected, atol=1e-7)
        np.testing.assert_allclose(penalty * multipliers, targets - column.T @ expected, atol=1e-7)


@pytest.mark.parametrize("unit", [1.0, 1e-5])
@pytest.mark.parametrize("penalty", [1.0, 1e-3])
def test_weights_and_multipliers_match_the_primal(penalty: float, unit: float) -> None:
    import cvxpy as cp

    rng = np.random.default_rng(0)
    columns, targets = rng.normal(size=(9, 6)), rng.normal(size=(6, 2))
    a = cp.Variable((9, 2))
    errors = cp.sum_squares(targets - columns.T @ a) / (2 * penalty)
    program = cp.Problem(cp.Minimize(errors + cp.sum(cp.norm(a, 2, axis=1))))
    program.solve(solver=cp.CLARABEL)
    weights, multipliers = solve_group_lasso(unit * columns, targets, unit * penalty)
    weights, multipliers = unit * weights, unit * multipliers
    residual = targets - columns.T @ weights
    cost = np.linalg.norm(weights, axis=1).sum()
    value = np.sum(residual**2) / (2 * penalty) + cost
    np.testing.assert_allclose(value, program.value, rtol=1e-6)
    np.testing.assert_allclose(penalty * multipliers, residual, atol=1e-7)
    dual = np.sum(targets * multipliers) - penalty / 2 * np.sum(multipliers**2)
    np.testing.assert_allclose(dual, value, rtol=1e-8)
    assert np.linalg.norm(columns @ multipliers, axis=1).max() <= 1 + 1e-8
