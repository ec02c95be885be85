r"""Arcs of the plane that floats could not settle, in integers of any length.

The polynomials are those of `convexden.verification.exact.plane`, with exact coefficients and
dyadic ends, and so are the decisions: an arc is done if some ball is cut on all of it, or if, for
each pattern that is possible on it, the Bernstein coefficients of F are within the level.  Else it
is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from convexden.verification.exact.dual import ClosedDual

# Halvings of one arc, and polynomials that are looked at in all (some 10 microseconds each).
_DEPTH = 120
_BUDGET = 200_000
# Sites on which both sides are possible: all their patterns are tried.
_OPEN = 3


@dataclass(frozen=True)
class Arc:
    """Normals ``sign (1 - t^2, 2 t)`` with t in [left, right], tangent to the pivot from its active
    side; and a bound of |F| / tau on it, in the units of the integers."""

    pivot: int
    sign: int
    left: Fraction
    right: Fraction
    bound: Fraction


@dataclass(frozen=True)
class _Site:
    """Blossoms a + b (x + y) + c x y of z and of its part D (l z + G w) of F, and the radius."""

    z: tuple[int, int, int]
    parts: tuple[tuple[int, int, int], ...]
    radius: int
    ball: bool


def settle(dual: ClosedDual, arcs: list[Arc], level: Fraction) -> Fraction:
    """The smallest bound of |F| / tau that is shown on all arcs: the level, if it can be.

    Parameters
    ----------
    dual : ClosedDual
    arcs : list of Arc
    level : Fraction
        In the units of the integers: of values times coordinates.
    """
    bound, budget = level, _BUDGET
    square = level * level
    cache: dict[tuple[int, int], list[_Site]] = {}
    for arc in sorted(arcs, key=lambda arc: arc.bound, reverse=True):
        key = (arc.pivot, arc.sign)
        if budget > 0 and key not in cache:
            cache[key] = _sites(dual, *key)
        spent = budget + 1
        if budget > 0:
            spent = _settled(cache[key], arc, square, budget)
        budget -= spent
        if budget < 0:
            return max(bound, arc.bound)
    return bound


def _sites(dual: ClosedDual, pivot: int, sign: int) -> list[_Site]:
    """The polynomials of all sites for hinges tangent to the pivot."""
    own = int(dual.radii[pivot])
    found = []
    for m in range(len(dual.radii)):
        x, y = (sign * int(step) for step in dual.centers[m] - dual.centers[pivot])
        parts = []
        for value, row in zip(dual.values[m], dual.jacobians[m], strict=True):
            along, across = int(value) * x + sign * int(row[0]), int(value) * y + sign * int(row[1])
            level = int(value) * own
            parts.append((level + along, across, level - along))
        radius = int(dual.radii[m])
        ball = radius > 0 or any(int(g) for g in dual.jacobians[m].ravel())
        # The pivot is active by definition: z beyond its radius.
        z = (1, 0, 1) if m == pivot else (own + x, y, own - x)
        found.append(_Site(z, tuple(parts), -1 if m == pivot else radius, ball))
    return found


def _settled(sites: list[_Site], arc: Arc, square: Fraction, budget: int) -> int:
    """How many polynomials were looked at until the arc was done; more than the budget if not."""
    outputs = len(sites[0].parts)
    zero = [[0, 0, 0] for _ in range(outputs)]
    stack = [(arc.left, arc.right, list(range(len(sites))), zero, 0)]
    spent = 0
    while stack:
        left, right, pending, active, depth = stack.pop()
        ends = _Ends.of(left, right)
        active = [row[:] for row in active]
        spent += len(pending)
        kept, both, dead = [], [], False
        for m in pending:
            site = sites[m]
            z = ends.of_blossom(site.z)
            reach = [site.radius * tau for tau in ends.taus]
            never_on = all(x < r for x, r in zip(z, reach, strict=True))
            never_off = all(x > -r for x, r in zip(z, reach, strict=True))
            if never_on and never_off:
                dead = True
                break
            if not never_on and not never_off:
                both.append(m)
            elif never_on and all(x <= -r for x, r in zip(z, reach, strict=True)):
                continue  # inactive on all of it
            elif never_off and all(x >= r for x, r in zip(z, reach, strict=True)):
                _add(active, site)
                continue
            kept.append((m, never_off))
        if dead:
            continue
        if len(both) <= _OPEN and _within(sites, kept, both, active, ends, square):
            continue
        if depth >= _DEPTH or spent > budget:
            return budget + 1
        middle = (left + right) / 2
        rest = [m for m, _ in kept]
        stack.append((left, middle, rest, active, depth + 1))
        stack.append((middle, right, rest, active, depth + 1))
    return spent


@dataclass(frozen=True)
class _Ends:
    """An interval with ends x / unit and y / unit; blossoms on it are in units of 1 / unit^2."""

    x: int
    y: int
    unit: int
    taus: tuple[int, int, int]

    @classmethod
    def of(cls, left: Fraction, right: Fraction) -> _Ends:
        unit = max(left.denominator, right.denominator)  # powers of two
        x, y = int(left * unit), int(right * unit)
        square = unit * unit
        return cls(x, y, unit, (square + x * x, square + x * y, square + y * y))

    def of_blossom(self, form: tuple[int, int, int] | list[int]) -> tuple[int, int, int]:
        """The three Bernstein coefficients."""
        a, b, c = form[0] * self.unit * self.unit, form[1] * self.unit, form[2]
        x, y = self.x, self.y
        return a + 2 * b * x + c * x * x, a + b * (x + y) + c * x * y, a + 2 * b * y + c * y * y


def _add(active: list[list[int]], site: _Site) -> None:
    """Add a site's part to F."""
    for row, part in zip(active, site.parts, strict=True):
        for i in range(3):
            row[i] += part[i]


def _within(
    sites: list[_Site],
    kept: list[tuple[int, bool]],
    both: list[int],
    active: list[list[int]],
    ends: _Ends,
    square: Fraction,
) -> bool:
    """Whether |F| <= level tau for every pattern that is possible."""
    base = [row[:] for row in active]
    for m, never_off in kept:
        if never_off and m not in both:
            _add(base, sites[m])
    for choice in product((False, True), repeat=len(both)):
        form = [row[:] for row in base]
        for m, on in zip(both, choice, strict=True):
            if on:
                _add(form, sites[m])
        columns = [ends.of_blossom(row) for row in form]
        for i, tau in enumerate(ends.taus):
            total = sum(column[i] ** 2 for column in columns)
            if total * square.denominator > square.numerator * tau * tau:
                return False
    return True
