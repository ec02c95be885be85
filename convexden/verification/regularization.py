"""Independent verification of regularized solutions: objective, multipliers and what they prove."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.arithmetic.float64 import EPS, ROUNDINGS
from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.measurements import Measurements
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solution import RegularizedSolution
from convexden.tolerances import CERTIFIED_RTOL, COST_ROUNDING, COST_RTOL
from convexden.verification.checks import (
    equality_checks,
    pricing_check,
)
from convexden.verification.evidence import enclosed, fitting
from convexden.verification.exact.dual import ClosedDual, close_dual
from convexden.verification.exact.rationals import below, rational
from convexden.verification.exact.weighing import Weighing, weighing
from convexden.verification.report import Checks, check, excess, ratio
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
    * the two equalities, and that there are no Jacobian multipliers, to 1e-9 of their terms;
    * the stated pricing maximum, as in `convexden.verification.verify`;
    * the stated lower bound, which must not exceed the one above by more than 1e-10, and that no
      bound exceeds the objective by more than 1e-9;
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
    penalty = arguments.number("penalty", penalty, above=0.0)
    tolerance = arguments.tolerance(tolerance)
    # Without low parts, which count where samples nearly meet: these prove something as well.
    values, jacobians = (numbers.high for numbers in fitting(problem, network, certificate))
    if (problem.radii > 0).any():
        raise InvalidProblem(
            "the squared error is one of samples, and some sites are balls: set all radii to 0"
        )
    first, groups = np.unique(problem.centers, axis=0, return_index=True, return_inverse=True)[1:]
    groups = groups.reshape(-1)
    weighed = weighing(problem, first, groups, measurements)
    errors = site_errors(problem, network).values
    # Rounded up: the errors are bounds, and so are the sums, whose terms are all positive.
    terms = errors.size + network.neurons + network.input_dimension + network.output_dimension
    rounding = 1.0 + (terms + 8) * EPS
    fit = weighed.fit(errors, groups) * rounding
    cost = network.representation_cost * rounding
    objective = (fit + penalty * cost) * rounding
    floor = ROUNDING * weighed.spread(problem.targets, groups)

    summed = np.zeros((len(first), values.shape[1]))
    np.add.at(summed, groups, values)
    dual = close_dual(
        problem.centers[first],
        problem.targets[first],
        problem.radii[first],
        summed,
        jacobians[first],
    )
    pricing, obstacle = enclosed(dual, clock)
    bound = _provable(dual, weighed, penalty, pricing.upper)
    attained = pricing.lower if np.isfinite(pricing.upper) else float(certificate.pricing_maximum)
    within_reach = _provable(dual, weighed, penalty, attained)
    gap = ratio(objective - bound, objective) if objective > floor else 0.0
    said_bounds = np.array([certificate.lower_bound] + ([stated.lower_bound] if stated else []))

    checks = []
    if stated is not None:
        checks += [
            check(
                f"stated {name}",
                ratio(abs(said - true), max(objective, floor)),
                COST_RTOL,
                f"stated {name} {said:.16g} is not {true:.16g}, that of the network",
            )
            for name, said, true in (
                ("objective", stated.objective, objective),
                ("fit", stated.fit, fit),
                ("cost, times the penalty", penalty * stated.cost, penalty * cost),
            )
        ]
    checks += [
        *equality_checks(dual),
        pricing_check(certificate, pricing, obstacle),
        check(
            "stated lower bound",
            excess(said_bounds.max(), within_reach),
            ROUNDINGS,
            f"stated lower bound {said_bounds.max():.16g} exceeds {bound:.16g}, all that the "
            "multipliers prove",
        ),
        check(
            "weak duality",
            excess(np.append(said_bounds, bound).max(), objective),
            0.0,
            f"a lower bound exceeds the objective {objective:.16g}: the bound is false",
        ),
    ]
    if stated is not None:
        rounding = stated.objective <= floor
        said = stated.objective - stated.lower_bound
        said_gap = 0.0 if rounding else ratio(said, stated.objective)
        checks.append(
            check(
                "stated gap",
                abs(stated.relative_gap - said_gap),
                COST_ROUNDING,
                f"stated relative gap {stated.relative_gap:.3g} is not {said_gap:.3g}, that of "
                "the stated objective and lower bound",
            )
        )
    if stated is not None and stated.status == "certified":
        checks.append(
            check(
                "gap of a certified solution",
                gap,
                tolerance,
                f"status is certified, but the relative gap {gap:.3g} exceeds the tolerance "
                f"{tolerance:g}",
            )
        )
    return RegularizedVerification(tuple(checks), objective, fit, cost, bound, gap, pricing.upper)


def _provable(dual: ClosedDual, weighed: Weighing, penalty: float, maximum: float) -> float:
    """The largest bound of multiples of the multipliers that are feasible, rounded down."""
    unit = rational(1, dual.weight) / dual.denominator
    product = dual.objective + unit * weighed.correction(dual)
    if product <= 0 or not np.isfinite(maximum):
        return below(weighed.constant)
    # A multiplier of a sample that is there m times is m equal ones.
    square = unit**2 * sum(
        (
            sum(int(x) ** 2 for x in row) / weighed.totals[n]
            for row, n in zip(dual.values, dual.sites, strict=True)
        ),
        Fraction(0),
    )
    scale = product / square
    if maximum > 0.0:
        scale = min(scale, Fraction(penalty) / Fraction(maximum))
    return below(weighed.constant + scale * product - scale * scale / 2 * square)
