"""The spectrum of the weights of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convexden import arguments
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.plotting import layout, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@layout.neutral
def plot_weights(network: ShallowNetwork, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw the weights |a_k| of the hinges, the heaviest first, and their cumulative share.

    Weights are those of the canonical form, with unit input weights and every hinge once; their
    sum is the representation cost.

    Parameters
    ----------
    network : ShallowNetwork
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes
        Those of the weights.

    Raises
    ------
    InvalidProblem
        If the network has no hinges.
    """
    arguments.instance("network", network, ShallowNetwork)
    weights = np.linalg.norm(network.canonical().output_weights, axis=1)
    if not weights.size:
        raise InvalidProblem("the network has no hinges: there are no weights to draw")
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    ax = layout.prepare(ax, 6.4, 4.2)
    weights = np.sort(weights)[::-1]
    numbers = np.arange(1, weights.size + 1)
    size = float(np.clip(160 / weights.size, 2.5, 7.0))
    lines = ax.semilogy(numbers, weights, "o", color=style.BLUE, ms=size, label="weight $|a_k|$")
    right = ax.twinx()
    shares = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    lines += right.step(
        np.concatenate([[0.5], numbers + 0.5]),
        shares,
        "--",
        where="pre",
        color=style.VERMILION,
        lw=1.3,
        label="cumulative share (right)",
    )
    right.set_ylim(0.0, 1.04)
    right.yaxis.set_major_formatter(PercentFormatter(1.0))
    right.set_ylabel("share of the cost")
    room = max(1.5, (10 * weights[-1] / weights[0]) ** 0.5)  # a decade at least
    ax.set_ylim(weights[-1] / room, weights[0] * room)
    style.plain_log(ax.yaxis)
    ax.set_xlim(0.5, weights.size + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("hinge $k$, the heaviest first")
    ax.set_ylabel("weight $|a_k|$")
    ax.set_zorder(right.get_zorder() + 1)  # the dots over the steps
    ax.patch.set_visible(False)
    right.set_facecolor("white")
    layout.finish(ax, legend=legend, handles=lines, right=right)
    return ax
