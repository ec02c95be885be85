"""Pictures show what the solutions say, appear whole or not at all, and nothing overlaps."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection, QuadMesh
from matplotlib.quiver import Quiver

from convexden import data, plotting
from convexden.certificate import Certificate
from convexden.errors import InvalidProblem, UnsupportedProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.solving import solve

TRIANGLE = data.triangle([48, 60, 72])
LINE = np.array([0.0, 1.0, 3.0])
SCRIPT = Path(__file__).parents[1] / "docs" / "images" / "make_denoiser.py"


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


def _draw(kind: Callable[[], Interpolation]) -> Axes:
    solution = _solution(kind)
    line = solution.problem.reduce().problem.input_dimension == 1
    return plotting.plot_line(solution) if line else plotting.plot_plane(solution)


def _only(ax: Axes, kind: type) -> object:
    (found,) = [artist for artist in ax.get_children() if isinstance(artist, kind)]
    return found


@pytest.mark.parametrize("kind", [_line, _components, _plane, _scalar])
def test_a_picture_appears_whole(kind: Callable[[], Interpolation], tmp_path: Path) -> None:
    plotting.plot_solution(_solution(kind), tmp_path / "h.png")
    assert [path.name for path in tmp_path.iterdir()] == ["h.png"]
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("name", "start"), [("h.pdf", b"%PDF"), ("H.SVG", b"<?xml")])
def test_vector_formats(name: str, start: bytes, tmp_path: Path) -> None:
    plotting.plot_solution(_solution(_plane), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["h.jpeg", "h"])
def test_another_suffix_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidProblem, match=r"end its name in .png, .pdf or .svg$"):
        plotting.plot_solution(_solution(_line), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h.png").write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(InvalidProblem, match="no space left"):
        plotting.plot_solution(_solution(_line), tmp_path / "h.png")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_more_than_a_plane_is_refused(tmp_path: Path) -> None:
    problem = denoising(data.regular_simplex(3), radius=0.1)
    network = ShallowNetwork(np.zeros((0, 3)), np.zeros((0, 3)), [], np.eye(3), np.zeros(3))
    certificate = Certificate(np.zeros((4, 3)), np.zeros((4, 3, 3)), 0.0, 0.0, "none")
    solution = Solution(problem, network, certificate, 0.0, 0.0, 0.0, "not-certified", 1, 0.0, {})
    with pytest.raises(UnsupportedProblem, match="span 3 dimensions") as caught:
        plotting.plot_solution(solution, tmp_path / "h.png")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_title_says_what_is_proved() -> None:
    solution = _solution(_line)
    text = plotting.summary(solution)
    assert "3 balls: 4 neurons, certified" in text
    assert f"cost {solution.cost:.9g}, lower bound {solution.lower_bound:.9g}" in text
    assert "not certified" in plotting.summary(replace(solution, status="not-certified"))


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
    weights = np.linalg.norm(network.output_weights, axis=1)
    np.testing.assert_allclose(hinges.get_array(), np.sort(weights), rtol=1e-9)  # type: ignore[attr-defined]
    ends = np.concatenate(hinges.get_segments())  # type: ignore[attr-defined]
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

    left, middle, right = Figure().subplots(1, 3)
    assert plotting.plot_line(_solution(_line), left) is left
    assert plotting.plot_plane(_solution(_plane), middle) is middle
    assert plotting.plot_convergence(_solution(_plane), right) is right


def test_the_wrong_picture_is_refused() -> None:
    with pytest.raises(UnsupportedProblem, match="span a plane, not a line"):
        plotting.plot_line(_solution(_plane))
    with pytest.raises(UnsupportedProblem, match="span a line, not a plane"):
        plotting.plot_plane(_solution(_line))


def test_convergence_shows_the_history() -> None:
    solution = _solution(_plane)
    cost, bound = plotting.plot_convergence(solution).lines
    np.testing.assert_array_equal(cost.get_ydata(), [step.cost for step in solution.history])
    np.testing.assert_array_equal(
        bound.get_ydata(), [step.lower_bound for step in solution.history]
    )
    with pytest.raises(InvalidProblem, match="no history"):
        plotting.plot_convergence(_solution(_line))


def test_matplotlib_is_loaded_on_first_use_and_without_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys, convexden.plotting, convexden as cd\n"
        "assert 'matplotlib' not in sys.modules\n"
        "cd.plotting.plot_solution(cd.solve(cd.denoising([0.0, 1.0], radius=0.1)), 'h.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)


def test_the_picture_of_the_readme_can_be_drawn(tmp_path: Path) -> None:
    runpy.run_path(str(SCRIPT))["main"](tmp_path / "denoiser.png")
    assert (tmp_path / "denoiser.png").stat().st_size > 50_000
