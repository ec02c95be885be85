r"""The interpolation constraints as rows of a linear system, with the affine part eliminated.

A hinge (w, b, D) with z_n = w.y_n + b enters the value at site n with D_n z_n and the Jacobian on
ball n with D_n w; the skip connection V and the offset c enter every row as well.  They are removed
by row combinations that vanish on affine functions, so that what remains is

    sum_k psi_k a_k^T = T,        psi_k in R^M,  T in R^{M x p},

and multipliers Z of these M rows satisfy the dual equalities identically.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist

from convexden.arithmetic.float64 import EPS
from convexden.arithmetic.two_part import TwoPart
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, spanning_tree
from convexden.solvers.stencils import rows_of, stencils
from convexden.tolerances import TOUCH_ROUNDING


@dataclass(frozen=True)
class ConstraintSettings:
    """How the rows are computed where floats are not enough."""

    rounding: float = 8.0
    """Units of rounding, of the terms of a reduced target, below which the target may be zero: a
    few for each of the subtractions that reduce it."""

    near: float = 1e-3
    """Offsets of sites from hinges, in spreads, below which they are computed again from the
    pivot: above, the rounding of a bias costs fewer than four digits."""

    narrow: float = 1e-4
    """Gaps between sites, in spreads, from which on two floats a number count: features are their
    inverses, and 1e-4 leaves twelve digits."""

    dense: int = 100
    """Sites up to which a sparse matrix costs more than its zeros."""


SETTINGS = ConstraintSettings()


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
        return self._rows(hinges.patterns, hinges.normals, hinges.biases, hinges.pivots)

    def sparse_features(self, hinges: Hinges) -> sparse.csr_array:
        """The same as a sparse matrix."""
        return sparse.csr_array(self.features(hinges))

    def moving_features(self, hinges: Hinges, directions: Array) -> Array:
        """Derivative (K, M) of the features when the normals move in directions (K, d) and the
        hinges keep touching their pivots."""
        biases = -np.sum(directions * self.problem.centers[hinges.pivots], axis=1)
        return self._rows(hinges.patterns, directions, biases, hinges.pivots)

    def features_and_derivatives(
        self, hinges: Hinges, owners: Indices, directions: Array
    ) -> tuple[Array, Array]:
        """`features` (K, M) and the `moving_features` (F, M) of the hinges with indices `owners` in
        these directions (F, d), in one go."""
        every = np.concatenate([np.arange(len(hinges)), owners])
        pivots = hinges.pivots[every]
        moving = -np.sum(directions * self.problem.centers[pivots[len(hinges) :]], axis=1)
        rows = self._rows(
            hinges.patterns[every],
            np.concatenate([hinges.normals, directions]),
            np.concatenate([hinges.biases, moving]),
            pivots,
        )
        return rows[: len(hinges)], rows[len(hinges) :]

    def multipliers(self, reduced: Array) -> tuple[Array, Array]:
        """Multipliers (M, p) of the reduced rows -> values (N, p) and Jacobians (N, p, d)."""
        return self._expanded(reduced)

    def misfit(self, missed: Array) -> float:
        """By how much, in spreads, a network misses targets whose rows it misses by so much (M, p):
        here as much."""
        return float(np.abs(missed).max(initial=0.0))

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
        # Next to contact weights are large, and each digit of the affine part counts.
        solution += np.linalg.lstsq(rows, right - rows @ solution, rcond=None)[0]
        biases = TwoPart.of(hinges.biases)
        if self.narrow:
            biases = touching_biases(problem, hinges, self._gaps)
        return ShallowNetwork(
            weights,
            hinges.normals,
            biases.high,
            solution[1:].T,
            solution[0],
            biases_low=biases.low,
        )

    def exact_multipliers(self, reduced: Array) -> tuple[TwoPart, TwoPart]:
        """The same as sums of two floats, with low parts where sites nearly meet."""
        return self._expanded_twice(reduced)

    @cached_property
    def _gaps(self) -> Array:
        """The gap (N,) between each site and the next one that it does not meet."""
        problem = self.problem
        gaps = cdist(problem.centers, problem.centers) - problem.radii - problem.radii[:, None]
        # No hinge lies between sites that meet, each with itself among them.
        return np.asarray(np.where(gaps > 0.0, gaps, np.inf).min(axis=1))

    @property
    def least_gap(self) -> float:
        """The room between the two sites that are closest without meeting."""
        return float(self._gaps.min())

    @property
    def narrow(self) -> bool:
        """Whether some sites are so close that one rounding counts."""
        return self.least_gap < SETTINGS.narrow

    def _target_rounding(self) -> Array:
        """Bounds (M, p) on the rounding errors of zeros among the targets."""
        return np.zeros_like(self.targets)  # differences of equal numbers have none

    @abstractmethod
    def _rows(self, patterns: Flags, normals: Array, biases: Array, pivots: Indices) -> Array:
        """The coefficients (K, M) of the rows for hinges of weight one."""

    @abstractmethod
    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        """Values (N, p) and Jacobians (N, p, d) from the multipliers of the rows."""

    def _expanded_twice(self, reduced: Array) -> tuple[TwoPart, TwoPart]:
        """The same as sums of two floats."""
        values, jacobians = self._expanded(reduced)
        return TwoPart.of(values), TwoPart.of(jacobians)


def touching_biases(problem: Interpolation, hinges: Hinges, gaps: Array) -> TwoPart:
    """Biases with which hinges touch sites, or pass through samples, but for a part in 1e30: of the
    sites that they touch up to rounding that with the shortest gap (N,) to others.

    Those that touch none are left as they are.
    """
    w, every = hinges.normals, np.arange(len(hinges))
    pivots = _touched(np.abs(hinges.depths(problem)), gaps)
    projections = TwoPart.of(np.zeros(len(w)))
    for i in range(w.shape[1]):
        projections = projections.plus(TwoPart.product(w[:, i], problem.centers[pivots, i]))
    square = TwoPart.product(w.T, w.T).total()
    roots = np.sqrt(square.high)
    rest = square.minus(TwoPart.product(roots, roots)).high / (2 * roots)
    sides = np.where(hinges.patterns[every, pivots], 1.0, -1.0)
    reach = TwoPart.sum(roots, rest).times(TwoPart.of(sides * problem.radii[pivots]))
    touched = reach.minus(projections)
    return touched.where(pivots >= 0, TwoPart.of(hinges.biases))


def _touched(distances: Array, gaps: Array) -> Indices:
    """The site that each hinge touches (K,), of several the one with the shortest gap to others; -1
    for none.

    Parameters
    ----------
    distances : (K, N) array
        Of hinges and sites.
    gaps : (N,) array
        Between each site and the next one.
    """
    candidates = np.where(distances > TOUCH_ROUNDING, np.inf, gaps)
    shortest = candidates.min(axis=1, keepdims=True)
    # Of two that are next to each other the one that is touched.
    found = np.where(candidates <= 2.0 * shortest, distances, np.inf).argmin(axis=1)
    return np.where(np.isfinite(shortest[:, 0]), found, -1)


def constraints_of(problem: Interpolation, clock: Clock = UNLIMITED) -> Constraints:
    """The rows that suit the problem: a tree if it has balls, stencils if it has samples only."""
    balls = (problem.radii > 0).any()
    found = BallConstraints(problem) if balls else SampleConstraints(problem)
    found.clock = clock
    return found


class BallConstraints(Constraints):
    r"""Differences along a minimum spanning tree of the balls; samples hang on their nearest ball.

    For an edge (m, n) of balls with midpoint e and :math:`\Delta = y_n - y_m` the rows are
    :math:`(v_n - v_m - \frac12 (J_m + J_n) \Delta) / |\Delta|` and :math:`J_n - J_m`; for a sample
    n = e on ball m only the value, with :math:`J_m` for the mean.  A hinge enters them with

        (D_n - D_m) (w.e + b) / |Delta|   and   (D_n - D_m) w:

    not at all if it does not separate m and n.  The system is sparse, its multipliers of order one.
    """

    def __init__(self, problem: Interpolation) -> None:
        """Find the tree, and the differences of the targets along it."""
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

    def misfit(self, missed: Array) -> float:
        """See `Constraints.misfit`."""
        jumps = np.abs(missed[: len(self._lengths)]) * self._lengths[:, None]
        slopes = np.abs(missed[len(self._lengths) :])
        return float(max(jumps.max(), slopes.max(initial=0.0)))

    def _rows(self, patterns: Flags, normals: Array, biases: Array, pivots: Indices) -> Array:
        """The coefficients (K, M) of the rows for hinges of weight one."""
        signs = patterns[:, self._to].astype(float) - patterns[:, self._from]
        offsets = normals @ self._points.T + biases[:, None]
        slopes = signs[:, : self._edges, None] * normals[:, None, :]
        flat = slopes.reshape(len(normals), self._edges * normals.shape[1])
        return np.concatenate([signs * offsets / self._lengths, flat], axis=1)

    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        """Values (N, p) and Jacobians (N, p, d) from the multipliers of the rows."""
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
    r"""Samples only: each is compared with the affine function through its neighbors.

    A stencil (see `stencils`) of sample v gives the row
    :math:`(v_v - \sum_i \beta_i v_i) / \ell`, with the distance :math:`\ell` of v from the nearest
    corner.  As :math:`z_v = \sum_i \beta_i z_i`, a hinge enters it with

    .. math:: \sum_{i: D_i = 0} \beta_i z_i / \ell \text{ if } D_v = 1, \qquad
        -\sum_{i: D_i = 1} \beta_i z_i / \ell \text{ if } D_v = 0:

    nothing cancels, however near v is to the corner, and a hinge that does not separate them enters
    with exactly zero.
    """

    def __init__(self, problem: Interpolation) -> None:
        """Find the neighbors, and the differences of the targets from them."""
        self.problem = problem
        found = self._stencils = stencils(problem.centers)
        m, n = found.corners.shape[0], len(problem)
        shares = found.coefficients / found.lengths[:, None]
        columns = np.repeat(np.arange(m), shares.shape[1])
        entries = (shares.ravel(), (found.corners.ravel(), columns))
        corners = sparse.csr_array(entries, shape=(n, m))
        alone = sparse.csr_array((1 / found.lengths, (found.samples, np.arange(m))), shape=(n, m))
        basis = alone - corners
        few = n <= SETTINGS.dense
        self._samples, self._lengths = found.samples, found.lengths
        self._corners = corners.toarray() if few else corners
        self._basis = basis.toarray() if few else basis
        jumps = problem.targets[found.corners] - problem.targets[found.samples][:, None]
        self.targets = -np.einsum("mc,mcp->mp", shares, jumps)
        self._terms: Array = np.einsum("mc,mcp->mp", np.abs(shares), np.abs(jumps))

    def _target_rounding(self) -> Array:
        """See `Constraints`."""
        return np.asarray(SETTINGS.rounding * EPS * self._terms)

    def misfit(self, missed: Array) -> float:
        """See `Constraints.misfit`."""
        return float((np.abs(missed) * self._lengths[:, None]).max(initial=0.0))

    def _rows(self, patterns: Flags, normals: Array, biases: Array, pivots: Indices) -> Array:
        """The coefficients (K, M) of the rows for hinges of weight one."""
        offsets = self._offsets(normals, biases, pivots)
        active = np.where(patterns, offsets, 0.0) @ self._corners
        inactive = np.where(patterns, 0.0, offsets) @ self._corners
        return np.where(patterns[:, self._samples], inactive, -active)

    def sparse_features(self, hinges: Hinges) -> sparse.csr_array:
        """See `Constraints`: of many samples a hinge separates few from their neighbors."""
        centers = self.problem.centers
        through = np.sum(hinges.normals * centers[hinges.pivots], axis=1) + hinges.biases
        few = len(self.problem) <= SETTINGS.dense
        if few or self.narrow or not (np.abs(through) <= TOUCH_ROUNDING).all():
            return super().sparse_features(hinges)
        return rows_of(self._stencils, centers, hinges)

    def _offsets(self, normals: Array, biases: Array, pivots: Indices) -> Array:
        """The z (K, N); near a pivot that the hinge passes through, to the rounding of the distance
        from it."""
        centers = self.problem.centers
        offsets = normals @ centers.T + biases[:, None]
        if self.narrow:
            pivots = _touched(np.abs(offsets), self._gaps)
        through = np.abs(offsets[np.arange(len(pivots)), pivots]) <= TOUCH_ROUNDING
        near = np.nonzero((np.abs(offsets) < SETTINGS.near) & (through & (pivots >= 0))[:, None])
        steps = centers[near[1]] - centers[pivots[near[0]]]
        offsets[near] = np.einsum("kd,kd->k", normals[near[0]], steps)
        return np.asarray(offsets)

    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        """Values (N, p) and Jacobians (N, p, d) from the multipliers of the rows."""
        values = self._basis @ reduced
        return values, np.zeros((*values.shape, self.problem.input_dimension))

    def _expanded_twice(self, reduced: Array) -> tuple[TwoPart, TwoPart]:
        """With the sum of a stencil's coefficients, and so of its multipliers, exact."""
        if not self.narrow:
            return super()._expanded_twice(reduced)
        found = self._stencils
        shares = TwoPart.of(reduced).over(TwoPart.of(found.lengths[:, None]))
        others = [
            shares.times(TwoPart.of(-found.coefficients[:, [j]]))
            for j in range(1, found.corners.shape[1])
        ]
        nearest = shares
        for other in others:
            nearest = nearest.plus(other)
        terms = TwoPart.join(shares, nearest.negative(), *others)
        sites = np.concatenate([found.samples, found.corners.T.ravel()])
        values = _summed(terms, sites, len(self.problem))
        shape = (*values.high.shape, self.problem.input_dimension)
        return values, TwoPart.of(np.zeros(shape))


def _summed(terms: TwoPart, sites: Indices, count: int) -> TwoPart:
    """Sums (count, p) of the terms (T, p) of each site."""
    order = np.argsort(sites, kind="stable")
    counts = np.bincount(sites, minlength=count)
    places = np.arange(len(sites)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.zeros((2, int(counts.max()), count, terms.high.shape[1]))
    table[:, places, sites[order]] = np.stack(terms)[:, order]
    return TwoPart(*table).total()
