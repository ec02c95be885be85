"""Charts agree with the network they come from."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import random_network
from scipy.spatial.distance import pdist

from convexden import data
from convexden.analysis import coordinates
from convexden.errors import NotSupported
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising


def test_a_restricted_network_is_the_network_there() -> None:
    rng = np.random.default_rng(0)
    network = random_network(rng, 6, 3, 2)
    basis = 0.1 * np.linalg.qr(rng.standard_normal((3, 2)))[0].T
    across = np.cross(basis[0], basis[1])  # a neuron that does not see the plane
    weights = np.vstack([network.input_weights, across])
    network = ShallowNetwork(
        np.vstack([network.output_weights, [1.0, 2.0]]),
        weights,
        np.append(network.biases, 3.0),
        network.skip,
        network.offset,
    )
    origin, points = rng.standard_normal(3), rng.standard_normal((50, 2))
    restricted = coordinates.restrict(network, origin, basis)
    assert restricted.neurons == 6
    np.testing.assert_allclose(np.linalg.norm(restricted.input_weights, axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(restricted(points), network(origin + points @ basis), atol=1e-12)


@pytest.mark.parametrize("left", [1e-100, 1e-155, 1e-160, 1e-200])
def test_a_neuron_that_decayed_is_a_constant(left: float) -> None:
    """Training with weight decay leaves neurons whose weights are next to nothing."""
    network = ShallowNetwork([[1.0], [left]], [[1.0, 0.0], [left, left]], [0.0, 1.0])
    found = coordinates.restrict(network, np.zeros(2), np.eye(2))
    points = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_allclose(found(points), network(points), atol=1e-15)


def test_a_projected_network_gives_coordinates() -> None:
    rng = np.random.default_rng(1)
    network, origin = random_network(rng, 6, 2, 4), rng.standard_normal(4)
    basis = np.linalg.qr(rng.standard_normal((4, 2)))[0].T
    points = rng.standard_normal((20, 2))
    projected = coordinates.project(network, origin, basis)
    np.testing.assert_allclose(projected(points), (network(points) - origin) @ basis.T, atol=1e-12)


def test_the_chart_of_a_plane_in_space_keeps_distances() -> None:
    rng = np.random.default_rng(4)
    basis = np.linalg.qr(rng.standard_normal((5, 2)))[0].T
    flat = data.triangle([50, 60, 70])
    problem = denoising(7 + flat @ basis, radius=0.1)
    network = random_network(rng, 4, 5, 5)
    chart = coordinates.chart(problem, network, 2, most=1)
    assert chart.denoising
    assert chart.projected
    np.testing.assert_allclose(chart.sites, chart.clean, atol=1e-14)
    np.testing.assert_allclose(pdist(chart.sites), pdist(flat), rtol=1e-12)


def test_regression_is_no_denoising() -> None:
    rng = np.random.default_rng(5)
    network = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 1)), [], [[0.0]], [0.0])
    problem = Interpolation(np.linspace(0, 1, 9), rng.random(9))
    assert not coordinates.chart(problem, network, 1, most=4).denoising
    clean = np.array([0.0, 1.0, 2.0])
    noisy = clean[:, None] + 0.3 * rng.standard_normal((3, 20))
    assert coordinates.chart(denoising(clean, noisy=noisy), network, 1, most=4).denoising


def test_a_chart_of_the_wrong_dimension_is_refused() -> None:
    network = random_network(np.random.default_rng(6), 1, 3, 3)
    problem = denoising(data.regular_simplex(3), radius=0.1)
    with pytest.raises(NotSupported, match="span 3 dimensions, not a plane"):
        coordinates.chart(problem, network, 2, most=1)
