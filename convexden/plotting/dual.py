"""The certificate as a picture: the dual constraint over all hinges of a line or plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.arithmetic.float64 import SMALL
from convexden.errors import NotSupported
from convexden.plotting import layout, style
from convexden.solution import Solution
from convexden.tolerances import FLAT_RTOL, WEIGHTLESS_RTOL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convexden.analysis.uniqueness import Uniqueness


Array = NDArray[np.float64]


@layout.neutral
def plot_dual(
    solution: Solution,
    ax: Axes | None = None,
    *,
    found: Uniqueness | None = None,
    legend: bool = True,
    colorbar: bool = True,
) -> Axes:
    r"""Draw the dual constraint :math:`|\sum_n D_n (l_n z_n + G_n w)|` at every feasible hinge.

    It is at most 1, and every minimizer has its hinges where it is 1: those that `uniqueness` found
    are marked, or else those of the network, by circles of an area in proportion to their weight,
    and by crosses if they have none.  In a plane
    the hinge :math:`\{w^T y + b = 0\}` is a point of the map: the angle of w, and the place
    :math:`-b` along w, from the mean of the centers.  Hinges that cut a ball, or separate nothing,
    are left white.  On a line it is a curve over the places of the hinge.

    Parameters
    ----------
    solution : Solution
        On a line or in a plane of any space.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    found : Uniqueness, optional
        ``convexden.uniqueness(solution)``: all hinges that saturate the constraint.
    legend, colorbar : bool
        Whether to name what is drawn, below the Axes, and to put the scales of colors beside them.

    Returns
    -------
    Axes

    Raises
    ------
    NotCertified
        If the solution is not certified to 1e-8.
    NotSupported
        If the centers span more than a plane.
    """
    arguments.instance("solution", solution, Solution)
    problem = solution.problem.plain("the picture of the dual")
    rank = problem.rank
    if rank > 2:
        raise NotSupported(
            f"the centers span {rank} dimensions: hinges are drawn on a line or in a plane"
        )
    axes = np.eye(rank) if problem.input_dimension == rank else problem.hull.basis
    marked = _marked(solution, found)
    ax = layout.prepare(ax, 6.8, 4.6)
    if rank == 1:
        marks = _draw_line(ax, solution, marked, axes)
    else:
        marks = _draw_plane(ax, solution, marked, axes, colorbar)
    status = "" if found is None else f"; the minimizer is {found.status}"
    layout.title(ax, f"dual constraint{status}")
    layout.finish(ax, legend=legend, handles=marks)
    return ax


def constraint_values(solution: Solution, normals: Array, places: Array) -> Array:
    """The dual constraint at hinges with unit normals (K, d) and places (K,) from the mean of the
    centers; NaN where a ball is cut, and where nothing is separated."""
    problem, certificate = solution.problem, solution.certificate
    centers = problem.centers - problem.centers.mean(axis=0)
    total = np.zeros((len(places), problem.output_dimension))
    cut, behind, ahead = (np.zeros(len(places), dtype=bool) for _ in range(3))
    needed = (problem.radii > 0) | certificate.values.any(axis=1)
    jacobians = certificate.jacobians
    for n in np.flatnonzero(needed):
        z = normals @ centers[n] - places
        cut |= np.abs(z) < problem.radii[n] * (1 - FLAT_RTOL)
        behind |= z < 0
        ahead |= z > 0
        column = z[:, None] * certificate.values[n] + normals @ jacobians[n].T
        total += (z > 0)[:, None] * column
    found: Array = np.where(cut | ~behind | ~ahead, np.nan, np.linalg.norm(total, axis=1))
    return found


def _places(solution: Solution, axes: Array) -> Array:
    """Ends of the interval of places at which hinges are drawn."""
    problem = solution.problem
    centers = (problem.centers - problem.centers.mean(axis=0)) @ axes.T
    reach = float((np.linalg.norm(centers, axis=1) + problem.radii).max()) * (
        1 + style.DRAWING.dual_margin
    )
    return np.array([-reach, reach])


@dataclass(frozen=True, eq=False)
class _Marked:
    """Hinges to mark: their normals (K, d), places (K,) from the mean of the centers, and areas
    (K,) of the circles, by their weights."""

    normals: Array
    places: Array
    areas: Array


def _marked(solution: Solution, found: Uniqueness | None) -> _Marked:
    """The saturating hinges, or, if these were not looked for, those of the network."""
    if found is None:
        network = solution.network.canonical()
        normals, biases = network.input_weights, network.biases
        weights = np.linalg.norm(network.output_weights, axis=1)
    else:
        normals, biases, weights = found.normals, found.biases, found.weights
    weights = np.where(weights > WEIGHTLESS_RTOL * solution.cost, weights, 0.0)
    places = -(biases + normals @ solution.problem.centers.mean(axis=0))
    areas = style.DRAWING.largest_marker * weights / max(weights.max(initial=0.0), SMALL)
    return _Marked(normals, places, areas)


def _draw_line(ax: Axes, solution: Solution, marked: _Marked, axes: Array) -> list[Any]:
    """The dual constraint over the hinges of a line; what a legend names."""
    low, high = _places(solution, axes)
    problem = solution.problem
    mean = problem.centers.mean(axis=0)
    centers = (problem.centers - mean) @ axes[0]
    ends = np.concatenate([centers - problem.radii, centers + problem.radii])
    grid = np.unique(np.concatenate([np.linspace(low, high, 4 * style.DRAWING.map_places), ends]))
    curve = constraint_values(solution, np.repeat(axes[:1], len(grid), axis=0), grid)
    shift = float(axes[0] @ mean) if problem.input_dimension == 1 else 0.0
    for center, radius in zip(centers + shift, problem.radii, strict=True):
        ax.axvspan(center - radius, center + radius, color=style.BALL, lw=0, alpha=0.5)
    ax.axhline(1.0, color="0.6", lw=0.8, ls="--")
    ax.plot(grid + shift, curve, color=style.BLUE)
    signs = np.sign(marked.normals @ axes[0])
    marks = _circle(ax, signs * marked.places + shift, np.ones(len(signs)), marked.areas)
    ax.set_xlabel("place of the hinge")
    ax.set_ylabel("dual constraint")
    ax.set_ylim(-0.03, 1.12)
    return marks


def _draw_plane(
    ax: Axes, solution: Solution, marked: _Marked, axes: Array, colorbar: bool
) -> list[Any]:
    """The dual constraint over the hinges of a plane, by angle and place; what a legend names."""
    low, high = _places(solution, axes)
    angles = np.linspace(0, np.pi, style.DRAWING.map_angles)
    places = np.linspace(low, high, style.DRAWING.map_places)
    grid = np.meshgrid(angles, places, indexing="ij")
    normals = np.column_stack([np.cos(grid[0].ravel()), np.sin(grid[0].ravel())]) @ axes
    values = constraint_values(solution, normals, grid[1].ravel()).reshape(
        style.DRAWING.map_angles, style.DRAWING.map_places
    )
    seen = np.flatnonzero((~np.isnan(values)).any(axis=0))
    low, high = (
        places[max(seen[0] - 12, 0)],
        places[min(seen[-1] + 12, style.DRAWING.map_places - 1)],
    )
    mesh = ax.pcolormesh(
        np.rad2deg(angles),
        places,
        values.T,
        cmap=style.part_of("viridis", 0.05, 1.0),
        vmin=0,
        vmax=1,
        shading="nearest",
        rasterized=True,
    )
    layout.colorbar(ax, mesh, "dual constraint", colorbar)
    flat = marked.normals @ axes.T
    turns = np.arctan2(flat[:, 1], flat[:, 0])
    below = turns < 0  # the same hinge, turned over
    turns = np.where(below, turns + np.pi, turns)
    turned = np.where(below, -marked.places, marked.places)
    marks = _circle(ax, np.rad2deg(turns), turned, marked.areas)
    ax.set_xlim(0, 180)
    layout.degrees(ax, x=True)
    ax.set_ylim(low, high)
    ax.set_xlabel("angle of the normal")
    ax.set_ylabel("place along the normal")
    return marks


def _circle(ax: Axes, x: Array, y: Array, areas: Array) -> list[Any]:
    """Circles as large as the weights, crosses where there is none; what a legend names."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    weighted = areas > 0
    # Black in white is seen on every color of the map, and in gray prints.
    rim = [withStroke(linewidth=3.2, foreground="white")]
    shown: dict[str, Any] = {"linewidths": 1.4, "zorder": 4, "clip_on": False, "path_effects": rim}
    ring = {"facecolors": "none", "edgecolors": "black"} | shown
    ax.scatter(x[weighted], y[weighted], np.maximum(areas[weighted], 12), **ring)
    named: dict[str, Any] = {"color": "black", "ls": "", "mfc": "none", "mew": 1.4}
    marks = [Line2D([], [], marker="o", ms=8, label="saturating hinges, by weight", **named)]
    if not weighted.all():
        ax.scatter(x[~weighted], y[~weighted], 26, color="black", marker="x", **shown)
        marks.append(Line2D([], [], marker="x", ms=5, label="without weight here", **named))
    return marks
