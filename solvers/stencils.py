r"""Which combination of samples each row compares: a sample with an affine function of others.

A *stencil* is a sample v with corners i and coefficients :math:`\beta_i` with
:math:`\sum_i \beta_i = 1` and :math:`\sum_i \beta_i y_i = y_v`.  They are counted from the nearest
corner, so that those of the others are small, and accurate, if v nearly coincides with it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import Delaunay, QhullError
from scipy.spatial.distance import cdist

from convexden.solvers.hinges import Array, Flags, Hinges, Indices
from convexden.tolerances import FLAT_RTOL


@dataclass(frozen=True)
class StencilSettings:
    """Choice of the corners from which targets are reduced."""

    nearer: float = 0.1
    """A sample this many times nearer than the corners is a better corner: the reduced features
    are of its size."""

    steep: float = 10.0
    """...

    unless the coefficients of the corners would exceed this, and rounding would grow with them.
    """


SETTINGS = StencilSettings()


@dataclass(frozen=True, eq=False)
class Stencils:
    """M stencils of C corners each.

    Attributes
    ----------
    samples : (M,) int array
    corners : (M, C) int array
        The nearest first.
    coefficients : (M, C) array
    lengths : (M,) array
        Distances of the samples from the nearest corners.
    """

    samples: Indices
    corners: Indices
    coefficients: Array
    lengths: Array


def rows_of(found: Stencils, centers: Array, hinges: Hinges) -> sparse.csr_array:
    """The rows (K, M) of hinges through their pivots: see `constraints.SampleConstraints`.

    Only the entries of stencils that a hinge separates are worked out.
    """
    patterns = hinges.patterns
    own = patterns[:, found.samples]
    separated = np.zeros_like(own)
    for corners in found.corners.T:
        separated |= patterns[:, corners] != own
    rows, columns = np.nonzero(separated)
    own, normals = own[rows, columns], hinges.normals[rows]
    pivots, entries = centers[hinges.pivots[rows]], np.zeros(len(rows))
    for corners, coefficients in zip(found.corners.T, found.coefficients.T, strict=True):
        others = corners[columns]
        z = np.einsum("kd,kd->k", normals, centers[others] - pivots)
        entries += np.where(patterns[rows, others] != own, coefficients[columns] * z, 0.0)
    entries *= np.where(own, 1.0, -1.0) / found.lengths[columns]
    starts = np.searchsorted(rows, np.arange(len(hinges) + 1))
    return sparse.csr_array((entries, columns, starts), shape=separated.shape)


def stencils(points: Array) -> Stencils:
    """As many as the affine functions of the points (N, d) leave: N - 1 - d, or more if the points
    are flat."""
    found = _neighbors(points) if points.shape[1] == 2 else None
    return _star(points) if found is None else found


def _star(points: Array) -> Stencils:
    """Each sample against the nearest one before it, and the slopes on one large simplex."""
    base = _large_simplex(points)
    edges = points[base[1:]] - points[base[0]]
    slopes = np.linalg.pinv(edges)
    distances = cdist(points, points)
    placed = np.zeros(len(points), dtype=bool)
    placed[base] = True
    samples, near = [], []
    nearest = base[distances[:, base].argmin(axis=1)]
    least = distances[np.arange(len(points)), nearest]
    while not placed.all():
        new = int(np.where(placed, np.inf, least).argmin())
        placed[new] = True
        samples.append(new)
        near.append(int(nearest[new]))
        closer = distances[new] < least
        nearest[closer & ~placed], least[closer] = new, distances[new, closer]
    v, u = np.array(samples, dtype=np.intp), np.array(near, dtype=np.intp)
    steps = (points[v] - points[u]) @ slopes
    coefficients = np.column_stack([np.ones(len(v)), -steps.sum(axis=1), steps])
    corners = np.column_stack([u, np.tile(base, (len(v), 1))])
    return Stencils(v, corners, coefficients, distances[v, u])


def _large_simplex(points: Array) -> Indices:
    """Corners of it: one after the other the point furthest from the hull of those before."""
    left = points - points.mean(axis=0)
    size = float(np.linalg.norm(left, axis=1).max())
    chosen = [int(np.linalg.norm(left, axis=1).argmax())]
    left = points - points[chosen[0]]
    for _ in range(points.shape[1]):
        lengths = np.linalg.norm(left, axis=1)
        furthest = int(lengths.argmax())
        if lengths[furthest] <= FLAT_RTOL * size:
            break
        chosen.append(furthest)
        direction = left[furthest] / lengths[furthest]
        left = left - np.outer(left @ direction, direction)
    return np.array(chosen, dtype=np.intp)


def _neighbors(points: Array) -> Stencils | None:
    """Each sample of the plane against a triangle next to it, or one that the nearest sample before
    it belongs to; None without a triangulation.

    Triangles of the Delaunay triangulation are visited one next to the other, those with the
    mildest extrapolation first.
    """
    try:
        mesh = Delaunay(points)
    except QhullError:
        return None
    simplices, neighbors = mesh.simplices, mesh.neighbors
    areas = np.abs(np.linalg.det(points[simplices[:, 1:]] - points[simplices[:, :1]]))
    # Across every side of every triangle: the corner beyond, and its coefficients.
    triangles, across = np.nonzero(neighbors >= 0)
    beyond = neighbors[triangles, across]
    apexes = simplices[beyond][neighbors[beyond] == triangles[:, None]]
    doors, usable = _coordinates(points, apexes, simplices[triangles])
    triangles, beyond = triangles[usable], beyond[usable]
    first = int(areas.argmax())
    taken = _walk(first, simplices, triangles, beyond, doors)
    if taken is None:
        return None
    return _through_nearest(points, simplices, first, beyond, doors, taken)


def _walk(
    first: int, simplices: Indices, triangles: Indices, beyond: Indices, doors: Stencils
) -> list[int] | None:
    """The doors by which the samples are come upon, in this order; None if not all are."""
    costs = np.abs(doors.coefficients).sum(axis=1)
    leaving: list[list[int]] = [[] for _ in simplices]
    for door, triangle in enumerate(triangles):
        leaving[triangle].append(door)
    seen = np.zeros(simplices.max() + 1, dtype=bool)
    visited = np.zeros(len(simplices), dtype=bool)
    seen[simplices[first]] = visited[first] = True
    queue = [(costs[door], door) for door in leaving[first]]
    heapq.heapify(queue)
    taken = []
    while queue:
        door = heapq.heappop(queue)[1]
        if visited[beyond[door]]:
            continue
        visited[beyond[door]] = True
        if not seen[doors.samples[door]]:
            seen[doors.samples[door]] = True
            taken.append(door)
        for further in leaving[beyond[door]]:
            if not visited[beyond[further]]:
                heapq.heappush(queue, (costs[further], further))
    return taken if seen.all() else None


def _through_nearest(
    points: Array,
    simplices: Indices,
    first: int,
    beyond: Indices,
    doors: Stencils,
    taken: list[int],
) -> Stencils | None:
    """The stencils of the doors; where a sample nearly coincides with one before it that is no
    corner, through the triangle by which that one was come upon."""
    order = np.concatenate([simplices[first], doors.samples[taken]])
    if len(order) < len(points):  # the triangulation leaves out what coincides
        return None
    homes = np.concatenate([[first] * 3, beyond[taken]]).astype(np.intp)
    samples, corners = doors.samples[taken], doors.corners[taken].copy()
    distances = np.tril(cdist(points[order], points[order]), -1)
    distances[np.triu_indices(len(order))] = np.inf
    nearest = distances.argmin(axis=1)[3:]
    near = distances.min(axis=1)[3:] < SETTINGS.nearer * doors.lengths[taken]
    corners[near] = simplices[homes[nearest[near]]]
    found, usable = _coordinates(points, samples, corners)
    steep = np.abs(found.coefficients).max(axis=1) > SETTINGS.steep
    if not usable.all() or not (near & steep).any():
        return found if usable.all() else None
    corners[near & steep] = doors.corners[taken][near & steep]
    return _coordinates(points, samples, corners)[0]


def _coordinates(points: Array, samples: Indices, corners: Indices) -> tuple[Stencils, Flags]:
    """Stencils of samples with triangles of corners, without those of singular triangles; which
    are left."""
    lengths = np.linalg.norm(points[corners] - points[samples][:, None], axis=2)
    order = np.argsort(lengths, axis=1, kind="stable")
    corners = np.take_along_axis(corners, order, axis=1)
    sides = (points[corners[:, 1:]] - points[corners[:, :1]]).transpose(0, 2, 1)
    usable = np.linalg.det(sides) != 0.0  # 0 where the elimination below would fail
    samples, corners, sides = samples[usable], corners[usable], sides[usable]
    # Elimination, not the inverse: however thin the triangle, the row then vanishes on the affine
    # functions to rounding.
    steps = points[samples] - points[corners[:, 0]]
    solved = np.linalg.solve(sides, steps[:, :, None])[:, :, 0]
    coefficients = np.column_stack([1.0 - solved.sum(axis=1), solved])
    return Stencils(samples, corners, coefficients, lengths.min(axis=1)[usable]), usable
