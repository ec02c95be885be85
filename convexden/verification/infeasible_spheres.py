r"""Spheres on which inequalities leave no point, or no local maximum, proven by weights.

At a feasible point u of a unit ball every sum of the inequalities B u + e >= 0 with weights
:math:`\lambda \ge 0` is nonnegative, so that there is none where
:math:`\lambda^T e + |B^T \lambda| < 0`.  Nonnegative least squares finds such weights; whether they
prove it is checked with the rounding of the check.

If the largest eigenvalues of the function nearly agree and it has no slope along their eigenvectors
there are whole spheres of maximizers.  Weights on such a sphere show that all of them are
infeasible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from convexden.verification.sphere_maxima import Secular, Spheres
from convexden.verification.tangent_spheres import EPS, MARGIN

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Eigenvalues this close to the largest, in units of it, are taken together with it.
CLUSTER = 1e-7


def without_maxima(spheres: Spheres) -> Flags:
    """Where there is no feasible point, or no local maximum that is feasible, for sure."""
    proven = np.array(
        [_empty(B, e) for B, e in zip(spheres.B, spheres.e + spheres.slack, strict=True)]
    )
    proven = proven.astype(bool)
    if spheres.A.shape[2] > 2 and not proven.all():
        proven[~proven] = _maximizers_are_infeasible(spheres.take(~proven))
    return proven


def _empty(B: Array, e: Array) -> bool:
    """Whether no point of the unit ball has B u + e >= 0 in every component, for sure."""
    try:
        weights, _ = nnls(np.vstack([B.T, -e]), np.append(np.zeros(B.shape[1]), 1.0))
    except RuntimeError:  # too many iterations
        return False
    rounding = (B.size + 8) * EPS * (weights @ (np.abs(e) + np.linalg.norm(B, axis=1)))
    return bool(weights @ e + np.linalg.norm(weights @ B) + MARGIN * rounding < 0.0)


def _maximizers_are_infeasible(spheres: Spheres) -> Flags:
    r"""Whether the maximizers near an eigenspace of the largest eigenvalues are all infeasible.

    Local maxima have :math:`t \ge -\beta_2 - \varepsilon`.  With C the indices of these eigenvalues
    and t at most the end of the outer window, the coordinates outside C are known up to an error,
    and those in C have a known length.
    """
    secular = Secular.of(spheres)
    below, slope, error = secular.below, secular.slope, secular.error
    low, high = -below[-2] - MARGIN * error, secular.outer_window().high
    proven = np.zeros(len(error), dtype=bool)
    for i in np.flatnonzero(below[-2] <= CLUSTER * secular.top):
        outer = below[:, i] > CLUSTER * secular.top[i]
        gaps = below[outer, i]
        rest = slope[outer, i] / gaps
        least = gaps.min(initial=np.inf) + low[i]
        if least <= 0.0:
            continue
        swing = max(-low[i], high[i])
        B, basis = spheres.B[i], secular.basis[i]
        k = B.shape[1]
        size = float(np.linalg.norm(rest))
        slip = MARGIN * (error[i] + size * swing) / least + (k + 8) * EPS
        shortest = min(max(size - slip, 0.0), 1.0)
        radius = MARGIN * np.sqrt((1.0 - shortest) * (1.0 + shortest))
        blur = np.linalg.norm(B, axis=1) * (slip + secular.skew[i] + (k * np.sqrt(k) + 4) * EPS)
        room = spheres.e[i] + B @ (basis[:, outer] @ rest) + spheres.slack[i]
        room += MARGIN * blur + 4.0 * EPS * np.abs(spheres.e[i])
        proven[i] = _empty(radius * (B @ basis[:, ~outer]), room)
    return proven
