r"""The linear systems of the central path, and its steps.

With the column q = Z^T psi, the slack c = (1 - |q|^2) / 2 and the price of each hinge, Newton's
step dZ, dprice toward price times slack of `aim` solves

    sum price (psi psi^T dZ + bends) + sum dprice psi q^T = T - sum price psi q^T,
    dprice = aim / c - price + price / c * q . psi^T dZ.

Eliminating all dprice leaves a positive definite matrix, in which the hinges with a small slack
swamp what is left of the others.  For few unknowns, and where that costs digits, those stay
unknowns of a symmetric indefinite system.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.methods.normal_equations import Cholesky, Features, full, gram
from convexden.solvers.methods.symmetric import Symmetric


@dataclass(frozen=True)
class SystemSettings:
    """Which system is solved."""

    small: int = 300
    """Unknown multipliers up to which heavy prices always stay unknowns: with 400 that took half
    as long again as elimination."""

    kept: float = 10.0
    """Price over slack, in units of the largest price, above which a price is heavy."""

    shift: float = 1e-13
    """Added to the unit diagonal of the equilibrated matrix: a few hundred roundings."""

    refinements: int = 2
    """Solutions against the matrix without that."""


SETTINGS = SystemSettings()


@dataclass(frozen=True, eq=False)
class Step:
    """A direction: changes of the multipliers (M, p), of the columns (K, p) and of the prices (K,),
    with the first and the second derivatives (K,) of minus the slacks along it, and how far the
    free hinges move (F,), in units of their bends."""

    multipliers: Array
    columns: Array
    prices: Array
    slopes: Array
    curves: Array
    motions: Array


@dataclass(frozen=True, eq=False)
class Working:
    """The K hinges of a linear system: chosen vertices, then free hinges.

    Attributes
    ----------
    features : (K, M) array, maybe sparse
    columns : (K, p) array
    slacks, prices : (K,) arrays
    owners : (F,) int array
        The free hinges of the bends.
    bends : (F, M p) array
        The changes that the positions of the free hinges make, whose squares are half those of the
        dual constraint: a free hinge moves in several directions.
    lags : (F,) array
        How far they are from their maxima, in the same units.
    """

    features: Features
    columns: Array
    slacks: Array
    prices: Array
    owners: Indices
    bends: Array
    lags: Array

    def factor(self, accurate: bool) -> Cholesky | Indefinite:
        """The factor of the Newton system, of the indefinite one if it is small or has to be
        accurate."""
        along = self.prices / self.slacks
        indefinite = accurate or self.columns.shape[1] * self.features.shape[1] <= SETTINGS.small
        if not indefinite or np.all(along <= SETTINGS.kept * self.prices.max()):
            return Cholesky(self._matrix(along))
        heavy = along > SETTINGS.kept * self.prices.max()
        gradients = full(self.features[np.flatnonzero(heavy)])
        rows = self.columns[heavy][:, :, None] * gradients[:, None, :]
        matrix = self._matrix(np.where(heavy, 0.0, along))
        return Indefinite(matrix, rows.reshape(len(rows), -1), 1.0 / along[heavy], heavy)

    def _matrix(self, along: Array) -> Array:
        """The leading block, with prices of this weight (K,) eliminated."""
        matrix = gram(self.features, self.prices, along, self.columns)
        if len(self.owners):
            bends = np.sqrt(self.prices[self.owners])[:, None] * self.bends
            matrix += bends.T @ bends
        return matrix

    def missed(self, prices: Array, targets: Array) -> Array:
        """What the targets are missed by (M, p) with these prices."""
        return np.asarray(targets - self.features.T @ (prices[:, None] * self.columns))

    def _turned(self, motions: Array) -> Array:
        """What the free hinges add (M, p) with these motions (F,)."""
        added = (self.prices[self.owners] * motions) @ self.bends
        return np.asarray(added.reshape(self.columns.shape[1], -1).T)

    def left(self, step: Step, targets: Array) -> float:
        """What a whole step leaves of the first equation, by rounding."""
        weights = (self.prices + step.prices)[:, None] * self.columns
        weights += self.prices[:, None] * step.columns
        made = self.features.T @ weights + self._turned(step.motions)
        return float(np.linalg.norm(targets - made))

    def step(self, factor: Cholesky | Indefinite, targets: Array, aims: Array) -> Step:
        """Newton's step to prices times slacks of `aims` (K,)."""
        # The free hinges move toward their present maxima in any case.
        wanted, targets = aims / self.slacks, targets - self._turned(self.lags)
        if isinstance(factor, Indefinite):
            heavy = factor.heavy
            light = np.where(heavy, self.prices, wanted)
            missing = (wanted - self.prices)[heavy]
            change, rises = factor.solve(self.missed(light, targets), missing)
        else:
            change = factor.solve(self.missed(wanted, targets))
        columns = np.asarray(self.features @ change)
        slopes = np.sum(self.columns * columns, axis=1)
        curves = np.sum(columns**2, axis=1)
        turned = self.bends @ change.T.ravel()
        np.add.at(curves, self.owners, turned**2)
        prices = wanted - self.prices + self.prices / self.slacks * slopes
        if isinstance(factor, Indefinite):
            prices[factor.heavy] = rises
        return Step(change, columns, prices, slopes, curves, self.lags + turned)

    def slacks_after(self, step: Step, length: float) -> Array:
        """The slacks at this length of a step, for free hinges by their quadratic model."""
        return np.asarray(self.slacks - length * step.slopes - length**2 / 2 * step.curves)

    def products_after(self, step: Step, length: float) -> Array:
        """The prices times slacks at this length of a step."""
        return (self.prices + length * step.prices) * self.slacks_after(step, length)

    def longest(self, step: Step) -> float:
        """The length at which a slack or a price vanishes."""
        falls = step.prices < 0.0
        prices = (self.prices[falls] / -step.prices[falls]).min(initial=np.inf)
        slacks = vanishing(self.slacks, step.slopes, step.curves).min(initial=np.inf)
        return float(min(prices, slacks))


class Indefinite:
    """The factors of a system in which heavy prices are unknowns.

    Parameters
    ----------
    matrix : (n, n) array
        The leading block, positive semidefinite.
    rows : (H, n) array
        Gradients of the heavy hinges.
    ratios : (H,) array
        Their slacks over their prices.
    heavy : (K,) bool array
        Which of all hinges they are.
    """

    def __init__(self, matrix: Array, rows: Array, ratios: Array, heavy: Flags) -> None:
        """Equilibrate and factor."""
        size, count = len(matrix), len(rows)
        diagonal = matrix.diagonal() + np.sum(rows**2, axis=0)
        seen = diagonal > 0.0
        scale = np.where(seen, 1.0 / np.sqrt(np.where(seen, diagonal, 1.0)), 0.0)
        sizes = np.linalg.norm(rows * scale, axis=1)
        self.heavy, self._ratios = heavy, ratios
        self._scale = np.append(scale, 1.0 / np.where(sizes > 0.0, sizes, 1.0))
        system = np.zeros((size + count, size + count))
        system[:size, :size], system[size:, :size], system[:size, size:] = matrix, rows, rows.T
        system[np.arange(size, size + count), np.arange(size, size + count)] = -ratios
        self._system = system * self._scale * self._scale[:, None]
        shifted = self._system.copy()
        shifted[np.diag_indices(size)] += SETTINGS.shift
        if not np.isfinite(shifted).all():
            raise np.linalg.LinAlgError("the matrix is not finite")
        self._factors = Symmetric(shifted)

    def solve(self, right: Array, missing: Array) -> tuple[Array, Array]:
        """The step (M, p) and the changes of the heavy prices for what the targets are missed by
        (M, p) and what these prices lack (H,)."""
        both = self._scale * np.concatenate([right.T.ravel(), -missing * self._ratios])
        solution, left = np.zeros_like(both), both
        for _ in range(1 + SETTINGS.refinements):
            solution = solution + self._factors.solve(left)
            left = both - self._system @ solution
        solution = self._scale * solution
        step = solution[: right.size].reshape(right.shape[1], len(right)).T
        return step, solution[right.size :]


def vanishing(slacks: Array, slopes: Array, curves: Array) -> Array:
    """The lengths at which c - s u - s^2 v / 2 vanish for c, u, v; inf if they never do."""
    root = slopes + np.sqrt(slopes**2 + 2.0 * curves * np.maximum(slacks, 0.0))
    limits = np.full(len(slacks), np.inf)
    np.divide(2.0 * slacks, root, out=limits, where=root > 0.0)
    return limits
