"""How cost and lower bound of a solution converge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convexden import arguments
from convexden.errors import InvalidProblem
from convexden.plotting import layout, style
from convexden.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@layout.neutral
def plot_convergence(solution: Solution, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw cost and lower bound, and on a second axis their relative gap, against rounds.

    Parameters
    ----------
    solution : Solution
        With a history: found in rounds, which explicit solutions on a line are not.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes
        Those of cost and lower bound.

    Raises
    ------
    InvalidProblem
        If the solution has no history.
    """
    arguments.instance("solution", solution, Solution)
    if not solution.history:
        raise InvalidProblem(
            "the solution has no history of rounds (it is explicit, or its file is from an older "
            "release): solve again, or choose another picture"
        )
    from matplotlib.ticker import MaxNLocator

    ax = layout.prepare(ax, 6.4, 4.4)
    rounds = [step.round for step in solution.history]
    cost = np.array([step.cost for step in solution.history])
    gaps = np.array([step.relative_gap for step in solution.history])
    cost[np.isinf(cost)], gaps[~np.isfinite(gaps)] = np.nan, np.nan
    bounds = [step.lower_bound for step in solution.history]
    lines = ax.plot(rounds, cost, "v-", color=style.BLUE, ms=7, label="cost")
    lines += ax.plot(rounds, bounds, "^--", color=style.VERMILION, mfc="white", label="lower bound")
    right = ax.twinx()
    rounding = np.finfo(float).eps
    # What the solver estimated, but not less than what the verification then found.
    gaps = np.maximum(gaps, max(rounding, solution.relative_gap))
    lines += right.semilogy(rounds, gaps, "o:", color="0.45", ms=4, label="relative gap (right)")
    right.set_ylim(rounding / 2, 2 * max(1.0, np.nanmax(gaps, initial=0.0)))
    right.set_ylabel("relative gap")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("round")
    ax.set_ylabel("representation cost")
    layout.finish(ax, legend=legend, columns=3, handles=lines, right=right)
    return ax
