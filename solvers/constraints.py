r"""The interpolation constraints as rows of a linear system, with the affine part eliminated.

A hinge (w, b, D) with z_n = w.y_n + b enters the value at site n with D_n z_n and the Jacobian on
ball n with D_n w; the skip connection V and the offset c enter every row as well.  They are removed
by row combinations that vanish on affine functions, so that what remains is

    sum_k psi_k a_k^T = T,        psi_k in R^M,  T in R^{M x p},

and multipliers Z of these M rows satisfy the dual equalities identically.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod

import numpy as np
import scipy.linalg
from scipy import sparse
from scipy.spatial import Delaunay, QhullError
from scipy.spatial.distance import cdist

from convexden.clock import UNLIMITED, Clock
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Flags, Hinges, Indices, spanning_tree

# Units of rounding, of the terms of a reduced target, below which the target may be zero.
_ROUNDING = 8.0
_DENSE = 100  # sites up to which a sparse matrix costs more than its zeros


class Constraints(ABC):
    """Reduced rows of a problem.

    Attributes
    ----------
    problem : Interpolation
    targets : (M, p) array
        The right-hand sides T.
    softness : float
        0 where the rows are equations; if it is s > 0, errors of the rows are allowed, and half
        their squares, over s, are charged for.
    clock : Clock
        Of the run that the rows are for.
    """

    problem: Interpolation
    targets: Array
    softness: float = 0.0
    clock: Clock = UNLIMITED

    @property
    def affine(self) -> bool:
        """Whether the targets are affine as far as the rows tell; then no hinge is needed."""
        return bool((np.abs(self.targets) <= self._target_rounding()).all())

    def features(self, hinges: Hinges) -> Array:
        """Reduced rows psi (K, M) of the hinges."""
        return self._rows(hinges.patterns, hinges.normals, hinges.biases)

    def moving_features(self, hinges: Hinges, directions: Array) -> Array:
        """Derivative (K, M) of the features when the normals move in directions (K, d) and the
        hinges keep touching their pivots."""
        biases = -np.sum(directions * self.problem.centers[hinges.pivots], axis=1)
        return self._rows(hinges.patterns, directions, biases)

    def multipliers(self, reduced: Array) -> tuple[Array, Array]:
        """Multipliers (M, p) of the reduced rows -> values (N, p) and Jacobians (N, p, d)."""
        return self._expanded(reduced)

    def network(self, hinges: Hinges, weights: Array) -> ShallowNetwork:
        """The network of these hinges with output weights (K, p), which satisfy the rows, and the
        affine part that they leave to the skip connection and the offset."""
        problem, d = self.problem, self.problem.input_dimension
        balls = np.flatnonzero(problem.radii > 0)
        active = hinges.patterns.astype(float)
        residual = problem.targets - (active * hinges.offsets(problem)).T @ weights
        slopes = -np.einsum("kn,kp,kd->ndp", active[:, balls], weights, hinges.normals)
        affine = np.column_stack([np.ones(len(problem)), problem.centers])
        unit = np.column_stack([np.zeros(d), np.eye(d)])
        rows = np.concatenate([affine, np.tile(unit, (balls.size, 1))])
        right = np.concatenate([residual, slopes.reshape(-1, problem.output_dimension)])
        solution = np.linalg.lstsq(rows, right, rcond=None)[0]
        return ShallowNetwork(weights, hinges.normals, hinges.biases, solution[1:].T, solution[0])

    def _target_rounding(self) -> Array:
        """Bounds (M, p) on the rounding errors of zeros among the targets."""
        return np.zeros_like(self.targets)  # differences of equal numbers have none

    @abstractmethod
    def _rows(self, patterns: Flags, normals: Array, biases: Array) -> Array: ...

    @abstractmethod
    def _expanded(self, reduced: Array) -> tuple[Array, Array]: ...


def constraints(problem: Interpolation, clock: Clock = UNLIMITED) -> Constraints:
    """The rows that suit the problem: a tree if it has balls, stencils if it has samples only."""
    balls = (problem.radii > 0).any()
    rows = BallConstraints(problem) if balls else SampleConstraints(problem)
    rows.clock = clock
    return rows


class BallConstraints(Constraints):
    r"""Differences along a minimum spanning tree of the balls; samples hang on their nearest ball.

    For an edge (m, n) of balls with midpoint e and :math:`\Delta = y_n - y_m` the rows are
    :math:`(v_n - v_m - \frac12 (J_m + J_n) \Delta) / |\Delta|` and :math:`J_n - J_m`; for a sample
    n = e on ball m only the value, with :math:`J_m` for the mean.  A hinge enters them with

        (D_n - D_m) (w.e + b) / |Delta|   and   (D_n - D_m) w:

    not at all if it does not separate m and n.  The system is sparse, its multipliers of order one.
    """

    def __init__(self, problem: Interpolation) -> None:
        self.problem = problem
        centers = problem.centers
        balls = np.flatnonzero(problem.radii > 0)
        samples = np.flatnonzero(problem.radii == 0)
        first, second = spanning_tree(centers[balls])
        nearest = balls[cdist(centers[samples], centers[balls]).argmin(axis=1)]
        self._edges = len(first)
        self._from: Indices = np.concatenate([balls[first], nearest])
        self._to: Indices = np.concatenate([balls[second], samples])
        steps = centers[self._to] - centers[self._from]
        self._lengths: Array = np.linalg.norm(steps, axis=1)
        self._directions: Array = steps / self._lengths[:, None]
        self._points: Array = centers[self._to].copy()
        self._points[: self._edges] -= steps[: self._edges] / 2
        jumps = (problem.targets[self._to] - problem.targets[self._from]) / self._lengths[:, None]
        flat = np.zeros((self._edges * problem.input_dimension, problem.output_dimension))
        self.targets = np.concatenate([jumps, flat])

    def _rows(self, patterns: Flags, normals: Array, biases: Array) -> Array:
        signs = patterns[:, self._to].astype(float) - patterns[:, self._from]
        offsets = normals @ self._points.T + biases[:, None]
        slopes = signs[:, : self._edges, None] * normals[:, None, :]
        flat = slopes.reshape(len(normals), self._edges * normals.shape[1])
        return np.concatenate([signs * offsets / self._lengths, flat], axis=1)

    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        n, d, p = len(self.problem), self.problem.input_dimension, reduced.shape[1]
        values, jacobians = np.zeros((n, p)), np.zeros((n, p, d))
        jump = reduced[: len(self._to)]
        slope = reduced[len(self._to) :].reshape(self._edges, d, p).transpose(0, 2, 1)
        scaled = jump / self._lengths[:, None]
        np.add.at(values, self._to, scaled)
        np.add.at(values, self._from, -scaled)
        lever = jump[:, :, None] * self._directions[:, None, :]
        edges, hung = slice(0, self._edges), slice(self._edges, None)
        np.add.at(jacobians, self._to[edges], slope - lever[edges] / 2)
        np.add.at(jacobians, self._from[edges], -slope - lever[edges] / 2)
        np.add.at(jacobians, self._from[hung], -lever[hung])
        return values, jacobians


class SampleConstraints(Constraints):
    r"""Samples only: each is compared with the affine function through three neighbours.

    Triangles of the Delaunay triangulation are visited one next to the other, those with the
    mildest extrapolation first; a sample v that a triangle (i, j, k) adds to those seen before
    gives the row :math:`(v_v - \beta_i v_i - \beta_j v_j - \beta_k v_k) / \ell` with the
    barycentric coordinates :math:`\beta` of v and its distance :math:`\ell` to the triangle's
    centroid.  A hinge that does not separate the four enters with exactly zero.  Samples without
    a triangulation get an orthonormal, dense complement of the affine functions instead.
    """

    def __init__(self, problem: Interpolation) -> None:
        self.problem = problem
        basis = _stencils(problem.centers)
        if basis is None:
            self._basis = _complement(problem.centers)
        else:
            self._basis = basis.toarray() if len(problem) <= _DENSE else basis
        self._members = (self._basis != 0).astype(float)
        self._sizes = np.asarray(self._members.sum(axis=0)).ravel()
        self.targets = self._basis.T @ problem.targets

    def _target_rounding(self) -> Array:
        terms = np.abs(self._basis).T @ np.abs(self.problem.targets)
        return np.asarray(_ROUNDING * np.finfo(float).eps * terms)

    def _rows(self, patterns: Flags, normals: Array, biases: Array) -> Array:
        offsets = normals @ self.problem.centers.T + biases[:, None]
        counts = patterns.astype(float) @ self._members
        separated = (counts > 0) & (counts < self._sizes)
        return np.where(separated, (patterns * offsets) @ self._basis, 0.0)

    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        values = self._basis @ reduced
        return values, np.zeros((*values.shape, self.problem.input_dimension))


def _stencils(points: Array) -> sparse.csr_array | None:
    """The row combinations (N, N - 3) of `SampleConstraints`; None without a triangulation."""
    if points.shape[1] != 2:
        return None
    try:
        mesh = Delaunay(points)
    except QhullError:
        return None
    simplices, neighbors = mesh.simplices, mesh.neighbors
    corners = points[simplices]
    sides = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    areas = np.abs(np.linalg.det(sides))  # 0 where the elimination below would fail
    first = int(areas.argmax())
    # Across every side of every triangle: the corner beyond, and its barycentric coordinates.
    triangles, across = np.nonzero((neighbors >= 0) & (areas > 0)[:, None])
    beyond = neighbors[triangles, across]
    apexes = simplices[beyond][neighbors[beyond] == triangles[:, None]]
    # Elimination, not the inverse: however thin the triangle, the row then vanishes on the affine
    # functions to rounding.
    steps = points[apexes] - corners[triangles, 0]
    solved = np.linalg.solve(sides[triangles], steps[:, :, None])[:, :, 0]
    coordinates = np.column_stack([1.0 - solved.sum(axis=1), solved])
    costs = np.abs(coordinates).sum(axis=1)
    doors: list[list[int]] = [[] for _ in simplices]
    for door, triangle in enumerate(triangles):
        doors[triangle].append(door)

    seen, visited = np.zeros(len(points), dtype=bool), np.zeros(len(simplices), dtype=bool)
    seen[simplices[first]] = visited[first] = True
    queue = [(costs[door], door) for door in doors[first]]
    heapq.heapify(queue)
    taken = []
    while queue:
        door = heapq.heappop(queue)[1]
        if visited[beyond[door]]:
            continue
        visited[beyond[door]] = True
        if not seen[apexes[door]]:
            seen[apexes[door]] = True
            taken.append(door)
        for further in doors[beyond[door]]:
            if not visited[beyond[further]]:
                heapq.heappush(queue, (costs[further], further))
    if not seen.all():
        return None
    lengths = np.linalg.norm(
        points[apexes[taken]] - corners[triangles[taken]].mean(axis=1), axis=1
    )[:, None]
    sites = np.column_stack([apexes[taken], simplices[triangles[taken]]])
    combinations = np.column_stack([1 / lengths, -coordinates[taken] / lengths])
    columns = np.repeat(np.arange(len(taken)), 4)
    shape = (len(points), len(taken))
    return sparse.csr_array((combinations.ravel(), (sites.ravel(), columns)), shape=shape)


def _complement(points: Array) -> Array:
    affine = np.column_stack([np.ones(len(points)), points])
    return np.asarray(scipy.linalg.null_space(affine.T))
