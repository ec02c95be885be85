r"""Activation patterns that hinges may have: the cells of the arrangement of the centers.

Solvers find patterns from hinges tangent to balls.  This module shares nothing with them: a hinge
that cuts no ball separates the *centers* strictly (those of balls) or weakly (samples), so that its
pattern is a cell of the arrangement of the hyperplanes :math:`w^T y_n + b = 0` in the space of
(w, b).  The cell is a polyhedral cone without lines, because the centers span the space, and has
an extreme ray: a hyperplane through as many affinely independent centers as there are dimensions.
Off that hyperplane the signs of the ray are those of the cell, on it any may occur.

On which side of a hyperplane a center lies is decided by floats where their error bound allows it,
and by the sign of an integer determinant elsewhere.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.errors import TooLarge
from convexden.running.clock import UNLIMITED, Clock
from convexden.verification.exact.rationals import dyadic
from convexden.verification.faces.tangent_spheres import MARGIN, Complements

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Numbers = NDArray[np.object_]  # of Python integers

# Hyperplanes through centers, times the signs of those on them.
MOST = 4_000_000
# Determinants in integers: some ten seconds.
MOST_DETERMINANTS = 100_000


def sign_patterns(centers: Array, clock: Clock = UNLIMITED) -> Codes:
    r"""All patterns that may occur, as numbers with bit n for site n; those with the last site
    inactive and another active, because a pattern and its complement are the same hinges.

    In general position these are :math:`\sum_{k \le d} \binom{N-1}{k} - 1`.

    Parameters
    ----------
    centers : (N, d) array
        N at most 62, numbers that are meant exactly.
    clock : Clock, optional
        Of the run.

    Raises
    ------
    TooLarge
        If there are too many.
    """
    exact = dyadic(centers)[0]
    columns = _spanning_columns(exact[1:] - exact[0])
    sites, dimension = len(centers), len(columns)
    count = comb(sites, dimension) << dimension
    if sites > 62 or count > MOST:
        raise TooLarge(
            f"{sites} sites that span {dimension} dimensions have up to {count} activation "
            "patterns at hyperplanes through them: too many to verify, give fewer sites"
        )
    if sites == dimension + 1:
        return np.arange(1, 1 << (sites - 1), dtype=np.int64)
    # Patterns do not change under affine maps that are one-to-one on the hull of the centers.
    sides, on = _sides(centers[:, columns], exact[:, columns], clock)
    bits = np.int64(1) << np.arange(sites, dtype=np.int64)
    codes = (sides & ~on) @ bits
    for site in range(sites):
        both = on[:, site]
        codes = np.concatenate([codes, codes[both] | bits[site]])
        on = np.concatenate([on, on[both]])
        if len(codes) > 4 * MOST:
            raise TooLarge(
                f"{sites} sites that span {dimension} dimensions, many of them on common "
                "hyperplanes, have too many activation patterns to verify: give fewer sites"
            )
    last, full = bits[-1], (bits[-1] << 1) - 1
    codes = np.where(codes & last, full & ~codes, codes)
    found: Codes = np.unique(codes)
    return found[found > 0]


def _sides(
    centers: Array, exact: Numbers, clock: Clock
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which centers are above, and which on, every hyperplane through independent ones (M, N)."""
    sites, dimension = centers.shape
    sets = np.array(list(combinations(range(sites), dimension)), dtype=np.intp)
    offsets = centers - centers[:, None]
    found = Complements.of(_unit(offsets[sets[:, :1], sets[:, 1:]]))
    from_first = offsets[sets[:, 0]]
    distances = (from_first @ found.axes[:, :, -1:])[:, :, 0]
    blur = 1.5 * found.turn + found.skew + dimension * dimension * EPS
    lengths = np.linalg.norm(from_first, axis=2)
    sure = np.abs(distances) > MARGIN * blur[:, None] * np.where(lengths > 0.0, lengths, 1.0)
    on = np.zeros(sure.shape, dtype=bool)
    np.put_along_axis(on, sets, True, axis=1)
    above = distances > 0.0
    undecided = ~sure & ~on
    if undecided.sum() > MOST_DETERMINANTS:
        raise TooLarge(
            f"{sites} sites that span {dimension} dimensions, nearly in a space of fewer: "
            "their activation patterns take too long to decide, give fewer sites"
        )
    kept = np.ones(len(sets), dtype=bool)
    for m in np.flatnonzero(undecided.any(axis=1)):
        clock.check()
        first, *others = exact[sets[m]]
        edges = [list(other - first) for other in others]
        signs = {
            n: _determinant_sign([*edges, list(exact[n] - first)])
            for n in np.flatnonzero(undecided[m])
        }
        # Without a center off it that is sure, the members may be dependent.
        kept[m] = bool(sure[m].any()) or any(signs.values())
        known = np.flatnonzero(sure[m] & ~on[m])
        if len(known):
            surest = known[np.abs(distances[m, known]).argmax()]
            if (_determinant_sign([*edges, list(exact[surest] - first)]) > 0) != above[m, surest]:
                signs = {n: -sign for n, sign in signs.items()}
        for n, sign in signs.items():
            above[m, n], on[m, n] = sign > 0, sign == 0
    return above[kept], on[kept]


def _unit(edges: Array) -> Array:
    """Edges divided by their lengths, those of length 0 as they are."""
    lengths = np.linalg.norm(edges, axis=2, keepdims=True)
    unit: Array = edges / np.where(lengths > 0.0, lengths, 1.0)
    return unit


def _spanning_columns(rows: Numbers) -> list[int]:
    """The first columns of an integer matrix that span its column space: exact elimination."""
    rows = rows.copy()
    columns: list[int] = []
    previous = 1
    for column in range(rows.shape[1]):
        rank = len(columns)
        nonzero = [i for i in range(rank, len(rows)) if rows[i, column]]
        if not nonzero:
            continue
        rows[[rank, nonzero[0]]] = rows[[nonzero[0], rank]]
        pivot = rows[rank].copy()
        for i in range(rank + 1, len(rows)):
            # Division by the previous pivot leaves no remainder (Bareiss).
            rows[i] = (rows[i] * pivot[column] - pivot * rows[i, column]) // previous
        previous = pivot[column]
        columns.append(column)
    return columns


def _determinant_sign(rows: list[list[int]]) -> int:
    """-1, 0 or 1, by elimination without fractions (Bareiss)."""
    sign, previous = 1, 1
    while len(rows) > 1:
        at = next((i for i, row in enumerate(rows) if row[0]), None)
        if at is None:
            return 0
        # Moving a row up by `at` places is as many exchanges.
        if at % 2:
            sign = -sign
        pivot, *right = rows[at]
        rest = rows[:at] + rows[at + 1 :]
        rows = [
            [(pivot * x - row[0] * y) // previous for x, y in zip(row[1:], right, strict=True)]
            for row in rest
        ]
        previous = pivot
    last = rows[0][0]
    return sign * ((last > 0) - (last < 0))
