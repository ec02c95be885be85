"""Sums and products of floats with twice the digits, and bounds of what they still miss.

The sum or product of two floats is a float plus an error that is a float as well (Knuth; Dekker,
Numer. Math. 18, 1971).  Sums of many products lose nothing if their terms are cut into slices
whose digits do not overlap (Rump, Ogita, Oishi, SIAM J. Sci. Comput. 31, 2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPS = float(np.finfo(float).eps)  # twice the relative error of one operation

# The digits of products of two numbers above this are all within the range of floats.
_SMALL = 1e-140
# Far more than a product below that range loses, and far less than what data hold.
UNDERFLOW = 1e-290
_HALVES = 134217729.0  # 2^27 + 1 cuts 53 bits into two halves
_SLICES = 3


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and its error: ``a + b`` exactly."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product and its error: ``a * b`` exactly, except for underflow."""
    product = a * b
    high_a, high_b = _HALVES * a, _HALVES * b
    high_a, high_b = high_a - (high_a - a), high_b - (high_b - b)
    low_a, low_b = a - high_a, b - high_b
    error = low_a * low_b - (((product - high_a * high_b) - low_a * high_b) - high_a * low_b)
    return product, error


def dot_plus(left: Array, right: Array, start: Array) -> tuple[Array, Array]:
    r""":math:`c + \sum_i u_i v_i` with twice the digits, and a bound of its error.

    Parameters
    ----------
    left : (..., d) array
    right : array
        Of a shape that fits `left`.
    start : (...) array
        The c.
    """
    total, rest, sizes = start, np.zeros_like(start), np.zeros_like(start)
    dimension = left.shape[-1]
    for i in range(dimension):
        product, low = two_product(left[..., i], right[..., i])
        total, error = two_sum(total, product)
        rest = rest + (low + error)
        sizes = sizes + (np.abs(low) + np.abs(error))
    value = total + rest
    # The 2 d errors are added up in floats; all of them are zero where nothing was rounded.
    missed = np.where(rest != 0, EPS * np.abs(value), 0.0) + (2 * dimension + 2) * EPS * sizes
    if may_underflow(left) or may_underflow(right):
        missed = missed + dimension * UNDERFLOW
    return value, missed


def power_above(numbers: Any) -> Any:
    """Powers of two above positive numbers, at most twice as large."""
    return np.ldexp(1.0, np.frexp(numbers)[1])


def may_underflow(array: Array) -> bool:
    """Whether a product with a number of the array may lose digits below the smallest float."""
    sizes = np.abs(array)
    return bool(((sizes > 0) & (sizes < _SMALL)).any())


def pattern_sums(patterns: Array, terms: Array) -> tuple[list[Array], Array]:
    r"""The sums :math:`\sum_k D_{gk} T_k` as a few arrays to be added, with a bound of the rest.

    Each array is exact: the terms are rounded to so few digits that no sum of them rounds.

    Parameters
    ----------
    patterns : (G, K) array
        Zeros and ones.
    terms : (K, J) array

    Returns
    -------
    parts : list of arrays (G, J)
        The large ones first.
    missed : (J,) array
        The parts add up to the sums within this.
    """
    largest = np.abs(terms).max(axis=0, initial=0.0)
    exponents = np.frexp(largest)[1]
    digits = 52 - len(terms).bit_length()
    parts: list[Array] = []
    for part in range(1, _SLICES + 1):
        unit = np.ldexp(1.0, np.maximum(exponents - part * digits, -1000))
        rounded = np.rint(terms / unit) * unit
        parts.append(patterns @ rounded)
        terms = terms - rounded
    return parts, len(terms) * np.abs(terms).max(axis=0, initial=0.0)
