"""Mean squared errors of denoisers against the noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convexden.errors import InvalidProblem
from convexden.plotting import layout, style
from convexden.plotting.saving import check_picture, save_figure
from convexden.theorems.mmse import (
    ClusterErrors,
    Estimate,
    FirstCrossing,
    MeanSquaredErrors,
    MonteCarloErrors,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = {
    "empirical_mmse": ("empirical MMSE denoiser", style.VERMILION, "--", "s"),
    "minimum_norm": ("minimum-norm denoiser", style.BLUE, "-", "o"),
    "mmse": ("MMSE denoiser, knows the density", style.GREEN, "-.", "^"),
}


@layout.neutral
def plot_mean_squared_errors(
    curve: Sequence[MeanSquaredErrors] | Sequence[MonteCarloErrors],
    ax: Axes | None = None,
    *,
    crossing: FirstCrossing | None = None,
    legend: bool = True,
) -> Axes:
    r"""Draw the errors of the denoisers against the noise, both on logarithmic axes.

    Integrals are drawn as lines, estimates of a simulation as points with their confidence
    intervals.  Beside them is the error of the noisy point itself, :math:`d\,\sigma^2`.

    Parameters
    ----------
    curve : sequence of MeanSquaredErrors or MonteCarloErrors
        At several noise levels, from `convexden.theorems.mmse`: those of ``curve``, or of
        ``monte_carlo`` at each level.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    crossing : FirstCrossing, optional
        Where the minimum-norm denoiser stops winning, to be marked.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidProblem
        If there are fewer than two noise levels.
    """
    if len(curve) < 2:
        raise InvalidProblem("a curve of errors needs at least two noise levels")
    found: list[MeanSquaredErrors | MonteCarloErrors] = sorted(curve, key=lambda e: e.sigma)
    ax = layout.prepare(ax, 6.4, 4.8)
    ax.set_xscale("log")
    ax.set_yscale("log")
    sigmas = np.array([errors.sigma for errors in found])
    for name, (label, color, dash, marker) in CURVES.items():
        values = [getattr(errors, name) for errors in found if hasattr(errors, name)]
        if not values:  # of a simulation, which does not know the density
            continue
        line: dict[str, Any] = {"color": color, "ls": dash, "lw": 1.8, "label": label}
        if isinstance(values[0], Estimate):
            widths = [value.half_width for value in values]
            bars = line | {"marker": marker, "ms": 4, "capsize": 3, "elinewidth": 1.2}
            ax.errorbar(sigmas, [value.mean for value in values], widths, **bars)
        else:
            ax.plot(sigmas, values, **line)
    first = found[0]
    dimension = first.dimension if isinstance(first, MonteCarloErrors) else 1
    noise = f"noisy point, ${'' if dimension == 1 else dimension} \\sigma^2$"
    ax.plot(sigmas, dimension * sigmas**2, color="0.4", ls=":", label=noise)
    if crossing is not None and crossing.sigma is not None:
        equal = f"equal at $\\sigma$ = {crossing.sigma:.9f} ± {crossing.accuracy:.0e}"
        ax.axvline(crossing.sigma, color="0.6", lw=0.8, zorder=1, label=equal)
    style.plain_log(ax.xaxis)
    ax.set_xlabel(r"noise level $\sigma$")
    ax.set_ylabel("mean squared error")
    layout.title(ax, _how(found))
    layout.finish(ax, legend=legend)
    return ax


def _how(found: list[MeanSquaredErrors | MonteCarloErrors]) -> str:
    """How the errors were found, and how accurately."""
    first = found[0]
    if isinstance(first, MonteCarloErrors):
        intervals = f"{style.percent(first.confidence)} intervals"
        return f"simulation, {first.samples:,} samples each, {intervals}"
    worst = max(errors.accuracy for errors in found if isinstance(errors, MeanSquaredErrors))
    return f"quadrature, accurate to {worst:.0e}"


@layout.neutral
def plot_cluster_errors(
    found: Sequence[ClusterErrors], ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Draw the errors of denoisers of finite clusters against the noise, on logarithmic axes.

    Of every number of samples it is the mean over the draws, in the range of all of them.

    Parameters
    ----------
    found : sequence of ClusterErrors
        At several noise levels, from `convexden.theorems.mmse.cluster_errors`.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes
    """
    ax = layout.prepare(ax, 6.4, 4.8)
    ax.set_xscale("log")
    ax.set_yscale("log")
    for k, number in enumerate(sorted({each.samples for each in found})):
        own = sorted((each for each in found if each.samples == number), key=lambda e: e.sigma)
        sigmas = [each.sigma for each in own]
        color, dash = style.CURVES[k % len(style.CURVES)]
        label = f"minimum norm, {number} sample{'s' if number > 1 else ''} a point"
        means = [each.minimum_norm.mean() for each in own]
        ax.plot(sigmas, means, color=color, ls=dash, marker="o", ms=3.5, label=label)
        lows, highs = zip(*[(e.minimum_norm.min(), e.minimum_norm.max()) for e in own], strict=True)
        ax.fill_between(sigmas, lows, highs, color=color, alpha=0.15, lw=0)
    levels = {each.sigma: each for each in sorted(found, key=lambda e: e.sigma)}
    for name, color, label in (
        ("empirical_mmse", "black", "empirical MMSE"),
        ("mmse", "0.5", "MMSE denoiser, knows the density"),
    ):
        values = [getattr(each, name) for each in levels.values()]
        ax.plot(list(levels), values, color=color, ls="-.", lw=1.8, label=label)
    style.plain_log(ax.xaxis)
    ax.set_xlabel(r"noise level $\sigma$")
    ax.set_ylabel("mean squared error")
    layout.finish(ax, legend=legend)
    return ax


def save_cluster_errors(found: Sequence[ClusterErrors], path: str | Path) -> None:
    """Write the picture of `plot_cluster_errors` to a .png, .pdf or .svg, whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_cluster_errors(found)), path, dpi=150)
