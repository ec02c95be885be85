"""The regular simplex above the threshold of the ramps from its faces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden import data
from convexden.theorems import equilateral, equilateral_beyond, regular_simplex
from convexden.verification import verify

Array = NDArray[np.float64]


def regular_simplex_at(dimension: int, fraction: float) -> tuple[Array, float]:
    """A regular simplex with a radius of this fraction of half its height."""
    return data.regular_simplex(dimension), fraction * (1 + 1 / dimension) / 2


@pytest.mark.parametrize("dimension", [2, 3, 4, 5])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_regular_simplex_beyond_the_threshold(dimension: int, share: float) -> None:
    least = equilateral.threshold(dimension)
    points, radius = regular_simplex_at(dimension, min(0.999, least + share * (1 - least)))
    claim = regular_simplex.closed_form(points, radius)
    assert claim.network.representation_cost == pytest.approx(claim.cost, rel=1e-11)
    assert claim.certificate is not None
    check = verify(claim.problem, claim.network, claim.certificate, cost=claim.cost)
    # Beyond the plane the enclosure is wider, as its rounding is bounded, not estimated.
    assert check.relative_gap <= (1e-11 if dimension == 2 else 1e-9)
    assert claim.cost < equilateral_beyond.closed_form(points, radius).cost


def test_regular_triangle_beyond_the_threshold_in_one_formula() -> None:
    points, radius = regular_simplex_at(2, 0.95)
    cos = np.cos(regular_simplex.CrossHinges.of(2, radius).angle)
    span, shift = (1.5 - radius) * cos - radius, radius - 0.5
    cost = 6 * (span * cos - shift * (1 - cos**2)) / (span**2 + shift**2 * (1 - cos**2))
    assert regular_simplex.closed_form(points, radius).cost == pytest.approx(cost, rel=1e-14)
