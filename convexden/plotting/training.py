"""A trained network beside the exact optimum: where they differ, and how that went over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convexden.analysis import coordinates, pieces
from convexden.errors import NotSupported
from convexden.plotting import layout, line, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convexden.analysis.coordinates import Chart
    from convexden.experiments.training import Gap

TRAINED = style.VERMILION


@layout.neutral
def plot_trained(
    gap: Gap, ax: Axes | None = None, *, legend: bool = True, colorbar: bool = True
) -> Axes:
    """Draw a trained network over the exact one, on the line or in the plane of the data.

    On a line both graphs are drawn.  In a plane it is a map of their distance, with the hinges of
    the exact network and, thin and dashed, those of the trained one that weigh at least a
    hundredth of its heaviest.

    Parameters
    ----------
    gap : Gap
        From `convexden.experiments.training.compare`.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend, colorbar : bool
        Whether to name what is drawn, below the Axes, and to put the scale of colors beside them.

    Returns
    -------
    Axes

    Raises
    ------
    NotSupported
        If the centers span more than a plane.
    """
    problem = gap.solution.problem
    rank = problem.rank
    if rank > 2:
        raise NotSupported(
            f"the centers span {rank} dimensions: only networks on a line or in a plane can be "
            "drawn"
        )
    return _on_line(gap, ax, legend) if rank == 1 else _in_plane(gap, ax, legend, colorbar)


@layout.neutral
def plot_training(gap: Gap, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw how far a network in training was from the exact optimum, against seconds.

    Both axes are logarithmic: the excess of its cost (a dashed line where the cost is too low,
    because the network does not interpolate), the excess with the errors priced where all sites are
    samples, the worst error on the sites and the distance of the functions, both relative to the
    spread of the targets.  A vertical line is the time that the exact solution took.

    Parameters
    ----------
    gap : Gap
        From `convexden.experiments.training.compare`.
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
        If a network was compared and no run, so that there is nothing over time.
    """
    if not gap.history:
        raise NotSupported("a network alone has no history: compare a run of training.train")
    ax = layout.prepare(ax, 6.4, 4.8)
    spread = gap.solution.problem.target_spread or 1.0
    seconds = np.array([step.seconds for step in gap.history])
    excess = np.array([step.excess for step in gap.history])
    priced = np.array([step.priced_excess for step in gap.history])
    ax.set_xscale("log")
    ax.set_yscale("log")
    above = np.where(excess > 0, excess, np.nan)
    below = np.where(excess < 0, -excess, np.nan)
    lines: tuple[tuple[Any, str, str, float, str], ...] = (
        (above, TRAINED, "-", 1.8, "excess of the cost"),
        (below, TRAINED, "--", 1.0, "cost too low by"),
        (priced, style.PURPLE, "-.", 1.4, "excess, errors priced"),
        ([s.error / spread for s in gap.history], style.NOISE, ":", 1.6, "worst error"),
        (
            [s.distance / spread for s in gap.history],
            style.GREEN,
            "-",
            1.2,
            "distance of functions",
        ),
    )
    for values, color, dash, width, label in lines:
        drawn = np.asarray(values, dtype=float)
        if (np.isfinite(drawn) & (drawn > 0)).any():
            ax.plot(seconds, drawn, color=color, ls=dash, lw=width, label=label)
    solved = gap.solution
    ax.axvline(
        solved.seconds,
        color=style.BLUE,
        lw=1.6,
        label=f"exact: gap {solved.relative_gap:.0e}, {solved.seconds:.2g} s",
    )
    style.plain_log(ax.xaxis)  # runs may be shorter than a decade
    ax.grid(color="0.93", lw=0.7)
    ax.set_xlabel("seconds of training")
    ax.set_ylabel("relative to the certified optimum")
    layout.finish(ax, legend=legend)
    return ax


def _on_line(gap: Gap, ax: Axes | None, legend: bool) -> Axes:
    """Trained and exact network on a line."""
    problem, trained = gap.solution.problem, gap.network
    ax = layout.prepare(ax, 6.4, 4.6)
    ax = line.draw(problem, gap.solution.network, ax, legend=False)
    for curve in ax.get_lines():
        curve.set_label(str(curve.get_label()).replace("network", "exact"))
    chart = coordinates.chart(problem, trained, 1, most=len(style.CURVES))
    low, high = chart.frame(0.12)
    path = pieces.along(chart.network, low, high)
    for j, values in enumerate(path.values.T):
        label = "trained" if j == 0 else ""
        ax.plot(path.points(path.knots), values, color=TRAINED, ls="--", lw=1.3, label=label)
    layout.finish(ax, legend=legend, columns=3)
    return ax


def _in_plane(gap: Gap, ax: Axes | None, legend: bool, colorbar: bool) -> Axes:
    """Where a trained network differs from the exact one in a plane."""
    problem = gap.solution.problem
    exact = coordinates.chart(problem, gap.solution.network, 2, most=problem.output_dimension)
    trained = coordinates.chart(problem, gap.network, 2, most=problem.output_dimension)
    low, high = exact.frame(0.25)
    width, height = high - low
    ax = layout.prepare(ax, 7.0, 1.4 + 5.0 * height / width)
    _draw_distance(exact, trained, ax, colorbar)
    _draw_hinges(exact, ax, color=style.BLUE, lw=1.8, label="hinge of the exact network")
    _draw_hinges(
        trained, ax, color="0.25", ls=(0, (4, 2)), lw=0.6, label="heavy hinge of the trained one"
    )
    _draw_sites(exact, ax)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    ax.set_xlabel("first coordinate in the plane of the data" if exact.projected else "$y_1$")
    ax.set_ylabel("second coordinate" if exact.projected else "$y_2$")
    layout.finish(ax, legend=legend)
    layout.trim(ax)
    return ax


def _draw_distance(exact: Chart, trained: Chart, ax: Axes, colorbar: bool) -> None:
    """A map of the distance of the outputs of the two networks."""
    grid = [np.linspace(a, b, 241) for a, b in zip(*exact.frame(0.25), strict=True)]
    points = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
    apart = np.linalg.norm(exact.network(points) - trained.network(points), axis=1)
    colors = style.part_of("Oranges", 0.0, 0.75)
    image = ax.pcolormesh(*grid, apart.reshape(241, 241), cmap=colors, rasterized=True, vmin=0.0)
    layout.colorbar(ax, image, "distance of the two outputs", colorbar)


def _draw_hinges(chart: Chart, ax: Axes, **looks: Any) -> None:
    """The heavy hinges of a network in the frame of its problem."""
    from matplotlib.collections import LineCollection

    segments, neurons = pieces.hinge_segments(chart.network, *chart.frame(0.25))
    heavy = chart.weights[neurons] >= style.DRAWING.heavy * chart.weights.max(initial=0.0)
    drawn = looks | {"label": None, "zorder": 2}
    ax.add_collection(LineCollection(list(segments[heavy]), **drawn))
    ax.plot([], [], **looks)


def _draw_sites(chart: Chart, ax: Axes) -> None:
    """The balls, the samples, and the clean points if the problem is one of denoising."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    balls = chart.radii > 0
    if balls.any():
        circles = zip(chart.sites[balls], chart.radii[balls], strict=True)
        discs = [Circle((y[0], y[1]), radius) for y, radius in circles]
        edges = PatchCollection(discs, facecolors="none", edgecolors="black", lw=0.8, zorder=4)
        ax.add_collection(edges)
    if not balls.all():
        dots = style.SAMPLE | {"ms": 4.0, "zorder": 4, "label": "sample"}
        ax.plot(*chart.sites[~balls].T, **dots)
    if chart.denoising:
        ax.plot(*chart.clean.T, zorder=5, label="clean point", **style.CLEAN)
