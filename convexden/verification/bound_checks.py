"""The checks of a lower bound, which problems with and without a penalty share.

A bound follows from multipliers that satisfy the dual equalities and from their pricing maximum.
With the minimum that it bounds, a cost or an objective, it makes the relative gap.
"""

from __future__ import annotations

import numpy as np

from convexden.arithmetic.float64 import ROUNDINGS
from convexden.certificate import Certificate
from convexden.cost import Cost
from convexden.network import ShallowNetwork
from convexden.tolerances import CERTIFIED_RTOL, COST_ROUNDING, EQUALITY_RTOL
from convexden.verification.central.closing import CentralDual
from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.weighted_line import WeightedDual
from convexden.verification.pricing_bound import PricingInterval
from convexden.verification.report import Check, check, excess, ratio

# The pricings of a certificate whose maximum is an upper bound.
RELAXED = ("semidefinite", "edges", "leaves")


def equality_checks(dual: ClosedDual | WeightedDual | CentralDual) -> list[Check]:
    """That the multipliers satisfy the dual equalities up to rounding, before they are closed."""
    return [
        check(name, value, EQUALITY_RTOL, f"{fault}: relative size {value:.3g}")
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


def affine_checks(cost: Cost, network: ShallowNetwork) -> list[Check]:
    """That there is no skip connection and no offset, if there may be none."""
    found = []
    for name, allowed, part in (
        ("skip connection", cost.skip, network.skip),
        ("offset", cost.offset, network.offset),
    ):
        if not allowed:
            size = float(np.linalg.norm(part))
            message = f"the cost allows no {name}, and the network has one of size {size:.3g}"
            found.append(check(name, size, 0.0, message))
    return found


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
    over = 0.0 if certificate.pricing in RELAXED else max(0.0, stated - pricing.upper)
    # Multipliers that nothing comes of may be rounding, and so is their maximum.
    return check(
        name,
        ratio(over, max(pricing.upper, 1.0 if certificate.lower_bound == 0.0 else 0.0)),
        CERTIFIED_RTOL,
        f"stated pricing maximum {stated:.16g} is not {pricing.upper:.16g}, the largest value of a "
        "feasible hinge",
    )


def stated_bound_check(stated: tuple[float, ...], proven: float, within_reach: float) -> Check:
    """That no stated bound exceeds what the multipliers prove.

    The width of the enclosure of P is allowed for: `within_reach` is the bound with its lower end.
    """
    largest = _largest(stated)
    return check(
        "stated lower bound",
        excess(largest, within_reach),
        ROUNDINGS,
        f"stated lower bound {largest:.16g} exceeds {proven:.16g}, all that the multipliers prove",
    )


def weak_duality_check(bounds: tuple[float, ...], minimum: float, name: str, fault: str) -> Check:
    """That no bound exceeds the cost or the objective, whose name is given."""
    return check(
        "weak duality",
        excess(_largest(bounds), minimum),
        0.0,
        f"a lower bound exceeds the {name} {minimum:.16g}: {fault}",
    )


def _largest(bounds: tuple[float, ...]) -> float:
    """The largest of the bounds; NaN if one of them is, so that no check passes."""
    return float(np.max(bounds))


def stated_gap_check(stated: float, expected: float, name: str) -> Check:
    """That the stated relative gap is that of the stated bound and cost or objective."""
    return check(
        "stated gap",
        abs(stated - expected) if stated >= 0.0 else np.inf,
        COST_ROUNDING,
        f"stated relative gap {stated:.3g} is not {expected:.3g}, that of the stated {name} and "
        "lower bound",
    )


def certified_gap_check(gap: float, tolerance: float) -> Check:
    """That the gap of a solution with the status "certified" is within the tolerance."""
    return check(
        "gap of a certified solution",
        gap,
        tolerance,
        f"status is certified, but the relative gap {gap:.3g} exceeds the tolerance {tolerance:g}",
    )
