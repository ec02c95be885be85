"""The map of triangles by the number of virtual points of their denoisers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convexden.experiments.shape_maps import ShapeMap
from convexden.plotting import layout, style
from convexden.plotting.regions import Look
from convexden.plotting.saving import check_picture, save_figure
from convexden.plotting.shape_map import draw_kinds, label_angles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# By the number of virtual points, from light to dark; the last one is for more.
LOOKS = (
    Look("#E4EDF3"),
    Look(style.SKY, "////", "white"),
    Look("#00835F", r"\\\\", "white"),
    Look("#8A2F6B", "xxxx", "white"),
    Look("#521B00", "....", "white"),
)
COLUMNS = 2


@layout.neutral
def plot_virtual_map(shape_map: ShapeMap, *, legend: bool = True) -> NDArray[np.object_]:
    """Draw a map of triangles, a panel for each radius, darker for more virtual points.

    A triangle is at its largest angle, from left to right, and its smallest, upwards, as in
    `plot_shape_map`.

    Parameters
    ----------
    shape_map : ShapeMap
    legend : bool
        Whether to say what the colors are, below the figure.

    Returns
    -------
    (F,) array of Axes
    """
    count = len(shape_map.fractions)
    columns = 1 if layout.one_column() else min(COLUMNS, count)
    rows = -(-count // columns)
    size = 5.0 * columns, style.DRAWING.map_row * rows + 0.7
    figure = layout.new_figure(*size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    panels: NDArray[np.object_] = grid.ravel()[:count]
    for spare in grid.ravel()[count:]:
        spare.set_visible(False)
    virtual = np.where(shape_map.solved, np.minimum(shape_map.virtual, len(LOOKS) - 1), np.nan)
    for f, ax in enumerate(panels):
        draw_kinds(ax, shape_map, virtual[f], LOOKS)
        label_angles(ax, shape_map.largest_angle)
        layout.title(ax, rf"$\rho = {shape_map.fractions[f]:g}\,H/2$")
    for ax in grid[:, 0]:
        ax.set_ylabel("smallest angle")
    for ax in grid[-1]:
        ax.set_xlabel("largest angle")
    for ax in panels:
        layout.finish(ax, legend=False)
    if legend:
        _name_colors(figure, virtual)
    return panels


def _name_colors(figure: Figure, virtual: Array) -> None:
    """A legend of the colors that there are."""
    top = len(LOOKS) - 1
    names = ["no virtual point", *(str(number) for number in range(1, top)), f"{top} or more"]
    seen = np.unique(virtual[np.isfinite(virtual)]).astype(int)
    figure.legend(
        handles=[LOOKS[k].patch(names[k]) for k in seen],
        loc="outside lower center",
        ncols=len(seen),
        frameon=False,
        fontsize=layout.text_size(figure.axes[0]),
    )


def save_virtual_map(shape_map: ShapeMap, path: str | Path) -> None:
    """Write the picture of `plot_virtual_map` to a file.

    Parameters
    ----------
    shape_map : ShapeMap
    path : str or Path
        Ends in .png, .pdf or .svg.  The file appears whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_virtual_map(shape_map)[0]), path, dpi=150)
