r"""The sweep over the normals of hinges tangent to a site, which sums what its sites add to F.

A *row* is a tangent site with a sign of the normals :math:`w = \pm (1 - t^2, 2 t)`, t in [-1, 1].
For each row there are intervals of t on which it is shown that a site is not active, and others on
which it is shown that it is not inactive.  Along a row:

1. What a site adds to the curve :math:`F_D` while it is active is a quadratic polynomial in t, and
   what it adds to the error while neither is shown is a number (`Terms`).
2. The ends of all intervals, from left to right, are the events (`_Events`).
3. What changes at the events is added up, from left to right (`_Sums`).
4. Between two neighboring events the sums are those of one pattern.  Where no ball is cut that is
   an arc.

`docs/formulation.md` has a picture of hinges tangent to a site and of their arcs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.extended import EXTENDED_EPS, Extended
from convexden.verification.exact.plane_pieces import Flags, Indices, Pieces, Sites

Counts = NDArray[np.int64]

# Both ends of an interval that is empty: behind all others.
EMPTY = 2.0


def sweep(
    pivots: Indices, terms: Terms, never_active: Extended, never_inactive: Extended
) -> tuple[Pieces, Pieces]:
    """The arcs of all rows, and those on which it is open on which side of a ball hinges pass.

    Parameters
    ----------
    pivots : (Q,) indices
        The tangent sites, each of which has two rows.
    terms : Terms
        Of the R = 2 Q rows and S sites.
    never_active, never_inactive : (Q, 2, S, 2, 2) arrays
        For each row and site the ends of up to two intervals on which that is shown.
    """
    # Step 2.
    shape = (*terms.doubts.shape, 2, 2)
    never_active, never_inactive = never_active.reshape(shape), never_inactive.reshape(shape)
    cut = _intersections(never_active, never_inactive, terms.balls)
    events = _Events.of(never_active, never_inactive, cut)
    # Step 3.
    sums = _Sums.of(terms, events)
    # Step 4.
    left, right = events.intervals()
    feasible = (sums.cut_balls == 0) & (left < right)
    rows = (2 * pivots[:, None] + np.arange(2)).reshape(-1, 1)
    arcs = Pieces.whole(
        np.broadcast_to(rows, feasible.shape)[feasible],
        left[feasible],
        right[feasible],
        _bernstein(sums.curves[feasible], left[feasible], right[feasible]),
        sums.errors[feasible],
    )
    is_open = sums.open_balls[feasible] > 0
    return arcs.take(~is_open), arcs.take(is_open)


@dataclass(frozen=True, eq=False)
class Terms:
    """What each of S sites adds in each of R rows.

    A quadratic polynomial ``a + 2 b t + c t^2`` of p outputs is stored as the 3 p numbers a, b, c.
    """

    curves: Extended  # (R, S, 3 p): what an active site adds to F
    doubts: Extended  # (R, S): bound of what a sample adds to F while neither side is shown
    balls: Flags  # (S,)
    sizes: Extended  # (R,): the absolute terms of F, added up
    moved: Extended  # (R,): what F may be off because centers are rounded

    @classmethod
    def of(cls, sites: Sites, pivots: Indices, dx: Extended, dy: Extended, gaps: Extended) -> Terms:
        """Those of the sites, seen from the tangent sites.

        Parameters
        ----------
        sites : Sites
        pivots : (Q,) indices
            The tangent sites.
        dx, dy : (Q, 2, S) arrays
            Centers less that of the tangent site, with the sign of the row.
        gaps : (Q, 2, S) array
            Bounds of the |z| of samples where neither side is shown.
        """
        values, jacobians = sites.values, sites.jacobians
        rows, count = 2 * len(pivots), len(values)
        signs = np.array([1.0, -1.0], dtype=np.longdouble)[:, None, None]
        along = values * dx[..., None] + jacobians[:, :, 0] * signs
        across = values * dy[..., None] + jacobians[:, :, 1] * signs
        level = np.broadcast_to(values * sites.radii[pivots, None, None, None], along.shape)
        curves = np.concatenate([level + along, across, level - along], axis=3)
        weights = np.sqrt((values * values).sum(axis=1)) * (1.0 + 8.0 * EXTENDED_EPS)
        lever, moved = sites.reach(pivots, dx, dy)
        sizes = (lever * weights).reshape(rows, count).sum(axis=1)
        sizes += np.sqrt((jacobians * jacobians).sum(axis=(1, 2))).sum()
        return cls(
            curves.reshape(rows, count, -1),
            np.where(sites.balls, 0.0, gaps * weights).reshape(rows, count),
            sites.balls,
            sizes,
            np.repeat((moved * weights).sum(axis=2).ravel(), 2),
        )

    def noise(self, additions: int) -> Extended:
        """What F may be off (R,) after so many additions.

        What is added up to a term is off by a few units of EXTENDED_EPS, and so is every partial
        sum, and the value of a curve that is evaluated.
        """
        units = EXTENDED_EPS * (4.0 * additions + 128.0)
        return np.asarray(units * (self.sizes + self.doubts.sum(axis=1)) + self.moved)


class _Kind(IntEnum):
    """What begins or ends at an event."""

    NEVER_ACTIVE = 0
    NEVER_INACTIVE = 1
    CUT = 2
    MIDDLE = 3  # nothing: t = 0 divides an interval, so that 1 + s t >= 1 for its ends s and t


@dataclass(frozen=True, eq=False)
class _Events:
    """Ends of intervals by row: those at t = -1, then those inside from left to right."""

    rows: Indices
    sites: Indices
    at: Extended
    kinds: Indices
    steps: Indices  # 1 where an interval begins, -1 where it ends
    places: Indices  # the interval, counted from the left, that begins at the event
    count: int  # of rows

    @classmethod
    def of(cls, never_active: Extended, never_inactive: Extended, cut: Extended) -> _Events:
        """The ends of intervals (R, S, i, 2) of the three kinds."""
        count = len(cut)
        middle = np.zeros(count, dtype=np.intp)
        parts = [
            *_ends(_Kind.NEVER_ACTIVE, never_active),
            *_ends(_Kind.NEVER_INACTIVE, never_inactive),
            *_ends(_Kind.CUT, cut),
            (
                np.arange(count),
                middle,
                middle.astype(np.longdouble),
                np.full(count, _Kind.MIDDLE),
                middle,
            ),
        ]
        rows, sites, at, kinds, steps = map(np.concatenate, zip(*parts, strict=True))
        start, inside = np.flatnonzero(at == -1.0), np.flatnonzero((at > -1.0) & (at < 1.0))
        inside = inside[np.argsort(at[inside], kind="stable")]
        inside = inside[np.argsort(rows[inside], kind="stable")]
        first = np.searchsorted(rows[inside], np.arange(count))
        places = np.arange(len(inside)) - first[rows[inside]] + 1
        order = np.concatenate([start, inside])
        places = np.concatenate([np.zeros(len(start), dtype=np.intp), places])
        return cls(rows[order], sites[order], at[order], kinds[order], steps[order], places, count)

    @property
    def width(self) -> int:
        """Intervals of the row that has the most."""
        return int(self.places.max()) + 1

    def intervals(self) -> tuple[Extended, Extended]:
        """Left and right ends (R, width) of the intervals between events."""
        inside = self.places > 0
        left = np.full((self.count, self.width), 1.0, dtype=np.longdouble)
        left[:, 0] = -1.0
        left[self.rows[inside], self.places[inside]] = self.at[inside]
        end = np.ones((self.count, 1), dtype=np.longdouble)
        return left, np.concatenate([left[:, 1:], end], axis=1)


@dataclass(frozen=True, eq=False)
class _Sums:
    """What holds on the intervals (R, width) between events."""

    curves: Extended  # (R, width, 3 p): F of the sites that are active
    errors: Extended  # bound of what F may be off
    open_balls: Counts  # of which neither side is shown, less those that are cut
    cut_balls: Counts

    @classmethod
    def of(cls, terms: Terms, events: _Events) -> _Sums:
        """The sums of what changes at the events.

        Active are the sites that are shown not to be inactive.  Where neither is shown, a sample
        counts as inactive, and what it may add to F is an error.
        """
        shape = (events.count, events.width)
        curves = np.zeros((*shape, terms.curves.shape[2]), dtype=np.longdouble)
        errors = np.zeros(shape, dtype=np.longdouble)
        cut_balls, open_balls = np.zeros((2, *shape), dtype=np.int64)
        errors[:, 0] = terms.doubts.sum(axis=1)
        open_balls[:, 0] = int(terms.balls.sum())

        def changed(
            kinds: Flags,
        ) -> tuple[tuple[Indices, Indices], tuple[Indices, Indices], Indices]:
            """Where events of some kinds change the sums and which terms they change, and by which
            sign."""
            row, step = events.rows[kinds], events.steps[kinds]
            return (row, events.places[kinds]), (row, events.sites[kinds]), step

        where, which, step = changed(events.kinds == _Kind.NEVER_INACTIVE)
        np.add.at(curves, where, terms.curves[which] * step[:, None])
        # A side is shown: neither is it in doubt, nor is the ball open.  Where a ball is cut, both
        # are shown, and it counts twice.
        where, which, step = changed(events.kinds <= _Kind.NEVER_INACTIVE)
        np.add.at(errors, where, -terms.doubts[which] * step)
        np.add.at(open_balls, where, -step * terms.balls[which[1]])
        where, _, step = changed(events.kinds == _Kind.CUT)
        np.add.at(cut_balls, where, step)
        errors = np.maximum(np.cumsum(errors, axis=1), 0.0)
        return cls(
            np.cumsum(curves, axis=1),
            errors + terms.noise(events.width)[:, None],
            np.cumsum(open_balls, axis=1),
            np.cumsum(cut_balls, axis=1),
        )


def _bernstein(curves: Extended, left: Extended, right: Extended) -> Extended:
    """Bernstein coefficients (A, 3, p) on [left, right] of the polynomials (A, 3 p)."""
    powers = np.ones((len(left), 3, 3), dtype=np.longdouble)
    powers[:, :, 1] = np.stack([left + left, left + right, right + right], axis=1)
    powers[:, :, 2] = np.stack([left * left, left * right, right * right], axis=1)
    outputs = curves.shape[1] // 3
    return np.asarray(np.einsum("aij,ajp->aip", powers, curves.reshape(-1, 3, outputs)))


def _intersections(first: Extended, second: Extended, balls: Flags) -> Extended:
    """Intersections (R, S, 4, 2) of the intervals of two sets; of samples there are none."""
    left = np.maximum(first[:, :, :, None, 0], second[:, :, None, :, 0])
    right = np.minimum(first[:, :, :, None, 1], second[:, :, None, :, 1])
    exists = (left < right) & balls[:, None, None]
    both = np.where(exists[..., None], np.stack([left, right], axis=-1), EMPTY)
    return np.asarray(both.reshape(*first.shape[:2], 4, 2))


def _ends(
    kind: _Kind, intervals: Extended
) -> list[tuple[Indices, Indices, Extended, Indices, Indices]]:
    """Row, site and place of the left and of the right ends, their kind, and +1 or -1."""
    row, site, interval = np.nonzero(intervals[..., 0] < EMPTY)
    kinds = np.full(len(row), kind)
    return [
        (row, site, intervals[row, site, interval, end], kinds, np.full(len(row), step))
        for end, step in ((0, 1), (1, -1))
    ]
