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

*Values.*  On [a, b] the quadratic :math:`F_D` is a convex combination of its three Bernstein
coefficients c_i, and :math:`\tau` the same one of its own, :math:`1 + a^2, 1 + ab, 1 + b^2`: hence
:math:`|F_D| \le \max_i |c_i| / \tau_i \cdot \tau`.  Intervals are split until this is within
`WIDTH` of a value that is attained.

All of this in extended precision, with bounds on its rounding.  What that cannot settle is split
further in integers (`convexden.verification.exact.plane_integers`); what is left there, too, counts
with the bound that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EPS, Extended, bits, extended
from convexden.verification.exact.plane_integers import Arc, settle
from convexden.verification.exact.rationals import above, below

Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]

FLOAT_EPS = float(np.finfo(float).eps)
# Relative width of the enclosure where rounding allows it.
WIDTH = 1e-12
# Rounding of a polynomial's coefficients and of its value, in units of EPS times the sum of the
# absolute values of the data that enter: some 20 operations, each of them off by EPS / 2.
_ROUNDINGS = 32.0
# Rounding of a value, relative to the maximum, up to which it counts as it is: less is left to the
# integers, which take longer.
_ROUNDING = 1e-11
# Roots are taken where a polynomial is this many times its rounding, so that its sign is shown up
# to there.
_MARGIN = 4.0
# Levels of splitting.  A maximum is located to the square root of WIDTH, a kink to WIDTH itself.
_LEVELS = 80
# Numbers held at a time.
_CHUNK = 4_000_000
# Both ends of an interval that is empty: behind all others.
_EMPTY = 2.0
# Arcs that are left to the integers at most: each takes a tenth of a millisecond or more.
_MOST_ARCS = 20_000


@dataclass(frozen=True, eq=False)
class _Sites:
    """The data in extended precision, in units that make the coordinates of order one."""

    centers: Extended  # (S, 2)
    radii: Extended  # (S,)
    values: Extended  # (S, p)
    jacobians: Extended  # (S, p, 2)
    balls: Flags  # (S,)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Closed intervals [left, right] of t with quadratic curves F on them."""

    rows: Indices  # (A,): 2 q + (0 or 1 for the sign of w)
    left: Extended  # (A,)
    right: Extended
    forms: Extended  # (A, 3, p): coefficients of 1, t and t^2
    errors: Extended  # (A,): bound of what F may be off, over tau

    def take(self, chosen: Flags | Indices) -> _Pieces:
        return _Pieces(
            self.rows[chosen],
            self.left[chosen],
            self.right[chosen],
            self.forms[chosen],
            self.errors[chosen],
        )

    @classmethod
    def join(cls, parts: list[_Pieces]) -> _Pieces:
        names = ("rows", "left", "right", "forms", "errors")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


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
    sites, shift = _in_units(dual)
    best, ceiling = 0.0, 0.0
    kept: list[_Pieces] = []
    unclear: list[_Pieces] = []
    for pivots in _blocks(len(sites.radii)):
        pieces, open_pieces = _pieces(sites, pivots)
        best = max(best, _attained(pieces))
        kept.append(pieces.take(_bounds(pieces) > best))
        unclear.append(open_pieces)
    pieces = _Pieces.join(kept)
    for _ in range(_LEVELS):
        bounds, settled = _bounds(pieces), best * (1.0 + WIDTH)
        allowed = np.minimum(pieces.errors.astype(float), _ROUNDING * best)
        live = bounds > settled + allowed
        ceiling = max(ceiling, float(bounds[~live].max(initial=0.0)))
        # Splitting does not help where it is the rounding that exceeds the bound.
        noisy = live & (bounds - pieces.errors.astype(float) <= settled)
        unclear.append(pieces.take(noisy))
        pieces = pieces.take(live & ~noisy)
        if not len(pieces.rows):
            break
        pieces = _split(pieces, best)
        best = max(best, _attained(pieces))
    upper = Fraction(max(ceiling, best) * (1.0 + 4.0 * FLOAT_EPS))
    unclear.append(pieces)
    hard = _Pieces.join(unclear)
    hard = hard.take(_bounds(hard) > float(upper))
    if len(hard.rows):
        unit = Fraction(2) ** shift
        upper = max(upper, settle(dual, _arcs(hard, shift), Fraction(best) / unit, WIDTH) * unit)
    # F in the units of the data: these powers of two, over the denominator.
    unit = Fraction(2) ** (dual.weight + dual.unit - shift) / dual.denominator
    return below(Fraction(best) * unit), above(upper * unit)


def _in_units(dual: ClosedDual) -> tuple[_Sites, int]:
    """Coordinates of order one by a power of two; F is the one of the integers times 2**shift."""
    length = -max(bits(dual.centers), bits(dual.radii))
    shift = -max(bits(dual.jacobians), bits(dual.values) - length)
    return _Sites(
        extended(dual.centers, length),
        extended(dual.radii, length),
        extended(dual.values, shift - length),
        extended(dual.jacobians, shift),
        dual.balls | (dual.jacobians != 0).any(axis=(1, 2)),
    ), shift


def _blocks(count: int) -> Iterator[Indices]:
    """Pivots, a few at a time, so that the arrays for pairs of sites stay small."""
    step = max(1, _CHUNK // max(1, 128 * count))
    for start in range(0, count, step):
        yield np.arange(start, min(start + step, count))


def _pieces(sites: _Sites, pivots: Indices) -> tuple[_Pieces, _Pieces]:
    """Intervals with a fixed pattern for hinges tangent to these sites; and those on which it is
    open on which side of a ball they pass."""
    signs = np.array([1.0, -1.0], dtype=np.longdouble)[:, None]
    # Arrays (Q, 2, S): tangent site, sign of w, other site.
    own = sites.radii[pivots, None, None]
    dx = (sites.centers[:, 0] - sites.centers[pivots, 0, None])[:, None, :] * signs
    dy = (sites.centers[:, 1] - sites.centers[pivots, 1, None])[:, None, :] * signs
    noise = _ROUNDINGS * EPS * (np.abs(dx) + np.abs(dy) + own + sites.radii)
    inner, outer = own - sites.radii, own + sites.radii
    # Polynomials a + 2 b t + c t^2: z_m - r_m tau, and the negative of z_m + r_m tau.
    a = np.stack([inner + dx, -outer - dx])
    b = np.stack([dy, -dy])
    c = np.stack([inner - dx, dx - outer])
    # The tangent site is active by definition.
    itself = (np.arange(len(sites.radii)) == pivots[:, None])[:, None, :]
    constant = np.array([1.0, -1.0], dtype=np.longdouble)[:, None, None, None]
    a, b, c = (np.where(itself, x, y) for x, y in ((constant, a), (0.0, b), (constant, c)))
    never_on, never_off = _negative(a, b, c, noise)
    gaps = _largest_in_gaps(never_on, never_off, a[0], b[0], c[0], noise, ~sites.balls)
    return _sweep(sites, pivots, dx, dy, never_on, never_off, gaps)


def _negative(a: Extended, b: Extended, c: Extended, noise: Extended) -> Extended:
    """Intervals (..., i, 2) with i = 1, 2 on which a + 2 b t + c t^2 < 0 is shown.

    They need not be all: where rounding hides the sign, none is given.
    """
    high, low = c + _MARGIN * noise, a + _MARGIN * noise
    high = np.where(high == 0.0, 0.0, high)  # without the sign of zero
    square = b * b - low * high
    real = square > 0.0
    everywhere = ~real & (low < 0.0) & (high <= 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = -(b + np.copysign(np.sqrt(np.where(real, square, 0.0)), b))
        first, second = np.where(real, q / high, 0.0), np.where(real, low / q, 0.0)
        vertex = np.where(everywhere & (high < 0.0), -b / high, 0.0)
    left, right = np.minimum(first, second), np.maximum(first, second)
    # Between the roots if the parabola opens upward, else beyond them; everywhere if there are none
    # and it lies below.
    upward = high >= 0.0
    one = np.ones_like(a)
    ends = np.empty((*a.shape, 2, 2), dtype=np.longdouble)
    ends[..., 0, 0] = np.where(real & upward, np.maximum(left, -one), -one)
    ends[..., 0, 1] = np.where(real, np.minimum(np.where(upward, right, left), one), one)
    ends[..., 1, 0] = np.maximum(right, -one)
    ends[..., 1, 1] = one
    given = np.stack([real | everywhere, real & ~upward], axis=-1)
    a, b, c, noise = a[..., None], b[..., None], c[..., None], noise[..., None]
    ends = np.where(given[..., None], ends, 0.0)
    x, y = ends[..., 0], ends[..., 1]
    # Bernstein coefficients overestimate a top inside: there the interval is taken in two parts.
    top = np.where(everywhere[..., None], np.clip(vertex[..., None], x, y), x)
    shown = given & (x < y)
    for s, t in ((x, x), (x, top), (top, top), (top, y), (y, y)):
        shown &= a + b * (s + t) + c * s * t < -noise
    return np.where(shown[..., None], ends, _EMPTY)


def _largest_in_gaps(
    never_on: Extended,
    never_off: Extended,
    a: Extended,
    b: Extended,
    c: Extended,
    noise: Extended,
    samples: Flags,
) -> Extended:
    """Bounds (Q, 2, S) of |z_m| at samples where neither side is shown; 0 where there are no gaps.

    The intervals of a sample are disjoint: its z has one sign on each.
    """
    largest = np.zeros_like(a)
    if not samples.any():
        return largest
    ends = np.concatenate([never_on[:, :, samples], never_off[:, :, samples]], axis=3)
    one = np.ones((*ends.shape[:3], 1), dtype=np.longdouble)
    x = np.concatenate([-one, np.sort(ends[..., 1], axis=3)], axis=3)
    y = np.concatenate([np.sort(ends[..., 0], axis=3), one], axis=3)
    y = np.minimum(y, 1.0)
    open_gaps = x < y
    a, b, c = (array[:, :, samples, None] for array in (a, b, c))
    bound = np.zeros_like(x)
    for s, t in ((x, x), (x, y), (y, y)):
        bound = np.maximum(bound, np.abs(a + b * (s + t) + c * s * t))
    bound = np.where(open_gaps, bound + noise[:, :, samples, None], 0.0)
    largest[:, :, samples] = bound.max(axis=3)
    return largest


def _sweep(
    sites: _Sites,
    pivots: Indices,
    dx: Extended,
    dy: Extended,
    never_on: Extended,
    never_off: Extended,
    gaps: Extended,
) -> tuple[_Pieces, _Pieces]:
    """Order the ends of the intervals of each row (tangent site, sign) and sum what changes there.

    Active are the sites that are shown not to be inactive.  Where neither is shown, a sample counts
    as inactive, and its multiplier times the bound of |z_m| is an error.
    """
    count, outputs = sites.values.shape
    rows = 2 * len(pivots)
    values, jacobians = sites.values, sites.jacobians
    signs = np.array([1.0, -1.0], dtype=np.longdouble)[:, None, None]
    along = values * dx[..., None] + jacobians[:, :, 0] * signs
    across = values * dy[..., None] + jacobians[:, :, 1] * signs
    level = np.broadcast_to(values * sites.radii[pivots, None, None, None], along.shape)
    # Per site: F as a blossom (3 p numbers), the error while undecided, whether a ball is.
    changes = np.concatenate([level + along, across, level - along], axis=3)
    changes = changes.reshape(rows, count, 3 * outputs)
    weights = np.sqrt((values * values).sum(axis=1)) * (1.0 + 8.0 * EPS)
    doubts = np.where(sites.balls, 0.0, gaps * weights).reshape(rows, count)
    never_on, never_off = (x.reshape(rows, count, 2, 2) for x in (never_on, never_off))
    cut = _common(never_on, never_off, sites.balls)

    row, site, at, kind, step = _ends(never_on, never_off, cut)
    # The middle is an end, too: on either side of it 1 + a b >= 1.
    row = np.concatenate([row, np.arange(rows)])
    site = np.concatenate([site, np.zeros(rows, dtype=np.intp)])
    at = np.concatenate([at, np.zeros(rows, dtype=np.longdouble)])
    kind = np.concatenate([kind, np.full(rows, 3)])
    step = np.concatenate([step, np.zeros(rows, dtype=np.intp)])
    first = at == -1.0
    initial = row[first], site[first], kind[first], step[first]
    inner = ~first & (at < 1.0)
    row, site, at, kind, step = (x[inner] for x in (row, site, at, kind, step))
    order = np.argsort(at, kind="stable")
    order = order[np.argsort(row[order], kind="stable")]
    row, site, at, kind, step = (x[order] for x in (row, site, at, kind, step))
    starts = np.searchsorted(row, np.arange(rows))
    place = np.arange(len(row)) - starts[row] + 1
    width = int(place.max()) + 1

    forms = np.zeros((rows, width, 3 * outputs), dtype=np.longdouble)
    errors = np.zeros((rows, width), dtype=np.longdouble)
    cuts = np.zeros((rows, width), dtype=np.int64)
    # Sites of which neither side is shown: all, less those of which one is.
    open_balls = np.zeros((rows, width), dtype=np.int64)
    errors[:, 0] = doubts.sum(axis=1)
    open_balls[:, 0] = int(sites.balls.sum())
    at_start = np.zeros(len(initial[0]), dtype=np.intp)
    for r, s, k, d, j in (
        (*initial, at_start),
        (row, site, kind, step, place),
    ):
        off, shown, blocked = k == 1, k <= 1, k == 2
        np.add.at(forms, (r[off], j[off]), changes[r[off], s[off]] * d[off, None])
        np.add.at(errors, (r[shown], j[shown]), -doubts[r[shown], s[shown]] * d[shown])
        np.add.at(open_balls, (r[shown], j[shown]), -d[shown] * sites.balls[s[shown]])
        np.add.at(cuts, (r[blocked], j[blocked]), d[blocked])
    forms, errors = np.cumsum(forms, axis=1), np.cumsum(errors, axis=1)
    open_balls, cuts = np.cumsum(open_balls, axis=1), np.cumsum(cuts, axis=1)

    left = np.full((rows, width), 1.0, dtype=np.longdouble)
    left[:, 0] = -1.0
    left[row, place] = at
    right = np.concatenate([left[:, 1:], np.ones((rows, 1), dtype=np.longdouble)], axis=1)
    # Rounding of the sums: every term is off by a few EPS, and so is every partial sum.
    size = np.sqrt((changes * changes).sum(axis=2)).sum(axis=1)
    noise = EPS * (4.0 * width + 128.0) * (size + doubts.sum(axis=1))
    errors = np.maximum(errors, 0.0) + noise[:, None]
    # A cut site is counted as shown twice.
    alive = (cuts == 0) & (left < right)
    names = np.broadcast_to((2 * pivots[:, None] + np.arange(2)).reshape(rows, 1), (rows, width))
    pieces = _Pieces(
        names[alive],
        left[alive],
        right[alive],
        forms[alive].reshape(-1, 3, outputs),
        errors[alive],
    )
    unclear = open_balls[alive] > 0
    return pieces.take(~unclear), pieces.take(unclear)


def _common(first: Extended, second: Extended, balls: Flags) -> Extended:
    """Intersections (R, S, 4, 2) of the intervals of two sets; of samples there are none."""
    left = np.maximum(first[:, :, :, None, 0], second[:, :, None, :, 0])
    right = np.minimum(first[:, :, :, None, 1], second[:, :, None, :, 1])
    exists = (left < right) & balls[:, None, None]
    both = np.where(exists[..., None], np.stack([left, right], axis=-1), _EMPTY)
    return np.asarray(both.reshape(*first.shape[:2], 4, 2))


def _ends(
    never_on: Extended, never_off: Extended, cut: Extended
) -> tuple[Indices, Indices, Extended, Indices, Indices]:
    """Row, site and place of all ends, which set they belong to (0, 1, 2) and +1 or -1."""
    parts = []
    for kind, ends in enumerate((never_on, never_off, cut)):
        row, site, interval = np.nonzero(ends[..., 0] < _EMPTY)
        for end, step in ((0, 1), (1, -1)):
            at = ends[row, site, interval, end]
            parts.append((row, site, at, np.full(len(row), kind), np.full(len(row), step)))
    rows, sites, places, kinds, steps = zip(*parts, strict=True)
    return (
        np.concatenate(rows),
        np.concatenate(sites),
        np.concatenate(places),
        np.concatenate(kinds),
        np.concatenate(steps),
    )


def _coefficients(pieces: _Pieces) -> tuple[Extended, Extended]:
    """Lengths |c_i| of the three Bernstein coefficients (A, 3) of F, and those of tau."""
    x = np.stack([pieces.left, pieces.left, pieces.right], axis=1)
    y = np.stack([pieces.left, pieces.right, pieces.right], axis=1)
    curve = (
        pieces.forms[:, None, 0]
        + (x + y)[..., None] * pieces.forms[:, None, 1]
        + (x * y)[..., None] * pieces.forms[:, None, 2]
    )
    return np.sqrt((curve * curve).sum(axis=2)), 1.0 + x * y


def _bounds(pieces: _Pieces) -> NDArray[np.float64]:
    """Upper bounds of |F| / tau on the intervals, rounding included."""
    sizes, taus = _coefficients(pieces)
    bounds = (sizes / taus).max(axis=1) * (1.0 + 16.0 * EPS) + pieces.errors
    return bounds.astype(float) * (1.0 + FLOAT_EPS)


def _attained(pieces: _Pieces) -> float:
    """The largest value at an end of an interval, up to rounding."""
    sizes, taus = _coefficients(pieces)
    return float((sizes[:, [0, 2]] / taus[:, [0, 2]]).max(initial=0.0))


def _split(pieces: _Pieces, best: float) -> _Pieces:
    """Split intervals around the top of the parabola through three values, or in the middle.

    The piece around the top must be so short that its bound is within `WIDTH`, but no shorter than
    the parabola errs, by the third power of the length.
    """
    a, b = pieces.left, pieces.right
    middle, length = (a + b) / 2, b - a
    sizes, taus = _coefficients(pieces)
    low, high = sizes[:, 0] / taus[:, 0], sizes[:, 2] / taus[:, 2]
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
            _Pieces(
                pieces.rows[there], x[there], y[there], pieces.forms[there], pieces.errors[there]
            )
        )
    return _Pieces.join(parts)


def _arcs(pieces: _Pieces, shift: int) -> list[Arc]:
    """The intervals as exact numbers, each with the bound that it has, in units of the integers."""
    unit = Fraction(2) ** -shift
    bounds = _bounds(pieces)
    if len(bounds) > _MOST_ARCS:
        raise OverflowError(f"{len(bounds)} arcs are too many for integers")
    return [
        Arc(int(row) // 2, 1 - 2 * (int(row) % 2), _exactly(left), _exactly(right), bound * unit)
        for row, left, right, bound in zip(
            pieces.rows,
            pieces.left,
            pieces.right,
            (Fraction(x) for x in bounds),
            strict=True,
        )
    ]


def _exactly(number: np.longdouble) -> Fraction:
    """An extended float as a rational: it is the sum of two floats."""
    high = float(number)
    return Fraction(high) + Fraction(float(number - np.longdouble(high)))
