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
from convexden.tolerances import CERTIFIED_RTOL, COST_ROUNDING, COST_RTOL, FEASIBILITY_RTOL
from convexden.verification.evidence import Evidence, examine, provable
from convexden.verification.exact.dual import ClosedDual
from convexden.verification.pricing_bound import PricingInterval
from convexden.verification.report import Check, Checks, check, excess, gap_of, ratio

Array = NDArray[np.float64]

RELAXED = "semidefinite"  # the pricing of a certificate whose maximum is an upper bound


@dataclass(frozen=True)
class Limits:
    """What the checks allow beyond rounding."""

    remote: float = 1e5
    """Distance from the origin, in spreads, from which the rounding of a bias is a large share of
    `FEASIBILITY_RTOL`."""

    correction: float = 1e-6
    """By how much the enclosed correction of the errors at the sites may raise the cost,
    relatively."""

    equality: float = 1e-6
    """What multipliers lack of the dual equalities, relative to their terms, before they are
    closed: they are not those of the problem beyond."""


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
    problem, dual, pricing = evidence.problem, evidence.dual, evidence.pricing
    spread = problem.target_spread or float(np.abs(problem.targets).max()) or 1.0
    own_cost = evidence.network.representation_cost
    true_cost, true_bound = evidence.upper.cost, evidence.lower_bound
    true_gap = gap_of(true_cost, true_bound)
    said_cost = true_cost if cost is None else float(cost)
    said_bound = float(certificate.lower_bound if lower_bound is None else lower_bound)
    said_bounds = np.array([certificate.lower_bound, said_bound])  # NaN, if any, is the largest
    # What the multipliers could prove at most, if P were no more than what is attained.
    attained = float(certificate.pricing_maximum) if evidence.obstacle else pricing.lower
    within_reach = provable(dual, attained)
    remoteness = _remoteness(problem)

    checks = [
        check(
            "stated cost",
            min(ratio(abs(said_cost - each), own_cost) for each in (own_cost, true_cost)),
            COST_RTOL,
            f"stated cost {said_cost:.16g} is not the representation cost {own_cost:.16g} of the "
            "network",
        ),
        *_feasibility_checks(evidence, spread, remoteness),
        check(
            "enclosed correction",
            ratio(evidence.upper.increase, own_cost),
            # Rounding that costs the certificate and can be avoided is a fault.
            tolerance if remoteness and true_gap > tolerance else LIMITS.correction,
            "no network nearby is shown to meet every target exactly: "
            + (evidence.upper.reason or f"the correction costs {evidence.upper.increase:.3g}")
            + remoteness,
        ),
        *equality_checks(dual),
        pricing_check(certificate, pricing, evidence.obstacle),
        check(
            "stated lower bound",
            excess(said_bounds.max(), within_reach),
            ROUNDINGS,
            f"stated lower bound {said_bounds.max():.16g} exceeds {true_bound:.16g}, all that the "
            "multipliers prove",
        ),
        check(
            "weak duality",
            excess(np.append(said_bounds, true_bound).max(), min(true_cost, said_cost)),
            0.0,
            f"a lower bound exceeds the cost {min(true_cost, said_cost):.16g}: the network is not "
            "feasible or the bound is false",
        ),
    ]
    if relative_gap is not None:
        said_gap = ratio(said_cost - said_bound, said_cost)
        wrong = abs(relative_gap - said_gap) if relative_gap >= 0.0 else np.inf
        checks.append(
            check(
                "stated gap",
                wrong,
                COST_ROUNDING,
                f"stated relative gap {relative_gap:.3g} is not {said_gap:.3g}, that of the stated "
                "cost and lower bound",
            )
        )
    if status == "certified":
        checks.append(
            check(
                "gap of a certified solution",
                true_gap,
                tolerance,
                f"status is certified, but the relative gap {true_gap:.3g} exceeds the tolerance "
                f"{tolerance:g}",
            )
        )
    feasibility = float(evidence.errors.totals.max()) / spread
    return Verification(
        tuple(checks),
        true_cost,
        true_bound,
        true_gap,
        pricing.upper,
        feasibility,
        dual.moved if true_bound > 0.0 else 0.0,  # a bound of 0 holds for any samples
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


def equality_checks(dual: ClosedDual) -> list[Check]:
    """That the multipliers satisfy the dual equalities up to rounding, before they are closed."""
    return [
        check(name, value, LIMITS.equality, f"{fault}: relative size {value:.3g}")
        for name, value, fault in (
            (
                "dual equalities",
                dual.residual,
                "the multipliers l_n or l_n y_n' + G_n do not sum to zero",
            ),
            (
                "stray G_n",
                dual.stray,
                "Jacobian multipliers act at a site of radius 0 or across the affine hull of the "
                "centers",
            ),
        )
    ]


def pricing_check(certificate: Certificate, pricing: PricingInterval, obstacle: str) -> Check:
    """That the stated pricing maximum lies in the enclosure; an obstacle says why there is none."""
    stated = float(certificate.pricing_maximum)
    name = "stated pricing maximum"
    if obstacle:
        message = f"stated pricing maximum {stated:.16g} could not be verified: {obstacle}"
        return check(name, np.inf, CERTIFIED_RTOL, message)
    if not stated >= pricing.lower * (1.0 - ROUNDINGS):  # true of NaN
        message = (
            f"stated pricing maximum {stated:.16g} understates {pricing.lower:.16g}, which a "
            "feasible hinge attains"
        )
        return check(name, np.inf, CERTIFIED_RTOL, message)
    # A relaxation states an upper bound, which may be larger.
    over = 0.0 if certificate.pricing == RELAXED else max(0.0, stated - pricing.upper)
    # Multipliers that nothing comes of may be rounding, and so is their maximum.
    return check(
        name,
        ratio(over, max(pricing.upper, 1.0 if certificate.lower_bound == 0.0 else 0.0)),
        CERTIFIED_RTOL,
        f"stated pricing maximum {stated:.16g} is not {pricing.upper:.16g}, the largest value of a "
        "feasible hinge",
    )
