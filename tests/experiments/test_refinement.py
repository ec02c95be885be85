"""The end of a training: small errors on whole balls, at a cost near the certified one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from convexden import data
from convexden.errors import InvalidInput, InvalidProblem
from convexden.experiments.training import Snapshot, Trained, refine, worst_error
from convexden.experiments.training.refinement import found_error, touching_samples
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.solving.interpolation import solve

TRIANGLE = denoising(data.triangle([48, 60, 72]), radius=0.2)


def _rough(problem: Interpolation, neurons: int, seed: int = 0) -> Trained:
    """A run that has only just begun."""
    rng = np.random.default_rng(seed)
    p, d = problem.output_dimension, problem.input_dimension
    w = rng.standard_normal((neurons, d))
    on = problem.centers[rng.integers(len(problem), size=neurons)]
    b = -np.einsum("kd,kd->k", w, on) + 0.3 * rng.standard_normal(neurons)
    network = ShallowNetwork(rng.standard_normal((neurons, p)) / neurons, w, b)
    history = (Snapshot(1, 0.5, 1e-3, 1.0, network),)
    cost, error = network.representation_cost, worst_error(problem, network)
    return Trained(problem, network, cost, error, history, 0.5, False)


@pytest.mark.parametrize(
    "problem",
    [
        TRIANGLE,
        denoising(data.regular_simplex(3), radius=0.2),
        denoising([0.0, 1.0, 2.5], radius=0.2),
    ],
    ids=["triangle", "tetrahedron", "line"],
)
def test_errors_are_small_and_the_cost_is_near_the_optimum(problem: Interpolation) -> None:
    found = refine(_rough(problem, 40))
    optimum = solve(problem)
    assert found.error <= 1e-4 * problem.target_spread
    assert found.error >= worst_error(problem, found.network)
    # From random weights L-BFGS ends in a local minimum.
    assert -2e-3 < found.cost / optimum.cost - 1 < 0.2
    assert found.history[0].epoch == 1
    assert found.history[-1].network is found.network
    assert all(b.penalty < a.penalty for a, b in pairwise(found.history[1:]))
    assert not found.interrupted


def test_samples_behind_hinges_are_where_a_network_errs_most() -> None:
    # One hinge that cuts a cap of depth 0.05 off the ball around 0, with slope 2 behind it.
    problem = denoising([[0.0, 0.0], [0.0, 3.0]], radius=0.5)
    network = ShallowNetwork([[2.0, 0.0]], [[0.6, 0.8]], [-0.45])
    points, targets = touching_samples(problem, network)
    np.testing.assert_allclose(points, [[0.3, 0.4]])
    np.testing.assert_allclose(targets, [[0.0, 0.0]])
    np.testing.assert_allclose(network(points), [[0.1, 0.0]])
    # A weightless neuron has none, samples have no inside.
    nothing = ShallowNetwork([[0.0, 0.0]], [[0.6, 0.8]], [-0.45])
    assert not len(touching_samples(problem, nothing)[0])
    assert not len(touching_samples(Interpolation(problem.centers, problem.targets), network)[0])
    assert found_error(problem, network) >= worst_error(problem, network)


def test_a_refinement_can_be_ended() -> None:
    def stop(snapshot: Snapshot) -> None:
        """End after the first penalty."""
        raise StopIteration

    found = refine(_rough(TRIANGLE, 10), progress=stop)
    assert found.interrupted
    assert len(found.history) == 2


def test_what_is_refused() -> None:
    rough = _rough(TRIANGLE, 5)
    with pytest.raises(InvalidInput, match="error"):
        refine(rough, error=0.0)
    with pytest.raises(InvalidInput, match="trained"):
        refine(rough.network)  # type: ignore[arg-type]
    samples = Interpolation([[0.0], [1.0]], [[1.0], [2.0]])
    with pytest.raises(InvalidProblem, match="give radii > 0"):
        refine(_rough(samples, 3))
    same = Interpolation([[0.0], [1.0]], [[2.0], [2.0]], 0.1)
    with pytest.raises(InvalidProblem, match="all the same"):
        refine(_rough(same, 3))
