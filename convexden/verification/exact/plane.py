r"""The pricing maximum of the plane, enclosed by arithmetic whose rounding is bounded beforehand.

For fixed multipliers the maximum is over hinges tangent to some ball q (or through a sample) from
its active side (`convexden.verification.pricing_bound`).  Without angles: the normals
:math:`w = \pm (1 - t^2, 2 t)` of length :math:`\tau = 1 + t^2`, t in [-1, 1], are all directions,
and what a hinge is at the centers,

.. math:: z_m = w^T (y_m - y_q) + r_q \tau

are quadratic polynomials in t, and so is :math:`F_D = \sum_m D_m (l_m z_m + G_m w)`.

*Patterns.*  Site m cannot be active where :math:`z_m - r_m \tau < 0`, and not inactive where
:math:`z_m + r_m \tau > 0`.  Each is shown on closed intervals by the three Bernstein coefficients
of the polynomial; the roots that propose the intervals need not be trusted.  Where both are shown
for one site, every hinge cuts its ball.  On what is left, between neighboring ends of intervals,
the pattern is fixed but for sites of which neither is shown: next to a root, where samples add no
more than their multiplier times a bound of :math:`|z_m|`.  The complements of closed sets are open,
so the pattern at the end of an interval is among those next to it, and nothing is lost in between.

*Values.*  On [a, b] the polynomials :math:`|F_D|^2` and :math:`\tau^2` of degree four are convex
combinations, the same one, of their five Bernstein coefficients :math:`\phi_i` and
:math:`\theta_i > 0`: hence :math:`|F_D|^2 \le \max_i \phi_i / \theta_i \cdot \tau^2`, with
equality where :math:`|F_D|` is constant.  With the coefficients :math:`c_0, c_1, c_2` of
:math:`F_D` they are the inner products
:math:`c_0 c_0,\ c_0 c_1,\ (c_0 c_2 + 2 c_1 c_1) / 3,\ c_1 c_2,\ c_2 c_2`, and so for
:math:`\tau` with :math:`1 + a^2, 1 + ab, 1 + b^2`.

*Local maxima.*  Where |F| has a maximum inside an interval, that converges slowly.  Let the
interval be :math:`u \in [0, 1]`.  With a level c, at any point :math:`u_0` of it,
:math:`c^2 \tau^2 - |F|^2 = q_0 + q_1 v + v^2 s(v)`, :math:`v = u - u_0`, with a quadratic s whose
Bernstein coefficients are at least m: hence

.. math:: |F|^2 \le \tau^2 \bigl( c^2 + \max(0, -q_0 - \min_v (q_1 v + m v^2)) \bigr)

because :math:`\tau \ge 1`; with c the largest value that is attained, and :math:`u_0` near the
maximum on the interval, this is c up to the square of what :math:`u_0` is off.  Where neither of
the two bounds is within `COST_ROUNDING` of a value that is attained, the interval is cut in halves.

*Rounding.*  All of this is in extended precision, with bounds on its rounding, which is a share of
the sum of the absolute terms of F.  Multipliers at samples that nearly coincide are far larger than
F.  Intervals on which rounding hides whether F exceeds the largest value are searched once more
with curves that are added up as integers (`convexden.verification.exact.plane_integers`) and
rounded to a share of F itself.  What is left there counts with the bound that it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.tolerances import COST_ROUNDING
from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EXTENDED_EPS, Extended
from convexden.verification.exact.plane_arcs import pieces_at
from convexden.verification.exact.plane_integers import divided
from convexden.verification.exact.plane_pieces import Flags, Pieces, blocks, in_units
from convexden.verification.exact.rationals import above, below

Floats = NDArray[np.float64]

LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True)
class PlaneSettings:
    """Parameters of the search along the arcs."""

    few_arcs: int = 100
    """Up to so many arcs are added up as integers wherever rounding exceeds `COST_ROUNDING`: each
    takes a tenth of a millisecond or more."""

    excess: float = 4e-11
    """Where there are more, as at hundreds of sites, bounds count as they are up to this excess
    over what is attained."""

    levels: int = 50
    """Levels of splitting, few of which are needed: widths are multiples of 2^-50, which are
    floats."""

    newton_steps: int = 5
    """Newton steps to a local maximum: it is needed to the square root of `COST_ROUNDING`."""

    most_numbers: int = 6_000_000
    """Numbers of the arcs that are split at a time, at most: some 200 MB."""

    most_arcs: int = 20_000
    """Arcs that are added up as integers at most: some seconds."""


SETTINGS = PlaneSettings()


def plane_interval(dual: ClosedDual) -> tuple[float, float]:
    """Enclose the pricing maximum of multipliers in two dimensions.

    Parameters
    ----------
    dual : ClosedDual
        With k = 2.

    Returns
    -------
    attained, upper : float
        A value that is attained up to rounding, and an upper bound that holds whatever the
        rounding, in the units of the Jacobian multipliers.
    """
    if not (dual.values.any() or dual.jacobians.any()):
        return 0.0, 0.0
    sites, shift = in_units(dual)
    search = _Search()
    kept: list[tuple[Pieces, Floats]] = []
    unclear: list[tuple[Pieces, Floats]] = []
    for pivots in blocks(len(sites.radii)):
        pieces, open_pieces = pieces_at(sites, pivots)
        bounds = search.chords(pieces)
        kept.append(_chosen(pieces, bounds, bounds > search.best))
        unclear.append((open_pieces, _chords(open_pieces)[0]))
    unclear.append(search.split(*_joined(kept)))
    hard, bounds = _joined(unclear)
    hard, bounds = _chosen(hard, bounds, bounds > search.upper)
    if len(bounds) > SETTINGS.few_arcs:
        clear = bounds <= search.best * (1.0 + SETTINGS.excess)
        search.ceiling = max(search.ceiling, float(bounds[clear].max(initial=0.0)))
        hard, bounds = _chosen(hard, bounds, ~clear)
    if len(bounds) > SETTINGS.most_arcs:
        search.ceiling = max(search.ceiling, float(bounds.max()))
    elif len(bounds):
        hard, certain = divided(dual, sites, shift, hard)
        search.chords(hard.take(certain))
        hard, bounds = search.split(hard, _chords(hard)[0])
        search.ceiling = max(search.ceiling, float(bounds.max(initial=0.0)))
    # F in the units of the data: these powers of two, over the denominator.
    unit = Fraction(2) ** (dual.weight + dual.unit - shift) / dual.denominator
    upper = Fraction(min(search.upper, LARGEST))
    return below(Fraction(search.best) * unit), above(upper * unit)


class _Search:
    """The largest value that is attained, and the largest bound of what is settled."""

    def __init__(self) -> None:
        """Nothing is attained yet, and nothing is settled."""
        self.best, self.ceiling = 0.0, 0.0

    @property
    def upper(self) -> float:
        """A bound of F on all that is settled, beyond the rounding of the last operations."""
        return max(self.ceiling, self.best) * (1.0 + 4.0 * EPS)

    def chords(self, pieces: Pieces) -> Floats:
        """Bounds on the intervals; the values at their ends count as attained."""
        bounds, attained = _chords(pieces)
        self.best = max(self.best, attained)
        return bounds

    def split(self, pieces: Pieces, bounds: Floats) -> tuple[Pieces, Floats]:
        """Settle intervals by splitting; returns those where rounding or the cost forbids it."""
        unclear: list[tuple[Pieces, Floats]] = []
        for _ in range(SETTINGS.levels):
            places, attained = _local_maxima(pieces, self.best)
            self.best = max(self.best, attained)
            bounds = np.minimum(bounds, _bounds_at(pieces, places, self.best))
            settled = self.best * (1.0 + COST_ROUNDING)
            # The bound contains the rounding once, and what is attained is short of it twice.
            rounding = 4.0 * pieces.errors.astype(float)
            live = bounds > settled + np.minimum(rounding, COST_ROUNDING * self.best)
            self.ceiling = max(self.ceiling, float(bounds[~live].max(initial=0.0)))
            # Splitting does not help where it is rounding that exceeds the bound.
            noisy = live & (bounds - rounding <= settled)
            unclear.append(_chosen(pieces, bounds, noisy))
            pieces, bounds = _chosen(pieces, bounds, live & ~noisy)
            if not len(pieces.rows) or pieces.curve.size > SETTINGS.most_numbers:
                break
            pieces = pieces.halves()
            bounds = self.chords(pieces)
        return _joined([*unclear, (pieces, bounds)])


def _chosen(pieces: Pieces, bounds: Floats, flags: Flags) -> tuple[Pieces, Floats]:
    """Some of the intervals with their bounds."""
    return pieces.take(flags), bounds[flags]


def _joined(parts: list[tuple[Pieces, Floats]]) -> tuple[Pieces, Floats]:
    """All of several; those that are empty add nothing."""
    full = [part for part in parts if len(part[1])] or parts[:1]
    return Pieces.join([pieces for pieces, _ in full]), np.concatenate([b for _, b in full])


def _taus(pieces: Pieces) -> Extended:
    """The Bernstein coefficients (A, 3) of tau, up to 8 EXTENDED_EPS of each."""
    x, y = pieces.ends()
    return np.asarray(1.0 + np.stack([x * x, x * y, y * y], axis=1), dtype=np.longdouble)


def _chords(pieces: Pieces) -> tuple[Floats, float]:
    """Upper bounds of |F| / tau on the intervals by Bernstein coefficients, rounding included, and
    the largest value at an end of one, less its rounding."""
    curve, taus = pieces.curve, _taus(pieces)
    gram = np.einsum("aip,ajp->aij", curve, curve)
    units = taus[:, :, None] * taus[:, None, :]
    ratios = np.empty((len(taus), 5), dtype=np.longdouble)
    sizes = np.einsum("aii->ai", gram) / np.einsum("aii->ai", units)
    ratios[:, 0], ratios[:, 1] = sizes[:, 0], sizes[:, 2]
    ratios[:, 2:4] = gram[:, 1, ::2] / units[:, 1, ::2]
    ratios[:, 4] = _middle(gram) / _middle(units)
    # Inner products round by EXTENDED_EPS, for each output, of the sizes of the coefficients.
    rounding = (96.0 + 2.0 * curve.shape[2]) * EXTENDED_EPS * sizes.max(axis=1)
    bounds = np.sqrt(np.maximum(ratios.max(axis=1), 0.0) + rounding)
    return _outward(bounds, pieces), _attained(ratios[:, :2].max(axis=1), pieces)


def _attained(squares: Extended, pieces: Pieces) -> float:
    """The largest of these values of |F|^2 / tau^2, with the root, less what they may be off.

    Twice that, because a hinge at the end of an arc may cut a ball by the rounding of z.
    """
    return float(np.max(np.sqrt(squares) - 2.0 * pieces.errors, initial=0.0))


def _middle(products: Extended) -> Extended:
    """Three times the middle Bernstein coefficient of a square, from the products (A, 3, 3)."""
    return np.asarray(products[:, 0, 2] + 2.0 * products[:, 1, 1])


def _outward(bounds: Extended, pieces: Pieces) -> Floats:
    """Bounds rounded up, with what the curves may be off; infinite where there is none."""
    rounded = (bounds + pieces.errors).astype(float) * (1.0 + EPS)
    return np.where(np.isnan(rounded), np.inf, rounded)


def _around(curve: Extended, at: Extended) -> Extended:
    """Coefficients (3, A, p) of f_0 + 2 f_1 v + f_2 v^2 at u = at + v, from those of Bernstein."""
    first, last = (curve[:, 1:] - curve[:, :2]).swapaxes(0, 1)
    bend, u = last - first, at[:, None]
    return np.stack([curve[:, 0] + u * (2.0 * first + u * bend), first + u * bend, bend])


def _gap(curve: Extended, taus: Extended, level: float) -> Extended:
    """The coefficients (5, A) of the powers of v in ``level^2 tau^2 - |F|^2``, from those of F and
    tau."""
    gram = level * level * _squared(taus) - _squared(curve)
    return np.stack(
        [
            gram[0, 0],
            4.0 * gram[0, 1],
            2.0 * (gram[0, 2] + 2.0 * gram[1, 1]),
            4.0 * gram[1, 2],
            gram[2, 2],
        ]
    )


def _squared(form: Extended) -> Extended:
    """Inner products (3, 3, A) of coefficients (3, A, p)."""
    return np.asarray(np.einsum("iap,jap->ija", form, form))


def _local_maxima(pieces: Pieces, level: float) -> tuple[Extended, float]:
    """Where |F| / tau may be largest, as a guess in [0, 1], and the largest value there."""
    taus = _taus(pieces)[:, :, None]
    middle = np.full(len(pieces.rows), 0.5, dtype=np.longdouble)
    _, q1, q2, q3, q4 = _gap(_around(pieces.curve, middle), _around(taus, middle), level)
    u = np.zeros_like(middle)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(SETTINGS.newton_steps):
            slope = q1 + u * (2.0 * q2 + u * (3.0 * q3 + u * 4.0 * q4))
            bend = 2.0 * q2 + u * (6.0 * q3 + u * 12.0 * q4)
            step = np.where(bend > 0.0, -slope / bend, -np.sign(slope))
            u = np.clip(np.where(np.isfinite(step), u + step, u), -0.5, 0.5)
    places: Extended = middle + u
    there, tau = _around(pieces.curve, places)[0], _around(taus, places)[0, :, 0]
    return places, _attained(np.einsum("ap,ap->a", there, there) / tau**2, pieces)


def _bounds_at(pieces: Pieces, places: Extended, level: float) -> Floats:
    """Upper bounds of |F| / tau on the intervals by expansion at these points, rounding included:
    the level itself wherever it is not exceeded."""
    left, right = -places, 1.0 - places
    curve, taus = _around(pieces.curve, places), _around(_taus(pieces)[:, :, None], places)
    q0, q1, q2, q3, q4 = _gap(curve, taus, level)
    rest = np.minimum(q2 + left * (q3 + left * q4), q2 + right * (q3 + right * q4))
    rest = np.minimum(rest, q2 + (left + right) / 2 * q3 + left * right * q4)
    low = np.minimum(left * (q1 + left * rest), right * (q1 + right * rest))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        vertex = -q1 / (2.0 * rest)
        inside = (rest > 0.0) & (left < vertex) & (vertex < right)
        low = np.where(inside, np.minimum(low, vertex * q1 / 2.0), low)
    steps = pieces.curve[:, 1:] - pieces.curve[:, :2]
    first = np.sqrt(np.einsum("ap,ap->a", pieces.curve[:, 0], pieces.curve[:, 0]))
    size = first + 4.0 * np.sqrt(np.einsum("aip,aip->ai", steps, steps)).sum(axis=1)
    square = np.longdouble(level) ** 2
    # All terms add up to at most 25 level^2 and size^2, and each of them is off by at most 10 + p/2
    # units of EXTENDED_EPS.  The coefficients there are off by at most 60 units for tau and
    # 6 units of size for F in sum, which adds 600 units of level^2 and 12 of size^2.
    rounding = (1024.0 + 16.0 * pieces.curve.shape[2]) * EXTENDED_EPS * (square + size * size)
    return _outward(np.sqrt(square + np.maximum(rounding - (q0 + low), 0.0)), pieces)
