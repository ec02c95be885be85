r"""Multipliers of samples under any cost, changed until the dual equalities hold exactly.

The equalities are those of the affine functions that are free: :math:`\sum_n l_n = 0` of an offset,
:math:`\sum_n l_n y_n^T = 0` of a skip connection.  As many samples as they need take what is
missing, by an elimination in rational numbers that picks the largest pivots.

A skip connection that is free sees also how far samples are off the plane in which they lie but for
the rounding of their coordinates.  As under the default cost, the statement then is about the
samples in this plane, and `CentralDual.moved` says by how much they have moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.two_part import TwoPart
from convexden.cost import Cost
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import Integers, align, dyadic

Vector = list[Fraction]


@dataclass(frozen=True, eq=False)
class CentralDual:
    """Multipliers that satisfy the equalities of their cost exactly.

    Attributes
    ----------
    points : (Integers, int)
        The distinct samples (S, d), with an exponent, in their hull if that moves them.
    values : list of rows of Fraction
        The l_n (S, p).
    cost : Cost
    objective : Fraction
        The sum of l_n . t_n.
    residual, stray, moved : float
        As in `convexden.verification.exact.dual.ClosedDual`.
    """

    points: tuple[Integers, int]
    values: list[Vector]
    cost: Cost
    objective: Fraction
    residual: float
    stray: float
    moved: float = 0.0

    __repr__ = display.field_line


def close_central(problem: Interpolation, values: TwoPart, jacobians: TwoPart) -> CentralDual:
    """Sum multipliers (N, p) over equal samples, and change them until the equalities hold; those
    of Jacobians cannot count."""
    first, groups = np.unique(problem.centers, axis=0, return_index=True, return_inverse=True)[1:]
    p = problem.output_dimension
    rows = [[Fraction(0)] * p for _ in first]
    for n, group in enumerate(groups.reshape(-1).tolist()):
        for j in range(p):
            high, low = values.high[n, j].item(), values.low[n, j].item()
            rows[group][j] += Fraction(high) + Fraction(low)
    points, moved = _points(problem, first)
    change = _close(rows, _free(points[0], problem.cost))
    objective = sum(
        (
            x * Fraction(t)
            for row, goal in zip(rows, problem.targets[first].tolist(), strict=True)
            for x, t in zip(row, goal, strict=True)
        ),
        Fraction(0),
    )
    size = float(np.abs(values.high).sum())
    stray = float(np.abs(jacobians.high).sum())
    return CentralDual(
        points,
        rows,
        problem.cost,
        objective,
        float(change) / size if size > 0.0 else float(change > 0),
        stray / size if size > 0.0 else float(stray > 0.0),
        moved,
    )


def _points(problem: Interpolation, first: NDArray[np.intp]) -> tuple[tuple[Integers, int], float]:
    """These samples exactly, in their affine hull if they lie in it up to rounding and affine
    functions are free; and by how much they are moved, in units in the last place."""
    hull = problem.hull
    if not (problem.cost.skip and problem.cost.offset and hull.moved > 0.0):
        return dyadic(problem.centers[first]), 0.0
    along, unit = dyadic(hull.coordinates[first])
    basis, exponent = dyadic(hull.basis)
    origin, own = dyadic(hull.origin)
    least = min(unit + exponent, own)
    return (
        align((along.dot(basis), unit + exponent), least) + align((origin, own), least),
        least,
    ), hull.moved


def _free(points: Integers, cost: Cost) -> list[Vector]:
    """The free affine functions on the samples, a row each, in units of its own.  The constant
    comes first, so that coordinates are compared with each other and not with the origin."""
    rows = [[Fraction(1)] * len(points)] if cost.offset else []
    if cost.skip:
        rows += [[Fraction(x) for x in column] for column in points.T.tolist()]
    return rows


def _close(values: list[Vector], equalities: list[Vector]) -> Fraction:
    """Add to multipliers in place what the equalities miss, and how much that is; if they cannot
    hold, all are set to zero, so that nothing is proven."""
    count, outputs = len(values), len(values[0])
    missing = [
        [
            -sum((a * each[j] for a, each in zip(row, values, strict=True)), Fraction(0))
            for j in range(outputs)
        ]
        for row in equalities
    ]
    pivots: list[int] = []
    rows = [list(row) for row in equalities]
    for i, row in enumerate(rows):
        pivot = max(range(count), key=lambda n, row=row: abs(row[n]))  # type: ignore[misc]
        if row[pivot] == 0:
            if any(missing[i]):
                for each in values:
                    each[:] = [Fraction(0)] * outputs
                return Fraction(0)
            pivots.append(-1)
            continue
        for k, other in enumerate(rows):
            if k != i and other[pivot]:
                share = other[pivot] / row[pivot]
                rows[k] = [a - share * b for a, b in zip(other, row, strict=True)]
                missing[k] = [a - share * b for a, b in zip(missing[k], missing[i], strict=True)]
        pivots.append(pivot)
    change = Fraction(0)
    for i, pivot in enumerate(pivots):
        if pivot < 0:
            continue
        for j in range(outputs):
            step = missing[i][j] / rows[i][pivot]
            values[pivot][j] += step
            change += abs(step)
    return change
