"""When motions leave their cells: the first roots of the heights, isolated by bounds.

A height g that is positive at t stays positive on every step s with g + g' s - B s^2 / 2 > 0, if B
bounds -g'' there.  Steps of the largest such s pass no root, and near a root they are those of
Newton's method: they come to it from the left, quadratically.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.analysis.cell_motion import Motion

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# A height counts as a root this share of `slack` below 0: it is passed, and known to be.
PASSED = 0.5
# Units in the last place of a time that cannot be told from a root.
CLOSEST = 4.0
# Steps of one motion in one cell: each passes no root, so that more are no motion but an error.
MOST_STEPS = 10_000
# The longest time for a limit.  What decays at the slowest rate that counts as one, 1e-9, is at
# rest to rounding by then; what still turns or drifts has no limit.
LONGEST = 1e11


class End(IntEnum):
    """How a motion ends in a cell."""

    CROSSED = 1  # it passed a hinge
    SETTLED = 2  # it stays for ever, and has a limit
    OVER = 3  # the time is over
    CONTINUES = 4  # it is at the end of its closed form
    ESCAPED = 5  # it is further away than anything is looked for


@dataclass(frozen=True, eq=False)
class Exits:
    """What became of m motions.

    Attributes
    ----------
    ends : (m,) array of End
    times : (m,) array
        When, from the start of the motion.
    points : (m, r) array
        Where.
    crossed : (m, K) array of bool
        The hinges that were passed.
    """

    ends: NDArray[np.int8]
    times: Array
    points: Array
    crossed: NDArray[np.bool_]

    __repr__ = display.field_line


def exits(
    motion: Motion, signs: Array, heights: Array, time_left: Array, slack: float, far: float
) -> Exits:
    """Follow motions until they leave their cells, settle, or their time is over.

    Parameters
    ----------
    motion : Motion
        Of m points.
    signs : (m, K) array
        1 where a neuron is active in the cell, -1 where it is not.
    heights : (m, K) array
        ``signs * (w.y + b)`` at the start: at least 0, up to rounding.
    time_left : (m,) array
        Infinite if the limit is asked for.
    slack : float
        By how much the hinges, of unit normals, are moved outwards: a hinge is passed once, also
        by motions that are at rest on it up to rounding.
    far : float
        The largest distance from the origin at which a limit is looked for.
    """
    m = len(signs)
    t = np.zeros(m)
    step = np.minimum(motion.scale, motion.end)
    ends = np.zeros(m, dtype=np.int8)
    crossed = np.zeros(signs.shape, dtype=bool)
    horizon = np.minimum(np.minimum(time_left, motion.end), LONGEST)
    rows = np.arange(m)
    for _ in range(MOST_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            changes, slopes = motion.heights(rows, t[rows])
            now, slopes = heights[rows] + signs[rows] * changes, signs[rows] * slopes
        # Times are known to their last place, and heights that change fast no better.
        known = CLOSEST * np.spacing(t[rows])[:, None] * np.abs(slopes)
        hit = (now <= known - PASSED * slack) & (slopes < 0.0)
        endless = np.isinf(time_left[rows])
        settled = endless & (motion.remaining(rows, t[rows]) <= now + slack).all(axis=1)
        settled &= motion.decays(rows)
        lost = ~np.isfinite(now).all(axis=1)
        lost |= endless & (np.linalg.norm(motion.position(rows, t[rows]), axis=1) > far)
        over = t[rows] >= horizon[rows]
        late = np.where(time_left[rows] <= motion.end[rows], End.OVER, End.CONTINUES)
        late = np.where(horizon[rows] < LONGEST, late, End.ESCAPED)
        ends[rows] = np.select(
            [lost, hit.any(axis=1), settled, over],
            [End.ESCAPED, End.CROSSED, End.SETTLED, late],
            0,
        )
        passed = ends[rows] == End.CROSSED
        crossed[rows[passed]] = hit[passed]
        t[rows[passed]] -= _overshoot(now[passed], slopes[passed], hit[passed], t[rows[passed]])
        on = ends[rows] == 0
        rows, now, slopes = rows[on], now[on], slopes[on]
        if not rows.size:
            break
        until = np.minimum(t[rows] + step[rows], horizon[rows])
        with np.errstate(over="ignore", invalid="ignore"):
            bounds = motion.curvature(rows, t[rows], until)
            safe = _safe(now + slack, slopes, bounds).min(axis=1, initial=np.inf)
        move = np.minimum(safe, until - t[rows])
        last = move >= horizon[rows] - t[rows]
        t[rows] = np.where(last, horizon[rows], t[rows] + move)
        step[rows] = 2.0 * np.maximum(move, np.finfo(float).tiny)
    ends[rows] = End.ESCAPED
    everyone = np.arange(m)
    return Exits(ends, t, motion.position(everyone, t), crossed)


def _safe(heights: Array, slopes: Array, bounds: Array) -> Array:
    """The largest steps s on which heights + slopes s - bounds s^2 / 2 stay positive."""
    heights = np.maximum(heights, 0.0)
    root = np.sqrt(slopes**2 + 2.0 * bounds * heights)
    with np.errstate(divide="ignore", invalid="ignore"):
        falling = 2.0 * heights / (root - slopes)
        rising = np.where(bounds > 0.0, (slopes + root) / bounds, np.inf)
    # Where nothing moves, any step is safe.
    steps = np.where(slopes < 0.0, falling, rising)
    return np.where(np.isnan(steps), 0.0, steps)


def _overshoot(now: Array, slopes: Array, hit: NDArray[np.bool_], t: Array) -> Array:
    """How long ago (m,) the first of the hinges that were hit was passed, by Newton's method."""
    with np.errstate(divide="ignore", invalid="ignore"):
        past = np.where(hit, now / slopes, 0.0).max(axis=1, initial=0.0)
    # Hinges that are grazed have no clear root: then the motion is switched where it is.
    return np.where(past <= np.minimum(t, 1e-6), past, 0.0)
