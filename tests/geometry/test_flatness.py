"""Almost flat points: what is within the rounding of the numbers, and points without it."""

import numpy as np
import pytest

import convexden as cd
from convexden import InvalidInput, InvalidProblem, TooLarge
from convexden.data import flatten, flatten_problem
from convexden.geometry.flatness import flatness
from convexden.reduction import Reduction


def line(count=30, decimals=4):
    rng = np.random.default_rng(0)
    return np.round(rng.normal(size=(count, 1)) @ rng.normal(size=(1, 3)), decimals)


def plane(count=12):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(count, 2)) @ rng.normal(size=(2, 20))
    return points.astype(np.float32).astype(float)


@pytest.mark.parametrize(
    ("points", "rank", "numbers", "unit"),
    [
        (line(), 1, "4 decimals", 1e-4),
        (plane(), 2, "float32", 2.4e-7),
        (plane().astype(np.float16).astype(float), 2, "float16", 2e-3),
        (np.round(1e5 * plane()), 2, "whole numbers", 1),
        (np.round(64 * plane()) / 64, 2, "multiples of 0.015625", 1 / 64),
    ],
)
def test_the_rounding_of_numbers_is_recognized(points, rank, numbers, unit):
    found = flatness(points)
    assert (found.rank, found.numbers) == (rank, numbers)
    assert found.relative < 1e-2
    assert found.tolerance < 2 * unit
    flat = flatten(points, found.tolerance)
    assert flat.rank == rank
    assert flat.moved == np.abs(flat.points - points).max() <= found.tolerance
    targets = np.arange(len(points))
    assert Reduction.of(cd.Interpolation(flat, targets)).problem.input_dimension == rank
    assert f"--flatten {found.tolerance:g}" in str(found)


@pytest.mark.parametrize(
    "points",
    [
        np.random.default_rng(2).random((30, 3)),
        np.round(np.random.default_rng(3).random((30, 3)), 3),
        np.round(np.random.default_rng(4).normal(5, 1, (150, 4)), 1),
        cd.data.triangular_lattice(4, 4),
        np.random.default_rng(5).integers(0, 255, (10, 64)).astype(float),
        np.random.default_rng(6).integers(-5, 5, (12, 2)) @ [[1.0, 2, 3], [3, 2, 0]],
        np.column_stack([[0, 3600e9, 7200e9, 14400e9], [12.1, 12.9, 14.2, 17.5]]),
        np.arange(5.0)[:, None],
        np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),  # coarse, but no line
        np.vstack([np.zeros(4), np.eye(4)]),
    ],
)
def test_no_alarm_where_directions_are_data(points):
    assert flatness(points) is None


def test_digits_are_not_flat():
    pytest.importorskip("sklearn")
    assert flatness(cd.data.digits(range(12))) is None


def test_flatten_says_what_it_dropped():
    found = flatten(line(), 1e-4)
    assert str(found).startswith("1 of 3 directions kept; dropped singular values 3.7e-05, 3.2e-05")
    assert np.asarray(found).shape == (30, 3)
    untouched = flatten(line(), 1e-6)
    assert untouched.points.tolist() == line().tolist()
    assert str(untouched) == "nothing dropped: the points span 3 dimensions"
    assert flatten(np.ones((3, 2)), 1.0).points.tolist() == np.ones((3, 2)).tolist()
    with pytest.raises(InvalidInput, match="tolerance"):
        flatten(line(), 0)
    with pytest.raises(InvalidProblem, match="one point a row"):
        flatten([1, 2, 3], 1)


def test_targets_that_are_the_points_move_with_them():
    problem, _ = flatten_problem(cd.denoising(line(), radius=1e-5), 1e-4)
    assert problem.targets.tolist() == problem.centers.tolist()
    other, _ = flatten_problem(cd.Interpolation(line(), np.arange(30)), 1e-4)
    assert other.targets.tolist() == [[n] for n in range(30)]


@pytest.mark.parametrize(
    ("points", "order"), [(line(), "second"), (plane(), "third")], ids=["line", "plane"]
)
def test_almost_flat_points_are_named_at_once_and_solved_when_flattened(points, order):
    radius = 0.05 * cd.data.smallest_distance(points)
    with pytest.raises(TooLarge, match=f"almost flat: the {order} singular value"):
        cd.solve(cd.denoising(points, radius=radius))
    flat = cd.data.flatten(points, flatness(points).tolerance)
    assert cd.solve(cd.denoising(flat, radius=radius)).certified


def test_few_almost_flat_points_are_solved_as_they_are():
    points = line(6)
    solution = cd.solve(cd.denoising(points, radius=0.05 * cd.data.smallest_distance(points)))
    assert solution.certified
    assert Reduction.of(solution.problem).problem.input_dimension == 3
