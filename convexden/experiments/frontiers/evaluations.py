"""The verdict on a claim at one parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from convexden import display
from convexden.errors import InvalidProblem, NotCertified
from convexden.solution import Solution
from convexden.theorems import ClosedForm, Result, Verdict, compare, cost_error
from convexden.verification import Verification

Claim: TypeAlias = ClosedForm | Result | Solution | Verification | bool


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The claim at one parameter.

    Attributes
    ----------
    parameter : float
    verdict : {"confirmed", "refuted", "undecided"}
    excess : float or None
        Relative excess of the claimed cost over that of a network, (claim - cost) / cost: the
        excess over the optimum is at least that, up to the rounding of both costs.  Of a
        `Verification` the relative gap that its multipliers leave.  None of a bool.
    excess_bound : float or None
        What the excess over the optimum is at most, (claim - lower bound) / lower bound.
    result : Result or None
        Network and certificate of it, if the claim was about a cost.
    """

    parameter: float
    verdict: Verdict
    excess: float | None = None
    excess_bound: float | None = None
    result: Result | None = field(default=None, repr=False)

    __repr__ = display.field_line


def evaluate(
    claim: Callable[[float], Claim], parameter: float, excess: float | None, tolerance: float
) -> Evaluation:
    """The verdict on the claim at a parameter."""
    try:
        claimed: Any = claim(parameter)
        if isinstance(claimed, Solution):
            multipliers = claimed.certificate if claimed.lower_bound > 0 else None
            claimed = ClosedForm(claimed.problem, claimed.network, claimed.cost, multipliers)
        if isinstance(claimed, ClosedForm):
            claimed = compare("given", claimed, tolerance=tolerance)
    except NotCertified:
        return Evaluation(parameter, "undecided")
    if isinstance(claimed, bool | np.bool_) and excess is None:
        return Evaluation(parameter, "confirmed" if claimed else "refuted")
    if isinstance(claimed, Verification):
        return _by_multipliers(parameter, claimed, tolerance if excess is None else excess)
    if isinstance(claimed, Result):
        return _by_costs(parameter, claimed, excess)
    kinds = "ClosedForm, Solution, Result or Verification" + (", or a bool" if not excess else "")
    raise InvalidProblem(
        f"the claim at {parameter:g} is of type {type(claimed).__name__}: return a {kinds}"
    )


def _by_multipliers(parameter: float, check: Verification, level: float) -> Evaluation:
    """The verdict of multipliers in closed form at a parameter."""
    gap = check.relative_gap
    if not np.isfinite(check.pricing_maximum) or (gap <= level and not check.passed):
        verdict: Verdict = "undecided"
    else:
        verdict = "confirmed" if gap <= level else "refuted"
    return Evaluation(parameter, verdict, gap, _ratio(check.cost, check.lower_bound))


def _by_costs(parameter: float, result: Result, level: float | None) -> Evaluation:
    """The verdict of the costs of claim and solution at a parameter."""
    bound = _ratio(result.closed_form_cost, result.lower_bound)
    noise = 0.0 if result.solution is None else cost_error(result.solution)
    verdict = result.verdict
    # A claim can be refuted although it is not too expensive: it may not interpolate.
    if level is not None and (verdict != "refuted" or result.relative_excess > noise):
        if bound <= level:
            verdict = "confirmed"
        else:
            verdict = "refuted" if result.relative_excess - noise > level else "undecided"
    return Evaluation(parameter, verdict, result.relative_excess, bound, result)


def _ratio(cost: float, lower_bound: float) -> float:
    """By how much the cost exceeds the bound, relative to the bound."""
    if cost == lower_bound:
        return 0.0
    return (cost - lower_bound) / lower_bound if lower_bound > 0 else np.inf
