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
        claim = candidate(points.copy(), radius)
        if radius or not isinstance(claim, ClosedForm):
            problem = denoising(points, radius=radius)
        else:
            problem = claim.problem
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
    asked = problem.input_dimension, problem.output_dimension
    if dimensions != asked:
        wanted = f"{asked[0]}" if asked[0] == asked[1] else f"{asked[0]} to {asked[1]}"
        raise InvalidProblem(
            f"the conjectured network maps {dimensions[0]} to {dimensions[1]} dimensions: "
            f"return one on {wanted}"
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
    elif abs(problem.cost.of(network) - claimed) > CLAIM * claimed:
        reason = "cost misstated"
    excess = (problem.cost.of(network) - solution.cost) / solution.cost
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
