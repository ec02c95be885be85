"""Optima of samples against those of balls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convexden.errors import InvalidProblem
from convexden.plotting import layout, style
from convexden.plotting.saving import check_picture, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convexden.experiments.samples import SampledOptima

MARKERS = ("o", "s", "^", "v")


@layout.neutral
def plot_sampled_optima(
    found: Sequence[SampledOptima], ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Draw by how much optima of samples fall short of those of balls, on logarithmic axes.

    Dots are random draws, markers their means, and gray lines the expected powers.

    Parameters
    ----------
    found : sequence of SampledOptima
        In the balls, on their boundaries, or both.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes
    """
    from matplotlib.ticker import NullLocator

    ax = layout.prepare(ax, 6.8, 4.6)
    numbers = sorted({int(m) for each in found for m in each.samples})
    for k, each in enumerate(found):
        color, marker = style.CURVES[k % len(style.CURVES)][0], MARKERS[k % len(MARKERS)]
        rows = each.solved.any(axis=1)
        deficits = each.deficits
        means = np.array([np.nanmean(row) for row in deficits[rows]])
        place = "on the boundaries" if each.boundary else "in the balls"
        repeated = np.repeat(each.samples, deficits.shape[1])
        ax.loglog(repeated, deficits.ravel(), color=color, marker=".", ls="", ms=4, alpha=0.6)
        ax.loglog(each.samples[rows], means, color=color, marker=marker, label=place)
        expected = _expected(each)
        if np.isfinite(expected):
            guide = means[-1] * (each.samples[rows] / each.samples[rows][-1]) ** expected
            name = f"power {expected:.3g}"
            dashes = "--" if not each.boundary else ":"
            ax.loglog(each.samples[rows], guide, color="0.4", ls=dashes, lw=1, label=name)
    ax.set_xticks(numbers, [str(number) for number in numbers])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("noisy samples of each clean point")
    ax.set_ylabel("cost below that of the balls, relative")
    layout.finish(ax, legend=legend)
    return ax


def save_sampled_optima(found: Sequence[SampledOptima], path: str | Path) -> None:
    """Write the picture to a file.

    Parameters
    ----------
    found : sequence of SampledOptima
    path : str or Path
        Ends in .png, .pdf or .svg.  The file appears whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_sampled_optima(found)), path)


def _expected(found: SampledOptima) -> float:
    """The expected power, NaN if there is no law to draw."""
    try:
        return found.rate().expected
    except InvalidProblem:
        return float("nan")
