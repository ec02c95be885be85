"""Thresholds are enclosed by proofs on both sides, and found where other computations find them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from convexden import data, plotting
from convexden.errors import InvalidInput, NotCertified
from convexden.experiments.frontiers import Evaluation, Frontier, FrontierProgress, frontier
from convexden.problem import denoising
from convexden.solving.interpolation import solve
from convexden.theorems import ClosedForm, equilateral, equilateral_beyond, face_aligned
from convexden.verification import Verification, verify, verify_certificate

TRIANGLE = data.triangle((60, 60, 60))
SCALENE = data.triangle((40, 60, 80))


def _proof(claim: ClosedForm) -> Verification:
    assert claim.certificate is not None
    return verify(claim.problem, claim.network, claim.certificate)


def _isosceles(angle: float, fraction: float = 0.1) -> ClosedForm:
    """Pinned at the apex; the radius is a fraction of half the height at the apex."""
    half = np.deg2rad(angle) / 2
    points = np.array([[0, 0], [np.sin(half), -np.cos(half)], [-np.sin(half), -np.cos(half)]])
    return face_aligned.at_vertex(points, fraction * np.cos(half) / 2, 0)


def _excess(claim: ClosedForm, method: str) -> float:
    """Of the claimed cost over that of another method."""
    solution = solve(claim.problem, method=method)
    assert solution.certified
    return claim.cost / solution.cost - 1


# ---------------------------------------------------------------- thresholds that are known


def test_the_triangle_from_a_candidate_that_does_not_know_it() -> None:
    found = frontier(lambda radius: face_aligned.closed_form(TRIANGLE, radius), 0.5, 0.74)
    exact = (12 + 3 * np.sqrt(3)) / 26
    assert found.status == "bracketed"
    assert found.low < exact < found.high
    assert found.width <= 1e-9
    assert (found.at_low.verdict, found.at_high.verdict) == ("confirmed", "refuted")
    onset = found.onset
    assert onset is not None
    assert onset.order == 1
    assert abs(onset.parameter - exact) < 1e-13
    assert len(found.evaluations) < 20  # bisection alone takes 30
    for each in found.evaluations:
        assert each.result is not None
        assert each.result.solution is not None
        assert verify_certificate(each.result.solution).passed
        assert each.excess is not None
        assert each.excess_bound is not None
        assert each.excess <= each.excess_bound
        assert (each.parameter > exact) == (each.verdict == "refuted")


def test_the_verdict_of_a_theorem_is_a_claim() -> None:
    found = frontier(
        lambda radius: equilateral_beyond.verify(TRIANGLE, radius), 0.6, 0.7, accuracy=1e-3
    )
    assert found.low < (12 + 3 * np.sqrt(3)) / 26 < found.high
    assert {each.result.decided_by for each in found.evaluations if each.result} == {
        "closed-form dual",
        "solved",
    }


def test_the_simplex_in_space_by_costs() -> None:
    points, half = data.regular_simplex(3), 2 / 3
    found = frontier(
        lambda share: equilateral_beyond.closed_form(points, share * half), 0.9, 0.97, accuracy=1e-7
    )
    assert found.low < equilateral.threshold(3) < found.high
    assert found.width <= 1e-7


@pytest.mark.parametrize("dimension", [2, 3, 4])  # up to 6 in docs/findings.md
def test_the_regular_simplex_by_its_only_multipliers(dimension: int) -> None:
    points, half = data.regular_simplex(dimension), (1 + 1 / dimension) / 2
    found = frontier(
        lambda share: _proof(equilateral_beyond.closed_form(points, share * half)), 0.5, 0.99
    )
    onset = found.onset
    assert onset is not None
    assert abs(onset.parameter - equilateral.threshold(dimension)) < onset.error < 1e-11
    assert abs(found.threshold - equilateral.threshold(dimension)) < 1e-9


@pytest.mark.parametrize(("fraction", "degrees"), [(0.1, 88.234), (0.5, 78.972)])
def test_the_median_of_isosceles_triangles_jumps_to_the_apex(
    fraction: float, degrees: float
) -> None:
    # Two unit vectors to the base, times their weights, outweigh the apex: 2 cos(a/2) w > w_apex.
    # Heights for legs of length 1 are sin a and cos a/2, the smaller one.
    exact = np.rad2deg(
        brentq(
            lambda a: 2 * np.cos(a / 2) * (1 - fraction) - (2 * np.sin(a / 2) - fraction), 1.2, 1.57
        )
    )
    assert exact == pytest.approx(degrees, abs=5e-4)
    sharp = frontier(lambda angle: _proof(_isosceles(angle, fraction)), 75, 89.9, tolerance=5e-12)
    assert (sharp.at_low.verdict, sharp.at_high.verdict) == ("refuted", "confirmed")
    assert abs(sharp.threshold - exact) < 1e-8
    costs = frontier(lambda angle: _isosceles(angle, fraction), 75, 89.9, accuracy=1e-4)
    assert costs.high < exact < costs.high + 1e-3  # an excess that is not told from rounding
    assert costs.at_high.excess_bound is not None
    assert costs.at_high.excess_bound < 1e-10
    onset = costs.onset
    assert onset is not None
    assert onset.order == 2
    assert abs(onset.parameter - exact) < max(1e-7, onset.error)


def test_a_scalene_triangle_is_face_aligned_from_a_radius_on() -> None:
    found = frontier(
        lambda radius: face_aligned.closed_form(SCALENE, radius), 0.24, 0.3, accuracy=1e-6
    )
    assert (found.at_low.verdict, found.at_high.verdict) == ("refuted", "confirmed")
    assert found.threshold == pytest.approx(0.270224, abs=1e-6)
    # The median has to be the vertex at 80 degrees there, but that alone is not enough.
    at_vertex = brentq(
        lambda radius: float(
            np.linalg.norm(face_aligned.closed_form(SCALENE, radius).network.offset - SCALENE[2])
            - 1e-9
        ),
        0.25,
        0.3,
    )
    assert at_vertex < found.low - 1e-5
    assert _excess(face_aligned.closed_form(SCALENE, 0.27015), "central-path") > 1e-9
    assert abs(_excess(face_aligned.closed_form(SCALENE, 0.27025), "central-path")) < 1e-12
    onset = found.onset
    assert onset is not None
    assert abs(onset.parameter - 0.270225) < onset.error


def test_an_almost_regular_triangle_has_another_threshold() -> None:
    points = data.triangle((59, 60.5, 60.5))
    half_height = np.sin(np.deg2rad(60.5)) * np.sin(np.deg2rad(59))  # on a leg, 2 sin 60.5 long
    found = frontier(
        lambda share: face_aligned.closed_form(points, share * half_height), 0.7, 0.9, accuracy=1e-3
    )
    assert found.high < equilateral.threshold(2) - 0.03
    claims = [
        face_aligned.closed_form(points, share * half_height)
        for share in (found.low - 1e-3, found.high + 1e-3)
    ]
    below, above = (_excess(claim, "central-path") for claim in claims)
    assert abs(below) < 1e-12 < 1e-9 < above


# ---------------------------------------------------------------- where the excess passes a level


def test_the_excess_is_above_the_level_on_one_side_only() -> None:
    level = 1e-3
    found = frontier(
        lambda radius: face_aligned.closed_form(TRIANGLE, radius), 0.6, 0.7, excess=level
    )
    assert found.width <= 1e-9
    assert found.onset is None
    excesses = [
        _excess(face_aligned.closed_form(TRIANGLE, at), "central-path")
        for at in (found.low, found.high)
    ]
    assert excesses[0] <= level < excesses[1]
    assert np.ptp(excesses) < 1e-8


def test_ramps_on_images_lose_a_millionth() -> None:
    images = data.digits(range(30, 34))
    contact = data.smallest_distance(images) / 2

    def ramps(share: float) -> Any:
        return solve(denoising(images, radius=share * contact), method="ramps")

    found = frontier(ramps, 0.45, 0.55, excess=1e-6, accuracy=1e-2)
    assert found.width <= 1e-2
    low, high = (
        ramps(share).cost
        / solve(denoising(images, radius=share * contact), method="column-generation").lower_bound
        - 1
        for share in (found.low, found.high)
    )
    assert low <= 1e-6 < high


# ---------------------------------------------------------------- the search itself


@pytest.mark.parametrize("rising", [True, False])
def test_bools_in_both_directions(rising: bool) -> None:
    found = frontier(lambda x: (x * x < 2) == rising, 0, 5, accuracy=1e-12)
    assert found.low < np.sqrt(2) < found.high
    assert found.width <= 1e-12
    assert found.threshold == pytest.approx(np.sqrt(2), abs=1e-12)
    assert found.at_low.verdict == ("confirmed" if rising else "refuted")
    assert [each.parameter for each in found.evaluations] == sorted(
        each.parameter for each in found.evaluations
    )
    assert found.onset is None
    assert str(found).startswith(f"{found.at_low.verdict} at 1.414213")


def test_more_accuracy_than_floats_have_ends() -> None:
    found = frontier(lambda x: x < 1, 0, 3, accuracy=1e-300)
    assert found.status == "bracketed"
    assert found.high == np.nextafter(found.low, 2)


def _hesitant(low: float, high: float) -> Callable[[float], bool]:
    def claim(x: float) -> bool:
        if low <= x <= high:
            raise NotCertified("not in here")
        return x < low

    return claim


def test_the_undecided_counts_for_no_side() -> None:
    found = frontier(_hesitant(0.4, 0.6), 0, 1, accuracy=1e-6)
    assert found.status == "undecided"
    assert 0.4 - 1e-6 <= found.low < 0.4
    assert 0.6 < found.high <= 0.6 + 1e-6
    assert str(found).endswith("(undecided)")
    for each in found.evaluations:
        assert (each.verdict == "undecided") == (0.4 <= each.parameter <= 0.6)


def test_one_undecided_parameter_is_passed_by() -> None:
    def claim(x: float) -> bool:
        if x == 0.5:
            raise NotCertified("just here")
        return x < 0.7

    found = frontier(claim, 0, 1, accuracy=1e-6)
    assert found.status == "bracketed"
    assert found.low < 0.7 <= found.high


def test_an_interruption_keeps_the_bracket() -> None:
    seen: list[FrontierProgress] = []

    def progress(step: FrontierProgress) -> None:
        seen.append(step)
        if len(seen) == 6:
            raise StopIteration

    found = frontier(lambda x: x < 0.3, 0, 1, progress=progress)
    assert found.status == "interrupted"
    assert found.interrupted
    assert len(found.evaluations) == len(seen) == 6
    assert (found.low, found.high) == seen[-1][1:]
    assert found.low < 0.3 <= found.high
    assert found.width == 2**-4


def test_a_time_limit_keeps_the_bracket() -> None:
    found = frontier(lambda x: x < 0.3, 0, 1, time_limit=1e-9)
    assert found.interrupted
    assert len(found.evaluations) == 2  # both ends
    assert not frontier(lambda x: x < 0.3, 0, 1, time_limit=100.0).interrupted
    with pytest.raises(InvalidInput, match="time_limit"):
        frontier(lambda x: x < 0.3, 0, 1, time_limit=-1.0)


def test_ctrl_c_gets_through() -> None:
    def claim(x: float) -> bool:
        if 0 < x < 1:
            raise KeyboardInterrupt
        return x < 0.3

    with pytest.raises(KeyboardInterrupt):
        frontier(claim, 0, 1)


def test_another_thread_is_no_obstacle() -> None:
    found: list[Frontier] = []
    thread = threading.Thread(target=lambda: found.append(frontier(lambda x: x < 0.3, 0, 1)))
    thread.start()
    thread.join()
    assert found[0].status == "bracketed"


@pytest.mark.parametrize(
    ("claim", "options", "message"),
    [
        (lambda x: True, {}, "confirmed at 0, confirmed at 1; give"),
        (lambda x: False, {}, "refuted at 0, refuted at 1; give"),
        (_hesitant(0.5, 2), {}, "confirmed at 0, undecided at 1; give"),
        (lambda x: "yes", {}, "type str: return a ClosedForm"),
        (lambda x: x < 0.5, {"excess": 1e-3}, "type bool: return a ClosedForm"),
        (lambda x: x < 0.5, {"excess": 1e-11}, "give a larger excess"),
        (lambda x: x < 0.5, {"accuracy": 0}, "above 0"),
        (lambda x: x < 0.5, {"low": 2}, "low < high"),
        (lambda x: x < 0.5, {"high": np.nan}, "finite number"),
    ],
)
def test_bad_input(claim: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        frontier(claim, **{"low": 0, "high": 1, **options})
    assert "\n" not in str(caught.value)


def test_the_same_verdict_is_said_with_its_excess() -> None:
    with pytest.raises(InvalidInput, match=r"refuted at 0.7 \(excess 3.2e-02\), refuted at 0.72"):
        frontier(lambda radius: face_aligned.closed_form(TRIANGLE, radius), 0.7, 0.72)


def test_a_network_that_does_not_interpolate_is_no_candidate() -> None:
    def claim(radius: float) -> ClosedForm:
        right = face_aligned.closed_form(TRIANGLE, radius)
        wrong = face_aligned.closed_form(TRIANGLE, 0.5).network
        return ClosedForm(right.problem, wrong, wrong.representation_cost, None)

    found = frontier(claim, 0.4, 0.6, excess=0.5, accuracy=1e-3)
    assert found.low <= 0.5 < found.high
    assert found.at_high.verdict == "refuted"  # hinges cut the balls, at less than the optimum
    assert found.at_high.excess is not None
    assert found.at_high.excess < 0


# ---------------------------------------------------------------- the picture


def test_the_picture_shows_every_evaluation_and_the_bracket() -> None:
    found = frontier(
        lambda radius: _proof(equilateral_beyond.closed_form(TRIANGLE, radius)), 0.6, 0.7
    )
    ax = plotting.plot_frontier(found)
    ax.figure.draw_without_rendering()
    curves = {str(line.get_label()).split(":")[0]: line for line in ax.lines}
    assert set(curves) == {"refuted", "confirmed"}
    for verdict, curve in curves.items():
        chosen = [each for each in found.evaluations if each.verdict == verdict]
        name = "excess" if verdict == "refuted" else "excess_bound"
        np.testing.assert_allclose(
            np.asarray(curve.get_xdata()) + found.threshold, [each.parameter for each in chosen]
        )
        np.testing.assert_allclose(curve.get_ydata(), [getattr(each, name) for each in chosen])
    (bracket,) = ax.patches
    low, high = bracket.get_extents().transformed(ax.transData.inverted()).intervalx
    assert (low, high) == pytest.approx((-found.width / 2, found.width / 2))
    legend = ax.get_legend()
    assert legend is not None
    covered = legend.get_window_extent()
    assert not covered.overlaps(ax.get_window_extent())
    assert not covered.overlaps(ax.xaxis.label.get_window_extent())
    labels = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert len(labels) >= 5
    assert not any(a.overlaps(b) for i, a in enumerate(labels) for b in labels[:i])


def test_the_picture_shows_the_level_and_what_is_undecided() -> None:
    evaluations = (
        Evaluation(1.0, "confirmed", 1e-9, 1e-7),
        Evaluation(1.5, "undecided", 1e-7, 1e-3),
        Evaluation(2.0, "refuted", 1e-2, 1e-1),
    )
    ax = plotting.plot_frontier(Frontier(1.0, 2.0, "undecided", evaluations, 1e-5))
    names = [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[union-attr]
    assert "undecided: excess between" in names
    assert "excess 1e-05" in names


def test_a_bool_makes_no_picture() -> None:
    with pytest.raises(InvalidInput, match="a bool, which has no excess"):
        plotting.plot_frontier(frontier(lambda x: x < 0.3, 0, 1, accuracy=0.1))
