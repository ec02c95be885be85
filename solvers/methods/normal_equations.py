r"""The linear systems of the central path: sums of features of hinges, and their Cholesky factor.

A direction Z (M, p) of the reduced multipliers is a vector with its columns one below the other.
Hinges with features psi and columns q = Z^T psi enter the systems as
:math:`(\psi \psi^T) \otimes (u I + v q q^T)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Hinges
from convexden.solvers.pricing import Pricing

Features: TypeAlias = Array | sparse.csr_array


@dataclass(frozen=True)
class NormalEquationsSettings:
    """How the systems are stored and solved."""

    batch: int = 4000
    """Hinges whose features are computed at a time, a few MB."""

    filled: float = 0.2
    """Share of nonzero features above which they are stored as a full matrix: its products take a
    fifth of the time an entry."""

    rows: int = 60
    """Rows below which they are full as well."""

    first_shift: float = 1e-14
    """Added to the unit diagonal of the equilibrated matrix: its rounding."""

    last_shift: float = 1e-7
    """The largest shift that is tried, each a hundred times the one before."""

    refinements: int = 2
    """Solutions against the true matrix, which remove the shift where it matters."""

    flattest: float = 1e-12
    """Least curvature of the dual constraint at a maximum that is divided by: below is rounding."""


SETTINGS = NormalEquationsSettings()


def stored_features(constraints: Constraints, hinges: Hinges) -> Features:
    """The features (K, M), sparse if most of them are zero."""
    parts = [
        constraints.sparse_features(hinges[begin : begin + SETTINGS.batch])
        for begin in range(0, max(1, len(hinges)), SETTINGS.batch)
    ]
    features = sparse.csr_array(sparse.vstack(parts))
    few = len(constraints.targets) < SETTINGS.rows
    if few or features.nnz > SETTINGS.filled * np.prod(features.shape):
        return np.asarray(features.toarray())
    return features


def stacked(features: Features, more: Array) -> Features:
    """Features with those of a few hinges more."""
    if not len(more):
        return features
    if isinstance(features, np.ndarray):
        return np.concatenate([features, more])
    return sparse.csr_array(sparse.vstack([features, sparse.csr_array(more)]))


def full(features: Features) -> Array:
    """The features as a full matrix."""
    return np.asarray(features if isinstance(features, np.ndarray) else features.toarray())


def gram(features: Features, plain: Array, along: Array, columns: Array) -> Array:
    """The sum of (psi psi^T) x (u I + v q q^T) over hinges with these u, v >= 0 (K,), q (K, p)."""
    m, p = features.shape[1], columns.shape[1]
    if isinstance(features, np.ndarray):
        return _full_gram(features, plain, along, columns)
    matrix = np.empty((m * p, m * p))
    pairs = [(i, j) for i in range(p) for j in range(i, p)]
    weights = [along * columns[:, i] * columns[:, j] + (i == j) * plain for i, j in pairs]
    for (i, j), block in zip(pairs, _weighted_products(features, weights), strict=True):
        rows, others = slice(i * m, (i + 1) * m), slice(j * m, (j + 1) * m)
        matrix[rows, others], matrix[others, rows] = block, block.T
    return matrix


def _weighted_products(features: sparse.csr_array, weights: list[Array]) -> Iterator[Array]:
    """The products psi^T diag(w) psi (M, M) for all weights (K,).

    Two of them are the parts of one complex product: most of its time is spent on where the
    entries are.
    """
    transposed, counts = features.T.tocsr(), np.diff(features.indptr)
    for k in range(0, len(weights), 2):
        last = k + 1 == len(weights)
        both = weights[k] if last else weights[k] + 1j * weights[k + 1]
        data = features.data * np.repeat(both, counts)
        scaled = sparse.csr_array((data, features.indices, features.indptr), features.shape)
        product = (transposed @ scaled).toarray()
        yield product.real
        if not last:
            yield product.imag


def _full_gram(features: Array, plain: Array, along: Array, columns: Array) -> Array:
    """The same for full features; of products of a matrix with itself BLAS takes one half."""
    m, p = features.shape[1], columns.shape[1]
    matrix = np.zeros((m * p, m * p))
    for begin in range(0, len(features), SETTINGS.batch):
        some = slice(begin, begin + SETTINGS.batch)
        tall = np.sqrt(along[some, None]) * columns[some]
        rows = (tall[:, :, None] * features[some, None, :]).reshape(len(tall), m * p)
        matrix += rows.T @ rows
    square = features.T @ (plain[:, None] * features)
    for i in range(p):
        own = slice(i * m, (i + 1) * m)
        matrix[own, own] += square
    return matrix


def bends(
    constraints: Constraints, pricing: Pricing, hinges: Hinges, features: Array, multipliers: Array
) -> tuple[Array, Array, Array]:
    r"""How the dual constraint :math:`|q|^2 / 2` bends along the arcs at free hinges.

    Returns
    -------
    slopes : (F,) array
        Its derivatives q.q' by the angle.
    depths : (F,) array
        Minus the second derivatives, |q'|^2 + q.q'': positive at a maximum, where they are not
        less than rounding.
    turns : (F, M p) array
        Derivatives of the slopes by the multipliers: how a change of these moves the maximum.
    """
    directions = pricing.tangents(hinges)[0][:, :, 0]
    both = np.concatenate([directions, -hinges.normals])
    first, second = np.split(constraints.moving_features(hinges + hinges, both), 2)
    q, q1, q2 = (each @ multipliers for each in (features, first, second))
    depths = -np.sum(q1**2 + q * q2, axis=1)
    turns = q[:, :, None] * first[:, None, :] + q1[:, :, None] * features[:, None, :]
    flat = np.maximum(depths, SETTINGS.flattest)
    return np.sum(q * q1, axis=1), flat, turns.reshape(len(hinges), multipliers.size)


class Cholesky:
    """The factor of a positive semidefinite matrix (n, n), equilibrated, and shifted as little as
    it can be.

    Raises
    ------
    LinAlgError
        If it is far from positive semidefinite.
    """

    def __init__(self, matrix: Array) -> None:
        """Factor the matrix."""
        if not np.isfinite(matrix).all():
            raise np.linalg.LinAlgError("the matrix is not finite")
        self._matrix = matrix
        diagonal = matrix.diagonal()
        # Directions that no hinge sees get no step.
        seen = diagonal > 0.0
        self._scale = np.where(seen, 1.0 / np.sqrt(np.where(seen, diagonal, 1.0)), 0.0)
        scaled = matrix * self._scale * self._scale[:, None]
        shift = SETTINGS.first_shift
        while shift <= SETTINGS.last_shift:
            shifted = scaled.copy()
            shifted.flat[:: len(scaled) + 1] += shift
            # LAPACK wants columns one after the other: here rows do as well.
            self._factor, failed = lapack.dpotrf(shifted.T, lower=1, overwrite_a=1)
            if not failed:
                return
            shift *= 100.0
        raise np.linalg.LinAlgError("the matrix is not positive semidefinite")

    def solve(self, right: Array) -> Array:
        """The solution (M, p) for a right-hand side (M, p)."""
        flat = right.T.ravel()
        solution, left = np.zeros_like(flat), flat
        for _ in range(SETTINGS.refinements):
            step = lapack.dpotrs(self._factor, self._scale * left, lower=1)[0]
            solution = solution + self._scale * step
            left = flat - self._matrix @ solution
        return np.asarray(solution.reshape(right.shape[1], len(right)).T)
