r"""Where all hinges tangent to a set of sites lie, with proven errors.

Hinges tangent to the sites of a set T have normals w with :math:`e_i^T w = h_i`, one equation for
each edge of a tree on T, and |w| = 1: a sphere with a center c, a radius R and an orthonormal basis
E of the directions orthogonal to the edges.  All three are computed in floats, and this module
bounds how far they are from exact ones.  Where the edges are nearly dependent, or the sphere is
small, rationals take over (`exact.flats`): no set is left out by a cut-off.

Conventions of all bounds: `EPS` is twice the unit roundoff u, so that n `EPS` exceeds
:math:`\gamma_n = n u / (1 - n u)`, the relative error of a sum of n products in any order (Higham,
Accuracy and Stability of Numerical Algorithms, section 3.1); bounds are multiplied by `MARGIN`,
which covers the rounding of the bounds themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, LEAST_DIVISOR
from convexden.verification.exact.flats import Flat

Array = NDArray[np.float64]
Integers = NDArray[np.intp]

# Bounds of errors have few operations: their own rounding is far below this factor.
MARGIN = 1.001


@dataclass(frozen=True)
class SphereSettings:
    """How spheres are computed."""

    exact: int = 100_000
    """Most sets and spheres that are computed in rationals, times k^3 and k^2 in k dimensions: some
    seconds.  Others keep their errors, which makes bounds larger."""

    largest_turn: float = 0.25
    """Where a perturbation may turn a space by more than this (sine), its bound is infinite."""


SETTINGS = SphereSettings()


@dataclass(frozen=True, eq=False)
class Complements:
    """Bases of the directions orthogonal to m edges in k dimensions, one set for each of F.

    Attributes
    ----------
    axes : (F, k, k) array
        Orthonormal up to `skew`; the last k - m columns span the complement.
    lower : (F, m, m) array
        The unit edges in the first m axes.
    inverse : (F, m, m) array
        Approximately the inverse of `lower`.
    inverse_size : (F,) array
        Bound of the norm of the exact inverse, or infinity.
    leak : (F,) array
        Bound of the errors of `lower`, and of the edges in the last k - m axes.
    skew : (F,) array
        Bound of the distance of `axes` from an orthogonal matrix.
    turn : (F,) array
        Bound of the sine of the angle between the complement and its computed axes, or infinity.
    """

    axes: Array
    lower: Array
    inverse: Array
    inverse_size: Array
    leak: Array
    skew: Array
    turn: Array

    @classmethod
    def of(cls, edges: Array) -> Complements:
        """Complements of unit edges (F, m, k), each entry within 2 `EPS` of its exact value."""
        count, m, k = edges.shape
        if m == 0:
            nothing, empty = np.zeros(count), np.zeros((count, 0, 0))
            axes = np.broadcast_to(np.eye(k), (count, k, k))
            return cls(axes, empty, empty, nothing, nothing, nothing, nothing)
        axes, upper = np.linalg.qr(edges.transpose(0, 2, 1), mode="complete")
        return cls._in_axes(edges, axes, np.ascontiguousarray(upper[:, :m].transpose(0, 2, 1)))

    @classmethod
    def _in_axes(cls, edges: Array, axes: Array, lower: Array) -> Complements:
        """The bounds of the errors of axes and of edges in them, however these were computed."""
        count, m, k = edges.shape
        skew = MARGIN * (_size(axes.transpose(0, 2, 1) @ axes - np.eye(k)) + k * k * EPS)
        rest = edges @ axes
        rest[:, :, :m] -= lower
        leak = _size(rest) + np.sqrt(m) * ((k * np.sqrt(k) + 3) * EPS + skew)
        leak *= MARGIN
        solvable = np.abs(np.diagonal(lower, axis1=1, axis2=2)).min(axis=1) > LEAST_DIVISOR
        inverse = np.linalg.inv(np.where(solvable[:, None, None], lower, np.eye(m)))
        # |I - Z L| = q < 1 bounds the inverse of L by |Z| / (1 - q).
        size = _size(inverse)
        miss = _size(inverse @ lower - np.eye(m)) + m * EPS * size * _size(lower)
        inverse_size = np.full(count, np.inf)
        solvable &= miss < 0.5
        np.divide(MARGIN * size, 1.0 - miss, out=inverse_size, where=solvable)
        # x in the complement has L x_1 = -(leak) x, so that |x_1| <= |L^-1| leak |x|.
        turn = inverse_size * leak
        turn[turn > SETTINGS.largest_turn] = np.inf
        return cls(axes, lower, inverse, inverse_size, leak, skew, turn)

    def take(self, rows: Integers) -> Complements:
        """Some of them."""
        return Complements(*(value[rows] for value in vars(self).values()))

    def replace(self, row: int, edges: Array, complement: Array) -> None:
        """A complement (k, k - m) of the unit edges (m, k) that is known to 2 ulps.

        The edges are written in axes of their own as precisely as before: spheres for which no
        rationals are taken have errors no larger than they had.
        """
        k, free = complement.shape
        span = np.linalg.qr(complement, mode="complete")[0][:, free:]
        turned, upper = np.linalg.qr(span.T @ edges.T)
        axes = np.hstack([span @ turned, complement])
        found = Complements._in_axes(edges[None], axes[None], np.ascontiguousarray(upper.T)[None])
        for name, value in vars(found).items():
            getattr(self, name)[row] = value[0]
        self.turn[row] = 4.0 * np.sqrt(k) * EPS


class Tangencies:
    """Sets of sites, the trees on them, and the complements of their edges.

    The columns of `sites` are in the order in which the tree grows from the first of them, each new
    site joined to the nearest one before it (`parents`, columns): edges between sites that nearly
    coincide are as precise, relative to their lengths, as others.  Sets whose edges depend on each
    other up to rounding are computed in rationals, and left out if the edges are dependent: their
    hinges are those tangent to some independent ones of the sites.

    Parameters
    ----------
    sets : (F, s) array
    centers : (N, k) array
    sharp : float
        Errors above this (sine or length) are removed by rationals.
    """

    def __init__(self, sets: Integers, centers: Array, sharp: float) -> None:
        """Find the trees and the complements of these sets (F, s) of sites."""
        offsets = centers - centers[:, None]  # [p, n]: y_n - y_p
        self.centers, self.sharp = centers, sharp
        self.sites, self.parents = _trees(sets, np.linalg.norm(offsets, axis=2))
        edges = offsets[np.take_along_axis(self.sites, self.parents, axis=1), self.sites[:, 1:]]
        self.lengths = np.linalg.norm(edges, axis=2)
        self.edges = edges / np.where(self.lengths > 0.0, self.lengths, 1.0)[:, :, None]
        self.complements = Complements.of(self.edges)
        self.independent = np.ones(len(sets), dtype=bool)
        self._flats: dict[int, Flat] = {}
        turn = self.complements.turn
        worst = np.argsort(-turn, kind="stable")[: SETTINGS.exact // centers.shape[1] ** 3]
        for row in worst[turn[worst] > sharp]:
            self._make_exact(int(row))

    def _make_exact(self, row: int) -> None:
        """Replace the complement of an ill-conditioned set."""
        flat = self._flat(row)
        self.independent[row] = flat.independent
        if flat.independent:
            self.complements.replace(row, self.edges[row], flat.complement())

    def _flat(self, row: int) -> Flat:
        """The flat through the sites of a set, in rationals."""
        if row not in self._flats:
            self._flats[row] = Flat(self.centers[self.sites[row]])
        return self._flats[row]

    def spheres(self, rows: Integers, levels: Array) -> TangentSpheres:
        """Spheres of the hinges with z = levels (F, s) at the sites of some sets.

        Those that do not exist are left out.
        """
        c = self.complements.take(rows)
        lengths = self.lengths[rows]
        differences = levels[:, 1:] - np.take_along_axis(levels, self.parents[rows], axis=1)
        right = differences / np.where(lengths > 0.0, lengths, 1.0)
        fixed = (c.inverse @ right[:, :, None])[:, :, 0]
        length = np.linalg.norm(fixed, axis=1)
        m = right.shape[1]
        missed = np.linalg.norm(right - (c.lower @ fixed[:, :, None])[:, :, 0], axis=1)
        rounding = m * EPS * _size(c.lower) * length + 3.0 * EPS * np.linalg.norm(right, axis=1)
        error = MARGIN * c.inverse_size * (missed + rounding + c.leak)
        turn = np.minimum(c.turn, 1.0)
        exists = ~(length - error > 1.0)
        # Of points of the complement the part along the edges is at most `turn`, and the other way
        # round the center, which is orthogonal to the complement, leaves the edges by as much.
        center_error = MARGIN * (error + 1.2 * turn + np.maximum(length - 1.0, 0.0))
        # All centers are in the unit ball.
        center_error = np.minimum(center_error, 2.0)
        fixed = fixed / np.maximum(length, 1.0)[:, None]
        shorter = np.minimum(length, 1.0)
        radius = _across(shorter)
        longest = _across(np.maximum(shorter - center_error, 0.0))
        shortest = _across(np.minimum(shorter + center_error, 1.0))
        radius_error = MARGIN * np.maximum(longest - radius, radius - shortest) + 4.0 * EPS
        k = c.axes.shape[1]
        if m:
            blurred = np.where(exists, center_error + radius_error, 0.0)
            worst = np.argsort(-blurred, kind="stable")[: SETTINGS.exact // k**2]
            for i in worst[blurred[worst] > self.sharp]:
                flat = self._flat(int(rows[i]))
                found = flat.sphere(levels[i].tolist()) if flat.independent else None
                exists[i] = found is not None
                if found is not None:
                    center, radius[i] = found
                    fixed[i] = center @ c.axes[i, :, :m]
                    # The center has no part in the exact complement.
                    center_error[i] = MARGIN * ((k * np.sqrt(k) + 4) * EPS + 1.5 * turn[i])
                    radius_error[i] = 2.0 * EPS * radius[i]
        return TangentSpheres(
            np.flatnonzero(exists),
            rows[exists],
            fixed[exists],
            radius[exists],
            (center_error + c.skew + 4.0 * EPS)[exists],
            radius_error[exists],
            (1.5 * turn + c.skew)[exists],
        )


@dataclass(frozen=True, eq=False)
class TangentSpheres:
    """Normals w = c + R E u, |u| = 1, of some of the sets, and how far c, R and E may be off."""

    kept: Integers  # (F,): which of the given ones
    rows: Integers  # (F,): which sets
    fixed: Array  # (F, m): c in the first m axes
    radius: Array  # (F,)
    center_error: Array  # (F,)
    radius_error: Array  # (F,)
    basis_error: Array  # (F,)


def _trees(sets: Integers, distances: Array) -> tuple[Integers, Integers]:
    """Minimum spanning trees: the sites in the order they join, and the columns they join at."""
    count, size = sets.shape
    rows = np.arange(count)
    between = distances[sets[:, :, None], sets[:, None, :]]
    order = np.zeros((count, size), dtype=np.intp)
    place = np.zeros((count, size), dtype=np.intp)  # when a column joined
    parents = np.zeros((count, size - 1), dtype=np.intp)
    near, link = between[:, 0].copy(), np.zeros((count, size), dtype=np.intp)
    near[:, 0] = np.inf
    for step in range(1, size):
        new = near.argmin(axis=1)
        order[:, step], place[rows, new] = new, step
        parents[:, step - 1] = place[rows, link[rows, new]]
        joined = between[rows, new]
        closer = joined < near
        closer &= np.isfinite(near)
        link = np.where(closer, new[:, None], link)
        near = np.where(closer, joined, near)
        near[rows, new] = np.inf
    return np.take_along_axis(sets, order, axis=1), parents


def _across(length: Array) -> Array:
    """The other leg of a right triangle with hypotenuse 1."""
    return np.sqrt((1.0 - length) * (1.0 + length))


def _size(matrices: Array) -> Array:
    """Frobenius norms."""
    sizes: Array = np.linalg.norm(matrices, axis=(1, 2))
    return sizes
