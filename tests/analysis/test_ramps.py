"""Networks are the sums of the ramps that they are decoded into."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import random_network

import convexden as cd
from convexden.network import ShallowNetwork


def _ramps_of(rng: np.random.Generator, directions: int, d: int, p: int) -> ShallowNetwork:
    """Staircases along random directions, with random orientation and order of their neurons."""
    weights, inputs, biases = [], [], []
    for _ in range(directions):
        u, v = rng.standard_normal(d), rng.standard_normal(p)
        u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
        knots, steps = np.sort(rng.uniform(0.5, 2, 4)), rng.uniform(0.5, 2, 2)
        for t, jump in zip(knots, np.outer(steps, [1, -1]).ravel(), strict=True):
            sign, size = rng.choice([-1.0, 1.0]), rng.uniform(0.1, 10)
            weights.append(jump * v / size)
            inputs.append(sign * u * size)
            biases.append(-sign * t * size)
    order = rng.permutation(len(biases))
    return ShallowNetwork(
        np.array(weights)[order],
        np.array(inputs)[order],
        np.array(biases)[order],
        np.zeros((p, d)),
        rng.standard_normal(p),
    )


@pytest.mark.parametrize(("d", "p"), [(1, 1), (2, 2), (3, 1), (5, 4)])
def test_any_network_is_the_sum_of_its_ramps(d: int, p: int) -> None:
    rng = np.random.default_rng(d)
    network = random_network(rng, 12, d, p)
    for origin in (None, rng.standard_normal(d)):
        parts = cd.decode(network, origin=origin)
        points = 3 * rng.standard_normal((200, d))
        np.testing.assert_allclose(parts(points), network(points), atol=1e-12)
        summed = sum(ramp(points) for ramp in parts.ramps) + points @ parts.skip.T + parts.offset
        np.testing.assert_allclose(summed, network(points), atol=1e-12)
        cost = sum(ramp.weight for ramp in parts.ramps)
        assert cost == pytest.approx(network.canonical().representation_cost, rel=1e-13)
        weights = [ramp.weight for ramp in parts.ramps]
        assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_staircases_are_found_whatever_the_orientation_of_their_neurons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = _ramps_of(rng, 3, 3, 3)
    points = 3 * rng.standard_normal((200, 3))
    parts = cd.decode(network)
    assert len(parts.ramps) == 3
    assert parts.spread <= 1e-14
    np.testing.assert_allclose(parts(points), network(points), atol=1e-12)
    turned = sum(
        w.size and b > 0 for w, b in zip(network.input_weights, network.biases, strict=True)
    )
    assert turned  # some neurons had to be turned
    for ramp in parts.ramps:
        assert ramp.knots.size == 4
        assert (ramp.knots > 0).all()  # away from the origin
        assert ramp.bounded
        assert (np.diff(ramp.knots) > 0).all()
        np.testing.assert_allclose(ramp.slopes[[0, 2, 4]], 0, atol=1e-13)
        assert ramp.slopes[1] > 0
        assert ramp.rise == pytest.approx(np.ptp(ramp.profile([-9.0, 9.0])))


def test_ramps_point_away_from_the_origin_that_is_given() -> None:
    network = cd.theorems.equilateral.closed_form(cd.data.triangle([60, 60, 60]) + 5, 0.1).network
    parts = cd.decode(network, origin=[5.0, 5.0])
    clean = cd.data.triangle([60, 60, 60])
    found = sorted(ramp.direction.tolist() for ramp in parts.ramps)
    np.testing.assert_allclose(found, sorted(clean.tolist()), atol=1e-12)
    for ramp in parts.ramps:
        np.testing.assert_allclose(ramp.output_direction, ramp.direction, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_reversed_ramp_is_the_ramp_up_to_an_affine_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ramp = cd.decode(_ramps_of(rng, 1, 2, 2)).ramps[0]
    single = cd.decode(random_network(rng, 1, 2, 2)).ramps[0]
    y = rng.standard_normal((30, 2))
    for one in (ramp, single):
        other = one.reversed()
        assert other.slopes[1] > 0
        rest = one(y) - other(y)
        affine = np.column_stack([y, np.ones(30)])
        fitted = affine @ np.linalg.lstsq(affine, rest, rcond=None)[0]
        np.testing.assert_allclose(rest, fitted, atol=1e-12)
        np.testing.assert_allclose(other.reversed()(y), one(y), atol=1e-12)


def test_tilted_hinges_join_the_ramp_that_they_almost_are() -> None:
    problem = cd.denoising(cd.data.triangle([48, 60, 72]), radius=0.25)
    network = cd.solve(problem).network
    exact, coarse = cd.decode(network), cd.decode(network, 0.01)
    assert len(exact.ramps) == 6
    assert exact.spread <= 1e-14
    assert [ramp.bounded for ramp in coarse.ramps] == [True] * 3
    assert 1e-5 < coarse.spread < 1e-3
    points = problem.centers
    np.testing.assert_allclose(coarse(points), network(points), atol=10 * coarse.spread)
    np.testing.assert_allclose(exact(points), network(points), atol=1e-12)


def test_decoding_leaves_nothing_of_the_skip_connection_of_a_ball_denoiser() -> None:
    problem = cd.denoising([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]], radius=0.25)
    parts = cd.decode(cd.solve(problem).network)
    np.testing.assert_allclose(parts.skip, 0, atol=1e-12)
    assert sorted(ramp.knots.size for ramp in parts.ramps) == [2, 4]


def test_a_network_without_neurons_has_no_ramps() -> None:
    network = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 3)), [], np.ones((2, 3)), [1.0, 2.0])
    parts = cd.decode(network)
    assert parts.ramps == ()
    assert parts.spread == 0.0
    np.testing.assert_array_equal(parts([1.0, 1.0, 1.0]), [4.0, 5.0])


def test_an_origin_that_does_not_fit_is_refused() -> None:
    network = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 3)), [], np.ones((2, 3)), [1.0, 2.0])
    for origin in ([1.0, 2.0], [np.nan, 0.0, 0.0], "abc"):
        with pytest.raises(cd.InvalidInput, match="finite numbers|an array of numbers"):
            cd.decode(network, origin=origin)
    for tolerance in (-1.0, np.nan, 2.0):
        with pytest.raises(cd.InvalidInput, match="at least 0 and below 1"):
            cd.decode(network, tolerance)
