r"""The line: the minimum-norm network connects the dots, and so does its dual.

On a line :math:`R(h) = \int |h''|`.  The minimiser is constant on balls and affine between
neighbouring sites (Zeno et al. 2023, arXiv 2311.06748, univariate denoisers; Savarese et al.
2019, arXiv 1902.05040).  Its certificate is as explicit: the function q(b) of the dual constraint
is affine between neighbouring sites, equal to the unit vector of the slope's jump wherever the
slope jumps, and zero outside the data; a convex combination of unit vectors has norm at most one.

Both are found in closed form, in time O(N) after the ends of the sites are sorted.  What takes care
is rounding: multipliers and weights are as large as one over the smallest gap, and their errors act
over the whole line.  Ends, slopes and their jumps are therefore kept in two floats each, and the
numbers that are stored are differences of rounded sums (slopes of the network, sums of the
multipliers right of a gap) that they reproduce exactly: errors do not add up from site to site.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Flags, Indices
from convexden.solvers.twopart import TwoPart

# Slopes of the network are multiples of a power of two: of the rounding of the steepest one, but at
# most of this fraction of target spread over input spread, which bounds the error at the sites by
# the same fraction of the target spread.  A finer grid would need two neurons at more knots.
_FINEST_SLOPE = 2.0**-40
# Errors of q that are passed on from sample to sample stay far below this.
_PASSED_ON = 2.0**-30
# Slopes that differ by no more steps of the grid than this are one slope: rounding spends no neuron.
_SAME_SLOPE = 2.0
# Floats on either side of the slope of an affine part among which the best one is chosen.
_NEARBY = 64


@dataclass(frozen=True, eq=False)
class LineSolution:
    """The optimal network with optimal multipliers: values (N, p), jacobians (N, p, 1).

    `maximum` is the largest norm of q and `objective` the sum of l_n . t_n, in floats.
    """

    network: ShallowNetwork
    values: Array
    jacobians: Array
    maximum: float
    objective: float


@dataclass(frozen=True, eq=False)
class _Blocks:
    """The line's parts on which the network is given, from left to right.

    A flat block is a maximal union of balls that overlap; the others are single samples outside of
    all balls.  `sites` names the ball that begins the block, or the sample.  Blocks that touch have
    one target: a hinge may stand between them.
    """

    left: TwoPart  # (B,)
    right: TwoPart
    flat: Flags
    sites: Indices

    def __len__(self) -> int:
        return len(self.sites)

    def rows(self, chosen: Flags) -> _Blocks:
        """The chosen blocks."""
        return _Blocks(
            self.left.rows(chosen), self.right.rows(chosen), self.flat[chosen], self.sites[chosen]
        )

    def gaps(self) -> TwoPart:
        """Distances (B - 1, 1) from block to block; 1 where they touch, because nothing happens
        there and it can be divided by."""
        gaps = self.left.rows(slice(1, None)).minus(self.right.rows(slice(-1)))
        return gaps.where(gaps.high > 0, TwoPart(np.ones(1), np.zeros(1))).column()


@dataclass(frozen=True, eq=False)
class _Jumps:
    """Jumps of the slope (B, p) at the left and the right ends of the blocks, all of a sample's at
    the left."""

    left: TwoPart
    right: TwoPart

    @classmethod
    def of(cls, slopes: TwoPart, flat: Flags) -> _Jumps:
        """From the slopes over the gaps.  Slope on balls is zero; at a sample at the end of the data
        it runs on."""
        zero = TwoPart.of(np.zeros((1, slopes.high.shape[1])))
        first, last = slopes.rows(slice(1)), slopes.rows(slice(-1, None))
        ball = flat[:, None]
        before = TwoPart.join(zero if flat[0] else first, slopes)
        after = TwoPart.join(slopes, zero if flat[-1] else last)
        return cls(before.negative().where(ball, after.minus(before)), after.where(ball))


def solve_line(problem: Interpolation) -> LineSolution:
    """Solve a problem of input dimension one, balls and samples in any mix, vector targets."""
    # Powers of two bring the spreads near 1 without rounding.
    inputs, outputs = _exponent(problem.centers), _exponent(problem.targets)
    centers, radii = np.ldexp(problem.centers[:, 0], -inputs), np.ldexp(problem.radii, -inputs)
    targets = np.ldexp(problem.targets, -outputs)
    blocks = _blocks(centers, radii)
    network = _network(blocks, targets[blocks.sites], inputs, outputs)
    values, jacobians = np.zeros(targets.shape), np.zeros((*targets.shape, 1))
    if len(blocks) == 1:
        return LineSolution(network, values, jacobians, 0.0, 0.0)
    dual = _dual(blocks, targets[blocks.sites], radii[blocks.sites])
    values[dual.sites] = np.ldexp(dual.values, -inputs)
    jacobians[dual.sites, :, 0] = dual.jacobians
    objective = float(np.ldexp(dual.objective, outputs - inputs))
    return LineSolution(network, values, jacobians, dual.maximum, objective)


def _exponent(points: Array) -> int:
    """The exponent of the largest difference to the first point."""
    return int(np.frexp(np.abs(points - points[0]).max())[1])


def _blocks(centers: Array, radii: Array) -> _Blocks:
    """Sort the ends of the sites, exactly, and join the balls that overlap."""
    lower, upper = TwoPart.sum(centers, -radii), TwoPart.sum(centers, radii)
    ends = TwoPart.join(lower, upper)
    order = np.lexsort((ends.low, ends.high))
    ends = ends.rows(order)
    new = (np.diff(ends.high, prepend=-np.inf) > 0) | (np.diff(ends.low, prepend=0.0) > 0)
    ranks = np.empty(order.size, dtype=np.intp)
    ranks[order] = np.cumsum(new)
    left, right = np.split(ranks, 2)

    balls = np.flatnonzero(radii > 0)
    balls = balls[np.argsort(left[balls], kind="stable")]
    reached = np.maximum.accumulate(right[balls])
    first = np.flatnonzero(np.append(True, left[balls][1:] >= reached[:-1])[: balls.size])
    last = np.append(first[1:], balls.size)[: first.size] - 1
    begins, ends_at = left[balls[first]], reached[last]
    furthest = balls[_last_records(right[balls], last)]

    samples = np.flatnonzero(radii == 0)
    samples = samples[np.unique(left[samples], return_index=True)[1]]
    before = np.searchsorted(begins, left[samples], side="right") - 1
    if first.size:
        samples = samples[(before < 0) | (left[samples] > ends_at[before])]

    sites = np.append(balls[first], samples)
    furthest = np.append(furthest, samples)
    order = np.argsort(left[sites], kind="stable")
    sites, furthest = sites[order], furthest[order]
    return _Blocks(lower.rows(sites), upper.rows(furthest), radii[sites] > 0, sites)


def _last_records(values: Array, until: Indices) -> Indices:
    """Where the running maximum of the values was last raised, up to each of the places."""
    running = np.maximum.accumulate(values)
    raised = np.append(True, running[1:] > running[:-1])[: len(values)]
    places: Indices = np.maximum.accumulate(np.where(raised, np.arange(len(values)), 0))[until]
    return places


def _network(blocks: _Blocks, targets: Array, inputs: int, outputs: int) -> ShallowNetwork:
    """The network that connects the dots, in units of the data.

    Hinges next to a ball move outward to the next float.  With a ball the network starts from the
    target of the first one, without skip connection, and its neurons face away from it; with
    samples alone it starts from the line through the first two, and all neurons face right.
    """
    left, right = _knots(blocks)
    touch = right[:-1] >= left[1:]
    gaps = TwoPart.sum(left[1:], -right[:-1]).where(~touch, TwoPart(np.ones(1), np.zeros(1)))
    slopes = TwoPart.sum(targets[1:], -targets[:-1]).over(gaps.column())
    anchor, skip, offset = 0, np.zeros(targets.shape[1]), targets[0]
    if blocks.flat.any():
        anchor = int(np.argmax(blocks.flat))
        offset = targets[anchor]
    else:
        skip, offset = _line_through(left[0], targets[0], slopes.rows(0))
        slopes = slopes.minus(slopes.rows(slice(1)))
    if len(blocks) == 1:
        at, weights, sides = np.zeros(0), np.zeros((0, len(offset))), np.zeros(0)
    else:
        jumps = _Jumps.of(_on_grid(slopes), blocks.flat)
        index = np.arange(len(blocks))
        facing = np.concatenate(
            [np.where(index <= anchor, -1.0, 1.0), np.where(index < anchor, -1.0, 1.0)]
        )
        if not blocks.flat.any():
            facing[:] = 1.0
        both = TwoPart.join(jumps.left, jumps.right)
        at, sides = np.tile(np.concatenate([left, right]), 2), np.tile(facing, 2)
        weights = np.concatenate([both.high, both.low])
        order = np.argsort(at, kind="stable")
        order = order[(weights[order] != 0).any(axis=1)]
        at, weights, sides = at[order], weights[order], sides[order]
    return ShallowNetwork(
        np.ldexp(weights, outputs - inputs),
        sides[:, None],
        np.ldexp(-sides * at, inputs),
        np.ldexp(skip, outputs - inputs)[:, None],
        np.ldexp(offset, outputs),
    )


def _knots(blocks: _Blocks) -> tuple[Array, Array]:
    """Floats next to the ends of the blocks, not inside.  Where that leaves no room for a ramp both
    knots of the gap move inward instead."""
    left = np.where(blocks.left.low < 0, np.nextafter(blocks.left.high, -np.inf), blocks.left.high)
    right = np.where(
        blocks.right.low > 0, np.nextafter(blocks.right.high, np.inf), blocks.right.high
    )
    inner_left = np.where(blocks.left.low > 0, np.nextafter(left, np.inf), blocks.left.high)
    inner_right = np.where(blocks.right.low < 0, np.nextafter(right, -np.inf), blocks.right.high)
    tight = right[:-1] >= left[1:]
    left[1:] = np.where(tight, inner_left[1:], left[1:])
    right[:-1] = np.where(tight, inner_right[:-1], right[:-1])
    return left, right


def _line_through(at: float, target: Array, slope: TwoPart) -> tuple[Array, Array]:
    """Skip connection and offset of the line with this slope through the target.

    Far from the origin the rounding of the offset moves the line.  Among the floats near the slope
    is one whose line passes closer to the target.
    """
    steps = np.arange(-_NEARBY, _NEARBY + 1)[:, None]
    skips = slope.high + steps * np.spacing(np.abs(slope.high))
    wanted = TwoPart.of(np.broadcast_to(target, skips.shape)).minus(TwoPart.product(skips, at))
    errors = np.abs(wanted.low) + np.abs(skips - slope.high)  # at most 1 away from the target
    best = np.argmin(errors, axis=0)
    columns = np.arange(len(target))
    return skips[best, columns], wanted.high[best, columns]


def _on_grid(slopes: TwoPart) -> TwoPart:
    """The slopes, rounded to multiples of a power of two; see `_FINEST_SLOPE`."""
    steepest = float(np.abs(slopes.high).max(initial=0.0))
    if steepest == 0.0:
        return slopes
    step = min(np.ldexp(1.0, int(np.frexp(steepest)[1]) - 52), _FINEST_SLOPE)
    high, low = slopes.high / step, slopes.low / step
    whole = np.rint(high)
    rest = np.rint((high - whole) + low)
    change = np.abs(np.diff(high, axis=0) + np.diff(low, axis=0))
    for i in np.flatnonzero((change <= _SAME_SLOPE).all(axis=1)):
        away = (high[i + 1] - whole[i]) + (low[i + 1] - rest[i])
        if (np.abs(away) <= _SAME_SLOPE).all():
            whole[i + 1], rest[i + 1] = whole[i], rest[i]
    return TwoPart.sum(whole * step, rest * step)


@dataclass(frozen=True, eq=False)
class _Dual:
    """Multipliers of the sites that have any, with the largest norm of q and the objective."""

    sites: Indices
    values: Array
    jacobians: Array
    maximum: float
    objective: float


def _dual(blocks: _Blocks, targets: Array, radii: Array) -> _Dual:
    """Multipliers whose q is the unit vector of the jump wherever the slope jumps.

    From right to left with the sum S of the multipliers right of a gap: over the gap q grows by S
    times the gap, across a ball by S width + l r + G.
    """
    slopes = TwoPart.sum(targets[1:], -targets[:-1]).over(blocks.gaps())
    jumps = _Jumps.of(slopes, blocks.flat)
    sizes = [np.linalg.norm(jump.high, axis=1) for jump in (jumps.left, jumps.right)]
    # Jumps whose sum is below the rounding of the cost are none.
    bent = sizes[0] > 2.0**-53 * (sizes[0].sum() + sizes[1].sum()) / len(blocks)
    kept = blocks.flat | bent
    kept[[0, -1]] = True
    left, right = jumps.left.high[kept], jumps.right.high[kept]
    q_left, q_right = _units(left), _units(right)
    blocks, radii = blocks.rows(kept), radii[kept, None]
    flat = blocks.flat[:, None]
    q_right = np.where(flat, q_right, q_left)
    gaps, width = blocks.gaps(), blocks.right.minus(blocks.left).column()
    edge = np.zeros((1, q_left.shape[1]))

    # The largest |q| is the pricing maximum.  Where its rounding is coarse q is shortened by as
    # much, which costs the share of this jump only.
    exact = TwoPart.sum(q_right[:-1], -q_left[1:]).over(gaps)
    steps = _steps(exact.high, gaps.high)
    values = np.diff(np.concatenate([edge, exact.high, edge]), axis=0)
    growth = np.abs(values) * radii + np.abs(np.concatenate([exact.high, edge])) * width.high
    across = np.where(flat, np.spacing(2.0 + growth), 0.0)
    along = 0.5 * steps * gaps.high + across[1:]
    q_left = q_left * (1.0 - np.linalg.norm(across, axis=1, keepdims=True))
    q_right = q_right * (
        1.0 - np.linalg.norm(np.append(along, edge, axis=0), axis=1, keepdims=True)
    )
    q_left = np.where(flat, q_left, q_right)

    exact = TwoPart.sum(q_right[:-1], -q_left[1:]).over(gaps)
    tails, errors = _tails(exact, steps, gaps.high[:, 0], blocks.flat)
    before, after = np.concatenate([edge, tails]), np.concatenate([tails, edge])
    values = before - after  # exact, see `_steps`
    q_right = q_right + np.concatenate([errors, edge])
    grown = TwoPart.of(after).times(width).plus(TwoPart.product(values, radii))
    needed = TwoPart.sum(q_left, -q_right).minus(grown)
    q_left = np.where(flat, q_left - needed.low, q_right)
    norms = np.linalg.norm(np.concatenate([q_left, q_right]), axis=1)
    objective = float(np.sum(q_left * left) + np.sum(q_right * right))
    jacobians = np.where(flat, needed.high, 0.0)
    return _Dual(blocks.sites, values, jacobians, float(norms.max()), objective)


def _units(jumps: Array) -> Array:
    """Unit vectors of the jumps, zero where there is none."""
    norms = np.linalg.norm(jumps, axis=1, keepdims=True)
    units: Array = np.divide(jumps, norms, out=np.zeros_like(jumps), where=norms > 0)
    return units


def _steps(tails: Array, gaps: Array) -> Array:
    """Powers of two (B - 1, p): if the sums right of the gaps are multiples of them, then the
    multipliers, their differences, are floats.

    That holds if the step is at least the spacing of floats near the multipliers at both ends.
    """
    edge = np.zeros((1, tails.shape[1]))
    # Multipliers that ought to be zero take the errors that are passed on.
    passed = np.concatenate([edge[:, :1], _PASSED_ON / gaps, edge[:, :1]])
    sizes = np.abs(np.diff(np.concatenate([edge, tails, edge]), axis=0))
    sizes = 1.001 * np.maximum(sizes, np.maximum(passed[1:], passed[:-1]))
    spacing = np.spacing(sizes)
    return np.maximum(spacing[1:], spacing[:-1])


def _tails(exact: TwoPart, steps: Array, gaps: Array, flat: Flags) -> tuple[Array, Array]:
    """The sums right of the gaps (B - 1, p), rounded to multiples of the steps, and the errors of q
    at the left ends of the gaps.

    Between samples the error of q is made good by the next sum; the Jacobian of a ball does it by
    itself.
    """
    tails, errors = np.empty_like(exact.high), np.empty_like(exact.high)
    resets, lengths = flat[1:].tolist(), gaps.tolist()
    for j in range(tails.shape[1]):
        high, low, grid = (array[:, j].tolist() for array in (exact.high, exact.low, steps))
        error = 0.0
        for i in range(len(lengths) - 1, -1, -1):
            if resets[i]:
                error = 0.0
            rounded = round((high[i] - error / lengths[i]) / grid[i]) * grid[i]
            error += ((rounded - high[i]) - low[i]) * lengths[i]
            high[i], low[i] = rounded, error
        tails[:, j], errors[:, j] = high, low
    return tails, errors
