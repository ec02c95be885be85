r"""The dual over finitely many hinges with a proximal term, solved from the inside.

Next to multipliers Z_0 the dual of the restricted master is

    maximize <T, Z> - eta/2 |Z - Z_0|^2   subject to   s_k = 1/2 (1 - |Z^T psi_k|^2) >= 0 for all k.

Its prices lambda_k >= 0 satisfy T = sum_k lambda_k psi_k psi_k^T Z + eta (Z - Z_0): they are the
weights of the hinges, more accurate than those of a cone solver where many hinges nearly coincide.
A primal-dual method with Mehrotra's predictor and corrector stays strictly inside.

1. Residual of the multipliers, and complementarity sum_k lambda_k s_k with the slacks s_k; stop if
   it is small.
2. Predictor: the Newton step toward complementarity 0.  How far it may go tells how much centering
   is needed: sigma = (mu reached / mu)^3.
3. Corrector: the Newton step toward sigma mu, with the second-order terms of the predictor.
4. Go as far as slacks and prices stay above zero.
"""

from __future__ import annotations

import numpy as np

from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array
from convexden.solvers.methods.symmetric import Symmetric

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


def solve_restricted_dual(
    columns: Array,
    targets: Array,
    start: Array,
    eta: float,
    accuracy: float,
    clock: Clock = UNLIMITED,
) -> tuple[Array, Array]:
    """Solve the dual over some hinges.

    Parameters
    ----------
    columns : (K, M) array
        Their features psi_k.
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
        Strictly inside all constraints.
    prices : (K,) array
    """
    x = 0.9 * start / np.linalg.norm(columns @ start, axis=1).max()
    at = columns @ x
    slack = (1.0 - _products(at, at)) / 2
    prices = 0.1 * float(np.sum(targets * x)) / (len(columns) * slack)
    for _ in range(_STEPS):
        clock.check()
        # Step 1.
        residual = targets - eta * (x - start) - columns.T @ (prices[:, None] * at)
        complementarity, objective = float(prices @ slack), float(np.sum(targets * x))
        if complementarity <= accuracy * objective:
            break
        if not slack.min() > 0.0 or not prices.min() > 0.0:  # as far as rounding lets it go
            break
        # Step 2.
        system = _System(columns, at, slack, prices, residual, eta)
        step, change = system.direction(np.zeros(len(columns)))
        moved = columns @ step
        bent, curved = _products(at, moved), _products(moved, moved)
        far = _longest(slack, bent, curved, prices, change)
        mu = complementarity / len(columns)
        ahead = slack - far * bent - far**2 / 2 * curved
        reached = float((prices + far * change) @ ahead) / len(columns)
        sigma = float(np.clip((reached / mu) ** 3, _LEAST, 1.0))
        # The residual must not fall behind, or the prices are no weights.
        if np.abs(residual).max() * objective > 10 * complementarity * np.abs(targets).max():
            sigma = max(sigma, 0.5)
        # Step 3.
        second = np.clip(change * bent + prices * curved / 2, -mu, mu)
        step, change = system.direction(sigma * mu + second)
        moved = columns @ step
        bent, curved = _products(at, moved), _products(moved, moved)
        # Step 4.
        far = _longest(slack, bent, curved, prices, change)
        x, prices = x + far * step, prices + far * change
        at = columns @ x
        slack = (1.0 - _products(at, at)) / 2
    return x, prices


def _products(first: Array, second: Array) -> Array:
    """The scalar products of rows (K, p)."""
    return np.asarray(np.sum(first * second, axis=1))


class _System:
    """The linearized optimality conditions at a point.

    Prices with small lambda_k / s_k are eliminated; the others would swamp what is left of the
    matrix, and stay unknowns of a symmetric indefinite system.
    """

    def __init__(
        self,
        columns: Array,
        at: Array,
        slack: Array,
        prices: Array,
        residual: Array,
        eta: float,
    ) -> None:
        """Factorize the system at these slacks and prices."""
        self.slack, self.prices, self.residual = slack, prices, residual.ravel()
        self.shape = residual.shape
        self.gradients = (columns[:, :, None] * at[:, None, :]).reshape(len(columns), -1)
        ratios = prices / slack
        matrix = np.kron((columns * prices[:, None]).T @ columns, np.eye(self.shape[1]))
        self.kept = np.flatnonzero(ratios > _KEPT * prices.max())
        light = np.sqrt(np.where(ratios > _KEPT * prices.max(), 0.0, ratios))
        rows = self.gradients * light[:, None]
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
        self.factors = Symmetric(shifted)

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
        solved = self.factors.solve(right)
        left = right - self.matrix @ solved
        solved += self.factors.solve(left)
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
