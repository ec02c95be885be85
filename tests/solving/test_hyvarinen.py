"""Score matching: against dense programs that share no code, and its certificate."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

import convexden as cd
from convexden.verification.score_matching import verify_score


def dense(points: np.ndarray, penalty: float, normals: np.ndarray) -> float:
    """The minimum over hinges of given normals at all samples and, on a line, between them."""
    n, d = points.shape
    hidden, active, directions = [], [], []
    for w in normals:
        heights = points @ w
        places = list(heights)
        if d == 1:
            places += list(np.linspace(heights.min() - 1, heights.max() + 1, 300))
        for place in places:
            for strict in (True, False):
                on = heights > place + 1e-12 if strict else heights > place - 1e-12
                hidden.append(on * (heights - place))
                active.append(on.sum())
                directions.append(w)
    h, m, w = np.array(hidden), np.array(active), np.array(directions)
    a, v, c = cp.Variable((len(h), d)), cp.Variable((d, d)), cp.Variable((1, d))
    values = h.T @ a + points @ v.T + np.ones((n, 1)) @ c
    divergence = cp.sum(cp.multiply(a, m[:, None] * w)) + n * cp.trace(v)
    cost = cp.sum(cp.norm(a, 2, axis=1))
    program = cp.Problem(cp.Minimize(cp.sum_squares(values) / 2 + divergence + penalty * cost))
    program.solve(solver="CLARABEL")
    return float(program.value)


@pytest.mark.parametrize(("count", "penalty"), [(5, 1.1), (9, 1.05), (14, 1.3)])
def test_on_a_line_it_is_the_minimum_of_a_dense_program(count: int, penalty: float) -> None:
    points = np.random.default_rng(count).standard_normal((count, 1))
    found = cd.score_matching(points, penalty)
    assert found.certified
    assert found.network.neurons > 0
    assert found.objective == pytest.approx(dense(points, penalty, np.ones((1, 1))), rel=1e-6)


def test_in_the_plane_no_network_of_many_hinges_is_better() -> None:
    points = np.random.default_rng(0).standard_normal((9, 2))
    smallest, largest = cd.score_penalties(points)
    found = cd.score_matching(points, (smallest + largest) / 2)
    assert found.certified
    turns = np.arange(0, np.pi, np.pi / 120)
    through = points[:, None] - points[None]
    through = through[np.triu_indices(9, 1)]
    turns = np.append(turns, np.arctan2(through[:, 1], through[:, 0]) + np.pi / 2)
    normals = np.column_stack([np.cos(turns), np.sin(turns)])
    reference = dense(points, found.penalty, normals)
    assert found.lower_bound <= reference + 1e-7 * abs(reference)
    assert reference <= found.objective + 1e-2 * abs(found.objective)
    assert (found.network(points) - found.multipliers).max() < 1e-3 * abs(found.multipliers).max()


def test_above_the_largest_penalty_it_is_the_score_of_the_gaussian() -> None:
    points = np.random.default_rng(1).standard_normal((12, 2))
    found = cd.score_matching(points, 1.01 * cd.score_penalties(points)[1])
    precision = np.linalg.inv(np.cov(points.T, bias=True))
    assert found.certified
    assert found.network.neurons == 0
    assert found.objective == pytest.approx(-6 * np.trace(precision), rel=1e-12)
    assert np.abs(found.network(points) + (points - points.mean(axis=0)) @ precision).max() < 1e-9


def test_below_the_smallest_penalty_there_is_no_minimum() -> None:
    points = np.random.default_rng(2).standard_normal((8, 2))
    smallest, _ = cd.score_penalties(points)
    with pytest.raises(cd.InvalidInput, match="no lower bound: give more than"):
        cd.score_matching(points, 0.99 * smallest)
    line = np.array([[0.0], [1.0], [3.0]])
    with pytest.raises(cd.InvalidInput, match="no lower bound"):
        cd.score_matching(line, 0.9)
    assert dense(line, 0.9, np.ones((1, 1))) < -1e6


def test_the_smallest_penalty_of_a_triangle_is_above_the_samples_on_a_side() -> None:
    """The only multipliers of three samples are those of the Gaussian."""
    smallest, largest = cd.score_penalties([[0, 0], [4, 0], [2, 0.5]])
    assert smallest == pytest.approx(largest)
    assert smallest > 2.1


def test_units_and_equal_samples() -> None:
    points = np.random.default_rng(3).standard_normal((7, 2))
    penalty = sum(cd.score_penalties(points)) / 2
    found = cd.score_matching(points, penalty)
    moved = cd.score_matching(1000 + 0.01 * points, penalty)
    assert moved.certified
    assert moved.objective == pytest.approx(1e4 * found.objective, rel=1e-7)
    twice = cd.score_matching(np.repeat(points, 2, axis=0), 2 * penalty)
    assert twice.certified
    assert twice.objective == pytest.approx(2 * found.objective, rel=1e-7)


def test_false_multipliers_prove_nothing() -> None:
    points = np.random.default_rng(4).standard_normal((9, 2))
    penalty = sum(cd.score_penalties(points)) / 2
    found = cd.score_matching(points, penalty)
    assert found.lower_bound <= found.objective
    smaller = verify_score(points, penalty, found.network, 0.9 * found.multipliers)
    assert smaller.lower_bound <= found.objective  # they were closed, or prove nothing
    wild = found.multipliers + np.random.default_rng(0).standard_normal((9, 2))
    assert verify_score(points, penalty, found.network, wild).lower_bound <= found.objective
    cheap = verify_score(points, 0.5, found.network, found.multipliers)
    assert cheap.lower_bound == -np.inf


def test_the_pricing_maximum_is_a_bound_of_hinges_next_to_samples() -> None:
    rng = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0)), axis=-1).reshape(-1, 2)
    for points in (rng.standard_normal((8, 2)), grid):
        n = len(points)
        values = rng.standard_normal((n, 2))
        affine = np.column_stack([np.ones(n), points])
        values -= affine @ np.linalg.lstsq(affine, values, rcond=None)[0]
        values -= (points - points.mean(axis=0)) @ np.linalg.inv(np.cov(points.T, bias=True))
        empty = cd.ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))
        bound = verify_score(points, 1e9, empty, values).pricing_maximum
        turns = rng.uniform(0, 2 * np.pi, 4000)
        w = np.column_stack([np.cos(turns), np.sin(turns)])
        largest = 0.0
        for pivot in points:
            for side in (1e-9, -1e-9):
                z = w @ (points - pivot).T + side
                sums = ((z > 0) * z) @ values + (z > 0).sum(axis=1)[:, None] * w
                largest = max(largest, float(np.linalg.norm(sums, axis=1).max()))
        assert largest <= bound <= largest * 1.01


def test_a_run_ends_early() -> None:
    points = np.random.default_rng(5).standard_normal((20, 2))

    def stop(step: cd.Progress) -> None:
        """End after the first round."""
        raise StopIteration

    found = cd.score_matching(points, 3.5, progress=stop)
    assert found.interrupted
    assert found.verification.objective >= found.lower_bound


@pytest.mark.parametrize(
    ("points", "error", "match"),
    [
        (np.zeros((3, 3)) + np.eye(3), cd.NotSupported, "3 coordinates"),
        ([[0, 0], [1, 1], [2, 2]], cd.InvalidInput, "do not span 2 dimensions"),
        ([1, 1, 1], cd.InvalidInput, "do not span"),
        (np.random.default_rng(0).standard_normal((51, 2)), cd.TooLarge, "at most 50"),
        (np.zeros((2, 2, 2)), cd.InvalidInput, "are no samples"),
    ],
)
def test_bad_samples(points: object, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        cd.score_matching(points, 3.0)  # type: ignore[arg-type]
