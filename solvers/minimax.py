r"""The minimax method on the dual, for few sites in any dimension.

By homogeneity the dual is to minimise max_psi |Z^T psi| over the multipliers with <T, Z> = 1: a
maximum of few smooth functions, the branches at the local maxima of pricing.  The first multipliers
are those of the ramp program.  A round solves the second-order master at the best multipliers so
far (`interior_point`) and prices its solution.  A good step takes a handful of rounds to where
Newton's method ends it; after a bad one the step is shortened and what pricing found there joins
the model.  Hinges that had weight stay in it as first-order columns, which hold for all
multipliers.
"""

from __future__ import annotations

import numpy as np

from convexden.solvers.atoms import SAME_LINE, Array, Hinges, distinct, no_hinges
from convexden.solvers.branches import Branches, branches, flat, moved
from convexden.solvers.column_generation import ColumnGeneration
from convexden.solvers.exchange import Bounds, Exchange
from convexden.solvers.interior_point import solve_branches
from convexden.solvers.newton import active_set, merged, project

_FLOOR = 0.3  # local maxima above this share of the greatest are branches
_ROUNDS = 60
_STALL = 8  # rounds in which neither gap nor bound hardly move before giving up
_PATIENCE = 5  # rounds without a network before asking whether there is one
_SHARES = (0.5, 0.25, 0.1, 0.03)  # of a step that failed
_LEAST_ETA, _LEAST_ACCURACY = 1e-9, 1e-12
_WEIGHT = 1e-4  # hinges whose share of the greatest weight is above this stay as cuts
_FAINT = 1e-9  # and those above this count for the cheapest network
_CLOUDED = 1e-5  # gap below which the hinges of a round lie close together,
_CLOUD = 1e-2  # this close to those that they stand for


class Minimax(Exchange):
    """The method on one problem; column generation takes over if it stalls above the tolerance."""

    def run(self, start: Hinges | None = None) -> Bounds:
        """See `Exchange.run`."""
        if self._affine():
            return self.bounds
        hinges = self._descend(start)
        if self.bounds.gap > self._goal:
            rest = ColumnGeneration(
                self.rows, self.exact or self.pricing, self.tolerance, self.master, self.report
            )
            rest.bounds = self.bounds
            rest.run(hinges)
        self._thin()
        return self.bounds

    def _descend(self, start: Hinges | None) -> Hinges:
        """Rounds until the goal is reached or they stall; the hinges of the last model."""
        rows, bounds, outputs = self.rows, self.bounds, self.rows.targets.shape[1]
        ramps = self._ramps()
        first = no_hinges(rows.problem) if ramps is None else ramps.hinges
        multipliers = rows.targets if ramps is None else ramps.multipliers
        found, heights = self._branching(multipliers)
        if heights.max(initial=0.0) <= 1e-9 * np.abs(multipliers).max():
            self.check_feasible()  # no hinge sees the targets
        cuts = flat(rows, first if start is None else first + start, outputs)
        eta, promised, stalled, failures = 0.03, np.inf, 0, 0
        for number in range(_ROUNDS):
            base, gap, lower = bounds.multipliers, bounds.gap, bounds.lower
            model = branches(rows, self.pricing, found, base) + cuts
            accuracy = min(1e-3 * gap, 1e-2 * abs(promised) / lower)
            trial, prices = self._step(model, base, eta, accuracy)
            promised = float(np.sum(trial * rows.targets)) - lower
            new, high = self._branching(trial)
            good = bounds.lower - lower > 0.5 * promised
            rated = bounds.multipliers
            active = self._carry(model, trial, prices)
            self._record(len(model))
            if bounds.gap < _CLOUDED:
                self._consolidate(model.hinges + active[0], np.tile(prices, 2), base)
            if bounds.gap <= self._newton_gap or promised < 1e-3 * lower:
                if promised < 0.1 * bounds.gap * lower:
                    # The bound is ahead of the network, which the penalty on long steps holds back.
                    free, prices = self._step(model, base, _LEAST_ETA, _LEAST_ACCURACY)
                    active = self._carry(model, free, prices)
                    self._finish(active, found, heights, base)
                else:
                    self._finish(active, new, high, trial)
            if bounds.gap <= self._goal:
                break
            added = new[high > 1]
            extra = flat(rows, added, outputs)
            failures = 0 if good else failures + 1
            if not good:
                extra = branches(rows, self.pricing, added, trial)
                self._search(base, trial)
            kept = np.flatnonzero(prices > _WEIGHT * prices.max())
            apart = 0.1 * np.sqrt(max(bounds.gap, _LEAST_ACCURACY))
            kept = kept[distinct(model.hinges[kept], apart)]
            cuts = flat(rows, model.hinges[kept], outputs) + extra
            if rated is not base and rated is bounds.multipliers:
                found, heights = new, high / high[0]
            else:
                found, heights = self._branching(bounds.multipliers)
            eta = max(_LEAST_ETA, eta * (0.15 if good else 1.0 if failures == 1 else 4.0))
            idle = bounds.gap > 0.9 * gap and bounds.lower < lower * (1 + 1e-3)
            stalled = stalled + 1 if idle else 0
            if stalled == _STALL:
                self.prove()
                break
            if number == _PATIENCE and np.isinf(bounds.cost):
                self.check_feasible()
        return model.hinges

    def _branching(self, multipliers: Array) -> tuple[Hinges, Array]:
        """The local maxima that become branches; they are further apart than rounding."""
        found, heights = self._rate(self.exact or self.pricing, multipliers, _FLOOR)
        kept = np.sort(distinct(found, SAME_LINE))
        kept = kept[heights[kept] >= _FLOOR * heights.max(initial=0.0)]
        return found[kept], heights[kept]

    def _step(
        self, model: Branches, base: Array, eta: float, accuracy: float
    ) -> tuple[Array, Array]:
        """The second-order master, its penalty in units of the bound and the multipliers."""
        accuracy = float(np.clip(accuracy, _LEAST_ACCURACY, 1e-5))
        eta *= self.bounds.lower / float(np.sum(base**2))
        return solve_branches(model, self.rows.targets, base, eta, accuracy)

    def _carry(
        self, model: Branches, multipliers: Array, prices: Array
    ) -> tuple[Hinges, Array, Array]:
        """The hinges of the model where it puts them, which make the best network if they are
        cheapest: with the sizes of their weights and their heights."""
        hinges = moved(model, self.pricing, multipliers)
        columns = self.rows.features(hinges)
        outputs = columns @ multipliers
        weights = prices[:, None] * outputs
        self._improve_cost(hinges, columns, weights)
        return hinges, np.linalg.norm(weights, axis=1), np.linalg.norm(outputs, axis=1)

    def _consolidate(self, hinges: Hinges, prices: Array, base: Array) -> None:
        """Look for a cheaper network over the hinges of a round, before and after they moved:
        near the optimum they are a cloud round each of its hinges."""
        hinges = hinges[np.flatnonzero(prices > _FAINT * prices.max())]
        cloud = flat(self.rows, hinges, self.rows.targets.shape[1])
        eta = _FAINT * _LEAST_ETA * self.bounds.lower / float(np.sum(base**2))
        inside, prices = solve_branches(cloud, self.rows.targets, base, eta, _LEAST_ACCURACY)
        weights = prices[:, None] * (cloud.columns @ inside)
        self._improve_cost(hinges, cloud.columns, weights)
        self._newton(*merged(hinges, np.linalg.norm(weights, axis=1), _CLOUD), base)

    def _finish(
        self,
        carried: tuple[Hinges, Array, Array],
        found: Hinges,
        heights: Array,
        multipliers: Array,
    ) -> None:
        """Newton's method from these local maxima and multipliers."""
        gap = max(self.bounds.gap, _LEAST_ACCURACY)
        active = active_set(*carried, found, heights, gap, constant=False)
        self._newton(*active, multipliers)
        self._newton_gap = self.bounds.gap / 3  # not again before the model is better
        for near in (multipliers, self.bounds.multipliers):
            if self._polished is not None and self.bounds.gap > self._goal:
                self._price_polished(
                    project(self.rows, self.pricing, self._polished, near), self._polished
                )

    def _search(self, base: Array, trial: Array) -> None:
        """Look for a better bound along a step that failed."""
        lower = self.bounds.lower
        for share in _SHARES:
            self._price(base + share * (trial - base))
            if self.bounds.lower > lower:
                return
