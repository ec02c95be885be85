"""Score flows are exact: against adaptive integration, closed forms and symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import convexden as cd
from convexden.analysis import flows
from convexden.analysis.cell_motion import decay_bound
from convexden.network import ShallowNetwork

Array = NDArray[np.float64]

TRIANGLE = cd.denoising(cd.data.triangle([48, 60, 72]), radius=0.2)
RAYS = cd.denoising([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]], radius=0.25)
FAR = cd.denoising(1000 * cd.data.triangle([48, 60, 72]) + 1e4, radius=100.0)
LINE = cd.denoising([0.0, 1.0, 2.5, 3.4], radius=0.2)
IN_SPACE = cd.denoising(cd.data.triangle([48, 60, 72]) @ np.eye(2, 5) + 1.0, radius=0.1)
CASES = {
    "line": LINE,
    "triangle": TRIANGLE,
    "far triangle": FAR,
    "rays": RAYS,
    "tetrahedron": cd.denoising(cd.data.regular_simplex(3), radius=0.1),
    "points": cd.denoising(np.random.default_rng(0).uniform(size=(8, 2)), radius=0.02),
    "plane in space": IN_SPACE,
}
EMPTY = np.zeros((0, 2))


def _around(problem: cd.Interpolation, count: int, seed: int = 0) -> Array:
    """Random starts around the clean points."""
    rng, clean = np.random.default_rng(seed), problem.targets
    middle, size = clean.mean(axis=0), problem.target_spread
    return middle + size * rng.uniform(-1.5, 1.5, (count, clean.shape[1]))


def _integrated(network: ShallowNetwork, start: Array, time: float, size: float) -> Array:
    """Where an adaptive method of order 8 ends that makes small steps."""
    found = solve_ivp(
        lambda _, y: network(y) - y,
        (0.0, time),
        start,
        method="DOP853",
        rtol=1e-13,
        atol=1e-13 * size,
        max_step=0.005,  # the fewer kinks a step has, the smaller its error
    )
    return np.asarray(found.y[:, -1])


@pytest.mark.parametrize("name", CASES)
def test_flows_are_those_of_an_adaptive_integrator(name: str) -> None:
    problem = CASES[name]
    network, size = cd.solve(problem).network, problem.target_spread
    starts = _around(problem, 4)
    flow = cd.score_flow(problem, network, starts, time=2.0)
    for start, end in zip(starts, flow.limits, strict=True):
        expected = _integrated(network, start, 2.0, size)
        np.testing.assert_allclose(end, expected, rtol=0, atol=1e-9 * size)


@pytest.mark.parametrize("seed", range(6))
def test_flows_of_random_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d, k = int(rng.integers(1, 5)), int(rng.integers(1, 12))
    network = ShallowNetwork(
        rng.normal(size=(k, d)) / np.sqrt(k),
        rng.normal(size=(k, d)),
        rng.normal(size=k),
        rng.normal(size=(d, d)) / 2,
        rng.normal(size=d),
    )
    problem = cd.denoising(rng.normal(size=(4, d)), radius=0.0)
    starts = rng.normal(size=(5, d))
    flow = cd.score_flow(problem, network, starts, time=1.5)
    for start, end in zip(starts, flow.limits, strict=True):
        expected = _integrated(network, start, 1.5, 1.0)
        np.testing.assert_allclose(end, expected, rtol=1e-9, atol=1e-9)


def test_dependent_eigenvectors_are_no_obstacle() -> None:
    # Jacobians that are Jordan blocks, stable, growing, and with a zero: outside of a hinge too.
    for corner in (0.3, 1.0, 1.7):
        network = ShallowNetwork(
            [[0.5, 0.0]], [[0.0, 1.0]], [-0.4], [[corner, 1.0], [0.0, corner]], [0.1, -0.2]
        )
        starts = np.array([[0.3, 0.9], [-1.0, 0.2], [0.5, -0.5]])
        flow = cd.score_flow(TRIANGLE, network, starts, time=1.7)
        for start, end in zip(starts, flow.limits, strict=True):
            np.testing.assert_allclose(end, _integrated(network, start, 1.7, 1.0), atol=1e-9)
    network = ShallowNetwork(EMPTY, EMPTY, [], [[0.3, 1.0], [0.0, 0.3]], [0.1, -0.2])
    flow = cd.score_flow(TRIANGLE, network, [[3.0, 4.0], [0.0, 0.0]])
    expected = np.linalg.solve(np.eye(2) - network.skip, network.offset)
    np.testing.assert_allclose(flow.limits, [expected, expected], atol=1e-12)
    assert list(flow.kinds) == ["virtual", "virtual"]


def test_the_bound_on_what_decays_holds() -> None:
    matrix = np.array([[-1.0, 6.0], [0.0, -1.0]])
    times = np.linspace(0, 60, 20_001)
    norms = [np.exp(-t) * np.linalg.norm([[1.0, 6.0 * t], [0.0, 1.0]], 2) for t in times]
    assert np.trapezoid(norms, times) <= decay_bound(matrix) < 1e3
    assert decay_bound(np.eye(2)) == np.inf


def test_limits_are_fixed_points_and_what_is_near_goes_there() -> None:
    problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.3)
    network = cd.solve(problem).network
    flow = cd.score_flow(problem, network, _around(problem, 400))
    np.testing.assert_allclose(network(flow.limits), flow.limits, atol=1e-9)
    later = cd.score_flow(problem, network, _around(problem, 400), time=60.0)
    np.testing.assert_allclose(later.limits, flow.limits, atol=1e-9)
    assert (later.kinds == flow.kinds).all()
    attracting = [f for f in cd.fixed_points(network, -4, 4) if f.stability == "attracting"]
    points = np.array([f.point for f in attracting])
    distances = np.linalg.norm(flow.limits[:, None] - points, axis=2)
    assert distances.min(axis=1).max() < 1e-8
    own = np.linalg.norm(flow.limits[:, None] - problem.targets, axis=2).min(axis=1) < 1e-6
    np.testing.assert_array_equal(own, flow.kinds == "clean")


def test_running_twice_is_running_longer() -> None:
    network = cd.solve(TRIANGLE).network
    starts = _around(TRIANGLE, 50)
    whole = cd.score_flow(TRIANGLE, network, starts, time=1.3)
    half = cd.score_flow(TRIANGLE, network, starts, time=0.4)
    rest = cd.score_flow(TRIANGLE, network, half.limits, time=0.9)
    np.testing.assert_allclose(rest.limits, whole.limits, atol=1e-11)


def test_paths_pass_what_was_entered_and_end_at_the_limit() -> None:
    network = cd.solve(RAYS).network
    starts = _around(RAYS, 20)
    flow = cd.score_flow(RAYS, network, starts)
    assert len(flow.times) == len(flow.points) == len(flow.cells) == len(flow) == 20
    for i in range(20):
        np.testing.assert_allclose(flow.points[i][0], starts[i], atol=1e-12)
        np.testing.assert_allclose(flow.path(i, flow.times[i]), flow.points[i], atol=1e-11)
        np.testing.assert_allclose(flow.path(i, [80.0])[0], flow.limits[i], atol=1e-9)
        assert (np.diff(flow.times[i]) > 0).all()
        moments = np.linspace(0, 3, 7)
        for moment, point in zip(moments, flow.path(i, moments), strict=True):
            (end,) = cd.score_flow(RAYS, network, starts[i], time=moment).limits
            np.testing.assert_allclose(point, end, atol=1e-10)
        # One hinge after the other is passed, up to corners.
        changes = np.abs(np.diff(flow.cells[i].astype(int), axis=0)).sum(axis=1)
        assert (changes >= 1).all()


def test_starts_on_what_separates_basins_end_at_saddles() -> None:
    points = cd.data.triangle([60, 60, 60])
    problem = cd.denoising(points, radius=0.1)
    network = cd.solve(problem).network
    middle = points[:2].mean(axis=0)
    outside = middle + 0.5 * (middle - points[2])  # on the axis of symmetry
    flow = cd.score_flow(problem, network, [middle, outside, points.mean(axis=0)])
    np.testing.assert_allclose(flow.limits[:2], [middle, middle], atol=1e-9)
    np.testing.assert_allclose(flow.limits[2], points.mean(axis=0), atol=1e-9)
    assert set(flow.kinds) == {"other"}


def test_what_is_not_isolated_escapes_or_stays_is_other() -> None:
    identity = ShallowNetwork(EMPTY, EMPTY, [], np.eye(2), [0, 0])
    flow = cd.score_flow(TRIANGLE, identity, [[0.3, 0.4]])
    np.testing.assert_allclose(flow.limits, [[0.3, 0.4]], atol=1e-15)
    double = ShallowNetwork(EMPTY, EMPTY, [], 2 * np.eye(2), [0, 0])
    drift = ShallowNetwork(EMPTY, EMPTY, [], np.eye(2), [1, 0])
    turn = ShallowNetwork(EMPTY, EMPTY, [], [[1.0, -1.0], [1.0, 1.0]], [0, 0])
    ray = ShallowNetwork([[1.0, 0.0]], [[1.0, 0.0]], [0.0], np.zeros((2, 2)), [0, 0])
    for network in (double, drift, turn):
        other = cd.score_flow(TRIANGLE, network, [[0.3, 0.4]])
        assert np.isnan(other.limits).all(), network
        assert list(other.kinds) == ["other"]
    np.testing.assert_allclose(
        cd.score_flow(TRIANGLE, double, [[0.3, 0.4]], time=2.0).limits,
        [np.exp(2.0) * np.array([0.3, 0.4])],
    )
    on = cd.score_flow(TRIANGLE, ray, [[0.3, 0.4]])
    np.testing.assert_allclose(on.limits, [[0.3, 0.0]], atol=1e-12)
    assert list(flow.kinds) == list(on.kinds) == ["other"]


def test_a_constant_draws_all_to_itself() -> None:
    constant = ShallowNetwork(EMPTY, EMPTY, [], np.zeros((2, 2)), [0.5, 2])
    flow = cd.score_flow(TRIANGLE, constant, [[0.0, 0.0], [5.0, 5.0]], time=1.0)
    expected = np.array([0.5, 2]) + np.exp(-1) * (np.array([[0, 0], [5, 5]]) - [0.5, 2])
    np.testing.assert_allclose(flow.limits, expected)
    assert list(cd.score_flow(TRIANGLE, constant, [0.0, 0.0]).kinds) == ["virtual"]


def test_across_the_plane_of_the_data_a_flow_decays() -> None:
    network = cd.solve(IN_SPACE).network
    starts = _around(IN_SPACE, 30)
    flow = cd.score_flow(IN_SPACE, network, starts, time=1.0)
    np.testing.assert_allclose(
        flow.limits[:, 2:] - 1.0, np.exp(-1.0) * (starts[:, 2:] - 1.0), atol=1e-12
    )
    assert flow.network.input_dimension == 2


def test_turned_shifted_and_scaled_data_have_turned_shifted_and_scaled_flows() -> None:
    network = cd.solve(TRIANGLE).network
    starts = _around(TRIANGLE, 60)
    turn, shift, scale = np.linalg.qr([[1.0, 2.0], [3.0, 4.0]])[0], np.array([5.0, -3.0]), 7.0
    moved = ShallowNetwork(
        network.output_weights @ turn,
        network.input_weights @ turn,
        scale * network.biases - network.input_weights @ turn @ shift,
        turn.T @ network.skip @ turn,
        scale * network.offset @ turn + shift - turn.T @ network.skip @ turn @ shift,
    )
    problem = cd.denoising(scale * TRIANGLE.targets @ turn + shift, radius=scale * 0.2)
    for time in (1.0, np.inf):
        flow = cd.score_flow(TRIANGLE, network, starts, time)
        other = cd.score_flow(problem, moved, scale * starts @ turn + shift, time)
        np.testing.assert_allclose(
            other.limits, scale * flow.limits @ turn + shift, atol=1e-10 * scale
        )
        assert (other.kinds == flow.kinds).all()


def test_parts_that_are_computed_one_after_the_other_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    network = cd.solve(TRIANGLE).network
    starts = _around(TRIANGLE, 40)
    whole = cd.score_flow(TRIANGLE, network, starts)
    monkeypatch.setattr(flows, "HELD", 100)
    parts = cd.score_flow(TRIANGLE, network, starts)
    np.testing.assert_allclose(parts.limits, whole.limits, atol=1e-12)
    for some, same in zip(whole.times, parts.times, strict=True):
        np.testing.assert_allclose(some, same, atol=1e-10)


def test_a_cycle_has_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    # Around 0 it spirals outwards; further out it is drawn in by four hinges.
    w = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    network = ShallowNetwork(-3.0 * w, w, np.full(4, -1.0), [[1.5, -3.0], [3.0, 1.5]], [0, 0])
    monkeypatch.setattr(flows, "MOST_CELLS", 200)
    flow = cd.score_flow(TRIANGLE, network, [[0.1, 0.0]])
    assert np.isnan(flow.limits).all()
    assert list(flow.kinds) == ["other"]


def test_no_starts_are_no_flows() -> None:
    flow = cd.score_flow(TRIANGLE, cd.solve(TRIANGLE).network, np.zeros((0, 2)))
    assert flow.limits.shape == (0, 2)
    assert flow.times == flow.points == []


def test_bad_input_is_one_line() -> None:
    network = cd.solve(TRIANGLE).network
    scalar = ShallowNetwork(np.zeros((0, 1)), EMPTY, [], np.zeros((1, 2)), [0.5])
    for call, words in (
        (lambda: cd.score_flow(TRIANGLE, network, [[0.0, 0.0, 0.0]]), "starts of shape"),
        (lambda: cd.score_flow(TRIANGLE, network, [[0.0, np.nan]]), "starts hold NaN"),
        (lambda: cd.score_flow(TRIANGLE, network, [[0.0, 0.0]], -1.0), "time is -1"),
        (lambda: cd.score_flow(TRIANGLE, network, [[0.0, 0.0]], np.nan), "time is nan"),
        (lambda: cd.score_flow(TRIANGLE, network, [[0.0, 1e200]]), "beyond 1e.150: rescale"),
        (lambda: cd.score_flow(TRIANGLE, scalar, [[0.0, 0.0]]), "only a denoiser has a flow"),
        (lambda: cd.score_flow(LINE, network, [[0.0, 0.0]]), "give a denoiser of the problem"),
        (lambda: cd.score_flow(TRIANGLE, network, [0.0, 0.0]).path(0, [-1.0]), "ran from 0"),
        (lambda: cd.score_flow(TRIANGLE, network, [0.0, 0.0]).path(1, [1.0]), "index is 1"),
    ):
        with pytest.raises(cd.InvalidInput, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
