"""Pictures fit into the room that they have, in any style, and leave no trace in the settings."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from pictures import KINDS, basins, faults, line, plane, trained, triangle, triangles

import convexden as cd
from convexden import plotting
from convexden.errors import InvalidInput
from convexden.plotting import shape_map, virtual_map
from convexden.plotting.layout import in_paper

ONE, TWO = 3.3, 6.8


def _figure(drawn) -> Figure:
    """The figure of what a plot function returns."""
    return np.ravel(np.asarray(drawn, dtype=object))[0].figure


@cache
def _in_paper(name: str, columns: int = 1) -> Figure:
    """A picture for a paper; nobody changes it."""
    with plotting.paper(columns):
        return _figure(KINDS[name].draw())


def _with_margins(name: str, **options) -> Figure:
    """The same on Axes with margins set by hand, which nothing has to move."""
    kind = KINDS[name]
    figure = Figure((ONE, 2.6 * kind.panels[0]))
    figure.subplots_adjust(bottom=0.3)
    kind.draw(kind.axes(figure), **options)
    return figure


@pytest.mark.parametrize(
    ("name", "columns"),
    [*((name, 1) for name in KINDS), ("comparison", 2), ("triangles", 2), ("ramps", 2)],
)
def test_a_picture_for_a_paper_has_its_width_and_no_text_is_cut(name: str, columns: int) -> None:
    figure = _in_paper(name, columns)
    assert figure.get_figwidth() == (ONE, TWO)[columns - 1]
    assert faults(figure) == []


@pytest.mark.parametrize("name", KINDS)
def test_a_narrow_figure_of_the_user_is_not_overfull(name: str) -> None:
    """With text of the usual size, constrained layout, and 2.6 in for each row of panels."""
    kind = KINDS[name]
    figure = Figure((ONE, 2.6 * kind.panels[0]), layout="constrained")
    kind.draw(kind.axes(figure))
    assert faults(figure) == []
    assert tuple(figure.get_size_inches()) == (ONE, 2.6 * kind.panels[0])


@pytest.mark.parametrize("longest", [0.03, 0.2, 0.25, 90.0])
def test_training_of_any_length_fits_into_a_column(longest: float) -> None:
    gap = trained()
    times = np.geomspace(0.02, longest, len(gap.history))
    history = tuple(
        step._replace(seconds=float(t)) for step, t in zip(gap.history, times, strict=True)
    )
    short = replace(gap, history=history, solution=replace(gap.solution, seconds=0.02))
    with plotting.paper(1):
        assert faults(plotting.plot_training(short).figure) == []


@pytest.mark.parametrize("layout", ["constrained", "compressed", None])
def test_two_pictures_side_by_side(layout: str | None) -> None:
    figure = Figure((6.8, 2.8), layout=layout)  # type: ignore[arg-type]
    left, right = figure.subplots(1, 2)
    assert plotting.plot_plane(plane(), left) is left
    assert plotting.plot_ramps(plane().problem, plane().network, right) is right
    assert faults(figure) == []
    assert tuple(figure.get_size_inches()) == (6.8, 2.8)


def test_a_legend_wider_than_its_axes_stays_in_the_figure() -> None:
    """The layout of Axes of equal scales takes several rounds beside others."""
    figure = Figure((8.0, 2.8))
    left, right = figure.subplots(1, 2)
    wide = np.array([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]])
    solution = cd.solve(cd.denoising(wide, radius=0.2))
    plotting.plot_plane(solution, left)
    plotting.plot_ramps(solution.problem, solution.network, right)
    assert faults(figure) == []


def test_margins_that_the_user_sets_stay() -> None:
    figure = Figure((6.0, 4.0))
    figure.subplots_adjust(bottom=0.4)
    ax = plotting.plot_line(line(), figure.subplots())
    figure.draw_without_rendering()
    assert figure.get_layout_engine() is None
    assert ax.get_position().y0 == pytest.approx(0.4)


@pytest.mark.parametrize("name", KINDS)
def test_legend_and_color_bar_can_be_left_out(name: str) -> None:
    kind = KINDS[name]
    options = {"legend": False} | ({"colorbar": False} if kind.colorbar else {})
    full, bare = _in_paper(name), _with_margins(name, **options)
    assert not bare.legends
    assert not any(ax.get_legend() for ax in bare.axes)
    assert (len(bare.axes) < len(full.axes)) == kind.colorbar


HOSTILE = {
    "figure.facecolor": "black",
    "axes.facecolor": "black",
    "axes.edgecolor": "white",
    "axes.labelcolor": "white",
    "text.color": "white",
    "xtick.color": "white",
    "ytick.color": "white",
    "axes.grid": True,
    "lines.marker": "*",
    "lines.linestyle": ":",
    "image.origin": "lower",
    "image.cmap": "jet",
    "scatter.marker": "x",
    "axes.labelsize": "large",
    "legend.frameon": True,
    "savefig.format": "pdf",
}


@pytest.mark.parametrize("name", KINDS)
def test_settings_of_the_user_neither_break_nor_leak(name: str) -> None:
    with mpl.rc_context(HOSTILE):
        before = dict(mpl.rcParams)
        styled = _with_margins(name)
        assert dict(mpl.rcParams) == before
    for one, other in zip(_in_paper(name).axes, styled.axes, strict=True):
        if one.get_label() != "<colorbar>" and one.patch.get_visible():
            assert one.get_facecolor() == other.get_facecolor()
        for first, second in zip(one.lines, other.lines, strict=True):
            assert first.get_marker() == second.get_marker()
            assert first.get_linestyle() == second.get_linestyle()
        for first, second in zip(one.images, other.images, strict=True):
            assert first.origin == second.origin


def test_the_paper_leaves_the_settings_as_they_were() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), plotting.paper():
        assert in_paper()
        assert mpl.rcParams["font.size"] == 8
        _ = 1 / 0
    assert dict(mpl.rcParams) == before
    assert not in_paper()
    with pytest.raises(InvalidInput, match="1 or 2 columns"), plotting.paper(3):  # type: ignore[arg-type]
        pass


def test_a_size_of_figures_that_the_user_sets_is_obeyed() -> None:
    with mpl.rc_context({"figure.figsize": (5.0, 4.0)}):
        figure = plotting.plot_flow(*basins()).figure
    assert tuple(figure.get_size_inches()) == (5.0, 4.0)
    assert faults(figure) == []


def test_a_picture_in_a_file_has_the_width_of_the_paper(tmp_path) -> None:
    from PIL import Image

    with plotting.paper():
        plotting.plot_solution(plane(), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as image:
        assert image.width == pytest.approx(ONE * image.info["dpi"][0], abs=2)


def test_the_gap_is_not_drawn_below_the_one_that_is_stated() -> None:
    ax = plotting.plot_convergence(triangle())
    (gaps,) = [item for item in ax.figure.axes[1].lines if "gap" in str(item.get_label())]
    assert np.asarray(gaps.get_ydata())[-1] >= triangle().relative_gap


def _lightness(color: str) -> float:
    """L of CIELAB, from 0 to 100."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in mpl.colors.to_rgb(color)
    ]
    return 116 * float(np.dot(linear, [0.2126, 0.7152, 0.0722])) ** (1 / 3) - 16


@pytest.mark.parametrize("looks", [shape_map.LOOKS, virtual_map.LOOKS], ids=["shapes", "virtual"])
def test_regions_of_maps_differ_in_lightness_and_hatching(looks) -> None:
    levels = sorted(_lightness(look.color) for look in looks)
    assert np.diff(levels).min() > 12
    # Two are not hatched at most: the lightest, and one that is drawn as thin strips.
    assert len({look.hatch for look in looks}) >= len(looks) - 1
    for look in looks:
        if look.hatch:
            assert abs(_lightness(look.ink) - _lightness(look.color)) > 25


def test_a_map_is_hatched_as_its_legend() -> None:
    panels = plotting.plot_shape_map(triangles())
    seen = {k for k in np.unique(triangles().structure) if shape_map.LOOKS[k].hatch}
    drawn = {found.get_hatch() for found in panels[0, 0].findobj(PathPatch)} - {None}
    assert drawn == {shape_map.LOOKS[k].hatch for k in seen} != set()
