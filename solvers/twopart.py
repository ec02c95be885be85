"""Numbers as unevaluated sums of two floats: some 32 digits, element by element in NumPy.

A sum or a product of two floats is exactly a float plus its rounding error, which is a float as
well (Dekker, Numer. Math. 18, 1971); from that follow sums, products and quotients of such pairs
with relative errors of a few units in 2**-104.  Nothing is checked for overflow: callers scale.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convexden.solvers.atoms import Array, Flags

# Splits a float of 53 bits into two of 26 (Veltkamp).
_SPLITTER = 2.0**27 + 1.0


class TwoPart(NamedTuple):
    """Arrays `high + low` of one shape, `high` being the sum rounded to a float."""

    high: Array
    low: Array

    @classmethod
    def of(cls, numbers: Any) -> TwoPart:
        """Floats as they are."""
        high = np.asarray(numbers, dtype=float)
        return cls(high, np.zeros_like(high))

    @classmethod
    def sum(cls, first: Any, second: Any) -> TwoPart:
        """The exact sum of two arrays of floats."""
        high = np.asarray(first + second, dtype=float)
        shift = high - first
        return cls(high, (first - (high - shift)) + (second - shift))

    @classmethod
    def product(cls, first: Any, second: Any) -> TwoPart:
        """The exact product of two arrays of floats."""
        high = np.asarray(first * second, dtype=float)
        (a, b), (c, d) = _halves(first), _halves(second)
        return cls(high, ((a * c - high) + a * d + b * c) + b * d)

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

    def plus(self, other: TwoPart) -> TwoPart:
        """The sum, element by element."""
        s, e = TwoPart.sum(self.high, other.high)
        t, f = TwoPart.sum(self.low, other.low)
        s, e = TwoPart.sum(s, e + t)
        return TwoPart.sum(s, e + f)

    def minus(self, other: TwoPart) -> TwoPart:
        """The difference, element by element."""
        return self.plus(other.negative())

    def times(self, other: TwoPart) -> TwoPart:
        """The product, element by element."""
        high, low = TwoPart.product(self.high, other.high)
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


def _halves(numbers: Any) -> tuple[Any, Any]:
    """Two floats of 26 bits whose sum is the number."""
    large = _SPLITTER * numbers
    high = large - (large - numbers)
    return high, numbers - high
