"""Error-free arithmetic: sums and products of floats with twice their digits, and what they miss.

The sum or product of two floats is exactly a float plus its rounding error, which is a float as
well (Knuth; Veltkamp; Dekker, Numer. Math. 18, 1971).  From that follow numbers as unevaluated sums
of two floats (`TwoPart`), sums of products with relative errors of a few units in 2**-104 (Ogita,
Rump, Oishi, SIAM J. Sci. Comput. 26, 2005), and sums of many terms that lose nothing because they
are cut into slices whose digits do not overlap (Rump, Ogita, Oishi, SIAM J. Sci. Comput. 31, 2008).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, UNDERFLOW, may_underflow

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Veltkamp's constant: cuts 53 bits into two halves whose products are exact.
_SPLITTER = 2.0**27 + 1.0
# Slices of a sum, of some 50 bits each.
_SLICES = 3


def two_sum(a: Any, b: Any) -> tuple[Array, Array]:
    """The rounded sum and its error: ``a + b`` exactly."""
    total = np.asarray(a + b, dtype=float)
    other = total - a
    return total, np.asarray((a - (total - other)) + (b - other))


def two_product(a: Any, b: Any) -> tuple[Array, Array]:
    """The rounded product and its error: ``a * b`` exactly, except for underflow.

    The factors must be below 1e150 in size, and errors below 1e-308 are lost.
    """
    product = np.asarray(a * b, dtype=float)
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return product, np.asarray(error)


def _halves(numbers: Any) -> tuple[Any, Any]:
    """Two floats of 26 bits whose sum is the number."""
    large = _SPLITTER * numbers
    high = large - (large - numbers)
    return high, numbers - high


class TwoPart(NamedTuple):
    """Arrays `high + low` of one shape, `high` being the sum rounded to a float.

    Nothing is checked for overflow: callers scale.
    """

    high: Array
    low: Array

    @classmethod
    def of(cls, numbers: Any, low: Array | None = None) -> TwoPart:
        """Floats as they are, with these low parts if there are any."""
        high = np.asarray(numbers, dtype=float)
        return cls(high, np.zeros_like(high) if low is None else low)

    @classmethod
    def sum(cls, first: Any, second: Any) -> TwoPart:
        """The exact sum of two arrays of floats."""
        return cls(*two_sum(first, second))

    @classmethod
    def product(cls, first: Any, second: Any) -> TwoPart:
        """The exact product of two arrays of floats."""
        return cls(*two_product(first, second))

    @classmethod
    def join(cls, *parts: TwoPart) -> TwoPart:
        """The parts one after the other."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def rows(self, chosen: Any) -> TwoPart:
        """The chosen rows, by an index of NumPy."""
        return TwoPart(self.high[chosen], self.low[chosen])

    def where(self, condition: Flags, others: TwoPart | None = None) -> TwoPart:
        """Its elements where the condition holds, elsewhere those of the others or zeros."""
        high, low = (0.0, 0.0) if others is None else others
        return TwoPart(np.where(condition, self.high, high), np.where(condition, self.low, low))

    def negative(self) -> TwoPart:
        """The negative numbers."""
        return TwoPart(-self.high, -self.low)

    def scaled(self, power: Any) -> TwoPart:
        """Products with powers of two, or with their negatives: exact."""
        return TwoPart(self.high * power, self.low * power)

    def plus(self, other: TwoPart) -> TwoPart:
        """The sum, element by element."""
        s, e = two_sum(self.high, other.high)
        t, f = two_sum(self.low, other.low)
        s, e = two_sum(s, e + t)
        return TwoPart.sum(s, e + f)

    def minus(self, other: TwoPart) -> TwoPart:
        """The difference, element by element."""
        return self.plus(other.negative())

    def times(self, other: TwoPart) -> TwoPart:
        """The product, element by element."""
        high, low = two_product(self.high, other.high)
        return TwoPart.sum(high, low + (self.high * other.low + self.low * other.high))

    def over(self, other: TwoPart) -> TwoPart:
        """The quotient, element by element."""
        first = self.high / other.high
        rest = self.minus(other.times(TwoPart.of(first)))
        second = rest.high / other.high
        rest = rest.minus(other.times(TwoPart.of(second)))
        return TwoPart.sum(first, second).plus(TwoPart.of(rest.high / other.high))

    def column(self) -> TwoPart:
        """Vectors (N,) as columns (N, 1)."""
        return TwoPart(self.high[:, None], self.low[:, None])

    def total(self) -> TwoPart:
        """The sum over the first axis."""
        part = self
        while len(part.high) > 1:
            half = (len(part.high) + 1) // 2
            first, second = part.rows(slice(half)), part.rows(slice(half, None))
            added = first.rows(slice(len(second.high))).plus(second)
            part = TwoPart.join(added, first.rows(slice(len(second.high), None)))
        return TwoPart(part.high.sum(axis=0), part.low.sum(axis=0))


def affine_values(points: Array, slopes: Array, start: TwoPart) -> TwoPart:
    r"""The affine functions :math:`v_j^T y_m + c_j` at points (M, d): (J, M).

    Parameters
    ----------
    points : (M, d) array
    slopes : (J, d) array
    start : TwoPart of (J,) arrays
    """
    found = start.column()
    for i in range(points.shape[1]):
        found = found.plus(TwoPart.product(slopes[:, i, None], points[None, :, i]))
    return TwoPart(*np.broadcast_arrays(*found)) if points.shape[1] else found


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
