"""Ramps of activation patterns: the two hinges between which the widest gap lies."""

from __future__ import annotations

import numpy as np

from convexden.geometry.directions import max_margin_direction
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges, Indices
from convexden.tolerances import FLAT_RTOL


def widest_ramps(
    problem: Interpolation, patterns: Flags, clock: Clock = UNLIMITED
) -> tuple[Hinges, Hinges]:
    """The hinges at the starts and at the ends of the ramps of all patterns that have a gap."""
    found = []
    for row in np.where(patterns, 1, -1):
        clock.check()
        found.append(max_margin_direction(problem.centers, problem.radii, row))
    normals = np.array(found).reshape(len(patterns), problem.input_dimension)
    projections = normals @ problem.centers.T
    start = np.where(patterns, -np.inf, projections + problem.radii)
    end = np.where(patterns, projections - problem.radii, np.inf)
    # A pattern without a gap has no direction: NaN is not above anything.
    wide = np.flatnonzero(end.min(axis=1) - start.max(axis=1) > FLAT_RTOL)
    return (
        _tangent(
            normals[wide], patterns[wide], -start[wide].max(axis=1), start[wide].argmax(axis=1)
        ),
        _tangent(normals[wide], patterns[wide], -end[wide].min(axis=1), end[wide].argmin(axis=1)),
    )


def _tangent(normals: Array, patterns: Flags, biases: Array, pivots: Indices) -> Hinges:
    """Hinges that are held where they touch."""
    nowhere = np.full(len(biases), -1)
    return Hinges(normals, biases, patterns, pivots, nowhere, np.zeros(len(biases), dtype=bool))
