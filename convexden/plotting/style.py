"""What all pictures share: colors, new Axes, a legend below them, numbers beside points.

Colors are those of Okabe and Ito, and scales that color-blind readers keep apart; dashes, line
widths and markers say the same again in gray prints.
"""

from __future__ import annotations

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
ROUNDING = 1e-12  # relative to the size of a map or field, what is smaller is not drawn
NUMBERED = 20  # clean points of data that are projected are numbered if they are not more


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
    if not chart.projected or len(points) > NUMBERED:
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
