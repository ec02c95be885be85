r"""Local reduction for many unknowns: Newton's method of `newton` by a Cholesky factor.

With A the second derivative of the Lagrangian by the multipliers, B the gradients
:math:`\psi_k \otimes q_k` of the active constraints, and R and e what the two equations miss,
Newton's step solves

    A dZ + B dalpha = R,        B^T dZ = e.

1. Free hinges go to the maxima of the dual constraint on their arcs, which leaves their angles out
   of the system.
2. The step is found by the method of multipliers: solve (A + rho B B^T) dZ = R - B y + rho B e, add
   rho (B^T dZ - e) to y, and repeat.  Each repetition gains the digits of rho.
3. Hinges whose weight became negative leave, until none does.

The matrix has p M unknowns, those of `newton` twice as many and one for each hinge; with 1200 it
takes a fifth of the time.  Where the multipliers are not unique it stalls, which for fewer unknowns
`newton` does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Hinges
from convexden.solvers.methods.newton import Polished
from convexden.solvers.methods.normal_equations import SETTINGS as NORMAL_EQUATIONS
from convexden.solvers.methods.normal_equations import Cholesky, bends, gram
from convexden.solvers.pricing import Pricing


@dataclass(frozen=True)
class LargeNewtonSettings:
    """Parameters of Newton's method with a Cholesky factor."""

    steps: int = 12
    """Newton steps of one attempt: from complementarity 1e-9 it takes two or three."""

    restarts: int = 10
    """Attempts, each without the hinges that became negative."""

    rounding: float = 4e-15
    """Residual, as a share of its terms, that is rounding: 18 units of 2.2e-16."""

    met: float = 1e-11
    """Residual up to which the equations are met if no further step halves it."""

    progress: float = 0.25
    """Share of the residual that a step must leave at most; of the box of 200 discs all attempts
    that missed it twice in a row failed."""

    patience: int = 2
    """Steps without that progress before giving up."""

    penalty: float = 1e6
    """The rho, in mean weights: gains six digits a repetition and leaves ten to the factor."""

    repetitions: int = 8
    """Repetitions of the method of multipliers: two or three are usual."""

    furthest: float = 0.05
    """Angle, in radians, that a free hinge turns at most in a step."""

    turns: int = 4
    """Newton steps of a free hinge on its arc."""


SETTINGS = LargeNewtonSettings()


def polish_large(
    constraints: Constraints,
    pricing: Pricing,
    hinges: Hinges,
    alphas: Array,
    multipliers: Array,
    settings: LargeNewtonSettings = SETTINGS,
) -> Polished | None:
    """Solve the KKT system from a nearby start; None if it does not converge.

    Parameters
    ----------
    constraints : Constraints
    pricing : Pricing
        Says how the hinges may move: each in one direction at the most.
    hinges : Hinges
        The active hinges, K of them.
    alphas : (K,) array
        Their weights |a_k|.
    multipliers : (M, p) array
    settings : LargeNewtonSettings
    """
    state = _State(constraints, pricing, hinges, alphas, multipliers)
    for _ in range(settings.restarts):
        try:
            found = _converge(state, settings)
        except np.linalg.LinAlgError:
            return None
        if found is None:
            return None
        kept = found.alphas > 0.0
        if kept.all():
            weights = found.alphas[:, None] * found.columns
            return Polished(found.hinges, weights, found.multipliers)
        if not kept.any():
            return None
        state = _State(
            constraints, pricing, found.hinges[kept], found.alphas[kept], found.multipliers
        )
    return None


class _State:
    """An iterate, with what it misses."""

    def __init__(
        self,
        constraints: Constraints,
        pricing: Pricing,
        hinges: Hinges,
        alphas: Array,
        multipliers: Array,
    ) -> None:
        """Move free hinges to their maxima, and evaluate."""
        self.constraints, self.pricing = constraints, pricing
        self.alphas, self.multipliers = alphas, multipliers
        self.hinges = _at_maxima(constraints, pricing, hinges, multipliers)
        self.features = constraints.features(self.hinges)
        self.columns = self.features @ multipliers
        weights = alphas[:, None] * self.columns
        self.missed = constraints.targets - self.features.T @ weights
        self.slack: Array = (1.0 - np.sum(self.columns**2, axis=1)) / 2
        terms = np.abs(self.features).T @ np.abs(weights).max(axis=1)
        scale = max(1.0, float(np.abs(constraints.targets).max()), float(terms.max()))
        self.size = max(float(np.abs(self.missed).max()) / scale, float(np.abs(self.slack).max()))

    def after_step(self, settings: LargeNewtonSettings) -> _State:
        """The iterate after Newton's step."""
        psi, q, slack = self.features, self.columns, self.slack
        penalty = settings.penalty * float(np.abs(self.alphas).mean())
        matrix = gram(psi, self.alphas, np.full(len(q), penalty), q)
        free = np.flatnonzero(self.hinges.free)
        if free.size:
            _, depths, turns = bends(
                self.constraints, self.pricing, self.hinges[free], psi[free], self.multipliers
            )
            matrix += turns.T @ ((self.alphas[free] / depths)[:, None] * turns)
        factor = Cholesky(matrix)
        rise, step, before = np.zeros(len(q)), np.zeros_like(self.multipliers), np.inf
        for _ in range(settings.repetitions):
            step = factor.solve(self.missed - psi.T @ ((rise - penalty * slack)[:, None] * q))
            short = np.sum(q * (psi @ step), axis=1) - slack
            rise = rise + penalty * short
            size = float(np.abs(short).max())
            if not settings.rounding < size < before / 2:
                break
            before = size
        return _State(
            self.constraints,
            self.pricing,
            self.hinges,
            self.alphas + rise,
            self.multipliers + step,
        )


def _converge(state: _State, settings: LargeNewtonSettings) -> _State | None:
    """Newton's steps to where rounding ends them; None if they get nowhere."""
    waited = 0
    for number in range(settings.steps):
        state.constraints.clock.check()
        if state.size <= settings.rounding:
            return state
        last = state.after_step(settings)
        if state.size <= settings.met and not last.size < state.size / 2:
            return last if last.size <= state.size else state
        # The first step may well raise the residual: it starts from active hinges alone.
        slow = number > 0 and not last.size <= settings.progress * state.size
        waited = waited + 1 if slow else 0
        if waited == settings.patience or not np.isfinite(last.size):
            return None
        state = last
    return None


def _at_maxima(
    constraints: Constraints,
    pricing: Pricing,
    hinges: Hinges,
    multipliers: Array,
    settings: LargeNewtonSettings = SETTINGS,
) -> Hinges:
    """The hinges with the free ones turned to the maxima of the dual constraint on their arcs;
    those that come to the end of one stay there."""
    for _ in range(settings.turns):
        free = np.flatnonzero(hinges.free)
        if not free.size:
            break
        part = hinges[free]
        slopes, depths, _ = bends(
            constraints, pricing, part, constraints.features(part), multipliers
        )
        # Where the constraint does not bend down the hinge stays.
        steps = np.where(depths > NORMAL_EQUATIONS.flattest, slopes / depths, 0.0)
        steps = np.clip(steps, -settings.furthest, settings.furthest)
        moved, held = pricing.moved(part, steps[:, None])
        normals, biases, flags = hinges.normals.copy(), hinges.biases.copy(), hinges.free.copy()
        normals[free], biases[free], flags[free] = moved.normals, moved.biases, ~held
        hinges = replace(hinges, normals=normals, biases=biases, free=flags)
    return hinges
