"""Sums of products as if they were computed exactly and rounded once.

Every operation keeps its rounding error as a second float (Dekker 1971, Ogita, Rump & Oishi 2005),
so that a result of n terms is accurate to some n 2**-104 of the sum of their absolute values, and
cancellation of up to fifteen digits leaves it correct to the last place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Veltkamp's constant: splits 53 bits in two halves whose products are exact.
_SPLIT = 2.0**27 + 1.0


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and its rounding error; together they are a + b exactly."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product and its rounding error; together they are a b exactly.

    The factors must be below 1e150 in size, and errors below 1e-308 are lost.
    """
    product = a * b
    a_high, b_high = _high(a), _high(b)
    a_low, b_low = a - a_high, b - b_high
    error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return product, error


def residual(right: Array, *products: tuple[Array, Array]) -> Array:
    """``right - A @ B - ...`` (N, p) for pairs A (N, k), B (k, p), in twice the precision.

    Parameters
    ----------
    right : (N, p) array
    products : pairs of arrays (N, k), (k, p)
    """
    high, low = np.array(right, dtype=float), np.zeros(np.shape(right))
    for first, second in products:
        for j in range(first.shape[1]):
            product, error = two_product(-first[:, j, None], second[None, j])
            high, rounding = two_sum(high, product)
            low = low + (rounding + error)
    return high + low


def _high(a: Array) -> Array:
    """The leading half of the digits."""
    scaled = _SPLIT * a
    upper: Array = scaled - (scaled - a)
    return upper
