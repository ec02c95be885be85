"""The network that connects the dots on a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.arithmetic.two_part import TwoPart
from convexden.network import ShallowNetwork
from convexden.solvers.hinges import Array
from convexden.solvers.line.blocks import Blocks, Jumps
from convexden.solvers.line.knots import knots


@dataclass(frozen=True)
class GridSettings:
    """The grid on which the slopes of a network on a line are."""

    finest_slope: float = 2.0**-40
    """Slopes are multiples of a power of two: of the rounding of the steepest one, but at most of
    this share of target spread over input spread, which bounds the error at the sites by the same
    share of the target spread. A finer grid would need two floats for more weights."""

    same_slope: float = 2.0
    """Slopes that differ by no more steps of the grid are one: rounding spends no neuron."""

    far: float = 2.0**8
    """Distance from the origin, in spreads, from which the offset of an affine part is much larger
    than the targets, and is rounded like that."""

    nearby: int = 2**14
    """Floats on either side of the slope of an affine part among which the best one is chosen:
    with the rounding of the offset as large as 1e8 spreads, the error at the sites is 1e-12 of the
    spread."""


SETTINGS = GridSettings()


def connect_dots(blocks: Blocks, targets: Array, rounding: float) -> ShallowNetwork:
    """The optimal network of blocks with targets (B, p), in units of the spreads.

    With a ball it starts from the target of the first one, without skip connection, and its neurons
    face away from it; with samples alone it starts from the line through the first two or, far from
    the origin, through the two of the gentlest slope.  Changes of the slope below `rounding` are
    none.
    """
    nothing = np.zeros(targets.shape[1])
    if len(blocks) == 1:
        empty = np.zeros((0, targets.shape[1]))
        return ShallowNetwork(empty, empty[:, :1], empty[:, 0], nothing[:, None], targets[0])
    steps = TwoPart.sum(targets[1:], -targets[:-1])
    at = knots(blocks, np.linalg.norm(steps.high, axis=1))
    left, right = (at.rows(half) for half in np.split(np.arange(2 * len(blocks)), 2))
    gaps = left.rows(slice(1, None)).minus(right.rows(slice(-1)))
    slopes = steps.over(gaps.column().where(gaps.high[:, None] > 0, blocks.gaps()))
    flat, index = blocks.flat, np.arange(len(blocks))
    if flat.any():
        first = int(np.argmax(flat))
        skip, offset = nothing, targets[first]
    else:
        far = abs(blocks.left.high[0]) > SETTINGS.far
        first = int(np.argmin(np.abs(slopes.high).max(axis=1))) if far else 0
        skip, offset = _line_through(blocks.left.high[first], targets[first], slopes.rows(first))
        slopes = slopes.minus(slopes.rows(slice(first, first + 1)))
    facing = np.where(np.concatenate([index > first, index >= first]), 1.0, -1.0)
    jumps = Jumps.of(_on_grid(slopes, rounding), flat)
    weights = TwoPart.join(jumps.left, jumps.right)
    order = np.lexsort((at.low, at.high))
    order = order[(weights.high[order] != 0).any(axis=1)]
    biases = at.scaled(-facing)
    return ShallowNetwork(
        weights.high[order],
        facing[order, None],
        biases.high[order],
        skip[:, None],
        offset,
        weights.low[order],
        biases.low[order],
    )


def _line_through(at: float, target: Array, slope: TwoPart) -> tuple[Array, Array]:
    """Skip connection and offset of the line with this slope through the target.

    Far from the origin the rounding of the offset moves the line.  Among the floats near the slope
    is one whose line passes closer to the target.
    """
    steps = np.arange(-SETTINGS.nearby, SETTINGS.nearby + 1)[:, None]
    skips = slope.high + steps * np.spacing(np.abs(slope.high))
    wanted = TwoPart.of(np.broadcast_to(target, skips.shape)).minus(TwoPart.product(skips, at))
    errors = np.abs(wanted.low) + np.abs(skips - slope.high)  # at most 1 away from the target
    best = np.argmin(errors, axis=0)
    columns = np.arange(len(target))
    return skips[best, columns], wanted.high[best, columns]


def _on_grid(slopes: TwoPart, rounding: float) -> TwoPart:
    """The slopes, rounded to multiples of a power of two; see `GridSettings.finest_slope`."""
    steepest = float(np.abs(slopes.high).max(initial=0.0))
    if steepest == 0.0:
        return slopes
    step = max(rounding, min(np.ldexp(1.0, int(np.frexp(steepest)[1]) - 52), SETTINGS.finest_slope))
    high, low = slopes.high / step, slopes.low / step
    whole = np.rint(high)
    rest = np.rint((high - whole) + low)
    change = np.abs(np.diff(high, axis=0) + np.diff(low, axis=0))
    for i in np.flatnonzero((change <= SETTINGS.same_slope).all(axis=1)):
        away = (high[i + 1] - whole[i]) + (low[i + 1] - rest[i])
        if (np.abs(away) <= SETTINGS.same_slope).all():
            whole[i + 1], rest[i + 1] = whole[i], rest[i]
    return TwoPart.sum(whole * step, rest * step)
