"""A score flow in the plane: basins, the field, trajectories, and where they end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.analysis.basins import Basins
from convexden.analysis.flows import Flow
from convexden.analysis.separatrices import faces
from convexden.errors import NotSupported
from convexden.plotting import layout, style
from convexden.plotting.saving import check_picture, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

# Hues of basins, light enough for arrows on them; virtual attractors have those of the second row.
CLEAN_HUES = ("#BCD8EA", "#CDE8F5", "#AFC6DD", "#DCE9F2")
VIRTUAL_HUES = ("#F6CDB4", "#FADFCB", "#EBB9A0")
# Times at which trajectories are drawn, in all; they are dense where a flow is fast.
DRAWN = np.concatenate([np.linspace(0.0, 4.0, 240), np.geomspace(4.1, 60.0, 60)])


@layout.neutral
def plot_flow(
    basins: Basins, flow: Flow | None = None, ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Draw the basins of a denoiser in a plane, its flow field, and trajectories.

    Basins of clean points are in shades of blue, those of virtual attractors in shades of orange;
    their boundaries, the stable manifolds of saddles, are black.

    Parameters
    ----------
    basins : Basins
        From `convexden.basins`, of a network of two inputs.
    flow : Flow, optional
        From `convexden.score_flow`; its trajectories are drawn.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes

    Raises
    ------
    NotSupported
        If the network has not two inputs.
    """
    arguments.instance("basins", basins, Basins)
    if len(basins.low) != 2:
        raise NotSupported(
            f"a flow is drawn in a plane, the network has {len(basins.low)} inputs: restrict it to "
            "a plane first (convexden.analysis.coordinates.restrict)"
        )
    low, high = basins.low, basins.high
    width, height = high - low
    ax = layout.prepare(ax, 6.4, 1.6 + 5.2 * height / width)
    _draw_basins(ax, basins)
    _draw_field(ax, basins)
    if flow is not None:
        _draw_trajectories(ax, arguments.instance("flow", flow, Flow))
    _draw_points(ax, basins)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="$y_1$", ylabel="$y_2$")
    ax.set_aspect("equal")
    layout.finish(ax, legend=legend, columns=3)
    layout.trim(ax)
    return ax


def save_flow(basins: Basins, flow: Flow | None, path: str | Path) -> None:
    """Write the picture to a file.

    Parameters
    ----------
    basins : Basins
    flow : Flow or None
    path : str or Path
        Ends in .png, .pdf or .svg.  The file appears whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_flow(basins, flow)), path)


def _draw_basins(ax: Axes, basins: Basins) -> None:
    """Fill the basins, and draw their boundaries."""
    from matplotlib.collections import PolyCollection

    parts = faces(basins.boundaries, basins.low, basins.high)
    owner = basins.of(np.array([part.inside for part in parts]))
    hues = _hues(basins)
    shapes = [part.outline for part in parts]
    colors = [hues[own] if own >= 0 else "white" for own in owner]
    ax.add_collection(PolyCollection(shapes, facecolors=colors, edgecolors=colors, zorder=0.5))
    for k, curve in enumerate(basins.boundaries):
        label = "boundary of basins" if k == 0 else None
        ax.plot(*curve.T, color="black", lw=1.1, zorder=2, label=label)


def _hues(basins: Basins) -> list[str]:
    """A color for every attractor."""
    counts = {"clean": 0, "virtual": 0}
    hues = []
    for kind in basins.kinds:
        palette = CLEAN_HUES if kind == "clean" else VIRTUAL_HUES
        hues.append(palette[counts[kind] % len(palette)])
        counts[kind] += 1
    return hues


def _draw_field(ax: Axes, basins: Basins) -> None:
    """Arrows along h(y) - y, all of one length: where the flow goes, not how fast."""
    step = float(np.max(basins.high - basins.low)) / 22
    axes = [np.arange(a + step / 2, b, step) for a, b in zip(basins.low, basins.high, strict=True)]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    moves = basins.network(points) - points
    lengths = np.linalg.norm(moves, axis=1)
    moving = lengths > style.DRAWING.vanishing * lengths.max()
    arrows = 0.55 * step * moves[moving] / lengths[moving, None]
    ax.quiver(
        *points[moving].T,
        *arrows.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        pivot="mid",
        width=0.0022,
        headwidth=4.5,
        color="0.5",
        zorder=1.5,
    )


def _draw_trajectories(ax: Axes, flow: Flow) -> None:
    """The paths of all starts."""
    for index, start in enumerate(flow.starts):
        times = np.unique(np.concatenate([DRAWN, flow.times[index]]))
        path = flow.path(index, times[times <= flow.time])
        label = "trajectory" if index == 0 else None
        ax.plot(*path.T, color=style.PURPLE, lw=1.3, zorder=2.5, label=label)
        ax.plot(*start, "o", color=style.PURPLE, ms=3.2, zorder=2.6)


def _draw_points(ax: Axes, basins: Basins) -> None:
    """Clean points, virtual attractors, saddles and repelling points."""
    virtual = basins.attractors[basins.kinds == "virtual"]
    filled: dict[str, Any] = {"marker": "s", "mfc": style.VERMILION, "ms": 8}
    groups = [("virtual attractor", virtual, filled)]
    for stability, marker in (("saddle", "D"), ("repelling", "o"), ("neutral", "^")):
        points = [f.point for f in basins.fixed_points if f.flow_stability == stability]
        shape: dict[str, Any] = {"marker": marker, "mfc": "white", "ms": 5.5}
        groups.append((f"fixed point, {stability}", np.array(points).reshape(-1, 2), shape))
    clean = np.unique(basins.problem.targets, axis=0)
    ax.plot(*clean.T, zorder=5, label="clean point", **(style.CLEAN | {"ms": 7}))
    for name, where, look in groups:
        if len(where):
            ax.plot(*where.T, ls="", mec="black", mew=1.1, zorder=4, label=name, **look)
