"""Hinges on a problem: their activation patterns, their place on a face, and when two are one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from convexden.problem import Interpolation

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]

# With the coordinates exchanged, a vector of the plane times these is turned by a right angle.
_QUARTER: Array = np.array([-1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Hinges:
    """K hinges {w.y + b = 0} with |w| = 1 and the sites on their active sides.

    Attributes
    ----------
    normals : (K, d) array
    biases : (K,) array
    patterns : (K, N) bool array
    pivots : (K,) int array
        A site to which the hinge is tangent (or through which it passes).
    faces : (K,) int array
        The face of the pricing problem on which the hinge lies: it may move on it and keep its
        pattern and its pivot.
    free : (K,) bool array
        Whether it lies inside its face; otherwise further sites hold it.
    """

    normals: Array
    biases: Array
    patterns: Flags
    pivots: Indices
    faces: Indices
    free: Flags

    def __len__(self) -> int:
        """The number of hinges."""
        return len(self.biases)

    def __getitem__(self, index: Indices | Flags | slice) -> Hinges:
        """Some of the hinges."""
        return Hinges(
            self.normals[index],
            self.biases[index],
            self.patterns[index],
            self.pivots[index],
            self.faces[index],
            self.free[index],
        )

    def __add__(self, other: Hinges) -> Hinges:
        """The hinges of both."""
        return Hinges(
            np.concatenate([self.normals, other.normals]),
            np.concatenate([self.biases, other.biases]),
            np.concatenate([self.patterns, other.patterns]),
            np.concatenate([self.pivots, other.pivots]),
            np.concatenate([self.faces, other.faces]),
            np.concatenate([self.free, other.free]),
        )

    def offsets(self, problem: Interpolation) -> Array:
        """z_kn = w_k.y_n + b_k, (K, N)."""
        z: Array = self.normals @ problem.centers.T + self.biases[:, None]
        return z

    def depths(self, problem: Interpolation) -> Array:
        """By how much the hinges cut the balls, or leave them on the wrong side, (K, N)."""
        z = self.offsets(problem)
        depths: Array = problem.radii - np.where(self.patterns, z, -z)
        return depths


class GrowingHinges:
    """Hinges to which a few are added again and again, without a copy of all."""

    def __init__(self, first: Hinges, added: Hinges | None = None) -> None:
        """Begin with these."""
        self._first = first
        self._added = first[:0] if added is None else added

    def __len__(self) -> int:
        """The number of hinges."""
        return len(self._first) + len(self._added)

    def __add__(self, more: Hinges) -> GrowingHinges:
        """These, and some more at the end."""
        return GrowingHinges(self._first, self._added + more)

    def __getitem__(self, index: Indices) -> Hinges:
        """Some of the hinges."""
        early = index < len(self._first)
        places = np.empty(len(index), dtype=np.intp)
        places[np.flatnonzero(early)] = np.arange(early.sum())
        places[np.flatnonzero(~early)] = np.arange(early.sum(), len(index))
        found = self._first[index[early]] + self._added[index[~early] - len(self._first)]
        return found[places]


def no_hinges(problem: Interpolation) -> Hinges:
    """None of them."""
    n, d = problem.centers.shape
    none = np.zeros(0, dtype=np.intp)
    flags = np.zeros(0, dtype=bool)
    return Hinges(np.zeros((0, d)), np.zeros(0), np.zeros((0, n), dtype=bool), none, none, flags)


def distinct(hinges: Hinges, tolerance: float) -> Indices:
    """Indices of hinges that are pairwise further apart than `tolerance`, earlier ones first.

    Two hinges are the same if normal and bias agree up to one common sign: patterns need not be
    compared, because the same line has the same pattern or, turned over, the complementary one.
    """
    lines = np.column_stack([hinges.normals, hinges.biases])
    tree = cKDTree(np.concatenate([lines, -lines]))
    pairs = tree.query_pairs(tolerance, p=np.inf, output_type="ndarray") % len(lines)
    first, second = pairs.min(axis=1), pairs.max(axis=1)
    first, second = first[first != second], second[first != second]
    chosen, undecided = np.zeros(len(lines), dtype=bool), np.ones(len(lines), dtype=bool)
    while undecided.any():
        # Of those not decided yet, who has no earlier neighbor among them stays.
        waits = np.zeros_like(undecided)
        waits[second[undecided[first]]] = True
        stays = undecided & ~waits
        chosen |= stays
        undecided &= ~stays
        undecided[second[stays[first]]] = False
    return np.flatnonzero(chosen)


def quarter_turns(normals: Array) -> Array:
    """Normals (K, 2) of the plane turned by a right angle."""
    return normals[:, ::-1] * _QUARTER


def dual_constraint(
    problem: Interpolation, hinges: Hinges, values: Array, jacobians: Array
) -> Array:
    """The dual constraint |sum_n D_n (l_n z_n + G_n w)| at the hinges, (K,)."""
    active = hinges.patterns.astype(float)
    summed = (active @ jacobians.reshape(len(problem), -1)).reshape(-1, *jacobians.shape[1:])
    columns = (active * hinges.offsets(problem)) @ values
    columns += np.einsum("kpd,kd->kp", summed, hinges.normals)
    heights: Array = np.linalg.norm(columns, axis=1)
    return heights


def spanning_tree(points: Array) -> tuple[Indices, Indices]:
    """The two ends of every edge of a minimum spanning tree of the points, by Prim's method.

    One row of distances is held at a time.
    """
    count = len(points)
    first, second = np.zeros((2, count - 1), dtype=np.intp)
    nearest, distances = np.zeros(count, dtype=np.intp), np.full(count, np.inf)
    outside = np.ones(count, dtype=bool)
    last = 0
    for edge in range(count - 1):
        outside[last] = False
        distances[last] = np.inf
        steps = points - points[last]
        lengths = np.einsum("nd,nd->n", steps, steps)
        closer = outside & (lengths < distances)
        nearest[closer] = last
        distances[closer] = lengths[closer]
        last = int(distances.argmin())
        first[edge], second[edge] = nearest[last], last
    return first, second
