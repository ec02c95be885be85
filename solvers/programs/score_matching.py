r"""The restricted dual of score matching over finitely many hinges.

With the rows F_k and terms f_k, the constraint of hinge k at multipliers u is f_k + u^T F_k:

    minimize  1/2 |u|^2   subject to   |f_k + u^T F_k| <= beta for all k,

whose multipliers are the output weights a_k of the network; or, without a penalty,

    minimize  tau         subject to   |f_k + u^T F_k| <= tau for all k.
"""

from __future__ import annotations

import clarabel
import numpy as np
from scipy import sparse

from convexden.errors import NotCertified
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array
from convexden.tolerances import ACCURATE_RTOL


def solve_restricted(
    rows: Array, terms: Array, penalty: float | None, clock: Clock = UNLIMITED
) -> tuple[Array, Array, float]:
    """Multipliers u (M, d), output weights (K, d), and tau, which is the penalty if there is one.

    Parameters
    ----------
    rows : (K, M) array
    terms : (K, d) array
    penalty : float or None
    clock : Clock, optional
        Of the run.

    Raises
    ------
    NotCertified
        If the solver returns no point.
    """
    (count, m), d = rows.shape, terms.shape[1]
    free = penalty is None
    size = m * d + free
    cones, bounds = np.zeros((count, 1 + d, size)), np.zeros((count, 1 + d))
    for j in range(d):
        cones[:, 1 + j, j * m : (j + 1) * m] = -rows
    bounds[:, 1:] = terms
    linear = np.zeros(size)
    if penalty is None:
        cones[:, 0, -1], linear[-1] = -1.0, 1.0
        quadratic = sparse.csc_matrix((size, size))
    else:
        bounds[:, 0] = penalty
        quadratic = sparse.eye_array(size, format="csc")
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.equilibrate_enable = False  # it stalls at 1e-7 where the numbers are of one size
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = ACCURATE_RTOL / 10
    settings.time_limit = clock.left
    solution = clarabel.DefaultSolver(
        quadratic,
        linear,
        sparse.csc_matrix(cones.reshape(-1, size)),
        bounds.ravel(),
        [clarabel.SecondOrderConeT(1 + d)] * count,
        settings,
    ).solve()
    clock.check()
    found, weights = np.array(solution.x), np.array(solution.z).reshape(count, 1 + d)[:, 1:]
    if not (np.isfinite(found).all() and np.isfinite(weights).all()):
        raise NotCertified(f"the restricted program failed ({solution.status}): raise the penalty")
    level = float(found[-1]) if penalty is None else penalty
    return found[: m * d].reshape(d, m).T, weights, level
