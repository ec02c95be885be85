"""Basins of attraction of the score flow: where each limit draws from, and how much of a box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.fixed_points import FixedPoint, FixedPoints, fixed_points
from convexden.analysis.flows import CLEAN_RTOL, check_denoiser, score_flow
from convexden.analysis.pieces import box
from convexden.analysis.separatrices import faces, separatrices
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.progress import TaskProgress

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Two-sided confidence of the intervals of volumes.
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Basins:
    """The basins of the attracting fixed points of a denoiser in a box.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
    low, high : (d,) array
        Corners of the box.
    fixed_points : FixedPoints
        All of the box.
    attractors : (A, d) array
        Those that attract the score flow.
    kinds : (A,) array of str
        "clean" or "virtual".
    shares : (A,) array
        Of the volume of the box: measured by `boundaries` in the plane, else by sampling.
    intervals : (A, 2) array
        Around the shares: what chords of the boundaries leave open in the plane, else 95 %
        confidence intervals.
    boundaries : list of (n, 2) arrays
        In the plane, the stable manifolds of saddles, from the box to the saddle and back to it,
        exact at their points; empty in other dimensions.
    sampled : int
        Number of starts; 0 if the shares are those of areas.
    """

    problem: Interpolation
    network: ShallowNetwork
    low: Array
    high: Array
    fixed_points: FixedPoints
    attractors: Array
    kinds: NDArray[np.str_]
    shares: Array
    intervals: Array
    boundaries: list[Array]
    sampled: int

    def __len__(self) -> int:
        """Number of attractors A."""
        return len(self.attractors)

    def __repr__(self) -> str:
        """One line with what matters."""
        virtual = self.kinds == "virtual"
        return display.one_line(
            self,
            f"{int((~virtual).sum())} clean, {int(virtual.sum())} virtual",
            f"virtual share={self.shares[virtual].sum():.4g}",
            f"{self.sampled} starts" if self.sampled else "areas",
        )

    @property
    def volumes(self) -> Array:
        """The volumes (A,) of the basins in the box, areas in the plane."""
        volumes: Array = self.shares * float(np.prod(self.high - self.low))
        return volumes

    def of(self, points: ArrayLike) -> Indices:
        """The attractor (M,) to which each of some points (M, d) flows, -1 for none."""
        limits = score_flow(self.problem, self.network, points).limits
        return _nearest(limits, self.attractors, self.problem.target_spread)


def basins(
    problem: Interpolation,
    network: ShallowNetwork,
    low: ArrayLike,
    high: ArrayLike,
    *,
    samples: int | None = None,
    seed: int | np.random.Generator = 0,
    progress: Callable[[TaskProgress], object] | None = None,
) -> Basins:
    r"""Find the basins of the score flow :math:`\dot y = h(y) - y` in a box.

    In the plane basins are bounded by the stable manifolds of saddles.  They are traced backwards
    in time, cell by cell in closed form, and cut the box into faces, each of which flows to one
    attractor.  In other dimensions, and if `samples` is given, volumes are shares of random starts,
    with intervals of Clopper and Pearson.

    Parameters
    ----------
    problem : Interpolation
        Its targets are the clean points.
    network : ShallowNetwork
        A denoiser of the problem.
    low, high : float or (d,) array
        Corners of the box.
    samples : int, optional
        Number of starts; by default none in the plane, and 10 000 elsewhere.
    seed : int or Generator
        Of the starts.
    progress : callable, optional
        See `convexden.fixed_points`.

    Returns
    -------
    Basins

    Raises
    ------
    InvalidInput
        If the network is no denoiser of the problem, or there is no such box.

    Examples
    --------
    On orthogonal rays basins are boxes, bounded by the middles of the gaps:

    >>> import convexden as cd
    >>> points = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]
    >>> network = cd.theorems.rays.closed_form(points, 0.2).network
    >>> found = cd.basins(cd.denoising(points, radius=0.2), network, [-1, -1], [2, 3])
    >>> for point, kind, area in zip(found.attractors, found.kinds, found.volumes):
    ...     print(point.round(9), kind, area.round(9))
    [0. 0.] clean 3.0
    [0. 2.] clean 3.0
    [1. 0.] clean 3.0
    [1. 2.] virtual 3.0
    """
    check_denoiser(problem, network)
    first, last = box(network, low, high)
    generator = arguments.generator(seed)
    plane = network.input_dimension == 2
    count = samples if samples is not None else 0 if plane else 10_000
    count = arguments.whole("samples", count, least=0 if samples is None else 1)
    found = fixed_points(network, first, last, progress=progress)
    attractors, kinds = _attractors(problem, found, network.input_dimension)
    zeros = np.zeros(len(attractors))
    result = Basins(
        problem, network, first, last, found, attractors, kinds, zeros, np.zeros((0, 2)), [], count
    )
    if plane:
        curves = separatrices(network, found, first, last)
        result = replace(result, boundaries=curves)
    return _sampled(result, count, generator) if count else _measured(result)


def _attractors(
    problem: Interpolation, found: list[FixedPoint], dimension: int
) -> tuple[Array, NDArray[np.str_]]:
    """Attracting fixed points (A, d) and their kinds (A,)."""
    from scipy.spatial import cKDTree

    points = [fixed.point for fixed in found if fixed.flow_stability == "attracting"]
    attractors = np.array(points).reshape(-1, dimension)
    distances = cKDTree(problem.targets).query(attractors)[0]
    clean = distances <= CLEAN_RTOL * (problem.target_spread or 1.0)
    return attractors, np.where(clean, "clean", "virtual")


def _measured(result: Basins) -> Basins:
    """Areas in the plane, between chords of the boundaries, and what the chords leave open.

    The error of chords falls by 4 when there are twice as many of them, so that it is below the
    difference from chords of every second point.
    """
    shares = _shares(result, result.boundaries)
    coarse = _shares(result, [_thinned(curve) for curve in result.boundaries])
    error = np.abs(shares - coarse)
    return replace(
        result, shares=shares, intervals=np.column_stack([shares - error, shares + error])
    )


def _thinned(curve: Array) -> Array:
    """Every second point of a curve, and its end."""
    return curve[::2] if len(curve) % 2 else np.vstack([curve[::2], curve[-1:]])


def _shares(result: Basins, curves: list[Array]) -> Array:
    """Shares (A,) of the faces of the box, each of which flows where one of its points does."""
    areas = np.zeros(len(result))
    parts = faces(curves, result.low, result.high)
    owner = result.of(np.array([part.inside for part in parts]))
    for part, own in zip(parts, owner, strict=True):
        if own >= 0:
            areas[own] += part.area
    shares: Array = areas / float(np.prod(result.high - result.low))
    return shares


def _sampled(result: Basins, count: int, generator: np.random.Generator) -> Basins:
    """Shares of random starts, with confidence intervals."""
    from scipy.stats import beta

    starts = generator.uniform(result.low, result.high, (count, len(result.low)))
    owner = result.of(starts)
    hits = np.bincount(owner[owner >= 0], minlength=len(result))
    tail = (1 - CONFIDENCE) / 2
    low = np.where(hits > 0, beta.ppf(tail, hits, count - hits + 1), 0.0)
    high = np.where(hits < count, beta.ppf(1 - tail, hits + 1, count - hits), 1.0)
    return replace(result, shares=hits / count, intervals=np.column_stack([low, high]))


def _nearest(points: Array, attractors: Array, spread: float) -> Indices:
    """The attractor (M,) at which each point (M, d) is, -1 for none."""
    from scipy.spatial import cKDTree

    owner = np.full(len(points), -1, dtype=np.intp)
    some = np.isfinite(points).all(axis=1)
    if len(attractors) and some.any():
        distances, nearest = cKDTree(attractors).query(points[some])
        owner[some] = np.where(distances <= CLEAN_RTOL * (spread or 1.0), nearest, -1)
    return owner
