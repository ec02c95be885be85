r"""The affine hull of points that are floats: coordinates in it, and what dropping the rest moves.

Floats are the data.  A direction is left out only if that moves no coordinate by more than
`MOST_ULPS` units in the last place of the largest number in its own column: a time in nanoseconds
does not hide a temperature beside it, however thin the temperatures lie.

* Constant columns are left out, exactly.
* If the others extend in as many directions as there are columns, they are the coordinates: shifted
  by what leaves their digits as they are, not rotated.
* Else a plane is fitted, in units of these last places, so that every column counts in its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS
from convexden.arithmetic.two_part import residual
from convexden.geometry.ranks import exact_rank

Array = NDArray[np.float64]

# A direction is within the rounding of the data if leaving it out moves every number by at most
# this many units in the last place of the largest in its column.  Numbers that were computed by a
# few operations, as those of points in a rotated plane, are off by one or two.
MOST_ULPS = 4.0
# Columns whose middle is further from 0 than this many times half their range are shifted: then
# the numbers share their leading digits, and the difference is exact.
_FAR = 4.0

# Rounds of least squares after which the fit is as good as its numbers can state it.
_POLISHES = 2


@dataclass(frozen=True, eq=False)
class Hull:
    """Points (N, d) as ``origin + coordinates @ basis``.

    Attributes
    ----------
    points : (N, d) array
    origin : (d,) array
    basis : (k, d) array
        Orthonormal rows, at least one.
    coordinates : (N, k) array
    """

    points: Array
    origin: Array
    basis: Array
    coordinates: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, points: Array) -> Hull:
        """The hull of fewest dimensions that holds the points up to their rounding."""
        d = points.shape[1]
        varying = np.flatnonzero((points != points[0]).any(axis=0))
        origin = points[0].copy()
        if not varying.size:
            return cls(points, origin, np.eye(1, d), np.zeros((len(points), 1)))
        columns = points[:, varying]
        shifts = _shifts(columns)
        fit = None if varying.size == 1 else _fit(columns - shifts, ulps(columns))
        if fit is None:
            origin[varying] = shifts
            return cls(points, origin, np.eye(d)[varying], columns - shifts)
        origin[varying] = shifts + fit.origin
        basis = np.zeros((len(fit.basis), d))
        basis[:, varying] = fit.basis
        return cls(points, origin, basis, fit.coordinates)

    @property
    def moved_points(self) -> Array:
        """The points (N, d) that the coordinates stand for, rounded to floats."""
        return self.points - self._moves

    @cached_property
    def moved(self) -> float:
        """How far the hull is from the points, at most, in units in the last place of the largest
        number in the column; 0 if they lie in a hull of so many dimensions exactly.
        """
        if self._exact:
            return 0.0
        return float((np.abs(self._moves) / ulps(self.points)).max())

    @cached_property
    def _moves(self) -> Array:
        """Points minus what the coordinates stand for (N, d)."""
        ones = np.ones((len(self.points), 1))
        return residual(self.points, (ones, self.origin[None]), (self.coordinates, self.basis))

    @cached_property
    def _exact(self) -> bool:
        """Whether the points span no more dimensions than the hull has, in rational arithmetic."""
        varying = (self.points != self.points[0]).any(axis=0)
        k = len(self.basis)
        if k >= varying.sum():
            return True
        distinct = np.unique(self.points, axis=0)
        return k >= len(distinct) - 1 or exact_rank(distinct[:, varying], most=k + 1) <= k


@dataclass(frozen=True, eq=False)
class _Fit:
    """Columns (N, m) as ``origin + coordinates @ basis``, up to the last places."""

    origin: Array
    basis: Array
    coordinates: Array


def ulps(points: Array) -> Array:
    """The unit in the last place (d,) of the largest number in every column of points (N, d)."""
    return np.asarray(np.spacing(np.abs(points).max(axis=0)))


def _shifts(columns: Array) -> Array:
    """What to subtract from every column (N, m): 0, or some of the leading digits that all of its
    numbers share, so that the differences are exact.
    """
    low, high = columns.min(axis=0), columns.max(axis=0)
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    digit = np.ldexp(1.0, np.frexp(half)[1] - 1)
    return np.where(np.abs(middle) > _FAR * half, digit * np.round(middle / digit), 0.0)


def _fit(columns: Array, units: Array) -> _Fit | None:
    """The flattest fit within the rounding that keeps points apart; None if there is none with
    fewer directions.
    """
    # Mostly there are none, which the sizes of the directions of all points tell.
    sizes = np.linalg.svd((columns - columns.mean(axis=0)) / units, compute_uv=False)
    if len(columns) >= len(sizes) == columns.shape[1] and sizes[-1] > _noise(columns, sizes):
        return None
    distinct, group = np.unique(columns, axis=0, return_inverse=True)
    n, m = distinct.shape
    middle = distinct.mean(axis=0)
    left, sizes, right = np.linalg.svd((distinct - middle) / units, full_matrices=False)
    noise = _noise(distinct, sizes)
    most = min(m, n - 1)
    for rank in range(max(1, int((sizes[:most] > noise).sum())), most + 1):
        if rank == m:
            return None
        fit = _Fit(middle, sizes[:rank, None] * right[:rank] * units, left[:, :rank])
        fit, moves = _polished(distinct, units, fit)
        if rank == n - 1 or np.abs(moves).max() <= MOST_ULPS:
            fit, moves = _polished(distinct, units, _orthonormal(fit), keep_basis=True)
            # No two points may become one, however close they are.
            if len(np.unique(distinct - moves * units, axis=0)) == n:
                return _Fit(fit.origin, fit.basis, fit.coordinates[group.reshape(-1)])
    return None


def _noise(points: Array, sizes: Array) -> float:
    """Sizes above which a direction of points (N, m) cannot be within their rounding, whatever the
    errors of the singular values."""
    return float(MOST_ULPS * np.sqrt(points.size) + 16 * EPS * sizes[0])


def _polished(
    points: Array, units: Array, fit: _Fit, *, keep_basis: bool = False
) -> tuple[_Fit, Array]:
    """The fit without the rounding errors of how it was found, which are many times those of the
    numbers that state it: least squares for one factor after the other.  Also what it moves, in
    units in the last place.
    """
    scaled, ones = points / units, np.ones((len(points), 1))
    design = np.hstack([ones, fit.coordinates])
    rows = np.vstack([fit.origin, fit.basis]) / units
    for _ in range(_POLISHES):
        change = np.linalg.pinv(design) @ residual(scaled, (design, rows))
        rows[:1] += change[:1]
        if not keep_basis:
            rows[1:] += change[1:]
        design[:, 1:] += residual(scaled, (design, rows)) @ np.linalg.pinv(rows[1:])
    moves = residual(scaled, (design, rows))
    return _Fit(rows[0] * units, rows[1:] * units, design[:, 1:]), moves


def _orthonormal(fit: _Fit) -> _Fit:
    """The same points in orthonormal rows.

    Rows are combined, never columns: every column keeps its relative accuracy, and every direction
    as well, however thin.
    """
    turn = np.linalg.svd(fit.basis, full_matrices=False)[0]
    turned = turn.T @ fit.basis
    lengths = np.linalg.norm(turned, axis=1)
    unit = turned / lengths[:, None]
    # Of thin directions the singular vectors are orthogonal to less than rounding: the rest.
    lower = np.linalg.cholesky(unit @ unit.T)
    coordinates = (fit.coordinates @ turn * lengths) @ lower
    return _Fit(fit.origin, np.linalg.solve(lower, unit), coordinates)
