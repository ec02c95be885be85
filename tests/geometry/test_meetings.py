"""Sites that meet are found by sorting as by looking at all pairs in rationals."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden.geometry.meetings import Neighbors, clashing_pair, contained
from convexden.problem import Interpolation
from convexden.reduction import Reduction

Array = NDArray[np.float64]


def meet(centers: Array, radii: Array, m: int, n: int) -> bool:
    steps = zip(centers[m].tolist(), centers[n].tolist(), strict=True)
    square = sum((Fraction(x) - Fraction(y)) ** 2 for x, y in steps)
    return square <= (Fraction(float(radii[m])) + Fraction(float(radii[n]))) ** 2


def grid(seed: int, dimension: int) -> tuple[Array, Array, Array]:
    """Sites on a grid, which often touch, with few targets."""
    rng = np.random.default_rng([seed, dimension])
    count = int(rng.integers(2, 9))
    radii = rng.integers(0, 4, count) / 8.0
    centers = rng.integers(0, 16, (count, dimension)) * 0.1 + rng.choice([0.0, 1e6])
    return centers, rng.integers(0, 2, (count, 1)).astype(float), radii


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_clash_is_found_if_there_is_one(dimension: int) -> None:
    found = 0
    for seed in range(300):
        centers, targets, radii = grid(seed, dimension)
        pairs = [
            (m, n)
            for n in range(len(radii))
            for m in range(n)
            if max(radii[m], radii[n]) > 0
            and meet(centers, radii, m, n)
            and targets[m, 0] != targets[n, 0]
        ]
        pair = clashing_pair(centers, targets, radii)
        same = len(np.unique(np.column_stack([centers, targets]), axis=0))
        if len(np.unique(centers, axis=0)) == same:
            assert (pair is None) == (not pairs), seed
        assert pair is None or pair in pairs, seed
        found += pair is not None
    assert 30 < found < 300


@pytest.mark.parametrize("dimension", [1, 2])
def test_what_lies_in_others(dimension: int) -> None:
    for seed in range(200):
        centers, _, radii = grid(seed, dimension)
        centers = centers - np.floor(centers)
        inside = contained(centers, radii)
        kept = np.flatnonzero(~inside)
        for n in np.flatnonzero(inside):
            distances = np.linalg.norm(centers[kept] - centers[n], axis=1)
            assert (distances + radii[n] <= radii[kept] * (1 + 1e-15)).any(), seed
        for n in kept:
            distances = np.linalg.norm(centers[kept] - centers[n], axis=1)
            others = (distances + radii[n] <= radii[kept]) & (kept != n)
            assert not others.any(), seed


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_ball_that_only_overlaps_another_one_is_kept(dimension: int) -> None:
    """The center of each lies in the other; only the third ball lies in one of them, in the first,
    whose boundary it touches from inside."""
    centers = np.zeros((3, dimension))
    centers[:, 0] = [0.0, 0.5, -0.5]
    radii = np.array([1.0, 0.75, 0.5])
    assert contained(centers, radii).tolist() == [False, False, True]
    apart = np.vstack([centers, np.full(dimension, 5.0)])
    problem = Interpolation(apart, [0.0, 0.0, 0.0, 1.0], [*radii, 0.0])
    assert Reduction.of(problem, drop_implied=True).sites.tolist() == [0, 1, 3]
    assert Reduction.of(problem).sites.tolist() == [0, 1, 2, 3]


def test_neighbors_are_all_that_are_near() -> None:
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(60, 3)) * [1, 5, 2]
    neighbors = Neighbors(centers)
    for n in range(60):
        near = np.flatnonzero(np.linalg.norm(centers - centers[n], axis=1) <= 2.0)
        assert np.isin(near, neighbors.within(n, 2.0)).all()


def test_many_sites_take_no_time() -> None:
    rng = np.random.default_rng(1)
    started = time.process_time()
    for dimension in (1, 2):
        centers = rng.random((20000, dimension))
        assert clashing_pair(centers, centers, np.full(20000, 1e-10)) is None
        assert not contained(centers, np.full(20000, 1e-10)).any()
    assert time.process_time() - started < 8.0
