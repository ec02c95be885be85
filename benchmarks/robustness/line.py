"""The optimum of sites on a line, exactly: connect the dots.

With free ends the cost of h is the total variation of h'.  Between two neighbors the mean of h' is
the slope of their targets, on a ball h' = 0, and the total variation is at least the sum of the
differences between consecutive means; connecting the dots attains it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from benchmarks.robustness.exact import Sites, Vector, dot, echelon, integer_rows, root

Interval = tuple[Fraction, Fraction]


class Block(NamedTuple):
    """Sites that meet: where they start and end (each an interval), and their target."""

    start: Interval
    end: Interval
    target: Vector
    flat: bool


def line_optimum(sites: Sites) -> Interval | None:
    """An enclosure of the optimum, apart by 1e-40 of it.

    None if the sites are not exactly on one line, or if it cannot be told whether two meet.
    """
    pivots = echelon(integer_rows(sites.centers), range(len(sites.centers[0]))).pivots
    if len(pivots) != 1:
        return None
    direction = next(center for center in sites.centers if any(center))
    square = dot(direction, direction)
    along = [dot(center, direction) / square for center in sites.centers]
    low, high = root(square)
    blocks = []
    for position, radius, target in zip(along, sites.radii, sites.targets, strict=True):
        reach = (radius / high, radius / low)
        start = (position - reach[1], position - reach[0])
        end = (position + reach[0], position + reach[1])
        blocks.append(Block(start, end, target, radius > 0))
    merged = _merged(sorted(blocks, key=lambda block: block.start))
    if merged is None:
        return None
    total = _variation(merged)
    return total[0] / high, total[1] / low


def _merged(blocks: list[Block]) -> list[Block] | None:
    """Blocks from left to right, those that meet as one; None where that is not decided."""
    merged: list[Block] = []
    for block in blocks:
        if not merged or merged[-1].end[1] < block.start[0]:
            merged.append(block)
            continue
        last = merged[-1]
        if last.end[0] < block.start[1] or last.target != block.target:
            return None
        end = max(last.end, block.end)
        merged[-1] = Block(last.start, end, last.target, last.flat or block.flat)
    return merged


def _variation(blocks: list[Block]) -> Interval:
    """The sum of the jumps of the slope, in units of the line's parameter."""
    zero: list[Interval] = [(Fraction(0), Fraction(0))] * len(blocks[0].target)
    total = (Fraction(0), Fraction(0))
    before: list[Interval] | None = zero if blocks[0].flat else None
    for left, right in pairwise(blocks):
        gap = (right.start[0] - left.end[1], right.start[1] - left.end[0])
        slope = []
        for a, b in zip(left.target, right.target, strict=True):
            ends = ((b - a) / gap[0], (b - a) / gap[1])
            slope.append((min(ends), max(ends)))
        if before is not None:
            total = _plus(total, _distance(before, slope))
        if right.flat:
            total = _plus(total, _distance(slope, zero))
        before = zero if right.flat else slope
    return total


def _plus(first: Interval, second: Interval) -> Interval:
    return first[0] + second[0], first[1] + second[1]


def _distance(first: list[Interval], second: list[Interval]) -> Interval:
    """The Euclidean norm of a difference of vectors of intervals."""
    low = high = Fraction(0)
    for (a, b), (c, d) in zip(first, second, strict=True):
        ends = (a - d, b - c)
        low += 0 if ends[0] <= 0 <= ends[1] else min(ends[0] ** 2, ends[1] ** 2)
        high += max(ends[0] ** 2, ends[1] ** 2)
    return root(low)[0], root(high)[1]
