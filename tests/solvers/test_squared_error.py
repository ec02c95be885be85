"""The squared error without its affine part: against regressions with all rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convexden.problem import Interpolation
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solvers.squared_error import SquaredError


def _rows(samples: int) -> tuple[SquaredError, np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(0)
    problem = Interpolation(rng.normal(size=(samples, 2)), rng.normal(size=(samples, 2)))
    counts = rng.integers(1, 4, samples).astype(float)
    return SquaredError(problem, counts, 0.1), rng, counts


def test_the_affine_part_is_the_best() -> None:
    rows, rng, counts = _rows(9)
    problem = rows.problem
    hinges = PlanePricing(problem).initial(4)
    weights = rng.normal(size=(4, 2))
    network = rows.network(hinges, weights)
    repeated = np.repeat(np.arange(9), counts.astype(int))
    y, t = problem.centers[repeated], problem.targets[repeated]
    hidden = np.maximum(y @ hinges.normals.T + hinges.biases, 0.0) @ weights
    affine = np.column_stack([np.ones(len(y)), y])
    best = np.linalg.lstsq(affine, t - hidden, rcond=None)[0]
    np.testing.assert_allclose(network(y), hidden + affine @ best, atol=1e-12)
    residual = rows.targets - rows.features(hinges).T @ weights
    np.testing.assert_allclose(np.sum(residual**2), np.sum((network(y) - t) ** 2), rtol=1e-12)
    # Its multipliers are the errors times the counts, and satisfy the dual equalities.
    values, _ = rows.multipliers(residual)
    errors = problem.targets - network(problem.centers)
    np.testing.assert_allclose(values, counts[:, None] * errors, atol=1e-12)


def test_compressed_rows_keep_all_products() -> None:
    rows, rng, _ = _rows(40)
    pricing = PlanePricing(rows.problem)
    hinges = pricing.spanning()[rng.permutation(500)[:5]]
    small = rows.compressed(hinges.patterns)
    assert small.targets.shape == (17, 2)
    free = replace(hinges, free=np.ones(5, dtype=bool))
    moved, _ = pricing.moved(free, np.full((5, 1), 1e-3))
    for each in (hinges, moved):
        whole, coordinates = rows.features(each), small.features(each)
        np.testing.assert_allclose(coordinates @ coordinates.T, whole @ whole.T, atol=1e-12)
        np.testing.assert_allclose(coordinates @ small.targets, whole @ rows.targets, atol=1e-12)
        residual = rows.targets - whole.T @ rng.normal(size=(5, 2))
        np.testing.assert_allclose(small.spread(small.coordinates(residual)), residual, atol=1e-12)
    # Nothing is gained for many hinges of few samples.
    assert rows.compressed(pricing.spanning().patterns) is rows
