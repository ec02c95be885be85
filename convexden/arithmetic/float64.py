"""The rounding and the range of float64: the only place that states them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Twice the relative error of one operation: n of them err by less than n EPS.
EPS = float(np.finfo(float).eps)
# Relative rounding of a stated number and of a sum of a few terms.
ROUNDINGS = 16 * EPS
# The digits of products of two numbers above this are all within the range of floats, as are those
# of the squares of distances.
SMALL = 1e-140
# Far more than a product below that range loses, and far less than what data hold.
UNDERFLOW = 1e-290
# Covers the rounding of a sum of up to a million numbers of one sign.
SUM_MARGIN = 1.0 + 1e-9
# The least number that is divided by: the square of its inverse is a float.
LEAST_DIVISOR = 1e-60


def power_above(numbers: Any) -> Any:
    """Powers of two above positive numbers, at most twice as large."""
    return np.ldexp(1.0, np.frexp(numbers)[1])


def may_underflow(array: Array) -> bool:
    """Whether a product with a number of the array may lose digits below the smallest float."""
    sizes = np.abs(array)
    return bool(((sizes > 0) & (sizes < SMALL)).any())
