r"""Branching on boxes and hinges until every fixed point of a network is in a branch of its own.

A branch holds intervals :math:`l_k \le z_k \le u_k` of the heights :math:`z_k = w_k^T s + b_k` at
its fixed points, and the signs of those that are decided.  An undecided activation is a line and an
error,

.. math:: \max(z, 0) = \alpha z + \beta \pm \beta, \quad \alpha = \frac{u}{u - l}, \quad
   \beta = -\frac{\alpha l}{2} \quad \text{on } l \le z \le u,

so that the fixed points solve :math:`(I - J_\alpha) s = c_\alpha \pm \sum_k a_k \beta_k`.  One
inverse matrix gives new intervals of all heights.  A branch with an empty interval ends, one
without undecided hinges is a cell, whose fixed point is computed, and any other is cut in two.
Many branches are narrowed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.analysis.fixed_point_cells import Sides, inside
from convexden.network import ShallowNetwork
from convexden.running.progress import TaskProgress, tell
from convexden.tolerances import TOUCH_RTOL

Array = NDArray[np.float64]
Signs = NDArray[np.int8]
Progress = Callable[[TaskProgress], object]

# In a box of size 1: what is closer to a hinge lies on it, what is closer together is the same.
# Ten times the accuracy of the linear programs, whose constraints are met to `TOUCH_RTOL`.
CLOSE = 10 * TOUCH_RTOL
# Condition number of I - J, above which its inverse makes no interval narrower.
STEEPEST = 1e6
# Entries of the matrices of all branches at a time: 32 MB.
HELD = 4_000_000
# Branches at a time, at most: more would be looked at before those that end soon.
MOST_BRANCHES = 512
# Undecided hinges, up to which a branch is cut along them and no more across coordinates.
FEW = 4
# How often a branch is narrowed before it is cut in two: each time halves what it can, or ends it.
ROUNDS = 2


@dataclass(frozen=True, eq=False)
class _Branches:
    """Some branches: signs (n, K) of the hinges, and intervals (n, R) of all heights."""

    signs: Signs
    low: Array
    high: Array

    def part(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> _Branches:
        """Some of them."""
        return _Branches(self.signs[rows], self.low[rows], self.high[rows])

    @staticmethod
    def joined(parts: list[_Branches]) -> _Branches:
        """All branches of several."""
        return _Branches(
            np.concatenate([part.signs for part in parts]),
            np.concatenate([part.low for part in parts]),
            np.concatenate([part.high for part in parts]),
        )


class Search:
    """The search for fixed points s = h(s) of a network of unit input weights in a unit box.

    Heights are those of the K hinges, of the q coordinates, and of the sides of the box.
    """

    def __init__(self, network: ShallowNetwork, sides: Sides) -> None:
        """Stack what has a height: hinges, coordinates, sides."""
        self.network, self.sides = network, sides
        k, q = network.input_weights.shape
        self.rows = np.vstack([network.input_weights, np.eye(q), sides.normals])
        self.biases = np.concatenate([network.biases, np.zeros(q), -sides.heights])
        self.products = np.einsum(
            "kp,kd->kpd", network.output_weights, network.input_weights
        ).reshape(k, q * q)
        self.weights = np.linalg.norm(network.output_weights, axis=1)

    def run(self, progress: Progress | None) -> Iterator[tuple[Array, Array, int]]:
        """Fixed points s, their Jacobians and dimensions; those on hinges once for every side."""
        stack = [self._first()]
        ended, made = 0, 1
        seen: set[bytes] = set()
        step = int(np.clip(HELD // max(1, len(self.rows) * self.network.neurons), 1, MOST_BRANCHES))
        while stack:
            tell(progress, TaskProgress(ended, made))
            branches = stack.pop()
            if len(branches.signs) > step:
                stack.append(branches.part(np.arange(step, len(branches.signs))))
                branches = branches.part(np.arange(step))
            count = len(branches.signs)
            for _ in range(ROUNDS):
                branches = self._narrowed(branches)
            open_ = (branches.signs == 0).any(axis=1)
            for signs in branches.signs[~open_]:
                if signs.tobytes() in seen:
                    continue
                seen.add(signs.tobytes())
                yield from inside(self.network, self.sides, signs, CLOSE)
            ended += count - int(open_.sum())
            if open_.any():
                stack.append(self._cut(branches.part(open_)))
                ended, made = ended + int(open_.sum()), made + 2 * int(open_.sum())

    def _first(self) -> _Branches:
        """One branch, the box: coordinates from -1 to 1, and what this says of the hinges."""
        k, q = self.network.input_weights.shape
        reach = np.abs(self.rows).sum(axis=1) + CLOSE
        low, high = self.biases - reach, self.biases + reach
        high[k + q :] = np.minimum(high[k + q :], CLOSE)
        signs = np.where(low >= 0.0, 1, np.where(high <= 0.0, -1, 0)).astype(np.int8)
        return _Branches(signs[None, :k], low[None], high[None])

    def _narrowed(self, branches: _Branches) -> _Branches:
        """Branches with narrower intervals, without those that have no fixed point."""
        if not len(branches.signs):
            return branches
        k, q = self.network.input_weights.shape
        signs, low, high = branches.signs, branches.low, branches.high
        new_low, new_high = self._enclosed(signs, low[:, :k], high[:, :k])
        low = np.maximum(low, new_low - CLOSE)
        high = np.minimum(high, new_high + CLOSE)
        # What the coordinates say of the hinges.
        middle = (low[:, k : k + q] + high[:, k : k + q]) / 2 @ self.rows.T + self.biases
        reach = (high[:, k : k + q] - low[:, k : k + q]) / 2 @ np.abs(self.rows).T + CLOSE
        low, high = np.maximum(low, middle - reach), np.minimum(high, middle + reach)
        some = (low <= high).all(axis=1)
        signs, low, high = signs[some], low[some], high[some]
        signs = np.where((signs == 0) & (low[:, :k] >= 0.0), 1, signs)
        signs = np.where((signs == 0) & (high[:, :k] <= 0.0), -1, signs)
        return _Branches(signs.astype(np.int8), low, high)

    def _enclosed(self, signs: Signs, low: Array, high: Array) -> tuple[Array, Array]:
        """Intervals (n, R) of all heights at fixed points, infinite where I - J is too steep."""
        network, q = self.network, self.network.input_dimension
        open_ = signs == 0
        slopes = np.where(open_, high / np.where(open_, high - low, 1.0), signs > 0)
        errors = np.where(open_, -slopes * low / 2, 0.0)
        matrices = np.eye(q) - network.skip - (slopes @ self.products).reshape(-1, q, q)
        right = (slopes * network.biases + errors) @ network.output_weights + network.offset
        sizes = np.linalg.svd(matrices, compute_uv=False)
        steep = sizes[:, -1] * STEEPEST <= np.maximum(1.0, sizes[:, 0])
        inverses = np.linalg.inv(np.where(steep[:, None, None], np.eye(q), matrices))
        effect = self.rows @ inverses  # (n, R, q)
        middle = np.einsum("nrq,nq->nr", effect, right) + self.biases
        moves = np.abs(effect @ network.output_weights.T)  # (n, R, K)
        reach = (moves @ errors[..., None])[..., 0]
        reach[steep] = np.inf
        return middle - reach, middle + reach

    def _cut(self, branches: _Branches) -> _Branches:
        """Every branch in two: across a coordinate, or along a hinge if few are undecided."""
        k, q = self.network.input_weights.shape
        open_ = branches.signs == 0
        box = slice(k, k + q)
        widths = branches.high[:, box] - branches.low[:, box]
        # The coordinate by which the errors of the undecided activations fall most.
        effect = (open_ * self.weights) @ np.abs(self.network.input_weights) * widths
        along = k + effect.argmax(axis=1)
        doubt = self.weights * np.minimum(-branches.low[:, :k], branches.high[:, :k])
        hinge = np.where(open_, doubt, -np.inf).argmax(axis=1)
        few = (open_.sum(axis=1) <= FEW) | (widths.max(axis=1) <= 4 * CLOSE)
        each = np.arange(len(hinge))
        row = np.where(few, hinge, along)
        middle = (branches.low[each, row] + branches.high[each, row]) / 2
        middle[few] = 0.0
        slack = np.where(few, CLOSE, 0.0)
        parts = []
        for sign in (-1, 1):
            signs, low, high = branches.signs.copy(), branches.low.copy(), branches.high.copy()
            signs[each[few], hinge[few]] = sign
            if sign > 0:
                low[each, row] = np.maximum(low[each, row], middle - slack)
            else:
                high[each, row] = np.minimum(high[each, row], middle + slack)
            parts.append(_Branches(signs, low, high))
        return _Branches.joined(parts)
