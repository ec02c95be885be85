r"""The cost on the line from above, and the errors of a network there, in integers.

On a line a network is a piecewise affine function h, and R(h) is the sum of the jumps of its slope.
A stored network meets the targets up to rounding.  The function that is exact on the sites and is h
plus an affine function over each gap between them, one that removes the errors at both ends of the
gap, meets them exactly; its jumps are rational and are summed up with rounding upward.  Inside the
gaps it bends where the network bends, so it costs what the network costs plus what the errors are
worth.  Left and right of the data the network goes on: shifted next to a ball, and next to a sample
with the correction of the nearest gap, which adds no jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.network import ShallowNetwork
from convexden.verification.exact.line import Ranks, ranked
from convexden.verification.exact.rationals import FLOAT_BITS, Integers, align, dyadic, dyadic_sum

Array = NDArray[np.float64]
Exact = Array | tuple[Integers, int]  # floats, or integers with an exponent


@dataclass(frozen=True, eq=False)
class LineCost:
    """An upper bound of the optimum on a line, and how far the network is from its targets.

    Attributes
    ----------
    upper : float or None
        Cost of the network after its errors are removed, rounded up; None if there is none.
    misfits : (N,) array
        Largest ``|h(y) - t_n|`` over the points of site n and of the sites that it is connected
        with, rounded up.
    obstacle : str
        Why there is no bound; empty if there is one.
    """

    upper: float | None
    misfits: Array
    obstacle: str


def line_cost(centers: Exact, radii: Exact, targets: Array, network: ShallowNetwork) -> LineCost:
    """Bound the optimum of a problem on a line from above by a network that nearly solves it.

    All floats are meant exactly.  Time O((N + K) log(N + K)), memory O(N + K) for K neurons.

    Parameters
    ----------
    centers, radii : (N,) arrays, or integers with an exponent
        With at least two different centers.
    targets : (N, p) array
    network : ShallowNetwork
        With one input and p outputs.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    neurons = _Neurons.of(network)
    positions, reach, goals, place, value = _aligned(neurons, centers, radii, targets)
    line = _Line.of(positions, reach, *neurons.knots(place))
    points, bends = [], []
    for j in range(goals.shape[1]):
        h = _Pieces.of(*neurons.column(j, place, value), line.order)
        points.append(_quotients_above(*line.errors(h, goals[line.first, j]), value))
        bends.append(_quotients_above(*line.jumps(h, goals[line.first, j]), value - place))
    largest = np.zeros(len(line.left))
    np.maximum.at(largest, line.owners, _norms_above(points))
    misfits = largest[line.blocks]
    clash = (goals != goals[line.first][line.blocks]).any(axis=1)
    if clash.any():
        site = int(np.argmax(clash))
        other = int(line.first[line.blocks[site]])
        obstacle = f"sites {other} and {site} are connected and have different targets"
        return LineCost(None, misfits, obstacle)
    total = math.fsum(_norms_above(bends))
    upper = math.nextafter(total, math.inf) if total > 0.0 else 0.0
    if not math.isfinite(upper):
        return LineCost(None, misfits, "the cost is too large for a float")
    return LineCost(upper, misfits, "")


def line_errors(
    centers: Exact, radii: Exact, targets: Array, network: ShallowNetwork
) -> tuple[Array, Array, Array]:
    """Errors of a network at the centers of the sites of a line, each rounded up; arrays (N,).

    Norms of t - h and of the slope of h (on a hinge that of the inactive side), and the sum over
    the hinges inside the site of ``|a_k| (r_n |w_k| - |w_k y_n + b_k|)``.

    Parameters
    ----------
    centers, radii : (N,) arrays, or integers with an exponent
    targets : (N, p) array
    network : ShallowNetwork
        With one input and p outputs.
    """
    neurons = _Neurons.of(network)
    positions, reach, goals, place, value = _aligned(neurons, centers, radii, targets)
    quotients = neurons.knots(place)
    knots, (low, middle, high) = _ranks(*quotients, positions - reach, positions, positions + reach)
    order = np.argsort(knots, kind="stable")
    knots = knots[order]
    pieces = np.searchsorted(knots, middle, side="left")
    errors, slopes = [], []
    for j in range(goals.shape[1]):
        h = _Pieces.of(*neurons.column(j, place, value), order)
        errors.append(_integers_above(goals[:, j] - h.at(pieces, positions), value))
        slopes.append(_integers_above(h.slopes[pieces], value - place))
    begins = np.searchsorted(knots, low, side="right")
    ends = np.searchsorted(knots, high, side="left")
    sizes = _hinge_sizes(network)
    overlaps = np.zeros(len(goals))
    for n in np.flatnonzero(begins < ends):
        inside = order[begins[n] : ends[n]]
        depths = _depths(positions[n], reach[n], quotients[0][inside], quotients[1][inside], place)
        overlaps[n] = (1.0 + len(inside) * EPS) * float(depths @ sizes[inside])
    return _norms_above(errors), _norms_above(slopes), overlaps


def _aligned(
    neurons: _Neurons, centers: Exact, radii: Exact, targets: Array
) -> tuple[Integers, Integers, Integers, int, int]:
    """Centers and radii as integers in units of 2**place, targets in those of 2**value; and these
    two exponents."""
    y, r, t = (_short(_exactly(numbers)) for numbers in (centers, radii, targets))
    place, value = neurons.exponents(min(y[1], r[1]), t[1])
    return align(y, place), align(r, place), align(t, value), place, value


def _hinge_sizes(network: ShallowNetwork) -> Array:
    """The |a_k| |w_k| of the neurons with an input weight."""
    w = network.input_weights[:, 0]
    sizes = np.linalg.norm(network.output_weights, axis=1) * np.abs(w)
    return np.asarray(sizes[w != 0])


def _depths(
    center: int, radius: int, numerators: Integers, denominators: Integers, place: int
) -> Array:
    """How far knots in a site are from its nearest end, rounded up; integers in units of
    2**place."""
    depths = radius * denominators - abs(center * denominators - numerators)
    return _quotients_above(depths, denominators, place)


@dataclass(frozen=True, eq=False)
class _Neurons:
    """The network in integers with powers of two; all neurons face right.

    A neuron that faces left is one that faces right plus an affine function; one without input
    weight is a constant.
    """

    weights: tuple[Integers, int]  # (K, p) output weights
    inputs: tuple[Integers, int]  # (K,) input weights, positive
    biases: tuple[Integers, int]  # (K,)
    skip: tuple[Integers, int]  # (p,)
    offset: tuple[Integers, int]  # (p,)

    @classmethod
    def of(cls, network: ShallowNetwork) -> _Neurons:
        """Turn all neurons to the right."""
        a = _short(dyadic_sum(network.output_weights, network.output_weights_low))
        w = _short(dyadic(network.input_weights[:, 0]))
        b = _short(dyadic_sum(network.biases, network.biases_low))
        left, bent = w[0] < 0, w[0] != 0
        always = left | (~bent & (b[0] > 0))
        affine = [
            ((a[0][chosen] * other[0][chosen, None]).sum(axis=0), a[1] + other[1])
            for chosen, other in ((left, w), (always, b))
        ]
        skip = _sum(affine[0], dyadic(network.skip[:, 0]))
        offset = _sum(affine[1], dyadic(network.offset))
        sign = np.where(left[bent], -1, 1).astype(object)
        return cls(
            (a[0][bent], a[1]), (w[0][bent] * sign, w[1]), (b[0][bent] * sign, b[1]), skip, offset
        )

    def exponents(self, positions: int, targets: int) -> tuple[int, int]:
        """Powers of two in which positions and values of the network are integers."""
        slopes = self.slope_exponent
        value = min(
            slopes + min(positions, self.biases[1] - self.inputs[1]),
            self.weights[1] + self.biases[1],
            self.offset[1],
            targets,
        )
        return value - slopes, value

    @property
    def slope_exponent(self) -> int:
        """The power of two in which slopes are integers."""
        return min(self.weights[1] + self.inputs[1], self.skip[1])

    def knots(self, place: int) -> tuple[Integers, Integers]:
        """Numerators and denominators of the knots in units of 2**place."""
        shift = self.biases[1] - self.inputs[1] - place
        return self.biases[0] * -(1 << shift), self.inputs[0]

    def column(self, j: int, place: int, value: int) -> tuple[Integers, Integers, int, int]:
        """Slopes and offsets of the neurons of output j, and of the skip connection."""
        steep = value - place
        a, exponent = self.weights
        slopes = a[:, j] * self.inputs[0] * (1 << (exponent + self.inputs[1] - steep))
        offsets = a[:, j] * self.biases[0] * (1 << (exponent + self.biases[1] - value))
        skip = int(self.skip[0][j]) << (self.skip[1] - steep)
        return slopes, offsets, skip, int(self.offset[0][j]) << (self.offset[1] - value)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """One output of the network: ``slopes[k] y + offsets[k]`` right of the first k knots."""

    slopes: Integers  # (K + 1,)
    offsets: Integers

    @classmethod
    def of(
        cls, slopes: Integers, offsets: Integers, skip: int, offset: int, order: Ranks
    ) -> _Pieces:
        """Add up the neurons from left to right."""
        return cls(
            np.add.accumulate(np.append(np.array([skip], dtype=object), slopes[order])),
            np.add.accumulate(np.append(np.array([offset], dtype=object), offsets[order])),
        )

    def at(self, pieces: Ranks, points: Integers) -> Integers:
        """Values at points of the pieces."""
        return self.slopes[pieces] * points + self.offsets[pieces]


@dataclass(frozen=True, eq=False)
class _Line:
    """Blocks of connected sites from left to right, and where the knots lie among them."""

    left: Integers  # (B,) ends of the blocks
    right: Integers
    flat: NDArray[np.bool_]  # (B,) not a single point
    blocks: Ranks  # (N,) block of each site
    first: Ranks  # (B,) a site of each block
    order: Ranks  # (K,) neurons by their knots
    before: Ranks  # (B,) number of knots left of the block
    after: Ranks  # (B,) number of knots left of its right end or on it
    inside: Ranks  # (I,) which of the sorted knots are in blocks
    knots: tuple[Integers, Integers]  # (I,) their numerators and denominators
    owners: Ranks  # (2 B + I,) blocks of the left ends, the right ends and the knots in blocks
    outside: Ranks  # (K - I,) and which are not

    @classmethod
    def of(cls, y: Integers, r: Integers, numerators: Integers, denominators: Integers) -> _Line:
        """Sort the ends of the sites and the knots together, exactly."""
        lower, upper = y - r, y + r
        knots, (left, right) = _ranks(numerators, denominators, lower, upper)
        sites = np.argsort(left, kind="stable")
        reached = np.maximum.accumulate(right[sites])
        begins = np.append(True, left[sites][1:] > reached[:-1])
        blocks = np.empty(len(y), dtype=np.intp)
        blocks[sites] = np.cumsum(begins) - 1
        first = sites[begins]
        last = np.append(np.flatnonzero(begins)[1:], len(y)) - 1
        ends = np.empty(len(y), dtype=object)
        ends[:] = np.maximum.accumulate(upper[sites])
        start_ranks, end_ranks = left[first], reached[last]

        order = np.argsort(knots, kind="stable")
        knots = knots[order]
        owners = np.searchsorted(start_ranks, knots, side="right") - 1
        within = (owners >= 0) & (knots <= end_ranks[owners])
        inside = np.flatnonzero(within)
        return cls(
            lower[first],
            ends[last],
            end_ranks > start_ranks,
            blocks,
            first,
            order,
            np.searchsorted(knots, start_ranks, side="left"),
            np.searchsorted(knots, end_ranks, side="right"),
            inside,
            (numerators[order][inside], denominators[order][inside]),
            np.concatenate([np.tile(np.arange(len(first)), 2), owners[inside]]),
            np.flatnonzero(~within),
        )

    def errors(self, h: _Pieces, goals: Integers) -> tuple[Integers, Integers]:
        """Errors t - h at the ends of the blocks and at the knots in them, see `owners`: numerators
        and denominators.  Between these h is affine, so that nothing else can be larger.
        """
        left, right = self._end_errors(h, goals)
        numerators, denominators = self.knots
        goal = goals[self.owners[2 * len(goals) :]] - h.offsets[self.inside]
        knots = goal * denominators - h.slopes[self.inside] * numerators
        ones = np.ones(2 * len(goals), dtype=object)
        return np.concatenate([left, right, knots]), np.concatenate([ones, denominators])

    def jumps(self, h: _Pieces, goals: Integers) -> tuple[Integers, Integers]:
        """Jumps of the corrected slope at the left and the right ends of the blocks (all of a
        sample's at the right) and at the knots outside of them: numerators and denominators."""
        left, right = self._end_errors(h, goals)
        gaps, one = self.left[1:] - self.right[:-1], np.ones(1, dtype=object)
        corrections = left[1:] - right[:-1]
        # Slopes left and right of the blocks, times the gaps there.
        before, after = h.slopes[self.before], h.slopes[self.after]
        widths, others = np.append(one, gaps), np.append(gaps, one)
        before[1:] = before[1:] * gaps + corrections
        after[:-1] = after[:-1] * gaps + corrections
        if not self.flat[0]:
            before[0] = before[0] * gaps[0] + corrections[0]
            widths[0] = gaps[0]
        if not self.flat[-1]:
            after[-1] = after[-1] * gaps[-1] + corrections[-1]
            others[-1] = gaps[-1]
        sample = ~self.flat
        after[sample] = after[sample] * widths[sample] - before[sample] * others[sample]
        others[sample] = others[sample] * widths[sample]
        before[sample] = 0
        free = h.slopes[self.outside + 1] - h.slopes[self.outside]
        ones = np.ones(len(free), dtype=object)
        return np.concatenate([before, after, free]), np.concatenate([widths, others, ones])

    def _end_errors(self, h: _Pieces, goals: Integers) -> tuple[Integers, Integers]:
        """Errors t - h at the left and the right ends of the blocks."""
        return goals - h.at(self.before, self.left), goals - h.at(self.after, self.right)


def _ranks(
    numerators: Integers, denominators: Integers, *points: Integers
) -> tuple[Ranks, list[Ranks]]:
    """Ranks of the knots and of several arrays of points in one order.

    Different quotients with these denominators differ by more than two units after they are
    multiplied by the square of a power of two above all denominators, so that they may be rounded.
    """
    others = np.concatenate(points)
    lowest, highest = int(others.min()) - 1, int(others.max()) + 1
    inner = np.minimum(np.maximum(numerators, lowest * denominators), highest * denominators)
    bits = 2 * int(denominators.max(initial=1)).bit_length()
    ranks, _ = ranked(np.concatenate([(inner << bits) // denominators, others << bits]))
    cuts = np.cumsum([len(inner), *(len(array) for array in points)])[:-1]
    knots, *places = np.split(ranks, cuts)
    return knots, places


def _quotients_above(numerators: Integers, denominators: Integers, exponent: int) -> Array:
    """Absolute values of quotients of integers, in units of 2**exponent, as floats, rounded up."""
    bits = int(np.abs(numerators).max()).bit_length() - int(denominators.min()).bit_length()
    shift = max(0, bits - FLOAT_BITS)
    quotients = (np.abs(numerators) / (denominators << shift)).astype(float)
    floats: Array = np.nextafter(np.ldexp(quotients, exponent + shift), np.inf)
    return np.where(numerators == 0, 0.0, floats)


def _integers_above(integers: Integers, exponent: int) -> Array:
    """Absolute values of integers, in units of 2**exponent, as floats, rounded up."""
    return _quotients_above(integers, np.ones(len(integers), dtype=object), exponent)


def _norms_above(columns: list[Array]) -> Array:
    """Upper bounds of the norms of vectors with nonnegative components, given by columns."""
    largest = np.maximum.reduce(columns)
    if len(columns) == 1:
        return largest
    scale = np.where(largest > 0, largest, 1.0)
    squares = sum((column / scale) ** 2 for column in columns)
    # A square has the error of three roundings, the sum one for each term, the root two more.
    norms: Array = scale * np.sqrt(squares) * (1.0 + (len(columns) + 8) * EPS)
    return np.where(largest > 0, norms, 0.0)


def _exactly(numbers: Exact) -> tuple[Integers, int]:
    """Integers with an exponent."""
    return numbers if isinstance(numbers, tuple) else dyadic(numbers)


def _short(pair: tuple[Integers, int]) -> tuple[Integers, int]:
    """The same numbers with the largest exponent: 1 is 1 and not 2**52 / 2**52."""
    numbers, exponent = pair
    divisor = math.gcd(*numbers.ravel().tolist())
    zeros = (divisor & -divisor).bit_length() - 1
    return (numbers, exponent) if zeros <= 0 else (numbers >> zeros, exponent + zeros)


def _sum(numbers: tuple[Integers, int], others: tuple[Integers, int]) -> tuple[Integers, int]:
    """Sums of numbers with exponents."""
    exponent = min(numbers[1], others[1])
    return align(numbers, exponent) + align(others, exponent), exponent
