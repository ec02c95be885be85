"""Mean squared errors in any dimension, by simulation with confidence intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.theorems.mmse.posterior import posterior_mean

Array = NDArray[np.float64]

FEWEST = 1_000  # samples for an interval that rests on the central limit theorem
BATCH = 2**20  # numbers in the largest array of a batch, 8 MB


class Samplable(Protocol):
    """What is asked of a distribution: a frozen one of `scipy.stats` has it, in any dimension."""

    def rvs(self, size: int, random_state: np.random.Generator) -> Any:
        """Random points."""


# Clean points of a population: a rule that draws points (count, d), a distribution, or all of
# them, (N, d), equally likely.
Population = Callable[[np.random.Generator, int], ArrayLike] | Samplable | ArrayLike


@dataclass(frozen=True)
class Estimate:
    """A mean and its confidence interval, mean - half_width to mean + half_width.

    Attributes
    ----------
    mean : float
    half_width : float
    """

    mean: float
    half_width: float

    __repr__ = display.field_line


@dataclass(frozen=True)
class MonteCarloErrors:
    """Estimates of population mean squared errors at one noise level.

    Attributes
    ----------
    sigma : float
        Standard deviation of the noise, in each direction.
    minimum_norm : Estimate
        Of the error of the network.
    empirical_mmse : Estimate
        Of the error of the empirical MMSE denoiser.
    difference : Estimate
        Of the second minus the first, on the same samples: where it is positive by more than its
        half width, the network is better.
    samples : int
        How many noisy points were drawn.
    confidence : float
        Of each interval on its own.
    dimension : int
        Of the points.
    """

    sigma: float
    minimum_norm: Estimate
    empirical_mmse: Estimate
    difference: Estimate
    samples: int
    confidence: float
    dimension: int

    __repr__ = display.field_line


def monte_carlo(
    network: ShallowNetwork,
    clean: ArrayLike,
    population: Population,
    sigma: float,
    *,
    samples: int = 100_000,
    seed: int = 0,
    confidence: float = 0.95,
    accuracy: float = 0.0,
) -> MonteCarloErrors:
    r"""Estimate the mean squared errors of a network and of the empirical MMSE denoiser.

    Clean points :math:`x_i` are drawn from the population and observed as
    :math:`y_i = x_i + \sigma z_i`, with standard Gaussian noise in every direction.  With the
    losses :math:`L_i = |h(y_i) - x_i|^2` the error :math:`\mathbb E |h(y) - x|^2` is in

    .. math:: \bar L \pm q \, s / \sqrt M , \qquad
              \bar L = \frac 1 M \sum_i L_i , \quad
              s^2 = \frac 1 {M - 1} \sum_i (L_i - \bar L)^2 ,

    with the confidence that the standard normal distribution gives to :math:`[-q, q]`.  Both
    denoisers see the same samples; their difference is estimated by the differences of their
    losses, whose deviation is smaller than that of independent runs.

    Parameters
    ----------
    network : ShallowNetwork
        With as many outputs as inputs, d.
    clean : (N, d) array
        The clean points that the empirical MMSE denoiser knows.
    population : callable, distribution or (P, d) array
        Where new clean points come from: ``population(rng, count)`` returns (count, d) of them,
        ``population.rvs`` is that of a frozen distribution of scipy.stats, points of an array are
        equally likely.  If they are the known ones, no denoiser beats the empirical MMSE one.
    sigma : float
        Standard deviation of the noise, in each direction.
    samples : int
        How many are drawn, at most.
    seed : int
        Of the random numbers; the same one gives the same estimates.
    confidence : float
        Of each interval, between 0 and 1.
    accuracy : float
        Stop after the first batch that brings the half widths of both errors below this fraction
        of them; 0 to draw all samples.  (An interval that chose its own end is a little too short.)

    Returns
    -------
    MonteCarloErrors

    Raises
    ------
    InvalidProblem
        If the shapes do not fit, sigma is not positive, the samples are fewer than 1000, or the
        confidence is not between 0 and 1.

    Examples
    --------
    >>> import convexden as cd
    >>> from scipy import stats
    >>> from convexden.theorems import mmse
    >>> clean, sigma = [[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]], 0.1
    >>> network = cd.theorems.rays.closed_form(clean, sigma).network
    >>> density = stats.dirichlet([1, 1, 1])  # uniform shares of the three
    >>> population = lambda rng, count: density.rvs(count, random_state=rng) @ clean
    >>> found = mmse.monte_carlo(network, clean, population, sigma)
    >>> found.difference.mean > 10 * found.difference.half_width
    True
    >>> at_clean_points = mmse.monte_carlo(network, clean, clean, sigma)
    >>> at_clean_points.difference.mean < 0
    True
    """
    points = arguments.array("clean points", clean)
    points = points[:, None] if points.ndim == 1 else points
    d = network.input_dimension
    if points.ndim != 2 or points.shape[1] != d or network.output_dimension != d:
        raise InvalidProblem(
            f"clean points of shape {points.shape} do not fit a denoiser of {d} inputs and "
            f"{network.output_dimension} outputs: give clean points (N, d) and a network from d "
            "to d"
        )
    sigma = arguments.number("sigma", sigma, above=0.0)
    samples = arguments.whole("samples", samples, least=FEWEST)
    seed = arguments.whole("seed", seed)
    confidence = arguments.number("confidence", confidence, above=0.0, below=1.0)
    accuracy = arguments.number("accuracy", accuracy, least=0.0)
    from scipy.stats import norm

    quantile = float(norm.ppf((1 + confidence) / 2))
    rng = np.random.default_rng(seed)
    batch = max(FEWEST, BATCH // max(len(points), network.neurons, d))
    sums = _Sums(0, np.zeros(3), np.zeros(3))
    while sums.count < samples:
        x = _draw(population, rng, min(batch, samples - sums.count), d)
        y = x + sigma * rng.standard_normal(x.shape)
        ours = ((network(y) - x) ** 2).sum(axis=1)
        theirs = ((posterior_mean(y, points, sigma) - x) ** 2).sum(axis=1)
        sums = sums.and_losses(np.stack([ours, theirs, theirs - ours]))
        widths = quantile * sums.standard_errors
        if (widths[:2] <= accuracy * sums.means[:2]).all():
            break
    minimum_norm, empirical, difference = map(Estimate, sums.means.tolist(), widths.tolist())
    return MonteCarloErrors(
        float(sigma), minimum_norm, empirical, difference, sums.count, confidence, d
    )


@dataclass(frozen=True, eq=False)
class _Sums:
    """Means (k,) of so many losses and sums of their squared deviations, batch by batch."""

    count: int
    means: Array
    squares: Array

    def and_losses(self, losses: Array) -> _Sums:
        """With losses (k, M) added, without the cancellation of sums of squares."""
        more = losses.shape[1]
        means = losses.mean(axis=1)
        squares = ((losses - means[:, None]) ** 2).sum(axis=1)
        count, step = self.count + more, means - self.means
        return _Sums(
            count,
            self.means + step * more / count,
            self.squares + squares + step**2 * self.count * more / count,
        )

    @property
    def standard_errors(self) -> Array:
        """Standard errors (k,) of the means."""
        errors: Array = np.sqrt(self.squares / (self.count - 1) / self.count)
        return errors


def _draw(population: Population, rng: np.random.Generator, count: int, dimension: int) -> Array:
    """Clean points (count, d) of a population."""
    if callable(rvs := getattr(population, "rvs", None)):
        found: Any = rvs(count, random_state=rng)
    elif callable(population):
        found = population(rng, count)
    else:
        members = arguments.array("the population's points", population)
        if not members.size:
            raise InvalidProblem("the population is empty: give points (P, d)")
        found = members[rng.integers(0, len(members), count)]
    points = np.asarray(found, dtype=float)
    if points.size != count * dimension or not np.isfinite(points).all():
        raise InvalidProblem(
            f"the population gives points of shape {points.shape}: it has to give finite ones of "
            f"shape {(count, dimension)}"
        )
    return points.reshape(count, dimension)
