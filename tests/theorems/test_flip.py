"""The flip theorem, against programs over hinges of both orientations without a skip connection."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from convexden.data import triangle
from convexden.theorems import flip

Array = NDArray[np.float64]


def _without_skip(sites: Array, radii: Array, targets: Array, hinges: Array) -> float:
    """The least cost of networks with these hinges, either way round, and no skip connection."""
    both = np.concatenate([hinges, -hinges])
    z = sites @ both[:, :-1].T + both[:, -1]
    active = (z > radii.max() / 2).astype(float)
    a = cp.Variable((len(both), targets.shape[1]))
    offset = cp.Variable((1, targets.shape[1]))
    rows = [(active * z) @ a + np.ones((len(sites), 1)) @ offset == targets]
    rows += [a.T @ (active[n][:, None] * both[:, :-1]) == 0 for n in np.flatnonzero(radii)]
    problem = cp.Problem(cp.Minimize(cp.sum(cp.norm(a, 2, axis=1))), rows)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value)


def _hinges(network: cd.ShallowNetwork) -> Array:
    return np.column_stack([network.input_weights, network.biases])


@pytest.mark.parametrize("radii", [[0.3, 0.3, 0.3], [0.3, 0.3, 0.1]])
def test_a_ball_makes_the_skip_connection_free(radii: list[float]) -> None:
    points = np.array(triangle((50, 60, 70)))
    problem = cd.Interpolation(points, points, radii)
    solution = cd.solve(problem)
    turned = solution.network.without_skip(points[0])
    program = _without_skip(points, problem.radii, points, _hinges(turned))
    assert not turned.skip.any()
    assert turned.representation_cost == pytest.approx(solution.cost, rel=1e-12)
    assert program == pytest.approx(solution.cost, rel=1e-7)
    probes = 3 * np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(turned(probes), solution.network(probes), atol=1e-9)


def test_samples_need_it() -> None:
    problem = cd.Interpolation([0.0, 1.0, 2.0], [0.0, 3.0, 6.5])
    hinges = np.column_stack([np.ones(3), -problem.centers])
    program = _without_skip(problem.centers, problem.radii, problem.targets, hinges)
    assert cd.solve(problem).cost == pytest.approx(0.5)
    assert program == pytest.approx(3.5, rel=1e-7)  # (S + |first slope + last slope|) / 2
    with pytest.raises(cd.InvalidProblem, match="give a radius > 0"):
        flip.closed_form(problem.centers, 0.0, problem.targets)


def test_two_part_networks_stay_exact() -> None:
    """Of balls that almost touch the ramps are so steep that their weights are sums of two floats;
    turned they are the same."""
    problem = cd.denoising([0.0, 1.0, 3.0], radius=0.5 - 2e-10)
    network = cd.solve(problem).network
    turned = network.without_skip(3.0)
    assert network.two_part
    assert turned.two_part
    assert not turned.skip.any()
    np.testing.assert_allclose(turned([0.2, 0.8, 3.1]).ravel(), [0.0, 1.0, 3.0], atol=1e-9)


def test_elsewhere_it_is_refused() -> None:
    network = cd.solve(cd.denoising([0.0, 1.0], radius=0.1)).network
    with pytest.raises(cd.InvalidInput, match="give the center of a ball"):
        network.without_skip(0.5)
    with pytest.raises(cd.InvalidInput, match="site is 2 points: give one"):
        network.without_skip([[0.0], [1.0]])


@pytest.mark.parametrize("kind", flip.KINDS)
def test_instances_are_confirmed(kind: str) -> None:
    index = flip.KINDS.index(kind)
    result = flip.verify(**flip.THEOREM.draw(1, index))
    assert result.verdict == "confirmed"
    assert result.measured["skip connection before"] > 0
    assert result.measured["skip connection after"] == 0
