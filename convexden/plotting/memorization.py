"""Pictures of virtual points: shares of sets, and images at which flows end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden.errors import NotSupported
from convexden.experiments.memorization import Memorization
from convexden.experiments.virtual_shares import VirtualShares
from convexden.plotting import layout, style
from convexden.plotting.saving import check_picture, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

MOST_IMAGES = 10  # of a row
BAR_COLORS = {"clean": style.BLUE, "virtual": style.VERMILION, "other": "0.75"}


@layout.neutral
def plot_virtual_shares(
    found: Sequence[VirtualShares], ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Draw the share of sets with virtual points against the radius, with 95 % intervals.

    Parameters
    ----------
    found : sequence of VirtualShares
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    legend : bool
        Whether to name the sources, below the Axes.

    Returns
    -------
    Axes
    """
    ax = layout.prepare(ax, 6.4, 4.4)
    for k, each in enumerate(found):
        color, dash = style.CURVES[k % len(style.CURVES)]
        shares = [share for share in each.shares if share.solved]
        x = np.array([share.fraction for share in shares])
        y = np.array([share.some / share.solved for share in shares])
        low, high = np.array([share.interval for share in shares]).reshape(-1, 2).T
        ax.errorbar(
            x + 0.006 * (k - (len(found) - 1) / 2),  # side by side
            y,
            yerr=np.maximum([y - low, high - y], 0.0),
            color=color,
            ls=dash,
            marker="o",
            ms=4,
            capsize=2,
            label=f"{each.source}, {each.points} points",
        )
    ax.set(xlabel="radius, as a share of contact", ylabel="share of sets with virtual points")
    ax.set(xlim=(0, 1), ylim=(-0.03, 1.03))
    layout.finish(ax, legend=legend)
    return ax


@layout.neutral
def plot_memorization(
    found: Memorization, shape: tuple[int, ...] | None = None, figure: Figure | None = None
) -> NDArray[np.object_]:
    """Draw the training images, the virtual points as images, and where the starts ended.

    Parameters
    ----------
    found : Memorization
    shape : (H, W) or (H, W, 3), optional
        Of the images; by default squares in gray.
    figure : Figure, optional
        Where to draw, with constrained layout; a new one if none is given.

    Returns
    -------
    array of Axes
        Two rows of images, and below them the bars of every network.

    Raises
    ------
    NotSupported
        If the points are no images of this shape.
    """
    clean = found.solution.problem.targets
    side = int(np.sqrt(clean.shape[1]))
    shape = (side, side) if shape is None else shape
    if np.prod(shape) != clean.shape[1]:
        raise NotSupported(f"points with {clean.shape[1]} coordinates are no images of {shape}")
    virtual, counts = found.virtual()
    columns = max(4, min(MOST_IMAGES, max(len(clean), len(virtual))))
    names = list(found.flows)
    if figure is None:
        figure = layout.new_figure(1.0 * columns, 2.6 + 1.9 * len(names), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(2.4, 1.9 * len(names)))
    top, bottom = parts
    images = top.subplots(2, columns, squeeze=False)
    titles = [f"image {k}" for k in range(len(clean))], [f"{count} starts" for count in counts]
    for row, points, labels in zip(images, (clean, virtual), titles, strict=True):
        for k, ax in enumerate(row):
            ax.set_axis_off()
            if k < len(points):
                ax.imshow(points[k].reshape(shape), cmap="gray_r", vmin=0, vmax=1)
                ax.set_title(labels[k], fontsize=8)
    top.suptitle(
        "training images, and below them the virtual points of the certified denoiser"
        if len(virtual)
        else "training images; no start ended at a virtual point",
        fontsize=9,
    )
    bars = bottom.subplots(len(names), 1, squeeze=False, sharex=True)[:, 0]
    for ax, name in zip(bars, names, strict=True):
        _draw_bars(ax, found, name)
    bars[-1].set_xlabel("share of the starts")
    bars[0].legend(frameon=False, fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 1))
    return np.concatenate([images.ravel(), bars])


def _draw_bars(ax: Axes, found: Memorization, name: str) -> None:
    """One bar for every kind of start, of where it ended."""
    rows = [ends for ends in found.ends if ends.network == name]
    left = np.zeros(len(rows))
    places = np.arange(len(rows))[::-1]
    for kind, color in BAR_COLORS.items():
        numbers = np.array([getattr(ends, kind) for ends in rows], dtype=float)
        shares = numbers / np.array([ends.clean + ends.virtual + ends.other for ends in rows])
        ax.barh(places, shares, left=left, color=color, label=kind, height=0.7)
        left += shares
    ax.set_yticks(places, [ends.start for ends in rows], fontsize=8)
    ax.set_title(f"{name} network", fontsize=9, loc="left")
    ax.set_xlim(0, 1)


def save_virtual_shares(found: Sequence[VirtualShares], path: str | Path) -> None:
    """Write the picture of `plot_virtual_shares` to a .png, .pdf or .svg, whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_virtual_shares(found)), path, dpi=150)


def save_memorization(found: Memorization, path: str | Path) -> None:
    """Write the picture of `plot_memorization` to a .png, .pdf or .svg, whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    NotSupported
        If the points are no square images in gray.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_memorization(found)[0]), path, dpi=150)
