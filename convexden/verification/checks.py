"""The checks: each compares what is stated with what was established, and says what failed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.certificate import Certificate
from convexden.errors import InvalidProblem, UnsupportedProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.verification.exact.affine import affine_interpolant
from convexden.verification.exact.dual import ClosedDual, close_dual
from convexden.verification.exact.rationals import below
from convexden.verification.exact.line_network import line_cost
from convexden.verification.exact.upper_bound import UpperBound, upper_bound
from convexden.verification.pricing_bound import PricingInterval, pricing_interval
from convexden.verification.site_errors import SiteErrors, site_errors

Array = NDArray[np.float64]

# A stated cost differs from that of the stored weights by rounding at most.
COST_LIMIT = 1e-9
# Errors of the stored network at the sites, in spreads of the targets.
FEASIBILITY_LIMIT = 1e-9
# By how much the enclosed correction of those errors may raise the cost, relatively.
CORRECTION_LIMIT = 1e-6
# What multipliers lack of the dual equalities, relative to their terms, before they are closed.
EQUALITY_LIMIT = 1e-6
# By how much a stated pricing maximum may exceed what was found, relatively; it may not be less.
PRICING_LIMIT = 1e-8
# Roundings of numbers that are stated as floats: a few units in the last place.
ROUNDING_LIMIT = 4e-15
GAP_LIMIT = 1e-12
RELAXED = "semidefinite"  # the pricing of a certificate whose maximum is an upper bound
ROUNDED = ("relative gap", "feasibility")  # numbers of which the size is what matters


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
    dual = close_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
    try:
        maximum = pricing_interval(dual).upper
    except UnsupportedProblem:
        maximum = float(certificate.pricing_maximum)
    return provable(dual, maximum)


def provable(dual: ClosedDual, maximum: float) -> float:
    """The bound of closed multipliers with this bound of their pricing maximum, rounded down."""
    if not np.isfinite(maximum) or dual.objective <= 0:
        return 0.0
    return max(0.0, below(dual.objective / max(Fraction(1), Fraction(maximum))))


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
        For the relative gap if the status is "certified".

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


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a network and multipliers establish about a problem, whatever is stated about them.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
    dual : ClosedDual
        The multipliers, closed exactly.
    pricing : PricingInterval
        Infinite if the pricing maximum could not be enclosed.
    obstacle : str
        Why it could not; empty if it could.
    errors : SiteErrors
        Of the network as it is stored.
    upper : UpperBound
        Of an exact interpolant next to it.
    """

    problem: Interpolation
    network: ShallowNetwork
    dual: ClosedDual
    pricing: PricingInterval
    obstacle: str
    errors: SiteErrors
    upper: UpperBound

    @property
    def lower_bound(self) -> float:
        """The bound that the multipliers prove, rounded down."""
        return provable(self.dual, self.pricing.upper)

    def restate(self, certificate: Certificate) -> Certificate:
        """The certificate with the numbers that were established, if P could be enclosed."""
        if self.obstacle:
            return certificate
        return replace(
            certificate, lower_bound=self.lower_bound, pricing_maximum=self.pricing.upper
        )


def examine(problem: Interpolation, network: ShallowNetwork, certificate: Certificate) -> Evidence:
    """Establish what a network and multipliers prove; see `verify`.

    Raises
    ------
    InvalidProblem
        If network or certificate do not fit the problem.
    """
    values, jacobians = fitting(problem, network, certificate)
    dual = close_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
    try:
        pricing, obstacle = pricing_interval(dual), ""
    except UnsupportedProblem as error:
        pricing, obstacle = PricingInterval(0.0, np.inf), str(error)
    errors, upper = site_errors(problem, network), _upper_bound(problem, network)
    return Evidence(problem, network, dual, pricing, obstacle, errors, upper)


def judge(
    evidence: Evidence,
    certificate: Certificate,
    *,
    cost: float | None = None,
    lower_bound: float | None = None,
    relative_gap: float | None = None,
    status: str | None = None,
    tolerance: float = 1e-8,
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

    checks = [
        check(
            "stated cost",
            min(ratio(abs(said_cost - each), own_cost) for each in (own_cost, true_cost)),
            COST_LIMIT,
            f"stated cost {said_cost:.16g} is not the representation cost {own_cost:.16g} of the "
            "network",
        ),
        *_feasibility_checks(evidence.errors, problem.input_spread, spread),
        check(
            "enclosed correction",
            ratio(evidence.upper.increase, own_cost),
            CORRECTION_LIMIT,
            "no network nearby is shown to meet every target exactly: "
            + (evidence.upper.reason or f"the correction costs {evidence.upper.increase:.3g}"),
        ),
        *equality_checks(dual),
        pricing_check(certificate, pricing, evidence.obstacle),
        check(
            "stated lower bound",
            excess(said_bounds.max(), within_reach),
            ROUNDING_LIMIT,
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
                tolerance,
                f"status is certified, but the relative gap {true_gap:.3g} exceeds the tolerance "
                f"{tolerance:g}",
            )
        )
    feasibility = float(evidence.errors.totals.max()) / spread
    return Verification(
        tuple(checks), true_cost, true_bound, true_gap, pricing.upper, feasibility, dual.moved
    )


def _upper_bound(problem: Interpolation, network: ShallowNetwork) -> UpperBound:
    """The cost of an exact interpolant near the network: on a line in integers."""
    if not network.neurons and affine_interpolant(problem) is not None:
        return UpperBound(0.0, 0.0)
    if problem.input_dimension > 1:
        return upper_bound(problem, network)
    found = line_cost(problem.centers[:, 0], problem.radii, problem.targets, network)
    if found.upper is None:
        return UpperBound(np.inf, np.inf, found.obstacle)
    return UpperBound(found.upper, max(0.0, found.upper - network.representation_cost))


def ratio(value: float, scale: float) -> float:
    """Quotient value / scale, where 0 / 0 = 0 and x / 0 is infinite."""
    if value == 0.0:
        return 0.0
    return value / scale if scale != 0.0 else float("inf") * value


def gap_of(cost: float, bound: float) -> float:
    """(cost - bound) / cost; 0 if both are 0, and 1 if there is no cost."""
    return 1.0 if cost == np.inf else ratio(cost - bound, cost)


def check(name: str, value: float, limit: float, message: str) -> Check:
    """The check that a value is within its limit."""
    passed = bool(value <= limit)  # False for NaN
    return Check(name, float(value), limit, passed, "" if passed else message)


def excess(value: float, limit: float) -> float:
    """By how much the value exceeds the limit, relative to the limit; 0 if it does not."""
    return 0.0 if value <= limit else ratio(value - limit, limit)


def fitting(
    problem: Interpolation, network: ShallowNetwork, certificate: Certificate
) -> tuple[Array, Array]:
    """The multipliers as arrays, if everything has the shape that the problem asks for."""
    arguments.instance("problem", problem, Interpolation)
    arguments.instance("network", network, ShallowNetwork)
    arguments.instance("certificate", certificate, Certificate)
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
    """The multipliers as an array of this shape."""
    numbers = arguments.array(f"certificate {name}", array)
    if numbers.shape != shape:
        raise InvalidProblem(
            f"certificate {name} have shape {numbers.shape}, the problem asks for {shape}"
        )
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


def equality_checks(dual: ClosedDual) -> list[Check]:
    """That the multipliers satisfy the dual equalities up to rounding, before they are closed."""
    return [
        check(name, value, EQUALITY_LIMIT, f"{fault}: relative size {value:.3g}")
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
        return check(name, np.inf, PRICING_LIMIT, message)
    if not stated >= pricing.lower * (1.0 - ROUNDING_LIMIT):  # true of NaN
        message = (
            f"stated pricing maximum {stated:.16g} understates {pricing.lower:.16g}, which a "
            "feasible hinge attains"
        )
        return check(name, np.inf, PRICING_LIMIT, message)
    # A relaxation states an upper bound, which may be larger.
    over = 0.0 if certificate.pricing == RELAXED else max(0.0, stated - pricing.upper)
    # Multipliers that nothing comes of may be rounding, and so is their maximum.
    return check(
        name,
        ratio(over, max(pricing.upper, 1.0 if certificate.lower_bound == 0.0 else 0.0)),
        PRICING_LIMIT,
        f"stated pricing maximum {stated:.16g} is not {pricing.upper:.16g}, the largest value of a "
        "feasible hinge",
    )
