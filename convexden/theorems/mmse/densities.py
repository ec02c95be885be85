"""What is asked of a density on the line, and mixtures, which scipy.stats has no frozen form of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]


class Density(Protocol):
    """What is asked of a density: a frozen distribution of `scipy.stats` has it."""

    def pdf(self, x: Array) -> Any:
        """Its values."""

    def support(self) -> tuple[float, float]:
        """Where it ends."""

    def ppf(self, share: float) -> Any:
        """Its quantiles from below."""

    def isf(self, share: float) -> Any:
        """Its quantiles from above."""


@dataclass(frozen=True, eq=False)
class Mixture:
    r"""The density :math:`\sum_k w_k p_k`.

    Parameters
    ----------
    components : sequence of frozen distributions of scipy.stats
        The :math:`p_k`.
    weights : (K,) array
        The :math:`w_k`, positive; they are divided by their sum.

    Raises
    ------
    InvalidProblem
        If there is not one positive weight for each component.

    Examples
    --------
    >>> from scipy import stats
    >>> from convexden.theorems import mmse
    >>> density = mmse.Mixture([stats.uniform(0, 1), stats.uniform(3, 1)], [1, 3])
    >>> density.pdf([0.5, 2.0, 3.5])
    array([0.25, 0.  , 0.75])
    >>> density.breaks, round(density.ppf(0.5), 12)
    (array([0., 1., 3., 4.]), 3.333333333333)
    """

    components: Sequence[Any]
    weights: ArrayLike

    __repr__ = display.field_line

    def __post_init__(self) -> None:
        """Check the weights, and scale them to sum to one."""
        weights = arguments.array("weights", self.weights).ravel()
        if weights.size != len(self.components) or not weights.size or not (weights > 0).all():
            raise InvalidProblem("a mixture needs one positive weight for each component")
        object.__setattr__(self, "weights", weights / weights.sum())

    @property
    def breaks(self) -> Array:
        """Where components end, so that the density may jump there."""
        ends = np.unique([component.support() for component in self.components])
        return ends[np.isfinite(ends)]

    def pdf(self, x: ArrayLike) -> Array:
        """Its values at x, of the same shape."""
        return self._total("pdf", x)

    def support(self) -> tuple[float, float]:
        """Where it ends."""
        ends = np.array([component.support() for component in self.components])
        return float(ends[:, 0].min()), float(ends[:, 1].max())

    def ppf(self, share: float) -> float:
        """The quantile that has this share below it."""
        return self._quantile("ppf", "cdf", share)

    def isf(self, share: float) -> float:
        """The quantile that has this share above it."""
        return self._quantile("isf", "sf", share)

    def rvs(self, size: int, random_state: np.random.Generator) -> Array:
        """Random points (size,)."""
        counts = random_state.multinomial(size, np.asarray(self.weights))
        parts = [
            component.rvs(int(count), random_state=random_state)
            for component, count in zip(self.components, counts, strict=True)
        ]
        return random_state.permutation(np.concatenate(parts))

    def _total(self, function: str, x: ArrayLike) -> Array:
        """The weighted sum of a function of all components."""
        values = [getattr(component, function)(x) for component in self.components]
        total: Array = np.tensordot(np.asarray(self.weights), np.array(values, dtype=float), 1)
        return total

    def _quantile(self, function: str, share_of: str, share: float) -> float:
        """Where the share of the mixture is this one: between the quantiles of its components."""
        from scipy.optimize import brentq

        ends = [float(getattr(component, function)(share)) for component in self.components]
        low, high = min(ends), max(ends)
        if not (np.isfinite([low, high]).all() and low < high):
            return low if function == "ppf" else high
        found = [float(self._total(share_of, end)) - share for end in (low, high)]
        if 0.0 in found:
            return (low, high)[found.index(0.0)]
        return float(brentq(lambda x: float(self._total(share_of, x)) - share, low, high))
