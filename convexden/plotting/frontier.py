"""Where a claim stops being true: its excess on both sides of the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convexden.errors import InvalidProblem
from convexden.plotting import layout, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from convexden.experiments.frontiers import Frontier


@layout.neutral
def plot_frontier(frontier: Frontier, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw the excess of a claim against the distance of the parameter from the threshold.

    Both scales are logarithmic, the distance on either side of the bracket, which is shaded: an
    excess that begins linearly is a line of slope 1 there, a quadratic one of slope 2.  Where the
    claim is refuted, the excess is drawn, which is proved from below; where it is confirmed, what
    it is proved not to exceed; where neither is, both.

    Parameters
    ----------
    frontier : Frontier
        From `convexden.frontier`.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidProblem
        If the claim had no cost: a bool has no excess.
    """
    drawn = [each for each in frontier.evaluations if each.excess is not None]
    if not drawn:
        raise InvalidProblem("the claim was a bool, which has no excess: there is nothing to draw")
    ax = layout.prepare(ax, 6.8, 4.6)
    middle = frontier.threshold
    kinds = {
        "refuted": (style.VERMILION, "o", "refuted: excess at least"),
        "confirmed": (style.BLUE, "v", "confirmed: excess at most"),
        "undecided": ("0.45", "_", "undecided: excess between"),
    }
    handles: list[Any] = []
    for verdict, (color, marker, label) in kinds.items():
        chosen = [each for each in drawn if each.verdict == verdict]
        if not chosen:
            continue
        x = np.array([each.parameter - middle for each in chosen])
        least = np.maximum([each.excess or 0.0 for each in chosen], style.DRAWING.smallest_excess)
        most = np.maximum(
            [each.excess_bound or 0.0 for each in chosen], style.DRAWING.smallest_excess
        )
        y = most if verdict == "confirmed" else least
        fill = "white" if verdict == "confirmed" else color
        handles += ax.plot(x, y, marker, color=color, mfc=fill, ms=5.5, label=label)
        if verdict == "undecided":
            ax.plot(x, np.minimum(most, 1.0), marker, color=color, ms=5.5)
            ax.vlines(x, least, np.minimum(most, 1.0), color=color, lw=0.8)
    width = frontier.width
    label = f"bracket, {width:.0e} wide"
    handles.append(ax.axvspan(-width / 2, width / 2, color=style.BALL, zorder=0, label=label))
    if frontier.excess is not None:
        name = f"excess {frontier.excess:g}"
        handles.append(ax.axhline(frontier.excess, color="0.3", ls="--", lw=1.0, label=name))
    ax.set_yscale("log")
    ax.set_xscale("symlog", linthresh=width, linscale=0.5)
    reach = max(abs(each.parameter - middle) for each in drawn)
    ax.set_xlim(-2 * reach, 2 * reach)
    _sparse_ticks(ax.xaxis, width, reach)
    ax.grid(axis="y", color="0.92", lw=0.7)
    ax.set_xlabel(f"parameter minus {middle:.9g}")
    ax.set_ylabel("relative excess cost")
    layout.finish(ax, legend=legend, handles=handles)
    return ax


def _sparse_ticks(axis: Axis, least: float, most: float) -> None:
    """Few powers of ten on either side of 0, up to `most` and not close to `least`."""
    first, last = int(np.ceil(np.log10(least))) + 1, int(np.floor(np.log10(most)))
    exponents = list(range(last, first - 1, -max(1, (last - first + 1) // 2)))
    ticks = [sign * 10.0**exponent for sign in (-1, 1) for exponent in exponents]
    names = [f"${sign}10^{{{exponent}}}$" for sign in ("-", "") for exponent in exponents]
    axis.set_ticks([0.0, *ticks], ["0", *names])
    axis.set_ticks([], minor=True)
