r"""The search for a proof that no network interpolates; `convexden.infeasibility` says what it is.

Patterns that hinges realize with room to spare are collected.  Integer vectors lambda orthogonal to
them and to 1 are the candidates, if they see the targets: sum lambda_n t_n != 0.  A tree tries to
show that every other realizable pattern is orthogonal to lambda, too.  It ends with a proof,
or at a pattern that is not, which joins the collection.  If no lambda sees the targets any more,
ramps across the collected patterns interpolate.

A lambda has at most one sample in it, so the balls are searched alone, then with one sample at a
time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import scipy.linalg

from convexden.infeasibility import (
    Branch,
    Crossing,
    InfeasibilityProof,
    Mirror,
    Node,
    Orthogonal,
    Touching,
)
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Flags
from convexden.solvers.patterns.separation import Decision, Estimate, Pattern, Separator
from convexden.tolerances import NOISY_DEPENDENT_RTOL

MOST_ESTIMATES = 20_000  # of widest hinges; with all that they entail about .4 ms each


@dataclass(frozen=True)
class SearchSettings:
    """Effort of the search for a proof that there is no network."""

    rationals: int = 200
    """Operations on rationals that take the time of one estimate, in which the budget counts."""

    candidates: int = 8
    """Sites that are tried before one is decided: more of them cost an estimate each, and the
    deepest cuts come first."""

    least_drop: float = 1e-3
    """Smallest drop of a share that counts, so that the other child decides where one loses
    nothing."""


SETTINGS = SearchSettings()


class Undecided(Exception):
    """Neither a proof nor enough patterns; the message says why."""


class _Escaped(Exception):
    """A realizable pattern that is not orthogonal to the weights."""

    def __init__(self, pattern: Pattern) -> None:
        """The pattern."""
        super().__init__()
        self.pattern = pattern


def find_proof(
    problem: Interpolation,
    patterns: Flags | None = None,
    *,
    most: int = MOST_ESTIMATES,
    clock: Clock = UNLIMITED,
    settings: SearchSettings = SETTINGS,
) -> InfeasibilityProof | None:
    """A proof that no network interpolates, or None where there seems to be one.

    Of balls alone, None is proven: as many of their patterns as it takes have hinges, in integers.

    Parameters
    ----------
    problem : Interpolation
    patterns : (K, N) bool array, optional
        Activation patterns that may be realizable, to start from.
    most : int
        Limit of the search, in patterns that are looked at.
    clock : Clock, optional
        Of the run.
    settings : SearchSettings, optional
        Its effort.

    Raises
    ------
    Undecided
        If the limit is reached, or a pattern has exactly one hinge.
    """
    search = _Search(problem, most, clock, settings)
    balls = _outer_balls(problem)
    if not balls:
        return None
    flags = np.zeros((0, len(balls)), dtype=bool) if patterns is None else patterns[:, balls]
    hints = [dict(zip(balls, row.tolist(), strict=True)) for row in _independent(flags)]
    collected = search.run(balls, hints)
    if isinstance(collected, InfeasibilityProof):
        return collected
    known = [dict.fromkeys(balls, True), *collected]
    for sample in np.flatnonzero(problem.radii == 0).tolist():
        if search.switches(sample, known):
            continue
        sides = [{**pattern, sample: side} for pattern in known for side in (True, False)]
        found = search.run([*balls, sample], sides)
        if isinstance(found, InfeasibilityProof):
            return found
    return None


def _independent(patterns: Flags) -> Flags:
    """A few of the patterns (K, N) that span them all, next to 1, as far as floats can tell."""
    if not patterns.size:
        return patterns
    across = patterns - patterns.mean(axis=1, keepdims=True)
    triangle, order = scipy.linalg.qr(across.T, mode="r", pivoting=True)
    rank = int((np.abs(np.diagonal(triangle)) > NOISY_DEPENDENT_RTOL).sum())
    return patterns[order[:rank]]


def _outer_balls(problem: Interpolation) -> list[int]:
    """The balls that lie in no other one."""
    balls = np.flatnonzero(problem.radii > 0)
    outer: list[int] = []
    for n in balls[np.argsort(-problem.radii[balls], kind="stable")].tolist():
        distances = np.linalg.norm(problem.centers[outer] - problem.centers[n], axis=1)
        if not (distances + problem.radii[n] <= problem.radii[outer]).any():
            outer.append(n)
    return sorted(outer)


class _Search:
    """A search with one budget."""

    def __init__(
        self, problem: Interpolation, most: int, clock: Clock, settings: SearchSettings
    ) -> None:
        """A search that may make so many estimates."""
        self.clock, self.settings = clock, settings
        self.problem, self.separator, self.left = problem, Separator(problem), most
        ratios = [[float(t).as_integer_ratio() for t in row] for row in problem.targets]
        unit = max(q for row in ratios for _, q in row)
        self.targets = np.array([[p * (unit // q) for p, q in row] for row in ratios], dtype=object)

    def run(
        self, sites: Sequence[int], hints: Iterable[Pattern]
    ) -> InfeasibilityProof | list[Pattern]:
        """A proof with weights on these sites, or the patterns that leave none."""
        span, collected = _Span(sites), list[Pattern]()
        for pattern in hints:
            self.clock.check()
            if span.extends(pattern) and self.separator.decide(pattern).sign > 0:
                self._collect(pattern, span, collected)
        while True:
            unsure = None
            candidates = [weights for weights in span.orthogonal() if self._sees(weights)]
            for weights in sorted(candidates, key=len):
                try:
                    return self._proof(weights, sites)
                except Undecided as error:
                    unsure = error
                except _Escaped as found:
                    self._collect(found.pattern, span, collected)
                    break
            else:
                if unsure is not None:
                    raise unsure
                return collected

    def switches(self, sample: int, patterns: Iterable[Pattern]) -> bool:
        """Whether the sample may be on and off with one of these patterns of the balls: then no
        weights touch it."""
        return any(
            self.estimate({**pattern, sample: False}).wide
            and self.estimate({**pattern, sample: True}).wide
            for pattern in patterns
        )

    def estimate(self, pattern: Pattern) -> Estimate:
        """The widest hinge, as long as the budget lasts."""
        self.clock.check()
        self._spend(1)
        return self.separator.estimate(pattern)

    def _spend(self, estimates: int) -> None:
        """Raise when the budget is spent."""
        self.left -= estimates
        if self.left < 0:
            raise Undecided("the search for a proof was too long")

    def _collect(self, pattern: Pattern, span: _Span, collected: list[Pattern]) -> None:
        """Let a pattern join, which takes arithmetic on a square of rationals."""
        self._spend(len(pattern) ** 2 // self.settings.rationals)
        span.add(pattern)
        collected.append(pattern)

    def _sees(self, weights: dict[int, int]) -> bool:
        """Whether the weighted targets do not sum to zero."""
        return any(sum(c * self.targets[n] for n, c in weights.items()))

    def _proof(self, weights: dict[int, int], sites: Sequence[int]) -> InfeasibilityProof:
        """The proof with these weights."""
        root = max(weights, key=lambda n: abs(weights[n]))
        tree: list[Node] = [Branch(root), Mirror()]
        _Tree(self, weights, sites, tree).grow({root: True})
        alone = [node for node in tree if isinstance(node, Touching)]
        if alone and not self._harmless(alone, weights):
            raise Undecided("only one hyperplane passes between some of the balls")
        dense = tuple(weights.get(n, 0) for n in range(len(self.problem)))
        return InfeasibilityProof(dense, tuple(tree))

    def _harmless(self, alone: list[Touching], weights: dict[int, int]) -> bool:
        """Whether the single hinges play no part: independent normals, and no sample in it."""
        points = self.separator.points
        normals = [sum(c * points[n] for n, c in node.weights) for node in alone]
        units = [normal / np.linalg.norm(normal) for normal in normals]
        rank = np.linalg.matrix_rank(np.array(units), NOISY_DEPENDENT_RTOL)
        return bool(rank == len(alone) and self.separator.sizes[list(weights)].all())


@dataclass(frozen=True)
class _Tree:
    """A tree for some weights, as far as it has grown."""

    search: _Search
    weights: dict[int, int]
    sites: Sequence[int]
    nodes: list[Node]

    def grow(self, decided: Pattern) -> None:
        """Add the subtree in which these sites are decided."""
        least = self.search.settings.least_drop
        pending = [(decided, self.search.estimate(decided))]
        while pending:
            decided, guess = pending.pop()
            leaf = self._leaf(decided, guess)
            if leaf is not None:
                self.nodes.append(leaf)
                continue
            site, off, on = max(
                (self._children(decided, n) for n in self._candidates(decided, guess)),
                key=lambda children: _progress(
                    guess.share, children[1].share, children[2].share, least
                ),
            )
            self.nodes.append(Branch(site))
            pending += [({**decided, site: True}, on), ({**decided, site: False}, off)]

    def _leaf(self, decided: Pattern, guess: Estimate) -> Node | None:
        """The leaf that ends the tree here, if one does."""
        decide = self.search.separator.decide
        decision = Decision(1) if guess.wide else decide(decided, guess)
        if decision.sign < 0:
            return Crossing(decision.weights)
        if all(n in decided for n in self.weights) and not self._sum(decided):
            return Orthogonal()
        # If the only hinge that is left cuts another ball, there is none in the end.
        alone = decision.sign == 0 and not self._cut(decided, guess)
        return Touching(decision.weights) if alone else None

    def _cut(self, decided: Pattern, guess: Estimate) -> list[int]:
        """The undecided sites that the widest hinge cuts, the deepest first."""
        if guess.offsets is None:
            return []
        depths = self.search.separator.sizes - np.abs(guess.offsets)
        cut = [n for n in self.sites if n not in decided and depths[n] > 0]
        return sorted(cut, key=lambda n: -depths[n])

    def _sum(self, pattern: Pattern) -> int:
        """The weights of the sites that are on."""
        return sum(c for n, c in self.weights.items() if pattern[n])

    def _candidates(self, decided: Pattern, guess: Estimate) -> list[int]:
        """The sites that the widest hinge cuts, or else those with weights.

        If it cuts none, it has a pattern, which may not be orthogonal to the weights.
        """
        cut = self._cut(decided, guess)
        if cut:
            return cut[: self.search.settings.candidates]
        undecided = [n for n in self.sites if n not in decided]
        if guess.offsets is not None:
            pattern = {**{n: bool(guess.offsets[n] > 0) for n in undecided}, **decided}
            if self._sum(pattern) and self.search.separator.decide(pattern).sign > 0:
                raise _Escaped(pattern)
        if not undecided:
            raise Undecided("floats do not tell which hyperplanes pass between some of the balls")
        weighted = [n for n in undecided if n in self.weights]
        return weighted[: self.search.settings.candidates] or undecided

    def _children(self, decided: Pattern, site: int) -> tuple[int, Estimate, Estimate]:
        """The widest hinges with the site off and on."""
        off, on = (self.search.estimate({**decided, site: side}) for side in (False, True))
        return site, off, on


def _progress(share: float, off: float, on: float, least: float) -> float:
    """How much narrower the hinges become on both sides of a branch: the product of the drops."""
    drops = (share - (child if child >= 0.5 else 0.0) for child in (off, on))
    first, second = (max(drop, least) for drop in drops)
    return first * second


class _Span:
    """The span of 1 and patterns in rationals, its rows in reduced echelon form."""

    def __init__(self, sites: Sequence[int]) -> None:
        """The span of 1 on these sites."""
        self._sites = sites
        self._rows: dict[int, list[Fraction]] = {}  # by the column of their leading one
        self._join([Fraction(1)] * len(sites))

    def extends(self, pattern: Pattern) -> bool:
        """Whether the pattern is outside."""
        return any(self._reduced(self._vector(pattern)))

    def add(self, pattern: Pattern) -> None:
        """Let the pattern join."""
        self._join(self._vector(pattern))

    def orthogonal(self) -> Iterable[dict[int, int]]:
        """A basis of the integer vectors that are orthogonal to all, by their nonzero entries."""
        for free in range(len(self._sites)):
            if free in self._rows:
                continue
            entries = {free: Fraction(1)}
            entries |= {column: -row[free] for column, row in self._rows.items() if row[free]}
            scale = lcm(*(entry.denominator for entry in entries.values()))
            yield {self._sites[n]: int(scale * entry) for n, entry in entries.items()}

    def _vector(self, pattern: Pattern) -> list[Fraction]:
        """The pattern in the order of the columns."""
        return [Fraction(pattern[n]) for n in self._sites]

    def _reduced(self, vector: list[Fraction]) -> list[Fraction]:
        """The vector without what the rows span."""
        for column, row in self._rows.items():
            factor = vector[column]
            if factor:
                vector = [x - factor * y if y else x for x, y in zip(vector, row, strict=True)]
        return vector

    def _join(self, vector: list[Fraction]) -> None:
        """Add a vector to the rows if it is independent of them."""
        vector = self._reduced(vector)
        lead = next((n for n, x in enumerate(vector) if x), None)
        if lead is None:
            return
        vector = [x / vector[lead] for x in vector]
        for column, row in self._rows.items():
            if row[lead]:
                factor = row[lead]
                self._rows[column] = [
                    x - factor * y if y else x for x, y in zip(row, vector, strict=True)
                ]
        self._rows[lead] = vector
