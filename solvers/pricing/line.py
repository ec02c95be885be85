"""Exact pricing on the line: a hinge sits at an end of a ball or on a sample."""

from __future__ import annotations

import numpy as np

from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Hinges, dual_heights


class LinePricing:
    """The global maximum of the dual constraint over the feasible hinges of the line.

    Between the sites the constraint is affine in the bias, so its norm is convex, and the
    maximum is at the end of a ball or on a sample: finitely many hinges.  The two orientations
    of a hinge price equally.
    """

    name = "exact-line"

    def __init__(self, problem: Interpolation) -> None:
        self.problem = problem
        centers, radii = problem.centers[:, 0], problem.radii
        ends = np.concatenate([centers - radii, centers + radii])
        sites = np.tile(np.arange(len(problem)), 2)
        sides = np.repeat([1.0, -1.0], len(problem))
        ends, first = np.unique(ends, return_index=True)
        sites, sides = sites[first], sides[first]
        outside = np.abs(centers - ends[:, None]) - radii
        outside[np.arange(ends.size), sites] = 0.0
        feasible = (outside >= -4 * np.finfo(float).eps).all(axis=1)
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

    def maxima(self, values: Array, jacobians: Array, floor: float) -> tuple[Hinges, Array]:
        """The hinges with g >= min(floor, P) and their g, the greatest first, for multipliers
        values (N, p) and jacobians (N, p, 1) that satisfy the equalities."""
        heights = dual_heights(self.problem, self.hinges, values, jacobians)
        order = np.argsort(-heights, kind="stable")
        kept = order[heights[order] >= min(floor, heights.max(initial=0.0))]
        return self.hinges[kept], heights[kept]
