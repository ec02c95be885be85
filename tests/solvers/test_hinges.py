"""Hinges: merging by distance, whatever the orientation, and the dual constraint term by term."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    Lines,
    dual_vectors,
    hinges_of,
    random_multipliers,
    random_problem,
    tangent_lines,
    unit_vectors,
)

from convexden.solvers.hinges import GrowingHinges, Hinges, distinct, dual_constraint


def some_lines(angles, biases) -> Hinges:
    nothing = np.zeros(len(biases), dtype=int)
    patterns = np.zeros((len(biases), 1), dtype=bool)
    return hinges_of(Lines(unit_vectors(angles), np.asarray(biases, float), patterns, nothing))


def test_hinges_are_taken_and_joined():
    problem = random_problem(1, "mixed", sites=5)
    hinges = hinges_of(tangent_lines(problem, unit_vectors(np.arange(6.0))))
    assert len(hinges) > 8
    some = hinges[np.array([3, 1])] + hinges[hinges.biases > 0] + hinges[:2]
    chosen = [3, 1, *np.flatnonzero(hinges.biases > 0), 0, 1]
    for name in ("normals", "biases", "patterns", "pivots", "faces", "free"):
        np.testing.assert_array_equal(getattr(some, name), getattr(hinges, name)[chosen])
    assert len(hinges[:0]) == 0
    assert len(hinges[:0] + hinges) == len(hinges)
    for k, offsets in enumerate(some.offsets(problem)):
        expected = [y @ some.normals[k] + some.biases[k] for y in problem.centers]
        np.testing.assert_allclose(offsets, expected, atol=1e-14)


def test_hinges_grow_as_they_are_joined():
    problem = random_problem(1, "mixed", sites=5)
    hinges = hinges_of(tangent_lines(problem, unit_vectors(np.arange(6.0))))
    growing = GrowingHinges(hinges[:4]) + hinges[4:6] + hinges[:0] + hinges[6:]
    assert len(growing) == len(hinges)
    for index in ([], [3, 1], [5, 0, 7, 7, 3], [6, 5], range(len(hinges))):
        chosen = np.array(index, dtype=np.intp)
        some, expected = growing[chosen], hinges[chosen]
        for name in ("normals", "biases", "patterns", "pivots", "faces", "free"):
            np.testing.assert_array_equal(getattr(some, name), getattr(expected, name))


def test_a_line_and_the_line_turned_over_are_one():
    lines = some_lines([0.3, 0.3 + np.pi, 0.3, 0.3], [1.0, -1.0, -1.0, 1.0 + 1e-10])
    assert list(distinct(lines, 1e-9)) == [0, 2]


def test_hinges_are_merged_by_distance_not_by_rounding():
    """A grid of 1e-9 would part these two."""
    lines = some_lines([0.0, 0.0], [0.5e-9 - 1e-12, 0.5e-9 + 1e-12])
    assert list(distinct(lines, 1e-9)) == [0]
    across = some_lines([np.pi - 1e-10, -np.pi + 1e-10], [0.2, 0.2])
    assert list(distinct(across, 1e-9)) == [0]
    vertical = some_lines([np.pi / 2, -np.pi / 2 + 1e-10], [0.0, 0.0])
    assert list(distinct(vertical, 1e-9)) == [0]


def test_the_earlier_hinge_stays_and_chains_do_not_swallow_it():
    lines = some_lines(np.zeros(4), [0.0, 0.8, 1.6, 2.4])
    assert list(distinct(lines, 1.0)) == [0, 2]
    assert list(distinct(lines[::-1], 1.0)) == [0, 2]


def test_no_hinges_at_all():
    assert distinct(some_lines(np.zeros(0), []), 1e-9).size == 0
    assert list(distinct(some_lines([1.0], [1.0]), 1e-9)) == [0]


def apart(first: Hinges, second: Hinges) -> np.ndarray:
    """Largest difference of normal and bias, the second either way up, (K, L)."""
    a, b = (np.column_stack([h.normals, h.biases])[:, None] for h in (first, second))
    b = b.transpose(1, 0, 2)
    return np.minimum(np.abs(a - b).max(axis=2), np.abs(a + b).max(axis=2))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 40))
def test_what_is_left_is_apart_and_what_is_gone_was_near(seed, count):
    rng = np.random.default_rng(seed)
    lines = some_lines(rng.uniform(0, 0.3, count), rng.uniform(0, 0.3, count))
    flipped = rng.random(count) < 0.5
    signs = np.where(flipped, -1.0, 1.0)
    lines = Hinges(
        signs[:, None] * lines.normals,
        signs * lines.biases,
        lines.patterns,
        lines.pivots,
        lines.faces,
        lines.free,
    )
    tolerance = 0.05
    kept = distinct(lines, tolerance)
    between = apart(lines, lines)
    assert (between[np.ix_(kept, kept)] + np.eye(len(kept)) > tolerance).all()
    gone = np.setdiff1d(np.arange(count), kept)
    for k in gone:
        near = kept[between[k, kept] <= tolerance]
        assert near.size
        assert near[0] < k


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_dual_heights_term_by_term(kind, outputs):
    problem = random_problem(4, kind, sites=6, outputs=outputs)
    values, jacobians = random_multipliers(problem, np.random.default_rng(4))
    lines = tangent_lines(problem, unit_vectors(np.linspace(0, 6, 20)))
    expected = np.linalg.norm(dual_vectors(problem, lines, values, jacobians), axis=1)
    heights = dual_constraint(problem, hinges_of(lines), values, jacobians)
    np.testing.assert_allclose(heights, expected, rtol=1e-10, atol=1e-12)
    # The hinge turned over has the complementary pattern and the same height.
    over = Lines(-lines.w, -lines.b, ~lines.patterns, lines.pivots)
    np.testing.assert_allclose(
        dual_constraint(problem, hinges_of(over), values, jacobians),
        expected,
        rtol=1e-9,
        atol=1e-12,
    )
