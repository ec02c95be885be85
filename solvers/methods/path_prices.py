"""Prices of the hinges that join the central path: handed down from nearby ones, or fresh."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from convexden.solvers.hinges import Array, Hinges, Indices
from convexden.solvers.methods.normal_equations import Features

Names: TypeAlias = Indices | NDArray[np.bytes_]

# Least slack of a free hinge: its rounding after sums over thousands of arcs.
LEAST_SLACK = 1e-13


def nearest_pairs(found: Hinges, names: Names, old: Hinges, owns: Names) -> list[tuple[int, int]]:
    """Maxima found and before on the same arc or in the same pattern, the nearest first, each in
    one pair at the most: a new one must not take the price of one next to it."""
    order = np.argsort(owns, kind="stable")
    first, last = (np.searchsorted(owns[order], names, side=side) for side in ("left", "right"))
    ours = np.repeat(np.arange(len(names)), last - first)
    ends = np.cumsum(last - first)
    theirs = order[np.arange(len(ours)) - np.repeat(ends - last, last - first)]
    far = np.abs(old.normals[theirs] - found.normals[ours]).sum(axis=1)
    pairs: list[tuple[int, int]] = []
    left, waiting = set(range(len(names))), set(range(len(owns)))
    for k in np.argsort(far, kind="stable"):
        pair = int(ours[k]), int(theirs[k])
        if pair[0] in left and pair[1] in waiting:
            left.remove(pair[0])
            waiting.remove(pair[1])
            pairs.append(pair)
    return pairs


def fresh_prices(features: Features, heights: Array, aim: float, room: float) -> Array:
    """Prices of new hinges: the aim over the slack, unless one adds more than `room` to what the
    network misses."""
    slacks = np.maximum((1.0 - heights**2) / 2, LEAST_SLACK)
    if isinstance(features, np.ndarray):
        sizes = np.linalg.norm(features, axis=1)
    else:
        sizes = np.sqrt((features**2).sum(axis=1))
    return np.minimum(aim / slacks, room / np.maximum(heights * sizes, np.finfo(float).tiny))
