"""The dimension of the affine hull of points that are floats, decided in integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.object_]  # of Python integers, which have no largest value

# A prime of 31 bits: products of residues fit in 64.
_PRIME = 2**31 - 1


def exact_rank(points: Array, most: int | None = None) -> int:
    """The dimension of the affine hull of points (N, d); not more than `most`, if that is given.

    Bareiss' elimination of their differences, in integers.
    """
    rows = _differences(points)
    limit = min(rows.shape) if most is None else min(most, *rows.shape)
    previous = 1
    for rank in range(limit):
        left = np.argwhere(rows != 0)
        if not len(left):
            return rank
        i, j = left[0]
        pivot, others = rows[i, j], np.delete(rows, i, axis=0)
        rows = (others * pivot - np.outer(others[:, j], rows[i])) // previous
        previous = pivot
    return limit


def independent(points: Array) -> bool:
    """Whether points (N, d) are shown to be affinely independent; False may mean unknown.

    Differences that are independent modulo a prime are independent.
    """
    rows = _differences(points)
    if rows.shape[0] > rows.shape[1]:
        return False
    residues = (rows % _PRIME).astype(np.int64)
    while len(residues):
        columns = np.flatnonzero(residues[0])
        if not columns.size:
            return False
        j = columns[0]
        head = residues[0] * pow(int(residues[0, j]), -1, _PRIME) % _PRIME
        residues = (residues[1:] - residues[1:, j, None] * head % _PRIME) % _PRIME
    return True


def _differences(points: Array) -> Integers:
    """The points minus the first one (N - 1, d), every column times some power of two."""
    columns = np.empty(points.T.shape, dtype=object)
    for j, column in enumerate(points.T):
        columns[j] = _integers(column)
    rows: Integers = columns.T[1:] - columns.T[0]
    return rows


def _integers(column: Array) -> list[int]:
    """The numbers as multiples of one power of two."""
    ratios = [number.as_integer_ratio() for number in column.tolist()]
    common = max(denominator for _, denominator in ratios)
    return [numerator * (common // denominator) for numerator, denominator in ratios]
