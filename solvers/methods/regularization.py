r"""The regularized problem, squared error plus representation cost, by exchange and Newton steps.

With features psi_k and targets T without their affine parts (`squared_error`), divided by the
penalty, it is the left-hand side of

    1 / (2 lambda) |T - sum_k psi_k a_k^T|^2 + sum_k |a_k|  >=  s <T, Z> - s^2 lambda / 2 |Z|^2 ,

which holds for all multipliers Z and all s for which the pricing maximum of s Z is at most one.
The best s is the maximizer of the right-hand side, or the largest that is allowed.  At the optimum
lambda Z is the residual.

A round is that of column generation: a group lasso over the hinges at hand, the pricing of its
multipliers, whose local maxima above one are new hinges, and Newton's method on the active ones
(`newton`, with soft rows).  Since the multipliers of an optimum are unique, the exchange needs no
stabilization; and next to the solution for one penalty lies that for the next one, where
Newton's method starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from convexden.errors import TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.solution import Progress, relative_gap
from convexden.solvers.feasibility import thin
from convexden.solvers.hinges import Array, Hinges, distinct, no_hinges
from convexden.solvers.methods.newton import active_set, polish
from convexden.solvers.pricing import ExactPricing
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.programs.group_lasso import solve_group_lasso
from convexden.solvers.squared_error import SquaredError
from convexden.tolerances import (
    COST_ROUNDING,
    CUT_RTOL,
    EQUAL_COST_RTOL,
    FAINT_RTOL,
    NEGLIGIBLE_RCOND,
    SAME_HINGE_RTOL,
    VIOLATION_RTOL,
)

# Bits of the patterns of all arcs in the plane, N^3, that fit in memory.
_LARGEST = 5 * 10**8


@dataclass(frozen=True)
class RegularizedSettings:
    """Parameters of the exchange for one penalty."""

    rounds: int = 60
    """Rounds at the most."""

    stall: int = 6
    """Rounds without progress before giving up."""

    spare: int = 4
    """Rounds that a gap within the tolerance leaves for Newton's method to succeed."""

    near: float = 0.9
    """Local maxima above this share of the penalty are listed: those that may become active."""

    new: int = 30
    """Violated maxima that one pricing adds, the greatest first: the group lasso grows with them.
    """

    looked_at: int = 2000
    """Candidates for maxima that are looked at; of thousands most are one hinge."""

    cloud: float = 3.0
    """Radius of a cloud of hinges that one stands for, in roots of the gap, in spreads: the
    accuracy of a hinge where the constraint is quadratic."""

    light: float = 1e-3
    """Share of the heaviest below which hinges do not stand for a cloud."""

    progress: float = 0.9
    """Share of the gap before above which a round made no progress."""

    cheaper: float = 1e-7
    """Share by which the objective falls in a round that made some progress."""

    largest_gap: float = 0.1
    """Gap that the choice of active hinges supposes at the most: larger ones would let everything
    in."""


SETTINGS = RegularizedSettings()


@dataclass(eq=False)
class Regularized:
    """The best network and the best multipliers for one penalty.

    Attributes
    ----------
    constraints : SquaredError
    hinges : Hinges
    weights : (K, p) array
        Their output weights.
    multipliers : (N, p) array
        Z, scaled so that the pricing maximum is at most one.
    objective : float
        Divided by the penalty.
    maximum : float
        The pricing maximum of the multipliers.
    lower : float
        The bound that they prove, divided by the penalty.
    rounds : int
    interrupted : bool
    """

    constraints: SquaredError
    hinges: Hinges
    weights: Array
    multipliers: Array
    objective: float
    maximum: float = 0.0
    lower: float = 0.0
    rounds: int = 0
    interrupted: bool = False

    @property
    def gap(self) -> float:
        """Relative gap."""
        return relative_gap(self.objective, self.lower)

    @property
    def network(self) -> ShallowNetwork:
        """The network, with the best affine part."""
        return self.constraints.network(self.hinges, self.weights)

    @property
    def values(self) -> Array:
        """The multipliers (N, p) of the samples: at the optimum their errors times the counts."""
        return self.constraints.softness * self.constraints.multipliers(self.multipliers)[0]


class RegularizedSolver:
    """Solves one problem for one penalty after another.

    Parameters
    ----------
    problem : Interpolation
        Of distinct samples that no affine function fits, reduced, in units of its spreads.
    counts : (N,) array
        How often each sample is there.
    clock : Clock, optional
        Of the run.
    settings : RegularizedSettings, optional

    Raises
    ------
    TooLarge
        If there are too many samples for exact pricing.
    """

    def __init__(
        self,
        problem: Interpolation,
        counts: Array,
        clock: Clock = UNLIMITED,
        settings: RegularizedSettings = SETTINGS,
    ) -> None:
        """Find the hinges that the samples allow."""
        if problem.input_dimension == 2 and len(problem) ** 3 > _LARGEST:
            raise TooLarge(
                f"{len(problem)} samples in the plane are too many for exact pricing of all of "
                f"them: give at most {int(_LARGEST ** (1 / 3))}"
            )
        self.problem, self.counts, self.clock = problem, counts, clock
        self.settings = settings
        self._pricing = exact_pricing(problem, clock)
        self.name = self._pricing.name

    def largest_penalty(self) -> float:
        """The pricing maximum at the residuals of the best affine fit."""
        constraints = SquaredError(self.problem, self.counts, 1.0)
        return float(
            self._pricing.maxima(*constraints.multipliers(constraints.targets), np.inf)[1][0]
        )

    def solve(
        self,
        penalty: float,
        tolerance: float,
        start: Regularized | None = None,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> Regularized:
        """The solution for one penalty, from that for another one; if stopped, the best so far."""
        constraints = SquaredError(self.problem, self.counts, penalty)
        constraints.clock = self.clock
        multipliers = constraints.targets / penalty
        affine = float(np.sum(constraints.targets * multipliers)) / 2
        none = no_hinges(self.problem)
        best = Regularized(constraints, none, constraints.targets[:0], multipliers, affine)
        run = _Run(self._pricing, best, report, self.settings)
        try:
            run.exchange(tolerance, start)
        except Stopped:
            best.interrupted = True  # keep what there is
            return best
        run.thin()
        return best


class _Run:
    """The exchange loop for one penalty; keeps the best in `best`."""

    def __init__(
        self,
        pricing: ExactPricing,
        best: Regularized,
        report: Callable[[Progress], None],
        settings: RegularizedSettings,
    ) -> None:
        """A run that begins at the best that is known."""
        self.pricing, self.best, self.report = pricing, best, report
        self.settings = settings
        self.constraints = best.constraints

    def exchange(self, tolerance: float, start: Regularized | None) -> None:
        """Rounds until the gap is of rounding size, or within the tolerance and stuck."""
        constraints, best = self.constraints, self.best
        if start is None or not len(start.hinges):
            pool = self._violated(*self._rate(best.hinges, best.weights, best.multipliers))
        else:
            norms = np.linalg.norm(start.weights, axis=1)
            pool = start.hinges + self._newton(start.hinges, norms, start.multipliers)
        spare, stalled = self.settings.spare, 0
        while (
            len(pool)
            and best.rounds < self.settings.rounds
            and stalled < self.settings.stall
            and spare > 0
        ):
            if best.gap <= COST_ROUNDING:
                return
            gap, value = best.gap, best.objective
            columns = constraints.features(pool)
            weights, multipliers = solve_group_lasso(
                columns, constraints.targets, constraints.softness, constraints.clock
            )
            multipliers = constraints.projected(multipliers)
            found, constraint_values = self._rate(pool, weights, multipliers)
            norms = np.linalg.norm(weights, axis=1)
            own = np.linalg.norm(columns @ multipliers, axis=1)
            active = active_set(
                pool, norms, own, found, constraint_values, min(best.gap, self.settings.largest_gap)
            )
            pool = self._violated(found, constraint_values) + pool[norms > FAINT_RTOL * norms.max()]
            pool = self._newton(*active, multipliers) + pool
            pool = pool[distinct(pool, SAME_HINGE_RTOL)]
            spare -= best.gap <= tolerance
            idle = best.gap > self.settings.progress * gap and best.objective > value * (
                1 - self.settings.cheaper
            )
            stalled = stalled + 1 if idle else 0

    def thin(self) -> None:
        """As few hinges as the network needs, where several networks are optimal."""
        best = self.best
        if not len(best.hinges):
            return
        columns = self.constraints.features(best.hinges)
        thinned = thin(columns, columns.T @ best.weights, best.weights)
        if thinned is not None:
            self._keep(best.hinges[thinned[0]], thinned[1], EQUAL_COST_RTOL)

    def _newton(self, hinges: Hinges, norms: Array, multipliers: Array) -> Hinges:
        """Newton's method on the active hinges; these where it moves them, and what violates its
        multipliers; none if it fails."""
        polished = None
        # Where maxima lie densely, one of a cloud stands for it in a second attempt, without the
        # light ones: what was needed of them will be violated.
        cloud = self.settings.cloud * np.sqrt(max(self.best.gap, 0.0))
        for active, sizes in (
            (hinges, norms),
            _gathered(hinges, norms, cloud, self.settings.light),
        ):
            compressed = self.constraints.compressed(active.patterns)
            start = compressed.coordinates(multipliers)
            polished = polish(compressed, self.pricing, active, sizes, start)
            if polished is not None:
                break
        if polished is None:
            return hinges[:0]
        moved, multipliers = self._true(polished.hinges), compressed.spread(polished.multipliers)
        # The objective is flat at its minimum: of equal ones that of Newton's method is accurate.
        rated = self._rate(moved, polished.weights, multipliers, EQUAL_COST_RTOL)
        return moved + self._violated(*rated)

    def _true(self, hinges: Hinges) -> Hinges:
        """The hinges with the patterns that they have: one that Newton's method moved past a sample
        is on its face no longer, and stays where it is."""
        past = hinges.depths(self.constraints.problem).max(axis=1) > CUT_RTOL
        offsets = hinges.offsets(self.constraints.problem)
        patterns = np.where(past[:, None], offsets > 0, hinges.patterns)
        return replace(hinges, patterns=patterns, free=hinges.free & ~past)

    def _violated(self, found: Hinges, constraint_values: Array) -> Hinges:
        """The hinges that violate the dual constraint most, each once."""
        new = found[constraint_values > 1 + VIOLATION_RTOL]
        return new[distinct(new, SAME_HINGE_RTOL)[: self.settings.new]]

    def _rate(
        self, hinges: Hinges, weights: Array, multipliers: Array, slack: float = 0.0
    ) -> tuple[Hinges, Array]:
        """Price multipliers, and keep them and the network if they are the best."""
        best, constraints = self.best, self.constraints
        multipliers = constraints.projected(multipliers)
        found, constraint_values = self.pricing.maxima(
            *constraints.multipliers(multipliers), self.settings.near, self.settings.looked_at
        )
        product = float(np.sum(multipliers * constraints.targets))
        square = constraints.softness * float(np.sum(multipliers**2))
        # Never divide by P ~ 0.
        scale = min(
            max(0.0, product) / square, 1.0 / max(float(constraint_values[0]), NEGLIGIBLE_RCOND)
        )
        bound = scale * product - scale**2 / 2 * square
        if bound > best.lower:
            best.lower, best.multipliers = bound, scale * multipliers
            best.maximum = scale * float(constraint_values[0])
        self._keep(hinges, weights, slack)
        best.rounds += 1
        found_cost, bound = constraints.softness * best.objective, constraints.softness * best.lower
        self.report(Progress(best.rounds, found_cost, bound, len(hinges)))
        return found, constraint_values

    def _keep(self, hinges: Hinges, weights: Array, slack: float = 0.0) -> None:
        """Keep a network if it is the best; `slack` is the share that it may cost more."""
        residual = self.constraints.targets - self.constraints.features(hinges).T @ weights
        norms = np.linalg.norm(weights, axis=1)
        value = float(np.sum(residual**2)) / (2 * self.constraints.softness) + float(norms.sum())
        if value < self.best.objective * (1 + slack):
            self.best.hinges, self.best.weights = hinges[norms > 0], weights[norms > 0]
            self.best.objective = value


def _gathered(hinges: Hinges, norms: Array, radius: float, light: float) -> tuple[Hinges, Array]:
    """Hinges that lie close to heavier ones hand their weights on to them; light ones leave."""
    lines = np.column_stack([hinges.normals, hinges.biases])
    left = np.argsort(-norms, kind="stable")
    chosen, sums = [], []
    while left.size:
        apart = np.abs(lines[left] - lines[left[0]]).max(axis=1)
        apart = np.minimum(apart, np.abs(lines[left] + lines[left[0]]).max(axis=1))
        chosen.append(left[0])
        sums.append(norms[left[apart <= radius]].sum())
        left = left[apart > radius]
    weights = np.array(sums)
    heavy = weights > light * weights.max(initial=0.0)
    return hinges[np.array(chosen, dtype=np.intp)[heavy]], weights[heavy]
