"""Edges, faces and widest margins: closed forms, optimality, and invariance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from convexden import data
from convexden.geometry.directions import (
    angles_to_nearest,
    edge_directions,
    face_normals,
    line_angles,
    max_margin_direction,
)

Array = NDArray[np.float64]


def _radians(u: ArrayLike, v: ArrayLike) -> float:
    """The angle between two vectors; not invariant to their sign."""
    u, v = np.asarray(u) / np.linalg.norm(u), np.asarray(v) / np.linalg.norm(v)
    return float(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def _margin(centers: Array, radii: Array, sides: NDArray[np.int8], u: Array) -> float:
    low, high = centers @ u - radii, centers @ u + radii
    return float(low[sides > 0].min() - high[sides < 0].max())


def _separable(seed: int, kind: str) -> tuple[Array, Array, NDArray[np.int8]]:
    """Sites off a random hyperplane, which some balls touch."""
    rng = np.random.default_rng(seed)
    n, r = int(rng.integers(3, 12)), int(rng.integers(2, 9))
    centers = rng.normal(size=(n, r)) / 3
    u = rng.normal(size=r)
    z = centers @ (u / np.linalg.norm(u))
    z -= np.sort(z)[1:3].mean()
    sizes = {"samples": 0.0, "balls": np.abs(z).min() / 2, "mixed": np.abs(z) * rng.random(n)}
    return centers, np.broadcast_to(sizes[kind], n), np.sign(z).astype(np.int8)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-7, 1.0, 45.0, 90.0])
def test_small_angles_are_accurate(angle: float) -> None:
    v = [np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]
    for sign in (1.0, -1.0):
        found = line_angles(np.array([[1.0, 0.0]]), sign * np.array([v]))
        assert found == pytest.approx([angle], rel=1e-9, abs=1e-14)
    both = np.array([[0.0, 1.0], v])
    assert angles_to_nearest(np.array([[1.0, 0.0]]), both) == pytest.approx([angle])


def test_edges_are_all_pairs() -> None:
    edges = edge_directions(data.triangle([60, 60, 60]))
    np.testing.assert_allclose(np.linalg.norm(edges, axis=1), 1)
    np.testing.assert_allclose(np.abs(edges @ edges.T), np.where(np.eye(3), 1, 0.5))
    assert edge_directions(np.random.default_rng(0).random((7, 3))).shape == (21, 3)


@pytest.mark.parametrize("dimension", [1, 2, 3, 6])
def test_faces_of_a_regular_simplex_are_opposite_its_vertices(dimension: int) -> None:
    vertices = data.regular_simplex(dimension)
    normals = face_normals(vertices)
    assert angles_to_nearest(vertices, normals) == pytest.approx(0, abs=1e-10)
    assert angles_to_nearest(normals, vertices) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("height", [1.0, 1e-3, 1e-9])
@pytest.mark.parametrize("r", [2, 3, 4])
def test_faces_of_a_box_are_axes_however_flat_it_is(r: int, height: float) -> None:
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=r)))
    corners[:, -1] *= height
    normals = face_normals(np.vstack([corners, corners.mean(axis=0)]))
    assert angles_to_nearest(normals, np.eye(r)) == pytest.approx(0, abs=1e-6)
    assert angles_to_nearest(np.eye(r), normals) == pytest.approx(0, abs=1e-6)


def test_faces_of_a_scalene_simplex_are_orthogonal_to_the_other_edges() -> None:
    points = np.random.default_rng(1).normal(size=(5, 4))
    normals = face_normals(points)
    assert len(normals) == 5
    for n, normal in enumerate(normals):
        others = np.delete(points, n, axis=0)
        assert np.ptp(others @ normal) < 1e-12


def test_faces_lie_in_the_affine_hull() -> None:
    frame = np.linalg.qr(np.random.default_rng(2).normal(size=(5, 2)))[0].T
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    normals = face_normals(square @ frame + 7)
    np.testing.assert_allclose(normals @ frame.T @ frame, normals, atol=1e-12)
    assert angles_to_nearest(normals @ frame.T, np.eye(2)) == pytest.approx(0, abs=1e-10)
    line = np.linspace(0, 1, 4)[:, None] * frame[0]
    assert angles_to_nearest(face_normals(line), frame[:1]) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("active", "inactive", "expected"),
    [
        ([[1, 2]], [[-3, 5]], [4, -3]),
        ([[0.3, 2]], [[-1, 0], [1, 0]], [0, 1]),  # a point and the inside of a segment
        ([[2, 3]], [[-1, 0], [1, 0]], [1, 3]),  # and the end of one
        ([[0.2, 0.3, 1]], [[0, 0, 0], [1, 0, 0], [0, 1, 0]], [0, 0, 1]),
        # Two segments askew, whose common perpendicular meets both.
        ([[-1, -1, 1], [1, 1, 1]], [[-1, 2, 0], [1, -2, 0]], [0, 0, 1]),
        ([[1, 0], [1, 5], [3, 2]], [[0, -7], [0, 2], [-2, 0]], [1, 0]),  # parallel sides
    ],
)
@pytest.mark.parametrize("radius", [0.0, 0.3])
@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_widest_margin_is_the_shortest_segment_between_hulls(
    active: list[list[float]],
    inactive: list[list[float]],
    expected: list[float],
    radius: float,
    scale: float,
) -> None:
    centers = scale * np.array(active + inactive, dtype=float)
    sides = np.repeat([1, -1], [len(active), len(inactive)]).astype(np.int8)
    radii = np.full(len(sides), scale * radius)
    assert _radians(max_margin_direction(centers, radii, sides), expected) < 1e-10
    assert _radians(max_margin_direction(centers, radii, -sides), -np.array(expected)) < 1e-10


def test_widest_margin_between_balls_of_different_radii_is_a_common_tangent() -> None:
    centers = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, -5.0]]) / 4
    radii = np.array([0.5, 1.5, 0.3]) / 4
    u = max_margin_direction(centers, radii, np.array([1, 1, -1], dtype=np.int8))
    assert _radians(u, [0.25, np.sqrt(1 - 0.25**2)]) < 1e-10
    # One ball alone decides if it hides the other: 2 is so large that 1 is behind its tangent.
    radii = np.array([0.1, 3.0, 0.3]) / 4
    u = max_margin_direction(centers, radii, np.array([1, 1, -1], dtype=np.int8))
    assert _radians(u, [2, 5]) < 1e-10


@pytest.mark.parametrize("kind", ["samples", "balls", "mixed"])
@pytest.mark.parametrize("seed", range(20))
def test_widest_margin_is_optimal(seed: int, kind: str) -> None:
    centers, radii, sides = _separable(seed, kind)
    u = max_margin_direction(centers, radii, sides)
    assert np.linalg.norm(u) == pytest.approx(1, abs=1e-14)
    margin = _margin(centers, radii, sides, u)
    assert margin > 0
    # Sufficient, because the problem is convex: u is in the cone of the pairs that attain it.
    n, m = np.nonzero((sides > 0)[:, None] & (sides < 0))
    steps = centers[n] - centers[m]
    attained = steps @ u - radii[n] - radii[m] < margin + 1e-12
    assert nnls(steps[attained].T, u)[1] < 1e-10


def test_widest_margin_of_many_samples() -> None:
    rng = np.random.default_rng(5)
    centers = rng.normal(size=(5000, 2)) / 3
    sides = np.sign(centers @ [0.6, 0.8]).astype(np.int8)
    centers += 0.05 * sides[:, None] * [0.6, 0.8]
    centers[:4] = np.array([[-2, 0.05], [2, 0.05], [-2, -0.05], [2, -0.05]]) @ [
        [0.8, -0.6],
        [0.6, 0.8],
    ]
    sides[:4] = [1, 1, -1, -1]
    u = max_margin_direction(centers, np.zeros(5000), sides)
    assert _radians(u, [0.6, 0.8]) < 1e-10


def test_no_margin_no_direction() -> None:
    square = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    for sides in ([1, 1, 1, 1], [-1, -1, -1, -1], [1, 0, 0, 1], [1, 1, -1, -1]):
        found = max_margin_direction(square, np.zeros(4), np.array(sides, dtype=np.int8))
        assert np.isnan(found).all(), sides
    halves = np.array([1, -1, 1, -1], dtype=np.int8)
    for radius, gap in ((0.49, True), (0.5, False), (0.6, False)):
        found = max_margin_direction(square, np.full(4, radius), halves)
        assert np.isnan(found).any() != gap


def test_widest_margin_moves_with_the_sites() -> None:
    centers, radii, sides = _separable(3, "mixed")
    turn = np.linalg.qr(np.random.default_rng(6).normal(size=(centers.shape[1],) * 2))[0]
    u = max_margin_direction(centers, radii, sides)
    order = np.random.default_rng(7).permutation(len(sides))
    moved = 3 * centers[order] @ turn.T + 5
    assert _radians(max_margin_direction(moved, 3 * radii[order], sides[order]), turn @ u) < 1e-9
