"""Samples under other costs: against the program over all activation patterns, and forgeries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from benchmarks.all_patterns import all_patterns, scattered

Array = NDArray[np.float64]

ORIGIN = (0.3, -0.2, 0.5)
VARIANTS: dict[str, Callable[[int], cd.Cost]] = {
    "no skip": lambda d: cd.Cost(skip=False),
    "bias": lambda d: cd.Cost(bias=0.7, origin=ORIGIN[:d]),
    "bias, no skip": lambda d: cd.Cost(skip=False, bias=0.7, origin=ORIGIN[:d]),
    "bias, no offset": lambda d: cd.Cost(bias=0.7, offset=False),
    "bias, neither": lambda d: cd.Cost(skip=False, bias=0.7, offset=False),
    "l1": lambda d: cd.Cost(norm="l1"),
    "l1, no skip": lambda d: cd.Cost(skip=False, norm="l1"),
    "l1, bias": lambda d: cd.Cost(bias=0.7, norm="l1", origin=ORIGIN[:d]),
    "l1, bias, neither": lambda d: cd.Cost(skip=False, bias=0.7, norm="l1", offset=False),
}
PENALTY = 0.05


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("name", VARIANTS)
def test_one_output_meets_the_program_over_all_patterns(name: str, d: int) -> None:
    problem = scattered(6, d, 1, 0, VARIANTS[name](d))
    solution = cd.solve(problem)
    assert solution.certified, solution.verification
    assert solution.relative_gap < 1e-8
    assert solution.cost == pytest.approx(problem.cost.of(solution.network), rel=1e-9)
    assert solution.cost == pytest.approx(all_patterns(problem), rel=1e-6)
    assert cd.verify_certificate(solution).passed


@pytest.mark.parametrize("name", ["no skip", "bias", "bias, neither", "l1, bias"])
def test_penalized_fits_meet_it_as_well(name: str) -> None:
    problem = scattered(6, 2, 1, 1, VARIANTS[name](2))
    fit = cd.regularize(problem, PENALTY)
    assert fit.certified
    assert fit.relative_gap < 1e-8
    assert fit.objective == pytest.approx(all_patterns(problem, PENALTY), rel=1e-6)
    assert cd.verify_regularized(fit).passed
    errors = np.linalg.norm(fit.network(problem.centers) - problem.targets) ** 2
    objective = errors / 2 + PENALTY * problem.cost.of(fit.network)
    assert objective == pytest.approx(fit.objective, rel=1e-9)


@pytest.mark.parametrize("name", VARIANTS)
def test_several_outputs_cost_no_less_than_each_and_no_more_than_all(name: str) -> None:
    problem = scattered(7, 2, 2, 2, VARIANTS[name](2))
    solution = cd.solve(problem)
    assert solution.certified
    single = [
        cd.solve(replace(problem, targets=problem.targets[:, j])).cost for j in range(2)
    ]  # fmt: skip
    assert max(single) <= solution.cost * (1 + 1e-9)
    assert solution.cost <= sum(single) * (1 + 1e-9)


def test_the_default_is_found_as_by_the_other_pipeline() -> None:
    """Biases that count next to nothing cost what free ones cost."""
    free = scattered(8, 2, 2, 3, cd.Cost())
    nearly = replace(free, cost=cd.Cost(bias=1e-7))
    assert cd.solve(nearly).cost == pytest.approx(cd.solve(free).cost, rel=1e-7)


def test_moved_and_scaled_samples() -> None:
    cost = cd.Cost(skip=False, bias=0.5, origin=[0.2, 0.1])
    problem = scattered(7, 2, 1, 4, cost)
    solution = cd.solve(problem)
    shift, size = np.array([30.0, -7.0]), 8.0
    moved = cd.Interpolation(
        size * problem.centers + shift,
        3 * problem.targets,
        cost=cd.Cost(skip=False, bias=0.5 / size, origin=size * np.array([0.2, 0.1]) + shift),
    )
    assert cd.solve(moved).cost == pytest.approx(3 / size * solution.cost, rel=1e-8)


@pytest.mark.parametrize(
    "centers",
    [
        [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]],  # many on one line
        [[0, 0, 1], [1, 1, 1], [2, 2, 1], [4, 4, 1], [5, 5, 1], [6, 6, 1]],  # all on one
        [[0, 0], [1, 0], [0, 1], [1, 1], [0, 0], [0.5, 0.5]],  # equal ones
    ],
    ids=["lattice", "flat", "twice"],
)
@pytest.mark.parametrize("name", ["no skip", "bias, neither", "l1, bias"])
def test_samples_in_special_position(name: str, centers: list[list[float]]) -> None:
    rng = np.random.default_rng(6)
    targets = rng.standard_normal(6)
    if centers[4] == centers[0]:
        targets[4] = targets[0]
    problem = cd.Interpolation(centers, targets, cost=VARIANTS[name](len(centers[0])))
    solution = cd.solve(problem)
    assert solution.certified, solution.verification
    assert solution.cost == pytest.approx(all_patterns(problem), rel=1e-6)


def test_a_ball_makes_the_skip_connection_superfluous() -> None:
    plain = cd.denoising([[0, 0], [2, 0], [1, 2]], radius=0.3)
    solution = cd.solve(replace(plain, cost=cd.Cost(skip=False)))
    assert solution.certified
    assert not solution.network.skip.any()
    assert solution.cost == pytest.approx(cd.solve(plain).cost, rel=1e-9)


def test_affine_targets_cost_nothing() -> None:
    rng = np.random.default_rng(11)
    x = rng.standard_normal((6, 2))
    linear = x @ [0.3, -1.7]
    for cost in (cd.Cost(bias=1.0), cd.Cost(norm="l1"), cd.Cost(bias=1.0, offset=False)):
        targets = linear + 1.0 * cost.offset
        three = cd.solve(cd.Interpolation(x[:2], targets[:2], cost=cost))
        assert three.certified
        assert three.cost == 0.0
        shifted = cd.solve(cd.Interpolation(x, linear + 1.0, cost=cost))
        assert shifted.certified == (shifted.cost > 0 or cost.offset)


def test_constant_targets_cost_nothing() -> None:
    for cost in (cd.Cost(skip=False), cd.Cost(bias=1.0)):
        solution = cd.solve(cd.Interpolation(np.eye(3), [2.0, 2.0, 2.0], cost=cost))
        assert solution.certified
        assert solution.cost == 0.0
    neither = cd.Cost(skip=False, bias=1.0, offset=False)
    assert cd.solve(cd.Interpolation(np.eye(3), [2.0, 2.0, 2.0], cost=neither)).cost > 1.0


# ---------------------------------------------------------------- what must not be certified


def _forged(solution: cd.Solution, **changes: Any) -> set[str]:
    found = cd.verify_certificate(replace(solution, **changes))
    return {each.name for each in found.checks if not each.passed}


@pytest.mark.parametrize("name", ["no skip", "bias, neither", "l1"])
def test_forgeries_are_refused(name: str) -> None:
    solution = cd.solve(scattered(6, 2, 2, 5, VARIANTS[name](2)))
    network, certificate = solution.network, solution.certificate
    assert not _forged(solution)
    cheaper = replace(network, output_weights=0.999 * network.output_weights)
    assert "values at the centers" in _forged(solution, network=cheaper)
    assert "stated lower bound" in _forged(
        solution, certificate=replace(certificate, values=0.999 * certificate.values)
    )
    understated = replace(certificate, pricing_maximum=0.9)
    assert "stated pricing maximum" in _forged(solution, certificate=understated)
    skewed = certificate.values + [[0.01, 0.0]] + np.zeros((6, 2))
    assert _forged(solution, certificate=replace(certificate, values=skewed))
    for cost in (cd.Cost(), *(make(2) for make in VARIANTS.values())):
        problem = replace(solution.problem, cost=cost)
        found = cd.verify_certificate(replace(solution, problem=problem))
        optimum = cd.solve(problem).cost
        assert found.lower_bound <= optimum * (1 + 1e-9)
        assert found.cost >= optimum * (1 - 1e-9) or found.reasons


def test_bounds_hold_for_any_multipliers() -> None:
    rng = np.random.default_rng(7)
    for name in VARIANTS:
        solution = cd.solve(scattered(6, 2, 1, 8, VARIANTS[name](2)))
        for size in (1e-3, 0.3):
            values = solution.certificate.values + size * rng.standard_normal((6, 1))
            certificate = replace(solution.certificate, values=values)
            found = cd.verification.verify(solution.problem, solution.network, certificate)
            assert found.lower_bound <= solution.cost * (1 + 1e-12)


def test_the_pricing_maximum_is_not_exceeded_by_any_hinge() -> None:
    rng = np.random.default_rng(9)
    for name in VARIANTS:
        problem = scattered(6, 2, 2, 9, VARIANTS[name](2))
        solution = cd.solve(problem)
        hinges = rng.standard_normal((20000, 3))
        active = np.maximum(hinges[:, :2] @ problem.centers.T + hinges[:, 2:], 0.0)
        values = np.linalg.norm(active @ solution.certificate.values, axis=1)
        prices = problem.cost.weights(hinges[:, :2], hinges[:, 2])
        assert (values / prices).max() <= solution.certificate.pricing_maximum


def test_files_keep_the_cost(tmp_path: Path) -> None:
    problem = scattered(6, 2, 1, 10, VARIANTS["bias, neither"](2))
    for found in (cd.solve(problem), cd.regularize(problem, PENALTY)):
        path = tmp_path / "found.json"
        cd.save(found, path)
        again = cd.load(path)
        assert again.problem.cost == problem.cost
        check = cd.verify_certificate if isinstance(again, cd.Solution) else cd.verify_regularized
        assert check(again).passed


def test_measurements_under_a_cost() -> None:
    inputs, targets = [[0, 0], [0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 2, 0, 5]
    cost = cd.Cost(skip=False, bias=1.0, offset=False)
    fit = cd.regularize((inputs, targets), 0.1, weights=[1, 2, 1, 1, 3], cost=cost)
    assert fit.certified
    twice = [*inputs, inputs[1], inputs[4], inputs[4]], [*targets, 1, 5, 5]
    same = cd.regularize(twice, 0.1, cost=cost)
    assert same.objective == pytest.approx(fit.objective, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-90, 1.0, 1e7])
def test_targets_of_any_size(scale: float) -> None:
    cost = VARIANTS["bias, no offset"](1)
    centers = [[0.0], [0.4], [1.0]]
    solution = cd.solve(cd.Interpolation(centers, [[1.0], [-2.0], [0.5]], cost=cost))
    scaled = cd.solve(
        cd.Interpolation(centers, scale * np.array([[1.0], [-2.0], [0.5]]), cost=cost)
    )
    assert scaled.certified, scaled.verification
    assert scaled.cost == pytest.approx(scale * solution.cost, rel=1e-9)


def test_targets_that_are_zero_cost_nothing() -> None:
    for cost in (VARIANTS["bias, neither"](2), VARIANTS["no skip"](2)):
        solution = cd.solve(
            cd.Interpolation([[0.0, 0.0], [1.0, 0.3], [2.0, 1.0]], [0, 0, 0], cost=cost)
        )
        assert (solution.cost, solution.lower_bound) == (0.0, 0.0)


def test_multipliers_of_two_parts_are_read() -> None:
    solution = cd.solve(scattered(5, 2, 1, 0, VARIANTS["bias"](2)))
    values = solution.certificate.values
    low = np.full_like(values, 1e-20)
    twin = replace(solution.certificate, values_low=low)
    assert cd.verification.verify(solution.problem, solution.network, twin).passed


@pytest.mark.parametrize(
    "cost", [cd.Cost(bias=1.0), cd.Cost(norm="l1"), cd.Cost(bias=2.0, norm="l1")], ids=repr
)
def test_samples_on_a_rounded_line_of_the_plane(cost: cd.Cost) -> None:
    """A skip connection must not see how far rounded samples are off their line."""
    rng = np.random.default_rng(0)
    direction, along = np.array([0.6, 0.8]), rng.standard_normal(5)
    points = along[:, None] * direction + [0.1, 0.2]
    problem = cd.Interpolation(points, rng.standard_normal(5), cost=cost)
    solution = cd.solve(problem)
    assert solution.certified
    assert solution.moved is not None
    assert solution.largest_move < 1e-15
    assert cd.verify_certificate(solution).passed
    assert cd.regularize(problem, PENALTY).certified
    if cost.norm == "l2":
        # In the plane a hinge may turn, which lowers its bias: 1 / kappa^2 gets |q|^2, with what
        # lies across the line of the way from it to the origin.
        foot = float(direction @ [0.1, 0.2])
        across = float(np.hypot(0.1, 0.2) ** 2 - foot**2)
        kappa = cost.bias / np.sqrt(1.0 + cost.bias**2 * across)
        line = cd.Interpolation(along, problem.targets, cost=cd.Cost(bias=kappa, origin=-foot))
        assert solution.cost == pytest.approx(cd.solve(line).cost, rel=1e-9)


def test_newton_steps_that_diverge_let_no_warning_through() -> None:
    points = [
        [0.02044905, 0.09676564], [0.02048843, 0.09678408], [0.0204878, 0.09682822],
        [0.02052368, 0.09686372], [0.02033299, 0.09674131],
    ]  # fmt: skip
    targets = [10967.65643421, 10967.84080103, 10968.28220742, 10968.63715909, 10967.4131452]
    cost = cd.Cost(bias=1e-6, skip=False, offset=False)
    solution = cd.solve(cd.Interpolation(points, targets, cost=cost))
    assert solution.lower_bound <= solution.cost
