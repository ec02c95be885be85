"""What the methods share: incumbent, exact pricing, repair, and Newton's method to finish.

1. A method proposes multipliers and weights.
2. Its multipliers are priced, which gives a lower bound (`_price`).
3. Its weights are repaired, which gives an upper bound (`_improve_cost`).
4. Once the gap is small, Newton's method on the active hinges (`newton`) ends it, and pricing tells
   whether that was right (`_newton`).
5. At the end the network is thinned to as few hinges as its cost allows (`_thin`).

Pricing between certificates may be quick rather than exact: a bound is *unverified* until exact
pricing of its multipliers proves it, which is done whenever believing it would end the run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from convexden.network import ShallowNetwork
from convexden.solution import Progress, relative_gap
from convexden.solvers.constraints import Constraints
from convexden.solvers.feasibility import check_feasible, repair, thin
from convexden.solvers.hinges import Array, Hinges, distinct, no_hinges
from convexden.solvers.methods.newton import Polished, active_set, merged, polish
from convexden.solvers.methods.restricted_dual import solve_restricted_dual
from convexden.solvers.pricing import ExactPricing, Pricing
from convexden.solvers.programs.ramps import RampSolution, solve_ramps
from convexden.solvers.programs.restricted_master import Master, solve_dual
from convexden.tolerances import (
    COST_ROUNDING,
    CUT_RTOL,
    EQUAL_COST_RTOL,
    FAINT_RTOL,
    MET_RTOL,
    SAME_HINGE_RTOL,
    THINNER_RTOL,
    VIOLATION_RTOL,
)

# Relative gap below which Newton's method is tried: above, the active set is rarely the right one.
NEWTON_GAP = 1e-2
# It may be tried in the round that brings the gap down from this.
_NEAR_NEWTON = 0.5
VIOLATION = VIOLATION_RTOL
# An unverified bound above the cost by more than this share is false; rounding is far less.
FALSE_BOUND = 1e-10
# How often violated hinges join a polished active set, each time for one more attempt at Newton's
# method, and how many of these attempts in a row may improve nothing.
_EXTENSIONS = 10
_IDLE = 2
# Unknown multipliers up to which Newton's method is cheap, and tried in every round.
SMALL = 300
# Output weights below this share of the largest are none, or, if the last digits want them, these.
_LIGHT = (1e-7, 1e-12)
_CHEAPER = EQUAL_COST_RTOL
# A network that misses targets by more, in units of their spread, is none: no correction is small.
_LOST = 1e-5
_THINNER = THINNER_RTOL
# Relative gap below which hinges of one round lie close together, and how close, in spreads, to
# those that they stand for: errors of a hinge are the root of that of the dual constraint.
CLOUDED = 1e-5
_CLOUD = 1e-2
_FAINT = FAINT_RTOL
# Of a master between two rounds: the penalty on steps, as a share of the bound, that is none, and
# the relative accuracy of its weights.
_ANY_STEP, _ACCURATE = 1e-18, COST_ROUNDING
# A hinge may cut a ball by this much, in spreads of the data; rounding is less than the former.
# Between them, times its weight, by this share of the spread of the targets.
_LEAST_CUT, _CUT = 1e-15, CUT_RTOL
_MISSED = MET_RTOL
_GOAL = COST_ROUNDING  # the relative gap that Newton's method reaches when it succeeds


@dataclass(eq=False)
class Incumbent:
    """The best network and the best multipliers so far, in reduced units.

    `multipliers` are scaled so that no hinge seen exceeds one, and `lower` is their objective;
    `proof` is zero or what exact pricing found the best, with a pricing maximum of one, and
    `proven` is its objective.
    """

    multipliers: Array
    proof: Array
    hinges: Hinges | None = None
    weights: Array = field(default_factory=lambda: np.empty((0, 0)))
    cost: float = np.inf
    lower: float = 0.0
    proven: float = 0.0
    rounds: int = 0

    @property
    def gap(self) -> float:
        """Relative gap to the unverified bound; 1 while there is no network."""
        return 1.0 if np.isinf(self.cost) else relative_gap(self.cost, self.lower)


class Exchange(ABC):
    """Bounds on one problem, and the steps that improve them.

    Parameters
    ----------
    constraints : Constraints
    pricing : Pricing
        Bounds are proven if it is an `ExactPricing`.
    tolerance : float
        Relative gap that must be reached; a few rounds more are spent on rounding accuracy.
    master : callable
        `solve_dual` or `solve_with_cvxpy`.
    report : callable, optional
        Called with a `Progress` after every round.
    """

    def __init__(
        self,
        constraints: Constraints,
        pricing: Pricing,
        tolerance: float,
        master: Master = solve_dual,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """Nothing is solved yet: the bounds are 0 and infinity."""
        self.constraints, self.tolerance, self.master, self.report = (
            constraints,
            tolerance,
            master,
            report,
        )
        self.exact = pricing if isinstance(pricing, ExactPricing) else None
        self.pricing = pricing if self.exact is None else self.exact.quick()
        self.incumbent = Incumbent(
            np.zeros_like(constraints.targets), np.zeros_like(constraints.targets)
        )
        self._polished: Polished | None = None
        self._newton_gap = NEWTON_GAP
        # What takes so long to prove is proven as soon as that may be enough.
        costly = self.exact is not None and self.exact.costly
        self._goal = tolerance / 2 if costly else min(tolerance, _GOAL)

    @abstractmethod
    def run(self, start: Hinges | None = None) -> Incumbent:
        """Solve, from these hinges on.  If interrupted, `incumbent` and `network` hold the best
        that was found.

        Raises
        ------
        InfeasibleProblem
            If the feasible hinges do not span the targets.
        """

    def check_feasible(self) -> None:
        """Raise `InfeasibleProblem` if exact pricing proves that there is no network.

        Samples alone always have one, however close: what rounding sees of them proves nothing.
        """
        if self.exact is not None and (self.constraints.problem.radii > 0).any():
            check_feasible(self.constraints, self.exact)

    def _affine(self) -> bool:
        """Whether an affine function interpolates: then it is kept."""
        if not self.constraints.affine:
            return False
        incumbent = self.incumbent
        incumbent.hinges, incumbent.cost = no_hinges(self.constraints.problem), 0.0
        incumbent.weights = np.zeros((0, self.constraints.targets.shape[1]))
        return True

    def _ramps(self) -> RampSolution | None:
        """The ramp program over the patterns that the pricer knows; its network is kept."""
        ramps = solve_ramps(self.constraints, self.pricing.ramps, self.master)
        if ramps is not None:
            self._improve_cost(ramps.hinges, self.constraints.features(ramps.hinges), ramps.weights)
        return ramps

    def network(self) -> ShallowNetwork | None:
        """The cheapest network so far, if there is one."""
        best = self.incumbent
        return None if best.hinges is None else self.constraints.network(best.hinges, best.weights)

    def _price(self, multipliers: Array, floor: float | None = None) -> tuple[Hinges, Array]:
        """Local maxima near and above one, or above a floor; the lower bound is brought up to
        date, and proven if that ends the run."""
        incumbent = self.incumbent
        if floor is None:
            floor = 0.9 if incumbent.gap < _NEAR_NEWTON else 1.0
        found, constraint_values = self._rate(self.pricing, multipliers, floor)
        if incumbent.gap <= self._goal and incumbent.proven < incumbent.lower:
            self.prove()
            if incumbent.gap > self._goal:
                found, constraint_values = self._rate(self.pricing, multipliers, floor)
        return found, constraint_values

    def prove(self) -> Hinges:
        """Price the best multipliers exactly: what is left of the unverified bound is proven.
        Returns the hinges that they violate."""
        incumbent = self.incumbent
        if self.exact is None or incumbent.proven >= incumbent.lower:
            return no_hinges(self.constraints.problem)
        unverified, incumbent.lower = incumbent.multipliers, incumbent.proven
        found, constraint_values = self._rate(self.exact, unverified, 1.0)
        incumbent.multipliers = incumbent.proof
        return found[constraint_values > 1 + VIOLATION]

    def _rate(self, pricing: Pricing, multipliers: Array, floor: float) -> tuple[Hinges, Array]:
        """Price multipliers, and keep them if their bound is the best."""
        incumbent = self.incumbent
        values, jacobians = self.constraints.multipliers(multipliers)
        found, constraint_values = pricing.maxima(values, jacobians, floor, 30 * len(multipliers))
        if self.constraints.narrow and len(found):
            # Values of sites that nearly meet are large and cancel; in the rows nothing does.
            constraint_values = np.linalg.norm(
                self.constraints.features(found) @ multipliers, axis=1
            )
            order = np.argsort(-constraint_values, kind="stable")
            found, constraint_values = found[order], constraint_values[order]
        # Multipliers that no hinge sees are scaled by their own size: never divide by P ~ 0.
        seen = float(constraint_values[0]) if len(constraint_values) else 0.0
        scale = max(seen, 1e-12 * float(np.abs(multipliers).max()), np.finfo(float).tiny)
        lower = float(np.sum(multipliers * self.constraints.targets)) / scale
        # A bound above the cost is false: something greater was missed.
        if incumbent.lower < lower <= incumbent.cost * (1 + FALSE_BOUND):
            incumbent.lower, incumbent.multipliers = lower, multipliers / scale
        if pricing is self.exact and lower > incumbent.proven:
            incumbent.proven, incumbent.proof = lower, multipliers / scale
        return found, constraint_values

    def _improve_cost(
        self, hinges: Hinges, columns: Array, weights: Array, limit: float = 0.0
    ) -> None:
        """Keep the network of these hinges with nearly these weights if it is the cheapest, or
        costs less than the limit."""
        incumbent = self.incumbent
        norms = np.linalg.norm(weights, axis=1)
        # Hinges that a method moved may have come to cut a ball, or to pass a sample.
        allowed = _MISSED / np.maximum(norms, np.finfo(float).tiny)
        depths = hinges.depths(self.constraints.problem).max(axis=1)
        whole = depths <= np.clip(allowed, _LEAST_CUT, _CUT)
        for share in _LIGHT:
            heavy = np.flatnonzero(whole & (norms > share * norms.max(initial=0.0)))
            repaired = repair(columns[heavy], self.constraints.targets, weights[heavy])
            if repaired is None:
                continue
            cost = self._cost(columns[heavy], repaired)
            cheaper = cost < max(limit, incumbent.cost * (1 - _CHEAPER))
            if cheaper:
                incumbent.hinges, incumbent.weights, incumbent.cost = hinges[heavy], repaired, cost
                limit = 0.0
            # The last digits are not wanted yet, but a row that light hinges alone see is.
            if incumbent.gap > CLOUDED and (cheaper or norms.sum() >= incumbent.cost):
                break

    def _thin(self) -> None:
        """Interior points spread weight over near duplicates and over all optimal networks: end
        with as few hinges as the cost allows."""
        incumbent = self.incumbent
        if incumbent.hinges is None or not len(incumbent.hinges):
            return
        self._merge(incumbent.hinges, np.linalg.norm(incumbent.weights, axis=1))
        columns = self.constraints.features(incumbent.hinges)
        thinned = thin(columns, self.constraints.targets, incumbent.weights)
        if thinned is None:
            return
        kept, weights = thinned
        cost = self._cost(columns[kept], weights)
        if cost <= incumbent.cost * (1 + _THINNER):
            incumbent.hinges, incumbent.weights, incumbent.cost = (
                incumbent.hinges[kept],
                weights,
                cost,
            )

    def _merge(self, hinges: Hinges, norms: Array) -> None:
        """Keep the polished network of the heavy ones of these hinges, each for all that are close
        to it, if there are fewer of them and the goal is reached."""
        incumbent = self.incumbent
        heavy = np.flatnonzero(norms > _LIGHT[0] * norms.max())
        active, alphas = merged(hinges[heavy], norms[heavy], _CLOUD)
        if (
            len(active) == len(norms)
            or incumbent.gap > CLOUDED
            or self.constraints.targets.size >= SMALL
        ):
            return
        polished = polish(self.constraints, self.pricing, active, alphas, incumbent.multipliers)
        if polished is None:
            return
        columns = self.constraints.features(polished.hinges)
        limit = incumbent.lower * (1 + self._goal)
        self._improve_cost(polished.hinges, columns, polished.weights, limit)

    def _cost(self, columns: Array, weights: Array) -> float:
        """The cost of a network, and about that of what it misses the rows by; infinite if it
        misses targets by more than rounding explains."""
        missed = self.constraints.targets - columns.T @ weights
        if self.constraints.misfit(missed) > _LOST:
            return np.inf
        return float(np.linalg.norm(weights, axis=1).sum() + np.linalg.norm(missed, axis=1).sum())

    def _consolidate(self, hinges: Hinges, prices: Array, base: Array) -> Array:
        """Look for a cheaper network over hinges that near the optimum are a cloud round each of
        its own, more accurately than a cone solver, and for one over the heaviest of each.

        Returns the multipliers of the former.
        """
        hinges = hinges[np.flatnonzero(prices > _FAINT * prices.max())]
        columns = self.constraints.features(hinges)
        eta = _ANY_STEP * self.incumbent.lower / float(np.sum(base**2))
        inside, prices = solve_restricted_dual(
            columns, self.constraints.targets, base, eta, _ACCURATE, self.constraints.clock
        )
        weights = prices[:, None] * (columns @ inside)
        self._improve_cost(hinges, columns, weights)
        self._newton(*merged(hinges, np.linalg.norm(weights, axis=1), _CLOUD), base)
        return inside

    def _newton(self, active: Hinges, alphas: Array, multipliers: Array) -> Hinges:
        """Polish the network of the active hinges; keep it if it is the cheapest so far.

        Hinges that the polished multipliers violate join the active ones, a few times over.
        Returns new columns, if any.
        """
        if self.constraints.targets.size >= SMALL:
            self._newton_gap = self.incumbent.gap / 3  # large systems are not tried in every round
        new = active[:0]
        idle = 0
        for _ in range(_EXTENSIONS):
            gap = self.incumbent.gap
            polished = self._polish(active, alphas, multipliers)
            if polished is None:
                break
            before = self.incumbent.cost
            columns = self.constraints.features(polished.hinges)
            self._improve_cost(polished.hinges, columns, polished.weights)
            if self.incumbent.cost < before:
                self._polished = polished
            multipliers = polished.multipliers
            found, constraint_values = self._price(multipliers)
            self._record(len(polished.hinges))
            violated = found[constraint_values > 1 + VIOLATION]
            new = polished.hinges + violated + new
            idle = 0 if self.incumbent.gap < gap else idle + 1
            if self.incumbent.gap <= self._goal or idle == _IDLE:
                break
            # A hinge that is no local maximum any more hands its weight on to the nearest.
            norms = np.linalg.norm(polished.weights, axis=1)
            weighted, weights = active_set(
                polished.hinges,
                norms,
                np.ones_like(norms),
                found,
                constraint_values,
                self.incumbent.gap,
            )
            joined = weighted + violated
            kept = distinct(joined, SAME_HINGE_RTOL)
            if len(kept) == len(norms) and (kept < len(weighted)).all():
                break
            active = joined[kept]
            alphas = np.append(weights, np.full(len(violated), 1e-6 * norms.mean()))[kept]
        return new

    def _polish(self, active: Hinges, alphas: Array, multipliers: Array) -> Polished | None:
        """Newton's method from these hinges, weights and multipliers."""
        return polish(self.constraints, self.pricing, active, alphas, multipliers)

    def _price_polished(self, multipliers: Array, polished: Polished) -> Hinges:
        """Price multipliers that are dual to the polished network; the hinges they violate."""
        found, constraint_values = self._price(multipliers)
        self._record(len(polished.hinges))
        return found[constraint_values > 1 + VIOLATION]

    def _record(self, hinges: int) -> None:
        """Count and report a round."""
        incumbent = self.incumbent
        incumbent.rounds += 1
        self.report(Progress(incumbent.rounds, incumbent.cost, incumbent.proven, hinges))
