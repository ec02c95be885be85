r"""The exact data of a proof: rational coordinates of the sites and multipliers.

*Coordinates.*  Centers that span their space are counted from the first one,
:math:`A_n = y_n - y_0`.  In a smaller hull the rows of B are :math:`y_j - y_0` for k sites j,
chosen by pivoted QR, and :math:`A_n = (y_n - y_0) B^T K^{-1}` with :math:`K = B B^T`: rational,
without roots.  If the centers lie in the hull only up to rounding, the proof speaks about
:math:`y_0 + A_n B`, and says by how much the coordinates differ.

*Lines and planes.*  There :math:`|w|` is parametrized, for which B has to be orthonormal.  In
general no rational B is.  So B becomes :math:`T^{-1} B` and :math:`A_n` becomes :math:`A_n T`, with
a rational T next to the Cholesky factor of K: then K is the identity but for :math:`2^{-80}` or so.

*Multipliers.*  The floats of a certificate, divided by its pricing maximum and rounded to
:math:`2^{-80}` of the largest: smaller digits would only lengthen the numbers.  Then the dual
equalities are closed exactly.  A ball takes what is missing; without one an exact linear system for
k + 1 affinely independent samples does.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import frexp, isqrt
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.geometry.hull import Hull, ulps
from convexden.geometry.ranks import exact_rank
from convexden.problem import Interpolation
from convexden.proofs.checker import products, solved

Array = NDArray[np.float64]
Rationals = list[list[Fraction]]

# Bits of a multiplier below the largest one.
MULTIPLIER_BITS = 80
# Bits of the numbers that make a basis orthonormal: far more than 1 / delta has.
ROOT_BITS = 90
# Bits of a coordinate below 1 where centers were moved anyway.
MOVED_BITS = 100
# Multipliers below this share of the largest are zero: what rounding leaves at sites that have none
# would divide the tree of a proof, and costs less than this share of the bound for each.
NEGLIGIBLE = 1e-13


def rational(array: Any) -> Any:
    """The floats of an array as nested lists of fractions."""
    if isinstance(array, list):
        return [rational(part) for part in array]
    return Fraction(array)


def number(x: Fraction) -> int | float | str:
    """A number as a proof file has it: an integer, a float that is meant exactly, or "p/q"."""
    if x.denominator == 1 and abs(x.numerator) < 2**53:
        return int(x)
    try:
        near = float(x)
    except OverflowError:
        return str(x)
    return near if Fraction(near) == x else str(x)


def numbers(x: Any) -> Any:
    """Nested lists of fractions as a proof file has them."""
    return [numbers(part) for part in x] if isinstance(x, list) else number(x)


def rounded(x: Fraction, bits: int) -> Fraction:
    """The number to so many bits after the binary point (before it, if negative)."""
    unit = Fraction(2) ** bits
    return Fraction(round(x * unit)) / unit


def sites_of(problem: Interpolation) -> dict[str, Any]:
    """The keys of a proof file that state the problem: centers, coordinates and what was moved."""
    centers = rational(problem.centers.tolist())
    first = centers[0]
    steps = [[x - y for x, y in zip(row, first, strict=True)] for row in centers]
    basis: list[Any] = _basis(problem.centers, problem.hull)
    points, moved = steps, Fraction(0)
    if basis:
        rows = [steps[j] for j in basis]
        gram = products(rows, rows)
        right = products(rows, steps)
        points = [list(x) for x in zip(*solved(gram, right, "dependent rows"), strict=True)]
        if len(basis) <= 2:
            rows, points = _orthonormal(rows, points, gram)
            basis = numbers(rows)
        moved = _move(centers, steps, points, rows)
        if moved:
            points = [[rounded(x, MOVED_BITS) for x in point] for point in points]
            moved = _move(centers, steps, points, rows)
            moved = rounded(moved, MOVED_BITS) + Fraction(1, 2**MOVED_BITS)
    return {
        "moved": number(moved) if moved else None,
        "centers": problem.centers.tolist(),
        "targets": problem.targets.tolist(),
        "radii": problem.radii.tolist(),
        "basis": basis,
        "coordinates": numbers(points),
    }


def _orthonormal(
    rows: Rationals, points: Rationals, gram: Rationals
) -> tuple[Rationals, Rationals]:
    """Rows of B next to orthonormal ones, and the coordinates along them, of a line or a plane."""
    first = _root(gram[0][0])
    columns, inverse = [[first]], [[1 / first]]
    if len(rows) == 2:
        across = gram[1][0] / first
        second = _root(gram[1][1] - across * across)
        columns = [[first, across], [Fraction(0), second]]  # those of T
        inverse = [[1 / first, Fraction(0)], [-across / first / second, 1 / second]]
    turned = products(inverse, [list(x) for x in zip(*rows, strict=True)])
    return turned, products(points, columns)


def _root(x: Fraction) -> Fraction:
    """The square root to `ROOT_BITS` bits."""
    shift = ROOT_BITS + (x.denominator.bit_length() - x.numerator.bit_length()) // 2
    unit = Fraction(2) ** shift
    return Fraction(isqrt(int(x * unit * unit))) / unit


def _basis(centers: Array, hull: Hull) -> list[int]:
    """Sites whose differences from the first span the hull; none if it is the whole space."""
    rank, dimension = hull.basis.shape
    if rank == dimension:
        return []
    steps = (centers - centers[0]) / ulps(centers)
    rank = min(rank, exact_rank(centers, most=rank))
    order = scipy.linalg.qr(steps.T, mode="r", pivoting=True)[1]
    return sorted(int(j) for j in order[:rank])


def _move(centers: Rationals, steps: Rationals, points: Rationals, rows: Rationals) -> Fraction:
    """The largest difference of a coordinate, as a share of the largest in its column."""
    share = Fraction(0)
    places = products([list(x) for x in zip(*rows, strict=True)], points)
    for column, step, place in zip(
        zip(*centers, strict=True), zip(*steps, strict=True), places, strict=True
    ):
        most = max(map(abs, column))
        moves = max(abs(x - y) for x, y in zip(step, place, strict=True))
        share = max(share, moves / most if moves else share)
    return share


def multipliers_of(
    certificate: Certificate, radii: Sequence[Fraction], points: Rationals, rows: Any, hull: Hull
) -> tuple[Rationals, list[Rationals]]:
    r"""Multipliers :math:`l_n` (N, p) and :math:`\Gamma_n` (N, p, k) of exact dual equalities.

    Parameters
    ----------
    certificate : Certificate
    radii : N fractions
    points : N lists of k fractions
        The :math:`A_n`.
    rows : k lists of d fractions, or None
        The rows of B; None for the identity.
    hull : Hull
        Of the centers.

    Raises
    ------
    ValueError
        If the samples do not determine what closes the equalities.
    """
    scale = certificate.pricing_maximum
    scale = scale if np.isfinite(scale) and scale > 0 else 1.0
    values = _rounded_parts(certificate.values, certificate.values_low, scale)
    jacobians = _reduced(certificate, rows, scale, hull)
    balls = [n for n, radius in enumerate(radii) if radius]
    for n in set(range(len(radii))) - set(balls):
        jacobians[n] = [[Fraction(0)] * len(points[0]) for _ in jacobians[n]]
    excess = [sum(column) for column in zip(*values, strict=True)]
    if balls:
        taker = max(balls, key=lambda n: max(map(abs, values[n])))
        values[taker] = [x - y for x, y in zip(values[taker], excess, strict=True)]
        moments = _moments(values, jacobians, points)
        jacobians[taker] = [
            [x - y for x, y in zip(*pair, strict=True)]
            for pair in zip(jacobians[taker], moments, strict=True)
        ]
    else:
        moments = _moments(values, jacobians, points)
        chosen = _independent(values, points)
        system = [[Fraction(1), *points[n]] for n in chosen]
        right = [[x, *m] for x, m in zip(excess, moments, strict=True)]
        for i, change in enumerate(_combination(system, right)):
            for n, x in zip(chosen, change, strict=True):
                values[n][i] -= x
    return values, jacobians


def _rounded_parts(array: Array, low: Array | None, scale: float) -> Any:
    """Sums of two floats over a float, rounded to `MULTIPLIER_BITS` below the largest."""
    bits = MULTIPLIER_BITS - frexp(float(np.abs(array).max(initial=0.0)) / scale)[1]
    least = float(np.abs(array).max(initial=0.0)) * NEGLIGIBLE
    unit = Fraction(scale)

    def convert(x: Any, y: Any) -> Any:
        """The sums of nested lists."""
        if isinstance(x, list):
            return [convert(a, b) for a, b in zip(x, y, strict=True)]
        if abs(x) < least:
            return Fraction(0)
        return rounded((Fraction(x) + Fraction(y)) / unit, bits)

    return convert(array.tolist(), (np.zeros_like(array) if low is None else low).tolist())


def _reduced(certificate: Certificate, rows: Any, scale: float, hull: Hull) -> list[Rationals]:
    r"""The :math:`\Gamma_n = G_n B^T K^{-1}`: :math:`G_n w = \Gamma_n \omega` in the hull.

    Of single floats the parts along orthonormal rows are taken first: images have 1e6 numbers a
    site, of which a few count.
    """
    if rows is None:
        return _rounded_parts(certificate.jacobians, certificate.jacobians_low, scale)
    low = certificate.jacobians_low
    if low is None:
        parts = certificate.jacobians_along(hull.basis)
        along = products(rows, rational(hull.basis.tolist()))
    else:
        parts, along = certificate.jacobians, rows
    gram = products(rows, rows)
    sizes = [abs(x) for row in gram for x in row]
    bits = MULTIPLIER_BITS + frexp(float(max(sizes)))[1]
    found = []
    for jacobian in _rounded_parts(parts, low, scale):
        exact = solved(gram, products(along, jacobian), "dependent rows")
        found.append([[rounded(x, bits) for x in row] for row in zip(*exact, strict=True)])
    return found


def _moments(values: Rationals, jacobians: list[Rationals], points: Rationals) -> Rationals:
    r"""The :math:`\sum_n (l_n A_n^T + \Gamma_n)`, (p, k)."""
    columns = [list(x) for x in zip(*points, strict=True)]
    total = products([list(x) for x in zip(*values, strict=True)], columns)
    for jacobian in jacobians:
        for row, more in zip(total, jacobian, strict=True):
            row[:] = [x + y for x, y in zip(row, more, strict=True)]
    return total


def _independent(values: Rationals, points: Rationals) -> list[int]:
    """Affinely independent sites, those with multipliers first."""
    table = np.array([[float(x) for x in point] for point in points])
    sizes = np.array([max(abs(float(x)) for x in value) for value in values])
    middle = table[sizes > 0].mean(axis=0) if (sizes > 0).any() else table.mean(axis=0)
    spread = np.abs(table - middle).max(axis=0)
    rows = np.column_stack([np.ones(len(table)), (table - middle) / np.where(spread, spread, 1.0)])
    # Sites without multipliers come in only where the others do not suffice.
    rows[sizes == 0] *= 1e-3
    order = scipy.linalg.qr(rows.T, mode="r", pivoting=True)[1]
    return sorted(int(n) for n in order[: rows.shape[1]])


def _combination(system: Rationals, right: Rationals) -> Rationals:
    """For each right side the shares of the rows of a square system that add up to it.

    Raises
    ------
    ValueError
        If the system is singular.
    """
    size = len(system[0])
    if len(system) != size:
        raise ValueError("too few samples are affinely independent to close the dual equalities")
    rows = [[row[i] for row in system] + [side[i] for side in right] for i in range(size)]
    for j in range(size):
        pivot = next((i for i in range(j, size) if rows[i][j]), None)
        if pivot is None:
            raise ValueError("the samples that close the dual equalities are dependent")
        rows[j], rows[pivot] = rows[pivot], rows[j]
        rows[j] = [x / rows[j][j] for x in rows[j]]
        for i in range(size):
            if i != j and rows[i][j]:
                rows[i] = [x - rows[i][j] * y for x, y in zip(rows[i], rows[j], strict=True)]
    return [[rows[i][size + s] for i in range(size)] for s in range(len(right))]
