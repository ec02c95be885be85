"""The graph of a network on a line."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from convexden import arguments
from convexden.analysis import coordinates, pieces
from convexden.network import ShallowNetwork
from convexden.plotting import layout, style
from convexden.plotting.cells import draw_fixed_points
from convexden.problem import Interpolation
from convexden.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@layout.neutral
def plot_line(
    solution: Solution,
    ax: Axes | None = None,
    *,
    fixed_points: bool = False,
    legend: bool = True,
) -> Axes:
    """Draw the network on the line of the data.

    The graph is exact: it joins the knots of the network.  Bars show noise intervals at the
    height of their target.  An output that stays on the line of the inputs is drawn by its
    coordinate there; another one by components or, if it has more than four, by the first
    principal coordinates of the targets.

    Parameters
    ----------
    solution : Solution
        The centers lie on a line of the input space, of any dimension.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    fixed_points : bool
        Mark the fixed points of a denoiser: attracting ones filled, the others hollow.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes

    Raises
    ------
    NotSupported
        If the centers span more than a line.
    InvalidProblem
        If fixed points are wanted of a network that is no denoiser.
    """
    arguments.instance("solution", solution, Solution)
    return draw(solution.problem, solution.network, ax, fixed_points=fixed_points, legend=legend)


def draw(
    problem: Interpolation,
    network: ShallowNetwork,
    ax: Axes | None,
    *,
    fixed_points: bool = False,
    legend: bool = True,
) -> Axes:
    """Draw any network on the line of a problem, see `plot_line`."""
    chart = coordinates.chart(problem, network, 1, most=len(style.CURVES))
    columns = 4 if ax is None else 2  # panels of a figure are narrower
    ax = layout.prepare(ax, 6.4, 4.6)
    low, high = chart.frame(0.12)
    ends = (float(low[0]), float(high[0]))
    path = pieces.along(chart.network, low, high)
    points, count = path.points(path.knots), path.values.shape[1]
    if chart.denoising:
        ax.plot(ends, ends, color="0.5", lw=1, ls=":", label="$h(y) = y$")
    for j, (color, dash) in zip(range(count), cycle(style.CURVES), strict=False):
        label = "network $h$" if count == 1 else f"network $h_{j + 1}$"
        ax.plot(points, path.values[:, j], color=color, ls=dash, lw=1.8, label=label)
    _draw_sites(ax, chart)
    if chart.denoising:
        clean = chart.clean[:, 0]
        ax.plot(clean, clean, zorder=4, label="clean point", **style.CLEAN)
        style.number(ax, chart, np.repeat(chart.clean, 2, axis=1), (5, -12), layout.text_size(ax))
    if fixed_points:
        draw_fixed_points(ax, chart, low, high)
    ax.set_xlim(*ends)
    ax.set_xlabel("coordinate along the line of the data" if chart.projected else "$y$")
    ax.set_ylabel(chart.outputs)
    layout.finish(ax, legend=legend, columns=columns)
    return ax


def _draw_sites(ax: Axes, chart: coordinates.Chart) -> None:
    """Noise intervals and samples at the height of their targets."""
    sites, balls = chart.sites[:, 0], chart.radii > 0
    starts, stops = (sites - chart.radii)[balls], (sites + chart.radii)[balls]
    count = chart.targets.shape[1]
    heights = chart.targets[balls].T
    for j in range(count if balls.any() else 0):
        bars = ax.hlines(heights[j], starts, stops, style.NOISE, lw=7, alpha=0.5, zorder=1.5)
        bars.set_label("noise interval" if j == 0 else "")
    if not balls.all():
        sample = "noisy sample" if chart.denoising else "sample"
        dots = style.SAMPLE | {"ms": 4.5, "zorder": 3, "label": sample}
        ax.plot(np.repeat(sites[~balls], count), chart.targets[~balls].ravel(), **dots)
