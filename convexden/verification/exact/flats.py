r"""The flat through some sites and the sphere of its tangent hinges, in rationals.

With edges :math:`e_i` (rows of e) and :math:`G = e e^T` the normals with :math:`e_i^T w = h_i` have
the point :math:`c = e^T G^{-1} h` nearest to 0 in common, and those with |w| = 1 lie on the sphere
around it of radius :math:`\sqrt{1 - h^T G^{-1} h}` in the complement of the edges.  Everything
but roots is rational, so that floats come out with errors of their last places however thin the
simplex of the sites is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.rationals import root_below

Array = NDArray[np.float64]
Vector = list[Fraction]


class Flat:
    """The flat through affinely independent points (m + 1, k); `independent` says if they are."""

    def __init__(self, points: Array) -> None:
        """The edges from the first point, and the inverse of their Gram matrix."""
        first, *others = [[Fraction(x) for x in row] for row in points.tolist()]
        self.edges = [[x - y for x, y in zip(other, first, strict=True)] for other in others]
        gram = [[_dot(a, b) for b in self.edges] for a in self.edges]
        self._inverse = _inverse(gram)
        self.independent = self._inverse is not None

    def complement(self) -> Array:
        """An orthonormal basis (k, k - m) of the complement, entries within 2 ulps."""
        k = len(self.edges[0])
        # The projection on the complement, from which one direction after the other is taken.
        solved = [self._solve([edge[j] for edge in self.edges]) for j in range(k)]
        rest = [
            [(i == j) - _dot([edge[i] for edge in self.edges], solved[j]) for j in range(k)]
            for i in range(k)
        ]
        columns = []
        for _ in range(k - len(self.edges)):
            i = max(range(k), key=lambda j: rest[j][j])
            direction, square = rest[i], rest[i][i]
            columns.append([_signed_root(x, square) for x in direction])
            rest = [
                [x - row[i] * y / square for x, y in zip(row, direction, strict=True)]
                for row in rest
            ]
        return np.array(columns).T

    def sphere(self, offsets: Sequence[float]) -> tuple[list[float], float] | None:
        """The center (k) and the radius for these z at the points; None if there is no
        hinge.

        Both are within 2 ulps, every coordinate of the center for itself.
        """
        first, *others = [Fraction(value) for value in offsets]
        right = [other - first for other in others]
        solved = self._solve(right)
        square = 1 - _dot(right, solved)
        if square < 0:
            return None
        center = [_dot([edge[j] for edge in self.edges], solved) for j in range(len(self.edges[0]))]
        return [float(x) for x in center], root_below(square)

    def _solve(self, right: Vector) -> Vector:
        """The solution of G x = right."""
        assert self._inverse is not None
        return [_dot(row, right) for row in self._inverse]


def _dot(a: Vector, b: Vector) -> Fraction:
    """The scalar product."""
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def _signed_root(part: Fraction, square: Fraction) -> float:
    """The quotient part / sqrt(square)."""
    size = root_below(part * part / square)
    return size if part > 0 else -size


def _inverse(matrix: list[Vector]) -> list[Vector] | None:
    """The inverse of a positive semidefinite matrix, None if it is singular (Gauss, Jordan)."""
    size = len(matrix)
    rows = [row + [Fraction(int(i == j)) for j in range(size)] for i, row in enumerate(matrix)]
    for i in range(size):
        # Positive semidefinite matrices that are not singular have positive pivots.
        if rows[i][i] == 0:
            return None
        pivot = [x / rows[i][i] for x in rows[i]]
        rows = [
            pivot if j == i else [x - row[i] * y for x, y in zip(row, pivot, strict=True)]
            for j, row in enumerate(rows)
        ]
    return [row[size:] for row in rows]
