"""No feasible hinge of a massive search beats the pricing maximum, and some hinge attains it."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import (
    Array,
    Lines,
    common_tangents,
    dual_vectors,
    equilateral,
    random_multipliers,
    random_problem,
    tangent_lines,
    unit_vectors,
)

from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solvers.hinges import Hinges, distinct
from convexden.solvers.pricing.plane import PlanePricing
from convexden.verification.exact.dual import close_dual
from convexden.verification.pricing_bound import pricing_interval

GRID = np.array([[i, j] for i in range(3) for j in range(3)], dtype=float)
TWO_BALLS = {
    "two balls": ([[0, 0], [1, 1]], 0.4),
    "two balls that touch": ([[0, 0], [2, 0]], 1.0),
}
SPECIAL = {
    "collinear balls": ([[0, 0], [1, 0], [2.5, 0], [4, 0]], 0.3),
    "collinear samples and one more": ([[0, 0], [1, 0], [2, 0], [3, 0], [1, 1]], 0.0),
    "grid with common tangents": (GRID, 0.2),
    "grid of samples": (GRID, 0.0),
    "grid of both": (GRID, np.tile([0.2, 0.0], 5)[:9]),
    "grid whose balls touch": (GRID, 0.5),
    "equilateral": (equilateral(), 0.7),
    **TWO_BALLS,
    "touching balls of one size": ([[0, 0], [2, 0], [1, np.sqrt(3)]], 1.0),
    "touching balls of two sizes": ([[0, 0], [3, 0], [0, 4]], [2, 1, 0.5]),
    "a sample on a ball": ([[0, 0], [1, 0], [-2, 1]], [1, 0, 0.5]),
    "overlapping balls": ([[0, 0], [0.5, 0], [2, 1]], [0.5, 0.4, 0.1]),
    "a ball in a ball": ([[0, 0], [0.1, 0], [2, 1], [0, 3]], [0.5, 0.1, 0.1, 0]),
    "nearly the same ball twice": ([[0, 0], [1e-7, 0], [2, 1], [0, 3]], [0.5, 0.5, 0.1, 0]),
    "tiny balls": ([[0, 0], [1, 0], [0.3, 0.8], [2, 2]], 1e-9),
    "balls of all sizes": ([[0, 0], [50, 0], [60, 60], [60, 61]], [40, 1e-3, 1e-6, 0]),
    "almost one point": ([[0, 0], [1, 0], [1, 1e-6], [0, 1]], 0.0),
    "right angle": ([[0, 0], [3, 0], [0, 4]], 0.48),
}


def special(name: str, outputs: int = 2) -> Interpolation:
    """With one target for all, because sites that meet may have no other; in units of spread."""
    centers, radii = (np.asarray(array, dtype=float) for array in SPECIAL[name])
    centers = centers - centers.mean(axis=0)
    spread = np.linalg.norm(centers, axis=1).max()
    return Interpolation(centers / spread, np.zeros((len(centers), outputs)), radii / spread)


def accuracy_in(name: str) -> float:
    """Between balls that touch there is one hinge, known to the root of the rounding only."""
    return 1e-6 if "touch" in name else 1e-12


def widened(problem: Interpolation, outputs: int) -> Interpolation:
    return Interpolation(problem.centers, np.zeros((len(problem), outputs)), problem.radii)


def heights_of(problem: Interpolation, lines: Lines | Hinges, values: Array, jacobians: Array):
    return np.linalg.norm(dual_vectors(problem, lines, values, jacobians), axis=1)


def searched_maximum(problem: Interpolation, values: Array, jacobians: Array, rng) -> float:
    """The largest g of 1500 random normals and of all common tangents, then nearer and nearer."""
    normals = np.vstack([unit_vectors(rng.uniform(0, 2 * np.pi, 1500)), common_tangents(problem)])
    # Common tangents of three and more sites hold up to rounding only.
    lines = tangent_lines(problem, normals, slack=1e-14)
    heights = heights_of(problem, lines, values, jacobians)
    best = heights.max()
    for width in 10.0 ** np.arange(-2, -8, -1):
        start = lines.w[np.argsort(-heights)[:40]]
        angles = np.arctan2(start[:, 1], start[:, 0])
        near = angles[:, None] + width * np.linspace(-1, 1, 13)
        lines = tangent_lines(problem, unit_vectors(near.ravel()), slack=1e-14)
        if not len(lines.b):
            break
        heights = heights_of(problem, lines, values, jacobians)
        best = max(best, heights.max())
    return float(best)


def check(problem: Interpolation, seed: int, accuracy: float = 1e-12) -> None:
    rng = np.random.default_rng(seed)
    pricing = PlanePricing(problem)
    values, jacobians = random_multipliers(problem, rng)
    hinges, heights = pricing.maxima(values, jacobians, 0.0)
    size = np.abs(values).sum() + np.abs(jacobians).sum()
    searched = searched_maximum(problem, values, jacobians, rng)
    assert searched <= heights[0] * (1 + accuracy) + 1e-13 * size
    assert searched >= heights[0] * (1 - 1e-6) - 1e-13 * size
    # What is returned is what it says: feasible hinges, the greatest first, with their g.
    z = hinges.normals @ problem.centers.T + hinges.biases[:, None]
    assert (np.abs(z) >= problem.radii - 3e-12).all()
    off = ~np.isclose(z, 0, atol=1e-11) | (problem.radii > 1e-10)
    assert ((z > 0) == hinges.patterns)[off].all()
    at = np.arange(len(hinges))
    np.testing.assert_allclose(z[at, hinges.pivots], problem.radii[hinges.pivots], atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(hinges.normals, axis=1), 1, rtol=1e-14)
    lines = Lines(hinges.normals, hinges.biases, hinges.patterns, hinges.pivots)
    np.testing.assert_allclose(
        heights, heights_of(problem, lines, values, jacobians), rtol=1e-9, atol=1e-13 * size
    )
    assert (np.diff(heights) <= 0).all()


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_no_hinge_beats_the_maximum(kind, outputs):
    for seed in range(4):
        problem = Reduction.of(
            random_problem(seed, kind, sites=3 + 2 * seed, outputs=outputs)
        ).problem
        check(widened(problem, outputs), seed)


@pytest.mark.parametrize("name", SPECIAL)
def test_no_hinge_beats_the_maximum_in_special_positions(name):
    for seed, outputs in enumerate((1, 2, 3)):
        check(special(name, outputs), seed, accuracy_in(name))


@pytest.mark.parametrize("name", sorted(SPECIAL.keys() - {"collinear balls", *TWO_BALLS}))
def test_the_maximum_lies_in_the_interval_that_verification_finds(name):
    problem = special(name)
    pricing = PlanePricing(problem)
    for seed in range(5):
        values, jacobians = random_multipliers(problem, np.random.default_rng(seed))
        found = pricing.maxima(values, jacobians, 1.0)[1][0]
        dual = close_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
        interval = pricing_interval(dual)
        accuracy = 1e-9 + accuracy_in(name)
        # What no hinge sees is rounding to the solver, and 0 to the verification.
        noise = 1e-14 * float(np.abs(values).sum() + np.abs(jacobians).sum())
        assert interval.lower * (1 - accuracy) <= found + noise
        assert found <= interval.upper * (1 + accuracy) + noise


def test_the_maximum_of_sparse_multipliers():
    """Multipliers of solutions live on few sites: g vanishes on most arcs and is flat on others."""
    problem = special("grid with common tangents", 1)
    for n, m in ((0, 1), (0, 4), (3, 5), (0, 8)):
        step = problem.centers[m] - problem.centers[n]
        values, jacobians = np.zeros((9, 1)), np.zeros((9, 1, 2))
        values[n], values[m] = 1.0, -1.0
        jacobians[n, 0] = jacobians[m, 0] = step / 2
        rng = np.random.default_rng(n)
        found = PlanePricing(problem).maxima(values, jacobians, 0.0)[1][0]
        searched = searched_maximum(problem, values, jacobians, rng)
        assert found == pytest.approx(searched, rel=1e-6)
        assert found >= searched * (1 - 1e-12)


def test_the_floor_hides_what_is_below_it_and_nothing_else():
    problem = Reduction.of(random_problem(5, "balls", sites=7, outputs=2)).problem
    pricing = PlanePricing(problem)
    values, jacobians = random_multipliers(problem, np.random.default_rng(5))
    everything, heights = pricing.maxima(values, jacobians, 0.0)
    assert len(distinct(everything, 1e-9)) > 5
    for floor in (0.3 * heights[0], 0.9 * heights[0], 0.999 * heights[0]):
        some, high = pricing.maxima(values, jacobians, floor)
        assert (high >= floor).all()
        expected = everything[heights >= floor]
        assert len(distinct(some, 1e-9)) == len(distinct(expected, 1e-9))
    _, above = pricing.maxima(values, jacobians, 2 * heights[0])
    assert above[0] == heights[0]


def rolled(hinges: Hinges, index: int, site: int, turn: float, problem: Interpolation) -> Lines:
    """The hinge, turned about a site that it touches, at the same distance."""
    w, b = hinges.normals[index], hinges.biases[index]
    distance = w @ problem.centers[site] + b
    normal = np.array(
        [[np.cos(turn) * w[0] - np.sin(turn) * w[1], np.sin(turn) * w[0] + np.cos(turn) * w[1]]]
    )
    bias = distance - normal @ problem.centers[site]
    z = normal @ problem.centers.T + bias[:, None]
    z[0, site] = distance
    return Lines(normal, bias, z > 0, np.array([site]))


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_maxima_are_local_maxima(kind):
    """No maximum rises when its hinge rolls a little on a site that it touches."""
    for seed in range(4):
        problem = Reduction.of(random_problem(seed + 20, kind, sites=6, outputs=2)).problem
        dual = random_multipliers(problem, np.random.default_rng(seed))
        hinges, heights = PlanePricing(problem).maxima(*dual, 0.0)
        hinges, heights = hinges[heights > 1e-9 * heights[0]], heights[heights > 1e-9 * heights[0]]
        z = hinges.normals @ problem.centers.T + hinges.biases[:, None]
        rolls = 0
        for index, site in np.argwhere(np.abs(np.abs(z) - problem.radii) < 1e-10):
            for turn in (1e-4, -1e-4):
                line = rolled(hinges, index, site, turn, problem)
                if (np.abs(line.w @ problem.centers.T + line.b) >= problem.radii - 1e-13).all():
                    assert heights_of(problem, line, *dual)[0] <= heights[index] * (1 + 1e-9)
                    rolls += 1
        assert rolls > len(hinges)


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_no_local_maximum_is_missing(kind):
    """Where g has a peak on a fine grid of tangent hinges, there is a maximum among those found."""
    peaks = 0
    for seed in range(4):
        problem = Reduction.of(random_problem(seed + 20, kind, sites=6, outputs=2)).problem
        dual = random_multipliers(problem, np.random.default_rng(seed))
        hinges, _ = PlanePricing(problem).maxima(*dual, 0.0)
        found = np.column_stack([hinges.normals, hinges.biases])
        found = np.vstack([found, -found])
        grid = tangent_lines(problem, unit_vectors(np.linspace(0, 2 * np.pi, 2000, endpoint=False)))
        heights = heights_of(problem, grid, *dual)
        angles = np.arctan2(grid.w[:, 1], grid.w[:, 0]) % (2 * np.pi)
        for site in range(len(problem)):
            side = grid.patterns[:, site] | (problem.radii[site] == 0)
            mine = np.flatnonzero((grid.pivots == site) & side)
            mine = mine[np.unique(angles[mine], return_index=True)[1]]
            left, here, right = mine[:-2], mine[1:-1], mine[2:]
            peak = heights[here] > np.maximum(heights[left], heights[right])
            peak &= heights[here] > 1e-9 * heights.max()
            peak &= angles[right] - angles[left] < 2.1 * 2 * np.pi / 2000
            peak &= (grid.patterns[left] == grid.patterns[right]).all(axis=1)
            for k in here[peak]:
                distances = np.abs(found - [*grid.w[k], grid.b[k]]).max(axis=1)
                assert distances.min() < 4 * 2 * np.pi / 2000
                peaks += 1
    assert peaks > 10


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
def test_a_hinge_turns_to_the_ends_of_its_arc(kind):
    problem = Reduction.of(random_problem(31, kind, sites=7, outputs=1)).problem
    pricing = PlanePricing(problem)
    values, jacobians = random_multipliers(problem, np.random.default_rng(3))
    hinges, _ = pricing.maxima(values, jacobians, 0.0)
    hinges = hinges[np.flatnonzero(hinges.free)]
    assert len(hinges) > 1
    far = np.full((len(hinges), 1), 10.0)
    angles = np.arctan2(hinges.normals[:, 1], hinges.normals[:, 0])
    ends = [pricing.moved(hinges, sense * far)[0].normals for sense in (-1, 1)]
    low, high = (np.arctan2(normals[:, 1], normals[:, 0]) for normals in ends)
    room = zip(-((angles - low) % (2 * np.pi)), (high - angles) % (2 * np.pi), strict=True)
    for index, (back, ahead) in enumerate(room):
        assert back < 0 < ahead
        pivot = int(hinges.pivots[index])

        def state(turn: float, index=index, pivot=pivot) -> tuple[bool, bool]:
            line = rolled(hinges, index, pivot, turn, problem)
            z = problem.centers @ line.w[0] + line.b
            z[pivot] = problem.radii[pivot]
            same = (np.delete(line.patterns[0] == hinges.patterns[index], pivot)).all()
            return bool((np.abs(z) >= problem.radii - 1e-12).all()), bool(same)

        for share in (0.3, 0.999):
            assert state(share * back) == state(share * ahead) == (True, True)
        assert state(back - 1e-6) != (True, True)
        assert state(ahead + 1e-6) != (True, True)


def test_pricing_scales_with_the_multipliers():
    problem = Reduction.of(random_problem(8, "mixed", sites=6, outputs=2)).problem
    pricing = PlanePricing(problem)
    values, jacobians = random_multipliers(problem, np.random.default_rng(8))
    reference = pricing.maxima(values, jacobians, 0.0)[1][0]
    for factor in (1e-8, 1e-3, 1e3, 1e8):
        assert pricing.maxima(factor * values, factor * jacobians, 0.0)[1][0] == pytest.approx(
            factor * reference, rel=1e-10
        )


def test_no_multipliers_no_height():
    problem = Reduction.of(random_problem(8, "mixed", sites=6, outputs=2)).problem
    _, heights = PlanePricing(problem).maxima(np.zeros((6, 2)), np.zeros((6, 2, 2)), 1.0)
    assert heights[0] == 0.0
