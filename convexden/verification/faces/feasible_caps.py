r"""What inequalities leave of spheres: bounds for the few that `sphere_maxima` cannot settle.

* *Weights.*  At a feasible point u of the unit ball every sum of the inequalities B u + e >= 0 with
  weights :math:`\lambda \ge 0` is nonnegative, so that there is none where
  :math:`\lambda^T e + |B^T \lambda| < 0`.  Nonnegative least squares finds such weights; whether
  they prove it is checked, rounding included.
* *Spheres of maximizers.*  If the largest eigenvalues nearly agree and there is no slope along
  their eigenvectors the maximizers are whole spheres.  Weights show that all are infeasible.
* *Caps.*  An inequality leaves a cap of the sphere, on which the function is bounded by its value
  at the top and the size of the cap.  Near contact of balls the caps are small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from convexden.arithmetic.float64 import EPS
from convexden.verification.faces.sphere_maxima import Secular, Spheres
from convexden.verification.faces.tangent_spheres import MARGIN

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class CapSettings:
    """How maximizers on spheres are bounded."""

    cluster: float = 1e-7
    """Eigenvalues this close to the largest, in units of it, are taken together with it."""


SETTINGS = CapSettings()


def sharpened(spheres: Spheres, bounds: Array, best: float) -> Array:
    """Bounds (F,) of the feasible local maxima that are not larger than those given.

    Where a bound does not exceed `best` nothing more is tried; 0 where there are no such maxima.
    """
    bounds = np.minimum(bounds, _cap_bounds(spheres))
    for proves in (_have_no_points, _have_no_maxima):
        high = bounds > best
        if not high.any():
            break
        bounds[high] = np.where(proves(spheres.take(high)), 0.0, bounds[high])
    return bounds


def _cap_bounds(spheres: Spheres) -> Array:
    r"""The least bound of |A u + g| over the caps that the single inequalities leave.

    With b the direction of a row of B points of its cap have :math:`u^T b \ge h`, and
    :math:`|A (u - b)| \le (1 - h) |A b| + \sqrt{1 - h^2} |A - A b b^T|`.
    """
    A, g, B = spheres.A, spheres.g, spheres.B
    room = spheres.e + spheres.slack
    lengths = np.linalg.norm(B, axis=2)
    usable = (lengths > 0.0) & (room < 0.0)
    lengths = np.where(usable, lengths, 1.0)
    terms = (A.shape[1] * A.shape[2] + 16) * EPS
    # 1 - h, from above.
    depth = np.maximum((lengths + room) / lengths, 0.0) + terms * (1.0 + np.abs(room) / lengths)
    depth = np.minimum(MARGIN * depth, 2.0)
    tops = B / lengths[:, :, None]
    images = tops @ A.transpose(0, 2, 1)  # (F, N, p)
    across = A[:, None] - images[:, :, :, None] * tops[:, :, None, :]
    values = np.linalg.norm(images + g[:, None], axis=2)
    values += MARGIN * depth * np.linalg.norm(images, axis=2)
    wide = np.sqrt(np.where(depth < 1.0, depth * (2.0 - depth), 1.0))
    values += MARGIN * wide * np.linalg.norm(across, axis=(2, 3))
    sizes = np.linalg.norm(A, axis=(1, 2)) + np.linalg.norm(g, axis=1)
    bounds = np.where(usable, values, np.inf).min(axis=1)
    bounds += MARGIN * (spheres.A_error + spheres.g_error + 3.0 * terms * sizes)
    return bounds


def _have_no_points(spheres: Spheres) -> Flags:
    """Whether the inequalities leave nothing of the spheres, for sure."""
    rooms = spheres.e + spheres.slack
    return np.array([_empty(B, room) for B, room in zip(spheres.B, rooms, strict=True)], dtype=bool)


def _empty(B: Array, e: Array) -> bool:
    """Whether no point of the unit ball has B u + e >= 0 in every component, for sure."""
    try:
        weights, _ = nnls(np.vstack([B.T, -e]), np.append(np.zeros(B.shape[1]), 1.0))
    except RuntimeError:  # too many iterations
        return False
    rounding = (B.size + 8) * EPS * (weights @ (np.abs(e) + np.linalg.norm(B, axis=1)))
    return bool(weights @ e + np.linalg.norm(weights @ B) + MARGIN * rounding < 0.0)


def _have_no_maxima(spheres: Spheres) -> Flags:
    r"""Whether the maximizers near an eigenspace of the largest eigenvalues are all infeasible.

    Local maxima have :math:`t \ge -\beta_2 - \varepsilon`.  With C the indices of these eigenvalues
    and t at most the end of the outer window, the coordinates outside C are known up to an error,
    and those in C have a known length.
    """
    proven = np.zeros(len(spheres.g), dtype=bool)
    if spheres.A.shape[2] < 2:
        return proven
    secular = Secular.of(spheres)
    below, slope, error = secular.below, secular.slope, secular.error
    low, high = -below[-2] - MARGIN * error, secular.outer_window().high
    for i in np.flatnonzero(below[-2] <= SETTINGS.cluster * secular.top):
        outer = below[:, i] > SETTINGS.cluster * secular.top[i]
        gaps = below[outer, i]
        rest = slope[outer, i] / gaps
        least = gaps.min(initial=np.inf) + low[i]
        if least <= 0.0:
            continue
        B, basis = spheres.B[i], secular.basis[i]
        k = B.shape[1]
        size = float(np.linalg.norm(rest))
        swing = max(-low[i], high[i])
        slip = MARGIN * (error[i] + size * swing) / least + (k + 8) * EPS
        shortest = min(max(size - slip, 0.0), 1.0)
        radius = MARGIN * np.sqrt((1.0 - shortest) * (1.0 + shortest))
        blur = np.linalg.norm(B, axis=1) * (slip + secular.skew[i] + (k * np.sqrt(k) + 4) * EPS)
        room = spheres.e[i] + B @ (basis[:, outer] @ rest) + spheres.slack[i]
        room += MARGIN * blur + 4.0 * EPS * np.abs(spheres.e[i])
        proven[i] = _empty(radius * (B @ basis[:, ~outer]), room)
    return proven
