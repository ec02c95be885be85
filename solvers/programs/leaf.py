r"""One activation pattern of a simplex: multipliers that show that |F| is at most one.

As in `relaxed_pattern`, with the pairs of sites on opposite sides alone, which are nearly always
enough.  N sites in N - 1 dimensions allow another view: the forms p_1, ..., p_N of a hinge
determine it, so that they are its coordinates, v = (1, p).  With (1, w, b) = U v, the matrix

    S = E_00 - (F U)^T (F U) + mu (W^T W - E_00) - sum_{mn} lambda_mn sym(e_m e_n^T)
        - sum_n sym(e_n (alpha_n e_0 - W^T beta_n)^T),        W the rows of U that give w,

is to be positive semidefinite.  The multipliers that make its least eigenvalue as large as it can
be, up to a cap, are those of the program over the moments X of v,

    minimize  <E_00 - (F U)^T (F U), X> + c s   subject to   tr X + s = 1,
              <W^T W - E_00, X> = 0,  X_mn >= 0,  (X_0n, W X e_n) in the cone,  X >= 0,  s >= 0.

A product of two forms is a single entry of X, so that the constraints are sparse.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import clarabel
import numpy as np
from scipy import sparse

from convexden.problem import Interpolation
from convexden.solvers.hinges import Array, Flags, Indices

# The least eigenvalue beyond which more is worth nothing.
_CAP = 1.0


class LeafMultipliers(NamedTuple):
    """Multipliers of one pattern.

    Attributes
    ----------
    sphere : float
        mu.
    products : (N, N) array
        lambda, above the diagonal.
    lengths : (N,) array
        alpha.
    tilts : (N, d) array
        beta.
    margin : float
        The least eigenvalue of S.
    """

    sphere: float
    products: Array
    lengths: Array
    tilts: Array
    margin: float


@dataclass(frozen=True, eq=False)
class _Shape:
    """What programs with equally many active sites have in common; the active sites come first."""

    triangle: tuple[Indices, Indices]  # rows and columns of the upper triangle, column by column
    weights: Array  # of the triangle, so that products are those of the matrices
    pairs: tuple[Indices, Indices]  # coordinates of v
    cone_at: tuple[Indices, Indices, Indices]  # site, row of W, column of W of the cones' entries
    order: Indices  # of the entries, column by column
    sparsity: tuple[Indices, Indices]
    cones: list[object]
    rows: int


@cache
def _shape(sites: int, active: int) -> _Shape:
    """The parts of a program."""
    q, d = sites + 1, sites - 1
    column, row = np.tril_indices(q)
    size = len(row)
    place = np.zeros((q, q), dtype=np.intp)
    place[row, column] = place[column, row] = np.arange(size)
    on, off = np.arange(1, active + 1), np.arange(active + 1, q)
    first, second = (part.ravel() for part in np.meshgrid(on, off, indexing="ij"))
    pairs = len(first)
    # The cones: the rows of site n are X_0n, and W X e_n.
    site, i, j = (
        part.ravel()
        for part in np.meshgrid(np.arange(sites), np.arange(d), np.arange(q), indexing="ij")
    )
    start = 2 + pairs
    last = start + sites * (d + 1)
    diagonal = np.flatnonzero(row == column)
    rows = np.concatenate(
        [
            np.zeros(len(diagonal) + 1),  # the trace, and s in it
            np.ones(size),
            2 + np.arange(pairs),
            start + np.arange(sites) * (d + 1),
            start + site * (d + 1) + 1 + i,
            [last],  # s >= 0
            last + 1 + np.arange(size),
        ]
    ).astype(np.intp)
    columns = np.concatenate(
        [
            diagonal,
            [size],
            np.arange(size),
            place[first, second],
            place[0, 1:],
            place[j, site + 1],
            [size],
            np.arange(size),
        ]
    )
    order = np.lexsort((rows, columns))
    starts = np.searchsorted(columns[order], np.arange(size + 2))
    cones: list[object] = [clarabel.ZeroConeT(2), clarabel.NonnegativeConeT(pairs)]
    cones += [clarabel.SecondOrderConeT(d + 1)] * sites
    cones += [clarabel.NonnegativeConeT(1), clarabel.PSDTriangleConeT(q)]
    return _Shape(
        (row, column),
        np.where(row == column, 1.0, np.sqrt(2.0)),
        (first, second),
        (site, i, j),
        order,
        (rows[order], starts),
        cones,
        last + 1 + size,
    )


class LeafProgram:
    """The program for the patterns of one problem.

    Parameters
    ----------
    problem : Interpolation
        N sites that span N - 1 dimensions.
    """

    def __init__(self, problem: Interpolation) -> None:
        """Invert the map from hinges to forms."""
        self.problem = problem
        sites = np.column_stack([problem.centers, np.ones(len(problem))])
        self._inverse = np.linalg.inv(sites)  # z -> (w, b)

    def _view(self, pattern: Flags) -> Array:
        """U (d + 2, N + 1) of a pattern."""
        signs, n = np.where(pattern, 1.0, -1.0), len(pattern)
        turned = self._inverse * signs
        found = np.zeros((n + 1, n + 1))
        found[0, 0] = 1.0
        found[1:, 0], found[1:, 1:] = turned @ self.problem.radii, turned
        return found

    def combinations(self, tilts: Array) -> Array:
        """The numbers c (..., N) with beta = sum_n c_n y_n and sum c_n = 0, for beta (..., d)."""
        none = np.zeros((*tilts.shape[:-1], 1))
        return np.asarray(np.concatenate([tilts, none], axis=-1) @ self._inverse)

    def matrices(
        self,
        patterns: Flags,
        images: Array,
        spheres: Array,
        products: Array,
        lengths: Array,
        tilts: Array,
    ) -> Array:
        """The matrices S (P, N + 1, N + 1) of patterns (P, N) with these multipliers."""
        signs = np.where(patterns, 1.0, -1.0)
        count, n = patterns.shape
        views = np.zeros((count, n + 1, n + 1))
        views[:, 0, 0] = 1.0
        views[:, 1:, 1:] = self._inverse * signs[:, None, :]
        views[:, 1:, 0] = views[:, 1:, 1:] @ self.problem.radii
        form, slope = images @ views, views[:, 1:-1]
        half = np.zeros((count, n + 1, n + 1))
        half[:, 1:, 1:] = products
        half[:, 1:, 0] = lengths
        half[:, 1:] -= tilts @ slope
        found = spheres[:, None, None] * (slope.transpose(0, 2, 1) @ slope)
        found -= form.transpose(0, 2, 1) @ form + (half + half.transpose(0, 2, 1)) / 2
        found[:, 0, 0] += 1.0 - spheres
        return np.asarray(found)

    def solve(self, pattern: Flags, image: Array, accuracy: float) -> LeafMultipliers:
        """The multipliers with the largest margin.

        Parameters
        ----------
        pattern : (N,) bool array
        image : (p, d + 2) array
            F on (1, w, b).
        accuracy : float
            Of the solver.
        """
        n = len(pattern)
        sites = np.concatenate([np.flatnonzero(pattern), np.flatnonzero(~pattern)])
        shape = _shape(n, int(pattern.sum()))
        view = self._view(pattern)[:, np.concatenate([[0], 1 + sites])]
        slope, form = view[1:-1], image @ view
        objective = -form.T @ form
        objective[0, 0] += 1.0
        sphere = slope.T @ slope
        sphere[0, 0] -= 1.0
        dual = _dual(shape, slope, sphere, objective, accuracy)
        first, second = shape.pairs
        start = 2 + len(first)
        products, cones = np.zeros((n, n)), np.zeros((n, n))
        ends = sites[first - 1], sites[second - 1]
        products[np.minimum(*ends), np.maximum(*ends)] = np.maximum(dual[2:start], 0.0)
        cones[sites] = dual[start : start + n * n].reshape(n, n)
        cones[~np.isfinite(cones)] = products[~np.isfinite(products)] = 0.0
        tilts = -cones[:, 1:]
        lengths = np.maximum(cones[:, 0], np.linalg.norm(tilts, axis=1))
        mu = float(dual[1]) if np.isfinite(dual[1]) else 0.0
        matrix = self.matrices(
            pattern[None],
            image[None],
            np.array([mu]),
            products[None],
            lengths[None],
            tilts[None],
        )
        return LeafMultipliers(
            mu, products, lengths, tilts, float(np.linalg.eigvalsh(matrix[0])[0])
        )


def _dual(shape: _Shape, slope: Array, sphere: Array, objective: Array, accuracy: float) -> Array:
    """The multipliers of all rows."""
    (row, column), weights = shape.triangle, shape.weights
    size, (site, i, j) = len(row), shape.cone_at
    root = np.sqrt(2.0)
    # Entries X_ij off the diagonal are stored times the root of 2.
    off = np.where(j == site + 1, 1.0, 1.0 / root)
    entries = np.concatenate(
        [
            np.ones(int((row == column).sum()) + 1),
            sphere[row, column] * weights,
            np.full(len(shape.pairs[0]), -1.0 / root),
            np.full(len(slope) + 1, -1.0 / root),
            -slope[i, j] * off,
            [-1.0],
            np.full(size, -1.0),
        ]
    )
    matrix = sparse.csc_matrix(
        (entries[shape.order], *shape.sparsity), shape=(shape.rows, size + 1)
    )
    bounds = np.zeros(shape.rows)
    bounds[0] = 1.0
    target = np.append(objective[row, column] * weights, _CAP)
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix((size + 1, size + 1)),
        target,
        matrix,
        bounds,
        shape.cones,
        _settings(accuracy),
    ).solve()
    return np.array(solution.z)


@cache
def _settings(accuracy: float) -> object:
    """Of the solver: many small programs."""
    settings = clarabel.DefaultSettings()
    settings.verbose = settings.presolve_enable = settings.chordal_decomposition_enable = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = accuracy
    settings.max_iter = 60
    return settings
