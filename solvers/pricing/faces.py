r"""Exact pricing in any dimension, for few sites.

A maximizer is tangent to some ball, or passes through some sample.  A *face* is an activation
pattern D with a set T of sites that the hinge touches (`patterns` finds them all).  On it the bias
is eliminated, the normal w runs over the sphere in an affine subspace, w = c + R E u with |u| = 1,
and the dual constraint is a trust-region problem,

    g^2 = |A u + h|^2,  A = R M E,  h = M c + v,

with M and v as in the plane.  Its local maxima are the global one and at most one more, the
local-nonglobal maximizer (Martinez, SIAM J. Optim. 4, 1994); both count, because the global one may
be infeasible.  The faces are prepared once and maximized together: a simplex of N sites has
(2^(N-1) - 1)(2^N - 2).  Multipliers that change little have their maxima where they were, or on a
face that touches one site more or less: `QuickFaces` looks only there.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields, replace

import numpy as np

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import (
    Array,
    Flags,
    Hinges,
    Indices,
    distinct,
    dual_constraint,
    no_hinges,
)
from convexden.solvers.patterns.face_table import FaceTable
from convexden.solvers.pricing import ExactPricing, Pricing
from convexden.solvers.pricing.quick_faces import QuickFaces
from convexden.solvers.pricing.trust_region import sphere_maxima
from convexden.tolerances import NONNEGATIVE_RTOL, TANGENCY_RTOL

_CHUNK = 2_000_000  # numbers held at a time


@dataclass(frozen=True)
class FaceSettings:
    """How much of the faces is looked at in one call."""

    most_ramps: int = 3000
    """Patterns up to which ramps are computed; a millisecond each."""

    memory: int = 3
    """Searches whose maxima count as recent: the quick search looks near to them."""

    many: int = 60_000
    """Faces above which those near to recent maxima are priced between two calls for all: of nine
    images an iteration over all 130 000 takes four times as long."""

    many_in_space: int = 400_000
    """The same in three dimensions, where a face takes less time: 40 points have 200 000, and take
    25 iterations of a second; with 36 noisy samples the way back to what was missed took longer."""

    often: int = 5
    """Calls of which one prices all faces: where none did, a path went to where half of all
    multipliers were too large."""

    watched: float = 0.3
    """Maxima of the dual constraint above this are remembered: what is active later grows from
    here."""


SETTINGS = FaceSettings()


class FacePricing(ExactPricing):
    """Global and local maxima of the dual constraint over all faces.

    Parameters
    ----------
    problem : Interpolation
        Of two or more dimensions, in units of its spread.
    clock : Clock, optional
        Of the run.
    settings : FaceSettings, optional
    table : FaceTable, optional
        Of some patterns, by default of all: then this is pricing of these patterns alone.

    Raises
    ------
    TooLarge
        If there are too many faces.
    """

    name = "exact-faces"

    def __init__(
        self,
        problem: Interpolation,
        clock: Clock = UNLIMITED,
        settings: FaceSettings = SETTINGS,
        table: FaceTable | None = None,
    ) -> None:
        """Enumerate the faces."""
        self.problem, self.clock, self.settings = problem, clock, settings
        self.table = FaceTable.of(problem, clock) if table is None else table
        self.recent: deque[Indices] = deque(maxlen=self.settings.memory)

    def maxima(
        self,
        values: Array,
        jacobians: Array,
        floor: float,
        limit: int | None = None,
    ) -> tuple[Hinges, Array]:
        """Local maxima with g >= min(floor, P), the greatest first, the greatest always."""
        found = self.maxima_on(np.arange(len(self.table)), values, jacobians, floor, limit)
        self.recent.append(found[0].faces)
        return found

    def quick(self) -> Pricing:
        """A pricer of the faces near to recent maxima, if there are many faces."""
        space = self.problem.input_dimension == 3
        many = self.settings.many_in_space if space else self.settings.many
        return QuickFaces(self) if len(self.table) > many else self

    def patterns(self) -> Flags:
        """All patterns but the trivial one; none if they are so many that ramps take long."""
        patterns = self.table.patterns[~self.table.patterns.all(axis=1)]
        return patterns if len(patterns) <= self.settings.most_ramps else patterns[:0]

    def maxima_on(
        self,
        faces: Indices,
        values: Array,
        jacobians: Array,
        floor: float,
        limit: int | None = None,
    ) -> tuple[Hinges, Array]:
        """As `maxima`, on these faces only."""
        problem, table = self.problem, self.table
        active = table.patterns.astype(float)
        moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
        forms = (active @ moments.reshape(len(problem), -1)).reshape(-1, *moments.shape[1:])
        totals = active @ values
        best = 0.0
        parts: list[tuple[Hinges, Array]] = [(no_hinges(problem), np.zeros(0))]
        for level, mine in reversed(list(table.split(faces))):
            k = problem.input_dimension - level
            step = max(1, _CHUNK // (values.shape[1] * problem.input_dimension + k * k))
            for start in range(0, len(mine), step):
                self.clock.check()
                # A face that cannot reach the floor nor the best so far has nothing to offer.
                chunk = faces[mine[start : start + step]]
                found = self._on(level, chunk, forms, totals, min(floor, best))
                constraint_values = dual_constraint(problem, found, values, jacobians)
                best = max(best, constraint_values.max(initial=0.0))
                high = constraint_values >= min(floor, best)
                parts.append((found[high], constraint_values[high]))
        hinges, constraint_values = _sum(parts)
        order = np.argsort(-constraint_values, kind="stable")
        kept = order[constraint_values[order] >= min(floor, best)][:limit]
        hinges, constraint_values = hinges[kept], constraint_values[kept]
        highest = self._local_maxima(hinges, values, jacobians)
        highest[:1] = True
        return hinges[highest], constraint_values[highest]

    def vertices(self) -> Hinges:
        """The hinges that touch as many sites as there are dimensions, without duplicates."""
        d = self.problem.input_dimension
        first, last = self.table.starts[-2:]
        step = max(1, _CHUNK // (d * d))
        parts = [no_hinges(self.problem)]
        forms = np.zeros((len(self.table.patterns), 1, d))
        for start in range(first, last, step):
            faces = np.arange(start, min(start + step, last))
            parts.append(self._on(d - 1, faces, forms, forms[:, :, 0], 0.0))
        hinges = sum(parts[1:], parts[0])
        return hinges[distinct(hinges, TANGENCY_RTOL)]

    def inner_maxima(self, values: Array, jacobians: Array, floor: float) -> tuple[Hinges, Array]:
        """As `maxima`, on the faces on which hinges can move."""
        return self.maxima_on(np.arange(self.table.starts[-2]), values, jacobians, floor)

    def initial(self, count: int) -> Hinges:
        """Hinges to start from: local maxima for random multipliers."""
        return self._random(1)[:count]

    def spanning(self) -> Hinges:
        """Hinges of every feasible pattern, of as many as make no difference to their span."""
        starts, ends = self.ramps  # the maxima of a pattern may all touch one site
        return self._random(2 * self.problem.input_dimension + 2) + starts + ends

    def _random(self, draws: int) -> Hinges:
        """The local maxima for random multipliers: at least one of every pattern a draw."""
        generator = np.random.default_rng(0)
        n, d = self.problem.centers.shape
        parts = [no_hinges(self.problem)]
        for _ in range(draws):
            values = generator.standard_normal((n, d))
            values -= values.mean(axis=0)
            jacobians = generator.standard_normal((n, d, d))
            jacobians[self.problem.radii == 0] = 0.0
            balls = max(1, int((self.problem.radii > 0).sum()))
            moment = values.T @ self.problem.centers + jacobians.sum(axis=0)
            jacobians[self.problem.radii > 0] -= moment / balls
            parts.append(self.maxima(values, jacobians, 0.0)[0])
        return sum(parts[1:], parts[0])

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """Directions (K, d, d - 1) in which the hinges may move on their faces, padded with zero,
        and the centers (K, d) of the spheres on which they do."""
        d = self.problem.input_dimension
        directions, centers = np.zeros((len(hinges), d, d - 1)), np.zeros((len(hinges), d))
        for level, mine in self.table.split(hinges.faces):
            if level == d - 1:
                continue
            centers[mine], _, across = self.table.spheres(level, hinges.faces[mine])
            radial = hinges.normals[mine] - centers[mine]
            radial /= np.linalg.norm(radial, axis=1, keepdims=True)
            # The complement of the radial direction in the subspace of the face.
            left = np.linalg.svd(radial[:, None, :] @ across)[2][:, 1:, :]
            directions[mine, :, : d - level - 1] = across @ left.transpose(0, 2, 1)
        directions[~hinges.free] = 0.0
        return directions, centers

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges after steps (K, d - 1) in their directions.

        One that would cut a ball goes on to the face on which it touches that ball as well; it may
        still move there, so that none counts as held back.
        """
        directions, centers = self.tangents(hinges)
        step = np.einsum("kdj,kj->kd", directions, steps)
        length = np.linalg.norm(step, axis=1, keepdims=True)
        radial = hinges.normals - centers
        radius = np.linalg.norm(radial, axis=1, keepdims=True)
        ahead = np.divide(step, length, out=np.zeros_like(step), where=length > 0)
        angle = length / radius
        normals = centers + radial * np.cos(angle) + radius * ahead * np.sin(angle)
        moved = self._rebuilt(hinges, hinges.faces, np.where(length > 0, normals, hinges.normals))
        depths = moved.depths(self.problem)
        known = hinges.faces >= 0
        touched = self.table.touched(hinges.faces)
        depths[known] -= _flagged(touched, len(self.problem))[known] * depths[known]
        blocked = np.flatnonzero((depths.max(axis=1) > 10 * TANGENCY_RTOL) & hinges.free)
        if blocked.size:
            met = _flagged(touched[blocked], len(self.problem))
            met[np.arange(blocked.size), depths[blocked].argmax(axis=1)] = True
            moved = self._onto(moved, blocked, met)
        return moved, np.zeros(len(hinges), dtype=bool)

    def _onto(self, hinges: Hinges, which: Indices, touched: Flags) -> Hinges:
        """The hinges with some of them moved on to the faces that touch these sites, if they
        exist."""
        faces, normals = hinges.faces.copy(), hinges.normals.copy()
        numbers = self.table.find(self.table.pattern_numbers(faces[which]), touched)
        for level, mine in self.table.split(numbers):
            chosen = which[mine]
            centers, radius, across = self.table.spheres(level, numbers[mine])
            inside = normals[chosen] - centers
            inside = (across @ (across.transpose(0, 2, 1) @ inside[:, :, None]))[:, :, 0]
            size = np.linalg.norm(inside, axis=1)
            ahead = size > 0.0
            faces[chosen[ahead]] = numbers[mine][ahead]
            scale = (radius[ahead] / size[ahead])[:, None]
            normals[chosen[ahead]] = centers[ahead] + inside[ahead] * scale
        return self._rebuilt(hinges, faces, normals)

    def _rebuilt(self, hinges: Hinges, faces: Indices, normals: Array) -> Hinges:
        """The hinges with these normals on these faces, touching their pivots."""
        pivots = np.where(faces >= 0, self.table.touched(faces)[:, 0], hinges.pivots)
        sides = np.where(hinges.patterns[np.arange(len(hinges)), pivots], 1.0, -1.0)
        biases = sides * self.problem.radii[pivots] - np.sum(
            normals * self.problem.centers[pivots], axis=1
        )
        return replace(
            hinges,
            normals=normals,
            biases=biases,
            pivots=pivots,
            faces=faces,
            free=hinges.free & (faces < self.table.starts[-2]),
        )

    def _on(self, level: int, faces: Indices, forms: Array, totals: Array, floor: float) -> Hinges:
        """The feasible local maxima on faces of one level, of those that can reach the floor."""
        problem, table = self.problem, self.table
        numbers = table.pattern_numbers(faces)
        pivots = table.touched(faces)[:, 0]
        sides = np.where(table.patterns[numbers, pivots], 1.0, -1.0)
        reach = sides * problem.radii[pivots]
        centers, radius, across = table.spheres(level, faces)
        total = totals[numbers]
        matrices = forms[numbers] - total[:, :, None] * problem.centers[pivots][:, None, :]
        linear = (matrices @ across) * radius[:, None, None]
        constant = (matrices @ centers[:, :, None])[:, :, 0] + reach[:, None] * total
        reached = np.linalg.norm(linear, axis=(1, 2)) + np.linalg.norm(constant, axis=1)
        high = np.flatnonzero(reached >= floor)
        owners, points = sphere_maxima(linear[high], constant[high])
        owners = high[owners]
        turned = (across[owners] @ points[:, :, None])[:, :, 0]
        normals = centers[owners] + radius[owners, None] * turned
        biases = reach[owners] - np.sum(normals * problem.centers[pivots[owners]], axis=1)
        hinges = Hinges(
            normals,
            biases,
            table.patterns[numbers[owners]],
            pivots[owners],
            faces[owners],
            np.full(len(owners), across.shape[2] > 1),
        )
        # None cuts a ball or has another pattern than it says.
        return hinges[np.flatnonzero((hinges.depths(problem) <= 10 * TANGENCY_RTOL).all(axis=1))]

    def _local_maxima(self, hinges: Hinges, values: Array, jacobians: Array) -> Flags:
        """Whether the multipliers of the touched sites are nonnegative: whether g increases into no
        neighboring face of the same pattern."""
        problem = self.problem
        if not len(hinges):
            return np.zeros(0, dtype=bool)
        active = hinges.patterns.astype(float)
        z = hinges.offsets(problem)
        moments = (values[:, :, None] * problem.centers[:, None, :] + jacobians).reshape(
            len(problem), -1
        )
        matrices = (active @ moments).reshape(len(hinges), values.shape[1], -1)
        totals = active @ values
        slopes = (active @ jacobians.reshape(len(problem), -1)).reshape(matrices.shape)
        column = (active * z) @ values + np.einsum("kpd,kd->kp", slopes, hinges.normals)
        gradient = np.concatenate(
            [np.einsum("kpd,kp->kd", matrices, column), np.sum(totals * column, axis=1)[:, None]],
            axis=1,
        )
        passed = np.ones(len(hinges), dtype=bool)
        sites = np.column_stack([problem.centers, np.ones(len(problem))])
        touched = self.table.touched(hinges.faces)
        for level, mine in self.table.split(hinges.faces):
            count = level + 1
            members = touched[mine, :count]
            signs = np.where(np.take_along_axis(hinges.patterns[mine], members, axis=1), 1.0, -1.0)
            sphere = np.column_stack([hinges.normals[mine], np.zeros(mine.size)])
            system = np.concatenate(
                [-signs[:, :, None] * sites[members], sphere[:, None, :]], axis=1
            ).transpose(0, 2, 1)
            solved = np.linalg.pinv(system) @ gradient[mine][:, :, None]
            passed[mine] = (solved[:, :count, 0] >= -NONNEGATIVE_RTOL).all(axis=1)
        return passed


def _sum(parts: list[tuple[Hinges, Array]]) -> tuple[Hinges, Array]:
    """All parts in one."""
    hinges = Hinges(
        *(
            np.concatenate([getattr(part, field.name) for part, _ in parts])
            for field in fields(Hinges)
        )
    )
    return hinges, np.concatenate([constraint_values for _, constraint_values in parts])


def _flagged(members: Indices, sites: int) -> Flags:
    """Which sites (K, N) are among the members (K, d)."""
    flags = np.zeros((len(members), sites), dtype=bool)
    np.put_along_axis(flags, members, True, axis=1)
    return flags
