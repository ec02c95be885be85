"""The plane's pricing maximum against rational values of |F| at many hinges."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

import convexden as cd
from convexden.arithmetic.two_part import TwoPart
from convexden.verification.exact.dual import ClosedDual, close_dual
from convexden.verification.exact.plane import plane_interval


def closed(distance: float, seed: int, place: int) -> ClosedDual:
    """The multipliers of samples, two of which have one target and nearly coincide."""
    rng = np.random.default_rng(seed)
    points, targets = rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
    # Next to a small first site, differences of coordinates need more than 64 bits.
    points[0] *= 1e-3
    twin = points[place] + distance * np.array([0.6, 0.8])
    problem = cd.Interpolation(np.vstack([points, twin]), np.vstack([targets, targets[place]]))
    found = cd.solve(problem).certificate
    values = TwoPart.of(found.values, found.values_low)
    return close_dual(
        problem.centers, problem.targets, problem.radii, values, found.jacobians, None
    )


def root(form: tuple[int, int, int], start: float) -> Fraction:
    """A root of a + 2 b t + c t^2 to sixty digits, by Newton's method."""
    a, b, c = form
    t = Fraction(start)
    for _ in range(4):
        slope = 2 * (b + c * t)
        if slope == 0:
            break
        t = Fraction(round((t - (a + 2 * b * t + c * t * t) / slope) * 2**200), 2**200)
    return t


def squares(dual: ClosedDual) -> list[Fraction]:
    """|F|^2 for unit normals at hinges through every site: through another one and next to it."""
    found = []
    pairs = permutations(range(len(dual.radii)), 2)
    for pivot, other in pairs:
        x, y = (int(step) for step in dual.centers[other] - dual.centers[pivot])
        start = -np.tan((np.arctan2(y, x) + np.pi / 2) / 2)
        for first in (start, -1 / start, np.tan((np.arctan2(y, x) + np.pi / 2) / 2)):
            t = root((x, y, -x), float(first))
            for step in (Fraction(0), Fraction(1, 2**40), -Fraction(1, 2**60), Fraction(1, 7)):
                found += [value(dual, pivot, t + step, sign) for sign in (1, -1)]
    return found


def value(dual: ClosedDual, pivot: int, t: Fraction, sign: int) -> Fraction:
    """|F|^2 at the hinge through a sample with the normal of this t, in units of the integers."""
    tau = 1 + t * t
    w = (sign * (1 - t * t) / tau, sign * 2 * t / tau)
    total = [Fraction(0)] * dual.values.shape[1]
    for center, row in zip(dual.centers, dual.values, strict=True):
        step = [int(s) for s in center - dual.centers[pivot]]
        z = w[0] * step[0] + w[1] * step[1]
        if z > 0:
            total = [s + int(value) * z for s, value in zip(total, row, strict=True)]
    return sum((s * s for s in total), Fraction(0))


@pytest.mark.parametrize("place", [1, 4])
@pytest.mark.parametrize("distance", [1e-6, 1e-9, 1e-12])
def test_rational_values_stay_below_and_come_near(distance: float, place: int) -> None:
    dual = closed(distance, 3, place)
    lower, upper = plane_interval(dual)
    unit = Fraction(2) ** (dual.weight + dual.unit) / dual.denominator
    largest = max(squares(dual)) * unit * unit
    assert largest <= Fraction(upper) ** 2
    assert largest >= Fraction(lower * (1 - 1e-9)) ** 2
    assert upper <= lower * (1 + 2e-11)
