r"""The line under any cost of a kink: connect the dots, and where that is too dear, bend in a gap.

A kink at x weighs :math:`\omega(x) = \sqrt{1 + \kappa^2 (x - o)^2}` or :math:`1 + \kappa |x - o|`.
The dual is a function q that is affine in every gap, given by its values :math:`q_k` at the knots,
which are the ends of the sites at which the slope of the dots jumps by :math:`J_k`,

.. math:: \max \sum_k J_k^T q_k \quad \text{subject to} \quad |q(x)| \le \omega(x) .

1. :math:`q_k = \omega(x_k) J_k / |J_k|` proves that connecting the dots is optimal, if it is
   feasible in the gaps.  It is wherever :math:`\omega` is concave there, as without a penalty on
   biases (Savarese et al. 2019, arXiv 1902.05040), and between balls of different targets, because
   :math:`\omega` is a norm of (1, -x).
2. Otherwise the linear program of one output is solved over knots and kinks in gaps, and the
   largest :math:`|q| / \omega` of each gap joins them until none exceeds 1.  That converges
   quadratically.  Kinks of one gap are then one: by Jensen's inequality it costs no more.

*Without a skip connection*, of samples: q begins with :math:`q_1 = L` at the first sample, which
the first slope multiplies; hinges that face left see q - L.  Without a penalty on biases, let S be
the sum of the :math:`|J_k|` and D that of the first and last slope: if :math:`|D| \le S`, then
:math:`L = 0` and q is as in step 1, else L = sign D, and q is L where the slope jumps in this
direction, else 0.  The cost is :math:`\max(S, (S + |D|) / 2)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from convexden.arithmetic.two_part import TwoPart
from convexden.cost import Cost
from convexden.errors import NotSupported
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.line.blocks import Blocks, blocks_of

# Jumps of the slope below this share of the largest are rounding.
NO_JUMP = 1e-14
# By how much the dual of step 1 may exceed the weight: its rounding.
FEASIBLE = 1e-13


@dataclass(frozen=True)
class Weight:
    """The weight of a kink in floats."""

    cost: Cost

    @property
    def origin(self) -> float:
        """Where it is least."""
        return float(self.cost.point(1)[0])

    def __call__(self, x: Array) -> Array:
        """At positions x."""
        return self.cost.weights(np.ones((x.size, 1)), -x.reshape(-1)).reshape(x.shape)

    def peaks(self, start: Array, stop: Array, before: Array, after: Array) -> Array:
        """Where |q| over the weight may be largest inside of gaps (G,) with q (G, p) at the ends:
        positions (G, 2), at an end if there is none."""
        lengths = (stop - start)[:, None]
        slope = np.divide(after - before, lengths, out=np.zeros_like(after), where=lengths > 0)
        value = before + slope * (self.origin - start)[:, None]
        if self.cost.norm == "l1" or not self.cost.bias:
            places = np.full((len(start), 2), self.origin)
        else:
            # Roots of kappa^2 b s^2 + u s - b: there the derivative of |value + slope s|^2 over
            # 1 + kappa^2 s^2 is zero.
            kappa2 = self.cost.bias**2
            a, b = (slope * slope).sum(axis=1), (slope * value).sum(axis=1)
            u = kappa2 * (value * value).sum(axis=1) - a
            root = (u + np.copysign(np.hypot(u, 2 * self.cost.bias * b), u)) / 2
            with np.errstate(all="ignore"):
                places = self.origin + np.column_stack([-root / (kappa2 * b), b / root])
        found: Array = np.clip(np.nan_to_num(places), start[:, None], stop[:, None])
        return found


@dataclass(frozen=True, eq=False)
class Dots:
    """The dots of a problem: where the slope of the function that connects them jumps.

    `before` and `after` are the rows (G,) of the knots at the ends of each gap, -1 where there is
    none.  With `sloped` the first sample is a knot, whose jump is the first slope.
    """

    problem: Interpolation
    weight: Weight
    blocks: Blocks
    targets: Array  # (B, p)
    slopes: Array  # (G, p)
    knots: TwoPart  # (K,)
    exact_jumps: TwoPart  # (K, p)
    before: Indices
    after: Indices
    sloped: bool

    @classmethod
    def of(cls, problem: Interpolation) -> Dots:
        """Those of a problem of input dimension one."""
        blocks, _ = blocks_of(TwoPart.of(problem.centers[:, 0]), problem.radii)
        targets = problem.targets[blocks.sites]
        starts, stops = _exact(blocks.right)[:-1], _exact(blocks.left)[1:]
        slopes = _slopes(targets, starts, stops)
        sloped = not (problem.cost.skip or blocks.flat.any())
        places, before, after = _knots(blocks.flat.tolist(), slopes, sloped)
        rows = np.array([i for i, _, _ in places], dtype=np.intp)
        side = np.array([right for _, right, _ in places], dtype=bool)
        knots = blocks.right.rows(rows).where(side, blocks.left.rows(rows))
        shape = (len(places), targets.shape[1])
        pairs = np.array([_two_floats(x) for *_, jump in places for x in jump]).reshape(*shape, 2)
        sizes = np.linalg.norm(pairs[..., 0], axis=1)
        pairs[sizes <= NO_JUMP * sizes.max(initial=0.0)] = 0.0
        rounded = np.array([[float(x) for x in row] for row in slopes])
        return cls(
            problem,
            Weight(problem.cost),
            blocks,
            targets,
            rounded.reshape(-1, shape[1]),
            knots,
            TwoPart(pairs[..., 0], pairs[..., 1]),
            before,
            after,
            sloped,
        )

    @property
    def jumps(self) -> Array:
        """The jumps of the slope (K, p), rounded."""
        return self.exact_jumps.high

    @property
    def starts(self) -> Array:
        """Where the gaps begin."""
        return self.blocks.right.high[:-1]

    @property
    def stops(self) -> Array:
        """Where the gaps end."""
        return self.blocks.left.high[1:]

    @property
    def outside(self) -> tuple[float, bool]:
        """The cheapest kink outside of the data, and whether it has to face left."""
        first, last = self.blocks.left.high[0], self.blocks.right.high[-1]
        origin = self.weight.origin
        if origin <= first or origin >= last:
            return origin, bool(origin >= last)
        ends = np.array([first, last])
        side = int(self.weight(ends).argmin())
        return float(ends[side]), side == 1

    def ends(self, q: Array) -> tuple[Array, Array]:
        """The dual (G, p) at the ends of the gaps; zero where there is no knot."""
        padded = np.vstack([q, np.zeros_like(q[:1]) if len(q) else np.zeros_like(self.targets[:1])])
        return padded[self.before], padded[self.after]

    def multipliers(self, q: Array) -> tuple[Array, Array, Array, Array]:
        """Values (N, p) and Jacobians (N, p, 1) of the dual q (K, p), and low parts of both."""
        before, after = self.ends(q)
        starts, stops = _exact(self.blocks.right)[:-1], _exact(self.blocks.left)[1:]
        centers = _exact(TwoPart.of(self.problem.centers[self.blocks.sites, 0]))
        shape = self.problem.targets.shape
        values, jacobians = np.zeros((2, *shape)), np.zeros((2, *shape))
        for j in range(shape[1]):
            lines = [(Fraction(0), Fraction(0))]  # slope and value at 0 of q in each gap
            for u, v, x, y in zip(
                before[:, j].tolist(), after[:, j].tolist(), starts, stops, strict=True
            ):
                slope = (Fraction(v) - Fraction(u)) / (y - x) if y > x else Fraction(0)
                lines.append((slope, Fraction(u) - slope * x))
            lines.append((Fraction(0), Fraction(0)))
            for i, n in enumerate(self.blocks.sites.tolist()):
                (slope, value), (next_slope, next_value) = lines[i], lines[i + 1]
                values[:, n, j] = _two_floats(next_slope - slope)
                if self.blocks.flat[i]:
                    rise = (slope - next_slope) * centers[i] + value - next_value
                    jacobians[:, n, j] = _two_floats(rise)
        return values[0], values[1], jacobians[0][..., None], jacobians[1][..., None]


@dataclass(frozen=True, eq=False)
class Kinks:
    """Kinks at x (K,) with masses (K, p), of hinges that face left or right."""

    x: TwoPart
    masses: TwoPart
    left: Flags

    def network(self, dots: Dots) -> ShallowNetwork:
        """The network with these kinks through the dots."""
        used = self.masses.high.any(axis=1)
        x, left = self.x.rows(used), self.left[used]
        exact = self.masses.rows(used)
        masses = exact.high
        start, stop = dots.blocks.left.high[0], dots.stops[0] if len(dots.stops) else 0.0
        slope = np.zeros(dots.targets.shape[1])
        if not (dots.sloped or dots.blocks.flat[0]):
            share = np.clip((stop - x.high) / (stop - start), 0.0, 1.0)
            slope = dots.slopes[0] - share @ masses
        offset = dots.targets[0] - slope * start
        turn = np.where(left, -1.0, 1.0)
        biases = x.times(TwoPart.of(-turn))
        reach = np.maximum(turn * start + biases.high, 0.0)
        return ShallowNetwork(
            masses,
            turn[:, None],
            biases.high,
            slope[:, None],
            offset - reach @ masses,
            exact.low,
            biases.low,
        )


def solve_weighted(problem: Interpolation) -> tuple[ShallowNetwork, Array]:
    """A network and the dual q at the knots, of a problem of one input under any cost.

    Raises
    ------
    NotSupported
        If connecting the dots is not optimal and there are several outputs.
    """
    from convexden.solvers.line.weighted_program import bend

    dots = Dots.of(problem)
    if dots.sloped and not problem.cost.bias and problem.output_dimension == 1:
        kinks, q = _savarese(dots)
    else:
        q = dots.weight(dots.knots.high)[:, None] * _unit(dots.jumps)
        kinks = Kinks(dots.knots, dots.exact_jumps, np.zeros(len(q), dtype=bool))
        if dots.sloped or _excess(dots, q) > FEASIBLE:
            if problem.output_dimension > 1:
                raise NotSupported(
                    f"{problem.output_dimension} outputs with {problem.cost.description}: only one "
                    "is solved, or several where connecting the dots is optimal"
                )
            kinks, q = bend(dots)
    network = kinks.network(dots)
    if not problem.cost.skip and not dots.sloped:
        network = network.without_skip(problem.centers[int(problem.radii.argmax())])
    return network, q


def _excess(dots: Dots, q: Array) -> float:
    """By how much the dual exceeds the weight in a gap, relatively."""
    before, after = dots.ends(q)
    places = dots.weight.peaks(dots.starts, dots.stops, before, after)
    return float((_ratios(dots, before, after, places) - 1.0).max(initial=0.0))


def _ratios(dots: Dots, before: Array, after: Array, places: Array) -> Array:
    """|q| over the weight at places (G, 2) of gaps with q (G, p) at their ends."""
    lengths = dots.stops - dots.starts
    share = np.divide(
        dots.stops[:, None] - places, lengths[:, None], out=np.zeros_like(places),
        where=lengths[:, None] > 0,
    )  # fmt: skip
    q = share[..., None] * before[:, None] + (1.0 - share)[..., None] * after[:, None]
    ratios: Array = np.linalg.norm(q, axis=2) / dots.weight(places)
    return ratios


def _savarese(dots: Dots) -> tuple[Kinks, Array]:
    """Kinks and dual of one output without skip connection and with free biases."""
    exact = dots.exact_jumps.rows((slice(1, None), 0))
    jumps = exact.high
    first, total = float(dots.slopes[0, 0]), float(np.abs(jumps).sum())
    ends = first + float(dots.slopes[-1, 0])
    if abs(ends) <= total:
        sign, side = 0.0, -np.sign(first)
        q = np.sign(jumps)
        taken = np.where(np.sign(jumps) == side, np.abs(jumps), 0.0)
        taken = np.clip(abs(first) - (np.cumsum(taken) - taken), 0.0, taken)
        left = TwoPart.of(side * taken)
    else:
        sign = float(np.sign(ends))
        q = np.where(sign * jumps > 0, sign, 0.0)
        left = TwoPart.of(np.where(sign * jumps < 0, jumps, 0.0))
    left = exact.where(left.high == jumps, left)
    place, turned = dots.outside
    outer = first + float(left.high.sum()) if sign else 0.0
    inner = dots.knots.rows(slice(1, None))
    x = TwoPart.join(TwoPart.join(TwoPart.of(np.array([place])), inner), inner)
    outside = TwoPart.of(np.array([-outer if turned else outer]))
    masses = TwoPart.join(TwoPart.join(outside, exact.minus(left)), left).column()
    faces = np.concatenate([[turned], np.zeros(len(jumps)), np.ones(len(jumps))]).astype(bool)
    return Kinks(x, masses, faces), np.append(sign, q)[:, None]


def _knots(
    flat: list[bool], slopes: list[list[Fraction]], sloped: bool
) -> tuple[list[tuple[int, bool, list[Fraction]]], Indices, Indices]:
    """The knots, each with its block, whether it is the right end, and its jump; and the knots at
    the ends of each gap, -1 where there is none."""
    last = len(flat) - 1
    places: list[tuple[int, bool, list[Fraction]]] = []
    before, after = np.full(last, -1), np.full(last, -1)
    for i, ball in enumerate(flat):
        into = slopes[i - 1] if i else [Fraction(0)] * len((slopes or [[]])[0])
        out = slopes[i] if i < last else [Fraction(0)] * len(into)
        if ball:
            ends = [(False, [-a for a in into])] * (i > 0) + [(True, out)] * (i < last)
        else:
            jump = [b - a for a, b in zip(into, out, strict=True)]
            ends = [(False, jump)] * (0 < i < last or (sloped and i == 0))
        for right, jump in ends:
            if i > 0 and not right:
                after[i - 1] = len(places)
            if i < last and (right or not ball):
                before[i] = len(places)
            places.append((i, right, jump))
    return places, before, after


def _slopes(targets: Array, starts: list[Fraction], stops: list[Fraction]) -> list[list[Fraction]]:
    """The slopes of the dots over the gaps; 0 where two blocks touch."""
    rows = targets.tolist()
    return [
        [(Fraction(b) - Fraction(a)) / (stop - start or 1) for a, b in zip(u, v, strict=True)]
        for u, v, start, stop in zip(rows[:-1], rows[1:], starts, stops, strict=True)
    ]


def _unit(vectors: Array) -> Array:
    """Unit vectors; 0 where the vector is 0."""
    sizes = np.linalg.norm(vectors, axis=1)[:, None]
    return np.divide(vectors, sizes, out=np.zeros_like(vectors), where=sizes > 0)


def _exact(numbers: TwoPart) -> list[Fraction]:
    """Sums of two floats as rationals."""
    low = np.broadcast_to(numbers.low, numbers.high.shape)
    return [
        Fraction(a) + Fraction(b) for a, b in zip(numbers.high.tolist(), low.tolist(), strict=True)
    ]


def _two_floats(number: Fraction) -> tuple[float, float]:
    """The sum of two floats next to a rational."""
    high = float(number)
    return high, float(number - Fraction(high))
