r"""Optimal multipliers on a line, in floats or in sums of two.

With the sum S of the multipliers right of a gap, the function q of the dual constraint grows by S
times the gap, from right to left, and across a ball by S width + l r + G.  Multipliers are as large
as one over the smallest gap and act over the whole line.  The sums S are therefore rounded so that
their differences, the multipliers, are floats: errors do not add up.  Where gaps are so short that
even one such error counts, multipliers are sums of two floats, and no error is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.arithmetic.two_part import TwoPart
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.line.blocks import Blocks, Jumps


@dataclass(frozen=True)
class MultiplierSettings:
    """When multipliers of a line need two floats."""

    passed_on: float = 2.0**-30
    """Error of q, as a share of 1, that is passed on from sample to sample: half the digits of a
    float, so that it stays below the other errors squared."""

    coarse: float = 2.0**-40
    """Errors of q from which on multipliers are sums of two floats: a thousandth of
    `CERTIFIED_RTOL`, and the gap is no larger."""


SETTINGS = MultiplierSettings()


@dataclass(frozen=True, eq=False)
class Multipliers:
    """Multipliers of the sites that have any, with the largest norm of q and the objective."""

    sites: Indices
    values: TwoPart
    jacobians: TwoPart
    maximum: float
    objective: float


def multipliers(blocks: Blocks, targets: Array, radii: Array) -> Multipliers:
    """Multipliers whose q is the unit vector of the jump wherever the slope jumps.

    From right to left with the sum S of the multipliers right of a gap: over the gap q grows by S
    times the gap, across a ball by S width + l r + G.
    """
    slopes = TwoPart.sum(targets[1:], -targets[:-1]).over(blocks.gaps())
    jumps = Jumps.of(slopes, blocks.flat)
    kept = _bent(jumps, blocks.flat)
    left, right = jumps.left.high[kept], jumps.right.high[kept]
    blocks, radii, flat = blocks.rows(kept), radii[kept, None], blocks.flat[kept, None]
    q_left = _units(left)
    q_right = np.where(flat, _units(right), q_left)
    gaps, width = blocks.gaps(), blocks.right.minus(blocks.left).column()

    tails = TwoPart.sum(q_right[:-1], -q_left[1:]).over(gaps)
    steps = _steps(tails.high, gaps.high)
    along, across = _rounding(tails.high, steps, gaps.high, width.high, radii, flat)
    if max(np.abs(along).max(), np.abs(across).max()) > SETTINGS.coarse:
        values, jacobians = _exact(blocks, radii, tails, width, q_left, q_right)
    else:
        # The largest |q| is the pricing maximum.  Where its rounding is coarse q is shortened by as
        # much, which costs the share of this jump only.
        q_right = _shortened(q_right, along)
        q_left = np.where(flat, _shortened(q_left, across), q_right)
        values, jacobians, q_left, q_right = _rounded(blocks, radii, steps, width, q_left, q_right)
    norms = np.linalg.norm(np.concatenate([q_left, q_right]), axis=1)
    objective = float(np.sum(q_left * left) + np.sum(q_right * right))
    return Multipliers(blocks.sites, values, jacobians, float(norms.max()), objective)


def _bent(jumps: Jumps, flat: Flags) -> Flags:
    """The blocks that count: balls, samples at which the slope jumps, and those at the ends.

    Jumps whose sum is below the rounding of the cost are none.
    """
    left, right = (np.linalg.norm(jump.high, axis=1) for jump in (jumps.left, jumps.right))
    kept = flat | (left > 2.0**-53 * (left.sum() + right.sum()) / len(flat))
    kept[[0, -1]] = True
    return kept


def _rounding(
    tails: Array, steps: Array, gaps: Array, width: Array, radii: Array, flat: Flags
) -> tuple[Array, Array]:
    """By how much q (B, p) may be off right of each block, if sums are rounded to multiples of the
    steps, and left of it."""
    edge = np.zeros((1, tails.shape[1]))
    growth = np.abs(np.concatenate([edge, tails])) * radii
    growth += np.abs(np.concatenate([tails, edge])) * (radii + width)
    across = np.where(flat, np.spacing(2.0 + growth), 0.0)
    return np.append(0.5 * steps * gaps + across[1:], edge, axis=0), across


def _rounded(
    blocks: Blocks, radii: Array, steps: Array, width: TwoPart, q_left: Array, q_right: Array
) -> tuple[TwoPart, TwoPart, Array, Array]:
    """Values and Jacobians (B, p) in floats with about this q, and the q that they have."""
    gaps, flat = blocks.gaps(), blocks.flat[:, None]
    exact = TwoPart.sum(q_right[:-1], -q_left[1:]).over(gaps)
    tails, errors = _tails(exact, steps, gaps.high[:, 0], blocks.flat)
    edge = np.zeros((1, q_left.shape[1]))
    before, after = np.concatenate([edge, tails]), np.concatenate([tails, edge])
    values = before - after  # exact, see `_steps`
    q_right = q_right + np.concatenate([errors, edge])
    grown = TwoPart.of(after).times(width).plus(TwoPart.product(values, radii))
    needed = TwoPart.sum(q_left, -q_right).minus(grown)
    q_left = np.where(flat, q_left - needed.low, q_right)
    return TwoPart.of(values), TwoPart.of(np.where(flat, needed.high, 0.0)), q_left, q_right


def _exact(
    blocks: Blocks, radii: Array, tails: TwoPart, width: TwoPart, q_left: Array, q_right: Array
) -> tuple[TwoPart, TwoPart]:
    """Values and Jacobians (B, p) with this q and these sums right of the gaps."""
    edge = TwoPart.of(np.zeros((1, q_left.shape[1])))
    before, after = TwoPart.join(edge, tails), TwoPart.join(tails, edge)
    values = before.minus(after)
    grown = after.times(width).plus(values.times(TwoPart.of(radii)))
    jacobians = TwoPart.sum(q_left, -q_right).minus(grown)
    return values, jacobians.where(blocks.flat[:, None])


def _units(jumps: Array) -> Array:
    """Unit vectors of the jumps, zero where there is none."""
    norms = np.linalg.norm(jumps, axis=1, keepdims=True)
    units: Array = np.divide(jumps, norms, out=np.zeros_like(jumps), where=norms > 0)
    return units


def _shortened(vectors: Array, errors: Array) -> Array:
    """Vectors of length one or zero, so much shorter that they are no longer with the errors."""
    lengths = 1.0 - np.linalg.norm(errors, axis=1, keepdims=True)
    shortened: Array = vectors * np.maximum(lengths, 0.0)
    return shortened


def _steps(tails: Array, gaps: Array) -> Array:
    """Powers of two (B - 1, p): if the sums right of the gaps are multiples of them, then the
    multipliers, their differences, are floats.

    That holds if the step is at least the spacing of floats near the multipliers at both ends.
    """
    edge = np.zeros((1, tails.shape[1]))
    # Multipliers that ought to be zero take the errors that are passed on.
    passed = np.concatenate([edge[:, :1], SETTINGS.passed_on / gaps, edge[:, :1]])
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
