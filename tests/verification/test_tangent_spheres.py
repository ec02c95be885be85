"""Spheres of tangent hinges: error bounds against rationals, from well to ill conditioned."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden.arithmetic.two_part import two_product, two_sum
from convexden.verification.exact.flats import Flat
from convexden.verification.faces import tangent_spheres
from convexden.verification.faces.active_sums import ActiveSums
from convexden.verification.faces.tangent_spheres import Complements, SphereSettings, Tangencies

Array = NDArray[np.float64]
SHARP = 1e-12


def sites(rng: np.random.Generator, count: int, k: int, thickness: float) -> Array:
    """Points of a cube that a linear map makes thin, moved by rounding."""
    directions, _ = np.linalg.qr(rng.normal(size=(k, k)))
    scales = np.where(np.arange(k) < 1, 1.0, thickness)
    return np.asarray((rng.uniform(-1, 1, (count, k)) * scales) @ directions)


@pytest.mark.parametrize("thickness", [1.0, 1e-2, 1e-5, 1e-9, 1e-13])
@pytest.mark.parametrize(("k", "size"), [(3, 2), (3, 3), (4, 3), (5, 4), (6, 6)])
def test_spheres_are_as_near_to_exact_ones_as_stated(k: int, size: int, thickness: float) -> None:
    rng = np.random.default_rng([k, size])
    centers = sites(rng, size + 2, k, thickness)
    sets = np.array(list(combinations(range(size + 2), size)))
    tangencies = Tangencies(sets, centers, SHARP)
    assert tangencies.independent.all()
    radii = rng.uniform(0, 0.4, size + 2)
    radii *= np.linalg.norm(centers[:, None] - centers, axis=2).max()
    heights = rng.choice([-1.0, 1.0], (len(sets), size)) * radii[tangencies.sites]
    heights[::3] = heights[::3, :1]  # linear equations with the solution 0
    found = tangencies.spheres(np.arange(len(sets)), heights)
    for row in set(range(len(sets))) - set(found.rows.tolist()):
        assert Flat(centers[tangencies.sites[row]]).sphere(heights[row].tolist()) is None
    for i, row in enumerate(found.rows):
        flat = Flat(centers[tangencies.sites[row]])
        axes = tangencies.complements.axes[row]
        m = size - 1
        exact = flat.sphere(heights[row].tolist())
        if exact is None:
            assert found.radius[i] <= found.radius_error[i]
            continue
        center, radius = exact
        assert np.linalg.norm(axes[:, :m] @ found.fixed[i] - center) <= found.center_error[i]
        assert abs(found.radius[i] - radius) <= found.radius_error[i] + 1e-15
        basis = flat.complement()
        aligned = basis @ basis.T @ axes[:, m:]
        assert np.linalg.norm(axes[:, m:] - aligned) <= found.basis_error[i]
        assert found.center_error[i] < 1e-11
        assert found.basis_error[i] < 1e-11


@pytest.mark.parametrize("k", [3, 6])
def test_spheres_that_no_rationals_are_left_for_keep_the_errors_of_floats(
    k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complements of all sets are exact, and spheres of k of many rows."""
    rng = np.random.default_rng(k)
    centers = sites(rng, k + 1, k, 1e-3)
    sets = np.array(list(combinations(range(k + 1), k)))
    monkeypatch.setattr(tangent_spheres, "SETTINGS", SphereSettings(exact=len(sets) * k**3))
    tangencies = Tangencies(sets, centers, 1e-16)
    monkeypatch.setattr(tangent_spheres, "SETTINGS", SphereSettings(exact=k**3))
    rows = np.repeat(np.arange(len(sets)), 20)
    heights = rng.choice([-1e-5, 1e-5], (len(rows), k))
    found = tangencies.spheres(rows, heights)
    assert len(found.rows) > 10 * k
    assert found.center_error.max() < 1e-9
    for i, (kept, row) in enumerate(zip(found.kept, found.rows, strict=True)):
        exact = Flat(centers[tangencies.sites[row]]).sphere(heights[kept].tolist())
        assert exact is not None
        center = tangencies.complements.axes[row][:, : k - 1] @ found.fixed[i]
        assert np.linalg.norm(center - exact[0]) <= found.center_error[i]
        assert abs(found.radius[i] - exact[1]) <= found.radius_error[i] + 1e-15


def test_dependent_sets_are_left_out_and_others_are_not() -> None:
    line = np.array([[0, 0, 0], [1, 2, 1], [2, 4, 2], [1, 0, 0], [2.0, 4.0, 2.0 + 2**-50]])
    sets = np.array([[0, 1, 2], [0, 1, 4], [0, 1, 3]])
    assert Tangencies(sets, line, SHARP).independent.tolist() == [False, True, True]
    twice = np.array([[0.0, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert Tangencies(np.array([[0, 1], [0, 2]]), twice, SHARP).independent.tolist() == [
        False,
        True,
    ]


def test_touching_balls_leave_one_hinge_and_balls_that_overlap_none() -> None:
    centers = np.array([[0.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 3.0]])
    gap = Fraction(0.6) ** 2 + Fraction(0.8) ** 2  # the square of the distance, not quite 1
    tangencies = Tangencies(np.array([[0, 1]]), centers, SHARP)
    for radius in (0.5 - 2**-54, 0.5, 0.5 + 2**-53):
        found = tangencies.spheres(np.array([0]), np.array([[radius, -radius]]))
        if 4 * Fraction(radius) ** 2 > gap:
            assert not len(found.rows)
        else:
            exact = float(1 - 4 * Fraction(radius) ** 2 / gap) ** 0.5
            assert found.radius == pytest.approx(exact, rel=1e-15)
            assert found.radius_error < 1e-20


@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6, 1e9])
def test_complements_turn_by_no_more_than_stated(condition: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        points = sites(rng, 4, 5, 1 / condition)
        edges = points[1:] - points[0]
        unit = edges / np.linalg.norm(edges, axis=1)[:, None]
        found = Complements.of(unit[None])
        basis = Flat(points).complement()
        axes = found.axes[0, :, 3:]
        turned = np.linalg.norm(axes - basis @ basis.T @ axes, 2)
        assert turned <= found.turn[0] + found.skew[0]
        if condition < 1e4:
            assert found.turn[0] < 1e-10


def test_sums_over_active_sites_are_right_to_the_last_place() -> None:
    rng = np.random.default_rng(2)
    centers = rng.normal(size=(5, 3))
    centers[1:3] = centers[0] + 1e-10 * rng.normal(size=(2, 3))
    values = rng.normal(size=(5, 2))
    values[:3] *= 1e10
    values[2] = -values[0] - values[1]
    jacobians = rng.normal(size=(5, 2, 3))
    patterns = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [1, 1, 1, 1, 1]], dtype=bool)
    sums = ActiveSums.of(patterns, centers, values, jacobians)
    exact = np.vectorize(Fraction)
    y, lam, gamma = exact(centers), exact(values), exact(jacobians)
    for p in range(5):
        for a, pattern in enumerate(patterns):
            form = sum(
                lam[n][:, None] * (y[n] - y[p])[None] + gamma[n] for n in np.flatnonzero(pattern)
            )
            missed = (form - exact(sums.forms[p, a])).astype(float)
            assert np.linalg.norm(missed) <= sums.form_errors[p, a]
            assert sums.form_errors[p, a] < 1e-15 * (1 + np.linalg.norm(sums.forms[p, a]))
            slope = sum(lam[n] for n in np.flatnonzero(pattern))
            missed = (slope - exact(sums.slopes[a])).astype(float)
            assert np.linalg.norm(missed) <= sums.slope_errors[a]


def test_sums_and_products_of_two_floats_are_exact() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 1000)) * 10.0 ** rng.uniform(-20, 20, (2, 1000))
    exact = np.vectorize(Fraction)
    total, rest = two_sum(a, b)
    assert (exact(total) + exact(rest) == exact(a) + exact(b)).all()
    product, rest = two_product(a, b)
    assert (exact(product) + exact(rest) == exact(a) * exact(b)).all()
