"""Directions that data single out: along edges, across faces, and of the widest margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.geometry.hull import Hull
from convexden.tolerances import FLAT_RTOL

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MarginSettings:
    """Parameters of the widest margin between two hulls."""

    rounds: int = 1000
    """Rounds at the most; about 20 are needed."""

    nearer: float = 1e-15
    """Distance, in the units of the data, by which a pair has to be nearer than those at hand:
    less is rounding."""

    arrived: float = 1e-14
    """Excess of the length of u over 1 that ends the rounds: some units in the last place."""

    unseparated: float = 1e-8
    """Residual 1 / sqrt(1 + |u|^2) of least squares below which there is no u: the root of
    rounding."""

    lever: float = 100.0
    """How much less biases count than normals in the guess at what holds the gap."""


SETTINGS = MarginSettings()


def edge_directions(points: Array) -> Array:
    """Unit vectors (N (N - 1) / 2, r) along the segments between any two of N distinct points."""
    first, second = np.triu_indices(len(points), 1)
    return _unit(points[second] - points[first])


def face_normals(points: Array) -> Array:
    """Unit normals (F, r) of the facets of the convex hull of points (N, r), at least two distinct.

    Points that do not span the space have the facets that they have in their affine hull, whose
    normals lie in it: the edges of a triangle, the faces of a tetrahedron, the N facets of a
    simplex with N vertices; on a line, its direction.  A facet that is no simplex can be there
    more than once.
    """
    hull = Hull.of(points)
    flat = hull.coordinates
    # Facets are facets after any affine map: one that makes flat data round.
    sizes = np.linalg.norm(flat, axis=0)
    round_points, rank = flat / sizes, flat.shape[1]
    if rank == 1:
        normals = np.ones((1, 1))
    elif len(flat) == rank + 1:  # the gradients of the barycentric coordinates
        normals = np.linalg.inv(np.column_stack([round_points, np.ones(len(flat))]))[:rank].T
    else:
        from scipy.spatial import ConvexHull

        normals = ConvexHull(round_points).equations[:, :rank]
    return _unit(normals / sizes) @ hull.basis


def max_margin_direction(centers: Array, radii: Array, sides: NDArray[np.int8]) -> Array:
    r"""The unit normal of the hyperplane with the widest margin between two groups of balls.

    .. math:: \max_{|u| = 1} \; \min_{n \in A} (u^T y_n - r_n) - \max_{m \in I} (u^T y_m + r_m)

    For radii all equal it lies along the shortest segment between the convex hulls of the centers
    of both groups.

    The largest margin g with :math:`|u(g)| \le 1` is found by Newton's method, u(g) being the
    shortest vector with :math:`u^T (y_n - y_m) \ge g + r_n + r_m` for all pairs, whose length is
    convex and increases with g.  One least-distance problem over all sites, in which a bias costs a
    little, guesses the pairs that hold the gap; others enter when they are violated.  Each of these
    problems is one of nonnegative least squares (Lawson & Hanson 1974, chapter 23), solved once
    more on its support to full accuracy.

    Parameters
    ----------
    centers : (N, r) array
        With a spread of the order of 1.
    radii : (N,) array
    sides : (N,) array
        1 in A, -1 in I, 0 in neither.

    Returns
    -------
    (r,) array
        From I to A; NaN if a group is empty or there is no gap between them.
    """
    nowhere = np.full(centers.shape[1], np.nan)
    ahead, behind = np.flatnonzero(sides > 0), np.flatnonzero(sides < 0)
    if not ahead.size or not behind.size:
        return nowhere
    pairs = _likely_pairs(centers, radii, ahead, behind)
    gap = np.inf
    for _ in range(SETTINGS.rounds):
        n, m = np.array(pairs).T
        steps, sums = centers[n] - centers[m], radii[n] + radii[m]
        gap = min(gap, float((np.linalg.norm(steps, axis=1) - sums).min()))
        found = _shortest(steps, gap + sums) if gap > FLAT_RTOL else None
        if found is None:
            break
        u, multipliers = found
        length = float(np.linalg.norm(u))
        low, high = (centers @ u - radii)[ahead], (centers @ u + radii)[behind]
        pair = int(ahead[low.argmin()]), int(behind[high.argmax()])
        if low.min() - high.max() < gap - SETTINGS.nearer and pair not in pairs:
            pairs.append(pair)
        elif length <= 1 + SETTINGS.arrived:
            return u / length
        gap -= max(0.0, length - 1) * length / float(multipliers.sum())
    return nowhere


def line_angles(u: Array, v: Array) -> Array:
    """Angles (K,) in degrees, 0 to 90, between the lines along unit vectors u and v, (K, r) each.

    Unlike by the arc cosine, small angles are accurate too.
    """
    v = np.where((u * v).sum(axis=1, keepdims=True) < 0, -v, v)
    halves = np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1))
    return np.rad2deg(2 * halves)


def angles_to_nearest(normals: Array, directions: Array) -> Array:
    """Angles (K,), as `line_angles`, of normals (K, r) to the nearest of directions (M, r)."""
    nearest = np.abs(normals @ directions.T).argmax(axis=1)
    return line_angles(normals, directions[nearest])


def _shortest(rows: Array, bounds: Array) -> tuple[Array, Array] | None:
    """The shortest u with rows @ u >= bounds and its multipliers, u = multipliers @ rows."""
    from scipy.linalg import lstsq
    from scipy.optimize import nnls

    r = rows.shape[1]
    share, residual = nnls(np.vstack([rows.T, bounds]), np.append(np.zeros(r), 1.0))
    if residual < SETTINGS.unseparated:
        return None
    support = np.flatnonzero(share)
    u = lstsq(rows[support], bounds[support])[0]
    return u, lstsq(rows[support].T, u)[0]


def _likely_pairs(
    centers: Array, radii: Array, ahead: NDArray[np.intp], behind: NDArray[np.intp]
) -> list[tuple[int, int]]:
    """Pairs between the sites that hold the gap if the bias costs a little; at least one pair."""
    from scipy.optimize import nnls

    sites = np.concatenate([ahead, behind])
    signs = np.repeat([1.0, -1.0], [len(ahead), len(behind)])
    rows = np.column_stack([centers[sites], np.full(len(sites), SETTINGS.lever)])
    # A gap of any size: with equal radii the same sites hold it.
    bounds = radii[sites] + np.abs(centers).max()
    share = nnls(np.vstack([(signs[:, None] * rows).T, bounds]), np.eye(len(rows.T) + 1)[-1])[0]
    holding = share > 0.0
    first = sites[holding & (signs > 0)] if (holding & (signs > 0)).any() else ahead[:1]
    second = sites[holding & (signs < 0)] if (holding & (signs < 0)).any() else behind[:1]
    return [(int(n), int(m)) for n in first for m in second]


def _unit(vectors: Array) -> Array:
    """Vectors divided by their lengths, row by row."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
