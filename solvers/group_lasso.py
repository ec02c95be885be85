r"""The restricted regularised problem: a group lasso over finitely many hinges.

With the features :math:`\psi_k \in \mathbb R^N` of K hinges and the targets T, both without their
affine parts (see `squared_error`), it is

    minimise  1/2 |T - sum_k psi_k a_k^T|^2 + sum_k |a_k|

with targets and output weights in units of the penalty.

`solve_group_lasso` hands it to Clarabel.  `slide` starts near its solution and lets the hinges move
on their faces as well: where no output weight vanishes the objective is smooth in weights and
positions, and Newton's method minimises it to rounding accuracy.  References: Yuan and Lin, J. R.
Stat. Soc. B 68 (2006), for the group lasso; Denoyelle, Duval, Peyre and Soubies, Inverse Problems
36 (2019), for sliding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import clarabel
import numpy as np
from scipy import sparse

from convexden.errors import NotCertified
from convexden.solvers.atoms import Array, Flags, Hinges
from convexden.solvers.newton import moving
from convexden.solvers.pricing import Pricing
from convexden.solvers.squared_error import SquaredError

_ACCURACY = 1e-10  # asked of the cone solver
_STEPS = 40
_HALVINGS = 12
_FLAT = 1e-13  # curvatures below this share of the largest are none
_ROUNDING = 1e-15  # relative to the objective, what a step may cost


def solve_group_lasso(columns: Array, targets: Array) -> tuple[Array, Array]:
    """Output weights (K, p) and residuals (N, p), each to the accuracy of a cone solver.

    Solved is the dual: maximise <T, Z> - 1/2 |Z|^2 with |Z^T psi_k| <= 1 for all hinges, whose
    values, unlike the primal's, stay of one size when the penalty is small.

    Parameters
    ----------
    columns : (K, N) array
        The psi_k, at least one.
    targets : (N, p) array

    Raises
    ------
    NotCertified
        If the solver returns no point.
    """
    (count, n), p = columns.shape, targets.shape[1]
    # The variable is Z, column after column; cone k is (1, Z^T psi_k).
    rows = (1 + p) * np.arange(count)[:, None] + 1
    shape = (count * (1 + p), n * p)
    matrix = np.zeros(shape)
    for j in range(p):
        matrix[np.ravel(rows) + j, j * n : (j + 1) * n] = -columns
    bounds = np.zeros(shape[0])
    bounds[:: 1 + p] = 1.0
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.equilibrate_enable = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _ACCURACY
    solution = clarabel.DefaultSolver(
        sparse.eye_array(n * p, format="csc"),
        -targets.T.ravel(),
        sparse.csc_matrix(matrix),
        bounds,
        [clarabel.SecondOrderConeT(1 + p)] * count,
        settings,
    ).solve()
    weights = -np.array(solution.z).reshape(count, 1 + p)[:, 1:]
    residual = np.array(solution.x).reshape(p, n).T
    if not (np.isfinite(weights).all() and np.isfinite(residual).all()):
        raise NotCertified(f"the group lasso failed ({solution.status}): raise the penalty")
    return weights, residual


def objective(columns: Array, targets: Array, weights: Array) -> float:
    """The objective of the group lasso at weights (K, p)."""
    residual = targets - columns.T @ weights
    size = np.linalg.norm(weights, axis=1).sum()
    return float(0.5 * np.sum(residual**2) + size)


def slide(
    rows: SquaredError, pricing: Pricing, hinges: Hinges, weights: Array
) -> tuple[Hinges, Array]:
    """Minimise over output weights (K, p) and positions on the faces, by Newton's method.

    Every step lowers the objective.  A hinge whose weight comes to vanish is dropped; one that
    comes to the end of its face stays there.
    """
    heavy = np.linalg.norm(weights, axis=1) > 0.0
    state = _State(rows, pricing, hinges[heavy], weights[heavy])
    for _ in range(_STEPS):
        if not len(state.hinges):
            break
        step = state.step()
        for halving in range(_HALVINGS):
            trial = state.moved(0.5**halving * step)
            change = trial.value - state.value
            shorter = len(trial.hinges) < len(state.hinges)
            # At rounding accuracy the value tells nothing any more, but the gradient does.
            if change < -_ROUNDING * state.value or (
                change <= _ROUNDING * state.value and (shorter or trial.slope < 0.5 * state.slope)
            ):
                break
        else:
            break
        state = trial
    return state.hinges, state.weights


@dataclass(eq=False)
class _State:
    """Weights and positions, with the gradient and the Hessian of the objective there."""

    rows: SquaredError
    pricing: Pricing
    hinges: Hinges
    weights: Array

    def __post_init__(self) -> None:
        self.columns = self.rows.features(self.hinges)
        self.residual = self.rows.targets - self.columns.T @ self.weights
        self.norms: Array = np.linalg.norm(self.weights, axis=1)
        self.units = self.weights / self.norms[:, None]
        self.value = float(0.5 * np.sum(self.residual**2) + self.norms.sum())
        self.owners, self.turning, self.inward = moving(self.rows, self.pricing, self.hinges)
        # Steps are scaled by the root of the weights: light hinges count as well.
        self.roots = np.sqrt(self.norms[self.owners])
        self.q1 = self.turning @ self.residual
        slopes = np.sum(self.weights[self.owners] * self.q1, axis=1) / self.roots
        pull = self.units - self.columns @ self.residual
        self.gradient = np.concatenate([pull.ravel(), -slopes])
        self.slope = float(np.linalg.norm(self.gradient))

    def step(self) -> Array:
        """A Newton step; against the curvature where that is negative, so that it descends."""
        sizes, axes = np.linalg.eigh(self._hessian())
        curved = np.abs(sizes) > _FLAT * np.abs(sizes).max()
        along = axes[:, curved]
        step: Array = -along @ ((along.T @ self.gradient) / np.abs(sizes[curved]))
        return step

    def _hessian(self) -> Array:
        (k, p), owners = self.weights.shape, self.owners
        size = k * p
        hessian = np.zeros((size + len(owners),) * 2)
        hessian[:size, :size] = np.kron(self.columns @ self.columns.T, np.eye(p))
        carried = self.weights[owners] / self.roots[:, None]
        cross = (self.columns @ self.turning.T)[:, None, :] * carried.T[None, :, :]
        for j in range(k):
            mine = slice(j * p, (j + 1) * p)
            across = np.eye(p) - np.outer(self.units[j], self.units[j])
            hessian[mine, mine] += 1.0 / self.norms[j] * across
        cross[owners, :, np.arange(len(owners))] -= self.q1 / self.roots[:, None]
        hessian[:size, size:] = cross.reshape(size, len(owners))
        hessian[size:, :size] = hessian[:size, size:].T
        bend = (self.turning @ self.turning.T) * (carried @ carried.T)
        bend[np.diag_indices_from(bend)] -= (
            np.sum(self.weights[owners] * (self.inward @ self.residual), axis=1) / self.roots**2
        )
        hessian[size:, size:] = bend
        return hessian

    def moved(self, step: Array) -> _State:
        """The state after a step, without the hinges whose weights it turns round."""
        weights = self.weights + step[: self.weights.size].reshape(self.weights.shape)
        kept: Flags = np.sum(weights * self.units, axis=1) > 0.0
        directions = self.pricing.tangents(self.hinges)[0]
        used = np.any(directions != 0.0, axis=1)
        steps = np.zeros(used.shape)
        steps[used] = step[self.weights.size :] / self.roots
        hinges, clamped = self.pricing.moved(self.hinges, steps)
        hinges = replace(hinges, free=hinges.free & ~clamped)
        return _State(self.rows, self.pricing, hinges[kept], weights[kept])
