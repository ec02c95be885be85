"""Pictures appear whole or not at all, say what is proved, and show what fits the data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from convexden import data, plotting
from convexden.certificate import Certificate
from convexden.errors import ExternalFailure, InvalidProblem, NotSupported
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.solving.interpolation import solve
from convexden.theorems import obtuse_simplex


@cache
def _line() -> Solution:
    return solve(denoising([0.0, 1.0, 3.0], radius=0.2))


@cache
def _plane() -> Solution:
    return solve(denoising(data.triangle([60, 60, 60]), radius=0.25))


@cache
def _scalar() -> Solution:
    return solve(Interpolation(data.triangle([48, 60, 72]), [0.0, 1.0, 3.0], [0.1, 0.0, 0.2]))


@cache
def _space() -> Solution:
    return solve(denoising(data.regular_simplex(3), radius=0.1))


@cache
def _flat() -> tuple[Solution, ShallowNetwork]:
    """Points whose panels are flat, and the network of their closed form."""
    closed = obtuse_simplex.closed_form([[0.0, 0.0], [3.0, 0.4], [-3.0, 0.4]], 0.1)
    return solve(closed.problem), closed.network


@pytest.mark.parametrize(
    ("solution", "kind"),
    [(_line, "denoiser"), (_plane, "denoiser"), (_scalar, "denoiser"), (_space, "segment")],
)
def test_a_picture_appears_whole_and_fits_the_data(
    solution: Callable[[], Solution], kind: plotting.Kind, tmp_path: Path
) -> None:
    assert plotting.plot_solution(solution(), tmp_path / "h.png") == kind
    assert [path.name for path in tmp_path.iterdir()] == ["h.png"]
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("name", "start"), [("h.pdf", b"%PDF"), ("H.SVG", b"<?xml")])
def test_vector_formats(name: str, start: bytes, tmp_path: Path) -> None:
    plotting.plot_solution(_plane(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["h.jpeg", "h"])
def test_another_suffix_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidProblem, match=r"end its name in .png, .pdf or .svg$"):
        plotting.plot_solution(_line(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h.png").write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(ExternalFailure, match="no space left"):
        plotting.plot_solution(_line(), tmp_path / "h.png")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.png"
    with pytest.raises(NotSupported, match="span 3 dimensions"):
        plotting.plot_solution(_space(), path, "denoiser")
    with pytest.raises(InvalidProblem, match="no fixed points in a picture of kind segment"):
        plotting.plot_solution(_space(), path, fixed_points=True)
    with pytest.raises(InvalidProblem, match="no history"):
        plotting.plot_solution(_line(), path, "convergence")
    with pytest.raises(InvalidProblem, match="needs a predicted network"):
        plotting.plot_solution(_line(), path, "comparison")
    with pytest.raises(InvalidProblem, match="there is no point 4"):
        plotting.plot_solution(_space(), path, segment=(0, 4))
    assert not list(tmp_path.iterdir())


def test_a_constant_beyond_the_plane_is_refused(tmp_path: Path) -> None:
    problem = Interpolation(data.regular_simplex(3), np.ones(4), 0.1)
    network = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 3)), [], np.zeros((1, 3)), [1.0])
    certificate = Certificate(np.zeros((4, 1)), np.zeros((4, 1, 3)), 0.0, 0.0, "none")
    solution = Solution(problem, network, certificate, 0.0, 0.0, 0.0, "certified", 1, 0.0, {})
    with pytest.raises(NotSupported, match="nothing to draw") as caught:
        plotting.plot_solution(solution, tmp_path / "h.png")
    assert "\n" not in str(caught.value)


def test_the_title_says_what_is_proved() -> None:
    solution = _line()
    text = plotting.summary(solution)
    assert "3 balls: 4 neurons, certified" in text
    assert f"cost {solution.cost:.9g}, lower bound {solution.lower_bound:.9g}" in text
    assert "not certified" in plotting.summary(replace(solution, status="not-certified"))


def test_matplotlib_is_loaded_on_first_use_and_without_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys, convexden.plotting, convexden as cd\n"
        "assert 'matplotlib' not in sys.modules\n"
        "cd.plotting.plot_solution(cd.solve(cd.denoising([0.0, 1.0], radius=0.1)), 'h.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)


@pytest.mark.parametrize("kind", plotting.KINDS)
def test_every_kind_is_written_and_its_title_covers_nothing(
    kind: plotting.Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[Figure] = []
    write = Figure.savefig

    def remembered(figure: Figure, *given: Any, **options: Any) -> None:
        saved.append(figure)
        write(figure, *given, **options)

    monkeypatch.setattr(Figure, "savefig", remembered)
    solution, network = _flat()
    options = {"predicted": network} if kind == "comparison" else {}
    assert plotting.plot_solution(solution, tmp_path / "h.png", kind, **options) == kind
    assert (tmp_path / "h.png").stat().st_size > 5000
    (figure,) = saved
    figure.draw_without_rendering()
    (title,) = figure.texts
    covered = title.get_window_extent()
    assert title.get_text().startswith("Minimum-norm network on 3 balls")
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box is not None
        assert not covered.overlaps(box)
