"""A problem with a penalty as the solver sees it, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from convexden.certificate import Certificate
from convexden.cost import Cost
from convexden.errors import InvalidInput, NotCertified
from convexden.measurements import Measurements
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.running import versions
from convexden.running.clock import Clock, Stopped
from convexden.running.progress import tell
from convexden.solution import Progress, RegularizedSolution
from convexden.solving.affine_part import AffinePart
from convexden.solving.central import Scaled
from convexden.solving.closed_forms import no_multipliers
from convexden.solving.interpolation import check_size
from convexden.verification import verify_objective
from convexden.verification.central.free import free_interpolant

if TYPE_CHECKING:
    from convexden.solvers.central.regularization import (
        CentralRegularized,
        CentralRegularizedSolver,
    )
    from convexden.solvers.methods.regularization import Regularized, RegularizedSolver

    AnyRegularized: TypeAlias = Regularized | CentralRegularized

# A penalty, in spreads, above which or below whose inverse squares leave float64.
EXTREME = 1e50


class Penalized:
    """The problem of distinct samples in reduced units, its solver, and the way back."""

    def __init__(
        self,
        given: Interpolation | Measurements,
        cost: Cost,
        time_limit: float | None,
        local: bool,
    ) -> None:
        """Reduce the problem; the time limit counts from now."""
        self.measurements = given if isinstance(given, Measurements) else None
        problem = given.problem if isinstance(given, Measurements) else given
        if problem.cost != cost:
            problem = Interpolation(problem.centers, problem.targets, problem.radii, cost)
        self.problem = problem
        self.problem.check_cost()
        check_size(self.problem)
        self.clock, self._time_limit = Clock.of(time_limit), time_limit
        distinct = self._group()
        # What an affine function fits costs nothing, and may be too large for a solver.
        self._free = free_interpolant(distinct)
        self._reduction: Reduction | Scaled
        if cost.default:
            self._part = AffinePart.of(distinct)
            self._reduction = Reduction.of(self._part.problem)
        else:
            self._part, self._reduction = AffinePart(distinct), Scaled.of(distinct)
            if local:
                self.problem.plain("local")
        self._proposed = local and self._reduction.problem.input_dimension > 1
        # Of fit and objective, and of penalties and pricing maxima.
        self._square = self._unit * self._reduction.output_scale**2
        self._scale = self._unit * self._reduction.output_scale * self._reduction.input_scale

    def _group(self) -> Interpolation:
        """The distinct samples; how much each of them counts, and the unit of that."""
        if self.measurements is not None:
            self._unit = float(self.measurements.totals.mean())
            self._counts = self.measurements.totals / self._unit
            self._groups, self._shared = np.arange(len(self.problem)), np.ones(len(self.problem))
            return self.problem
        _, first, groups, counts = np.unique(
            self.problem.centers,
            axis=0,
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        self._unit, self._counts = 1.0, counts.astype(float)
        # Equal samples share their multiplier.
        self._groups, self._shared = groups.reshape(-1), self._counts
        return Interpolation(
            self.problem.centers[first], self.problem.targets[first], cost=self.problem.cost
        )

    @cached_property
    def _solver(self) -> RegularizedSolver | CentralRegularizedSolver:
        """The solver, which is not needed if an affine function fits.

        Raises
        ------
        NotCertified
            If the time is over before the hinges are known.
        """
        from convexden.solvers.central.regularization import CentralRegularizedSolver
        from convexden.solvers.methods.regularization import RegularizedSolver

        kind = RegularizedSolver if self.problem.cost.default else CentralRegularizedSolver
        try:
            return kind(self._reduction.problem, self._counts, self.clock)
        except Stopped:
            raise NotCertified(
                "stopped before there was anything: raise time_limit, or give fewer samples"
            ) from None

    def largest_penalty(self) -> float:
        """In the units of the problem; 0 if an affine function fits."""
        if self._free is not None:
            return 0.0
        try:
            return self._solver.largest_penalty() * self._scale
        except Stopped:
            raise NotCertified(
                "stopped before the largest penalty was found: raise time_limit"
            ) from None

    def solve(
        self,
        penalty: float,
        tolerance: float,
        start: AnyRegularized | None,
        progress: Callable[[Progress], object] | None = None,
    ) -> AnyRegularized | None:
        """The solution for one penalty, in reduced units; None if an affine function fits."""
        if self._free is not None:
            return None

        def relay(step: Progress) -> None:
            """Tell a step in the units of the problem."""
            rest = 0.0 if self.measurements is None else self.measurements.constant
            cost, bound = (rest + number * self._square for number in (step.cost, step.lower_bound))
            tell(progress, Progress(step.round, cost, bound, step.hinges))

        reduced = penalty / self._scale
        if not 1 / EXTREME < reduced < EXTREME:
            raise InvalidInput(
                f"penalty is {penalty:g}, {reduced:g} spreads of targets times inputs: give one "
                f"between {1 / EXTREME:g} and {EXTREME:g} of them"
            )
        if self._proposed:
            from convexden.solvers.methods.proposed_hinges import solve_proposed

            try:
                return solve_proposed(self._reduction.problem, self._counts, reduced, self.clock)
            except Stopped:
                raise NotCertified("stopped before there was anything: raise time_limit") from None
        return self._solver.solve(reduced, tolerance, start, relay)  # type: ignore[arg-type]

    def solution(
        self, penalty: float, tolerance: float, found: AnyRegularized | None, started: float
    ) -> RegularizedSolution:
        """What was found, in the units of the problem and verified."""
        problem = self.problem
        if found is None:
            assert self._free is not None
            network, certificate = self._free, no_multipliers(problem)
        else:
            network = self._part.restored(self._reduction.lift_network(found.network))
            certificate = self._certificate(penalty, found)
        verified = partial(
            verify_objective,
            problem,
            penalty,
            network,
            measurements=self.measurements,
            clock=Clock.again(self._time_limit),
        )
        checked = verified(certificate)
        if not checked.passed and np.isfinite(checked.pricing_maximum):
            # The solver's numbers may be too good by their rounding: state the proven ones.
            certificate = replace(
                certificate,
                lower_bound=checked.lower_bound,
                pricing_maximum=checked.pricing_maximum,
            )
            checked = verified(certificate)
        # Rounding can leave the bound above the objective; the smaller of the two is a bound, too.
        bound = min(checked.lower_bound, checked.objective)
        gap = max(0.0, checked.relative_gap)
        solved = RegularizedSolution(
            problem,
            penalty,
            network,
            replace(certificate, lower_bound=bound),
            checked.objective,
            checked.fit,
            checked.cost,
            bound,
            gap,
            "certified" if checked.passed and gap <= tolerance else "not-certified",
            0 if found is None else found.rounds,
            time.perf_counter() - started,
            versions.installed(),
            found is not None and found.interrupted,
            self.measurements,
        )
        return solved

    def _certificate(self, penalty: float, found: AnyRegularized) -> Certificate:
        """The certificate in the units of the problem."""
        if self._proposed:  # nothing says what the multipliers of other hinges would be
            return no_multipliers(self.problem)
        scale = self._unit * self._reduction.output_scale
        values = scale * found.values @ self._reduction.output_basis
        values = (values / self._shared[:, None])[self._groups]
        n, p, d = len(self.problem), values.shape[1], self.problem.input_dimension
        return Certificate(
            values,
            np.zeros((n, p, d)),
            0.0,  # the verification says what it is
            penalty * found.maximum,
            self._solver.name,
        )
