"""How the hinges of a network align with edges, faces and max-margin directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convexden.analysis.alignment import Alignment
from convexden.errors import InvalidProblem
from convexden.plotting import layout, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = {
    0.0: "0°",
    1e-6: "$10^{-6}$°",
    1e-4: "$10^{-4}$°",
    1e-2: "0.01°",
    1.0: "1°",
    10.0: "10°",
    90.0: "90°",
}
# Left out in pictures of fewer inches.
CLOSE, LOW = (1e-6, 10.0), 3.2
# Markers that can be told apart where they coincide.
KINDS = (
    ("nearest edge", style.BLUE, "o", 9.0, "-"),
    ("nearest face normal", style.VERMILION, "s", 5.0, "--"),
    ("max-margin direction", style.GREEN, "x", 6.0, ":"),
)


@layout.neutral
def plot_alignment(alignment: Alignment, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw the angles of hinges to edges, face normals and max-margin directions by their weight.

    Angles are on a logarithmic scale that ends linearly in 0; lines are their means weighted
    by |a|.

    Parameters
    ----------
    alignment : Alignment
        From `convexden.align`.
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
        If the network has no hinges.
    """
    hinges = alignment.hinges
    if not hinges.weights.size:
        raise InvalidProblem("the network has no hinges: there are no angles to draw")
    ax = layout.prepare(ax, 6.8, 4.8)
    means = hinges.mean_angles()
    crowd = float(np.clip((style.DRAWING.crowded_markers / hinges.weights.size) ** 0.5, 0.5, 1.0))
    kinds = zip(KINDS, hinges.angles.T, means, strict=True)
    for (name, color, marker, size, dash), angles, mean in kinds:
        if np.isnan(mean):
            continue
        label = f"{name} (mean {mean if mean > style.DRAWING.smallest_angle / 10 else 0.0:.3g}°)"
        dots: dict[str, Any] = {"marker": marker, "ms": crowd * size, "mfc": "none", "mew": 1.2}
        ax.axhline(mean, color=color, ls=dash, lw=1.0, zorder=1)
        ax.plot(hinges.weights, angles, color=color, ls="", **dots)
        ax.plot([], [], color=color, ls=dash, lw=1.0, label=label, **dots)
    ax.set_xscale("log")
    lightest, heaviest = float(hinges.weights.min()), float(hinges.weights.max())
    room = max((heaviest / lightest) ** 0.06, 1.25)
    ax.set_xlim(lightest / room, heaviest * room)
    style.plain_log(ax.xaxis)
    ax.set_yscale("symlog", linthresh=style.DRAWING.smallest_angle, linscale=0.5)
    ax.set_ylim(-0.5 * style.DRAWING.smallest_angle, 250.0)
    low = layout.room(ax)[1] < LOW
    ticks = {at: name for at, name in TICKS.items() if not (low and at in CLOSE)}
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.grid(axis="y", color="0.92", lw=0.7)
    ax.set_xlabel("weight $|a|$ of a hinge")
    ax.set_ylabel("angle of its normal")
    layout.finish(ax, legend=legend)
    return ax
