"""The picture along a segment: exact curves, noise intervals, and the images that belong to t."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from convexden import data, plotting
from convexden.errors import InvalidProblem
from convexden.plotting.segment import closest_points
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.solving.interpolation import solve

RAYS = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])


@cache
def _rays() -> Solution:
    return solve(denoising(RAYS, radius=0.2))


@cache
def _images(d: int) -> Solution:
    """Two points of d coordinates between 0 and 1: the network is a ramp between them."""
    return solve(denoising(np.random.default_rng(0).uniform(size=(2, d)), radius=0.1))


def _curve(ax: Axes, start: str) -> np.ndarray:
    (line,) = [line for line in ax.lines if str(line.get_label()).startswith(start)]
    return np.asarray(line.get_xydata())


def _noise(ax: Axes) -> np.ndarray:
    (bars,) = [item for item in ax.collections if item.get_label() == "noise interval"]
    return np.array(bars.get_segments())  # type: ignore[attr-defined]


def test_the_coordinate_is_drawn_with_all_its_knots() -> None:
    ax = plotting.plot_segment(_rays(), 0, 2)
    expected = np.array([[0, 0], [0.2, 0], [0.8, 1], [1.2, 1], [2.8, 3], [3, 3]]) / 3
    np.testing.assert_allclose(_curve(ax, "coordinate"), expected, atol=1e-9)
    assert np.abs(_curve(ax, "distance")[:, 1]).max() < 1e-9


def test_the_distance_is_that_from_the_segment() -> None:
    solution = _rays()
    curve = _curve(plotting.plot_segment(solution, 1, 3), "distance")
    start, stop = RAYS[1], RAYS[3]
    outputs = solution.network(start + curve[:, :1] * (stop - start))
    many = start + np.linspace(0, 1, 20001)[:, None] * (stop - start)
    nearest = np.linalg.norm(outputs[:, None] - many, axis=2).min(axis=1)
    np.testing.assert_allclose(curve[:, 1], nearest / np.linalg.norm(stop - start), atol=1e-6)
    assert curve[:, 1].max() > 0.04


def test_noise_intervals_are_those_of_all_balls_on_the_way() -> None:
    bars = _noise(plotting.plot_segment(_rays(), 0, 2))
    np.testing.assert_allclose(3 * bars[:, :, 0], [[0, 0.2], [0.8, 1.2], [2.8, 3]], atol=1e-12)
    np.testing.assert_allclose(3 * bars[:, :, 1], [[0, 0], [1, 1], [3, 3]], atol=1e-12)


@pytest.mark.parametrize(("d", "shape"), [(16, (4, 4)), (25, (5, 5)), (48, (4, 4, 3))])
def test_images_are_inferred_and_drawn_where_they_belong(d: int, shape: tuple[int, ...]) -> None:
    solution = _images(d)
    ax = plotting.plot_segment(solution, 0, 1)
    (strips,) = ax.child_axes
    pictures = strips.images
    assert len(pictures) == 14
    first, last = solution.problem.centers
    for n, picture in enumerate(pictures):
        left, right, bottom, top = picture.get_extent()
        t = (left + right) / 2
        assert t == pytest.approx(n % 7 / 6)
        assert (right - left) == pytest.approx(top - bottom)
        y = (1 - t) * first + t * last
        expected = y if n < 7 else np.clip(solution.network(y), 0.0, 1.0)
        np.testing.assert_allclose(np.asarray(picture.get_array()), expected.reshape(shape))
    # Below the label of the axis, above the legend, and in line with t.
    ax.figure.draw_without_rendering()
    strip, legend = strips.get_window_extent(), ax.get_legend().get_window_extent()
    assert strip.y1 < ax.xaxis.label.get_window_extent().y0
    assert legend.y1 < strip.y0
    assert legend.y0 >= 0
    for t in (0.0, 1.0):
        at = [axes.transData.transform((t, 0.0))[0] for axes in (ax, strips)]
        assert at[0] == pytest.approx(at[1])


@pytest.mark.parametrize("d", [1, 2, 3, 9, 12, 17])
def test_other_points_are_no_images(d: int) -> None:
    assert not plotting.plot_segment(_images(d), 0, 1).child_axes


def test_a_given_shape_is_taken_or_refused() -> None:
    (strips,) = plotting.plot_segment(_images(18), 1, 0, image_shape=(2, 3, 3)).child_axes
    assert np.shape(strips.images[0].get_array()) == (2, 3, 3)
    for shape in ((4, 4), (3, 3, 2), (18,), (), (-2, -9)):
        with pytest.raises(InvalidProblem, match=r"give \(H, W\) or \(H, W, 3\)"):
            plotting.plot_segment(_images(18), 0, 1, image_shape=shape)


def test_numbers_beyond_the_unit_interval_share_a_scale() -> None:
    points = np.random.default_rng(1).uniform(-3, 5, size=(2, 16))
    (strips,) = plotting.plot_segment(solve(denoising(points, radius=0.1)), 0, 1).child_axes
    scaled = (points[0] - points.min()) / np.ptp(points)
    np.testing.assert_allclose(np.ravel(strips.images[0].get_array()), scaled)


def test_other_targets_join_their_sites() -> None:
    problem = Interpolation(data.triangle([48, 60, 72]), [1.0, 1.0, 3.0], 0.1)
    ax = plotting.plot_segment(solve(problem), 0, 2)
    curve = _curve(ax, "coordinate")
    np.testing.assert_allclose(curve[[0, -1]], [[0, 0], [1, 1]], atol=1e-9)
    with pytest.raises(InvalidProblem, match="points 0 and 1 coincide"):
        plotting.plot_segment(solve(problem), 0, 1)


def test_samples_join_their_clean_points() -> None:
    clean = data.triangle([48, 60, 72])
    solution = solve(denoising(clean, noisy=data.noisy_samples(clean, 0.3, 5, 0)))
    ax = plotting.plot_segment(solution, 2, 0)
    assert ax.get_xlabel() == "$t$, from point 2 to point 0"
    with pytest.raises(InvalidProblem, match="numbers from 0 to 2"):
        plotting.plot_segment(solution, 0, 3)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (-1, 0), (0, 4)])
def test_bad_ends_are_refused(first: int, second: int) -> None:
    with pytest.raises(InvalidProblem, match="give two"):
        plotting.plot_segment(_rays(), first, second)


def test_the_closest_points_have_different_targets() -> None:
    assert closest_points(denoising(RAYS, radius=0.2)) == (0, 1)
    assert closest_points(Interpolation(RAYS, [1.0, 1.0, 2.0, 1.0], 0.2)) == (1, 2)
    with pytest.raises(InvalidProblem, match="no segment"):
        closest_points(Interpolation(RAYS, np.ones(4), 0.2))


def test_axes_are_taken_and_returned() -> None:
    ax = Figure().subplots()
    assert plotting.plot_segment(_images(16), 0, 1, ax) is ax
