"""A network in a plane: its hinges, its cells and what it does there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.analysis import coordinates
from convexden.network import ShallowNetwork
from convexden.plotting import layout, style
from convexden.plotting.cells import draw_fixed_points, draw_ranks
from convexden.plotting.hinges import draw_hinges
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.tolerances import FLAT_RTOL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable


Array = NDArray[np.float64]


@layout.neutral
def plot_plane(
    solution: Solution,
    ax: Axes | None = None,
    *,
    fixed_points: bool = False,
    legend: bool = True,
    colorbar: bool = True,
) -> Axes:
    """Draw the hinges of the network in the plane of the data, and what it does there.

    A denoiser is drawn by its displacement field h(y) - y over its cells, which are the darker
    the lower the rank of the Jacobian, up to a thousandth of its largest size.  Any other network
    is drawn by a map of its output (of the first principal coordinate of the targets, if there
    are several outputs).

    The color of a hinge is the weight |a| of its neuron with a sign: plus where a ramp of a
    denoiser begins, seen from the mean of the clean points, or where any other output bends
    up; minus, and dashed, where a ramp ends or the output bends down.  Data in more than two
    dimensions are drawn in an orthonormal basis of their plane.

    Parameters
    ----------
    solution : Solution
        The centers span a plane of the input space, of any dimension.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    fixed_points : bool
        Mark the fixed points of a denoiser: attracting ones filled, the others hollow.
    legend, colorbar : bool
        Whether to name what is drawn, below the Axes, and to put the scales of colors beside them.

    Returns
    -------
    Axes

    Raises
    ------
    NotSupported
        If the centers span a line or more than a plane.
    InvalidProblem
        If fixed points are wanted of a network that is no denoiser.
    """
    arguments.instance("solution", solution, Solution)
    ax = draw(
        solution.problem,
        solution.network,
        ax,
        fixed_points=fixed_points,
        legend=legend,
        colorbar=colorbar,
    )
    layout.trim(ax)
    return ax


def draw(
    problem: Interpolation,
    network: ShallowNetwork,
    ax: Axes | None,
    *,
    fixed_points: bool = False,
    heaviest: float | None = None,
    longest: float | None = None,
    legend: bool = True,
    colorbar: bool = True,
) -> Axes:
    """Draw any network in the plane of a problem, see `plot_plane`.

    The colors of hinges end at the weight `heaviest`, and the longest arrow drawn stands for the
    displacement `longest`, which by default are those of the network.
    """
    chart = coordinates.chart(problem, network, 2, most=1)
    low, high = chart.frame(style.DRAWING.plane_margin if chart.denoising else 0.12)
    width, height = high - low
    columns = 3 if ax is None else 2
    ax = layout.prepare(ax, 6.8 if chart.denoising else 7.4, 1.8 + 4.8 * height / width)
    points = layout.points_per_unit(ax, width, height)
    if chart.denoising:
        draw_hinges(ax, chart, low, high, heaviest, colorbar=colorbar)
        _draw_field(ax, chart, low, high, longest)
        _draw_sites(ax, chart, points)
        _draw_clean(ax, chart, points)
        draw_ranks(ax, chart, low, high)
    else:
        image = _draw_map(ax, chart, low, high, colorbar)
        draw_hinges(ax, chart, low, high, heaviest, colorbar=colorbar)
        _draw_sites(ax, chart, points, image)
    if fixed_points:
        draw_fixed_points(ax, chart, low, high)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    ax.set_xlabel("first coordinate in the plane of the data" if chart.projected else "$y_1$")
    ax.set_ylabel("second coordinate" if chart.projected else "$y_2$")
    layout.finish(ax, legend=legend, columns=columns)
    return ax


def longest_arrow(chart: coordinates.Chart) -> float:
    """The largest displacement at the points from which arrows start."""
    return float(
        np.linalg.norm(_field(chart, *chart.frame(style.DRAWING.plane_margin))[1], axis=1).max()
    )


def _field(chart: coordinates.Chart, low: Array, high: Array) -> tuple[Array, Array, float]:
    """Points (M, 2) of a grid, their displacements (M, 2) and the step of the grid."""
    step = float(np.max(high - low)) / 17
    axes = [
        (a + b) / 2 + step * (np.arange(n) - (n - 1) / 2)
        for a, b, n in zip(low, high, np.floor((high - low) / step + 1e-9), strict=True)
    ]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    return points, chart.network(points) - points, step


def _draw_field(
    ax: Axes, chart: coordinates.Chart, low: Array, high: Array, longest: float | None
) -> None:
    """Arrows from points to where the network maps them."""
    points, moves, step = _field(chart, low, high)
    lengths = np.linalg.norm(moves, axis=1)
    longest = float(lengths.max()) if longest is None else longest
    if lengths.max() <= FLAT_RTOL * step:
        return
    moving = lengths > 0.03 * lengths.max()
    scale = min(1.0, 1.2 * step / longest)
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


def _draw_clean(ax: Axes, chart: coordinates.Chart, points: float) -> None:
    """The clean points, small enough for their balls to be seen."""
    size = points * chart.radii.min()  # half a ball
    dots = style.CLEAN | {"ms": np.clip(size, 3.0, 5.0) if chart.radii.all() else 5.0}
    ax.plot(*chart.clean.T, zorder=5, label="clean point", **dots)
    style.number(ax, chart, chart.clean, (7, 6), layout.text_size(ax))


def _draw_map(
    ax: Axes, chart: coordinates.Chart, low: Array, high: Array, colorbar: bool
) -> ScalarMappable:
    """The values of a scalar network, in shades of gray with contours."""
    axes = [np.linspace(a, b, 301) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes), axis=-1)
    values = chart.network(points.reshape(-1, 2)).reshape(301, 301)
    varies = np.ptp(values) > FLAT_RTOL * np.abs(values).max()
    values = values if varies else np.full_like(values, values.mean())
    colors = style.part_of("Grays", 0.0, 0.6)
    image = ax.pcolormesh(*axes, values, cmap=colors, rasterized=True)
    if varies:
        # Not at levels where a plateau may lie, which is level up to rounding only.
        levels = values.min() + np.ptp(values) * (np.arange(12) + style.DRAWING.golden) / 12
        ax.contour(*axes, values, levels, colors="0.35", linewidths=0.5, linestyles="-", alpha=0.6)
    layout.colorbar(ax, image, chart.outputs, colorbar)
    return image


def _draw_sites(
    ax: Axes, chart: coordinates.Chart, points: float, image: ScalarMappable | None = None
) -> None:
    """Balls and samples; over a map they have the color of their target."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    balls = chart.radii > 0
    noisy, colored = ("noisy ", "") if image is None else ("", " (color: target)")
    colors = image.to_rgba(chart.targets[:, 0]) if image else np.full(len(balls), style.NOISE)
    legend = style.SAMPLE | ({} if image is None else {"color": "white"})
    if balls.any():
        circles = zip(chart.sites[balls], chart.radii[balls], strict=True)
        discs = [Circle((y[0], y[1]), radius) for y, radius in circles]
        inside = style.BALL if image is None else colors[balls]
        below = 1.0 if image is None else 3.5  # hinges and arrows are drawn over noise balls
        ax.add_collection(PatchCollection(discs, facecolors=inside, zorder=below))
        edge = PatchCollection(discs, facecolors="none", edgecolors="black", lw=0.6, zorder=4)
        ax.add_collection(edge)
        label = f"{'noise ' if image is None else ''}ball{colored}"
        color = style.BALL if image is None else "white"
        tiny = points * chart.radii[balls].max() < style.DRAWING.visible_ball
        if tiny:
            _draw_rings(ax, chart.sites[balls], label)
        else:
            ax.plot([], [], label=label, **(legend | {"ms": 11, "color": color}))
    if not balls.all():
        size = (4.0 if image is None else 6.5) * min(1.0, (100 / len(balls)) ** 0.25)
        x, y = chart.sites[~balls].T
        ax.scatter(
            x, y, size**2, colors[~balls], edgecolors="black", linewidths=size / 10, zorder=4
        )
        ax.plot([], [], label=f"{noisy}sample{colored}", **(legend | {"ms": size}))


def _draw_rings(ax: Axes, sites: Array, label: str) -> None:
    """Rings of a fixed size around balls that are too small to be seen."""
    ring: dict[str, Any] = {"marker": "o", "ms": 11, "mfc": "none", "mec": style.NOISE, "mew": 1.6}
    name = f"{label}, too small: in a ring"
    ax.plot(*sites.T, ls="", zorder=3.9, label=name, **ring)
