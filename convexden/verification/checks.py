"""The checks: each compares what is stated with what was established, and says what failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.arithmetic.float64 import ROUNDINGS
from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.tolerances import CERTIFIED_RTOL, COST_RTOL, FEASIBILITY_RTOL
from convexden.verification.bound_checks import (
    affine_checks,
    certified_gap_check,
    equality_checks,
    pricing_check,
    stated_bound_check,
    stated_gap_check,
    weak_duality_check,
)
from convexden.verification.evidence import Evidence, examine, provable
from convexden.verification.report import Check, Checks, check, gap_of, ratio

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """What the checks allow beyond rounding."""

    remote: float = 1e5
    """Distance from the origin, in spreads, from which the rounding of a bias is a large share of
    `FEASIBILITY_RTOL`."""

    correction: float = 1e-6
    """By how much the enclosed correction of the errors at the sites may raise the cost,
    relatively."""

    elsewhere: float = 1e-11
    """By how much bounds on patterns and faces differ between machines, relatively."""


LIMITS = Limits()


@dataclass(frozen=True)
class Verification(Checks):
    """What the verification found.

    The optimum of the problem lies in [`lower_bound`, `cost`]: all numbers of the problem are taken
    exactly as they are stored, the dual equalities and the objective are exact, and the rounding
    of everything else is bounded.

    Attributes
    ----------
    checks : tuple of Check
    cost : float
        Representation cost of a network that meets every target exactly: the stored one with an
        enclosed correction of its rounding; rounded up.  Infinite if there is none nearby.
    lower_bound : float
        The bound that the multipliers prove, with the upper end of the pricing maximum; rounded
        down.
    relative_gap : float
        (cost - lower_bound) / cost of these two, 0 if both are 0.
    pricing_maximum : float
        Upper end of the enclosure of P.
    feasibility : float
        Upper bound of ``|h(y) - t_n|`` over every point of every site for the network as it is
        stored, relative to the spread of the targets.
    moved : float
        If the samples lie in an affine subspace up to rounding, by how many units in the last
        place of their columns they were moved into it: the bound is that of the moved samples.
        0 if it is that of the data as they are stored.
    """

    cost: float
    lower_bound: float
    relative_gap: float
    pricing_maximum: float
    feasibility: float
    moved: float = 0.0

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"cost={self.cost:.5g}",
            f"lower_bound={self.lower_bound:.5g}",
            display.gap(self.relative_gap),
            self.verdict(),
        )

    def numbers(self) -> dict[str, float]:
        """What was established, by name."""
        return {
            "cost": self.cost,
            "lower bound": self.lower_bound,
            "relative gap": self.relative_gap,
            "pricing maximum": self.pricing_maximum,
            "feasibility": self.feasibility,
        }


def verify_certificate(solution: Solution, *, tolerance: float = CERTIFIED_RTOL) -> Verification:
    """Check a solution independently of the solver that found it.

    Parameters
    ----------
    solution : Solution
    tolerance : float, optional
        The relative gap that a solution with the status "certified" must meet.

    Returns
    -------
    Verification
        See `verify` for the checks.

    Raises
    ------
    InvalidProblem
        If network or certificate do not fit the problem.
    """
    arguments.instance("solution", solution, Solution)
    return verify(
        solution.problem,
        solution.network,
        solution.certificate,
        cost=solution.cost,
        lower_bound=solution.lower_bound,
        relative_gap=solution.relative_gap,
        status=solution.status,
        tolerance=tolerance,
    )


def verify(
    problem: Interpolation,
    network: ShallowNetwork,
    certificate: Certificate,
    *,
    cost: float | None = None,
    lower_bound: float | None = None,
    relative_gap: float | None = None,
    status: str | None = None,
    tolerance: float = CERTIFIED_RTOL,
) -> Verification:
    r"""Check a network and multipliers, and what is stated about them, if anything is.

    The floats of problem, network and certificate are taken as the rationals that they are.

    * interpolation: a correction of the stored network that meets every target exactly is enclosed
      (`convexden.verification.exact.upper_bound`), which proves that the optimum is at most the
      cost; the stored network itself differs from its target on the ball of site n by at most
      :math:`|e_n| + r_n |E_n| + o_n`, with the value error and the Jacobian error at the center
      (Frobenius norm) and :math:`o_n = \sum_k |a_k| [r_n |w_k| - |w_k^T y_n + b_k|]_+` for the
      hinges that enter the ball, which must be within 1e-9 of the spread of the targets;
    * multipliers: :math:`\sum l_n = 0`, :math:`\sum (l_n y_n^T + G_n) = 0`, no :math:`G_n` at a
      sample or across the affine hull of the centers, to 1e-6 of their terms; then they are changed
      so that the equalities hold exactly (`convexden.verification.exact.dual`);
    * pricing maximum: the stated one is not less than what a hinge attains, nor more than 1e-8
      above the enclosure of P (`convexden.verification.pricing_bound.pricing_interval`);
    * lower bound: at most :math:`\sum l_n^T t_n / \max(1, P)`, exactly but for the enclosure's
      width;
    * weak duality: no bound exceeds the cost, whatever the size;
    * relative gap: as the stated cost and bound say, not negative, and, if the status is
      "certified", the recomputed one is within the tolerance.

    Parameters
    ----------
    problem, network, certificate
    cost, lower_bound, relative_gap, status : optional
        What is stated; what is None is not checked.
    tolerance : float, optional
        For the relative gap if the status is "certified", and for the cost of the correction if
        the points are so far from the origin that it is due to the rounding of biases.

    Raises
    ------
    InvalidProblem
        If network or certificate do not fit the problem."""
    tolerance = arguments.tolerance(tolerance)
    return judge(
        examine(problem, network, certificate),
        certificate,
        cost=cost,
        lower_bound=lower_bound,
        relative_gap=relative_gap,
        status=status,
        tolerance=tolerance,
    )


def judge(
    evidence: Evidence,
    certificate: Certificate,
    *,
    cost: float | None = None,
    lower_bound: float | None = None,
    relative_gap: float | None = None,
    status: str | None = None,
    tolerance: float = CERTIFIED_RTOL,
) -> Verification:
    """Compare what is stated with what was established; arguments as for `verify`."""
    true_cost, true_bound = evidence.upper.cost, evidence.lower_bound
    true_gap = gap_of(true_cost, true_bound)
    stated_cost = true_cost if cost is None else float(cost)
    stated_bound = float(certificate.lower_bound if lower_bound is None else lower_bound)
    stated_gap = ratio(stated_cost - stated_bound, stated_cost)
    spread, remoteness = _spread(evidence.problem), _remoteness(evidence.problem)
    checks = [
        _cost_check(stated_cost, evidence),
        *affine_checks(evidence.problem.cost, evidence.network),
        *_feasibility_checks(evidence, spread, remoteness),
        # Rounding that costs the certificate and can be avoided is a fault.
        _correction_check(
            evidence,
            tolerance if remoteness and true_gap > tolerance else LIMITS.correction,
            remoteness,
        ),
        *equality_checks(evidence.dual),
        pricing_check(certificate, evidence.pricing, evidence.obstacle),
        stated_bound_check(
            (certificate.lower_bound, stated_bound),
            true_bound,
            _within_reach(evidence, certificate),
        ),
        weak_duality_check(
            (certificate.lower_bound, stated_bound, true_bound),
            min(true_cost, stated_cost),
            "cost",
            "the network is not feasible or the bound is false",
        ),
    ]
    if relative_gap is not None:
        checks.append(stated_gap_check(relative_gap, stated_gap, "cost"))
    if status == "certified":
        checks.append(certified_gap_check(true_gap, tolerance))
    return Verification(
        tuple(checks),
        true_cost,
        true_bound,
        true_gap,
        evidence.pricing.upper,
        float(evidence.errors.totals.max()) / spread,
        evidence.dual.moved if true_bound > 0.0 else 0.0,  # a bound of 0 holds for any samples
    )


def _spread(problem: Interpolation) -> float:
    """The spread of the targets; if they are all equal, the largest, or 1 if they are zero."""
    return problem.target_spread or float(np.abs(problem.targets).max()) or 1.0


def _within_reach(evidence: Evidence, certificate: Certificate) -> float:
    """What the multipliers could prove at most, if P were no more than what is attained."""
    if evidence.edges is not None:
        return evidence.lower_bound
    if certificate.leaves is not None and not evidence.obstacle:
        # What a leaf bounds need not be attained.
        return provable(evidence.dual, evidence.pricing.upper * (1.0 - LIMITS.elsewhere))
    known = not evidence.obstacle
    return provable(
        evidence.dual, evidence.pricing.lower if known else float(certificate.pricing_maximum)
    )


def _cost_check(stated: float, evidence: Evidence) -> Check:
    """That the stated cost is that of the network, or of the exact interpolant next to it."""
    own = evidence.problem.cost.of(evidence.network)
    return check(
        "stated cost",
        min(ratio(abs(stated - each), own) for each in (own, evidence.upper.cost)),
        COST_RTOL,
        f"stated cost {stated:.16g} is not the cost {own:.16g} of the network",
    )


def _correction_check(evidence: Evidence, limit: float, remoteness: str) -> Check:
    """That an exact interpolant next to the network is hardly more expensive."""
    upper = evidence.upper
    return check(
        "enclosed correction",
        ratio(upper.increase, evidence.problem.cost.of(evidence.network)),
        limit,
        "no network nearby is shown to meet every target exactly: "
        + (upper.reason or f"the correction costs {upper.increase:.3g}")
        + remoteness,
    )


def _feasibility_checks(evidence: Evidence, spread: float, remoteness: str) -> list[Check]:
    """That the network as it is stored meets its targets up to rounding."""
    problem, network, errors = evidence.problem, evidence.network, evidence.errors
    # What the rounding of targets, skip connection and offset alone is worth: far from the origin,
    # or with large targets that differ little, no floats do better.
    reach = np.linalg.norm(problem.centers, axis=1)
    sizes = np.linalg.norm(problem.targets, axis=1) + np.linalg.norm(network.offset)
    rounding = ROUNDINGS * (sizes + np.linalg.norm(network.skip) * reach)
    checks = [
        ("values at the centers", errors.values - rounding, "the network misses the target of site")
    ]
    if errors.balls:
        checks += [
            (
                "Jacobians on the balls",
                errors.jacobians * problem.input_spread,
                "the network is not flat on the ball of site",
            ),
            ("hinges inside balls", errors.overlaps, "a hinge cuts the ball of site"),
            (
                "error on the balls",
                errors.totals - rounding,
                "the network misses the target on the ball of site",
            ),
        ]
    found = []
    for name, excesses, fault in checks:
        worst = int(np.argmax(excesses))
        value = max(0.0, float(excesses[worst])) / spread
        message = f"{fault} {worst}: relative error {value:.3g}{remoteness}"
        found.append(check(name, value, FEASIBILITY_RTOL, message))
    return found


def _remoteness(problem: Interpolation) -> str:
    """What to do if the points are so far from the origin that biases, which are counted from it,
    lose the digits that matter; else nothing.
    """
    spreads = float(np.linalg.norm(problem.centers.mean(axis=0))) / problem.input_spread
    if spreads < LIMITS.remote:
        return ""
    return f"; the points are {spreads:.0e} spreads from the origin: subtract their mean"
