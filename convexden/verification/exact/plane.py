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
:math:`\tau` with :math:`1 + a^2, 1 + ab, 1 + b^2`.  Intervals are split until this is within
`WIDTH` of a value that is attained.

All of this in extended precision, with bounds on its rounding.  What that cannot settle is split
further in integers (`convexden.verification.exact.plane_integers`); what is left there, too, counts
with the bound that it has.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EPS, Extended
from convexden.verification.exact.plane_arcs import Pieces, blocks, in_units, pieces_at
from convexden.verification.exact.plane_integers import Arc, settle
from convexden.verification.exact.rationals import above, below

FLOAT_EPS = float(np.finfo(float).eps)
LARGEST = float(np.finfo(float).max)
# Relative width of the enclosure where rounding allows it.
WIDTH = 1e-12
# Rounding of a value, relative to the maximum, up to which it counts as it is: less is left to the
# integers, which take longer.
_ROUNDING = 1e-11
# Levels of splitting.  A maximum is located to the square root of WIDTH, a kink to WIDTH itself.
_LEVELS = 80
# Numbers of the arcs that are split at a time, at most: some 200 MB.
_MOST_NUMBERS = 6_000_000
# Arcs that are left to the integers at most: each takes a tenth of a millisecond or more.
_MOST_ARCS = 20_000


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
    kept: list[Pieces] = []
    unclear: list[Pieces] = []
    for pivots in blocks(len(sites.radii)):
        pieces, open_pieces = pieces_at(sites, pivots)
        best = max(best, _attained(pieces))
        kept.append(pieces.take(_bounds(pieces) > best))
        unclear.append(open_pieces)
    pieces = Pieces.join(kept)
    for _ in range(_LEVELS):
        bounds, settled = _bounds(pieces), best * (1.0 + WIDTH)
        allowed = np.minimum(pieces.errors.astype(float), _ROUNDING * best)
        live = bounds > settled + allowed
        ceiling = max(ceiling, float(bounds[~live].max(initial=0.0)))
        # Splitting does not help where it is the rounding that exceeds the bound.
        noisy = live & (bounds - pieces.errors.astype(float) <= settled)
        unclear.append(pieces.take(noisy))
        pieces = pieces.take(live & ~noisy)
        if not len(pieces.rows) or pieces.forms.size > _MOST_NUMBERS:
            break
        pieces = _split(pieces, best)
        best = max(best, _attained(pieces))
    upper = Fraction(max(ceiling, best) * (1.0 + 4.0 * FLOAT_EPS))
    unclear.append(pieces)
    hard = Pieces.join(unclear)
    bounds = _bounds(hard)
    hard, bounds = hard.take(bounds > float(upper)), bounds[bounds > float(upper)]
    if len(bounds) > _MOST_ARCS or np.isinf(bounds).any():
        upper = Fraction(min(float(bounds.max()), LARGEST))
    elif len(bounds):
        unit = Fraction(2) ** shift
        arcs = _arcs(hard, bounds, unit)
        upper = max(upper, settle(dual, arcs, Fraction(best) / unit, WIDTH) * unit)
    # F in the units of the data: these powers of two, over the denominator.
    unit = Fraction(2) ** (dual.weight + dual.unit - shift) / dual.denominator
    return below(Fraction(best) * unit), above(upper * unit)


def _curves(pieces: Pieces) -> tuple[Extended, Extended]:
    """The Bernstein coefficients (A, 3, p) of F, and those (A, 3) of tau."""
    x = np.stack([pieces.left, pieces.left, pieces.right], axis=1)
    y = np.stack([pieces.left, pieces.right, pieces.right], axis=1)
    curve = (
        pieces.forms[:, None, 0]
        + (x + y)[..., None] * pieces.forms[:, None, 1]
        + (x * y)[..., None] * pieces.forms[:, None, 2]
    )
    return curve, 1.0 + x * y


def _squares(curve: Extended) -> Extended:
    """The Bernstein coefficients (A, 5) of the square of quadratic curves with these (A, 3, p)."""
    first, second, third = np.moveaxis(curve, 1, 0)
    middle = (first * third + 2.0 * second * second) / 3.0
    terms = [first * first, first * second, middle, second * third, third * third]
    return np.asarray(np.stack(terms, axis=1).sum(axis=2))


def _bounds(pieces: Pieces) -> NDArray[np.float64]:
    """Upper bounds of |F| / tau on the intervals, rounding included."""
    curve, taus = _curves(pieces)
    squares, units = _squares(curve), _squares(taus[..., None])
    largest = ((curve * curve).sum(axis=2) / taus**2).max(axis=1)
    # Inner products round by EPS, for each output, of the sizes of the coefficients.
    rounding = (64.0 + 2.0 * curve.shape[2]) * EPS * largest
    bounds = np.sqrt(np.maximum((squares / units).max(axis=1), 0.0) + rounding)
    rounded = (bounds + pieces.errors).astype(float) * (1.0 + FLOAT_EPS)
    return np.where(np.isnan(rounded), np.inf, rounded)


def _ends(pieces: Pieces) -> tuple[Extended, Extended]:
    """|F| / tau at both ends of the intervals."""
    curve, taus = _curves(pieces)
    values = np.sqrt((curve * curve).sum(axis=2)) / taus
    return values[:, 0], values[:, 2]


def _attained(pieces: Pieces) -> float:
    """The largest value at an end of an interval, up to rounding."""
    return float(np.max(_ends(pieces), initial=0.0))


def _split(pieces: Pieces, best: float) -> Pieces:
    """Split intervals around the top of the parabola through three values, or in the middle.

    The piece around the top must be so short that its bound is within `WIDTH`, but no shorter than
    the parabola errs, by the third power of the length.
    """
    a, b = pieces.left, pieces.right
    middle, length = (a + b) / 2, b - a
    low, high = _ends(pieces)
    curve = (
        pieces.forms[:, 0]
        + 2.0 * middle[:, None] * pieces.forms[:, 1]
        + (middle * middle)[:, None] * pieces.forms[:, 2]
    )
    center = np.sqrt((curve * curve).sum(axis=1)) / (1.0 + middle * middle)
    bend = low - 2.0 * center + high
    with np.errstate(divide="ignore", invalid="ignore"):
        top = middle - (high - low) / (4.0 * bend) * length
        half = length / 2 * np.sqrt(WIDTH * best / -bend)
    half = np.maximum(half, np.minimum(length / 8, length * length))
    inside = (bend < 0.0) & (top > a) & (top < b) & (half < length / 4)
    first = np.where(inside, np.maximum(top - half, a), middle)
    second = np.where(inside, np.minimum(top + half, b), middle)
    parts = []
    for x, y in ((a, first), (first, second), (second, b)):
        there = x < y
        parts.append(
            Pieces(
                pieces.rows[there], x[there], y[there], pieces.forms[there], pieces.errors[there]
            )
        )
    return Pieces.join(parts)


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
