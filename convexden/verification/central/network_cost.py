r"""A proven upper bound of the optimum of samples under any cost.

The network misses its targets by rounding, :math:`e_n = t_n - h(y_n)`, which is computed exactly.
Along a direction u that takes the samples to distinct places :math:`s_1 < \ldots < s_N`, the
function :math:`e_1 + \sum_j J_j [u^T y - s_j]_+` through :math:`(s_n, e_n)` corrects it.  So

.. math:: \sum_k |a_k| \, \Omega(w_k, b_k) + \sum_j |J_j| \, \Omega(u, -s_j)

is the cost of an exact interpolant, without a skip connection of its own.  Where there may be no
offset, the first hinge is :math:`e_1 [u^T y - s_0]_+ / (s_1 - s_0)` with a place before all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convexden.cost import Cost
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import above, length_above, root_above
from convexden.verification.exact.upper_bound import UpperBound

Array = NDArray[np.float64]
Vector = list[Fraction]

# Directions that are tried at random, from a fixed seed.
DIRECTIONS = 200
# Bits of the coordinates of a direction.
BITS = 10


def central_cost(problem: Interpolation, network: ShallowNetwork) -> UpperBound:
    """The cost of an exact interpolant next to the network, rounded up."""
    total = network_price(problem.cost, network)
    first = np.unique(problem.centers, axis=0, return_index=True)[1]
    errors = [_missed(problem, network, int(n)) for n in first]
    if any(any(error) for error in errors):
        total += _correction(problem.centers[first], errors, problem.cost)
    cost = above(total)
    return UpperBound(cost, max(0.0, cost - problem.cost.of(network)))


def network_price(cost: Cost, network: ShallowNetwork) -> Fraction:
    """A bound of what the neurons of a network cost."""
    price = _Price(cost, network.input_dimension)
    return sum((length_above(a) * price.above(w, b) for a, w, b in _neurons(network)), Fraction(0))


class _Price:
    """The weight of a hinge in rationals."""

    def __init__(self, cost: Cost, dimension: int) -> None:
        """That of a cost."""
        self.kappa, self.l1, self.offset = Fraction(cost.bias), cost.norm == "l1", cost.offset
        self.origin = [Fraction(x) for x in cost.point(dimension).tolist()]

    def above(self, w: Vector, b: Fraction) -> Fraction:
        """A bound of it."""
        moved = self.kappa * abs(
            b + sum((x * o for x, o in zip(w, self.origin, strict=True)), Fraction(0))
        )
        if self.l1:
            return sum(map(abs, w), moved)
        return Fraction(root_above(sum((x * x for x in w), moved * moved)))


def _neurons(network: ShallowNetwork) -> Iterator[tuple[Vector, Vector, Fraction]]:
    """The neurons in rationals."""
    a, b = network.exact_output_weights, network.exact_biases
    low = np.broadcast_to(a.low, a.high.shape), np.broadcast_to(b.low, b.high.shape)
    for k, w in enumerate(network.input_weights.tolist()):
        outputs = zip(a.high[k].tolist(), low[0][k].tolist(), strict=True)
        yield (
            [Fraction(x) + Fraction(y) for x, y in outputs],
            [Fraction(x) for x in w],
            Fraction(b.high[k].item()) + Fraction(low[1][k].item()),
        )


def _missed(problem: Interpolation, network: ShallowNetwork, n: int) -> Vector:
    """What the network misses at a sample."""
    y = [Fraction(x) for x in problem.centers[n].tolist()]
    rest = [
        Fraction(t) - Fraction(c) - _dot([Fraction(x) for x in row], y)
        for t, c, row in zip(
            problem.targets[n].tolist(), network.offset.tolist(), network.skip.tolist(), strict=True
        )
    ]
    for a, w, b in _neurons(network):
        z = _dot(w, y) + b
        if z > 0:
            rest = [e - x * z for e, x in zip(rest, a, strict=True)]
    return rest


def _correction(centers: Array, errors: list[Vector], cost: Cost) -> Fraction:
    """The cost of a function along one direction through errors at distinct samples."""
    price = _Price(cost, centers.shape[1])
    u = _direction(centers)
    places = [_dot(u, [Fraction(x) for x in row]) for row in centers.tolist()]
    order = sorted(range(len(places)), key=places.__getitem__)
    knots = [(places[n], errors[n]) for n in order]
    if not price.offset:
        before = knots[0][0] - (knots[-1][0] - knots[0][0])
        knots.insert(0, (before, [Fraction(0)] * len(errors[0])))
    slope, total = [Fraction(0)] * len(errors[0]), Fraction(0)
    for (s, e), (t, f) in pairwise(knots):
        after = [(b - a) / (t - s) for a, b in zip(e, f, strict=True)]
        jump = [b - a for a, b in zip(slope, after, strict=True)]
        total += length_above(jump) * price.above(u, -s)
        slope = after
    return total


def _direction(centers: Array) -> Vector:
    """A direction of few bits along which the places of samples are far apart."""
    rng = np.random.default_rng(0)
    d = centers.shape[1]
    directions = np.vstack([np.eye(d), rng.standard_normal((DIRECTIONS, d))])
    directions = np.round(directions * 2**BITS)
    middle = centers - centers.mean(axis=0)
    gaps = np.diff(np.sort(middle @ directions.T, axis=0), axis=0).min(axis=0)
    best = directions[int(np.argmax(gaps / np.linalg.norm(directions, axis=1)))]
    return [Fraction(x) for x in best.tolist()]


def _dot(u: Vector, v: Vector) -> Fraction:
    """The product of two vectors."""
    return sum((a * b for a, b in zip(u, v, strict=True)), Fraction(0))
