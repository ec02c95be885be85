r"""All activation patterns: the cells of the arrangement that sites make among the hinges.

An affine hinge is a vector x = (w, b), and site n the hyperplane :math:`v_n^T x = 0`,
v_n = (y_n, 1), of the hinges through it.  The activation patterns are the signs of the open cells
between these hyperplanes.  They are counted by insertion (Edelsbrunner, O'Rourke, Seidel 1986): a
new hyperplane cuts in two just those cells of the earlier ones that are cells of the arrangement
*on* it, a problem of one dimension less, down to lines through a point of the plane, which are
sorted by angle.  Every cell is held by a vector inside, whose signs it is: nothing else has to be
kept, and no linear program solved.

Hyperplanes that are parallel up to a rounding error are one, wherever they meet in this recursion;
so degenerate positions need no care.
"""

from __future__ import annotations

from math import comb

import numpy as np
import scipy.linalg

from convexden.errors import TooLarge
from convexden.geometry.directions import max_margin_direction
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.tolerances import DEPENDENT_RTOL

MOST_PATTERNS = 1_000_000


def activation_patterns(problem: Interpolation, clock: Clock = UNLIMITED) -> Flags:
    r"""The patterns (P, N) of hinges that keep off every site, both of every two complements.

    D is one of them if :math:`(2 D_n - 1) (w^T y_n + b) > r_n |w|` for all n and some (w, b): with
    samples, if its cell is open.  Hinges through samples lie on the boundary of such cells.

    Raises
    ------
    TooLarge
        If there are more than a million.
    """
    centers = problem.centers
    middle = centers.mean(axis=0)
    scale = float(np.abs(centers - middle).max())
    vectors = np.column_stack([(centers - middle) / scale, np.ones(len(centers))])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    patterns = inside_cells(vectors, clock) @ vectors.T > 0
    order = np.lexsort(patterns.T[::-1])[::-1]
    patterns = np.ascontiguousarray(patterns[order])
    return patterns[_wide(problem, patterns, clock)] if problem.radii.any() else patterns


def most_patterns(sites: int, dimension: int) -> int:
    r"""How many there are of samples in general position,
    :math:`2 \sum_{k \le d} \binom{N - 1}{k}` (Cover 1965); of others there are fewer."""
    return 2 * sum(comb(sites - 1, k) for k in range(dimension + 1))


def half_of(patterns: Flags) -> Flags:
    """Which patterns (P,) are those with site 0 active, of every two complements one, and any site
    inactive: hinges beyond all sites are affine functions."""
    return patterns[:, 0] & ~patterns.all(axis=1)


def inside_cells(vectors: Array, clock: Clock = UNLIMITED) -> Array:
    """A unit vector (C, m) inside every open cell of the hyperplanes normal to vectors (K, m).

    Parameters
    ----------
    vectors : (K, m) array
        Unit vectors, K >= 1, m >= 1.
    clock : Clock, optional
        Of the run.
    """
    m = vectors.shape[1]
    if m == 1:
        return np.array([[1.0], [-1.0]])
    if m == 2:
        return _inside_sectors(vectors)
    cells = np.concatenate([vectors[:1], -vectors[:1]])
    earlier = vectors[:1]
    for vector in vectors[1:]:
        clock.check()
        plane = scipy.linalg.null_space(vector[None])
        traces = earlier @ plane
        lengths = np.linalg.norm(traces, axis=1)
        if lengths.min() <= DEPENDENT_RTOL:
            continue
        on = inside_cells(traces / lengths[:, None], clock) @ plane.T
        seen = on @ earlier.T
        uncut = ~_among(cells @ earlier.T > 0, seen > 0)
        # Half-way to the first hyperplane that is met on leaving this one.
        slopes = np.maximum(np.abs(earlier @ vector), np.finfo(float).tiny)
        steps = np.minimum((np.abs(seen) / slopes).min(axis=1), 2.0)[:, None] / 2 * vector
        new = np.concatenate([on + steps, on - steps])
        cells = np.concatenate([cells[uncut], new / np.linalg.norm(new, axis=1, keepdims=True)])
        earlier = np.vstack([earlier, vector])
        if len(cells) > MOST_PATTERNS:
            raise TooLarge(
                f"the sites have more than {MOST_PATTERNS} activation patterns: give fewer sites, "
                "or sites of fewer dimensions"
            )
    return cells


def facets(patterns: Flags) -> Flags:
    """Which sites bound each cell (P, N): crossing their hyperplane leads to another cell.

    The signs at all other sites follow from these.  Sites in one place are one.

    Parameters
    ----------
    patterns : (P, N) bool array
        All of an arrangement.
    """
    walls = np.zeros_like(patterns)
    places = np.unique(patterns, axis=1, return_inverse=True)[1].reshape(-1)
    for place in range(places.max() + 1):
        walls[:, places == place] = _among(patterns ^ (places == place), patterns)[:, None]
    return walls


def _inside_sectors(vectors: Array) -> Array:
    """The bisectors of the sectors between lines through the origin of the plane."""
    angles = np.sort(np.arctan2(vectors[:, 1], vectors[:, 0]) % np.pi)
    angles = angles[np.diff(angles, append=angles[0] + np.pi) > DEPENDENT_RTOL]
    middles = (angles + np.append(angles[1:], angles[0] + np.pi)) / 2 + np.pi / 2
    inside = np.column_stack([np.cos(middles), np.sin(middles)])
    return np.concatenate([inside, -inside])


def _among(rows: Flags, others: Flags) -> Flags:
    """Which rows (R,) are among the others."""
    return np.isin(_names(rows), _names(others))


def _names(rows: Flags) -> np.ndarray:
    """Rows of flags as single values that can be compared."""
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    return packed.view(f"V{packed.shape[1]}").ravel()


def _wide(problem: Interpolation, patterns: Flags, clock: Clock) -> Indices:
    """Those that leave the balls room: a hinge beyond all sites always does."""
    between = np.flatnonzero(patterns.any(axis=1) & ~patterns.all(axis=1))
    found = []
    for row in np.where(patterns[between], 1, -1):
        clock.check()
        found.append(max_margin_direction(problem.centers, problem.radii, row))
    normals = np.array(found).reshape(len(between), -1)
    return np.delete(np.arange(len(patterns)), between[np.isnan(normals).any(axis=1)])
