r"""The minimax method on the dual, for few sites in any dimension.

By homogeneity the dual is to minimize max_psi |Z^T psi| over the multipliers with <T, Z> = 1: a
maximum of few smooth functions, the quadratic models at the local maxima of pricing.  It is a
bundle method with cuts of second order.

1. Begin at the multipliers of the ramp program, and price them.
2. The model: quadratic models at the local maxima, and the cuts of the rounds before.
3. Solve the second-order master of the model, with a proximal term (`interior_point`): a trial
   point, and weights.
4. Price the trial point.  If the bound rises by half of what the model predicted the step is a
   serious one, otherwise a null step.
5. Where the gap is small, Newton's method is tried from the hinges with weight.
6. After a null step look for a better bound along it.
7. Hinges with weight stay as cuts of first order, which hold for all multipliers; what a null step
   met joins them to second order.  A serious step allows a longer one, null steps a shorter one;
   back to 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.errors import NotCertified
from convexden.solvers.hinges import Array, Hinges, distinct, no_hinges
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.exchange import CLOUDED, Exchange, Incumbent
from convexden.solvers.methods.interior_point import solve_quadratic_models
from convexden.solvers.methods.newton import active_set, project
from convexden.solvers.methods.quadratic_models import (
    QuadraticModels,
    flat,
    moved,
    quadratic_models,
)
from convexden.tolerances import COST_ROUNDING, SAME_HINGE_RTOL

# Local maxima above this share of the greatest are quadratic models: lower ones rarely become
# the greatest within a step.
_FLOOR = 0.3
# Quadratic models, the greatest, each of which is a cone of the master.
_MOST = 2500
# Rounds at the most.
_ROUNDS = 60
# Rounds in which gap and bound hardly move before giving up.
_STALL = 8
# Rounds without a network before asking whether there is one, which takes as long as some rounds.
_PATIENCE = 5
# Unverified gap at which costly pricing is asked for the first time: later it may be all in vain.
_EARLY = 1e-3
# Shares of a step that failed that are tried next.
_SHARES = (0.5, 0.25, 0.1, 0.03)
# Factors of the proximal weight after a serious step and after several null steps.
_LONGER, _SHORTER = 0.15, 4.0
# The least proximal weight, in units of the bound, and the highest accuracy of a master.
_LEAST_ETA, _LEAST_ACCURACY = 1e-9, COST_ROUNDING
# Hinges whose share of the greatest weight is above this stay as cuts.
_WEIGHT = 1e-4


@dataclass(eq=False)
class _State:
    """Between two rounds: the local maxima at the best multipliers with their constraint values,
    the cuts, all hinges of the last model, the penalty, the decrease predicted of the last step,
    null steps in a row."""

    found: Hinges
    constraint_values: Array
    cuts: QuadraticModels
    hinges: Hinges
    eta: float = 0.03  # the proximal weight
    predicted: float = np.inf
    null_steps: int = 0


class Minimax(Exchange):
    """The method on one problem; column generation takes over if it stalls above the tolerance."""

    def run(self, start: Hinges | None = None) -> Incumbent:
        """See `Exchange.run`."""
        if self._affine():
            return self.incumbent
        hinges = self._descend(start)
        if self.incumbent.gap > self._goal:
            rest = ColumnGeneration(
                self.constraints,
                self.exact or self.pricing,
                self.tolerance,
                self.master,
                self.report,
            )
            rest.incumbent = self.incumbent
            rest.run(hinges)
        self._thin()
        return self.incumbent

    def _descend(self, start: Hinges | None) -> Hinges:
        """Rounds until the goal is reached or they stall; the hinges of the last model."""
        incumbent, state, stalled = self.incumbent, self._start(start), 0
        for number in range(_ROUNDS):
            gap, lower = incumbent.gap, incumbent.lower
            self._round(state)
            if incumbent.gap <= self._goal or self._early:
                self.prove()
                if incumbent.gap <= self._goal:
                    break
                # What was missed is known now.
                state.found, state.constraint_values = self._local_maxima(incumbent.multipliers)
            idle = incumbent.gap > 0.9 * gap and incumbent.lower < lower * (1 + 1e-3)
            stalled = stalled + 1 if idle else 0
            if stalled == _STALL:
                self.prove()
                break
            if number == _PATIENCE and np.isinf(incumbent.cost):
                self.check_feasible()
        return state.hinges

    @property
    def _early(self) -> bool:
        """Whether costly pricing is to prove a first bound, and to find what is missed so far."""
        costly = self.exact is not None and self.exact.costly
        return costly and self.incumbent.proven == 0.0 and self.incumbent.gap < _EARLY

    def _start(self, start: Hinges | None) -> _State:
        """At the multipliers of the ramp program, or, where ramps do not do, at the targets."""
        # Step 1.
        constraints = self.constraints
        ramps = self._ramps()
        hinges = no_hinges(constraints.problem) if ramps is None else ramps.hinges
        multipliers = constraints.targets if ramps is None else ramps.multipliers
        found, constraint_values = self._local_maxima(multipliers)
        if constraint_values.max(initial=0.0) <= 1e-9 * np.abs(multipliers).max():
            self.check_feasible()  # no hinge sees the targets
            if not len(found):
                raise NotCertified(
                    "no network was found, and no hinge to make one of: lower the radii"
                )
        hinges = hinges if start is None else hinges + start
        return _State(
            found,
            constraint_values,
            flat(constraints, hinges, constraints.targets.shape[1]),
            hinges,
        )

    def _round(self, state: _State) -> None:
        """A step to the solution of the second-order master, and what follows from it."""
        incumbent, base, lower = self.incumbent, self.incumbent.multipliers, self.incumbent.lower
        # Step 2.
        model = quadratic_models(self.constraints, self.pricing, state.found, base) + state.cuts
        state.hinges = model.hinges
        # Step 3.
        accuracy = min(1e-3 * incumbent.gap, 1e-2 * abs(state.predicted) / lower)
        trial, prices = self._step(model, base, state.eta, accuracy)
        state.predicted = predicted = float(np.sum(trial * self.constraints.targets)) - lower
        # Step 4.
        new, high = self._local_maxima(trial)
        serious = incumbent.lower - lower > 0.5 * predicted
        rated = incumbent.multipliers
        weighted = self._weighted(model, trial, prices)
        self._record(len(model))
        # Step 5.
        if incumbent.gap < CLOUDED:
            self._consolidate(model.hinges + weighted[0], np.tile(prices, 2), base)
        if incumbent.gap <= self._newton_gap or predicted < 1e-3 * lower:
            if predicted < 0.1 * incumbent.gap * lower:
                # The bound is ahead of the network, which the penalty on long steps holds back.
                free, prices = self._step(model, base, _LEAST_ETA, _LEAST_ACCURACY)
                self._finish(
                    self._weighted(model, free, prices), state.found, state.constraint_values, base
                )
            else:
                self._finish(weighted, new, high, trial)
        if incumbent.gap <= self._goal:
            return
        # Step 6.
        if not serious:
            self._search(base, trial)
        # Step 7.
        self._update(state, model, prices, serious, trial, new[high > 1])
        if rated is not base and rated is incumbent.multipliers:
            state.found, state.constraint_values = new, high / high[0]
        else:
            state.found, state.constraint_values = self._local_maxima(incumbent.multipliers)

    def _update(
        self,
        state: _State,
        model: QuadraticModels,
        prices: Array,
        serious: bool,
        trial: Array,
        violated: Hinges,
    ) -> None:
        """The cuts and the proximal weight of the next round.

        After a null step the hinges that it met are taken to second order where it met them, and
        the same step is tried again; after another one a shorter step.
        """
        outputs = trial.shape[1]
        kept = np.flatnonzero(prices > _WEIGHT * prices.max())
        apart = 0.1 * np.sqrt(max(self.incumbent.gap, _LEAST_ACCURACY))
        kept = kept[distinct(model.hinges[kept], apart)]
        if serious:
            met = flat(self.constraints, violated, outputs)
        else:
            met = quadratic_models(self.constraints, self.pricing, violated, trial)
        state.cuts = flat(self.constraints, model.hinges[kept], outputs) + met
        state.null_steps = 0 if serious else state.null_steps + 1
        factor = _LONGER if serious else 1.0 if state.null_steps == 1 else _SHORTER
        state.eta = max(_LEAST_ETA, factor * state.eta)

    def _local_maxima(self, multipliers: Array) -> tuple[Hinges, Array]:
        """The local maxima that become quadratic models; they are further apart than rounding."""
        found, constraint_values = self._rate(self.thorough, multipliers, _FLOOR)
        kept = np.sort(distinct(found, SAME_HINGE_RTOL))
        kept = kept[constraint_values[kept] >= _FLOOR * constraint_values.max(initial=0.0)][:_MOST]
        return found[kept], constraint_values[kept]

    def _step(
        self, model: QuadraticModels, base: Array, eta: float, accuracy: float
    ) -> tuple[Array, Array]:
        """The second-order master, its penalty in units of the bound and the multipliers."""
        accuracy = float(np.clip(accuracy, _LEAST_ACCURACY, 1e-5))
        eta *= self.incumbent.lower / float(np.sum(base**2))
        return solve_quadratic_models(
            model, self.constraints.targets, base, eta, accuracy, self.constraints.clock
        )

    def _weighted(
        self, model: QuadraticModels, multipliers: Array, prices: Array
    ) -> tuple[Hinges, Array, Array]:
        """The hinges of the model where it puts them, which make the best network if they are
        cheapest: with the sizes of their weights and their constraint values."""
        hinges = moved(model, self.pricing, multipliers)
        columns = self.constraints.features(hinges)
        outputs = columns @ multipliers
        weights = prices[:, None] * outputs
        self._improve_cost(hinges, columns, weights)
        return hinges, np.linalg.norm(weights, axis=1), np.linalg.norm(outputs, axis=1)

    def _finish(
        self,
        weighted: tuple[Hinges, Array, Array],
        found: Hinges,
        constraint_values: Array,
        multipliers: Array,
    ) -> None:
        """Newton's method from these local maxima and multipliers."""
        gap = max(self.incumbent.gap, _LEAST_ACCURACY)
        active = active_set(*weighted, found, constraint_values, gap, constant=False)
        self._newton(*active, multipliers)
        self._newton_gap = self.incumbent.gap / 3  # not again before the model is better
        for near in (multipliers, self.incumbent.multipliers):
            if self._polished is not None and self.incumbent.gap > self._goal:
                self._price_polished(
                    project(self.constraints, self.pricing, self._polished, near), self._polished
                )

    def _search(self, base: Array, trial: Array) -> None:
        """Look for a better bound along a step that failed."""
        lower = self.incumbent.lower
        for share in _SHARES:
            self._price(base + share * (trial - base))
            if self.incumbent.lower > lower:
                return
