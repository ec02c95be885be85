"""Face-aligned tetrahedra: their multipliers, and where ramps between two edges pay."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.errors import InvalidProblem
from convexden.theorems import face_aligned, face_aligned_tetrahedron
from convexden.theorems._tetrahedra import Tetrahedron

NEAR_REGULAR = np.array([[0, 0, 1], [0.95, 0, -0.33], [-0.47, 0.8, -0.33], [-0.47, -0.85, -0.3]])


def test_the_multipliers_saturate_the_hinges_of_the_candidate():
    shape = Tetrahedron.of(NEAR_REGULAR, 0.3)
    values, slopes = shape.multipliers()
    assert np.abs(values.sum(axis=0)).max() <= 1e-12
    assert np.abs(values.T @ shape.vertices + slopes.sum(axis=0)).max() <= 1e-12
    seen = np.einsum("kpd,kd->kp", slopes, shape.normals)
    base = (shape.heights - 0.3)[:, None] * values + seen
    assert base == pytest.approx(shape.units, abs=1e-12)
    assert 0.3 * values + seen == pytest.approx(-shape.units, abs=1e-12)
    # The apex hinges are stationary: what they see does not change along itself as they turn.
    turned = np.einsum("kp,kpd->kd", shape.units, slopes)
    across = turned - (turned * shape.normals).sum(axis=1, keepdims=True) * shape.normals
    assert np.abs(across).max() <= 1e-12


def test_at_the_regular_tetrahedron_they_are_the_symmetric_ones():
    shape = Tetrahedron.of(cd.data.regular_simplex(3), 0.3)
    _, slopes = shape.multipliers()
    for slope, normal in zip(slopes, shape.normals, strict=True):
        along = np.outer(normal, normal)
        across = np.trace(slope - slope @ along) / 2
        expected = across * (np.eye(3) - along) + (normal @ slope @ normal) * along
        assert slope == pytest.approx(expected, abs=1e-12)


def test_a_ramp_between_two_edges_pays_below_the_smallest_radius():
    least = face_aligned_tetrahedron.smallest_radius(NEAR_REGULAR)
    inside = face_aligned_tetrahedron.verify(NEAR_REGULAR, 1.001 * least)
    assert (inside.verdict, inside.decided_by) == ("confirmed", "closed-form dual")
    with pytest.raises(InvalidProblem, match="one of these is worth"):
        face_aligned_tetrahedron.closed_form(NEAR_REGULAR, 0.999 * least)
    assert face_aligned.verify(NEAR_REGULAR, 0.5 * least).relative_excess > 1e-5


def test_the_value_of_the_edge_pairs_of_a_regular_tetrahedron():
    for radius in (0.0, 0.1, 0.3):
        shape = Tetrahedron.of(cd.data.regular_simplex(3), radius)
        # Edges are 2 / sqrt(3) apart, and |v_i + v_j| is the same number.
        expected = 2 / np.sqrt(3) * (2 / np.sqrt(3) - 2 * radius) / (4 / 3 - 2 * radius)
        assert shape.pair_values == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("points", "radius", "message"),
    [
        (cd.data.regular_simplex(2), 0.2, "needs four points that span three dimensions"),
        (cd.data.regular_simplex(3), 0.4, "up to a quarter of the least height"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], 0.1, "the insides of the faces"),
    ],
)
def test_hypotheses(points, radius, message):
    with pytest.raises(InvalidProblem, match=message):
        face_aligned_tetrahedron.closed_form(points, radius)
    if len(points) == 4 and "quarter" not in message:
        with pytest.raises(InvalidProblem):
            face_aligned_tetrahedron.smallest_radius(points)
