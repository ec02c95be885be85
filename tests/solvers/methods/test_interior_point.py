"""The second-order master: as CVXPY solves it, and the conditions of its optimum to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array

from convexden.problem import denoising
from convexden.solvers.hinges import no_hinges
from convexden.solvers.methods.interior_point import solve_quadratic_models
from convexden.solvers.methods.quadratic_models import QuadraticModels

HINGES = no_hinges(denoising([[0, 0], [1, 0], [0, 1]], radius=0.1))


def drawn(
    seed: int, k: int = 12, m: int = 4, p: int = 2, bends: int = 8
) -> tuple[QuadraticModels, Array, Array]:
    """Random columns, bends with random owners, targets and a start on their side."""
    rng = np.random.default_rng(seed)
    model = QuadraticModels(
        HINGES,
        rng.standard_normal((k, m)),
        np.sort(rng.integers(0, k, bends)),
        rng.standard_normal((bends, m * p)),
        np.zeros((bends, 1)),
    )
    targets = rng.standard_normal((m, p))
    return model, targets, targets + 0.3 * rng.standard_normal((m, p))


def maps(model: QuadraticModels, p: int) -> list[Array]:
    """The matrices B_k, written out."""
    found = []
    for k, column in enumerate(model.columns):
        outputs = np.kron(column[None, :], np.eye(p))
        found.append(np.vstack([outputs, model.bends[model.owners == k]]))
    return found


def by_cvxpy(
    model: QuadraticModels, targets: Array, start: Array, eta: float
) -> tuple[Array, float]:
    import cvxpy as cp

    z = cp.Variable(targets.size)
    objective = targets.ravel() @ z - eta / 2 * cp.sum_squares(z - start.ravel())
    inside = [cp.norm(B @ z) <= 1 for B in maps(model, targets.shape[1])]
    program = cp.Problem(cp.Maximize(objective), inside)
    program.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    return z.value.reshape(targets.shape), float(program.value)


def assert_optimal(model, targets, start, eta, accuracy, z, prices) -> None:
    """Stationary, inside, prices not negative, complementary."""
    B = maps(model, targets.shape[1])
    squares = np.array([np.sum((b @ z.ravel()) ** 2) for b in B])
    assert squares.max() <= 1.0
    assert prices.min() >= 0.0
    force = sum(price * b.T @ (b @ z.ravel()) for price, b in zip(prices, B, strict=True))
    force += eta * (z - start).ravel()
    objective = np.sum(targets * z)
    assert np.abs(force - targets.ravel()).max() <= max(100 * accuracy, 1e-9) * prices.sum()
    assert prices @ (1 - squares) / 2 <= 1.01 * accuracy * objective


@pytest.mark.parametrize("eta", [1e-9, 1e-2, 1.0, 30.0])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_cvxpy_finds(seed, eta):
    model, targets, start = drawn(seed)
    z, prices = solve_quadratic_models(model, targets, start, eta, 1e-10)
    assert_optimal(model, targets, start, eta, 1e-10, z, prices)
    expected, value = by_cvxpy(model, targets, start, eta)
    reached = np.sum(targets * z) - eta / 2 * np.sum((z - start) ** 2)
    assert reached == pytest.approx(value, rel=1e-7, abs=1e-7)
    np.testing.assert_allclose(z, expected, atol=1e-3)


@pytest.mark.parametrize("shape", [(40, 6, 2, 0), (30, 5, 3, 40), (8, 3, 4, 20)])
@pytest.mark.parametrize("accuracy", [1e-5, 1e-8, 1e-11])
def test_it_is_as_accurate_as_asked(shape, accuracy):
    model, targets, start = drawn(7, *shape)
    z, prices = solve_quadratic_models(model, targets, start, 1e-6, accuracy)
    assert_optimal(model, targets, start, 1e-6, accuracy, z, prices)


@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-8])
def test_duplicates_of_columns_share_their_prices(noise):
    """Every branch three times over, nearly or exactly: the same optimum."""
    model, targets, start = drawn(3, 15, 4, 2, 10)
    alone, prices = solve_quadratic_models(model, targets, start, 1e-6, 1e-11)
    rng = np.random.default_rng(0)
    copies = [model]
    for _ in range(2):
        columns = model.columns + noise * rng.standard_normal(model.columns.shape)
        copies.append(QuadraticModels(HINGES, columns, model.owners, model.bends, model.axes))
    several = copies[0] + copies[1] + copies[2]
    z, shared = solve_quadratic_models(several, targets, start, 1e-6, 1e-11)
    assert_optimal(several, targets, start, 1e-6, 1e-11, z, shared)
    assert np.sum(targets * z) == pytest.approx(np.sum(targets * alone), rel=1e-10 + 100 * noise)
    if noise == 0.0:
        np.testing.assert_allclose(shared.reshape(3, -1).sum(axis=0), prices, atol=1e-6)


def test_penalized_steps_are_shorter():
    model, targets, start = drawn(5)
    start /= 2 * max(np.linalg.norm(b @ start.ravel()) for b in maps(model, 2))
    steps = [
        np.linalg.norm(solve_quadratic_models(model, targets, start, eta, 1e-9)[0] - start)
        for eta in (1e-6, 1.0, 100.0)
    ]
    assert steps[0] > steps[1] > steps[2]


def test_a_single_branch_by_hand():
    """maximize t z subject to |z| <= 1."""
    one = QuadraticModels(
        HINGES, np.ones((1, 1)), np.zeros(0, dtype=int), np.zeros((0, 2)), np.zeros((0, 1))
    )
    targets = np.array([[3.0, 4.0]])
    z, prices = solve_quadratic_models(one, targets, targets, 1e-12, 1e-11)
    np.testing.assert_allclose(z, [[0.6, 0.8]], atol=1e-10)
    np.testing.assert_allclose(prices, [5.0], rtol=1e-9)
