"""Face-aligned networks of tetrahedra: geometry, ramps between two edges, multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.geometry.directions import max_margin_direction
from convexden.theorems._median import weighted_geometric_median

Array = NDArray[np.float64]

# The splits of four vertices into two edges.
PAIRS = ((0, 1), (0, 2), (0, 3))
# Price of the free parts of the slopes, against what the edge-pair ramps see: at the regular
# tetrahedron one direction is free that the pairs do not see, and near it they hardly do.
_RIDGE = 1e-2
# Slack of a ramp between edges, as a share of its price, below which it counts as tight.
_TIGHT = 1e-4
# Slack below which the hinges of such a ramp have to be stationary as much as opposite.
_TURNING = 1e-2
# Share of its barycentric coordinates by which a foot is inside a face for sure.
_INSIDE = 1e-9


@dataclass(frozen=True, eq=False)
class Tetrahedron:
    r"""A tetrahedron with balls of one radius at its vertices; face k is opposite to vertex k.

    Attributes
    ----------
    vertices : (4, 3) array
    radius : float
    heights : (4,) array
    normals : (4, 3) array
        Inward unit normals of the faces.
    shares : (4, 4) array
        The barycentric coordinates of the foot of each altitude.
    """

    vertices: Array
    radius: float
    heights: Array
    normals: Array
    shares: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, vertices: Array, radius: float) -> Tetrahedron:
        """That with these vertices (4, 3), which must span the space."""
        barycentric = np.linalg.inv(np.column_stack([vertices, np.ones(4)]))
        gradients = barycentric[:3].T
        heights = 1 / np.sqrt((gradients * gradients).sum(axis=1))
        normals = gradients * heights[:, None]
        feet = vertices - heights[:, None] * normals
        shares = np.column_stack([feet, np.ones(4)]) @ barycentric
        return cls(vertices, radius, heights, normals, shares)

    @property
    def feet_inside(self) -> bool:
        """Whether every altitude meets the inside of its face."""
        return bool((self.shares + np.eye(4) > _INSIDE).all())

    @cached_property
    def prices(self) -> Array:
        r"""The :math:`\omega_k = 1 / (d_k - 2 \rho)`."""
        return 1 / (self.heights - 2 * self.radius)

    @cached_property
    def center(self) -> Array:
        """The median of the vertices with these weights."""
        return weighted_geometric_median(self.vertices, self.prices)

    @cached_property
    def units(self) -> Array:
        """The directions (4, 3) from the center to the vertices; not a number if it is one."""
        arms = self.vertices - self.center
        lengths = np.sqrt((arms * arms).sum(axis=1, keepdims=True))
        return np.asarray(arms / np.where(lengths > 0, lengths, np.nan))

    @cached_property
    def pairs(self) -> tuple[Array, Array]:
        """The directions (3, 3) and the margins (3,) between the edges of each split."""
        normals, margins = [], []
        size = float(np.ptp(self.vertices, axis=0).max())
        for pair in PAIRS:
            active = np.isin(np.arange(4), pair)
            sides = np.where(active, 1, -1).astype(np.int8)
            normal = max_margin_direction(self.vertices / size, np.zeros(4), sides)
            along = self.vertices @ normal
            normals.append(normal)
            margins.append(along[active].min() - along[~active].max())
        return np.array(normals), np.array(margins)

    @property
    def pair_values(self) -> Array:
        r"""What the ramps between two edges are worth (3,), less than 1 if they do not pay:
        :math:`|\omega_i v_i + \omega_j v_j| (m_{ij} - 2 \rho)`."""
        pulls = self.prices[:, None] * self.units
        sums = np.array([pulls[list(pair)].sum(axis=0) for pair in PAIRS])
        rooms = self.pairs[1] - 2 * self.radius
        return np.asarray(np.sqrt((sums * sums).sum(axis=1)) * rooms)

    def multipliers(self) -> tuple[Array, Array]:
        """The values (4, 3) and the slopes (4, 3, 3) of `face_aligned_tetrahedron.closed_form`."""
        values = 2 * self.prices[:, None] * self.units
        slopes = -(self.prices * self.heights)[:, None, None] * _outer(self.units, self.normals)
        across = np.stack([_complement(unit) for unit in self.units])
        along = np.stack([_complement(normal) for normal in self.normals])
        # A free part of vertex k is a matrix from a direction along its face to one across v_k.
        free = np.einsum("kap,kbd->kabpd", across, along).reshape(4, 4, 3, 3)
        every = free.reshape(16, 9).T
        short = (values.T @ self.vertices + slopes.sum(axis=0)).ravel()
        start = np.linalg.lstsq(every, -short, rcond=None)[0]
        kernel = np.linalg.svd(every)[2][9:].T
        sees, seen = self._pair_rows(free, values, slopes)
        matrix = np.concatenate([sees, _RIDGE * np.eye(16)])
        wanted = -np.concatenate([seen, np.zeros(16)])
        steps = np.linalg.lstsq(matrix @ kernel, wanted - matrix @ start, rcond=None)[0]
        shares = (start + kernel @ steps).reshape(4, 4)
        return values, slopes + np.einsum("kj,kjpd->kpd", shares, free)

    def _pair_rows(self, free: Array, values: Array, slopes: Array) -> tuple[Array, Array]:
        """What the ramps between edges see of the free parts (15, 16) and of the rest (15,), which
        should add up to zero: the more so, the closer a ramp is to its price."""
        rows, rest = [], []
        for pair, normal, margin, worth in zip(PAIRS, *self.pairs, self.pair_values, strict=True):
            mine = np.isin(np.arange(4), pair)
            pull = (self.prices[:, None] * self.units)[mine].sum(axis=0)
            pull /= np.linalg.norm(pull)
            ours, others = self.vertices[mine], self.vertices[~mine]
            sum_free = np.where(mine[:, None, None, None], free, 0.0).reshape(16, 3, 3)
            sum_slopes = slopes[mine].sum(axis=0)
            weight = 1 / (1 - min(worth, 1.0) + _TIGHT)
            turning = weight * min(1.0, _TURNING * weight)
            # The middle of the ramp sees 0 if its two hinges see opposite vectors.
            rows.append(weight * (sum_free @ normal).T)
            rest.append(weight * (margin / 2 * values[mine].sum(axis=0) + sum_slopes @ normal))
            # Its hinges are stationary as they turn about the balls that they touch.
            for touched in (ours, others):
                turn = np.cross(normal, touched[1] - touched[0])
                turn /= np.linalg.norm(turn)
                shift = (ours - touched[0]) @ turn @ values[mine]
                rows.append(turning * (sum_free @ turn @ pull)[None])
                rest.append(turning * np.array([pull @ (shift + sum_slopes @ turn)]))
        return np.concatenate(rows), np.concatenate(rest)


def _outer(left: Array, right: Array) -> Array:
    """The products (K, p, d) of vectors (K, p) and (K, d)."""
    return np.asarray(left[:, :, None] * right[:, None, :])


def _complement(vector: Array) -> Array:
    """Two orthonormal vectors (2, 3) across a vector (3,)."""
    return np.asarray(np.linalg.svd(vector[None])[2][1:])
