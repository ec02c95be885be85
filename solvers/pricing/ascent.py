r"""Ascent of the dual constraint within an activation pattern, for many hinges at a time.

On a pattern D the constraint is the norm of a linear function of (w, b), and the feasible hinges of
that pattern form, but for |w| = 1, a convex set.  A hinge climbs as an active-set method does: the
sites T that hold it leave its normal a sphere (`spheres`), on which g^2 = |A u + h|^2
(`trust_region`).  It walks along great circles toward the maximizers of its sphere, or along the
gradient, which ascends however far it gets, because g^2 is convex.  A ball that blocks the way
joins T, and at a maximizer the site with the most negative multiplier leaves.  The climb ends in a
local maximum over all hinges of the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, dual_constraint
from convexden.solvers.pricing.spheres import Spheres, unit
from convexden.solvers.pricing.trust_region import sphere_maxima
from convexden.tolerances import NONNEGATIVE_RTOL


@dataclass(frozen=True)
class AscentSettings:
    """Parameters of the climb from one hinge."""

    still: float = 1e-13
    """A step that raises the dual constraint by a smaller share has arrived: a hundred times its
    rounding."""

    aside: float = 1e-12
    """A target less far aside, in spreads, is here or in no direction."""


SETTINGS = AscentSettings()


def both_ends(problem: Interpolation, normals: Array, patterns: Flags) -> tuple[Hinges, Hinges]:
    """The hinges of feasible normals (K, d) and patterns (K, N), neither empty nor full, moved
    against a site on the active side, and on the other."""
    along = normals @ problem.centers.T
    active = np.where(patterns, problem.radii - along, -np.inf)
    other = np.where(patterns, np.inf, -problem.radii - along)
    nowhere, free = np.full(len(normals), -1), np.ones(len(normals), dtype=bool)
    pivots = active.argmax(axis=1), other.argmin(axis=1)
    biases = active.max(axis=1), other.min(axis=1)
    first, last = (
        Hinges(normals, bias, patterns, pivot, nowhere, free)
        for bias, pivot in zip(biases, pivots, strict=True)
    )
    return first, last


class Ascent:
    """What climbs for one set of multipliers, values (N, p) and Jacobians (N, p, d)."""

    def __init__(
        self,
        problem: Interpolation,
        values: Array,
        jacobians: Array,
        clock: Clock = UNLIMITED,
    ) -> None:
        """The moments of the multipliers, from which gradients are computed."""
        self.problem, self.values, self.jacobians = problem, values, jacobians
        self.clock = clock
        moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
        self._moments = moments.reshape(len(problem), -1)

    def seated(self, normals: Array, patterns: Flags) -> Hinges:
        """The hinges with normals (K, d) and patterns (K, N) at the end of their way where g, which
        is convex in the bias, is greater."""
        first, last = both_ends(self.problem, normals, patterns)
        later = self.constraint_values(last) > self.constraint_values(first)
        return (first + last)[np.arange(len(later)) + later * len(later)]

    def constraint_values(self, hinges: Hinges) -> Array:
        """The dual constraint at hinges, (K,)."""
        return dual_constraint(self.problem, hinges, self.values, self.jacobians)

    def forms(self, patterns: Flags, pivots: Indices) -> tuple[Array, Array]:
        """M (K, p, d) and the sums of the values t (K, p) of g = |M w + t z| on hinges at signed
        distances z from their pivots."""
        active = patterns.astype(float)
        total = active @ self.values
        forms = (active @ self._moments).reshape(-1, *self.jacobians.shape[1:])
        return forms - total[:, :, None] * self.problem.centers[pivots][:, None, :], total

    def run(self, normals: Array, patterns: Flags, members: Indices | None = None) -> Hinges:
        """The local maxima that hinges of feasible normals (K, d) and patterns (K, N) climb to.

        Those that touch independent sites (K, d), padded with -1, begin where these hold them: a
        maximum that moved a little is there in a step or two.
        """
        problem, d = self.problem, self.problem.input_dimension
        climb = _Climb(self, normals, patterns, members)
        live = np.arange(len(normals))
        arrived = np.zeros(len(normals), dtype=bool)
        for _ in range(8 * d + 20):
            self.clock.check()
            done = climb.release(live[arrived])
            live = np.setdiff1d(live, done, assume_unique=True)
            if not live.size:
                break
            arrived = climb.advance(live)
        at = Spheres.of(problem, patterns, climb.members)
        return Hinges(
            climb.normals,
            at.biases(climb.normals),
            patterns,
            at.pivots,
            np.full(len(normals), -1),
            (climb.members >= 0).sum(axis=1) < d,
        )


class _Climb:
    """Where the hinges of one run are and which sites hold them, (K, d) padded with -1."""

    def __init__(
        self, ascent: Ascent, normals: Array, patterns: Flags, members: Indices | None
    ) -> None:
        """Hinges that start on the spheres of their members, or tangent to one site each."""
        self.ascent, self.normals, self.patterns = ascent, normals.copy(), patterns
        if members is None:
            self.members = np.full(normals.shape, -1)
            self.members[:, 0] = ascent.seated(normals, patterns).pivots
        else:
            self.members = members.copy()
            at = Spheres.of(ascent.problem, patterns, members)
            radial = unit(at.across(normals - at.centers))
            self.normals = at.centers + at.radius[:, None] * radial

    def advance(self, live: Indices) -> Flags:
        """One step of these hinges; whether they arrived at a maximum on their spheres."""
        at, matrices, constants, column = self._local(live)
        normals, every = self.normals[live], np.arange(len(live))
        uphill = unit((column[:, None, :] @ matrices)[:, 0])
        ends, blockers = _toward(at, normals, uphill)
        # Only a hinge that nothing blocks is worth the eigenvalues of its sphere.
        inner = np.flatnonzero(blockers < 0)
        owners, targets = _maximizers(at[inner], matrices[inner], constants[inner])
        owners = inner[owners]
        further = _toward(at[owners], normals[owners], targets)
        candidates = np.concatenate([every, owners])
        ends, blockers = (
            np.concatenate(two) for two in zip((ends, blockers), further, strict=True)
        )
        reached = np.linalg.norm(
            (matrices[candidates] @ ends[:, :, None])[:, :, 0] + constants[candidates], axis=1
        )
        order = np.lexsort((-reached, candidates))
        best = order[np.searchsorted(candidates[order], every)]
        blocked = blockers[best] >= 0
        risen = reached[best] > np.linalg.norm(column, axis=1) * (1 + SETTINGS.still)
        moving = risen | blocked
        self.normals[live[moving]] = ends[best[moving]]
        counts = (self.members[live[blocked]] >= 0).sum(axis=1)
        self.members[live[blocked], counts] = blockers[best[blocked]]
        return np.asarray(~blocked & (~risen | (best >= len(live))))

    def release(self, which: Indices) -> Indices:
        """Let go of the site with the most negative multiplier; the hinges that have none."""
        multipliers = self._multipliers(which)
        worst = multipliers.argmin(axis=1)
        loose = multipliers[np.arange(len(which)), worst] < -NONNEGATIVE_RTOL
        for k, leaver in zip(which[loose], worst[loose], strict=True):
            self.members[k] = np.append(np.delete(self.members[k], leaver), -1)
        # Held by nothing else it goes to the other end of its way, where g is greater.
        alone = which[loose][self.members[which[loose], 0] < 0]
        seats = self.ascent.seated(self.normals[alone], self.patterns[alone])
        self.members[alone, 0] = seats.pivots
        return which[~loose]

    def _local(self, which: Indices) -> tuple[Spheres, Array, Array, Array]:
        """The spheres with M (K, p, d) and v (K, p) of g = |M w + v|, and M w + v."""
        at = Spheres.of(self.ascent.problem, self.patterns[which], self.members[which])
        matrices, total = self.ascent.forms(self.patterns[which], at.pivots)
        constants = at.reach[:, None] * total
        column = (matrices @ self.normals[which][:, :, None])[:, :, 0] + constants
        return at, matrices, constants, column

    def _multipliers(self, which: Indices) -> Array:
        """Multipliers (K, d) of the members at maxima on their spheres, infinite for none, in units
        of the gradient."""
        at, matrices, _, column = self._local(which)
        normals = self.normals[which]
        gradient = (column[:, None, :] @ matrices)[:, 0]
        slope = np.sum(column * (self.patterns[which].astype(float) @ self.ascent.values), axis=1)
        radial = at.across(normals - at.centers)
        square = np.sum(radial**2, axis=1)
        pull = np.sum(gradient * radial, axis=1) / np.where(square > 0, square, np.inf)
        rest = at.frame.transpose(0, 2, 1) @ (gradient - pull[:, None] * normals)[:, :, None]
        forces = np.linalg.solve(at.triangle, rest)[:, :, 0]
        forces = np.column_stack([slope - forces.sum(axis=1), forces])
        forces /= 1.0 + np.linalg.norm(gradient, axis=1)[:, None]
        signs = np.take_along_axis(at.signs, at.members, axis=1)
        return np.where(at.members >= 0, -signs * forces, np.inf)


def _maximizers(at: Spheres, matrices: Array, constants: Array) -> tuple[Indices, Array]:
    """All maximizers on the whole spheres: the indices of the spheres and directions (C, d).

    The directions along which the hinges are held count as flat.
    """
    linear = matrices - (matrices @ at.frame) @ at.frame.transpose(0, 2, 1)
    middle = (matrices @ at.centers[:, :, None])[:, :, 0] + constants
    return sphere_maxima(linear * at.radius[:, None, None], middle)


def _toward(at: Spheres, normals: Array, targets: Array) -> tuple[Array, Indices]:
    """Walk toward targets (K, d) of unit length, seen from the centers of the spheres."""
    radial = unit(at.across(normals - at.centers))
    targets = at.across(targets)
    forward = np.sum(targets * radial, axis=1)
    sideways = targets - forward[:, None] * radial
    aside = np.linalg.norm(sideways, axis=1)
    angles = np.where(aside > SETTINGS.aside, np.arctan2(aside, forward), 0.0)
    return at.walk(normals, unit(sideways), angles)
