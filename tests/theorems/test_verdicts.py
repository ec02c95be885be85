"""Verdicts: theorems are confirmed, conjectures refuted, false claims found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import cvxpy as cp
import numpy as np
import pytest
from instances import EQUILATERAL, LINE, PROVED, RIGHT, THREE_RAYS, simplex
from numpy.typing import NDArray

from convexden import theorems
from convexden.data import regular_simplex, smallest_distance, triangle
from convexden.errors import InvalidProblem, MissingDependency
from convexden.running.progress import TaskProgress
from convexden.theorems import (
    equilateral,
    equilateral_beyond,
    face_aligned,
    images,
    rays,
)
from convexden.verification import verify

Array = NDArray[np.float64]


# Theorems whose claim is computed, or measured by solving.
SOLVED = {"subspace", "persistence", "savarese", "hanin", "sparsest", "flip"}


@pytest.fixture
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(*_: object, **__: object) -> None:
        raise AssertionError("the solver was called")

    monkeypatch.setattr("convexden.solving.interpolation.solve", solve)


@pytest.mark.parametrize(
    ("claimed", "cost", "lower_bound", "verdict"),
    [
        (1.0, 1.0, 1.0 - 1e-12, "confirmed"),
        (1.0, 1.0 + 1e-6, 1.0 - 1e-12, "confirmed"),  # the bound alone confirms
        (1.0, 1.0 - 1e-9, 1.0 - 1e-9 - 1e-12, "refuted"),
        (1.0, 1.0 - 1e-3, 0.5, "refuted"),  # a cheaper network refutes whatever the gap
        (1.0, 1.0 + 1e-3, 1.0 + 1e-4, "refuted"),  # the claim is below the bound
        (1.0, 1.0, 1.0 - 1e-6, "undecided"),
        (0.0, 0.0, 0.0, "confirmed"),
    ],
)
def test_verdict(claimed: float, cost: float, lower_bound: float, verdict: str) -> None:
    assert theorems.decide(claimed, cost, lower_bound, 1e-12, 1e-10) == verdict


def assert_confirmed(result: theorems.Result) -> None:
    assert result.verdict == "confirmed", (result.instance, result.kind)
    assert abs(result.relative_excess) <= max(10 * result.relative_gap, 1e-12)
    assert list(result.as_dict()) == [
        "theorem",
        "instance",
        "verdict",
        "closed_form_cost",
        "cost",
        "lower_bound",
        "relative_gap",
        "relative_excess",
        "sup_distance",
        "seconds",
        "proof",
        "measured",
    ]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name == "persistence"))
        for name in PROVED
        if name in SOLVED
    ],
)
def test_theorems_are_confirmed(name: str) -> None:
    for result in theorems.verify_all([name], instances=len(theorems.get(name).kinds), seed=4):
        assert_confirmed(result)


@pytest.mark.parametrize("name", PROVED)
def test_the_solver_agrees_with_the_theorems(name: str) -> None:
    theorem = theorems.get(name)
    slow = {"5-simplex", "6-simplex", "6-simplex (near)", "8 rays"}
    quick = [k for k, kind in enumerate(theorem.kinds) if kind not in slow]
    for k in quick:
        claim = theorem.closed_form(**theorem.draw(6, k))
        result = theorems.compare(name, claim, solve=True)
        assert (result.verdict, result.decided_by) == ("confirmed", "solved"), theorem.kind_of(k)
        assert abs(result.relative_excess) <= max(10 * result.relative_gap, 1e-12)


@pytest.mark.usefixtures("no_solver")
@pytest.mark.parametrize("name", [name for name in PROVED if name not in SOLVED])
def test_closed_form_duals_prove_theorems_without_the_solver(name: str) -> None:
    # The last kind of this one, 8 rays, takes ten seconds; `convexden verify` has it.
    kinds = len(theorems.get(name).kinds) - (name == "memorization")
    for result in theorems.verify_all([name], instances=kinds, seed=5):
        assert_confirmed(result)
        assert result.decided_by == "closed-form dual"
        assert result.solution is None
        assert result.sup_distance is None
        # The cost is that of an exact interpolant: what rounding is worth comes on top.
        claimed = result.closed_form_cost
        assert claimed * (1 - 1e-13) <= result.cost <= claimed * (1 + 1e-9)
        assert 0 <= result.relative_gap <= 1e-10
    with pytest.raises(AssertionError, match="the solver was called"):
        next(theorems.verify_all([name], instances=1, solve=True))


def test_a_proof_by_the_closed_form_dual_imports_no_solver() -> None:
    code = (
        "import sys, convexden as cd\n"
        "cd.theorems.rays.verify([[0, 0], [4, 0], [0, 3]], 0.48)\n"
        "loaded = {name for name in sys.modules if name.startswith('convexden.solvers')}\n"
        "assert not {'cvxpy', 'clarabel'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def tampered(part: str) -> theorems.ClosedForm:
    """The closed form of a right triangle with one part changed."""
    true, larger = rays.closed_form(RIGHT, 0.3), rays.closed_form(RIGHT, 0.3001)
    network, dual = true.network, true.certificate
    assert dual is not None
    bent = np.zeros_like(dual.jacobians)
    bent[0, 0, 1] = 1e-3
    return {
        "cost above": replace(true, cost=true.cost * (1 + 1e-8)),
        "cost below": replace(true, cost=true.cost * (1 - 1e-8)),
        "costly network": replace(true, network=larger.network),
        "costly network and cost": replace(true, network=larger.network, cost=larger.cost),
        "network elsewhere": replace(true, network=replace(network, offset=network.offset + 1e-6)),
        "no certificate": replace(true, certificate=None),
        "small dual": replace(
            true,
            certificate=replace(dual, values=0.999 * dual.values, jacobians=0.999 * dual.jacobians),
        ),
        "large dual": replace(
            true,
            certificate=replace(dual, values=1.001 * dual.values, jacobians=1.001 * dual.jacobians),
        ),
        "bent dual": replace(true, certificate=replace(dual, jacobians=dual.jacobians + bent)),
        "false bound": replace(
            true, certificate=replace(dual, lower_bound=dual.lower_bound * (1 + 1e-8))
        ),
    }[part]


@pytest.mark.parametrize(
    ("part", "verdict"),
    [
        ("cost above", "refuted"),
        ("cost below", "refuted"),
        ("costly network", "refuted"),
        ("costly network and cost", "refuted"),
        ("network elsewhere", "refuted"),
        # The dual is no part of the claim: where it fails, the solver confirms the rest.
        ("no certificate", "confirmed"),
        ("small dual", "confirmed"),
        ("large dual", "confirmed"),
        ("bent dual", "confirmed"),
        ("false bound", "confirmed"),
    ],
)
def test_a_tampered_closed_form_is_no_proof(part: str, verdict: str) -> None:
    result = theorems.compare("rays", tampered(part))
    assert (result.verdict, result.decided_by) == (verdict, "solved")


@pytest.mark.usefixtures("no_solver")
@pytest.mark.parametrize("dimension", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("distance", [0.5, 1e-5, 1e-8])
def test_regular_simplices_are_confirmed_below_the_threshold(
    dimension: int, distance: float
) -> None:
    fraction = equilateral.threshold(dimension) * (1 - distance)
    assert equilateral.verify(*simplex(dimension, fraction)).verdict == "confirmed"
    assert equilateral_beyond.verify(*simplex(dimension, fraction)).verdict == "confirmed"


@pytest.mark.parametrize(("dimension", "distance"), [(2, 1e-9), (3, 1e-9), (4, 1e-9), (5, 1e-9)])
def test_regular_simplices_are_refuted_above_the_threshold(dimension: int, distance: float) -> None:
    fraction = equilateral.threshold(dimension) * (1 + distance)
    result = equilateral_beyond.verify(*simplex(dimension, fraction))
    assert (result.verdict, result.decided_by) == ("refuted", "solved")
    assert result.relative_excess > distance / 2


def test_where_the_minimizer_is_unique_the_functions_agree() -> None:
    for result in (
        theorems.collinear.verify(LINE, 0.1, solve=True),
        rays.verify(THREE_RAYS, 0.15, solve=True),
        face_aligned.verify(RIGHT, 0.48),
        equilateral.verify(EQUILATERAL, 0.3, solve=True),
    ):
        assert result.verdict == "confirmed"
        assert result.sup_distance <= 1e-9


@pytest.mark.parametrize(
    ("angles", "fraction", "verdict", "excess"),
    [
        ((50, 60, 70), 0.5, "refuted", 3e-7),
        ((40, 60, 80), 0.05, "refuted", 7e-9),
        ((20, 75, 85), 0.01, "refuted", 2e-9),
        ((30, 75, 75), 0.5, "confirmed", 0.0),
        ((70, 70, 40), 0.1, "confirmed", 0.0),
        ((20, 40, 120), 0.8, "confirmed", 0.0),
        ((90, 60, 30), 0.4, "confirmed", 0.0),
    ],
)
def test_conjecture_fails_on_scalene_acute_triangles_only(
    angles: tuple[float, float, float], fraction: float, verdict: str, excess: float
) -> None:
    points = triangle(angles)
    nearest = face_aligned.hypotheses(points, 1e-9)[1]
    room = np.linalg.norm(points - nearest, axis=1).min() / 2
    result = face_aligned.verify(points, fraction * room)
    assert result.verdict == verdict
    assert result.relative_excess == pytest.approx(excess, rel=0.5, abs=1e-12)


@pytest.mark.usefixtures("no_solver")
@pytest.mark.parametrize("kind", ["right", "obtuse", "isosceles", "scalene"])
def test_the_candidate_at_a_vertex_is_proved_by_its_multipliers(kind: str) -> None:
    rng = np.random.default_rng(len(kind))
    for _ in range(5):
        apex = {
            "right": 90.0,
            "obtuse": rng.uniform(90, 170),
            "isosceles": rng.uniform(89.2, 90.0),
            "scalene": 80.0,
        }[kind]
        share = {"isosceles": 0.5, "scalene": 0.6}.get(kind, rng.uniform(0.1, 0.9))
        points = triangle((apex, share * (180 - apex), (1 - share) * (180 - apex)))
        sides = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
        half_height = np.prod(sides) / 4 / sides.max()
        radius = rng.uniform(*((0.6, 0.9) if kind == "scalene" else (0.06, 0.9))) * half_height
        basis = np.linalg.qr(rng.standard_normal((3, 2)))[0]
        claim = face_aligned.at_vertex(points @ basis.T + 1, radius, 0)
        result = theorems.compare("face-aligned", claim)
        assert result.verdict == "confirmed"
        assert result.decided_by == "closed-form dual"
        centered = face_aligned.closed_form(points, radius)
        assert claim.cost == pytest.approx(centered.cost, rel=1e-13)
        np.testing.assert_array_equal(centered.network.offset, points[0])


def test_nothing_proves_the_candidate_at_another_vertex_than_the_median() -> None:
    points = triangle((60, 60, 60))
    for vertex in range(3):
        claim = face_aligned.at_vertex(points, 0.2, vertex)
        assert claim.certificate is not None
        check = verify(claim.problem, claim.network, claim.certificate)
        # 2 cos(30 degrees), what the hinges of the missing ramp see
        assert check.pricing_maximum >= np.sqrt(3) - 1e-9
        assert theorems.compare("face-aligned", claim).verdict == "refuted"


@pytest.mark.parametrize(
    ("points", "vertex"), [(regular_simplex(3), 0), (EQUILATERAL, 3), (EQUILATERAL, -1)]
)
def test_the_candidate_at_a_vertex_is_for_triangles(points: Array, vertex: int) -> None:
    with pytest.raises(InvalidProblem, match="give the three vertices of a triangle"):
        face_aligned.at_vertex(points, 0.1, vertex)


def test_random_instances_refute_and_confirm_the_conjecture() -> None:
    found = {(r.kind, r.verdict) for r in theorems.verify_all(["face-aligned"], instances=9)}
    assert ("scalene acute", "refuted") in found
    assert ("isosceles acute", "confirmed") in found
    assert ("obtuse", "confirmed") in found
    assert not {("isosceles acute", "refuted"), ("obtuse", "refuted")} & found


@pytest.mark.parametrize("radius", [0.01, 0.1, 0.2])
@pytest.mark.parametrize("angles", [(50, 60, 70), (40, 60, 80), (30, 75, 75), (20, 40, 120)])
def test_in_triangles_the_best_ramps_are_face_aligned(
    angles: tuple[float, float, float], radius: float
) -> None:
    points = triangle(angles)
    expected = face_aligned.closed_form(points, radius)
    found = theorems.max_margin_ramps.closed_form(points, radius)
    assert found.cost == pytest.approx(expected.cost, rel=1e-13)
    probe = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    np.testing.assert_allclose(found.network(probe), expected.network(probe), atol=1e-10)


def test_ramps_without_room_are_no_closed_form() -> None:
    with pytest.raises(InvalidProblem, match="no room for ramps"):
        theorems.max_margin_ramps.closed_form(EQUILATERAL, 0.76)


def test_max_margin_ramps_are_optimal_on_rays_and_not_on_tetrahedra() -> None:
    found = {(r.kind, r.verdict) for r in theorems.verify_all(["max-margin-ramps"], instances=8)}
    assert {("obtuse triangle", "confirmed"), ("rays", "confirmed")} <= found
    assert {("acute triangle", "refuted"), ("tetrahedron", "refuted")} <= found
    assert not {("obtuse triangle", "refuted"), ("rays", "refuted")} & found


def test_alignment_is_decided_by_the_weighted_mean_angle() -> None:
    """On points that are no images: aligned ones, and a tetrahedron whose hinges are tilted."""
    aligned = theorems.images.verify(triangle((40, 60, 80)), 0.2)
    assert aligned.verdict == "confirmed"
    assert aligned.relative_excess > 1e-8  # the ramps are not optimal, which is not claimed
    tilted = theorems.images.verify([[0, 0, 0], [1, 2, 2], [0, 0, 1], [2, 2, 1]], 0.05)
    assert tilted.verdict == "refuted"
    assert tilted.relative_excess == pytest.approx(0.03, rel=1e-3)
    mean, off, heaviest = tilted.measured.values()
    solution = tilted.solution
    assert solution is not None
    hinges = solution.network.canonical()
    weights, angles = [], []
    for w, b, a in zip(hinges.input_weights, hinges.biases, hinges.output_weights, strict=True):
        z = solution.problem.centers @ w + b
        normal = widest(solution.problem.centers, z > 0)
        normal = normal if normal @ w > 0 else -normal
        halves = np.arctan2(np.linalg.norm(normal - w), np.linalg.norm(normal + w))
        angles.append(float(np.rad2deg(2 * halves)))
        weights.append(float(np.linalg.norm(a)))
    assert mean == pytest.approx(np.average(angles, weights=weights), rel=1e-6)
    beyond = np.array(weights)[np.array(angles) > 5] / sum(weights)
    assert (off, heaviest) == pytest.approx((beyond.sum(), beyond.max()), rel=1e-9)
    assert theorems.images.verify(triangle((40, 60, 80)), 0.2, tolerance=1e-15).verdict == (
        "undecided"
    )


def widest(points: Array, active: NDArray[np.bool_]) -> Array:
    """Unit normal of the widest gap between two groups: a program over their hulls."""
    ahead, behind = cp.Variable(int(active.sum())), cp.Variable(int((~active).sum()))
    step = ahead @ points[active] - behind @ points[~active]
    hulls = [ahead >= 0, behind >= 0, cp.sum(ahead) == 1, cp.sum(behind) == 1]
    accuracy = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-12)
    cp.Problem(cp.Minimize(cp.sum_squares(step)), hulls).solve(solver=cp.CLARABEL, **accuracy)
    return step.value / np.linalg.norm(step.value)


@pytest.mark.skipif(find_spec("sklearn") is None, reason="needs the extra images")
def test_hinges_of_random_digits_are_aligned() -> None:
    for result in theorems.verify_all(["images"], instances=3):
        assert result.verdict == "confirmed"
        assert len(result.closed_form.problem) == 3 + images.KINDS.index(result.kind)
        contact = smallest_distance(result.closed_form.problem.centers) / 2
        assert 0.1 <= result.closed_form.problem.radii[0] / contact <= 0.6


def test_without_its_extra_a_theorem_is_left_out_with_a_notice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingDependency, match=r'pip install "convexden\[images\]"') as error:
        theorems.verify_all(["images"])
    assert "\n" not in str(error.value)
    with pytest.warns(UserWarning, match="images is left out: the digits come with scikit-learn"):
        results = theorems.verify_all(instances=1)
    seen = [next(results).theorem]
    assert seen == ["univariate"]


def test_false_claims_are_refuted() -> None:
    true = rays.closed_form(RIGHT, 0.3)
    larger = rays.closed_form(RIGHT, 0.3001)  # interpolates, but costs more
    smaller = rays.closed_form(RIGHT, 0.2999)  # costs less, but does not interpolate
    for false in (
        replace(true, network=larger.network, cost=larger.cost),
        replace(true, network=smaller.network, cost=smaller.cost),
        replace(true, cost=true.cost * (1 - 1e-6)),
    ):
        assert theorems.compare("rays", false).verdict == "refuted"
    assert theorems.compare("rays", true).verdict == "confirmed"


def test_progress_is_called_before_each_instance() -> None:
    calls: list[TaskProgress] = []
    names = ["collinear", "univariate", "collinear"]
    results = theorems.verify_all(names, instances=2, progress=calls.append)
    assert not calls
    assert [(r.theorem, r.instance) for r in results] == [
        ("collinear", "seed 0 #0"),
        ("collinear", "seed 0 #1"),
        ("univariate", "seed 0 #0"),
        ("univariate", "seed 0 #1"),
    ]
    assert calls == [
        (0, 4, "collinear"),
        (1, 4, "collinear"),
        (2, 4, "univariate"),
        (3, 4, "univariate"),
    ]


def test_progress_ends_the_results() -> None:
    def stop(step: TaskProgress) -> None:
        if step.done == 3:
            raise StopIteration

    names = ["collinear", "univariate"]
    assert len(list(theorems.verify_all(names, instances=2, progress=stop))) == 3


@pytest.mark.parametrize("dimension", [3, 4])
@pytest.mark.parametrize("solve", [False, True])
def test_regular_simplices_and_corners_beyond_the_plane(dimension: int, solve: bool) -> None:
    corner = np.vstack([np.zeros(dimension), np.eye(dimension)])
    for result in (
        rays.verify(corner, 0.1, solve=solve),
        equilateral.verify(regular_simplex(dimension), 0.1, solve=solve),
    ):
        assert result.verdict == "confirmed"
        assert result.as_dict()["sup_distance"] == result.sup_distance
        if solve:
            assert result.sup_distance is not None
            assert result.sup_distance <= 1e-9
        else:  # nothing was computed that could be compared
            assert result.sup_distance is None
