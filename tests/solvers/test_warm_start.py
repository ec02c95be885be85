"""Hinges to start from."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.errors import InvalidInput
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.warm_start import hinges_near, multipliers_near

POINTS = np.random.default_rng(0).random((8, 2))


def test_hinges_touch_and_cut_nothing():
    solution = cd.solve(cd.denoising(POINTS, radius=0.01))
    for radius in (0.005, 0.02):
        reduction = Reduction.of(cd.denoising(POINTS, radius=radius))
        problem = reduction.problem
        hinges = hinges_near(problem, reduction.reduce_network(solution.network))
        assert len(hinges)
        assert hinges.depths(problem).max() <= 1e-11
        touched = np.abs(hinges.offsets(problem)[np.arange(len(hinges)), hinges.pivots])
        assert touched == pytest.approx(problem.radii[hinges.pivots], abs=1e-13)


@pytest.mark.parametrize("method", [None, "column-generation"])
@pytest.mark.parametrize("dimension", [2, 3])
def test_a_path_of_radii_ends_where_it_would(method, dimension):
    points = np.random.default_rng(1).random((5, dimension))
    last = None
    for radius in (0.01, 0.02, 0.04):
        problem = cd.denoising(points, radius=radius)
        last = cd.solve(problem, method=method, start=last)
        assert last.certified
        assert last.cost == pytest.approx(cd.solve(problem).cost, rel=1e-10)


def test_a_start_from_nowhere_does_no_harm():
    problem = cd.denoising(POINTS, radius=0.02)
    far = cd.solve(cd.denoising(100.0 + POINTS, radius=0.02))
    assert cd.solve(problem, start=far.network).certified
    with pytest.raises(InvalidInput, match="start has 2 inputs and the problem 3"):
        cd.solve(cd.denoising(np.eye(3), radius=0.1), start=far)
    with pytest.raises(InvalidInput, match="start"):
        cd.solve(problem, start=[1, 2])


def test_a_lifted_certificate_is_reduced_again():
    points = np.random.default_rng(3).standard_normal((5, 7))
    problem = cd.denoising(points, radius=0.1)
    reduction = Reduction.of(problem)
    constraints = constraints_of(reduction.problem)
    certificate = cd.solve(problem).certificate
    near = reduction.reduce_certificate(certificate)
    multipliers = multipliers_near(constraints, near)
    values, jacobians = constraints.multipliers(multipliers)
    assert np.abs(values - near.values).max() < 1e-12
    assert np.abs(jacobians - near.jacobians).max() < 1e-12
    bound = float(np.sum(multipliers * constraints.targets)) * reduction.cost_scale
    assert bound == pytest.approx(certificate.lower_bound, rel=1e-9)
