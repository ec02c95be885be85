"""Errors of the minimum-norm denoiser of finitely many noisy samples, beside that of balls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput
from convexden.theorems import univariate
from convexden.theorems.mmse.densities import Density
from convexden.theorems.mmse.quadrature import MeanSquaredErrors, errors

Array = NDArray[np.float64]

MOST = 10_000  # samples of one clean point


@dataclass(frozen=True, eq=False)
class ClusterErrors:
    """Errors for random clusters at one noise level.

    Attributes
    ----------
    sigma : float
        Standard deviation of the noise, of the clusters and of what is to be denoised.
    samples : int
        Noisy samples M of a clean point.
    draws : tuple of MeanSquaredErrors
        One a draw of the clusters; of these only `minimum_norm` differs.
    overlaps : int
        Draws in which clusters of neighbors overlap.
    """

    sigma: float
    samples: int
    draws: tuple[MeanSquaredErrors, ...] = field(repr=False)
    overlaps: int

    __repr__ = display.field_line

    @property
    def minimum_norm(self) -> Array:
        """The errors (K,) of the minimum-norm denoisers of the draws."""
        return np.array([each.minimum_norm for each in self.draws])

    @property
    def empirical_mmse(self) -> float:
        """The error of the empirical MMSE denoiser, which knows the clean points."""
        return self.draws[0].empirical_mmse

    @property
    def mmse(self) -> float:
        """The error of the MMSE denoiser of the density, which none can beat."""
        return self.draws[0].mmse

    @property
    def accuracy(self) -> float:
        """Largest estimate of the error of the quadrature."""
        return max(each.accuracy for each in self.draws)

    @property
    def wins(self) -> int:
        """Draws in which the minimum-norm denoiser has the smaller error, beyond the accuracy."""
        return sum(
            each.empirical_mmse - each.minimum_norm > 2 * each.accuracy for each in self.draws
        )


def cluster_errors(
    clean: ArrayLike,
    density: Density,
    sigma: float,
    samples: int,
    *,
    draws: int = 10,
    seed: int = 0,
    breaks: ArrayLike = (),
) -> ClusterErrors:
    r"""Mean squared errors of minimum-norm denoisers of M Gaussian samples of each clean point.

    The samples are :math:`x_n + \sigma z_{nm}`, and the denoiser is the minimum-norm interpolant
    of :math:`h(x_n + \sigma z_{nm}) = x_n`, which connects the dots
    (`convexden.theorems.univariate`, with its certificate).  Where the clusters of two clean points
    overlap, it goes to and fro between them.

    Parameters
    ----------
    clean : (N,) array
        The clean points that are known, at least two.
    density : frozen distribution of scipy.stats
        Of new clean points.
    sigma : float
        Standard deviation of the noise.
    samples : int
        The number M of samples of a clean point.
    draws : int
        Random draws of the clusters, with seeds ``seed``, ``seed + 1``, ...
    seed : int
    breaks : array, optional
        Where the density jumps or bends inside its support.

    Returns
    -------
    ClusterErrors

    Raises
    ------
    InvalidInput
        As `convexden.theorems.mmse.errors`, or if the numbers make no sense.

    Examples
    --------
    >>> from scipy import stats
    >>> from convexden.theorems import mmse
    >>> density = stats.uniform(0, 2)
    >>> few, many = (mmse.cluster_errors([0, 1, 2], density, 0.1, m, draws=3) for m in (2, 50))
    >>> few.wins, bool(few.minimum_norm.mean() < many.minimum_norm.mean())
    (3, True)
    """
    points = np.unique(arguments.array("clean points", clean).ravel())
    if points.size < 2:
        raise InvalidInput("give at least two clean points")
    sigma = arguments.number("sigma", sigma, above=0.0)
    samples = arguments.whole("samples", samples, least=1, most=MOST)
    draws, seed = arguments.whole("draws", draws, least=1), arguments.whole("seed", seed)
    found: list[MeanSquaredErrors] = []
    overlaps = 0
    for k in range(draws):
        rng = np.random.default_rng(seed + k)
        noisy = points[:, None] + sigma * rng.standard_normal((points.size, samples))
        overlaps += bool((noisy.max(axis=1)[:-1] >= noisy.min(axis=1)[1:]).any())
        network = univariate.closed_form(noisy.ravel(), 0.0, np.repeat(points, samples)).network
        found.append(errors(points, density, sigma, network=network, breaks=breaks))
    return ClusterErrors(sigma, samples, tuple(found), overlaps)
