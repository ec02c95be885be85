"""The arcs of normals on which hinges tangent to a site have one activation pattern.

As the normal turns, the hinge stays tangent to its site.  Its pattern changes only where it also
touches another site: at the *critical angles*, which are in closed form.  Between two of them it
either cuts a ball, and is not feasible, or has one pattern.  See `convexden.solvers.pricing.plane`,
and the picture in `docs/formulation.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convexden.arithmetic.float64 import EPS
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.pricing.plane_polynomials import turns_by
from convexden.tolerances import TANGENCY_RTOL

# Rounding of the cosine of a critical angle, times the distance of the sites.
_ROUNDING = 4 * EPS


@dataclass(frozen=True, eq=False)
class Arcs:
    """Closed arcs of constant pattern, of every length including zero."""

    sites: Indices
    starts: Array
    ends: Array
    patterns: Flags

    @cached_property
    def middles(self) -> Array:
        """The normals (2, arcs) in the middles."""
        return normals_at((self.starts + self.ends) / 2)

    @cached_property
    def halves(self) -> Array:
        """Half the lengths (arcs,)."""
        return np.asarray((self.ends - self.starts) / 2)

    @cached_property
    def limits(self) -> Array:
        """The turns (2, 2, arcs) from the middles to the starts and to the ends: see `turns_by`."""
        return turns_by(np.stack([-self.halves, self.halves]))


def arcs_at(problem: Interpolation, sites: Indices) -> Arcs:
    """The arcs of hinges tangent to these sites on their active sides."""
    radii = problem.radii
    steps = problem.centers - problem.centers[sites, None]
    owners, starts, ends, previous = _cuts(steps, radii, radii[sites, None])

    def offsets(owners: Indices, angles: Array) -> Array:
        """Constraint values (A, N) of all sites at angles of the circles."""
        x, y = normals_at(angles)
        if len(sites) == 1:  # of many sites: no copies of the steps
            return np.asarray(np.column_stack([x, y]) @ steps[0].T + radii[sites[0]])
        each = steps[owners]
        return np.asarray(
            each[:, :, 0] * x[:, None] + each[:, :, 1] * y[:, None] + radii[sites[owners], None]
        )

    def feasible(z: Array) -> Flags:
        """Which hinges with these z at the sites cut no ball; samples are cut by none."""
        if not radii.any():
            return np.ones(len(z), dtype=bool)
        return np.asarray((np.abs(z) >= radii - TANGENCY_RTOL).all(axis=1))

    z = offsets(owners, (starts + ends) / 2)
    wide = feasible(z)
    # Where no arc is feasible on either side, the critical angle alone may be: a common tangent.
    alone = np.flatnonzero(~wide & ~wide[previous])
    z_alone = offsets(owners[alone], starts[alone])
    touching = feasible(z_alone)
    alone = alone[touching]
    pivots = sites[np.concatenate([owners[wide], owners[alone]])]
    patterns = np.concatenate([(z > 0)[wide], (z_alone > 0)[touching]])
    patterns[np.arange(len(pivots)), pivots] = True
    return Arcs(
        pivots,
        np.concatenate([starts[wide], starts[alone]]),
        np.concatenate([ends[wide], starts[alone]]),
        patterns,
    )


def _cuts(steps: Array, radii: Array, radius: Array) -> tuple[Indices, Array, Array, Indices]:
    """The circles of normals, cut where the hinge touches another site: for every part its circle,
    its start, its end, and the part before it.

    Parameters
    ----------
    steps : (S, N, 2) array
        From the site that the hinge touches to all sites.
    radii : (N,) array
    radius : (S, 1) array
        Of the site that it touches.
    """
    # A line through a sample has two normals: half the circle is enough.
    turn = np.where(radius > 0, 2 * np.pi, np.pi)
    lengths = np.hypot(steps[:, :, 0], steps[:, :, 1])
    directions = np.arctan2(steps[:, :, 1], steps[:, :, 0])
    points = (radii == 0) & (radius == 0)
    critical = []
    for side, sites in ((1.0, radii >= 0), (-1.0, radii > 0)):
        with np.errstate(divide="ignore", invalid="ignore"):  # the site itself
            cosines = (side * radii - radius) / lengths
            slack = _ROUNDING * (1 + radii.max()) / lengths
        reached = (np.abs(cosines) <= 1 + TANGENCY_RTOL) & sites
        # Where balls touch, rounding leaves room for a turn by its square root: no less here than
        # in the verification.
        opening = np.arccos(np.clip(cosines, np.minimum(slack - 1, 0), np.maximum(1 - slack, 0)))
        critical.append(np.where(reached, (directions + opening) % turn, np.inf))
        # Through two samples goes one line.
        critical.append(np.where(reached & ~points, (directions - opening) % turn, np.inf))
    angles = np.sort(np.concatenate(critical, axis=1), axis=1)
    new = np.isfinite(angles)
    new[:, 1:] &= angles[:, 1:] != angles[:, :-1]
    uncut = ~new.any(axis=1)
    angles[uncut, 0], new[uncut, 0] = 0.0, True
    owners = np.nonzero(new)[0]
    starts, last = angles[new], np.cumsum(new.sum(axis=1)) - 1
    first = np.append(0, last[:-1] + 1)
    # The last part runs over the seam of the circle; a cut there would look like a vertex.
    ends, previous = np.roll(starts, -1), np.arange(len(starts)) - 1
    ends[last] = starts[first] + turn[:, 0]
    previous[first] = last
    return owners, starts, ends, previous


def normals_at(t: Array) -> Array:
    """The unit vectors (2, ...) at the angles."""
    return np.stack([np.cos(t), np.sin(t)])
