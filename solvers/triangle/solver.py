r"""Acute triangles: a second-order cone program over twelve hinges, of which three may turn.

1. Solve the program over the twelve hinges with the apex hinges parallel to the sides.
2. Find the peaks of the dual constraint on the arcs; those near hinges with weight are active.
3. Solve the KKT system of their weights, angles and multipliers with Newton's method.
4. Peaks that violate the dual constraint of its multipliers join the active ones, those whose
   weight became negative leave; back to 3.  If that fails, apex hinges at the peaks join the
   program: back to 1.

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
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Array, Indices
from convexden.solvers.methods.newton import SETTINGS as NEWTON
from convexden.solvers.outcome import Outcome
from convexden.solvers.programs.restricted_master import solve_dual
from convexden.solvers.triangle.hinges import ArcHinges, TriangleHinges
from convexden.solvers.triangle.newton import Stationary, stationary
from convexden.tolerances import SAME_HINGE_RTOL, VIOLATION_RTOL, WEIGHTLESS_RTOL

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
    constraints = constraints_of(problem, clock)
    frame, targets = TriangleHinges(constraints), constraints.targets
    hinges = frame.twelve
    price = SETTINGS.price / float(frame.triangle.heights.min() - 2 * frame.radius)
    for _ in range(SETTINGS.programs):
        solved = solve_dual(frame.features(hinges), targets, price, SETTINGS.accuracy, clock)
        norms = np.sqrt((solved.weights**2).sum(axis=1))
        found, optimal = _from_program(frame, targets, hinges, norms, solved.multipliers, clock)
        if optimal is not None:
            multipliers = constraints.multipliers(optimal.multipliers)
            network = constraints.network(frame.in_the_plane(optimal.hinges), optimal.weights)
            return Outcome(network, *multipliers, 1.0, PRICING)
        hinges = hinges + found[found.free]
        hinges = hinges[_distinct(hinges)]
    raise NotCertified("no network over the twelve hinges of the triangle is stationary")


def _from_program(
    frame: TriangleHinges,
    targets: Array,
    hinges: ArcHinges,
    norms: Array,
    multipliers: Array,
    clock: Clock,
) -> tuple[ArcHinges, Stationary | None]:
    """The peaks for the multipliers of a program whose hinges have weights of these norms (K,), and
    a stationary network whose multipliers no peak violates, if Newton's method finds one."""
    peaks, heights = first, _ = frame.peaks(multipliers)
    gap = max(float(heights.max()) - 1.0, SETTINGS.accuracy)
    active, alphas = _active(hinges, norms, peaks, heights, gap)
    for _ in range(SETTINGS.joins):
        found = stationary(frame, targets, active, alphas, multipliers, clock)
        if found is None:
            break
        multipliers = found.multipliers
        peaks, heights = frame.peaks(multipliers)
        violated = heights > 1 + VIOLATION_RTOL
        if not violated.any():
            return first, found
        norms = np.sqrt((found.weights**2).sum(axis=1))
        gap = float(heights.max()) - 1.0
        # A hinge that is no peak any more hands its weight on to the nearest.
        active, weights = _active(found.hinges, norms, peaks, heights, gap)
        small = np.full(np.count_nonzero(violated), SETTINGS.small * norms.mean())
        active = active + peaks[violated]
        kept = _distinct(active)
        active, alphas = active[kept], np.concatenate([weights, small])[kept]
    return first, None


def _active(
    hinges: ArcHinges, norms: Array, peaks: ArcHinges, heights: Array, gap: float
) -> tuple[ArcHinges, Array]:
    """The active peaks and their weights: each takes those of the hinges that are nearest to it.

    An interior point leaves weight times slack nearly equal for all hinges; peaks whose weight is
    out of proportion to that are not active.
    """
    heavy = np.flatnonzero(norms > WEIGHTLESS_RTOL * norms.max())
    distances = np.abs(hinges.angles[heavy, None] - peaks.angles)
    same = (hinges.vertices[heavy, None] == peaks.vertices) & (
        hinges.heights[heavy, None] == peaks.heights
    )
    nearest = np.where(same, distances, np.inf).argmin(axis=1)
    alphas = np.zeros(len(peaks))
    np.add.at(alphas, nearest, norms[heavy])
    typical = alphas.sum() / max(1, np.count_nonzero(alphas))
    slack = np.maximum(1.0 - heights, np.clip(gap, *NEWTON.slack))
    active = np.flatnonzero(alphas > slack * typical)
    return peaks[active], alphas[active]


def _distinct(hinges: ArcHinges) -> Indices:
    """Indices of hinges of which no two are the same, earlier ones first."""
    same = (hinges.vertices[:, None] == hinges.vertices) & (
        hinges.heights[:, None] == hinges.heights
    )
    near = np.abs(hinges.angles[:, None] - hinges.angles) <= SAME_HINGE_RTOL
    return np.flatnonzero(~np.tril(same & near, -1).any(axis=1))
