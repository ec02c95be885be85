"""A few samples stand for all: the same optimum, and the others are met."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import (
    common_tangents,
    dual_vectors,
    random_problem,
    tangent_lines,
    unit_vectors,
)

from convexden.data import noisy_samples, triangular_lattice
from convexden.errors import InfeasibleProblem, NotCertified
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.running.clock import Stopped
from convexden.solution import Progress
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Hinges
from convexden.solvers.methods import row_generation
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.exchange import Incumbent
from convexden.solvers.methods.row_generation import solve_sites
from convexden.solvers.outcome import Outcome
from convexden.solvers.pricing.plane import PlanePricing
from convexden.verification import check_infeasibility, infeasibility_certificate

CLEAN = np.array([[0, 0], [3, 0], [1, 2.5]])


def clusters(samples: int, seed: int = 0, radius: float = 0.8) -> Interpolation:
    problem = denoising(CLEAN, noisy=noisy_samples(CLEAN, radius, samples, seed))
    return Reduction.of(problem).problem


def balls_and_samples() -> Interpolation:
    """A ball, and samples of two targets around it."""
    rng = np.random.default_rng(2)
    angles, far = rng.uniform(0, 2 * np.pi, 30), rng.uniform(1.2, 2, 30)
    samples = far[:, None] * unit_vectors(angles)
    targets = np.where(samples[:, :1] > 0, [[1.0, 0.5]], [[-1.0, 0.0]])
    centers = np.vstack([[[0, 0]], samples])
    radii = np.append(1.0, np.zeros(30))
    return Reduction.of(Interpolation(centers, np.vstack([[[0, 0]], targets]), radii)).problem


@pytest.fixture(autouse=True)
def _every_part_is_solved_truly(monkeypatch):
    """Its bounds do not cross, and its network fits its own samples."""
    run = ColumnGeneration.run

    def checked(self: ColumnGeneration, *start: Hinges | None) -> Incumbent:
        bounds = run(self, *start)
        assert bounds.cost >= bounds.lower * (1 - 1e-9)
        network, problem = self.network(), self.constraints.problem
        if network is not None:
            assert np.abs(network(problem.centers) - problem.targets).max() <= 1e-9
        return bounds

    monkeypatch.setattr(ColumnGeneration, "run", checked)


def check(problem: Interpolation, solution: Outcome) -> tuple[float, float]:
    """Feasible on every sample and dual feasible over all hinges; returns cost and bound."""
    assert solution.network is not None
    balls = problem.radii > 0
    errors = np.abs(solution.network(problem.centers) - problem.targets)
    assert errors.max() <= 1e-10
    assert np.abs(solution.network.jacobian(problem.centers[balls])).max(initial=0) <= 1e-9
    values, jacobians = solution.values, solution.jacobians
    size = np.abs(values).sum() + np.abs(jacobians).sum()
    assert np.abs(values.sum(axis=0)).max() <= 1e-14 * size
    moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
    assert np.abs(moments.sum(axis=0)).max() <= 1e-14 * size
    # Other sites than those with multipliers only take hinges away.
    active = np.flatnonzero(np.abs(values).sum(axis=1) > 0)
    part = Interpolation(problem.centers[active], problem.targets[active], problem.radii[active])
    rng = np.random.default_rng(0)
    normals = np.vstack([unit_vectors(rng.uniform(0, 7, 500)), common_tangents(part)])
    normals = rng.permutation(normals)[:1000]
    lines = tangent_lines(part, normals, slack=1e-14)
    heights = np.linalg.norm(dual_vectors(part, lines, values[active], jacobians[active]), axis=1)
    assert heights.max() <= 1 + 1e-9
    return solution.network.representation_cost, float(np.sum(values * problem.targets))


@pytest.mark.parametrize("name", ["clusters", "scattered", "balls and samples"])
def test_the_subset_has_the_optimum_of_all(name):
    problem = {
        "clusters": clusters(20),
        "scattered": Reduction.of(random_problem(3, "samples", sites=30, outputs=1)).problem,
        "balls and samples": balls_and_samples(),
    }[name]
    cost, bound = check(problem, solve_sites(problem, 1e-9))
    everything = ColumnGeneration(constraints_of(problem), PlanePricing(problem), 1e-9).run()
    assert everything.gap <= 1e-9
    assert cost == pytest.approx(everything.cost, rel=1e-8)
    assert bound == pytest.approx(everything.lower, rel=1e-8)


def test_of_a_thousand_samples_few_are_active():
    problem = clusters(334)
    steps: list[Progress] = []
    cost, bound = check(problem, solution := solve_sites(problem, 1e-8, report=steps.append))
    assert cost - bound <= 1e-8 * cost
    active = np.abs(solution.values).sum(axis=1) > 0
    assert 3 < active.sum() < 100
    # Until the samples left out are met there is no network, but a bound there is.
    assert np.isinf(steps[0].cost)
    assert min(step.cost for step in steps) >= bound * (1 - 1e-9)
    lowers = [step.lower_bound for step in steps]
    assert (np.diff(lowers) >= 0).all()
    assert lowers[0] > 0
    assert max(lowers) <= cost * (1 + 1e-9)
    assert [step.round for step in steps] == list(range(1, len(steps) + 1))


def test_a_sample_that_the_first_network_misses_is_found():
    """Deep inside its cluster, where only the fit can tell: a dent in a plateau."""
    problem = clusters(15)
    dented = problem.targets.copy()
    middle = np.linalg.norm(
        problem.centers[:15] - problem.centers[:15].mean(axis=0), axis=1
    ).argmin()
    dented[:15] = dented[middle]
    dented[middle] = dented[middle] + 0.5
    problem = Reduction.of(Interpolation(problem.centers, dented)).problem
    cost, bound = check(problem, solve_sites(problem, 1e-8))
    assert cost - bound <= 1e-8 * cost


def test_interrupted_it_keeps_true_bounds_or_says_that_there_is_no_network():
    problem = balls_and_samples()
    rounds: list[Progress] = []
    best = solve_sites(problem, 1e-9, report=rounds.append)
    cost, bound = check(problem, best)
    outcomes = set()
    for last in sorted({1, 2, len(rounds) // 2, len(rounds) - 1, len(rounds)}):

        def interrupt(step: Progress, last=last) -> None:
            if step.round == last:
                raise Stopped

        solution = solve_sites(problem, 1e-9, report=interrupt)
        lower = np.sum(solution.values * problem.targets) / max(1, solution.pricing_maximum)
        assert lower <= cost * (1 + 1e-9)
        outcomes.add(solution.network is not None)
        if solution.network is not None:
            check(problem, solution)
            assert solution.network.representation_cost >= bound * (1 - 1e-9)
    assert False in outcomes


@pytest.mark.parametrize("problem", [clusters(10), balls_and_samples()], ids=["samples", "both"])
def test_interrupted_before_anything_is_priced(problem):
    def interrupted(*master: object):
        raise Stopped

    try:
        solution = solve_sites(problem, 1e-9, interrupted)
    except NotCertified:
        return
    assert solution.network is None
    assert not solution.values.any()
    assert solution.values.shape == problem.targets.shape


def test_a_proof_of_infeasibility_speaks_of_all_sites():
    """Found on the balls and a few samples, with zeros for the samples that were left out."""
    lattice = triangular_lattice(4, 4)
    rng = np.random.default_rng(0)
    between = lattice.min(axis=0) + rng.random((150, 2)) * np.ptp(lattice, axis=0)
    distances = np.linalg.norm(between[:, None] - lattice, axis=2)
    samples = between[distances.min(axis=1) > 0.46]
    assert len(samples) > 10
    problem = Interpolation(
        np.vstack([lattice, samples]),
        np.vstack([lattice, np.zeros_like(samples)]),
        np.append(np.full(16, 0.45), np.zeros(len(samples))),
    )
    problem = Reduction.of(problem).problem
    with pytest.raises(InfeasibleProblem) as caught:
        solve_sites(problem, 1e-8)
    proof = caught.value.proof
    assert check_infeasibility(problem, proof) == []
    certificate = infeasibility_certificate(problem, proof)
    values, jacobians = certificate.values, certificate.jacobians
    assert values.shape == problem.targets.shape
    assert np.sum(values * problem.targets) == pytest.approx(1, rel=1e-9)
    size = np.abs(values).sum() + np.abs(jacobians).sum()
    normals = rng.permutation(common_tangents(problem))[:1000]
    lines = tangent_lines(problem, normals, slack=1e-13)
    assert np.abs(dual_vectors(problem, lines, values, jacobians)).max() <= 1e-10 * size


def test_first_samples_that_lie_on_one_line():
    """Those furthest out in eight directions may all be collinear, if the cloud hides inside."""
    along = unit_vectors([np.pi / 8])[0]
    rng = np.random.default_rng(0)
    cloud = np.column_stack([rng.uniform(-0.33, 0.33, 100), rng.uniform(-0.03, 0.03, 100)])
    centers = np.vstack([np.outer([-1, 1, 1.2, 1.4], along), cloud, -cloud])
    targets = np.append([0, 0, 1, 1], np.zeros(200))
    problem = Reduction.of(Interpolation(centers, targets)).problem
    cost, bound = check(problem, solve_sites(problem, 1e-8))
    assert cost - bound <= 1e-8 * cost


def overlapping(each: int, noise: float = 0.05) -> Interpolation:
    """Noisy samples of ten points in a box."""
    rng = np.random.default_rng(0)
    clean = rng.random((10, 2))
    samples = clean[:, None] + noise * rng.standard_normal((10, each, 2))
    return Reduction.of(denoising(clean, noisy=samples)).problem


def test_where_most_samples_are_missed_all_are_added_at_once(monkeypatch):
    sizes: list[int] = []
    loop = row_generation._Rounds._loop

    def counted(self):
        sizes.append(len(self.active))
        return loop(self)

    monkeypatch.setattr(row_generation._Rounds, "_loop", counted)
    problem = overlapping(8)
    cost, bound = check(problem, solve_sites(problem, 1e-8))
    assert cost - bound <= 1e-8 * cost
    assert len(sizes) == 2
    assert sizes[1] == len(problem)


def test_of_clusters_apart_the_outermost_are_enough_however_many_are_missed(monkeypatch):
    monkeypatch.setattr(
        row_generation, "SETTINGS", replace(row_generation.SETTINGS, many_missed=0.0)
    )
    sizes = []

    def counted(part, clock):
        sizes.append(len(part))
        return constraints_of(part, clock)

    monkeypatch.setattr(row_generation, "constraints_of", counted)
    clean = np.array([[0.0, 0.0], [1.0, 0.0], [0.4, 0.9]])
    noisy = noisy_samples(clean, 0.2, 100, 0, boundary=True)
    solve_sites(Reduction.of(denoising(clean, noisy=noisy)).problem, 1e-8)
    assert len(sizes) > 1  # some were missed
    assert sizes[-1] < 100


def test_more_samples_than_pricing_holds_leave_the_bound_of_some(monkeypatch):
    problem = overlapping(8)
    whole = solve_sites(problem, 1e-8).lower_bound(problem)
    few = replace(row_generation.SETTINGS, most_active=60, growth=2)
    monkeypatch.setattr(row_generation, "SETTINGS", few)
    outcome = solve_sites(problem, 1e-8)
    assert outcome.network is None
    assert not outcome.interrupted
    assert 3 < np.count_nonzero(np.abs(outcome.values).sum(axis=1)) <= 60
    assert 0.1 * whole < outcome.lower_bound(problem) < whole


def test_a_stopped_run_keeps_the_bound_of_a_smaller_set():
    problem = overlapping(8)
    bounds: list[float] = []

    def stop(step: Progress) -> None:
        if bounds and step.round > 1 and len(bounds) == 12:
            raise Stopped
        bounds.append(step.lower_bound)

    outcome = solve_sites(problem, 1e-8, report=stop)
    assert outcome.interrupted
    assert outcome.lower_bound(problem) >= bounds[-1] * (1 - 1e-12)
