"""Squared error plus representation cost: against what is known, and a brute force in CVXPY."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from convexden import data
from convexden.errors import InvalidInput, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.solution import Progress, RegularizationPath, RegularizedSolution
from convexden.solving.interpolation import solve
from convexden.solving.regularization import largest_penalty, regularization_path, regularize
from convexden.verification import verify_objective, verify_regularized

Array = NDArray[np.float64]


def samples(seed: int, n: int, d: int, p: int) -> Interpolation:
    rng = np.random.default_rng([seed, n, d, p])
    return Interpolation(rng.normal(size=(n, d)), rng.normal(size=(n, p)))


@cache
def path_of(seed: int, n: int, d: int, p: int) -> RegularizationPath:
    problem = samples(seed, n, d, p)
    shares = np.array([1.1, 0.6, 0.3, 0.1, 0.01, 1e-4])
    return regularization_path(problem, shares * largest_penalty(problem))


SIZES = [(0, 9, 1, 1), (1, 9, 1, 2), (2, 9, 1, 3), (3, 9, 2, 1), (4, 9, 2, 2), (5, 9, 2, 3)]


def brute_force(problem: Interpolation, penalty: float) -> float:
    """The least objective over hinges through a sample, of many directions, as it is written
    down: an upper bound of the optimum, close to it where the directions are dense."""
    import cvxpy as cp

    (n, d), p = problem.centers.shape, problem.output_dimension
    if d == 1:
        normals = np.array([[1.0]])
    else:
        turns = np.arange(240) * np.pi / 240
        steps = problem.centers[:, None] - problem.centers
        across = np.arctan2(steps[..., 0], -steps[..., 1])[np.triu_indices(n, 1)]
        turns = np.concatenate([turns, across])
        normals = np.column_stack([np.cos(turns), np.sin(turns)])
    z = problem.centers @ normals.T
    hidden = np.concatenate([np.maximum(z - z[m], 0.0) for m in range(n)], axis=1)
    hidden = hidden[:, hidden.any(axis=0)]
    a, skip, offset = cp.Variable((hidden.shape[1], p)), cp.Variable((d, p)), cp.Variable((1, p))
    errors = hidden @ a + problem.centers @ skip + np.ones((n, 1)) @ offset - problem.targets
    cost = cp.sum(cp.norm(a, 2, axis=1))
    program = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(errors) + penalty * cost))
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


@pytest.mark.parametrize("size", SIZES)
def test_paths_are_certified(size: tuple[int, int, int, int]) -> None:
    path = path_of(*size)
    assert path.certified
    assert not path.interrupted
    for solution in path.solutions:
        assert solution.relative_gap <= 1e-10
        check = verify_regularized(solution)
        assert check.passed, check.reasons
        errors = solution.network(path.problem.centers) - path.problem.targets
        fit, cost = 0.5 * np.sum(errors**2), solution.network.representation_cost
        np.testing.assert_allclose(solution.objective, fit + solution.penalty * cost, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_brute_force_is_no_better_and_hardly_worse(size: tuple[int, int, int, int]) -> None:
    path = path_of(*size)
    for solution in path.solutions[1:5:2]:
        found = brute_force(path.problem, solution.penalty)
        assert found >= solution.lower_bound * (1 - 1e-7)
        # On a line its hinges are all there are; in the plane the directions are a grid.
        assert found <= solution.objective * (1 + (1e-7 if size[2] == 1 else 1e-3))


@pytest.mark.parametrize("size", SIZES)
def test_multipliers_are_the_errors(size: tuple[int, int, int, int]) -> None:
    path = path_of(*size)
    for solution in path.solutions:
        errors = path.problem.targets - solution.network(path.problem.centers)
        scale = np.abs(solution.certificate.values).max()
        np.testing.assert_allclose(solution.certificate.values, errors, atol=1e-5 * scale)


@pytest.mark.parametrize("size", SIZES)
def test_above_the_largest_penalty_the_fit_is_affine(size: tuple[int, int, int, int]) -> None:
    path = path_of(*size)
    problem, solution = path.problem, path.solutions[0]
    rows = np.column_stack([np.ones(len(problem)), problem.centers])
    best = np.linalg.lstsq(rows, problem.targets, rcond=None)[0]
    assert solution.neurons == 0
    np.testing.assert_allclose(solution.network.skip, best[1:].T, atol=1e-13)
    np.testing.assert_allclose(solution.network.offset, best[0], atol=1e-13)
    # A little below, it is not.
    assert regularize(problem, 0.999 * path.largest_penalty).neurons > 0


@pytest.mark.parametrize("size", SIZES)
def test_cost_rises_to_that_of_the_interpolant_at_a_rate(size: tuple[int, int, int, int]) -> None:
    path = path_of(*size)
    assert path.interpolant is not None
    costs = np.array([each.cost for each in path.solutions])
    fits = np.array([each.fit for each in path.solutions])
    assert (np.diff(costs) > 0).all()
    assert (np.diff(fits) < 0).all()
    # The multipliers l of the interpolant give 0 <= R* - R <= lambda |l|^2.
    square = np.sum(path.interpolant.certificate.values**2)
    missing = path.interpolant.cost - costs
    assert (missing >= -1e-10 * path.interpolant.cost).all()
    assert (missing <= np.array(path.penalties) * square * (1 + 1e-6)).all()
    near = regularize(path.problem, 0.99e-3 * path.interpolant.cost / square)
    assert near.certified
    assert 0.999 * path.interpolant.cost <= near.cost <= path.interpolant.cost


def test_a_fold_by_hand() -> None:
    # h = s |y| + c: 1.4 (1 - s)^2 + 2 s lambda is least at s = 1 - lambda / 1.4.
    fold = Interpolation([-2, -1, 0, 1, 2], [2, 1, 0, 1, 2])
    for penalty in (0.01, 0.5, 1.3):
        solution = regularize(fold, penalty)
        np.testing.assert_allclose(solution.cost, 2 * (1 - penalty / 1.4), rtol=1e-12)
        np.testing.assert_allclose(solution.fit, penalty**2 / 1.4, rtol=1e-12)
        assert solution.neurons == 1
    np.testing.assert_allclose(largest_penalty(fold), 1.4, rtol=1e-14)


@pytest.mark.parametrize(("d", "p"), [(1, 2), (2, 1), (2, 2)])
def test_invariances(d: int, p: int) -> None:
    problem = samples(7, 8, d, p)
    rng = np.random.default_rng(8)
    penalty = 0.1 * largest_penalty(problem)
    solution = regularize(problem, penalty)

    def assert_same(centers: ArrayLike, targets: ArrayLike, scale: float, square: float) -> None:
        other = regularize(Interpolation(centers, targets), scale * penalty)
        assert other.certified
        np.testing.assert_allclose(other.objective, square * solution.objective, rtol=1e-9)
        np.testing.assert_allclose(other.fit, square * solution.fit, rtol=1e-6)

    # Inputs 300 times and targets 0.01 times as large; both turned and shifted.
    turn_in = np.linalg.qr(rng.normal(size=(d, d)))[0]
    turn_out = np.linalg.qr(rng.normal(size=(p, p)))[0]
    assert_same(
        300 * problem.centers @ turn_in + 40, 0.01 * problem.targets @ turn_out - 2, 3.0, 1e-4
    )
    # An affine function of the inputs, added to the targets, is free.
    affine = problem.centers @ rng.normal(size=(d, p))
    assert_same(problem.centers, problem.targets + affine, 1.0, 1.0)
    # Inputs and outputs in more dimensions than they span.
    lift_in = np.linalg.qr(rng.normal(size=(7, d)))[0].T
    lift_out = np.linalg.qr(rng.normal(size=(5, p)))[0].T
    assert_same(problem.centers @ lift_in, problem.targets @ lift_out, 1.0, 1.0)


def test_equal_samples_count_as_often_as_they_are_there() -> None:
    problem = samples(9, 7, 2, 2)
    penalty = 0.1 * largest_penalty(problem)
    twice = Interpolation(np.tile(problem.centers, (2, 1)), np.tile(problem.targets, (2, 1)))
    assert np.isclose(
        regularize(twice, 2 * penalty).objective, 2 * regularize(problem, penalty).objective
    )
    some = Interpolation(
        np.concatenate([problem.centers, problem.centers[[0, 0, 3]]]),
        np.concatenate([problem.targets, problem.targets[[0, 0, 3]]]),
    )
    solution = regularize(some, penalty)
    check = verify_regularized(solution)
    assert check.passed, check.reasons
    found = brute_force(some, penalty)
    assert solution.lower_bound * (1 - 1e-7) <= found <= solution.objective * (1 + 1e-3)
    np.testing.assert_array_equal(solution.certificate.values[0], solution.certificate.values[7])


@pytest.mark.parametrize(
    "problem",
    [
        Interpolation([[i, j] for i in range(4) for j in range(4)], np.cos(7.0 * np.arange(16))),
        denoising(
            data.regular_simplex(2),
            noisy=data.noisy_samples(data.regular_simplex(2), radius=0.3, samples=8, seed=0),
        ),
        Interpolation([[1, 1], [-1, 1], [-1, -1], [1, -1]], [1, -1, 1, -1]),
        samples(10, 7, 3, 2),
    ],
    ids=["grid", "denoising", "saddle", "space"],
)
def test_degenerate_and_spatial_data(problem: Interpolation) -> None:
    largest = largest_penalty(problem)
    path = regularization_path(problem, largest * np.geomspace(0.9, 1e-3, 6), interpolate=False)
    assert path.certified
    assert path.interpolant is None
    assert max(each.relative_gap for each in path.solutions) <= 1e-8
    for solution in path.solutions[::2]:
        assert verify_regularized(solution).passed


def test_networks_in_space_are_what_their_patterns_say() -> None:
    # Newton's method moves hinges past samples here; their networks used to beat the bound.
    clean = data.regular_simplex(3)
    noisy = data.noisy_samples(clean, radius=0.3, samples=4, seed=0)
    problem = denoising(clean, noisy=noisy)
    largest = largest_penalty(problem)
    shares = np.geomspace(0.9, 1e-3, 12)[:6]
    path = regularization_path(problem, largest * shares, interpolate=False)
    assert path.certified


def test_what_an_affine_function_fits_is_free() -> None:
    centers = np.random.default_rng(11).normal(size=(8, 2))
    problem = Interpolation(centers, centers @ [[1.0], [2.0]] + 3)
    assert largest_penalty(problem) == 0.0
    solution = regularize(problem, 0.1)
    assert solution.certified
    assert (solution.neurons, solution.cost, solution.relative_gap) == (0, 0.0, 0.0)
    assert verify_regularized(solution).passed
    with pytest.raises(InvalidInput, match="give the penalties"):
        regularization_path(problem)


def test_the_path_has_penalties_of_its_own() -> None:
    problem = samples(12, 7, 1, 1)
    path = regularization_path(problem, interpolate=False)
    assert len(path) == 30
    np.testing.assert_allclose(
        path.penalties, np.geomspace(1, 1e-3, 30) * largest_penalty(problem), rtol=1e-12
    )
    assert path.solutions[0].neurons == 0
    given = regularization_path(problem, [0.1, 0.3, 0.1], interpolate=False)
    assert given.penalties == (0.3, 0.1)


@pytest.mark.parametrize("penalty", [0.0, -1.0, np.nan, np.inf, "a", []])
def test_penalties_must_be_positive(penalty: float) -> None:
    with pytest.raises(InvalidInput, match="give a number above 0"):
        regularize(samples(0, 5, 1, 1), penalty)
    with pytest.raises(InvalidInput, match="positive and finite|NaN or infinity|not an array"):
        regularization_path(samples(0, 5, 1, 1), penalty)


def test_balls_are_refused() -> None:
    balls = denoising([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], radius=[0.1, 0.0, 0.1])
    for ask in (lambda: regularize(balls, 0.1), lambda: largest_penalty(balls)):
        with pytest.raises(InvalidInput, match="2 of the 3 sites are balls"):
            ask()
    with pytest.raises(InvalidInput, match="are balls"):
        regularization_path(balls)


def test_too_many_samples_are_refused() -> None:
    rng = np.random.default_rng(13)
    with pytest.raises(TooLarge, match="at most 79"):
        regularize(Interpolation(rng.normal(size=(900, 2)), rng.normal(size=900)), 0.1)
    with pytest.raises(TooLarge, match="too many for exact pricing"):
        regularize(Interpolation(rng.normal(size=(60, 9)), rng.normal(size=60)), 0.1)


def test_an_interrupted_solve_keeps_what_there_is() -> None:
    problem = samples(14, 12, 2, 2)
    seen: list[Progress] = []

    def stop(step: Progress) -> None:
        seen.append(step)
        if step.round == 2:
            raise StopIteration

    solution = regularize(problem, 0.05 * largest_penalty(problem), progress=stop)
    assert solution.status == "not-certified"
    assert solution.relative_gap > 1e-8
    assert verify_regularized(solution).passed
    np.testing.assert_allclose(solution.objective, seen[-1].cost, rtol=1e-9)


def test_an_interrupted_path_keeps_its_solutions() -> None:
    found: list[RegularizedSolution] = []

    def stop(solution: RegularizedSolution) -> None:
        found.append(solution)
        if len(found) == 3:
            raise StopIteration

    path = regularization_path(samples(15, 8, 2, 1), progress=stop)
    assert path.interrupted
    assert path.solutions == tuple(found)
    assert path.interpolant is None
    assert path.certified


def _reasons(solution: RegularizedSolution) -> str:
    check = verify_regularized(solution)
    assert not check.passed
    return " ".join(check.reasons)


def test_verification_refutes_what_is_false() -> None:
    solution = path_of(*SIZES[4]).solutions[2]
    network, certificate = solution.network, solution.certificate
    assert "stated objective" in _reasons(replace(solution, objective=0.99 * solution.objective))
    assert "stated fit" in _reasons(replace(solution, fit=1.01 * solution.fit))
    assert "stated cost" in _reasons(replace(solution, cost=1.01 * solution.cost))
    assert "stated relative gap" in _reasons(replace(solution, relative_gap=1e-3))
    raised = 1.001 * solution.lower_bound
    assert "all that the multipliers prove" in _reasons(replace(solution, lower_bound=raised))
    assert "a lower bound exceeds the objective" in _reasons(replace(solution, lower_bound=raised))

    larger = replace(certificate, values=1.01 * certificate.values)
    assert "understates" in _reasons(replace(solution, certificate=larger))
    shifted = replace(certificate, values=certificate.values + 0.01)
    assert "do not sum to zero" in _reasons(replace(solution, certificate=shifted))
    smaller = replace(
        certificate,
        values=0.9 * certificate.values,
        pricing_maximum=0.9 * certificate.pricing_maximum,
    )
    # It proves what it proved: multipliers are scaled before they count.
    check = verify_objective(solution.problem, solution.penalty, network, smaller)
    np.testing.assert_allclose(check.lower_bound, solution.lower_bound, rtol=1e-12)

    other = ShallowNetwork(
        network.output_weights[1:],
        network.input_weights[1:],
        network.biases[1:],
        network.skip,
        network.offset,
    )
    worse = verify_objective(solution.problem, solution.penalty, other, certificate)
    assert worse.passed
    assert worse.relative_gap > 1e-3
    claimed = replace(
        solution,
        network=other,
        objective=worse.objective,
        fit=worse.fit,
        cost=worse.cost,
        relative_gap=worse.relative_gap,
    )
    assert "exceeds the tolerance" in _reasons(claimed)
    assert "relative gap" in str(verify_regularized(solution))


def test_verification_refuses_balls() -> None:
    solution = path_of(*SIZES[3]).solutions[2]
    balls = Interpolation(solution.problem.centers, solution.problem.targets, 1e-3)
    with pytest.raises(InvalidInput, match="set all radii to 0"):
        verify_regularized(replace(solution, problem=balls))


def test_the_interpolant_costs_more_and_fits_better() -> None:
    problem = samples(16, 10, 2, 2)
    exact = solve(problem)
    solution = regularize(problem, 0.01 * largest_penalty(problem))
    # Each is the best for its own objective.
    assert solution.objective < solution.penalty * exact.cost
    assert solution.cost < exact.cost
