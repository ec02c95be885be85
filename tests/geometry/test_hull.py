"""The affine hull of floats: what counts as a direction, and how exact the coordinates are."""

from fractions import Fraction

import numpy as np
import pytest

from convexden import Interpolation
from convexden.arithmetic.two_part import residual, two_product, two_sum
from convexden.geometry.hull import MOST_ULPS, Hull, ulps
from convexden.geometry.ranks import exact_rank, independent
from convexden.reduction import Reduction

SECONDS = np.array([0, 3600e9, 7200e9, 14400e9, 40000e9, 86400e9])
DEGREES = np.array([12.1, 12.9, 14.2, 17.5, 15.0, 11.0])


def rational(array):
    return np.vectorize(Fraction, otypes=[object])(np.asarray(array, dtype=float))


def test_sums_and_products_keep_their_errors():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=50) * 10.0 ** rng.integers(-9, 9, 50) for _ in range(2))
    for (high, low), exact in (
        (two_sum(a, b), rational(a) + rational(b)),
        (two_product(a, b), rational(a) * rational(b)),
    ):
        assert (rational(high) + rational(low) == exact).all()


def test_residuals_are_correct_where_all_digits_cancel():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(20, 3)), 1e13 * rng.normal(size=(3, 2))
    right = first @ second
    exact = rational(right) - rational(first) @ rational(second)
    np.testing.assert_allclose(residual(right, (first, second)), exact.astype(float), rtol=1e-13)


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [1, 2**-41], [2, 0]],
        [[1e8, 0], [1e8 + 1, 2**-25], [1e8 + 2, 0]],
        [[1.7e9, 0], [1.7e9 + 1, 2**-21], [1.7e9 + 2, 0]],
        np.column_stack([SECONDS, DEGREES]),
        [[0, 0], [1, 1e-90], [2, 0]],
    ],
)
def test_thin_directions_are_data_and_stay_exact(points):
    hull = Hull.of(np.array(points, dtype=float))
    assert len(hull.basis) == 2
    assert hull.moved == 0
    back = rational(hull.coordinates) @ rational(hull.basis) + rational(hull.origin)
    assert (back == rational(points)).all()
    assert Reduction.of(Interpolation(points, np.arange(len(points)))).problem.input_dimension == 2


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e3, 1e6])
@pytest.mark.parametrize(
    ("dimension", "rank", "count"), [(3, 1, 9), (6, 2, 5), (20, 2, 30), (64, 3, 100), (64, 20, 60)]
)
def test_computed_planes_are_flat(dimension, rank, count, offset):
    rng = np.random.default_rng(dimension)
    points = rng.normal(size=(count, rank)) @ rng.normal(size=(rank, dimension)) + offset
    hull = Hull.of(points)
    assert len(hull.basis) == rank
    assert 0 < hull.moved <= MOST_ULPS
    np.testing.assert_allclose(hull.basis @ hull.basis.T, np.eye(rank), atol=1e-15 * dimension)
    back = rational(hull.coordinates) @ rational(hull.basis) + rational(hull.origin)
    moves = (rational(points) - back).astype(float) / ulps(points)
    assert np.abs(moves).max() == pytest.approx(hull.moved, rel=1e-9)
    np.testing.assert_array_equal(hull.moved_points, back.astype(float))


def test_every_column_is_rounded_in_its_own_units():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 5))
    points *= 10.0 ** np.array([0, -5, 6, -12, 3])
    hull = Hull.of(points)
    assert len(hull.basis) == 2
    assert hull.moved <= MOST_ULPS
    points[0, 3] *= 1 + 1e-14
    assert len(Hull.of(points).basis) == 3


def test_thin_directions_of_a_plane_keep_their_relative_accuracy():
    rng = np.random.default_rng(4)
    flat = rng.normal(size=(30, 2)) * [1, 1e-13]
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0][:2]
    hull = Hull.of(flat @ turn)
    assert len(hull.basis) == 2
    np.testing.assert_allclose(hull.basis @ hull.basis.T, np.eye(2), atol=1e-15)
    assert hull.moved <= MOST_ULPS


def test_what_lies_in_a_hull_exactly_is_not_moved():
    rng = np.random.default_rng(5)
    assert Hull.of(rng.normal(size=(5, 20))).moved == 0  # any five points span four dimensions
    integers = rng.integers(-9, 9, (12, 2)) @ rng.integers(-9, 9, (2, 7))
    hull = Hull.of(integers.astype(float))
    assert len(hull.basis) == 2
    assert hull.moved == 0
    assert Hull.of(np.array([[1.0, 2, 3], [1, 5, 3], [1, 9, 3]])).basis.tolist() == [[0, 1, 0]]
    assert Hull.of(np.ones((3, 2))).coordinates.tolist() == [[0], [0], [0]]


def test_ranks_are_decided_in_integers():
    points = np.array([[0, 0, 1e9], [1, 2**-70, 1e9], [2, 0, 1e9], [3, 2**-70, 1e9]])
    assert exact_rank(points) == 2
    assert exact_rank(points, most=1) == 1
    assert independent(points[:3])
    assert not independent(points)
    assert not independent(np.array([[0, 0], [1, 3], [2, 6.0]]))
    assert independent(np.array([[0, 0], [1, 1 + 2**-52], [2, 2]]))


def test_equal_points_have_equal_coordinates():
    rng = np.random.default_rng(6)
    points = (rng.normal(size=(5, 2)) @ rng.normal(size=(2, 6)))[rng.permutation(15) % 5]
    assert len(np.unique(Hull.of(points).coordinates, axis=0)) == 5
