"""Tables say what they are asked for and fit on a terminal of 80 columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console, RenderableType

from convexden import theorems
from convexden.analysis.alignment import Alignment, align
from convexden.analysis.fixed_points import fixed_points
from convexden.analysis.hinge_alignment import HingeAlignment
from convexden.analysis.ramps import Decomposition, Ramp, decode
from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.report import (
    alignment_table,
    fixed_points_table,
    ramps_table,
    solution_table,
    theorems_table,
    verification_table,
    verify_table,
)
from convexden.solution import Solution
from convexden.theorems import Result
from convexden.verification import verify_certificate


@pytest.fixture
def solution() -> Solution:
    closed_form = theorems.rays.closed_form([[0, 0], [4, 0], [0, 3]], 0.48)
    assert closed_form.certificate is not None
    certificate = Certificate(
        closed_form.certificate.values,
        closed_form.certificate.jacobians,
        closed_form.certificate.lower_bound,
        closed_form.certificate.pricing_maximum,
        "exact-plane",
    )
    return Solution(
        closed_form.problem,
        closed_form.network,
        certificate,
        closed_form.network.representation_cost,
        certificate.lower_bound,
        0.0,
        "certified",
        3,
        0.25,
        {},
    )


def _result(solution: Solution, theorem: str, k: int, kind: str, excess: float) -> Result:
    verdict: theorems.Verdict = "refuted" if excess > 0 else "confirmed"
    claim = theorems.ClosedForm(solution.problem, solution.network, solution.cost, None)
    cost = solution.cost
    return Result(
        theorem,
        f"seed 0 #{k}",
        kind,
        verdict,
        cost,
        cost,
        cost,
        1e-12,
        excess,
        2e-9,
        0.5,
        claim,
        solution,
    )


def _text(renderable: RenderableType) -> str:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    text = capture.get()
    assert "…" not in text
    return text


def test_solution(solution: Solution) -> None:
    text = _text(solution_table(solution))
    for part in (
        "certified",
        "relative gap 0",
        "3 balls",
        "R^2 -> R^2",
        "5.5727554179566",
        "neurons",
    ):
        assert part in text
    assert "sample" not in text
    assert "not-certified" in _text(solution_table(replace(solution, status="not-certified")))


def _alignment(neurons: int, sites: int) -> HingeAlignment:
    weights = np.arange(neurons, 0, -1.0)
    sides = np.where(np.arange(sites) < 2, 1, -1).astype(np.int8) * np.ones((neurons, 1), np.int8)
    angles = np.linspace(0, 10, neurons)
    margins = np.where(np.arange(neurons) == 1, np.nan, 2e-4)
    return HingeAlignment(weights, np.eye(neurons), sides, 12.3456 + angles, 1e-9 * angles, margins)


def test_alignment() -> None:
    text = _text(alignment_table(Alignment(_alignment(5, 5), None)))
    rows = [line.split() for line in text.splitlines()]
    assert ["5", "0", "1", "12.35", "0", "2e-04"] in rows
    assert ["4", "0", "1", "14.85", "0", "-"] in rows
    assert ["mean,", "weighted", "by", "|a|", "15.68", "0", "2e-04"] in rows
    assert ["weight", "within", "1°", "0%", "100%", "73%"] in rows
    assert "more" not in text


def test_alignment_of_many_neurons_and_sites_stays_short() -> None:
    text = _text(alignment_table(Alignment(_alignment(15, 3000), None)))
    assert "2 of 3000" in text
    assert "and 3 more, 5.0% of the weight" in text
    assert text.count("2 of 3000") == 12


def test_verification(solution: Solution) -> None:
    passed = _text(verification_table(verify_certificate(solution)))
    assert "verified" in passed
    assert "failed" not in passed
    spoiled = replace(solution, cost=1.01 * solution.cost)
    text = " ".join(_text(verification_table(verify_certificate(spoiled))).split())
    assert "failed: stated cost" in text
    assert "verified" not in text


def test_theorems() -> None:
    text = _text(theorems_table())
    for theorem in theorems.registry.values():
        assert theorem.name in text
        assert theorem.title in text
    kinds = [theorem.kind for theorem in theorems.registry.values()]
    assert text.count("conjecture") == kinds.count("conjecture") >= 2
    assert " ".join(text.split()).count("arXiv ") >= len(theorems.registry)


def test_all_confirmed(solution: Solution) -> None:
    results = [_result(solution, "rays", k, "right angle", -1e-16) for k in range(3)]
    text = _text(verify_table(results))
    assert "confirmed on 3 instances, the worst is" in text
    assert "1.5" in text  # seconds
    assert "refuted on" not in text


def test_tables_say_how_instances_were_proved(solution: Solution) -> None:
    solved = _result(solution, "rays", 0, "right angle", 0.0)
    results = [solved, *(replace(solved, solution=None, sup_distance=None) for _ in range(2))]
    rows = [line.split() for line in _text(verify_table(results)).splitlines()]
    assert ["theorem", "ok", "refuted", "open", "dual"] in [row[:5] for row in rows]
    assert ["rays", "3", "-", "-", "2"] in [row[:5] for row in rows]
    text = _text(verify_table(results, each=True))
    assert text.count("confirmed solved") == 1
    assert text.count("confirmed dual") == 2


def test_refuted_conjecture_is_a_finding_and_a_refuted_theorem_a_failure(
    solution: Solution,
) -> None:
    results = [
        _result(solution, "face-aligned", 0, "scalene acute", 3e-7),
        _result(solution, "face-aligned", 1, "isosceles acute", 0.0),
        _result(solution, "face-aligned", 3, "scalene acute", 2e-9),
    ]
    text = _text(verify_table(results))
    assert "finding: face-aligned" in text
    by = "by 2.0e-09 to 3.0e-07, most of all seed 0 #0"
    assert f"refuted on 2 scalene acute: cheaper networks exist, {by}" in " ".join(text.split())
    assert "confirmed on 1 isosceles acute" in text
    assert "FAILED" not in text
    alone = _text(verify_table(results[:1]))
    assert "cheaper networks exist, by 3.0e-07\n" in alone
    about_angles = replace(results[0], theorem="images", measured={"mean angle in degrees": 7.0})
    text = _text(verify_table([about_angles]))
    assert "refuted on 1 scalene acute" in text
    assert "cheaper networks" not in text
    failure = _text(verify_table([_result(solution, "rays", 0, "right angle", 1e-3)]))
    assert "FAILED: rays" in failure
    doubt = replace(_result(solution, "rays", 0, "right angle", 0.0), verdict="undecided")
    assert "undecided on 1 right angle" in _text(verify_table([doubt]))


def test_each_instance_has_a_row(solution: Solution) -> None:
    results = [
        _result(solution, theorem.name, k, theorem.kind_of(k), -1e-16)
        for theorem in theorems.registry.values()
        for k in range(len(theorem.kinds))
    ]
    text = _text(verify_table(results, each=True))
    for theorem in theorems.registry.values():
        for kind in theorem.kinds:
            assert kind in text
    assert text.count("seed 0 #0") == len(theorems.registry)


def test_nothing_to_show() -> None:
    assert "theorem" in _text(verify_table([]))


def test_ramps_and_matched_ramps(solution: Solution) -> None:
    problem, network = solution.problem, solution.network
    rows = [line.split() for line in _text(ramps_table(decode(network))).splitlines()]
    assert ["2.63158", "1", "0", "1", "0", "0.48", "3.52", "4"] in rows
    text = _text(alignment_table(align(problem, network, network)))
    assert "largest distance of the functions: 0" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["2.63158", "2.63158", "0", "0", "0", "0", "0"] in rows
    kink = decode(network).ramps[0]
    kink = Ramp(kink.direction, kink.output_direction, kink.knots[:1], kink.jumps[:1])
    single = Decomposition((kink,), np.zeros((2, 2)), np.zeros(2))
    assert "unbounded" in _text(ramps_table(single))
    text = _text(alignment_table(align(problem, network, single.network())))
    rows = [line.split() for line in text.splitlines()]
    assert [row[0] for row in rows if len(row) == 2 and row[0] == "none"]


def test_many_ramps_stay_short() -> None:
    rng = np.random.default_rng(0)
    weights, inputs = rng.normal(size=(2, 15, 9))
    network = ShallowNetwork(weights, inputs, rng.normal(size=15), np.zeros((9, 9)), np.zeros(9))
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(ramps_table(decode(network)))
    text = capture.get()
    assert "and 3 more" in text
    assert text.count("...") == 24


def test_fixed_points(solution: Solution) -> None:
    found = fixed_points(solution.network, -1, 5)
    rows = [line.split() for line in _text(fixed_points_table(found)).splitlines()]
    assert ["4", "3", "0", "0", "attracting"] in rows
    assert ["0", "1.5", "1.471", "0", "saddle"] in rows
    assert len([row for row in rows if row[-1:] == ["repelling"]]) == 1
