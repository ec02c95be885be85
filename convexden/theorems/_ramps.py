"""Networks that are a constant and a sum of rank-one ramps, the shape of every closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.network import ShallowNetwork

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ramp:
    """The function that is 0 where ``direction . y <= start``, `height` where
    ``direction . y >= end``, and linear in between.

    Parameters
    ----------
    direction : (d,) array
        Unit vector.
    start, end : float
    height : (p,) array
    """

    direction: Array
    start: float
    end: float
    height: Array

    __repr__ = display.field_line

    @property
    def cost(self) -> float:
        """Representation cost: two neurons, 2 |height| / (end - start)."""
        return float(2.0 * np.linalg.norm(self.height) / (self.end - self.start))


def sum_of_ramps(offset: Array, ramps: Sequence[Ramp]) -> ShallowNetwork:
    """The network ``offset + sum of ramps``, offset (p,); ramps of height 0 need no neurons."""
    ramps = [ramp for ramp in ramps if ramp.height.any()]
    slopes = [ramp.height / (ramp.end - ramp.start) for ramp in ramps]
    directions = [ramp.direction for ramp in ramps]
    return ShallowNetwork(
        np.array(slopes + [-slope for slope in slopes]),
        np.array(directions + directions),
        -np.array([ramp.start for ramp in ramps] + [ramp.end for ramp in ramps]),
        np.zeros((offset.size, ramps[0].direction.size)),
        offset,
    )
