r"""The central path around an oracle: for images that are too many for exact pricing in each step.

Local pricing leads the central path.  What it misses the oracle finds, exact pricing pattern by
pattern, which takes as long as a dozen steps and is asked a few times in all.

1. Follow the central path with the local maxima that local pricing finds.
2. Where complementarity is small, ask the oracle: its bound is proven.  Hinges that it finds
   violated join the vertices where they are, local pricing climbs from them from now on, and the
   multipliers are scaled down until all are inside.
3. Keep the state from where a way back is short.
4. Newton's method on the active hinges ends it, and the oracle proves the result.
5. If it refutes that, the hinges that it finds join the state of step 3; back to 1.

Where that does not converge, the minimax method goes on with what local pricing has learned.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np

from convexden.solvers.hinges import Hinges, no_hinges
from convexden.solvers.methods.central_path import SETTINGS as PATH
from convexden.solvers.methods.central_path import CentralPath, iterate
from convexden.solvers.methods.central_path_direction import progress
from convexden.solvers.methods.central_path_state import PathPricing, PathState
from convexden.solvers.methods.path_prices import fresh_prices
from convexden.solvers.methods.quadratic_models import QuadraticModels, quadratic_models
from convexden.solvers.pricing.local import LocalPricing
from convexden.tolerances import COST_ROUNDING


@dataclass(frozen=True)
class ProvenPathSettings:
    """When the oracle is asked."""

    first: float = 1e-2
    """Complementarity, as a share of the objective, at which it is asked first: what local pricing
    misses there it misses to the end, and joins without a way back."""

    back: float = 1e-3
    """Complementarity at which a state is kept to go back to."""

    newton: float = 1e-6
    """Complementarity at which Newton's method is tried, and the share of it for the next time."""

    flattest: float = 1e-3
    """Least curvature of a free hinge, as a share of its largest: of eight digits a dozen light
    hinges of one ridge, whose models had them turn by a radian, held each step back to a third, and
    what the network missed did not fall any more."""

    least_gap: float = 1e-3
    """Room between sites, in spreads, below which local pricing leads no path: not yet tried."""

    refutations: int = 8
    """Times that the end of a path may be refuted."""


SETTINGS = ProvenPathSettings()


class LocalPathState(PathState):
    """An iterate whose maxima are those that local pricing finds."""

    def caught(self, above: Hinges, room: float) -> bool:
        """See `PathState`: what local pricing had missed joins."""
        heights = np.linalg.norm(self.constraints.features(above) @ self.multipliers, axis=1)
        missed = above[heights >= 1.0]
        if len(missed):
            self.meet(missed, room)
        return len(missed) > 0

    def meet(self, missed: Hinges, room: float) -> None:
        """Let hinges that pricing had missed join the vertices; the multipliers are scaled down
        until all have room to one."""
        features = self.constraints.features(missed)
        highest = float(np.linalg.norm(features @ self.multipliers, axis=1).max(initial=0.0))
        if highest > 1.0 - room:
            self.scale((1.0 - room) / highest)
        heights = np.linalg.norm(features @ self.multipliers, axis=1)
        self.maximum = max(self.maximum, float(heights.max(initial=0.0)))
        aim = room * self.objective / (len(self.prices) + len(self.free_prices))
        self.keep(missed, features, fresh_prices(features, heights, aim, np.inf))

    def _models(self) -> QuadraticModels:
        """See `PathState`."""
        return quadratic_models(
            self.constraints, self.pricing, self.free, self.multipliers, SETTINGS.flattest
        )


class ProvenPath(CentralPath):
    """The method on one problem, a simplex of balls priced by patterns.

    Parameters are those of `ColumnGeneration`.
    """

    _missed: Hinges | None = None  # what the oracle found since it was asked last

    def prove(self) -> Hinges:
        """See `Exchange.prove`."""
        missed = super().prove()
        self._missed = missed + (self._missed or no_hinges(self.constraints.problem))
        return missed

    def _applicable(self) -> LocalPricing | None:
        """Local pricing, which leads the path, if there is room between all sites."""
        pricing = self.pricing
        if not isinstance(pricing, LocalPricing) or self.constraints.least_gap < SETTINGS.least_gap:
            return None
        return pricing

    def _state(self, pricing: PathPricing) -> LocalPathState:
        """See `CentralPath`."""
        return LocalPathState(self.constraints, pricing)

    def _believe(self, state: PathState) -> None:
        """Keep the multipliers, unverified, if their bound is the best."""
        incumbent, lower = self.incumbent, state.objective / state.maximum
        if incumbent.lower < lower <= incumbent.cost * (1 + COST_ROUNDING):
            incumbent.lower, incumbent.multipliers = lower, state.multipliers / state.maximum

    def _follow(self, state: PathState) -> None:
        """Steps 1 to 5; what seems to reach the tolerance is proven, or refuted."""
        if np.isinf(self.incumbent.cost):
            self._ramps()  # a few seconds, where a path takes minutes
        if isinstance(state, LocalPathState) and state.begin():
            self._led(state)
        if self.incumbent.gap <= self.tolerance:
            self.prove()

    def _led(self, state: LocalPathState) -> None:
        """Paths to their ends, one after the other while the oracle refutes them."""
        kept: LocalPathState | None = None
        for _ in range(SETTINGS.refutations):
            kept = self._end(state, kept)
            if kept is None or self.incumbent.gap <= self._goal:
                return
            # Step 5.
            state = copy(kept)
            self._join(state, SETTINGS.back)

    def _end(self, state: LocalPathState, kept: LocalPathState | None) -> LocalPathState | None:
        """Follow the path to its end; the state to go back to, None if that led nowhere."""
        incumbent, tried = self.incumbent, SETTINGS.newton
        working = state.working()
        for _ in range(PATH.iterations):
            self.constraints.clock.check()
            # Step 1.
            if not iterate(state, working):
                return None
            working = state.working()
            gap, residual = progress(state, working)
            self._believe(state)
            state.raise_floor(gap)
            self._record(len(working.prices))
            # Step 2.
            if gap < SETTINGS.first and not incumbent.proven:
                self.prove()
                self._join(state, gap)
                working = state.working()
            # Step 3.
            if gap < SETTINGS.back and kept is None:
                kept = copy(state)
            # Step 4.
            if gap < tried:
                if residual < PATH.met:
                    self._improve_primal(state.hinges(), working, gap)
                self._missed = None
                self._newton(*self._active(state, working, gap), state.multipliers)
                tried = gap * PATH.again
                if incumbent.gap <= self._goal or self._missed is not None:
                    return kept
            if gap < PATH.least:
                return None
        return None

    def _join(self, state: LocalPathState, room: float) -> None:
        """Let what the oracle found join a state."""
        if self._missed is not None and len(self._missed):
            state.meet(self._missed, room)
        self._missed = None
