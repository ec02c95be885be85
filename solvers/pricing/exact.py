"""The exact pricer of a problem: by the dimension and the number of its sites."""

from __future__ import annotations

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.running.workers import HERE, Workers
from convexden.solvers.pricing import ExactPricing
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.line import LinePricing
from convexden.solvers.pricing.patterns import SETTINGS, PatternPricing
from convexden.solvers.pricing.plane import PlanePricing


def exact_pricing(problem: Interpolation, clock: Clock = UNLIMITED) -> ExactPricing:
    """The pricer of reduced sites on a line, in a plane, or of few sites beyond.

    Raises
    ------
    TooLarge
        If there are too many sites.
    """
    if problem.input_dimension == 1:
        return LinePricing(problem)
    if problem.input_dimension == 2:
        return PlanePricing(problem, clock)
    return FacePricing(problem, clock)


def proving_pricing(
    problem: Interpolation, clock: Clock = UNLIMITED, workers: Workers = HERE
) -> ExactPricing:
    """The same for a method that asks it for proofs alone, and so for some more images, whose
    patterns are independent and left to workers.

    Raises
    ------
    TooLarge
        If there are too many sites.
    """
    if by_patterns(problem):
        return PatternPricing(problem, clock, workers)
    return exact_pricing(problem, clock)


def by_patterns(problem: Interpolation) -> bool:
    """Whether these are balls that span as many dimensions as they can, so many that one pattern
    after another takes less time than all their faces."""
    n, d = problem.centers.shape
    some = SETTINGS.least_sites <= n <= SETTINGS.most_sites
    return some and n == d + 1 and bool(problem.radii.all())
