"""The interpolation problem: validation, and the reduction to affine hulls and back."""

from fractions import Fraction

import numpy as np
import pytest

from convexden import Certificate, Interpolation, InvalidProblem, ShallowNetwork, denoising
from convexden.reduction import Reduction


def test_shapes_are_normalized():
    problem = Interpolation([0, 1, 3], [1, 2, 3], 0.1)
    assert problem.centers.shape == problem.targets.shape == (3, 1)
    assert problem.radii.tolist() == [0.1, 0.1, 0.1]
    assert (len(problem), problem.input_dimension, problem.output_dimension) == (3, 1, 1)


def test_data_are_copied_and_read_only():
    centers = np.array([[0.0, 0.0], [1.0, 0.0]])
    problem = denoising(centers, radius=0.1)
    centers[0] = 7
    assert problem.centers[0].tolist() == [0, 0]
    with pytest.raises(ValueError, match="read-only"):
        problem.centers[0] = 7


@pytest.mark.parametrize(
    ("centers", "targets", "radii", "message"),
    [
        ([[0, 0], [1]], [0, 1], 0, "rectangular"),
        ([[0, "a"], [1, 2]], [0, 1], 0, "array of numbers, they hold text"),
        ([[0, np.nan], [1, 2]], [0, 1], 0, "NaN or infinity"),
        ([[0, 1], [1, 2]], [0, np.inf], 0, "NaN or infinity"),
        ([], [], 0, "empty"),
        ([[[0]], [[1]]], [0, 1], 0, "one point a row"),
        ([[0, 1]], [0], 0, "fewer than two distinct points"),
        ([[0, 1], [0, 1]], [0, 0], 0, "fewer than two distinct points"),
        ([0, 1], [0, 1, 2], 0, "2 centers but 3 targets"),
        ([0, 1], [0, 1], -0.1, "negative"),
        ([0, 1], [0, 1], [0.1, np.nan], "NaN"),
        ([0, 1, 2], [0, 1, 2], [0.1, 0.2], "do not fit 3 centers"),
        ([0, 1], [0, 1], 0.5, r"sites 0 and 1 \(balls\) meet"),
        ([0, 1, 5], [0, 1, 2], [0, 2, 0], r"sites 0 and 1 \(a sample and a ball\) meet"),
        ([5, 0, 5], [0, 1, 2], 0, "sites 0 and 2 are the same sample"),
        ([0, 1e200], [0, 1], 0, "beyond 1e.100: rescale"),
        ([0, 1e-200], [0, 1], 0, "differ by less than 1e-100: rescale"),
    ],
)
def test_bad_data_are_refused_in_one_line(centers, targets, radii, message):
    with pytest.raises(InvalidProblem, match=message) as caught:
        Interpolation(centers, targets, radii)
    assert "\n" not in str(caught.value)


def test_sites_that_meet_may_share_a_target():
    assert len(Interpolation([0, 0.1, 1], [5, 5, 7], [0.2, 0.2, 0.1])) == 3
    assert len(Interpolation([0, 0, 1], [5, 5, 7])) == 3


def test_balls_touch_or_not_to_the_last_digit():
    """The floats as they are decide, also where their distance rounds to the sum of the radii."""
    assert Fraction(0.6) ** 2 + Fraction(0.8) ** 2 > 1
    denoising([[0, 0], [0.6, 0.8]], radius=0.5)
    assert Fraction(0.1) + Fraction(0.2) > Fraction(0.3)
    for points, radii in (([[0, 0], [3, 4]], 2.5), ([0, 0.3], [0.1, 0.2])):
        with pytest.raises(InvalidProblem, match="meet but have different targets"):
            denoising(points, radius=radii)
    denoising([[0, 0], [3, 4]], radius=[2.5, np.nextafter(2.5, 0)])


def test_denoising_from_samples():
    noisy = [[[0.0, 0.1]], [[1.0, 0.1], [1.0, -0.1]]]
    problem = denoising([[0, 0], [1, 0]], noisy=noisy)
    assert problem.centers.tolist() == [[0, 0.1], [1, 0.1], [1, -0.1]]
    assert problem.targets.tolist() == [[0, 0], [1, 0], [1, 0]]
    assert not problem.radii.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either radius"),
        ({"radius": 0.1, "noisy": [[0], [1]]}, "either radius"),
        ({"noisy": [[0.0]]}, "2 clean points but 1 groups"),
        ({"noisy": 3}, "2 clean points but 0 groups"),
        ({"noisy": [[[0.0, 1.0]], [[1.0]]]}, "2 coordinates a sample"),
        ({"noisy": [[0.0], []]}, "empty"),
    ],
)
def test_bad_noise_is_refused(options, message):
    with pytest.raises(InvalidProblem, match=message):
        denoising([0, 1], **options)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("shift", [0.0, 10.0])
def test_reduction_finds_the_affine_hulls(scale, shift):
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((2, 30))
    centers = scale * (rng.standard_normal((7, 2)) @ plane + shift)
    targets = scale * (rng.standard_normal((7, 1)) @ rng.standard_normal((1, 4)))
    reduction = Reduction.of(Interpolation(centers, targets, 1e-3 * scale))
    reduced = reduction.problem
    assert (reduced.input_dimension, reduced.output_dimension) == (2, 1)
    assert 0.7 < reduced.input_spread < 1.42
    assert 0.7 < reduced.target_spread < 1.42
    assert np.log2([reduction.input_scale, reduction.output_scale]) % 1 == pytest.approx(0)
    back = reduced.centers @ reduction.input_basis * reduction.input_scale + reduction.input_origin
    np.testing.assert_allclose(back, centers, atol=1e-13 * scale * (1 + shift))


def test_lifted_network_is_the_reduced_one():
    rng = np.random.default_rng(1)
    centers = rng.standard_normal((5, 2)) @ rng.standard_normal((2, 6)) + 3
    problem = Interpolation(centers, rng.standard_normal((5, 3)))
    reduction = Reduction.of(problem)
    d, p = reduction.problem.input_dimension, reduction.problem.output_dimension
    directions = rng.standard_normal((4, d))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    network = ShallowNetwork(
        rng.standard_normal((4, p)),
        directions,
        rng.standard_normal(4),
        rng.standard_normal((p, d)),
        rng.standard_normal(p),
    )
    lifted = reduction.lift_network(network)
    expected = (
        network(reduction.problem.centers) @ reduction.output_basis * reduction.output_scale
        + reduction.output_origin
    )
    np.testing.assert_allclose(lifted(problem.centers), expected, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(lifted.input_weights, axis=1), 1)
    assert lifted.representation_cost == pytest.approx(
        reduction.cost_scale * network.representation_cost
    )


def test_lifted_certificate_keeps_equalities_and_objective():
    rng = np.random.default_rng(2)
    centers = rng.standard_normal((5, 2)) @ rng.standard_normal((2, 6))
    problem = Interpolation(centers, rng.standard_normal((5, 3)), 1e-3)
    reduction = Reduction.of(problem)
    reduced = reduction.problem
    values = rng.standard_normal((5, reduced.output_dimension))
    values -= values.mean(axis=0)
    jacobians = np.zeros((5, reduced.output_dimension, 2))
    jacobians[0] = -np.einsum("np,nd->pd", values, reduced.centers)
    objective = float((values * reduced.targets).sum())
    lifted = reduction.lift_certificate(Certificate(values, jacobians, objective, 1.0, "exact"))
    np.testing.assert_allclose(lifted.values.sum(axis=0), 0, atol=1e-12)
    equality = np.einsum("np,nd->pd", lifted.values, centers) + lifted.jacobians.sum(axis=0)
    np.testing.assert_allclose(equality, 0, atol=1e-12)
    assert (lifted.values * problem.targets).sum() == pytest.approx(lifted.lower_bound)


def test_duplicates_stay_duplicates_in_the_reduction():
    rng = np.random.default_rng(3)
    centers = rng.random((4, 64))
    order = rng.permutation(12) % 4
    for radius in (0.0, 1e-6):
        assert len(Reduction.of(denoising(centers[order], radius=radius)).problem) == 12
