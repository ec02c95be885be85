r"""The restricted regularized problem: a group lasso over finitely many hinges.

With the features :math:`\psi_k \in \mathbb R^N` of K hinges and the targets T, both without their
affine parts (see `squared_error`), it is

    minimize  1 / (2 lambda) |T - sum_k psi_k a_k^T|^2 + sum_k |a_k| ,

whose dual, with the residual lambda Z, is

    maximize  <T, Z> - lambda / 2 |Z|^2   subject to   |Z^T psi_k| <= 1 for all k.

Both stay of one size when the penalty lambda vanishes, and interpolation is left.  The dual goes to
Clarabel.  Reference: Yuan and Lin, J. R. Stat. Soc. B 68 (2006).
"""

from __future__ import annotations

import clarabel
import numpy as np
from scipy import sparse

from convexden.errors import NotCertified
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array
from convexden.tolerances import ACCURATE_RTOL


def solve_group_lasso(
    columns: Array, targets: Array, penalty: float, clock: Clock = UNLIMITED
) -> tuple[Array, Array]:
    """Output weights (K, p) and multipliers Z (N, p) to the accuracy of a cone solver.

    Parameters
    ----------
    columns : (K, N) array
        The psi_k, at least one.
    targets : (N, p) array
    penalty : float
    clock : Clock, optional
        Of the run.

    Raises
    ------
    NotCertified
        If the solver returns no point.
    """
    (count, n), p = columns.shape, targets.shape[1]
    # Close samples make small features: in units of the largest, all numbers are of one size.
    unit = np.linalg.norm(columns, axis=1).max()
    columns, penalty = columns / unit, penalty / unit
    # Multipliers lie in the span of columns and targets.
    basis = np.linalg.qr(np.column_stack([targets, columns.T]))[0]
    columns, targets, n = columns @ basis, basis.T @ targets, basis.shape[1]
    # The variable is Z, column after column; cone k is (1, Z^T psi_k).
    cones = np.zeros((count, 1 + p, n * p))
    for j in range(p):
        cones[:, 1 + j, j * n : (j + 1) * n] = -columns
    bounds = np.zeros((count, 1 + p))
    bounds[:, 0] = 1.0
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.equilibrate_enable = False  # see `master`
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = ACCURATE_RTOL
    settings.time_limit = clock.left
    solution = clarabel.DefaultSolver(
        penalty * sparse.eye_array(n * p, format="csc"),
        -targets.T.ravel(),
        sparse.csc_matrix(cones.reshape(-1, n * p)),
        bounds.ravel(),
        [clarabel.SecondOrderConeT(1 + p)] * count,
        settings,
    ).solve()
    clock.check()
    weights = -np.array(solution.z).reshape(count, 1 + p)[:, 1:]
    multipliers = np.array(solution.x).reshape(p, n).T
    if not (np.isfinite(weights).all() and np.isfinite(multipliers).all()):
        raise NotCertified(f"the group lasso failed ({solution.status}): raise the penalty")
    return weights / unit, basis @ multipliers / unit
