"""What the affine pieces of a network miss on groups of sites, with twice the digits of a float.

On sites that are on the same sides of all hinges a network is one affine map F.  Far from the
origin, or where targets have a large affine part, F is a small difference of large numbers; the
sums here are exact but for a part in 1e32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, UNDERFLOW, may_underflow
from convexden.arithmetic.two_part import TwoPart, dot_plus, pattern_sums, two_product, two_sum
from convexden.network import ShallowNetwork

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PieceResiduals:
    """The maps (0, t) - F of G groups of sites with one target each, in original coordinates.

    Attributes
    ----------
    high, low : (G, d + 1, p) arrays
        Columns of the maps, that of the bias last; the sum of both counts.
    missed : (G, d + 1, p) array
        Bounds of the errors of the sums.
    """

    high: Array
    low: Array
    missed: Array

    def at_origin(self, origin: Array) -> tuple[Array, Array]:
        """The maps rounded to one float, counted from an origin, and bounds of their errors."""
        maps, missed = self.high, np.abs(self.low) + self.missed
        if not origin.any():
            return maps, missed
        maps, missed = maps.copy(), missed.copy()
        far = np.abs(origin)[:, None]
        sizes = (np.abs(maps[:, :-1]) * far).sum(axis=1) + np.abs(maps[:, -1])
        missed[:, -1] += (missed[:, :-1] * far).sum(axis=1) + (len(origin) + 2) * EPS * sizes
        maps[:, -1] += (maps[:, :-1] * origin[:, None]).sum(axis=1)
        return maps, missed

    def at_points(self, points: Array, groups: Indices) -> tuple[Array, Array]:
        """The maps of these groups at points (S, d): values (S, p), and bounds of their errors."""
        high, low, missed = self.high[groups], self.low[groups], self.missed[groups]
        slopes = np.swapaxes(high[:, :-1], 1, 2)
        large, bound = dot_plus(slopes, points[:, None, :], high[:, -1])
        sizes = np.abs(points)[:, :, None]
        small = (low[:, :-1] * points[:, :, None]).sum(axis=1) + low[:, -1]
        rounding = (np.abs(low[:, :-1]) * sizes).sum(axis=1) + np.abs(low[:, -1])
        bound = bound + (points.shape[1] + 2) * EPS * rounding
        bound = bound + (missed[:, :-1] * sizes).sum(axis=1) + missed[:, -1]
        value, error = two_sum(large, small)
        return value, bound * (1 + (points.shape[1] + 8) * EPS) + np.abs(error)


def piece_residuals(
    targets: Array, network: ShallowNetwork, hinges: Indices, active: Booleans
) -> PieceResiduals:
    """The maps (0, t) - F for targets (G, p), neurons (K,) and their activity (K, G).

    Of the neurons that are not named, those without input weight count as the constants that they
    are; the others are taken to have no output weight.
    """
    w, b = network.input_weights, network.exact_biases
    constant = np.flatnonzero(~w.any(axis=1) & (b.high > 0))
    members = np.concatenate([hinges, constant])
    a = network.exact_output_weights.rows(members)
    rows = TwoPart(
        np.concatenate([w, b.high[:, None]], axis=1)[members],
        np.concatenate([np.zeros_like(w), b.low[:, None]], axis=1)[members],
    )
    products = list(two_product(rows.high[:, :, None], a.high[:, None, :]))
    tiniest = np.zeros(products[0].shape[1:])
    if network.two_part:
        products += two_product(rows.high[:, :, None], a.low[:, None, :])
        products += two_product(rows.low[:, :, None], a.high[:, None, :])
        products.append(rows.low[:, :, None] * a.low[:, None, :])
        tiniest = EPS * np.abs(products[-1]).sum(axis=0)
    free = np.concatenate([network.skip.T, network.offset[None]])
    shape = (len(targets), *free.shape)
    ones = np.ones((len(targets), 1 + len(constant)))
    once = [active.T, ones[:, 1:]]
    seen = np.concatenate([*once * len(products), ones[:, :1]], axis=1)
    terms = np.concatenate([*products, free[None]]).reshape(seen.shape[1], -1)
    parts, missed = pattern_sums(seen, terms)
    goal = np.zeros(shape)
    goal[:, -1] = targets
    total, rest = two_sum(goal, -parts[0].reshape(shape))
    rest, second = two_sum(rest, -parts[1].reshape(shape))
    rest, third = two_sum(rest, -parts[2].reshape(shape))
    tiny = second + third
    total, rest = two_sum(total, rest)
    bound = missed.reshape(free.shape) + tiniest + EPS * np.abs(tiny)
    if any(may_underflow(part) for part in (*a, *rows)):
        bound = bound + len(products) * len(members) * UNDERFLOW
    low_part = rest + tiny
    return PieceResiduals(total, low_part, bound + np.where(tiny != 0, EPS * np.abs(low_part), 0.0))
