r"""The lower bound on the line, in integers: no rounding, time O(N log N), memory O(N).

On a line the dual constraint is affine in the bias between the ends of the sites, so its norm is
largest at one of them (MATH: hinges tangent to a ball or through a sample).  With the sites sorted by
their left ends, the sites right of a hinge at x are a tail of the list, and

.. math:: F(x) = \sum_{n: y_n - r_n \ge x} (l_n (y_n - x) + G_n)

is a difference of two cumulative sums.  Ends inside a ball are no feasible hinges.  The hinge that
faces left has the value -F(x) by the dual equalities.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.rationals import (
    Integers,
    align,
    below,
    dyadic,
    rational,
    root_above,
    root_below,
)

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]

# Integers of fewer bits are floats, rounded.
_FLOAT_BITS = 1000


@dataclass(frozen=True)
class LineBound:
    r"""What multipliers prove on a line after they were made to satisfy the equalities exactly.

    Attributes
    ----------
    lower_bound : float
        :math:`\sum_n l_n^T t_n / \max(1, P)`, rounded down, and 0 if it would be negative.
    objective : Fraction
        :math:`\sum_n l_n^T t_n`, exactly.
    maximum_below, maximum_above : float
        Neighbouring floats around the pricing maximum P.
    sum_residual, moment_residual : Fraction
        The largest component of :math:`\sum l_n` and of :math:`\sum (l_n y_n + G_n)`, with `y`
        counted from the leftmost center, before they were made zero.
    """

    lower_bound: float
    objective: Fraction
    maximum_below: float
    maximum_above: float
    sum_residual: Fraction
    moment_residual: Fraction


def line_bound(
    centers: Array, radii: Array, targets: Array, values: Array, jacobians: Array
) -> LineBound:
    """The bound that multipliers of a problem on a line prove; the floats are meant exactly.

    The equalities are closed at the leftmost site and the leftmost ball or, without one, at the
    leftmost and the rightmost sample, where it changes F least.  Jacobian multipliers of samples
    count as zero.

    Parameters
    ----------
    centers, radii : (N,) arrays
    targets, values, jacobians : (N, p) arrays

    Raises
    ------
    ValueError
        If a number is not finite, or all sites are one sample.
    """
    radii = np.asarray(radii, dtype=float)
    y, r, place = common(centers, radii)
    l, size = dyadic(values)  # noqa: E741  # the multipliers l_n
    g, other = dyadic(np.where(radii[:, None] > 0, jacobians, 0.0))
    # Values times positions and Jacobians get one exponent: the values are shifted.
    lowest = min(size, other - place)
    l, g = align((l, size), lowest), align((g, other), lowest + place)  # noqa: E741
    l, g, factor, residuals = _closed(y, r, l, g)  # noqa: E741
    t, unit = dyadic(targets)
    objective = Fraction(int((l * t).sum()), factor) * rational(1, lowest + unit)
    square = Fraction(line_maximum(y, r, l, g), factor**2) * rational(1, 2 * (lowest + place))
    above = root_above(square)
    bound = below(objective / max(Fraction(1), Fraction(above))) if square > 1 else below(objective)
    return LineBound(
        max(0.0, bound),
        objective,
        root_below(square),
        above,
        residuals[0] * rational(1, lowest),
        residuals[1] * rational(1, lowest + place),
    )


def line_maximum(
    centers: Integers,
    radii: Integers,
    values: Integers,
    jacobians: Integers,
    reach: Integers | None = None,
) -> int:
    """The square of the pricing maximum P on a line, exactly.

    Parameters
    ----------
    centers, radii : (N,) arrays of integers
        In units of 2**e.
    values : (N, p) array of integers
        In units of 2**f.
    jacobians : (N, p) array of integers
        In units of 2**(e + f); zero where the radius is.
    reach : (N,) array of integers, optional
        Radii with which balls rule hinges out, positive and at most their own, for centers that
        are rounded; their own if not given.

    Returns
    -------
    int
        P^2 in units of 2**(2 (e + f)).

    Raises
    ------
    ValueError
        If the sum of the values or of values times centers plus Jacobians is not zero, or a sample
        has a Jacobian multiplier: then there is no bound.
    """
    if (jacobians[radii == 0] != 0).any():
        raise ValueError("a sample has a Jacobian multiplier: give zero")
    reach = radii if reach is None else reach
    ends = (centers - reach, centers + reach, centers - radii, centers + radii)
    ranks, positions = ranked(np.concatenate(ends[: 2 if reach is radii else 4]))
    left, right = np.split(ranks, len(ranks) // len(centers))[:2]
    ball, places = radii > 0, len(positions)
    begun = np.cumsum(np.bincount(left[ball], minlength=places))
    ended = np.cumsum(np.bincount(right[ball], minlength=places))
    # In no ball: as many have ended up to here as have begun to the left.
    free = np.flatnonzero(np.append(0, begun)[:-1] == ended)
    free = np.intersect1d(free, ranks[-2 * len(centers) :])
    order = np.argsort(left, kind="stable")
    tails = np.searchsorted(left[order], free)
    x = positions[free]
    squares: Any = np.zeros(len(free), dtype=object)
    for column in range(values.shape[1]):
        l, g = values[order, column], jacobians[order, column]  # noqa: E741
        sums, moments = _tails(l), _tails(l * centers[order] + g)
        if sums[0] != 0 or moments[0] != 0:
            raise ValueError("the multipliers do not satisfy the dual equalities: close them first")
        heights = moments[tails] - x * sums[tails]
        squares = squares + heights * heights
    return int(max(squares, default=0))


def common(*arrays: Array) -> tuple[Any, ...]:
    """The numbers of several arrays as integers over one power of two, and its exponent."""
    pairs = [dyadic(array) for array in arrays]
    lowest = min(exponent for _, exponent in pairs)
    return (*(align(pair, lowest) for pair in pairs), lowest)


def ranked(numbers: Any) -> tuple[Ranks, Any]:
    """The rank of each integer or rational among the distinct ones, and these, rising.

    Rounding to floats keeps the order, up to ties: it sorts most of them fast.
    """
    shift = max(0, int(max(numbers.max(), -numbers.min())).bit_length() - _FLOAT_BITS)
    keys = (numbers if shift == 0 else numbers // (1 << shift)).astype(float)
    order = np.argsort(keys, kind="stable")
    risen = numbers[order]
    if (risen[1:] < risen[:-1]).any():
        order = np.array(sorted(order.tolist(), key=numbers.tolist().__getitem__), dtype=np.intp)
        risen = numbers[order]
    new = np.append(True, risen[1:] != risen[:-1])
    ranks = np.empty(len(numbers), dtype=np.intp)
    ranks[order] = np.cumsum(new) - 1
    return ranks, risen[new]


def _tails(numbers: Integers) -> Integers:
    """Sums from each number to the last, and a zero."""
    sums = np.zeros(len(numbers) + 1, dtype=object)
    sums[:-1] = np.add.accumulate(numbers[::-1])[::-1]
    return sums


def _closed(
    y: Integers,
    r: Integers,
    l: Integers,  # noqa: E741  # the multipliers l_n
    g: Integers,
) -> tuple[Integers, Integers, int, tuple[int, int]]:
    """Multipliers that satisfy the equalities, times a factor; the residuals before."""
    first = int(np.argmin(y))
    sums = l.sum(axis=0)
    moments = (l * (y - y[first])[:, None] + g).sum(axis=0)
    residuals = int(abs(sums).max()), int(abs(moments).max())
    l, g, factor = l.copy(), g.copy(), 1  # noqa: E741
    l[first] -= sums
    balls = np.flatnonzero(r > 0)
    if balls.size:
        g[balls[np.argmin(y[balls])]] -= moments
    elif residuals[1]:
        last = int(np.argmax(y))
        factor = int(y[last] - y[first])
        if factor == 0:
            raise ValueError("all sites are one sample: give two")
        l = l * factor  # noqa: E741
        l[first] += moments
        l[last] -= moments
    return l, g, factor, residuals
