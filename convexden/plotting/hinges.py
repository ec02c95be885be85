"""Hinges in a plane, colored by what they do: begin a ramp or end one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convexden.analysis import pieces
from convexden.analysis.coordinates import Chart
from convexden.plotting import layout, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

SOLID, DASHED = "-", (0.0, (3.5, 1.5))


def signed_weights(chart: Chart) -> Array:
    """Weights (K,) of the hinges, negative where they end a ramp or bend the output down.

    With the input weight w of a denoiser oriented away from the mean of the clean points, which
    the free skip connection allows, a^T w > 0 where a ramp begins, seen from that mean, and
    a^T w < 0 where it ends.  Any other output counts by the sign of its (first) coordinate.
    """
    a, w = chart.network.output_weights, chart.network.input_weights
    if chart.denoising:
        inside = w @ chart.clean.mean(axis=0) + chart.network.biases > 0.0
        along = np.einsum("kp,kp->k", a, np.where(inside[:, None], -w, w))
    else:
        along = a[:, 0]
    weights: Array = np.where(along < 0.0, -1.0, 1.0) * chart.weights
    return weights


def draw_hinges(
    ax: Axes,
    chart: Chart,
    low: Array,
    high: Array,
    heaviest: float | None = None,
    *,
    colorbar: bool = True,
) -> None:
    """Draw hinges in the frame, the heavy ones darker, thicker and on top, negative ones dashed.

    The scale of colors ends at the weight `heaviest`, by default that of the heaviest hinge.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.colors import FuncNorm

    segments, neurons = pieces.hinge_segments(chart.network, low, high)
    order = np.argsort(chart.weights[neurons])
    order = order[
        chart.weights[neurons[order]] > style.DRAWING.lightest * chart.weights.max(initial=0.0)
    ]
    if not order.size:
        return
    segments, weights = segments[order], signed_weights(chart)[neurons[order]]
    largest = np.abs(weights).max() if heaviest is None else heaviest
    crowd = min(1.0, (style.DRAWING.crowded_lines / len(weights)) ** 0.5)
    # Roots, so that light hinges stay visible beside heavy ones.
    norm = FuncNorm((_root, _square), -largest, largest)
    lines = LineCollection(
        list(segments),
        cmap=style.signed_colors(),
        norm=norm,
        array=weights,
        lw=crowd * (0.5 + 1.6 * np.sqrt(np.abs(weights) / largest)),
        linestyles=[DASHED if weight < 0 else SOLID for weight in weights],
        zorder=2,
    )
    ax.add_collection(lines)
    names = ("a ramp begins", "a ramp ends") if chart.denoising else ("bends up", "bends down")
    for sign, name, dash in zip((1.0, -1.0), names, (SOLID, DASHED), strict=True):
        if (sign * weights > 0).any():
            shade = lines.cmap(0.5 + 0.42 * sign)
            seen = "\n(going outwards)" if chart.denoising else ""
            ax.plot([], [], color=shade, lw=1.8, ls=dash, label=f"hinge: {name}{seen}")
    layout.colorbar(ax, lines, "signed weight of a hinge", colorbar)


def _root(x: Array) -> Array:
    """Signed square roots."""
    roots: Array = np.sign(x) * np.sqrt(np.abs(x))
    return roots


def _square(x: Array) -> Array:
    """Signed squares."""
    squares: Array = np.sign(x) * np.square(x)
    return squares
