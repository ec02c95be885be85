"""The edge bound: true for any weights, tight for rays, and checked without looking at patterns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden.certificate import Edges
from convexden.errors import InvalidProblem, NotCertified, NotSupported
from convexden.verification.edges import edge_bound


def problem_of(seed: int) -> cd.Interpolation:
    """Two to five sites in the plane or in space: balls, or balls and samples, and any targets."""
    draw = np.random.default_rng(seed)
    n, d, p = (int(draw.integers(low, high)) for low, high in ((2, 6), (2, 4), (1, 4)))
    centers = draw.normal(size=(n, d)) * 10.0 ** draw.integers(-3, 4)
    targets = centers if seed % 2 else draw.normal(size=(n, p))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)[np.triu_indices(n, 1)]
    shares = draw.uniform(0.05, 0.45, n) * (np.arange(n) < max(1, n - seed % 3))
    return cd.Interpolation(centers, targets, shares * distances.min())


def pairs_of(problem: cd.Interpolation) -> np.ndarray:
    """All pairs with a ball, the ball first."""
    n = len(problem)
    pairs = [(m, k) for m in range(n) for k in range(n) if m != k and problem.radii[m]]
    return np.array(pairs)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_below_the_optimum_whatever_the_weights(seed: int) -> None:
    problem = problem_of(seed)
    try:
        optimum = cd.solve(problem)
    except cd.InfeasibleProblem:
        pytest.skip("no network")
    assert optimum.certified
    bound = cd.solve(problem, method="edges")
    assert bound.verification.passed
    assert 0.0 < bound.lower_bound <= optimum.cost * (1 + 1e-12)
    pairs, draw = pairs_of(problem), np.random.default_rng(seed)
    for _ in range(50):
        weights = draw.exponential(size=len(pairs)) * 10.0 ** draw.integers(-6, 6)
        assert edge_bound(problem, Edges(pairs, weights)).lower_bound <= optimum.cost


@pytest.mark.parametrize("seed", range(12))
def test_the_maximum_is_above_that_of_exact_pricing(seed: int) -> None:
    problem = problem_of(seed)
    try:
        found = cd.solve(problem, method="edges")
    except cd.ConvexdenError:
        pytest.skip("ramps make no network")
    multipliers = replace(found.certificate, edges=None, pricing="exact-faces")
    exact = cd.verification.verify(problem, found.network, multipliers)
    assert exact.pricing_maximum <= found.certificate.pricing_maximum * (1 + 1e-9)
    assert exact.lower_bound >= found.lower_bound * (1 - 1e-9)


def test_it_is_the_optimum_of_rays_in_any_dimension() -> None:
    points = np.vstack([np.zeros(20), np.diag(np.linspace(1.0, 2.0, 20))])
    problem = cd.denoising(points, radius=0.1)
    found = cd.solve(problem, method="edges")
    claim = cd.theorems.rays.closed_form(points, 0.1)
    assert found.lower_bound == pytest.approx(claim.cost, rel=1e-8)
    assert cd.verify_certificate(found).passed


def test_local_reports_it_where_exact_pricing_is_out_of_reach() -> None:
    points = np.random.default_rng(0).normal(size=(16, 20))
    problem = cd.denoising(points, radius=0.1)
    found = cd.solve(problem, method="local", time_limit=1.0)
    assert found.certificate.pricing == "edges"
    assert found.status == "not-certified"
    assert 0.0 < found.lower_bound < found.cost
    assert found.relative_gap < 0.6
    assert found.verification.passed


def test_the_program_is_read_whatever_solved_it() -> None:
    problem = problem_of(1)
    model = cd.formulations.get("edges").build(problem)
    with pytest.raises(NotCertified):
        model.read()
    model.program.solve(solver="SCS", eps=1e-3)
    rough, optimum = model.read(), cd.solve(problem)
    assert rough.network is None
    accurate = model.solve()
    assert 0.9 * accurate.lower_bound < rough.lower_bound < accurate.lower_bound * (1 + 1e-6)
    assert accurate.lower_bound <= optimum.cost


def test_on_a_line_of_two_balls_it_is_the_optimum() -> None:
    line = cd.Interpolation([0.0, 4.0], [0.0, 3.0], [1.0, 0.5])
    found = cd.formulations.get("edges").build(line).solve()
    assert found.lower_bound == pytest.approx(2 * 3.0 / 2.5, rel=1e-8)
    assert cd.solve(line).cost == pytest.approx(2 * 3.0 / 2.5, rel=1e-12)


def test_files_keep_it(tmp_path: Path) -> None:
    found = cd.solve(problem_of(1), method="edges")
    cd.save(found, tmp_path / "file.json")
    read = cd.load(tmp_path / "file.json")
    assert read.certificate.edges is not None
    assert found.certificate.edges is not None
    assert np.array_equal(read.certificate.edges.sites, found.certificate.edges.sites)
    assert np.array_equal(read.certificate.edges.weights, found.certificate.edges.weights)
    again = cd.verify_certificate(read)
    assert again.passed
    assert again.lower_bound == found.lower_bound


def test_what_it_does_not_prove_is_not_believed() -> None:
    found = cd.solve(problem_of(1), method="edges")
    certificate, edges = found.certificate, found.certificate.edges
    assert edges is not None
    more = replace(certificate, lower_bound=1.001 * found.lower_bound)
    assert not cd.verification.verify(found.problem, found.network, more).passed
    heavy = replace(certificate, edges=Edges(edges.sites, 3.0 * edges.weights))
    checked = cd.verification.verify(found.problem, found.network, heavy)
    assert checked.lower_bound <= found.lower_bound * (1 + 1e-12)
    wider = cd.Interpolation(found.problem.centers, found.problem.targets, found.problem.radii / 2)
    assert edge_bound(wider, edges).lower_bound <= cd.solve(wider).cost


def test_nonsense_is_refused_in_one_line() -> None:
    problem = cd.Interpolation([[0.0, 0.0], [1.0, 0.0]], [[0.0], [1.0]], [0.1, 0.0])
    with pytest.raises(InvalidProblem, match="begins at a sample"):
        edge_bound(problem, Edges(np.array([[1, 0]]), np.ones(1)))
    with pytest.raises(InvalidProblem, match="there are 2"):
        edge_bound(problem, Edges(np.array([[0, 2]]), np.ones(1)))
    with pytest.raises(InvalidProblem, match="none negative"):
        Edges(np.array([[0, 1]]), -np.ones(1))
    with pytest.raises(InvalidProblem, match="pairs of sites"):
        Edges(np.array([0, 1]), np.ones(1))
    with pytest.raises(NotSupported, match="needs a ball"):
        cd.solve(
            cd.Interpolation([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0, 1, 1, 0]),
            method="edges",
        )
