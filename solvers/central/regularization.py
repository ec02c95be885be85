"""The regularized problem under any cost, as `convexden.solvers.methods.regularization` has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import Clock
from convexden.solution import Progress
from convexden.solvers.central.column_generation import CentralSolver
from convexden.solvers.central.samples import Samples
from convexden.solvers.hinges import Array


@dataclass(frozen=True, eq=False)
class CentralRegularized:
    """The best network and multipliers for one penalty.

    Attributes
    ----------
    network : ShallowNetwork
    values : (N, p) array
        The multipliers of the samples: at the optimum their errors times the counts.
    maximum : float
        The pricing maximum of the multipliers, divided by the penalty.
    rounds : int
    interrupted : bool
    """

    network: ShallowNetwork
    values: Array
    maximum: float
    rounds: int
    interrupted: bool


class CentralRegularizedSolver:
    """Squared error plus penalized cost at distinct samples, for any penalty."""

    def __init__(self, problem: Interpolation, counts: Array, clock: Clock) -> None:
        """The samples, which count so often, in units of their spreads.

        Raises
        ------
        TooLarge
            If they are too many.
        """
        self._solver = CentralSolver(Samples(problem, counts), clock)
        self.name = self._solver.pricing.name

    def largest_penalty(self) -> float:
        """From which on no hinge is used."""
        return self._solver.largest_penalty()

    def solve(
        self,
        penalty: float,
        tolerance: float,
        start: object,
        report: Callable[[Progress], None],
    ) -> CentralRegularized:
        """The solution for one penalty, whatever the tolerance; a start is of no use."""

        def relay(step: Progress) -> None:
            """Report a step in the units of the problem."""
            cost, bound = penalty * step.cost, penalty * step.lower_bound
            report(Progress(step.round, cost, bound, step.hinges))

        found = self._solver.solve(penalty, relay)
        values = penalty * self._solver.samples.multipliers(found.reduced)
        network = self._solver.network(found)
        return CentralRegularized(network, values, found.maximum, found.rounds, found.interrupted)
