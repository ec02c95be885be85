r"""Hinges of wide margin for activation patterns, of which those with a hinge are found by trial.

The widest hinge of a pattern is x = (w, b) of least |w| with s_n (w.y_n + b) >= r_n + margin, a
least-distance problem and so one of nonnegative least squares (Lawson & Hanson 1974, chapter 23).
Any other hinge x_0 becomes feasible on the way to it: on the segment every distance is at least the
mean of those at the ends, and |w| at most one, so that normalizing only widens them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Indices, spanning_tree


@dataclass(frozen=True)
class SeparatorSettings:
    """Parameters of the hinges that separate likely patterns."""

    margin: float = 1e-4
    """Patterns with less room, in spreads, are left out: climbs do not end there, and floats
    decide them badly."""

    lever: float = 30.0
    """How much less biases count than normals in the least distance: with a small one the widest
    hinge would be near the origin."""

    places: int = 4
    """Cuts along one direction, of the N - 1 that there are: then directions vary as well."""

    opposite: float = 1e-6
    """Hinges that are pulled to less than this length were opposite to the widest, and lose their
    digits."""


SETTINGS = SeparatorSettings()


class Starts(NamedTuple):
    """Feasible hinges but for their biases: normals (K, d) and patterns (K, N)."""

    normals: Array
    patterns: Flags

    def chosen(self, which: Indices) -> Starts:
        """These of them."""
        return Starts(self.normals[which], self.patterns[which])


class Separators:
    """The widest hinges of patterns, kept once they are known."""

    def __init__(
        self,
        problem: Interpolation,
        clock: Clock = UNLIMITED,
        settings: SeparatorSettings = SETTINGS,
    ) -> None:
        """No hinge is known yet."""
        self.problem, self.clock, self.settings = problem, clock, settings
        self._known: dict[bytes, Array | None] = {}

    def widest(self, patterns: Flags) -> Starts:
        """The widest hinges of those of the patterns (K, N) that have one."""
        exist, lines = self._lines(patterns)
        return Starts(lines[:, :-1], patterns[exist])

    def pulled(self, normals: Array, biases: Array, patterns: Flags) -> Starts:
        """Hinges pulled toward the widest of patterns that they need not have, as far as they must
        to have them; of those patterns that have one."""
        exist, widest = self._lines(patterns)
        near = np.column_stack([normals, biases])[exist]
        signs = np.where(patterns[exist], 1.0, -1.0)
        sites = np.column_stack([self.problem.centers, np.ones(len(self.problem))])
        short = np.maximum(self.problem.radii - signs * (near @ sites.T), 0.0)
        spare = signs * (widest @ sites.T) - self.problem.radii
        share = np.max(short / (short + spare), axis=1)[:, None]
        pulled = ((1.0 - share) * near + share * widest)[:, :-1]
        lengths = np.linalg.norm(pulled, axis=1, keepdims=True)
        turned = np.flatnonzero(lengths > self.settings.opposite)
        return Starts(pulled[turned] / lengths[turned], patterns[exist][turned])

    def _lines(self, patterns: Flags) -> tuple[Indices, Array]:
        """Which of the patterns have a hinge, and theirs, (w, b) in rows."""
        lines = [self._widest(pattern) for pattern in patterns]
        exist = np.array([k for k, line in enumerate(lines) if line is not None], dtype=np.intp)
        found = [line for line in lines if line is not None]
        return exist, np.array(found).reshape(len(exist), self.problem.input_dimension + 1)

    def _widest(self, pattern: Flags) -> Array | None:
        """The hinge of a pattern, (w, b), if it has one."""
        self.clock.check()
        key = np.packbits(pattern).tobytes()
        if key not in self._known:
            self._known[key] = self._separate(pattern)
        return self._known[key]

    def _separate(self, pattern: Flags) -> Array | None:
        """A hinge with this pattern and a wide margin; None if there is none."""
        signs = np.where(pattern, 1.0, -1.0)
        if abs(signs.sum()) == len(signs):
            return None
        problem, d = self.problem, self.problem.input_dimension
        rows = signs[:, None] * np.column_stack(
            [problem.centers, np.full(len(problem), self.settings.lever)]
        )
        bounds = problem.radii + self.settings.margin
        shares, _ = nnls(np.vstack([rows.T, bounds]), np.append(np.zeros(d + 1), 1.0))
        gap = 1.0 - bounds @ shares
        x = shares @ rows
        length = float(np.linalg.norm(x[:d]))
        if gap < length or length == 0.0:
            return None
        line = np.append(x[:d], self.settings.lever * x[d]) / length
        wide = (signs * (problem.centers @ line[:d] + line[d]) > problem.radii).all()
        return line if wide else None


def likely_patterns(problem: Interpolation, count: int, generator: np.random.Generator) -> Flags:
    """At most so many patterns (K, N), site 0 active, those that separate the fewest neighbors
    first: all, or else single sites and cuts across segments between sites and at random."""
    sites = len(problem)
    if 2 ** (sites - 1) <= count + 1:
        codes = np.arange(2 ** (sites - 1) - 1)
        others = (codes[:, None] >> np.arange(sites - 1)) & 1 == 1
        patterns = np.column_stack([np.ones(len(codes), dtype=bool), others])
    else:
        first, second = np.triu_indices(sites, 1)
        some = generator.permutation(len(first))[:count]
        steps = problem.centers[second[some]] - problem.centers[first[some]]
        across = [cuts(problem, np.tile(steps, (SETTINGS.places, 1)), generator)]
        across.append(random_patterns(problem, SETTINGS.places * count, generator))
        alone = oriented(np.eye(sites, dtype=bool))
        patterns = np.unique(np.concatenate([alone, *across]), axis=0)
    ends = spanning_tree(problem.centers)
    crossings = (patterns[:, ends[0]] != patterns[:, ends[1]]).sum(axis=1)
    return patterns[np.argsort(crossings, kind="stable")[:count]]


def random_patterns(problem: Interpolation, count: int, generator: np.random.Generator) -> Flags:
    """Patterns (K, N) of hinges without width in random directions."""
    return cuts(problem, generator.standard_normal((count, problem.input_dimension)), generator)


def cuts(problem: Interpolation, directions: Array, generator: np.random.Generator) -> Flags:
    """The sites cut in two at a random place along each of the directions (K, d)."""
    ranks = (directions @ problem.centers.T).argsort(axis=1).argsort(axis=1)
    places = generator.integers(1, len(problem), len(ranks))
    return oriented(ranks >= places[:, None])


def oriented(patterns: Flags) -> Flags:
    """Of every pattern and its complement the one with site 0 active."""
    return patterns == patterns[:, :1]
