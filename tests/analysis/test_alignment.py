"""Ramps are matched with those they were made from, and their errors are what was done to them."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.analysis.alignment import compare_networks
from convexden.network import ShallowNetwork

CLAIM = cd.theorems.equilateral.closed_form(cd.data.triangle([60, 60, 60]) + 3, 0.1)


def _ramps(directions: np.ndarray, knots: np.ndarray, heights: np.ndarray) -> ShallowNetwork:
    """Ramps from knots[i, 0] to knots[i, 1] along rows of `directions`, inputs and outputs."""
    slopes = heights / np.diff(knots, axis=1)[:, 0]
    weights = np.concatenate([slopes[:, None] * directions, -slopes[:, None] * directions])
    biases = -knots.T.ravel()
    d = directions.shape[1]
    return ShallowNetwork(weights, np.vstack([directions] * 2), biases, np.zeros((d, d)), [0] * d)


def _rotated(directions: np.ndarray, degrees: float) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return directions @ np.array([[c, s], [-s, c]])


def test_errors_are_those_that_were_made() -> None:
    rng = np.random.default_rng(0)
    problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.1)
    directions = cd.data.triangle([60, 60, 60])
    knots, heights = np.array([[0.1, 0.8], [0.2, 0.9], [0.3, 0.7]]), np.array([1.0, 1.2, 1.4])
    predicted = _ramps(directions, knots, heights)
    order = rng.permutation(3)
    off, more = np.array([0.01, 0.02, 0.03]), np.array([0.1, -0.05, 0.02])
    computed = _ramps(
        _rotated(directions, 0.5)[order], (knots + off[:, None])[order], (heights + more)[order]
    )
    comparison = compare_networks(problem, predicted, computed)
    for row, (i, j) in enumerate(comparison.pairs):
        ramp = comparison.predicted.ramps[i]
        n = int((directions @ ramp.direction).argmax())
        partner = comparison.computed.ramps[j]
        assert int((directions @ partner.direction).argmax()) == n
        assert comparison.angles[row] == pytest.approx(0.5)
        assert comparison.output_angles[row] == pytest.approx(0.5)
        assert comparison.knot_errors[row] == pytest.approx(off[n])
        assert comparison.height_errors[row] == pytest.approx(more[n])
        weights = ramp.weight * (1 + comparison.weight_errors[row])
        assert weights == pytest.approx(partner.weight)
    assert comparison.missing == comparison.extra == []
    lower, upper = comparison.distance
    assert lower == upper > 0


def test_a_solved_network_is_its_closed_form() -> None:
    network = cd.solve(CLAIM.problem).network
    alignment = cd.align(CLAIM.problem, network, CLAIM.network)
    assert alignment.comparison is not None
    assert len(alignment.comparison.pairs) == 3
    for errors in (
        alignment.comparison.angles,
        alignment.comparison.output_angles,
        alignment.comparison.knot_errors,
        alignment.comparison.height_errors,
        alignment.comparison.weight_errors,
    ):
        np.testing.assert_allclose(errors, 0, atol=1e-9)
    assert alignment.comparison.distance[1] <= 1e-9
    np.testing.assert_allclose(alignment.hinges.faces, 0, atol=1e-9)


def test_without_a_prediction_there_is_no_comparison() -> None:
    alignment = cd.align(CLAIM.problem, CLAIM.network)
    assert alignment.comparison is None
    assert alignment.hinges.weights.size == 6


def test_tilted_hinges_are_matched_with_the_ramps_they_almost_are() -> None:
    claim = cd.theorems.face_aligned.closed_form(cd.data.triangle([48, 60, 72]), 0.25)
    comparison = compare_networks(claim.problem, claim.network, cd.solve(claim.problem).network)
    assert len(comparison.pairs) == 3
    assert 1e-4 < comparison.angles.max() < 1
    assert comparison.missing == comparison.extra == []


def test_a_ramp_without_a_counterpart_stays_alone() -> None:
    problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.1)
    directions, knots = cd.data.triangle([60, 60, 60]), np.array([[0.1, 0.8]] * 3)
    predicted = _ramps(directions, knots, np.ones(3))
    computed = _ramps(directions[:2], knots[:2], np.ones(2))
    comparison = compare_networks(problem, predicted, computed)
    assert len(comparison.pairs) == 2
    assert len(comparison.missing) == 1
    assert comparison.extra == []
    opposite = compare_networks(problem, computed, predicted)
    assert len(opposite.extra) == 1


def test_a_ramp_is_not_matched_with_its_negative() -> None:
    problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.1)
    one = _ramps(np.array([[0.0, 1.0]]), np.array([[0.1, 0.8]]), np.ones(1))
    minus = ShallowNetwork(-one.output_weights, one.input_weights, one.biases, one.skip, one.offset)
    comparison = compare_networks(problem, one, minus)
    assert len(comparison.pairs) == 0
    assert comparison.angles.shape == (0,)


def test_a_plane_in_space_is_compared_like_the_plane() -> None:
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(rng.standard_normal((5, 2)))[0].T
    flat = cd.data.triangle([48, 60, 72])
    claims = [
        cd.theorems.face_aligned.closed_form(points, 0.25) for points in (flat, 2 + flat @ basis)
    ]
    plane, space = (
        compare_networks(claim.problem, claim.network, cd.solve(claim.problem).network)
        for claim in claims
    )
    np.testing.assert_allclose(space.angles, plane.angles, rtol=1e-5)
    np.testing.assert_allclose(space.knot_errors, plane.knot_errors, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(space.height_errors, plane.height_errors, rtol=1e-5, atol=1e-9)
    points = rng.standard_normal((20, 5)) @ basis.T @ basis + 2 - 2 * basis.T @ basis @ np.ones(5)
    np.testing.assert_allclose(space.predicted(points), claims[1].network(points), atol=1e-9)


def test_networks_that_do_not_fit_are_refused() -> None:
    wrong = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 2)), [], [[0, 0]], [0])
    with pytest.raises(cd.InvalidInput, match="do not map 2 inputs to 2 outputs"):
        cd.align(CLAIM.problem, CLAIM.network, wrong)
