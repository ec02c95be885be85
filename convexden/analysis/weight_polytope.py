"""The polytope {weights + null z >= 0}: its vertices, and the least squares over it."""

from __future__ import annotations

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from scipy.spatial import HalfspaceIntersection

from convexden.errors import NotCertified
from convexden.tolerances import NOISY_DEPENDENT_RTOL, WEIGHTLESS_RTOL

Array = NDArray[np.float64]


def corners(weights: Array, null: Array) -> Array:
    """The vertices of {weights + null z >= 0}, of two dimensions or more, that is bounded."""
    sizes = np.linalg.norm(null, axis=1)
    seen = sizes > NOISY_DEPENDENT_RTOL * sizes.max()
    rows, lengths, room = null[seen], sizes[seen], weights[seen]
    inner = scipy.optimize.linprog(
        np.append(np.zeros(null.shape[1]), -1.0),
        A_ub=np.column_stack([-rows, lengths]),
        b_ub=room,
        bounds=(None, None),
        method="highs",
    )
    if inner.status != 0 or inner.x[-1] <= WEIGHTLESS_RTOL * weights.sum():
        raise NotCertified("the minimizers are a flat polytope, up to rounding: ask for a range")
    halfspaces = np.column_stack([-rows, -room])
    found = HalfspaceIntersection(halfspaces, inner.x[:-1]).intersections
    return weights + found @ null.T


def least_squares(values: Array, goals: Array, weights: Array, null: Array) -> Array:
    """The weights of the polytope with the least squares |values weights - goals|^2."""
    rows, start = values @ null, goals - values @ weights
    size = np.linalg.norm(rows) or 1.0
    found = scipy.optimize.minimize(
        lambda z: float(((rows @ z - start) ** 2).sum()) / size**2,
        np.zeros(null.shape[1]),
        jac=lambda z: 2 * rows.T @ (rows @ z - start) / size**2,
        constraints={"type": "ineq", "fun": lambda z: weights + null @ z, "jac": lambda _: null},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    return np.maximum(weights + null @ found.x, 0.0)
