"""Maxima on spheres: what is settled by proof agrees with all stationary points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden.verification.sphere_maxima import CLEAR, TRUSTED, Spheres, _Secular
from convexden.verification.stationary_points import stationary_points

Array = NDArray[np.float64]
WIDTH = 1e-12


def spheres(
    rng: np.random.Generator, count: int, k: int, kind: str = "generic", p: int = 4, sites: int = 3
) -> Spheres:
    """Random functions and cuts: "hard" without slope along the longest axis, "round" with two
    longest axes, "weak" with little slope, so that most have two local maxima."""
    A, g = rng.normal(size=(count, p, k)), rng.normal(size=(count, p))
    if kind != "generic":
        left, sizes, axes = np.linalg.svd(A, full_matrices=False)
        along = np.einsum("fpm,fp->fm", left, g)
        if kind == "round" and sizes.shape[1] > 1:
            sizes[:, 1] = sizes[:, 0]
        if kind in ("hard", "round"):
            g -= left[:, :, 0] * along[:, :1]
        if kind == "round" and sizes.shape[1] > 1:
            g -= left[:, :, 1] * along[:, 1:2]
        if kind == "weak":
            g *= 10.0 ** rng.uniform(-8, 0, (count, 1))
        A = (left * sizes[:, None, :]) @ axes
    B = rng.normal(size=(count, sites, k))
    B /= np.maximum(1.0, np.linalg.norm(B, axis=2, keepdims=True) / 2)
    return Spheres(A, g, B, rng.normal(size=(count, sites)))


def largest_local_maxima(spheres: Spheres) -> Array:
    """Of every sphere, among all its stationary points; 0 where no local maximum is feasible."""
    H, f = spheres._quadratic()
    points = stationary_points(H, f)
    forces = H @ points + f[:, :, None]
    mu = (points * forces).sum(axis=1)
    stationary = np.linalg.norm(forces - mu[:, None] * points, axis=1) < 1e-9
    feasible = (spheres.B @ points + spheres.e[:, :, None] >= 0.0).all(axis=1)
    # The curvature along the sphere: that of the projected Hessian, u itself left out.
    normals = points.transpose(0, 2, 1)[..., None]
    across = np.eye(points.shape[1]) - normals * normals.transpose(0, 1, 3, 2)
    bent = across @ (H[:, None] - mu[..., None, None] * np.eye(len(across[0, 0]))) @ across
    local = np.linalg.eigvalsh(bent)[..., -1] < 1e-8
    values = np.linalg.norm(spheres.A @ points + spheres.g[:, :, None], axis=1)
    return np.where(stationary & feasible & local, values, 0.0).max(axis=1)


@pytest.mark.parametrize("kind", ["generic", "hard", "round", "weak"])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
def test_no_local_maximum_is_missed_by_proof(kind: str, k: int) -> None:
    rng = np.random.default_rng(k)
    for p in (1, 4, 9):
        together = spheres(rng, 200, k, kind, p)
        expected = largest_local_maxima(together)
        alone = np.array([together._take(np.arange(200) == i).best(0.0, WIDTH) for i in range(200)])
        assert (alone >= expected * (1 - 1e-12)).all()
        assert np.isclose(alone, expected, rtol=1e-12, atol=1e-9).mean() > 0.6
        assert (expected > 0).sum() > 5
        assert together.best(0.0, WIDTH) == pytest.approx(alone.max(), rel=1e-12)


@pytest.mark.parametrize("kind", ["generic", "hard", "round", "weak"])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_weak_duality_holds_for_every_shift(kind: str, k: int) -> None:
    rng = np.random.default_rng(k)
    some = spheres(rng, 100, k, kind)
    points = rng.normal(size=(100, k, 400))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points = np.concatenate([points, stationary_points(*some._quadratic())], axis=2)
    largest = (np.linalg.norm(some.A @ points + some.g[:, :, None], axis=1) ** 2).max(axis=1)
    secular = _Secular.of(some)
    for t in 10.0 ** rng.uniform(-9, 3, (20, 100)):
        assert (largest <= secular.bounds(t)).all()
    t, _ = secular.root(1.0)
    if kind in ("generic", "weak"):  # where Newton's method arrives the bound is sharp
        assert secular.bounds(t) == pytest.approx(largest, rel=1e-10)


@pytest.mark.parametrize("kind", ["generic", "weak"])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_without_a_root_there_is_none(kind: str, k: int) -> None:
    secular = _Secular.of(spheres(np.random.default_rng(k), 500, k, kind))
    t, none = secular.root(-1.0)
    assert (none if kind == "generic" else ~none).sum() > 100
    second = secular.below[-2]
    for share in np.linspace(1e-6, 1 - 1e-6, 2000):
        phi = ((secular.slope / (secular.below - share * second)) ** 2).sum(axis=0)
        assert (phi[none] > 1.0).all()
        before = ~none & (share * second < t * (1 - 1e-9))
        assert (phi[before] > 1.0 - CLEAR).all()


@pytest.mark.parametrize("kind", ["generic", "weak", "hard"])
def test_rounding_errors_move_points_by_no_more_than_stated(kind: str) -> None:
    rng = np.random.default_rng(4)
    given = spheres(rng, 1000, 4, kind)
    size = np.abs(given.A).max() + np.abs(given.g).max()
    moved = Spheres(
        given.A + 2e-15 * size * rng.normal(size=given.A.shape),
        given.g + 2e-15 * size * rng.normal(size=given.g.shape),
        given.B,
        given.e,
    )
    here, there = _Secular.of(given), _Secular.of(moved)
    seen = 0
    pairs = []
    for sign in (1.0, -1.0):
        (t, none), (s, _) = here.root(sign), there.root(sign)
        points, errors = here.points(sign, t)
        others, _ = there.points(sign, s)
        pairs.append((points, others, errors, ~none))
    for own, (points, others, errors, exists) in enumerate(pairs):
        trusted = (errors < TRUSTED) & exists
        distance = np.linalg.norm(points - others, axis=1)
        if kind == "hard":  # the two maximisers may change their roles
            swapped = np.linalg.norm(points - pairs[1 - own][1], axis=1)
            distance = np.minimum(distance, swapped)
        assert (distance <= errors)[trusted].all()
        seen += int(trusted.sum())
    assert seen > 900
