r"""Solutions of linear equations with more columns than rows, enclosed.

A square set S of columns is chosen by elimination with pivots, cheap columns first.  If C is any
matrix with :math:`q = \|I - C M_S\|_\infty < 1`, then :math:`M_S` is invertible, and the solution
x of :math:`M_S x = e` satisfies :math:`\|x - C e\|_\infty \le q / (1 - q)\, \|C e\|_\infty`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.linalg.lapack import dgetrf

from convexden.verification.exact.hinge_slack import lengths
from convexden.verification.exact.twofold import EPS

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Selection:
    """A square set of scaled columns and an approximate inverse of it.

    Attributes
    ----------
    columns : (R,) int array
    inverse : (R, R) array
        Of the scaled columns.
    defect : float
        A bound of the infinity norm of I - C M, below 1.
    """

    columns: NDArray[np.intp]
    inverse: Array
    defect: float


def select(matrix: Array, errors: Array) -> Selection | None:
    """A square set of columns with an inverse that is proved to exist; None without one.

    Parameters
    ----------
    matrix : (R, M) array
        Scaled so that a column of large norm is a cheap one.
    errors : (R, M) array
        Bounds of the errors of its entries.
    """
    rows = len(matrix)
    if matrix.shape[1] < rows:
        return None
    for choose in (_by_elimination, _by_rotations):
        columns = choose(matrix)[:rows]
        found = _inverted(matrix[:, columns], errors[:, columns])
        if found is not None:
            return Selection(columns, *found)
    return None


def _by_elimination(matrix: Array) -> NDArray[np.intp]:
    """Columns in the order in which Gaussian elimination chooses the largest entry of a row."""
    pivots = dgetrf(matrix.T)[1]
    order = np.arange(matrix.shape[1])
    for i, j in enumerate(pivots.tolist()):
        order[i], order[j] = order[j], order[i]
    return order


def _by_rotations(matrix: Array) -> NDArray[np.intp]:
    """Columns in the order of pivoted QR, which is slower and finds a basis if there is one."""
    order: NDArray[np.intp] = qr(matrix, mode="r", pivoting=True, check_finite=False)[1]
    return order


def _inverted(square: Array, errors: Array) -> tuple[Array, float] | None:
    """An approximate inverse and a bound of the norm of I - C M; None if that is not small."""
    rows = len(square)
    try:
        inverted = np.asarray(np.linalg.inv(square), dtype=float)
    except np.linalg.LinAlgError:
        return None
    uncertain = (rows + 4) * EPS * np.abs(square).sum(axis=1) + errors.sum(axis=1)
    rounding = np.abs(inverted) @ uncertain
    defects = np.abs(np.eye(rows) - inverted @ square).sum(axis=1) + rounding
    defect = float(defects.max()) * (1 + (rows + 4) * EPS)
    return (inverted, defect) if defect < 0.5 else None


def solution_sizes(selection: Selection, right: Array, missed: Array) -> Array:
    """Bounds (R, J) of the norms of the unknowns, which are vectors of P numbers each.

    Parameters
    ----------
    selection : Selection
    right : (R, J, P) array
        The right side e of J systems.
    missed : (R, J) array
        Bounds of the norms of its errors.
    """
    inverted, sizes = selection.inverse, np.abs(selection.inverse)
    rows, count, outputs = right.shape
    found = (inverted @ right.reshape(rows, -1)).reshape(rows, count, outputs)
    magnitudes = lengths(right) * (1 + (outputs + 2) * EPS)
    bound = lengths(found) * (1 + (outputs + 2) * EPS)
    bound += sizes @ (missed + (rows + 4) * EPS * magnitudes) * (1 + (rows + 4) * EPS)
    share = selection.defect / (1 - selection.defect)
    return (bound + share * bound.max(axis=0, initial=0.0)) * (1 + 4 * EPS)
