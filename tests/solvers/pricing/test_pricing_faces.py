"""Simplices: the maxima of faces are those of the plane on triangles, and are never beaten."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden import (
    InfeasibleProblem,
    Interpolation,
    TooLarge,
    denoising,
    solve,
    verify_certificate,
)
from convexden.data import digits, regular_simplex
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.plane import PlanePricing

Array = NDArray[np.float64]


def simplex(seed: int, dimension: int, samples: int = 0, outputs: int = 2) -> Interpolation:
    """A random simplex with balls, some of them shrunk to samples, and random targets."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((dimension + 1, dimension))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2) + 1e9 * np.eye(dimension + 1)
    radii = rng.uniform(0.05, 0.9, dimension + 1) * distances.min() / 2
    radii[:samples] = 0.0
    targets = rng.standard_normal((dimension + 1, outputs))
    return Reduction.of(Interpolation(centers, targets, radii)).problem


def multipliers(problem: Interpolation, seed: int) -> tuple[Array, Array]:
    constraints = constraints_of(problem)
    shape = (len(constraints.targets), problem.output_dimension)
    return constraints.multipliers(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("samples", [0, 1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_on_triangles_the_plane_agrees(seed, samples):
    problem = simplex(seed, 2, samples)
    dual = multipliers(problem, seed)
    _, plane = PlanePricing(problem).maxima(*dual, 0.0)
    _, faces = FacePricing(problem).maxima(*dual, 0.0)
    assert faces[0] == pytest.approx(plane[0], rel=1e-12)


@pytest.mark.parametrize("samples", [0, 2])
@pytest.mark.parametrize("dimension", [3, 4])
def test_random_hinges_never_beat_the_maximum(dimension, samples):
    """Hinges tangent to a random site in random directions, feasible by the definition."""
    problem = simplex(5 * dimension + samples, dimension, samples)
    values, jacobians = multipliers(problem, 1)
    _, heights = FacePricing(problem).maxima(values, jacobians, 0.0)
    rng = np.random.default_rng(2)
    best = 0.0
    for n in range(len(problem)):
        w = rng.standard_normal((200_000, dimension))
        w /= np.linalg.norm(w, axis=1, keepdims=True)
        z = w @ (problem.centers - problem.centers[n]).T + problem.radii[n]
        z[:, n] = problem.radii[n]
        z, w = (part[(np.abs(z) >= problem.radii).all(axis=1)] for part in (z, w))
        active = (z > 0) | (np.arange(len(problem)) == n)
        column = (active * z) @ values + np.einsum("kn,npd,kd->kp", active, jacobians, w)
        best = max(best, float(np.linalg.norm(column, axis=1).max(initial=0.0)))
    assert 0.9 * heights[0] <= best <= heights[0] * (1 + 1e-12)


@pytest.mark.parametrize(
    ("points", "radius", "lower", "upper"),
    [
        ([(0, 0, 0), (1, 2, 2), (0, 0, 1), (2, 2, 1)], 0.05, 5.764559588934342, 5.764559653290716),
        (np.vstack([np.zeros(3), np.eye(3)]), 0.1, 7.5, 7.5),
    ],
    ids=["integer tetrahedron", "orthogonal corner"],
)
def test_certified_optima_in_space(points, radius, lower, upper):
    solution = solve(denoising(points, radius=radius))
    assert solution.certified
    assert solution.relative_gap <= 1e-10
    assert lower * (1 - 1e-8) <= solution.cost <= upper * (1 + 1e-8)
    assert solution.certificate.pricing == "exact-faces"


def test_four_and_five_images():
    for count, lower, upper in (
        (4, 6.691675532681649, 6.691675541103116),
        (5, 8.953874735777772, 8.953874738063645),
    ):
        solution = solve(denoising(digits(range(count)), radius=0.13009161435311656))
        assert solution.certified
        assert lower * (1 - 1e-8) <= solution.cost <= upper * (1 + 1e-8)
        assert verify_certificate(solution).passed


@pytest.mark.parametrize("seed", range(6))
def test_random_simplices_are_certified(seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((4, 3))
    edges = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(4)
    solution = solve(denoising(points, radius=rng.uniform(0.05, 0.9) * edges.min() / 2))
    assert solution.certified


def test_balls_too_wide_for_any_plane_between_them():
    points = regular_simplex(3)
    edge = float(np.linalg.norm(points[0] - points[1]))
    with pytest.raises(InfeasibleProblem) as caught:
        solve(denoising(points, radius=0.49 * edge))
    assert caught.value.certificate is not None
    assert caught.value.certificate.pricing_maximum <= 1e-12


def test_a_budget_names_the_number_of_faces():
    with pytest.raises(TooLarge, match=r"15 sites that span 14 dimensions have 536805378 faces"):
        solve(denoising(regular_simplex(14), radius=0.01))
    with pytest.raises(TooLarge, match=r"tangent hyperplanes, too many"):
        solve(denoising(np.random.default_rng(0).standard_normal((60, 10)), radius=1e-3))
