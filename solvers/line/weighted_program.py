"""The linear program of a line whose kinks weigh differently, with one output.

A column is a hinge: at a knot, or in a gap, where it shares its mass between the knots at the ends.
Without a skip connection each is there twice, for hinges that face right and left, and one more
stands for the cheapest hinge outside of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize
from scipy import sparse

from convexden.arithmetic.two_part import TwoPart
from convexden.errors import NotCertified
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.line.weighted import Dots, Kinks
from convexden.solvers.line.weighted_newton import Bends, polish


@dataclass(frozen=True)
class BendSettings:
    """Parameters of the exchange."""

    rounds: int = 60
    """Programs until it gives up; it converges quadratically, in some six."""

    near: float = 1e-5
    """Share by which the dual may exceed the weight of a kink when Newton's method is tried."""

    excess: float = 3e-10
    """The same when it ends without: above the accuracy of the program, 1e-10, below that of a
    certified solution, 1e-8."""

    polished: float = 1e-13
    """The same after Newton's method."""

    dust: float = 1e-9
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

    def shares(self, dots: Dots) -> Array:
        """The share of each mass that counts at the beginning of its gap; 1 for those in none."""
        share = np.ones(len(self.x))
        inside = self.gaps >= 0
        gaps = self.gaps[inside]
        share[inside] = (dots.stops[gaps] - self.x[inside]) / (dots.stops - dots.starts)[gaps]
        return share

    def matrix(self, dots: Dots) -> sparse.csc_array:
        """The rows of the knots."""
        count, share, inside = len(self.x), self.shares(dots), self.gaps >= 0
        first, second = self.knots.copy(), np.full(count, -1)
        first[inside] = dots.before[self.gaps[inside]]
        second[inside] = dots.after[self.gaps[inside]]
        turned = self.left & dots.sloped
        outside = (self.knots < 0) & ~inside & ~turned
        rows = np.concatenate([np.where(outside, 0, first), second, np.where(turned, 0, -1)])
        values = np.concatenate([share, 1.0 - share, -np.ones(count)])
        kept = rows >= 0
        return sparse.csc_array(
            (values[kept], (rows[kept], np.tile(np.arange(count), 3)[kept])),
            (len(dots.jumps), count),
        )


def bend(dots: Dots) -> tuple[Kinks, Array]:
    """The cheapest kinks through the dots, and the dual q (K, 1) at the knots.

    Raises
    ------
    NotCertified
        If the program has no solution to rounding.
    """
    columns = _first_columns(dots)
    smooth = dots.weight.cost.norm == "l2" and dots.weight.cost.bias > 0.0
    masses, q = _program(dots, columns)
    for _ in range(SETTINGS.rounds):
        gaps, x, left, excess = _violated(dots, q)
        if excess <= SETTINGS.near and smooth:
            better = polish(dots, _merged(dots, columns, masses), q)
            if better is not None and _violated(dots, better[1])[-1] <= SETTINGS.polished:
                return _kinks(dots, better[0]), better[1][:, None]
        if not len(gaps):
            break
        columns = columns.with_kinks(gaps, x, left)
        masses, q = _program(dots, columns)
    return _kinks(dots, _merged(dots, columns, masses)), q[:, None]


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
    weights = dots.weight(columns.x)
    rows = sparse.diags_array(scale) @ columns.matrix(dots) @ sparse.diags_array(1.0 / weights)
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


def _violated(dots: Dots, q: Array) -> tuple[Indices, Array, Flags, float]:
    """Hinges in gaps whose weight the dual exceeds, and by how much it does at most."""
    before, after = dots.ends(q[:, None])
    gaps, x, left, largest = [], [], [], 0.0
    for faces_left, shift in [(False, 0.0), (True, q[0])] if dots.sloped else [(False, 0.0)]:
        places = dots.weight.peaks(dots.starts, dots.stops, before - shift, after - shift)
        lengths = (dots.stops - dots.starts)[:, None]
        inside = (places > dots.starts[:, None]) & (places < dots.stops[:, None])
        share = np.divide(dots.stops[:, None] - places, lengths, out=0 * places, where=lengths > 0)
        height = np.abs(share * before + (1.0 - share) * after - shift) / dots.weight(places)
        over = inside & (height > 1.0 + SETTINGS.excess)
        largest = max(largest, float((height - 1.0).max(initial=0.0)))
        gaps.append(np.nonzero(over)[0])
        x.append(places[over])
        left.append(np.full(int(over.sum()), faces_left))
    return np.concatenate(gaps), np.concatenate(x), np.concatenate(left), largest


def _merged(dots: Dots, columns: _Columns, masses: Array) -> Bends:
    """What has mass, with the kinks of a gap as one."""
    sizes = np.abs(masses) * dots.weight(columns.x)
    masses = np.where(sizes > SETTINGS.dust * sizes.max(), masses, 0.0)
    share, inside = columns.shares(dots), columns.gaps >= 0
    parts = np.zeros((2, 2, len(dots.starts)))  # end of the gap, faces left
    for left in (0, 1):
        here = inside & (columns.left == bool(left))
        for end, portion in enumerate((share, 1.0 - share)):
            np.add.at(parts[end, left], columns.gaps[here], (portion * masses)[here])
    faces, gaps = np.nonzero((parts != 0.0).any(axis=0))
    kept = ~inside & (masses != 0.0)
    return Bends(
        columns.knots[kept],
        columns.x[kept],
        columns.left[kept],
        masses[kept],
        gaps,
        faces.astype(bool),
        parts[:, faces, gaps],
    )


def _kinks(dots: Dots, bends: Bends) -> Kinks:
    """The kinks through the dots up to rounding."""
    bends = _repaired(dots, bends)
    total = bends.parts.sum(axis=0)
    lengths = (dots.stops - dots.starts)[bends.gaps]
    x = TwoPart.of(dots.starts[bends.gaps] + bends.parts[1] / total * lengths)
    at_knot = bends.knots >= 0
    knots = dots.knots.rows(np.where(at_knot, bends.knots, 0))
    return Kinks(
        TwoPart.join(knots.where(at_knot, TwoPart.of(bends.x)), x),
        TwoPart.of(np.append(bends.masses, total)[:, None]),
        np.append(bends.left, bends.gaps_left),
    )


def _repaired(dots: Dots, bends: Bends) -> Bends:
    """What is missing at each knot spread over what has mass there."""
    missing, shares = dots.jumps[:, 0].copy(), np.zeros(len(dots.jumps))
    at_knot = bends.knots >= 0
    rows = bends.knots[at_knot], dots.before[bends.gaps], dots.after[bends.gaps]
    terms = bends.masses[at_knot], *bends.parts
    for places, values in zip(rows, terms, strict=True):
        there = places >= 0
        np.subtract.at(missing, places[there], values[there])
        np.add.at(shares, places[there], 1.0)
    missing = np.divide(missing, shares, out=np.zeros_like(missing), where=shares > 0)
    missing[: int(dots.sloped)] = 0.0  # the first slope: hinges that face left count there as well
    masses, parts = bends.masses.copy(), bends.parts.copy()
    masses[at_knot] += missing[rows[0]]
    for end in (0, 1):
        parts[end] += np.where(rows[1 + end] >= 0, missing[rows[1 + end]], 0.0)
    return replace(bends, masses=masses, parts=parts)
