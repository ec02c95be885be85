"""The pricing maximum by faces: closed forms, random hinges, other coordinates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from multipliers_in_space import Dual, below_threshold
from numpy.typing import NDArray

from convexden.data import regular_simplex
from convexden.network import ShallowNetwork
from convexden.problem import denoising
from convexden.theorems import equilateral, obtuse_simplex, rays
from convexden.theorems._claims import ClosedForm
from convexden.verification import Verification, verify
from convexden.verification.exact.dual import close_dual
from convexden.verification.faces.bound import WIDTH, face_interval
from convexden.verification.pricing_bound import pricing_interval

Array = NDArray[np.float64]


def corner(r: int) -> ClosedForm:
    """Orthogonal edges of different lengths."""
    return rays.closed_form(np.vstack([np.zeros(r), np.diag(1.0 + np.arange(r))]), 0.3)


def obtuse(r: int) -> ClosedForm:
    """Edges that meet at obtuse angles, of different lengths, and unequal radii."""
    edges = np.eye(r) - 0.8 / r
    edges *= (1 + np.arange(r))[:, None]
    radii = 0.2 * np.linalg.norm(edges, axis=1).min() * np.append(1.0, np.linspace(0.3, 0.9, r))
    return obtuse_simplex.closed_form(np.vstack([np.zeros(r), edges]), radii)


def checked(closed_form: ClosedForm) -> Verification:
    assert closed_form.certificate is not None
    return verify(
        closed_form.problem,
        closed_form.network,
        closed_form.certificate,
        cost=closed_form.cost,
        status="certified",
        tolerance=1e-10,
    )


CLOSED_FORMS = {
    "regular": lambda r: below_threshold(r, 0.5),
    "regular, near threshold": lambda r: below_threshold(r, 0.999999),
    "orthogonal": corner,
    "obtuse": obtuse,
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
@pytest.mark.parametrize("r", [3, 4, 5])
def test_closed_forms_verify(name: str, r: int) -> None:
    closed_form = CLOSED_FORMS[name](r)
    result = checked(closed_form)
    assert result.passed, str(result)
    assert result.pricing_maximum == pytest.approx(1.0, abs=1e-9)
    assert Dual.of(closed_form).interval().lower == pytest.approx(1.0, abs=1e-11)


@pytest.mark.parametrize("r", [3, 4, 5])
def test_spoiled_networks_and_bounds_fail(r: int) -> None:
    good = below_threshold(r, 0.6)
    assert good.certificate is not None
    biases = good.network.biases.copy()
    biases[0] += 1e-6
    reasons = checked(replace(good, network=replace(good.network, biases=biases))).reasons
    assert any("the network misses the target" in reason for reason in reasons)
    jacobians = good.certificate.jacobians.copy()
    jacobians[1] *= 1.001
    jacobians[0] += good.certificate.jacobians[1] - jacobians[1]
    tilted = replace(good.certificate, jacobians=jacobians)
    reasons = checked(replace(good, certificate=tilted)).reasons
    assert any("understates" in reason for reason in reasons)


@pytest.mark.parametrize("r", [3, 4, 5])
def test_regular_simplices_exceed_one_above_the_threshold(r: int) -> None:
    # The multipliers of the closed form, for a radius at which they are not optimal any more.
    points = regular_simplex(r)
    centroid = points.mean(axis=0)
    circumradius = float(np.linalg.norm(points[0] - centroid))
    height = circumradius * (r + 1) / r
    rho = 1.001 * equilateral.threshold(r) * height / 2
    u = (points - centroid) / circumradius
    k = 2 / (height - 2 * rho)
    outer = u[:, :, None] * u[:, None, :]
    across = (1 + k * rho - k * circumradius) / (r - 1)
    jacobians = (-1 - k * rho) * outer + across * (np.eye(r) - outer)
    interval = Dual(points, np.full(r + 1, rho), k * u, jacobians).interval()
    assert interval.lower > 1 + 1e-7


@pytest.mark.parametrize("r", [3, 4])
def test_affine_data_have_cost_zero(r: int) -> None:
    problem = denoising(np.vstack([np.zeros(r), np.eye(r)]), radius=0.0)
    flat = ShallowNetwork(np.zeros((0, r)), np.zeros((0, r)), np.zeros(0), np.eye(r), np.zeros(r))
    certificate = corner(r).certificate
    assert certificate is not None
    nothing = replace(
        certificate,
        values=0 * certificate.values,
        jacobians=0 * certificate.jacobians,
        lower_bound=0.0,
        pricing_maximum=0.0,
    )
    assert verify(problem, flat, nothing, cost=0.0).passed


@pytest.mark.parametrize("kind", ["balls", "mixed", "tight"])
@pytest.mark.parametrize(("r", "seed"), [(3, 0), (3, 1), (3, 2), (3, 3), (4, 4), (4, 5)])
def test_no_hinge_exceeds_the_interval_and_some_hinge_attains_it(
    kind: str, r: int, seed: int
) -> None:
    dual = Dual.random(seed, r, kind, outputs=1 + seed % (r + 1))
    interval = dual.interval()
    found = dual.search(np.random.default_rng(seed), count=100_000, starts=4)
    assert found <= interval.upper * (1 + 1e-9)
    assert found >= interval.lower * (1 - 1e-7)
    assert interval.upper - interval.lower <= 2e-12 * interval.upper


@pytest.mark.parametrize("seed", range(3))
def test_nearly_symmetric_simplices(seed: int) -> None:
    # Eigenvalues nearly coincide, and gradients are nearly orthogonal to their eigenspaces.
    rng = np.random.default_rng(seed)
    dual = Dual.of(below_threshold(3, 0.9))
    size = 10.0 ** (-2 - 2 * seed)
    values = dual.values + size * rng.normal(size=dual.values.shape)
    jacobians = dual.jacobians + size * rng.normal(size=dual.jacobians.shape)
    dual = replace(dual, values=values, jacobians=jacobians).projected()
    interval = dual.interval()
    found = dual.search(rng, count=3_000, starts=60)
    assert interval.lower * (1 - 1e-9) <= found <= interval.upper * (1 + 1e-9)


@pytest.mark.parametrize("tilt", [0.0, 1.0])
def test_fewer_sites_than_the_hull_has_dimensions(tilt: float) -> None:
    # The last two centers are samples without multipliers.  The Jacobian multipliers of the three
    # balls may or may not act across the plane of the balls.
    rng = np.random.default_rng(5)
    dual = Dual.random(5, 4, "balls")
    dual.radii[3:] = 0.0
    dual.values[3:], dual.jacobians[3:] = 0.0, 0.0
    axes, _ = np.linalg.qr((dual.centers[1:3] - dual.centers[0]).T)
    jacobians = dual.jacobians @ (axes @ axes.T)
    change = tilt * rng.normal(size=(4, 4))
    change -= change @ axes @ axes.T
    jacobians[0] += change
    jacobians[1] -= change
    three = Dual(dual.centers[:3], dual.radii[:3], dual.values[:3], jacobians[:3]).projected()
    whole = Dual(
        dual.centers,
        dual.radii,
        np.vstack([three.values, dual.values[3:]]),
        np.concatenate([three.jacobians, dual.jacobians[3:]]),
    )
    interval = whole.interval()
    found = three.search(rng, count=100_000, starts=4)
    assert interval.lower * (1 - 1e-7) <= found <= interval.upper * (1 + 1e-9)


def test_samples_and_inner_balls_without_multipliers_do_not_count() -> None:
    dual = Dual.random(1, 3, "balls")
    inner = dual.centers[:2] + 0.3 * dual.radii[:2, None] / np.sqrt(3)
    more = Dual(
        np.vstack([dual.centers, inner, np.random.default_rng(0).normal(size=(50, 3))]),
        np.concatenate([dual.radii, 0.5 * dual.radii[:2], np.zeros(50)]),
        np.vstack([dual.values, np.zeros((52, 3))]),
        np.concatenate([dual.jacobians, np.zeros((52, 3, 3))]),
    )
    assert more.interval().upper == pytest.approx(dual.interval().upper, rel=1e-12)


@pytest.mark.parametrize("kind", ["balls", "mixed", "tight"])
@pytest.mark.parametrize("seed", range(10))
def test_triangles_agree_with_the_enclosure_in_the_plane(kind: str, seed: int) -> None:
    given = Dual.random(seed, 2, kind, outputs=1 + seed % 4)
    dual = close_dual(given.centers, np.zeros((3, 1)), given.radii, given.values, given.jacobians)
    enclosure = pricing_interval(dual)
    lower, upper = face_interval(given.centers, given.radii, given.values, given.jacobians)
    assert lower * (1 + WIDTH) <= upper <= lower * (1 + 3 * WIDTH)
    assert enclosure.lower * (1 - 1e-13) <= lower <= enclosure.upper * (1 + 1e-13)


@pytest.mark.parametrize("name", ["random", "mixed", "regular", "orthogonal"])
@pytest.mark.parametrize("r", [3, 4, 5])
def test_the_interval_does_not_depend_on_the_coordinates(name: str, r: int) -> None:
    dual = {
        "random": lambda: Dual.random(r, r, "balls"),
        "mixed": lambda: Dual.random(r, r, "mixed"),
        "regular": lambda: Dual.of(below_threshold(r, 0.7)),
        "orthogonal": lambda: Dual.of(corner(r)),
    }[name]()
    expected = dual.interval().lower
    rng = np.random.default_rng(r)
    for _ in range(3):
        assert dual.moved(rng).interval().lower == pytest.approx(expected, rel=1e-12)
