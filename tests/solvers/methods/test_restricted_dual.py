"""The dual over few hinges: as CVXPY solves it, and the conditions of its optimum to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array

from convexden.solvers.methods.restricted_dual import solve_restricted_dual


def drawn(seed: int, k: int = 12, m: int = 4, p: int = 2) -> tuple[Array, Array, Array]:
    """Random columns, targets and a start on their side."""
    rng = np.random.default_rng(seed)
    columns, targets = rng.standard_normal((k, m)), rng.standard_normal((m, p))
    return columns, targets, targets + 0.3 * rng.standard_normal((m, p))


def by_cvxpy(columns: Array, targets: Array, start: Array, eta: float) -> tuple[Array, float]:
    import cvxpy as cp

    z = cp.Variable(targets.shape)
    objective = cp.sum(cp.multiply(targets, z)) - eta / 2 * cp.sum_squares(z - start)
    inside = [cp.norm(column @ z) <= 1 for column in columns]
    program = cp.Problem(cp.Maximize(objective), inside)
    program.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    return z.value, float(program.value)


def assert_optimal(columns, targets, start, eta, accuracy, z, prices) -> None:
    """Stationary, inside, prices not negative, complementary."""
    squares = np.sum((columns @ z) ** 2, axis=1)
    assert squares.max() <= 1.0
    assert prices.min() >= 0.0
    force = sum(
        price * np.outer(column, column @ z) for price, column in zip(prices, columns, strict=True)
    )
    force = force + eta * (z - start)
    objective = np.sum(targets * z)
    assert np.abs(force - targets).max() <= max(100 * accuracy, 1e-9) * prices.sum()
    assert prices @ (1 - squares) / 2 <= 1.01 * accuracy * objective


@pytest.mark.parametrize("eta", [1e-9, 1e-2, 1.0, 30.0])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_cvxpy_finds(seed, eta):
    columns, targets, start = drawn(seed)
    z, prices = solve_restricted_dual(columns, targets, start, eta, 1e-10)
    assert_optimal(columns, targets, start, eta, 1e-10, z, prices)
    expected, value = by_cvxpy(columns, targets, start, eta)
    reached = np.sum(targets * z) - eta / 2 * np.sum((z - start) ** 2)
    assert reached == pytest.approx(value, rel=1e-7, abs=1e-7)
    np.testing.assert_allclose(z, expected, atol=1e-3)


@pytest.mark.parametrize("shape", [(40, 6, 2), (30, 5, 3), (8, 3, 4)])
@pytest.mark.parametrize("accuracy", [1e-5, 1e-8, 1e-11])
def test_it_is_as_accurate_as_asked(shape, accuracy):
    columns, targets, start = drawn(7, *shape)
    z, prices = solve_restricted_dual(columns, targets, start, 1e-6, accuracy)
    assert_optimal(columns, targets, start, 1e-6, accuracy, z, prices)


@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-8])
def test_duplicates_of_columns_share_their_prices(noise):
    """Every hinge three times over, nearly or exactly: the same optimum."""
    columns, targets, start = drawn(3, 15)
    alone, prices = solve_restricted_dual(columns, targets, start, 1e-6, 1e-11)
    rng = np.random.default_rng(0)
    copies = [columns]
    for _ in range(2):
        copies.append(columns + noise * rng.standard_normal(columns.shape))
    several = np.concatenate(copies)
    z, shared = solve_restricted_dual(several, targets, start, 1e-6, 1e-11)
    assert_optimal(several, targets, start, 1e-6, 1e-11, z, shared)
    assert np.sum(targets * z) == pytest.approx(np.sum(targets * alone), rel=1e-10 + 100 * noise)
    if noise == 0.0:
        np.testing.assert_allclose(shared.reshape(3, -1).sum(axis=0), prices, atol=1e-6)


def test_penalized_steps_are_shorter():
    columns, targets, start = drawn(5)
    start /= 2 * np.linalg.norm(columns @ start, axis=1).max()
    steps = [
        np.linalg.norm(solve_restricted_dual(columns, targets, start, eta, 1e-9)[0] - start)
        for eta in (1e-6, 1.0, 100.0)
    ]
    assert steps[0] > steps[1] > steps[2]


def test_a_single_hinge_by_hand():
    """maximize <t, z> subject to |z| <= 1."""
    targets = np.array([[3.0, 4.0]])
    z, prices = solve_restricted_dual(np.ones((1, 1)), targets, targets, 1e-12, 1e-11)
    np.testing.assert_allclose(z, [[0.6, 0.8]], atol=1e-10)
    np.testing.assert_allclose(prices, [5.0], rtol=1e-9)
