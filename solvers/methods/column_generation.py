"""Column generation: the exchange loop between the restricted master and exact pricing.

1. Solve the restricted master over the hinges at hand: weights, and multipliers.
2. Price the multipliers: their bound, and the hinges at which they violate the dual constraint.
3. Repair the weights: the cost of a network.
4. Once the gap is small, try Newton's method on the active hinges; it ends the run if they are the
   right ones.
5. Raise the price of errors if the master would rather miss targets than pay for hinges.
6. Let idle hinges go, and add those that are violated; back to 1.

Alone that converges linearly; Newton's method finishes it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convexden.solution import Progress
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Hinges, distinct, no_hinges
from convexden.solvers.methods.exchange import CLOUDED, SMALL, VIOLATION, Exchange, Incumbent
from convexden.solvers.methods.newton import active_set, project
from convexden.solvers.methods.restricted_dual import solve_restricted_dual
from convexden.solvers.pricing import Pricing
from convexden.solvers.programs.restricted_master import Master, solve_dual
from convexden.solvers.programs.semidefinite import semidefinite_start
from convexden.tolerances import SAME_HINGE_RTOL

# The first price of errors, in units of the cost a spread: above all multipliers of most problems.
_BETA = 60.0
# Rounds that a gap within the tolerance leaves for Newton's method to succeed.
_SPARE = 4
# Maxima of the dual constraint, which is 1 at the optimum, above this at the first multipliers are
# columns: those that become active are mostly among them.
_NEAR = 0.99
# Initial columns a row: they have to span the rows, and cost a second-order cone each.
_START = 10
# Rounds in which the gap hardly moves before giving up.
_STALL = 12
# Multipliers that exceed the dual constraint by this factor have jumped: the point halfway back to
# the best ones is priced as well.
_JUMP = 1.1
# New columns a pivot and round: more of one pivot are nearly equal.
_PIVOT = 8
# Columns a row above which idle ones leave, and the dual constraint below which they are idle.
_CROWD = 5
_IDLE = 0.7


class ColumnGeneration(Exchange):
    """The exchange loop on one problem.

    Parameters
    ----------
    constraints, pricing, tolerance, master, report
        As of `Exchange`.
    max_rounds : int
        After which an exchange gives up.
    """

    def __init__(
        self,
        constraints: Constraints,
        pricing: Pricing,
        tolerance: float,
        master: Master = solve_dual,
        report: Callable[[Progress], None] = lambda progress: None,
        max_rounds: int = 200,
    ) -> None:
        """Nothing is solved yet; arguments as for the class."""
        super().__init__(constraints, pricing, tolerance, master, report)
        self.max_rounds = self._last = max_rounds
        self._eta = 0.01  # penalty on the distance from the best multipliers

    def run(self, start: Hinges | None = None) -> Incumbent:
        """See `Exchange.run`."""
        incumbent = self.incumbent
        if self._affine():
            return incumbent
        initial = self.pricing.initial(_START * len(self.constraints.targets))
        if not len(initial):
            self.check_feasible()
        initial = self._sandwiched() + initial
        self._exchange(initial if start is None else start + initial)
        self._thin()
        return incumbent

    def _sandwiched(self) -> Hinges:
        """Where few patterns are known, the ramps, and the maxima at the multipliers of their
        program and of the semidefinite one."""
        patterns, ramps = self.pricing.patterns(), self._ramps()
        hinges, first = no_hinges(self.constraints.problem), []
        if ramps is not None:
            hinges, first = ramps.hinges, [ramps.multipliers]
        relaxed = semidefinite_start(self.constraints, patterns) if len(patterns) else None
        for multipliers in first if relaxed is None else [*first, relaxed]:
            found, constraint_values = self._price(multipliers, _NEAR)
            hinges = hinges + found[constraint_values > _NEAR]
        return hinges

    def _exchange(self, hinges: Hinges) -> None:
        """Master and pricing in turn, until the gap closes or nothing moves."""
        constraints, incumbent = self.constraints, self.incumbent
        beta, checked, stalled, spare = _BETA, False, 0, _SPARE
        value = np.inf
        self._last = incumbent.rounds + self.max_rounds
        while incumbent.rounds < self._last and stalled < _STALL and spare > 0:
            before, best = incumbent.gap, incumbent.multipliers
            # Step 1.
            columns = constraints.features(hinges)
            accuracy = max((1e-2 if incumbent.gap > 1e-2 else 1e-3) * incumbent.gap, 1e-10)
            solved = self.master(columns, constraints.targets, beta, accuracy)
            # Step 2.
            found, constraint_values = self._price(solved.multipliers)
            own = np.linalg.norm(columns @ solved.multipliers, axis=1)
            norms = np.linalg.norm(solved.weights, axis=1)
            # Step 3.
            self._improve_cost(hinges, columns, solved.weights)
            self._record(len(hinges))
            new = found[constraint_values > 1 + VIOLATION]
            if best.any() and constraint_values.max(initial=0.0) > _JUMP:
                # Halfway to the best multipliers: damps the jumps of degenerate duals.
                between, high = self._price((solved.multipliers + best) / 2)
                new = between[high > 1 + VIOLATION] + new
            # Step 4.
            if incumbent.gap <= self._newton_gap:
                active = active_set(hinges, norms, own, found, constraint_values, incumbent.gap)
                new = new + self._newton(*active, solved.multipliers)
            if self._goal < incumbent.gap < CLOUDED and constraints.targets.size < SMALL:
                new = self._near(hinges, norms) + new
            if self._polished is not None and incumbent.gap > self._goal:
                new = new + self._price_polished(
                    project(constraints, self.pricing, self._polished, solved.multipliers),
                    self._polished,
                )
            if incumbent.gap <= self._goal:
                return
            spare -= incumbent.gap <= self.tolerance
            # Step 5.
            errors = beta * float(np.linalg.norm(solved.errors, axis=1).sum())
            total = float(norms.sum()) + errors
            # Errors in use, or all that is left of the gap: they were too cheap.
            if errors > ((0.1 * incumbent.gap if len(new) else 0.0) + 1e-9) * total:
                if beta >= 1e3 and not checked:
                    self.check_feasible()
                    checked = True
                beta *= 5.0
            else:
                idle = incumbent.gap > 0.9 * before
                stalled = stalled + 1 if idle and total > value * (1 - 1e-6) else 0
            # Step 6.  The dual is degenerate: columns may leave only while value and gap fall, or
            # it cycles.
            falls = total < value * (1 - 1e-6) and incumbent.gap <= 0.9 * before
            if falls and len(hinges) > _CROWD * len(constraints.targets):
                hinges = hinges[(own >= _IDLE) | (norms >= 1e-3 * norms.max())]
            value = total
            hinges = hinges + self._select(new)

    def _near(self, hinges: Hinges, norms: Array) -> Hinges:
        """The network of these hinges, and what violates their multipliers: those without and those
        with a penalty on the distance from the best.

        The multipliers of an optimum may be far from unique; near the best ones few hinges are
        missing.
        """
        incumbent = self.incumbent
        new = self._violated(self._consolidate(hinges, norms, incumbent.multipliers))
        best, lower = incumbent.multipliers, incumbent.lower
        columns, targets = self.constraints.features(hinges), self.constraints.targets
        eta = self._eta * lower / float(np.sum(best**2))
        trial = solve_restricted_dual(
            columns, targets, best, eta, 1e-3 * incumbent.gap, self.constraints.clock
        )[0]
        new = self._violated(trial) + new
        self._eta *= 0.3 if incumbent.lower > lower else 3.0
        return new

    def _violated(self, multipliers: Array) -> Hinges:
        """The hinges at which these multipliers violate the dual constraint."""
        found, constraint_values = self._price(multipliers)
        return found[constraint_values > 1 + VIOLATION]

    def _select(self, new: Hinges) -> Hinges:
        """At most _PIVOT hinges a pivot, the most violated first, every line once."""
        new = new[: 12 * len(self.constraints.targets)]
        new = new[distinct(new, SAME_HINGE_RTOL)]
        seen: dict[int, int] = {}
        chosen = []
        for k, pivot in enumerate(new.pivots):
            seen[int(pivot)] = seen.get(int(pivot), 0) + 1
            if seen[int(pivot)] <= _PIVOT:
                chosen.append(k)
        return new[np.array(chosen, dtype=np.intp)]
