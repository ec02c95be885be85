r"""Quadratic models: the dual constraint next to its local maxima, to second order.

By homogeneity the dual is to maximize <T, Z> while |Z^T psi| <= 1 for every hinge.  At multipliers
Z_0 that constraint has finitely many local maxima, and next to Z_0 each is a smooth function of Z.
At a hinge with steps t on its face

    1/2 |Z^T psi(t)|^2 = 1/2 |q|^2 + v.t + 1/2 t^T L t + ...,   q = Z^T psi,
    v_i = q_0 . Z^T psi_i' + q_i' . q   (linear in Z, and zero at Z_0),

so that its maximum over t is 1/2 (|q|^2 + v^T (-L)^{-1} v) to second order, at t = (-L)^{-1} v.
The *quadratic model* of the hinge is the constraint |B Z| <= 1 with B Z = (q, (-L)^{-1/2} v).
Reference: Hettich and Kortanek, Semi-infinite programming, SIAM Review 35 (1993), section 7.
"""

from __future__ import annotations

import numpy as np

from convexden.arithmetic.float64 import EPS
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Hinges, Indices
from convexden.solvers.methods.newton import moving
from convexden.solvers.pricing import Pricing

# Curvatures below this share of the largest count as this: steps along them stay finite.
_FLAT = 1e-7


def quadratic_models(
    constraints: Constraints,
    pricing: Pricing,
    hinges: Hinges,
    multipliers: Array,
    flattest: float = _FLAT,
) -> tuple[Indices, Array]:
    """The quadratic models of K hinges that are local maxima at these multipliers (M, p).

    Curvatures of one hinge count as no less than a share of its largest.

    Returns
    -------
    owners : (F,) int array
        The hinges of the rows that follow, ascending.
    bends : (F, M * p) array
        The rows of (-L)^{-1/2} v as functions of Z.
    """
    columns = constraints.features(hinges)
    owners, turning, inward = moving(constraints, pricing, hinges)
    q, q1, q2 = columns @ multipliers, turning @ multipliers, inward @ multipliers
    bends = turning[:, :, None] * q[owners][:, None, :]
    bends += columns[owners][:, :, None] * q1[:, None, :]
    counts = np.bincount(owners, minlength=len(hinges))
    first = np.cumsum(counts) - counts
    for count in np.unique(counts[counts > 0]):
        # Hinges that may move in equally many directions together.
        which = np.flatnonzero(counts == count)
        mine = first[which][:, None] + np.arange(count)
        axes = _axes(q[which], q1[mine], q2[mine], flattest)
        shape = (len(which), count, -1)
        bends[mine] = (axes @ bends[mine].reshape(shape)).reshape(bends[mine].shape)
    return owners, bends.reshape(len(owners), multipliers.size)


def _axes(q: Array, q1: Array, q2: Array, flattest: float) -> Array:
    """The rows (K, m, m) of (-L)^{-1/2} on its eigenvectors, for hinges with columns (K, p) and
    first and second derivatives (K, m, p) along their m directions."""
    curvature = -q1 @ q1.transpose(0, 2, 1)
    every = np.arange(q1.shape[1])
    curvature[:, every, every] -= (q2 @ q[:, :, None])[:, :, 0]
    sizes, axes = np.linalg.eigh(curvature)
    least = np.maximum(EPS * np.sum(q**2, axis=1), np.finfo(float).tiny)
    sizes = np.maximum(sizes, flattest * np.maximum(sizes[:, -1], least)[:, None])
    turned: Array = (axes / np.sqrt(sizes)[:, None, :]).transpose(0, 2, 1)
    return turned
