r"""Arcs of the plane: intervals of normals on which the activation pattern is fixed.

For hinges tangent to site q from its active side, with normals :math:`w = \pm (1 - t^2, 2 t)` of
length :math:`\tau = 1 + t^2`, there are closed intervals of t with

* the sites that are active on them, shown by Bernstein coefficients of
  :math:`z_m \mp r_m \tau` as `convexden.verification.exact.plane` explains,
* the quadratic curve :math:`F_D` of these sites, summed up along the intervals,
* and a bound of what this curve may be off.

All is in extended precision with bounds on its rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EXTENDED_EPS, Extended, bits, exact, extended

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]

# Rounding of a polynomial's coefficients and of its value, in units of EXTENDED_EPS times the sum
# of the absolute values of the data that enter: some 20 operations, each off by half a unit.
_ROUNDINGS = 32.0
# Roots are taken where a polynomial is this many times its rounding, so that its sign is shown up
# to there.
_MARGIN = 4.0
# Numbers held at a time.
_CHUNK = 4_000_000
# Both ends of an interval that is empty: behind all others.
_EMPTY = 2.0


@dataclass(frozen=True, eq=False)
class Sites:
    """The data in extended precision, in units that make the coordinates of order one."""

    centers: Extended  # (S, 2)
    radii: Extended  # (S,)
    values: Extended  # (S, p)
    jacobians: Extended  # (S, p, 2)
    balls: Flags  # (S,)
    moved: Extended  # (S,): bounds of what rounding moves the centers by

    def reach(self, pivots: Indices, dx: Extended, dy: Extended) -> tuple[Extended, Extended]:
        """Sizes (Q, 2, S) of the terms of z without the site's own radius, and what z may be off
        because centers are rounded: differences of near sites are not small beside that."""
        moved = 2.0 * (self.moved + self.moved[pivots, None, None])
        return np.abs(dx) + np.abs(dy) + self.radii[pivots, None, None], moved


@dataclass(frozen=True, eq=False)
class Pieces:
    r"""Parts ``[start, start + width]`` of closed arcs [left, right] of t, with quadratic curves F.

    The arc is [0, 1]; starts and widths are dyadic, so that halves meet exactly.
    """

    rows: Indices  # (A,): 2 q + (0 or 1 for the sign of w)
    left: Extended  # (A,)
    right: Extended
    start: Floats  # (A,)
    width: Floats
    curve: Extended  # (A, 3, p): Bernstein coefficients of F on the part
    errors: Extended  # (A,): bound of what F may be off, over tau

    @classmethod
    def whole(
        cls, rows: Indices, left: Extended, right: Extended, curve: Extended, errors: Extended
    ) -> Pieces:
        """Arcs that are not divided."""
        return cls(rows, left, right, np.zeros(len(rows)), np.ones(len(rows)), curve, errors)

    def take(self, chosen: Flags | Indices) -> Pieces:
        """Some of them."""
        return Pieces(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @classmethod
    def join(cls, parts: list[Pieces]) -> Pieces:
        """All of several."""
        columns = ([getattr(part, each.name) for part in parts] for each in fields(cls))
        return cls(*map(np.concatenate, columns))

    def halves(self) -> Pieces:
        """The parts cut in the middle, by de Casteljau's algorithm."""
        first, last = (self.curve[:, :2] + self.curve[:, 1:]).swapaxes(0, 1) / 2
        middle = (first + last) / 2
        sizes = np.sqrt(np.einsum("aip,aip->ai", self.curve, self.curve).max(axis=1))
        half = self.width / 2
        errors = self.errors + 4.0 * EXTENDED_EPS * sizes
        left = np.stack([self.curve[:, 0], first, middle], axis=1)
        right = np.stack([middle, last, self.curve[:, 2]], axis=1)
        return Pieces.join(
            [
                replace(self, width=half, curve=left, errors=errors),
                replace(self, start=self.start + half, width=half, curve=right, errors=errors),
            ]
        )

    def ends(self) -> tuple[Extended, Extended]:
        """The t of both ends of the parts, up to 2 EXTENDED_EPS."""
        length = self.right - self.left
        return self.left + self.start * length, self.left + (self.start + self.width) * length


def in_units(dual: ClosedDual) -> tuple[Sites, int]:
    """Coordinates of order one by a power of two; F is the one of the integers times 2**shift."""
    length = -max(bits(dual.centers), bits(dual.radii))
    shift = -max(bits(dual.jacobians), bits(dual.values) - length)
    centers = extended(dual.centers, length)
    return Sites(
        centers,
        extended(dual.radii, length),
        extended(dual.values, shift - length),
        extended(dual.jacobians, shift),
        dual.balls | (dual.jacobians != 0).any(axis=(1, 2)),
        np.where(exact(dual.centers), 0.0, EXTENDED_EPS * np.abs(centers)).sum(axis=1),
    ), shift


def blocks(count: int) -> Iterator[Indices]:
    """Pivots, a few at a time, so that the arrays for pairs of sites stay small."""
    step = max(1, _CHUNK // max(1, 128 * count))
    for start in range(0, count, step):
        yield np.arange(start, min(start + step, count))


def pieces_at(sites: Sites, pivots: Indices) -> tuple[Pieces, Pieces]:
    """Intervals with a fixed pattern for hinges tangent to these sites; and those on which it is
    open on which side of a ball they pass."""
    signs = np.array([1.0, -1.0], dtype=np.longdouble)[:, None]
    # Arrays (Q, 2, S): tangent site, sign of w, other site.
    own = sites.radii[pivots, None, None]
    dx = (sites.centers[:, 0] - sites.centers[pivots, 0, None])[:, None, :] * signs
    dy = (sites.centers[:, 1] - sites.centers[pivots, 1, None])[:, None, :] * signs
    lever, moved = sites.reach(pivots, dx, dy)
    noise = _ROUNDINGS * EXTENDED_EPS * (lever + sites.radii) + moved
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


def signs_on(sites: Sites, pieces: Pieces) -> tuple[Flags, Flags]:
    """On which parts of arcs sites are shown to be active, and inactive: flags (A, S)."""
    pivots, signs = pieces.rows // 2, (1 - 2 * (pieces.rows % 2))[:, None]
    x, y = (end[:, None] for end in pieces.ends())
    own = sites.radii[pivots, None]
    dx = (sites.centers[:, 0] - sites.centers[pivots, 0, None]) * signs
    dy = (sites.centers[:, 1] - sites.centers[pivots, 1, None]) * signs
    moved = 2.0 * (sites.moved + sites.moved[pivots, None])
    noise = _ROUNDINGS * EXTENDED_EPS * (np.abs(dx) + np.abs(dy) + own + sites.radii) + moved
    on, off = np.ones((2, *dx.shape), dtype=bool)
    for s, t in ((x, x), (x, y), (y, y)):
        z, reach = own + dx + dy * (s + t) + (own - dx) * s * t, sites.radii * (1.0 + s * t)
        on &= z - reach > noise
        off &= z + reach < -noise
    itself = np.arange(len(sites.radii)) == pivots[:, None]
    return on | itself, off & ~itself


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
    sites: Sites,
    pivots: Indices,
    dx: Extended,
    dy: Extended,
    never_on: Extended,
    never_off: Extended,
    gaps: Extended,
) -> tuple[Pieces, Pieces]:
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
    weights = np.sqrt((values * values).sum(axis=1)) * (1.0 + 8.0 * EXTENDED_EPS)
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
    # Rounding of the sums: what is added up to a term is off by a few units of EXTENDED_EPS, and so
    # is every partial sum, and the value of a curve that is evaluated.
    lever, moved = sites.reach(pivots, dx, dy)
    size = (lever * weights).reshape(rows, count).sum(axis=1)
    size += np.sqrt((jacobians * jacobians).sum(axis=(1, 2))).sum()
    noise = EXTENDED_EPS * (4.0 * width + 128.0) * (size + doubts.sum(axis=1))
    noise += np.repeat((moved * weights).sum(axis=2).ravel(), 2)
    errors = np.maximum(errors, 0.0) + noise[:, None]
    # A cut site is counted as shown twice.
    alive = (cuts == 0) & (left < right)
    names = np.broadcast_to((2 * pivots[:, None] + np.arange(2)).reshape(rows, 1), (rows, width))
    x, y = left[alive], right[alive]
    powers = np.ones((len(x), 3, 3), dtype=np.longdouble)
    powers[:, :, 1] = np.stack([x + x, x + y, y + y], axis=1)
    powers[:, :, 2] = np.stack([x * x, x * y, y * y], axis=1)
    curve = np.einsum("aij,ajp->aip", powers, forms[alive].reshape(-1, 3, outputs))
    pieces = Pieces.whole(names[alive], x, y, curve, errors[alive])
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
