r"""Proven bounds of :math:`|A u + g|` on many unit spheres, each cut by linear inequalities.

On a sphere the square of the function is :math:`u^T H u + 2 f^T u + |g|^2` with :math:`H = A^T A`
and :math:`f = A^T g`.  In an eigenbasis of H, with :math:`\beta_i` by how much the i-th eigenvalue
lies below the largest, :math:`\sigma_1`, stationary points have :math:`u_i = f_i / (\beta_i + t)`
and :math:`\varphi(t) = \sum_i f_i^2 / (\beta_i + t)^2 = 1`.  Two arguments bound a sphere:

* *weak duality*: for every t > 0 no point of the sphere exceeds
  :math:`\sigma_1 + t + \sum_i f_i^2 / (\beta_i + t) + |g|^2`;
* *infeasible maximizers*: at a point that is stationary on the sphere and satisfies all
  inequalities strictly, the function is locally largest only if :math:`t \ge 0`, the global
  maximizer, or if t is the root of :math:`\varphi = 1` in :math:`(-\beta_2, 0)` that is nearest
  to 0 (Martinez, SIAM J. Optim. 4, 1994).  Where both violate an inequality, or the second does not
  exist, nothing inside the inequalities counts.

Nothing rests on computed stationary points.  The basis and the eigenvalues are those of a matrix
near H, A and g are off by known errors, so that exact stationary points satisfy

.. math:: (\beta_i + t)\, u_i = f_i + \delta_i, \qquad |\delta| \le \varepsilon

with a proven :math:`\varepsilon` (`Secular.error`).  Intervals of t that contain the roots for all
such :math:`\delta` (`_Windows`) enclose the points.  Where that does not settle a sphere, weak
duality remains, a bound in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, LEAST_DIVISOR
from convexden.verification.faces.secular_windows import Window, inner_window, outer_window
from convexden.verification.faces.tangent_spheres import MARGIN

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class MaximaSettings:
    """How the bounds of spheres are found."""

    newton_steps: int = 10
    """Newton steps toward the multiplier of the best weak duality bound."""

    known: float = 1e-12
    """Values count as attained where the distances of sites from hinges, in units of the sites, are
    known to this: where they are not, any point passes for feasible."""


SETTINGS = MaximaSettings()


@dataclass(frozen=True, eq=False)
class Spheres:
    """Functions |A u + g| on unit spheres, where B u + e >= 0 in every component.

    The exact A and g are within the errors of those given (Frobenius norm); hinges count as
    feasible if B u + e >= -slack.
    """

    A: Array  # (F, p, k)
    g: Array  # (F, p)
    B: Array  # (F, N, k)
    e: Array  # (F, N)
    A_error: Array  # (F,)
    g_error: Array  # (F,)
    slack: Array  # (F, N)

    def bounds(self, best: float, width: float) -> tuple[float, Array]:
        """The largest value seen at feasible points, if it exceeds `best`, and bounds (F,).

        The bounds hold for what is locally largest in the inequalities' interior; they are 0 where
        no such point exceeds the largest value by more than the relative width.
        """
        ceilings = self._ceilings()
        bounds = np.zeros(len(self.g))
        high = ~(ceilings <= best * (1.0 + width))
        if not high.any():
            return best, bounds
        spheres = self.take(high)
        if spheres.A.shape[2] == 1:
            best, found = spheres._ends(best)
        else:
            best, found = spheres._settle(best, width)
        bounds[high] = np.where(found <= ceilings[high], found, ceilings[high])
        bounds[bounds <= best * (1.0 + width)] = 0.0
        return best, bounds

    def take(self, rows: Flags) -> Spheres:
        """Some of the spheres."""
        return Spheres(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def _ceilings(self) -> Array:
        """Bounds by the triangle inequality."""
        sizes = np.linalg.norm(self.g, axis=1) + np.linalg.norm(self.A, axis=(1, 2))
        ceilings: Array = MARGIN * self._blur() + (1.0 + self._terms * EPS) * sizes
        return ceilings

    def _blur(self) -> Array:
        """How far A u + g is off."""
        blur: Array = self.A_error + self.g_error
        return blur

    def _known(self) -> Flags:
        """Where a point that counts as feasible is."""
        known: Flags = self.slack.max(axis=1) <= SETTINGS.known
        return known

    @property
    def _terms(self) -> int:
        """More than the number of products in a sum."""
        return self.A.shape[1] * self.A.shape[2] + 8

    def _ends(self, best: float) -> tuple[float, Array]:
        """Values at the two points of spheres in one dimension, where they are feasible."""
        bound = np.zeros(len(self.g))
        known = self._known()
        for end in (1.0, -1.0):
            values = np.linalg.norm(end * self.A[:, :, 0] + self.g, axis=1)
            feasible = (end * self.B[:, :, 0] + self.e >= -self.slack).all(axis=1)
            best = max(best, float(values[feasible & known].max(initial=0.0)))
            high = (1.0 + self._terms * EPS) * values + MARGIN * self._blur()
            bound = np.maximum(bound, np.where(feasible, high, 0.0))
        return best, bound

    def _settle(self, best: float, width: float) -> tuple[float, Array]:
        """The largest value at the maximizers, and bounds of the spheres' interior maxima."""
        secular = Secular.of(self)
        t = secular.root()
        bounds = secular.bounds(t)
        coordinates = secular.slope / secular.gaps(t)
        best = self._seen(secular, coordinates, best)
        live = np.flatnonzero(~(bounds <= best * (1.0 + width)))
        if not len(live):
            return best, bounds
        mask = np.zeros(len(bounds), dtype=bool)
        mask[live] = True
        spheres, secular = self.take(mask), secular.take(mask)
        outer = outer_window(secular.below, secular.slope, secular.error, t[mask])
        outside, values = spheres._judge(secular, outer)
        # The global maximum is in the outer window, whether it is feasible or not.
        bounds[live] = np.minimum(bounds[live], values)
        if not outside.any():
            return best, bounds
        inner, none = inner_window(secular.below, secular.slope, secular.error)
        coordinates = secular.slope / secular.gaps(inner.middle)
        best = spheres._seen(secular, coordinates, best)
        outside_too, values = spheres._judge(secular, inner)
        inside = np.minimum(values, secular.inner_bounds(inner))
        inside = np.where(none | outside_too, 0.0, inside)
        bounds[live] = np.where(outside, np.minimum(bounds[live], inside), bounds[live])
        return best, bounds

    def _seen(self, secular: Secular, coordinates: Array, best: float) -> float:
        """The largest value at those of the points (k, F), made unit, that are feasible."""
        # Without a slope along it the last coordinate is what the others leave.
        rest = (coordinates[:-1] ** 2).sum(axis=0)
        least = np.sqrt(np.maximum(1.0 - rest, 0.0))
        short = np.abs(coordinates[-1]) < least
        coordinates[-1] = np.where(secular.hard & short, least, coordinates[-1])
        coordinates = coordinates / np.maximum(np.linalg.norm(coordinates, axis=0), LEAST_DIVISOR)
        for sign in (1.0, -1.0):
            points = secular.basis @ coordinates.T[:, :, None]
            room = (self.B @ points)[:, :, 0] + self.e + self.slack
            values = np.linalg.norm((self.A @ points)[:, :, 0] + self.g, axis=1)
            feasible = (room >= 0.0).all(axis=1) & self._known()
            best = max(best, float(values[feasible].max(initial=0.0)))
            if sign < 0.0 or not secular.hard.any():
                break
            coordinates[-1] *= np.where(secular.hard, -1.0, 1.0)
        return best

    def _judge(self, secular: Secular, window: Window) -> tuple[Flags, Array]:
        """Spheres on which all points in the window violate an inequality; bounds of the values."""
        k = self.A.shape[2]
        points = window.points(secular.below, secular.slope, secular.error)
        rounding = secular.skew + (k * np.sqrt(k) + 4) * EPS
        blur = np.linalg.norm(self.B, axis=2)
        blur *= (points.center_error + points.along_error + rounding)[:, None]
        blur += self.slack + 4.0 * EPS * np.abs(self.e)
        columns = np.linalg.norm(self.A @ secular.basis, axis=1)
        wide = np.linalg.norm(columns[:, :-1], axis=1) * points.center_error
        wide += columns[:, -1] * points.along_error
        wide += np.linalg.norm(columns, axis=1) * (rounding + self._terms * EPS) + self._blur()
        outside = np.ones(len(self.g), dtype=bool)
        values = np.zeros(len(self.g))
        for sign in (1.0, -1.0):
            at = secular.basis @ points.coordinates(sign)[:, :, None]
            room = (self.B @ at)[:, :, 0] + self.e
            violated = (room < -MARGIN * blur).any(axis=1)
            possible = window.reaches(sign, secular.slope[-1], secular.error)
            outside &= violated | ~possible
            value = np.linalg.norm((self.A @ at)[:, :, 0] + self.g, axis=1)
            value = value * (1.0 + self._terms * EPS) + MARGIN * wide
            value += self._terms * EPS * np.linalg.norm(self.g, axis=1)
            values = np.maximum(values, np.where(possible, value, 0.0))
        return outside, values


@dataclass(frozen=True, eq=False)
class Secular:
    """The functions in the eigenbases of H, one column per sphere, the largest eigenvalue last."""

    basis: Array  # (F, k, k)
    skew: Array  # (F,): bound of the distance of `basis` from an orthogonal matrix
    top: Array  # (F,): the largest eigenvalue
    below: Array  # (k, F): beta
    slope: Array  # (k, F): f
    constant: Array  # (F,): |g|^2
    error: Array  # (F,): bound of |delta|, and of the error of H
    roundoff: Array  # (F,): bound of the error of u'Hu + 2 f'u + |g|^2
    blur: Array  # (F,): of A u + g

    @classmethod
    def of(cls, spheres: Spheres) -> Secular:
        """The eigenbases, and bounds of all errors."""
        A, g = spheres.A, spheres.g
        p, k = A.shape[1:]
        transposed = A.transpose(0, 2, 1)
        hessian, gradient = transposed @ A, transposed @ g[:, :, None]
        sizes, basis = np.linalg.eigh(hessian)
        slope = (basis.transpose(0, 2, 1) @ gradient)[:, :, 0].T.copy()
        linear, constant = np.linalg.norm(A, axis=(1, 2)), np.linalg.norm(g, axis=1)
        skew = MARGIN * (
            np.linalg.norm(basis.transpose(0, 2, 1) @ basis - np.eye(k), axis=(1, 2)) + k * k * EPS
        )
        # |H - V L V'| = |H V - V L| for an orthogonal V within `skew` of the computed one.
        missed = np.linalg.norm(hessian @ basis - basis * sizes[:, None, :], axis=(1, 2))
        size = linear**2
        eigen = missed + size * (2.1 * skew + (k * np.sqrt(k) + 2 * k + 4) * EPS)
        # The exact A and g lie within their errors of those given; products round.
        A_error, g_error = spheres.A_error, spheres.g_error
        hessian_error = eigen + p * EPS * size + A_error * (2.0 * linear + A_error)
        length = linear * constant
        gradient_error = length * ((p + k * np.sqrt(k)) * EPS + skew)
        gradient_error += linear * g_error + A_error * (constant + g_error)
        constant_error = (p + 4) * EPS * constant**2
        # Errors of A and g enter the value once, as a blur; those of its square are only rounding.
        rounding = eigen + p * EPS * size + 2.0 * length * ((p + k * np.sqrt(k)) * EPS + skew)
        return cls(
            basis,
            skew,
            sizes[:, -1],
            (sizes[:, -1:] - sizes).T.copy(),
            slope,
            constant**2,
            MARGIN * (hessian_error + gradient_error) + LEAST_DIVISOR,
            MARGIN * (rounding + constant_error),
            A_error + g_error,
        )

    @property
    def hard(self) -> Flags:
        """Where the sign of the slope along the last axis is not known."""
        hard: Flags = np.abs(self.slope[-1]) <= self.error
        return hard

    def take(self, rows: Flags) -> Secular:
        """Some of the spheres."""
        return Secular(
            *(
                getattr(self, name)[:, rows] if name in ("below", "slope") else value[rows]
                for name, value in vars(self).items()
            )
        )

    def gaps(self, t: Array) -> Array:
        """The distances of the multiplier from the eigenvalues."""
        gaps = self.below + t
        return np.where(gaps == 0.0, LEAST_DIVISOR, gaps)

    def bounds(self, t: Array) -> Array:
        """Upper bounds of |A u + g| on the spheres by weak duality, for any t > 0."""
        return self._value(t, self.slope**2 / (self.below + t), np.zeros(len(t)))

    def inner_bounds(self, window: Window) -> Array:
        """Bounds at the stationary points in the window, infinite where none is known."""
        gaps = self.gaps(window.middle)
        drift = window.drift(self.below, self.slope, self.error)
        return self._value(window.middle, self.slope**2 / gaps, drift)

    def _value(self, t: Array, terms: Array, drift: Array) -> Array:
        """The root of top + t + terms + constant, with all errors."""
        total = self.top + t + terms.sum(axis=0) + self.constant
        size = np.abs(self.top) + np.abs(t) + np.abs(terms).sum(axis=0) + self.constant
        rounding = (len(terms) + 8) * EPS * size
        square = np.maximum(total + rounding + self.roundoff + drift, 0.0)
        bounds: Array = np.sqrt(square) * (1.0 + 2.0 * EPS) + MARGIN * self.blur
        return bounds

    def outer_window(self) -> Window:
        """The window of the global maximizers."""
        return outer_window(self.below, self.slope, self.error, self.root())

    def root(self) -> Array:
        """Where phi = 1, nearly: t > 0."""
        sizes = np.abs(self.slope)
        # Every term of phi is at most 1, and so is its mean value by Jensen's inequality.
        length = np.linalg.norm(self.slope, axis=0)
        mean = (self.slope**2 * self.below).sum(axis=0) / np.maximum(length, LEAST_DIVISOR) ** 2
        t = np.maximum((sizes - self.below).max(axis=0), length - mean)
        t = np.maximum(t, self.error)
        for _ in range(SETTINGS.newton_steps):
            gaps = self.below + t
            terms = (self.slope / gaps) ** 2
            excess = terms.sum(axis=0) - 1.0
            fall = 2.0 * (terms / gaps).sum(axis=0)
            t = t + np.divide(excess, fall, out=np.zeros_like(t), where=excess > 0.0)
        return t
