r"""How much the samples of a regularized problem count, exactly: in rational numbers.

Measurements :math:`(x_i, t_i)` of weights :math:`w_i` are those of their means
:math:`m_n = \sum_i w_i t_i / W_n` with the sums of weights :math:`W_n` and a constant, see
`convexden.measurements`.  The targets of the problem are these means rounded; what is stated is
about the measurements, so that the difference is accounted for.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS
from convexden.errors import InvalidProblem
from convexden.measurements import Measurements
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import above, dyadic, rational

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weighing:
    """Sums of weights of distinct samples n = 1..N, and where their exact means are.

    Attributes
    ----------
    totals : tuple of Fraction
        The W_n.
    shifts : tuple of tuples of Fraction
        The exact means less the targets (N, p) of the problem; empty if there are no measurements.
    constant : Fraction
        What every function misses.
    """

    totals: tuple[Fraction, ...]
    shifts: tuple[tuple[Fraction, ...], ...]
    constant: Fraction

    __repr__ = display.field_line

    def fit(self, errors: Array, groups: NDArray[np.intp]) -> float:
        """An upper bound of the fit, up to the rounding of its sum, from bounds of the errors at
        the sites, of which site n is in group n."""
        if not self.shifts:
            return 0.5 * float(errors @ errors)
        totals = np.array([above(total) for total in self.totals])[groups]
        # A norm is at most the sum of the coordinates, which are of rounding size here.
        moved = np.array([above(sum(map(abs, row), Fraction(0))) for row in self.shifts])[groups]
        away = (errors + moved) * (1.0 + EPS)
        return above(self.constant) + 0.5 * float(totals @ away**2)

    def spread(self, targets: Array, groups: NDArray[np.intp]) -> float:
        """Sum of squared distances from the mean, weighted, up to rounding."""
        counted = np.array([float(total) for total in self.totals])
        sizes = counted[groups] if self.shifts else np.ones(len(targets))
        away = targets - sizes @ targets / sizes.sum()
        return float(sizes @ np.sum(away**2, axis=1)) + 2.0 * float(self.constant)

    def correction(self, rows: list[tuple[int, list[Fraction]]]) -> Fraction:
        """What the exact means add to the objective of multipliers, each with its sample."""
        if not self.shifts:
            return Fraction(0)
        return sum(
            (x * shift for n, row in rows for x, shift in zip(row, self.shifts[n], strict=True)),
            Fraction(0),
        )


def weighing(
    problem: Interpolation,
    first: NDArray[np.intp],
    groups: NDArray[np.intp],
    measurements: Measurements | None,
) -> Weighing:
    """How much the distinct samples of a problem count.

    Parameters
    ----------
    problem : Interpolation
    first : (N,) array
        One site of each distinct center, in rising order of the centers.
    groups : array
        The number of its distinct center for every site.
    measurements : Measurements or None
        Without any a sample counts as often as it is there.

    Raises
    ------
    InvalidProblem
        If the measurements are at other inputs than the sites, or of other dimensions.
    """
    if measurements is None:
        counts = np.bincount(groups, minlength=len(first))
        return Weighing(tuple(Fraction(int(count)) for count in counts), (), Fraction(0))
    inputs, owners = np.unique(measurements.inputs, axis=0, return_inverse=True)
    same = len(first) == len(problem) and np.array_equal(inputs, problem.centers[first])
    if not same or measurements.targets.shape[1] != problem.output_dimension:
        raise InvalidProblem(
            "the measurements are not those of the problem: give a site for each distinct input"
        )
    weights, weight_unit = dyadic(measurements.weights)
    targets, target_unit = dyadic(measurements.targets)
    totals = np.zeros(len(first), dtype=object)
    sums = np.zeros((len(first), targets.shape[1]), dtype=object)
    owners = owners.reshape(-1)
    np.add.at(totals, owners, weights)
    np.add.at(sums, owners, weights[:, None] * targets)
    squares = int((weights[:, None] * targets**2).sum())
    unit, one = rational(1, target_unit), rational(1, weight_unit)
    of_means = sum(
        (
            Fraction(sum(int(x) ** 2 for x in row), int(total))
            for row, total in zip(sums, totals, strict=True)
        ),
        Fraction(0),
    )
    shifts = tuple(
        tuple(
            unit * Fraction(int(x), int(total)) - Fraction(t)
            for x, t in zip(row, near, strict=True)
        )
        for row, total, near in zip(sums, totals, problem.targets[first].tolist(), strict=True)
    )
    return Weighing(
        tuple(one * int(total) for total in totals),
        shifts,
        one * unit**2 * (squares - of_means) / 2,
    )
