"""What all pictures share: colors, sizes, ticks, numbers beside points.

Colors are those of Okabe and Ito, and scales that color-blind readers keep apart; dashes, line
widths and markers say the same again in gray prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.errors import ExternalFailure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap

    from convexden.analysis.coordinates import Chart

Array = NDArray[np.float64]

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY = "#56B4E9"
CURVES = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (PURPLE, ":"))
NOISE = "#E69F00"
BALL = "#F2CF80"  # half of it, on white
CLEAN: dict[str, Any] = {"color": "black", "ls": "", "marker": "o", "ms": 5, "mec": "white"}
SAMPLE: dict[str, Any] = {"color": NOISE, "ls": "", "marker": "o", "mec": "black", "mew": 0.4}


# Degrees between ticks.
ANGLE_STEPS = (5.0, 10.0, 15.0, 30.0, 45.0, 90.0)


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and how large: sizes, and the shares below which nothing is seen."""

    smallest_angle: float = 1e-6
    """Degrees; below, the scale of angles is linear and ends at 0."""

    crowded_markers: int = 60
    """Hinges of an alignment, with more of which markers are smaller."""

    vanishing: float = 1e-3
    """A singular value below this share of the largest of all cells counts as 0."""

    most_cells_hinges: int = 300
    """Hinges; cells of more are too many to be drawn in seconds, and too small to be seen."""

    map_angles: int = 361
    """Angles of the hinges of a map of the dual constraint: every half degree."""

    map_places: int = 401
    """Places of these hinges."""

    dual_margin: float = 0.1
    """Margin of the map beyond the outermost sites, as a share of their extent."""

    largest_marker: float = 240.0
    """Area of the marker of the heaviest hinge of the map, in square points."""

    wide_noise: int = 100
    """Ratio of the ends of a logarithmic axis from which on powers of ten are ticks enough."""

    short_log: float = 4.0
    """The same, below which ticks are at equal distances."""

    smallest_excess: float = 1e-16
    """Relative excesses below this are not told apart."""

    lightest: float = 1e-6
    """Hinges lighter than this share of the heaviest, or of the cost, are not drawn."""

    crowded_lines: int = 20
    """Hinges, with more of which lines are thinner."""

    near: float = 0.2
    """A hinge comes from the nearest of the penalty before if that is as near, in spreads."""

    largest_dot: float = 110.0
    """Area of the dot of the heaviest hinge of a path, in square points."""

    golden: float = 0.381966
    """Place of the first contour in its twelfth of the range, the golden section: the values of
    symmetric targets, which are simple fractions, are on no contour."""

    visible_ball: float = 3.0
    """Points of the radius of a ball, below which a ring shows where it is."""

    plane_margin: float = 0.25
    """Margin of a frame around a denoiser, as a share of its extent: room for what it does
    outside."""

    parallel: float = 0.02
    """Radians by which hinges of one ramp may differ: a degree, which is hard to see."""

    visible_spread: float = 0.05
    """Degrees from which on the spread of a ramp is stated."""

    profile_height: float = 0.66
    """Height of a profile in a row of height 1."""

    smallest_image: int = 4
    """Pixels a side: points of fewer coordinates are hardly images."""

    between_knots: int = 40
    """Points between two knots where a curve is not straight."""

    largest_excess: float = 1e-1
    """Relative excess at the end of the scale of a map."""

    named_sides: float = 3.35
    """Inches of a map, from which on there is room for the names of its sides."""

    map_row: float = 3.1
    """Height of a row of maps, in inches."""

    heavy: float = 1e-2
    """Share of the heaviest hinge from which on those of a trained network are drawn."""

    strip_images: int = 7
    """Images of a strip along a segment."""

    strip_width: float = 0.88 / 6
    """Width of an image of a strip, in units of t: 88 % of the distance of two."""

    strip_gap: float = 0.02
    """Gap between the strips, in units of t."""

    strip_axis: float = 44.0
    """Points that ticks and the label of the horizontal axis take."""

    numbered: int = 20
    """Clean points of data that are projected are numbered if they are not more."""


DRAWING = Drawing()


@dataclass(frozen=True)
class Fit:
    """How pictures are fitted into the room that they have."""

    __repr__ = display.field_line

    paper_widths: tuple[float, float] = (3.3, 6.8)
    """Inches of one column and of two, of a paper on letter or A4."""

    paper_style: Mapping[Any, Any] = field(
        default_factory=lambda: {"font.size": 8.0, "pdf.fonttype": 42, "savefig.bbox": None}
    )
    """Settings of matplotlib in a paper: small text, fonts that publishers accept, whole files."""

    marks: Mapping[Any, Any] = field(
        default_factory=lambda: {
            "axes.grid": False,
            "hatch.linewidth": 0.6,
            "image.origin": "upper",
            "lines.linestyle": "-",
            "lines.linewidth": 1.5,
            "lines.marker": "None",
            "lines.markersize": 6.0,
            "patch.force_edgecolor": False,
            "scatter.edgecolors": "face",
            "scatter.marker": "o",
        }
    )
    """Settings of matplotlib that pictures rely on."""

    height_power: float = 0.6
    """The height of a picture falls by this power of its width: text does not become smaller."""

    full_width: float = 4.6
    """Inches from which on text has its full size."""

    smallest_text: float = 7.0
    """Points of labels in narrow Axes, below which text of a paper is hard to read."""

    smallest_legend: float = 5.5
    """Points of a legend that would not fit otherwise."""

    full_legend: float = 9.0
    """Points of the text of a legend from which on its markers have their full size."""

    layout_rounds: int = 5
    """Layouts, at most, until Axes of equal scales beside others stay where they are."""

    settled: float = 0.003
    """By what share of the figure they may still move then."""

    hinting: float = 1.03
    """By how much text may be wider than in proportion to its size."""

    legend_share: float = 0.36
    """Of the height of a picture, at most for the legend."""

    inner_width: float = 0.75
    """The Axes' share of the width that they have with labels and a color bar, about."""

    inner_height: float = 0.72
    """The same of the height, with labels and a legend."""

    angle: tuple[float, float] = (0.45, 0.3)
    """Inches that an angle takes on a horizontal and a vertical axis."""

    gap: float = 0.08
    """Inches between labels and the legend."""

    edge: float = 0.12
    """Inches that stay free on both sides together."""

    title_width: float = 0.68
    """Of the width of a picture, at most for a line of a title, which is centered on its Axes."""

    title_lines: float = 1.8
    """Heights of text that are kept for a title."""

    least_height: float = 0.45
    """Inches that a vertical label may have in any case."""

    bar_aspect: float = 30.0
    """Height of a color bar by its width."""

    bar_width: float = 0.11
    """Least width of a color bar, in inches."""

    bar_pad: float = 0.02
    """Gap between Axes and color bar, as a share of the Axes."""

    bar_inches: float = 0.2
    """Inches of a color bar and its gap."""

    bar_lines: float = 4.5
    """Heights of text that are its numbers and its label."""


FIT = Fit()


def number(ax: Axes, chart: Chart, points: Array, shift: tuple[int, int], size: float) -> None:
    """Number clean points from 0, where coordinates do not tell which is which."""
    if not chart.projected or len(points) > DRAWING.numbered:
        return
    for n, point in enumerate(points):
        ax.annotate(
            str(n),
            (point[0], point[1]),
            shift,
            textcoords="offset points",
            fontsize=size,
            color="black",
            zorder=6,
            path_effects=halo(),
        )


def percent(share: float) -> str:
    """A share in percent, also where LaTeX sets the text."""
    from matplotlib import rcParams

    return f"{share:.0%}".replace("%", r"\%" if rcParams["text.usetex"] else "%")


@contextmanager
def text_of_latex() -> Iterator[None]:
    """Say it in one line where LaTeX is to set the text and does not.

    Raises
    ------
    ExternalFailure
        Then.
    """
    try:
        yield
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        if re.search(r"\b(la)?tex\b", reason) is None:
            raise
        raise ExternalFailure(
            f"the picture was not drawn: {reason[:120]}: set text.usetex to False"
        ) from error


def halo() -> list[Any]:
    """A white rim that keeps text legible on lines."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2, foreground="white")]


def plain_log(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis, between powers of ten if there are few of these."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

    low, high = axis.get_view_interval()
    axis.set_minor_formatter(NullFormatter())
    if high < DRAWING.short_log * low:
        axis.set_major_locator(MaxNLocator(4))
        axis.set_minor_locator(NullLocator())
    elif high < DRAWING.wide_noise * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")


def degrees(axis: Axis, most: float) -> None:
    """Angles on an axis, at not more than so many multiples of a part of the right angle."""
    from matplotlib.ticker import MultipleLocator

    low, high = sorted(axis.get_view_interval())
    steps = (step for step in ANGLE_STEPS if high - low <= step * most)
    axis.set_major_locator(MultipleLocator(next(steps, ANGLE_STEPS[-1])))
    axis.set_major_formatter("{x:g}°")


def part_of(name: str, start: float, stop: float) -> Colormap:
    """The part of a named color map between two of its values."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[name](np.linspace(start, stop, 256)))


def signed_colors() -> Colormap:
    """Reds below the middle, blues above it, and nothing too light or too dark for a line."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    halves = np.concatenate([np.linspace(0.06, 0.32, 128), np.linspace(0.68, 0.94, 128)])
    return ListedColormap(colormaps["RdBu"](halves))
