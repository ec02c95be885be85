"""Sites of the plane in extended precision, and intervals of normals that hold a curve each."""

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

# Numbers held at a time.
_CHUNK = 4_000_000


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
