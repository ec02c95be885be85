"""Newton's method on the active hinges: from nearby it ends at rounding, from afar it says no."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import Array, equilateral, random_problem, unit_vectors

from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.hinges import Hinges, distinct
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.newton import Polished, active_set, polish, project
from convexden.solvers.pricing.plane import PlanePricing

PROBLEMS = {
    "acute triangle": denoising([[0, 0], [1, 0], [0.45, 0.8]], radius=0.1),
    "wide balls": denoising(equilateral(), radius=0.7),
    "balls": random_problem(2, "balls", sites=6, outputs=2),
    "samples": random_problem(2, "samples", sites=8, outputs=1),
    "mixed": random_problem(6, "mixed", sites=7, outputs=3),
}


class Optimum:
    """A solved problem: its active hinges, their weights, and multipliers with P = 1."""

    def __init__(self, problem: Interpolation) -> None:
        reduced = Reduction.of(problem).problem
        self.constraints: Constraints = constraints_of(reduced)
        self.pricing = PlanePricing(reduced)
        bounds = ColumnGeneration(self.constraints, self.pricing, 1e-11).run()
        self.cost, self.multipliers = bounds.cost, bounds.multipliers
        found, heights = self.maxima(bounds.multipliers, 0.99)
        norms = np.linalg.norm(bounds.weights, axis=1)
        own = np.linalg.norm(self.constraints.features(bounds.hinges) @ bounds.multipliers, axis=1)
        self.hinges, self.alphas = active_set(bounds.hinges, norms, own, found, heights, 1e-8)

    def maxima(self, multipliers: Array, floor: float) -> tuple[Hinges, Array]:
        found, heights = self.pricing.maxima(*self.constraints.multipliers(multipliers), floor)
        chosen = distinct(found, 1e-9)
        return found[chosen], heights[chosen]

    def turned(self, angles: Array) -> Hinges:
        """The hinges, rolled on their pivots."""
        w, centers = self.hinges.normals, self.constraints.problem.centers
        turns = np.arctan2(w[:, 1], w[:, 0]) + angles
        normals = unit_vectors(turns)
        pivots = centers[self.hinges.pivots]
        biases = self.hinges.biases + np.sum((w - normals) * pivots, axis=1)
        return replace(self.hinges, normals=normals, biases=biases)


@pytest.fixture(scope="module")
def optima() -> dict[str, Optimum]:
    return {name: Optimum(problem) for name, problem in PROBLEMS.items()}


def kkt_residual(constraints: Constraints, polished: Polished) -> float:
    """sum_k psi_k a_k^T = T, Z^T psi_k = a_k / |a_k|, and a_k . Z^T psi_k' = 0 at free hinges."""
    psi = constraints.features(polished.hinges)
    weights, z = polished.weights, polished.multipliers
    norms = np.linalg.norm(weights, axis=1)
    primal = psi.T @ weights - constraints.targets
    dual = psi @ z - weights / norms[:, None]
    free = np.flatnonzero(polished.hinges.free)
    movers = polished.hinges[free]
    turn = np.column_stack([-movers.normals[:, 1], movers.normals[:, 0]])
    slopes = np.sum(weights[free] * (constraints.moving_features(movers, turn) @ z), axis=1)
    parts = (primal, dual, slopes / norms.max())
    return max(float(np.abs(part).max(initial=0)) for part in parts)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("size", [0.0, 1e-6, 1e-3])
def test_from_nearby_it_converges_to_rounding(optima, name, size):
    optimum = optima[name]
    rng = np.random.default_rng(1)
    turns = size * rng.normal(size=(len(optimum.hinges), 1))
    start, _ = optimum.pricing.moved(optimum.hinges, turns)
    alphas = optimum.alphas * (1 + size * rng.uniform(-1, 1, len(start)))
    noise = size * rng.normal(size=optimum.multipliers.shape)
    polished = polish(
        optimum.constraints, optimum.pricing, start, alphas, optimum.multipliers + noise
    )
    assert polished is not None
    assert kkt_residual(optimum.constraints, polished) <= 1e-12 * max(
        1, np.abs(polished.weights).max()
    )
    cost = np.linalg.norm(polished.weights, axis=1).sum()
    assert cost == pytest.approx(optimum.cost, rel=1e-10)
    # Each hinge is on its face still: at its pivot's distance, with its pattern.
    problem = optimum.constraints.problem
    z = polished.hinges.offsets(problem)
    at = np.arange(len(z))
    pivots = polished.hinges.pivots
    np.testing.assert_allclose(np.abs(z[at, pivots]), problem.radii[pivots], atol=1e-13)
    z[at, pivots] = np.where(polished.hinges.patterns[at, pivots], 1.0, -1.0)
    clear = np.abs(z) > 1e-9
    assert ((z > 0) == polished.hinges.patterns)[clear].all()


def test_the_problems_have_free_and_held_hinges(optima):
    free = {name: optimum.hinges.free for name, optimum in optima.items()}
    assert any(flags.any() for flags in free.values())
    assert any((~flags).any() for flags in free.values())


def test_from_nonsense_it_gives_up_or_finds_a_stationary_point(optima):
    """It must come back, and never with something that does not satisfy its equations."""
    gave_up = 0
    for optimum in optima.values():
        for seed in range(4):
            rng = np.random.default_rng(seed)
            polished = polish(
                optimum.constraints,
                optimum.pricing,
                optimum.hinges,
                rng.uniform(0, 1, len(optimum.hinges)),
                10 * rng.normal(size=optimum.multipliers.shape),
            )
            if polished is None:
                gave_up += 1
            else:
                size = max(1, np.abs(polished.weights).max())
                assert kkt_residual(optimum.constraints, polished) <= 1e-8 * size
                norms = np.linalg.norm(polished.weights, axis=1)
                units = optimum.constraints.features(polished.hinges) @ polished.multipliers
                np.testing.assert_allclose(polished.weights, norms[:, None] * units, atol=1e-8)
    assert gave_up


def test_hinges_that_cannot_carry_the_targets_are_refused(optima):
    optimum = optima["balls"]
    half = optimum.hinges[: len(optimum.hinges) // 2]
    alphas = optimum.alphas[: len(half)]
    assert polish(optimum.constraints, optimum.pricing, half, alphas, optimum.multipliers) is None


def test_not_a_number_is_refused(optima):
    optimum = optima["balls"]
    nothing = np.full_like(optimum.multipliers, np.nan)
    try:
        polished = polish(
            optimum.constraints, optimum.pricing, optimum.hinges, optimum.alphas, nothing
        )
    except (ValueError, np.linalg.LinAlgError):
        return
    assert polished is None


def test_a_hinge_that_does_not_belong_is_dropped(optima):
    """An inactive maximum comes with a small weight, which turns negative, and is gone."""
    dropped = 0
    for optimum in optima.values():
        found, heights = optimum.maxima(optimum.multipliers, 0.5)
        for k in np.flatnonzero(heights < 0.97):
            hinges = optimum.hinges + found[[k]]
            alphas = np.append(optimum.alphas, 1e-3 * optimum.alphas.mean())
            polished = polish(
                optimum.constraints, optimum.pricing, hinges, alphas, optimum.multipliers
            )
            if polished is None:
                continue
            assert (
                kkt_residual(optimum.constraints, polished)
                <= 1e-11 * np.abs(polished.weights).max()
            )
            cost = np.linalg.norm(polished.weights, axis=1).sum()
            assert cost >= optimum.cost * (1 - 1e-9)
            dropped += len(polished.hinges) < len(hinges) and cost <= optimum.cost * (1 + 1e-9)
    assert dropped


@pytest.mark.parametrize("name", PROBLEMS)
def test_no_hinge_leaves_its_face(optima, name):
    """However far it is sent, and it says so."""
    optimum = optima[name]
    arcs = optimum.pricing.arcs
    for size in (1e-3, 1.0, 10.0):
        steps = np.full((len(optimum.hinges), 1), size)
        moved, held_back = optimum.pricing.moved(optimum.hinges, steps)
        angles = np.arctan2(moved.normals[:, 1], moved.normals[:, 0])
        starts, ends = arcs.starts[moved.faces], arcs.ends[moved.faces]
        turned = (angles - starts + 1e-9) % (2 * np.pi) - 1e-9
        assert (turned <= ends - starts + 1e-12)[moved.free].all()
        assert not held_back[~moved.free].any()
        before = np.arctan2(optimum.hinges.normals[:, 1], optimum.hinges.normals[:, 0])
        free = np.flatnonzero(moved.free & ~held_back)
        change = (angles - before - size + np.pi) % (2 * np.pi) - np.pi
        np.testing.assert_allclose(change[free], 0.0, atol=1e-12)


def test_held_hinges_stay_where_they_are(optima):
    """Those carried over from another problem lie on no face, and have no room to speak of."""
    for optimum in optima.values():
        held = np.flatnonzero(~optimum.hinges.free)
        faces = optimum.hinges.faces.copy()
        faces[held] = -1
        hinges = replace(optimum.hinges, faces=faces)
        polished = polish(
            optimum.constraints,
            optimum.pricing,
            hinges,
            1.001 * optimum.alphas,
            optimum.multipliers,
        )
        assert polished is not None
        lines = np.column_stack([polished.hinges.normals, polished.hinges.biases])
        for line in np.column_stack([hinges.normals, hinges.biases])[held]:
            assert (lines == line).all(axis=1).any()


@pytest.mark.parametrize("name", PROBLEMS)
def test_projected_multipliers_are_dual_to_the_network_and_the_nearest(optima, name):
    optimum = optima[name]
    polished = polish(
        optimum.constraints, optimum.pricing, optimum.hinges, optimum.alphas, optimum.multipliers
    )
    assert polished is not None
    rng = np.random.default_rng(0)
    given = polished.multipliers + 0.1 * rng.normal(size=polished.multipliers.shape)
    projected = project(optimum.constraints, optimum.pricing, polished, given)
    moved = Polished(polished.hinges, polished.weights, projected)
    assert kkt_residual(optimum.constraints, moved) <= 1e-10 * np.abs(polished.weights).max()
    # Nearest: the step is orthogonal to every change that keeps the equations.
    other = project(
        optimum.constraints, optimum.pricing, polished, given + 0.1 * rng.normal(size=given.shape)
    )
    step = projected - given
    assert abs(np.sum(step * (other - projected))) <= 1e-9 * np.linalg.norm(step)
    np.testing.assert_allclose(
        project(optimum.constraints, optimum.pricing, polished, projected), projected, atol=1e-9
    )
