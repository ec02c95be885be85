r"""The lower bound on the line, in integers: no rounding, time O(N log N), memory O(N).

On a line the dual constraint is affine in the bias between the ends of the sites, so its norm is
largest at one of them.  With the sites sorted by their left ends, those right of a hinge at x are a
tail of the list, and

.. math:: F(x) = \sum_{n: y_n - r_n \ge x} (l_n (y_n - x) + G_n)

is a difference of two cumulative sums.  Ends inside a ball are no feasible hinges.  The hinge that
faces left has the value -F(x) by the dual equalities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.rationals import FLOAT_BITS, Integers

Ranks = NDArray[np.intp]


def line_maximum(centers: Integers, radii: Integers, values: Integers, jacobians: Integers) -> int:
    """The square of the pricing maximum P on a line, exactly.

    Parameters
    ----------
    centers, radii : (N,) arrays of integers
        In units of 2**e.
    values : (N, p) array of integers
        In units of 2**f.
    jacobians : (N, p) array of integers
        In units of 2**(e + f); zero where the radius is.

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
    ranks, positions = ranked(np.concatenate([centers - radii, centers + radii]))
    left, right = np.split(ranks, 2)
    ball, places = radii > 0, len(positions)
    begun = np.cumsum(np.bincount(left[ball], minlength=places))
    ended = np.cumsum(np.bincount(right[ball], minlength=places))
    # An end lies in no ball if as many have ended up to there as have begun to the left of it.
    free = np.flatnonzero(np.append(0, begun)[:-1] == ended)
    order = np.argsort(left, kind="stable")
    tails = np.searchsorted(left[order], free)
    x = positions[free]
    squares: Any = np.zeros(len(free), dtype=object)
    for column in range(values.shape[1]):
        l, g = values[order, column], jacobians[order, column]  # noqa: E741
        sums, moments = _tails(l), _tails(l * centers[order] + g)
        if sums[0] != 0 or moments[0] != 0:
            raise ValueError("the multipliers do not satisfy the dual equalities: close them first")
        constraint_values = moments[tails] - x * sums[tails]
        squares = squares + constraint_values * constraint_values
    return int(max(squares, default=0))


def ranked(numbers: Any) -> tuple[Ranks, Any]:
    """The rank of each integer or rational among the distinct ones, and these, rising.

    Rounding to floats keeps the order, up to ties: it sorts most of them fast.
    """
    shift = max(0, int(max(numbers.max(), -numbers.min())).bit_length() - FLOAT_BITS)
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
