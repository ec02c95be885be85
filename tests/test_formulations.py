"""The bounds: a feasible network and a proven bound, with the optimum between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import equilateral, random_problem, random_sites, unit_vectors

from convexden import (
    InfeasibleProblem,
    Interpolation,
    NotCertified,
    UnsupportedProblem,
    denoising,
    solve,
    verify_certificate,
)
from convexden.data import regular_simplex

CASES = {
    "balls": random_problem(2, "balls", sites=5, outputs=2),
    "mixed": random_problem(5, "mixed", sites=6, outputs=2),
    "samples": random_problem(1, "samples", sites=6, outputs=2),
    "in space": random_sites(0, 5, 3, "balls", 2),
    "mixed in space": random_sites(1, 6, 3, "mixed", 4),
    "samples in space": random_sites(3, 6, 3, "samples", 2),
    "tetrahedron": denoising([(0, 0, 0), (1, 2, 2), (0, 0, 1), (2, 2, 1)], radius=0.05),
}


@pytest.mark.parametrize("name", CASES)
def test_the_optimum_is_between(name):
    sandwich, exact = solve(CASES[name], method="semidefinite"), solve(CASES[name])
    assert exact.certified
    assert sandwich.certificate.pricing == "semidefinite"
    assert sandwich.lower_bound <= exact.cost * (1 + 1e-10)
    assert sandwich.cost >= exact.lower_bound * (1 - 1e-10)
    assert 0 < sandwich.lower_bound <= sandwich.cost
    assert verify_certificate(sandwich).passed, verify_certificate(sandwich).reasons
    assert sandwich.status in ("certified", "not-certified")
    assert sandwich.certified == (sandwich.relative_gap <= 1e-8)


@pytest.mark.parametrize(
    "problem",
    [
        denoising(equilateral(), radius=0.1),
        denoising(regular_simplex(4), radius=0.05),
        denoising(np.vstack([np.zeros(2), unit_vectors(np.deg2rad([90, 200, 325]))]), radius=0.1),
    ],
    ids=["equilateral", "simplex", "rays"],
)
def test_where_both_meet_it_is_certified_by_itself(problem):
    solution = solve(problem, 1e-6, method="semidefinite")
    assert solution.certified
    assert solution.relative_gap <= 1e-6


@pytest.mark.parametrize("name", ["tetrahedron", "mixed in space"])
def test_a_semidefinite_maximum_may_be_too_large_but_not_too_small(name):
    solution = solve(CASES[name], method="semidefinite")
    stated = solution.certificate.pricing_maximum

    def failed(maximum: float, pricing: str = "semidefinite") -> set[str]:
        proof = replace(solution.certificate, pricing_maximum=maximum, pricing=pricing)
        checked = verify_certificate(replace(solution, certificate=proof))
        return {check.name for check in checked.checks if not check.passed}

    exact = verify_certificate(solution).pricing_maximum
    assert failed(stated) == failed(1.1 * stated) == failed(exact) == set()
    assert failed(0.999 * exact) == failed(0.0) == {"stated pricing maximum"}
    # Only a relaxation may.
    assert failed(1.1 * stated, "exact-faces") == {"stated pricing maximum"}


AFFINE = np.random.default_rng(0).standard_normal((5, 2))


@pytest.mark.parametrize(
    "problem",
    [
        Interpolation(AFFINE, np.ones((5, 2)), 0.05),
        Interpolation(AFFINE, AFFINE @ [[1.0, 2.0], [0.0, 1.0]] + [3.0, 4.0]),
        random_sites(3, 4, 3, "samples", 2),
    ],
    ids=["constant on balls", "affine on samples", "samples of a simplex"],
)
def test_affine_targets_cost_nothing(problem):
    solution = solve(problem, method="semidefinite")
    assert solution.certified
    assert solution.cost == solution.lower_bound == solution.relative_gap == 0.0
    assert solution.neurons == 0
    np.testing.assert_allclose(solution.network(problem.centers), problem.targets, atol=1e-12)


def test_both_masters_give_the_same_interval():
    one = solve(CASES["mixed"], method="semidefinite")
    other = solve(CASES["mixed"], method="semidefinite", master="cvxpy")
    assert one.cost == pytest.approx(other.cost, rel=1e-7)
    assert one.lower_bound == pytest.approx(other.lower_bound, rel=1e-9)


def test_what_has_no_network_says_so():
    with pytest.raises((NotCertified, InfeasibleProblem), match="lower the radii"):
        solve(denoising(equilateral(), radius=0.8), method="semidefinite")


def test_too_many_patterns_are_not_supported():
    points = np.random.default_rng(0).standard_normal((64, 3))
    with pytest.raises(UnsupportedProblem, match="64 sites"):
        solve(denoising(points, radius=1e-3), method="semidefinite")
    with pytest.raises(UnsupportedProblem, match="10 sites .* have 511 activation patterns"):
        solve(denoising(regular_simplex(9), radius=0.01), method="semidefinite")
