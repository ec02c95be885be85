"""Other costs on the line: against dense programs, and refused wherever they are not known."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from benchmarks.dense_line import COSTS, dense, random_line, weight
from convexden.analysis.alignment import compare_networks
from convexden.reduction import Reduction
from convexden.verification import proven_bound, verify

Array = NDArray[np.float64]


@pytest.mark.parametrize("cost", COSTS, ids=repr)
def test_nothing_on_a_dense_grid_is_cheaper(cost: cd.Cost) -> None:
    rng = np.random.default_rng(3)
    for k in range(6):
        problem = random_line(rng, cost, k)
        solution = cd.solve(problem)
        assert solution.certified
        assert solution.relative_gap < 1e-9
        assert solution.cost == pytest.approx(cost.of(solution.network), rel=1e-11)
        assert dense(problem, solution.network) == pytest.approx(solution.cost, rel=1e-7)
        assert cost.skip or not solution.network.skip.any()
        assert cd.verify_certificate(solution).passed


@pytest.mark.parametrize("cost", [c for c in COSTS if c.bias or not c.skip], ids=repr)
def test_balls_have_the_formula_of_their_gaps(cost: cd.Cost) -> None:
    r"""sum |D t| (omega(R_n) + omega(L_n+1)) / (L_n+1 - R_n)."""
    y, t, r = np.array([-1.0, 0.0, 2.0, 3.5]), np.array([[0.0, 1], [1, 1], [3, -1], [0, 0]]), 0.25
    solution = cd.solve(cd.Interpolation(y, t, r, cost=cost))
    right, left = y[:-1] + r, y[1:] - r
    jumps = np.linalg.norm(np.diff(t, axis=0), axis=1) / (left - right)
    expected = jumps @ (weight(cost, right) + weight(cost, left))
    assert solution.certified
    assert solution.cost == pytest.approx(float(expected), rel=1e-12)
    assert cost.skip or not solution.network.skip.any()


def test_samples_in_balls_and_touching_balls() -> None:
    cost = cd.Cost(bias=2.0)
    once = cd.solve(cd.Interpolation([0, 2, 3], [0, 1, 5], [0.5, 0.0, 0.25], cost=cost))
    more = cd.solve(
        cd.Interpolation(
            [3, 0.1, 0, 2, 2, 0.9], [5, 0, 0, 1, 1, 0], [0.25, 0, 0.5, 0, 0, 0.4], cost
        )
    )
    assert once.certified
    assert more.certified
    assert more.cost >= once.cost * (1 - 1e-12)
    assert cd.solve(cd.Interpolation([0, 1], [2, 2], 0.5, cost=cost)).cost == 0.0


def test_many_samples() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal(800), rng.standard_normal(800)
    for cost in (cd.Cost(skip=False), cd.Cost(bias=1.0)):
        assert cd.solve(cd.Interpolation(x, t, cost=cost)).certified


def test_several_outputs_where_the_dots_are_optimal() -> None:
    rng = np.random.default_rng(0)
    x, t = np.array([1.0, 2.0, 4.0, 5.0]), rng.standard_normal((4, 2))
    assert cd.solve(cd.Interpolation(x, t, cost=cd.Cost(bias=0.5, norm="l1"))).certified


def test_several_outputs_elsewhere_are_solved_as_samples() -> None:
    rng = np.random.default_rng(0)
    x, t = np.array([1.0, 2.0, 4.0, 5.0]), rng.standard_normal((4, 2))
    solution = cd.solve(cd.Interpolation(x, t, cost=cd.Cost(skip=False)))
    assert solution.certified
    assert solution.certificate.pricing == "exact-central"
    single = cd.solve(cd.Interpolation(x, t[:, 0], cost=cd.Cost(skip=False)))
    assert solution.cost >= single.cost


# ---------------------------------------------------------------- what must not be certified


def _solved(cost: cd.Cost) -> cd.Solution:
    return cd.solve(cd.Interpolation([-1.0, 0.5, 1.0, 2.0], [1.0, 0.0, 0.0, 3.0], cost=cost))


@pytest.mark.parametrize("given", COSTS, ids=repr)
def test_no_cost_passes_as_another(given: cd.Cost) -> None:
    """The numbers of one cost are refused under every other one that would make a difference."""
    solution = _solved(given)
    for cost in (cd.Cost(), *COSTS):
        problem = cd.Interpolation(solution.problem.centers, solution.problem.targets, cost=cost)
        found = cd.verify_certificate(replace(solution, problem=problem))
        optimum = cd.solve(problem).cost
        same = abs(optimum - solution.cost) <= 1e-9 * optimum
        assert found.passed == (same and (cost.skip or not solution.network.skip.any()))
        assert found.lower_bound <= optimum * (1 + 1e-9)
        assert found.cost >= optimum * (1 - 1e-9)


@pytest.mark.parametrize("cost", COSTS, ids=repr)
def test_wrong_numbers_are_refused(cost: cd.Cost) -> None:
    solution = _solved(cost)
    certificate = solution.certificate
    more = replace(certificate, values=1.01 * certificate.values, values_low=None)
    tilted = replace(certificate, values=certificate.values + [[0.1], [0], [0], [0]])
    other = replace(solution.network, output_weights=1.001 * solution.network.output_weights)
    for wrong in (
        replace(solution, certificate=more),
        replace(solution, certificate=tilted),
        replace(solution, network=other),
        replace(solution, cost=0.99 * solution.cost),
        replace(solution, lower_bound=1.01 * solution.lower_bound),
    ):
        assert not cd.verify_certificate(wrong).passed
    skipping = replace(solution.network, skip=[[0.1]], offset=solution.network.offset)
    if not cost.skip:
        found = cd.verify_certificate(replace(solution, network=skipping))
        assert any("no skip connection" in reason for reason in found.reasons)


def test_bounds_hold_for_any_multipliers() -> None:
    """Whatever multipliers are given, what they prove is below the optimum."""
    rng = np.random.default_rng(5)
    for cost in COSTS:
        solution = _solved(cost)
        for _ in range(10):
            values = solution.certificate.values + 0.3 * rng.standard_normal((4, 1))
            certificate = replace(solution.certificate, values=values, values_low=None)
            found = verify(solution.problem, solution.network, certificate)
            assert found.lower_bound <= solution.cost * (1 + 1e-12)


# ---------------------------------------------------------------- who does not know other costs


PENALIZED = cd.Cost(bias=1.0)
REFUSED: dict[str, Callable[[cd.Solution], Any]] = {
    "prove": cd.prove,
    "prove a problem": lambda s: cd.prove(s.problem),
    "uniqueness": cd.uniqueness,
    "align": lambda s: cd.align(s.problem, s.network, s.network),
    "compare_networks": lambda s: compare_networks(s.problem, s.network, s.network),
    "regularize": lambda s: cd.regularize(s.problem, 0.1, method="local"),
    "proven_bound": lambda s: proven_bound(s.problem, s.certificate),
    "reduction": lambda s: Reduction.of(s.problem),
    "a method": lambda s: cd.solve(s.problem, method="ramps"),
    "a start": lambda s: cd.solve(s.problem, start=s),
    "training": lambda s: cd.training.train(s.problem, neurons=2, epochs=1),
    "comparison": lambda s: cd.training.compare(s.network, s),
    "plot_dual": cd.plotting.plot_dual,
    **{
        f"formulation {name}": lambda s, name=name: cd.formulations.get(name).build(s.problem)
        for name in cd.formulations.registry
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_does_not_know_the_cost_refuses_it(name: str) -> None:
    with pytest.raises(cd.NotSupported, match="for the default cost") as caught:
        REFUSED[name](_solved(PENALIZED))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            cd.Interpolation(np.eye(2), np.eye(2), 0.1, PENALIZED),
            r"balls in R\^2 with biases times",
        ),
        (cd.Interpolation(np.eye(2), [0, 1], 0.1, cd.Cost(norm="l1")), r"balls in R\^2 with l1"),
        (cd.Interpolation([0, 1], [0, 1], 0.1, cd.Cost(bias=1, offset=False)), r"balls in R\^1"),
        (cd.Interpolation(np.eye(5), np.eye(5), cost=PENALIZED), r"samples in R\^5 .* up to 4"),
    ],
)
def test_what_is_not_covered_is_refused(problem: cd.Interpolation, message: str) -> None:
    with pytest.raises(cd.NotSupported, match=message) as caught:
        cd.solve(problem)
    assert "\n" not in str(caught.value)
    plain = cd.solve(replace(problem, cost=cd.Cost()))
    with pytest.raises(cd.NotSupported, match=message):
        cd.verify_certificate(replace(plain, problem=problem))


# ---------------------------------------------------------------- the noun


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"skip": "no"}, "give True or False"),
        ({"offset": 1}, "offset is 1: give True or False"),
        ({"offset": False}, "an offset that costs nothing: give bias > 0"),
        ({"bias": -1.0}, "of at least 0"),
        ({"bias": "much"}, "bias is 'much'"),
        ({"norm": "l3"}, "choose from l2, l1"),
        ({"origin": [[0.0]]}, "give one point"),
        ({"origin": [np.inf]}, "NaN or infinity"),
    ],
)
def test_bad_costs_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(cd.InvalidInput, match=message):
        cd.Cost(**arguments)


def test_costs_and_problems_fit_together() -> None:
    with pytest.raises(cd.InvalidProblem, match="2 coordinates and the centers 1"):
        cd.Interpolation([0.0, 1.0], [0.0, 1.0], cost=cd.Cost(bias=1, origin=[0, 0]))
    with pytest.raises(cd.InvalidInput, match="give a Cost"):
        cd.Interpolation([0.0, 1.0], [0.0, 1.0], cost="l1")  # type: ignore[arg-type]
    problem = cd.Interpolation([0.0, 1.0], [0.0, 1.0], cost=PENALIZED)
    assert pickle.loads(pickle.dumps(problem)).cost == PENALIZED
    assert problem.part(np.array([0, 1])).cost == PENALIZED
    assert "biases times 1" in repr(problem)
    assert cd.Cost() == cd.Cost(bias=0.0)
    assert cd.Cost().default
    assert repr(cd.Cost(skip=False, bias=2, origin=1, norm="l1")) == (
        "Cost(no skip connection, biases times 2 from (1), l1 norm)"
    )


def test_files_keep_the_cost(tmp_path: Path) -> None:
    for cost in (cd.Cost(), *COSTS):
        solution = _solved(cost)
        cd.save(solution, tmp_path / "solution.json")
        loaded = cd.load(tmp_path / "solution.json")
        assert isinstance(loaded, cd.Solution)
        assert loaded.problem.cost == cost
        assert cd.verify_certificate(loaded).passed
        stored = json.loads((tmp_path / "solution.json").read_text())
        assert ("cost_of" in stored) == (not cost.default)
        assert stored["version"] == (1 if cost.default else 2)
    stored["cost_of"]["norm"] = "l7"
    (tmp_path / "solution.json").write_text(json.dumps(stored))
    with pytest.raises(cd.InvalidProblem, match="cost_of"):
        cd.load(tmp_path / "solution.json")
