"""The sup-distance is exact: no point of the box is further, and some vertex attains it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import random_network

from convexden import data
from convexden.analysis.distances import rms_distance, sup_distance, sup_distance_bounds
from convexden.errors import InvalidInput, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.theorems import univariate

Array = NDArray[np.float64]


def _grid(problem: Interpolation, count: int) -> Array:
    """A grid on the box that `sup_distance` documents."""
    middle = problem.centers.mean(axis=0)
    _, sizes, axes = np.linalg.svd(problem.centers - middle, full_matrices=False)
    axes, spread = axes[sizes > 1e-9 * sizes[0]], problem.input_spread
    centers = (problem.centers - middle) @ axes.T
    radii = problem.radii[:, None]
    low = (centers - radii).min(axis=0) - spread
    high = (centers + radii).max(axis=0) + spread
    ticks = [np.linspace(a, b, count) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, len(axes))
    return middle + grid @ axes


@pytest.mark.parametrize(("rank", "d"), [(1, 1), (1, 3), (2, 2), (2, 5)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_no_point_of_a_grid_is_further(rank: int, d: int, scale: float) -> None:
    rng = np.random.default_rng(d)
    centers = rng.standard_normal((6, rank)) @ rng.standard_normal((rank, d))
    problem = Interpolation(scale * centers, rng.standard_normal((6, 3)), 1e-3 * scale)
    f, g = random_network(rng, 20, d, 3), random_network(rng, 15, d, 3)
    exact = sup_distance(problem, f, g)
    points = _grid(problem, 40_001 if rank == 1 else 401)
    sampled = float(np.linalg.norm(f(points) - g(points), axis=1).max())
    assert sampled <= exact * (1 + 1e-12)
    assert sampled >= exact * 0.98


def test_a_narrow_spike_between_grid_points_is_seen() -> None:
    problem = Interpolation([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 2.0])
    flat = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 2)), [], [[0.0, 0.0]], [0.0])
    width = 1e-6
    knots = 0.4321 + width * np.array([-1.0, 0.0, 1.0])
    spike = ShallowNetwork(
        np.array([[1.0], [-2.0], [1.0]]) / width,
        np.tile([0.6, 0.8], (3, 1)),
        -knots,
        [[0.0, 0.0]],
        [0.0],
    )
    assert sup_distance(problem, flat, spike) == pytest.approx(1.0, rel=1e-8)
    assert sup_distance(problem, spike, spike) <= 1e-9


def test_equal_functions_written_differently_have_no_distance() -> None:
    rng = np.random.default_rng(1)
    problem = denoising(rng.standard_normal((5, 2)), radius=1e-3)
    f = random_network(rng, 12, 2, 2)
    # [z]_+ = z + [-z]_+ on every second neuron, and another scaling.
    turned = np.where(np.arange(12) % 2, -1.0, 1.0)
    a, w, b = f.output_weights[turned < 0], f.input_weights[turned < 0], f.biases[turned < 0]
    g = ShallowNetwork(
        f.output_weights / 3,
        3 * turned[:, None] * f.input_weights,
        3 * turned * f.biases,
        f.skip + a.T @ w,
        f.offset + b @ a,
    )
    assert sup_distance(problem, f, g) <= 1e-12


def test_distance_moves_with_the_problem() -> None:
    rng = np.random.default_rng(2)
    centers = rng.standard_normal((5, 2))
    f, g = random_network(rng, 10, 2, 1), random_network(rng, 10, 2, 1)
    expected = sup_distance(Interpolation(centers, np.arange(5.0)), f, g)
    frame = np.linalg.qr(rng.standard_normal((4, 2)))[0]
    shift = rng.standard_normal(4)

    def moved(h: ShallowNetwork) -> ShallowNetwork:
        weights = h.input_weights @ frame.T
        return ShallowNetwork(
            h.output_weights,
            weights,
            h.biases - weights @ shift,
            h.skip @ frame.T,
            h.offset - h.skip @ frame.T @ shift,
        )

    problem = Interpolation(centers @ frame.T + shift, np.arange(5.0))
    assert sup_distance(problem, moved(f), moved(g)) == pytest.approx(expected, rel=1e-10)


def test_many_hinges_on_one_point_and_parallel_hinges() -> None:
    angles = np.linspace(0, np.pi, 40)
    w = np.column_stack([np.cos(angles), np.sin(angles)])
    problem = Interpolation([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 2.0])
    star = ShallowNetwork(
        np.ones((80, 1)), np.vstack([w, w]), np.repeat([0.0, 0.1], 40), [[0, 0]], [0]
    )
    flat = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 2)), [], [[0.0, 0.0]], [0.0])
    corners = _grid(problem, 2)
    assert sup_distance(problem, star, flat) == pytest.approx(float(star(corners).max()))


def test_outermost_pieces_count() -> None:
    near, far = (univariate.closed_form([0.0, 1.0], radius) for radius in (0.1, 0.2))
    assert sup_distance(near.problem, near.network, far.network) == pytest.approx(0.125)


def test_bad_input() -> None:
    rng = np.random.default_rng(3)
    plane, space = denoising(np.eye(3)[:, :2], radius=0.1), denoising(np.eye(4), radius=0.1)
    with pytest.raises(InvalidInput, match="do not map 2 inputs to 2 outputs"):
        sup_distance(plane, random_network(rng, 3, 2, 2), random_network(rng, 3, 2, 1))
    many = random_network(rng, 150, 4, 4)
    with pytest.raises(TooLarge, match="in 3 dimensions, too many to try"):
        sup_distance(space, many, random_network(rng, 3, 4, 4))


def test_bounds_meet_where_the_distance_is_exact() -> None:
    rng = np.random.default_rng(4)
    problem = denoising(data.regular_simplex(3), radius=0.1)
    f, g = random_network(rng, 8, 3, 3), random_network(rng, 6, 3, 3)
    exact = sup_distance(problem, f, g)
    assert sup_distance_bounds(problem, f, g) == (exact, exact)
    points = _grid(problem, 31)
    sampled = float(np.linalg.norm(f(points) - g(points), axis=1).max())
    assert 0.9 * exact <= sampled <= exact * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_enclose_the_distance(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    problem = denoising(data.regular_simplex(3), radius=0.1)
    f, noise = random_network(rng, 8, 3, 3), random_network(rng, 8, 3, 3)
    size = 10.0 ** -rng.integers(1, 6)
    order, turn = rng.permutation(8), rng.choice([-1.0, 1.0], 8)
    # The same network with an error, its neurons in another order and some of them turned.
    w = (f.input_weights + size * noise.input_weights)[order]
    b = (f.biases + size * noise.biases)[order]
    a, back = f.output_weights[order], turn < 0
    g = ShallowNetwork(
        a, turn[:, None] * w, turn * b, f.skip + a[back].T @ w[back], f.offset + b[back] @ a[back]
    )
    exact = sup_distance(problem, f, g)
    monkeypatch.setattr("convexden.analysis.distances.MOST_VERTICES", 0)
    lower, upper = sup_distance_bounds(problem, f, g)
    assert 0.9 * exact <= lower <= exact * (1 + 1e-9)  # climbs end at local maxima
    assert exact <= upper <= 20 * exact


def test_the_root_mean_square_is_that_of_a_grid() -> None:
    rng = np.random.default_rng(7)
    centers = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 3))
    problem = Interpolation(centers, rng.standard_normal((6, 2)), 1e-3)
    f, g = random_network(rng, 20, 3, 2), random_network(rng, 15, 3, 2)
    points = _grid(problem, 401)
    expected = np.sqrt(np.mean(np.sum((f(points) - g(points)) ** 2, axis=1)))
    assert rms_distance(problem, f, g) == pytest.approx(expected, rel=0.05)
    assert rms_distance(problem, f, g) <= sup_distance(problem, f, g)
    assert rms_distance(problem, f, f) <= 1e-12
