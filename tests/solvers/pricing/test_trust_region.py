"""Maxima on spheres: every local one that a dense sample leads to, and only maxima."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array

from convexden.solvers.pricing.trust_region import sphere_maxima


def drawn(seed: int, p: int, k: int, kind: str) -> tuple[Array, Array]:
    """A (p, k) and h (p,): "weak" with little slope, so that there are two maxima; "hard" without
    slope along the longest axis; "inner" hard with a slope too large for that to matter."""
    rng = np.random.default_rng([seed, p, k])
    A, h = rng.standard_normal((p, k)), rng.standard_normal(p)
    left, sizes, axes = np.linalg.svd(A, full_matrices=False)
    if kind == "weak":
        h *= 0.05
    if kind in ("hard", "inner"):
        h -= left[:, 0] * (left[:, 0] @ h)
        h *= 0.05 if kind == "hard" else 30.0
        A = (left * sizes) @ axes
    return A, h


def height(A: Array, h: Array, u: Array) -> Array:
    return np.sum((u @ A.T + h) ** 2, axis=-1)


def climbed(A: Array, h: Array, starts: Array) -> Array:
    """Where projected gradient ascent ends: |A u + h|^2 is convex, so that the step to
    A^T (A u + h), normalized, never descends; shifted, it goes to maxima only."""
    u = starts
    shift = 0.2 * np.linalg.norm(A, 2) ** 2 + 1e-3
    for _ in range(3000):
        ahead = (u @ A.T + h) @ A + shift * u
        u = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    return u


def curvature(A: Array, h: Array, u: Array) -> float:
    """The greatest second derivative along great circles through u, by differences."""
    frame = np.linalg.qr(np.column_stack([u, np.eye(len(u))]))[0][:, 1:]
    step, count = 1e-3, frame.shape[1]
    matrix = np.zeros((count, count))

    def at(t: Array) -> float:
        v = u + frame @ t
        return float(height(A, h, v / np.linalg.norm(v)))

    unit = step * np.eye(count)
    for i in range(count):
        for j in range(count):
            matrix[i, j] = at(unit[i] + unit[j]) - at(unit[i] - unit[j])
            matrix[i, j] += at(-unit[i] - unit[j]) - at(unit[j] - unit[i])
    return float(np.linalg.eigvalsh(matrix / (4 * step**2))[-1])


@pytest.mark.parametrize("kind", ["generic", "weak", "hard", "inner"])
@pytest.mark.parametrize(("p", "k"), [(1, 2), (3, 2), (2, 3), (4, 3), (3, 5)])
def test_all_local_maxima_are_found(p, k, kind):
    rng = np.random.default_rng(0)
    starts = rng.standard_normal((200, k))
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    for seed in range(3):
        A, h = drawn(seed, p, k, kind)
        owners, points = sphere_maxima(A[None], h[None])
        assert (owners == 0).all()
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0, rtol=1e-12)
        # Whatever a climb comes to is among them, by its height and its place.
        ends = climbed(A, h, starts)
        heights = height(A, h, points)
        missed = np.abs(height(A, h, ends)[:, None] - heights).min(axis=1)
        assert missed.max() <= 1e-6 * heights.max()
        assert heights.max() >= height(A, h, ends).max() * (1 - 1e-12)
        apart = np.linalg.norm(ends[:, None] - points, axis=2).min(axis=1)
        assert np.median(apart) <= 1e-4
        # And all of them are stationary, without a direction in which to rise.
        force = (points @ A.T + h) @ A
        along = np.sum(force * points, axis=1, keepdims=True)
        scale = np.linalg.norm(A, 2) * (np.linalg.norm(A, 2) + np.linalg.norm(h))
        assert np.abs(force - along * points).max() <= 1e-7 * scale
        assert max(curvature(A, h, u) for u in points) <= 1e-4 * scale


def test_weak_slopes_leave_two_maxima_of_different_heights():
    """The lower one is what makes pricing fail if it is forgotten."""
    both = 0
    for seed in range(20):
        A, h = drawn(seed, 4, 3, "weak")
        heights = np.unique(height(A, h, sphere_maxima(A[None], h[None])[1]).round(9))
        both += len(heights) == 2
    assert both >= 18


@pytest.mark.parametrize("k", [2, 3, 6])
def test_hard_cases_have_both_signs(k):
    """Without slope along the longest axis: on an ellipse whose axes are known."""
    A = np.diag(np.arange(k, 0.0, -1.0))
    h = np.zeros(k)
    h[1] = 0.1
    # u_1 = h_1 (k - 1) / (k^2 - (k - 1)^2), and u_0 what is left, up or down.
    rest = 0.1 * (k - 1) / (k**2 - (k - 1) ** 2)
    expected = np.zeros((2, k))
    expected[:, 0] = [np.sqrt(1 - rest**2), -np.sqrt(1 - rest**2)]
    expected[:, 1] = rest
    _, points = sphere_maxima(A[None], h[None])
    for point in expected:
        assert np.linalg.norm(points - point, axis=1).min() <= 1e-9


def test_points_on_a_line_are_both():
    owners, points = sphere_maxima(np.ones((3, 2, 1)), np.zeros((3, 2)))
    assert sorted(owners) == [0, 0, 1, 1, 2, 2]
    assert sorted(points.ravel()) == [-1, -1, -1, 1, 1, 1]


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_a_batch_is_its_members_at_any_scale(size):
    rng = np.random.default_rng(1)
    A, h = size * rng.standard_normal((40, 3, 4)), size * rng.standard_normal((40, 3))
    h[::2] *= 1e-2
    owners, points = sphere_maxima(A, h)
    for n in range(40):
        alone = sphere_maxima(A[n : n + 1], h[n : n + 1])[1]
        mine = points[owners == n]
        assert len(mine) == len(alone)
        np.testing.assert_allclose(np.sort(mine, axis=0), np.sort(alone, axis=0), atol=1e-9)


def test_nothing_to_climb_is_no_error():
    _, points = sphere_maxima(np.zeros((2, 3, 3)), np.ones((2, 3)))
    assert np.isfinite(points).all()
