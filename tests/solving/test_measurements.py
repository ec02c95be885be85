"""Penalized fits of measurements: repeated inputs with different targets, and weights."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from convexden.errors import InvalidInput, InvalidProblem
from convexden.measurements import Measurements
from convexden.verification.exact.weighing import weighing

Array = NDArray[np.float64]


def eruptions() -> tuple[Array, Array]:
    """Like those of a geyser: two clusters of durations in tenths of minutes, waits in minutes."""
    rng = np.random.default_rng(0)
    short = rng.random(60) < 0.35
    length = np.where(short, rng.normal(2.0, 0.3, 60), rng.normal(4.3, 0.4, 60)).round(1)
    return length, (33 + 10.5 * length + rng.normal(0, 6, 60)).round()


def crash() -> tuple[Array, Array]:
    """Like the acceleration of a helmet: times that repeat, and a fall, a rise and rest."""
    rng = np.random.default_rng(1)
    time = np.sort(rng.choice(np.arange(2.4, 58, 1.6), 50))
    shape = np.interp(time, [0, 14, 21, 32, 40, 60], [0, 0, -115, 30, 0, 0])
    return time, (shape + rng.normal(0, 20, 50)).round(1)


def stopping() -> tuple[Array, Array]:
    """Like stopping distances in feet at whole speeds."""
    rng = np.random.default_rng(2)
    speed = np.sort(rng.integers(4, 26, 40)).astype(float)
    return speed, (speed**2 / 9 + rng.normal(0, 8, 40)).round()


KINDS = {"eruptions": eruptions, "crash": crash, "stopping": stopping}


def objective(solution: cd.RegularizedSolution, x: Array, t: Array, w: Array) -> float:
    """As it is written down."""
    errors = np.linalg.norm(solution.network(x) - t.reshape(len(x), -1), axis=1)
    return 0.5 * float(w @ errors**2) + solution.penalty * solution.network.representation_cost


def brute_force(x: Array, t: Array, w: Array, penalty: float) -> float:
    """On a line, where the hinges are at the inputs, for every measurement on its own."""
    import cvxpy as cp

    hidden = np.maximum(x[:, None] - np.unique(x)[1:-1], 0.0)
    a, affine = cp.Variable(hidden.shape[1]), cp.Variable(2)
    errors = hidden @ a + affine[0] * x + affine[1] - t
    fit = 0.5 * cp.sum_squares(cp.multiply(np.sqrt(w), errors))
    program = cp.Problem(cp.Minimize(fit + penalty * cp.norm1(a)))
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_real_kinds_of_data_against_brute_force(kind: str, weighted: bool) -> None:
    x, t = KINDS[kind]()
    assert len(np.unique(x)) < len(x)
    rng = np.random.default_rng(3)
    w = rng.uniform(0.2, 5.0, len(x)) if weighted else np.ones(len(x))
    given = w if weighted else None
    largest = cd.largest_penalty((x, t), weights=given)
    for share in (0.5, 0.02):
        solution = cd.regularize((x, t), share * largest, weights=given)
        assert solution.certified
        assert solution.objective == pytest.approx(objective(solution, x, t, w), rel=1e-9)
        found = brute_force(x, t, w, share * largest)
        assert solution.lower_bound <= found * (1 + 1e-7)
        assert found <= solution.objective * (1 + 1e-6)
        check = cd.verify_regularized(solution)
        assert check.passed, check.reasons
    assert cd.regularize((x, t), 1.001 * largest, weights=given).neurons == 0


def plane(p: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng([4, p])
    x = rng.normal(size=(9, 2))[rng.integers(9, size=20)]
    t = np.maximum(x[:, :1], 0) + 0.3 * rng.normal(size=(20, p))
    return x, t, rng.integers(1, 4, 20).astype(float)


@pytest.mark.parametrize("p", [1, 2])
def test_weights_are_repetitions_and_order_does_not_matter(p: int) -> None:
    x, t, w = plane(p)
    repeats = np.repeat(np.arange(len(x)), w.astype(int))
    rng = np.random.default_rng(0)
    rng.shuffle(repeats)
    first = cd.regularize((x, t), 0.4, weights=w)
    second = cd.regularize((x[repeats], t[repeats]), 0.4)
    zeros = [np.concatenate([each, each[:3] + 7.0]) for each in (x, t)]
    third = cd.regularize(tuple(zeros), 0.4, weights=np.concatenate([w, np.zeros(3)]))
    scaled = cd.regularize((x, t), 0.4e6, weights=1e6 * w)
    assert scaled.objective == pytest.approx(1e6 * first.objective, rel=1e-9)
    for other in (second, third):
        assert other.objective == pytest.approx(first.objective, rel=1e-9)
        np.testing.assert_allclose(other.network(x), first.network(x), atol=1e-5)
    for each in (first, second, third, scaled):
        assert each.certified
        assert cd.verify_regularized(each).passed


def test_samples_of_a_problem_may_have_weights() -> None:
    x, t, _ = plane(1)
    distinct = np.unique(x, axis=0, return_index=True)[1]
    problem = cd.Interpolation(x[distinct], t[distinct])
    w = np.arange(1.0, len(problem) + 1)
    solution = cd.regularize(problem, 0.3, weights=w)
    again = cd.regularize((problem.centers, problem.targets), 0.3, weights=w)
    ones = cd.regularize(cd.Measurements(problem.centers, problem.targets), 0.3)
    assert solution.objective == again.objective
    assert ones.objective == pytest.approx(cd.regularize(problem, 0.3).objective, rel=1e-9)
    assert solution.objective > ones.objective
    # At the optimum the multipliers are the errors of the means times the weights.
    errors = w[:, None] * (problem.targets - solution.network(problem.centers))
    np.testing.assert_allclose(solution.certificate.values, errors, atol=1e-5)


def test_means_that_an_affine_function_fits_leave_the_constant() -> None:
    solution = cd.regularize(([0, 1, 2, 2], [0.0, 1.0, 1.5, 2.5]), 0.1)
    assert (solution.neurons, solution.cost) == (0, 0.0)
    assert solution.fit == pytest.approx(0.25, rel=1e-12)
    assert solution.certified
    assert cd.verify_regularized(solution).passed
    assert cd.largest_penalty(([0, 1, 2, 2], [0.0, 1.0, 1.5, 2.5])) == 0.0


def test_a_path_of_measurements_leads_to_the_interpolant_of_the_means() -> None:
    x, t = stopping()
    path = cd.regularization_path((x, t), weights=np.ones(len(x)), penalties=[1e4, 1e2, 1e-4])
    assert path.certified
    assert path.interpolant is not None
    assert path.solutions[-1].cost == pytest.approx(path.interpolant.cost, rel=1e-3)
    np.testing.assert_allclose(path.interpolant.problem.centers.ravel(), np.unique(x))
    assert path.solutions[-1].fit >= path.solutions[-1].measurements.constant * (1 - 1e-12)


def test_the_weighing_is_exact() -> None:
    x, t, w = plane(2)
    t, w = t * 1e8 + 0.1, w / 3
    given = Measurements(x, t, w)
    first, groups = np.unique(
        given.problem.centers, axis=0, return_index=True, return_inverse=True
    )[1:]
    found = weighing(given.problem, first, groups.reshape(-1), given)
    assert found.constant >= 0
    for k, n in enumerate(first):
        mine = np.flatnonzero((x == given.problem.centers[n]).all(axis=1))
        total = sum(Fraction(w[i]) for i in mine)
        assert found.totals[k] == total
        for j in range(2):
            mean = sum(Fraction(w[i]) * Fraction(t[i, j]) for i in mine) / total
            assert found.shifts[k][j] == mean - Fraction(given.problem.targets[n, j])
            assert abs(found.shifts[k][j]) <= 1e-15 * 3e8  # a rounding or two
    exact = sum(
        Fraction(w[i])
        * (Fraction(t[i, j]) - Fraction(given.problem.targets[n, j]) - found.shifts[k][j]) ** 2
        for i in range(len(x))
        for k, n in enumerate(first)
        if (x[i] == given.problem.centers[n]).all()
        for j in range(2)
    )
    assert found.constant == exact / 2
    assert given.constant == pytest.approx(float(found.constant), rel=1e-9)


def test_false_statements_about_measurements_are_rejected() -> None:
    x, t = stopping()
    solution = cd.regularize((x, t), 50.0)
    assert cd.verify_regularized(solution).passed
    better = t.copy()
    better[3] -= 30.0
    for forged in (
        replace(solution, measurements=None),  # without the constant
        replace(solution, measurements=Measurements(x, better)),
        replace(solution, measurements=Measurements(x, t, np.full(len(x), 0.5))),
        replace(solution, lower_bound=solution.lower_bound * (1 + 1e-6)),
        replace(solution, fit=solution.fit * (1 - 1e-6)),
    ):
        assert not cd.verify_regularized(forged).passed
    with pytest.raises(InvalidProblem, match="not those of the problem"):
        cd.verify_regularized(replace(solution, measurements=Measurements(x[1:] + 1, t[1:])))
    # Means that are not the rounded ones change nothing that is true.
    moved = cd.Interpolation(solution.problem.centers, solution.problem.targets + 1e-13)
    assert cd.verify_regularized(replace(solution, problem=moved)).passed


def test_measurements_are_checked_and_read_only() -> None:
    for call, message in (
        (lambda: cd.regularize(([0, 1], [0, 1, 2]), 1.0), "2 inputs but 3 targets"),
        (lambda: cd.regularize(([0, 1], [0, 1]), 1.0, weights=[1, -1]), "-1 is negative"),
        (lambda: cd.regularize(([0, 1], [0, 1]), 1.0, weights=[1, 1, 1]), "do not fit 2 inputs"),
        (lambda: cd.regularize(([0, 1], [0, 1]), 1.0, weights=[0, 0]), "not all positive"),
        (lambda: cd.regularize(([0, 1, 2], [0, 1]), 1.0, weights=[0, 1]), "3 inputs but 2"),
        (lambda: cd.regularize(([0, 1], [0, 1]), 1.0, weights=[0, 1]), "two distinct"),
        (lambda: cd.regularize(([1, 1], [0, 1]), 1.0), "two distinct"),
        (lambda: cd.regularize(([0, 1], [0, np.nan]), 1.0), "NaN"),
        (lambda: cd.regularize([0, 1], 1.0), "give an Interpolation or"),
        (lambda: cd.regularize(Measurements([0, 1], [0, 1]), 1.0, weights=[1, 1]), "already"),
    ):
        with pytest.raises(InvalidInput, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
    given = Measurements([0.0, 1.0, 1.0], [0.0, 1.0, 2.0])
    assert repr(given) == "Measurements(3 measurements at 2 inputs, R^1 -> R^1)"
    for twin in (given, pickle.loads(pickle.dumps(given)), copy.deepcopy(given)):
        with pytest.raises(ValueError, match="read-only"):
            twin.weights[0] = 2.0


def test_a_time_limit_ends_the_fit() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 2)).round(1)
    t = np.sin(3 * x[:, 0]) + rng.normal(size=150)
    found = cd.regularize((x, t), 1e-2, time_limit=2.0)
    assert found.interrupted
    assert not found.certified
    assert cd.verify_regularized(found).passed


def test_too_many_samples_for_exact_pricing_have_a_network_without_a_bound() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 5))
    t = np.maximum(x[:, 0], 0)
    with pytest.raises(cd.TooLarge):
        cd.regularize((x, t), 1.0)
    found = cd.regularize((x, t), 1.0, method="local")
    assert (found.status, found.lower_bound, found.relative_gap) == ("not-certified", 0.0, 1.0)
    assert cd.verify_regularized(found).passed
    affine = cd.regularize((x, t), 1e6, method="local")
    assert affine.neurons == 0
    assert found.objective < affine.fit
    # On a line nothing is too many.
    assert cd.regularize(stopping(), 50.0, method="local").certified
    with pytest.raises(InvalidInput, match="no method 'minimax'"):
        cd.regularize(stopping(), 50.0, method="minimax")
