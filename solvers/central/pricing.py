r"""Exact pricing of samples under any cost: the largest :math:`|\sum_n l_n [\theta^T x_n]_+|` where
:math:`\Omega(\theta) = 1`.

*Euclidean norm*, :math:`\Omega(\theta) = |S \theta|`.  On the cone of a sign vector with the zeros
T the function is :math:`|A \theta|`, :math:`A = \sum_{n: s_n > 0} l_n x_n^T`.  With a basis B of
:math:`\{\theta: \theta^T x_n = 0, n \in T\}` for which :math:`B^T S^T S B = I`, a maximum inside
of the cone is one on its span: the first right singular vector of A B, if its signs fit.  If biases
are free, S does not see them; then the function is convex in the bias between samples, and only
cones with a sample in T count.

*l1 norm.*  With the coordinates among the vectors :math:`\Omega` is linear on every cone, and a
convex function is largest on a ray: finitely many candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.solvers.central.arrangement import extreme_rays, sign_vectors
from convexden.solvers.central.samples import Samples
from convexden.solvers.hinges import Array, Indices

# By how much the sign of a sample may be missed, relative to the lengths of both vectors.
OFF = 1e-9


@dataclass(frozen=True, eq=False)
class Maxima:
    """Local maxima of the dual constraint.

    Attributes
    ----------
    hinges : (K, D) array
        Of price 1.
    heights : (K,) array
        Largest first.
    faces : (K,) int array
        Where they are.
    """

    hinges: Array
    heights: Array
    faces: Indices


class CentralPricing:
    """The faces of the arrangement of some samples, computed once."""

    name = "exact-central"

    def __init__(self, samples: Samples) -> None:
        """Enumerate them.

        Raises
        ------
        TooLarge
            If they are too many.
        """
        self.samples = samples
        x = samples.vectors
        self._polyhedral = samples.cost.norm == "l1"
        planes = x
        if self._polyhedral:
            # Free biases have no coordinate plane: they are not charged.
            planes = np.vstack([x, self._coordinates()])
        elif np.linalg.matrix_rank(x) < x.shape[1]:
            planes = np.vstack([x, np.eye(x.shape[1])])
        self._planes = planes / np.linalg.norm(planes, axis=1)[:, None]
        if self._polyhedral:
            self.rays = self._priced(extreme_rays(self._planes))
            return
        signs = sign_vectors(self._planes)
        if not samples.cost.bias:
            signs = signs[(signs[:, : len(x)] == 0).any(axis=1)]
        self._signs = signs
        flats, self._flat = np.unique(signs == 0, axis=0, return_inverse=True)
        self._flat = self._flat.reshape(-1)
        self._bases = [self._basis(self._planes[zero]) for zero in flats]
        sizes = np.array([basis.shape[1] for basis in self._bases])[self._flat]
        # Faces of one dimension with their bases (F, D, k), to be looked at together.
        self._groups = [
            (members, np.array([self._bases[i] for i in self._flat[members]]))
            for members in (np.flatnonzero(sizes == size) for size in np.unique(sizes))
        ]
        self.rays = self._priced(self._groups[0][1][:, :, 0])

    def _coordinates(self) -> Array:
        """The linear functions (C, D) whose sizes add up to the l1 price."""
        cost, d = self.samples.cost, self.samples.problem.input_dimension
        rows = np.eye(d, d + 1)
        return np.vstack([rows, np.append(cost.point(d), 1.0)]) if cost.bias else rows

    def _stretch(self) -> Array:
        """The S (., D) of the Euclidean price."""
        cost, d = self.samples.cost, self.samples.problem.input_dimension
        rows = np.eye(d, d + 1)
        last = cost.bias * np.append(cost.point(d), 1.0)
        return np.vstack([rows, last]) if cost.bias else rows

    def _basis(self, zero: Array) -> Array:
        """The B (D, k) where these vectors vanish."""
        dimension = self._planes.shape[1]
        if not len(zero):
            null = np.eye(dimension)
        else:
            _, sizes, rows = np.linalg.svd(zero)
            null = rows[int((sizes > OFF).sum()) :].T
        triangle = np.linalg.qr(self._stretch() @ null)[1]
        basis: Array = np.linalg.solve(triangle.T, null.T).T
        return basis

    def _priced(self, rays: Array) -> Array:
        """Both directions of rays, at price 1; without those that cost nothing."""
        rays = np.concatenate([rays, -rays])
        prices = self.samples.prices(rays)
        kept = prices > OFF
        rays = np.unique(np.round(rays[kept] / prices[kept, None], 13), axis=0)
        found: Array = rays / self.samples.prices(rays)[:, None]
        return found

    def values(self, hinges: Array, multipliers: Array) -> Array:
        """The dual constraint (K,) at hinges of price 1."""
        active = np.maximum(hinges @ self.samples.vectors.T, 0.0)
        return np.linalg.norm(active @ multipliers, axis=1)

    def maxima(self, multipliers: Array) -> Maxima:
        """All local maxima of multipliers (N, p)."""
        if self._polyhedral:
            heights = self.values(self.rays, multipliers)
            order = np.argsort(-heights, kind="stable")
            return Maxima(self.rays[order], heights[order], order)
        x = self.samples.vectors
        n, p = multipliers.shape
        terms = (multipliers[:, :, None] * x[:, None, :]).reshape(n, -1)
        sums = ((self._signs[:, :n] > 0) @ terms).reshape(-1, p, x.shape[1])
        hinges, faces = [], []
        for members, bases in self._groups:
            first = np.linalg.svd(sums[members] @ bases)[2][:, 0]
            found = (bases @ first[:, :, None])[:, :, 0]
            signs = self._signs[members]
            sides = found @ self._planes.T * signs
            limit = -OFF * np.linalg.norm(found, axis=1)
            for turn in (1.0, -1.0):
                fits = (turn * sides).min(axis=1) >= limit
                hinges.append(turn * found[fits])
                faces.append(members[fits])
        every, where = np.concatenate(hinges), np.concatenate(faces)
        heights = self.values(every, multipliers)
        order = np.argsort(-heights, kind="stable")
        return Maxima(every[order], heights[order], where[order])

    def face(self, index: int) -> tuple[Array, Array]:
        """Which samples are active on a face (N,), and its basis (D, k)."""
        signs = self._signs[index, : len(self.samples.problem)]
        return (signs > 0).astype(float), self._bases[self._flat[index]]

    @property
    def polyhedral(self) -> bool:
        """Whether the rays are all that counts."""
        return self._polyhedral
