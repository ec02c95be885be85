r"""The squared error at samples, with the affine part eliminated.

The best skip connection and offset for given hinges are those of a linear regression.  So the
squared error is that of features and targets projected on the complement of the affine functions:

    1/2 sum_n m_n |h(y_n) - t_n|^2 = 1/2 |T - sum_k psi_k a_k^T|^2

where the sample y_n is there m_n times, and psi_k and T are sqrt(m_n) [w_k.y_n + b_k]_+ and
sqrt(m_n) t_n projected on the complement of sqrt(m_n) (1, y_n).
"""

from __future__ import annotations

from copy import copy

import numpy as np

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Hinges, Indices


class SquaredError(Constraints):
    """Features and targets of distinct samples, projected.

    Parameters
    ----------
    problem : Interpolation
        Of distinct samples.
    counts : (N,) array
        How often each of them is there.
    penalty : float
        Of the representation cost; the squared error over it is charged for instead, see
        `Constraints.softness`.
    """

    def __init__(self, problem: Interpolation, counts: Array, penalty: float) -> None:
        """Samples that are there so many times, with a penalty."""
        self.problem, self.softness = problem, penalty
        self._roots = np.sqrt(counts)[:, None]
        affine = np.column_stack([np.ones(len(problem)), problem.centers])
        self._affine = np.linalg.qr(self._roots * affine)[0]
        self.targets = self.projected(self._roots * problem.targets)
        self._basis: Array | None = None

    def network(self, hinges: Hinges, weights: Array) -> ShallowNetwork:
        """The network of these hinges with output weights (K, p) and the best affine part."""
        problem = self.problem
        hidden = hinges.patterns * hinges.offsets(problem)
        missing = self._roots * (problem.targets - hidden.T @ weights)
        affine = self._roots * np.column_stack([np.ones(len(problem)), problem.centers])
        best = np.linalg.lstsq(affine, missing, rcond=None)[0]
        return ShallowNetwork(weights, hinges.normals, hinges.biases, best[1:].T, best[0])

    def projected(self, columns: Array) -> Array:
        """Columns (N, ...) without their affine parts."""
        for _ in range(2):  # the second pass removes the rounding of the first
            columns = columns - self._affine @ (self._affine.T @ columns)
        return columns

    def compressed(self, patterns: Flags) -> SquaredError:
        """The same problem for hinges of these patterns (K, N) in fewer rows, if there are many.

        Their features lie in the span of D_k and D_k y, wherever the hinges are, and multipliers in
        that and the targets': coordinates of an orthonormal basis are enough.
        """
        (count, n), d = patterns.shape, self.problem.input_dimension
        if count * (1 + d) + self.targets.shape[1] >= n:
            return self
        inputs = np.column_stack([np.ones(n), self.problem.centers])
        span = self._roots[:, :, None] * patterns.T[:, :, None] * inputs[:, None, :]
        spanning = np.column_stack([self.targets, self.projected(span.reshape(n, -1))])
        other = copy(self)
        other._basis = np.linalg.qr(spanning)[0]
        other.targets = other.coordinates(self.targets)
        return other

    def coordinates(self, columns: Array) -> Array:
        """Columns (N, ...) in the basis of compressed rows."""
        return columns if self._basis is None else self._basis.T @ columns

    def spread(self, columns: Array) -> Array:
        """Columns of coordinates as columns (N, ...)."""
        return columns if self._basis is None else self._basis @ columns

    def _rows(self, patterns: Flags, normals: Array, biases: Array, pivots: Indices) -> Array:
        """The coefficients (K, M) of the rows for hinges of weight one."""
        offsets = normals @ self.problem.centers.T + biases[:, None]
        return self.coordinates(self.projected(self._roots * (patterns * offsets).T)).T

    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        """Values (N, p) from the multipliers of the rows; samples have no Jacobians."""
        values = self._roots * self.spread(reduced)
        return values, np.zeros((*values.shape, self.problem.input_dimension))
