"""Strips of images below a curve over a segment: what goes in, and what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convexden.analysis.pieces import Restriction
from convexden.plotting import layout, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


def draw_strips(ax: Axes, path: Restriction, images: Array, shape: tuple[int, ...]) -> Axes:
    """Draw inputs and outputs at equal steps of t, each below its t.

    Parameters
    ----------
    ax : Axes
        Its horizontal coordinate is t, and its limits are final.
    path : Restriction
        Its inputs and outputs are images.
    images : (M, d) array
        All images share one scale: from 0 to 1 if these lie in between, else from the smallest
        of their numbers to the largest.
    shape : (H, W) or (H, W, 3)

    Returns
    -------
    Axes
        Those of the strips.
    """
    from matplotlib.transforms import ScaledTranslation

    width, gap = style.DRAWING.strip_width, style.DRAWING.strip_gap
    height = width * shape[0] / shape[1]
    below = ax.transAxes + ScaledTranslation(
        0, -style.DRAWING.strip_axis / 72, ax.figure.dpi_scale_trans
    )
    # High enough not to be what limits the size of the strips, which their width is to do.
    strips = ax.inset_axes((0.0, -9.0, 1.0, 9.0), transform=below)
    t = np.linspace(0.0, 1.0, style.DRAWING.strip_images)
    low, high = float(images.min()), float(images.max())
    if 0.0 <= low <= high <= 1.0:
        low, high = 0.0, 1.0
    for bottom, row in ((-height, path.points(t)), (-2 * height - gap, path(t))):
        for middle, numbers in zip(t, row, strict=True):
            strips.imshow(
                np.clip((numbers - low) / (high - low), 0.0, 1.0).reshape(shape),
                cmap="gray",
                vmin=0.0,
                vmax=1.0,
                extent=(middle - width / 2, middle + width / 2, bottom, bottom + height),
                interpolation="nearest",
                origin="upper",
            )
    strips.set_xlim(ax.get_xlim())
    strips.set_ylim(-2 * height - gap, 0.0)
    strips.set_aspect("equal", anchor="N")
    strips.set_xticks([])
    strips.set_yticks([-height / 2, -1.5 * height - gap], ["$y(t)$", "$h(y(t))$"])
    strips.tick_params(length=0, labelsize=layout.text_size(ax, 1.0))
    strips.spines[:].set_visible(False)
    return strips
