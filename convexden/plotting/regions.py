"""How regions of a map are told apart: by lightness and hatching as well, for prints in gray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.image import AxesImage
    from matplotlib.patches import Patch


@dataclass(frozen=True)
class Look:
    """How a kind of region looks."""

    color: str
    hatch: str = ""
    """In the notation of matplotlib."""

    ink: str = "black"
    """Of the hatching: seen on the color."""

    def patch(self, name: str) -> Patch:
        """The entry of a legend."""
        from matplotlib.patches import Patch

        if not self.hatch:
            return Patch(fc=self.color, ec="0.6", lw=0.4, label=name)
        return Patch(fc=self.color, ec=self.ink, lw=0.0, hatch=self.hatch, label=name)


def hatch_pixels(image: AxesImage, looks: Sequence[Look]) -> None:
    """Hatch the pixels of an image of kinds, numbers of looks or nan, within its clip path."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    numbers = image.get_array()
    assert numbers is not None
    grid = np.ma.filled(numbers, np.nan)
    left, right, bottom, top = image.get_extent()
    across = np.linspace(left, right, grid.shape[1] + 1)
    upwards = np.linspace(bottom, top, grid.shape[0] + 1)
    square = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    for k, look in enumerate(looks):
        i, j = np.nonzero(grid == k)
        if not look.hatch or not i.size:
            continue
        x, y = across[j + [[0], [1], [1], [0], [0]]], upwards[i + [[0], [0], [1], [1], [0]]]
        # One path for all, so that lines go on from pixel to pixel.
        path = Path(np.stack([x, y], axis=-1).swapaxes(0, 1).reshape(-1, 2), square * i.size)
        hatched = PathPatch(path, fc="none", ec=look.ink, lw=0.0, hatch=look.hatch, zorder=1.2)
        image.axes.add_artist(hatched)  # does not look at each pixel for the limits of the Axes
        hatched.set_clip_path(image.get_clip_path())
