"""Hinges against the directions that theory knows, and the same in every frame."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from convexden import HingeAlignment, data, hinge_alignment
from convexden.analysis.hinge_angles import hinge_angles
from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising

Array = NDArray[np.float64]


def _network(normals: object, biases: object, weights: object, d: int = 2) -> ShallowNetwork:
    """A network of one output."""
    output = np.reshape(weights, (-1, 1))
    return ShallowNetwork(output, normals, biases, np.zeros((1, d)), [0.0])  # type: ignore[arg-type]


def _random(seed: int, n: int, d: int) -> tuple[Interpolation, ShallowNetwork]:
    rng = np.random.default_rng(seed)
    problem = Interpolation(rng.normal(size=(n, d)), rng.normal(size=(n, 2)))
    network = ShallowNetwork(
        rng.normal(size=(15, 2)),
        rng.normal(size=(15, d)),
        rng.normal(size=15) / 3,
        rng.normal(size=(2, d)),
        rng.normal(size=2),
    )
    return problem, network


def _assert_same(found: HingeAlignment, expected: HingeAlignment) -> None:
    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-10)
    np.testing.assert_array_equal(found.sides, expected.sides)
    np.testing.assert_allclose(found.angles, expected.angles, rtol=0, atol=1e-7)


def test_equilateral_triangle_aligns_with_its_faces() -> None:
    problem = denoising(data.triangle([60, 60, 60]), radius=0.1)
    solution = cd.solve(problem)
    alignment = hinge_alignment(problem, solution.network)
    assert alignment.weights.sum() == pytest.approx(solution.cost)
    np.testing.assert_allclose(alignment.faces, 0, atol=1e-6)
    np.testing.assert_allclose(alignment.margins, 0, atol=1e-6)
    np.testing.assert_allclose(alignment.edges, 30, atol=1e-6)
    np.testing.assert_allclose(alignment.mean_angles(), [30, 0, 0], atol=1e-6)
    np.testing.assert_allclose(alignment.shares_within(1), [0, 1, 1])
    assert {int(row.sum()) for row in alignment.active} == {1, 2}


def test_obtuse_triangle_aligns_with_its_edges() -> None:
    problem = denoising(data.triangle([30, 40, 110]), radius=0.1)
    alignment = hinge_alignment(problem, cd.solve(problem).network)
    np.testing.assert_allclose(alignment.edges, 0, atol=1e-6)
    np.testing.assert_allclose(alignment.margins, 0, atol=1e-6)
    assert alignment.faces.min() > 10


def test_scalene_acute_triangle_is_tilted_a_little_off_its_faces() -> None:
    problem = denoising(data.triangle([50, 60, 70]), radius=0.1)
    alignment = hinge_alignment(problem, cd.solve(problem).network)
    assert 1e-4 < alignment.faces.max() < 0.1
    np.testing.assert_allclose(alignment.shares_within(0.1), [0, 1, 1])


def test_regular_simplex_aligns_with_its_faces() -> None:
    problem = denoising(data.regular_simplex(3), radius=0.1)
    alignment = hinge_alignment(problem, cd.solve(problem).network)
    np.testing.assert_allclose(alignment.faces, 0, atol=1e-5)


def test_rows_say_what_a_hinge_separates() -> None:
    problem = Interpolation([[0, 0], [4, 0], [4, 2], [0, 1]], [0.0, 1.0, 2.0, 3.0])
    normals = [[2.0, 0.0], [0.0, -1.0], [3.0, 4.0], [1.0, 1.0]]
    # Between the left and the right, below site 2, through site 1, and beside all sites.
    alignment = hinge_alignment(
        problem, _network(normals, [-4, 1.5, -12, 9], [5, 4, 0.1, 7 / 2**0.5])
    )
    np.testing.assert_allclose(alignment.weights, [10, 7, 4, 0.5])
    np.testing.assert_allclose(alignment.normals[0], [1, 0], atol=1e-12)
    expected = [[-1, 1, 1, -1], [1, 1, 1, 1], [1, 1, -1, 1], [-1, 0, 1, -1]]
    np.testing.assert_array_equal(alignment.sides, expected)
    # Edges along the axes, (4, 2), (4, -1) and (4, 1); (-1, 4) is normal to the last, a side.
    tilted = np.rad2deg(np.arctan([1 / 2, 1 / 4]))
    np.testing.assert_allclose(alignment.edges[[0, 2]], 0, atol=1e-12)
    np.testing.assert_allclose(alignment.edges[1], 45 - tilted[0])
    np.testing.assert_allclose(alignment.faces[[0, 2]], 0, atol=1e-10)
    np.testing.assert_allclose(alignment.faces[1], 45)
    # Of the others, site 2 is nearest to the segment from 1 to 3; without site 1, to site 3.
    assert np.isnan(alignment.margins[1])
    np.testing.assert_allclose(alignment.margins[0], 0, atol=1e-10)
    np.testing.assert_allclose(alignment.margins[2], tilted[1])
    np.testing.assert_allclose(
        alignment.margins[3], np.rad2deg(np.arctan2(4, 3) - np.arctan2(1, 4))
    )
    # The hinge that separates nothing has no part in the mean, but in the shares.
    mean = 14.5 * alignment.mean_angles()[2]
    assert mean == pytest.approx(4 * alignment.margins[2] + 0.5 * alignment.margins[3])
    assert alignment.shares_within(1)[2] == pytest.approx(10 / 21.5)


def test_a_sample_on_the_hinge_goes_with_its_clean_point() -> None:
    clean = np.array([[0.0, 0.0], [4.0, 0.0]])
    noisy = clean[:, None] + np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.5]])
    problem = denoising(clean, noisy=noisy)
    network = ShallowNetwork(
        [[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]], [-1.0, -3.0], np.zeros((2, 2)), [0, 0]
    )
    alignment = hinge_alignment(problem, network)
    np.testing.assert_array_equal(alignment.sides, [[-1, -1, -1, 1, 1, 1]] * 2)
    # The edge is that of the clean points, and on their line it is the only face.
    np.testing.assert_allclose(alignment.angles, 0, atol=1e-10)


@pytest.mark.parametrize(("n", "d"), [(3, 2), (7, 2), (4, 3), (9, 3), (6, 5)])
def test_alignment_moves_with_the_problem(n: int, d: int) -> None:
    problem, network = _random(n, n, d)
    expected = hinge_alignment(problem, network)
    rng = np.random.default_rng(n)
    frame = 3 * np.linalg.qr(rng.normal(size=(d + 2, d)))[0]  # turned, enlarged, in more dimensions
    shift = rng.normal(size=d + 2)
    weights = network.input_weights @ frame.T / 9
    skip = network.skip @ frame.T / 9
    moved = ShallowNetwork(
        3 * network.output_weights,
        weights,
        network.biases - weights @ shift,
        skip,
        network.offset - skip @ shift,
    )
    found = hinge_alignment(
        Interpolation(problem.centers @ frame.T + shift, problem.targets), moved
    )
    _assert_same(found, expected)
    np.testing.assert_allclose(found.normals, expected.normals @ frame.T / 3, atol=1e-9)


def test_alignment_does_not_see_how_sites_and_neurons_are_written() -> None:
    problem, network = _random(0, 6, 3)
    expected = hinge_alignment(problem, network)
    rng = np.random.default_rng(1)
    sites, neurons, sizes = rng.permutation(6), rng.permutation(15), rng.random(15) + 0.5
    written = ShallowNetwork(
        network.output_weights[neurons] / sizes[:, None],
        network.input_weights[neurons] * sizes[:, None],
        network.biases[neurons] * sizes,
        network.skip,
        network.offset,
    )
    found = hinge_alignment(Interpolation(problem.centers[sites], problem.targets[sites]), written)
    np.testing.assert_array_equal(found.sides, expected.sides[:, sites])
    np.testing.assert_allclose(found.angles, expected.angles, rtol=0, atol=1e-7)
    turned = hinge_alignment(
        problem,
        ShallowNetwork(
            network.output_weights,
            -network.input_weights,
            -network.biases,
            network.skip,
            network.offset,
        ),
    )
    np.testing.assert_array_equal(turned.sides, -expected.sides)
    np.testing.assert_allclose(turned.angles, expected.angles, rtol=0, atol=1e-7)


def test_directions_across_the_hull_do_not_count() -> None:
    problem, network = _random(2, 4, 2)
    embedded = Interpolation(np.column_stack([problem.centers, np.zeros(4)]), problem.targets)
    tilted = ShallowNetwork(
        network.output_weights,
        np.column_stack([network.input_weights, np.full(15, 2.0)]),
        network.biases,
        np.column_stack([network.skip, np.zeros(2)]),
        network.offset,
    )
    _assert_same(hinge_alignment(embedded, tilted), hinge_alignment(problem, network))


def test_a_network_without_hinges_has_no_rows() -> None:
    problem, _ = _random(3, 4, 2)
    flat = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.eye(2), [0.0, 0.0])
    alignment = hinge_alignment(problem, flat)
    assert alignment.sides.shape == (0, 4)
    assert alignment.angles.shape == (0, 3)
    assert np.isnan(alignment.mean_angles()).all()
    assert (alignment.shares_within(5) == 0).all()


def test_a_network_of_another_problem_is_refused() -> None:
    problem, _ = _random(4, 4, 2)
    with pytest.raises(InvalidInput, match="do not map 2 inputs to 2 outputs"):
        hinge_alignment(problem, _network([[1.0, 0.0]], [0.0], [1.0]))


def test_angles_between_the_heavy_hinges_of_two_networks() -> None:
    problem = denoising(data.triangle([60, 60, 60]), radius=0.1)
    turns = np.deg2rad([0.0, 40.0, 100.0])
    normals = np.column_stack([np.cos(turns), np.sin(turns)])
    weights = np.array([[8.0, 0.0], [0.0, 1.5], [0.5, 0.0]])

    def network(angle: float, used: slice) -> ShallowNetwork:
        turn = np.deg2rad(angle)
        turned = normals @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
        biases = [0.1, -0.2, 0.0]
        return ShallowNetwork(
            weights[used], turned[used], biases[used], np.zeros((2, 2)), [0.0, 0.0]
        )

    found = hinge_angles(problem, network(7.0, slice(3)), network(0.0, slice(3)))
    np.testing.assert_allclose(found.weights, [8.0, 1.5])  # the third is too light
    np.testing.assert_allclose(found.angles, [7.0, 7.0], atol=1e-9)
    assert found.mean == pytest.approx(7.0)
    whole = hinge_angles(problem, network(7.0, slice(3)), network(0.0, slice(1)), share=1.0)
    np.testing.assert_allclose(whole.angles, [7.0, 47.0, 73.0], atol=1e-9)
    assert whole.share_within(10) == pytest.approx(0.8)
    assert np.isnan(hinge_angles(problem, network(0.0, slice(0)), network(0.0, slice(3))).mean)
    with pytest.raises(InvalidInput, match="share is 1.5"):
        hinge_angles(problem, network(0.0, slice(3)), network(0.0, slice(3)), share=1.5)
