"""The vertices of a simplex of balls: hinges that touch all sites but one.

N sites in N - 1 dimensions determine a hinge by its z_n = w.y_n + b.  Where it touches a site, z_n
is the radius, positive on the active side; the one that is left follows from |w| = 1, in two ways
at the most.
"""

from __future__ import annotations

import numpy as np

from convexden.problem import Interpolation
from convexden.solvers.hinges import Flags, Hinges, no_hinges


def simplex_vertices(problem: Interpolation, patterns: Flags) -> Hinges:
    """The hinges of these patterns (P, N) that touch all sites but one.

    Parameters
    ----------
    problem : Interpolation
        N sites that span N - 1 dimensions.
    """
    n, _ = problem.centers.shape
    sites = np.column_stack([problem.centers, np.ones(n)])
    inverse = np.linalg.inv(sites).T  # rows z -> (w, b)
    signs = np.where(patterns, 1.0, -1.0)
    parts = [no_hinges(problem)]
    for left in range(n):
        held = signs * problem.radii
        held[:, left] = 0.0
        # |w|^2 = a t^2 + 2 b t + c + 1 for w = start + t along, t the z of the site that is left.
        start, along = held @ inverse[:, :-1], inverse[left, :-1]
        a, b, c = along @ along, start @ along, np.sum(start**2, axis=1) - 1.0
        room = b**2 - a * c
        for side in (1.0, -1.0):
            t = (side * np.sqrt(np.maximum(room, 0.0)) - b) / a
            met = np.flatnonzero((room > 0.0) & (signs[:, left] * t >= problem.radii[left]))
            z = held[met]
            z[:, left] = t[met]
            lines = z @ inverse
            pivots = np.full(len(met), (left + 1) % n)
            nowhere, free = np.full(len(met), -1), np.zeros(len(met), dtype=bool)
            parts.append(Hinges(lines[:, :-1], lines[:, -1], patterns[met], pivots, nowhere, free))
    return sum(parts[1:], parts[0])
