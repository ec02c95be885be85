"""Structures of denoisers of triangles, on networks whose structure is known."""

import numpy as np
import pytest

import convexden as cd
from convexden.errors import InvalidProblem
from convexden.experiments.structures import structure
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.theorems import equilateral, face_aligned

SCALENE = (50.0, 60.0, 70.0)


def half_height(angles) -> float:
    return float(np.prod(np.sin(np.deg2rad(np.sort(angles)[:2]))))


def solved(angles, fraction: float):
    points = cd.data.triangle(angles)
    problem = denoising(points, radius=fraction * half_height(angles))
    return structure(problem, cd.solve(problem).network)


def closed(angles, radius: float) -> tuple[Interpolation, ShallowNetwork]:
    claim = face_aligned.closed_form(cd.data.triangle(angles), radius)
    return claim.problem, claim.network


def with_neuron(network: ShallowNetwork, weight: float, normal, bias: float) -> ShallowNetwork:
    """The network and another neuron, of this share of the cost."""
    size = weight * network.representation_cost
    return ShallowNetwork(
        np.vstack([network.output_weights, [size, 0.0]]),
        np.vstack([network.input_weights, normal]),
        np.append(network.biases, bias),
        network.skip,
        network.offset,
    )


@pytest.mark.parametrize(
    ("angles", "fraction", "name"),
    [
        ((20, 40, 120), 0.9, "edge-aligned"),
        ((45, 45, 90), 0.5, "edge-aligned"),
        ((30, 60, 90), 0.9, "edge-aligned"),
        ((40, 60, 80), 0.5, "altitude-aligned"),
        ((50, 50, 80), 0.9, "altitude-aligned"),
        ((40, 70, 70), 0.5, "face-aligned"),
        (SCALENE, 0.5, "tilted"),
        ((59, 60, 61), 0.05, "tilted"),
        (SCALENE, 0.9, "pinched"),
    ],
)
def test_optima_have_the_structure_that_is_known(angles, fraction, name):
    found = solved(angles, fraction)
    assert found.name == name
    assert (found.tilt > 1e-9) == (name in ("tilted", "pinched"))


def test_the_equilateral_triangle_is_pinched_from_its_threshold_on():
    threshold = equilateral.threshold(2)
    assert solved((60, 60, 60), threshold - 1e-3).name == "face-aligned"
    assert solved((60, 60, 60), threshold + 1e-3).name == "pinched"


def test_structure_is_that_of_the_shape():
    points = cd.data.triangle(SCALENE)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = denoising(7 * points[[2, 0, 1]] @ turn.T + [3, -5], radius=7 * 0.3)
    plain = denoising(points, radius=0.3)
    found, expected = (structure(each, cd.solve(each).network) for each in (moved, plain))
    assert found.name == expected.name == "tilted"
    assert found.tilt == pytest.approx(expected.tilt, rel=1e-6)


def test_a_tilt_of_a_billionth_is_seen_and_that_of_rounding_is_not():
    problem, network = closed(SCALENE, 0.2)
    assert structure(problem, network).name == "face-aligned"
    for tilt, name in ((1e-9, "tilted"), (1e-12, "face-aligned")):
        turn = np.array([[1.0, -tilt], [tilt, 1.0]])
        turned = ShallowNetwork(
            network.output_weights,
            network.input_weights @ turn.T,
            network.biases,
            network.skip,
            network.offset,
        )
        found = structure(problem, turned)
        assert found.name == name
        assert found.tilt == pytest.approx(tilt, abs=1e-14)


def test_neurons_count_by_their_share_of_the_cost():
    problem, network = closed(SCALENE, 0.2)
    slanted = np.array([np.cos(0.3), np.sin(0.3)])
    assert structure(problem, with_neuron(network, 1e-8, slanted, 5.0)).name == "tilted"
    assert structure(problem, with_neuron(network, 1e-10, slanted, 5.0)).name == "face-aligned"


def test_a_hinge_is_pinched_if_it_touches_balls_on_both_sides():
    problem, network = closed((60, 60, 60), 0.2)
    first, second = problem.centers[:2]
    step = second - first
    along, distance = step / np.linalg.norm(step), float(np.linalg.norm(step))
    across = np.array([-along[1], along[0]])
    # Its distance from both centers is the radius, with opposite signs.
    sine = 2 * 0.2 / distance
    for shift, name in ((0.0, "pinched"), (1e-6, "tilted")):
        normal = sine * along + np.sqrt(1 - sine**2) * across
        bias = -normal @ (first + second) / 2 + shift
        assert structure(problem, with_neuron(network, 0.1, normal, bias)).name == name


def test_a_hinge_that_touches_two_balls_on_one_side_is_not_pinched():
    problem, network = closed((40, 60, 80), 0.2)
    z = network.canonical().input_weights @ problem.centers.T
    z += network.canonical().biases[:, None]
    assert (np.isclose(np.abs(z), 0.2, atol=1e-12).sum(axis=1) == 2).any()
    assert structure(problem, network).name == "face-aligned"


def test_only_triangles_and_networks_with_hinges_have_a_structure():
    problem, network = closed(SCALENE, 0.2)
    flat = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.eye(2), np.zeros(2))
    with pytest.raises(InvalidProblem, match="no structure"):
        structure(problem, flat)
    for other in (
        denoising(np.eye(3), radius=0.1),
        denoising(problem.centers, radius=0.0),
        denoising(np.vstack([problem.centers, [5.0, 5.0]]), radius=0.1),
    ):
        with pytest.raises(InvalidProblem, match="three balls"):
            structure(other, network)
