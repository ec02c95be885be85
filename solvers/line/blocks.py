"""The parts of a line on which a network is given, and the jumps of its slope between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.arithmetic.two_part import TwoPart
from convexden.solvers.hinges import Array, Flags, Indices


@dataclass(frozen=True, eq=False)
class Blocks:
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
        """The number of blocks."""
        return len(self.sites)

    def rows(self, chosen: Flags) -> Blocks:
        """The chosen blocks."""
        return Blocks(
            self.left.rows(chosen), self.right.rows(chosen), self.flat[chosen], self.sites[chosen]
        )

    def gaps(self) -> TwoPart:
        """Distances (B - 1, 1) from block to block; 1 where they touch, because nothing happens
        there and it can be divided by."""
        gaps = self.left.rows(slice(1, None)).minus(self.right.rows(slice(-1)))
        return gaps.where(gaps.high > 0, TwoPart(np.ones(1), np.zeros(1))).column()


@dataclass(frozen=True, eq=False)
class Jumps:
    """Jumps of the slope (B, p) at the left and the right ends of the blocks, all of a sample's at
    the left."""

    left: TwoPart
    right: TwoPart

    @classmethod
    def of(cls, slopes: TwoPart, flat: Flags) -> Jumps:
        """From the slopes over the gaps.  On balls the slope is zero; at a sample at the end of the
        data it runs on."""
        zero = TwoPart.of(np.zeros((1, slopes.high.shape[1])))
        first, last = slopes.rows(slice(1)), slopes.rows(slice(-1, None))
        ball = flat[:, None]
        before = TwoPart.join(zero if flat[0] else first, slopes)
        after = TwoPart.join(slopes, zero if flat[-1] else last)
        return cls(before.negative().where(ball, after.minus(before)), after.where(ball))


def blocks_of(centers: TwoPart, radii: Array) -> tuple[Blocks, Indices]:
    """Sort the ends of the sites, exactly, and join the balls that overlap; also the number (N,) of
    the block of each site."""
    lower, upper = centers.minus(TwoPart.of(radii)), centers.plus(TwoPart.of(radii))
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
    numbers = np.searchsorted(left[sites], left, side="right") - 1
    return Blocks(lower.rows(sites), upper.rows(furthest), radii[sites] > 0, sites), numbers


def _last_records(values: Indices, until: Indices) -> Indices:
    """Where the running maximum of the values was last raised, up to each of the places."""
    running = np.maximum.accumulate(values)
    raised = np.append(True, running[1:] > running[:-1])[: len(values)]
    places: Indices = np.maximum.accumulate(np.where(raised, np.arange(len(values)), 0))[until]
    return places
