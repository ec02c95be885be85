r"""Acute triangles: a second-order cone program over twelve hinges, of which three may turn.

1. Solve the program over the twelve hinges with the apex hinges parallel to the sides.
2. Turn the apex hinges to where the dual constraint is largest on their arcs.
3. Take those with weight for the active ones, and solve the KKT system of their weights,
   angles and multipliers with Newton's method.
4. Hinges of the twelve that the multipliers violate join the active ones, those whose weight
   became negative leave; back to 3.  If that fails, hinges that turned join the program: back
   to 1.

No other hinges are priced.  That the multipliers are feasible at all hinges is left to the
verification.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.errors import NotCertified, NotSupported
from convexden.geometry.triangle import Triangle
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.hinges import Array, Hinges, distinct
from convexden.solvers.methods.newton import Polished, active_set, polish
from convexden.solvers.outcome import Outcome
from convexden.solvers.pricing.triangle import TwelveHinges
from convexden.solvers.programs.restricted_master import solve_dual
from convexden.tolerances import SAME_HINGE_RTOL, VIOLATION_RTOL

TRIANGLE = "triangle"
PRICING = "twelve-hinges"


@dataclass(frozen=True)
class TriangleSettings:
    """Parameters of the solver."""

    programs: int = 8
    """Cone programs, at most: one is enough where few hinges are almost active."""

    accuracy: float = 1e-7
    """Relative gap of the program: its square root is about the error of the angles."""

    joins: int = 6
    """Rounds of violated hinges after each program."""

    small: float = 1e-6
    """Weight of a hinge that joins, as a share of the mean."""

    price: float = 1e3
    """Price of errors of the rows, times the least room for a base hinge, in which multipliers are
    of order one: they vanish."""


SETTINGS = TriangleSettings()


def check_acute(problem: Interpolation) -> None:
    """Refuse what is no acute triangle with balls of one radius that leave room for the hinges.

    Raises
    ------
    NotSupported
    """
    radii, targets = problem.radii, problem.targets
    if problem.centers.shape != (3, 2) or (radii != radii[0]).any() or radii[0] <= 0:
        raise NotSupported("triangle is for three balls of one radius that span a plane")
    shape = Triangle.of(problem.centers)
    if shape.cosines.min() <= 0:
        raise NotSupported("triangle is for acute triangles: choose another method")
    if 2 * radii[0] >= shape.heights.min():
        raise NotSupported("triangle needs radii below half the least height: lower them")
    arms, steps = (points[1:] - points[0] for points in (problem.centers, targets))
    if targets.shape != (3, 2) or np.ptp(arms @ arms.T - steps @ steps.T) > _SIMILAR * np.max(
        np.abs(arms @ arms.T)
    ):
        raise NotSupported("triangle is for denoising: its targets are its centers")


# Rounding of the inner products of two triangles that are the same but for a motion.
_SIMILAR = 1e-12


def solve_triangle(problem: Interpolation, clock: Clock = UNLIMITED) -> Outcome:
    """Solve a denoising problem on an acute triangle.

    Parameters
    ----------
    problem : Interpolation
        Reduced: `check_acute`.
    clock : Clock, optional
        Of the run.

    Raises
    ------
    NotSupported
        If the method does not apply.
    NotCertified
        If no network over the twelve hinges is stationary.
    """
    check_acute(problem)
    pricing, constraints = TwelveHinges(problem, clock), constraints_of(problem, clock)
    hinges = pricing.initial(12)
    price = SETTINGS.price / float(pricing.triangle.heights.min() - 2 * pricing.radius)
    for _ in range(SETTINGS.programs):
        columns = constraints.features(hinges)
        solved = solve_dual(columns, constraints.targets, price, SETTINGS.accuracy, clock)
        found, constraint_values = pricing.maxima(*constraints.multipliers(solved.multipliers), 0.9)
        norms = np.linalg.norm(solved.weights, axis=1)
        own = np.linalg.norm(columns @ solved.multipliers, axis=1)
        gap = max(float(constraint_values[0]) - 1.0, SETTINGS.accuracy)
        active, alphas = active_set(hinges, norms, own, found, constraint_values, gap)
        optimal = _polished(constraints, pricing, active, alphas, solved.multipliers)
        if optimal is not None:
            multipliers = constraints.multipliers(optimal.multipliers)
            network = constraints.network(optimal.hinges, optimal.weights)
            return Outcome(network, *multipliers, 1.0, PRICING)
        hinges = hinges + found[found.free]
        hinges = hinges[distinct(hinges, SAME_HINGE_RTOL)]
    raise NotCertified("no network over the twelve hinges of the triangle is stationary")


def _polished(
    constraints: Constraints,
    pricing: TwelveHinges,
    active: Hinges,
    alphas: Array,
    multipliers: Array,
) -> Polished | None:
    """A stationary network whose multipliers none of the twelve hinges violates, if Newton's method
    finds one."""
    for _ in range(SETTINGS.joins):
        polished = polish(constraints, pricing, active, alphas, multipliers)
        if polished is None:
            return None
        multipliers = polished.multipliers
        found, constraint_values = pricing.maxima(*constraints.multipliers(multipliers), 1.0)
        violated = found[constraint_values > 1 + VIOLATION_RTOL]
        if not len(violated):
            return polished
        norms = np.linalg.norm(polished.weights, axis=1)
        # A hinge that is no local maximum any more hands its weight on to the nearest.
        gap = float(constraint_values[0]) - 1.0
        own = np.ones_like(norms)
        weighted, weights = active_set(polished.hinges, norms, own, found, constraint_values, gap)
        active = weighted + violated
        kept = distinct(active, SAME_HINGE_RTOL)
        small = np.full(len(violated), SETTINGS.small * norms.mean())
        active, alphas = active[kept], np.concatenate([weights, small])[kept]
    return None
