"""Multipliers as they are given, projected on the dual equalities: a bound that is always valid.

It shares nothing with the solvers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPS = float(np.finfo(float).eps)

# A hinge that enters a ball by no more than this (in units of the spread) counts as feasible.  Data
# with common tangents meet them only up to rounding, and a hinge too many merely lowers the bound.
TOUCH = 1e-12
# Directions in which the centres extend by less than this fraction of their spread do not count.
FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class DualPoint:
    r"""Multipliers that satisfy the dual equalities, in coordinates of the centres' affine hull.

    Inputs are in units of their spread s about the mean of the centres, so the multipliers are
    :math:`s\, l_n` and :math:`G_n`, and P is the same.  Sites of radius 0 without multipliers are
    left out.  If the hull has more than two dimensions, so are balls without multipliers in other
    balls and the directions in which neither the sites that are left nor their :math:`G_n` extend.

    Attributes
    ----------
    centers : (S, k) array
    radii : (S,) array
    values : (S, p) array
    jacobians : (S, p, k) array
    objective : float
        :math:`\sum_n l_n^T t_n` in the units of the data.
    sites : (S,) int array
        Which sites are left.
    unit : float
        The spread s.
    touch : float
        By how much a hinge may enter a ball and still count as feasible: `TOUCH` plus the rounding
        of the coordinates as they were given.
    sum_residual, moment_residual : float
        :math:`|\sum l_n| / \sum |l_n|` and :math:`|\sum (l_n y_n^T + G_n)| / \sum (|l_n| |y_n| +
        |G_n|)` of the multipliers as given, in centred coordinates.
    sample_jacobians, tilted_jacobians : float
        The parts of :math:`\sum |G_n|` at sites of radius 0 and across the hull, relative to the
        same sum; both are left out of `jacobians`.
    """

    centers: Array
    radii: Array
    values: Array
    jacobians: Array
    objective: float
    sites: NDArray[np.intp]
    unit: float
    touch: float
    sum_residual: float
    moment_residual: float
    sample_jacobians: float
    tilted_jacobians: float


def project_dual(
    centers: Array, targets: Array, radii: Array, values: Array, jacobians: Array
) -> DualPoint:
    r"""Project multipliers on the dual equalities by least squares.

    The projected multipliers satisfy :math:`\sum l_n = 0` and :math:`\sum (l_n y_n^T + G_n) = 0` to
    rounding, so their bound is valid however bad the given ones were.  A hinge with weight
    :math:`(w_\parallel, w_\perp)`, the second part across the hull of the centres, has
    :math:`g(w, b) = |w_\parallel| g(w_\parallel / |w_\parallel|, b / |w_\parallel|)` if no
    :math:`G_n` acts across the hull, and the hinge on the right is feasible, too: hinges within the
    hull suffice.  The same holds for every subspace that contains the differences of the sites with
    multipliers and the rows of all :math:`G_n`, so P does not change if the rest is left out.

    Parameters
    ----------
    centers, targets, radii, values, jacobians : arrays (N, d), (N, p), (N,), (N, p, d)
    """
    origin = centers.mean(axis=0)
    offsets = centers - origin
    spread = float(np.linalg.norm(offsets, axis=1).max())
    rounding = EPS * float(np.abs(centers).max()) / spread
    y = offsets / spread
    _, sizes, directions = np.linalg.svd(y, full_matrices=False)
    rank = max(1, int((sizes > FLAT * sizes[0] + rounding * np.sqrt(y.size)).sum()))
    basis = directions[:rank]
    y, r, lam = y @ basis.T, radii / spread, values * spread
    gamma = jacobians @ basis.T
    tilted = jacobians - gamma @ basis
    sizes_lam = np.linalg.norm(lam, axis=1)
    total = float(
        sizes_lam @ np.linalg.norm(y, axis=1) + np.linalg.norm(jacobians, axis=(1, 2)).sum()
    )
    moment = np.einsum("np,nk->pk", lam, y) + gamma.sum(axis=0)
    ball = r > 0
    # Multipliers that are nothing but rounding would make thousands of samples count.
    keep = ball | (sizes_lam > 1e-15 * sizes_lam.max())
    if rank > 2:
        idle = ball & (sizes_lam == 0.0) & (np.linalg.norm(gamma, axis=(1, 2)) == 0.0)
        keep &= ~_within_another(y, r, idle)
    kept = y[keep], r[keep], lam[keep], np.where(ball[:, None, None], gamma, 0.0)[keep]
    lam_kept, gamma_kept = _onto_equalities(*kept)
    y_kept = kept[0]
    if rank > 2 and len(y_kept):
        size = float(np.linalg.norm(lam_kept) + np.linalg.norm(gamma_kept))
        inside = _directions(y_kept - y_kept.mean(axis=0), gamma_kept, rounding, size)
        y_kept, gamma_kept = y_kept @ inside.T, gamma_kept @ inside.T
    return DualPoint(
        centers=y_kept,
        radii=kept[1],
        values=lam_kept,
        jacobians=gamma_kept,
        objective=float(np.sum(lam_kept * (targets - targets.mean(axis=0))[keep])) / spread,
        sites=np.flatnonzero(keep),
        unit=spread,
        touch=TOUCH + 2.0 * rounding,
        sum_residual=ratio(float(np.linalg.norm(lam.sum(axis=0))), float(sizes_lam.sum())),
        moment_residual=ratio(float(np.linalg.norm(moment)), total),
        sample_jacobians=ratio(float(np.linalg.norm(jacobians[~ball], axis=(1, 2)).sum()), total),
        tilted_jacobians=ratio(float(np.linalg.norm(tilted, axis=(1, 2)).sum()), total),
    )


def ratio(value: float, scale: float) -> float:
    """Quotient value / scale, where 0 / 0 = 0 and x / 0 is infinite."""
    if value == 0.0:
        return 0.0
    return value / scale if scale != 0.0 else float("inf") * value


def _within_another(y: Array, r: Array, candidates: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Candidates whose balls lie in others: they rule no hinge out.  Of equal ones one stays."""
    within = np.zeros(len(y), dtype=bool)
    for n in np.flatnonzero(candidates):
        holds = np.linalg.norm(y - y[n], axis=1) + r[n] <= r * (1.0 + 4.0 * EPS)
        holds[n] = False
        within[n] = bool((holds & ~within).any())
    return within


def _directions(offsets: Array, gamma: Array, rounding: float, size: float) -> Array:
    """Orthonormal rows that span the offsets and the rows of the Jacobian multipliers."""
    spanned, rest = _row_basis(offsets, FLAT + rounding * float(np.sqrt(offsets.size)))
    if len(rest):
        more, _ = _row_basis(gamma.reshape(-1, gamma.shape[2]) @ rest.T, FLAT * size)
        spanned = np.vstack([spanned, more @ rest])
    return spanned if len(spanned) else rest[:1]


def _row_basis(rows: Array, flat: float) -> tuple[Array, Array]:
    """Orthonormal bases of the span of the rows and of its complement."""
    _, sizes, axes = np.linalg.svd(np.linalg.qr(rows, mode="r"))
    rank = int((sizes > flat).sum())
    return axes[:rank], axes[rank:]


def _onto_equalities(y: Array, r: Array, lam: Array, gamma: Array) -> tuple[Array, Array]:
    """The nearest multipliers that satisfy the dual equalities; sites keep their support."""
    if not len(y):
        return lam, gamma
    k = y.shape[1]
    balls = np.flatnonzero(r > 0)
    # One row per multiplier, one column per equality; every output has the same equalities.
    equalities = np.vstack(
        [
            np.column_stack([np.ones(len(y)), y]),
            np.tile(np.column_stack([np.zeros(k), np.eye(k)]), (len(balls), 1)),
        ]
    )
    x = np.vstack([lam, gamma[balls].transpose(0, 2, 1).reshape(-1, lam.shape[1])])
    for _ in range(2):  # the second pass removes the rounding of the first
        x = x - equalities @ np.linalg.lstsq(equalities, x, rcond=None)[0]
    projected = np.zeros_like(gamma)
    projected[balls] = x[len(y) :].reshape(-1, k, lam.shape[1]).transpose(0, 2, 1)
    return x[: len(y)], projected
