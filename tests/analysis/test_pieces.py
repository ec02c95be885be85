"""Knots, hinges, cells and affine maps agree with the network they come from."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from oracles import random_network
from shapely import unary_union

from convexden.analysis import pieces
from convexden.errors import InvalidInput, NotSupported
from convexden.network import ShallowNetwork


def test_a_network_is_affine_between_knots() -> None:
    network = random_network(np.random.default_rng(2), 9, 1, 2)
    piece = pieces.along(network, -1.0, 1.0)
    knots = piece.points(piece.knots)[:, 0]
    assert knots[0] == -1.0
    assert knots[-1] == 1.0
    assert (np.diff(knots) > 0).all()
    middles = network((knots[1:] + knots[:-1]) / 2)
    values = network(knots)
    np.testing.assert_allclose(middles, (values[1:] + values[:-1]) / 2, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_segments_lie_on_their_hinges_and_end_on_the_box(scale: float) -> None:
    rng = np.random.default_rng(3)
    network = ShallowNetwork(
        np.ones((203, 1)),
        np.vstack([rng.standard_normal((200, 2)), [[1, 0], [0, -2], [0, 0]]]),
        scale * np.append(2 * rng.standard_normal(200), [0.25, 0.5, 1.0]),
        np.zeros((1, 2)),
        [0.0],
    )
    low, high = scale * np.array([-1.0, -0.5]), scale * np.array([1.0, 0.5])
    segments, neurons = pieces.hinge_segments(network, low, high)
    assert {200, 201} <= set(neurons)
    assert 202 not in neurons
    heights = np.einsum("mij,mj->mi", segments, network.input_weights[neurons])
    assert np.abs(heights + network.biases[neurons, None]).max() <= 1e-13 * scale
    slack = np.minimum(segments - low, high - segments)
    assert np.abs(slack.min(axis=2)).max() <= 1e-13 * scale
    # A hinge crosses the box if and only if corners lie on both sides of it.
    corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
    sides = corners @ network.input_weights.T + network.biases
    crossing = np.flatnonzero((sides.min(axis=0) < 0) & (sides.max(axis=0) > 0))
    assert set(neurons) == set(crossing)


def test_a_segment_has_every_knot_of_the_network_and_no_other() -> None:
    rng = np.random.default_rng(4)
    network = random_network(rng, 40, 3, 2)
    start, stop = 2 * rng.standard_normal((2, 3))
    piece = pieces.along(network, start, stop)
    t = np.linspace(0, 1, 997)
    np.testing.assert_allclose(piece(t), network(piece.points(t)), atol=1e-12)
    np.testing.assert_allclose(piece.values, network(piece.points(piece.knots)), atol=1e-12)
    middles = (piece.knots[1:] + piece.knots[:-1]) / 2
    jacobians = network.jacobian(piece.points(middles))
    np.testing.assert_allclose(piece.slopes, jacobians @ (stop - start), atol=1e-9)
    assert np.linalg.norm(np.diff(piece.slopes, axis=0), axis=1).min() > 1e-6
    assert piece(0.25).shape == (2,)


def test_a_hinge_that_contains_the_segment_does_not_bend_it() -> None:
    network = ShallowNetwork(
        [[1.0], [1.0], [0.0]], [[1, 0], [0, 1], [1, 0]], [-0.5, 0, -0.25], [[0, 0]], [0]
    )
    piece = pieces.along(network, [0.0, 0.0], [1.0, 0.0])
    np.testing.assert_array_equal(piece.knots, [0.0, 0.5, 1.0])
    with pytest.raises(InvalidInput, match="the same point"):
        pieces.along(network, [0.0, 0.0], [0.0, 0.0])
    with pytest.raises(InvalidInput, match="does not fit 2 inputs"):
        pieces.along(network, [0.0], [1.0, 0.0])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_cells_tile_the_box_and_reproduce_the_network(scale: float) -> None:
    rng = np.random.default_rng(5)
    network = random_network(rng, 25, 2, 2)
    network = ShallowNetwork(
        network.output_weights, network.input_weights, scale * network.biases, network.skip, [0, 0]
    )
    low, high = -scale, scale
    cells = pieces.cells(network, low, high)
    polygons = [cell.polygon for cell in cells]
    assert all(polygon.is_valid and polygon.exterior.is_ccw for polygon in polygons)
    assert sum(polygon.area for polygon in polygons) == pytest.approx(4 * scale**2, rel=1e-12)
    assert unary_union(polygons).area == pytest.approx(4 * scale**2, rel=1e-9)
    for cell in cells:
        np.testing.assert_allclose(
            cell.map(cell.vertices), network(cell.vertices), atol=1e-12 * scale
        )
        inside = cell.vertices.mean(axis=0)
        np.testing.assert_array_equal(
            cell.active, network.input_weights @ inside + network.biases > 0
        )
        at = pieces.affine_map(network, inside)
        np.testing.assert_array_equal(at.jacobian, cell.map.jacobian)
    # Euler: lines in general position cut the box in 1 + lines + crossings inside.
    hits = pieces.hinge_segments(network, np.full(2, low), np.full(2, high))[1]
    crossings = 0
    for i, j in combinations(hits, 2):
        matrix = network.input_weights[[i, j]]
        crossing = np.linalg.solve(matrix, -network.biases[[i, j]])
        crossings += bool((np.abs(crossing) < scale).all())
    assert len(cells) == 1 + len(hits) + crossings


def test_hinges_through_one_point_leave_no_slivers() -> None:
    angles = np.deg2rad([0, 30, 60, 90, 120, 150])
    w = np.column_stack([np.cos(angles), np.sin(angles)])
    middle = np.array([0.3, -0.7])
    network = ShallowNetwork(np.ones((6, 1)), w, -w @ middle, [[0, 0]], [0])
    cells = pieces.cells(network, [-2, -2], [2, 2])
    assert len(cells) == 12
    assert min(cell.polygon.area for cell in cells) > 0.1


def test_a_neuron_without_input_weight_is_active_everywhere_or_nowhere() -> None:
    network = ShallowNetwork([[1], [1]], [[0, 0], [0, 0]], [2, -2], [[0, 0]], [0])
    (cell,) = pieces.cells(network, [0, 0], [1, 1])
    np.testing.assert_array_equal(cell.active, [True, False])
    np.testing.assert_array_equal(cell.map([0.5, 0.5]), [2.0])


def test_boxes_and_planes_that_do_not_exist_are_refused() -> None:
    rng = np.random.default_rng(6)
    for low, high in ((1, 0), ([0, 0, 0], [1, 1, 1]), ([0, 1], [1, 1]), (-np.inf, 1), ("a", 1)):
        with pytest.raises(InvalidInput, match="no such box|finite numbers|they hold text"):
            pieces.cells(random_network(rng, 3, 2, 2), low, high)
    with pytest.raises(NotSupported, match="the network has 3 inputs"):
        pieces.cells(random_network(rng, 3, 3, 2), 0, 1)


@pytest.mark.parametrize("d", [1, 2, 6])
def test_the_affine_map_at_a_point_is_the_network_around_it(d: int) -> None:
    rng = np.random.default_rng(d)
    network = random_network(rng, 15, d, 3)
    for y in rng.standard_normal((20, d)):
        at = pieces.affine_map(network, y)
        near = y + 1e-6 * rng.standard_normal((20, d))
        distance = np.abs(near @ network.input_weights.T + network.biases).min()
        assert distance > 0
        np.testing.assert_allclose(at(y[None]), network(y[None]), atol=1e-12)
        if distance > 1e-4:
            np.testing.assert_allclose(at(near), network(near), atol=1e-12)
