r"""The second-order master: the dual over finitely many quadratic models, solved from the inside.

With the quadratic models |B_k Z| <= 1 of the local maxima at Z_0 (`quadratic_models`; without their
second part they are the columns of the restricted master) it is the quadratically constrained
program

    maximize <T, Z> - eta/2 |Z - Z_0|^2   subject to   1/2 (1 - |B_k Z|^2) >= 0 for all k.

Its prices lambda_k >= 0 satisfy T = sum_k lambda_k B_k^T B_k Z + eta (Z - Z_0): they are the
weights of the hinges.  A primal-dual method with Mehrotra's predictor and corrector stays strictly
inside.

1. Residual of the multipliers, and complementarity sum_k lambda_k s_k with the slacks s_k; stop if
   it is small.
2. Predictor: the Newton step toward complementarity 0.  How far it may go tells how much centering
   is needed: sigma = (mu reached / mu)^3.
3. Corrector: the Newton step toward sigma mu, with the second-order terms of the predictor.
4. Go as far as slacks and prices stay above zero.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array
from convexden.solvers.methods.quadratic_models import QuadraticModels

# Steps at the most.
_STEPS = 60
# Share of the way to the boundary that a step may go.
_BOUNDARY = 0.99
# Factor by which a step lowers the target of complementarity at most.
_LEAST = 1e-3
# Regularization of the equilibrated system, a few hundred roundings of its diagonal of ones.
_SHIFT = 1e-13
# Prices stay unknowns whose share of the greatest is above this many slacks: what is eliminated is
# divided by the price.
_KEPT = 10.0

Images = tuple[Array, Array]


def solve_quadratic_models(
    model: QuadraticModels,
    targets: Array,
    start: Array,
    eta: float,
    accuracy: float,
    clock: Clock = UNLIMITED,
) -> tuple[Array, Array]:
    """Solve the second-order master.

    Parameters
    ----------
    model : QuadraticModels
        K of them.
    targets : (M, p) array
    start : (M, p) array
        Z_0, with <T, Z_0> > 0.
    eta : float
    accuracy : float
        Complementarity, relative to the objective, at which to stop.
    clock : Clock, optional
        Of the run.

    Returns
    -------
    multipliers : (M, p) array
        Inside all quadratic models.
    prices : (K,) array
    """
    program = _Program(model, targets)
    x = 0.9 * start / np.sqrt(program.squares(*2 * (program.images(start),)).max())
    at = program.images(x)
    slack = (1.0 - program.squares(at, at)) / 2
    prices = 0.1 * float(np.sum(targets * x)) / (len(model) * slack)
    for _ in range(_STEPS):
        clock.check()
        # Step 1.
        residual = (targets - eta * (x - start)).ravel() - program.force(at, prices)
        complementarity, objective = float(prices @ slack), float(np.sum(targets * x))
        if complementarity <= accuracy * objective:
            break
        if not slack.min() > 0.0 or not prices.min() > 0.0:  # as far as rounding lets it go
            break
        # Step 2.
        system = _System(program, at, slack, prices, residual, eta)
        step, change = system.direction(np.zeros(len(model)))
        moved = program.images(step)
        bent, curved = program.squares(at, moved), program.squares(moved, moved)
        far = _longest(slack, bent, curved, prices, change)
        mu = complementarity / len(model)
        ahead = slack - far * bent - far**2 / 2 * curved
        reached = float((prices + far * change) @ ahead) / len(model)
        sigma = float(np.clip((reached / mu) ** 3, _LEAST, 1.0))
        # The residual must not fall behind, or the prices are no weights.
        if np.abs(residual).max() * objective > 10 * complementarity * np.abs(targets).max():
            sigma = max(sigma, 0.5)
        # Step 3.
        second = np.clip(change * bent + prices * curved / 2, -mu, mu)
        step, change = system.direction(sigma * mu + second)
        moved = program.images(step)
        bent, curved = program.squares(at, moved), program.squares(moved, moved)
        # Step 4.
        far = _longest(slack, bent, curved, prices, change)
        x, prices = x + far * step, prices + far * change
        at = program.images(x)
        slack = (1.0 - program.squares(at, at)) / 2
    return x, prices


class _Program:
    """The linear maps B_k of all quadratic models."""

    def __init__(self, model: QuadraticModels, targets: Array) -> None:
        """The maps of these models, for multipliers of the shape of the targets."""
        self.columns, self.bends, self.owners = model.columns, model.bends, model.owners
        self.shape = targets.shape

    def images(self, x: Array) -> Images:
        """B_k x for all k: the outputs (K, p) and the bends (F,)."""
        return self.columns @ x, self.bends @ x.ravel()

    def squares(self, first: Images, second: Images) -> Array:
        """<B_k x, B_k y>, (K,)."""
        bent = np.bincount(self.owners, first[1] * second[1], minlength=len(self.columns))
        return np.asarray(np.sum(first[0] * second[0], axis=1) + bent)

    def force(self, at: Images, prices: Array) -> Array:
        """sum_k lambda_k B_k^T B_k x."""
        outer = self.columns.T @ (prices[:, None] * at[0])
        return np.asarray(outer.ravel() + (prices[self.owners] * at[1]) @ self.bends)

    def gradients(self, at: Images) -> Array:
        """B_k^T B_k x, (K, M * p)."""
        rows = (self.columns[:, :, None] * at[0][:, None, :]).reshape(len(self.columns), -1)
        np.add.at(rows, self.owners, self.bends * at[1][:, None])
        return rows


class _System:
    """The linearized optimality conditions at a point.

    Prices with small lambda_k / s_k are eliminated; the others would swamp what is left of the
    matrix, and stay unknowns of a symmetric indefinite system.
    """

    def __init__(
        self,
        program: _Program,
        at: Images,
        slack: Array,
        prices: Array,
        residual: Array,
        eta: float,
    ) -> None:
        """Factorize the system at these slacks and prices."""
        self.slack, self.prices, self.residual, self.shape = slack, prices, residual, program.shape
        self.gradients = program.gradients(at)
        columns, ratios = program.columns, prices / slack
        matrix = np.kron((columns * prices[:, None]).T @ columns, np.eye(program.shape[1]))
        self.kept = np.flatnonzero(ratios > _KEPT * prices.max())
        light = np.sqrt(np.where(ratios > _KEPT * prices.max(), 0.0, ratios))
        rows = np.concatenate(
            [
                program.bends * np.sqrt(prices[program.owners])[:, None],
                self.gradients * light[:, None],
            ]
        )
        matrix += rows.T @ rows
        size = len(matrix)
        matrix[np.diag_indices(size)] += eta
        scale = 1.0 / np.sqrt(matrix.diagonal())
        kept = self.gradients[self.kept]
        system = np.zeros((size + len(kept), size + len(kept)))
        system[:size, :size] = matrix
        system[size:, :size] = kept
        system[:size, size:] = kept.T
        system[np.arange(size, len(system)), np.arange(size, len(system))] = -1 / ratios[self.kept]
        self.scale = np.append(scale, 1.0 / np.linalg.norm(kept * scale, axis=1))
        self.matrix = system * self.scale * self.scale[:, None]
        shifted = self.matrix.copy()
        shifted[np.diag_indices(size)] += _SHIFT
        self.factors = scipy.linalg.lu_factor(shifted, overwrite_a=True, check_finite=False)

    def direction(self, wanted: Array) -> tuple[Array, Array]:
        """Steps of Z and the prices toward complementarity products lambda_k s_k as wanted."""
        missing = wanted / self.slack - self.prices
        light = missing.copy()
        light[self.kept] = 0.0
        right = self.scale * np.concatenate(
            [
                self.residual - light @ self.gradients,
                -missing[self.kept] * (self.slack / self.prices)[self.kept],
            ]
        )
        solved = scipy.linalg.lu_solve(self.factors, right, check_finite=False)
        left = right - self.matrix @ solved
        solved += scipy.linalg.lu_solve(self.factors, left, check_finite=False)
        solved *= self.scale
        step = solved[: len(self.residual)]
        change = missing + self.prices / self.slack * (self.gradients @ step)
        change[self.kept] = solved[len(self.residual) :]
        return step.reshape(self.shape), change


def _longest(slack: Array, bent: Array, curved: Array, prices: Array, change: Array) -> float:
    """How far a step may go, at most all the way, with slacks and prices above zero."""
    # The slack after t is s - t b - t^2 a / 2: its root, in the form that does not cancel.
    root = np.sqrt(bent**2 + 2 * curved * slack)
    reach = np.full_like(root, np.inf)
    ahead = bent > 0
    reach[ahead] = 2 * slack[ahead] / (bent + root)[ahead]
    back = ~ahead & (curved > 1e-200)
    reach[back] = (root - bent)[back] / curved[back]
    falling = change < 0
    down = (-prices[falling] / change[falling]).min(initial=np.inf)
    return float(min(1.0, _BOUNDARY * reach.min(), _BOUNDARY * down))
