"""The interior point: it certifies what the other methods do, at the same cost, and hands over to
them where it does not converge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from convexden.data import regular_simplex, triangular_lattice
from convexden.errors import InfeasibleProblem
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.running.clock import Stopped
from convexden.solvers.constraints import constraints_of
from convexden.solvers.methods import central_path, row_generation
from convexden.solvers.methods.central_path import SETTINGS, CentralPath, iterate, pays
from convexden.solvers.methods.central_path_state import PathState
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.large_newton import polish_large
from convexden.solvers.methods.newton import polish
from convexden.solvers.methods.normal_equations import Cholesky, gram, stored_features
from convexden.solvers.pricing import plane
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.pricing.plane import SETTINGS as PLANE
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solving.interpolation import solve
from convexden.verification import verify_certificate


def discs(count: int, seed: int = 0) -> Interpolation:
    points = np.random.default_rng(seed).random((count, 2))
    return denoising(points, radius=0.2 * pdist(points).min() / 2)


def mixed() -> Interpolation:
    rng = np.random.default_rng(5)
    points = rng.random((12, 2))
    radii = np.where(np.arange(12) % 2, 0.0, 0.3 * pdist(points).min())
    return Interpolation(points, rng.standard_normal((12, 2)), radii)


def samples(count: int, outputs: int) -> Interpolation:
    rng = np.random.default_rng(count)
    return Interpolation(rng.random((count, 2)), rng.standard_normal((count, outputs)))


SCALAR = Interpolation(discs(9).centers, np.sin(9.0 * np.arange(9.0)), discs(9).radii)
PROBLEMS = {
    "discs": discs(10, seed=1),
    # Of the center an arc is higher than all vertices, which are low.
    "low-center": discs(8, seed=6),
    "mixed": mixed(),
    "vector-samples": samples(15, 3),
    "lattice": denoising(triangular_lattice(3, 3), radius=0.3),
}
LABELS = {"discs": SCALAR, "samples": samples(15, 1), "many-samples": samples(60, 1)}


def path_on(problem: Interpolation, kind: type[ColumnGeneration] = CentralPath) -> ColumnGeneration:
    problem = Reduction.of(problem).problem
    return kind(constraints_of(problem), PlanePricing(problem), 1e-8)


@pytest.fixture
def alone(monkeypatch):
    """Column generation must not help."""

    def refused(self, hinges):
        pytest.fail("the central path handed over to column generation")

    monkeypatch.setattr(ColumnGeneration, "_exchange", refused)


@pytest.mark.parametrize("name", PROBLEMS)
def test_alone_it_certifies_the_cost_of_column_generation(name, alone, monkeypatch):
    solution = solve(PROBLEMS[name], method="central-path")
    assert solution.certified
    assert verify_certificate(solution).passed
    monkeypatch.undo()
    other = solve(PROBLEMS[name], method="column-generation")
    gap = max(solution.relative_gap, other.relative_gap)
    assert solution.cost == pytest.approx(other.cost, rel=max(10 * gap, 1e-11))


def test_where_newtons_method_fails_column_generation_ends_it(monkeypatch):
    """Of a path that ends early, and on which Newton's method fails."""
    problem, gaps = discs(10), []
    exchange, newton = ColumnGeneration._exchange, CentralPath._newton

    def over(self, hinges):
        gaps.append(self.incumbent.gap)
        exchange(self, hinges)

    def failing(self, active, alphas, multipliers):
        return newton(self, active, alphas, multipliers) if gaps else active[:0]

    monkeypatch.setattr(ColumnGeneration, "_exchange", over)
    monkeypatch.setattr(CentralPath, "_newton", failing)
    monkeypatch.setattr(central_path, "SETTINGS", replace(SETTINGS, least=1e-10))
    solution = solve(problem, method="central-path")
    (before,) = gaps
    assert 1e-12 < before < 1e-8
    assert solution.relative_gap < 1e-12


@pytest.mark.parametrize("name", LABELS)
def test_of_labels_column_generation_ends_the_path_over_the_hinges_that_nearly_saturate(
    name, monkeypatch
):
    problem, given = LABELS[name], []
    exchange = ColumnGeneration._exchange

    def over(self, hinges):
        given.append((len(hinges), self.incumbent.gap))
        exchange(self, hinges)

    monkeypatch.setattr(ColumnGeneration, "_exchange", over)
    solution = solve(problem, method="central-path")
    assert solution.certified
    assert verify_certificate(solution).passed
    ((count, gap),) = given  # once, and near the end
    assert count < 4 * len(problem)
    assert gap < 1e-2
    monkeypatch.undo()
    other = solve(problem, method="column-generation")
    assert solution.cost == pytest.approx(other.cost, rel=1e-11)


def test_bounds_grow_only_by_exact_pricing_and_meet_in_the_end(alone):
    path = path_on(PROBLEMS["discs"])
    steps = []
    path.report = steps.append
    found = path.run()
    bounds = [step.lower_bound for step in steps]
    assert bounds == sorted(bounds)
    assert 0 < bounds[len(bounds) // 2] < found.cost
    path.prove()
    assert found.gap < 1e-12
    assert found.proven == found.lower
    values = path.constraints.multipliers(found.multipliers)
    assert path.exact.maxima(*values, 1.0)[1][0] <= 1 + 1e-12


def test_what_the_path_does_not_solve_column_generation_does(monkeypatch):
    monkeypatch.setattr(CentralPath, "_follow", lambda self, state: None)
    solution = solve(PROBLEMS["discs"], method="central-path")
    assert solution.certified


def test_a_system_that_is_not_definite_is_handed_over(monkeypatch):
    def failing(self, matrix):
        raise np.linalg.LinAlgError

    monkeypatch.setattr(Cholesky, "__init__", failing)
    assert solve(PROBLEMS["discs"], method="central-path").certified


def simplex(dimension: int, share: float, seed: int = 0) -> Interpolation:
    points = np.random.default_rng([seed, dimension]).standard_normal((dimension + 1, dimension))
    return denoising(points, radius=share * pdist(points).min() / 2)


def in_space(kind: str, outputs: int, count: int = 7) -> Interpolation:
    rng = np.random.default_rng(7)
    points = rng.standard_normal((count, 3))
    radii = np.full(count, 0.2 * pdist(points).min())
    radii[: {"balls": 0, "mixed": 4, "samples": 7}[kind]] = 0.0
    return Interpolation(points, rng.standard_normal((count, outputs)), radii)


CUBE = np.array([[i, j, k] for i in (0.0, 1.0) for j in (0.0, 1.0) for k in (0.0, 1.0)])
BEYOND = {
    "tetrahedron": simplex(3, 0.4),
    "simplex": simplex(4, 0.2),
    "few-vertices": simplex(4, 0.87),
    "regular": denoising(regular_simplex(4), radius=0.2),
    "cube": denoising(CUBE, radius=0.3),
    "balls": in_space("balls", 2),
    "mixed": in_space("mixed", 2),
    "samples": in_space("samples", 2),
    "scalar": in_space("balls", 1),
}


@pytest.mark.parametrize("name", BEYOND)
def test_beyond_the_plane_alone_it_certifies_the_cost_of_column_generation(name, monkeypatch):
    with monkeypatch.context() as patched:

        def refused(self, start=None):
            pytest.fail("the central path handed over")

        patched.setattr(ColumnGeneration, "run", refused)
        solution = solve(BEYOND[name], method="central-path")
    assert solution.certified
    assert verify_certificate(solution).passed
    other = solve(BEYOND[name], method="column-generation")
    gap = max(solution.relative_gap, other.relative_gap)
    assert solution.cost == pytest.approx(other.cost, rel=max(10 * gap, 1e-11))


def test_beyond_the_plane_column_generation_does_what_the_path_does_not_solve(monkeypatch):
    monkeypatch.setattr(CentralPath, "_follow", lambda self, state: None)
    steps = []
    solution = solve(BEYOND["tetrahedron"], method="central-path", progress=steps.append)
    assert solution.certified
    assert [step.round for step in steps] == list(range(1, len(steps) + 1))


@pytest.mark.parametrize("room", [1e-1, 1e-2, 1e-3])
@pytest.mark.parametrize("dimension", [3, 4])
def test_next_to_contact_it_certifies_alone(dimension, room, monkeypatch):
    """Where vertices are few, others and ramps have to span the targets with them."""
    monkeypatch.setattr(ColumnGeneration, "run", lambda self, start=None: self.incumbent)
    rng, certified = np.random.default_rng(dimension), 0
    for _ in range(6):
        points = rng.standard_normal((dimension + 1, dimension))
        problem = denoising(points, radius=(1 - room) * pdist(points).min() / 2)
        if solvable(problem):
            assert solve(problem).certified
            certified += 1
    assert certified


def solvable(problem: Interpolation) -> bool:
    """Whether ramps interpolate."""
    try:
        solve(problem, method="ramps")
    except InfeasibleProblem:
        return False
    return True


def test_it_is_the_default_where_sites_are_many(monkeypatch):
    class Chosen(Exception):
        pass

    def chosen(self, start=None):
        raise Chosen

    monkeypatch.setattr(CentralPath, "run", chosen)
    assert solve(discs(SETTINGS.from_balls - 1)).certified
    with pytest.raises(Chosen):
        solve(discs(SETTINGS.from_balls))
    for problem in BEYOND.values():
        assert pays(problem)
    with pytest.raises(Chosen):
        solve(BEYOND["simplex"])
    start = solve(BEYOND["simplex"], method="column-generation")
    with pytest.raises(Chosen):
        solve(BEYOND["simplex"], start=start)
    for outputs in (1, 2):
        assert pays(samples(SETTINGS.from_samples, outputs))
        assert not pays(samples(SETTINGS.from_samples - 1, outputs))


def test_discs_of_two_labels_are_certified():
    """Without column generation the path ends with a network that misses a target by 4e-8."""
    rng = np.random.default_rng(1)
    points = rng.random((int(rng.integers(50, 75)), 2))
    distances = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(len(points), 1)]
    labels = rng.integers(0, 2, (len(points), 1)).astype(float)
    problem = Interpolation(points, labels, rng.uniform(0.05, 0.4) * distances.min())
    assert solve(problem, method="central-path").certified


def test_stopped_it_keeps_the_bound_that_was_proven():
    steps = []

    def stop(step):
        steps.append(step)
        if len(steps) == 10:
            raise Stopped

    problem = Reduction.of(discs(20)).problem
    outcome = row_generation.solve_sites(problem, 1e-8, method="central-path", report=stop)
    bound = float(np.sum(outcome.values * problem.targets)) / max(1.0, outcome.pricing_maximum)
    assert outcome.interrupted
    assert bound > 0.3 * solve(problem).cost


def test_newtons_methods_by_cholesky_and_by_elimination_agree():
    path = path_on(PROBLEMS["discs"])
    found = path.run()
    alphas = np.linalg.norm(found.weights, axis=1)
    rough = alphas * (1 + 1e-5 * np.cos(np.arange(len(alphas))))
    arguments = (path.constraints, path.pricing, found.hinges, rough, found.multipliers)
    one, other = polish_large(*arguments), polish(*arguments)
    assert one is not None
    assert other is not None
    assert np.abs(one.weights - other.weights).max() < 1e-11 * alphas.max()
    free = found.hinges.free
    assert free.any()
    assert np.abs(one.hinges.normals - other.hinges.normals).max() < 1e-9
    wrong = found.multipliers[::-1]
    assert polish_large(path.constraints, path.pricing, found.hinges, rough, wrong) is None


@pytest.mark.parametrize("name", ["discs", "mixed", "samples", "simplex", "cube"])
def test_pricing_by_vertices_and_inner_maxima_is_exact_pricing(name):
    problem = Reduction.of((PROBLEMS | BEYOND)[name]).problem
    constraints, pricing = constraints_of(problem), exact_pricing(problem)
    vertices = pricing.vertices()
    features = constraints.features(vertices)
    rng = np.random.default_rng(0)
    for _ in range(20):
        multipliers = rng.standard_normal(constraints.targets.shape)
        values = constraints.multipliers(multipliers)
        inner, heights = pricing.inner_maxima(*values, 0.0)
        at_vertices = np.linalg.norm(features @ multipliers, axis=1)
        everywhere = pricing.maxima(*values, 0.0)[1]
        highest = max(at_vertices.max(), heights.max(initial=0.0))
        assert highest == pytest.approx(everywhere[0], rel=1e-11)
        own = np.linalg.norm(constraints.features(inner) @ multipliers, axis=1)
        assert heights == pytest.approx(own, rel=1e-9)
    assert (vertices.depths(problem) < 1e-11).all()


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_gram_matrix_is_a_sum_of_kronecker_products(outputs):
    constraints = constraints_of(Reduction.of(discs(40)).problem)
    hinges = PlanePricing(constraints.problem).vertices()[:30]
    rng = np.random.default_rng(0)
    plain, along, columns = rng.random(30), rng.random(30), rng.standard_normal((30, outputs))
    features = constraints.features(hinges)
    expected = sum(
        np.kron(u * np.eye(outputs) + v * np.outer(q, q), np.outer(psi, psi))
        for u, v, q, psi in zip(plain, along, columns, features, strict=True)
    )
    sparse = stored_features(constraints, hinges)
    assert not isinstance(sparse, np.ndarray)
    assert stored_features(constraints, hinges[:0]).shape == (0, len(constraints.targets))
    for stored in (features, sparse):
        assert np.abs(gram(stored, plain, along, columns) - expected).max() < 1e-12


def test_the_factor_leaves_out_what_nothing_sees_and_refuses_what_is_not_definite():
    half = np.random.default_rng(0).standard_normal((3, 2))
    matrix = np.zeros((4, 4))
    matrix[:3, :3] = half @ half.T
    right = (matrix @ np.arange(1.0, 5.0))[:, None]
    solution = Cholesky(matrix).solve(right)
    assert solution[3] == 0.0
    assert np.abs(matrix @ solution - right).max() < 1e-12
    with pytest.raises(np.linalg.LinAlgError):
        Cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(np.linalg.LinAlgError):
        Cholesky(np.array([[np.inf, 0.0], [0.0, 1.0]]))


def test_sparse_features_of_many_samples_are_the_features():
    problem = Reduction.of(samples(130, 2)).problem
    constraints, pricing = constraints_of(problem), PlanePricing(problem)
    vertices = pricing.vertices()[::40]
    dense = constraints.features(vertices)
    assert np.abs(constraints.sparse_features(vertices).toarray() - dense).max() < 1e-12
    off = replace(vertices, biases=vertices.biases + 1e-3)  # through no sample
    dense = constraints.features(off)
    assert np.abs(constraints.sparse_features(off).toarray() - dense).max() < 1e-12


def test_sums_along_arcs_are_those_arc_by_arc():
    problem = Reduction.of(samples(40, 2)).problem
    pricing = PlanePricing(problem)
    assert len(pricing.arcs.sites) > 2 * PLANE.run
    table = np.random.default_rng(0).standard_normal((40, 3))
    expected = pricing.arcs.patterns.astype(float) @ table
    assert np.abs(pricing._summed_along_arcs(table) - expected).max() < 1e-12


def test_many_arcs_are_priced_as_few_are(monkeypatch):
    problem = Reduction.of(samples(40, 2)).problem
    constraints, pricing = constraints_of(problem), PlanePricing(problem)
    values = constraints.multipliers(np.ones_like(constraints.targets))
    few = pricing.maxima(*values, 0.5)[1]
    monkeypatch.setattr(plane, "SETTINGS", replace(PLANE, many=1))
    assert pricing.maxima(*values, 0.5)[1] == pytest.approx(few, rel=1e-12)


def test_a_new_hinge_adds_little_to_what_the_network_misses():
    problem = Reduction.of(samples(30, 2)).problem
    state = PathState(constraints_of(problem), PlanePricing(problem))
    assert state.begin()
    working = state.working()
    for _ in range(8):
        assert iterate(state, working)
        working = state.working()
    before = state._missed()
    found = state.pricing.inner_maxima(*state.constraints.multipliers(state.multipliers), 0.2)[0]
    assert len(found) > len(state.free)
    share = 0.1 * before / len(found)
    state._free_at(found, aim=1e3, room=share)
    assert state._missed() <= 1.1 * before * (1 + 1e-9)
