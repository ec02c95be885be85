"""The map of triangles: what their denoisers look like, and where a conjecture about them fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden.errors import InvalidProblem
from convexden.experiments.shape_maps import OPTIMAL, ShapeEnds, ShapeMap
from convexden.experiments.structures import STRUCTURES
from convexden.plotting import layout, legends, style
from convexden.plotting.regions import Look, hatch_pixels
from convexden.plotting.saving import check_picture, save_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

Array = NDArray[np.float64]

# In the order of STRUCTURES.  Lightness (L of CIELAB) is 93, 58, 30, 76 and 44: no two kinds are
# nearer than 14, so that they differ in gray as well.
LOOKS = (
    Look("#DDEEF8"),
    Look("#3A92CC", "////", "white"),
    Look("#00503C"),
    Look("#F0B030", "....", "#7A5200"),
    Look("#B04A00", r"\\\\\\\\", "#FFD9B8"),
)
UNCERTIFIED = Look("black", "xxxx", "white")
OPTIMAL_LOOK = Look("0.95", "..", "0.55")


@layout.neutral
def plot_shape_map(
    shape_map: ShapeMap,
    axes: NDArray[np.object_] | None = None,
    *,
    ends: ShapeEnds | None = None,
    legend: bool = True,
    colorbar: bool = True,
) -> NDArray[np.object_]:
    """Draw a map of triangles: the structure of their denoisers, and the excess of a conjecture.

    A triangle is at its largest angle, from left to right, and its smallest, upwards.  Equilateral
    is the corner at the top, isosceles are the two slanted sides (drawn as strips), right the
    dashed line, with the acute triangles to the left of it.  Pixels that are not certified are
    black with crosses, missing ones white.  Structures differ in lightness and hatching, too.

    Parameters
    ----------
    shape_map : ShapeMap
    axes : (F, 2) array of Axes, optional
        Where to draw, in a figure with constrained layout; a new one if none are given.
    ends : ShapeEnds, optional
        The exact borders, of `convexden.experiments.shape_maps.shape_ends`: a line where triangles
        become altitude-aligned, a dashed one where hinges between two balls come in.
    legend, colorbar : bool
        Whether to name the structures, below the figure, and to put the scale of the excess beside
        the right column.

    Returns
    -------
    (F, 2) array of Axes
        A row for each radius.

    Raises
    ------
    InvalidProblem
        If the axes are not that many.
    """
    from matplotlib.colors import LogNorm

    panels = _panels(len(shape_map.fractions), axes)
    stacked = layout.one_column() and axes is None
    heat = style.part_of("magma_r", 0.12, 0.95)
    heat = heat.with_extremes(under=OPTIMAL_LOOK.color, over=heat(1.0))
    by_excess = {"cmap": heat, "norm": LogNorm(OPTIMAL, style.DRAWING.largest_excess)}
    structures = np.where(shape_map.certified, shape_map.structure, len(STRUCTURES)).astype(float)
    structures[~shape_map.solved] = np.nan
    excess = np.maximum(shape_map.excess, OPTIMAL / 10)  # rounding leaves some below 0
    for f, (left, right) in enumerate(panels):
        radius = rf"$\rho = {shape_map.fractions[f]:g}\,H/2$"
        draw_kinds(left, shape_map, structures[f], (*LOOKS, UNCERTIFIED))
        layout.title(left, f"structure, {radius}")
        if ends is not None:
            _draw_ends(left, ends, float(shape_map.fractions[f]))
        image = _draw_pixels(right, shape_map, excess[f], by_excess)
        failed = shape_map.solved[f] & ~shape_map.certified[f]
        special = np.where(failed, 1.0, np.where(excess[f] < OPTIMAL, 0.0, np.nan))
        draw_kinds(right, shape_map, special, (OPTIMAL_LOOK, UNCERTIFIED))
        layout.title(right, f"excess, {radius}")
        left.set_ylabel("smallest angle")
        if stacked:
            right.set_ylabel("smallest angle")
    for ax in panels.flat:
        label_angles(ax, shape_map.largest_angle)
    for ax in panels[-1, -1:] if stacked else panels[-1]:
        ax.set_xlabel("largest angle")
    if colorbar:
        exponent = round(np.log10(OPTIMAL))
        label = (
            f"excess of the face-aligned closed form\ndotted: optimal, below $10^{{{exponent}}}$"
        )
        layout.shared_colorbar(list(panels[:, 1]), image, label, extend="both")
    for ax in panels.flat:
        layout.finish(ax, legend=False)
    uncertified = bool((shape_map.solved & ~shape_map.certified).any())
    patches = [look.patch(name) for name, look in zip(STRUCTURES, LOOKS, strict=True)]
    if uncertified:
        patches.append(UNCERTIFIED.patch("not certified"))
    if legend:
        legends.put_outside(layout.figure_of(panels[0, 0]), patches, layout.text_size(panels[0, 0]))
    drawn: NDArray[np.object_] = panels
    return drawn


def _panels(rows: int, axes: NDArray[np.object_] | None) -> Any:
    """The Axes of a map (rows, 2), which are below each other in a column of a paper."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if axes is None:
        engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06)
        stacked = layout.one_column()
        height = style.DRAWING.map_row * rows + 0.9
        figure = layout.new_figure(10.0, height * (2.2 if stacked else 1.0), engine)
        shape = (2 * rows, 1) if stacked else (rows, 2)
        shared: dict[str, Any] = {"squeeze": False, "sharex": True, "sharey": True}
        panels: Any = figure.subplots(*shape, **shared).reshape(rows, 2)
    elif axes.shape == (rows, 2):
        panels = axes
    else:
        raise InvalidProblem(f"a map of {rows} radii needs ({rows}, 2) axes: give as many")
    for ax in panels.flat:
        layout.prepare(ax, 0.0, 0.0)
    return panels


def save_shape_map(shape_map: ShapeMap, path: str | Path, *, ends: ShapeEnds | None = None) -> None:
    """Write the picture of a map to a file.

    Parameters
    ----------
    shape_map : ShapeMap
    path : str or Path
        Ends in .png, .pdf or .svg.  The file appears whole or not at all.
    ends : ShapeEnds, optional
        See `plot_shape_map`.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    """
    check_picture(path)
    panels = plot_shape_map(shape_map, ends=ends)
    save_figure(layout.figure_of(panels[0, 0]), path, dpi=150)


def draw_kinds(ax: Axes, shape_map: ShapeMap, kinds: Array, looks: Sequence[Look]) -> None:
    """Color and hatch the triangles by their kinds, numbers of looks or nan."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    count = len(looks)
    colors = ListedColormap([look.color for look in looks])
    norm = BoundaryNorm(np.arange(count + 1) - 0.5, count)
    image = _draw_pixels(ax, shape_map, kinds, {"cmap": colors, "norm": norm})
    hatch_pixels(image, looks)


def _draw_pixels(ax: Axes, shape_map: ShapeMap, values: Array, colors: dict[str, Any]) -> AxesImage:
    """One pixel a triangle, and the isosceles ones once more along the sides where they are."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Polygon

    n, step = shape_map.divisions, 180 / shape_map.divisions
    largest = shape_map.largest_angle
    i, j, k = np.rint(shape_map.angles / step).astype(int).T
    numbers = np.full((n, n), -1)
    numbers[i, j] = np.arange(len(shape_map.angles))
    # Pixels across the isosceles sides, which cut them, are those of the mirror image.
    low, high = np.indices((n // 3 + 2, n))
    sides = np.sort([low, high, n - low - high], axis=0)
    inside = (sides[0] > 0) & (sides[2] * step <= largest)
    grid = np.full(low.shape, np.nan)
    grid[inside] = values[numbers[sides[0][inside], sides[1][inside]]]
    frame = np.array([-0.5, n - 0.5, -0.5, n // 3 + 1.5]) * step
    image = ax.imshow(
        grid, extent=tuple(frame), origin="lower", aspect="auto", interpolation="nearest", **colors
    )
    corners = np.array([[60, 60], [90, 0], [largest, 0], [largest, (180 - largest) / 2]])
    if largest < 90:
        corners[1] = corners[2] = [largest, 180 - 2 * largest]
    border = Polygon(corners, closed=True, fill=False, ec="0.3", lw=0.6, zorder=2)
    ax.add_patch(border)
    image.set_clip_path(border)
    for side, along in ((i == j, (2, -1)), (j == k, (1, -2))):
        places, halfway = step * np.column_stack([k, i])[side], step * np.array(along) / 2
        drawn = ~np.isnan(values[side])
        strip = LineCollection(
            list(np.stack([places - halfway, places + halfway], axis=1)[drawn]),
            array=values[side][drawn],
            lw=6,  # of which the border cuts off half
            zorder=1.5,
            capstyle="butt",
            **colors,
        )
        ax.add_collection(strip)
        strip.set_clip_path(border)
    return image


def _draw_ends(ax: Axes, ends: ShapeEnds, fraction: float) -> None:
    """The triangles on which the structures end at this radius."""
    known = np.isfinite(ends.shares)
    for kind, dash in ((~ends.pinched, "-"), (ends.pinched, "--")):
        # One cell further, so that the lines meet.
        wide = np.pad(kind, 1)
        near = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
        shares = np.where(known & (kind | near), ends.shares, np.nan)
        seen = shares[np.isfinite(shares)]
        if seen.size and seen.min() <= fraction <= seen.max():
            ax.contour(
                ends.largest,
                ends.smallest,
                shares,
                levels=[fraction],
                colors="black",
                linestyles=dash,
                linewidths=1.2,
                zorder=3,
            )
    if fraction in ends.aligned:
        ax.plot(*ends.aligned[fraction].T, color="black", lw=1.2, zorder=3)


def label_angles(ax: Axes, largest: float) -> None:
    """Axes in degrees, and the names of the special triangles."""
    ax.set_xlim(60 - 0.03 * (largest - 60), largest)
    ax.set_ylim(max(0, 180 - 2 * largest), 62)
    layout.degrees(ax, x=True, y=True)
    for edge in ("top", "right"):
        ax.spines[edge].set_visible(False)
    if largest > 90:
        ax.plot([90, 90], [0, 45], color="black", lw=0.9, ls=(0, (4, 3)), zorder=4)
    if layout.room(ax)[0] < style.DRAWING.named_sides:
        return
    small: dict[str, Any] = {"fontsize": layout.text_size(ax, 0.85), "color": "black"}
    small["textcoords"] = "offset points"
    x = 0.25 * 60 + 0.75 * min(largest, 90)
    ax.annotate("isosceles", (x, 180 - 2 * x), (-6, 0), ha="right", va="top", **small)
    x = 0.6 * 60 + 0.4 * largest
    ax.annotate("isosceles", (x, 90 - x / 2), (4, 4), ha="left", va="bottom", **small)
    if largest > 90:
        ax.annotate("right", (90, 45), (0, 6), ha="center", va="bottom", **small)
