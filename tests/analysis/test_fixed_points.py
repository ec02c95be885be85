"""Fixed points are all found, and are what iterating the denoiser finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from shapely import Point

import convexden as cd
from convexden.analysis.fixed_points import FixedPoint
from convexden.analysis.pieces import affine_map, cells
from convexden.network import ShallowNetwork

TRIANGLE = cd.data.triangle([48, 60, 72])


def _index(network: ShallowNetwork, fixed: FixedPoint) -> float:
    """The Lefschetz index of an isolated fixed point inside a cell."""
    jacobian = affine_map(network, fixed.point).jacobian
    return float(np.sign(np.linalg.det(np.eye(len(jacobian)) - jacobian)))


CASES = {
    "line": cd.denoising([0.0, 1.0, 2.5, 3.4], radius=0.2),
    "triangle": cd.denoising(TRIANGLE, radius=0.2),
    "far triangle": cd.denoising(1000 * TRIANGLE + 1e4, radius=100.0),
    "rays": cd.denoising([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]], radius=0.25),
    "tetrahedron": cd.denoising(cd.data.regular_simplex(3), radius=0.1),
    "points": cd.denoising(np.random.default_rng(0).uniform(size=(8, 2)), radius=0.02),
    "plane in space": cd.denoising(TRIANGLE @ np.eye(2, 4) + 1, radius=0.1),
}


@pytest.mark.parametrize("name", CASES)
def test_every_fixed_point_is_found(name: str) -> None:
    problem = CASES[name]
    network, spread = cd.solve(problem).network, np.ptp(problem.centers)
    low, high = problem.centers.min(axis=0) - spread, problem.centers.max(axis=0) + spread
    found = cd.fixed_points(network, low, high)
    points = np.array([fixed.point for fixed in found])
    np.testing.assert_allclose(network(points), points, rtol=1e-12, atol=1e-12 * spread)
    assert all(fixed.dimension == 0 for fixed in found)
    # Indices of a map of a box into itself sum to 1 (Lefschetz); here they do in these boxes.
    assert sum(_index(network, fixed) for fixed in found) == 1.0
    for clean in problem.centers:  # the balls are mapped to them
        nearest = int(np.linalg.norm(points - clean, axis=1).argmin())
        np.testing.assert_allclose(points[nearest], clean, rtol=1e-12, atol=1e-12 * spread)
        assert found[nearest].stability == "attracting"
        np.testing.assert_allclose(found[nearest].eigenvalues, 0, atol=1e-9)


@pytest.mark.parametrize("name", ["triangle", "rays", "points"])
def test_the_plane_agrees_with_its_cells(name: str) -> None:
    network = cd.solve(CASES[name]).network
    low, high = np.full(2, -3.0), np.full(2, 4.0)
    by_cells = []
    for cell in cells(network, low, high):
        point = np.linalg.solve(np.eye(2) - cell.map.jacobian, cell.map.offset)
        if cell.polygon.contains(Point(point)):
            by_cells.append(point)
    found = [fixed.point for fixed in cd.fixed_points(network, low, high)]
    assert len(found) == len(by_cells)
    assert cdist(found, by_cells).min(axis=1).max() <= 1e-9


def test_iterating_ends_at_attracting_fixed_points_only() -> None:
    network = cd.solve(CASES["rays"]).network
    found = cd.fixed_points(network, -2, 5)
    attracting = np.array([f.point for f in found if f.stability == "attracting"])
    assert len(attracting) == 6  # the four clean points, and two of the grid that they span
    y = np.random.default_rng(0).uniform(-2, 5, (500, 2))
    for _ in range(200):
        y = network(y)
    ends = np.linalg.norm(y[:, None] - attracting, axis=2)
    assert ends.min(axis=1).max() < 1e-9
    assert set(ends.argmin(axis=1)) == set(range(6))


def test_saddles_and_repelling_points_have_their_eigenvalues() -> None:
    problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.1)
    found = cd.fixed_points(cd.solve(problem).network, -2, 2)
    assert [f.stability for f in found] == ["attracting"] * 3 + ["saddle"] * 3 + ["repelling"]
    slope = 1.5 / (1.5 - 0.2)  # of a ramp of height 1.5 between balls of radius 0.1
    np.testing.assert_allclose(found[-1].eigenvalues, [slope] * 2, rtol=1e-9)
    np.testing.assert_allclose(found[3].eigenvalues, [slope, slope / 3], rtol=1e-9)


def test_fixed_points_that_are_not_isolated_have_a_dimension() -> None:
    identity = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.eye(2), [0, 0])
    (fixed,) = cd.fixed_points(identity, -1, 3)
    assert fixed.dimension == 2
    assert fixed.stability == "neutral"
    np.testing.assert_allclose(fixed.point, [1, 1])
    # [y_1]_+ e_1: the half-line y_1 >= 0, y_2 = 0, and its end, 0, attracts from the left.
    ray = ShallowNetwork([[1.0, 0.0]], [[1.0, 0.0]], [0.0], np.zeros((2, 2)), [0, 0])
    found = cd.fixed_points(ray, -1, 1)
    assert {fixed.dimension for fixed in found} == {0, 1}


def test_a_fixed_point_on_a_hinge_counts_once() -> None:
    # |y| / 2 + y / 4: slopes 3/4 and -1/4, both attracting, and twice that, 3/2 and -1/2.
    for scale, stability in ((1.0, "attracting"), (2.0, "neutral")):
        network = ShallowNetwork([[scale]], [[1.0]], [0.0], [[-scale / 4]], [0.0])
        (fixed,) = cd.fixed_points(network, -1, 1)
        assert abs(fixed.point[0]) < 1e-12
        assert fixed.stability == stability


def test_rotations_are_repelling_or_attracting_by_the_modulus() -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    for scale, stability in ((0.5, "attracting"), (2.0, "repelling"), (1.0, "neutral")):
        network = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], scale * turn, [0, 0])
        (fixed,) = cd.fixed_points(network, -1, 1)
        assert fixed.stability == stability
        np.testing.assert_allclose(np.abs(fixed.eigenvalues), scale)


def test_a_constant_has_one_fixed_point_and_none_outside_the_box() -> None:
    network = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.zeros((2, 2)), [0.5, 2])
    (fixed,) = cd.fixed_points(network, 0, 3)
    np.testing.assert_array_equal(fixed.point, [0.5, 2])
    assert fixed.stability == "attracting"
    assert cd.fixed_points(network, 0, 1) == []


def test_a_network_that_does_not_denoise_is_refused() -> None:
    network = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 2)), [], np.zeros((1, 2)), [0.5])
    constant = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.zeros((2, 2)), [0, 0])
    with pytest.raises(cd.InvalidInput, match="only a denoiser has fixed points"):
        cd.fixed_points(network, 0, 1)
    with pytest.raises(cd.InvalidInput, match="no such box"):
        cd.fixed_points(constant, 1, 0)


def test_both_stabilities_are_told() -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    for matrix, repeated, flow in (
        (1.5 * turn, "repelling", "attracting"),
        (-2 * np.eye(2), "repelling", "attracting"),
        (np.diag([-2.0, 3.0]), "repelling", "saddle"),
        (np.diag([0.5, -3.0]), "saddle", "attracting"),
        (np.eye(2) + turn, "repelling", "neutral"),
    ):
        network = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], matrix, [0, 0])
        (fixed,) = cd.fixed_points(network, -1, 1)
        assert (fixed.stability, fixed.flow_stability) == (repeated, flow)
        assert fixed.index == np.sign(np.linalg.det(np.eye(2) - matrix))
        assert not fixed.degenerate


def test_degenerate_points_are_flagged() -> None:
    identity = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.eye(2), [0, 0])
    (fixed,) = cd.fixed_points(identity, -1, 3)
    assert fixed.degenerate
    # y + |y| and y + |y| + 1e-3: from two sides of a hinge that disagree to none.
    touching = ShallowNetwork([[2.0]], [[1.0]], [0.0], [[0.0]], [0.0])
    (fixed,) = cd.fixed_points(touching, -1, 1)
    assert fixed.degenerate
    assert "degenerate" in repr(fixed)
    above = ShallowNetwork([[2.0]], [[1.0]], [0.0], [[0.0]], [1e-3])
    assert cd.fixed_points(above, -0.5, 1) == []


SIMPLICES = [
    # dimension, radius over R / r, attracting and all fixed points below and above
    (2, 1.0, (3, 7), (7, 19)),
    (3, 1.0, (4, 15), (11, 33)),
    (4, 1.0, (5, 31), (16, 51)),
    (4, 2.0, (16, 51), (26, 131)),
]


@pytest.mark.parametrize(("rank", "share", "below", "above"), SIMPLICES)
def test_regular_simplices_have_virtual_points_from_their_radii_on(
    rank: int, share: float, below: tuple[int, int], above: tuple[int, int]
) -> None:
    points = cd.data.regular_simplex(rank)
    points = points - points.mean(axis=0)
    size = float(np.linalg.norm(points[0]))
    for move, counts in ((-1e-6, below), (1e-6, above)):
        radius = share * size / rank + move * size
        network = cd.theorems.regular_simplex.closed_form(points, radius).network
        found = cd.fixed_points(network, -4 * size, 4 * size)
        attracting = [fixed for fixed in found if fixed.flow_stability == "attracting"]
        assert (len(attracting), len(found)) == counts
        assert not any(fixed.degenerate for fixed in found)
        assert sum(fixed.index for fixed in found) == 1
        clean = [np.linalg.norm(points - fixed.point, axis=1).min() < 1e-9 for fixed in attracting]
        assert sum(clean) == rank + 1


def test_the_search_tells_how_far_it_is_and_can_be_ended() -> None:
    network = cd.solve(CASES["points"]).network
    steps: list[tuple[int, int]] = []
    found = cd.fixed_points(network, -1, 2, progress=lambda step: steps.append(step[:2]))
    assert not found.interrupted
    done, total = np.array(steps).T
    assert (np.diff(done) >= 0).all()
    assert (done < total).all()

    def stop(step: cd.running.progress.TaskProgress) -> None:
        if step.done > done[-1] / 2:
            raise StopIteration

    part = cd.fixed_points(network, -1, 2, progress=stop)
    assert part.interrupted
    assert len(part) < len(found)
    with pytest.raises(cd.InvalidInput, match="progress"):
        cd.fixed_points(network, -1, 2, progress=3)  # type: ignore[arg-type]


def test_frontier_finds_the_radius_at_which_a_virtual_point_appears() -> None:
    points = cd.data.triangle([100, 42, 38])
    expected = cd.theorems.virtual_obtuse.appears(points, [1, 2])
    virtual = points[1] + points[2] - points[0]

    def has_none(radius: float) -> bool:
        network = cd.theorems.obtuse_simplex.closed_form(points, radius).network
        found = cd.fixed_points(network, virtual - 0.05, virtual + 0.05)
        return not any(fixed.flow_stability == "attracting" for fixed in found)

    found = cd.frontier(has_none, low=0.5 * expected, high=1.5 * expected)
    assert found.threshold == pytest.approx(expected, abs=1e-8)
