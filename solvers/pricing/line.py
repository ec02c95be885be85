"""Exact pricing on the line: a hinge sits at an end of a ball or on a sample."""

from __future__ import annotations

import numpy as np

from convexden.arithmetic.float64 import EPS
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array, Flags, Hinges, dual_constraint
from convexden.solvers.pricing import ExactPricing


class LinePricing(ExactPricing):
    """The global maximum of the dual constraint over the feasible hinges of the line.

    Between the sites the constraint is affine in the bias, so its norm is convex, and the
    maximum is at the end of a ball or on a sample: finitely many hinges.  The two orientations
    of a hinge price equally.
    """

    name = "exact-line"

    def __init__(self, problem: Interpolation) -> None:
        """List the hinges: there are finitely many."""
        self.problem = problem
        centers, radii = problem.centers[:, 0], problem.radii
        ends = np.concatenate([centers - radii, centers + radii])
        sites = np.tile(np.arange(len(problem)), 2)
        sides = np.repeat([1.0, -1.0], len(problem))
        ends, first = np.unique(ends, return_index=True)
        sites, sides = sites[first], sides[first]
        outside = np.abs(centers - ends[:, None]) - radii
        outside[np.arange(ends.size), sites] = 0.0
        feasible = (outside >= -4 * EPS).all(axis=1)
        ends, sites, sides = ends[feasible], sites[feasible], sides[feasible]
        patterns = centers > ends[:, None]
        patterns[np.arange(ends.size), sites] = sides > 0
        self.hinges = Hinges(
            np.ones((ends.size, 1)),
            -ends,
            patterns,
            sites,
            np.arange(ends.size),
            np.zeros(ends.size, dtype=bool),
        )

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """The hinges with g >= min(floor, P) and their g, the greatest first, for multipliers
        values (N, p) and jacobians (N, p, 1) that satisfy the equalities; at most `limit`."""
        constraint_values = dual_constraint(self.problem, self.hinges, values, jacobians)
        order = np.argsort(-constraint_values, kind="stable")
        kept = order[constraint_values[order] >= min(floor, constraint_values.max(initial=0.0))][
            :limit
        ]
        return self.hinges[kept], constraint_values[kept]

    def initial(self, count: int) -> Hinges:
        """The first of all hinges."""
        return self.hinges[:count]

    def spanning(self) -> Hinges:
        """All hinges."""
        return self.hinges

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """No hinge may move."""
        return np.zeros((len(hinges), 1, 0)), np.zeros((len(hinges), 1))

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges where they were."""
        return hinges, np.zeros(len(hinges), dtype=bool)
