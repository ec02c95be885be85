"""Knots and hinges agree with the network they come from."""

from __future__ import annotations

import numpy as np
import pytest

from convexden import pieces
from convexden.network import ShallowNetwork


def _network(rng: np.random.Generator, neurons: int, d: int, p: int) -> ShallowNetwork:
    return ShallowNetwork(
        rng.standard_normal((neurons, p)),
        rng.standard_normal((neurons, d)),
        rng.standard_normal(neurons),
        rng.standard_normal((p, d)),
        rng.standard_normal(p),
    )


def test_a_network_is_affine_between_knots() -> None:
    network = _network(np.random.default_rng(2), 9, 1, 2)
    knots = pieces.knots(network, -1.0, 1.0)
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
