"""Hinges that cannot move: between balls that touch them from alternate sides.

Such a hinge has no other one of its pattern near, and whether it cuts a ball is decided exactly.
On grids of integers it has integers as weights, which a solver finds only up to rounding.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.tolerances import TOUCH_RTOL

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]

# Ratios of weights that are recognized: denominators up to this, and how near they must be.
_DENOMINATOR = 1000


def cuts_nothing(
    centers: Array, radii: Array, normal: Array, bias: float, active: Booleans, low: float = 0.0
) -> bool:
    """Whether a hinge has all sites on these sides, in rational numbers; `low` adds to the bias."""
    w, b = [Fraction(x) for x in normal.tolist()], Fraction(bias) + Fraction(low)
    square = sum(x * x for x in w)
    for center, radius, side in zip(centers.tolist(), radii.tolist(), active.tolist(), strict=True):
        z = sum((x * Fraction(y) for x, y in zip(w, center, strict=True)), b)
        if (z if side else -z) < 0 or z * z < Fraction(radius) ** 2 * square:
            return False
    return True


def nearest_integers(
    centers: Array, radii: Array, normal: Array, bias: float, active: Booleans
) -> tuple[Array, float] | None:
    """The hinge of small integer weights and rational norm that is meant; None if there is none.

    It touches the site that the given hinge touches or cuts most, and cuts nothing.
    """
    largest = normal[np.argmax(np.abs(normal))]
    ratios = [Fraction(x).limit_denominator(_DENOMINATOR) for x in (normal / largest).tolist()]
    common = math.lcm(*(ratio.denominator for ratio in ratios))
    weights = [int(ratio * common) * (1 if largest > 0 else -1) for ratio in ratios]
    square = sum(w * w for w in weights)
    root = math.isqrt(square)
    found = np.array(weights, dtype=float)
    size = float(np.linalg.norm(normal))
    if root * root != square or np.abs(found / root - normal / size).max() > TOUCH_RTOL:
        return None
    signs = np.where(active, 1.0, -1.0)
    site = int(np.argmin(signs * (centers @ normal + bias) - radii * size))
    touch = Fraction(float(radii[site])) * root * int(signs[site])
    height = sum(
        (w * Fraction(y) for w, y in zip(weights, centers[site].tolist(), strict=True)), Fraction(0)
    )
    shifted = float(touch - height)
    fits = cuts_nothing(centers, radii, found, shifted, active)
    return (found, shifted) if fits else None
