"""Exact numbers for the judge: rationals, square roots with both ends, elimination in integers.

Written for the judge alone: the verification has arithmetic of its own, and a mistake in one must
not hide a mistake in the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = list[Fraction]
Integers = NDArray[np.object_]

# Bits of a square root beyond those of a float.
_BITS = 140


def fractions(numbers: Iterable[float]) -> Vector:
    """Floats as the rationals that they are."""
    return [Fraction(float(number)) for number in numbers]


def dot(first: Sequence[Fraction], second: Sequence[Fraction]) -> Fraction:
    """The inner product."""
    return sum((a * b for a, b in zip(first, second, strict=True)), Fraction(0))


def root(square: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals below and above the square root, apart by 2^-140 of it; equal where it is one."""
    if square <= 0:
        return Fraction(0), Fraction(0)
    product = square.numerator * square.denominator
    shift = max(0, 2 * _BITS - product.bit_length())
    shift += shift % 2
    low = math.isqrt(product << shift)
    high = low + (low * low < product << shift)
    unit = square.denominator << (shift // 2)
    return Fraction(low, unit), Fraction(high, unit)


class Sites(NamedTuple):
    """The data of a problem as rationals, with the centers counted from the first."""

    origin: Vector  # (d)
    centers: list[Vector]  # (N, d)
    targets: list[Vector]  # (N, p)
    radii: Vector  # (N)

    @property
    def balls(self) -> list[int]:
        """The sites that are balls."""
        return [n for n, radius in enumerate(self.radii) if radius > 0]

    def floats(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Centers (N, d), targets (N, p) and radii (N,), rounded after the subtraction."""
        return (
            np.array([[float(x) for x in row] for row in self.centers]),
            np.array([[float(x) for x in row] for row in self.targets]),
            np.array([float(x) for x in self.radii]),
        )


def exact_sites(centers: Any, targets: Any, radii: Any) -> Sites:
    """The data as given, exactly."""
    points = [fractions(row) for row in centers]
    origin = points[0]
    moved = [[x - o for x, o in zip(row, origin, strict=True)] for row in points]
    return Sites(origin, moved, [fractions(row) for row in targets], fractions(radii))


def integer_rows(rows: Sequence[Sequence[Fraction]]) -> Integers:
    """Each row times the least common multiple of its denominators."""
    result = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        scale = math.lcm(*(x.denominator for x in row))
        result[i] = [int(x * scale) for x in row]
    return result


class Reduced(NamedTuple):
    """An integer matrix in row echelon form, with the pivots and what is left of its rows."""

    matrix: Integers
    pivots: list[int]  # columns, one for each of the first rows


def echelon(matrix: Integers, columns: Sequence[int]) -> Reduced:
    """Bareiss elimination, fraction-free, with pivots in these columns in this order."""
    m = matrix.copy()
    pivots: list[int] = []
    previous = 1
    for column in columns:
        row = len(pivots)
        if row == len(m):
            break
        rest = [i for i in range(row, len(m)) if m[i, column] != 0]
        if not rest:
            continue
        pivot = min(rest, key=lambda i: abs(m[i, column]))
        m[[row, pivot]] = m[[pivot, row]]
        head = m[row, column]
        below = m[row + 1 :]
        m[row + 1 :] = (below * head - np.outer(below[:, column], m[row])) // previous
        previous = head
        pivots.append(column)
    return Reduced(m, pivots)


def solve(
    rows: Sequence[Sequence[Fraction]], right: Sequence[Sequence[Fraction]], columns: Sequence[int]
) -> dict[int, Vector] | None:
    """An exact solution of ``rows x = right`` on the earliest independent columns of this order.

    Returns the rows of x that are not zero by their column, or None if there is no solution.
    """
    width = len(rows[0])
    both = [list(left) + list(value) for left, value in zip(rows, right, strict=True)]
    matrix, pivots = echelon(integer_rows(both), columns)
    rank = len(pivots)
    if any(x != 0 for x in matrix[rank:, width:].ravel()):
        return None
    solution: dict[int, Vector] = {}
    for i in range(rank - 1, -1, -1):
        values = [Fraction(x) for x in matrix[i, width:]]
        for later in pivots[i + 1 :]:
            factor = matrix[i, later]
            if factor:
                values = [v - factor * x for v, x in zip(values, solution[later], strict=True)]
        solution[pivots[i]] = [v / matrix[i, pivots[i]] for v in values]
    return solution


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    """The rank over the rationals."""
    return len(echelon(integer_rows(rows), range(len(rows[0]))).pivots)
