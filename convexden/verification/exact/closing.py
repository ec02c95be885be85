"""Multipliers changed in integers until the dual equalities hold: what is missing is added.

With a ball, its own multipliers take it.  With samples only, those of affinely independent samples
do, by an exact linear solve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.rationals import Integers, above, align, rational

Array = NDArray[np.float64]
Dyadic = tuple[Integers, int]


@dataclass(frozen=True, eq=False)
class Closed:
    """Centers, radii and multipliers as integers, as in `convexden.verification.exact.dual`."""

    centers: Integers
    radii: Integers
    values: Integers
    jacobians: Integers
    unit: int
    weight: int
    denominator: int
    change: float  # size of what was added, in the units of the data


def close(
    y: Dyadic,
    r: Dyadic,
    lam: Dyadic,
    jac: Dyadic,
    points: Array,
    sizes: Array,
    ball: NDArray[np.bool_],
) -> Closed:
    """The integers of centers, radii, values and Jacobians after the change.

    The points are the centers and the sizes those of the values, rounded.
    """
    unit = min(y[1], r[1])
    centers, radii = align(y, unit), align(r, unit)
    if not len(points):
        return Closed(centers, radii, lam[0], jac[0], unit, lam[1], 1, 0.0)
    # Values in units of 2**weight, Jacobians in those times 2**unit.
    weight = min(lam[1], jac[1] - unit)
    given = Closed(
        centers - centers[0],
        radii,
        align(lam, weight),
        align(jac, weight + unit),
        unit,
        weight,
        1,
        np.inf,
    )
    if ball.any():
        # The largest ball among those that are not far: its own terms hide the change best.
        return _by_ball(given, points, int(np.argmax(np.where(ball, sizes, -1.0))))
    return _by_samples(given, points)


def _by_ball(given: Closed, points: Array, taker: int) -> Closed:
    """The multipliers of one ball take what is missing."""
    values, jacobians = given.values, given.jacobians
    excess = values.sum(axis=0)
    values[taker] -= excess
    # z_n is counted from the ball that takes the rest.
    relative = given.centers - given.centers[taker]
    moment = (values[:, :, None] * relative[:, None, :]).sum(axis=0) + jacobians.sum(axis=0)
    jacobians[taker] -= moment
    change = _size(moment, given.weight + given.unit) + _size(excess, given.weight) * _spread(
        points
    )
    return replace(given, change=change)


def _by_samples(given: Closed, points: Array) -> Closed:
    """The multipliers of affinely independent samples take what is missing; all are set to zero if
    there are too few, so that nothing is proven."""
    values, jacobians = given.values, given.jacobians
    chosen = independent(points, np.ones(len(points), dtype=bool))
    excess = values.sum(axis=0)
    moment = (values[:, :, None] * given.centers[:, None, :]).sum(axis=0) + jacobians.sum(axis=0)
    equations = [[1, *given.centers[site]] for site in chosen]
    right = [[-int(x)] + [-int(m) for m in row] for x, row in zip(excess, moment, strict=True)]
    parts, denominator = _solve(equations, right)
    if parts is None:
        return replace(given, values=np.zeros_like(values), jacobians=jacobians * 0)
    added = np.zeros_like(values)
    for j, site in enumerate(chosen):
        added[site] = [part[j] for part in parts]
    scale = abs(denominator)
    total = values * denominator + added
    change = sum(above(Fraction(abs(int(x)), scale)) for x in added.ravel() if x)
    return replace(
        given,
        values=total if denominator > 0 else -total,
        jacobians=jacobians * scale,
        denominator=scale,
        change=change * above(rational(1, given.weight)) * _spread(points),
    )


def independent(points: Array, keep: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Affinely independent sites, as many as possible: of those with multipliers if they can."""
    centered = points - points[keep].mean(axis=0)
    size = float(np.abs(centered).max()) or 1.0
    rows = np.column_stack([np.ones(len(points)), centered / size])
    # Sites without multipliers come in only where the others do not suffice.
    rows[~keep] *= 1e-3
    chosen: list[int] = []
    for _ in range(rows.shape[1]):
        lengths = np.linalg.norm(rows, axis=1)
        best = int(np.argmax(lengths))
        if lengths[best] == 0.0:
            break
        chosen.append(best)
        unit = rows[best] / lengths[best]
        for _ in range(2):  # the second pass removes the rounding of the first
            rows = rows - np.outer(rows @ unit, unit)
        rows[chosen] = 0.0
    return np.array(chosen, dtype=np.intp)


def _spread(points: Array) -> float:
    """Largest distance of a point from their mean."""
    return float(np.linalg.norm(points - points.mean(axis=0), axis=1).max())


def _size(integers: Integers, exponent: int) -> float:
    """Euclidean norm of integers in units of 2**exponent, up to rounding."""
    return math.hypot(*(above(rational(abs(int(x)), exponent)) for x in integers.ravel()))


def _solve(rows: list[list[int]], right: list[list[int]]) -> tuple[list[list[int]] | None, int]:
    """Integers x_j and a denominator D with ``sum_j x_j rows[j] = D right`` for every right side.

    Fraction-free elimination (Bareiss 1968); None if there is no solution, or not one only.
    """
    size = len(rows)
    width = len(rows[0])
    if size != width:
        return None, 1
    # Columns are the sites, and the right sides stand beside them.
    matrix = [[rows[j][i] for j in range(size)] + [side[i] for side in right] for i in range(size)]
    previous = 1
    for k in range(size):
        pivot = next((i for i in range(k, size) if matrix[i][k] != 0), None)
        if pivot is None:
            return None, 1
        if pivot != k:
            matrix[k], matrix[pivot] = matrix[pivot], [-x for x in matrix[k]]
        head = matrix[k][k]
        for i in range(size):
            if i == k:
                continue
            factor = matrix[i][k]
            matrix[i] = [
                (head * x - factor * y) // previous
                for x, y in zip(matrix[i], matrix[k], strict=True)
            ]
        previous = head
    denominator = matrix[0][0]
    return [[matrix[i][size + s] for i in range(size)] for s in range(len(right))], denominator
