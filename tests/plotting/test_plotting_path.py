"""The picture of a regularization path."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from convexden import plotting
from convexden.errors import InvalidProblem, NotSupported
from convexden.problem import Interpolation
from convexden.solution import RegularizationPath
from convexden.solving.regularization import regularization_path


@cache
def path_on_a_line() -> RegularizationPath:
    y = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    return regularization_path(Interpolation(y, np.abs(y)), [3.0, 1.0, 0.1])


@cache
def path_in_the_plane() -> RegularizationPath:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(12, 2))
    return regularization_path(Interpolation(y, np.maximum(y @ [0.6, 0.8], 0.0)), [1e-1, 1e-3])


def _dots(ax) -> list[PathCollection]:
    return [item for item in ax.collections if isinstance(item, PathCollection)]


def test_a_knot_enters_stays_and_gains_weight() -> None:
    path = path_on_a_line()
    knots, costs = plotting.plot_path(path)
    first, second = _dots(knots)  # none at the penalty above the largest, 1.4
    np.testing.assert_allclose(first.get_offsets(), [[1.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(second.get_offsets(), [[0.1, 0.0]], atol=1e-12)
    assert first.get_sizes()[0] < second.get_sizes()[0]
    # Hollow where it enters, and joined from there on.
    np.testing.assert_array_equal(first.get_facecolor()[0, :3], 1.0)
    assert second.get_facecolor()[0, 0] < 0.5
    joined = [line.get_xdata() for line in knots.lines if line.get_color() == plotting.style.SKY]
    np.testing.assert_array_equal(joined, [[1.0, 0.1]])
    cost, star = costs.lines[:2]
    np.testing.assert_allclose(cost.get_ydata(), [0.0, 2 * (1 - 1 / 1.4), 2 * (1 - 0.1 / 1.4)])
    np.testing.assert_allclose(star.get_ydata(), 2.0)
    low, high = costs.get_xlim()
    assert low > high  # the penalty falls
    knots.figure.draw_without_rendering()


def test_in_the_plane_hinges_have_angles_and_distances() -> None:
    path = path_in_the_plane()
    angles, distances, _ = plotting.plot_path(path)
    mean = path.problem.centers.mean(axis=0)
    network = path.solutions[-1].network.canonical()
    for k, point in enumerate(_dots(angles)[-1].get_offsets()):
        angle = np.deg2rad(point[1])
        normal = np.array([np.cos(angle), np.sin(angle)])
        at = mean + _dots(distances)[-1].get_offsets()[k, 1] * normal
        # On the hinge of a neuron.
        assert np.abs(network.input_weights @ at + network.biases).min() < 1e-9
    assert len(_dots(angles)[-1].get_offsets()) == network.neurons
    angles.figure.draw_without_rendering()


def test_it_draws_where_it_is_told() -> None:
    panels = Figure().subplots(2, 1)
    assert plotting.plot_path(path_on_a_line(), panels) is panels
    with pytest.raises(InvalidProblem, match="needs 3 axes"):
        plotting.plot_path(path_in_the_plane(), panels)


def test_without_interpolant_there_is_no_dashed_line() -> None:
    _, costs = plotting.plot_path(replace(path_on_a_line(), interpolant=None))
    labels = [text.get_text() for text in costs.get_legend().get_texts()]
    assert labels == ["cost $R$", "fit (right)"]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="no solutions"):
        plotting.plot_path(replace(path_on_a_line(), solutions=()))
    rng = np.random.default_rng(1)
    space = Interpolation(rng.normal(size=(6, 3)), rng.normal(size=6))
    path = regularization_path(space, [0.1], interpolate=False)
    with pytest.raises(NotSupported, match="3 dimensions"):
        plotting.plot_path(path)
