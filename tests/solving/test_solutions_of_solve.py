"""What `solve` reports, where it is interrupted, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import (
    common_tangents,
    dual_vectors,
    equilateral,
    random_problem,
    tangent_lines,
    unit_vectors,
)
from solved_problems import certified, rotation

import convexden.solving.proposals as proposals
from convexden import verification
from convexden.data import noisy_samples, regular_simplex, triangular_lattice
from convexden.errors import InfeasibleProblem, InvalidInput, NotCertified, TooLarge
from convexden.problem import Interpolation, denoising
from convexden.solution import Progress, Solution
from convexden.solving.interpolation import solve
from convexden.storage.solutions import load, save
from convexden.verification import verify_certificate


def test_the_history_is_in_the_units_of_the_problem():
    problem = denoising(1e3 * equilateral(), radius=700)
    scaled = Interpolation(problem.centers, 0.5 * problem.targets, problem.radii)
    steps: list[Progress] = []
    solution = certified(scaled, progress=steps.append)
    assert tuple(steps) == solution.history
    assert solution.iterations == len(steps)
    assert steps[-1].cost == pytest.approx(solution.cost, rel=1e-9)
    assert (np.diff([step.lower_bound for step in steps]) >= 0).all()
    assert (np.diff([step.cost for step in steps if np.isfinite(step.cost)]) <= 0).all()
    assert all(step.lower_bound <= solution.cost * (1 + 1e-9) for step in steps)
    assert solution.seconds > 0
    assert {"convexden", "numpy", "clarabel"} <= set(solution.versions)


def test_a_solution_keeps_its_verification(tmp_path):
    """Of the numbers that it was made for: no others may pass for verified with it."""
    solution = solve(denoising([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]], radius=0.4))
    assert solution.verification == verify_certificate(solution)
    assert solution.verification.passed
    changed = replace(solution, cost=solution.cost / 2)
    assert changed.verification is None
    assert not verify_certificate(changed).passed
    save(solution, tmp_path / "solution.json")
    assert load(tmp_path / "solution.json").verification is None


def test_a_tolerance_out_of_reach_is_not_certified():
    # The smallest of all: a gap of zero would take a cost and a bound that are the same float.
    solution = solve(random_problem(4, "balls", sites=4), np.finfo(float).tiny)
    assert solution.status == "not-certified"
    assert not solution.certified
    assert 0 < solution.relative_gap < 1e-8
    assert verify_certificate(solution).passed


def test_a_loose_tolerance_is_no_excuse_for_false_bounds():
    problem = random_problem(4, "balls", sites=9)
    best = certified(problem)
    loose = certified(problem, 0.5)
    assert loose.lower_bound <= best.cost
    assert best.lower_bound <= loose.cost


@pytest.mark.parametrize(
    "problem",
    [
        random_problem(3, "balls", sites=9, outputs=2),
        random_problem(3, "samples", sites=9, outputs=2),
        denoising(equilateral(), noisy=noisy_samples(equilateral(), 0.5, 12, 0)),
    ],
    ids=["balls", "samples", "clusters"],
)
def test_interrupted_it_returns_true_bounds_or_says_that_there_is_no_network(problem):
    best = certified(problem)
    outcomes = set()
    for last in sorted({1, 2, 3, best.iterations // 2, best.iterations - 1, best.iterations}):

        def interrupt(step: Progress, last=last) -> None:
            if step.round == last:
                raise StopIteration

        try:
            solution = solve(problem, progress=interrupt)
        except NotCertified:
            outcomes.add("nothing")
            continue
        outcomes.add(solution.status)
        assert verify_certificate(solution).passed
        assert solution.lower_bound <= best.cost * (1 + 1e-12)
        assert solution.cost >= best.lower_bound * (1 - 1e-12)
        if solution.status == "not-certified":
            assert solution.relative_gap > 1e-8
    assert outcomes & {"nothing", "not-certified"}


@pytest.mark.parametrize(
    ("count", "dimension"), [(8, 3), (10, 3), pytest.param(6, 4, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("seed", range(2))
def test_both_methods_certify_the_same_interval(count, dimension, seed):
    rng = np.random.default_rng([count, dimension, seed])
    points = rng.standard_normal((count, dimension))
    edges = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(count)
    problem = denoising(points, radius=rng.uniform(0.1, 0.8) * edges.min() / 2)
    fast = solve(problem, method="central-path")
    plain = solve(problem, method="column-generation")
    assert fast.certified
    assert plain.certified
    gap = max(fast.relative_gap, plain.relative_gap)
    assert fast.cost == pytest.approx(plain.cost, rel=max(10 * gap, 1e-10))


def test_samples_in_space_are_certified():
    """Row generation beyond the plane: clusters of samples around four points."""
    rng = np.random.default_rng(5)
    clean = rng.standard_normal((4, 3))
    solution = solve(denoising(clean, noisy=clean[:, None] + 0.1 * rng.standard_normal((4, 3, 3))))
    assert solution.certified
    assert verify_certificate(solution).passed


def test_an_unknown_method_is_named():
    with pytest.raises(InvalidInput, match="no method 'magic'"):
        solve(denoising(regular_simplex(3), radius=0.1), method="magic")


def interrupt_with_a_network(step: Progress) -> None:
    if np.isfinite(step.cost):
        raise StopIteration


@pytest.fixture(scope="module")
def beyond() -> Solution:
    """Too many sites for exact pricing, and after one round of proposals."""
    points = np.random.default_rng(0).standard_normal((64, 3))
    problem = denoising(points, radius=1e-3)
    return solve(problem, method="local", progress=interrupt_with_a_network)


def test_local_networks_without_a_bound_are_upper_bounds(monkeypatch):
    """Samples, of which the edge bound knows nothing, and too many for semidefinite programs."""
    monkeypatch.setattr("convexden.solvers.programs.semidefinite.MOST_NUMBERS_IN_TURN", 1000)
    points = np.random.default_rng(0).standard_normal((10, 3))
    problem = Interpolation(points, np.sign(points[:, 0]))
    found = solve(problem, method="local", progress=interrupt_with_a_network)
    assert found.status == "upper-bound"
    assert (found.lower_bound, found.relative_gap) == (0.0, 1.0)
    assert found.certificate.pricing == "none"
    assert not found.certificate.values.any()
    assert not found.certificate.jacobians.any()
    assert all(step.lower_bound == 0.0 for step in found.history)
    checked = verify_certificate(found)
    assert checked.passed, checked.reasons
    assert (checked.lower_bound, checked.relative_gap) == (0.0, 1.0)


@pytest.mark.slow
def test_local_networks_have_the_edge_bound(beyond):
    assert beyond.status == "not-certified"
    assert not beyond.certified
    assert 0.0 < beyond.lower_bound < beyond.cost
    assert beyond.certificate.pricing == "edges"
    assert all(step.lower_bound > 0.0 for step in beyond.history)
    # The network is one all the same: on random points of the balls.
    rng = np.random.default_rng(1)
    u = rng.standard_normal((64, 3))
    u *= beyond.problem.radii[:, None] / np.linalg.norm(u, axis=1, keepdims=True)
    for points in (beyond.problem.centers, beyond.problem.centers + (1 - 1e-12) * u):
        errors = np.abs(beyond.network(points) - beyond.problem.targets)
        assert errors.max() <= 1e-9 * beyond.problem.target_spread
    # The cost is that of an exact interpolant next to the network: of 5000 neurons 1e-12 more.
    assert 0 < beyond.network.representation_cost <= beyond.cost
    assert beyond.cost == pytest.approx(beyond.network.representation_cost, rel=1e-11)


@pytest.mark.slow
def test_it_verifies_as_what_it_is(beyond):
    """Edges are looked at, and no hinge, however many sites there are."""
    checked = verify_certificate(beyond)
    assert checked.passed, checked.reasons
    assert (checked.lower_bound, checked.relative_gap) == (beyond.lower_bound, beyond.relative_gap)


@pytest.mark.slow
def test_it_is_stored_and_read_again(beyond, tmp_path):
    save(beyond, tmp_path / "local.json")
    again = load(tmp_path / "local.json")
    assert again.status == "not-certified"
    assert (again.cost, again.lower_bound) == (beyond.cost, beyond.lower_bound)
    assert again.certificate.pricing == "edges"
    assert verify_certificate(again).passed


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_local_is_never_certified_and_right_all_the_same(kind):
    """Where exact pricing can tell: the same cost, and the bound of semidefinite programs."""
    problem = random_problem(2, kind, sites=6, outputs=2)
    exact, local = certified(problem), solve(problem, method="local")
    assert local.status == "not-certified"
    assert local.certificate.pricing == "semidefinite"
    assert local.cost == pytest.approx(exact.cost, rel=1e-6)
    assert 0 < local.lower_bound <= exact.cost * (1 + 1e-10)
    assert local.cost >= exact.lower_bound * (1 - 1e-10)
    assert verify_certificate(local).passed


def test_too_many_faces_are_not_supported():
    points = np.random.default_rng(0).standard_normal((64, 3))
    with pytest.raises(TooLarge, match="64 sites that span 3 dimensions"):
        solve(denoising(points, radius=1e-3))


def test_a_certificate_that_does_not_fit_in_memory_is_refused_at_once():
    points = np.zeros((3, 30_000))
    points[1:, :2] = np.eye(2)
    with pytest.raises(TooLarge, match=r"21\.6 GB: give data of fewer dimensions"):
        solve(denoising(points, radius=0.1))


@pytest.mark.parametrize("extra", [0, 30], ids=["balls", "and samples"])
def test_infeasibility_is_proved_in_the_units_of_the_problem(extra):
    """Balls that no line separates; in R^3, with samples between them and a ball in a ball."""
    rng = np.random.default_rng(0)
    lattice = triangular_lattice(4, 4)
    between = lattice.min(axis=0) + rng.random((20 * extra, 2)) * np.ptp(lattice, axis=0)
    distances = np.linalg.norm(between[:, None] - lattice, axis=2)
    between = between[distances.min(axis=1) > 0.46][:extra] if extra else between
    plane = np.vstack([lattice, lattice[:1], between])
    targets = np.vstack([lattice, lattice[:1], np.zeros_like(between)])
    radii = np.concatenate([np.full(16, 0.45), [0.2], np.zeros(len(between))])
    E = rotation(rng, 3)[:2]
    problem = Interpolation(10 * plane @ E + 1, 5 * targets - 3, 10 * radii)
    with pytest.raises(InfeasibleProblem, match="lower the radii") as caught:
        solve(problem)
    proof = caught.value.certificate
    assert proof is not None
    assert proof.values.shape == problem.targets.shape
    assert proof.jacobians.shape == (len(problem), 2, 3)
    size = np.abs(proof.values).sum() * 50 + np.abs(proof.jacobians).sum()
    assert np.abs(proof.values.sum(axis=0)).max() <= 1e-12 * size
    moments = proof.values[:, :, None] * problem.centers[:, None, :] + proof.jacobians
    assert np.abs(moments.sum(axis=0)).max() <= 1e-12 * size
    assert np.sum(proof.values * problem.targets) > 1e-6 * size
    flat = Interpolation(problem.centers @ E.T, problem.targets, problem.radii)
    jacobians = proof.jacobians @ E.T
    normals = np.vstack([unit_vectors(rng.uniform(0, 7, 300)), common_tangents(flat)])
    lines = tangent_lines(flat, rng.permutation(normals)[:800], slack=1e-12)
    assert np.abs(dual_vectors(flat, lines, proof.values, jacobians)).max() <= 1e-9 * size


@pytest.mark.parametrize("thickness", [1e-2, 1e-4, 1e-5])
def test_samples_near_a_line_are_certified(thickness):
    rng = np.random.default_rng(11)
    for count in (4, 7, 10):
        centers = rng.uniform(-1, 1, (count, 2)) * [1.0, thickness]
        solution = solve(Interpolation(centers, rng.normal(size=(count, 2))))
        assert solution.status == "certified"
        assert solution.relative_gap < 1e-11


def test_no_bound_is_above_the_cost_of_a_network_that_is_wrong(monkeypatch):
    """One of the neurons alone misses the targets, and costs less than the multipliers prove.

    Corrections of it are found; here none is, so that its own cost is all that there is.
    """
    right, examine = proposals._solve_sites, verification.examine

    def first_neuron(*arguments):
        network, certificate, stopped = right(*arguments)
        parts = ("output_weights", "input_weights", "biases")
        alone = replace(network, **{name: getattr(network, name)[:1] for name in parts})
        return alone, certificate, stopped

    def without_correction(*arguments):
        evidence = examine(*arguments)
        return replace(evidence, upper=replace(evidence.upper, cost=np.inf, reason="none tried"))

    problem = denoising(equilateral(), radius=0.1)
    optimum = solve(problem).lower_bound
    monkeypatch.setattr(proposals, "_solve_sites", first_neuron)
    monkeypatch.setattr(verification, "examine", without_correction)
    solution = solve(problem)
    assert solution.certificate.lower_bound == optimum
    assert 0.0 < solution.cost < 0.5 * optimum
    assert solution.lower_bound == solution.cost
    assert solution.relative_gap == 0.0
    assert solution.status == "not-certified"


def test_samples_are_never_infeasible_however_close():
    rng = np.random.default_rng(5)
    for apart in (1e-5, 1e-7, 1e-9):
        centers = rng.normal(size=(6, 2))
        centers[1] = centers[0] + apart * unit_vectors(rng.uniform(0, 7, 1))[0]
        solution = solve(Interpolation(centers, rng.normal(size=(6, 1))))
        # Weights of size 1 / apart cancel: beyond that too few digits are left for a certificate.
        assert solution.status == ("certified" if apart >= 1e-7 else "not-certified")
        assert solution.relative_gap < 1e-7
