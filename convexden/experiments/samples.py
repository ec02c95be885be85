"""How the optimum of finitely many noisy samples tends to that of balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.data import noisy_samples
from convexden.errors import InvalidProblem, NotCertified
from convexden.problem import denoising
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell, within
from convexden.solution import Solution
from convexden.tolerances import CERTIFIED_RTOL

Array = NDArray[np.float64]

SAMPLES = (8, 16, 32, 64, 128, 256, 512)
MOST = 100_000  # samples of one clean point


class Rate(NamedTuple):
    """A power law, fitted to the mean deficits by least squares in logarithms.

    Attributes
    ----------
    exponent, error : float
        The fitted power of M and its standard error, from the scatter of the draws.
    expected : float
        -2 / (d + 1) for samples in the balls, -2 / (d - 1) on their boundaries, d the dimension
        that the clean points span; NaN on the boundaries of intervals, where two samples suffice.
    """

    exponent: float
    error: float
    expected: float

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"exponent={self.exponent:.4g}",
            f"error={self.error:.2g}",
            f"expected={self.expected:.4g}",
        )


@dataclass(frozen=True, eq=False)
class SampledOptima:
    """Certified optima of random noisy samples of the same balls.

    Attributes
    ----------
    balls : Solution
        Of the balls, to which they tend from below.
    boundary : bool
        Whether samples lie on the boundaries of the balls.
    samples : (S,) int array
        Numbers M of samples of each clean point.
    costs, lower_bounds : (S, K) arrays
        Of K random draws; NaN where a run was interrupted.
    certified : (S, K) bool array
        Whether they were certified to the tolerance.
    """

    balls: Solution
    boundary: bool
    samples: NDArray[np.intp]
    costs: Array
    lower_bounds: Array
    certified: NDArray[np.bool_]

    def __repr__(self) -> str:
        """One line with what matters."""
        numbers, draws = self.costs.shape
        return display.one_line(
            self,
            f"{display.counted(draws, 'draw')} of each of {numbers} numbers of samples",
            f"{int(self.certified.sum())} of {int(self.solved.sum())} certified",
            f"balls cost {self.balls.cost:.5g}",
        )

    def __str__(self) -> str:
        """The table as text."""
        return display.table_text(self)

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Which draws (S, K) were solved: all, unless the run was interrupted."""
        return ~np.isnan(self.costs)

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before all draws were solved."""
        return not bool(self.solved.all())

    @property
    def deficits(self) -> Array:
        """1 - cost / cost of the balls, (S, K)."""
        return 1.0 - self.costs / self.balls.cost

    def rate(self) -> Rate:
        """The power law of the mean deficits.

        Raises
        ------
        InvalidProblem
            If there are not two numbers of samples with a positive mean deficit.
        """
        deficits = self.deficits
        dimension = self.balls.problem.rank
        lower = dimension - 1 if self.boundary else dimension + 1
        expected = -2.0 / lower if lower else float("nan")
        known = self.solved.all(axis=1) & (deficits.mean(axis=1) > 0)
        if known.sum() < 2:
            raise InvalidProblem("a rate needs two numbers of samples whose optima fall short")
        x = np.log(self.samples[known])
        mean = deficits[known].mean(axis=1)
        scatter = deficits[known].std(axis=1, ddof=1) if deficits.shape[1] > 1 else np.nan * mean
        slopes = (x - x.mean()) / np.sum((x - x.mean()) ** 2)
        noise = scatter / mean / np.sqrt(deficits.shape[1])
        return Rate(float(slopes @ np.log(mean)), float(np.linalg.norm(slopes * noise)), expected)


def sampled_optima(
    clean: ArrayLike,
    radius: float,
    samples: Sequence[int] = SAMPLES,
    *,
    boundary: bool = False,
    draws: int = 4,
    seed: int = 0,
    tolerance: float = CERTIFIED_RTOL,
    time_limit: float | None = None,
    progress: Callable[[TaskProgress], object] | None = None,
) -> SampledOptima:
    r"""Optima of M random noisy samples of each clean point, for growing M.

    Samples are fewer constraints than the balls that they lie in, so that the optimum of
    :math:`h(y_{nm}) = x_n`, m = 1..M, is at most that of :math:`h = x_n` on
    :math:`B(x_n, \rho)`, and tends to it.  A hinge that is tangent to a ball can move up to the
    hull of its samples.  At a given point of the boundary the hull of M uniform samples in a ball
    of dimension d falls short of it by the order of :math:`M^{-2/(d+1)}`, that of samples on the
    boundary by :math:`M^{-2/(d-1)}`, and the deficit of the cost is seen to follow.

    Parameters
    ----------
    clean : (N, d) array
        Clean points.
    radius : float
        Of the balls.
    samples : sequence of int
        The numbers M, in any order.
    boundary : bool
        Draw samples on the boundaries of the balls instead of in them.
    draws : int
        Random draws for every M, with seeds ``seed``, ``seed + 1``, ...
    seed : int
    tolerance : float
        Relative gap to which every optimum is certified.
    time_limit : float, optional
        Seconds after which the run ends, once the draw at hand is solved; None for no limit.
    progress : callable, optional
        Called with a `TaskProgress` before every draw.  If it raises StopIteration, the run ends.

    Returns
    -------
    SampledOptima
        Stopped by the time limit or by `progress` it is `interrupted`, with those that are there.

    Raises
    ------
    InvalidProblem
        If the balls meet, the points are not spanning their space, or the numbers make no sense.
    NotCertified
        If the optimum of the balls is not certified.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, take balls as the limit of infinitely many samples.  The
    distance of random hulls: Schneider and Wieacker, Random polytopes in a convex body, 1980.

    Examples
    --------
    >>> import convexden as cd
    >>> found = cd.sampled_optima(cd.data.triangle((48, 60, 72)), 0.25, [8, 64], draws=2)
    >>> bool(found.certified.all()), bool((found.costs < found.balls.cost).all())
    (True, True)
    >>> found.rate().expected
    -0.6666666666666666
    """
    numbers = np.unique(arguments.wholes("samples", samples, least=1, most=MOST))
    draws, seed = arguments.whole("draws", draws, least=1), arguments.whole("seed", seed)
    tolerance = arguments.tolerance(tolerance)
    arguments.callback("progress", progress)
    progress = within(arguments.time_limit(time_limit), progress)
    from convexden.solving.interpolation import solve

    radius = arguments.number("radius", radius, above=0.0)
    problem = denoising(clean, radius=radius)
    points = problem.centers
    if problem.rank < points.shape[1]:
        raise InvalidProblem(
            "the clean points lie in a subspace, the samples around them would not: give their "
            "coordinates in it"
        )
    balls = solve(problem, tolerance=tolerance)
    if not balls.certified:
        raise NotCertified("the optimum of the balls is not certified: give fewer points")
    shape = numbers.size, draws
    costs, bounds = np.full(shape, np.nan), np.full(shape, np.nan)
    certified = np.zeros(shape, dtype=bool)
    for s, k in np.ndindex(shape):
        try:
            tell(progress, TaskProgress(s * draws + k, numbers.size * draws))
        except Stopped:
            break
        noisy = noisy_samples(points, radius, int(numbers[s]), seed + k, boundary=boundary)
        found = solve(denoising(points, noisy=noisy), tolerance=tolerance)
        costs[s, k], bounds[s, k] = found.cost, found.lower_bound
        certified[s, k] = found.certified
    return SampledOptima(balls, boundary, numbers, costs, bounds, certified)
