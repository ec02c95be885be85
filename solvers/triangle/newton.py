r"""Newton's method on the KKT system of hinges on the arcs of a triangle.

The equations, their order and the scaling of their unknowns are those of
`convexden.solvers.methods.newton`; in the coordinates of `convexden.solvers.triangle.hinges` their
derivatives are a few products of small matrices, a tenth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags
from convexden.solvers.methods.kkt import solve_kkt
from convexden.solvers.methods.newton import SETTINGS
from convexden.solvers.triangle.hinges import ArcHinges, TriangleHinges


@dataclass(frozen=True, eq=False)
class Stationary:
    """A stationary point: hinges with output weights (K, p), and reduced multipliers (M, p)."""

    hinges: ArcHinges
    weights: Array
    multipliers: Array


def stationary(
    frame: TriangleHinges,
    targets: Array,
    hinges: ArcHinges,
    alphas: Array,
    multipliers: Array,
    clock: Clock = UNLIMITED,
) -> Stationary | None:
    """Solve the KKT system from a nearby start; None if Newton's method does not converge.

    Hinges whose weight becomes negative leave, those that come to the end of their arc stay there.

    Parameters
    ----------
    frame : TriangleHinges
    targets : (M, 2) array
        Of the reduced rows.
    hinges : ArcHinges
        The active ones, with their weights `alphas` (K,).
    multipliers : (M, 2) array
        Reduced.
    clock : Clock, optional
        Of the run.
    """
    for _ in range(SETTINGS.restarts):
        start = _State(frame, targets, hinges, alphas, multipliers)
        try:
            state = _converge(start, clock)
        except np.linalg.LinAlgError:  # the iterates ran away
            return None
        if state is None:
            return None
        keep = (state.alphas > 0.0) & state.q.any(axis=1)
        if keep.all() and not state.clamped.any():
            return Stationary(state.hinges, state.alphas[:, None] * state.q, state.multipliers)
        if not keep.any():
            return None
        now = state.hinges
        held = ArcHinges(now.vertices, now.heights, now.angles, now.free & ~state.clamped)
        hinges, alphas, multipliers = held[keep], state.alphas[keep], state.multipliers
    return None


class _State:
    """An iterate with its rows, residual and size."""

    def __init__(
        self,
        frame: TriangleHinges,
        targets: Array,
        hinges: ArcHinges,
        alphas: Array,
        multipliers: Array,
    ) -> None:
        """Evaluate rows, residual and its size."""
        self.frame, self.targets, self.hinges = frame, targets, hinges
        self.alphas, self.multipliers = alphas, multipliers
        self.clamped: Flags = np.zeros(len(hinges), dtype=bool)
        self.free = np.flatnonzero(hinges.free)
        count, t = len(hinges), hinges.angles[self.free]
        # Rows of the hinges; below them their first and second derivatives by the angles.
        coordinates = np.zeros((count + 2 * t.size, 3))
        cos, sin = np.cos(hinges.angles), np.sin(hinges.angles)
        first, second = slice(count, count + t.size), slice(count + t.size, None)
        coordinates[:count] = np.stack([hinges.heights, cos, sin], axis=1)
        coordinates[first, 1:] = np.stack([-sin[self.free], cos[self.free]], axis=1)
        coordinates[second, 1:] = -coordinates[self.free, 1:]
        own = hinges.vertices
        rows = frame.rows(np.concatenate([own, own[self.free], own[self.free]]), coordinates)
        columns = rows @ multipliers
        self.psi, self.psi1 = rows[:count], rows[first]
        self.q, self.q1, self.q2 = columns[:count], columns[first], columns[second]
        # Unknown angles are scaled by the root of the weights: light hinges count as well.
        self.roots = np.maximum(np.sqrt(np.abs(alphas[self.free])), SETTINGS.light)
        self.scaled = alphas[self.free] / self.roots
        self.slopes = (self.q[self.free] * self.q1).sum(axis=1)
        weights = alphas[:, None] * self.q
        parts = (
            (targets - self.psi.T @ weights).ravel(),
            0.5 * (1.0 - (self.q * self.q).sum(axis=1)),
            -self.scaled * self.slopes,
        )
        self.residual: Array = np.concatenate(parts)
        terms = np.abs(self.psi).T @ np.abs(weights).max(axis=1)
        scale = max(1.0, float(np.abs(targets).max()), float(terms.max(initial=0.0)))
        self.size = max(
            float(np.abs(part).max(initial=0.0)) / unit
            for part, unit in zip(parts, (scale, 1.0, np.sqrt(scale)), strict=True)
        )

    def step(self) -> Array:
        """The Newton step in (Z, alpha, scaled angles), the Z row by row."""
        m, p = self.multipliers.shape
        k, free = len(self.hinges), self.free
        rows, angles = p * m, p * m + k
        matrix = np.zeros((angles + free.size, angles + free.size))
        block = self.psi.T @ (self.alphas[:, None] * self.psi)
        turned = self.scaled[:, None] * self.psi1, self.scaled[:, None] * self.psi[free]
        for j in range(p):
            matrix[j:rows:p, j:rows:p] = block
            matrix[j:rows:p, rows:angles] = (self.psi * self.q[:, j : j + 1]).T
            matrix[j:rows:p, angles:] = (
                turned[0] * self.q[free, j, None] + turned[1] * self.q1[:, j, None]
            ).T
        turns = angles + np.arange(free.size)
        matrix[rows + free, turns] = self.slopes / self.roots
        bends = (self.q1 * self.q1 + self.q[free] * self.q2).sum(axis=1)
        matrix[turns, turns] = self.scaled / self.roots * bends
        matrix[rows:, :rows] = matrix[:rows, rows:].T
        matrix[angles:, rows:angles] = matrix[rows:angles, angles:].T
        return solve_kkt(matrix, self.residual, rows)

    def moved(self, step: Array) -> _State:
        """The iterate after a step; `clamped` tells which hinges came to the end of their arc."""
        size, k = self.multipliers.size, len(self.hinges)
        steps = np.zeros(k)
        steps[self.free] = step[size + k :] / self.roots
        hinges, clamped = self.frame.turned(self.hinges, steps)
        multipliers = self.multipliers + step[:size].reshape(self.multipliers.shape)
        alphas = self.alphas + step[size : size + k]
        state = _State(self.frame, self.targets, hinges, alphas, multipliers)
        state.clamped = clamped
        return state


def _converge(state: _State, clock: Clock) -> _State | None:
    """Newton's steps to where rounding ends them, as in `convexden.solvers.methods.newton`."""
    waited = 0
    for number in range(SETTINGS.steps):
        clock.check()
        last = state.moved(state.step())
        before, size, stays = state.size, last.size, not last.clamped.any()
        if size <= SETTINGS.rounding and stays:
            return last
        if before <= SETTINGS.met and not (size < before / 2 and stays):
            return last if size <= before and stays else state
        state = last
        waited = 0 if size < before or number == 0 else waited + 1
        if waited == SETTINGS.patience or not size <= SETTINGS.runaway:  # or not a number
            return None
    return state if state.size <= SETTINGS.met else None
