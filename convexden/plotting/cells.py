"""The cells of a denoiser in a plane, shaded by rank, and its fixed points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden.analysis import pieces
from convexden.analysis.coordinates import Chart
from convexden.analysis.fixed_points import fixed_points
from convexden.errors import InvalidProblem
from convexden.plotting import layout, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

# Grays of cells with a Jacobian of rank 0, 1 and 2: the fewer directions are left, the darker.
GRAYS = ("0.84", "0.93", "1.0")
STABILITIES: dict[str, dict[str, Any]] = {
    "attracting": {"marker": "s", "mfc": style.GREEN, "ms": 9},
    "saddle": {"marker": "D", "mfc": "white", "ms": 5.5},
    "repelling": {"marker": "s", "mfc": "white", "ms": 6},
    "neutral": {"marker": "^", "mfc": "white", "ms": 6},
}


def draw_ranks(ax: Axes, chart: Chart, low: Array, high: Array) -> None:
    """Shade the cells of the frame by the rank of the Jacobian there, if they are not too many."""
    if chart.network.neurons > style.DRAWING.most_cells_hinges:
        return
    from matplotlib.collections import PolyCollection

    cells = pieces.cells(chart.network, low, high)
    values = np.linalg.svd(np.array([cell.map.jacobian for cell in cells]), compute_uv=False)
    ranks = (values > style.DRAWING.vanishing * values.max()).sum(axis=1)
    for rank, gray in enumerate(GRAYS):
        shapes = [cell.vertices for cell, own in zip(cells, ranks, strict=True) if own == rank]
        if not shapes:
            continue
        # Edges of the same gray leave no seams between cells.
        shade = PolyCollection(shapes, facecolors=gray, edgecolors=gray, lw=0.4, zorder=0.5)
        ax.add_collection(shade)
        box: dict[str, Any] = {"marker": "s", "ms": 10, "mfc": gray, "mec": "0.6", "mew": 0.6}
        ax.plot([], [], ls="", label=f"Jacobian of rank {rank}", **box)


def draw_fixed_points(ax: Axes, chart: Chart, low: Array, high: Array) -> None:
    """Mark fixed points in the frame, on the graph of a line or in a plane.

    Attracting ones are filled, the others hollow.

    Raises
    ------
    InvalidProblem
        If the network is no denoiser.
    """
    if not chart.denoising:
        raise InvalidProblem("only a denoiser has fixed points: draw this network without them")
    found = fixed_points(chart.network, low, high)
    for stability, marker in STABILITIES.items():
        points = np.array([item.point for item in found if item.stability == stability])
        if points.size:
            x, y = points[:, 0], points[:, -1]  # on a line, h(y) = y
            name = f"fixed point, {stability}"
            look = marker | {"ms": layout.scaled(ax, marker["ms"], least=4.0)}
            ax.plot(x, y, ls="", mec=style.GREEN, mew=1.3, zorder=3.8, label=name, **look)
