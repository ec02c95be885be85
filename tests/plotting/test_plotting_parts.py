"""Pictures of the parts of a solution: ramps, weights, angles, rounds, and two networks."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.figure import Figure
from scipy import stats

from convexden import data, plotting
from convexden.analysis.alignment import align
from convexden.analysis.uniqueness import uniqueness
from convexden.data import regular_simplex
from convexden.errors import InvalidInput, InvalidProblem, NotSupported
from convexden.network import ShallowNetwork
from convexden.plotting.dual import constraint_values
from convexden.problem import Interpolation, denoising
from convexden.solution import Progress, Solution
from convexden.solving.interpolation import solve
from convexden.theorems import face_aligned, mmse, rays, univariate

RAYS = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
CONSTANT = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 2)), [], np.zeros((2, 2)), [0.0, 0.0])


@cache
def _triangle() -> Solution:
    return solve(denoising(data.triangle([48, 60, 72]), radius=0.25))


def _assert_legible(ax: Axes) -> None:
    """Nothing is cut or under the legend, and no tick label covers another."""
    figure = ax.figure
    figure.draw_without_rendering()
    covered = ax.get_legend().get_window_extent()
    for other in figure.axes:
        assert not covered.overlaps(other.get_window_extent())
        assert not covered.overlaps(other.xaxis.label.get_window_extent())
        for axis in (other.xaxis, other.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            labels = [label for tick in ticks for label in (tick.label1, tick.label2)]
            drawn = [label for label in labels if label.get_visible() and label.get_text()]
            boxes = [label.get_window_extent() for label in drawn]
            assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
            assert not any(a.overlaps(b) for a, b in pairwise(boxes))
    assert covered.x0 >= 0
    assert covered.x1 <= figure.bbox.x1
    assert covered.y0 >= 0


def test_every_ramp_has_a_row_with_its_knots() -> None:
    closed = rays.closed_form(RAYS, 0.2)
    ax = plotting.plot_ramps(closed.problem, closed.network)
    _assert_legible(ax)
    rows = [text.get_text() for text in ax.get_yticklabels()]
    assert rows == [
        "weight 5.83\n$u$ at 0°, $v$ at 0°",
        "weight 2.5\n$u$ at 90°, $v$ at 90°",
    ]
    assert [text.get_text() for text in ax.texts] == ["rise 3", "rise 2"]
    knots = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]
    middle = RAYS.mean(axis=0)
    np.testing.assert_allclose(
        knots[0].get_xdata(), np.array([0.2, 0.8, 1.2, 2.8]) - middle[0], atol=1e-12
    )
    np.testing.assert_allclose(knots[1].get_xdata(), np.array([0.2, 1.8]) - middle[1], atol=1e-12)


def test_bars_show_the_profile_on_the_noise_intervals() -> None:
    closed = rays.closed_form(RAYS, 0.2)
    ax = plotting.plot_ramps(closed.problem, closed.network)
    first = next(item for item in ax.collections if isinstance(item, LineCollection))
    for bar, point in zip(first.get_segments(), RAYS, strict=True):
        x = point[0] - RAYS[:, 0].mean()
        np.testing.assert_allclose(bar[[0, -1], 0], [x - 0.2, x + 0.2])
        assert np.ptp(bar[:, 1]) < 1e-12
    heights = [bar[0, 1] for bar in first.get_segments()]
    share = np.subtract(heights, heights[0]) / (heights[2] - heights[0])
    np.testing.assert_allclose(share, [0.0, 1 / 3, 1.0, 0.0], atol=1e-12)


def test_slightly_tilted_hinges_make_one_ramp() -> None:
    solution = _triangle()
    ax = plotting.plot_ramps(solution.problem, solution.network)
    assert solution.neurons == 6
    assert len(ax.get_yticks()) == 3


def test_the_heaviest_ramps_are_shown_if_there_are_many() -> None:
    problem = denoising(data.random_points(5, 3, 0), radius=0.02)
    rng = np.random.default_rng(0)
    network = ShallowNetwork(
        np.diag(1.0 / np.arange(1, 11))[:, :3] + 0.01 * rng.standard_normal((10, 3)),
        rng.standard_normal((10, 3)),
        rng.standard_normal(10),
        np.zeros((3, 3)),
        np.zeros(3),
    )
    ax = plotting.plot_ramps(problem, network, most=4)
    _assert_legible(ax)
    weights = np.linalg.norm(network.output_weights, axis=1) * np.linalg.norm(
        network.input_weights, axis=1
    )
    share = np.sort(weights)[-4:].sum() / weights.sum()
    assert ax.get_title() == f"the heaviest 4 of 10 ramps, {share:.0%} of the cost"
    assert all("from $u$ to $v$" in text.get_text() for text in ax.get_yticklabels())


@pytest.mark.parametrize("draw", [plotting.plot_weights, plotting.plot_ramps])
def test_without_hinges_there_is_nothing_to_draw(draw: object) -> None:
    problem = denoising(RAYS, radius=0.2)
    with pytest.raises(InvalidProblem, match="no hinges"):
        if draw is plotting.plot_weights:
            plotting.plot_weights(CONSTANT)
        else:
            plotting.plot_ramps(problem, CONSTANT)
    with pytest.raises(InvalidProblem, match="no hinges"):
        plotting.plot_alignment(align(problem, CONSTANT))


def test_ramps_need_a_network_of_the_problem() -> None:
    problem = Interpolation(RAYS, [0.0, 1.0, 2.0, 3.0], 0.1)
    with pytest.raises(InvalidInput, match="do not map 2 inputs to 1 outputs"):
        plotting.plot_ramps(problem, CONSTANT)
    with pytest.raises(InvalidProblem, match="at least one"):
        plotting.plot_ramps(denoising(RAYS, radius=0.1), CONSTANT, most=0)


def test_weights_are_sorted_and_their_share_ends_at_one() -> None:
    network = _triangle().network
    ax = plotting.plot_weights(network)
    _assert_legible(ax)
    (dots,) = ax.lines
    weights = np.asarray(dots.get_ydata())
    assert (np.diff(weights) <= 0).all()
    assert weights.sum() == pytest.approx(network.representation_cost)
    (steps,) = next(other for other in ax.figure.axes if other is not ax).lines
    shares = np.asarray(steps.get_ydata())
    np.testing.assert_allclose(shares[1:], np.cumsum(weights) / weights.sum())


def test_a_hinge_written_twice_is_one_weight() -> None:
    network = ShallowNetwork(
        [[1.0], [2.0], [4.0]], [[1.0], [-1.0], [2.0]], [0.5, -0.5, 0.0], [[0.0]], [0.0]
    )
    (dots,) = plotting.plot_weights(network).lines
    np.testing.assert_allclose(dots.get_ydata(), [8.0, 3.0])


def test_angles_are_drawn_by_weight() -> None:
    solution = _triangle()
    alignment = align(solution.problem, solution.network)
    ax = plotting.plot_alignment(alignment)
    _assert_legible(ax)
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 6]
    assert [line.get_marker() for line in drawn] == ["o", "s", "x"]
    for line, angles in zip(drawn, alignment.hinges.angles.T, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), alignment.hinges.weights)
        np.testing.assert_array_equal(line.get_ydata(), angles)
    means = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
    np.testing.assert_allclose(means, alignment.hinges.mean_angles())


def test_directions_that_no_hinge_has_are_left_out() -> None:
    solution = _triangle()
    alignment = align(solution.problem, solution.network)
    without = replace(alignment, hinges=replace(alignment.hinges, margins=np.full(6, np.nan)))
    names = [text.get_text() for text in plotting.plot_alignment(without).get_legend().get_texts()]
    assert [name.split(" (")[0] for name in names] == ["nearest edge", "nearest face normal"]


def test_convergence_shows_the_history() -> None:
    solution = _triangle()
    ax = plotting.plot_convergence(solution)
    _assert_legible(ax)
    cost, bound = ax.lines
    np.testing.assert_array_equal(cost.get_ydata(), [step.cost for step in solution.history])
    np.testing.assert_array_equal(
        bound.get_ydata(), [step.lower_bound for step in solution.history]
    )
    with pytest.raises(InvalidProblem, match="no history"):
        plotting.plot_convergence(replace(solution, history=()))


def test_rounds_without_a_network_have_no_cost() -> None:
    history = (Progress(1, np.inf, 0.0, 3), Progress(2, 2.0, 1.0, 3))
    cost, _ = plotting.plot_convergence(replace(_triangle(), history=history)).lines
    np.testing.assert_array_equal(cost.get_ydata(), [np.nan, 2.0])


def test_the_dual_constraint_is_saturated_where_the_hinges_are() -> None:
    solution = _triangle()
    ax = plotting.plot_dual(solution, found=uniqueness(solution))
    _assert_legible(ax)
    (mesh,) = [item for item in ax.collections if isinstance(item, QuadMesh)]
    values = mesh.get_array()
    assert 0.99 < np.nanmax(values) <= 1 + 1e-12
    (circles,) = [item for item in ax.collections if isinstance(item, PathCollection)]
    angles, places = np.asarray(circles.get_offsets()).T
    normals = np.column_stack([np.cos(np.deg2rad(angles)), np.sin(np.deg2rad(angles))])
    assert len(angles) == solution.neurons
    assert constraint_values(solution, normals, places) == pytest.approx(1, abs=1e-9)
    assert "unique" in ax.get_title()
    # Without it, the hinges of the network, which are all here.
    own = plotting.plot_dual(solution)
    (network,) = [item for item in own.collections if isinstance(item, PathCollection)]
    drawn, marked = (np.sort(np.asarray(item.get_offsets()), axis=0) for item in (network, circles))
    np.testing.assert_allclose(drawn, marked, atol=1e-6)
    assert own.get_title() == "dual constraint"


def test_the_dual_on_a_line_is_one_along_a_family() -> None:
    solution = solve(Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0]))
    ax = plotting.plot_dual(solution, found=uniqueness(solution))
    curve = ax.lines[-1]
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    assert y[(x >= 1) & (x <= 2)] == pytest.approx(1)
    assert y[(x > 0) & (x < 1)].max() < 1
    assert "not unique" in ax.get_title()
    space = solve(denoising(regular_simplex(3), radius=0.2))
    with pytest.raises(NotSupported, match="3 dimensions"):
        plotting.plot_dual(space)


def test_a_comparison_has_equal_frames_and_scales() -> None:
    solution = _triangle()
    closed = face_aligned.closed_form(solution.problem.centers, 0.25)
    left, right = plotting.plot_comparison(solution.problem, closed.network, solution.network)
    _assert_legible(left)
    assert right.get_legend() is None  # both panels show the same
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    norms = [
        next(item for item in ax.collections if isinstance(item, LineCollection)).norm
        for ax in (left, right)
    ]
    assert norms[0].vmax == norms[1].vmax
    assert f"cost {closed.cost:.9g}" in left.get_title()
    assert f"cost {solution.cost:.9g}" in right.get_title()


def test_a_comparison_on_a_line_takes_axes() -> None:
    closed = univariate.closed_form([0.0, 1.0, 3.0], 0.2)
    steeper = replace(closed.network, output_weights=1.5 * closed.network.output_weights)
    axes = tuple(Figure().subplots(1, 2))
    assert plotting.plot_comparison(closed.problem, closed.network, steeper, axes) == axes
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_a_comparison_beyond_the_plane_shows_ramps() -> None:
    points = [[0.0, 0.0, 0.0], [1.0, 2.0, 2.0], [0.0, 0.0, 1.0], [2.0, 2.0, 1.0]]
    closed = face_aligned.closed_form(points, 0.05)
    solution = solve(closed.problem)
    left, right = plotting.plot_comparison(closed.problem, closed.network, solution.network)
    assert len(left.get_yticks()) == 4
    assert len(right.get_yticks()) == 8
    assert left.get_title() == f"predicted: cost {closed.cost:.9g}"
    assert f"cost {solution.cost:.9g}, largest distance 2." in right.get_title()
    _assert_legible(left)


def test_axes_are_taken_and_returned() -> None:
    solution = _triangle()
    first, second, third, fourth = Figure().subplots(2, 2).ravel()
    assert plotting.plot_ramps(solution.problem, solution.network, first) is first
    assert plotting.plot_weights(solution.network, second) is second
    assert plotting.plot_convergence(solution, third) is third
    alignment = align(solution.problem, solution.network)
    assert plotting.plot_alignment(alignment, fourth) is fourth


def test_errors_are_drawn_with_their_accuracy_and_the_crossing() -> None:
    density, clean = stats.uniform(0, 2), [0.0, 1.0, 2.0]
    curve = mmse.curve(clean, density, [0.3, 0.1, 0.2])
    crossing = mmse.crossing(clean, density)
    ax = plotting.plot_mean_squared_errors(curve, crossing=crossing)
    _assert_legible(ax)
    lines = {line.get_label(): line for line in ax.lines}
    ours = lines["minimum-norm denoiser"]
    np.testing.assert_allclose(ours.get_xdata(), [0.1, 0.2, 0.3])
    expected = [errors.minimum_norm for errors in (curve[1], curve[2], curve[0])]
    np.testing.assert_allclose(ours.get_ydata(), expected)
    assert "MMSE denoiser, knows the density" in lines
    (mark,) = [label for label in lines if label.startswith("equal at")]
    assert "0.277435870 ± " in mark
    np.testing.assert_allclose(lines[mark].get_xdata(), crossing.sigma)
    assert ax.get_title().startswith("quadrature, accurate to")
    with pytest.raises(InvalidProblem, match="at least two noise levels"):
        plotting.plot_mean_squared_errors(curve[:1])


def test_estimates_have_bars_of_their_intervals() -> None:
    curve = [
        mmse.monte_carlo(rays.closed_form(RAYS, sigma).network, RAYS, RAYS, sigma, samples=2_000)
        for sigma in (0.2, 0.1)
    ]
    ax = Figure().subplots()
    assert plotting.plot_mean_squared_errors(curve, ax) is ax
    assert ax.get_title() == "simulation, 2,000 samples each, 95% intervals"
    bars = {container.get_label(): container for container in ax.containers}
    assert set(bars) == {"empirical MMSE denoiser", "minimum-norm denoiser"}
    segments = bars["minimum-norm denoiser"][2][0].get_segments()
    for segment, errors in zip(segments, reversed(curve), strict=True):
        estimate = errors.minimum_norm
        ends = np.array([-1, 1]) * estimate.half_width + estimate.mean
        np.testing.assert_allclose(segment, [[errors.sigma, end] for end in ends])
    noise = next(line for line in ax.lines if str(line.get_label()).startswith("noisy point"))
    np.testing.assert_allclose(noise.get_ydata(), 2 * np.array([0.1, 0.2]) ** 2)
