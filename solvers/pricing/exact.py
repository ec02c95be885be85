"""The exact pricer of a problem: by the dimension of its sites."""

from __future__ import annotations

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.patterns.faces import MOST_FACES, simplex_faces
from convexden.solvers.pricing import ExactPricing
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.line import LinePricing
from convexden.solvers.pricing.patterns import PatternPricing
from convexden.solvers.pricing.plane import PlanePricing


def exact_pricing(problem: Interpolation, clock: Clock = UNLIMITED) -> ExactPricing:
    """The pricer of reduced sites on a line, in a plane, or of few sites beyond.

    Simplices of so many sites that their faces do not fit in memory are priced by patterns.

    Raises
    ------
    TooLarge
        If there are too many sites.
    """
    if problem.input_dimension == 1:
        return LinePricing(problem)
    if problem.input_dimension == 2:
        return PlanePricing(problem, clock)
    n, d = problem.centers.shape
    if n == d + 1 and simplex_faces(n) > MOST_FACES:
        return PatternPricing(problem, clock)
    return FacePricing(problem, clock)
