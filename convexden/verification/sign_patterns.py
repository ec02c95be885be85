r"""Activation patterns that hinges may have: the cells of the arrangement of the centres.

Solvers find patterns from hinges tangent to balls.  This module shares nothing with them: a hinge
that cuts no ball separates the *centres* strictly (those of balls) or weakly (samples), so that its
pattern is a cell of the arrangement of the hyperplanes :math:`w^T y_n + b = 0` in the space of
(w, b).  The cell is a polyhedral cone without lines, because the centres span the space, and has
an extreme ray: a hyperplane through as many affinely independent centres as there are dimensions.
Off that hyperplane the signs of the ray are those of the cell, on it any may occur.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from convexden.errors import UnsupportedProblem

Codes = NDArray[np.int64]

# Centres this close to a hyperplane (in spreads) may be on either side.
ON = 1e-9
# Hyperplanes through centres, times the signs of those on them.
MOST = 4_000_000


def sign_patterns(centers: NDArray[np.float64]) -> Codes:
    r"""All patterns that may occur, as numbers with bit n for site n; those with the last site
    inactive and another active, because a pattern and its complement are the same hinges.

    In general position these are :math:`\sum_{k \le d} \binom{N-1}{k} - 1`.

    Parameters
    ----------
    centers : (N, d) array
        N at most 62, affinely spanning their space.

    Raises
    ------
    UnsupportedProblem
        If there are too many.
    """
    sites, dimension = centers.shape
    count = comb(sites, dimension) << dimension
    if sites > 62 or count > MOST:
        raise UnsupportedProblem(
            f"{sites} sites that span {dimension} dimensions have up to {count} activation "
            "patterns at hyperplanes through them: too many to verify, give fewer sites"
        )
    members = np.array(list(combinations(range(sites), dimension)), dtype=np.intp)
    edges = centers[members[:, 1:]] - centers[members[:, :1]]
    # The last right singular vector is the normal; it is unique if the points are independent.
    padded = np.concatenate([edges, np.zeros((len(edges), 1, dimension))], axis=1)
    _, sizes, directions = np.linalg.svd(padded)
    normals = directions[:, -1]
    if dimension > 1:
        unique = sizes[:, dimension - 2] > ON
        members, normals = members[unique], normals[unique]
    offsets = ((centers - centers[members[:, :1]]) @ normals[:, :, None])[:, :, 0]
    on = np.abs(offsets) <= ON
    np.put_along_axis(on, members, True, axis=1)
    bits = np.int64(1) << np.arange(sites, dtype=np.int64)
    codes = ((offsets > 0) & ~on) @ bits
    for site in range(sites):
        both = on[:, site]
        codes = np.concatenate([codes, codes[both] | bits[site]])
        on = np.concatenate([on, on[both]])
        if len(codes) > 4 * MOST:
            raise UnsupportedProblem(
                f"{sites} sites that span {dimension} dimensions, many of them on common "
                "hyperplanes, have too many activation patterns to verify: give fewer sites"
            )
    last, full = bits[-1], (bits[-1] << 1) - 1
    codes = np.where(codes & last, full & ~codes, codes)
    found: Codes = np.unique(codes)
    return found[found > 0]
