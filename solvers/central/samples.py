r"""The constraints of samples under any cost, without the affine functions that are free.

With the weights c of the samples (1 of an interpolation problem), :math:`W = diag(\sqrt c)` and the
free affine functions U on the samples, the columns of Q complete those of W U to an orthonormal
basis.  A hinge has the features :math:`\psi = Q^T W [X \theta]_+`, the targets are
:math:`T = Q^T W t`, and reduced multipliers Z are :math:`l = W Q Z` on the samples, which satisfies
the equalities of every free function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from convexden.cost import Cost
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array


@dataclass(frozen=True, eq=False)
class Samples:
    """Distinct samples with what each counts.

    Attributes
    ----------
    problem : Interpolation
        With radii of zero, in units of its spreads.
    counts : (N,) array
    """

    problem: Interpolation
    counts: Array

    @property
    def cost(self) -> Cost:
        """What hinges are charged for."""
        return self.problem.cost

    @cached_property
    def vectors(self) -> Array:
        """The x_n (N, D)."""
        return np.column_stack([self.problem.centers, np.ones(len(self.problem))])

    @cached_property
    def free(self) -> Array:
        """The affine functions that cost nothing, on the samples (N, F)."""
        d = self.problem.input_dimension
        return self.vectors[:, [self.cost.skip] * d + [self.cost.offset]]

    @cached_property
    def _complement(self) -> Array:
        """W Q (N, M)."""
        roots = np.sqrt(self.counts)[:, None]
        free = roots * self.free
        basis = scipy.linalg.null_space(free.T) if free.shape[1] else np.eye(len(roots))
        complement: Array = roots * basis
        return complement

    @cached_property
    def targets(self) -> Array:
        """The T (M, p)."""
        return self._complement.T @ self.problem.targets

    def prices(self, hinges: Array) -> Array:
        """The Omega (K,) of hinges (K, D)."""
        return self.cost.weights(hinges[:, :-1], hinges[:, -1])

    def features(self, hinges: Array) -> Array:
        """The psi (K, M) of hinges (K, D)."""
        active: Array = np.maximum(hinges @ self.vectors.T, 0.0)
        return active @ self._complement

    def features_on(self, hinges: Array, active: Array) -> Array:
        """The same of linear functions (K, D) on the samples that are active (K, N)."""
        return (active * (hinges @ self.vectors.T)) @ self._complement

    def multipliers(self, reduced: Array) -> Array:
        """The l (N, p) of reduced ones (M, p)."""
        return self._complement @ reduced

    def network(self, hinges: Array, weights: Array) -> ShallowNetwork:
        """The network of hinges (K, D) with weights (K, p), and the affine part that fits best."""
        rest = self.problem.targets - np.maximum(self.vectors @ hinges.T, 0.0) @ weights
        roots = np.sqrt(self.counts)[:, None]
        d, p = self.problem.input_dimension, self.problem.output_dimension
        affine = np.zeros((d + 1, p))
        used = [self.cost.skip] * d + [self.cost.offset]
        if self.free.shape[1]:
            affine[used] = np.linalg.lstsq(roots * self.free, roots * rest)[0]
        return ShallowNetwork(weights, hinges[:, :-1], hinges[:, -1], affine[:-1].T, affine[-1])
