"""What the closed forms claim: costs, networks, certificates, hypotheses."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from instances import EQUILATERAL, LINE, NAMES, PROVED, RIGHT, THREE_RAYS, simplex
from numpy.typing import NDArray
from scipy.optimize import minimize

from convexden import theorems
from convexden.data import regular_simplex
from convexden.errors import InvalidProblem
from convexden.theorems import (
    equilateral,
    equilateral_beyond,
    obtuse_simplex,
    rays,
    univariate,
)
from convexden.theorems._median import weighted_geometric_median
from convexden.verification import examine, site_errors, verify

Array = NDArray[np.float64]


CROSS = [[0, 0], [1, 0], [2, 0], [0, 1.5], [0, 2.5], [-1, 0], [0, -1.2]]


@pytest.fixture
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(*_: object, **__: object) -> None:
        raise AssertionError("the solver was called")

    monkeypatch.setattr("convexden.solving.interpolation.solve", solve)


@pytest.mark.parametrize(
    ("name", "points", "radius", "cost"),
    [
        ("univariate", [0, 1, 3], 0.25, 20 / 3),
        ("univariate", [3, 0, 1], [0.25, 0.25, 0.0], 8 / 3),
        ("univariate", [0, 1, 2, 3], 0.0, 0.0),
        ("collinear", LINE, 0.1, 4.722222222222222),
        ("rays", LINE, 0.1, 4.722222222222222),
        ("rays", THREE_RAYS, 0.15, 10.210084033613444),
        ("rays", CROSS, 0.1, 14.7076923076923),
        ("rays", RIGHT, 0.48, 5.572755417956655),
        ("obtuse-simplex", RIGHT, 0.48, 5.572755417956655),
        ("obtuse-simplex", [[0, 0], [1, 0], [-0.5, 1]], 0.11094, 5.065480394291284),
        ("equilateral", EQUILATERAL, 0.1, 4.615384615384615),
        ("face-aligned", EQUILATERAL, 0.1, 4.615384615384615),
        ("face-aligned", RIGHT, 0.48, 5.572755417956655),
        ("face-aligned", [[0, 0], [1, 0], [0.5, 0.6]], 0.12, 5.906261169950738),
        ("max-margin-ramps", [0, 1, 3], 0.25, 20 / 3),
        ("max-margin-ramps", LINE, 0.1, 4.722222222222222),
        ("max-margin-ramps", RIGHT, 0.48, 5.572755417956655),
        ("max-margin-ramps", EQUILATERAL, 0.1, 4.615384615384615),
        ("max-margin-ramps", [[0, 0], [1, 0], [0.5, 0.6]], 0.12, 5.906261169950738),
        ("max-margin-ramps", CROSS, 0.1, 14.7076923076923),
    ],
)
def test_cost(name: str, points: Any, radius: Any, cost: float) -> None:
    closed_form = theorems.get(name).closed_form(points, radius)
    assert closed_form.cost == pytest.approx(cost, rel=1e-13)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("index", range(12))
def test_network_interpolates_at_the_cost_of_the_formula(name: str, index: int) -> None:
    theorem = theorems.get(name)
    closed_form = theorem.closed_form(**theorem.draw(1, index))
    problem, network = closed_form.problem, closed_form.network
    assert site_errors(problem, network).totals.max() <= 1e-12 * problem.target_spread
    for each in (network, network.canonical()):
        assert problem.cost.of(each) == pytest.approx(closed_form.cost, rel=1e-12)


@pytest.mark.parametrize("name", PROVED)
@pytest.mark.parametrize("index", range(12))
def test_closed_form_certificate_proves_optimality(name: str, index: int) -> None:
    theorem = theorems.get(name)
    closed_form = theorem.closed_form(**theorem.draw(2, index))
    assert closed_form.certificate is not None
    check = verify(closed_form.problem, closed_form.network, closed_form.certificate)
    assert check.passed, check.reasons
    assert check.lower_bound >= closed_form.cost * (1 - 1e-10)
    # The cost is that of an exact interpolant: what rounding is worth grows next to contact.
    assert check.relative_gap <= 1e-9


@pytest.mark.parametrize(
    "closed_form",
    [
        rays.closed_form([[0, 0, 0], [1, 0, 0], [2.5, 0, 0], [0, 2, 0], [-1, -1, 0.2]], 0.2),
        rays.closed_form([[0, 0, 0], [2, 0, 0], [0, 2, 0], [-1, -1, 1]], [0.4, 0.4, 0.1, 0.2]),
        obtuse_simplex.closed_form(np.vstack([np.zeros(4), np.eye(4)]), 0.3),
        *(
            equilateral.closed_form(
                regular_simplex(r), fraction * equilateral.threshold(r) * (1 + 1 / r) / 2
            )
            for r in (3, 4)
            for fraction in (0.1, 0.999)
        ),
    ],
)
def test_no_random_hinge_exceeds_the_certificate_in_space(
    closed_form: theorems.ClosedForm,
) -> None:
    assert closed_form.certificate is not None
    assert closed_form.certificate.lower_bound == pytest.approx(closed_form.cost, rel=1e-10)
    assert 0.9 < _largest_random_height(closed_form) <= 1 + 1e-12


@pytest.mark.parametrize("dimension", [2, 3, 4, 5, 6])
def test_pricing_of_the_closed_form_dual_recovers_the_threshold(dimension: int) -> None:
    threshold = equilateral.threshold(dimension)
    for distance in (1e-10, 1e-7, 1e-4, 1e-2, 0.3):
        for fraction in (threshold * (1 - distance), min(threshold * (1 + distance), 0.999)):
            claim = equilateral_beyond.closed_form(*simplex(dimension, fraction))
            assert claim.certificate is not None
            found = examine(claim.problem, claim.network, claim.certificate).pricing
            assert found.upper <= found.lower * (1 + 1e-9)
            assert (found.lower > 1 + 1e-11) == (fraction > threshold)


def _largest_random_height(closed_form: theorems.ClosedForm, count: int = 20_000) -> float:
    """Largest value of the dual constraint at random hinges that are tangent to a ball."""
    problem, certificate = closed_form.problem, closed_form.certificate
    assert certificate is not None
    rng = np.random.default_rng(5)
    edges = problem.centers[:, None] - problem.centers
    edges = edges[np.abs(edges).sum(axis=2) > 0]
    w = edges[rng.integers(0, len(edges), count)]
    w = w + rng.exponential(0.3, (count, 1)) * rng.standard_normal(w.shape)
    w /= np.linalg.norm(w, axis=1)[:, None]
    best = 0.0
    for n in range(len(problem)):
        z = (problem.centers - problem.centers[n]) @ w.T + problem.radii[n]
        z[n] = problem.radii[n]
        feasible = (np.abs(z) >= problem.radii[:, None]).all(axis=0)
        active = ((z > 0) & feasible).astype(float)
        g = np.einsum("nk,np->kp", active * z, certificate.values)
        g += np.einsum("nk,npd,kd->kp", active, certificate.jacobians, w)
        best = max(best, float(np.linalg.norm(g, axis=1).max()))
    return best


@pytest.mark.parametrize("name", NAMES)
def test_cost_does_not_depend_on_position_scale_and_order(name: str) -> None:
    theorem = theorems.get(name)
    instance = theorem.draw(3, 0)  # index 0 is denoising with balls everywhere
    points, radius = instance["points"], instance["radius"]
    radii = np.broadcast_to(radius, len(points))
    expected = theorem.closed_form(points, radius)
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((points.shape[1], points.shape[1])))[0]
    order = rng.permutation(len(points))
    for scale in (1e-3, 1.0, 1e3):
        shift = scale * rng.standard_normal(points.shape[1])
        moved = theorem.closed_form(scale * points[order] @ turn.T + shift, scale * radii[order])
        assert moved.cost == pytest.approx(expected.cost, rel=1e-10)
        probe = points.mean(axis=0) + rng.standard_normal((20, points.shape[1]))
        values = moved.network(scale * probe @ turn.T + shift)
        np.testing.assert_allclose(
            (values - shift) @ turn / scale, expected.network(probe), atol=1e-8
        )


def test_univariate_targets_scale_and_a_repeated_sample_changes_nothing() -> None:
    points, targets = np.array([0.0, 1.0, 2.0, 4.0]), np.array([[0, 1], [2, 0], [0, 0], [1, 5.0]])
    cost = univariate.closed_form(points, 0.0, targets).cost
    assert univariate.closed_form(points, 0.0, 3 * targets).cost == pytest.approx(3 * cost)
    again = univariate.closed_form([0, 1, 1, 2, 4], 0.0, targets[[0, 1, 1, 2, 3]])
    assert again.cost == pytest.approx(cost)


def test_univariate_merges_balls_that_meet() -> None:
    apart = univariate.closed_form([0.0, 3.0], [1.0, 0.5], [0.0, 1.0])
    points, radii = [0.0, -0.5, 0.8, 1.0, 3.0], [0.75, 0.5, 0.1, 0.0, 0.5]
    met = univariate.closed_form(points, radii, [0.0, 0.0, 0.0, 0.0, 1.0])
    touching = univariate.closed_form([0.0, 0.75, 3.0], [0.5, 0.25, 0.5], [0.0, 0.0, 1.0])
    assert apart.cost == pytest.approx(2 / 1.5)
    for closed_form in (met, touching):
        assert closed_form.cost == pytest.approx(apart.cost)
        assert closed_form.certificate is not None
        check = verify(closed_form.problem, closed_form.network, closed_form.certificate)
        assert check.passed, check.reasons


@pytest.mark.usefixtures("no_solver")
@pytest.mark.parametrize("shift", [0.0, 1e3])
def test_rounding_of_affine_data_costs_nothing(shift: float) -> None:
    points = np.array([0.0, 0.1, 0.2, 0.3, 0.7, 1.1]) + shift
    targets = 2 * points
    result = univariate.verify(points, 0.0, targets)
    assert (result.verdict, result.closed_form_cost) == ("confirmed", 0.0)
    bent = univariate.closed_form(points, 0.0, targets + 1e-9 * np.eye(6)[3])
    assert bent.cost > 1e-9


@pytest.mark.parametrize(
    ("name", "points", "radius", "message"),
    [
        ("univariate", LINE, 0.1, "real line"),
        ("univariate", [0.0, 1.0], 0.5, "meet"),
        ("contraction", LINE, 0.1, "real line"),
        ("contraction", [0.0, 1.0], [0.1, 0.0], "give radii > 0"),
        ("low-noise", LINE, 0.1, "real line"),
        ("low-noise", [0.0, 1.0], [0.1, 0.2], "one radius"),
        ("collinear", RIGHT, 0.1, "span 2 dimensions"),
        ("collinear", LINE, 2.0, "meet"),
        ("rays", EQUILATERAL, 0.1, "obtuse or right"),
        ("rays", RIGHT, 0.0, "give a radius > 0"),
        ("rays", [[0, 0], [4, 0], [0, 3]], [0.1, 0.1, 0.2], "lower radius 2"),
        ("rays", [[0, 0], [4, 0], [4, 0]], 0.1, "points 1 and 2 coincide"),
        ("obtuse-simplex", EQUILATERAL, 0.1, "a vertex whose edges"),
        ("obtuse-simplex", CROSS, 0.1, "try rays"),
        ("equilateral", RIGHT, 0.1, "regular simplex"),
        ("equilateral", [[0, 0], [1, 1]], 0.1, "at least three"),
        ("equilateral", EQUILATERAL, 0.67, "only up to radius 0.66139"),
        ("equilateral", EQUILATERAL, [0.1, 0.1, 0.2], "one radius"),
        ("equilateral", EQUILATERAL, 0.67, "try equilateral-beyond"),
        ("equilateral-beyond", EQUILATERAL, 0.76, "no room for its ramps"),
        ("equilateral-beyond", RIGHT, 0.1, "regular simplex"),
        ("regular-simplex", EQUILATERAL, 0.76, "lower the radius below 0.75"),
        ("regular-simplex", RIGHT, 0.1, "regular simplex"),
        ("subspace", EQUILATERAL, 0.1, "append a coordinate 0"),
        ("subspace", [[0, 0, 0], [1, 0, 0]], 0.0, "give a radius > 0"),
        ("persistence", [[0, 0], [1, 0], [0.5, 0.6]], 0.1, "points with a closed form"),
        ("face-aligned", CROSS, 0.1, "vertices of a simplex"),
        ("face-aligned", [[0, 0], [1, 0], [0.5, 0.2]], 0.11, "lower the radius below 0.1"),
        ("face-aligned", RIGHT, 0.0, "one radius"),
        ("max-margin-ramps", RIGHT, [0.1, 0.1, 0.2], "one radius"),
        ("images", RIGHT, [0.1, 0.1, 0.2], "one radius"),
        ("images", CROSS, 0.1, "affinely independent; these 7 span 2 dimensions"),
    ],
)
def test_hypotheses_say_in_one_line_what_is_wrong(
    name: str, points: Any, radius: Any, message: str
) -> None:
    module = import_module(f"convexden.theorems.{name.replace('-', '_')}")
    for function in (module.hypotheses, module.closed_form, theorems.get(name).closed_form):
        with pytest.raises(InvalidProblem, match=message) as error:
            function(points, radius)
        assert "\n" not in str(error.value)


def test_threshold_of_the_triangle() -> None:
    assert equilateral.threshold(2) == pytest.approx((8 + 2 * np.sqrt(3)) / 13, rel=1e-14)
    assert [round(equilateral.threshold(r), 6) for r in (3, 4, 5, 6)] == [
        0.931618,
        0.955530,
        0.968804,
        0.976921,
    ]


@pytest.mark.parametrize("seed", range(8))
def test_median_is_the_minimizer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((3 + seed % 3, 2 + seed % 2))
    weights = rng.uniform(0.5, 1.5, len(points))

    def total(center: Array) -> float:
        return float(weights @ np.linalg.norm(points - center, axis=1))

    median = weighted_geometric_median(points, weights)
    best = minimize(total, points.mean(axis=0), method="Nelder-Mead", options={"xatol": 1e-10})
    assert total(median) <= best.fun * (1 + 1e-14)
    if np.linalg.norm(points - median, axis=1).min() > 0:
        units = (points - median) / np.linalg.norm(points - median, axis=1)[:, None]
        assert np.linalg.norm(weights @ units) <= 1e-13 * weights.sum()


def test_median_is_the_vertex_at_120_degrees() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [np.cos(2.0944), np.sin(2.0944)]])
    assert (weighted_geometric_median(points, np.ones(3)) == points[0]).all()
    inside = weighted_geometric_median(
        np.array([points[0], points[1], [-0.499, 0.866]]), np.ones(3)
    )
    assert 0 < np.linalg.norm(inside) < 1e-2
