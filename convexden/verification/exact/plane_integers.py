r"""Arcs of the plane that floats cannot settle, with ends and coefficients from integers.

Where multipliers are large, as at samples that nearly coincide or balls that nearly touch,
:math:`F_D` is a small sum of large terms.  Its rounding in floats is a share of the terms.  Here
the terms are added as integers, and only the sum is rounded.

*Patterns.*  The roots of :math:`z_m \mp r_m \tau`, by integer square roots, propose places on a
grid of :math:`2^{-g}`.  An arc is divided there, next to each root on either side, and the signs on
every part are decided by Bernstein coefficients, which are integers.  Next to a root a part of
width :math:`3 \cdot 2^{-g}` is left on which a sample may be on either side: it counts as inactive,
and :math:`|l_m|_1 \max |z_m|` as an error.

*Values.*  The Bernstein coefficients of :math:`F_D` on the part are integers as well.  Each is
rounded once, to a relative error of EXTENDED_EPS.  On a part that has a feasible hinge they are of
the size of the pricing maximum, so that nothing is lost any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EXTENDED_EPS, Extended, extended
from convexden.verification.exact.plane_arcs import signs_on
from convexden.verification.exact.plane_pieces import Flags, Indices, Pieces, Sites
from convexden.verification.exact.rationals import Integers


@dataclass(frozen=True)
class GridSettings:
    """How arcs are divided in integers."""

    grid: int = 192
    """Bits of t.  Multipliers up to 2^100 times the pricing maximum leave 2^-90 of it undecided."""

    chunk: int = 200_000
    """Numbers of pairs of arcs and sites that are held at a time."""


SETTINGS = GridSettings()


Form = tuple[int, int, int]


@dataclass(frozen=True)
class _Part:
    """A part of an arc on the grid, the sites active on it, and what others may add to F."""

    row: int
    left: int
    right: int
    active: Flags  # (S,)
    doubt: int  # in units of F's integers times 2**(-2 g)
    certain: bool  # no other pattern is possible, and no ball is cut


def divided(dual: ClosedDual, sites: Sites, shift: int, pieces: Pieces) -> tuple[Pieces, Flags]:
    """The same arcs, divided where patterns change, with curves that are rounded once.

    Parameters
    ----------
    dual : ClosedDual
    sites : Sites
        The same in extended precision.
    shift : int
        F in extended precision is the one of the integers times 2**shift.
    pieces : Pieces

    Returns
    -------
    pieces : Pieces
        On parts of arcs where every hinge cuts a ball there are none.
    certain : flags
        Where the pattern is decided and no ball is cut, so that the values are attained.
    """
    tables = {int(row): _Row(dual, int(row)) for row in np.unique(pieces.rows)}
    step = max(1, SETTINGS.chunk // len(sites.radii))
    parts: list[_Part] = []
    for first in range(0, len(pieces.rows), step):
        some = pieces.take(np.arange(first, min(first + step, len(pieces.rows))))
        on, off = signs_on(sites, some)
        lefts, rights = _on_the_grid(some)
        for row, left, right, active, inactive in zip(
            some.rows.tolist(), lefts, rights, on, off, strict=True
        ):
            parts += tables[row].parts(left, right, active, np.flatnonzero(~(active | inactive)))
    return _rounded(tables, parts, shift, dual.values.shape[1]), np.array(
        [part.certain for part in parts], dtype=bool
    )


def _on_the_grid(pieces: Pieces) -> tuple[list[int], list[int]]:
    """The ends of parts of arcs, outward to the grid."""
    lefts, rights = (
        [int(np.floor(np.ldexp(t, SETTINGS.grid))) for t in side]
        for side in (pieces.left, pieces.right)
    )
    unit = 52  # bits of starts and widths
    found: tuple[list[int], list[int]] = ([], [])
    for left, right, start, width in zip(
        lefts, rights, pieces.start.tolist(), pieces.width.tolist(), strict=True
    ):
        # The right end of the arc may have been rounded down.
        length = right + 1 - left
        first, last = int(start * 2.0**unit), int((start + width) * 2.0**unit)
        found[0].append(left + (first * (length - 1) >> unit))
        found[1].append(left - (-last * length >> unit))
    return found


class _Row:
    """Integer polynomials for the hinges tangent to one site, with one sign of the normal."""

    def __init__(self, dual: ClosedDual, row: int) -> None:
        """Those of row 2 q + (0 or 1 for the sign) of the tangent site q."""
        pivot, sign = row // 2, 1 - 2 * (row % 2)
        own = int(dual.radii[pivot])
        x, y = (sign * (dual.centers - dual.centers[pivot])).T
        along = dual.values * x[:, None] + sign * dual.jacobians[:, :, 0]
        across = dual.values * y[:, None] + sign * dual.jacobians[:, :, 1]
        level = dual.values * own
        self.row, self.radii = row, dual.radii
        # Blossoms a + b (s + t) + c s t of z, and of what each site adds to F.
        self.z = np.stack([own + x, y, own - x], axis=1)
        self.terms: Integers = np.concatenate([level + along, across, level - along], axis=1)
        self.weights = np.abs(dual.values).sum(axis=1)
        self.slopes = np.abs(dual.jacobians).sum(axis=(1, 2))
        self.places = cache(self._places)

    def parts(self, left: int, right: int, active: Flags, pending: Indices) -> list[_Part]:
        """Divide an arc where these sites may change their sides."""
        cuts = {left, right}
        for m in pending.tolist():
            cuts.update(place for place in self.places(m) if left < place < right)
        ends = sorted(cuts)
        found = (self._part(x, y, active, pending) for x, y in pairwise(ends))
        return [part for part in found if part is not None]

    def _places(self, site: int) -> list[int]:
        """Where the sign of a site's polynomials may change, on the grid."""
        a, b, c = self.z[site]
        radius = int(self.radii[site])
        return [place for r in {radius, -radius} for place in _near_roots((a - r, b, c - r))]

    def _part(self, x: int, y: int, active: Flags, pending: Indices) -> _Part | None:
        """The pattern on [x, y]; none if every hinge there cuts a ball."""
        active, doubt, certain = active.copy(), 0, True
        taus = _on_interval((1, 0, 1), x, y)
        for m in pending.tolist():
            radius = int(self.radii[m])
            z = _on_interval(self.z[m], x, y)
            never_active = all(value < radius * tau for value, tau in zip(z, taus, strict=True))
            never_inactive = all(value > -radius * tau for value, tau in zip(z, taus, strict=True))
            if never_active and never_inactive:
                return None
            active[m] = never_inactive
            certain &= all(abs(value) >= radius * tau for value, tau in zip(z, taus, strict=True))
            certain &= never_active or never_inactive
            if not never_active and not never_inactive:
                largest = max(abs(value) for value in z)
                doubt += self.weights[m] * largest + self.slopes[m] * max(taus)
        return _Part(self.row, x, y, active, doubt, certain)


def _near_roots(form: Form) -> list[int]:
    """Places of the grid on both sides of the roots of a + 2 b t + c t^2, and next to its vertex.

    An integer square root is off by less than one unit of the grid, and so is the quotient.
    """
    a, b, c = form
    if c == 0:
        roots = [(-a << SETTINGS.grid) // (2 * b)] if b else []
        return [place for root in roots for place in (root - 1, root + 2)]
    places = [(-b << SETTINGS.grid) // c]
    square = b * b - a * c
    if square >= 0:
        root = isqrt(square << 2 * SETTINGS.grid)
        for side in (root, -root):
            place = ((-b << SETTINGS.grid) + side) // c
            places += [place - 1, place + 2]
    return places


def _on_interval(form: Form | NDArray[np.object_], x: int, y: int) -> Form:
    """The three Bernstein coefficients on [x, y], in units of 2**(-2 g)."""
    a, b, c = form
    a <<= 2 * SETTINGS.grid
    b <<= SETTINGS.grid
    return a + 2 * b * x + c * x * x, a + b * (x + y) + c * x * y, a + 2 * b * y + c * y * y


def _rounded(tables: dict[int, _Row], parts: list[_Part], shift: int, outputs: int) -> Pieces:
    """The curves of these parts in extended precision."""
    rows = np.array([part.row for part in parts], dtype=np.intp)
    x, y, doubts = (
        np.array([getattr(part, name) for part in parts], dtype=object)
        for name in ("left", "right", "doubt")
    )
    forms = np.zeros((len(parts), 3 * outputs), dtype=object)
    for row in np.unique(rows):
        here = np.flatnonzero(rows == row)
        patterns = np.stack([parts[i].active for i in here]).astype(int).astype(object)
        forms[here] = patterns @ tables[int(row)].terms
    a, b, c = forms.reshape(len(parts), 3, outputs).swapaxes(0, 1)
    a, b = a << 2 * SETTINGS.grid, b << SETTINGS.grid
    s, t = x[:, None], y[:, None]
    numbers = np.stack([a + b * (u + v) + c * u * v for u, v in ((s, s), (s, t), (t, t))], axis=1)
    curve = extended(numbers, shift - 2 * SETTINGS.grid)
    sizes = np.sqrt(np.einsum("aip,aip->ai", curve, curve).max(axis=1, initial=0.0))
    errors: Extended = (
        extended(doubts, shift - 2 * SETTINGS.grid) + 2.0 * EXTENDED_EPS * sizes
    ) * (1.0 + 8.0 * EXTENDED_EPS)
    return Pieces.whole(
        rows, extended(x, -SETTINGS.grid), extended(y, -SETTINGS.grid), curve, errors
    )
