"""Uniqueness agrees with linear programs over dense sets of hinges, and with what is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

import convexden as cd
from convexden.data import regular_simplex, triangle
from convexden.verification import site_errors

Array = NDArray[np.float64]

SQUARE = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
CONVEX = cd.Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0])


def polygon(sides: int) -> Array:
    turn = 2 * np.pi * np.arange(sides) / sides
    return np.column_stack([np.cos(turn), np.sin(turn)])


def alternating(sides: int) -> cd.Interpolation:
    return cd.Interpolation(polygon(sides), (-1.0) ** np.arange(sides))


# ---------------------------------------------------------------- what is known


@pytest.mark.parametrize(
    ("problem", "hinges"),
    [
        (cd.denoising([0.0, 1.0, 3.0], radius=0.2), 4),
        (cd.denoising([[0, 0], [1, 1], [3, 3]], radius=0.2), 4),
        (cd.denoising([[0, 0], [4, 0], [0, 3]], radius=0.4), 4),
        (cd.denoising(triangle((60, 60, 60)), radius=0.1), 6),
        (cd.denoising(triangle((50, 60, 70)), radius=0.3), 6),
        (cd.denoising(regular_simplex(3), radius=0.2), None),
        (cd.Interpolation([0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 2.0, 1.0, 1.0]), 3),
        (cd.Interpolation(SQUARE, np.ones(4)), 0),
    ],
)
def test_unique(problem: cd.Interpolation, hinges: int | None) -> None:
    solution = cd.solve(problem)
    found = cd.uniqueness(solution)
    assert (found.status, found.dimension, found.unique) == ("unique", 0.0, True)
    assert hinges in (None, len(found.biases))
    assert found.networks == (solution.network,)
    # The multipliers of a simplex are not unique: some leave further hinges barely below one.
    assert found.next_height < (1 - 1e-8 if hinges is None else 1 - 1e-4)
    assert found.independence > 1e-3
    assert found.weights.sum() == pytest.approx(solution.cost, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("problem", "dimension"),
    [
        (cd.Interpolation(SQUARE, SQUARE.prod(axis=1)), 1),
        (alternating(6), 3),
        (alternating(8), 1),
        (cd.Interpolation(SQUARE, SQUARE.prod(axis=1), 0.2), 1),  # its hinges have to be refined
        (cd.Interpolation(polygon(8), (-1.0) ** np.arange(8), 0.1), 1),
        (CONVEX, math.inf),
        (cd.Interpolation(polygon(9), (polygon(9) ** 2) @ [1.0, 3.0]), math.inf),
    ],
)
def test_not_unique(problem: cd.Interpolation, dimension: float) -> None:
    solution = cd.solve(problem)
    found = cd.uniqueness(solution)
    assert (found.status, found.dimension) == ("not unique", dimension)
    assert found.independence == 0.0
    first, second = found.networks
    assert first is solution.network
    assert site_errors(problem, second).totals.max() <= 1e-9
    assert second.representation_cost == pytest.approx(solution.lower_bound, rel=1e-9)
    middle = problem.centers.mean(axis=0)
    probes = middle + np.random.default_rng(0).standard_normal((100, problem.input_dimension))
    assert np.abs(first(probes) - second(probes)).max() > 1e-2


# ---------------------------------------------------------------- brute force


@pytest.mark.parametrize("seed", range(8))
def test_against_linear_programs_over_many_hinges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((8, 2))
    targets = points[:, 0] ** 2 + points[:, 1] ** 2 if seed % 3 == 0 else rng.standard_normal(8)
    solution = cd.solve(cd.Interpolation(points, targets))
    found = cd.uniqueness(solution)
    assert found.status != "undecided"
    hinges = [np.column_stack([h.input_weights, h.biases]) for h in found.networks]
    assert found.unique == (range_of_minimizers(points, targets, np.concatenate(hinges)) < 1e-4)


def range_of_minimizers(points: Array, targets: Array, hinges: Array) -> float:
    """How far values of minimizers with hinges from a dense set differ at some probes: lines
    through samples, and some hinges with their parallels."""
    angles = np.linspace(0, np.pi, 60, endpoint=False)
    normals = np.column_stack([np.cos(angles), np.sin(angles)])
    lines = [np.column_stack([normals, -normals @ y]) for y in points]
    i, j = np.triu_indices(len(points), 1)
    edges = (points[j] - points[i]) @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    edges /= np.linalg.norm(edges, axis=1)[:, None]
    lines.append(np.column_stack([edges, -(edges * points[i]).sum(axis=1)]))
    shifts = np.concatenate([[0.0], np.linspace(-1.0, 1.0, 40)])
    lines += [hinges + [0.0, 0.0, shift] for shift in shifts]
    w = np.concatenate(lines)

    def features(at: Array) -> Array:
        hidden = np.maximum(at @ w[:, :2].T + w[:, 2], 0.0)
        affine = np.column_stack([at, np.ones(len(at))])
        return np.hstack([hidden, -hidden, affine, -affine])

    rows = features(points)
    cost = np.concatenate([np.ones(2 * len(w)), np.zeros(6)])
    best = linprog(cost, A_eq=rows, b_eq=targets, method="highs").fun
    probes = features(np.random.default_rng(1).uniform(-2, 2, (12, 2)))
    ranges = []
    for probe in probes:
        ends = [
            linprog(
                sense * probe,
                A_ub=cost[None],
                b_ub=[best * (1 + 1e-10)],
                A_eq=rows,
                b_eq=targets,
                method="highs",
            ).fun
            for sense in (1, -1)
        ]
        ranges.append(-sum(ends))
    return max(ranges)


# ---------------------------------------------------------------- metamorphic


@pytest.mark.parametrize(
    "problem", [alternating(6), cd.denoising(triangle((50, 60, 70)), radius=0.3)]
)
def test_invariant_under_scale_motion_and_embedding(problem: cd.Interpolation) -> None:
    rng = np.random.default_rng(3)
    frame = np.linalg.qr(rng.standard_normal((4, 2)))[0].T
    expected = cd.uniqueness(cd.solve(problem))
    for scale in (1e-3, 1e3):
        shift = scale * rng.standard_normal(4)
        moved = cd.Interpolation(
            scale * problem.centers @ frame + shift, scale * problem.targets, scale * problem.radii
        )
        solution = cd.solve(moved)
        found = cd.uniqueness(solution)
        assert (found.status, found.dimension) == (expected.status, expected.dimension)
        assert found.next_height == pytest.approx(expected.next_height, abs=1e-6)
        assert np.linalg.norm(found.normals, axis=1) == pytest.approx(1)
        assert np.linalg.norm(found.directions, axis=1) == pytest.approx(1, abs=1e-7)
        assert found.weights.sum() == pytest.approx(solution.cost, rel=1e-9)
        z = moved.centers @ found.normals.T + found.biases
        touching = np.abs(np.abs(z) - moved.radii[:, None]).min(axis=0)
        assert touching.max() <= 1e-8 * scale


def test_multipliers_at_sites_inside_a_ball_count() -> None:
    """The certificate may spread over equal samples, and over sites inside a ball."""
    problem = cd.Interpolation(
        [0.0, 0.05, 1.0, 1.0, 3.0], [0.0, 0.0, 1.0, 1.0, 0.0], [0.1, 0, 0, 0, 0]
    )
    solution = cd.solve(problem)
    certificate = solution.certificate
    values, jacobians = certificate.values.copy(), certificate.jacobians.copy()
    values[1] += 0.3 * values[0]
    values[0] *= 0.7
    jacobians[0] -= values[1][:, None] * 0.05
    values[3] = 0.5 * (values[2] + values[3])
    values[2] = values[3]
    spread = replace(solution, certificate=replace(certificate, values=values, jacobians=jacobians))
    assert cd.verify_certificate(spread).passed
    found, expected = cd.uniqueness(spread), cd.uniqueness(solution)
    assert found.unique
    assert np.sort(found.biases) == pytest.approx(np.sort(expected.biases))


# ---------------------------------------------------------------- what it says


def test_it_refuses_what_is_not_certified() -> None:
    solution = cd.solve(cd.denoising(triangle((50, 60, 70)), radius=0.3))
    for other in (
        replace(solution, status="not-certified"),
        replace(solution, relative_gap=1e-6),
    ):
        with pytest.raises(cd.NotCertified, match="tolerance=1e-08"):
            cd.uniqueness(other)


def test_it_says_what_it_found() -> None:
    said = [str(cd.uniqueness(cd.solve(problem))) for problem in (CONVEX, alternating(6))]
    assert said == [
        "not unique: a family of hinges saturates the dual constraint",
        "not unique: the minimizers form a set of dimension 3",
    ]
    said = str(cd.uniqueness(cd.solve(cd.denoising([0.0, 1.0], radius=0.2))))
    assert said == "unique: 2 hinges saturate the dual constraint, no other maximum is above 0.5"


def test_tiny_balls_have_sides() -> None:
    """A hinge between a point's two tangents is not one through a sample."""
    points = np.array([[i + j / 2, j * np.sqrt(0.75)] for i in range(3) for j in range(3)])
    targets = points @ np.array([[1.0, 2.0], [3.0, -1.0]]) + 0.5
    solution = cd.solve(cd.Interpolation(points, targets, 1e-9))
    found = cd.uniqueness(solution)
    assert found.status == "unique"
    assert found.weights.sum() == pytest.approx(solution.cost, rel=1e-6)


def test_targets_that_are_affine_but_for_rounding() -> None:
    found = cd.uniqueness(cd.solve(cd.Interpolation([0, 0.1, 0.3, 0.7], [1.1, 1.2, 1.4, 1.8])))
    assert found.status == "unique"
