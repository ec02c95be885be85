"""The symmetric indefinite systems of Newton's method, which are singular where optima are not
unique."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from convexden.solvers.hinges import Array
from convexden.solvers.methods.symmetric import Symmetric
from convexden.tolerances import NEGLIGIBLE_RCOND


@dataclass(frozen=True)
class KktSettings:
    """How such a system is solved."""

    shift: float = 1e-9
    """Regularization of the equilibrated system, as a share of its largest entries: the root of
    float64's rounding is where its error and that of elimination meet, and three refinements
    remove the former."""

    small: int = 300
    """Unknowns up to which least squares are cheap, tens of milliseconds."""

    conditioned: float = 1e-10
    """Reciprocal condition number above which elimination leaves six digits of a step, enough for
    the next one."""

    refinements: int = 3
    """Refinements of a shifted system, each of which gains the digits of `shift`."""


SETTINGS = KktSettings()


def solve_kkt(
    matrix: Array, right: Array, positive: int, settings: KktSettings = SETTINGS
) -> Array:
    """Solve the symmetric system, whose leading block is positive semidefinite.

    It is singular if the multipliers are not unique.  A small one is then solved by least squares.
    A large one: after equilibration the leading block is
    shifted by a small positive, the rest by a negative number, which makes the system
    quasidefinite; refinement against the true matrix removes the shift where it matters and
    leaves the step small where it does not.
    """
    if len(right) <= settings.small:
        return _solve_small(matrix, right, settings)
    largest = np.abs(matrix).max(axis=1)
    scale = 1.0 / np.sqrt(np.where(largest > 0, largest, 1.0))
    matrix *= scale
    matrix *= scale[:, None]
    shifted = matrix.copy()
    diagonal = np.arange(len(right))
    shifted[diagonal, diagonal] += np.where(diagonal < positive, settings.shift, -settings.shift)
    factors = Symmetric(shifted)
    right = scale * right
    solution = np.zeros_like(right)
    for _ in range(settings.refinements):
        solution += factors.solve(right - matrix @ solution)
    return np.asarray(scale * solution)


def _solve_small(matrix: Array, right: Array, settings: KktSettings) -> Array:
    """Solve by elimination, which takes a fifth of the time, if the matrix is well conditioned, and
    by least squares if it is not."""
    factors, pivots, _ = scipy.linalg.lapack.dgetrf(matrix)
    size = float(np.abs(matrix).sum(axis=0).max())
    if scipy.linalg.lapack.dgecon(factors, size)[0] > settings.conditioned:
        return np.asarray(scipy.linalg.lapack.dgetrs(factors, pivots, right)[0])
    return np.asarray(
        scipy.linalg.lstsq(matrix, right, cond=NEGLIGIBLE_RCOND, check_finite=False)[0]
    )
