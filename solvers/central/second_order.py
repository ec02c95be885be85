r"""A step with second-order models of the local maxima of the dual constraint.

From multipliers Z it moves to those that maximize the dual, subject to the linear constraints of
the hinges of a pool, which hold for all multipliers, and to the models

.. math:: f_k + \nabla f_k \cdot D + \tfrac12 D^T H_k D \le \tfrac12

of the local maxima of Z (`local_model`).  That converges quadratically wherever the faces of the
optimum are among them, and says which of them count: those with a multiplier.
"""

from __future__ import annotations

import clarabel
import numpy as np
from scipy import sparse

from convexden.running.clock import Clock
from convexden.solvers.central.local_model import LocalModel
from convexden.solvers.hinges import Array


def second_order_step(
    reduced: Array,
    columns: Array,
    models: list[LocalModel],
    targets: Array,
    softness: float,
    clock: Clock,
) -> tuple[Array, Array] | None:
    """New multipliers (M, p), and how much each model counts (K,); None if the solver fails.

    Parameters
    ----------
    reduced : (M, p) array
        The Z at which the models are.
    columns : (C, M) array
        Features of the pool.
    models : list of LocalModel
    targets : (M, p) array
    softness : float
        The penalty, or 0.
    clock : Clock
        Of the run.
    """
    (count, m), p = columns.shape, targets.shape[1]
    # Variables are Z + D, output after output.
    cones = np.zeros((count, 1 + p, p, m))
    for j in range(p):
        cones[:, 1 + j, j] = -columns
    rows, bounds = [cones.reshape(-1, p * m)], [np.tile([1.0] + [0.0] * p, count)]
    kinds = [clarabel.SecondOrderConeT(1 + p)] * count
    start = reduced.T.ravel()
    for model in models:
        # |R D|^2 / 2 <= s as a second-order cone: |(sqrt 2 R D, s - 1)| <= s + 1.
        gradient = model.gradient.reshape(m, p).T.ravel()
        roots = np.sqrt(2.0) * model.roots.reshape(-1, m, p).swapaxes(1, 2).reshape(-1, m * p)
        slack = 0.5 - model.value + float(gradient @ start)
        rows += [gradient[None], gradient[None], -roots]
        bounds += [np.array([slack + 1.0, slack - 1.0]), -roots @ start]
        kinds.append(clarabel.SecondOrderConeT(2 + len(roots)))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.equilibrate_enable = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    settings.time_limit = clock.left
    solution = clarabel.DefaultSolver(
        softness * sparse.eye_array(m * p, format="csc"),
        -targets.T.ravel(),
        sparse.csc_matrix(np.vstack(rows)),
        np.concatenate(bounds),
        kinds,
        settings,
    ).solve()
    clock.check()
    found, duals = np.array(solution.x), np.array(solution.z)
    if not (np.isfinite(found).all() and np.isfinite(duals).all()):
        return None
    counts, place = [], count * (1 + p)
    for model in models:
        # The gradient of the model has the multiplier z_0 + z_1 of the first two rows.
        counts.append(duals[place] + duals[place + 1])
        place += 2 + len(model.roots)
    return found.reshape(p, m).T, np.array(counts)
