r"""Multipliers closed exactly: the dual equalities hold in integers, not up to rounding.

A certificate's floats satisfy :math:`\sum l_n = 0` and :math:`\sum (l_n y_n^T + G_n) = 0` only up
to rounding, and where the data are thin what is missing can be worth any bound.  Any multipliers
that satisfy both prove something, so they are changed until they do, in integers:

* with a ball, its own multipliers take what is missing;
* with samples only, those of k + 1 affinely independent samples do, by an exact linear solve.

Coordinates.  If the sites span their space, they are used as they are.  If they lie in an affine
subspace up to a few units in the last place of every column, :math:`y_n = o + B^T A_n + e_n` with
a basis B that is orthonormal up to :math:`\| B B^T - I \| \le \eta` and the rows A_n of a float
array, taken as exact.  A hinge (w, b) of unit length has :math:`\omega = B w`,
:math:`|\omega| \le \sqrt{1 + \eta}`, and

.. math:: z_n = \omega^T A_n + b' + w^T e_n , \qquad
   |\omega^T A_n + b'| \ge (r_n - |e_n|)\, |\omega| / \sqrt{1 + \eta}

on every ball that it does not cut.  With :math:`G_n = \Gamma_n B` at all sites but one ball, which
takes :math:`-\sum l_n e_n^T` in addition, the equalities hold for the data as they are given, and

.. math:: P \le \sqrt{1 + \eta}\; P' + 2 \sum_n |l_n| |e_n|

with the maximum P' of the reduced multipliers for the radii
:math:`(r_n - |e_n|) / \sqrt{1 + \eta}`.  Without a ball nothing can take what is missing: then the
statement is about the moved samples :math:`o + B^T A_n`, and `ClosedDual.moved` says by how much
they have moved.

Sites on one line exactly have exact coordinates (`collinear`): nothing moves, no radius shrinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, SUM_MARGIN
from convexden.arithmetic.two_part import TwoPart
from convexden.geometry.hull import Hull, ulps
from convexden.geometry.span import MapsInSpan
from convexden.verification.exact import collinear
from convexden.verification.exact.closing import Closed, close, independent
from convexden.verification.exact.rationals import (
    Integers,
    above,
    dyadic,
    dyadic_sum,
    rational,
)

Array = NDArray[np.float64]
Dyadic = tuple[Integers, int]

# Multipliers below this share of the largest are set to zero: they would only lengthen integers.
SMALLEST_SHARE = 2.0**-160


@dataclass(frozen=True, eq=False)
class ClosedDual:
    r"""Multipliers that satisfy the dual equalities exactly, as integers.

    Samples without multipliers are left out; balls stay, because hinges must not cut them.
    Coordinates are counted from one of the sites.

    Attributes
    ----------
    centers : (S, k) integers, in units of ``2**unit``
    radii : (S,) integers, in units of ``2**unit``
    values : (S, p) integers
        :math:`l_n` in units of ``2**weight / denominator``.
    jacobians : (S, p, k) integers
        :math:`\Gamma_n` in units of ``2**(weight + unit) / denominator``.
    unit, weight, denominator : int
    objective : Fraction
        :math:`\sum_n l_n^T t_n` in the units of the data.
    sites : (S,) int array
        Which sites are left.
    stretch, slack : float
        :math:`P \le \mathtt{stretch}\, P' + \mathtt{slack}`; 1 and 0 if the sites span their space.
    moved : float
        By how much the samples that the bound speaks about differ from those given, in units in
        the last place of their columns; 0 if it speaks about the data as they are.
    residual : float
        Size of what had to be added for the equalities, relative to the multipliers' own terms.
    stray : float
        Size of the Jacobian multipliers that cannot count, at samples and across the hull of the
        centers, relative to the same terms.
    """

    centers: Integers
    radii: Integers
    values: Integers
    jacobians: Integers
    unit: int
    weight: int
    denominator: int
    objective: Fraction
    sites: NDArray[np.intp]
    stretch: float
    slack: float
    moved: float
    residual: float
    stray: float

    @property
    def balls(self) -> NDArray[np.bool_]:
        """Which of the sites left are balls."""
        return np.asarray(self.radii != 0, dtype=bool)


@dataclass(frozen=True, eq=False)
class _Coordinates:
    """Floats A and B of the module's text, with bounds of the errors; or those on an exact line."""

    points: Array  # (N, k): A
    basis: Array | None  # (k, d): B; None if the sites are used as they are
    distances: Array  # (N,): bounds of |e_n|
    stretch: float  # bound of sqrt(1 + eta)
    moved: float  # in units in the last place
    line: tuple[Dyadic, Dyadic] | None = None  # exact coordinates and direction

    def radii(self, given: Array) -> Array:
        """The radii of the reduced problem."""
        if not self.stretch > 1.0:
            return given
        shrunk = (given - self.distances) / self.stretch * (1.0 - 4.0 * EPS)
        return np.where(given > 0, np.maximum(shrunk, 0.0), 0.0)

    def centers(self) -> Dyadic:
        """The coordinates (N, k), exactly."""
        if self.line is None:
            return dyadic(self.points)
        (along, unit), _ = self.line
        return along[:, None], unit

    def reduced(self, jacobians: TwoPart | MapsInSpan) -> tuple[Dyadic, Array]:
        """Jacobian multipliers in the coordinates (N, p, k), and the sizes (N,) of what is across
        them."""
        if isinstance(jacobians, MapsInSpan):
            if self.basis is not None and self.line is None:
                rounded = _without_dust(TwoPart.of(jacobians.along(self.basis)))
                return _exact(rounded), jacobians.across(self.basis)
            jacobians = _without_dust(TwoPart.of(jacobians.full))
        high, low = jacobians
        none = np.zeros(len(high))
        if self.basis is None:
            return _exact(jacobians), none
        flat = high @ self.basis.T
        across = np.linalg.norm(high - flat @ self.basis, axis=(1, 2))
        if self.line is not None:
            numbers, unit = _exact(jacobians)
            direction, exponent = self.line[1]
            return ((numbers @ direction)[:, :, None], unit + exponent), across
        # Rounded: a rotated basis has no exact coordinates.
        return dyadic_sum(*TwoPart.sum(flat, low @ self.basis.T)), across


@np.errstate(over="ignore", invalid="ignore")  # of sizes, which are infinite then
def close_dual(
    centers: Array,
    targets: Array,
    radii: Array,
    values: Array | TwoPart,
    jacobians: Array | TwoPart | MapsInSpan,
    hull: Hull | None = None,
) -> ClosedDual:
    r"""Change multipliers so that the dual equalities hold exactly.

    Parameters
    ----------
    centers, targets, radii : arrays (N, d), (N, p), (N,)
        Finite floats, meant exactly.
    values, jacobians : arrays or TwoPart (N, p), (N, p, d)
        Finite floats, or sums of two, meant exactly; Jacobians also by coefficients in a span.
    hull : Hull, optional
        Of the centers, if it is known.
    """
    ball = radii > 0
    values = _without_dust(values if isinstance(values, TwoPart) else TwoPart.of(values))
    if isinstance(jacobians, MapsInSpan):
        sizes, jacobians = jacobians.sizes, jacobians.where(ball)
    else:
        jacobians = jacobians if isinstance(jacobians, TwoPart) else TwoPart.of(jacobians)
        sizes = np.linalg.norm(jacobians.high, axis=(1, 2))
        jacobians = _without_dust(jacobians.where(ball[:, None, None]))
    place = _coordinates(centers, Hull.of(centers) if hull is None else hull)
    gamma, across = place.reduced(jacobians)
    # The terms of the equalities, and what cannot count.
    lengths = np.linalg.norm(values.high, axis=1)
    middle = place.points - place.points.mean(axis=0)
    size = float(lengths @ np.linalg.norm(middle, axis=1)) + float(sizes[ball].sum())
    stray = float(sizes[~ball].sum()) + float(across.sum())

    sites = _sites(place.points, (values.high != 0.0).any(axis=1), ball)
    y, r, lam, jac = (
        (numbers[sites], exponent)
        for numbers, exponent in (
            place.centers(),
            dyadic(place.radii(radii)),
            _exact(values),
            gamma,
        )
    )
    closed = close(y, r, lam, jac, place.points[sites], lengths[sites], ball[sites])
    slack = _slack(closed, place.distances[sites]) if ball.any() else 0.0
    return ClosedDual(
        closed.centers,
        closed.radii,
        closed.values,
        closed.jacobians,
        closed.unit,
        closed.weight,
        closed.denominator,
        _objective(closed, targets[sites]),
        sites,
        place.stretch,
        slack,
        0.0 if ball.any() else place.moved,
        closed.change / size if size > 0.0 else 0.0,
        stray / size if size > 0.0 else float(stray > 0.0),
    )


def _sites(
    points: Array, multiplied: NDArray[np.bool_], ball: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """The sites that count: balls, samples with multipliers, and without a ball as many others as
    the equalities need."""
    keep = ball | multiplied
    if not ball.any() and keep.any():
        keep[independent(points, keep)] = True
    return np.flatnonzero(keep)


def _slack(closed: Closed, distances: Array) -> float:
    """A bound of 2 sum_n |l_n| |e_n|, for bounds of |e_n|."""
    if not distances.any():
        return 0.0
    scale = Fraction(1, closed.denominator)
    norms = [
        above(sum(abs(rational(int(x), closed.weight)) for x in row) * scale)
        for row in closed.values
    ]
    return 2.0 * float(np.array(norms) @ distances) * SUM_MARGIN


def _objective(closed: Closed, targets: Array) -> Fraction:
    """The sum of l_n . t_n."""
    goals, exponent = dyadic(targets)
    total = int((closed.values * goals).sum()) if len(targets) else 0
    return rational(total, closed.weight + exponent) / closed.denominator


def _exact(numbers: TwoPart) -> Dyadic:
    """Sums of two floats as integers with an exponent."""
    return dyadic_sum(numbers.high, numbers.low if numbers.low.any() else None)


def _without_dust(numbers: TwoPart) -> TwoPart:
    """Zero for numbers that are next to nothing beside the largest, and for such low parts."""
    sizes, rest = np.abs(numbers.high), np.abs(numbers.low)
    least = float(sizes.max(initial=0.0)) * SMALLEST_SHARE
    return TwoPart(
        np.where(sizes < least, 0.0, numbers.high), np.where(rest < least, 0.0, numbers.low)
    )


def _coordinates(centers: Array, hull: Hull) -> _Coordinates:
    """Coordinates of the sites in their affine hull, if it is smaller than their space, and bounds
    of what they are off, whoever proposed them.
    """
    nothing = np.zeros(len(centers))
    rank, dimension = hull.basis.shape
    if rank == dimension:
        return _Coordinates(centers, None, nothing, 1.0, 0.0)
    columns = np.flatnonzero((centers != centers[0]).any(axis=0))
    if len(columns) == rank:
        # Columns that do not change are left out: exactly, and nothing moves.
        return _Coordinates(centers[:, columns], np.eye(dimension)[columns], nothing, 1.0, 0.0)
    line = collinear.coordinates(centers) if rank == 1 else None
    if line is not None:
        return _Coordinates(hull.coordinates, hull.basis, nothing, 1.0, 0.0, line)
    extended = np.longdouble
    eps = float(np.finfo(extended).eps)
    wide, points = hull.basis.astype(extended), hull.coordinates
    exact = centers.astype(extended) - hull.origin.astype(extended)
    rest = exact - points.astype(extended) @ wide
    # Rounding of the sum over the basis, and of the difference of sites.
    sizes = np.abs(exact) + np.abs(points) @ np.abs(hull.basis)
    bounds = np.abs(rest).astype(float) * (1.0 + 4.0 * EPS)
    bounds += (rank + 4) * eps * sizes.astype(float)
    distances = np.linalg.norm(bounds, axis=1) * (1.0 + dimension * EPS)
    gram = (wide @ wide.T - np.eye(rank, dtype=extended)).astype(float)
    eta = float(np.linalg.norm(gram)) * (1.0 + dimension * EPS) + rank * dimension * eps
    moves = float((bounds[:, columns] / ulps(centers)[columns]).max())
    return _Coordinates(points, hull.basis, distances, 1.0 + eta, moves)
