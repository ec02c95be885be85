r"""Pricing by ascent from many hinges: for problems with too many faces for an exact one.

Local maxima are found by climbing (`ascent`) from hinges of a stock of likely patterns, from the
maxima of the call before, from neighbors of the best so far, whose patterns differ by one site, and
from random hinges.  What is found are hinges and their constraint values.  Nothing says that there
are no greater ones, so that no bound follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, distinct, no_hinges
from convexden.solvers.patterns.faces import simplex_patterns
from convexden.solvers.patterns.separators import (
    Separators,
    Starts,
    likely_patterns,
    oriented,
    random_patterns,
)
from convexden.solvers.patterns.vertices import simplex_vertices
from convexden.solvers.pricing import Pricing
from convexden.solvers.pricing.ascent import Ascent, both_ends
from convexden.solvers.pricing.spheres import Spheres, independent, unit
from convexden.tolerances import COST_ROUNDING, TOUCH_RTOL, VIOLATION_RTOL


@dataclass(frozen=True)
class LocalSettings:
    """Effort of the search for local maxima."""

    stock: int = 2047
    """Patterns from which every call starts: all of 12 sites, with one side fixed."""

    whole: int = 14
    """Balls up to which the vertices of all patterns are known: 115 000, of one more twice as
    many."""

    starts: int = 600
    """Hinges that climb in a round, those with the greatest values."""

    often: int = 5
    """Calls after which all of the stock climbs again, and not the greatest values alone: a maximum
    of another pattern may have grown."""

    all_axes: int = 3
    """Longest axes of the form on a pattern, along both senses of which hinges climb then."""

    axes: int = 1
    """Longest axes of the form on a pattern, along both senses of which hinges are sought."""

    random: int = 150
    """Random hinges in patterns of the best maxima, and as many in others."""

    parents: int = 30
    """Maxima whose neighbors are looked at in a round."""

    nearby: int = 3
    """Further sites than dimensions, the nearest, that change sides in neighbors."""

    rounds: int = 16
    """Rounds of a call at the most."""

    idle: int = 3
    """Rounds without a greater maximum before giving up."""

    doubt: int = 7
    """The same where nothing violates the dual constraint: the method would stop with what it
    has."""

    brief: tuple[int, int] = (1, 2)
    """Both where the next call comes soon, and begins at what this one finds."""

    kept: int = 20_000
    """Maxima remembered for the next call, which begins where they are: of twelve digits 4000 are
    found, and what was forgotten came back as a violation."""

    same: float = 1e-11
    """Climbs end nearer to their maximum than this, in spreads: what differs by less is one."""

    one: float = 1e-6
    """The same where the maximum is flat, and two of one would count twice."""


SETTINGS = LocalSettings()


class LocalPricing(Pricing):
    """Local maxima of the dual constraint, most probably with the greatest.

    Parameters
    ----------
    problem : Interpolation
        Of two or more dimensions, in units of its spread.
    seed : int, optional
        Of the random hinges.  Calls remember what they found: equal sequences of them give equal
        results.
    clock : Clock, optional
        Of the run.
    settings : LocalSettings, optional
        Its effort.
    """

    def __init__(
        self,
        problem: Interpolation,
        seed: int = 0,
        clock: Clock = UNLIMITED,
        settings: LocalSettings = SETTINGS,
    ) -> None:
        """Random starts are drawn from this seed."""
        self.problem, self.clock, self.settings = problem, clock, settings
        self._generator = np.random.default_rng(seed)
        self._separators = Separators(problem, clock)
        self._stock = self._separators.widest(
            likely_patterns(problem, self.settings.stock, self._generator)
        )
        self._remembered = no_hinges(problem)
        self._calls = 0

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """Local maxima with g >= min(floor, the greatest found), the greatest first.

        Parameters
        ----------
        values : (N, p) array
        jacobians : (N, p, d) array
            Multipliers that satisfy the dual equalities.
        floor : float
        limit : int, optional
            How many at the most.

        Returns
        -------
        hinges : Hinges
            On no face; none if no hinge is known to be feasible.
        constraint_values : (K,) array
            g at these hinges.
        """
        patience = self.settings.idle, self.settings.doubt
        found, constraint_values = self._climbed(values, jacobians, patience)
        best = constraint_values.max(initial=0.0)
        kept = np.flatnonzero(constraint_values >= min(floor, best))[:limit]
        return found[kept], constraint_values[kept]

    def inner_maxima(self, values: Array, jacobians: Array, floor: float) -> tuple[Hinges, Array]:
        """Local maxima above a floor, and the greatest, at which hinges can move, after a brief
        search."""
        found, constraint_values = self._climbed(values, jacobians, self.settings.brief)
        best = constraint_values[found.free].max(initial=0.0)
        kept = np.flatnonzero(found.free & (constraint_values >= min(floor, best)))
        kept = kept[distinct(found[kept], self.settings.one)]
        return found[kept], constraint_values[kept]

    def vertices(self) -> Hinges:
        """The hinges that touch as many sites as there are dimensions, of a simplex of balls; of
        many balls those of the stock."""
        count = len(self.problem)
        every = count <= self.settings.whole
        patterns = simplex_patterns(count) if every else self._stock.patterns
        return simplex_vertices(self.problem, patterns)

    def remember(self, hinges: Hinges) -> None:
        """Climb from these hinges in the next call, too."""
        self._remembered = hinges + self._remembered

    def patterns(self) -> Flags:
        """Those of the stock."""
        return self._stock.patterns

    def initial(self, count: int) -> Hinges:
        """Hinges against the sites on either side of the widest separations of few neighbors."""
        return self._both_ends(self._stock)[:count]

    def spanning(self) -> Hinges:
        """Hinges that span all hinges of the patterns of the stock."""
        draws = [self._stock]
        draws += [self._anywhere(self._stock.patterns) for _ in range(self.problem.input_dimension)]
        return self._both_ends(_joined(*draws))

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """Orthonormal directions (K, d, d - 1) in which the hinges may move and touch what they do,
        padded with zero, and the centers (K, d) of the spheres on which their normals move."""
        d, at = self.problem.input_dimension, self._spheres(hinges)
        directions = np.zeros((len(hinges), d, d - 1))
        counts = (at.members >= 0).sum(axis=1)
        radial = at.across(hinges.normals - at.centers)[:, :, None]
        for count in range(1, d):
            mine = np.flatnonzero((counts == count) & hinges.free)
            held = np.concatenate([at.frame[mine, :, : count - 1], radial[mine]], axis=2)
            directions[mine, :, : d - count] = np.linalg.qr(held, mode="complete")[0][:, :, count:]
        return directions, at.centers

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges after steps (K, d - 1) in these directions.

        One that comes to a ball stops there and touches it from then on; it may still move, so that
        none counts as held back.
        """
        at, directions = self._spheres(hinges), self.tangents(hinges)[0]
        step = np.einsum("kdj,kj->kd", directions, steps)
        angles = np.linalg.norm(step, axis=1) / np.maximum(at.radius, np.finfo(float).tiny)
        moving = angles > 0.0
        normals = at.walk(hinges.normals, unit(step), angles)[0]
        moved = replace(
            hinges,
            normals=np.where(moving[:, None], normals, hinges.normals),
            biases=np.where(moving, at.biases(normals), hinges.biases),
        )
        return moved, np.zeros(len(hinges), dtype=bool)

    def _climbed(
        self, values: Array, jacobians: Array, patience: tuple[int, int]
    ) -> tuple[Hinges, Array]:
        """All local maxima that are found, the greatest first, with their values; given up after so
        many rounds without a greater one while the dual constraint is violated, and while not."""
        ascent = Ascent(self.problem, values, jacobians, self.clock)
        known = self._remembered
        found = ascent.run(known.normals, known.patterns, self._members(known))
        constraint_values = ascent.constraint_values(found)
        settled: Flags = np.zeros(len(found), dtype=bool)
        every = self._calls % self.settings.often == 0
        self._calls += 1
        starts = self._everywhere(ascent) if every else self._first(ascent, found)
        best, idle = 0.0, 0
        for _ in range(self.settings.rounds):
            self.clock.check()
            if not len(starts.normals):
                break
            new = ascent.run(*(starts if every else self._highest(ascent, starts)))
            every = False
            found = found + new
            constraint_values = np.append(constraint_values, ascent.constraint_values(new))
            settled = np.append(settled, np.zeros(len(new), dtype=bool))
            order = np.argsort(-constraint_values, kind="stable")
            order = order[distinct(found[order], self.settings.same)]
            found, constraint_values, settled = (
                found[order],
                constraint_values[order],
                settled[order],
            )
            idle = 0 if constraint_values[0] > best * (1 + COST_ROUNDING) else idle + 1
            best = float(constraint_values[0])
            if idle >= patience[best <= 1 + VIOLATION_RTOL]:
                break
            parents = np.flatnonzero(~settled)[: self.settings.parents]
            settled[parents] = True
            starts = _joined(self._neighbors(found[parents]), self._random(found.patterns))
        self._remembered = found[: self.settings.kept]
        return found, constraint_values

    def _first(self, ascent: Ascent, known: Hinges) -> Starts:
        """The stock, and hinges along the axes of the best of it and of what is known."""
        both = _joined(self._stock, Starts(known.normals, known.patterns))
        along = self._along_axes(ascent, self._highest(ascent, both), self.settings.axes)
        return _joined(self._stock, along)

    def _everywhere(self, ascent: Ascent) -> Starts:
        """The stock, and hinges along several axes of all of it."""
        return _joined(self._stock, self._along_axes(ascent, self._stock, self.settings.all_axes))

    def _along_axes(self, ascent: Ascent, starts: Starts, count: int) -> Starts:
        """Hinges along both senses of the longest axes of the forms on the patterns of these."""
        seats = ascent.seated(*starts)
        axes = np.linalg.svd(ascent.forms(seats.patterns, seats.pivots)[0], full_matrices=False)[2]
        reach = seats.biases + np.sum(seats.normals * self.problem.centers[seats.pivots], axis=1)
        along = []
        for j in range(min(count, axes.shape[1])):
            for normals in (axes[:, j], -axes[:, j]):
                pivot = np.sum(normals * self.problem.centers[seats.pivots], axis=1)
                along.append(self._separators.pulled(normals, reach - pivot, seats.patterns))
        return _joined(*along)

    def _highest(self, ascent: Ascent, starts: Starts) -> Starts:
        """Those with the greatest g at the better end of their way."""
        constraint_values = ascent.constraint_values(ascent.seated(*starts))
        return starts.chosen(np.argsort(-constraint_values, kind="stable")[: self.settings.starts])

    def _neighbors(self, hinges: Hinges) -> Starts:
        """Hinges near these in the patterns in which one of the nearest sites changes sides."""
        n, d = self.problem.centers.shape
        count = min(n, d + self.settings.nearby)
        gaps = np.abs(hinges.offsets(self.problem)) - self.problem.radii
        sites = np.argsort(gaps, axis=1, kind="stable")[:, :count]
        owners = np.repeat(np.arange(len(hinges)), count)
        patterns = hinges.patterns[owners]
        patterns[np.arange(len(owners)), sites.ravel()] ^= True
        signs = np.where(patterns[:, 0], 1.0, -1.0)
        normals, biases = hinges.normals[owners], hinges.biases[owners]
        return self._separators.pulled(signs[:, None] * normals, signs * biases, oriented(patterns))

    def _random(self, patterns: Flags) -> Starts:
        """Random hinges in the first of these patterns and in random others."""
        others = random_patterns(self.problem, self.settings.random, self._generator)
        return self._anywhere(np.concatenate([patterns[: self.settings.random], others]))

    def _anywhere(self, patterns: Flags) -> Starts:
        """A random hinge in each of the patterns."""
        n, d = self.problem.centers.shape
        normals = unit(self._generator.standard_normal((len(patterns), d)))
        through = self.problem.centers[self._generator.integers(n, size=len(patterns))]
        return self._separators.pulled(normals, -np.sum(normals * through, axis=1), patterns)

    def _both_ends(self, starts: Starts) -> Hinges:
        """The hinges at both ends of their ways, one after the other."""
        ends = both_ends(self.problem, *starts)
        return (ends[0] + ends[1])[np.arange(2 * len(starts.normals)).reshape(2, -1).T.ravel()]

    def _spheres(self, hinges: Hinges) -> Spheres:
        """On which the hinges move: the sites they touch are seen from their distances."""
        return Spheres.of(self.problem, hinges.patterns, self._members(hinges))

    def _members(self, hinges: Hinges) -> Indices:
        """Independent sites (K, d) that the hinges touch, the pivot first, padded with -1."""
        d = self.problem.input_dimension
        gaps = np.abs(np.abs(hinges.offsets(self.problem)) - self.problem.radii)
        gaps[np.arange(len(hinges)), hinges.pivots] = -1.0
        nearest = np.argsort(gaps, axis=1, kind="stable")[:, :d]
        touched = np.take_along_axis(gaps, nearest, axis=1) <= TOUCH_RTOL
        return independent(self.problem, np.where(touched, nearest, -1))


def _joined(*starts: Starts) -> Starts:
    """All starts in one."""
    return Starts(*(np.concatenate(parts) for parts in zip(*starts, strict=True)))
