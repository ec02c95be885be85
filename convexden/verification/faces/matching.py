r"""Which activation patterns the hinges of a sphere may have.

A hinge u of the sphere has :math:`z_n = m_n + s_n^T u` at site n, which must be at least the site's
reach, or at most its negative.  On the whole sphere :math:`z_n` ranges so far that many patterns
come into question of which few occur.  So spheres of few dimensions are cut up first: into their
two points, or into arcs of a circle, on which most sites have a side.

Nothing that occurs is left out: what :math:`z_n` is on a piece is enclosed, rounding included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.verification.faces.tangent_spheres import MARGIN

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class MatchingSettings:
    """How spheres are cut up, and patterns are looked for."""

    arcs: int = 64
    """Arcs of a circle: of 25 sites some 45 change sides along it."""

    sites: int = 5
    """Sites off the circle up to which it stays whole: then it has few patterns in any case."""

    undecided: int = 6
    """Sites on either side up to which all their patterns are looked up; of more, all patterns that
    there are are compared."""

    rounding: float = 64.0
    """Bound of the errors of a z, in units of EPS times the size of its terms."""


SETTINGS = MatchingSettings()


@dataclass(frozen=True, eq=False)
class Pieces:
    """Parts of spheres, and between which numbers the z of all sites are on each."""

    owners: Integers  # (Q,): the spheres
    low: Array  # (Q, N)
    high: Array  # (Q, N)

    @classmethod
    def of(cls, middle: Array, swing: Array, outside: int) -> Pieces:
        """Those of the spheres z = middle + swing u, |u| = 1.

        Parameters
        ----------
        middle, swing : arrays (F, N), (F, N, k)
        outside : int
            Sites to which the hinges are not tangent.
        """
        spheres, free = len(middle), swing.shape[2]
        lengths = np.linalg.norm(swing, axis=2)
        if free == 1:
            ahead = np.stack([swing[:, :, 0], -swing[:, :, 0]])
            spread = np.zeros_like(ahead)
        elif free == 2 and outside > SETTINGS.sites:
            angle = np.pi / SETTINGS.arcs
            turns = 2.0 * angle * np.arange(SETTINGS.arcs)[:, None, None]
            ahead = swing[:, :, 0] * np.cos(turns) + swing[:, :, 1] * np.sin(turns)
            aside = swing[:, :, 1] * np.cos(turns) - swing[:, :, 0] * np.sin(turns)
            # On an arc z gains ahead * cos + aside * sin of up to half its angle.
            spread = (1.0 - np.cos(angle)) * np.abs(ahead) + np.sin(angle) * np.abs(aside)
        else:
            ahead, spread = np.zeros((1, *middle.shape)), lengths[None]
        spread = MARGIN * spread + SETTINGS.rounding * EPS * (np.abs(middle) + lengths)
        owners = np.tile(np.arange(spheres, dtype=np.int64), len(ahead))
        count = middle.shape[1]
        return cls(
            owners,
            (middle + ahead - spread).reshape(-1, count),
            (middle + ahead + spread).reshape(-1, count),
        )


def pieces_each(free: int, outside: int) -> int:
    """How many pieces a sphere of so many dimensions has."""
    if free == 1:
        return 2
    return SETTINGS.arcs if free == 2 and outside > SETTINGS.sites else 1


def matches(
    codes: Integers, owners: Integers, up: Flags, down: Flags, wide: int
) -> tuple[Integers, Integers]:
    """The spheres with those patterns that fit one of their pieces, each once, in order.

    Parameters
    ----------
    codes : (C,) array
        The patterns as numbers with bit n for site n, in order.
    owners : (Q,) array
        The spheres of the pieces.
    up, down : (Q, N) arrays
        On which sides of a hinge of the piece each site may be.
    wide : int
        Pieces that are compared with all patterns at a time.

    Returns
    -------
    spheres, patterns : (M,) arrays
        The patterns as places in `codes`.
    """
    possible = (up | down).all(axis=1)
    owners, up, down = owners[possible], up[possible], down[possible]
    undecided = (up & down).sum(axis=1)
    few = undecided <= SETTINGS.undecided
    keys = [_looked_up(codes, owners[few], up[few], down[few])]
    keys += _compared(codes, owners[~few], up[~few], down[~few], wide)
    found = np.unique(np.concatenate(keys))
    return found // len(codes), found % len(codes)


def _looked_up(codes: Integers, owners: Integers, up: Flags, down: Flags) -> Integers:
    """Spheres times the number of codes, plus the places of the codes that fit their pieces."""
    bits = np.int64(1) << np.arange(up.shape[1], dtype=np.int64)
    either = up & down
    numbers = (up & ~down) @ bits
    for site in range(up.shape[1]):
        both = either[:, site]
        numbers = np.concatenate([numbers, numbers[both] | bits[site]])
        owners = np.concatenate([owners, owners[both]])
        either = np.concatenate([either, either[both]])
    places = np.minimum(np.searchsorted(codes, numbers), len(codes) - 1)
    there = codes[places] == numbers
    return np.asarray(owners[there] * len(codes) + places[there])


def _compared(
    codes: Integers, owners: Integers, up: Flags, down: Flags, wide: int
) -> Iterator[Integers]:
    """The same, by comparing with all codes."""
    bits = np.int64(1) << np.arange(up.shape[1], dtype=np.int64)
    never, always = ~up @ bits, ~down @ bits
    for start in range(0, len(never), wide):
        rows = slice(start, start + wide)
        clash = (codes & never[rows, None]) | (~codes & always[rows, None])
        pieces, patterns = np.nonzero(clash == 0)
        yield np.unique(owners[start + pieces] * len(codes) + patterns)
