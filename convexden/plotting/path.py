"""The path of regularized solutions: neurons that enter and merge, cost and fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden.analysis import coordinates
from convexden.errors import InvalidProblem
from convexden.plotting import layout, style
from convexden.solution import RegularizationPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


class _Hinges(NamedTuple):
    """Hinges of one solution: normals (K, r), distances (K,) from the mean of the sites along
    them, weights (K,)."""

    normals: Array
    distances: Array
    weights: Array


@layout.neutral
def plot_path(
    path: RegularizationPath,
    axes: NDArray[np.object_] | None = None,
    *,
    legend: bool = True,
) -> NDArray[np.object_]:
    """Draw where the hinges are along a path, and below it cost and fit.

    The penalty falls from left to right, on a logarithmic scale.  A dot is a hinge: on a line
    at its knot, with a light line at every sample; in a plane at the angle of its normal and, in
    the next panel, at its distance from the mean of the samples along the normal.  Its area is its
    weight.  It is joined to the nearest hinge of the penalty before, so that lines that meet to the
    left are neurons that merge as the penalty grows; without one close by it is hollow: a neuron
    that enters.

    Parameters
    ----------
    path : RegularizationPath
        The samples lie on a line or in a plane of the input space, of any dimension.
    axes : array of Axes, optional
        Where to draw: two on a line, three in a plane; a new figure if none are given.
    legend : bool
        Whether to name the curves of the lowest Axes, below them.

    Returns
    -------
    array of Axes

    Raises
    ------
    InvalidProblem
        If the path has no solutions, or the axes are not that many.
    NotSupported
        If the samples span more than a plane.
    """
    if not path.solutions:
        raise InvalidProblem("the path has no solutions: there is nothing to draw")
    rank = 1 if path.problem.rank == 1 else 2
    steps = [
        coordinates.chart(path.problem, each.network.canonical(), rank, most=1)
        for each in path.solutions
    ]
    if axes is None:
        figure = layout.new_figure(7.2, 3.2 + 1.9 * rank, "constrained")
        heights = [1.5, 1.0] if rank == 1 else [1.2, 1.2, 1.0]
        axes = figure.subplots(1 + rank, 1, sharex=True, height_ratios=heights)
    elif axes.shape != (1 + rank,):
        raise InvalidProblem(f"the path needs {1 + rank} axes: give as many, in one row or column")
    for ax in axes:
        layout.prepare(ax, 0.0, 0.0)
    middle = steps[0].sites.mean(axis=0)
    spread = float(np.linalg.norm(steps[0].sites - middle, axis=1).max())
    hinges = [_hinges(step, middle) for step in steps]
    penalties = np.array(path.penalties)
    if rank == 1:
        for site in np.unique(steps[0].sites):
            axes[0].axhline(site, color="0.9", lw=0.6, zorder=0)
        _draw(axes[0], penalties, hinges, [middle[0] + each.distances for each in hinges], spread)
        projected = steps[0].projected
        axes[0].set_ylabel("knot, along the line of the data" if projected else "knot")
    else:
        turns = [np.rad2deg(np.arctan2(*each.normals.T[::-1])) for each in hinges]
        _draw(axes[0], penalties, hinges, turns, spread)
        axes[0].set_ylabel("angle of the normal")
        axes[0].set_ylim(-7, 187)
        layout.degrees(axes[0], y=True)
        _draw(axes[1], penalties, hinges, [each.distances for each in hinges], spread)
        axes[1].set_ylabel("distance from the mean")
    lines, right = _draw_costs(axes[-1], path)
    for ax in axes:
        ax.set_xscale("log")
        edge = 1.15 * (penalties[0] / penalties[-1]) ** 0.02
        ax.set_xlim(penalties[0] * edge, penalties[-1] / edge)
        if penalties[-1] <= path.largest_penalty <= penalties[0] * edge:
            ax.axvline(path.largest_penalty, color="0.6", lw=0.9, ls=":", zorder=0)
            if ax is axes[0]:
                at = (path.largest_penalty, 1.0)
                ax.annotate(
                    r"$\lambda_{\max}$",
                    at,
                    (0, 3),
                    xycoords=("data", "axes fraction"),
                    textcoords="offset points",
                    ha="center",
                    fontsize=layout.text_size(ax),
                )
    axes[-1].set_xlabel(r"penalty $\lambda$, falling")
    for ax in axes[:-1]:
        layout.finish(ax, legend=False)
    layout.finish(axes[-1], legend=legend, columns=3, handles=lines, right=right)
    return axes


def _hinges(step: coordinates.Chart, middle: Array) -> _Hinges:
    """The hinges, each with the normal of the two that points up (or to the right)."""
    heavy = step.weights > style.DRAWING.lightest * step.weights.sum()
    normals, biases = step.network.input_weights[heavy], step.network.biases[heavy]
    last = normals[:, -1]
    flipped = (last < 0) | ((last == 0) & (normals[:, 0] < 0))
    signs = np.where(flipped, -1.0, 1.0)
    normals = normals * signs[:, None]
    return _Hinges(normals, -(biases * signs) - normals @ middle, step.weights[heavy])


def _draw(
    ax: Axes, penalties: Array, hinges: list[_Hinges], heights: list[Array], spread: float
) -> None:
    """Dots at the heights, their lines to the left, and hollow ones where neurons enter."""
    heaviest = max((each.weights.max(initial=0.0) for each in hinges), default=0.0) or 1.0
    before: _Hinges | None = None
    for i, (penalty, each) in enumerate(zip(penalties, hinges, strict=True)):
        entered = np.ones(len(each.weights), dtype=bool)
        if before is not None and len(before.weights) and len(each.weights):
            apart, turned = _apart(each, before, spread)
            nearest = apart.argmin(axis=1)
            every = np.arange(len(nearest))
            entered = apart[every, nearest] > style.DRAWING.near
            # A normal that turned past the end of the scale is near, but not on paper.
            for k in np.flatnonzero(~entered & ~turned[every, nearest]):
                pair = (heights[i - 1][nearest[k]], heights[i][k])
                width = 0.5 + 1.8 * (each.weights[k] / heaviest) ** 0.5
                ax.plot(penalties[i - 1 : i + 1], pair, color=style.SKY, lw=width, zorder=1)
        if len(each.weights):
            areas = np.maximum(style.DRAWING.largest_dot * each.weights / heaviest, 2.0)
            fills = [("white" if new else style.BLUE) for new in entered]
            ax.scatter(
                np.full(len(areas), penalty),
                heights[i],
                np.where(entered, np.maximum(areas, 14.0), areas),
                c=fills,
                edgecolors=[style.VERMILION if new else style.BLUE for new in entered],
                linewidths=[1.1 if new else 0.3 for new in entered],
                zorder=2,
            )
        before = each


def _apart(these: _Hinges, those: _Hinges, spread: float) -> tuple[Array, NDArray[np.bool_]]:
    """Distances (K, L) of hinges as lines, and whether their normals point apart."""
    first = np.column_stack([these.normals, these.distances / spread])[:, None]
    second = np.column_stack([those.normals, those.distances / spread])
    same = np.linalg.norm(first - second, axis=2)
    turned = np.linalg.norm(first + second, axis=2)
    return np.minimum(same, turned), turned < same


def _draw_costs(ax: Axes, path: RegularizationPath) -> tuple[list[Any], Axes]:
    """The representation cost, that of the interpolant, and on a second axis the fit.

    Returns the lines and this axis.
    """
    penalties = path.penalties
    costs = [each.cost for each in path.solutions]
    fits = np.array([each.fit for each in path.solutions])
    lines = ax.plot(penalties, costs, "o-", color=style.BLUE, ms=3.5, label="cost $R$")
    if path.interpolant is not None:
        label = "cost $R^*$ of the interpolant"
        star = path.interpolant.cost
        lines.append(ax.axhline(star, color=style.BLUE, ls="--", lw=1.1, label=label))
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("representation cost")
    right = ax.twinx()
    fits = np.where(fits > 0, fits, np.nan)
    label = "fit (right)"
    lines += right.loglog(penalties, fits, "s:", color=style.VERMILION, ms=3.0, label=label)
    right.set_ylabel(r"$\frac{1}{2}\sum_n |h(y_n) - t_n|^2$")
    return lines, right
