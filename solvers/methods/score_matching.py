r"""Score matching by exchange: a restricted dual, and the exact pricing of its multipliers.

With samples x_n that are there m_n times, the problem ::

    minimize  sum_n m_n (1/2 |s(x_n)|^2 + div s(x_n)) + beta R(s)

has the dual ::

    maximize  -1/2 sum_n |q_n|^2 / m_n
    subject to  sum_n q_n = 0,  sum_n q_n x_n^T = -sum_n m_n I,
              |sum_n D_n (q_n z_n + m_n w)| <= beta  for all hinges, |w| = 1,

with q_n = m_n s(x_n) at the optimum.  In units of sqrt(m_n) multipliers that satisfy the equalities
are r = r_0 + B u: r_0 is the score of the Gaussian of the same mean and covariance, and B spans
what is orthogonal to affine functions.

1. *Inside.*  Multipliers for which no constraint is tight, by the same exchange on the largest
   constraint value, which is minimized.  If its restricted minimum exceeds the penalty, the
   objective is unbounded below.
2. *Exchange.*  The restricted dual over the hinges so far; its multipliers are priced; the local
   maxima above the penalty are new hinges.  Of several hinges of one pattern and pivot that have
   weight, which enclose one of the optimum, the weighted mean is a new hinge as well.
3. *Bound.*  Multipliers that violate a constraint are moved toward those inside until none does.
   The bound is what these prove, the network that of the restricted program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convexden.network import ShallowNetwork
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.solution import Progress
from convexden.solvers.hinges import Array
from convexden.solvers.pricing.score import (
    LineScorePricing,
    PlaneScorePricing,
    ScoreHinges,
    ScorePricing,
)
from convexden.solvers.programs.score_matching import solve_restricted
from convexden.tolerances import COST_ROUNDING, FAINT_RTOL, MET_RTOL, WEIGHTLESS_RTOL


@dataclass(frozen=True)
class ScoreSettings:
    """Parameters of the exchange."""

    rounds: int = 40
    """Rounds at the most."""

    stall: int = 5
    """Rounds without a smaller gap before giving up."""

    new: int = 60
    """Violated maxima that one pricing adds, the greatest first."""

    near: float = 0.99
    """Local maxima above this share of the restricted maximum are added inside."""

    tight: float = 0.7
    """Share of the restricted maximum below which a hinge leaves again, inside."""

    room: float = 0.5
    """Share of the room between the least constraint value and the penalty that multipliers count
    as inside with."""

    margin: float = 1e-11
    """Share of the penalty by which multipliers stay inside, for what the verification's rounding
    may add."""


SETTINGS = ScoreSettings()


@dataclass(eq=False)
class Score:
    """The best network and multipliers.

    Attributes
    ----------
    hinges : ScoreHinges
    weights : (K, d) array
    values : (N, d) array
        The multipliers q_n.
    objective, lower : float
    least : float
        The least constraint value of a restricted program: a bound of that of all hinges.
    inside : float
        The largest constraint value at the multipliers inside.
    rounds : int
    interrupted : bool
    """

    hinges: ScoreHinges
    weights: Array
    values: Array
    objective: float
    lower: float = -np.inf
    least: float = 0.0
    inside: float = np.inf
    rounds: int = 0
    interrupted: bool = False

    @property
    def gap(self) -> float:
        """Relative gap."""
        return (self.objective - self.lower) / abs(self.objective)


class ScoreSolver:
    """Samples that span their space, centered, of spread 1, each once.

    Parameters
    ----------
    points : (N, d) array
        With d = 1 or 2.
    counts : (N,) array
        How often each sample is there.
    clock : Clock, optional
        Of the run.
    """

    def __init__(
        self,
        points: Array,
        counts: Array,
        clock: Clock = UNLIMITED,
        settings: ScoreSettings = SETTINGS,
    ) -> None:
        """Prepare pricing and coordinates."""
        self.points, self.counts, self.clock, self.settings = points, counts, clock, settings
        line = points.shape[1] == 1
        self.pricing: ScorePricing = (LineScorePricing if line else PlaneScorePricing)(
            points, counts
        )
        self.roots = np.sqrt(counts)[:, None]
        self.affine = self.roots * np.column_stack([np.ones(len(points)), points])
        basis = np.linalg.qr(self.affine, mode="complete")[0]
        self.basis = basis[:, self.affine.shape[1] :]
        mean = counts @ points / counts.sum()
        steps = points - mean
        covariance = (counts * steps.T) @ steps / counts.sum()
        self.gaussian = -counts[:, None] * np.linalg.solve(covariance, steps.T).T

    def multipliers(self, reduced: Array) -> Array:
        """The q (N, d) of coordinates u."""
        return np.asarray(self.gaussian + self.roots * (self.basis @ reduced))

    def bound(self, values: Array) -> float:
        """What multipliers prove if no constraint is violated."""
        return float(-0.5 * np.sum(values**2 / self.counts[:, None]))

    def penalties(self) -> tuple[float, float]:
        """The least penalty with a minimum, up to the accuracy of the search, and the least one at
        which the Gaussian score is optimal."""
        largest = float(self.pricing.maxima(self.gaussian, np.inf)[1][0])
        if isinstance(self.pricing, LineScorePricing):
            return self._least_on_line(), largest
        best, _, _ = self._inside(0.0)
        return best.inside, largest

    def solve(
        self,
        penalty: float,
        tolerance: float,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> Score:
        """The solution for one penalty; if stopped, the best so far.

        If `Score.inside` is not below the penalty, there is no bound.
        """
        best, inner, pool = self._inside(penalty)
        if best.interrupted or not best.inside < penalty or not len(pool):
            return best
        stalled = 0
        try:
            while best.rounds < self.settings.rounds and stalled < self.settings.stall:
                gap = best.gap
                pool = self._round(best, pool, inner, penalty)
                report(Progress(best.rounds, best.objective, best.lower, len(pool)))
                if best.gap <= tolerance / 2:
                    break
                stalled = stalled + 1 if best.gap > 0.9 * gap else 0
        except Stopped:
            best.interrupted = True
        return best

    def network(self, hinges: ScoreHinges, weights: Array) -> ShallowNetwork:
        """The network of these hinges, moved off the samples, with the best affine part."""
        normals, biases = hinges.displaced(self.points)
        hidden = np.maximum(normals @ self.points.T + biases[:, None], 0.0)
        wanted = self.gaussian / self.roots - self.roots * (hidden.T @ weights)
        best = np.linalg.lstsq(self.affine, wanted, rcond=None)[0]
        return ShallowNetwork(weights, normals, biases, best[1:].T, best[0])

    def _inside(self, penalty: float) -> tuple[Score, Array, ScoreHinges]:
        """Step 1: multipliers inside, if there are any, and the hinges met on the way."""
        settings, values = self.settings, self.gaussian
        found, sizes = self.pricing.maxima(values, settings.near * penalty)
        pool = found.distinct(MET_RTOL, settings.new)
        affine = self.bound(values)
        best = Score(pool.take(np.zeros(len(pool), dtype=bool)), values[:0], values, affine)
        inner, best.inside = values, float(sizes[0])
        if best.inside <= penalty:
            best.lower = affine  # the Gaussian score is optimal
            return best, inner, best.hinges
        if isinstance(self.pricing, LineScorePricing):
            return self._inside_on_line(best, self.pricing, penalty)
        try:
            for _ in range(settings.rounds):
                rows, terms = self._rows(pool)
                reduced, weights, level = solve_restricted(rows, terms, None, self.clock)
                values = self.multipliers(reduced)
                found, sizes = self.pricing.maxima(values, settings.near * level)
                if sizes[0] < best.inside:
                    best.inside, inner = float(sizes[0]), values
                best.least = max(best.least, level)
                enough = penalty - settings.room * max(0.0, penalty - best.least)
                if best.least > penalty > 0.0 or best.inside < min(enough, penalty):
                    break
                if best.inside - best.least <= MET_RTOL * best.least:
                    break
                tight = np.linalg.norm(terms + rows @ reduced, axis=1) > settings.tight * level
                norms = np.linalg.norm(weights, axis=1)
                heavy = norms > WEIGHTLESS_RTOL * norms.max()
                means, kept = self._means(pool.take(heavy), norms[heavy]), pool.take(tight)
                new = found.distinct(MET_RTOL, settings.new)
                pool = (means + new + kept).distinct(MET_RTOL, len(pool) + 2 * settings.new)
        except Stopped:
            best.interrupted = True
        return best, inner, pool

    def _least_on_line(self) -> float:
        """The least penalty on a line, where all constraints can be met but two.

        With q the second differences of a function S that vanishes up to the first sample and is
        sum_n m_n from the last one on, the constraint at a sample is |S - D| for the counts D of
        those before it and those up to it.  S may lie between these inside, at a distance of half
        a count, but at both ends it is a whole count from one of them.
        """
        first, last = np.argmin(self.points[:, 0]), np.argmax(self.points[:, 0])
        ends = max(self.counts[first], self.counts[last])
        return float(max(ends, self.counts.max() / 2))

    def _inside_on_line(
        self, best: Score, pricing: LineScorePricing, penalty: float
    ) -> tuple[Score, Array, ScoreHinges]:
        """Step 1 on a line, where there are finitely many hinges: halfway to the least penalty."""
        best.least, pool = self._least_on_line(), pricing.hinges
        if best.least >= penalty:
            return best, best.values, pool
        try:
            level = (best.least + penalty) / 2
            reduced, _, _ = solve_restricted(*self._rows(pool), level, self.clock)
        except Stopped:
            best.interrupted = True
            return best, best.values, pool
        inner = self.multipliers(reduced)
        best.inside = float(pricing.maxima(inner, np.inf)[1][0])
        return best, inner, pool

    def _round(self, best: Score, pool: ScoreHinges, inner: Array, penalty: float) -> ScoreHinges:
        """Steps 2 and 3: one exchange; returns the hinges of the next one."""
        settings = self.settings
        rows, terms = self._rows(pool)
        reduced, weights, _ = solve_restricted(rows, terms, penalty, self.clock)
        values = self.multipliers(reduced)
        found, sizes = self.pricing.maxima(values, penalty)
        norms = np.linalg.norm(weights, axis=1)
        hidden = rows.T @ weights
        objective = self.bound(self.gaussian) + float(
            0.5 * np.sum(hidden**2) + np.sum(weights * terms) + penalty * norms.sum()
        )
        if objective < best.objective:
            kept = norms > FAINT_RTOL * norms.max()
            best.objective, best.hinges, best.weights = objective, pool.take(kept), weights[kept]
        ceiling = penalty * (1.0 - settings.margin)
        share = max(0.0, (sizes[0] - ceiling) / (sizes[0] - best.inside))
        moved = (1.0 - share) * values + share * inner
        if self.bound(moved) > best.lower:
            best.lower, best.values = self.bound(moved), moved
        best.rounds += 1
        heavy = norms > WEIGHTLESS_RTOL * norms.max()
        kept_pool = pool.take(heavy)
        new = found.take(sizes > penalty * (1.0 + COST_ROUNDING)).distinct(MET_RTOL, settings.new)
        means = self._means(kept_pool, norms[heavy])
        return (means + new + kept_pool).distinct(MET_RTOL, len(pool) + 2 * settings.new)

    def _rows(self, hinges: ScoreHinges) -> tuple[Array, Array]:
        """The rows (K, M) and terms (K, d) of hinges."""
        offsets = hinges.normals @ self.points.T + hinges.biases[:, None]
        active = hinges.patterns * offsets
        terms = active @ self.gaussian + (hinges.patterns @ self.counts)[:, None] * hinges.normals
        return (active * self.roots[:, 0]) @ self.basis, terms

    def _means(self, hinges: ScoreHinges, norms: Array) -> ScoreHinges:
        """For several hinges of one pattern and pivot, the one at their weighted mean."""
        groups: dict[tuple[bytes, int], list[int]] = {}
        for k in range(len(hinges)):
            key = hinges.patterns[k].tobytes(), int(hinges.pivots[k])
            groups.setdefault(key, []).append(k)
        several = [np.array(group) for group in groups.values() if len(group) > 1]
        if not several:
            return hinges.take(np.zeros(len(hinges), dtype=bool))
        normals = np.array([norms[group] @ hinges.normals[group] for group in several])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        first = hinges.take(np.array([group[0] for group in several]))
        biases = -np.sum(normals * self.points[first.pivots], axis=1)
        return ScoreHinges(normals, normals, biases, first.patterns, first.pivots)
