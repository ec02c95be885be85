"""All minimizers: against Hanin's formulas on the line and programs over dense hinges."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

import convexden as cd
from convexden.theorems import hanin, sparsest

Array = NDArray[np.float64]

CONVEX = cd.Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0])
CORNERS = cd.Interpolation([[1, 1], [-1, 1], [-1, -1], [1, -1]], [1, -1, 1, -1])


def _dense_range(problem: cd.Interpolation, hinges: Array, cost: float, point: Array) -> Array:
    """The least and largest value at a point of networks with these hinges that cost no more."""
    y = problem.centers
    signed = np.concatenate([hinges, hinges])
    sign = np.repeat([1.0, -1.0], len(hinges))
    free = np.column_stack([y, np.ones(len(y))])
    here = np.append(point, 1.0)

    def values(places: Array) -> Array:
        return np.maximum(places @ signed[:, :-1].T + signed[:, -1], 0.0) * sign

    at = np.concatenate([values(point[None])[0], here, -here])
    rows = np.hstack([values(y), free, -free])
    price = np.append(np.ones(len(signed)), np.zeros(2 * free.shape[1]))
    ends = [
        linprog(
            side * at,
            A_ub=price[None],
            b_ub=[cost * (1 + 1e-9)],
            A_eq=rows,
            b_eq=problem.targets[:, 0],
            method="highs",
        ).fun
        * side
        for side in (1, -1)
    ]
    return np.array(ends)


@pytest.mark.parametrize("index", [1, 4, 7])
def test_the_line_is_as_hanin_says(index: int) -> None:
    problem = hanin.hypotheses(**hanin.THEOREM.draw(3, index))
    found = cd.minimizers(cd.solve(problem))
    least = sum(math.ceil(count / 2) for count in sparsest.runs(problem))
    assert found.sparsest.neurons == least
    x = np.sort(problem.centers[:, 0])
    start, stop = list(pairwise(x))[len(x) // 2]
    values = found.value_range(start + 0.37 * (stop - start))
    expected = hanin.value_range(problem, float(start + 0.37 * (stop - start)))
    scale = problem.target_spread
    assert (values.low, values.high) == pytest.approx(expected, abs=1e-9 * scale)
    assert values.outer_low <= values.low + 1e-9 * scale
    assert values.outer_high >= values.high - 1e-9 * scale


def test_the_line_against_dense_hinges() -> None:
    solution = cd.solve(CONVEX)
    grid = np.linspace(0.0, 3.0, 301)
    hinges = np.column_stack([np.ones_like(grid), -grid])
    values = cd.minimizers(solution).value_range(1.25)
    dense = _dense_range(CONVEX, hinges, solution.cost, np.array([1.25]))
    assert (values.low, values.high) == pytest.approx(dense, abs=1e-6)


def test_the_plane_against_dense_hinges() -> None:
    solution = cd.solve(CORNERS)
    found = cd.minimizers(solution)
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, np.pi, 300)
    normals = np.column_stack([np.cos(angle), np.sin(angle)])
    through = rng.integers(0, 4, 300)
    hinges = np.column_stack([normals, -(normals * CORNERS.centers[through]).sum(axis=1)])
    diagonal = np.array([[1, 1, 0], [1, -1, 0]]) / np.sqrt(2)
    point = np.array([0.2, 0.1])
    dense = _dense_range(CORNERS, np.concatenate([hinges, diagonal]), solution.cost, point)
    values = found.value_range(point)
    assert found.dimension == 1
    assert len(found.vertices) == 2
    assert found.sparsest.neurons == 1
    assert (values.low, values.high) == pytest.approx(dense, abs=1e-6)
    for network, value in zip(values.networks, (values.low, values.high), strict=True):
        assert network(point).item() == pytest.approx(value, abs=1e-12)
        assert network.representation_cost == pytest.approx(solution.cost, rel=1e-9)


def test_vertices_are_minimizers() -> None:
    problem = hanin.hypotheses(**hanin.THEOREM.draw(3, 7))
    found = cd.minimizers(cd.solve(problem))
    assert found.dimension == 4
    assert len(found.vertices) > 4
    for weights in found.vertices:
        network = found.network(weights)
        assert network.representation_cost == pytest.approx(found.solution.cost, rel=1e-9)
        assert network(problem.centers) == pytest.approx(problem.targets, abs=1e-9)
        assert (weights > 0).sum() <= len(weights) - found.dimension


def test_the_least_risk() -> None:
    found = cd.minimizers(cd.solve(CONVEX))
    inside = found.least_risk([1.5], [-0.3])
    assert inside.risk == pytest.approx(0.0, abs=1e-12)
    below = found.least_risk([1.5], [-1.0])  # the range ends at -0.5
    assert below.risk == pytest.approx(0.25, rel=1e-9)
    assert below.lower_bound == pytest.approx(0.25, rel=1e-6)
    several = found.least_risk([1.25, 1.75], [-0.25, -0.5])
    # Bends at 1, 1.25, 1.75 and 2, those in the middle on a grid; the dots say the others.
    second, third = np.meshgrid(*2 * [np.linspace(0.0, 1.4, 141)])
    first, last = 1 - 0.75 * second - 0.25 * third, 1 - 0.25 * second - 0.75 * third
    at = -0.25 + 0.25 * first, -0.75 + 0.75 * first + 0.5 * second
    risks = ((at[0] + 0.25) ** 2 + (at[1] + 0.5) ** 2) / 2
    grid = risks[(first >= 0) & (last >= 0)]
    assert several.lower_bound <= several.risk <= grid.min() + 1e-9
    assert several.lower_bound == pytest.approx(several.risk, abs=1e-7)


def test_affine_and_unique_minimizers() -> None:
    affine = cd.minimizers(cd.solve(cd.Interpolation([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])))
    assert affine.sparsest.neurons == 0
    assert affine.sparsest([0.5]).item() == pytest.approx(0.5)
    balls = cd.minimizers(cd.solve(cd.Interpolation([0.0, 1.0, 3.0], [0.0, 1.0, 0.0], 0.2)))
    assert balls.dimension == 0
    assert balls.sparsest([0.1, 3.1]).ravel() == pytest.approx([0.0, 0.0], abs=1e-12)


def test_what_it_does_not_apply_to() -> None:
    with pytest.raises(cd.NotSupported, match="one output"):
        cd.minimizers(cd.solve(cd.denoising([[0, 0], [1, 0], [0, 1]], radius=0.1)))
    flat = cd.solve(cd.Interpolation([[0, 0], [1, 1], [2, 2], [3, 3]], [1, 0, 0, 1]))
    with pytest.raises(cd.NotSupported, match="span"):
        cd.minimizers(flat)
    mixed = cd.solve(cd.Interpolation([0, 1, 2, 3, 9], [1, 0, 0, 1, 1], [0, 0, 0, 0, 0.5]))
    with pytest.raises(cd.NotSupported, match="family"):
        cd.minimizers(mixed)
    other = cd.Interpolation([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], cost=cd.Cost(skip=False))
    with pytest.raises(cd.NotSupported, match="default cost"):
        cd.minimizers(cd.solve(other))
    with pytest.raises(cd.InvalidProblem, match="does not fit"):
        cd.minimizers(cd.solve(CONVEX)).value_range([0.0, 1.0])


def test_saturating_hinges_that_no_minimizer_uses_are_left_out() -> None:
    """Three dots in line between two concave bends: one minimizer, though a gap is saturated."""
    points = [2.547191957352305, 0.6810979555265497, -0.7903008146930744, 0.14128054732031756]
    points += [-0.608227295591133, 0.5060432981856339]
    found = cd.minimizers(cd.solve(cd.Interpolation(points, [-1.0, -1, -1, 1, 1, 1])))
    assert found.dimension == 0
    assert len(found.vertices) == 1
    assert found.sparsest.neurons == 3


def test_the_range_of_a_unique_minimizer_whose_hinge_may_turn() -> None:
    points = [
        [0.8990415070294537, 0.8461465708806291, 0.16387797219522518],
        [0.9606733344162118, -1.8175655303968554, 1.0414718185926266],
        [0.1859115250456095, -1.7675494596871915, 0.6853511278667699],
        [-0.9616684175119565, 0.024700502537086572, 0.654990345001946],
        [0.022871854110865387, -0.953844129652474, -0.029131061408416325],
    ]
    found = cd.minimizers(cd.solve(cd.Interpolation(points, [1.0, -1, 1, -1, 1])))
    values = found.value_range(np.mean(points[:2], axis=0))
    assert found.dimension == 0
    assert values.low == pytest.approx(values.high, abs=1e-9)
    assert values.outer_low <= values.low <= values.high <= values.outer_high
