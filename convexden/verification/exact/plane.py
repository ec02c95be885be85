r"""The pricing maximum of the plane, enclosed by arithmetic whose rounding is bounded beforehand.

For fixed multipliers the maximum is over hinges tangent to some ball q (or through a sample) from
its active side (`convexden.verification.pricing_bound`).  Without angles: the normals
:math:`w = \pm (1 - t^2, 2 t)` of length :math:`\tau = 1 + t^2`, t in [-1, 1], are all directions,
the constraint values

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

*Tops.*  Where |F| has a maximum inside an interval, that converges slowly.  With a level c, at any
point :math:`t_0` of the interval, :math:`c^2 \tau^2 - |F|^2 = q_0 + q_1 u + u^2 s(u)`,
:math:`u = t - t_0`, with a quadratic s whose Bernstein coefficients are at least m: hence

.. math:: |F|^2 \le \tau^2 \bigl( c^2 + \max(0, -q_0 - \min_u (q_1 u + m u^2)) \bigr)

because :math:`\tau \ge 1`; with c the largest value that is attained, and :math:`t_0` near the top
of the interval, this is c up to the square of what :math:`t_0` is off.  Where neither of the two
bounds is within `COST_ROUNDING` of a value that is attained, the interval is cut in halves.

All of this in extended precision, with bounds on its rounding.  What that cannot settle is split
further in integers (`convexden.verification.exact.plane_integers`); what is left there, too, counts
with the bound that it has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic import EPS
from convexden.tolerances import COST_ROUNDING
from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EXTENDED_EPS, Extended
from convexden.verification.exact.plane_arcs import Flags, Pieces, blocks, in_units, pieces_at
from convexden.verification.exact.plane_integers import Arc, settle
from convexden.verification.exact.rationals import above, below

Floats = NDArray[np.float64]

LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True)
class PlaneSettings:
    """Of the enclosure of the maximum in a plane."""

    rounding: float = 1e-11
    """Rounding of a value, relative to the maximum, up to which it counts as it is: less is left
    to the integers, which take longer."""

    levels: int = 80
    """Levels of splitting, few of which are needed as long as rounding is small."""

    steps: int = 5
    """Steps of Newton's method to a top: it is needed to the square root of `COST_ROUNDING`."""

    most_numbers: int = 6_000_000
    """Numbers of the arcs that are split at a time, at most: some 200 MB."""

    most_arcs: int = 20_000
    """Arcs that are left to the integers at most: each takes a tenth of a millisecond or more."""


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
    best, ceiling = 0.0, 0.0
    kept: list[tuple[Pieces, Floats]] = []
    unclear: list[tuple[Pieces, Floats]] = []
    for pivots in blocks(len(sites.radii)):
        pieces, open_pieces = pieces_at(sites, pivots)
        bounds, attained = _chords(pieces)
        best = max(best, attained)
        kept.append(_chosen(pieces, bounds, bounds > best))
        unclear.append((open_pieces, _chords(open_pieces)[0]))
    pieces, bounds = _joined(kept)
    for _ in range(SETTINGS.levels):
        tops, attained = _tops(pieces, best)
        best = max(best, attained)
        bounds, settled = (
            np.minimum(bounds, _peaks(pieces, tops, best)),
            best * (1.0 + COST_ROUNDING),
        )
        errors = pieces.errors.astype(float)
        live = bounds > settled + np.minimum(errors, SETTINGS.rounding * best)
        ceiling = max(ceiling, float(bounds[~live].max(initial=0.0)))
        # Splitting does not help where it is the rounding that exceeds the bound.
        noisy = live & (bounds - errors <= settled)
        unclear.append(_chosen(pieces, bounds, noisy))
        pieces, bounds = _chosen(pieces, bounds, live & ~noisy)
        if not len(pieces.rows) or pieces.forms.size > SETTINGS.most_numbers:
            break
        pieces = _halves(pieces)
        bounds, attained = _chords(pieces)
        best = max(best, attained)
    upper = Fraction(max(ceiling, best) * (1.0 + 4.0 * EPS))
    hard, bounds = _joined([*unclear, (pieces, bounds)])
    hard, bounds = _chosen(hard, bounds, bounds > float(upper))
    if len(bounds) > SETTINGS.most_arcs or np.isinf(bounds).any():
        upper = Fraction(min(float(bounds.max()), LARGEST))
    elif len(bounds):
        unit = Fraction(2) ** shift
        arcs = _arcs(hard, bounds, unit)
        upper = max(upper, settle(dual, arcs, Fraction(best) / unit, COST_ROUNDING) * unit)
    # F in the units of the data: these powers of two, over the denominator.
    unit = Fraction(2) ** (dual.weight + dual.unit - shift) / dual.denominator
    return below(Fraction(best) * unit), above(upper * unit)


def _chosen(pieces: Pieces, bounds: Floats, flags: Flags) -> tuple[Pieces, Floats]:
    """Some of the intervals with their bounds."""
    return pieces.take(flags), bounds[flags]


def _joined(parts: list[tuple[Pieces, Floats]]) -> tuple[Pieces, Floats]:
    """All of several; those that are empty add nothing."""
    full = [part for part in parts if len(part[1])] or parts[:1]
    return Pieces.join([pieces for pieces, _ in full]), np.concatenate([b for _, b in full])


def _chords(pieces: Pieces) -> tuple[Floats, float]:
    """Upper bounds of |F| / tau on the intervals by Bernstein coefficients, rounding included, and
    the largest value at an end of one, up to rounding."""
    a, b, forms = pieces.left, pieces.right, pieces.forms
    weights = np.ones((len(a), 3, 3), dtype=np.longdouble)
    weights[:, :, 1] = np.stack([a + a, a + b, b + b], axis=1)
    weights[:, :, 2] = np.stack([a * a, a * b, b * b], axis=1)
    curve = np.einsum("aij,ajp->aip", weights, forms)
    gram = np.einsum("aip,ajp->aij", curve, curve)
    taus = 1.0 + weights[:, :, 2]
    units = taus[:, :, None] * taus[:, None, :]
    ratios = np.empty((len(a), 5), dtype=np.longdouble)
    sizes = np.einsum("aii->ai", gram) / np.einsum("aii->ai", units)
    ratios[:, 0], ratios[:, 1] = sizes[:, 0], sizes[:, 2]
    ratios[:, 2:4] = gram[:, 1, ::2] / units[:, 1, ::2]
    ratios[:, 4] = _middle(gram) / _middle(units)
    # Inner products round by EXTENDED_EPS, for each output, of the sizes of the coefficients.
    rounding = (64.0 + 2.0 * forms.shape[2]) * EXTENDED_EPS * sizes.max(axis=1)
    bounds = np.sqrt(np.maximum(ratios.max(axis=1), 0.0) + rounding)
    return _outward(bounds, pieces), float(np.sqrt(np.max(ratios[:, :2], initial=0.0)))


def _middle(products: Extended) -> Extended:
    """Three times the middle Bernstein coefficient of a square, from the products (A, 3, 3)."""
    return np.asarray(products[:, 0, 2] + 2.0 * products[:, 1, 1])


def _outward(bounds: Extended, pieces: Pieces) -> Floats:
    """Bounds rounded up, with what the curves may be off; infinite where there is none."""
    rounded = (bounds + pieces.errors).astype(float) * (1.0 + EPS)
    return np.where(np.isnan(rounded), np.inf, rounded)


def _around(pieces: Pieces, at: Extended) -> Extended:
    """F = c_0 + 2 c_1 u + c_2 u^2 at t = at + u: the three coefficients (3, A, p)."""
    forms, t = pieces.forms, at[:, None]
    found = np.empty((3, len(at), forms.shape[2]), dtype=np.longdouble)
    found[2] = forms[:, 2]
    found[1] = forms[:, 1] + found[2] * t
    found[0] = forms[:, 0] + (forms[:, 1] + found[1]) * t
    return found


def _gap(curve: Extended, at: Extended, level: float) -> Extended:
    """The coefficients (5, A) of the powers of u in ``level^2 tau^2 - |F|^2`` at t = at + u, from
    those of F."""
    gram = np.einsum("iap,jap->aij", curve, curve)
    tau, square = 1.0 + at * at, np.longdouble(level) ** 2
    found = np.empty((5, len(at)), dtype=np.longdouble)
    found[0] = square * tau * tau - gram[:, 0, 0]
    found[1] = 4.0 * (square * at * tau - gram[:, 0, 1])
    found[2] = square * (2.0 * tau + 4.0 * at * at) - 2.0 * _middle(gram)
    found[3] = 4.0 * (square * at - gram[:, 1, 2])
    found[4] = square - gram[:, 2, 2]
    return found


def _tops(pieces: Pieces, level: float) -> tuple[Extended, float]:
    """Where |F| / tau may be largest, as a guess, and the largest of its values there."""
    middle: Extended = np.asarray((pieces.left + pieces.right) / 2, dtype=np.longdouble)
    half = (pieces.right - pieces.left) / 2
    _, q1, q2, q3, q4 = _gap(_around(pieces, middle), middle, level)
    u = np.zeros_like(middle)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(SETTINGS.steps):
            slope = q1 + u * (2.0 * q2 + u * (3.0 * q3 + u * 4.0 * q4))
            bend = 2.0 * q2 + u * (6.0 * q3 + u * 12.0 * q4)
            step = np.where(bend > 0.0, -slope / bend, -np.sign(slope))
            u = np.clip(np.where(np.isfinite(step), u + step, u), -half, half)
    tops: Extended = np.clip(middle + u, pieces.left, pieces.right)
    there = _around(pieces, tops)[0]
    squares = np.einsum("ap,ap->a", there, there) / (1.0 + tops * tops) ** 2
    return tops, float(np.sqrt(np.max(squares, initial=0.0)))


def _peaks(pieces: Pieces, tops: Extended, level: float) -> Floats:
    """Upper bounds of |F| / tau on the intervals by expansion at these points, rounding included:
    the level itself wherever it is not exceeded."""
    left, right = pieces.left - tops, pieces.right - tops
    curve = _around(pieces, tops)
    q0, q1, q2, q3, q4 = _gap(curve, tops, level)
    sizes = np.sqrt(np.einsum("iap,iap->ia", curve, curve))
    rest = np.minimum(q2 + left * (q3 + left * q4), q2 + right * (q3 + right * q4))
    rest = np.minimum(rest, q2 + (left + right) / 2 * q3 + left * right * q4)
    low = np.minimum(left * (q1 + left * rest), right * (q1 + right * rest))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        vertex = -q1 / (2.0 * rest)
        inside = (rest > 0.0) & (left < vertex) & (vertex < right)
        low = np.where(inside, np.minimum(low, vertex * q1 / 2.0), low)
    reach = np.maximum(-left, right)
    size = sizes[0] + reach * (2.0 * sizes[1] + reach * sizes[2])
    square = np.longdouble(level) ** 2
    # On the interval all terms add up to at most 25 level^2 and 16 size^2, and each of them is off
    # by at most 10 + p / 2 units of EXTENDED_EPS; what the curve itself is off is among its errors.
    rounding = (256.0 + 16.0 * pieces.forms.shape[2]) * EXTENDED_EPS * (square + size * size)
    return _outward(np.sqrt(square + np.maximum(rounding - (q0 + low), 0.0)), pieces)


def _halves(pieces: Pieces) -> Pieces:
    """The intervals cut in the middle."""
    middle: Extended = np.asarray((pieces.left + pieces.right) / 2, dtype=np.longdouble)
    return Pieces.join([replace(pieces, right=middle), replace(pieces, left=middle)])


def _arcs(pieces: Pieces, bounds: NDArray[np.float64], unit: Fraction) -> list[Arc]:
    """The intervals as exact numbers, each with its bound, in units of the integers."""
    return [
        Arc(int(row) // 2, 1 - 2 * (int(row) % 2), _exactly(left), _exactly(right), bound / unit)
        for row, left, right, bound in zip(
            pieces.rows,
            pieces.left,
            pieces.right,
            (Fraction(x) for x in bounds.tolist()),
            strict=True,
        )
    ]


def _exactly(number: np.longdouble) -> Fraction:
    """An extended float as a rational: it is the sum of two floats."""
    high = float(number)
    return Fraction(high) + Fraction(float(number - np.longdouble(high)))
