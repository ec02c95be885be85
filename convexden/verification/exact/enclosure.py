r"""Solutions of linear equations with more columns than rows, enclosed.

A square set S of columns is chosen by elimination with pivots, cheap columns first.  Let C be any
matrix, b at least :math:`|C e|` and F at least :math:`|I - C M_S|`, entry by entry.  If some
:math:`u > 0` satisfies :math:`b + F u < u`, then F has a spectral radius below 1, :math:`M_S` is
invertible, and the solution x of :math:`M_S x = e` satisfies :math:`|x| \le u`.  Nothing of this
depends on how rows and columns are scaled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.linalg.lapack import dgetrf

from convexden.arithmetic.float64 import EPS, UNDERFLOW
from convexden.tolerances import NEGLIGIBLE_RCOND
from convexden.verification.exact.hinge_slack import lengths

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EnclosureSettings:
    """Parameters of the iteration of bounds."""

    room: float = 1.0001
    """Room with which bounds start, as a factor."""

    growth: float = 1.1
    """Room by which they grow beyond what they must, as a factor."""

    rounds: int = 60
    """Rounds of growing at the most."""


SETTINGS = EnclosureSettings()


@dataclass(frozen=True, eq=False)
class Selection:
    """A square set of scaled columns and an approximate inverse C of it.

    Attributes
    ----------
    columns : (R,) int array
    inverse : (R, R) array
        Of the scaled columns.
    defect : (R, R) array
        The entries of |I - C M|, rounded.
    sizes, errors : (R, R) arrays
        The entries of |M|, and bounds of their errors.
    """

    columns: NDArray[np.intp]
    inverse: Array
    defect: Array
    sizes: Array
    errors: Array

    def spread(self, sizes: Array) -> Array:
        """F u for vectors u (R, J), rounded up."""
        rows = len(self.inverse)
        units = (rows + 4) * EPS
        rounding = units * (self.sizes @ sizes) + self.errors @ sizes
        total: Array = self.defect @ sizes + np.abs(self.inverse) @ rounding
        return total * (1 + 2 * units)

    def enclosed(self, bound: Array) -> Array | None:
        """Some u with b + F u < u for each column b (R, J) of bounds; None if none is found."""
        # Bounds that are relatively smaller count as this, so that each unknown has some room.
        bound = np.maximum(bound, NEGLIGIBLE_RCOND * bound.max(axis=0, initial=0.0)) + UNDERFLOW
        sizes = SETTINGS.room * bound
        for _ in range(SETTINGS.rounds):
            larger = (bound + self.spread(sizes)) * (1 + 8 * EPS)
            if (larger < sizes).all():
                return sizes
            sizes = np.where(larger < sizes, sizes, SETTINGS.growth * larger)
        return None


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
        square = matrix[:, columns]
        try:
            inverted = np.asarray(np.linalg.inv(square), dtype=float)
        except np.linalg.LinAlgError:
            continue
        defect = np.abs(np.eye(rows) - inverted @ square)
        found = Selection(columns, inverted, defect, np.abs(square), errors[:, columns])
        if found.enclosed(np.ones((rows, 1))) is not None:
            return found
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


def solution_sizes(selection: Selection, right: Array, missed: Array) -> Array | None:
    """Bounds (R, J) of the norms of the unknowns, which are vectors of P numbers; None without any.

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
    # The errors of the P numbers of an unknown obey the same equations as their norms.
    return selection.enclosed(bound)
