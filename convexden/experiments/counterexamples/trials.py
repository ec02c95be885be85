"""One geometry: the conjectured network against the certified optimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.errors import ConvexdenError, InfeasibleProblem, InvalidProblem, NotCertified
from convexden.experiments.counterexamples.counterexample import Reason
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.theorems import ClosedForm, cost_error
from convexden.theorems._verdicts import CLAIM, TOLERANCE
from convexden.verification import site_errors

Array = NDArray[np.float64]
Candidate: TypeAlias = Callable[[Array, float], ShallowNetwork | ClosedForm | float]
Skipped = Literal["undefined", "uncertified"]


@dataclass(frozen=True, eq=False)
class Trial:
    """The conjecture on one geometry, against the certified optimum."""

    points: Array
    radius: float
    network: ShallowNetwork
    solution: Solution
    excess: float
    reason: Reason  # why the conjectured network is none, whatever the optimum is
    denominator: int | None = None
    of_property: bool = False  # whether the excess is by how much a property fails

    __repr__ = display.field_line

    def refutes(self, minimum: float) -> bool:
        """Whether a cheaper network does, or the failure of a property, beyond rounding."""
        if self.of_property:
            return self.excess > minimum
        return self.excess > max(minimum, cost_error(self.solution))


def trial_of(candidate: Candidate, points: Array, radius: float) -> Trial | Skipped:
    """The excess with all that proves it, or why there is none."""
    from convexden.solving.interpolation import solve

    try:
        problem = denoising(points, radius=radius)
        claim = candidate(points.copy(), radius)
    except InvalidProblem:
        return "undefined"
    except (NotCertified, InfeasibleProblem):
        return "uncertified"
    if isinstance(claim, float):
        return _of_property(problem, points, radius, claim)
    if isinstance(claim, ShallowNetwork):
        network, claimed = claim, claim.representation_cost
    elif isinstance(claim, ClosedForm):
        network, claimed = claim.network, claim.cost
    else:
        raise InvalidProblem(
            f"the conjecture returns {type(claim).__name__}: return a ShallowNetwork or "
            "ClosedForm, or by how much a property fails, as a float"
        )
    dimensions = (network.input_dimension, network.output_dimension)
    if dimensions != (points.shape[1],) * 2:
        raise InvalidProblem(
            f"the conjectured network maps {dimensions[0]} to {dimensions[1]} dimensions: "
            f"return one on {points.shape[1]}"
        )
    try:
        solution = solve(problem, tolerance=TOLERANCE)
    except ConvexdenError:
        return "uncertified"
    if not solution.certified:
        return "uncertified"
    reason: Reason = ""
    if site_errors(problem, network).totals.max() > CLAIM * problem.target_spread:
        reason = "does not interpolate"
    elif abs(network.representation_cost - claimed) > CLAIM * claimed:
        reason = "cost misstated"
    excess = (network.representation_cost - solution.cost) / solution.cost
    return Trial(points, radius, network, solution, excess, reason)


def _of_property(
    problem: Interpolation, points: Array, radius: float, failure: float
) -> Trial | Skipped:
    """The trial of a conjecture about the certified denoiser itself."""
    from convexden.solving.interpolation import solve

    try:
        solution = solve(problem, tolerance=TOLERANCE)
    except ConvexdenError:
        return "uncertified"
    if not solution.certified:
        return "uncertified"
    return Trial(points, radius, solution.network, solution, failure, "", None, True)
