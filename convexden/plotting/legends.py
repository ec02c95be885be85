"""Legends below a picture, in as many columns, and of such a size of text, that they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden.plotting.style import FIT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# Distances in a legend, in heights of its text.
LEGEND = {"handlelength": 1.8, "handletextpad": 0.8, "columnspacing": 1.4, "labelspacing": 0.5}


def put_below(
    ax: Axes,
    columns: int,
    handles: list[Any] | None,
    under: Axes | None,
    *,
    shift: tuple[float, float],
    space: tuple[float, float],
    size: float,
) -> None:
    """Put a legend below Axes, or below others, in columns that fit into a space.

    It is shifted by so many inches; text has the size or, if it does not fit, a smaller one.
    """
    from matplotlib.transforms import ScaledTranslation

    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    if not handles:
        return
    shift = shift if under is None else (0.0, -FIT.gap)
    place = ScaledTranslation(*shift, ax.figure.dpi_scale_trans)
    looks = _looks(handles) | {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, 0.0),
        "bbox_transform": (under or ax).transAxes + place,
    }
    _fit_legend(ax, looks, columns, size, space)


def put_outside(figure: Figure, handles: list[Any], size: float) -> None:
    """Put a legend below the whole figure."""
    looks = _looks(handles) | {"loc": "outside lower center"}
    width, height = (float(inches) for inches in figure.get_size_inches())
    space = (width - FIT.edge, height * FIT.legend_share)
    _fit_legend(figure, looks, len(handles), size, space)


def _looks(handles: list[Any]) -> dict[str, Any]:
    """A legend that is white as the Axes, so that its black marks are seen in any style."""
    return {
        "handles": handles,
        "facecolor": "white",
        "edgecolor": "none",
        "framealpha": 1.0,
        "fancybox": False,
        "shadow": False,
        "labelcolor": "black",
        "borderpad": 0.1,
        "borderaxespad": 0.0,
    } | LEGEND


def _fit_legend(
    host: Axes | Figure,
    looks: dict[str, Any],
    columns: int,
    size: float,
    space: tuple[float, float],
) -> None:
    """Draw a legend in columns and a size of text that fit.

    It is drawn once to measure its words, and once more as it is to be.
    """
    for old in list(getattr(host, "legends", ())):
        old.remove()
    measured = host.legend(**looks, fontsize=size)
    boxes = [text.get_window_extent() for text in measured.get_texts()]
    words = np.array([[box.width, box.height] for box in boxes]) / host.figure.dpi / size
    if host is not measured.axes:
        measured.remove()
    chosen, text = _legend_shape(words, columns, size, space)
    host.legend(**looks, ncols=chosen, fontsize=text, markerscale=min(1.0, text / FIT.full_legend))


def _legend_shape(
    words: Array, columns: int, size: float, space: tuple[float, float]
) -> tuple[int, float]:
    """Number of columns and size of text of a legend, of words (N, 2) inches for a point of text.

    If nothing fits, the lowest that is not too wide.
    """
    lowest = (np.inf, 1, size)
    for text in (*np.arange(size, FIT.smallest_legend, -0.5), FIT.smallest_legend):
        for number in _column_choices(columns, len(words)):
            width, height = _legend_extent(words * text, number, text / 72)
            if width <= space[0]:
                if height <= space[1]:
                    return number, float(text)
                lowest = min(lowest, (height, number, float(text)))
    return lowest[1:] if np.isfinite(lowest[0]) else (1, FIT.smallest_legend)


def _legend_extent(words: Array, columns: int, em: float) -> tuple[float, float]:
    """Inches of a legend of words of these widths and heights, with text of this height."""
    parts = np.array_split(words, columns)
    widths = [
        part[:, 0].max() + em * (LEGEND["handlelength"] + LEGEND["handletextpad"]) for part in parts
    ]
    heights = [(part[:, 1] + em * LEGEND["labelspacing"]).sum() for part in parts]
    between = em * LEGEND["columnspacing"] * (columns - 1)
    # Letters are set on whole pixels, so that text is a little wider than in proportion.
    return FIT.hinting * (sum(widths) + between), FIT.hinting * max(heights)


def _column_choices(wanted: int, most: int) -> list[int]:
    """Numbers of columns, the one that is wanted first, then fewer, then more."""
    wanted = min(wanted, most)
    return [wanted, *range(wanted + 1, most + 1), *range(wanted - 1, 0, -1)]
