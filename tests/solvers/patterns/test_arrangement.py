"""Activation patterns: those that linear programs find among all 2^N, in any position."""

from __future__ import annotations

from math import comb

import cvxpy as cp
import numpy as np
import pytest
from oracles import Array, random_sites
from scipy.optimize import linprog, nnls

from convexden import Interpolation, TooLarge, denoising
from convexden.data import triangular_lattice
from convexden.reduction import Reduction
from convexden.solvers.patterns.arrangement import activation_patterns, facets, half_of
from convexden.solvers.patterns.faces import enumerate_faces

GRID = np.array(list(np.ndindex(3, 3)), dtype=float)
CUBE = np.array(list(np.ndindex(2, 2, 2)), dtype=float)
RNG = np.random.default_rng(0)
POSITIONS = {
    "on a line": np.array([[0.0], [1.0], [2.5], [3.0], [7.0]]),
    "collinear in the plane": np.array([[0, 0], [1, 1], [2, 2], [3, 3], [5, 5]]) / 3,
    "collinear triples": np.array([[0, 0], [1, 1], [2, 2], [0, 1], [3, 1.5], [2, 1]]) * 0.1,
    "repeated": np.array([[0, 0], [1, 0.3], [0, 0], [0.2, 1], [1, 0.3], [0.5, 0.4]]),
    "grid": GRID,
    "triangular lattice": triangular_lattice(3, 3),
    "cube": CUBE,
    "octahedron": np.concatenate([np.eye(3), -np.eye(3)]) + 0.1,
    "plane in space": np.column_stack([RNG.normal(size=(7, 2)), np.ones(7)]),
    "prism": np.concatenate([CUBE, [[0.5, 0.5, 0.5]]]),
    "two clusters": np.concatenate(
        [1e-5 * RNG.normal(size=(4, 2)), [5, 1] + 1e-5 * RNG.normal(size=(4, 2))]
    ),
    "far from the origin": 1e6 + GRID,
    "hypercube": np.array(list(np.ndindex(2, 2, 2, 2)), dtype=float)[:8],
}


def sites(points: Array, radii: float | Array = 0.0) -> Interpolation:
    return Interpolation(points, np.zeros(len(points)), radii)


def by_programs(points: Array) -> set[bytes]:
    """The sign vectors s with s_n (w.y_n + b) > 0 for some (w, b), one program for each; of the
    2^N those whose restrictions to the first sites are, or N would have to be small."""
    rows = np.column_stack([points - points.mean(axis=0), np.ones(len(points))])
    rows /= np.abs(rows).max()
    found = [()]
    for n in range(1, len(points) + 1):
        longer = [(*signs, sign) for signs in found for sign in (1.0, -1.0)]
        found = [signs for signs in longer if strictly(rows[:n] * np.array(signs)[:, None])]
    return {(np.array(signs) > 0).tobytes() for signs in found}


def strictly(rows: Array) -> bool:
    """Whether all rows have a positive product with one vector.

    By Gordan, unless weights >= 0 of sum 1 take them to 0; these nonnegative least squares find.
    """
    sums = np.vstack([rows.T, np.ones(len(rows))])
    return nnls(sums, np.append(np.zeros(rows.shape[1]), 1.0))[1] > 1e-9


def names(patterns: Array) -> set[bytes]:
    return {row.tobytes() for row in patterns}


@pytest.mark.parametrize("name", POSITIONS)
def test_all_that_linear_programs_find(name):
    points = POSITIONS[name]
    patterns = activation_patterns(sites(points))
    assert len(names(patterns)) == len(patterns)
    assert names(patterns) == by_programs(points)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_every_one_of_the_sign_vectors_is_decided(dimension):
    """All 2^N, without the short cut of restrictions."""
    points = np.random.default_rng(dimension).integers(0, 3, size=(6, dimension)).astype(float)
    if dimension == 3:
        points = points[:5]
    found = names(activation_patterns(sites(points)))
    rows = np.column_stack([points, np.ones(len(points))])
    for signs in np.ndindex(*(2,) * len(points)):
        row = np.array(signs, dtype=bool)
        assert strictly(rows * np.where(row, 1.0, -1.0)[:, None]) == (row.tobytes() in found)


@pytest.mark.parametrize("seed", range(8))
def test_small_integers_are_full_of_coincidences(seed):
    rng = np.random.default_rng(seed)
    dimension = 1 + seed % 4
    points = rng.integers(0, 4, size=(7, dimension)) * rng.uniform(0.1, 3.0, dimension)
    if np.ptp(points, axis=0).any():
        assert names(activation_patterns(sites(points))) == by_programs(points)


@pytest.mark.parametrize(
    ("count", "dimension", "number"),
    [(9, 2, 74), (15, 2, 212), (30, 2, 872), (9, 3, 186), (15, 3, 940), (40, 3, 19840)],
)
def test_counts_in_general_position(count, dimension, number):
    points = np.random.default_rng(count).normal(size=(count, dimension))
    assert number == 2 * sum(comb(count - 1, k) for k in range(dimension + 1))
    patterns = activation_patterns(sites(points))
    assert len(patterns) == number
    assert names(~patterns) == names(patterns)
    assert half_of(patterns).sum() == number / 2 - 1


def least(row: Array, others: Array) -> float:
    """Of row.x over the x of a box with others @ x >= 0."""
    return linprog(row, -others, np.zeros(len(others)), bounds=[(-1, 1)] * len(row)).fun


@pytest.mark.parametrize("name", ["collinear triples", "repeated", "octahedron"])
def test_facets_alone_bound_the_cells(name):
    """Where the sites that are no facet are left out, the others imply them."""
    points = POSITIONS[name]
    rows = np.column_stack([points, np.ones(len(points))])
    patterns = activation_patterns(sites(points))
    for pattern, walls in zip(patterns, facets(patterns), strict=True):
        signed = rows * np.where(pattern, 1.0, -1.0)[:, None]
        for row in signed[~walls]:
            assert least(row, signed[walls]) >= -1e-9
        for row in signed[walls]:
            assert least(row, signed[(signed != row).any(axis=1)]) < -1e-9


@pytest.mark.parametrize("kind", ["balls", "mixed"])
@pytest.mark.parametrize(("count", "dimension"), [(4, 2), (5, 3)])
@pytest.mark.parametrize("seed", range(2))
def test_balls_need_a_margin(seed, count, dimension, kind):
    problem = random_sites(seed, count, dimension, kind)
    found = names(activation_patterns(problem))
    for signs in np.ndindex(*(2,) * count):
        row = np.array(signs, dtype=bool)
        w, b = cp.Variable(dimension), cp.Variable()
        z = cp.multiply(np.where(row, 1.0, -1.0), problem.centers @ w + b)
        program = cp.Problem(
            cp.Maximize(cp.min(z - problem.radii * cp.norm(w))), [cp.norm(w) <= 1, cp.abs(b) <= 10]
        )
        program.solve(solver=cp.CLARABEL)
        assert (program.value > 1e-7) == (row.tobytes() in found)


def test_the_faces_have_the_same_patterns():
    """The half patterns of `enumerate_faces`, in general position: two ways to find them."""
    for seed in range(3):
        balls = Reduction.of(random_sites(seed, 6, 3, "balls")).problem
        every = activation_patterns(balls)
        other = enumerate_faces(balls)[0]
        assert names(every[half_of(every)]) == names(other[~other.all(axis=1)])


def test_balls_that_almost_touch_leave_two():
    assert len(activation_patterns(denoising(triangular_lattice(4, 4), radius=0.45))) == 2


def test_a_budget(monkeypatch):
    monkeypatch.setattr("convexden.solvers.patterns.arrangement.MOST_PATTERNS", 100)
    with pytest.raises(TooLarge, match="more than 100 activation patterns"):
        activation_patterns(sites(np.random.default_rng(0).normal(size=(20, 2))))
