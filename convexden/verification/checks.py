"""The checks: each compares what is stated with what was established, and says what failed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem, UnsupportedProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.verification.dual_projection import DualPoint, project_dual, ratio
from convexden.verification.line import line_point
from convexden.verification.pricing_bound import PricingInterval, pricing_interval
from convexden.verification.site_errors import SiteErrors, site_errors

Array = NDArray[np.float64]

COST_LIMIT = 1e-9
FEASIBILITY_LIMIT = 1e-9
EQUALITY_LIMIT = 1e-9
PRICING_LIMIT = 1e-8
BOUND_LIMIT = 1e-10
DUALITY_LIMIT = 1e-9
GAP_LIMIT = 1e-12
RELAXED = "semidefinite"  # the pricing of a certificate whose maximum is an upper bound
ROUNDED = ("relative gap", "feasibility")  # numbers of which the size is what matters
# Slack of the gap for the width of the pricing interval, which the stated gap does not know.
GAP_SLACK = 1e-11


@dataclass(frozen=True)
class Check:
    """One thing that was checked: it passes if ``value <= limit``.

    Attributes
    ----------
    name : str
    value, limit : float
        Both without units: relative to the size of what is checked.
    passed : bool
    message : str
        One line that says what is wrong; empty if the check passed.
    """

    name: str
    value: float
    limit: float
    passed: bool
    message: str


@dataclass(frozen=True)
class Checks(ABC):
    """Checks, and the numbers that were established on the way."""

    checks: tuple[Check, ...]

    @abstractmethod
    def numbers(self) -> dict[str, float]:
        """What was established, by name."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line per failed check; empty if all passed."""
        return tuple(check.message for check in self.checks if not check.passed)

    def table(self) -> str:
        """The checks, one a line, and the numbers they establish."""
        width = max(len(check.name) for check in self.checks)
        lines = [f"{'check':<{width}}  {'value':>9}  {'limit':>9}"]
        lines += [
            f"{check.name:<{width}}  {check.value:9.2e}  {check.limit:9.2e}  "
            f"{'ok' if check.passed else 'FAILED'}"
            for check in self.checks
        ]
        lines.append("")
        for name, number in self.numbers().items():
            digits = 3 if name in ROUNDED else 15
            lines.append(f"{name:<15} {number:.{digits}g}")
        lines.append("")
        lines += [f"FAILED: {reason}" for reason in self.reasons] or ["verified"]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()


@dataclass(frozen=True)
class Verification(Checks):
    """What the verification found.

    Attributes
    ----------
    checks : tuple of Check
    cost : float
        Representation cost of the network, recomputed.
    lower_bound : float
        The bound that the multipliers prove, recomputed with the upper end of the pricing maximum.
    relative_gap : float
        (cost - lower_bound) / cost of these two, 0 if both are 0.
    pricing_maximum : float
        Upper end of the enclosure of P.
    feasibility : float
        Upper bound of ``|h(y) - t_n|`` over every point of every site, relative to the spread of
        the targets.
    """

    cost: float
    lower_bound: float
    relative_gap: float
    pricing_maximum: float
    feasibility: float

    def numbers(self) -> dict[str, float]:
        """What was established, by name."""
        return {
            "cost": self.cost,
            "lower bound": self.lower_bound,
            "relative gap": self.relative_gap,
            "pricing maximum": self.pricing_maximum,
            "feasibility": self.feasibility,
        }


def verify_certificate(solution: Solution, *, tolerance: float = 1e-8) -> Verification:
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
        If network or certificate do not fit the problem."""
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


def proven_bound(problem: Interpolation, certificate: Certificate) -> float:
    """The lower bound that multipliers prove without a network, as in `verify`; where P cannot be
    enclosed because there are too many sites, with the P that the certificate states.

    Raises
    ------
    InvalidProblem
        If the certificate does not fit the problem.
    """
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    values = _multipliers("values", certificate.values, (n, p))
    jacobians = _multipliers("jacobians", certificate.jacobians, (n, p, d))
    dual, pricing, obstacle = _dual_point(problem, values, jacobians)
    maximum = float(certificate.pricing_maximum) if obstacle else pricing.upper
    return max(0.0, dual.objective / max(1.0, maximum))


def verify(
    problem: Interpolation,
    network: ShallowNetwork,
    certificate: Certificate,
    *,
    cost: float | None = None,
    lower_bound: float | None = None,
    relative_gap: float | None = None,
    status: str | None = None,
    tolerance: float = 1e-8,
) -> Verification:
    r"""Check a network and multipliers, and what is stated about them, if anything is.

    With the spreads s of the centres and u of the targets (largest distance from their mean):

    * stated cost: :math:`\sum_k |a_k| |w_k|` to 1e-9;
    * values, Jacobians, hinges: on the ball of site n the network differs from its target by at
      most :math:`|e_n| + r_n |E_n| + o_n`, with the value error and the Jacobian error at the
      centre (Frobenius norm) and :math:`o_n = \sum_k |a_k| [r_n |w_k| - |w_k^T y_n + b_k|]_+` for
      the hinges that enter the ball.  The sum, and :math:`|e_n|` and :math:`o_n` alone, must be
      within 1e-9 u, :math:`|E_n|` within 1e-9 u / s (which is more than the sum asks for where the
      ball is small: a flat network is what the problem asks for at any radius);
    * multipliers: :math:`\sum l_n = 0`, :math:`\sum (l_n y_n^T + G_n) = 0`, no :math:`G_n` at a
      sample or across the affine hull of the centres, to 1e-9 of their terms;
    * pricing maximum: the stated one lies in the enclosure of P (see
      `convexden.verification.pricing_bound.pricing_interval`; relative width 1e-12; in
      more than two dimensions its upper end is a bound up to estimates of rounding) to 1e-8;
    * lower bound: at most :math:`\sum l_n^T t_n / \max(1, P)` with the upper end of P, to 1e-10
      plus the width of the enclosure;
    * weak duality: no bound exceeds the cost by more than 1e-9;
    * relative gap: as the stated cost and bound say, and, if the status is "certified", the
      recomputed one is within the tolerance.

    Parameters
    ----------
    problem, network, certificate
    cost, lower_bound, relative_gap, status : optional
        What is stated; what is None is not checked.
    tolerance : float, optional
        For the relative gap if the status is "certified".

    Raises
    ------
    InvalidProblem
        If network or certificate do not fit the problem."""
    values, jacobians = fitting(problem, network, certificate)
    dual, pricing, obstacle = _dual_point(problem, values, jacobians)
    # Without an enclosure the stated maximum is taken as it is: no width, and not NaN either.
    width = 0.0 if obstacle else ratio(pricing.upper - pricing.lower, pricing.upper)
    errors = site_errors(problem, network)
    spread = problem.target_spread or float(np.abs(problem.targets).max()) or 1.0
    # A cost far below that of a ramp over the whole spread is the rounding of an affine network.
    floor = 1e-6 * spread / problem.input_spread
    true_cost = float(
        np.linalg.norm(network.output_weights, axis=1)
        @ np.linalg.norm(network.input_weights, axis=1)
    )
    true_bound = max(0.0, dual.objective / max(1.0, pricing.upper))
    true_gap = ratio(true_cost - true_bound, true_cost)
    said_cost = true_cost if cost is None else float(cost)
    said_bound = float(certificate.lower_bound if lower_bound is None else lower_bound)
    said_bounds = np.array([certificate.lower_bound, said_bound])  # NaN, if any, is the largest

    checks = [
        check(
            "stated cost",
            abs(said_cost - true_cost) / max(true_cost, floor),
            COST_LIMIT,
            f"stated cost {said_cost:.16g} is not the representation cost {true_cost:.16g} of the "
            "network",
        ),
        *_feasibility_checks(errors, problem.input_spread, spread),
        *equality_checks(dual),
        pricing_check(certificate, pricing, dual, obstacle),
        check(
            "stated lower bound",
            excess(said_bounds.max(), _provable(dual, certificate, pricing), floor),
            BOUND_LIMIT + width,
            f"stated lower bound {said_bounds.max():.16g} exceeds {true_bound:.16g}, all that the "
            "multipliers prove",
        ),
        check(
            "weak duality",
            excess(np.append(said_bounds, true_bound).max(), true_cost, floor),
            DUALITY_LIMIT,
            f"a lower bound exceeds the cost {true_cost:.16g}: the network is not feasible or the "
            "bound is false",
        ),
    ]
    if relative_gap is not None:
        said_gap = ratio(said_cost - said_bound, said_cost)
        checks.append(
            check(
                "stated gap",
                abs(relative_gap - said_gap),
                GAP_LIMIT,
                f"stated relative gap {relative_gap:.3g} is not {said_gap:.3g}, that of the stated "
                "cost and lower bound",
            )
        )
    if status == "certified":
        checks.append(
            check(
                "gap of a certified solution",
                true_gap,
                tolerance + GAP_SLACK,
                f"status is certified, but the relative gap {true_gap:.3g} exceeds the tolerance "
                f"{tolerance:g}",
            )
        )
    feasibility = float(errors.totals.max()) / spread
    return Verification(tuple(checks), true_cost, true_bound, true_gap, pricing.upper, feasibility)


def _dual_point(
    problem: Interpolation, values: Array, jacobians: Array
) -> tuple[DualPoint, PricingInterval, str]:
    """Multipliers that satisfy the equalities, the enclosure of P, and why there is none, if so."""
    if problem.input_dimension == 1:
        return *line_point(problem, values, jacobians), ""
    dual = project_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
    try:
        return dual, pricing_interval(dual), ""
    except UnsupportedProblem as error:
        return dual, PricingInterval(0.0, np.inf), str(error)


def check(name: str, value: float, limit: float, message: str) -> Check:
    """The check that a value is within its limit."""
    passed = bool(value <= limit)  # False for NaN
    return Check(name, float(value), limit, passed, "" if passed else message)


def excess(value: float, limit: float, floor: float) -> float:
    """By how much the value exceeds the limit, relative to the limit; 0 if it does not."""
    return 0.0 if value <= limit else (value - limit) / max(limit, floor)


def fitting(
    problem: Interpolation, network: ShallowNetwork, certificate: Certificate
) -> tuple[Array, Array]:
    """The multipliers as arrays, if everything has the shape that the problem asks for."""
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    if (network.input_dimension, network.output_dimension) != (d, p):
        raise InvalidProblem(
            f"the network maps {network.input_dimension} inputs to {network.output_dimension} "
            f"outputs, the problem {d} to {p}: give the network of this problem"
        )
    return (
        _multipliers("values", certificate.values, (n, p)),
        _multipliers("jacobians", certificate.jacobians, (n, p, d)),
    )


def _multipliers(name: str, array: Any, shape: tuple[int, ...]) -> Array:
    try:
        numbers: Array = np.asarray(array, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidProblem(
            f"certificate {name} are not an array of numbers: give shape {shape}"
        ) from error
    if numbers.shape != shape:
        raise InvalidProblem(
            f"certificate {name} have shape {numbers.shape}, the problem asks for {shape}"
        )
    if not np.isfinite(numbers).all():
        raise InvalidProblem(f"certificate {name} hold NaN or infinity: give finite numbers")
    return numbers


def _feasibility_checks(errors: SiteErrors, input_spread: float, spread: float) -> list[Check]:
    checks = [("values at the centres", errors.values, "the network misses the target of site {}")]
    if errors.balls:
        checks += [
            (
                "Jacobians on the balls",
                errors.jacobians * input_spread,
                "the network is not flat on the ball of site {}",
            ),
            ("hinges inside balls", errors.overlaps, "a hinge cuts the ball of site {}"),
            (
                "error on the balls",
                errors.totals,
                "the network misses the target of site {} somewhere on its ball",
            ),
        ]
    found = []
    for name, sizes, fault in checks:
        worst = int(np.argmax(sizes))
        value = float(sizes[worst]) / spread
        message = f"{fault.format(worst)}: relative error {value:.3g}"
        found.append(check(name, value, FEASIBILITY_LIMIT, message))
    return found


def equality_checks(dual: DualPoint) -> list[Check]:
    """That the multipliers satisfy the dual equalities."""
    return [
        check(name, value, EQUALITY_LIMIT, f"{fault}: relative size {value:.3g}")
        for name, value, fault in (
            ("sum of l_n", dual.sum_residual, "the multipliers l_n do not sum to zero"),
            (
                "sum of l_n y_n' + G_n",
                dual.moment_residual,
                "the multipliers l_n y_n' + G_n do not sum to zero",
            ),
            (
                "G_n at samples",
                dual.sample_jacobians,
                "a Jacobian multiplier is not zero at a site of radius 0",
            ),
            (
                "G_n across the hull",
                dual.tilted_jacobians,
                "Jacobian multipliers act across the affine hull of the centres",
            ),
        )
    ]


def _provable(dual: DualPoint, certificate: Certificate, pricing: PricingInterval) -> float:
    """The bound with the upper end of P; where that is not known, with the stated P."""
    known = np.isfinite(pricing.upper)
    maximum = pricing.upper if known else float(certificate.pricing_maximum)
    return max(0.0, dual.objective / max(1.0, maximum))


def pricing_check(
    certificate: Certificate, pricing: PricingInterval, dual: DualPoint, obstacle: str
) -> Check:
    """That the stated pricing maximum lies in the enclosure; an obstacle says why there is none."""
    stated = float(certificate.pricing_maximum)
    if obstacle:
        message = f"stated pricing maximum {stated:.16g} could not be verified: {obstacle}"
        return check("stated pricing maximum", np.inf, PRICING_LIMIT, message)
    # A relaxation states an upper bound, which may be larger.
    over = 0.0 if certificate.pricing == RELAXED else stated - pricing.upper
    outside = max(pricing.lower - stated, over)
    outside = 0.0 if outside <= 0.0 else outside
    # P of multipliers that no hinge sees is rounding, and so are its relative errors.
    size = np.linalg.norm(dual.values, axis=1).sum()
    size += np.linalg.norm(dual.jacobians, axis=(1, 2)).sum()
    verb = "understates" if stated < pricing.lower else "is not"
    return check(
        "stated pricing maximum",
        ratio(outside, max(pricing.upper, 1e-9 * float(size))),
        PRICING_LIMIT,
        f"stated pricing maximum {stated:.16g} {verb} {pricing.upper:.16g}, the largest value of a "
        "feasible hinge",
    )
