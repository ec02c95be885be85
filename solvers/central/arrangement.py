"""Faces of a central arrangement: which signs linear functions have at given vectors.

Hyperplanes through the origin cut space into cones, one for each sign vector in {-1, 0, 1}.  Every
cone but the origin has a ray in its closure, on which D - 1 independent vectors vanish.  So the
sign vectors are those of the rays, with the zeros filled in all ways in which the vectors that
vanish there can be signed: any way if they are D - 1, otherwise those of an arrangement of one
dimension less.
"""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from convexden.errors import TooLarge
from convexden.solvers.hinges import Array

Signs = NDArray[np.int8]

# Sine of an angle below which a ray is taken to lie in a hyperplane, and rays are dependent.
ON = 1e-10
# Numbers in the table of signs: some 100 MB.
LARGEST = 100_000_000


def sign_vectors(vectors: Array) -> Signs:
    """The sign vectors (F, N) of all cones but the origin.

    Parameters
    ----------
    vectors : (N, D) array
        Which span the space.

    Raises
    ------
    TooLarge
        If they are too many.
    """
    count, dimension = vectors.shape
    vectors = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    if dimension == 1:
        signs = np.sign(vectors[:, 0]).astype(np.int8)
        return np.unique(np.stack([signs, -signs]), axis=0)
    if comb(count, dimension - 1) * 3 ** (dimension - 1) * 2 * count > LARGEST:
        raise TooLarge(
            f"{count} samples in {dimension - 1} dimensions are too many for the faces of their "
            "activation patterns: give fewer samples"
        )
    rays = extreme_rays(vectors)
    heights = rays @ vectors.T
    signs = np.where(np.abs(heights) <= ON, 0, np.sign(heights)).astype(np.int8)
    simple = (signs == 0).sum(axis=1) == dimension - 1
    fills = np.array(list(product((-1, 0, 1), repeat=dimension - 1)), dtype=np.int8)
    table = np.repeat(signs[simple][:, None], len(fills), axis=1)
    table[signs[simple][:, None].repeat(len(fills), axis=1) == 0] = np.tile(
        fills.ravel(), int(simple.sum())
    )
    found = [table.reshape(-1, count)]
    for ray, sign in zip(rays[~simple], signs[~simple], strict=True):
        found.append(_filled(vectors, ray, sign))
    every = np.unique(np.concatenate(found), axis=0)
    return np.unique(np.concatenate([every, -every]), axis=0)


def extreme_rays(vectors: Array) -> Array:
    """Unit vectors (R, D), one of each two opposites, on which D - 1 independent ones vanish."""
    count, dimension = vectors.shape
    chosen = np.array(list(combinations(range(count), dimension - 1)))
    _, sizes, rows = np.linalg.svd(vectors[chosen])
    rays = rows[sizes[:, -1] > ON, -1]
    heights = np.abs(rays @ vectors.T) <= ON
    # Of a ray on which more vectors vanish, each independent choice of them finds it.
    first = np.unique(heights, axis=0, return_index=True)[1]
    found: Array = rays[first]
    return found


def _filled(vectors: Array, ray: Array, signs: Signs) -> Signs:
    """The sign vectors next to a ray on which more than D - 1 vectors vanish."""
    zero = signs == 0
    across = np.linalg.svd(ray[None])[2][1:]
    fills = sign_vectors(vectors[zero] @ across.T)
    table = np.repeat(signs[None], len(fills) + 1, axis=0)
    table[1:, zero] = fills
    return table
