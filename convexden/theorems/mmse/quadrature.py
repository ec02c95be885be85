"""Mean squared errors of univariate denoisers on data of a density, by quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.pieces import along
from convexden.errors import InvalidInput, InvalidProblem
from convexden.network import ShallowNetwork
from convexden.theorems import univariate
from convexden.theorems.mmse.adaptive import integrate
from convexden.theorems.mmse.densities import Density
from convexden.theorems.mmse.moments import Moments

Array = NDArray[np.float64]

# Nodes of the Gauss-Legendre rule for the moments, on each piece of the density, and of the rule
# that it is compared with; the few nodes do where a sign is all that is asked for.
NODES, FEW_NODES = (72, 44), (32, 24)


@dataclass(frozen=True)
class QuadratureSettings:
    """Parameters of the errors of denoisers in one dimension."""

    steps: int = 40
    """Noise levels at which the first crossing is looked for."""

    contact: float = 1e-6
    """Share below the noise at which the balls touch, and a ramp is a jump, that is left out."""

    root: float = 1e-13
    """Accuracy of the crossing, as a share of the largest noise: some rounding of the errors."""

    step: float = 1e-4
    """Step of the slope there, as a share of the largest noise: the error of a difference is its
    square."""


SETTINGS = QuadratureSettings()


@dataclass(frozen=True)
class MeanSquaredErrors:
    """Population mean squared errors at one noise level.

    Attributes
    ----------
    sigma : float
        Standard deviation of the noise.
    minimum_norm : float
        Of the minimum-norm denoiser.
    empirical_mmse : float
        Of the empirical MMSE denoiser.
    mmse : float
        Of the MMSE denoiser of the density, which no denoiser can beat.
    accuracy : float
        Estimate of the absolute error of these three by the quadrature.
    """

    sigma: float
    minimum_norm: float
    empirical_mmse: float
    mmse: float
    accuracy: float

    __repr__ = display.field_line


@dataclass(frozen=True)
class FirstCrossing:
    """Where the minimum-norm denoiser stops having the smaller error.

    Attributes
    ----------
    sigma : float or None
        The smallest noise level at which both errors are equal; None if the minimum-norm denoiser
        has the smaller one at all noise levels at which it exists.
    accuracy : float
        Estimate of the absolute error of sigma; 0 if there is none.  It is sigma itself if the
        error was not smaller at the lowest noise that was tried, a hundredth of the largest.
    largest : float
        The noise level at which the intervals of the closest clean points touch.
    """

    sigma: float | None
    accuracy: float
    largest: float

    __repr__ = display.field_line


def errors(
    clean: ArrayLike,
    density: Density,
    sigma: float,
    kappa: float = 1.0,
    *,
    network: ShallowNetwork | None = None,
    breaks: ArrayLike = (),
) -> MeanSquaredErrors:
    r"""Mean squared errors of three denoisers at one noise level.

    With :math:`m_j(y) = \int (x - y)^j p(x) \varphi_\sigma(y - x)\,dx` the error of a denoiser h is

    .. math:: \mathbb E |h(y) - x|^2
              = \int (h(y) - y)^2 m_0(y) - 2 (h(y) - y) m_1(y) + m_2(y) \, dy ,

    and the MMSE denoiser is :math:`y + m_1 / m_0`.  The moments are integrated by a Gauss-Legendre
    rule and, to estimate its error, by a second one of fewer nodes; the rest is integrated
    adaptively, between the knots of the denoisers.

    Parameters
    ----------
    clean : (N,) array
        The clean points that are known, at least two.
    density : frozen distribution of scipy.stats
        Of new clean points: with ``pdf``, ``support``, ``ppf`` and ``isf``.
    sigma : float
        Standard deviation of the noise.
    kappa : float
        The minimum-norm denoiser is that of balls of radius kappa sigma.
    network : ShallowNetwork, optional
        Takes the place of the minimum-norm denoiser: that of noisy samples, for example.
    breaks : array, optional
        Where the density jumps or bends inside its support, besides its own ``breaks`` if it has
        such an attribute, as `Mixture` does.

    Returns
    -------
    MeanSquaredErrors

    Raises
    ------
    InvalidProblem
        If sigma or kappa is not positive, the balls meet or the network is not univariate.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, Theorem 1.

    Examples
    --------
    >>> from scipy import stats
    >>> from convexden.theorems import mmse
    >>> found = mmse.errors([0.0, 1.0, 2.0], stats.uniform(0, 2), 0.1)
    >>> found.mmse < found.minimum_norm < found.empirical_mmse
    True
    """
    points, sigma = _clean(clean), arguments.number("sigma", sigma, above=0.0)
    if network is None:
        network = univariate.closed_form(
            points, sigma * arguments.number("kappa", kappa, above=0.0)
        ).network
    elif (network.input_dimension, network.output_dimension) != (1, 1):
        raise InvalidProblem("the network is not univariate: give one of one input and output")
    return _errors(points, density, sigma, network, breaks, NODES)


def _errors(
    points: Array,
    density: Density,
    sigma: float,
    network: ShallowNetwork,
    breaks: ArrayLike,
    nodes: tuple[int, int],
) -> MeanSquaredErrors:
    """The errors by rules of so many nodes."""
    moments = Moments.of(density, sigma, arguments.array("breaks", breaks).ravel())
    low, high = moments.reach
    line = along(network, [low], [high])
    knots = line.points(line.knots)[:, 0]
    middles = (points[1:] + points[:-1]) / 2
    widths = sigma**2 / np.diff(points)  # over which the empirical MMSE denoiser jumps
    steps = np.concatenate([middles + k * widths for k in (-30, -10, -3, 0, 3, 10, 30)])
    ends = np.concatenate([edge + sigma * np.arange(-8, 9, 4) for edge in moments.edges])
    marks = np.unique(np.concatenate([knots, steps, ends]))
    found, accuracy = integrate(
        lambda y: moments.integrand(y, np.interp(y, knots, line.values[:, 0]), points, nodes),
        marks[(marks >= low) & (marks <= high)],
    )
    ours, empirical, best = map(float, found[:3])
    # Twice, as rules that converge slowly (where a density is infinite at its end like 1 / n)
    # differ by a little less than they are off.
    accuracy += 2 * float(np.abs(found[:3] - found[3:]).max())
    # Steep ramps cancel outside of them and leave this rounding there.
    rounding = np.finfo(float).eps * network.representation_cost * (high - low)
    accuracy += 2 * float(rounding) * ours**0.5
    return MeanSquaredErrors(sigma, ours, empirical, best, accuracy)


def curve(
    clean: ArrayLike,
    density: Density,
    sigmas: ArrayLike,
    kappa: float = 1.0,
    *,
    breaks: ArrayLike = (),
) -> list[MeanSquaredErrors]:
    """The errors at several noise levels, for `convexden.plotting.plot_mean_squared_errors`.

    Parameters
    ----------
    clean, density, kappa, breaks
        See `errors`.
    sigmas : (M,) array
        Standard deviations of the noise.

    Returns
    -------
    list of MeanSquaredErrors

    Raises
    ------
    InvalidProblem
        As `errors`.

    Examples
    --------
    >>> from scipy import stats
    >>> from convexden.theorems import mmse
    >>> found = mmse.curve([0.0, 1.0, 2.0], stats.uniform(0, 2), [0.1, 0.2, 0.3])
    >>> [errors.minimum_norm < errors.empirical_mmse for errors in found]
    [True, True, False]
    """
    return [
        errors(clean, density, sigma, kappa, breaks=breaks)
        for sigma in arguments.array("sigmas", sigmas, error=InvalidInput).ravel().tolist()
    ]


def crossing(
    clean: ArrayLike, density: Density, kappa: float = 1.0, *, breaks: ArrayLike = ()
) -> FirstCrossing:
    r"""Where the minimum-norm denoiser stops having a smaller error than the empirical MMSE one.

    Theorem: for data of a density, at small enough noise, the minimum-norm denoiser of balls has
    the smaller population mean squared error.  It exists for
    :math:`\sigma < \min_n \Delta_n / (2 \kappa)`, the gaps being :math:`\Delta_n`.  This interval
    is searched from below on a grid for a change of sign, which is then enclosed to rounding.

    Parameters
    ----------
    clean : (N,) array
        The clean points that are known, at least two.
    density : frozen distribution of scipy.stats
        Of new clean points.
    kappa : float
        Radius of the balls, in units of sigma.
    breaks : array, optional
        Where the density jumps or bends inside its support.

    Returns
    -------
    FirstCrossing

    Raises
    ------
    InvalidProblem
        If kappa is not positive, or the clean points are not two numbers at least.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, Theorem 1.

    Examples
    --------
    >>> from scipy import stats
    >>> from convexden.theorems import mmse
    >>> found = mmse.crossing([0.0, 1.0, 2.0], stats.uniform(0, 2))
    >>> round(found.sigma, 9), found.largest
    (0.27743587, 0.5)
    """
    from scipy.optimize import brentq

    points = _clean(clean)
    largest = float(np.diff(points).min()) / (2 * arguments.number("kappa", kappa, above=0.0))

    @cache
    def found(sigma: float, nodes: tuple[int, int] = NODES) -> MeanSquaredErrors:
        """The errors at one noise level."""
        network = univariate.closed_form(points, sigma * kappa).network
        return _errors(points, density, sigma, network, breaks, nodes)

    def excess(sigma: float) -> float:
        """By how much the minimum-norm denoiser is worse than the empirical one."""
        return found(sigma).minimum_norm - found(sigma).empirical_mmse

    def wins(sigma: float) -> bool:
        """Whether the minimum-norm denoiser is better, by few nodes if these can tell."""
        few = found(sigma, FEW_NODES)
        difference = few.empirical_mmse - few.minimum_norm
        return (difference if abs(difference) > 4 * few.accuracy else -excess(sigma)) > 0

    grid = largest * np.concatenate(
        [
            np.geomspace(1e-2, 0.3, SETTINGS.steps // 4),
            np.linspace(0.3, 1 - SETTINGS.contact, SETTINGS.steps)[1:],
        ]
    )
    before = float(grid[0])
    for sigma in map(float, grid):
        if not wins(sigma):
            if sigma == before:  # not even at the lowest noise that was tried
                return FirstCrossing(sigma, sigma, largest)
            root = float(
                brentq(excess, before, sigma, xtol=SETTINGS.root * largest, rtol=SETTINGS.root)
            )
            step = SETTINGS.step * largest
            slope = (excess(root + step / 2) - excess(root - step / 2)) / step
            return FirstCrossing(
                root, 2 * found(root).accuracy / abs(slope) + SETTINGS.root * root, largest
            )
        before = sigma
    return FirstCrossing(None, 0.0, largest)


def _clean(clean: ArrayLike) -> Array:
    """The clean points, in order."""
    points = np.unique(arguments.array("clean points", clean).ravel())
    if points.size < 2:
        raise InvalidProblem("give at least two clean points")
    return points
