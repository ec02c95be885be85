"""What a network and multipliers prove about a problem, whatever is stated about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from convexden import arguments, display
from convexden.arithmetic.two_part import TwoPart
from convexden.certificate import Certificate
from convexden.errors import InvalidProblem, NotSupported, TooLarge
from convexden.geometry.span import MapsInSpan
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.verification.central.closing import CentralDual, close_central
from convexden.verification.central.free import free_interpolant
from convexden.verification.central.maximum import central_interval
from convexden.verification.central.network_cost import central_cost
from convexden.verification.edges import EdgeBound, edge_bound
from convexden.verification.exact.affine import affine_interpolant
from convexden.verification.exact.correction import SETTINGS as CORRECTION
from convexden.verification.exact.dual import ClosedDual, close_dual
from convexden.verification.exact.line_network import line_cost
from convexden.verification.exact.parallel import parallel_cost
from convexden.verification.exact.rationals import below
from convexden.verification.exact.upper_bound import UpperBound, upper_bound
from convexden.verification.exact.weighted_line import (
    WeightedDual,
    close_weighted,
    weighted_maximum,
)
from convexden.verification.exact.weighted_network import weighted_cost
from convexden.verification.pricing_bound import Ceiling, PricingInterval, pricing_interval
from convexden.verification.site_errors import SiteErrors, site_errors

AnyDual = ClosedDual | WeightedDual | CentralDual

# The pricing of samples as faces of one central arrangement; on the line, where both ways hold, the
# certificate says which one made it.
CENTRAL = "exact-central"
OUT_OF_TIME = "the time was over: verify it without a limit, or raise the limit"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a network and multipliers establish about a problem, whatever is stated about them.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
    dual : ClosedDual, WeightedDual or CentralDual
        The multipliers, closed exactly; under another cost than the default on the line, or of
        samples in more dimensions.
    pricing : PricingInterval
        Infinite if the pricing maximum could not be enclosed.
    obstacle : str
        Why it could not; empty if it could.
    errors : SiteErrors
        Of the network as it is stored.
    upper : UpperBound
        Of an exact interpolant next to it.
    edges : EdgeBound or None
        Of a certificate by edges, whose bound is theirs, and not that of its rounded multipliers.
    """

    problem: Interpolation
    network: ShallowNetwork
    dual: AnyDual
    pricing: PricingInterval
    obstacle: str
    errors: SiteErrors
    upper: UpperBound
    edges: EdgeBound | None = None

    __repr__ = display.field_line

    @cached_property
    def lower_bound(self) -> float:
        """The bound that the multipliers prove, rounded down."""
        if self.edges is not None:
            return self.edges.lower_bound
        return provable(self.dual, self.pricing.upper)

    def restate(self, certificate: Certificate) -> Certificate:
        """The certificate with the numbers that were established, if P could be enclosed."""
        if self.obstacle:
            return certificate
        return certificate.stating(self.lower_bound, self.pricing.upper)


def examine(
    problem: Interpolation,
    network: ShallowNetwork,
    certificate: Certificate,
    clock: Clock = UNLIMITED,
) -> Evidence:
    """Establish what a network and multipliers prove; see `verify`.

    When the time of the clock is over before the pricing maximum is enclosed, nothing is proven of
    it, so that it is infinite.

    Raises
    ------
    InvalidProblem
        If network or certificate do not fit the problem.
    """
    if not problem.cost.default:
        return _under_a_cost(problem, network, certificate, clock)
    values, jacobians = fitting(problem, network, certificate)
    dual = _closed(problem, values, jacobians)
    edges = None if certificate.edges is None else edge_bound(problem, certificate.edges)
    if edges is None:
        pricing, obstacle = enclosed(dual, clock, _ceiling(certificate))
    else:
        pricing, obstacle = PricingInterval(edges.maximum, edges.maximum), ""
    errors, upper = site_errors(problem, network), interpolant_cost(problem, network)
    return Evidence(problem, network, dual, pricing, obstacle, errors, upper, edges)


def _under_a_cost(
    problem: Interpolation, network: ShallowNetwork, certificate: Certificate, clock: Clock
) -> Evidence:
    """The evidence under another cost than the default: exact on the line, and of samples."""
    problem.check_cost()
    if problem.skip_is_free and problem.input_dimension > 1:
        # The minimum is that of the default; that the network has no skip connection is a check.
        plain = Interpolation(problem.centers, problem.targets, problem.radii)
        return replace(examine(plain, network, certificate, clock), problem=problem)
    values, jacobians = fitting(problem, network, certificate)
    if isinstance(jacobians, MapsInSpan):
        jacobians = TwoPart.of(jacobians.full)
    errors = site_errors(problem, network)
    central = certificate.pricing == CENTRAL and not problem.radii.any()
    if problem.input_dimension == 1 and problem.cost.offset and not central:
        line = close_weighted(problem, values, jacobians)
        pricing, upper = PricingInterval(*weighted_maximum(line)), weighted_cost(problem, network)
        return Evidence(problem, network, line, pricing, "", errors, upper)
    dual = close_central(problem, values, jacobians)
    pricing, obstacle = central_pricing(dual)
    free = not network.neurons and free_interpolant(problem) is not None
    upper = UpperBound(0.0, 0.0) if free else central_cost(problem, network)
    return Evidence(problem, network, dual, pricing, obstacle, errors, upper)


def central_pricing(dual: CentralDual) -> tuple[PricingInterval, str]:
    """As `enclosed`, of samples under another cost than the default."""
    try:
        return PricingInterval(*central_interval(dual)), ""
    except TooLarge as error:
        return PricingInterval(0.0, np.inf), str(error)


def proven_bound(problem: Interpolation, certificate: Certificate) -> float:
    """The lower bound that multipliers prove without a network, as in `verify`; where P cannot be
    enclosed because there are too many sites, with the P that the certificate states.

    Raises
    ------
    InvalidProblem
        If the certificate does not fit the problem.
    """
    problem.plain("proven_bound")
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    values = _multipliers("values", certificate.exact_values, (n, p))
    jacobians = _jacobians(certificate, (n, p, d))
    if certificate.edges is not None:
        return edge_bound(problem, certificate.edges).lower_bound
    dual = _closed(problem, values, jacobians)
    try:
        maximum = pricing_interval(dual, ceiling=_ceiling(certificate)).upper
    except (NotSupported, TooLarge):
        maximum = float(certificate.pricing_maximum)
    return provable(dual, maximum)


def _ceiling(certificate: Certificate) -> Ceiling | None:
    """What the leaves of a certificate say, if it has any and they may hold."""
    maximum = float(certificate.pricing_maximum)
    if certificate.leaves is None or not 0.0 < maximum < np.inf:
        return None
    return Ceiling(certificate.leaves, maximum)


def enclosed(
    dual: ClosedDual, clock: Clock, ceiling: Ceiling | None = None
) -> tuple[PricingInterval, str]:
    """The pricing maximum of closed multipliers, infinite if there is an obstacle to enclosing it;
    and the obstacle, or nothing."""
    try:
        return pricing_interval(dual, clock, ceiling), ""
    except (NotSupported, TooLarge) as error:
        return PricingInterval(0.0, np.inf), str(error)
    except Stopped:
        return PricingInterval(0.0, np.inf), OUT_OF_TIME


def _closed(problem: Interpolation, values: TwoPart, jacobians: TwoPart | MapsInSpan) -> ClosedDual:
    """The multipliers of a problem, closed exactly."""
    return close_dual(
        problem.centers, problem.targets, problem.radii, values, jacobians, problem.hull
    )


def provable(dual: AnyDual, maximum: float) -> float:
    """The bound of closed multipliers with this bound of their pricing maximum, rounded down."""
    if not np.isfinite(maximum) or dual.objective <= 0:
        return 0.0
    return max(0.0, below(dual.objective / max(Fraction(1), Fraction(maximum))))


def interpolant_cost(problem: Interpolation, network: ShallowNetwork) -> UpperBound:
    """The cost of an exact interpolant near the network: with parallel hinges in integers."""
    if not network.neurons and affine_interpolant(problem) is not None:
        return UpperBound(0.0, 0.0)
    own = network.representation_cost
    if problem.input_dimension == 1:
        found = line_cost(problem.centers[:, 0], problem.radii, problem.targets, network)
        if found.upper is None:
            return UpperBound(np.inf, np.inf, found.obstacle)
        return UpperBound(found.upper, max(0.0, found.upper - own))
    cost = parallel_cost(problem.centers, problem.radii, problem.targets, network)
    if cost <= own * (1.0 + CORRECTION.cheap):
        return UpperBound(cost, max(0.0, cost - own))
    other = upper_bound(problem, network)
    return other if other.cost <= cost else UpperBound(cost, max(0.0, cost - own))


def fitting(
    problem: Interpolation, network: ShallowNetwork, certificate: Certificate
) -> tuple[TwoPart, TwoPart | MapsInSpan]:
    """The multipliers as sums of two floats, the Jacobians by coefficients where these are held, if
    all shapes are what the problem asks for."""
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
        _multipliers("values", certificate.exact_values, (n, p)),
        _jacobians(certificate, (n, p, d)),
    )


def _multipliers(name: str, numbers: TwoPart, shape: tuple[int, ...]) -> TwoPart:
    """The multipliers, if they are finite and of this shape."""
    arguments.array(f"certificate {name}", numbers.high, copy=False)
    _check_shape(name, numbers.high.shape, shape)
    return numbers


def _jacobians(certificate: Certificate, shape: tuple[int, ...]) -> TwoPart | MapsInSpan:
    """The Jacobian multipliers, of which coefficients are finite in the first place."""
    if certificate.in_span is None:
        return _multipliers("jacobians", certificate.exact_jacobians, shape)
    _check_shape("jacobians", certificate.in_span.shape, shape)
    return certificate.in_span


def _check_shape(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raise unless the multipliers have the shape that the problem asks for."""
    if shape != wanted:
        raise InvalidProblem(
            f"certificate {name} have shape {shape}: give {wanted}, as the problem asks"
        )
