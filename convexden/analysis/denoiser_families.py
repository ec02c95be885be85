"""The denoisers of some clean points at all noise levels, solved when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution
from convexden.solving.interpolation import solve
from convexden.tolerances import CERTIFIED_RTOL

Array = NDArray[np.float64]


class DenoiserFamily:
    r"""The minimum-norm denoisers :math:`h_\sigma` of balls of radius :math:`\kappa \sigma`.

    Parameters
    ----------
    points : (N, d) array
        Clean points, all different; an array (N,) means d = 1.
    kappa : float
        Radius of a ball at noise level 1.  Noise of standard deviation :math:`\sigma` in d
        dimensions has a length of about :math:`\sqrt{d} \sigma`.
    tolerance : float
        Relative gap up to which a denoiser counts as certified.

    Raises
    ------
    InvalidInput
        If kappa is not above 0.
    InvalidProblem
        If the points state no problem.

    Examples
    --------
    >>> import convexden as cd
    >>> family = cd.DenoiserFamily([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]], kappa=0.5)
    >>> family.at(0.4).status, round(family.at(0.4).cost, 9)
    ('certified', 5.833333333)
    >>> family.largest, len(family.solutions)
    (1.0, 1)
    """

    def __init__(
        self, points: ArrayLike, kappa: float, *, tolerance: float = CERTIFIED_RTOL
    ) -> None:
        """Check the points; nothing is solved yet."""
        from scipy.spatial.distance import pdist

        self.points: Array = denoising(points, radius=0.0).targets
        self.kappa = arguments.number("kappa", kappa, above=0.0)
        self.tolerance = arguments.tolerance(tolerance)
        self.largest = float(pdist(self.points).min()) / 2 / self.kappa
        self._solutions: dict[float, Solution] = {}
        if self.largest == 0.0:
            raise InvalidInput("two clean points are the same: give every point once")

    def __repr__(self) -> str:
        """One line with what matters."""
        count, d = self.points.shape
        return display.one_line(
            self,
            f"{count} points in R^{d}",
            f"kappa={self.kappa:.5g}",
            f"{display.counted(len(self._solutions), 'level')} solved",
        )

    @property
    def solutions(self) -> Mapping[float, Solution]:
        """The solutions that were asked for, with their certificates, by noise level."""
        return MappingProxyType(self._solutions)

    @property
    def certified(self) -> bool:
        """Whether all of these are certified."""
        return all(solution.certified for solution in self._solutions.values())

    def problem(self, sigma: float) -> Interpolation:
        """The problem at a noise level.

        Raises
        ------
        InvalidInput
            If it is not above 0, or so large that balls meet: from `largest` on.
        """
        sigma = arguments.number("sigma", sigma, above=0.0)
        if not sigma < self.largest:
            raise InvalidInput(
                f"at noise level {sigma:g} two balls meet: give levels below {self.largest:.6g}"
            )
        return denoising(self.points, radius=self.kappa * sigma)

    def at(self, sigma: float) -> Solution:
        """The solution at a noise level, solved the first time.

        Raises
        ------
        InvalidInput
            See `problem`.
        """
        problem = self.problem(sigma)
        key = float(sigma)
        if key not in self._solutions:
            self._solutions[key] = solve(problem, tolerance=self.tolerance)
        return self._solutions[key]


def noise_levels(sigma_from: float, sigma_to: float, levels: int | ArrayLike) -> Array:
    """Falling noise levels: so many in geometric progression, or those that are given.

    Raises
    ------
    InvalidInput
        If they do not fall from `sigma_from` to `sigma_to` > 0.
    """
    first = arguments.number("sigma_from", sigma_from, above=0.0)
    last = arguments.number("sigma_to", sigma_to, above=0.0, below=first)
    if np.ndim(levels) == 0:
        return np.geomspace(first, last, arguments.whole("levels", levels, least=2))
    found = arguments.array("levels", levels, error=InvalidInput).reshape(-1)
    falls = found.size >= 2 and (np.diff(found) < 0.0).all()
    if not (falls and found[0] == first and math.isclose(found[-1], last)):
        raise InvalidInput(f"give levels that fall from {first:g} to {last:g}, both among them")
    return found
