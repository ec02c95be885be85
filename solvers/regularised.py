r"""The regularised problem: squared error plus representation cost, by exchange and sliding.

With features and targets without their affine parts (`squared_error`), residuals r and the
multipliers l_n = sqrt(m_n) r_n, every s r whose pricing maximum is at most the penalty is
dual feasible, and

    1/2 |T - sum_k psi_k a_k^T|^2 + lambda sum_k |a_k|  >=  s <r, T> - s^2 / 2 |r|^2 .

The best s is the maximiser of the right-hand side, or lambda over the pricing maximum of r if that
is smaller.  A round slides the hinges at hand to a stationary point, prices the residuals, and adds the
local maxima above the penalty; a group lasso over old and new hinges tells which ones carry
weight.  Since the residuals of an optimum are unique, the exchange needs no stabilisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convexden.errors import UnsupportedProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Progress, relative_gap
from convexden.solvers.atoms import SAME_LINE, Array, Hinges, distinct, no_hinges
from convexden.solvers.feasibility import thin
from convexden.solvers.group_lasso import objective, slide, solve_group_lasso
from convexden.solvers.newton import active_set, polish
from convexden.solvers.pricing import ExactPricing
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.squared_error import SquaredError

_ROUNDS = 60
_STALL = 6  # rounds without a better gap before giving up
_GOAL = 1e-12  # relative gap that sliding reaches when it succeeds
_SPARE = 2  # rounds that a gap within the tolerance leaves for that
_NEAR = 0.9  # local maxima above this share of the penalty count
_FAINT = 1e-9  # columns with less than this share of the largest weight leave
_NEW = 30  # violated maxima that one round adds
_LOOKED_AT = 2000  # candidates for maxima
_VIOLATION = 1e-12
_ROUNDING = 1e-14  # share of the objective that thinning may cost
_AFFINE = 1e-13  # reduced targets below this are rounding
# Bits of the patterns of all arcs in the plane, N^3, that fit in memory.
_LARGEST = 5 * 10**8


@dataclass(eq=False)
class Regularised:
    """The best network and the best multipliers for one penalty.

    Targets, output weights and residuals are in units of the penalty, objective and bound in units
    of its square, so that the penalty is one.

    Attributes
    ----------
    rows : SquaredError
    penalty : float
    hinges : Hinges
    weights : (K, p) array
        Their output weights.
    objective : float
    residual : (N, p) array
        Scaled so that its pricing maximum is at most one.
    maximum : float
        Its pricing maximum.
    lower : float
        The bound that it proves.
    rounds : int
    """

    rows: SquaredError
    penalty: float
    hinges: Hinges
    weights: Array
    objective: float
    residual: Array
    maximum: float = 0.0
    lower: float = 0.0
    rounds: int = 0

    @property
    def gap(self) -> float:
        """Relative gap."""
        return relative_gap(self.objective, self.lower)

    @property
    def network(self) -> ShallowNetwork:
        """The network, with the best affine part, in the units of the problem."""
        return self.rows.network(self.hinges, self.weights)

    @property
    def values(self) -> Array:
        """The multipliers (N, p), in the units of the problem."""
        return self.penalty * self.rows.multipliers(self.residual)[0]


class RegularisedSolver:
    """Solves one problem for one penalty after another.

    Parameters
    ----------
    problem : Interpolation
        Of distinct samples, reduced, in units of its spreads.
    counts : (N,) array
        How often each sample is there.

    Raises
    ------
    UnsupportedProblem
        If there are too many samples for exact pricing.
    """

    def __init__(self, problem: Interpolation, counts: Array) -> None:
        if problem.input_dimension == 2 and len(problem) ** 3 > _LARGEST:
            raise UnsupportedProblem(
                f"{len(problem)} samples in the plane are too many for exact pricing of all of "
                f"them: give at most {int(_LARGEST ** (1 / 3))}"
            )
        self.problem, self.counts = problem, counts
        self._rows = SquaredError(problem, counts)
        affine = float(np.abs(self._rows.targets).max()) <= _AFFINE
        # What an affine function fits needs no hinge, and may be too large to price.
        self._pricing = None if affine else exact_pricing(problem)
        self.name = "closed-form" if self._pricing is None else self._pricing.name

    def largest_penalty(self) -> float:
        """The pricing maximum at the residuals of the best affine fit."""
        if self._pricing is None:
            return 0.0
        values, jacobians = self._rows.multipliers(self._rows.targets)
        return float(self._pricing.maxima(values, jacobians, np.inf)[1][0])

    def solve(
        self,
        penalty: float,
        tolerance: float,
        start: Regularised | None = None,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> Regularised:
        """The solution for one penalty, from that for another one; after Ctrl-C the best so far."""
        rows = SquaredError(self.problem, self.counts, penalty)
        affine = 0.5 * float(np.sum(rows.targets**2))
        none = no_hinges(self.problem)
        best = Regularised(rows, penalty, none, rows.targets[:0], affine, rows.targets)
        if self._pricing is None:
            best.lower = affine
            return best
        run = _Run(self._pricing, best, report)
        try:
            run.exchange(tolerance, start)
        except KeyboardInterrupt:
            pass  # keep what there is
        run.thin()
        return best


class _Run:
    """The exchange loop for one penalty; keeps the best in `best`."""

    def __init__(
        self, pricing: ExactPricing, best: Regularised, report: Callable[[Progress], None]
    ) -> None:
        self.pricing, self.best, self.report = pricing, best, report
        self.rows = best.rows

    def exchange(self, tolerance: float, start: Regularised | None) -> None:
        rows, best = self.rows, self.best
        hinges, weights = best.hinges, best.weights
        residual, sizes = best.residual, np.zeros(0)
        if start is not None and len(start.hinges):
            residual, sizes = start.residual, np.linalg.norm(start.weights, axis=1)*(start.penalty / best.penalty)
            hinges, weights = start.hinges, start.weights * (start.penalty / best.penalty)
        pool, spare, stalled = hinges, _SPARE, 0
        while best.rounds < _ROUNDS and stalled < _STALL:
            gap, value = best.gap, best.objective
            if len(hinges):
                polished = polish(rows, self.pricing, hinges, sizes, residual)
                if polished is not None:
                    hinges, weights = polished.hinges, polished.weights
                    residual = polished.multipliers
            new = self._violated(*self._rate(hinges, weights, residual))
            if best.gap <= _GOAL or (best.gap <= tolerance and spare == 0):
                return
            spare -= best.gap <= tolerance
            pool = self._distinct(hinges + new + pool)
            columns = rows.features(pool)
            weights, residual = solve_group_lasso(columns, rows.targets)
            found, heights = self._rate(pool, weights, residual)
            idle = best.gap > 0.9 * gap and best.objective > value * (1 - 1e-7)
            stalled = stalled + 1 if idle else 0
            norms = np.linalg.norm(weights, axis=1)
            own = np.linalg.norm(columns @ residual, axis=1)
            hinges, sizes = active_set(pool, norms, own, found, heights, min(best.gap, 0.1))
            units = rows.features(hinges) @ residual
            weights = sizes[:, None] * units / np.linalg.norm(units, axis=1, keepdims=True)
            pool = self._violated(found, heights) + pool[norms > _FAINT * norms.max()]

    def thin(self) -> None:
        """As few hinges as the network needs, where several networks are optimal."""
        best = self.best
        if not len(best.hinges):
            return
        columns = self.rows.features(best.hinges)
        thinned = thin(columns, columns.T @ best.weights, best.weights)
        if thinned is not None:
            self._keep(best.hinges[thinned[0]], thinned[1], _ROUNDING)

    def _violated(self, found: Hinges, heights: Array) -> Hinges:
        new = found[heights > 1 + _VIOLATION]
        return new[distinct(new, SAME_LINE)[:_NEW]]

    def _distinct(self, hinges: Hinges) -> Hinges:
        return hinges[distinct(hinges, SAME_LINE)]

    def _rate(self, hinges: Hinges, weights: Array, residual: Array) -> tuple[Hinges, Array]:
        """Price the residuals of a network, and keep it and them if they are the best."""
        best, targets = self.best, self.rows.targets
        residual = self.rows.projected(residual)
        values, jacobians = self.rows.multipliers(residual)
        found, heights = self.pricing.maxima(values, jacobians, _NEAR, _LOOKED_AT)
        product, square = float(np.sum(residual * targets)), float(np.sum(residual**2))
        scale = max(0.0, product / square) if square > 0.0 else 0.0
        scale = min(scale, 1.0 / max(float(heights[0]), np.finfo(float).tiny))
        bound = scale * product - scale**2 / 2 * square
        if bound > best.lower:
            best.lower, best.residual = bound, scale * residual
            best.maximum = scale * float(heights[0])
        self._keep(hinges, weights)
        best.rounds += 1
        unit = best.penalty**2
        step = Progress(best.rounds, unit * best.objective, unit * best.lower, len(hinges))
        self.report(step)
        return found, heights

    def _keep(self, hinges: Hinges, weights: Array, slack: float = 0.0) -> None:
        value = objective(self.rows.features(hinges), self.rows.targets, weights)
        if value < self.best.objective * (1 + slack):
            heavy = np.linalg.norm(weights, axis=1) > 0.0
            self.best.hinges, self.best.weights = hinges[heavy], weights[heavy]
            self.best.objective = value
