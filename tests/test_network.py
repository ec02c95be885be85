"""The shallow network as a function and in canonical form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import random_network as draw_network

from convexden import InvalidProblem, ShallowNetwork


def random_network(seed: int) -> ShallowNetwork:
    return draw_network(np.random.default_rng(seed), 6, 3, 2)


def test_value_is_the_formula():
    network = random_network(0)
    y = np.array([0.3, -1.2, 0.7])
    expected = network.skip @ y + network.offset
    for a, w, b in zip(network.output_weights, network.input_weights, network.biases, strict=True):
        expected = expected + a * max(w @ y + b, 0)
    np.testing.assert_allclose(network(y), expected)
    np.testing.assert_allclose(network(y[None]), expected[None])


def test_one_input_takes_a_list_of_points():
    network = ShallowNetwork([[2.0]], [[1.0]], [0.0], [[0.0]], [1.0])
    assert network([-1, 0, 3]).tolist() == [[1], [1], [7]]


def test_jacobian_is_the_derivative():
    network = random_network(1)
    y = np.random.default_rng(1).standard_normal((5, 3))
    step = 1e-6
    for i, e in enumerate(np.eye(3)):
        slope = (network(y + step * e) - network(y - step * e)) / (2 * step)
        np.testing.assert_allclose(network.jacobian(y)[:, :, i], slope, atol=1e-8)
    assert network.jacobian(y[0]).shape == (2, 3)


@pytest.mark.parametrize("low", [None, np.full((2, 1), 1e-20)], ids=["one float", "two floats"])
def test_jacobian_on_a_hinge_is_that_of_the_inactive_side(low):
    """Two hinges at 1 that look to either side: exactly there none is active."""
    network = ShallowNetwork(
        [[2.0], [3.0]], [[1.0], [-1.0]], [-1.0, 1.0], [[0.5]], [0.0], output_weights_low=low
    )
    assert network.two_part == (low is not None)
    assert network.jacobian([[0.0], [1.0], [2.0]]).ravel().tolist() == [-2.5, 0.5, 2.5]


def test_cost_does_not_depend_on_the_scale_of_a_neuron():
    network = random_network(2)
    scales = np.linspace(0.1, 10, 6)
    rescaled = ShallowNetwork(
        network.output_weights / scales[:, None],
        network.input_weights * scales[:, None],
        network.biases * scales,
        network.skip,
        network.offset,
    )
    assert rescaled.representation_cost == pytest.approx(network.representation_cost)


@given(seed=st.integers(0, 1000), copies=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_canonical_form_is_the_same_function(seed, copies):
    rng = np.random.default_rng(seed)
    network = random_network(seed)
    again = rng.integers(0, 6, copies)  # hinges that occur twice, in either orientation
    signs = rng.choice([-1.0, 1.0], copies) * rng.uniform(0.5, 2, copies)
    doubled = ShallowNetwork(
        np.vstack([network.output_weights, rng.standard_normal((copies, 2)), [[1, 2], [0, 0]]]),
        # The last two: a neuron without input, and one without output.
        np.vstack(
            [
                network.input_weights,
                signs[:, None] * network.input_weights[again],
                [[0] * 3, [1] * 3],
            ]
        ),
        np.concatenate([network.biases, signs * network.biases[again], [0.5, 0.5]]),
        network.skip,
        network.offset,
    )
    canonical = doubled.canonical()
    y = rng.standard_normal((20, 3)) * 3
    np.testing.assert_allclose(canonical(y), doubled(y), atol=1e-11)
    assert canonical.neurons <= 6
    np.testing.assert_allclose(np.linalg.norm(canonical.input_weights, axis=1), 1)
    assert canonical.representation_cost <= doubled.representation_cost * (1 + 1e-12)


def test_opposite_neurons_that_cancel_leave_an_affine_function():
    network = ShallowNetwork([[1.0], [-1.0]], [[1.0], [-1.0]], [0.5, -0.5], [[0.0]], [0.0])
    canonical = network.canonical()
    assert canonical.neurons == 0
    assert canonical([-2, 3]).tolist() == network([-2, 3]).tolist()


@pytest.mark.parametrize(
    "arrays",
    [
        ([[1.0]], [[1.0, 2.0]], [0.0], [[0.0]], [0.0]),
        ([[1.0]], [[1.0]], [0.0, 0.0], [[0.0]], [0.0]),
        ([[1.0]], [[1.0]], [0.0], [[0.0]], [0.0, 0.0]),
        ([["x"]], [[1.0]], [0.0], [[0.0]], [0.0]),
        ([[np.nan]], [[1.0]], [0.0], [[0.0]], [0.0]),
    ],
)
def test_bad_arrays_are_refused(arrays):
    with pytest.raises(InvalidProblem):
        ShallowNetwork(*arrays)


def test_points_that_do_not_fit_are_refused():
    with pytest.raises(InvalidProblem, match="3 inputs"):
        random_network(0)(np.zeros((4, 2)))


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        random_network(0).biases[0] = 1
