r"""The central path around an oracle: for sites whose exact pricing in every step takes too long.

Quick pricing leads the central path: local pricing of images, or the faces near to recent maxima.
What it misses the oracle finds, exact pricing, which takes as long as several steps and is asked a
few times in all.

1. Follow the central path with the local maxima that quick pricing finds.
2. Where complementarity is small, ask the oracle: its bound is proven.  Hinges that it finds
   violated join the vertices where they are, local pricing climbs from them from now on, and the
   multipliers are pulled toward ones that are proven to be inside until all are so.
3. Keep the state from where a way back is short.
4. Newton's method on the active hinges ends it, and the oracle proves the result.
5. If it refutes that, if quick pricing finds what it had missed, or if the bound exceeds the cost,
   these hinges join the state of step 3; back to 1.

Without an oracle nothing is proven.  Where the path does not converge, column generation goes on
with what quick pricing has learned.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np

from convexden.certificate import Certificate
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Hinges, Indices, no_hinges
from convexden.solvers.methods.central_path import SETTINGS as PATH
from convexden.solvers.methods.central_path import CentralPath, iterate
from convexden.solvers.methods.central_path_direction import progress
from convexden.solvers.methods.central_path_state import PathPricing, PathState
from convexden.solvers.methods.exchange import FALSE_BOUND, Incumbent
from convexden.solvers.methods.path_prices import fresh_prices
from convexden.solvers.methods.quadratic_models import quadratic_models
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.pricing.patterns import PatternPricing
from convexden.solvers.pricing.quick_faces import QuickFaces
from convexden.solvers.warm_start import multipliers_near
from convexden.tolerances import COST_ROUNDING, VIOLATION_RTOL


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

    chosen: tuple[float, float] = (0.9, 0.97)
    """Dual constraint from which on vertices enter the systems, and do not leave them: with .7 and
    .9 those of twelve digits had twice as many hinges."""

    bent: float = 3.0
    """Free hinges a row that enter with their curvature: of 4000 of twelve digits a hundred are
    active in the end, and all took three times as long."""

    least_gap: float = 1e-3
    """Room between sites, in spreads, below which local pricing leads no path: not yet tried."""

    refutations: int = 8
    """Times that the end of a path may be refuted."""


SETTINGS = ProvenPathSettings()


class LocalPathState(PathState):
    """An iterate whose maxima are those that local pricing finds."""

    inside: Array | None = None  # multipliers that are proven to have a pricing maximum of one
    kept: LocalPathState | None = None  # the state to go back to

    def __init__(self, constraints: Constraints, pricing: PathPricing) -> None:
        """Collect the vertices."""
        super().__init__(constraints, pricing)
        self.near, self.close = SETTINGS.chosen

    def caught(self, above: Hinges, room: float) -> bool:
        """See `PathState`: what local pricing had missed joins."""
        heights = np.linalg.norm(self.constraints.features(above) @ self.multipliers, axis=1)
        missed = above[heights >= 1.0]
        if len(missed):
            self.meet(missed, room)
        return len(missed) > 0

    def resume(self, multipliers: Array, room: float) -> None:
        """Begin again next to multipliers that are proven to be inside, with room to one."""
        self.inside = multipliers
        self._begin_at((1.0 - room) * multipliers, 1.0 - room, room)

    def keep_way_back(self) -> None:
        """Make this the state to go back to."""
        self.kept = copy(self)
        self.kept.kept = None

    def meet(self, missed: Hinges, room: float) -> None:
        """Let hinges that pricing had missed join the vertices, with room to one: from the state to
        go back to where this one is further, and pulled toward multipliers that are inside."""
        if self.kept is not None and room < SETTINGS.back:
            vars(self).update(vars(self.kept) | {"inside": self.inside, "kept": self.kept})
            room = SETTINGS.back
        features = self.constraints.features(missed)
        self._pull(features, room)
        heights = np.linalg.norm(features @ self.multipliers, axis=1)
        self.maximum = max(self.maximum, float(heights.max(initial=0.0)))
        aim = room * self.objective / (len(self.prices) + len(self.free_prices))
        self.keep(missed, features, fresh_prices(features, heights, aim, np.inf))

    def _pull(self, features: Array, room: float) -> None:
        """Go toward zero, or toward the multipliers inside where that costs less, until hinges with
        these features have room.  The network stays where it can: scaled prices."""
        highest = float(np.linalg.norm(features @ self.multipliers, axis=1).max(initial=0.0))
        if highest <= 1.0 - room:
            return
        factor = (1.0 - room) / highest
        if self.inside is None:
            self.scale(factor)
            return
        # |q + s (r - q)| = 1 - room, with the columns r of the multipliers inside.
        inside = (1.0 - 2.0 * room) * self.inside
        columns = features @ self.multipliers
        steps = features @ inside - columns
        square, slope = np.sum(steps**2, axis=1), np.sum(columns * steps, axis=1)
        over = np.maximum(np.sum(columns**2, axis=1) - (1.0 - room) ** 2, 0.0)
        ahead = over > 0.0
        root = np.sqrt(np.maximum(slope[ahead] ** 2 - square[ahead] * over[ahead], 0.0))
        share = float((over[ahead] / (root - slope[ahead])).max())
        pulled = self.multipliers + share * (inside - self.multipliers)
        if float(np.sum(self.targets * pulled)) <= factor * self.objective:
            self.scale(factor)
            return
        self.multipliers = pulled
        self.columns = np.asarray(self.features @ pulled)
        self.maximum += share * (1.0 - 2.0 * room - self.maximum)

    def _models(self) -> tuple[Indices, Array]:
        """See `PathState`; of the heaviest alone: pricing finds anew where the others are."""
        count = int(SETTINGS.bent * len(self.targets))
        heavy = np.sort(np.argsort(-self.free_prices, kind="stable")[:count])
        owners, bends = quadratic_models(
            self.constraints, self.pricing, self.free[heavy], self.multipliers, SETTINGS.flattest
        )
        return heavy[owners], bends


class ProvenPath(CentralPath):
    """The method on one problem, a simplex of balls or one with many faces.

    Parameters are those of `ColumnGeneration`.
    """

    _missed: Hinges | None = None  # what the oracle found since it was asked last
    _asked: float = np.inf  # the cost at which it knew no reason for a bound above
    _known: Array | None = None  # multipliers to begin at

    def prove(self) -> Hinges:
        """See `Exchange.prove`."""
        missed = super().prove()
        self._miss(missed)
        return missed

    def _miss(self, hinges: Hinges) -> None:
        """Note hinges that violate the dual constraint where the path saw none."""
        if len(hinges):
            self._missed = hinges + (self._missed or no_hinges(self.constraints.problem))

    def _applicable(self) -> LocalPricing | QuickFaces | None:
        """The pricing that leads the path: of faces, or local pricing of a simplex of balls, whose
        vertices are known, if there is room between all of them."""
        pricing, problem = self.pricing, self.constraints.problem
        if isinstance(pricing, QuickFaces):
            return pricing
        n, d = problem.centers.shape
        known = n == d + 1 and problem.radii.all()
        room = self.constraints.least_gap >= SETTINGS.least_gap
        return pricing if isinstance(pricing, LocalPricing) and known and room else None

    def _state(self, pricing: PathPricing) -> LocalPathState:
        """See `CentralPath`."""
        return LocalPathState(self.constraints, pricing)

    def _believe(self, state: PathState) -> None:
        """Keep the multipliers, unverified, if their bound is the best; above the cost it is false,
        and what was missed is sought."""
        incumbent, lower = self.incumbent, state.objective / state.maximum
        if lower > incumbent.cost * (1 + FALSE_BOUND):
            if incumbent.cost < self._asked:
                self._refute(state.multipliers / state.maximum)
        elif incumbent.lower < lower <= incumbent.cost * (1 + COST_ROUNDING):
            incumbent.lower, incumbent.multipliers = lower, state.multipliers / state.maximum

    def _refute(self, multipliers: Array) -> None:
        """Seek what was missed, thoroughly by quick pricing where the oracle takes minutes; where
        that is nothing, do not ask again at this cost."""
        exact = self.exact
        pricing = self.pricing if exact is None or exact.costly else exact
        found, heights = self._rate(pricing, multipliers, 1.0)
        missed = found[heights > 1.0 + VIOLATION_RTOL]
        self._asked = np.inf if len(missed) else self.incumbent.cost
        self._miss(missed)

    def run(self, start: Hinges | None = None) -> Incumbent:
        """See `Exchange.run`; the hinges of a network nearby may make one here, too."""
        if start is not None and len(start) and isinstance(self.pricing, LocalPricing):
            self.pricing.remember(start)
            columns = self.constraints.features(start)
            weights = np.linalg.lstsq(columns.T, self.constraints.targets, rcond=None)[0]
            self._improve_cost(start, columns, np.asarray(weights, dtype=float))
        return super().run(start)

    def resume(self, certificate: Certificate) -> None:
        """Begin where the multipliers of a problem nearby, in reduced units, are inside."""
        if certificate.leaves is not None and isinstance(self.exact, PatternPricing):
            self.exact.recall(certificate.leaves)
        self._known = multipliers_near(self.constraints, certificate)

    def _follow(self, state: PathState) -> None:
        """Steps 1 to 5; what seems to reach the tolerance is proven, or refuted."""
        if np.isinf(self.incumbent.cost):
            self._ramps()  # a few seconds, where a path takes minutes
        if isinstance(state, LocalPathState) and state.begin():
            if self._known is not None:
                self._begin_there(state, self._known)
            self._led(state)
        if self.incumbent.gap <= self.tolerance:
            self.prove()

    def _begin_there(self, state: LocalPathState, multipliers: Array) -> None:
        """Prove what multipliers are worth, and begin next to them."""
        incumbent, objective = self.incumbent, float(np.sum(self.constraints.targets * multipliers))
        if objective <= state.objective:
            return
        incumbent.multipliers, incumbent.lower = multipliers, objective
        self.prove()
        gap = min(1.0 - incumbent.proven / incumbent.cost, 1.0 - PATH.boundary)
        state.resume(incumbent.proof, max(gap, SETTINGS.back))
        self._join(state, gap)

    def _led(self, state: LocalPathState) -> None:
        """Follow the path to its end, and back where the oracle refutes it."""
        incumbent, tried, shown = self.incumbent, SETTINGS.newton, np.inf
        refuted, spare = 0, PATH.spare
        working = state.working()
        for _ in range(PATH.iterations):
            self.constraints.clock.check()
            # Step 1.
            if not iterate(state, working):
                return
            working = state.working()
            gap, residual = progress(state, working)
            self._believe(state)
            state.raise_floor(gap)
            self._record(len(working.prices))
            if residual < PATH.met and gap < max(shown, self.tolerance):
                self._improve_primal(state.hinges(), working, gap)
                shown = PATH.often * gap
            # Step 2.
            if self.exact is not None and gap < SETTINGS.first and not incumbent.proven:
                self.prove()
                self._join(state, gap)
                working = state.working()
            # Step 3.
            if gap > SETTINGS.back or state.kept is None:
                state.keep_way_back()
                tried = SETTINGS.newton
            # Step 4.
            if gap < tried:
                self._newton(*self._active(state, working, gap), state.multipliers)
                tried = gap * PATH.again
                if incumbent.gap <= self._goal:
                    return
            # Step 5.
            if self._missed is not None:
                refuted += 1
                if refuted == SETTINGS.refutations:
                    return
                self._join(state, gap)
                working = state.working()
            spare -= incumbent.gap <= self.tolerance
            if gap < PATH.least or spare < 0:
                return

    def _join(self, state: LocalPathState, room: float) -> None:
        """Let what the oracle found join a state, which learns what was proven."""
        if self.incumbent.proven > 0.0:
            state.inside = self.incumbent.proof
        if self._missed is not None:
            state.meet(self._missed, room)
        self._missed = None
