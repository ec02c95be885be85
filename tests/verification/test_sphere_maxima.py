"""Maxima on spheres: proven bounds and windows agree with all stationary points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from stationary_points import stationary_points

from convexden.verification.faces.secular_windows import Window, inner_window, outer_window
from convexden.verification.faces.sphere_maxima import Secular, Spheres

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
WIDTH = 1e-12
KINDS = ["generic", "hard", "round", "weak", "double", "close"]


def spheres(
    rng: np.random.Generator, count: int, k: int, kind: str = "generic", p: int = 4, sites: int = 3
) -> Spheres:
    """Random functions and cuts: "hard" without slope along the longest axis, "round" with two
    longest axes, "weak" with little slope, so that most have two local maxima, "double" with equal
    axes below the longest, "close" with two stationary points that nearly meet."""
    A, g = rng.normal(size=(count, p, k)), rng.normal(size=(count, p))
    if kind != "generic":
        left, sizes, axes = np.linalg.svd(A, full_matrices=False)
        along = np.einsum("fpm,fp->fm", left, g)
        if kind == "round" and sizes.shape[1] > 1:
            sizes[:, 1] = sizes[:, 0]
        if kind == "double" and sizes.shape[1] > 2:
            sizes[:, 2] = sizes[:, 1]
        if kind in ("hard", "round"):
            g -= left[:, :, 0] * along[:, :1]
        if kind == "round" and sizes.shape[1] > 1:
            g -= left[:, :, 1] * along[:, 1:2]
        if kind in ("weak", "double"):
            g *= 10.0 ** rng.uniform(-8, 0, (count, 1))
        A = (left * sizes[:, None, :]) @ axes
        if kind == "close" and k > 1 and p > 1:
            g *= np.sqrt((1.0 - 10.0 ** rng.uniform(-12, -2, count)) / least_inner(A, g))[:, None]
    B = rng.normal(size=(count, sites, k))
    B /= np.maximum(1.0, np.linalg.norm(B, axis=2, keepdims=True) / 2)
    nothing = np.zeros(count)
    return Spheres(
        A, g, B, rng.normal(size=(count, sites)), nothing, nothing, np.zeros((count, sites))
    )


def least_inner(A: Array, g: Array) -> Array:
    """The least phi between the largest two eigenvalues, by nested grids."""
    sizes, basis = np.linalg.eigh(A.transpose(0, 2, 1) @ A)
    slope = np.einsum("fmk,fpm,fp->fk", basis, A, g)
    below = sizes[:, -1:] - sizes
    low, high = np.zeros(len(A)), below[:, -2]
    for _ in range(12):
        tau = low + np.linspace(0.01, 0.99, 50)[:, None] * (high - low)
        phi = ((slope / (below - tau[:, :, None])) ** 2).sum(axis=2)
        at, step = phi.argmin(axis=0), (high - low) / 49
        best = tau[at, np.arange(len(A))]
        low, high = np.maximum(best - step, low), np.minimum(best + step, high)
    return np.asarray(phi.min(axis=0))


def quadratic(spheres: Spheres) -> tuple[Array, Array]:
    transposed = spheres.A.transpose(0, 2, 1)
    return transposed @ spheres.A, (transposed @ spheres.g[:, :, None])[:, :, 0]


def local_maxima(spheres: Spheres, tolerance: float = 1e-8) -> tuple[Array, Array, Flags]:
    """All stationary points (F, k, m), their multipliers, and which are local maxima."""
    H, f = quadratic(spheres)
    points = stationary_points(H, f)
    forces = H @ points + f[:, :, None]
    mu = (points * forces).sum(axis=1)
    stationary = np.linalg.norm(forces - mu[:, None] * points, axis=1) < 1e-9
    # The curvature along the sphere: that of the projected Hessian, u itself left out.
    normals = points.transpose(0, 2, 1)[..., None]
    across = np.eye(points.shape[1]) - normals * normals.transpose(0, 1, 3, 2)
    bent = across @ (H[:, None] - mu[..., None, None] * np.eye(len(across[0, 0]))) @ across
    bent -= 1e3 * normals * normals.transpose(0, 1, 3, 2)
    return points, mu, stationary & (np.linalg.eigvalsh(bent)[..., -1] < tolerance)


def largest_local_maxima(spheres: Spheres) -> Array:
    """Of every sphere, among all its stationary points; 0 where no local maximum is feasible."""
    points, _, local = local_maxima(spheres)
    feasible = (spheres.B @ points + spheres.e[:, :, None] >= 0.0).all(axis=1)
    values = np.linalg.norm(spheres.A @ points + spheres.g[:, :, None], axis=1)
    return np.where(feasible & local, values, 0.0).max(axis=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
def test_bounds_hold_and_most_are_sharp(kind: str, k: int) -> None:
    rng = np.random.default_rng(k)
    for p in (1, 4, 9):
        together = spheres(rng, 40, k, kind, p)
        expected = largest_local_maxima(together)
        best, bounds = together.bounds(0.0, WIDTH)
        assert (np.maximum(bounds, best) >= expected * (1 - 1e-14)).all()
        assert (expected > 0).any()
        alone = [together.take(np.arange(40) == i) for i in range(40)]
        lower, upper = np.array([np.hstack(one.bounds(0.0, WIDTH)) for one in alone]).T
        assert (np.maximum(lower * (1 + WIDTH), upper) >= expected * (1 - 1e-14)).all()
        assert lower.max() == pytest.approx(best, rel=1e-12)
        if kind in ("generic", "weak"):
            settled = [
                one.bounds(value, 1e-11)[1] for one, value in zip(alone, expected, strict=True)
            ]
            assert (np.concatenate(settled) == 0.0).mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [2, 3, 6])
def test_weak_duality_holds_for_every_shift(kind: str, k: int) -> None:
    rng = np.random.default_rng(k)
    some = spheres(rng, 100, k, kind)
    points = rng.normal(size=(100, k, 400))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points = np.concatenate([points, stationary_points(*quadratic(some))], axis=2)
    largest = np.linalg.norm(some.A @ points + some.g[:, :, None], axis=1).max(axis=1)
    secular = Secular.of(some)
    for t in 10.0 ** rng.uniform(-9, 3, (20, 100)):
        assert (largest <= secular.bounds(t)).all()
    assert secular.bounds(secular.root()) == pytest.approx(largest, rel=1e-10)


@pytest.mark.parametrize("kind", ["generic", "weak", "double"])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_without_an_inner_root_there_is_none(kind: str, k: int) -> None:
    secular = Secular.of(spheres(np.random.default_rng(k), 500, k, kind))
    window, none = inner_window(secular.below, secular.slope, secular.error)
    assert (none if kind == "generic" else ~none).sum() > 100
    second = secular.below[-2]
    for share in np.linspace(1e-6, 1 - 1e-6, 2000):
        phi = ((secular.slope / (secular.below - share * second)) ** 2).sum(axis=0)
        assert (phi[none] > 1.0).all()
        before = ~none & (-share * second > window.high)
        assert (phi[before] > 1.0).all()


@pytest.mark.parametrize("error", [1e-3, 1e-5, 1e-8])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_windows_hold_the_maxima_of_all_functions_nearby(kind: str, k: int, error: float) -> None:
    rng = np.random.default_rng([k, len(kind)])
    given = spheres(rng, 300, k, kind)
    errors = np.full(300, error)
    given = Spheres(given.A, given.g, given.B, given.e, errors, errors, given.slack)
    secular = Secular.of(given)
    outer = outer_window(secular.below, secular.slope, secular.error, secular.root())
    inner, none = inner_window(secular.below, secular.slope, secular.error)
    bounds = secular.bounds(secular.root())
    inner_bounds = secular.inner_bounds(inner)
    narrow = 0
    for _ in range(4):
        shift_A = rng.normal(size=given.A.shape)
        shift_g = rng.normal(size=given.g.shape)
        shift_A *= error / np.linalg.norm(shift_A, axis=(1, 2), keepdims=True)
        shift_g *= error / np.linalg.norm(shift_g, axis=1, keepdims=True)
        moved = Spheres(
            given.A + shift_A, given.g + shift_g, given.B, given.e, errors, errors, given.slack
        )
        points, mu, local = local_maxima(moved, 0.0)
        values = np.linalg.norm(moved.A @ points + moved.g[:, :, None], axis=1)
        t = mu - secular.top[:, None]
        assert (np.where(local, values, 0.0).max(axis=1) <= bounds).all()
        for window, inside in ((outer, t >= 0.0), (inner, t < 0.0)):
            here = local & inside
            if window is inner:
                assert not here[none].any()
                within = here & (t <= window.high[:, None]) & (t >= window.low[:, None])
                assert (values <= inner_bounds[:, None])[within].all()
            assert ((t >= window.low[:, None]) & (t <= window.high[:, None]))[here].all()
            distances, known = distances_from(window, secular, points)
            assert (distances <= 0.0)[here].all()
            narrow += int((here & known[:, None]).sum())
    if kind != "round":  # there the maxima are circles
        assert narrow > 300


def distances_from(window: Window, secular: Secular, points: Array) -> tuple[Array, Flags]:
    """By how much points leave the window's enclosure, and which enclosures are small."""
    enclosure = window.points(secular.below, secular.slope, secular.error)
    error = enclosure.center_error + enclosure.along_error
    distances = np.full((points.shape[0], points.shape[2]), np.inf)
    for sign in (1.0, -1.0):
        reaches = window.reaches(sign, secular.slope[-1], secular.error)
        middle = secular.basis @ enclosure.coordinates(sign)[:, :, None]
        length = np.linalg.norm(points - middle, axis=1) - (error + secular.skew + 1e-14)[:, None]
        distances = np.where(reaches[:, None], np.minimum(distances, length), distances)
    return distances, error < 0.5


def test_functions_that_are_no_numbers_have_no_bound() -> None:
    some = spheres(np.random.default_rng(0), 3, 1)
    some.A[1] = np.nan
    _, bounds = some.bounds(0.0, WIDTH)
    assert np.isnan(bounds[1]) or bounds[1] == np.inf


@pytest.mark.parametrize("k", [1, 3])
def test_nothing_is_attained_where_hinges_are_not_known(k: int) -> None:
    """A point whose hinge may cut a ball by the slack is no witness, unless that is rounding."""
    drawn = spheres(np.random.default_rng(k), 20, k)
    reach = np.linalg.norm(drawn.B, axis=2)
    for slack, known in ((20.0, False), (1e-9, False), (1e-13, True)):
        room = np.full(drawn.e.shape, slack)
        everywhere = replace(drawn, e=reach, slack=room).bounds(0.0, WIDTH)[0]
        assert (everywhere > 0.0) is known
        nowhere = replace(drawn, e=-reach - 2e-13, slack=room)
        best, bounds = nowhere.bounds(0.0, WIDTH)
        assert best == 0.0
        # It is not excluded either.
        assert bounds.any() or slack < 1.0
