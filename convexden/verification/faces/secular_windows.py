r"""Intervals that contain the multipliers of local maxima on spheres, with all rounding errors.

In the coordinates of `sphere_maxima` a stationary point u of the exact function satisfies
:math:`(\beta_i + t)\, u_i = f_i + \delta_i` with :math:`|\delta| \le \varepsilon` and |u| = 1.
It is a local maximum only if :math:`\operatorname{diag}(\beta_i + t) + \varepsilon` is positive
semidefinite on the complement of u.  Hence :math:`t \ge -\beta_2 - \varepsilon`, and with

.. math:: \varphi_\pm(t) = \sum_i \frac{(|f_i| \pm c\,\varepsilon)_+^2}{(\beta_i + t)^2}

there is no such t > 0 where :math:`\varphi_- > 1` or :math:`\varphi_+ < 1` (c = 1).  For
:math:`t = -\tau < 0` see `inner_window`.  The inequalities are verified at computed ends, whatever
Newton's method was up to: sums of k positive terms have relative errors of a few k `EPS`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, LEAST_DIVISOR
from convexden.verification.faces.tangent_spheres import MARGIN

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class SecularSettings:
    """Parameters of the windows around the roots of the secular equation."""

    steps: int = 60
    """Most Newton steps toward the right end of the inner window: they are small near double
    roots."""

    few_steps: int = 4
    """Newton steps toward the other ends, from points near them."""

    bisections: int = 30
    """Halvings of an interval in which phi is least."""

    short: float = 1.0 - 1e-9
    """Share of a Newton step that is taken: the rest covers the rounding of the step."""


SETTINGS = SecularSettings()


@dataclass(frozen=True, eq=False)
class Window:
    """Intervals [low, high] of t, one for each sphere, and a point of each."""

    low: Array
    high: Array
    middle: Array

    def points(self, below: Array, slope: Array, error: Array) -> Points:
        """All stationary points in the windows, up to the sign of their last coordinate."""
        rest, t = below[:-1], self.middle
        swing = np.maximum(self.high - t, t - self.low)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            least = rest[-1] + self.low
            center = slope[:-1] / (rest + t)
            slip = np.linalg.norm(center * swing / (rest + self.low), axis=0)
            rest_error = MARGIN * (error / least + slip) + EPS
            # The last coordinate from its own equation, or from |u| = 1.
            direct = np.abs(slope[-1] / t)
            nearest = np.minimum(np.abs(self.low), np.abs(self.high))
            direct_error = MARGIN * (error + direct * swing) / nearest
            length = np.linalg.norm(center, axis=0)
            longest = _leg(np.maximum(length - rest_error, 0.0))
            shortest = _leg(length + rest_error)
            leg = 0.5 * (longest + shortest)
            leg_error = MARGIN * 0.5 * (longest - shortest) + 4.0 * EPS
            better = direct_error < leg_error
            along = np.where(better, direct, leg)
            along_error = np.where(better, direct_error, leg_error)
        known = (least > 0.0) & (rest_error + along_error < 1.0)
        return Points(
            np.where(known, center, 0.0),
            np.where(known, along, 0.0),
            np.where(known, rest_error, 1.0),
            np.where(known, along_error, 1.0),
        )

    def reaches(self, sign: float, slope: Array, error: Array) -> Flags:
        """Where the last coordinate of a point in the window may have this sign."""
        own = np.where(self.middle < 0.0, -slope, slope)
        reaches: Flags = sign * own >= -error
        return reaches

    def drift(self, below: Array, slope: Array, error: Array) -> Array:
        r"""By how much the dual function at a root in the window may exceed that at its middle.

        The function has slope :math:`1 - \varphi`, and a stationary point exceeds it by
        :math:`-\sum_i \delta_i^2 / (\beta_i + t)`.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values, dips = [], []
            for t in (self.low, self.high):
                terms = (slope / (below + t)) ** 2
                parts = terms / (below + t)
                margin = (len(below) + 8) * EPS * np.abs(parts).sum(axis=0)
                values.append(np.abs(terms.sum(axis=0) - 1.0))
                # phi is convex between its poles: largest at an end, and above both tangents.
                steep = 2.0 * (np.abs(parts.sum(axis=0)) + margin)
                dips.append(values[-1] + steep * (self.high - self.low))
                if t is self.low:
                    rising = parts.sum(axis=0) < -margin  # monotone in the window
            swing = np.maximum(self.high - self.middle, self.middle - self.low)
            steepest = np.maximum(*values)
            steepest = np.where(rising, steepest, np.maximum(steepest, np.minimum(*dips)))
            steepest += len(below) * 8 * EPS
            drift = MARGIN * (swing * steepest - error**2 / self.high)
        known = (self.low > -below[-2]) & (self.high < 0.0) & (drift >= 0.0)
        return np.where(known, drift, np.inf)


@dataclass(frozen=True, eq=False)
class Points:
    """Where points of the unit sphere may be, up to the sign of their last coordinate.

    Attributes
    ----------
    center : (k - 1, F) array
        The first coordinates.
    along : (F,) array
        The size of the last one.
    center_error, along_error : (F,) arrays
        Bounds of their distances from there.  If one would be 1 or more both are 1, and the
        coordinates 0.
    """

    center: Array
    along: Array
    center_error: Array
    along_error: Array

    def coordinates(self, sign: float) -> Array:
        """Points (F, k) with the last coordinate of this sign."""
        coordinates: Array = np.vstack([self.center, (sign * self.along)[None]]).T
        return coordinates


def outer_window(below: Array, slope: Array, error: Array, t: Array) -> Window:
    """The window of t >= 0, near the given approximations of the roots."""
    rounding = 4 * (len(below) + 4) * EPS
    large = np.abs(slope) + error
    small = np.maximum(np.abs(slope) - error, 0.0)
    high = t
    for _ in range(SETTINGS.few_steps):
        excess, fall = _excess(below, large, high, rounding)
        high = high + np.maximum(excess, 0.0) / fall
    excess, fall = _excess(below, large, high, rounding)
    high = high + 2.0 * np.maximum(excess, 0.0) / fall
    excess, _ = _excess(below, large, high, rounding)
    # No term of phi exceeds the square of its numerator over t.
    high = np.where(excess <= 0.0, high, MARGIN * np.linalg.norm(large, axis=0))
    excess, fall = _excess(below, small, t, -rounding)
    low = t + np.divide(1.01 * excess, fall, out=np.full_like(t, -1.0), where=fall > 0.0)
    low = np.minimum(low, t)
    positive = np.where(low > 0.0, low, 1.0)
    excess, _ = _excess(below, small, positive, -rounding)
    low = np.where((low > 0.0) & (excess >= 0.0), low, 0.0)
    return Window(low, high, np.clip(t, low, high))


def _excess(below: Array, sizes: Array, t: Array, rounding: float) -> tuple[Array, Array]:
    """Values of phi (1 + rounding) - 1 and the negative slope of phi, at t > 0."""
    gaps = below + t
    terms = (sizes / gaps) ** 2
    return terms.sum(axis=0) * (1.0 + rounding) - 1.0, 2.0 * (terms / gaps).sum(axis=0)


def inner_window(below: Array, slope: Array, error: Array) -> tuple[Window, Flags]:
    r"""The window of local maxima with t < 0 (or t near 0 where :math:`|f_1|` may be 0),
    and where there are none for sure.

    *The right end.*  There is no root for :math:`0 \le \tau < |f_1| - \varepsilon`.  Between its
    poles :math:`\varphi_-` (c = 5) is convex and lies above its tangents, so that Newton's method
    from the side on which it exceeds 1 passes no root, and there is none where it turns or reaches
    :math:`\beta_2 + \varepsilon`.  Next to poles, where :math:`|\beta_i - \tau| \le \varepsilon`,
    the term of an :math:`|f_i| > 5 \varepsilon` exceeds 1.

    *The left end.*  Let :math:`\varphi_+ < 1` (c = 1) at :math:`\tau_l` and
    :math:`\varphi_+ \le 1 - \kappa` at :math:`\tau_c \ge \tau_l`.  By convexity there is no root in
    between.  For a root beyond, :math:`\tau > \tau_c`, with :math:`\psi = \sum_i
    (f_i + \delta_i)^2 / (\beta_i - \tau)^2` and the set J of those i > 1 with
    :math:`\beta_i - \tau < \gamma`, convexity of the part of :math:`\psi` outside J gives

    .. math:: \sum_{i > 1, i \notin J} \frac{u_i^2}{\beta_i - \tau} - \frac{u_1^2}{\tau} \ge
              \frac{\kappa - \sum_J u_i^2}{2 (\beta_2 + \varepsilon)},

    whereas a local maximum has :math:`\sum_{i > 1} u_i^2 / (\beta_i - \tau + \varepsilon) \le
    u_1^2 / (\tau - \varepsilon)`, so that :math:`\sum_J u_i^2 \le (\gamma + \varepsilon) /
    (\tau_c - \varepsilon)` and the left-hand side is at most :math:`\varepsilon (1/\gamma +
    1/\tau_c) / (\tau_c - \varepsilon)`.  If these contradict each other there is no such root.
    Two roots that are close leave no such :math:`\kappa`.  Both are before the point from which on
    :math:`\varphi_- > 1`, found from the pole at :math:`\beta_2` as the right end is from 0.
    """
    rounding = 4 * (len(below) + 4) * EPS
    right, none = _right_end(below, slope, error, rounding)
    left, known = _left_end(below, slope, error, rounding, right)
    far = _far_end(below, slope, error, rounding)
    none |= far < right
    left = np.where(known & (left >= right), np.minimum(left, far), far)
    left = np.maximum(left, right)
    middle = np.where(left < below[-2], 0.5 * (left + right), left)
    return Window(-left, -right, -middle), none


def _right_end(below: Array, slope: Array, error: Array, rounding: float) -> tuple[Array, Flags]:
    """The largest tau before which there is no root for sure, and where there is none at all."""
    sizes = np.maximum(np.abs(slope) - 5.0 * error, 0.0)
    # The first pole: sizes that may be 0 have none.
    pole = np.where(sizes[:-1] > 0.0, below[:-1], np.inf).min(axis=0)
    end = np.minimum(pole, below[-2] + 1.01 * error)
    tau = sizes[-1].copy()
    none = np.zeros(len(tau), dtype=bool)
    going = np.arange(len(tau))
    for _ in range(SETTINGS.steps):
        done = tau[going] >= end[going]
        none[going[done]] = True
        going = going[~done]
        if not len(going):
            break
        at, own = tau[going], sizes[:, going]
        gaps = np.where(own[:-1] > 0.0, below[:-1, going] - at, 1.0)
        terms = (own[:-1] / gaps) ** 2
        # Where the first size may be 0, so is tau, and there is no pole.
        at = np.where(own[-1] > 0.0, at, 1.0)
        near = (own[-1] / at) ** 2
        total = near + terms.sum(axis=0)
        excess = total - 1.0 - rounding * total
        falls = near / at
        rises = (terms / gaps).sum(axis=0)
        unsure = rounding * (rises + falls)
        none[going] = (excess > 0.0) & (rises - falls >= unsure)
        steps = SETTINGS.short * excess / np.maximum(2.0 * (falls - rises + unsure), LEAST_DIVISOR)
        ahead = (excess > 0.0) & (falls - rises + unsure > 0.0) & ~none[going]
        ahead &= steps > 4.0 * EPS * at
        going = going[ahead]
        tau[going] += steps[ahead]
    return np.where(none, np.minimum(tau, end), tau), none


def _far_end(below: Array, slope: Array, error: Array, rounding: float) -> Array:
    """The least tau from which on there is no root up to beta_2 + error for sure, or more than that
    if none is known; negative if there is none at all."""
    sizes = np.maximum(np.abs(slope) - 5.0 * error, 0.0)
    second = below[-2]
    # Nearer to its pole than its size one term alone exceeds 1.
    reach = sizes[-2] - 8.0 * EPS * second
    near = reach > 2.0 * error
    tau = np.where(near, second - reach, second + 2.0 * error)
    going = np.flatnonzero(near & (tau > 0.0))
    for _ in range(SETTINGS.steps):
        at, own = tau[going], sizes[:, going]
        gaps = below[:-1, going] - at
        terms, last = (own[:-1] / gaps) ** 2, (own[-1] / at) ** 2
        total = terms.sum(axis=0) + last
        excess = total - 1.0 - rounding * total
        rises, falls = (terms / gaps).sum(axis=0), last / at
        unsure = rounding * (rises + falls)
        # Where phi falls it is larger still at all smaller tau.
        tau[going[(excess > 0.0) & (falls - rises >= unsure)]] = -1.0
        steps = SETTINGS.short * excess / np.maximum(2.0 * (rises - falls + unsure), LEAST_DIVISOR)
        ahead = (excess > 0.0) & (falls - rises < unsure) & (steps > 4.0 * EPS * at)
        going, steps = going[ahead], steps[ahead]
        if not len(going):
            break
        tau[going] -= steps
        going = going[tau[going] > 0.0]
    return np.asarray(tau)


def _left_end(
    below: Array, slope: Array, error: Array, rounding: float, right: Array
) -> tuple[Array, Flags]:
    """A tau beyond which there is no local maximum, and where it is known."""
    sizes = np.abs(slope) + error
    second = below[-2]
    tau = np.maximum(right, sizes[-1])
    for step in range(SETTINGS.few_steps + 1):
        excess, fall = _inner_excess(below, sizes, tau, rounding)
        ahead = (excess > 0.0) & (fall > 0.0) & (tau < second)
        push = 2.0 if step == SETTINGS.few_steps else 1.0
        tau = tau + push * np.divide(excess, fall, out=np.zeros_like(tau), where=ahead)
    excess, _ = _inner_excess(below, sizes, tau, rounding)
    below_one = (tau < second) & (excess <= 0.0)
    known = np.zeros(len(tau), dtype=bool)
    # Bisection for the point where phi is least.
    going = np.flatnonzero(below_one)
    low, high = tau[going], second[going]
    at = low
    for _ in range(SETTINGS.bisections):
        excess, fall = _inner_excess(below[:, going], sizes[:, going], at, rounding)
        known[going] = _contradicts(-excess, at, second[going], error[going])
        left = ~known[going]
        going, low, high = going[left], low[left], high[left]
        if not len(going):
            break
        falls = fall[left] > 0.0
        low, high = np.where(falls, at[left], low), np.where(falls, high, at[left])
        at = 0.5 * (low + high)
    return tau, known


def _contradicts(kappa: Array, at: Array, second: Array, error: Array) -> Flags:
    """Whether no local maximum lies beyond tau = at, where phi <= 1 - kappa (`inner_window`)."""
    gamma = np.sqrt(2.0 * second * error)
    room = at - error
    safe = np.where(room > error, room, 1.0)
    steep = 2.0 * (second + error) * error * (1.0 / gamma + 1.0 / safe) / safe
    contradicts: Flags = (
        (at < second) & (room > error) & (MARGIN * (steep + (gamma + error) / safe) < kappa)
    )
    return contradicts


def _inner_excess(below: Array, sizes: Array, tau: Array, rounding: float) -> tuple[Array, Array]:
    """Values of phi (1 + rounding) - 1, infinite at poles, and the slope of -phi at tau."""
    gaps = below - tau
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        terms = (sizes / gaps) ** 2
        excess = terms.sum(axis=0) * (1.0 + rounding) - 1.0
        fall = -2.0 * (terms / gaps).sum(axis=0)
    return np.where(np.isnan(excess), np.inf, excess), np.where(np.isnan(fall), 0.0, fall)


def _leg(length: Array) -> Array:
    """The other leg of a right triangle with hypotenuse 1, or 0."""
    return np.sqrt(np.maximum((1.0 - length) * (1.0 + length), 0.0))
