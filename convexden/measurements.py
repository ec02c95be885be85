r"""Measurements: targets that may differ at one input, with weights.

The squared error of any function h is that of the weighted means, plus a constant.  With the
distinct inputs :math:`y_n`, the sum :math:`W_n` of the weights there and the weighted mean
:math:`m_n` of the targets there,

.. math:: \frac12 \sum_i w_i |h(x_i) - t_i|^2
   = \frac12 \sum_n W_n |h(y_n) - m_n|^2 + \frac12 \sum_i w_i |t_i - m_{n(i)}|^2 ,

because the errors :math:`w_i (t_i - m_{n(i)})` at one input sum to zero.  So the best fit of the
measurements is the best fit of the means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidProblem
from convexden.problem import LARGEST, Interpolation, as_points

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measurements:
    """Inputs with targets, which may differ where inputs are equal, and weights.

    Parameters
    ----------
    inputs : (M, d) array
        The :math:`x_i`; an array (M,) means d = 1.
    targets : (M, p) array
        The :math:`t_i`; an array (M,) means p = 1.
    weights : (M,) array, optional
        The :math:`w_i > 0`, for example how often a measurement was made, or one over its variance;
        ones by default.

    Raises
    ------
    InvalidProblem
        If shapes do not fit, a number is not finite, a weight is not positive, or fewer than two
        inputs differ.

    Examples
    --------
    >>> import convexden as cd
    >>> twice = cd.Measurements([0.0, 1.0, 1.0], [0.0, 1.0, 4.0], weights=[1, 2, 1])
    >>> twice.problem.targets.ravel().tolist(), twice.totals.tolist(), twice.constant
    ([0.0, 2.0], [1.0, 3.0], 3.0)
    """

    inputs: Array
    targets: Array
    weights: Array = None  # type: ignore[assignment]  # becomes ones

    if TYPE_CHECKING:  # what is given need not be an array yet

        def __init__(
            self, inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
        ) -> None:
            """Anything that NumPy makes arrays of."""

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        inputs = as_points("inputs", self.inputs) + 0.0  # without the sign of zeros
        targets = as_points("targets", self.targets)
        if len(targets) != len(inputs):
            raise InvalidProblem(
                f"{len(inputs)} inputs but {len(targets)} targets: give one target per input"
            )
        weights = np.ones(len(inputs))
        if self.weights is not None:
            weights = arguments.array("weights", self.weights)
        if weights.shape != (len(inputs),):
            raise InvalidProblem(
                f"weights of shape {weights.shape} do not fit {len(inputs)} inputs: "
                "give one per input"
            )
        if not ((weights > 1 / LARGEST) & (weights < LARGEST)).all():
            raise InvalidProblem(
                f"weights are not all positive, between {1 / LARGEST:g} and {LARGEST:g}: leave out "
                "measurements that do not count"
            )
        for name, array in (("inputs", inputs), ("targets", targets), ("weights", weights)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _ = self.problem  # refused here if it is none

    def __len__(self) -> int:
        """Number of measurements M."""
        return len(self.inputs)

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"{display.counted(len(self), 'measurement')} at "
            f"{display.counted(len(self.totals), 'input')}",
            display.spaces(self.inputs.shape[1], self.targets.shape[1]),
            "" if (self.weights == 1.0).all() else "weighted",
        )

    def __reduce__(self) -> tuple[type[Measurements], tuple[Array, ...]]:
        """A copy is validated like the original, and as read-only."""
        return Measurements, (self.inputs, self.targets, self.weights)

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First measurement at every distinct input, in the order given, and whose each one is."""
        first, groups = np.unique(self.inputs, axis=0, return_index=True, return_inverse=True)[1:]
        order = np.argsort(first)
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        return first[order], places[groups.reshape(-1)]

    @property
    def groups(self) -> NDArray[np.intp]:
        """Number (M,) of the distinct input of every measurement."""
        return self._distinct[1]

    @cached_property
    def totals(self) -> Array:
        """Sum of the weights :math:`W_n` at every distinct input (N,)."""
        return np.bincount(self.groups, self.weights).astype(float)

    @cached_property
    def problem(self) -> Interpolation:
        """The distinct inputs, in the order of their first measurement, with mean targets."""
        first, groups = self._distinct
        # Counted from the first target: where all are equal, so is their mean, to the last digit.
        away = self.weights[:, None] * (self.targets - self.targets[first][groups])
        sums = np.zeros((len(first), away.shape[1]))
        np.add.at(sums, groups, away)
        means = self.targets[first] + sums / self.totals[:, None]
        return Interpolation(self.inputs[first], means)

    @cached_property
    def constant(self) -> float:
        r"""What every function misses:
        :math:`\frac12 \sum_i w_i |t_i - m_{n(i)}|^2`, up to rounding.
        """
        away = self.targets - self.problem.targets[self.groups]
        return 0.5 * float(self.weights @ np.sum(away**2, axis=1))
