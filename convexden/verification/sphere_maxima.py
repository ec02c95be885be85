r"""The largest value of :math:`|A u + g|` over many unit spheres, each cut by linear inequalities.

On a sphere the square of the function is :math:`u^T H u + 2 f^T u + |g|^2` with :math:`H = A^T A`
and :math:`f = A^T g`.  In the eigenbasis of H, with :math:`\beta_i` by how much the i-th eigenvalue
lies below the largest, :math:`\sigma_1`, stationary points have :math:`u_i = f_i / (\beta_i + t)`
and :math:`\varphi(t) = \sum_i f_i^2 / (\beta_i + t)^2 = 1`.  Spheres are settled by

* *weak duality*: for every t > 0 no point of the sphere exceeds
  :math:`\sigma_1 + t + \sum_i f_i^2 / (\beta_i + t) + |g|^2`;
* *infeasible maximisers*: at a point that is stationary on the sphere and satisfies all
  inequalities strictly, the function is locally largest only if t > 0, the global maximiser, or
  if t is the root of :math:`\varphi = 1` in :math:`(-\beta_2, 0)` that is nearest to 0 (Martinez,
  SIAM J. Optim. 4, 1994).  Where both violate an inequality by more than the errors of their
  computation, or the second does not exist, nothing inside counts.

Between its poles :math:`\varphi` is convex, so that it lies above its tangents: Newton's method
from the side on which it exceeds 1 passes no root, and proves that there is none where it turns.
What stays undecided is left to `stationary_points`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.verification.stationary_points import stationary_points

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Relative rounding errors of H and f.
NOISE = 1e-13
# Largest error of a point for which the error estimate, of first order, is trusted.
TRUSTED = 1e-3
# Below this error a point has the value of the stationary point, which is off by the square.
ACCURATE = 1e-7
# No row of B is longer: two sites are at most two spreads apart.
LONGEST_ROW = 2.0
# By how much phi must exceed 1 to count as larger.
CLEAR = 1e-9
# Newton steps.
STEPS = 10
# Stands for zero where it divides.
TINY = 1e-60


@dataclass(frozen=True, eq=False)
class Spheres:
    """Functions |A u + g| on unit spheres, where B u + e >= 0 in every component."""

    A: Array  # (F, p, k)
    g: Array  # (F, p)
    B: Array  # (F, N, k)
    e: Array  # (F, N)

    def best(self, best: float, width: float) -> float:
        """The largest value at the feasible points that are tried, if it exceeds `best`.

        No feasible local maximum of a sphere exceeds it by more than the relative width.
        """
        ceiling = np.linalg.norm(self.g, axis=1) + np.linalg.norm(self.A, axis=(1, 2))
        spheres = self._take(ceiling > best * (1.0 + width))
        if not len(spheres.g):
            return best
        if spheres.A.shape[2] == 1:
            ends = np.broadcast_to([1.0, -1.0], (len(spheres.g), 1, 2))
            return spheres._attained(ends, best)
        secular = _Secular.of(spheres)
        best, live = spheres._settle(secular, best, width)
        spheres = spheres._take(live)
        if live.any():
            best = spheres._attained(stationary_points(*spheres._quadratic()), best)
        return best

    def _take(self, rows: Flags) -> Spheres:
        return Spheres(self.A[rows], self.g[rows], self.B[rows], self.e[rows])

    def _quadratic(self) -> tuple[Array, Array]:
        transposed = self.A.transpose(0, 2, 1)
        return transposed @ self.A, (transposed @ self.g[:, :, None])[:, :, 0]

    def _attained(self, points: Array, best: float) -> float:
        """The largest value at those of the points (F, k, m) that are feasible, or `best`."""
        feasible = (self.B @ points + self.e[:, :, None] >= 0.0).all(axis=1)
        values = np.linalg.norm(self.A @ points + self.g[:, :, None], axis=1)
        return max(best, float(values[feasible].max(initial=0.0)))

    def _settle(self, secular: _Secular, best: float, width: float) -> tuple[float, Flags]:
        """The largest value at the maximisers, and the spheres that stay undecided."""
        t, _ = secular.root(1.0)
        bounds = secular.bounds(t)
        best, outside, attained = self._inspect(secular, 1.0, t, best)
        live = ~(bounds <= (best * (1.0 + width)) ** 2) & ~attained  # true of NaN
        if live.any():
            t, none = secular.root(-1.0)
            best, outside_too, attained = self._inspect(secular, -1.0, t, best)
            live &= ~(bounds <= (best * (1.0 + width)) ** 2)
            live &= ~(outside & (none | outside_too | attained))
        return best, live

    def _inspect(
        self, secular: _Secular, sign: float, t: Array, best: float
    ) -> tuple[float, Flags, Flags]:
        """The largest value so far, and which points are infeasible for sure, or feasible."""
        points, errors = secular.points(sign, t)
        room = ((self.B @ points[:, :, None])[:, :, 0] + self.e).min(axis=1)
        values = np.linalg.norm((self.A @ points[:, :, None])[:, :, 0] + self.g, axis=1)
        best = max(best, float(values[room >= 0.0].max(initial=0.0)))
        outside = (errors < TRUSTED) & (room < -LONGEST_ROW * errors)
        return best, outside, (errors < ACCURATE) & (room >= 0.0)


@dataclass(frozen=True, eq=False)
class _Secular:
    """The functions in the eigenbases of H, one column per sphere, the largest eigenvalue last."""

    basis: Array  # (F, k, k)
    top: Array  # (F,): the largest eigenvalue
    below: Array  # (k, F): beta
    slope: Array  # (k, F): f
    constant: Array  # (F,): |g|^2
    noise: Array  # (F,): rounding errors of H and f
    roundoff: Array  # (F,): and of |A u + g|^2

    @classmethod
    def of(cls, spheres: Spheres) -> _Secular:
        hessian, gradient = spheres._quadratic()
        sizes, basis = np.linalg.eigh(hessian)
        slope = (gradient[:, None, :] @ basis)[:, 0].T.copy()
        linear = np.linalg.norm(spheres.A, axis=(1, 2))
        constant = np.linalg.norm(spheres.g, axis=1)
        noise = NOISE * linear * (linear + constant) + TINY
        # Where there is no slope along the last axis, both signs of it give a maximiser.
        slope[-1] = np.where(np.abs(slope[-1]) > 1e-9 * noise, slope[-1], 1e-9 * noise)
        below = (sizes[:, -1:] - sizes).T.copy()
        roundoff = NOISE * (linear + constant) ** 2
        return cls(basis, sizes[:, -1], below, slope, constant**2, noise, roundoff)

    def bounds(self, t: Array) -> Array:
        """Upper bounds of |A u + g|^2 on the spheres by weak duality, for any t > 0."""
        dual = self.top + t + (self.slope**2 / (self.below + t)).sum(axis=0) + self.constant
        bounds: Array = dual + self.roundoff
        return bounds

    def root(self, sign: float) -> tuple[Array, Flags]:
        """Where phi(sign t) = 1, the t > 0 nearest to 0, and where there is none.

        Newton's method may not have arrived: the errors of the points tell.
        """
        sizes = np.abs(self.slope)
        t = sizes[-1]
        if sign > 0.0:
            # Every term of phi is at most 1, and so is its mean value by Jensen's inequality.
            length = np.linalg.norm(self.slope, axis=0)
            mean = (self.slope**2 * self.below).sum(axis=0) / length**2
            t = np.maximum((sizes - self.below).max(axis=0), length - mean)
        none = np.zeros(len(t), dtype=bool)
        for _ in range(STEPS):
            gaps = self._gaps(sign, t)
            terms = (self.slope / gaps) ** 2
            excess = terms.sum(axis=0) - 1.0
            fall = 2.0 * sign * (terms / gaps).sum(axis=0)
            if sign < 0.0:
                none |= (excess > CLEAR) & ((fall <= 0.0) | (t >= self.below[-2]))
            ahead = (excess > 0.0) & (fall > 0.0) & ~none
            t = t + np.divide(excess, fall, out=np.zeros_like(t), where=ahead)
        return t, none

    def points(self, sign: float, t: Array) -> tuple[Array, Array]:
        r"""Points (F, k) of the spheres at these t, and bounds of their errors.

        To first order an error of H and f moves a stationary point by no more than the quotient of
        it and the curvature along the sphere, :math:`\beta_2 u_1^2 + t` or more.
        """
        coordinates = self.slope / self._gaps(sign, t)
        lengths = np.linalg.norm(coordinates, axis=0)
        coordinates /= lengths
        curvature = self.below[-2] * coordinates[-1] ** 2 + sign * t
        residual = np.abs(lengths - 1.0) * np.linalg.norm(self.slope, axis=0)
        errors = np.full(len(t), np.inf)
        np.divide(self.noise + residual, curvature, out=errors, where=curvature > 0.0)
        return (self.basis @ coordinates.T[:, :, None])[:, :, 0], errors

    def _gaps(self, sign: float, t: Array) -> Array:
        gaps = self.below + sign * t
        return np.where(gaps == 0.0, TINY, gaps)
