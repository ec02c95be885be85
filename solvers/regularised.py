r"""The regularised problem: squared error plus representation cost, by exchange and sliding.

With features and targets without their affine parts (`squared_error`), residuals r and the
multipliers l_n = sqrt(m_n) r_n, every s r whose pricing maximum is at most the penalty is
dual feasible, and

    1/2 |T - sum_k psi_k a_k^T|^2 + lambda sum_k |a_k|  >=  s <r, T> - s^2 / 2 |r|^2 .

The best s is the maximiser of the right-hand side, or lambda over the pricing maximum if that is
smaller.  A round slides the hinges at hand to a stationary point, prices the residuals, and adds the
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
from convexden.solvers.newton import active_set
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.squared_error import SquaredError

_ROUNDS = 60
_STALL = 6  # rounds without a better gap before giving up
_GOAL = 1e-12  # relative gap that sliding reaches when it succeeds
_SPARE = 2  # rounds that a gap within the tolerance leaves for that
_NEAR = 0.9  # share of the penalty above which local maxima count
_NEW = 30  # violated maxima that one round adds
_LOOKED_AT = 2000  # candidates for maxima
_VIOLATION = 1e-12
_AFFINE = 1e-13  # reduced targets below this are rounding
# Bits of the patterns of all arcs in the plane, N^3, that fit in memory.
_LARGEST = 5 * 10**8


@dataclass(eq=False)
class Regularised:
    """The best network and the best multipliers for one penalty, in reduced units.

    Attributes
    ----------
    hinges : Hinges
    weights : (K, p) array
        Their output weights.
    objective : float
    residual : (N, p) array
        Scaled so that the pricing maximum is at most the penalty.
    maximum : float
        Its pricing maximum.
    lower : float
        The bound that it proves.
    rounds : int
    """

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
        self.rows = SquaredError(problem, counts)
        self.affine = float(np.abs(self.rows.targets).max()) <= _AFFINE
        # What an affine function fits needs no hinge, and may be too large to price.
        self.pricing = None if self.affine else exact_pricing(problem)

    def largest_penalty(self) -> float:
        """The pricing maximum at the residuals of the best affine fit."""
        if self.pricing is None:
            return 0.0
        return float(self.pricing.maxima(*self.rows.multipliers(self.rows.targets), np.inf)[1][0])

    def network(self, found: Regularised) -> ShallowNetwork:
        """The network, with the best affine part."""
        return self.rows.network(found.hinges, found.weights)

    def solve(
        self,
        penalty: float,
        tolerance: float,
        start: Regularised | None = None,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> Regularised:
        """The solution for one penalty, from that for another one; after Ctrl-C the best so far."""
        rows, targets = self.rows, self.rows.targets
        best = Regularised(
            no_hinges(rows.problem), targets[:0], 0.5 * float(np.sum(targets**2)), targets
        )
        if self.pricing is None:
            best.lower = best.objective
            return best
        run = _Run(self, penalty, best, report)
        try:
            run.exchange(tolerance, start)
        except KeyboardInterrupt:
            pass  # keep what there is
        run.thin()
        return best


class _Run:
    """The exchange loop for one penalty; keeps the best in `best`."""

    def __init__(
        self,
        solver: RegularisedSolver,
        penalty: float,
        best: Regularised,
        report: Callable[[Progress], None],
    ) -> None:
        assert solver.pricing is not None
        self.rows, self.pricing = solver.rows, solver.pricing
        self.penalty, self.best, self.report = penalty, best, report

    def exchange(self, tolerance: float, start: Regularised | None) -> None:
        rows, best, penalty = self.rows, self.best, self.penalty
        hinges, weights = best.hinges, best.weights
        if start is not None:
            hinges, weights = start.hinges, start.weights
        spare, stalled = _SPARE, 0
        while best.rounds < _ROUNDS and stalled < _STALL:
            before = best.gap
            hinges, weights = slide(rows, self.pricing, penalty, hinges, weights)
            found, heights = self._rate(hinges, weights)
            if best.gap <= _GOAL or (best.gap <= tolerance and spare == 0):
                return
            spare -= best.gap <= tolerance
            new = found[heights > penalty * (1 + _VIOLATION)]
            if best.rounds > 1 and not len(new) and best.gap > before * 0.5:
                stalled += 1
            # The hinges that the best network left stay, for sliding may have merged too many.
            hinges = hinges + best.hinges + new[distinct(new, SAME_LINE)[:_NEW]]
            hinges = hinges[distinct(hinges, SAME_LINE)]
            if not len(hinges):
                return
            columns = rows.features(hinges)
            weights = solve_group_lasso(columns, rows.targets, penalty)
            found, heights = self._rate(hinges, weights)
            if best.gap <= _GOAL:
                return
            stalled = stalled + 1 if best.gap > 0.9 * before else 0
            residual = rows.targets - columns.T @ weights
            norms = np.linalg.norm(weights, axis=1)
            own = np.linalg.norm(columns @ residual, axis=1) / penalty
            hinges, sizes = active_set(
                hinges, norms, own, found, heights / penalty, min(best.gap, 0.1)
            )
            units = rows.features(hinges) @ residual
            weights = sizes[:, None] * units / np.linalg.norm(units, axis=1, keepdims=True)

    def thin(self) -> None:
        """As few hinges as the network needs, where several networks are optimal."""
        best = self.best
        if not len(best.hinges):
            return
        columns = self.rows.features(best.hinges)
        thinned = thin(columns, columns.T @ best.weights, best.weights)
        if thinned is not None and len(thinned[0]) < len(best.hinges):
            self._keep(best.hinges[thinned[0]], thinned[1], 1e-14)

    def _rate(self, hinges: Hinges, weights: Array) -> tuple[Hinges, Array]:
        """Price the residuals of a network, and keep it and them if they are the best."""
        best, targets = self.best, self.rows.targets
        residual = targets - self.rows.features(hinges).T @ weights
        values, jacobians = self.rows.multipliers(residual)
        found, heights = self.pricing.maxima(
            values, jacobians, _NEAR * self.penalty, _LOOKED_AT
        )
        product, square = float(np.sum(residual * targets)), float(np.sum(residual**2))
        scale = product / square if square > 0.0 else 0.0
        if heights[0] * scale > self.penalty:
            scale = self.penalty / float(heights[0])
        bound = scale * product - scale**2 / 2 * square
        if bound > best.lower:
            best.lower, best.residual = bound, scale * residual
            best.maximum = scale * float(heights[0])
        self._keep(hinges, weights)
        best.rounds += 1
        self.report(Progress(best.rounds, best.objective, best.lower, len(hinges)))
        return found, heights

    def _keep(self, hinges: Hinges, weights: Array, slack: float = 0.0) -> None:
        value = objective(self.rows.features(hinges), self.rows.targets, self.penalty, weights)
        if value < self.best.objective * (1 + slack):
            heavy = np.linalg.norm(weights, axis=1) > 0.0
            self.best.hinges, self.best.weights = hinges[heavy], weights[heavy]
            self.best.objective = value
