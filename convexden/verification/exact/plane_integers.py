r"""Arcs of the plane that floats could not settle, in integers of any length.

The polynomials are those of `convexden.verification.exact.plane`, with exact coefficients and
dyadic ends, and so are the decisions: an arc is done if some ball is cut on all of it, or if, for
each pattern that is possible on it, the Bernstein coefficients of |F|^2 are within those of tau^2
times the square of the level.  Else it is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.rationals import root_above


@dataclass(frozen=True)
class IntegerLimits:
    """How long the integers may take."""

    depth: int = 120
    """Halvings of one arc."""

    budget: int = 200_000
    """Polynomials that are looked at in all, some 10 microseconds each."""

    open: int = 3
    """Sites on which both sides are possible: all their patterns are tried."""


LIMITS = IntegerLimits()


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


def settle(dual: ClosedDual, arcs: list[Arc], attained: Fraction, width: float) -> Fraction:
    """A bound of |F| / tau on all arcs: up to the relative width the largest value, if it can be.

    Parameters
    ----------
    dual : ClosedDual
    arcs : list of Arc
    attained : Fraction
        A value that is attained elsewhere, in the units of the integers: values times coordinates.
    width : float
    """
    search = _Search(attained, Fraction(1) + Fraction(width))
    cache: dict[tuple[int, int], list[_Site]] = {}
    for arc in sorted(arcs, key=lambda arc: arc.bound, reverse=True):
        if arc.bound <= search.level:
            break
        key = (arc.pivot, arc.sign)
        if key not in cache:
            cache[key] = _sites(dual, *key)
        if not search.settles(cache[key], arc):
            return max(search.level, arc.bound)
    return search.level


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
        # The pivot is active by definition: z beyond its radius.
        z = (1, 0, 1) if m == pivot else (own + x, y, own - x)
        found.append(_Site(z, tuple(parts), -1 if m == pivot else radius))
    return found


class _Search:
    """The bound to be shown, which rises with the values that are found, and what it may cost."""

    def __init__(self, attained: Fraction, factor: Fraction) -> None:
        self.factor, self.budget = factor, LIMITS.budget
        self.level = attained * factor
        self.square = self.level * self.level

    def settles(self, sites: list[_Site], arc: Arc) -> bool:
        """Whether the bound holds on the arc; else the budget is used up."""
        nothing = [[0, 0, 0] for _ in sites[0].parts]
        stack = [(arc.left, arc.right, list(range(len(sites))), nothing, 0)]
        while stack:
            left, right, pending, active, depth = stack.pop()
            ends = _Ends.of(left, right)
            active = [row[:] for row in active]
            self.budget -= len(pending) + 1
            kept = _sorted(sites, pending, ends, active)
            if kept is None:
                continue
            both = [m for m, on in kept if on is None]
            if len(both) <= LIMITS.open and self._within(sites, kept, both, active, ends):
                continue
            if depth >= LIMITS.depth or self.budget < 0:
                return False
            middle = (left + right) / 2
            self._attain(sites, kept, active, middle)
            rest = [m for m, _ in kept]
            stack.append((left, middle, rest, active, depth + 1))
            stack.append((middle, right, rest, active, depth + 1))
        return True

    def _within(
        self,
        sites: list[_Site],
        kept: list[tuple[int, bool | None]],
        both: list[int],
        active: list[list[int]],
        ends: _Ends,
    ) -> bool:
        """Whether |F| <= level tau for every pattern that is possible."""
        base = [row[:] for row in active]
        for m, on in kept:
            if on:
                _add(base, sites[m])
        for choice in product((False, True), repeat=len(both)):
            form = [row[:] for row in base]
            for m, on in zip(both, choice, strict=True):
                if on:
                    _add(form, sites[m])
            squares = [0] * 5
            for row in form:
                squares = [
                    s + t for s, t in zip(squares, _square(ends.of_blossom(row)), strict=True)
                ]
            pairs = zip(squares, _square(ends.taus), strict=True)
            if any(s * self.square.denominator > self.square.numerator * t for s, t in pairs):
                return False
        return True

    def _attain(
        self,
        sites: list[_Site],
        kept: list[tuple[int, bool | None]],
        active: list[list[int]],
        middle: Fraction,
    ) -> None:
        """Raise the level if the hinge at this t cuts no ball and has a larger value."""
        point = _Ends.of(middle, middle)
        form = [row[:] for row in active]
        for m, _ in kept:
            z, reach = point.of_blossom(sites[m].z)[0], sites[m].radius * point.taus[0]
            if abs(z) < reach:
                return
            if z > 0:
                _add(form, sites[m])
        total = sum(point.of_blossom(row)[0] ** 2 for row in form)
        square = Fraction(total, point.taus[0] ** 2)
        if square * self.factor**2 > self.square:
            self.level = Fraction(root_above(square)) * self.factor
            self.square = self.level * self.level


def _sorted(
    sites: list[_Site], pending: list[int], ends: _Ends, active: list[list[int]]
) -> list[tuple[int, bool | None]] | None:
    """Sites whose side must be looked at again, with the side if only one is possible; None if a
    ball is cut on the whole interval.  Those that are active on all of it are added to F."""
    kept: list[tuple[int, bool | None]] = []
    for m in pending:
        site = sites[m]
        z = ends.of_blossom(site.z)
        reach = [site.radius * tau for tau in ends.taus]
        never_on = all(x < r for x, r in zip(z, reach, strict=True))
        never_off = all(x > -r for x, r in zip(z, reach, strict=True))
        if never_on and never_off:
            return None
        if never_on and all(x <= -r for x, r in zip(z, reach, strict=True)):
            continue
        if never_off and all(x >= r for x, r in zip(z, reach, strict=True)):
            _add(active, site)
            continue
        kept.append((m, never_off if never_on or never_off else None))
    return kept


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


def _square(c: tuple[int, int, int]) -> tuple[int, int, int, int, int]:
    """Three times the five Bernstein coefficients of the square of a quadratic."""
    middle = c[0] * c[2] + 2 * c[1] * c[1]
    return 3 * c[0] * c[0], 3 * c[0] * c[1], middle, 3 * c[1] * c[2], 3 * c[2] * c[2]


def _add(active: list[list[int]], site: _Site) -> None:
    """Add a site's part to F."""
    for row, part in zip(active, site.parts, strict=True):
        for i in range(3):
            row[i] += part[i]
