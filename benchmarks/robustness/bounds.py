"""Lower bounds of the optimum that are proven: multipliers closed exactly, P enclosed from above.

For multipliers with sum l_n = 0 and sum (l_n y_n' + G_n) = 0 the optimum is at least
sum l_n.t_n / P, where P is the largest |sum_n D_n (l_n z_n + G_n w)| / |w| over hinges that cut no
ball.  The equalities are closed in rationals.  In the plane P is enclosed by bisection in integers:
with w = s (1 - t^2, 2t) and |w| = 1 + t^2 the value of a hinge that touches site p is a polynomial
of degree 2 in t at every site, and signs of Bernstein coefficients decide on whole intervals.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from benchmarks.robustness.exact import Sites, Vector, dot, echelon, integer_rows, solve
from benchmarks.robustness.networks import Hinge

Array = NDArray[np.float64]
Quadratic = tuple[int, int, int]  # Bernstein coefficients
Quadratics = tuple[Quadratic, ...]  # one for each output

# Multipliers are rounded to this many bits below the largest one before they are closed.
_BITS = 100
# Bisection ends here: intervals of 2^-90 are below every angle that floats can express.
_DEEPEST = 90
# Undecided groups of sites for which all activation patterns are tried on an interval.
_TOGETHER = 3


class Multipliers(NamedTuple):
    """Rational multipliers that satisfy the dual equalities, and their objective."""

    values: list[Vector]  # (N, p)
    jacobians: list[list[Vector]]  # (N, p, d)
    objective: Fraction


def closed(sites: Sites, values: Any, jacobians: Any) -> Multipliers | None:
    """The multipliers, moved until the equalities hold exactly; None if nothing is left of them."""
    largest = max(float(np.abs(values).max()), float(np.abs(jacobians).max(initial=0.0)))
    if not (0 < largest < math.inf):
        return None
    grid = Fraction(2) ** (math.frexp(largest)[1] - _BITS)
    n, d, p = len(sites.radii), len(sites.centers[0]), len(sites.targets[0])
    ls = [[_rounded(x, grid) for x in row] for row in np.asarray(values, dtype=float)]
    gs = [
        [[_rounded(x, grid) for x in row] for row in matrix]
        for matrix in np.asarray(jacobians, dtype=float)
    ]
    for m in range(n):
        if sites.radii[m] == 0:
            gs[m] = [[Fraction(0)] * d for _ in range(p)]
    balls = sites.balls
    anchors = [0] if balls else _independent_sites(sites)
    missing = [[-sum((row[j] for row in ls), Fraction(0)) for j in range(p)]]
    for i in range(d):
        moment = [
            -sum((row[j] * c[i] for row, c in zip(ls, sites.centers, strict=True)), Fraction(0))
            - sum((g[j][i] for g in gs), Fraction(0))
            for j in range(p)
        ]
        missing.append(moment)
    if balls:
        # Site 0 is the origin: what it takes does not change the moments.
        ls[0] = [x + y for x, y in zip(ls[0], missing[0], strict=True)]
        for j in range(p):
            gs[balls[0]][j] = [g + missing[1 + i][j] for i, g in enumerate(gs[balls[0]][j])]
    else:
        rows = [[Fraction(1)] * len(anchors)]
        rows += [[sites.centers[a][i] for a in anchors] for i in range(d)]
        change = solve(rows, missing, range(len(anchors)))
        if change is None:
            return None
        for column, step in change.items():
            a = anchors[column]
            ls[a] = [x + y for x, y in zip(ls[a], step, strict=True)]
    objective = sum((dot(a, b) for a, b in zip(ls, sites.targets, strict=True)), Fraction(0))
    return Multipliers(ls, gs, objective)


def _rounded(number: float, grid: Fraction) -> Fraction:
    return round(Fraction(float(number)) / grid) * grid


def _independent_sites(sites: Sites) -> list[int]:
    """Affinely independent sites that span the others; pivoted QR calls them well conditioned."""
    centers = sites.floats()[0]
    spans = np.ptp(centers, axis=0)
    table = np.vstack([np.ones(len(centers)), (centers / np.where(spans > 0, spans, 1.0)).T])
    order = qr(table, mode="r", pivoting=True)[1].tolist()
    rows = [[Fraction(1)] * len(centers)]
    rows += [[center[i] for center in sites.centers] for i in range(len(sites.centers[0]))]
    return echelon(integer_rows(rows), order).pivots


def constraint_square(sites: Sites, multipliers: Multipliers, hinge: Hinge) -> Fraction:
    """|sum_n D_n (l_n z_n + G_n w)|^2 / |w|^2 of a hinge that cuts no ball, exactly."""
    total = _dual_vector(sites, multipliers, hinge)
    return dot(total, total) / hinge.square


def _dual_vector(sites: Sites, multipliers: Multipliers, hinge: Hinge) -> Vector:
    """sum_n D_n (l_n z_n + G_n w)."""
    total = [Fraction(0)] * len(sites.targets[0])
    for n, value in enumerate(hinge.values):
        if value > 0:
            for j in range(len(total)):
                total[j] += multipliers.values[n][j] * value
                if sites.radii[n] > 0:
                    total[j] += dot(multipliers.jacobians[n][j], hinge.weights)
    return total


def change(sites: Sites, values: Any, jacobians: Any, multipliers: Multipliers) -> float:
    """By how much closing changes |F| / |w| at any hinge, at most, up to rounding."""
    centers, _, radii = sites.floats()
    reach = np.linalg.norm(centers[:, None] - centers, axis=2).max(axis=1) + 2 * radii.max()
    total = 0.0
    for n, size in enumerate(reach):
        for exact, given in zip(multipliers.values[n], values[n], strict=True):
            total += abs(float(exact - Fraction(float(given)))) * size
        for row, stated in zip(multipliers.jacobians[n], jacobians[n], strict=True):
            for exact, given in zip(row, stated, strict=True):
                total += abs(float(exact - Fraction(float(given))))
    return total


# ---------------------------------------------------------------- the plane


class _Site(NamedTuple):
    """What is undecided on an interval: sites that switch together."""

    below: Quadratic  # z - r |w|: negative everywhere means never on
    above: Quadratic  # z + r |w|: positive everywhere means never off
    plus: Quadratics  # contribution to each output where z is positive
    minus: Quadratics  # where it is negative
    ball: bool
    fixed: bool = False  # on or cut, or off or cut: then plus and minus are equal


class PlaneBound:
    """P of closed multipliers in the plane, from above."""

    def __init__(self, sites: Sites, multipliers: Multipliers) -> None:
        self.sites = sites
        self.outputs = len(sites.targets[0])
        length = math.lcm(
            *(x.denominator for row in sites.centers for x in row),
            *(x.denominator for x in sites.radii),
        )
        size = math.lcm(
            *(x.denominator for row in multipliers.values for x in row),
            *((x * length).denominator for g in multipliers.jacobians for row in g for x in row),
        )
        self.y = [[int(x * length) for x in row] for row in sites.centers]
        self.r = [int(x * length) for x in sites.radii]
        self.l = [[int(x * size) for x in row] for row in multipliers.values]
        # l z and G w must have one unit: 1 / (size length).
        self.g = [
            [[int(x * size * length) for x in row] for row in g] for g in multipliers.jacobians
        ]
        self.unit = Fraction(1, size * length)

    def at_most(self, maximum: Fraction, seconds: float) -> bool | None:
        """Whether P is at most this; None if the time is over or an interval remains undecided."""
        bound = maximum / self.unit
        theta = bound * bound
        self._theta = (theta.numerator, theta.denominator)
        self._end = time.process_time() + seconds
        for p in range(len(self.y)):
            for sign in (1, -1):
                verdict = self._tangents(p, sign)
                if verdict is not True:
                    return verdict
        return True

    def _tangents(self, p: int, sign: int) -> bool | None:
        """Whether the bound holds at all hinges that touch site p from its active side."""
        length: Quadratic = (2, 0, 2)  # |w| = 1 + t^2 on [-1, 1], Bernstein coefficients
        base, groups = self._start(p, sign)
        stack = [(length, base, groups, 0)]
        while stack:
            if time.process_time() > self._end:
                return None
            length, base, groups, depth = stack.pop()
            base, groups, cut = _settled(base, groups)
            if cut:
                continue
            free = [group for group in groups if not group.fixed]
            if len(free) <= _TOGETHER:
                known = base
                for group in groups:
                    if group.fixed:
                        known = _total(known, group.plus)
                patterns = itertools.product((False, True), repeat=len(free))
                if all(self._holds(length, known, free, pattern) for pattern in patterns):
                    continue
            if depth == _DEEPEST:
                return None
            for half in (0, 1):
                stack.append(
                    (
                        _halved(length)[half],
                        tuple(_halved(f)[half] for f in base),
                        [_half(group, half) for group in groups],
                        depth + 1,
                    )
                )
        return True

    def _start(self, p: int, sign: int) -> tuple[Quadratics, list[_Site]]:
        """The sites as polynomials on [-1, 1]; samples on one line with p switch together."""
        w = ((1, 0, -1), (0, 2, 0))  # (1 - t^2, 2t) by powers of t
        origin, reach = self.y[p], self.r[p]
        base: Quadratics = ((0, 0, 0),) * self.outputs
        groups: list[_Site] = []
        together: dict[tuple[int, int], _Site] = {}
        for m, (center, radius) in enumerate(zip(self.y, self.r, strict=True)):
            step = [sign * (c - o) for c, o in zip(center, origin, strict=True)]
            z = tuple(
                step[0] * a + step[1] * b + reach * c
                for a, b, c in zip(w[0], w[1], (1, 0, 1), strict=True)
            )
            f = []
            for j in range(self.outputs):
                gx, gy = (sign * x for x in self.g[m][j])
                f.append(
                    _bernstein(
                        tuple(
                            self.l[m][j] * v + gx * a + gy * b
                            for v, a, b in zip(z, w[0], w[1], strict=True)
                        )
                    )
                )
            size = (radius, 0, radius)
            below = _bernstein(tuple(v - s for v, s in zip(z, size, strict=True)))
            above = _bernstein(tuple(v + s for v, s in zip(z, size, strict=True)))
            if m == p and radius > 0:
                base = _total(base, f)
                continue
            if radius == 0 and not any(z):
                continue
            nothing = ((0, 0, 0),) * self.outputs
            site = _Site(below, above, tuple(f), nothing, radius > 0)
            if radius > 0 or reach > 0:
                groups.append(site)
                continue
            common = math.gcd(*step)
            key = (step[0] // common, step[1] // common)
            if key in together:
                other = together[key]
                together[key] = other._replace(plus=_total(other.plus, f))
            elif (-key[0], -key[1]) in together:
                key = (-key[0], -key[1])
                other = together[key]
                together[key] = other._replace(minus=_total(other.minus, f))
            else:
                together[key] = site
        return base, groups + list(together.values())

    def _holds(
        self,
        length: Quadratic,
        base: Quadratics,
        groups: Sequence[_Site],
        pattern: tuple[bool, ...],
    ) -> bool:
        """Whether theta |w|^2 - |F|^2 has no negative Bernstein coefficient for this pattern."""
        squares = [0] * 5
        for j in range(self.outputs):
            f = base[j]
            for group, on in zip(groups, pattern, strict=True):
                f = _sum(f, group.plus[j] if on else group.minus[j])
            squares = [a + b for a, b in zip(squares, _square(f), strict=True)]
        top, bottom = self._theta
        return all(top * a - bottom * b >= 0 for a, b in zip(_square(length), squares, strict=True))


def _bernstein(powers: tuple[int, ...]) -> Quadratic:
    """Bernstein coefficients on [-1, 1] of c0 + c1 t + c2 t^2."""
    c0, c1, c2 = powers
    return c0 - c1 + c2, c0 - c2, c0 + c1 + c2


def _sum(first: Quadratic, second: Quadratic) -> Quadratic:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]


def _total(first: Quadratics, second: Sequence[Quadratic]) -> Quadratics:
    return tuple(_sum(x, y) for x, y in zip(first, second, strict=True))


def _square(f: Quadratic) -> list[int]:
    """Bernstein coefficients of the square, each times its binomial."""
    a, b, c = f
    return [a * a, 4 * a * b, 2 * a * c + 4 * b * b, 4 * b * c, c * c]


def _halved(f: Quadratic) -> tuple[Quadratic, Quadratic]:
    """De Casteljau's halves, times 4."""
    a, b, c = f
    middle = a + 2 * b + c
    return (4 * a, 2 * (a + b), middle), (middle, 2 * (b + c), 4 * c)


def _half(group: _Site, half: int) -> _Site:
    return _Site(
        _halved(group.below)[half],
        _halved(group.above)[half],
        tuple(_halved(f)[half] for f in group.plus),
        tuple(_halved(f)[half] for f in group.minus),
        group.ball,
        group.fixed,
    )


def _settled(base: Quadratics, groups: list[_Site]) -> tuple[Quadratics, list[_Site], bool]:
    """Sites that are never on leave, samples that are never off join the base.

    The last is True if every hinge of the interval cuts a ball.  A ball stays while it may still
    be cut; once it is never off (never on) only its on (off) side counts.
    """
    left = []
    for group in groups:
        never_on = max(group.below) < 0
        never_off = min(group.above) > 0
        if never_on and never_off:
            return base, groups, True
        if never_on and (not group.ball or max(group.above) <= 0):
            base = _total(base, group.minus)
        elif never_off and (not group.ball or min(group.below) >= 0):
            base = _total(base, group.plus)
        elif never_on:
            left.append(group._replace(plus=group.minus, fixed=True))
        elif never_off:
            left.append(group._replace(minus=group.plus, fixed=True))
        else:
            left.append(group)
    return base, left, False


def plane_bound(
    sites: Sites, multipliers: Multipliers, estimate: float, seconds: float
) -> Fraction | None:
    """A proven upper bound of P, as close to the estimate as bisection gets."""
    if estimate <= 0 or not math.isfinite(estimate):
        return None
    plane = PlaneBound(sites, multipliers)
    end = time.process_time() + seconds
    for slack in (1e-12, 1e-9, 1e-6, 1e-3, 0.1):
        left = end - time.process_time()
        if left <= 0:
            return None
        maximum = Fraction(estimate * (1 + slack))
        if plane.at_most(maximum, left / 2):
            return maximum
    return None
