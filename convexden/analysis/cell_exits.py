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
    walk = _Walk(motion, signs, heights, time_left, slack, far)
    rows = np.arange(len(signs))
    for _ in range(MOST_STEPS):
        rows, now, slopes = walk.look(rows)
        if not rows.size:
            break
        walk.move(rows, now, slopes)
    walk.ends[rows] = End.ESCAPED
    points = motion.position(np.arange(len(signs)), walk.t)
    return Exits(walk.ends, walk.t, points, walk.crossed)


class _Walk:
    """Steps of m motions, each with its own time and step; arguments as of `exits`."""

    def __init__(
        self,
        motion: Motion,
        signs: Array,
        heights: Array,
        time_left: Array,
        slack: float,
        far: float,
    ) -> None:
        """Begin at time 0."""
        self.motion, self.signs, self.heights = motion, signs, heights
        self.time_left, self.slack, self.far = time_left, slack, far
        self.endless = np.isinf(time_left)
        self.horizon = np.minimum(np.minimum(time_left, motion.end), LONGEST)
        # What it is to reach the horizon.
        late = np.where(time_left <= motion.end, End.OVER, End.CONTINUES)
        self.late = np.where(self.horizon < LONGEST, late, End.ESCAPED)
        self.t = np.zeros(len(signs))
        self.step = np.minimum(motion.scale, motion.end)
        self.ends = np.zeros(len(signs), dtype=np.int8)
        self.crossed = np.zeros(signs.shape, dtype=bool)

    def look(self, rows: Indices) -> tuple[Indices, Array, Array]:
        """End motions that are at an end; the others, their heights and slopes (n, K)."""
        t = self.t[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            changes, slopes = self.motion.heights(rows, t)
            now = self.heights[rows] + self.signs[rows] * changes
            slopes = self.signs[rows] * slopes
        # Times are known to their last place, and heights that change fast no better.
        known = CLOSEST * np.spacing(t)[:, None] * np.abs(slopes)
        hit = (now <= known - PASSED * self.slack) & (slopes < 0.0)
        settled = (self.motion.remaining(rows, t) <= now + self.slack).all(axis=1)
        settled &= self.endless[rows] & self.motion.decays(rows)
        distances = np.linalg.norm(self.motion.position(rows, t), axis=1)
        lost = ~np.isfinite(now).all(axis=1) | (self.endless[rows] & (distances > self.far))
        cases = [lost, hit.any(axis=1), settled, t >= self.horizon[rows]]
        ends = np.select(cases, [End.ESCAPED, End.CROSSED, End.SETTLED, self.late[rows]], 0)
        self.ends[rows] = ends
        passed = ends == End.CROSSED
        self.crossed[rows[passed]] = hit[passed]
        self.t[rows[passed]] -= _overshoot(now[passed], slopes[passed], hit[passed], t[passed])
        on = ends == 0
        return rows[on], now[on], slopes[on]

    def move(self, rows: Indices, now: Array, slopes: Array) -> None:
        """Let motions go on as far as no root can be passed, at most to their horizon."""
        t = self.t[rows]
        until = np.minimum(t + self.step[rows], self.horizon[rows])
        with np.errstate(over="ignore", invalid="ignore"):
            bounds = self.motion.curvature(rows, t, until)
            safe = _safe(now + self.slack, slopes, bounds).min(axis=1, initial=np.inf)
        move = np.minimum(safe, until - t)
        last = move >= self.horizon[rows] - t
        self.t[rows] = np.where(last, self.horizon[rows], t + move)
        self.step[rows] = 2.0 * np.maximum(move, np.finfo(float).tiny)


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
