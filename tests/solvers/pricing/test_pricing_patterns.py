"""Pricing by patterns: what all faces say, with leaves that hold, and nothing is missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from convexden.certificate import Leaves
from convexden.reduction import Reduction
from convexden.running.clock import Clock
from convexden.running.workers import Workers
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Hinges, no_hinges
from convexden.solvers.patterns.face_table import FaceTable
from convexden.solvers.patterns.faces import PatternFaces, simplex_patterns
from convexden.solvers.pricing.exact import by_patterns
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.pricing.patterns import PatternPricing, PatternSettings

Array = NDArray[np.float64]


def simplex(seed: int, sites: int) -> cd.Interpolation:
    """A random simplex of balls of different radii, with random targets."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((sites, sites - 1))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2) + 1e9 * np.eye(sites)
    radii = rng.uniform(0.1, 0.9, sites) * distances.min() / 2
    targets = rng.standard_normal((sites, 2))
    return Reduction.of(cd.Interpolation(centers, targets, radii)).problem


def multipliers(problem: cd.Interpolation, seed: int) -> tuple[Array, Array]:
    constraints = constraints_of(problem)
    shape = (len(constraints.targets), problem.output_dimension)
    return constraints.multipliers(np.random.default_rng(seed).standard_normal(shape))


@pytest.fixture
def by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """All simplices of balls are priced by patterns."""
    settings = PatternSettings(least_sites=3)
    monkeypatch.setattr("convexden.solvers.pricing.exact.SETTINGS", settings)


@pytest.mark.parametrize("share", [0.5, 0.99, 1.01])
@pytest.mark.parametrize("seed", range(4))
def test_the_local_maxima_are_those_of_all_faces(seed: int, share: float) -> None:
    problem = simplex(seed, 4 + seed % 2)
    values, jacobians = multipliers(problem, seed)
    _, exact = FacePricing(problem).maxima(values, jacobians, 0.0)
    floor = share * exact[0]
    hinges, found = PatternPricing(problem).maxima(values, jacobians, floor)
    assert found[0] == pytest.approx(exact[0], rel=1e-12)
    assert (found >= min(floor, found[0])).all()
    higher = exact[exact >= floor]
    assert len(higher) <= len(found)
    for height in higher:
        assert np.abs(found - height).min() <= 1e-10 * height
    assert hinges.depths(problem).max() <= 1e-11


class Blind(LocalPricing):
    """Sees nothing but what it is told."""

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        return no_hinges(self.problem), np.zeros(0)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_missed_that_local_pricing_misses(seed: int) -> None:
    problem = simplex(seed, 5)
    dual = multipliers(problem, seed)
    _, exact = FacePricing(problem).maxima(*dual, 0.0)
    pricing = PatternPricing(problem)
    pricing.local = Blind(problem)
    hinges, found = pricing.maxima(*dual, 0.9 * exact[0])
    assert found[0] == pytest.approx(exact[0], rel=1e-12)
    # It is told of what it missed, so that it climbs from there.
    told = LocalPricing(problem)
    told.remember(hinges)
    assert told.maxima(*dual, exact[0])[1][0] == pytest.approx(exact[0], rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_faces_of_a_pattern_are_those_of_all_faces(seed: int) -> None:
    problem = simplex(seed, 5)
    dual = multipliers(problem, seed)
    patterns, faces = simplex_patterns(5), PatternFaces(problem)
    whole, heights = FacePricing(problem).maxima(*dual, 0.0)
    for pattern in patterns:
        table = FaceTable(problem, pattern[None], faces.of(pattern[None]))
        _, own = FacePricing(problem, table=table).maxima(*dual, 0.0)
        same = (whole.patterns == pattern).all(axis=1)
        assert own[:1] == pytest.approx(heights[same][:1], rel=1e-12)


def same_as_here(workers: Workers) -> None:
    """What workers find at two sets of multipliers, the second with the leaves of the first."""
    problem = simplex(1, 6)
    here, there = PatternPricing(problem), PatternPricing(problem, workers=workers)
    for seed in (3, 4):
        dual = multipliers(problem, seed)
        floor = 0.7 * FacePricing(problem).maxima(*dual, 0.0)[1][0]
        (ours, heights), (theirs, same) = (each.maxima(*dual, floor) for each in (here, there))
        assert heights.tolist() == same.tolist()
        assert ours.normals.tolist() == theirs.normals.tolist()
        scaled = dual[0] / heights[0], dual[1] / heights[0]
        leaves, others = here.leaves(*scaled), there.leaves(*scaled)
        assert 0 < len(leaves) == len(others)
        assert leaves.products.tolist() == others.products.tolist()


def test_two_processes_find_what_one_finds() -> None:
    same_as_here(Workers(2))


@pytest.mark.slow
def test_a_dask_cluster_finds_what_one_process_finds() -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        same_as_here(Workers(scheduler=cluster.scheduler_address))


@pytest.mark.parametrize("sites", [4, 6])
def test_leaves_are_those_of_patterns_below_one(sites: int) -> None:
    problem = simplex(sites, sites)
    values, jacobians = multipliers(problem, 3)
    pricing = PatternPricing(problem)
    scale = pricing.maxima(values, jacobians, 1e9)[1][0]
    values, jacobians = values / scale, jacobians / scale
    hinges, heights = FacePricing(problem).maxima(values, jacobians, 0.0)
    leaves = pricing.leaves(values, jacobians)
    assert 0 < len(leaves) < 2 ** (sites - 1) - 1
    for sides in leaves.sides:
        same = (hinges.patterns == (sides > 0)).all(axis=1)
        assert heights[same].max(initial=0.0) < 1.0


@pytest.mark.usefixtures("by_pattern")
def test_the_minimum_is_that_of_exact_pricing_of_all_faces() -> None:
    points = np.random.default_rng(2).standard_normal((4, 7))
    problem = cd.denoising(points, radius=0.2)
    found = cd.solve(problem, tolerance=1e-10)
    assert found.certified
    assert found.certificate.pricing == "leaves"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convexden.solvers.pricing.exact.SETTINGS", PatternSettings())
        reference = cd.solve(problem)
    assert reference.certificate.pricing == "exact-faces"
    assert found.cost == pytest.approx(reference.cost, rel=1e-9)


@pytest.mark.usefixtures("by_pattern")
def test_a_false_bound_of_local_pricing_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local pricing that sees no hinge with site 1 active until it is told of some."""

    class Misled(LocalPricing):
        told = False

        def remember(self, hinges: Hinges) -> None:
            self.told = True
            super().remember(hinges)

        def _climbed(
            self, values: Array, jacobians: Array, patience: tuple[int, int]
        ) -> tuple[Hinges, Array]:
            hinges, heights = super()._climbed(values, jacobians, patience)
            seen = np.flatnonzero(~hinges.patterns[:, 1] | self.told)
            return hinges[seen], heights[seen]

    problem = cd.denoising(np.random.default_rng(7).standard_normal((4, 3)), radius=0.2)
    reference = cd.solve(problem)
    monkeypatch.setattr("convexden.solvers.pricing.patterns.LocalPricing", Misled)
    found = cd.solve(problem, tolerance=1e-10)
    assert found.certified
    assert found.cost == pytest.approx(reference.cost, rel=1e-9)


@pytest.mark.usefixtures("by_pattern")
def test_a_run_that_is_stopped_has_the_edge_bound() -> None:
    problem = cd.denoising(np.random.default_rng(0).standard_normal((6, 5)), radius=0.2)

    def stop(step: cd.Progress) -> None:
        if step.round == 2:
            raise StopIteration

    found = cd.solve(problem, progress=stop)
    assert found.interrupted
    assert found.certificate.pricing == "edges"
    assert 0.0 < found.lower_bound < found.cost < np.inf
    assert found.verification.passed


@pytest.mark.usefixtures("by_pattern")
def test_a_run_that_was_stopped_goes_on_from_its_proof(tmp_path: Path) -> None:
    problem = cd.denoising(np.random.default_rng(4).standard_normal((6, 8)), radius=0.2)

    def stop(step: cd.Progress) -> None:
        if step.lower_bound > 0.9 * step.cost:  # more than the edge bound: exact pricing has been
            raise StopIteration

    stopped = cd.solve(problem, progress=stop)
    assert stopped.interrupted
    assert stopped.certificate.pricing == "leaves"
    cd.save(stopped, tmp_path / "stopped.json")
    steps: list[cd.Progress] = []
    found = cd.solve(problem, start=cd.load(tmp_path / "stopped.json"), progress=steps.append)
    assert found.certified
    assert found.cost == pytest.approx(cd.solve(problem).cost, rel=1e-8)  # the tolerance
    first = next(step for step in steps if step.hinges)
    assert first.lower_bound >= stopped.lower_bound * (1 - 1e-9)
    # Multipliers of another problem are a guess as well.
    other = cd.solve(cd.denoising(problem.centers, radius=0.19), start=found)
    assert other.certified
    assert other.cost < found.cost


@pytest.mark.usefixtures("by_pattern")
def test_a_start_without_numbers_is_none() -> None:
    problem = cd.denoising(np.random.default_rng(1).standard_normal((4, 5)), radius=0.2)
    found = cd.solve(problem)
    given = found.certificate
    nothing = cd.Certificate(
        np.full(given.values.shape, np.nan),
        given.jacobians,
        1.0,
        1.0,
        "leaves",
        leaves=given.leaves,
    )
    again = cd.solve(problem, start=replace(found, certificate=nothing))
    assert again.certified
    assert again.cost == pytest.approx(found.cost, rel=1e-9)


def test_leaves_are_recalled_whichever_side_is_active() -> None:
    problem = simplex(2, 6)
    values, jacobians = multipliers(problem, 3)
    pricing = PatternPricing(problem)
    scale = pricing.maxima(values, jacobians, 1e9)[1][0]
    values, jacobians = values / scale, jacobians / scale
    leaves = pricing.leaves(values, jacobians)
    turned = Leaves(-leaves.sides, leaves.spheres, leaves.products, leaves.lengths, -leaves.tilts)
    for given in (leaves, turned):
        again = PatternPricing(problem)
        again.recall(given)
        assert again.leaves(values, jacobians).sides.tolist() == leaves.sides.tolist()


def test_only_simplices_of_balls_that_are_too_many_for_faces_are_priced_by_patterns() -> None:
    points = np.random.default_rng(0).standard_normal((14, 13))
    for count, expected in ((9, False), (10, True), (14, True)):
        assert by_patterns(cd.denoising(points[:count, : count - 1], radius=0.01)) is expected
    assert not by_patterns(cd.denoising(points[:, :5], radius=0.01))
    assert not by_patterns(cd.Interpolation(points, points, np.arange(14) / 1e3))


@pytest.mark.usefixtures("by_pattern")
def test_a_run_whose_time_is_over_after_a_proof_keeps_its_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = cd.denoising(np.random.default_rng(1).standard_normal((5, 4)), radius=0.2)
    maxima, proofs = PatternPricing.maxima, []

    def once(self: PatternPricing, *given: object) -> tuple[Hinges, Array]:
        found = maxima(self, *given)
        proofs.append(found)
        self.clock = self.local.clock = Clock.of(0.0)
        return found

    monkeypatch.setattr(PatternPricing, "maxima", once)
    found = cd.solve(problem)
    assert len(proofs) == 1
    assert found.interrupted
    assert found.certificate.pricing == "leaves"
    assert found.certificate.leaves is not None
    assert 0.5 * found.cost < found.lower_bound < found.cost * (1 - 1e-9)
    assert found.verification.passed
