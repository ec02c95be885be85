"""A problem with a penalty as the solver sees it, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.errors import InvalidInput, NotCertified
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.running import versions
from convexden.running.clock import Clock, Stopped
from convexden.running.progress import tell
from convexden.solution import Progress, RegularizedSolution
from convexden.solving.affine_part import AffinePart
from convexden.solving.closed_forms import no_multipliers
from convexden.solving.interpolation import check_size
from convexden.verification import verify_objective
from convexden.verification.exact.affine import affine_interpolant

if TYPE_CHECKING:
    from convexden.solvers.methods.regularization import Regularized, RegularizedSolver

# A penalty, in spreads, above which or below whose inverse squares leave float64.
EXTREME = 1e50


class Penalized:
    """The problem of distinct samples in reduced units, its solver, and the way back."""

    def __init__(self, problem: Interpolation, time_limit: float | None) -> None:
        """Reduce the problem; the time limit counts from now."""
        check_size(problem)
        self.problem, self.clock = problem, Clock.of(time_limit)
        self._time_limit = time_limit
        _, first, groups, counts = np.unique(
            problem.centers, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        self._groups: NDArray[np.intp] = groups.reshape(-1)
        self._counts = counts
        distinct = Interpolation(problem.centers[first], problem.targets[first])
        # What an affine function fits costs nothing, and may be too large for a solver.
        self._free = affine_interpolant(distinct)
        self._part = AffinePart.of(distinct)
        self._reduction = Reduction.of(self._part.problem)
        # Of fit and objective, and of penalties and pricing maxima.
        self._square = self._reduction.output_scale**2
        self._scale = self._reduction.output_scale * self._reduction.input_scale

    @cached_property
    def _solver(self) -> RegularizedSolver:
        """The solver, which is not needed if an affine function fits.

        Raises
        ------
        NotCertified
            If the time is over before the hinges are known.
        """
        from convexden.solvers.methods.regularization import RegularizedSolver

        reduced, counts = self._reduction.problem, self._counts.astype(float)
        try:
            return RegularizedSolver(reduced, counts, self.clock)
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
        start: Regularized | None,
        progress: Callable[[Progress], object] | None = None,
    ) -> Regularized | None:
        """The solution for one penalty, in reduced units; None if an affine function fits."""
        if self._free is not None:
            return None

        def relay(step: Progress) -> None:
            """Tell a step in the units of the problem."""
            cost, bound = step.cost * self._square, step.lower_bound * self._square
            tell(progress, Progress(step.round, cost, bound, step.hinges))

        reduced = penalty / self._scale
        if not 1 / EXTREME < reduced < EXTREME:
            raise InvalidInput(
                f"penalty is {penalty:g}, {reduced:g} spreads of targets times inputs: give one "
                f"between {1 / EXTREME:g} and {EXTREME:g} of them"
            )
        return self._solver.solve(reduced, tolerance, start, relay)

    def solution(
        self, penalty: float, tolerance: float, found: Regularized | None, started: float
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
            verify_objective, problem, penalty, network, clock=Clock.again(self._time_limit)
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
        )
        return solved

    def _certificate(self, penalty: float, found: Regularized) -> Certificate:
        """The certificate in the units of the problem."""
        values = self._reduction.output_scale * found.values @ self._reduction.output_basis
        # Equal samples share their multiplier.
        values = (values / self._counts[:, None])[self._groups]
        n, p, d = len(self.problem), values.shape[1], self.problem.input_dimension
        return Certificate(
            values,
            np.zeros((n, p, d)),
            0.0,  # the verification says what it is
            penalty * found.maximum,
            self._solver.name,
        )
