"""Factors of symmetric indefinite matrices."""

from __future__ import annotations

from scipy.linalg import lapack

from convexden.solvers.hinges import Array


class Symmetric:
    """The factors L D L^T of a symmetric matrix (n, n), with blocks D of one and two rows (Bunch
    and Kaufman, Math. Comp. 31, 1977): half the work of elimination.

    The matrix is overwritten.
    """

    def __init__(self, matrix: Array) -> None:
        """Factor the matrix."""
        # LAPACK wants columns one after the other: of a symmetric matrix its rows do as well.
        work = int(lapack.dsytrf_lwork(len(matrix), lower=1)[0])
        self._factors, self._pivots, _ = lapack.dsytrf(matrix.T, lower=1, lwork=work, overwrite_a=1)

    def solve(self, right: Array) -> Array:
        """The solution (n,) for a right-hand side (n,)."""
        solution: Array = lapack.dsytrs(self._factors, self._pivots, right, lower=1)[0]
        return solution.ravel()
