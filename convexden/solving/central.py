"""Samples under another cost than the default: in units of their spreads, and back.

The reduced problem has the same inputs and outputs, shifted and scaled; its cost has another
penalty on biases and another origin, so that hinges cost the same up to one factor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.certificate import Certificate
from convexden.cost import Cost
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import Clock
from convexden.solution import Progress
from convexden.solving.closed_forms import no_multipliers
from convexden.verification.central.free import free_interpolant

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaled:
    """Distinct samples in units of their spreads.

    Attributes
    ----------
    original, problem : Interpolation
        As given, and scaled.
    middle, level : (d,) and (p,) arrays
        What was subtracted from centers and targets.
    length, height : float
        Powers of two, their units.
    """

    original: Interpolation
    problem: Interpolation
    middle: Array
    level: Array
    length: float
    height: float

    __repr__ = display.field_line

    @classmethod
    def of(cls, problem: Interpolation) -> Scaled:
        """Those of a problem without equal samples."""
        cost, d = problem.cost, problem.input_dimension
        # With a skip connection alone the free functions are not those of shifted samples.
        shifted = cost.offset or not cost.skip
        middle = problem.centers.mean(axis=0) * float(shifted)
        length = _power_of_two(float(np.linalg.norm(problem.centers - middle, axis=1).max()))
        level = problem.targets.mean(axis=0) * float(cost.offset)
        left = problem.targets - level
        height = _power_of_two(float(np.abs(left).max()) or 1.0)
        origin = (cost.point(d) - middle) / length if cost.bias else None
        reduced = Interpolation(
            (problem.centers - middle) / length,
            left / height,
            cost=Cost(cost.skip, cost.bias * length, origin, cost.norm, cost.offset),
        )
        return cls(problem, reduced, middle, level, length, height)

    @property
    def cost_scale(self) -> float:
        """What a reduced cost of 1 is."""
        return self.height / self.length

    @property
    def input_scale(self) -> float:
        """The unit of lengths, as `convexden.reduction.Reduction` calls it."""
        return self.length

    @property
    def output_scale(self) -> float:
        """The unit of targets."""
        return self.height

    @property
    def output_basis(self) -> Array:
        """The outputs are those of the original (p, p)."""
        return np.eye(self.problem.output_dimension)

    def lift_network(self, found: ShallowNetwork) -> ShallowNetwork:
        """A network of the reduced problem as one of the original."""
        w = found.input_weights / self.length
        skip = self.height / self.length * found.skip
        return ShallowNetwork(
            self.height * found.output_weights,
            w,
            found.biases - w @ self.middle,
            skip,
            self.height * found.offset - skip @ self.middle + self.level,
        )


def solve_central(
    problem: Interpolation, report: Callable[[Progress], None], clock: Clock
) -> tuple[ShallowNetwork, Certificate, bool]:
    """Network and multipliers of samples under another cost, and whether the run was stopped."""
    from convexden.solvers.central.column_generation import CentralSolver
    from convexden.solvers.central.samples import Samples

    free = free_interpolant(problem)
    if free is not None:
        return free, no_multipliers(problem), False
    first = np.sort(np.unique(problem.centers, axis=0, return_index=True)[1])
    scaled = Scaled.of(problem.part(first))
    solver = CentralSolver(Samples(scaled.problem, np.ones(len(first))), clock)
    scale = scaled.cost_scale

    def relay(step: Progress) -> None:
        """Report a step in the units of the problem."""
        report(Progress(step.round, step.cost * scale, step.lower_bound * scale, step.hinges))

    found = solver.solve(0.0, relay)
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    values = np.zeros((n, p))
    values[first] = solver.samples.multipliers(found.reduced) / scaled.length
    certificate = Certificate(
        values, np.zeros((n, p, d)), found.lower * scale, found.maximum, solver.pricing.name
    )
    return scaled.lift_network(solver.network(found)), certificate, found.interrupted


def _power_of_two(number: float) -> float:
    """The power of two next to a positive number."""
    return float(2.0 ** np.round(np.log2(number)))
