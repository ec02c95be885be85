"""What all pictures share: colors, new Axes, a legend below them, numbers beside points.

Colors are those of Okabe and Ito, and scales that color-blind readers keep apart; dashes, line
widths and markers say the same again in gray prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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
    """Ratio of noise levels from which on powers of ten are ticks enough."""

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


def axes(width: float, height: float) -> Axes:
    """New Axes in a figure of this size in inches."""
    from matplotlib.figure import Figure

    return Figure((width, height), layout="compressed").subplots()


def legend(
    ax: Axes, columns: int, handles: list[Any] | None = None, under: Axes | None = None
) -> None:
    """Put the legend below the Axes and their labels, or below others, where it covers nothing."""
    from matplotlib.transforms import ScaledTranslation

    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    depth, above = (42, ax) if under is None else (10, under)
    shifted = above.transAxes + ScaledTranslation(0, -depth / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=shifted,
        ncols=columns,
        frameon=False,
        fontsize=9,
        borderaxespad=0,
    )


def number(ax: Axes, chart: Chart, points: Array, shift: tuple[int, int]) -> None:
    """Number clean points from 0, where coordinates do not tell which is which."""
    if not chart.projected or len(points) > DRAWING.numbered:
        return
    for n, point in enumerate(points):
        ax.annotate(
            str(n),
            (point[0], point[1]),
            shift,
            textcoords="offset points",
            fontsize=9,
            zorder=6,
            path_effects=halo(),
        )


def halo() -> list[Any]:
    """A white rim that keeps text legible on lines."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2, foreground="white")]


def plain_log(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis, between powers of ten if there are few of these."""
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    low, high = axis.get_view_interval()
    plain = StrMethodFormatter("{x:g}")
    axis.set_major_formatter(plain)
    axis.set_minor_formatter(plain if high < 11 * low else NullFormatter())


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
