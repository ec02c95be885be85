r"""The lower bound on the line under any cost, in rationals.

With the sites merged to disjoint intervals, those right of a kink at x are a tail of the list, and

.. math:: q(x) = \sum_{n: y_n > x} (l_n (y_n - x) + G_n)

is affine in every gap between neighbors, :math:`q(x) = A - B x`.  Hinges that face right have the
value q, hinges that face left q - L with :math:`L = \sum_n (l_n y_n + G_n)`, and both weigh
:math:`\omega(x)`.  The multipliers prove :math:`\sum_n l_n^T t_n / \max(1, P)` with

.. math:: P = \sup_x \max(|q(x)|, |q(x) - L|) / \omega(x), \qquad
          \omega(x) = \sqrt{1 + \kappa^2 (x - o)^2} \ \text{or} \ 1 + \kappa |x - o| .

*Equalities.*  The offset is free, so that :math:`\sum l_n = 0`.  If the skip connection is free as
well, or there is a ball (`convexden.theorems.flip`), then L = 0.  Hinges that cut a ball cancel to
an affine function there, which costs nothing and sees nothing if L = 0.

*Outside.*  Left of all sites q = L, right of them q = 0: there L is held against the least
:math:`\omega`, that at an end of the data or at o.

*Gaps.*  :math:`|q|^2 / \omega^2 \le \mu` is a quadratic inequality on an interval, which is decided
exactly; the smallest :math:`\mu` is proposed in floats and raised until it holds.  For
:math:`\omega = 1 + \kappa |x - o|` the ratio is largest at an end or at o.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.two_part import TwoPart
from convexden.cost import Cost
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import root_above, root_below

Array = NDArray[np.float64]
Vector = tuple[Fraction, ...]

# A bound of the squared ratio is first raised by this share, then by 16 times as much, and so on.
FIRST_STEP = Fraction(1, 2**70)


@dataclass(frozen=True)
class LineWeight:
    """The weight of a kink."""

    kappa: Fraction
    origin: Fraction
    l1: bool

    @classmethod
    def of(cls, cost: Cost) -> LineWeight:
        """That of a cost on the line."""
        return cls(Fraction(cost.bias), Fraction(cost.point(1)[0].item()), cost.norm == "l1")

    def square(self, x: Fraction) -> Fraction:
        """The square of the weight at x."""
        bias = self.kappa * abs(x - self.origin)
        return (1 + bias) ** 2 if self.l1 else 1 + bias**2

    def least_square_outside(self, first: Fraction, last: Fraction) -> Fraction:
        """The square of the least weight at x <= first or x >= last."""
        if not first < self.origin < last:
            return Fraction(1)
        return min(self.square(first), self.square(last))


@dataclass(frozen=True)
class Interval:
    """The union of sites that overlap: its ends, and whose sites."""

    begin: Fraction
    end: Fraction
    sites: list[int]


def intervals_of(problem: Interpolation) -> list[Interval]:
    """The sites of a problem on the line as disjoint intervals, rising; these may touch."""
    centers = [Fraction(x) for x in problem.centers[:, 0].tolist()]
    radii = [Fraction(r) for r in problem.radii.tolist()]
    ends = [(y - r, -(y + r), n) for n, (y, r) in enumerate(zip(centers, radii, strict=True))]
    merged: list[Interval] = []
    for begin, minus, n in sorted(ends):
        if merged and (begin < merged[-1].end or -minus <= merged[-1].end):
            last = merged[-1]
            merged[-1] = Interval(last.begin, max(last.end, -minus), [*last.sites, n])
        else:
            merged.append(Interval(begin, -minus, [n]))
    return merged


@dataclass(frozen=True, eq=False)
class WeightedDual:
    """Multipliers on the line that satisfy the equalities of their cost exactly.

    Attributes
    ----------
    objective : Fraction
    gaps : list
        Ends of each gap, and A and B of the affine q in it.
    total : tuple of Fraction
        The L.
    first, last : Fraction
        The ends of the data.
    weight : LineWeight
    residual, stray, moved : float
        As in `convexden.verification.exact.dual.ClosedDual`.
    """

    objective: Fraction
    gaps: list[tuple[Fraction, Fraction, Vector, Vector]]
    total: Vector
    first: Fraction
    last: Fraction
    weight: LineWeight
    residual: float
    stray: float
    moved: float = 0.0


def close_weighted(problem: Interpolation, values: TwoPart, jacobians: TwoPart) -> WeightedDual:
    """Change multipliers (N, p), (N, p, 1) so that the equalities hold exactly: those of the
    outermost sites take what is missing."""
    balls = problem.radii > 0
    centers = [Fraction(x) for x in problem.centers[:, 0].tolist()]
    sizes = np.abs(jacobians.high).sum(axis=(1, 2))
    g = _rows(jacobians.high[:, :, 0], jacobians.low[:, :, 0])
    g = [row if ball else (Fraction(0),) * len(row) for row, ball in zip(g, balls, strict=True)]
    free = problem.cost.skip or bool(balls.any())
    l, change = _closed(centers, _rows(values.high, values.low), g, free)  # noqa: E741
    # The terms of the equalities, and what cannot count.
    middle = problem.centers[:, 0] - problem.centers[:, 0].mean()
    size = float(np.abs(values.high).sum(axis=1) @ np.abs(middle)) + float(sizes[balls].sum())
    stray = float(sizes[~balls].sum())
    intervals = intervals_of(problem)
    tails = _tails(intervals, centers, l, g)
    objective = Fraction(0)
    for row, goal in zip(l, problem.targets.tolist(), strict=True):
        objective += sum((x * Fraction(t) for x, t in zip(row, goal, strict=True)), Fraction(0))
    return WeightedDual(
        objective,
        [
            (a.end, b.begin, *tail)
            for (a, b), tail in zip(pairwise(intervals), tails[1:], strict=True)
        ],
        tails[0][0],
        intervals[0].begin,
        intervals[-1].end,
        LineWeight.of(problem.cost),
        float(change) / size if size > 0.0 else float(change > 0),
        stray / size if size > 0.0 else float(stray > 0.0),
    )


def _closed(
    centers: list[Fraction],
    l: list[Vector],  # noqa: E741
    g: list[Vector],
    free: bool,
) -> tuple[list[Vector], Fraction]:
    """Values that satisfy the equalities, and the size of what had to be added."""
    closed, change = list(l), Fraction(0)
    low, high = centers.index(min(centers)), centers.index(max(centers))
    width = centers[high] - centers[low]
    for j in range(len(l[0])):
        missing = -sum((row[j] for row in l), Fraction(0))
        moment = sum((row[j] * y for row, y in zip(l, centers, strict=True)), Fraction(0))
        moment += sum((row[j] for row in g), Fraction(0))
        at_high = (-moment - missing * centers[low]) / width if free else Fraction(0)
        for n, step in ((low, missing - at_high), (high, at_high)):
            row = closed[n]
            closed[n] = (*row[:j], row[j] + step, *row[j + 1 :])
            change += abs(step) * width
    return closed, change


def weighted_maximum(dual: WeightedDual) -> tuple[float, float]:
    """An enclosure of P: the lower end is attained, up to rounding."""
    none = (Fraction(0),) * len(dual.total)
    square = _square(dual.total) / dual.weight.least_square_outside(dual.first, dual.last)
    lower = upper = square
    for start, stop, value, slope in dual.gaps:
        for shift in {none, dual.total}:
            moved = tuple(a - b for a, b in zip(value, shift, strict=True))
            least, most = _gap(dual.weight, start, stop, moved, slope)
            lower, upper = max(lower, least), max(upper, most)
    return root_below(lower), root_above(upper)


def _gap(
    weight: LineWeight, start: Fraction, stop: Fraction, value: Vector, slope: Vector
) -> tuple[Fraction, Fraction]:
    """An enclosure of the largest squared ratio of |value - slope x| and the weight on a gap."""
    o, kappa2 = weight.origin, weight.kappa**2
    value = tuple(a - b * o for a, b in zip(value, slope, strict=True))
    ends = start - o, stop - o
    # |value - slope s|^2 = c - 2 b s + a s^2
    a, c = _square(slope), _square(value)
    b = sum((x * y for x, y in zip(value, slope, strict=True)), Fraction(0))
    places = [*ends]
    if ends[0] < 0 < ends[1] and weight.l1:
        places.append(Fraction(0))
    if kappa2 and not weight.l1:
        places += [s for s in _critical(a, b, c, kappa2) if ends[0] < s < ends[1]]
    attained = max((c - 2 * b * s + a * s * s) / weight.square(s + o) for s in places)
    if not kappa2 or weight.l1 or attained == 0:
        return attained, attained
    bound, step = attained, FIRST_STEP
    while not _holds(bound * kappa2 - a, 2 * b, bound - c, *ends):
        bound, step = attained * (1 + step), 16 * step
    return attained, bound


def _critical(a: Fraction, b: Fraction, c: Fraction, kappa2: Fraction) -> list[Fraction]:
    """Where the ratio may be largest, in floats: the roots of kappa2 b s^2 + (a - kappa2 c) s - b.

    Shared factors do not matter, so that numbers of any size are scaled to floats.
    """
    numbers = [kappa2 * b, a - kappa2 * c, -b]
    largest = max(map(abs, numbers))
    if not largest:
        return []
    roots = np.roots([float(x / largest) for x in numbers])
    return [Fraction(x) for x in roots.real.tolist()]


def _holds(e2: Fraction, e1: Fraction, e0: Fraction, start: Fraction, stop: Fraction) -> bool:
    """Whether e2 s^2 + e1 s + e0 is nonnegative on [start, stop]."""
    if min(e2 * s * s + e1 * s + e0 for s in (start, stop)) < 0:
        return False
    if e2 <= 0 or not start < -e1 / (2 * e2) < stop:
        return True
    return 4 * e0 * e2 >= e1 * e1


def _tails(
    intervals: list[Interval],
    centers: list[Fraction],
    l: list[Vector],  # noqa: E741
    g: list[Vector],
) -> list[tuple[Vector, Vector]]:
    """The sums of l_n y_n + G_n and of l_n over the sites from each interval on."""
    outputs = len(l[0])
    value, slope = (Fraction(0),) * outputs, (Fraction(0),) * outputs
    tails: list[tuple[Vector, Vector]] = []
    for interval in reversed(intervals):
        for n in interval.sites:
            y = centers[n]
            value = tuple(v + a * y + s for v, a, s in zip(value, l[n], g[n], strict=True))
            slope = tuple(v + a for v, a in zip(slope, l[n], strict=True))
        tails.append((value, slope))
    return tails[::-1]


def _rows(high: Array, low: Array) -> list[Vector]:
    """Sums of two floats (N, p) as rationals."""
    low = np.broadcast_to(low, high.shape)
    return [
        tuple(Fraction(a) + Fraction(b) for a, b in zip(*pair, strict=True))
        for pair in zip(high.tolist(), low.tolist(), strict=True)
    ]


def _square(vector: Vector) -> Fraction:
    """The squared length."""
    return sum((x * x for x in vector), Fraction(0))
