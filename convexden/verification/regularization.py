"""Independent verification of regularized solutions: objective, multipliers and what they prove."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.arithmetic.float64 import EPS
from convexden.arithmetic.two_part import TwoPart
from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.measurements import Measurements
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solution import RegularizedSolution
from convexden.tolerances import CERTIFIED_RTOL, COST_RTOL
from convexden.verification.bound_checks import (
    affine_checks,
    certified_gap_check,
    equality_checks,
    pricing_check,
    stated_bound_check,
    stated_gap_check,
    weak_duality_check,
)
from convexden.verification.central.closing import CentralDual, close_central
from convexden.verification.central.network_cost import network_price
from convexden.verification.evidence import central_pricing, enclosed, fitting
from convexden.verification.exact.dual import ClosedDual, close_dual
from convexden.verification.exact.rationals import above, below, rational
from convexden.verification.exact.weighing import Weighing, weighing
from convexden.verification.report import Check, Checks, check, ratio
from convexden.verification.site_errors import site_errors

Array = NDArray[np.float64]

# An objective below this share of the sum of squared distances of the targets from their mean is
# the rounding of an affine function that fits them all.
ROUNDING = 1e-24


@dataclass(frozen=True)
class RegularizedVerification(Checks):
    """What the verification of a regularized solution found.

    Attributes
    ----------
    checks : tuple of Check
    objective, fit, cost : float
        Of the network, recomputed.
    lower_bound : float
        The bound that the multipliers prove, recomputed with the upper end of the pricing maximum.
    relative_gap : float
        (objective - lower_bound) / objective of these two; 0 if the objective is rounding.
    pricing_maximum : float
        Upper end of the enclosure of P.
    """

    objective: float
    fit: float
    cost: float
    lower_bound: float
    relative_gap: float
    pricing_maximum: float

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"objective={self.objective:.5g}",
            f"lower_bound={self.lower_bound:.5g}",
            display.gap(self.relative_gap),
            self.verdict(),
        )

    def numbers(self) -> dict[str, float]:
        """What was established, by name."""
        return {
            "objective": self.objective,
            "fit": self.fit,
            "cost": self.cost,
            "lower bound": self.lower_bound,
            "relative gap": self.relative_gap,
            "pricing maximum": self.pricing_maximum,
        }


def verify_regularized(
    solution: RegularizedSolution, *, tolerance: float = CERTIFIED_RTOL
) -> RegularizedVerification:
    """Check a regularized solution independently of the solver that found it.

    Parameters
    ----------
    solution : RegularizedSolution
    tolerance : float, optional
        The relative gap that a solution with the status "certified" must meet.

    Returns
    -------
    RegularizedVerification
        See `verify_objective` for the checks.

    Raises
    ------
    InvalidProblem
        If network or certificate do not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> solution = cd.regularize(cd.Interpolation([0, 1, 2, 3], [0, 0, 1, 1]), penalty=0.1)
    >>> check = cd.verify_regularized(solution)
    >>> check.passed, check.reasons
    (True, ())
    """
    arguments.instance("solution", solution, RegularizedSolution)
    return verify_objective(
        solution.problem,
        solution.penalty,
        solution.network,
        solution.certificate,
        stated=solution,
        tolerance=tolerance,
        measurements=solution.measurements,
    )


def verify_objective(
    problem: Interpolation,
    penalty: float,
    network: ShallowNetwork,
    certificate: Certificate,
    *,
    stated: RegularizedSolution | None = None,
    tolerance: float = CERTIFIED_RTOL,
    measurements: Measurements | None = None,
    clock: Clock = UNLIMITED,
) -> RegularizedVerification:
    r"""Check a network and multipliers of the regularized problem, and what is stated about them.

    The multipliers are summed over equal samples, projected on
    :math:`\sum_n l_n = 0,\ \sum_n l_n y_n^T = 0`, and priced; with the upper end of P they prove

    .. math:: \max_{0 \le s \le \lambda / P}\ s \sum_n l_n^T t_n - \frac{s^2}{2} \sum_n |l_n|^2 .

    Of measurements :math:`t_n` is the exact mean, :math:`|l_n|^2` is divided by the sum of the
    weights there, and the constant is added (see `convexden.measurements` and `weighing`).

    Checked are

    * the stated objective, fit and cost, to 1e-9 of the objective;
    * the two equalities, and that there are no Jacobian multipliers, to 1e-6 of their terms;
    * the stated pricing maximum, as in `convexden.verification.verify`;
    * the stated lower bound, which must not exceed the one above by more than its rounding and
      what the enclosure of P leaves open, and that no bound exceeds the objective;
    * the relative gap: as stated, and within the tolerance if the status is "certified".

    Parameters
    ----------
    problem : Interpolation
        Of samples.
    penalty : float
    network : ShallowNetwork
    certificate : Certificate
    stated : RegularizedSolution, optional
        What is stated; without it only the certificate's numbers are checked.
    tolerance : float, optional
    measurements : Measurements, optional
        What is fitted, if it is not the samples of the problem alone.
    clock : Clock, optional
        Of the run, as in `examine`.

    Raises
    ------
    InvalidProblem
        If a site is a ball, or network, certificate or measurements do not fit the problem.
    """
    problem.check_cost()
    penalty = arguments.number("penalty", penalty, above=0.0)
    tolerance = arguments.tolerance(tolerance)
    # Without low parts, which count where samples nearly meet: these prove something as well.
    values = fitting(problem, network, certificate)[0]
    if (problem.radii > 0).any():
        raise InvalidProblem(
            "the squared error is one of samples, and some sites are balls: set all radii to 0"
        )
    first, groups = np.unique(problem.centers, axis=0, return_index=True, return_inverse=True)[1:]
    groups = groups.reshape(-1)
    weighed = weighing(problem, first, groups, measurements)
    proven = _Objective.of(problem, penalty, network, weighed, groups)
    minimum = proven.objective
    dual: ClosedDual | CentralDual
    if problem.cost.default:
        dual = _closed(problem, values.high, certificate.jacobians, first, groups)
        pricing, obstacle = enclosed(dual, clock)
    else:
        dual = close_central(problem, values, TwoPart.of(certificate.jacobians))
        pricing, obstacle = central_pricing(dual)
    # What the multipliers prove, and what they could at most, if P were what is attained.
    bound = _provable(dual, weighed, penalty, pricing.upper)
    attained = pricing.lower if np.isfinite(pricing.upper) else float(certificate.pricing_maximum)
    within_reach = _provable(dual, weighed, penalty, attained)
    gap = proven.gap(minimum, bound)
    bounds = (certificate.lower_bound, *([stated.lower_bound] if stated else []))
    checks = [
        *(proven.checks(stated, penalty) if stated else []),
        *affine_checks(problem.cost, network),
        *equality_checks(dual),
        pricing_check(certificate, pricing, obstacle),
        stated_bound_check(bounds, bound, within_reach),
        weak_duality_check((*bounds, bound), minimum, "objective", "the bound is false"),
    ]
    if stated is not None:
        expected = proven.gap(stated.objective, stated.lower_bound)
        checks.append(stated_gap_check(stated.relative_gap, expected, "objective"))
        if stated.status == "certified":
            checks.append(certified_gap_check(gap, tolerance))
    return RegularizedVerification(
        tuple(checks), minimum, proven.fit, proven.cost, bound, gap, pricing.upper
    )


@dataclass(frozen=True)
class _Objective:
    """Upper bounds of the objective of a network and of its parts, and what counts as rounding."""

    objective: float
    fit: float
    cost: float
    floor: float

    @classmethod
    def of(
        cls,
        problem: Interpolation,
        penalty: float,
        network: ShallowNetwork,
        weighed: Weighing,
        groups: NDArray[np.intp],
    ) -> _Objective:
        """Those of a network, rounded up: errors are bounds, and all terms are positive."""
        errors = site_errors(problem, network).values
        terms = errors.size + network.neurons + network.input_dimension + network.output_dimension
        rounding = 1.0 + (terms + 8) * EPS
        fit = weighed.fit(errors, groups) * rounding
        if problem.cost.default:
            cost = network.representation_cost * rounding
        else:
            cost = above(network_price(problem.cost, network))
        floor = ROUNDING * weighed.spread(problem.targets, groups)
        return cls((fit + penalty * cost) * rounding, fit, cost, floor)

    def gap(self, objective: float, bound: float) -> float:
        """The relative gap, which is 0 for an objective that is rounding."""
        return ratio(objective - bound, objective) if objective > self.floor else 0.0

    def checks(self, stated: RegularizedSolution, penalty: float) -> list[Check]:
        """That what is stated of the network is true."""
        return [
            check(
                f"stated {name}",
                ratio(abs(said - true), max(self.objective, self.floor)),
                COST_RTOL,
                f"stated {name} {said:.16g} is not {true:.16g}, that of the network",
            )
            for name, said, true in (
                ("objective", stated.objective, self.objective),
                ("fit", stated.fit, self.fit),
                ("cost, times the penalty", penalty * stated.cost, penalty * self.cost),
            )
        ]


def _closed(
    problem: Interpolation,
    values: Array,
    jacobians: Array,
    first: NDArray[np.intp],
    groups: NDArray[np.intp],
) -> ClosedDual:
    """The multipliers summed over equal samples, and closed exactly."""
    summed = np.zeros((len(first), values.shape[1]))
    np.add.at(summed, groups, values)
    return close_dual(
        problem.centers[first],
        problem.targets[first],
        problem.radii[first],
        summed,
        jacobians[first],
    )


def _provable(
    dual: ClosedDual | CentralDual, weighed: Weighing, penalty: float, maximum: float
) -> float:
    """The largest bound of multiples of the multipliers that are feasible, rounded down."""
    rows = _rows(dual)
    product = dual.objective + weighed.correction(rows)
    if product <= 0 or not np.isfinite(maximum):
        return below(weighed.constant)
    # A multiplier of a sample that is there m times is m equal ones.
    square = sum((sum(x * x for x in row) / weighed.totals[n] for n, row in rows), Fraction(0))
    scale = product / square
    if maximum > 0.0:
        scale = min(scale, Fraction(penalty) / Fraction(maximum))
    return below(weighed.constant + scale * product - scale * scale / 2 * square)


def _rows(dual: ClosedDual | CentralDual) -> list[tuple[int, list[Fraction]]]:
    """The multipliers of distinct samples with their numbers."""
    if isinstance(dual, CentralDual):
        return list(enumerate(dual.values))
    unit = rational(1, dual.weight) / dual.denominator
    return [
        (int(n), [unit * int(x) for x in row])
        for row, n in zip(dual.values, dual.sites, strict=True)
    ]
