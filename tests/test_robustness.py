"""The judge of `benchmarks.robustness` knows right from wrong, and the workers have limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import convexden as cd
from benchmarks.robustness import bounds, pool
from benchmarks.robustness.affine import affine_fit_exists, affine_within_rounding
from benchmarks.robustness.exact import exact_sites, rank, root, solve
from benchmarks.robustness.infeasible import proof_holds
from benchmarks.robustness.judge import (
    enclosed,
    estimated_maximum,
    judge_infeasible,
    judge_solution,
)
from benchmarks.robustness.line import line_optimum
from benchmarks.robustness.outcomes import attempt
from benchmarks.robustness.problems import AIMS, GEOMETRIES, MOST_SITES, SIZES, draw
from convexden.errors import InfeasibleProblem

Array = NDArray[np.float64]

CORNER = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])


def falsities(solution: cd.Solution, **changes: Any) -> list[str]:
    return judge_solution(replace(solution, **changes), 1e-8, 10.0).falsities


# ---------------------------------------------------------------- problems


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40))
def test_problems_are_those_of_their_seeds(seed: int) -> None:
    first, second = draw(seed), draw(seed)
    for name in ("centers", "targets", "radii"):
        assert (getattr(first, name) == getattr(second, name)).all()
    n, d = first.centers.shape
    assert 2 <= n <= max(MOST_SITES[d], d + 1)
    assert len(first.targets) == len(first.radii) == n
    assert np.isfinite(first.centers).all()
    assert (first.radii >= 0).all()


def test_every_kind_is_drawn_and_most_problems_are_valid() -> None:
    drawn = [draw(seed) for seed in range(300)]
    assert {each.geometry for each in drawn} == set(GEOMETRIES)
    assert {each.aims for each in drawn} == set(AIMS)
    assert {each.sizes for each in drawn} == set(SIZES)
    assert {each.centers.shape[1] for each in drawn} == set(MOST_SITES)
    invalid = 0
    for each in drawn:
        try:
            cd.Interpolation(each.centers, each.targets, each.radii)
        except cd.ConvexdenError:
            invalid += 1
    assert invalid < 15


# ---------------------------------------------------------------- exact parts


def test_roots_are_enclosed() -> None:
    for square in (Fraction(2), Fraction(1, 3), 2 * Fraction(10) ** 300, Fraction(3, 10**200)):
        low, high = root(square)
        assert low**2 < square < high**2
        assert high - low < low / 2**130
    assert root(Fraction(9, 4)) == (Fraction(3, 2), Fraction(3, 2))


def test_systems_are_solved_exactly() -> None:
    rows = [
        [Fraction(1), Fraction(1, 3)],
        [Fraction(2), Fraction(2, 3)],
        [Fraction(0), Fraction(5)],
    ]
    assert rank(rows) == 2
    right = [[Fraction(1)], [Fraction(2)], [Fraction(1, 7)]]
    solution = solve(rows, right, [0, 1])
    assert solution == {0: [Fraction(104, 105)], 1: [Fraction(1, 35)]}
    assert solve(rows, [[Fraction(1)], [Fraction(1)], [Fraction(0)]], [0, 1]) is None


@pytest.mark.parametrize(
    ("y", "t", "r", "cost"),
    [
        ([0, 1, 2], [0, 1, 0], [0, 0, 0], 2),
        ([0, 1], [0, 1], [0.25, 0.25], 4),
        ([0, 1, 1.25], [0, 1, 1], [0, 0.25, 0.25], Fraction(4, 3)),  # flat from .75 on
        ([0, 0.25, 2], [5, 5, 6], [1, 0.125, 0], 1),
    ],
)
def test_the_dots_are_connected(y: Any, t: Any, r: Any, cost: Any) -> None:
    centers = [[v] for v in y]
    assert line_optimum(exact_sites(centers, [[v] for v in t], r)) == (cost, cost)
    turned = [[3 * v, 4 * v] for v in y]  # five times as long
    found = line_optimum(exact_sites(turned, [[v] for v in t], [5 * v for v in r]))
    assert found == (Fraction(cost) / 5, Fraction(cost) / 5)


@pytest.mark.parametrize("kind", ["samples", "balls"])
def test_the_plane_is_enclosed(kind: str) -> None:
    """Multipliers of an optimum: P is one, and nothing below it is proven."""
    radius = 0.0 if kind == "samples" else 0.5
    solution = cd.solve(
        cd.Interpolation(CORNER, [[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]], radius or 0.5)
    )
    sites = exact_sites(CORNER, CORNER, solution.problem.radii)
    multipliers = bounds.closed(sites, solution.certificate.values, solution.certificate.jacobians)
    assert multipliers is not None
    estimate = estimated_maximum(sites, multipliers)
    assert estimate == pytest.approx(1.0, abs=1e-9)
    plane = bounds.PlaneBound(sites, multipliers)
    assert plane.at_most(Fraction(1 + 1e-9), 10.0) is True
    assert plane.at_most(Fraction(1 - 1e-9), 10.0) is not True


# ---------------------------------------------------------------- verdicts


@pytest.fixture(scope="module")
def solution() -> cd.Solution:
    return cd.solve(cd.denoising(CORNER, radius=0.5))


def test_what_holds_is_not_false(solution: cd.Solution) -> None:
    assert solution.certified
    assert falsities(solution) == []


@pytest.mark.parametrize("share", [1e-3, 1e-6, 1e-9])
def test_numbers_that_are_not_the_optimum(solution: cd.Solution, share: float) -> None:
    lower, cost = solution.lower_bound, solution.cost
    assert any(
        "lower bound" in text for text in falsities(solution, lower_bound=cost * (1 + share))
    )
    low = {"cost": lower * (1 - share), "lower_bound": lower * (1 - share), "relative_gap": 0.0}
    assert any("cost" in text for text in falsities(solution, **low))


def test_an_understated_maximum(solution: cd.Solution) -> None:
    certificate = replace(solution.certificate, pricing_maximum=0.999)
    assert any("pricing maximum" in text for text in falsities(solution, certificate=certificate))


def test_statements_that_contradict_themselves(solution: cd.Solution) -> None:
    assert falsities(solution, relative_gap=1e-3)
    assert falsities(solution, relative_gap=-1e-17)
    certificate = replace(solution.certificate, lower_bound=solution.cost * (1 + 1e-12))
    assert falsities(solution, certificate=certificate)


def test_data_that_were_moved_without_a_word(solution: cd.Solution) -> None:
    given = cd.denoising(np.nextafter(CORNER, 9.0), radius=0.5)
    found = judge_solution(solution, 1e-8, 10.0, given=given).falsities
    assert any("moved" in text for text in found)
    assert not falsities(solution, moved=cd.denoising(np.nextafter(CORNER, 9.0), radius=0.5))
    far = falsities(solution, moved=cd.denoising(CORNER + 1e-9, radius=0.5))
    assert any("more than their rounding" in text for text in far)


def test_affine_up_to_the_last_place() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(7, 2))
    targets = points @ [[0.3], [-1.7]] + 0.1
    assert not affine_fit_exists(exact_sites(points, targets, np.zeros(7)))
    spoiled = targets.copy()
    spoiled[3] += 3 * np.spacing(targets[3])
    assert not affine_within_rounding(exact_sites(points, spoiled, np.zeros(7)))
    steps = exact_sites([[0.0], [1.0], [2.0]], [[0.0], [1 / 3], [2 / 3]], np.zeros(3))
    assert affine_within_rounding(steps)


def test_brute_force_needs_no_help(solution: cd.Solution) -> None:
    """Without the solution's network and multipliers the optimum is found to a few per cent."""
    sites = exact_sites(CORNER, CORNER, solution.problem.radii)
    optimum = enclosed(sites, None, None, 10.0)
    assert optimum.high is not None
    assert optimum.low <= Fraction(solution.cost) * (1 + Fraction(1, 10**12))
    assert solution.lower_bound <= optimum.high
    assert optimum.high < 1.05 * solution.cost
    assert optimum.low > 0.95 * solution.cost


def test_verdicts_of_infeasibility() -> None:
    """A lattice whose balls no line separates; a proof of it holds for it alone."""
    rows = np.arange(16)
    lattice = np.column_stack([rows % 4 + 0.5 * (rows // 4), np.sqrt(0.75) * (rows // 4)])
    with pytest.raises(InfeasibleProblem) as raised:
        cd.solve(cd.denoising(lattice, radius=0.45))
    tight = cd.denoising(lattice, radius=0.45)
    found = judge_infeasible(tight, raised.value, 10.0)
    assert (found.falsities, found.remarks) == ([], [])
    assert judge_infeasible(tight, InfeasibleProblem("so it is said"), 10.0).remarks
    loose = cd.denoising(CORNER, radius=0.5)
    assert judge_infeasible(loose, InfeasibleProblem("so it is said"), 10.0).falsities
    sites = exact_sites(lattice, lattice, np.full(16, 0.3))
    assert not proof_holds(sites, raised.value.proof.to_dict())


# ---------------------------------------------------------------- outcomes and limits


def test_what_libraries_write_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import warnings

    def loud(*_: Any, **__: Any) -> None:
        warnings.warn("divide by zero", RuntimeWarning, stacklevel=1)
        os.write(2, b" ** On entry to DLASCL\n")
        raise ZeroDivisionError("nothing left")

    monkeypatch.setattr(cd, "solve", loud)
    outcome, verdict = attempt(draw(0), 5.0)
    assert verdict is None
    assert outcome.kind == "foreign"
    assert "nothing left" in outcome.message
    assert any("divide by zero" in text for text in outcome.leaked)
    assert any("DLASCL" in text for text in outcome.leaked)


def slow_work(task: str) -> Iterator[str]:
    pool.allow(1.0)
    if task == "spins":
        while True:
            pass
    if task == "hoards":
        yield str(len(bytearray(1 << 33)))
    if task == "sleeps":
        time.sleep(100.0)
    yield task.upper()


@pytest.mark.parametrize("fault", ["spins", "sleeps"])
def test_what_does_not_end_is_ended(fault: str) -> None:
    tasks = ["a", fault, "b"]
    found = {
        task: (reports, fate)
        for task, reports, fate in pool.run(slow_work, tasks, jobs=1, seconds=0.3, memory=4 << 30)
    }
    assert found["a"] == (["A"], "")
    assert found[fault] == ([], "past the limit")
    assert found["b"] == (["B"], "")


def test_memory_is_limited() -> None:
    ((_, reports, fate),) = pool.run(slow_work, ["hoards"], jobs=1, seconds=5.0, memory=4 << 30)
    assert (reports, fate) == ([], "the process ended with 1")


def test_targets_affine_up_to_rounding_may_have_a_bound_above_zero() -> None:
    """The package calls their cost 0; the targets as they are cost a rounding."""
    points = np.arange(7.0)[:, None]
    solution = cd.solve(cd.Interpolation(points, -1.37749575594750 - 0.18227821827478 * points))
    assert solution.cost == 0.0
    found = judge_solution(solution, 1e-8, 10.0)
    assert not found.falsities
    assert found.optimum.low == 0
    assert found.optimum.high is not None
    assert 0 < found.optimum.high < 1e-14
