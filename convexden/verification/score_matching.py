r"""Checks a score network and its multipliers: the two sides of Hyvarinen's objective.

Nothing is shared with the solver.  The objective of the network is computed in rationals; where a
hinge passes through a sample, the side with the larger divergence counts.  The multipliers are
closed in integers, so that

.. math:: \sum_n q_n = 0, \qquad \sum_n (q_n x_n^T + I) = 0

hold exactly, and prove :math:`-\tfrac12 \sum_n |q_n|^2` if the pricing maximum is at most the
penalty.  Along the hinges through a sample the constraint is :math:`|M w|` on arcs whose order is
decided in integers; M is rounded once, and what that may add is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS
from convexden.network import ShallowNetwork
from convexden.verification.exact.closing import Closed, close
from convexden.verification.exact.rationals import above, below, dyadic, rational

Array = NDArray[np.float64]
Vector = tuple[int, int]

# A peak this close to an arc, in radians, counts as one on it: far above the rounding of angles,
# and what it adds to the maximum is the square of it.
NEAR_RAD = 1e-9
# Rounding of the squares of values on an arc, as a share of the square of the matrix.
ROUNDING = 64 * EPS


@dataclass(frozen=True)
class ScoreVerification:
    """What a score network and its multipliers were shown to be.

    Attributes
    ----------
    objective, fit, divergence, cost : float
        ``fit + divergence + penalty * cost``: half the sum of squares, the sum of divergences, and
        the representation cost; the objective is rounded up.
    lower_bound : float
        What no network is below; minus infinity if the pricing maximum exceeds the penalty.
    pricing_maximum : float
        Of the multipliers, rounded up.
    """

    objective: float
    fit: float
    divergence: float
    cost: float
    lower_bound: float
    pricing_maximum: float

    __repr__ = display.field_line

    @property
    def relative_gap(self) -> float:
        """(objective - lower bound) / |objective|."""
        return (self.objective - self.lower_bound) / abs(self.objective)


def verify_score(
    points: Array, penalty: float, network: ShallowNetwork, values: Array
) -> ScoreVerification:
    """Check a score network and multipliers.

    Parameters
    ----------
    points : (N, d) array
        Samples, with d = 1 or 2; equal ones count as often as they are there.
    penalty : float
    network : ShallowNetwork
        From d inputs to d outputs.
    values : (N, d) array
        The multipliers q; those of equal samples are summed.

    Returns
    -------
    ScoreVerification
    """
    sites, groups, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    summed = np.zeros(sites.shape)
    np.add.at(summed, groups.reshape(-1), values)
    fit, divergence = _terms(sites, counts, network)
    rounding = 1.0 + (network.neurons + 8 + 2 * sites.shape[1]) * EPS
    cost = network.representation_cost * rounding
    objective = fit + divergence + Fraction(penalty) * Fraction(cost)
    closed = _closed(sites, counts, summed)
    maximum = _line_maximum(closed) if sites.shape[1] == 1 else _plane_maximum(closed)
    bound = -np.inf
    if maximum <= penalty:
        unit = rational(1, closed.weight) / closed.denominator
        squares = sum(
            Fraction(sum(int(q) ** 2 for q in row)) / int(count)
            for row, count in zip(closed.values, counts, strict=True)
        )
        bound = below(-squares * unit * unit / 2)
    return ScoreVerification(above(objective), float(fit), float(divergence), cost, bound, maximum)


def _terms(
    sites: Array, counts: NDArray[np.intp], network: ShallowNetwork
) -> tuple[Fraction, Fraction]:
    """Half the sum of the squares of the network at the samples, and of its divergences, exactly.

    Of a hinge through a sample the side with the larger divergence counts.
    """
    a, w, b, v, c = (
        np.vectorize(Fraction, otypes=[object])(np.asarray(numbers, dtype=float))
        for numbers in (
            network.output_weights,
            network.input_weights,
            network.biases,
            network.skip,
            network.offset,
        )
    )
    fit = divergence = Fraction(0)
    slopes = (a * w).sum(axis=1)
    for row, count in zip(sites, counts, strict=True):
        x = np.array([Fraction(float(each)) for each in row], dtype=object)
        value, slope = v @ x + c, np.trace(v)
        if len(b):
            heights = w @ x + b
            on = [z > 0 or (z == 0 and s > 0) for z, s in zip(heights, slopes, strict=True)]
            active = np.array(on, dtype=int)
            value = value + (active * heights) @ a
            slope = slope + active @ slopes
        fit += int(count) * sum(each * each for each in value) / 2
        divergence += int(count) * slope
    return fit, divergence


def _closed(sites: Array, counts: NDArray[np.intp], values: Array) -> Closed:
    """The multipliers changed until the equalities hold exactly."""
    n, d = sites.shape
    jacobians = counts[:, None, None] * np.eye(d)
    sizes = np.linalg.norm(values, axis=1)
    samples = np.zeros(n, dtype=bool)
    none = dyadic(np.zeros(n))
    return close(dyadic(sites), none, dyadic(values), dyadic(jacobians), sites, sizes, samples)


def _unit(closed: Closed) -> Fraction:
    """The unit of constraint values."""
    return rational(1, closed.weight + closed.unit) / closed.denominator


def _line_maximum(closed: Closed) -> float:
    """The pricing maximum on a line, rounded up: at every sample, which counts or not."""
    x = closed.centers[:, 0]
    order = np.argsort(x)
    x, q, m = x[order], closed.values[order, 0], closed.jacobians[order, 0, 0]
    best = total = moment = slope = 0
    for n in range(len(x) - 1, -1, -1):
        value = moment - total * x[n] + slope  # without the sample itself
        best = max(best, abs(value), abs(value + m[n]))
        total, moment, slope = total + q[n], moment + q[n] * x[n], slope + m[n]
    return above(best * _unit(closed))


def _plane_maximum(closed: Closed) -> float:
    """A bound of the pricing maximum in a plane."""
    forms: list[list[int]] = []
    ends: list[tuple[Vector, Vector]] = []
    for pivot in range(len(closed.centers)):
        for form, start, end in _arcs(closed, pivot):
            own = closed.jacobians[pivot].ravel()
            forms += [list(form), list(form + own)]
            ends += [(start, end)] * 2
    unit = _unit(closed)
    matrices = np.array([[float(each * unit) for each in form] for form in forms])
    return _bounded(
        matrices.reshape(-1, 2, 2), *(_angles([end[j] for end in ends]) for j in (0, 1))
    )


def _arcs(closed: Closed, pivot: int) -> Iterator[tuple[NDArray[np.object_], Vector, Vector]]:
    """The matrices M, without the pivot's own term, on the arcs of half a turn of the normal, and
    the directions of the hinges at their ends.

    A hinge of direction u has the normal (-u_2, u_1), on whose active side is d iff u x d > 0.
    """
    steps = closed.centers - closed.centers[pivot]
    others = [n for n in range(len(steps)) if n != pivot]
    upper = {n: 1 if (steps[n, 1], steps[n, 0]) > (0, 0) else -1 for n in others}
    lines = {n: (upper[n] * steps[n, 0], upper[n] * steps[n, 1]) for n in others}
    terms = {
        n: (closed.values[n][:, None] * steps[n][None, :] + closed.jacobians[n]).ravel()
        for n in others
    }

    def before(i: int, j: int) -> int:
        """Negative if the first line comes first."""
        return -_sign(_cross(lines[i], lines[j]))

    order = sorted(others, key=cmp_to_key(before))
    form = sum((terms[n] for n in others if upper[n] > 0), np.array([0] * 4, dtype=object))
    for n, following in pairwise([*order, order[0]]):
        # Past its line, a sample changes sides.
        form = form - upper[n] * terms[n]
        last = following == order[0]
        if last or _cross(lines[n], lines[following]) != 0:
            end = lines[following]
            yield form, lines[n], (-end[0], -end[1]) if last else end


def _cross(u: Vector, v: Vector) -> int:
    """The cross product of two vectors."""
    return u[0] * v[1] - u[1] * v[0]


def _sign(number: int) -> int:
    """-1, 0 or 1."""
    return (number > 0) - (number < 0)


def _angles(vectors: list[Vector]) -> Array:
    """Angles of the normals of hinges of these directions, up to rounding."""
    scale = max(max(abs(x), abs(y)) for x, y in vectors)
    numbers = np.array([[x / scale, y / scale] for x, y in vectors])
    return np.arctan2(numbers[:, 0], -numbers[:, 1])


def _bounded(forms: Array, starts: Array, ends: Array) -> float:
    """A bound of |M w| over arcs of unit normals, all rounding included."""
    square = np.einsum("aki,akj->aij", forms, forms)
    middle = (square[:, 0, 0] + square[:, 1, 1]) / 2
    cosine, sine = (square[:, 0, 0] - square[:, 1, 1]) / 2, square[:, 0, 1]
    swing = np.hypot(cosine, sine)
    lengths = (ends - starts) % (2 * np.pi)
    peaks = (np.arctan2(sine, cosine) / 2 - starts + NEAR_RAD) % np.pi
    inside = peaks <= lengths + 2 * NEAR_RAD
    at_ends = np.maximum(
        *(cosine * np.cos(2 * each) + sine * np.sin(2 * each) for each in (starts, ends))
    )
    squares = middle + np.where(inside, swing, at_ends)
    return float(np.sqrt((squares + ROUNDING * 2 * middle).max()) * (1.0 + 4.0 * EPS))
