"""Pictures on a line and in a plane show what the network does, and nothing overlaps."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection, PolyCollection, QuadMesh
from matplotlib.quiver import Quiver
from shapely import Polygon

from convexden import data, plotting
from convexden.errors import InvalidProblem, NotSupported
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.solving.interpolation import solve

TRIANGLE = data.triangle([48, 60, 72])
LINE = np.array([0.0, 1.0, 3.0])
SCRIPT = Path(__file__).parents[2] / "docs" / "images" / "make_denoiser.py"


def _line() -> Interpolation:
    return denoising(LINE, radius=0.2)


def _collinear() -> Interpolation:
    return denoising(np.outer(LINE, [0.6, 0.0, 0.8]) + 5, radius=0.2)


def _components() -> Interpolation:
    return Interpolation(LINE, np.eye(3), [0.2, 0.0, 0.1])


def _line_samples() -> Interpolation:
    return denoising(LINE, noisy=LINE[:, None] + np.array([-0.2, 0.0, 0.1]))


def _plane() -> Interpolation:
    return denoising(TRIANGLE, radius=0.25)


def _plane_samples() -> Interpolation:
    return denoising(TRIANGLE, noisy=data.noisy_samples(TRIANGLE, 0.3, 5, 0))


def _plane_in_space() -> Interpolation:
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 2)))[0]
    return denoising(3 + TRIANGLE @ basis.T, radius=0.25)


def _scalar() -> Interpolation:
    return Interpolation(TRIANGLE, [0.0, 1.0, 3.0], [0.1, 0.0, 0.2])


def _vector() -> Interpolation:
    return Interpolation(data.random_points(4, 2, 0), np.eye(4), 0.02)


KINDS = (
    _line,
    _collinear,
    _components,
    _line_samples,
    _plane,
    _plane_samples,
    _plane_in_space,
    _scalar,
    _vector,
)


@cache
def _solution(kind: Callable[[], Interpolation]) -> Solution:
    return solve(kind())


@cache
def _rays() -> Solution:
    return solve(denoising([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]], radius=0.2))


def _draw(kind: Callable[[], Interpolation]) -> Axes:
    solution = _solution(kind)
    line = solution.problem.rank == 1
    return plotting.plot_line(solution) if line else plotting.plot_plane(solution)


def _only(ax: Axes, kind: type) -> object:
    (found,) = [artist for artist in ax.get_children() if isinstance(artist, kind)]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_legend_covers_nothing_and_no_text_is_cut(kind: Callable[[], Interpolation]) -> None:
    ax = _draw(kind)
    figure = ax.figure
    figure.draw_without_rendering()
    legend = ax.get_legend()
    assert legend is not None
    covered = legend.get_window_extent()
    for other in (ax, *figure.axes):
        assert not covered.overlaps(other.get_window_extent())
        assert not covered.overlaps(other.xaxis.label.get_window_extent())
    assert covered.x0 >= 0
    assert covered.x1 <= figure.bbox.x1
    names = [text.get_text() for text in legend.get_texts()]
    assert len(set(names)) == len(names)


def test_the_graph_joins_the_knots() -> None:
    ax = _draw(_line)
    (graph,) = [line for line in ax.lines if line.get_label() == "network $h$"]
    x, y = np.asarray(graph.get_xdata()), np.asarray(graph.get_ydata())
    np.testing.assert_allclose(x[1:-1], [0.2, 0.8, 1.2, 2.8], atol=1e-12)
    np.testing.assert_allclose(y, [0, 0, 1, 1, 3, 3], atol=1e-9)
    bars = np.array(_only(ax, LineCollection).get_segments())  # type: ignore[attr-defined]
    np.testing.assert_allclose(bars[:, :, 0], np.column_stack([LINE - 0.2, LINE + 0.2]))
    np.testing.assert_allclose(bars[:, 0, 1], LINE)


def test_a_line_in_space_looks_like_a_line() -> None:
    graphs = [
        next(line for line in _draw(kind).lines if line.get_label() == "network $h$")
        for kind in (_line, _collinear)
    ]
    flat, lifted = (np.asarray(graph.get_xydata()) for graph in graphs)
    np.testing.assert_allclose(lifted - lifted[0], flat - flat[0], atol=1e-9)


def test_every_component_has_its_curve() -> None:
    labels = [str(line.get_label()) for line in _draw(_components).lines]
    assert [label for label in labels if label.startswith("network")] == [
        "network $h_1$",
        "network $h_2$",
        "network $h_3$",
    ]


@pytest.mark.parametrize("kind", [_plane, _plane_in_space, _plane_samples])
def test_the_plane_shows_hinges_and_the_field(kind: Callable[[], Interpolation]) -> None:
    ax = _draw(kind)
    network = _solution(kind).network
    hinges = _only(ax, LineCollection)
    assert isinstance(hinges, LineCollection)
    weights = np.linalg.norm(network.output_weights, axis=1)
    np.testing.assert_allclose(np.abs(hinges.get_array()), np.sort(weights), rtol=1e-9)
    ends = np.concatenate(hinges.get_segments())
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
    assert (ends >= low - 1e-9).all()
    assert (ends <= high + 1e-9).all()
    assert ax.get_aspect() == 1.0
    field = _only(ax, Quiver)
    assert isinstance(field, Quiver)
    if kind is _plane:
        moves = network(field.XY) - field.XY
        scale = np.linalg.norm(field.U) / np.linalg.norm(moves[:, 0])
        np.testing.assert_allclose(np.column_stack([field.U, field.V]), scale * moves, atol=1e-9)


@pytest.mark.parametrize(("kind", "balls"), [(_plane, 3), (_plane_samples, 0), (_scalar, 2)])
def test_every_ball_is_drawn(kind: Callable[[], Interpolation], balls: int) -> None:
    found = [item for item in _draw(kind).collections if isinstance(item, PatchCollection)]
    assert all(len(item.get_paths()) == balls for item in found)
    assert bool(found) == bool(balls)


def test_the_sign_of_a_hinge_says_where_ramps_begin_and_end() -> None:
    """On the rays to (3, 0) and (0, 2) there is a plateau around (1, 0)."""
    ax = plotting.plot_plane(_rays())
    hinges = _only(ax, LineCollection)
    assert isinstance(hinges, LineCollection)
    found = {}
    dashed = [style[1] is not None for style in hinges.get_linestyle()]
    for segment, weight, dash in zip(
        hinges.get_segments(), hinges.get_array(), dashed, strict=True
    ):
        assert dash == (weight < 0)
        axis = int(np.ptp(segment[:, 0]) > 1e-6)
        found[("xy"[axis], round(float(segment[0, axis]), 6))] = round(float(weight), 6)
    up = round(1 / 0.6, 6)
    assert found == {
        ("x", 0.2): -up,
        ("x", 0.8): up,
        ("x", 1.2): 1.25,
        ("x", 2.8): -1.25,
        ("y", 0.2): -1.25,
        ("y", 1.8): -1.25,
    }


def test_signs_of_scalars_are_those_of_the_output_weights() -> None:
    solution = _solution(_scalar)
    hinges = _only(_draw(_scalar), LineCollection)
    assert isinstance(hinges, LineCollection)
    np.testing.assert_allclose(
        np.sort(hinges.get_array()), np.sort(solution.network.output_weights[:, 0]), rtol=1e-9
    )


def test_cells_are_shaded_by_rank() -> None:
    solution = _rays()
    ax = plotting.plot_plane(solution)
    area = {}
    for shades in (item for item in ax.collections if isinstance(item, PolyCollection)):
        for path in shades.get_paths():
            polygon = Polygon(path.vertices)
            middle = np.array(polygon.representative_point().coords[0])
            rank = np.linalg.matrix_rank(solution.network.jacobian(middle), tol=1e-6)
            gray = round(float(shades.get_facecolor()[0, 0]), 6)
            area[gray] = area.get(gray, 0.0) + polygon.area
            assert gray == {0: 0.84, 1: 0.93, 2: 1.0}[int(rank)]
    frame = np.ptp([*ax.get_xlim()]) * np.ptp([*ax.get_ylim()])
    assert len(area) == 3
    assert sum(area.values()) == pytest.approx(frame)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [f"Jacobian of rank {r}" in names for r in range(3)] == [True] * 3


@pytest.mark.parametrize(("kind", "counts"), [(_line, (3, 2, 0)), (_plane, (3, 1, 3))])
def test_fixed_points_are_marked_on_request(
    kind: Callable[[], Interpolation], counts: tuple[int, int, int]
) -> None:
    solution = _solution(kind)
    draw = plotting.plot_line if kind is _line else plotting.plot_plane
    marks = {}
    for mark in draw(solution, fixed_points=True).lines:
        if str(mark.get_label()).startswith("fixed point"):
            at = np.asarray(mark.get_xydata())
            y = at[:, : solution.problem.input_dimension]
            np.testing.assert_allclose(solution.network(y), at[:, -y.shape[1] :], atol=1e-9)
            marks[str(mark.get_label()).split()[-1]] = len(at)
            filled = mark.get_markerfacecolor() != "white"
            assert filled == str(mark.get_label()).endswith("attracting")
    assert tuple(marks.get(s, 0) for s in ("attracting", "repelling", "saddle")) == counts
    assert not any("fixed" in str(line.get_label()) for line in draw(solution).lines)


def test_only_denoisers_have_fixed_points() -> None:
    with pytest.raises(InvalidProblem, match="only a denoiser"):
        plotting.plot_plane(_solution(_scalar), fixed_points=True)


def test_a_scalar_problem_is_a_map() -> None:
    ax = _draw(_scalar)
    image = _only(ax, QuadMesh)
    assert isinstance(image, QuadMesh)
    values = np.asarray(image.get_array())
    axes = [np.linspace(*limits, len(values)) for limits in (ax.get_xlim(), ax.get_ylim())]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(values.ravel(), _solution(_scalar).network(points)[:, 0], atol=1e-9)
    assert not [artist for artist in ax.get_children() if isinstance(artist, Quiver)]


def test_axes_are_taken_and_returned() -> None:
    from matplotlib.figure import Figure

    left, middle = Figure().subplots(1, 2)
    assert plotting.plot_line(_solution(_line), left) is left
    assert plotting.plot_plane(_solution(_plane), middle) is middle


def test_the_wrong_picture_is_refused() -> None:
    with pytest.raises(NotSupported, match="span a plane, not a line"):
        plotting.plot_line(_solution(_plane))
    with pytest.raises(NotSupported, match="span a line, not a plane"):
        plotting.plot_plane(_solution(_line))


def test_the_picture_of_the_readme_can_be_drawn(tmp_path: Path) -> None:
    runpy.run_path(str(SCRIPT))["main"](tmp_path / "denoiser.png")
    assert (tmp_path / "denoiser.png").stat().st_size > 50_000
