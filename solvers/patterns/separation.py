r"""Whether a hinge has some sites on and others off, decided in integers.

With signs s = +1 for sites that are on and -1 for those that are off, the widest hinge is

    minimize |w|^2   subject to   s_n (w.y_n + b) >= r_n,

and one of length one exists iff |w| <= 1 there.  It comes from nonnegative least squares (Lawson &
Hanson 1974, chapter 23): with the u >= 0, sum s_n u_n = 0, that minimize

    |W|^2 + q^2,   W = sum_n s_n u_n y_n,   q = 1 - sum_n r_n u_n,

it is w = W / q with |w|^2 = (1 - q) / q.  So there are hinges to spare if q > 1/2, and exactly one
if q = 1/2.  If q < 1/2, the weights c_n = s_n u_n prove that there is none:
|sum c_n y_n| < sum |c_n| r_n.

The set of sites with positive weights is found in floats.  On that set the weights are
rational, and if they are not optimal the method goes on in rationals, where it ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from scipy.optimize import nnls

from convexden.problem import Interpolation
from convexden.solvers.hinges import Array
from convexden.tolerances import FAINT_RTOL, TANGENCY_RTOL

Pattern = Mapping[int, bool]  # the sites that are on, and those that are off
Weights = dict[int, Fraction]
Crossing = tuple[tuple[int, int], ...]  # sites and their integers c_n


@dataclass(frozen=True)
class SeparationSettings:
    """Parameters of the widest hinge of a pattern, first in floats, then in integers."""

    lever: float = 1e4
    """How much more the equation sum s_n u_n = 0 weighs in floats than a step of one spread:
    enough to be met to eight digits, and few enough to leave eight for the rest."""

    unsure: float = 1e-6
    """Shares this close to one half are decided in integers."""

    places: tuple[int, ...] = (6, 12, 24, 48, 96)
    """Bits of the integers c_n that are tried: the fewest that still prove are taken, as the
    checker's work grows with them."""


SETTINGS = SeparationSettings()


@dataclass(frozen=True)
class Estimate:
    """The widest hinge with a pattern in floats, which prove nothing.

    Attributes
    ----------
    share : float
        The number q above: below one half there is no hinge.
    offsets : (N,) array or None
        ``w.y_n + b`` at all sites, in units of the spread; None where the sites on and off overlap
        or are all on one side.
    weights : dict
        The u_n that are not zero.
    wide : bool
        Whether there are hinges for sure, as far as floats can tell.
    """

    share: float
    offsets: Array | None
    weights: dict[int, float]
    wide: bool


@dataclass(frozen=True)
class Decision:
    """Whether hinges have a pattern, in integers.

    Attributes
    ----------
    sign : int
        1 if there are hinges to spare, 0 if there is one alone, -1 if there is none.
    weights : tuple of (int, int)
        If there is none or one, the sites and the integers c_n that prove it.
    """

    sign: int
    weights: Crossing = ()


class Separator:
    """Decides which patterns have hinges.

    Parameters
    ----------
    problem : Interpolation
    settings : SeparationSettings, optional
    """

    def __init__(self, problem: Interpolation, settings: SeparationSettings = SETTINGS) -> None:
        """A problem in integers, and its differences for the estimates."""
        self.settings = settings
        self._centers, self._radii = _integers(problem)
        steps = problem.centers - problem.centers.mean(axis=0)
        if steps.shape[1] > len(steps):  # the same distances in fewer dimensions
            steps = np.asarray(np.linalg.qr(steps.T, mode="r")).T
        self.points: Array = steps / problem.input_spread
        self.sizes: Array = problem.radii / problem.input_spread
        self._products: dict[tuple[int, int], int] = {}

    def estimate(self, pattern: Pattern) -> Estimate:
        """The widest hinge in floats."""
        if not self._both_sides(pattern):
            return Estimate(1.0, None, {}, True)
        sites = np.fromiter(pattern, dtype=np.intp)
        signs = np.where(np.fromiter(pattern.values(), dtype=bool), 1.0, -1.0)
        rows = np.vstack(
            [
                (signs[:, None] * self.points[sites]).T,
                self.settings.lever * signs,
                self.sizes[sites],
            ]
        )
        right = np.zeros(len(rows))
        right[-1] = 1.0
        try:
            weights = nnls(rows, right)[0]
        except RuntimeError:  # too many iterations
            return Estimate(0.5, None, {}, False)
        rest = right - rows @ weights
        used = np.flatnonzero(weights > FAINT_RTOL * weights.max(initial=0.0))
        known = {int(sites[n]): float(weights[n]) for n in used}
        share = float(rest[-1])
        if share <= FAINT_RTOL:
            return Estimate(0.0, None, known, False)
        offsets = -(self.points @ rest[:-2] + self.settings.lever * rest[-2]) / share
        met = bool((signs * offsets[sites] >= self.sizes[sites] - TANGENCY_RTOL).all())
        return Estimate(share, offsets, known, met and share > 0.5 + self.settings.unsure)

    def decide(self, pattern: Pattern, guess: Estimate | None = None) -> Decision:
        """The verdict in integers; an estimate at hand spares the search for the sites that count.

        A pattern of one side, or of samples alone, has hinges to spare.
        """
        if not self._both_sides(pattern):
            return Decision(1)
        guess = self.estimate(pattern) if guess is None else guess
        if guess.share < 0.5:
            known = {n: Fraction(weight) for n, weight in guess.weights.items()}
            crossing = self._rounded(pattern, known)
            if crossing:
                return Decision(-1, crossing)
        weights = self._least_squares(pattern, list(guess.weights))
        excess = 1 - 2 * self._reach(weights)  # 2 q - 1
        if excess > 0:
            return Decision(1)
        sign = -1 if excess < 0 else 0
        return Decision(sign, self._rounded(pattern, weights, sign))

    def _both_sides(self, pattern: Pattern) -> bool:
        """Whether some site is on and some off, and one of them is a ball."""
        sides = set(pattern.values())
        return len(sides) == 2 and any(self._radii[n] for n in pattern)

    def _least_squares(self, pattern: Pattern, start: Sequence[int]) -> Weights:
        """The optimal weights, or the first ones on the way to them that prove a crossing.

        The weights are positive and optimal on a set of sites.  In every step the site whose
        constraint the hinge violates the most joins, and those leave whose weight would be
        negative.
        """
        solved = self._optimal_on(pattern, start) if start else None
        if solved is None or min(solved[0].values()) <= 0:
            solved = self._optimal_on(pattern, self._widest_pair(pattern))
        assert solved is not None  # two sites, one of them a ball, determine their weights
        weights, level = solved
        while 2 * self._reach(weights) <= 1:
            violated = self._most_violated(pattern, weights, level)
            if violated is None:
                break
            weights[violated] = Fraction(0)
            weights, level = self._positive(pattern, weights)
        return weights

    def _widest_pair(self, pattern: Pattern) -> list[int]:
        """The largest site that is on, and the largest that is off."""
        sides = ([n for n in pattern if pattern[n] is side] for side in (True, False))
        return [max(side, key=self._radii.__getitem__) for side in sides]

    def _positive(self, pattern: Pattern, weights: Weights) -> tuple[Weights, Fraction]:
        """From weights of which one is zero to those that are optimal on the sites they keep."""
        while True:
            solved = self._optimal_on(pattern, list(weights))
            assert solved is not None  # what violates a hinge is independent of what holds it
            wanted, level = solved
            negative = [n for n, weight in wanted.items() if weight <= 0]
            if not negative:
                return wanted, level
            step = min(weights[n] / (weights[n] - wanted[n]) for n in negative)
            moved = {n: u + step * (wanted[n] - u) for n, u in weights.items()}
            weights = {n: u for n, u in moved.items() if u > 0}

    def _optimal_on(
        self, pattern: Pattern, sites: Sequence[int]
    ) -> tuple[Weights, Fraction] | None:
        """The weights of these sites that are optimal but for their signs, and the level b q.

        None if they are not unique.
        """
        signs = [1 if pattern[n] else -1 for n in sites]
        matrix = [
            [
                s * t * self._product(m, n) + self._radii[m] * self._radii[n]
                for t, n in zip(signs, sites, strict=True)
            ]
            + [s, self._radii[m]]
            for s, m in zip(signs, sites, strict=True)
        ]
        solution = _solve([*matrix, [*signs, 0, 0]])
        if solution is None:
            return None
        return dict(zip(sites, solution[:-1], strict=True)), solution[-1]

    def _most_violated(self, pattern: Pattern, weights: Weights, level: Fraction) -> int | None:
        """The site with the most negative s_n (W.y_n + b q) - r_n q, if there is one."""
        scale = lcm(level.denominator, *(u.denominator for u in weights.values()))
        signed = {m: int(scale * u) * (1 if pattern[m] else -1) for m, u in weights.items()}
        share, bias = int(scale * (1 - self._reach(weights))), int(scale * level)
        worst, least = None, 0
        for n, active in pattern.items():
            if n not in weights:
                z = sum(c * self._product(m, n) for m, c in signed.items()) + bias
                slack = (z if active else -z) - self._radii[n] * share
                if slack < least:
                    worst, least = n, slack
        return worst

    def _reach(self, weights: Weights) -> Fraction:
        """The sum of r_n u_n."""
        return sum((self._radii[n] * u for n, u in weights.items()), Fraction(0))

    def _product(self, m: int, n: int) -> int:
        """Inner product of two centers, seen from the first site."""
        key = (min(m, n), max(m, n))
        if key not in self._products:
            self._products[key] = int(self._centers[key[0]] @ self._centers[key[1]])
        return self._products[key]

    def _rounded(self, pattern: Pattern, weights: Weights, sign: int = -1) -> Crossing:
        """Integers in proportion to the weights that prove the sign of a decision, as small as may
        be; nothing if the weights do not prove it."""
        sides = [{n: u for n, u in weights.items() if pattern[n] is side} for side in (True, False)]
        if not all(sides):
            return ()
        totals = [sum(side.values(), Fraction(0)) for side in sides]
        shares = {
            n: u / total for side, total in zip(sides, totals, strict=True) for n, u in side.items()
        }
        exact = lcm(*(u.denominator for u in shares.values()))
        for scale in (*(1 << bits for bits in self.settings.places), exact):
            integers = {n: round(scale * u) * (1 if pattern[n] else -1) for n, u in shares.items()}
            heaviest = max(integers, key=lambda n: abs(integers[n]))
            integers[heaviest] -= sum(integers.values())
            crossing = tuple((n, c) for n, c in integers.items() if c)
            if all((c > 0) is pattern[n] for n, c in crossing) and self._excess(crossing) <= sign:
                return crossing
        return ()

    def _excess(self, crossing: Crossing) -> int:
        """The square of sum c_n y_n minus that of sum |c_n| r_n."""
        square = sum(c * e * self._product(m, n) for m, c in crossing for n, e in crossing)
        return square - sum(abs(c) * self._radii[n] for n, c in crossing) ** 2


def _integers(problem: Interpolation) -> tuple[list[Any], list[int]]:
    """Centers, seen from the first one, and radii as integers of one unit."""
    numbers = np.column_stack([problem.centers, problem.radii])
    ratios = [[float(x).as_integer_ratio() for x in row] for row in numbers]
    unit = max(denominator for row in ratios for _, denominator in row)  # powers of two
    integers = np.array([[p * (unit // q) for p, q in row] for row in ratios], dtype=object)
    centers = integers[:, :-1] - integers[0, :-1]
    return list(centers), integers[:, -1].tolist()


def _solve(rows: list[list[int]]) -> list[Fraction] | None:
    """Solve a square system of integers, the right side last in each row; None if singular.

    Elimination without fractions (Bareiss 1968): every division leaves no remainder.
    """
    size, previous = len(rows), 1
    for k in range(size):
        pivot = next((i for i in range(k, size) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        head = rows[k]
        for i in range(size):
            if i != k:
                row, factor = rows[i], rows[i][k]
                rows[i] = [
                    (head[k] * x - factor * y) // previous for x, y in zip(row, head, strict=True)
                ]
        previous = head[k]
    return [Fraction(row[-1], row[k]) for k, row in enumerate(rows)]
