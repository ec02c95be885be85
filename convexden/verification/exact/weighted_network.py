r"""A proven upper bound of the optimum on the line under any cost, in rationals.

The network that is charged is not the stored one but the function f next to it that is linear
between these points: the ends of all sites with their targets, and the kinks of the network in
the gaps with its values there.  It meets every target exactly, and goes on linearly, or constantly
next to a ball.  With the jumps :math:`J_i` of its slope at the knots :math:`x_i`,

.. math:: \sum_i |J_i| \, \omega(x_i)

is a cost of it if the skip connection is free, or if there is a ball (`convexden.theorems.flip`).
Otherwise a part :math:`J_i^-` of each jump, that of the stored network, belongs to hinges that face
left, and what is missing of the first slope to a hinge outside of the data,

.. math:: \sum_i \bigl(|J_i - J_i^-| + |J_i^-|\bigr) \omega(x_i)
          + \omega_{out} \Bigl| f'(-\infty) + \sum_i J_i^- \Bigr| ,

with the least weight :math:`\omega_{out}` of a kink outside of the data.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import above, length_above, root_above
from convexden.verification.exact.upper_bound import UpperBound
from convexden.verification.exact.weighted_line import (
    Interval,
    LineWeight,
    Vector,
    intervals_of,
)

# Kinks within this share of a gap from one of its ends are at the end.
SNAP = Fraction(1, 10**12)

Kinks = list[tuple[Fraction, Vector, Vector]]
"""Positions, rising, with the jump of the slope and the part of it that faces left."""


def weighted_cost(problem: Interpolation, network: ShallowNetwork) -> UpperBound:
    """The cost of an exact interpolant next to the network, rounded up."""
    intervals = intervals_of(problem)
    if any(
        (problem.targets[each.sites] != problem.targets[each.sites[0]]).any() for each in intervals
    ):
        return UpperBound(np.inf, np.inf, "sites of different targets meet")
    weight, kinks = LineWeight.of(problem.cost), _kinks(network)
    points = _points(problem, intervals, *kinks)
    places = list(dict.fromkeys(x for x, _ in points))
    flat = (Fraction(0),) * problem.output_dimension
    slopes = _slopes(points, intervals, flat)
    free = problem.cost.skip or bool(problem.radii.any())
    left = [flat] * len(places) if free else _left_parts(kinks[0], places, flat)
    total = Fraction(0)
    for x, before, after, part in zip(places, slopes[:-1], slopes[1:], left, strict=True):
        jump = _difference(after, before)
        size = length_above(_difference(jump, part)) + length_above(part)
        total += size * Fraction(root_above(weight.square(x)))
    if not free:
        first = tuple(s + sum(parts) for s, *parts in zip(slopes[0], *left, strict=True))
        least = weight.least_square_outside(intervals[0].begin, intervals[-1].end)
        total += length_above(first) * Fraction(root_above(least))
    cost = above(total)
    return UpperBound(cost, max(0.0, cost - problem.cost.of(network)))


def _points(
    problem: Interpolation, intervals: list[Interval], kinks: Kinks, start: Vector, slope: Vector
) -> list[tuple[Fraction, Vector]]:
    """Where f is given, rising: ends of the sites with their targets, kinks with their values."""
    inside = _in_gaps(kinks, intervals, _values(kinks, start, slope))
    points: list[tuple[Fraction, Vector]] = []
    for i, interval in enumerate(intervals):
        target = _vector(problem.targets[interval.sites[0]].tolist())
        points += [(x, target) for x in dict.fromkeys((interval.begin, interval.end))]
        points += inside[i] if i < len(inside) else []
    return points


def _slopes(
    points: list[tuple[Fraction, Vector]], intervals: list[Interval], flat: Vector
) -> list[Vector]:
    """The slopes of f between the points, and outside of the data: flat next to a ball."""
    slopes = [
        tuple((b - a) / (y - x) for a, b in zip(u, v, strict=True))
        for (x, u), (y, v) in pairwise(points)
        if y > x
    ]
    first, last = (each.end > each.begin or not slopes for each in (intervals[0], intervals[-1]))
    return [flat if first else slopes[0], *slopes, flat if last else slopes[-1]]


def _kinks(network: ShallowNetwork) -> tuple[Kinks, Vector, Vector]:
    """The kinks, and the value at 0 and the slope of the affine function left of all of them."""
    weights, biases = network.exact_output_weights, network.exact_biases
    slope, start = _vector(network.skip[:, 0].tolist()), _vector(network.offset.tolist())
    flat = (Fraction(0),) * len(start)
    kinks: Kinks = []
    for k, w in enumerate(network.input_weights[:, 0].tolist()):
        bias = Fraction(biases.high[k].item()) + Fraction(biases.low[k].item())
        output = _vector(weights.high[k].tolist())
        output = tuple(
            a + Fraction(b) for a, b in zip(output, weights.low[k].tolist(), strict=True)
        )
        if w == 0.0:
            start = tuple(
                c + a * max(bias, Fraction(0)) for c, a in zip(start, output, strict=True)
            )
            continue
        x = _dyadic(-bias / Fraction(w))
        jump = tuple(a * abs(Fraction(w)) for a in output)
        kinks.append((x, jump, jump if w < 0 else flat))
        if w < 0:  # a [x_k - x]_+ = a [x - x_k]_+ - a (x - x_k)
            slope = _difference(slope, jump)
            start = tuple(c + a * x for c, a in zip(start, jump, strict=True))
    return sorted(kinks, key=lambda kink: kink[0]), start, slope


def _values(kinks: Kinks, start: Vector, slope: Vector) -> list[Vector]:
    """The values at the kinks."""
    values = []
    for x, jump, _ in kinks:
        values.append(tuple(c + s * x for c, s in zip(start, slope, strict=True)))
        slope = tuple(s + a for s, a in zip(slope, jump, strict=True))
        start = tuple(c - a * x for c, a in zip(start, jump, strict=True))
    return values


def _in_gaps(
    kinks: Kinks, intervals: list[Interval], values: list[Vector]
) -> list[list[tuple[Fraction, Vector]]]:
    """The kinks inside each gap with the values there."""
    found: list[list[tuple[Fraction, Vector]]] = []
    k = 0
    for before, after in pairwise(intervals):
        edge = SNAP * (after.begin - before.end)
        inside: dict[Fraction, Vector] = {}
        while k < len(kinks) and kinks[k][0] < after.begin - edge:
            if kinks[k][0] > before.end + edge:
                inside[kinks[k][0]] = values[k]
            k += 1
        found.append(list(inside.items()))
    return found


def _left_parts(kinks: Kinks, places: list[Fraction], flat: Vector) -> list[Vector]:
    """What faces left at each knot but the first and the last, where it is affine on the data."""
    parts = [flat] * len(places)
    positions = np.array([float(x) for x in places])
    for x, _, left in kinks:
        i = int(np.abs(positions - float(x)).argmin())
        if any(left) and 0 < i < len(places) - 1:
            parts[i] = tuple(a + b for a, b in zip(parts[i], left, strict=True))
    return parts


def _dyadic(number: Fraction) -> Fraction:
    """The sum of two floats next to a rational: its denominator stays a power of two."""
    high = Fraction(float(number))
    return high + Fraction(float(number - high))


def _vector(row: list[float]) -> Vector:
    """Floats as rationals."""
    return tuple(Fraction(x) for x in row)


def _difference(u: Vector, v: Vector) -> Vector:
    """U - v."""
    return tuple(a - b for a, b in zip(u, v, strict=True))
