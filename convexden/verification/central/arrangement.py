"""The faces of a central arrangement in integers: which signs linear functions have at vectors.

Every cone but the origin has a ray in its closure, on which D - 1 independent vectors vanish; its
sign vector is that of the ray with the zeros filled in.  D - 1 vectors can be signed in any way;
the sign vectors of more are those of an arrangement in one dimension less, because a coordinate in
which the ray does not vanish can be left out.  No sign rests on a tolerance.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from convexden.errors import TooLarge
from convexden.verification.exact.rationals import Integers

Signs = NDArray[np.int8]
Array = NDArray[np.float64]

# Numbers in the table of signs: some 100 MB.
LARGEST = 100_000_000


def rays_of(vectors: Integers) -> Integers:
    """The rays (R, D), one of each two opposites, on which D - 1 independent vectors vanish."""
    count, dimension = vectors.shape
    if comb(count, dimension - 1) * 3 ** (dimension - 1) * 2 * count > LARGEST:
        raise TooLarge(
            f"{count} hyperplanes in {dimension} dimensions have too many faces to be verified: "
            "give fewer samples"
        )
    chosen = np.array(list(combinations(range(count), dimension - 1)), dtype=int)
    rays = _normals(vectors[chosen.reshape(-1, dimension - 1)])
    rays = rays[(rays != 0).any(axis=1)]
    # Each independent choice of the vectors that vanish on a ray finds it.
    first = np.unique(rays @ vectors.T == 0, axis=0, return_index=True)[1]
    found: Integers = rays[first]
    return found


def _normals(rows: Integers) -> Integers:
    """The vectors (R, D) of signed minors of matrices (R, D - 1, D): they vanish on the rows."""
    count, height, width = rows.shape
    one = np.array([1] * count, dtype=object)
    minors: dict[tuple[int, ...], Integers] = {(): one}
    for i in range(height):
        longer = {}
        for columns in combinations(range(width), i + 1):
            total = np.array([0] * count, dtype=object)
            for place, column in enumerate(columns):
                rest = columns[:place] + columns[place + 1 :]
                sign = 1 if (i + place) % 2 == 0 else -1
                total = total + sign * rows[:, i, column] * minors[rest]
            longer[columns] = total
        minors = longer
    everything = tuple(range(width))
    found = [
        (1 if i % 2 == 0 else -1) * minors[everything[:i] + everything[i + 1 :]]
        for i in range(width)
    ]
    normals: Integers = np.stack(found, axis=1)
    return normals


def sign_vectors(vectors: Integers) -> Signs:
    """The sign vectors (F, N) of all cones but the origin of vectors (N, D) that span."""
    count, dimension = vectors.shape
    if dimension == 1:
        signs = _signs(vectors[:, 0])
        return np.unique(np.stack([signs, -signs]), axis=0)
    rays = rays_of(vectors)
    signs = _signs(rays @ vectors.T)
    simple = (signs == 0).sum(axis=1) == dimension - 1
    fills = np.array(list(product((-1, 0, 1), repeat=dimension - 1)), dtype=np.int8)
    table = np.repeat(signs[simple][:, None], len(fills), axis=1)
    table[table == 0] = np.tile(fills.ravel(), int(simple.sum()))
    found = [table.reshape(-1, count)]
    for ray, sign in zip(rays[~simple], signs[~simple], strict=True):
        left_out = next(i for i in range(dimension) if ray[i] != 0)
        zero = sign == 0
        inner = sign_vectors(np.delete(vectors[zero], left_out, axis=1))
        filled = np.repeat(sign[None], len(inner) + 1, axis=0)
        filled[1:, zero] = inner
        found.append(filled)
    every = np.unique(np.concatenate(found), axis=0)
    return np.unique(np.concatenate([every, -every]), axis=0)


def _signs(numbers: Integers) -> Signs:
    """Their signs."""
    return (numbers > 0).astype(np.int8) - (numbers < 0).astype(np.int8)


def null_basis(rows: Integers) -> Array:
    """A basis (D, k) of the vectors on which rows (M, D) vanish, each number rounded once.

    Pivots are the largest numbers of all rows, so that the numbers of the basis are of order one.
    """
    dimension = rows.shape[1]
    left = [[Fraction(int(x)) for x in row] for row in rows]
    pivots: list[tuple[int, list[Fraction]]] = []
    while left:
        i, j = max(
            ((i, j) for i in range(len(left)) for j in range(dimension)),
            key=lambda place: abs(left[place[0]][place[1]]),
        )
        if left[i][j] == 0:
            break
        row = [x / left[i][j] for x in left[i]]
        left = [_minus(each, row, each[j]) for k, each in enumerate(left) if k != i]
        pivots = [(column, _minus(each, row, each[j])) for column, each in pivots] + [(j, row)]
    fixed = [column for column, _ in pivots]
    basis = np.zeros((dimension, dimension - len(pivots)))
    for k, column in enumerate(c for c in range(dimension) if c not in fixed):
        basis[column, k] = 1.0
        for place, row in pivots:
            basis[place, k] = -float(row[column])
    return basis


def _minus(row: list[Fraction], other: list[Fraction], share: Fraction) -> list[Fraction]:
    """A row less a multiple of another."""
    return [a - share * b for a, b in zip(row, other, strict=True)] if share else row
