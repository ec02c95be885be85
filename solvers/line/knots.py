"""Where a network on the line bends: at the ends of blocks, or next to them outside.

An end c + r is a sum of two floats and rarely a float.  The next float is close enough unless the
gap is so short that a shift by one rounding makes its ramp steeper.  Then the knot is the end
itself, in two floats.
"""

from __future__ import annotations

import numpy as np

from convexden.arithmetic.two_part import TwoPart
from convexden.solvers.hinges import Array
from convexden.solvers.line.blocks import Blocks

# Knots at the next float may add this fraction to the cost; more is worth a second float.
_DEARER = 2.0**-38


def knots(blocks: Blocks, steps: Array) -> TwoPart:
    """Knots at the left ends and at the right ends of the blocks (2 B,).

    `steps` (B - 1,) are the lengths of the targets' differences.
    """
    count = len(blocks)
    ends = TwoPart.join(blocks.left, blocks.right)
    sides = np.repeat([-1.0, 1.0], count)
    coarse = TwoPart.of(
        np.where(ends.low * sides > 0, np.nextafter(ends.high, sides * np.inf), ends.high)
    )
    gaps = blocks.gaps().high[:, 0]
    shifts = np.abs(coarse.minus(ends).high)
    costs = 2.0 * steps / gaps
    dear = np.zeros(2 * count, dtype=bool)
    for places in (slice(1, count), slice(count, -1)):  # the left and the right ends of gaps
        growth = costs * shifts[places] / gaps
        dear[places] = growth > _DEARER * costs.sum() / count
    return ends.where(dear, coarse)
