"""Column generation: the exchange loop between the restricted master and exact pricing.

A round solves the restricted master over the hinges at hand, prices its multipliers exactly, which
gives a lower bound, repairs its weights, which gives an upper bound, and adds the hinges that
violate the dual constraint.  Alone it converges linearly; once the gap is small, Newton's method on
the active hinges (`newton`) finishes it, and pricing tells whether that was right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from convexden.network import ShallowNetwork
from convexden.solution import Progress, relative_gap
from convexden.solvers.atoms import SAME_LINE, Array, Hinges, distinct, no_hinges
from convexden.solvers.constraints import Constraints
from convexden.solvers.feasibility import check_feasible, repair, thin
from convexden.solvers.master import Master, solve_dual
from convexden.solvers.newton import Polished, active_set, polish, project
from convexden.solvers.pricing import Pricing

_NEWTON_GAP = 1e-2  # Newton's method is tried below this gap
_EXTENSIONS = 10  # how often violated hinges join a polished active set
_SMALL = 300  # unknown multipliers up to which Newton's method is tried in every round
_GOAL = 1e-11  # gap that Newton's method reaches when it succeeds
_SPARE = 4  # rounds that a gap within the tolerance leaves for it to succeed
_START = 2  # initial columns per row
_STALL = 12  # rounds in which the gap hardly moves before giving up
_PIVOT = 8  # new columns a pivot and round
_CROWD = 3  # columns per row above which idle ones leave
_VIOLATION = 1e-11  # a dual constraint exceeded by less is satisfied


@dataclass(eq=False)
class Bounds:
    """The best network and the best multipliers so far, in reduced units.

    `multipliers` are scaled to a pricing maximum of one, so that `lower` is their objective.
    """

    multipliers: Array
    hinges: Hinges | None = None
    weights: Array = field(default_factory=lambda: np.empty((0, 0)))
    cost: float = np.inf
    lower: float = 0.0
    pricing_maximum: float = 0.0
    rounds: int = 0

    @property
    def gap(self) -> float:
        """Relative gap; 1 while there is no network."""
        return 1.0 if np.isinf(self.cost) else relative_gap(self.cost, self.lower)


class ColumnGeneration:
    """The exchange loop on one problem.

    Parameters
    ----------
    rows : Constraints
    pricing : Pricing
    tolerance : float
        Relative gap that must be reached; a few rounds more are spent on rounding accuracy.
    master : callable
        `solve_dual` or `solve_with_cvxpy`.
    report : callable, optional
        Called with a `Progress` after every round.
    """

    def __init__(
        self,
        rows: Constraints,
        pricing: Pricing,
        tolerance: float,
        master: Master = solve_dual,
        report: Callable[[Progress], None] = lambda progress: None,
        max_rounds: int = 200,
    ) -> None:
        self.rows, self.pricing, self.tolerance = rows, pricing, tolerance
        self.master, self.report, self.max_rounds = master, report, max_rounds
        self.bounds = Bounds(multipliers=np.zeros_like(rows.targets))
        self._polished: Polished | None = None
        self._newton_gap = _NEWTON_GAP
        self._goal = min(tolerance, _GOAL)

    def run(self, start: Hinges | None = None) -> Bounds:
        """Solve.  If interrupted, `bounds` and `network` hold the best that was found.

        Raises
        ------
        InfeasibleProblem
            If the feasible hinges do not span the targets.
        """
        bounds = self.bounds
        if np.abs(self.rows.targets).max(initial=0.0) <= 1e-13:
            # An affine function interpolates; it costs nothing.
            bounds.hinges, bounds.cost = no_hinges(self.rows.problem), 0.0
            bounds.weights = np.zeros((0, self.rows.targets.shape[1]))
            return bounds
        initial = self.pricing.initial(_START * len(self.rows.targets))
        if not len(initial):
            check_feasible(self.rows, self.pricing)
        self._exchange(initial if start is None else start + initial)
        self._thin()
        return bounds

    def network(self) -> ShallowNetwork | None:
        """The cheapest network so far, if there is one."""
        best = self.bounds
        return None if best.hinges is None else self.rows.network(best.hinges, best.weights)

    def _exchange(self, hinges: Hinges) -> None:
        rows, bounds = self.rows, self.bounds
        beta, checked, stalled, spare = 5.0, False, 0, _SPARE
        value = np.inf
        while bounds.rounds < self.max_rounds and stalled < _STALL and spare > 0:
            before, best = bounds.gap, bounds.multipliers
            columns = rows.features(hinges)
            accuracy = float(np.clip((0.1 if bounds.gap > 1e-2 else 1e-3) * bounds.gap, 1e-10, 0.1))
            solved = self.master(columns, rows.targets, beta, accuracy)
            found, heights = self._price(solved.multipliers)
            own = np.linalg.norm(columns @ solved.multipliers, axis=1)
            norms = np.linalg.norm(solved.weights, axis=1)
            self._improve_cost(hinges, columns, solved.weights)
            self._record(len(hinges))
            new = found[heights > 1 + _VIOLATION]
            if best.any():
                # Halfway to the best multipliers: damps the jumps of degenerate duals.
                between, high = self._price((solved.multipliers + best) / 2)
                new = between[high > 1 + _VIOLATION] + new
            if bounds.gap <= self._newton_gap:
                active = active_set(hinges, norms, own, found, heights, bounds.gap)
                new = new + self._newton(*active, solved.multipliers)
            if self._polished is not None and bounds.gap > self._goal:
                new = new + self._price_polished(
                    project(rows, self.pricing, self._polished, solved.multipliers), self._polished
                )
            if bounds.gap <= self._goal:
                return
            spare -= bounds.gap <= self.tolerance
            errors = beta * float(np.linalg.norm(solved.errors, axis=1).sum())
            total = float(norms.sum()) + errors
            # Errors in use, or all that is left of the gap: they were too cheap.
            if errors > ((0.1 * bounds.gap if len(new) else 0.0) + 1e-9) * total:
                if beta >= 1e3 and not checked:
                    check_feasible(self.rows, self.pricing)
                    checked = True
                beta *= 5.0
            else:
                stalled = stalled + 1 if bounds.gap > 0.9 * before else 0
            # The dual is degenerate: columns may leave only while value and gap fall, or it cycles.
            falls = total < value * (1 - 1e-6) and stalled == 0
            if falls and len(hinges) > _CROWD * len(rows.targets):
                hinges = hinges[(own >= 0.9) | (norms >= 1e-3 * norms.max())]
            value = total
            hinges = hinges + self._select(new)

    def _price(self, multipliers: Array) -> tuple[Hinges, Array]:
        """Local maxima near and above one; the lower bound is brought up to date."""
        bounds = self.bounds
        values, jacobians = self.rows.multipliers(multipliers)
        floor = 0.9 if bounds.gap < 10 * _NEWTON_GAP else 1.0
        found, heights = self.pricing.maxima(values, jacobians, floor, 30 * len(multipliers))
        # Multipliers that no hinge sees are scaled by their own size: never divide by P ~ 0.
        scale = max(float(heights[0]), 1e-12 * float(np.abs(multipliers).max()))
        lower = float(np.sum(multipliers * self.rows.targets)) / scale
        if lower > bounds.lower:
            bounds.lower = lower
            bounds.multipliers = multipliers / scale
            bounds.pricing_maximum = 1.0
        return found, heights

    def _improve_cost(self, hinges: Hinges, columns: Array, weights: Array) -> None:
        bounds = self.bounds
        norms = np.linalg.norm(weights, axis=1)
        heavy = np.flatnonzero(norms > 1e-7 * norms.max())
        repaired = repair(columns[heavy], self.rows.targets, weights[heavy])
        if repaired is None:
            return
        cost = float(np.linalg.norm(repaired, axis=1).sum())
        if cost < bounds.cost:
            bounds.hinges, bounds.weights, bounds.cost = hinges[heavy], repaired, cost

    def _thin(self) -> None:
        """Interior points spread weight over near duplicates and over all optimal networks: end
        with as few hinges as the cost allows."""
        bounds = self.bounds
        if bounds.hinges is None or not len(bounds.hinges):
            return
        columns = self.rows.features(bounds.hinges)
        thinned = thin(columns, self.rows.targets, bounds.weights)
        if thinned is not None:
            bounds.hinges, bounds.weights = bounds.hinges[thinned[0]], thinned[1]
            bounds.cost = float(np.linalg.norm(bounds.weights, axis=1).sum())

    def _newton(self, active: Hinges, alphas: Array, multipliers: Array) -> Hinges:
        """Polish the network of the active hinges; keep it if it is the cheapest so far.

        Hinges that the polished multipliers violate join the active ones, a few times over.
        Returns new columns, if any.
        """
        if self.rows.targets.size >= _SMALL:
            self._newton_gap = self.bounds.gap / 3  # large systems are not tried in every round
        new = active[:0]
        for _ in range(_EXTENSIONS):
            polished = polish(self.rows, self.pricing, active, alphas, multipliers)
            if polished is None:
                break
            before = self.bounds.cost
            columns = self.rows.features(polished.hinges)
            self._improve_cost(polished.hinges, columns, polished.weights)
            if self.bounds.cost < before:
                self._polished = polished
            multipliers = polished.multipliers
            found, heights = self._price(multipliers)
            self._record(len(polished.hinges))
            violated = found[heights > 1 + _VIOLATION]
            new = polished.hinges + violated + new
            if self.bounds.gap <= self._goal:
                break
            # A hinge that is no local maximum any more hands its weight on to the nearest.
            norms = np.linalg.norm(polished.weights, axis=1)
            carrying, weights = active_set(
                polished.hinges, norms, np.ones_like(norms), found, heights, self.bounds.gap
            )
            joined = carrying + violated
            kept = distinct(joined, SAME_LINE)
            if len(kept) == len(norms) and (kept < len(carrying)).all():
                break
            active = joined[kept]
            alphas = np.append(weights, np.full(len(violated), 1e-6 * norms.mean()))[kept]
        return new

    def _price_polished(self, multipliers: Array, polished: Polished) -> Hinges:
        """Price multipliers that are dual to the polished network; the hinges they violate."""
        found, heights = self._price(multipliers)
        self._record(len(polished.hinges))
        return found[heights > 1 + _VIOLATION]

    def _select(self, new: Hinges) -> Hinges:
        """At most _PIVOT hinges a pivot, the most violated first, every line once."""
        new = new[: 12 * len(self.rows.targets)]
        new = new[distinct(new, SAME_LINE)]
        seen: dict[int, int] = {}
        chosen = []
        for k, pivot in enumerate(new.pivots):
            seen[int(pivot)] = seen.get(int(pivot), 0) + 1
            if seen[int(pivot)] <= _PIVOT:
                chosen.append(k)
        return new[np.array(chosen, dtype=np.intp)]

    def _record(self, hinges: int) -> None:
        bounds = self.bounds
        bounds.rounds += 1
        self.report(Progress(bounds.rounds, bounds.cost, bounds.lower, hinges))
