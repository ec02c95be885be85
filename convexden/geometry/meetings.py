"""Which sites meet, and which lie in others, without looking at all pairs.

On a line the ends are sorted.  In more dimensions two sites that meet are at most twice the larger
radius apart along every axis, so that each ball looks only at the sites that are as near along the
axis on which the centers spread most.  What floats cannot tell is decided in rationals.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, SMALL

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Numbers of all differences of centers up to which looking at all pairs takes no time.
_FEW = 20_000


class Neighbors:
    """Sites by their place along the axis on which the centers spread most."""

    def __init__(self, centers: Array) -> None:
        """Sort the centers along that axis."""
        axis = int(np.argmax(np.ptp(centers, axis=0)))
        self._order = np.argsort(centers[:, axis], kind="stable")
        self._places = centers[self._order, axis]
        self._axis = centers[:, axis]

    def within(self, site: int, distance: float) -> Indices:
        """Sites, rising, whose centers may be within the distance of that of a site."""
        first, last = self._ranges(site, distance)
        return np.sort(self._order[first:last])

    def crowded(self, sites: Indices, distances: Array) -> Indices:
        """Those of some sites that may have centers of others within their distances."""
        first, last = self._ranges(sites, distances)
        return np.asarray(sites[last - first > 1])

    def _ranges(self, sites: Any, distances: Any) -> tuple[Any, Any]:
        """Where in the order what is within the distance of a site, or of each of some, may be."""
        place = self._axis[sites]
        wide = distances + 8 * EPS * (abs(place) + distances) + SMALL
        first = np.searchsorted(self._places, place - wide, side="left")
        return first, np.searchsorted(self._places, place + wide, side="right")


def apart(centers: Array, radii: Array) -> bool:
    """Whether no two sites meet, if there are few: then all pairs are looked at at once.  False may
    mean unknown."""
    count, dimension = centers.shape
    if count * count * dimension > _FEW:
        return False
    steps = centers[:, None] - centers
    distances = np.sqrt(np.einsum("mnd,mnd->mn", steps, steps))
    reach = radii[:, None] + radii
    separate = distances > reach + _rounding(distances, reach, dimension)
    return int(separate.sum()) == count * (count - 1)


def clashing_pair(centers: Array, targets: Array, radii: Array) -> tuple[int, int] | None:
    """Two sites that meet, if only in one point, and have different targets; None without any.

    At least one of them is a ball.

    Parameters
    ----------
    centers, targets, radii : arrays (N, d), (N, p), (N,)
    """
    balls = np.flatnonzero(radii > 0)
    if centers.shape[1] == 1 and balls.size:
        return _clash_on_a_line(centers[:, 0], targets, radii)
    neighbors = Neighbors(centers)
    for n in neighbors.crowded(balls, 2.0 * radii[balls]):
        others = neighbors.within(int(n), 2.0 * radii[n])
        others = others[(radii[others] <= radii[n]) & (targets[others] != targets[n]).any(axis=1)]
        distances = np.linalg.norm(centers[others] - centers[n], axis=1)
        reach = radii[others] + radii[n]
        rounding = _rounding(distances, reach, centers.shape[1])
        for i in np.flatnonzero(distances <= reach + rounding):
            m = int(others[i])
            if distances[i] < reach[i] - rounding[i] or _meet(centers, radii, m, int(n)):
                return min(m, int(n)), max(m, int(n))
    return None


def contained(centers: Array, radii: Array) -> NDArray[np.bool_]:
    """Which sites lie in others: those in a ball, and repeated samples but the first."""
    inside = np.zeros(len(centers), dtype=bool)
    if apart(centers, radii):
        return inside
    balls = np.flatnonzero(radii > 0)
    neighbors = Neighbors(centers)
    for n in neighbors.crowded(balls, radii[balls]):
        if not inside[n]:
            near = neighbors.within(int(n), float(radii[n]))
            distances = np.linalg.norm(centers[near] - centers[n], axis=1)
            within = distances + radii[near] <= radii[n] * (1 + 4 * EPS)
            inside[near[within & (near != n)]] = True
    samples = np.flatnonzero(~inside & (radii == 0))
    first = np.unique(centers[samples], axis=0, return_index=True)[1]
    inside[np.delete(samples, first)] = True
    return inside


def _rounding(distances: Array, reach: Array, dimension: int) -> Array:
    """By how much distances and sums of radii in floats may be off."""
    rounding = (dimension + 8) * EPS * (distances + reach)
    return np.asarray(np.maximum(rounding, SMALL))


def _clash_on_a_line(y: Array, targets: Array, radii: Array) -> tuple[int, int] | None:
    """As `clashing_pair`, by one sweep.

    Of connected sites with several targets two that meet have different ones; one of them is the
    one that reached furthest before the other began.
    """
    sites = np.arange(len(y))
    (left, left_rest), (right, right_rest) = _sums(y, -radii), _sums(y, radii)
    order = np.lexsort(
        (np.append(left_rest, right_rest), np.append(left, right))
    )  # of sums as pairs of floats: exact
    high, low = np.append(left, right)[order], np.append(left_rest, right_rest)[order]
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.cumsum(np.append(True, (np.diff(high) > 0) | (np.diff(low) != 0)))
    left_ranks, right_ranks = np.split(ranks, 2)
    by_left = np.lexsort((sites, left_ranks))
    reached = np.maximum.accumulate(right_ranks[by_left])
    raised = np.append(True, reached[1:] > reached[:-1])
    furthest = by_left[np.maximum.accumulate(np.where(raised, sites, 0))]
    later, before = by_left[1:], furthest[:-1]
    met = (left_ranks[later] <= reached[:-1]) & ((radii[later] > 0) | (radii[before] > 0))
    found = np.flatnonzero(met & (targets[later] != targets[before]).any(axis=1))
    if not found.size:
        return None
    pair = later[found[0]], before[found[0]]
    return int(min(pair)), int(max(pair))


def _sums(first: Array, second: Array) -> tuple[Array, Array]:
    """Rounded sums and what rounding left out, exactly (Knuth)."""
    total = first + second
    shift = total - first
    return total, (first - (total - shift)) + (second - shift)


def _meet(centers: Array, radii: Array, m: int, n: int) -> bool:
    """Whether two sites have a point in common, for the floats as they are."""
    steps = zip(centers[m].tolist(), centers[n].tolist(), strict=True)
    square = sum((Fraction(x) - Fraction(y)) ** 2 for x, y in steps)
    return square <= (Fraction(float(radii[m])) + Fraction(float(radii[n]))) ** 2
