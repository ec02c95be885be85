"""The linear program of a line whose kinks weigh differently, with one output.

A column is a hinge: at a knot, or in a gap, where it shares its mass between the knots at the ends.
Without a skip connection each is there twice, for hinges that face right and left, and one more
stands for the cheapest hinge outside of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from scipy import sparse

from convexden.arithmetic.two_part import TwoPart
from convexden.errors import NotCertified
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.line.weighted import Dots, Kinks


@dataclass(frozen=True)
class BendSettings:
    """Parameters of the exchange."""

    rounds: int = 60
    """Programs until it gives up; it converges quadratically, in some six."""

    excess: float = 3e-10
    """Share by which the dual may exceed the weight of a kink: above the accuracy of the program,
    1e-10, below that of a certified solution, 1e-8."""

    dust: float = 1e-11
    """Masses below this share of the largest are rounding of the program."""


SETTINGS = BendSettings()


@dataclass(frozen=True, eq=False)
class _Columns:
    """Hinges: their gaps, -1 for those at knots and outside; positions; whether they face left;
    knots, -1 for the others."""

    gaps: Indices
    x: Array
    left: Flags
    knots: Indices

    def with_kinks(self, gaps: Indices, x: Array, left: Flags) -> _Columns:
        """These and some in gaps."""
        return _Columns(
            np.append(self.gaps, gaps),
            np.append(self.x, x),
            np.append(self.left, left),
            np.append(self.knots, np.full(len(gaps), -1)),
        )

    def matrix(self, dots: Dots) -> sparse.csc_array:
        """The rows of the knots."""
        count = len(self.x)
        share = np.ones(count)
        inside = self.gaps >= 0
        gaps = self.gaps[inside]
        share[inside] = (dots.stops[gaps] - self.x[inside]) / (dots.stops - dots.starts)[gaps]
        first, second = self.knots.copy(), np.full(count, -1)
        first[inside], second[inside] = dots.before[gaps], dots.after[gaps]
        number = np.arange(count)
        turned = self.left & dots.sloped
        rows = np.concatenate([first, second, np.where(turned, 0, -1)])
        values = np.concatenate([share, 1.0 - share, -np.ones(count)])
        outside = (first < 0) & (second < 0) & ~inside & ~turned
        rows[:count][outside], values[:count][outside] = 0, 1.0
        kept = rows >= 0
        return sparse.csc_array(
            (values[kept], (rows[kept], np.tile(number, 3)[kept])), (len(dots.jumps), count)
        )


def bend(dots: Dots) -> tuple[Kinks, Array]:
    """The cheapest kinks through the dots, and the dual q (K, 1) at the knots.

    Raises
    ------
    NotCertified
        If the program has no solution to rounding.
    """
    columns = _first_columns(dots)
    masses, q = _program(dots, columns)
    for _ in range(SETTINGS.rounds):
        found = _violated(dots, q)
        if not len(found[0]):
            break
        columns = columns.with_kinks(*found)
        masses, q = _program(dots, columns)
    return _merged(dots, columns, masses), q[:, None]


def _first_columns(dots: Dots) -> _Columns:
    """Hinges at all knots, and outside."""
    inner = np.arange(int(dots.sloped), len(dots.jumps))
    x = dots.knots.high[inner]
    none, right = np.full(len(inner), -1), np.zeros(len(inner), dtype=bool)
    if not dots.sloped:
        return _Columns(none, x, right, inner)
    place, turned = dots.outside
    return _Columns(
        np.full(2 * len(inner) + 1, -1),
        np.concatenate([[place], x, x]),
        np.concatenate([[turned], right, ~right]),
        np.concatenate([[-1], inner, inner]),
    )


def _program(dots: Dots, columns: _Columns) -> tuple[Array, Array]:
    """Masses of the columns and the dual at the knots."""
    scale = dots.weight(dots.knots.high)
    rows = sparse.diags_array(scale) @ columns.matrix(dots)
    weights = dots.weight(columns.x)
    rows = rows @ sparse.diags_array(1.0 / weights)
    goal = scale * dots.jumps[:, 0]
    size = np.abs(goal).max(initial=0.0) or 1.0
    found = scipy.optimize.linprog(
        np.ones(2 * len(weights)),
        A_eq=sparse.hstack([rows, -rows]),
        b_eq=goal / size,
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise NotCertified("the linear program of the line was not solved: rescale the data")
    plus, minus = np.split(found.x, 2)
    return size * (plus - minus) / weights, scale * found.eqlin.marginals


def _violated(dots: Dots, q: Array) -> tuple[Indices, Array, Flags]:
    """Hinges in gaps whose weight the dual exceeds."""
    before, after = dots.ends(q[:, None])
    gaps, x, left = [], [], []
    for faces_left, shift in [(False, 0.0), (True, q[0])] if dots.sloped else [(False, 0.0)]:
        places = dots.weight.peaks(dots.starts, dots.stops, before - shift, after - shift)
        lengths = (dots.stops - dots.starts)[:, None]
        inside = (places > dots.starts[:, None]) & (places < dots.stops[:, None])
        share = np.divide(dots.stops[:, None] - places, lengths, out=0 * places, where=lengths > 0)
        height = np.abs(share * before + (1.0 - share) * after - shift) / dots.weight(places)
        over = inside & (height > 1.0 + SETTINGS.excess)
        gaps.append(np.nonzero(over)[0])
        x.append(places[over])
        left.append(np.full(int(over.sum()), faces_left))
    return np.concatenate(gaps), np.concatenate(x), np.concatenate(left)


def _merged(dots: Dots, columns: _Columns, masses: Array) -> Kinks:
    """The kinks with mass, those of a gap as one, through the dots up to rounding."""
    masses = np.where(np.abs(masses) > SETTINGS.dust * np.abs(masses).max(), masses, 0.0)
    # The part of each mass that counts at each end of its gap, summed over the gap.
    share = np.ones(len(masses))
    inside = columns.gaps >= 0
    gaps = columns.gaps[inside]
    share[inside] = (dots.stops[gaps] - columns.x[inside]) / (dots.stops - dots.starts)[gaps]
    parts = np.zeros((2, 2, len(dots.starts)))  # faces left, end of the gap
    for left in (0, 1):
        here = inside & (columns.left == bool(left))
        for end, portion in enumerate((share, 1.0 - share)):
            np.add.at(parts[left, end], columns.gaps[here], (portion * masses)[here])
    at_knots = np.where(inside, 0.0, masses)
    _repair(dots, columns, at_knots, parts)
    total = parts.sum(axis=1)
    used = total != 0.0
    middle = np.divide(parts[:, 1], total, out=np.zeros_like(total), where=used)
    x = dots.starts + middle * (dots.stops - dots.starts)
    places = np.where(columns.knots[~inside] >= 0, columns.knots[~inside], 0)
    at = dots.knots.rows(places).where(columns.knots[~inside] >= 0, TwoPart.of(columns.x[~inside]))
    faces = [columns.left[~inside], np.zeros(used[0].sum()), np.ones(used[1].sum())]
    return Kinks(
        TwoPart.join(at, TwoPart.of(np.concatenate([x[0][used[0]], x[1][used[1]]]))),
        TwoPart.of(
            np.concatenate([at_knots[~inside], total[0][used[0]], total[1][used[1]]])[:, None]
        ),
        np.concatenate(faces).astype(bool),
    )


def _repair(dots: Dots, columns: _Columns, at_knots: Array, parts: Array) -> None:
    """Spread what is missing at each knot over what has mass there, in place."""
    for k in range(int(dots.sloped), len(dots.jumps)):
        here = np.flatnonzero((columns.knots == k) & (at_knots != 0.0))
        after, before = np.flatnonzero(dots.after == k), np.flatnonzero(dots.before == k)
        terms = [
            at_knots[here],
            *(parts[:, 1, j] for j in after),
            *(parts[:, 0, j] for j in before),
        ]
        missing = float(dots.jumps[k, 0]) - sum(float(each.sum()) for each in terms)
        shares = sum(int((each != 0.0).sum()) for each in terms)
        if not shares:
            continue
        at_knots[here] += missing / shares
        for end, gaps in ((1, after), (0, before)):
            for j in gaps:
                parts[:, end, j] += np.where(parts[:, end, j] != 0.0, missing / shares, 0.0)
