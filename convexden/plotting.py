"""Pictures of networks on a line and in a plane, and of how cost and lower bound converge.

The functions take and return Axes of matplotlib, which is imported on first use.  Colours are
those of Okabe and Ito and the map cividis, which colour-blind readers and grey prints keep apart.
"""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import charts, pieces
from convexden.errors import InvalidProblem
from convexden.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Colormap

    from convexden.solution import Solution

Array = NDArray[np.float64]

SUFFIXES = (".png", ".pdf", ".svg")
CURVES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))
NOISE = "#E69F00"
CLEAN: dict[str, Any] = {"color": "black", "ls": "", "marker": "o", "ms": 5, "mec": "white"}
SAMPLE: dict[str, Any] = {"color": NOISE, "ls": "", "marker": "o", "mec": "black", "mew": 0.4}
ROUNDING = 1e-12  # relative to the size of a map or field, what is smaller is not drawn
LIGHTEST = 1e-6  # hinges lighter than this fraction of the heaviest are not drawn
NUMBERED = 20  # clean points of data that are projected are numbered if they are not more


def plot_solution(solution: Solution, path: str | Path) -> None:
    """Write a picture of a network on a line or in a plane, with its cost and lower bound.

    Parameters
    ----------
    solution : Solution
    path : str or Path
        Ends in .png, .pdf or .svg.  The file appears whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    UnsupportedProblem
        If the centres span more than a plane.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise InvalidProblem(f"{path} is no picture: end its name in .png, .pdf or .svg")
    from matplotlib.figure import Figure

    rank = solution.problem.reduce().problem.input_dimension
    ax = plot_line(solution) if rank == 1 else plot_plane(solution)
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.suptitle(summary(solution), fontsize=10)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=200, bbox_inches="tight", pad_inches=0.1)


def summary(solution: Solution) -> str:
    """Two lines for a title: what was solved, and what is proved."""
    balls = solution.problem.radii > 0
    kind = "balls" if balls.all() else "balls and samples" if balls.any() else "samples"
    return (
        f"Minimum-norm network on {len(balls)} {kind}: {solution.neurons} neurons, "
        f"{'certified' if solution.certified else 'not certified'}\n"
        f"cost {solution.cost:.9g}, lower bound {solution.lower_bound:.9g}, "
        f"relative gap {f'{solution.relative_gap:.1e}' if solution.relative_gap else 0}"
    )


def plot_line(solution: Solution, ax: Axes | None = None) -> Axes:
    """Draw the network on the line of the data.

    The graph is exact: it joins the knots of the network.  Bars show noise intervals at the
    height of their target.  An output that stays on the line of the inputs is drawn by its
    coordinate there; another one by components or, if it has more than four, by the first
    principal coordinates of the targets.

    Parameters
    ----------
    solution : Solution
        The centres lie on a line of the input space, of any dimension.
    ax : Axes, optional
        Where to draw; a new figure if none is given.

    Returns
    -------
    Axes

    Raises
    ------
    UnsupportedProblem
        If the centres span more than a line.
    """
    chart = charts.chart(solution.problem, solution.network, 1, most=len(CURVES))
    columns = 4 if ax is None else 2  # panels of a figure are narrower
    ax = _axes(6.4, 4.6) if ax is None else ax
    low, high = chart.frame(0.12)
    ends = (float(low[0]), float(high[0]))
    points = pieces.knots(chart.network, *ends)
    values = chart.network(points)
    sites, balls = chart.sites[:, 0], chart.radii > 0
    starts, stops = (sites - chart.radii)[balls], (sites + chart.radii)[balls]
    sample = "noisy sample" if chart.denoising else "sample"
    count = values.shape[1]
    if chart.denoising:
        ax.plot(ends, ends, color="0.5", lw=1, ls=":", label="$h(y) = y$")
    for j, (colour, dash) in zip(range(count), cycle(CURVES), strict=False):
        label = "network $h$" if count == 1 else f"network $h_{j + 1}$"
        ax.plot(points, values[:, j], color=colour, ls=dash, lw=1.8, label=label)
    heights = chart.targets[balls].T
    for j in range(count if balls.any() else 0):
        bars = ax.hlines(heights[j], starts, stops, NOISE, lw=7, alpha=0.5, zorder=1.5)
        bars.set_label("noise interval" if j == 0 else "")
    if not balls.all():
        style = SAMPLE | {"ms": 4.5, "zorder": 3, "label": sample}
        ax.plot(np.repeat(sites[~balls], count), chart.targets[~balls].ravel(), **style)
    if chart.denoising:
        ax.plot(chart.clean[:, 0], chart.clean[:, 0], zorder=4, label="clean point", **CLEAN)
        _number(ax, chart, np.repeat(chart.clean, 2, axis=1), (5, -12))
    ax.set_xlim(*ends)
    ax.set_xlabel("coordinate along the line of the data" if chart.projected else "$y$")
    ax.set_ylabel(chart.outputs)
    _legend(ax, columns)
    return ax


def plot_plane(solution: Solution, ax: Axes | None = None) -> Axes:
    """Draw the hinges of the network in the plane of the data, and what it does there.

    A denoiser is drawn by its displacement field h(y) - y, any other network by a map of its
    output (of the first principal coordinate of the targets, if there are several outputs).  The
    colour of a hinge is the weight |a| of its neuron, and it is shaded on the side where the
    neuron is active.  Data in more than two dimensions are drawn in an orthonormal basis of their
    plane.

    Parameters
    ----------
    solution : Solution
        The centres span a plane of the input space, of any dimension.
    ax : Axes, optional
        Where to draw; a new figure if none is given.

    Returns
    -------
    Axes

    Raises
    ------
    UnsupportedProblem
        If the centres span a line or more than a plane.
    """
    chart = charts.chart(solution.problem, solution.network, 2, most=1)
    low, high = chart.frame(0.25 if chart.denoising else 0.12)
    width, height = high - low
    ax = _axes(6.4 if chart.denoising else 7.4, 1.7 + 4.8 * height / width) if ax is None else ax
    if chart.denoising:
        _draw_hinges(ax, chart, low, high, _part_of("cividis", 0.85, 0.0))
        _draw_field(ax, chart, low, high)
        _draw_sites(ax, chart)
        size = 170 * 2 * chart.radii.min() / np.max(high - low)  # half a ball, in points
        dots = CLEAN | {"ms": np.clip(size, 2.0, 5.0) if chart.radii.all() else 5.0}
        ax.plot(*chart.clean.T, zorder=5, label="clean point", **dots)
        _number(ax, chart, chart.clean, (7, 6))
    else:
        image = _draw_map(ax, chart, low, high, _part_of("Blues", 0.0, 0.6))
        _draw_hinges(ax, chart, low, high, _part_of("YlOrBr", 0.4, 1.0))
        _draw_sites(ax, chart, image)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    ax.set_xlabel("first coordinate in the plane of the data" if chart.projected else "$y_1$")
    ax.set_ylabel("second coordinate" if chart.projected else "$y_2$")
    _legend(ax, columns=2)
    return ax


def plot_convergence(solution: Solution, ax: Axes | None = None) -> Axes:
    """Draw cost and lower bound, and on a second axis their relative gap, against rounds.

    Parameters
    ----------
    solution : Solution
        With a history: from `solve`, in the plane.
    ax : Axes, optional
        Where to draw; a new figure if none is given.

    Returns
    -------
    Axes
        Those of cost and lower bound.

    Raises
    ------
    InvalidProblem
        If the solution has no history.
    """
    if not solution.history:
        raise InvalidProblem(
            "the solution has no history of rounds (it is explicit, or was read from a file): "
            "give one that `solve` found in rounds"
        )
    from matplotlib.ticker import MaxNLocator

    ax = _axes(6.4, 4.4) if ax is None else ax
    rounds = [step.round for step in solution.history]
    cost = np.array([step.cost for step in solution.history])
    gaps = np.array([step.relative_gap for step in solution.history])
    cost[np.isinf(cost)], gaps[~np.isfinite(gaps)] = np.nan, np.nan
    bounds = [step.lower_bound for step in solution.history]
    lines = ax.plot(rounds, cost, "v-", color=CURVES[0][0], ms=7, label="cost")
    lines += ax.plot(rounds, bounds, "^--", color=CURVES[1][0], mfc="white", label="lower bound")
    right = ax.twinx()
    rounding = np.finfo(float).eps
    gaps = np.maximum(gaps, rounding)
    lines += right.semilogy(rounds, gaps, "o:", color="0.45", ms=4, label="relative gap (right)")
    right.set_ylim(rounding / 2, 2 * max(1.0, np.nanmax(gaps, initial=0.0)))
    right.set_ylabel("relative gap")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("round")
    ax.set_ylabel("representation cost")
    _legend(ax, columns=3, handles=lines)
    return ax


def _axes(width: float, height: float) -> Axes:
    from matplotlib.figure import Figure

    return Figure((width, height), layout="compressed").subplots()


def _legend(ax: Axes, columns: int, handles: list[Any] | None = None) -> None:
    """Below the Axes and their labels, where it covers nothing."""
    from matplotlib.transforms import ScaledTranslation

    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    below = ax.transAxes + ScaledTranslation(0, -42 / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=below,
        ncols=columns,
        frameon=False,
        fontsize=9,
        borderaxespad=0,
    )


def _number(ax: Axes, chart: charts.Chart, points: Array, shift: tuple[int, int]) -> None:
    """Number clean points from 0, where coordinates do not tell which is which."""
    from matplotlib.patheffects import withStroke

    if not chart.projected or len(points) > NUMBERED:
        return
    for n, point in enumerate(points):
        ax.annotate(
            str(n),
            tuple(point),
            shift,
            textcoords="offset points",
            fontsize=9,
            zorder=6,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )


def _draw_hinges(ax: Axes, chart: charts.Chart, low: Array, high: Array, colours: Colormap) -> None:
    """Draw hinges in the frame, the heavy ones darker, thicker and on top."""
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import PowerNorm

    segments, neurons = pieces.hinge_segments(chart.network, low, high)
    order = np.argsort(chart.weights[neurons])
    order = order[chart.weights[neurons[order]] > LIGHTEST * chart.weights.max(initial=0.0)]
    if not order.size:
        return
    segments, neurons = segments[order], neurons[order]
    weights = chart.weights[neurons]
    norm = PowerNorm(0.5, 0.0, weights.max())  # light hinges stay visible beside heavy ones
    shades = np.asarray(norm(weights))
    lines = LineCollection(
        list(segments), cmap=colours, norm=norm, array=weights, lw=0.4 + 1.4 * shades, zorder=2
    )
    ax.add_collection(lines)
    active = 0.014 * np.max(high - low) * chart.network.input_weights[neurons, None]
    bands = np.concatenate([segments, (segments + active)[:, ::-1]], axis=1)
    faint = colours(shades)
    faint[:, 3] = 0.22 * shades
    ax.add_collection(PolyCollection(list(bands), facecolors=faint, zorder=1))
    ax.plot([], [], color=colours(1.0), lw=1.8, label="hinge, shaded where active")
    ax.figure.colorbar(lines, ax=ax, label="weight $|a|$ of a hinge", aspect=30)


def _draw_field(ax: Axes, chart: charts.Chart, low: Array, high: Array) -> None:
    step = float(np.max(high - low)) / 17
    axes = [
        (a + b) / 2 + step * (np.arange(n) - (n - 1) / 2)
        for a, b, n in zip(low, high, np.floor((high - low) / step + 1e-9), strict=True)
    ]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    moves = chart.network(points) - points
    lengths = np.linalg.norm(moves, axis=1)
    if lengths.max() <= ROUNDING * step:
        return
    moving = lengths > 0.03 * lengths.max()
    scale = min(1.0, 1.2 * step / float(lengths.max()))
    ax.quiver(
        *points[moving].T,
        *(scale * moves[moving]).T,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.0028,
        headwidth=4,
        color="0.4",
        zorder=3,
    )
    label = "$h(y) - y$" + (f", scaled by {scale:.2g}" if scale < 1 else "")
    ax.plot([], [], color="0.4", ls="", marker=r"$\rightarrow$", ms=13, mew=0.3, label=label)


def _draw_map(
    ax: Axes, chart: charts.Chart, low: Array, high: Array, colours: Colormap
) -> ScalarMappable:
    axes = [np.linspace(a, b, 301) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes), axis=-1)
    values = chart.network(points.reshape(-1, 2)).reshape(301, 301)
    varies = np.ptp(values) > ROUNDING * np.abs(values).max()
    values = values if varies else np.full_like(values, values.mean())
    image = ax.pcolormesh(*axes, values, cmap=colours, rasterized=True)
    if varies:
        ax.contour(
            *axes, values, 12, colors=CURVES[0][0], linewidths=0.5, linestyles="-", alpha=0.6
        )
    ax.figure.colorbar(image, ax=ax, label=chart.outputs, aspect=30)
    return image


def _draw_sites(ax: Axes, chart: charts.Chart, image: ScalarMappable | None = None) -> None:
    """Balls and samples; over a map they have the colour of their target."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    balls = chart.radii > 0
    noisy, coloured = ("noisy ", "") if image is None else ("", " (colour: target)")
    colours = image.to_rgba(chart.targets[:, 0]) if image else np.full(len(balls), NOISE)
    legend = SAMPLE | ({} if image is None else {"color": "white"})
    if balls.any():
        circles = zip(chart.sites[balls], chart.radii[balls], strict=True)
        discs = [Circle((y[0], y[1]), radius) for y, radius in circles]
        opacity = 0.5 if image is None else 1.0
        fill = PatchCollection(discs, facecolors=colours[balls], alpha=opacity, zorder=3.5)
        edge = PatchCollection(discs, facecolors="none", edgecolors="black", lw=0.6, zorder=4)
        ax.add_collection(fill)
        ax.add_collection(edge)
        label = f"{'noise ' if image is None else ''}ball{coloured}"
        ax.plot([], [], label=label, **(legend | {"ms": 11, "alpha": opacity}))
    if not balls.all():
        size = (4.0 if image is None else 6.5) * min(1.0, (100 / len(balls)) ** 0.25)
        x, y = chart.sites[~balls].T
        ax.scatter(
            x, y, size**2, colours[~balls], edgecolors="black", linewidths=size / 10, zorder=4
        )
        ax.plot([], [], label=f"{noisy}sample{coloured}", **(legend | {"ms": size}))


def _part_of(name: str, start: float, stop: float) -> Colormap:
    """The part of a named colour map between two of its values."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[name](np.linspace(start, stop, 256)))
