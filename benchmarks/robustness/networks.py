"""Networks that meet the targets exactly, and what they cost: upper bounds of the optimum.

A hinge is taken where an exact test shows that it cuts no ball; a tangent one that rounding pushed
inside is mixed with a small multiple of a direction that leads out.  The equalities are then solved
in rationals, starting from float weights, on columns that a pivoted QR calls independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.optimize import linprog

from benchmarks.robustness.exact import Sites, Vector, dot, fractions, root, solve

Array = NDArray[np.float64]

# A hinge deeper inside a ball than this share of the radius was not meant to be tangent to it.
_MEANT = 1e-5
# How far a hinge may be moved to leave the balls that it enters, as a share of its size.
_FARTHEST = 2.0**-24


class Hinge(NamedTuple):
    """A hinge that cuts no ball, counted from the first center, with its value at each site."""

    weights: Vector  # (d)
    bias: Fraction
    values: Vector  # (N)

    @property
    def square(self) -> Fraction:
        """The squared length of the weights."""
        return dot(self.weights, self.weights)


def evaluated(sites: Sites, weights: Vector, bias: Fraction) -> Hinge:
    """A hinge with its values."""
    return Hinge(weights, bias, [dot(weights, center) + bias for center in sites.centers])


def cuts(sites: Sites, hinge: Hinge) -> bool:
    """Whether the hinge enters the inside of a ball, exactly."""
    square = hinge.square
    return any(
        radius > 0 and value * value < radius * radius * square
        for value, radius in zip(hinge.values, sites.radii, strict=True)
    )


def feasible_hinge(sites: Sites, weights: Vector, bias: Fraction) -> Hinge | None:
    """The hinge, moved out of balls that it enters by rounding; None if it enters them deeply."""
    if not any(weights):
        return None
    hinge = evaluated(sites, weights, bias)
    if not cuts(sites, hinge):
        return hinge
    length = float(root(hinge.square)[1])
    if length == 0.0 or not math.isfinite(length):
        return None
    for n in sites.balls:
        if abs(float(hinge.values[n])) < float(sites.radii[n]) * length * (1 - _MEANT):
            return None
    way = _way_out(sites, hinge, length)
    if way is None:
        return None
    step = 2.0**-56
    while step <= _FARTHEST:
        share = Fraction(step * length)
        moved = evaluated(
            sites,
            [w + share * u for w, u in zip(weights, way[0], strict=True)],
            bias + share * way[1],
        )
        if not cuts(sites, moved):
            return moved
        step *= 4.0
    return None


def _way_out(sites: Sites, hinge: Hinge, length: float) -> tuple[Vector, Fraction] | None:
    """A change of the hinge that increases its distance to every ball on its present side."""
    centers, _, radii = sites.floats()
    size = float(np.abs(centers).max() + radii.max())
    unit = np.array([float(w) for w in hinge.weights]) / length
    balls = sites.balls
    signs = np.array([1.0 if hinge.values[n] > 0 else -1.0 for n in balls])
    slopes = signs[:, None] * centers[balls] / size - radii[balls, None] * unit / size
    # -slopes.u - signs beta + margin <= 0 over the tangent balls; others are far away.
    distances = np.array([abs(float(hinge.values[n])) / length for n in balls]) - radii[balls]
    near = distances < 1e-6 * size
    table = np.column_stack([-slopes, -signs, np.ones(len(balls))])[near]
    d = len(unit)
    found = linprog(
        np.append(np.zeros(d + 1), -1.0),
        A_ub=table,
        b_ub=np.zeros(len(table)),
        bounds=[(-1, 1)] * (d + 1) + [(None, 1)],
    )
    if found.x is None or found.x[-1] <= 0:
        return None
    return fractions(found.x[:d]), Fraction(float(found.x[d])) * Fraction(size)


class Network(NamedTuple):
    """An exactly feasible network: what it costs at most, and how many neurons it has."""

    cost: Fraction
    neurons: int


def corrected(
    sites: Sites, hinges: Sequence[Hinge], weights: Sequence[Vector], spare: Sequence[Hinge] = ()
) -> Network | None:
    """The network with these hinges, its output weights moved so that all targets are met.

    Spare hinges take part with weight zero.  None if the equalities have no solution on them.
    """
    p = len(sites.targets[0])
    every = [*hinges, *spare]
    start = [*weights, *([Fraction(0)] * p for _ in spare)]
    rows = equality_rows(sites, every)
    residual = _right(sites)
    free = 1 + len(sites.centers[0])
    for i, row in enumerate(rows):
        for x, a in zip(row[free:], start, strict=True):
            if x:
                residual[i] = [r - x * v for r, v in zip(residual[i], a, strict=True)]
    for columns in _orders(rows, [float(max(map(abs, a), default=0)) for a in start], free):
        change = solve(rows, residual, columns)
        if change is not None:
            break
    else:
        return None
    cost = Fraction(0)
    neurons = 0
    for k, (hinge, a) in enumerate(zip(every, start, strict=True)):
        step = change.get(free + k)
        final = a if step is None else [x + y for x, y in zip(a, step, strict=True)]
        if any(final):
            neurons += 1
            cost += root(dot(final, final) * hinge.square)[1]
    return Network(cost, neurons)


def equality_rows(sites: Sites, hinges: Sequence[Hinge]) -> list[Vector]:
    """Rows: the value at each site, the Jacobian on each ball; columns: offset, skip, hinges."""
    d = len(sites.centers[0])
    zero, one = Fraction(0), Fraction(1)
    rows = [
        [one, *center, *(max(zero, hinge.values[n]) for hinge in hinges)]
        for n, center in enumerate(sites.centers)
    ]
    for n in sites.balls:
        for j in range(d):
            unit = [one if i == j else zero for i in range(d)]
            slopes = [h.weights[j] if h.values[n] > 0 else zero for h in hinges]
            rows.append([zero, *unit, *slopes])
    return rows


def _right(sites: Sites) -> list[Vector]:
    """The right-hand sides: targets, and Jacobians zero."""
    p, d = len(sites.targets[0]), len(sites.centers[0])
    zeros = [[Fraction(0)] * p for _ in range(d * len(sites.balls))]
    return [list(target) for target in sites.targets] + zeros


def _orders(rows: list[Vector], sizes: Sequence[float], free: int) -> Iterable[list[int]]:
    """Orders of columns to solve on: the independent ones first; then all of them.

    Columns are scaled to one, hinges that carry weight count more, the free ones most.
    """
    table = np.array([[float(x) for x in row] for row in rows])
    lengths = np.linalg.norm(table, axis=0)
    scaled = table / np.where(lengths > 0, lengths, 1.0)
    weight = np.ones(table.shape[1])
    weight[:free] = 1e3
    largest = max(sizes, default=0.0)
    for k, size in enumerate(sizes):
        weight[free + k] = 1.0 if size > 1e-6 * largest else 1e-3
    with np.errstate(all="ignore"):
        order = qr(np.nan_to_num(scaled * weight), mode="r", pivoting=True)[1].tolist()
    yield order[: len(rows)]
    if len(order) > len(rows):
        yield order


def own_network(sites: Sites, network: Any) -> tuple[list[Hinge], list[Vector]]:
    """The hinges of a float network that cut no ball, or can be moved out, and their weights."""
    hinges, weights = [], []
    outputs, biases = network.exact_output_weights, network.exact_biases
    for a, low, w, *b in zip(*outputs, network.input_weights, *biases, strict=True):
        exact = fractions(w)
        bias = sum(fractions(b), dot(exact, sites.origin))
        hinge = feasible_hinge(sites, exact, bias)
        if hinge is not None:
            hinges.append(hinge)
            weights.append([x + y for x, y in zip(fractions(a), fractions(low), strict=True)])
    return hinges, weights
