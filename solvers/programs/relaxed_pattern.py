r"""The hinges of one activation pattern, relaxed to quadratic forms, and what these prove.

A hinge of the pattern D is a vector u = (1, w, b) with |w| = 1 and N nonnegative linear forms

    p_n.u = s_n (w.y_n + b) - r_n >= 0,    s_n = 1 where D_n = 1, else -1.

Products of two of them are nonnegative, and p_n.u (1, w) lies in the second-order cone.  Let F_D be
the linear map with |F_D u| the dual constraint, E_00 the form u_0^2 and Q the form |w|^2.  If
numbers lambda_mn >= 0, |beta_n| <= alpha_n and mu make the matrix

    S_D = tau E_00 + mu (Q - E_00) - sum_{m<n} lambda_mn sym(p_m p_n^T)
          - sum_n sym(p_n (alpha_n, -beta_n, 0)^T) - F_D^T F_D

positive semidefinite, then u^T S_D u >= 0 says that for every hinge of the pattern

    |F_D u|^2 <= tau - sum_{m<n} lambda_mn (p_m.u) (p_n.u) - sum_n p_n.u (alpha_n - beta_n.w)
              <= tau.

If the least eigenvalue of S_D is -e instead, then |F_D u|^2 <= tau + e |u|^2.  And |u|^2 is at most
2 + max |y_n|^2, because a hinge with sites on both sides has |b| <= max |y_n|.
"""

from __future__ import annotations

import numpy as np

from convexden.arithmetic.float64 import EPS
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Hinges


class RelaxedPattern:
    """The matrices S_D of one activation pattern.

    Parameters
    ----------
    constraints : Constraints
    pattern : (N,) bool array
        With sites on both sides.

    Attributes
    ----------
    features : (M, d + 2) array
        F_D = Z^T features for reduced multipliers Z.
    origin, sphere : (d + 2, d + 2) array
        E_00 and Q - E_00.
    forms : (K, d + 2, d + 2) array
        sym(p_m p_n^T) for the `pairs` pairs, then sym(p_n e_j^T) for every n and j = 0, ..., d.
        Their weights are (lambda, alpha_1, -beta_1, ..., alpha_N, -beta_N).
    reach : float
        Upper bound of |u|^2.
    """

    def __init__(self, constraints: Constraints, pattern: Flags) -> None:
        """The features and the sides of a pattern."""
        problem = constraints.problem
        n, d = problem.centers.shape
        units = np.eye(d + 2)
        nowhere, still = np.full(d + 2, -1), np.zeros(d + 2, dtype=bool)
        repeated = np.tile(pattern, (d + 2, 1))
        hinges = Hinges(units[:, 1:-1], units[:, -1], repeated, nowhere, nowhere, still)
        self.features: Array = constraints.features(hinges).T
        self.origin: Array = np.diag(units[0])
        self.sphere: Array = np.diag(np.concatenate([[-1.0], np.ones(d), [0.0]]))
        signs = np.where(pattern, 1.0, -1.0)[:, None]
        planes = np.hstack([-problem.radii[:, None], signs * problem.centers, signs])
        first, second = np.triu_indices(n, 1)
        self.pairs = len(first)
        left = np.concatenate([planes[first], np.repeat(planes, d + 1, axis=0)])
        right = np.concatenate([planes[second], np.tile(units[:-1], (n, 1))])
        products = left[:, :, None] * right[:, None, :]
        self.forms: Array = (products + products.transpose(0, 2, 1)) / 2
        self.reach = 2.0 + float(np.sum(problem.centers**2, axis=1).max())

    def ceiling(self, image: Array, tau: float, mu: float, weights: Array) -> float:
        """Upper bound of |F u|^2 over the hinges, for F (p, d + 2), whatever the other numbers are.

        Weights are projected on their cones first, and what is no number is zero.  A tau below zero
        proves that there are no hinges, and so do its multiples.
        """
        numbers = np.concatenate([[tau, mu], weights])
        numbers[~np.isfinite(numbers)] = 0.0
        numbers[2:] = self._projected(numbers[2:])
        tau = float(numbers[0])
        bound = self._bound(image, numbers)
        if tau < 0:
            growth = self.reach * float(np.sum(image**2)) / -tau
            bound = min(bound, self._bound(image, growth * numbers))
        return max(bound, 0.0)

    def _bound(self, image: Array, numbers: Array) -> float:
        """What dual numbers prove about the pattern, with all rounding on the safe side."""
        forms = np.concatenate([[self.origin, self.sphere], -self.forms])
        matrix = np.tensordot(numbers, forms, 1) - image.T @ image
        size = np.abs(numbers) @ np.linalg.norm(forms, axis=(1, 2)) + np.sum(image**2)
        least = np.linalg.eigvalsh(matrix)[0] - EPS * len(numbers) * size
        return float(numbers[0] + max(0.0, -least) * self.reach)

    def _projected(self, weights: Array) -> Array:
        """The nearest weights that are dual feasible."""
        lambdas = np.maximum(weights[: self.pairs], 0.0)
        cones = weights[self.pairs :].reshape(-1, len(self.origin) - 1).copy()
        cones[:, 0] = np.maximum(cones[:, 0], 0.0)
        lengths = np.linalg.norm(cones[:, 1:], axis=1)
        long = lengths > cones[:, 0]
        # Shorter by a rounding error, so that rounding cannot undo it.
        cones[long, 1:] *= ((1 - 4 * EPS) * cones[long, 0] / lengths[long])[:, None]
        return np.concatenate([lambdas, cones.ravel()])
