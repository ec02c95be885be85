"""The univariate denoiser contracts toward the clean points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.analysis.pieces import along
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems import univariate
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import CLAIM, TOLERANCE, Result, Verdict, compare
from convexden.tolerances import TOUCH_RTOL

Array = NDArray[np.float64]

KINDS = ("one radius", "unequal radii", "noisy clusters")


def hypotheses(
    points: ArrayLike,
    radius: ArrayLike,
    delta: float | None = None,
    targets: ArrayLike | None = None,
) -> Interpolation:
    """The problem, if it is univariate with noise on both sides of clean points that are neighbors,
    and what delta excludes meets none of it.

    Raises
    ------
    InvalidProblem
        If it is not, or does not.
    """
    problem = univariate.hypotheses(points, radius, targets)
    if problem.output_dimension != 1:
        raise InvalidProblem("the targets of contraction are clean points on the line: give (N,)")
    gaps, radii = _gaps(problem)
    if delta is not None:
        sums = radii.sum(axis=1)
        largest = float(((gaps - sums) * radii.min(axis=1) / sums).min())
        if not 0 < arguments.number("delta", delta) < largest:
            raise InvalidProblem(
                f"delta is {delta:g}: give one between 0 and {largest:.6g}, the smallest distance "
                "from a fixed point between the noise of two clean points to it"
            )
    return problem


def closed_form(
    points: ArrayLike,
    radius: ArrayLike,
    delta: float | None = None,
    targets: ArrayLike | None = None,
) -> ClosedForm:
    r"""The univariate denoiser, whose outputs are closer to a clean point than its inputs.

    The noise of a clean point is a ball, or a cluster of finitely many samples: at least two of the
    outermost clean points, and one between any clean point and each of its neighbors.

    Theorem: between the noise of two neighbors the denoiser has one fixed point, and for
    every y at distance at least :math:`\delta > 0` from all of them

    .. math:: |h(y) - x_n| \le \alpha |y - x_n| \quad\text{for some } n, \qquad \alpha < 1 .

    Let :math:`\Delta` be the distance of two neighbors, and r and r' how far the noise of either
    reaches toward the other: the radii of balls, the largest moves of samples.  With their sum R
    and the larger one :math:`r^+`, the fixed point of a gap has distance :math:`\Delta r / R` from
    the clean point of reach r, and the smallest such :math:`\alpha` is

    .. math:: \alpha = \max_{\text{gaps}} \;
              1 - \frac{R^2 \delta}{(\Delta - R) (\Delta r^+ - R \delta)} ;

    for one radius :math:`\rho` the fixed points are the middles of the gaps, and

    .. math:: \alpha = \max_{\text{gaps}} \;
              1 - \frac{4 \rho \delta}{(\Delta - 2 \rho) (\Delta - 2 \delta)} .

    Proof: let :math:`x_n = 0` and :math:`x_{n+1} = \Delta`.  On :math:`r \le y \le \Delta - r'`
    the denoiser is :math:`h(y) = (y - r)\, \Delta / (\Delta - R)`, which crosses the diagonal
    upwards at :math:`y^* = \Delta r / R`.  The ratio to the left clean point,

    .. math:: \frac{h(y)}{y} = \frac{\Delta}{\Delta - R} \Bigl(1 - \frac r y\Bigr) ,

    increases from 0 at r to 1 at :math:`y^*`; with :math:`1 - r / y^* = (\Delta - R) / \Delta` it
    is :math:`1 - R \delta / ((\Delta - R)(y^* - \delta))` at :math:`y^* - \delta`.  There
    :math:`0 \le h(y) < y`, so that every other clean point has a larger ratio: the subtraction of
    the same :math:`y - h(y)` from a larger distance leaves a larger share of it, and away from
    points on the right the distance grows.  By symmetry the ratio to the right one is largest at
    :math:`y^* + \delta`, and the larger of both belongs to the larger reach.  On balls, between the
    outer samples of a cluster and beyond the outermost ones h is a clean point, and the ratio is 0.

    Parameters
    ----------
    points : (N,) or (N, 1) array
        Clean points, in any order, or noisy samples of them.
    radius : float or (N,) array
        0 for samples.
    delta : float, optional
        Smaller than the distance from every fixed point to the nearest ball or sample.
        The closed form does not depend on it.
    targets : (N,) array, optional
        The clean point of every sample; the points themselves if not given.

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, on univariate data; the constant is derived here.

    Examples
    --------
    >>> from convexden.theorems import contraction
    >>> result = contraction.verify([0.0, 1.0, 3.0], 0.25, delta=0.1)
    >>> result.verdict, {name: round(value, 9) for name, value in result.measured.items()}
    ('confirmed', {'alpha': 0.962962963, 'alpha by the formula': 0.962962963})
    >>> samples, clean = [-0.2, 0.1, 0.7, 1.3, 2.9, 3.2], [0, 0, 1, 1, 3, 3]
    >>> contraction.verify(samples, 0.0, 0.05, targets=clean).verdict
    'confirmed'
    """
    return univariate.connect_the_dots(hypotheses(points, radius, delta, targets))


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    delta: float,
    targets: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the closed form by its certificate, and find the constant from its pieces.

    It has to be less than 1 and that of the formula, to 1e-9.  If `solve`, it is the constant of
    the computed network.
    """
    claim = closed_form(points, radius, delta, targets)
    result = compare("contraction", claim, solve=solve, tolerance=tolerance)
    network = claim.network if result.solution is None else result.solution.network
    found = constant(network, claim.problem.targets, delta)
    expected = formula(claim.problem, delta)
    agree = found < 1 and abs(found - expected) <= CLAIM * expected
    verdict: Verdict = "confirmed" if agree else "refuted"
    return result.and_property(verdict, {"alpha": found, "alpha by the formula": expected})


def formula(problem: Interpolation, delta: float) -> float:
    """The constant of `closed_form`.

    Parameters
    ----------
    problem : Interpolation
        That meets the hypotheses.
    delta : float

    Returns
    -------
    float
    """
    gaps, radii = _gaps(problem)
    sums, larger = radii.sum(axis=1), radii.max(axis=1)
    drops = sums**2 * delta / ((gaps - sums) * (gaps * larger - sums * delta))
    return float(1 - drops.min())


def constant(network: ShallowNetwork, clean: ArrayLike, delta: float) -> float:
    r"""How much a univariate network contracts toward clean points, from its pieces alone.

    .. math:: \sup_y \min_n \frac{|h(y) - x_n|}{|y - x_n|}

    over all y at distance at least `delta` from the points where h crosses the diagonal upwards.
    On a piece of the network, cut where h or y is a clean point, the ratios are monotone, so that
    their minimum is largest at the ends of the piece or where two of them are equal: at the
    solutions of quadratic equations.  Nothing is sampled, and nothing is assumed of the network.

    Parameters
    ----------
    network : ShallowNetwork
        Of one input and one output.
    clean : (N,) array
        The :math:`x_n`.
    delta : float

    Returns
    -------
    float

    Raises
    ------
    InvalidProblem
        If the network is not univariate.

    Examples
    --------
    Halving the distance to 0:

    >>> import convexden as cd
    >>> from convexden.theorems import contraction
    >>> half = cd.ShallowNetwork([], [], [], [[0.5]], [0.0])
    >>> contraction.constant(half, [0.0], 0.1)
    0.5
    """
    if (network.input_dimension, network.output_dimension) != (1, 1):
        raise InvalidProblem("the network is not univariate: give one of one input and output")
    delta = arguments.number("delta", delta, least=0.0)
    x = np.unique(arguments.array("clean points", clean).ravel())
    slopes = network.input_weights[:, 0]
    marks = np.concatenate([x, -network.biases[slopes != 0] / slopes[slopes != 0]])
    margin = float(np.ptp(marks)) or 1.0
    line = along(network, [marks.min() - margin], [marks.max() + margin])
    knots, values = line.points(line.knots)[:, 0], line.values[:, 0]
    slopes = np.diff(values) / np.diff(knots)
    fixed = _upward_crossings(knots, values, slopes)
    starts, stops = np.append(-np.inf, knots[1:-1]), np.append(knots[1:-1], np.inf)
    largest = 0.0
    for y, h, slope, start, stop in zip(knots, values, slopes, starts, stops, strict=False):
        piece = _Piece(y, h, slope, x)
        for first, last in _outside(start, stop, fixed, delta):
            largest = max(largest, piece.largest(first, last))
    return largest


@dataclass(frozen=True, eq=False)
class _Piece:
    """The affine function of this slope through (y, h), and the clean points x."""

    y: float
    h: float
    slope: float
    x: Array

    def largest(self, start: float, stop: float) -> float:
        """Largest value on an interval of the least of the ratios."""
        inside = self.cuts[(self.cuts > start) & (self.cuts < stop)]
        points = np.unique(np.concatenate([[start, stop], inside]))
        finite = points[np.isfinite(points)]
        moves = np.abs(finite[:, None] - self.x)
        errors = np.abs(self.h - self.x + self.slope * (finite - self.y)[:, None])
        ratios = np.divide(errors, moves, out=np.full_like(moves, np.inf), where=moves > 0)
        # A line through (x_n, x_n) has the ratio |slope|, also there.
        tolerance = TOUCH_RTOL * float(np.ptp(self.x))
        through = np.abs(self.h - self.x + self.slope * (self.x - self.y)) <= tolerance
        ratios[:, through] = abs(self.slope)
        best = float(ratios.min(axis=1).max(initial=0.0))
        return max(best, abs(self.slope)) if finite.size < points.size else best

    @cached_property
    def cuts(self) -> Array:
        """Where y or h is a clean point, or two ratios are the same."""
        p, q = self.h - self.x, self.y - self.x  # h - x_n = p + slope t and y - x_n = q + t
        with np.errstate(divide="ignore", invalid="ignore"):
            hits = -p / self.slope
            # Ratios of one sign are equal where h(y) = y only, those of opposite signs where
            # (p_n + slope t)(q_m + t) + (p_m + slope t)(q_n + t) = 0.
            fixed = (self.h - self.y) / (1 - self.slope)
            n, m = np.triu_indices(self.x.size, 1)
            linear = p[n] + p[m] + self.slope * (q[n] + q[m])
            constant = p[n] * q[m] + p[m] * q[n]
            root = np.sqrt(linear**2 - 8 * self.slope * constant)
            half = -(linear + np.copysign(root, linear)) / 2
            found = np.concatenate([-q, hits, [fixed], half / (2 * self.slope), constant / half])
        cuts: Array = self.y + found[np.isfinite(found)]
        return cuts


def _upward_crossings(knots: Array, values: Array, slopes: Array) -> Array:
    """Where h(y) - y changes its sign from minus to plus, between the knots or beyond them."""
    excess, knots = values - knots, knots.copy()
    for end, outwards in ((0, -1), (-1, 1)):
        if slopes[end] > 1:
            step = 2 * excess[end] / (1 - slopes[end])  # twice as far as it has to go to cross
            if step * outwards > 0:
                knots[end] += step
                excess[end] *= -1
    signed = np.flatnonzero(excess)
    before = signed[:-1][(excess[signed[:-1]] < 0) & (excess[signed[1:]] > 0)]
    share = excess[before] / (excess[before] - excess[before + 1])
    crossings: Array = knots[before] + share * (knots[before + 1] - knots[before])
    return crossings


def _outside(
    start: float, stop: float, fixed: Array, delta: float
) -> Iterator[tuple[float, float]]:
    """The parts of an interval at distance at least delta from fixed points, which are in order."""
    for point in fixed:
        if start <= min(stop, point - delta):
            yield start, min(stop, point - delta)
        start = max(start, point + delta)
    if start <= stop:
        yield start, stop


def _gaps(problem: Interpolation) -> tuple[Array, Array]:
    """Distances (gaps,) of neighbors, and how far (gaps, 2) the noise of either reaches toward the
    other."""
    clean, owners = np.unique(problem.targets[:, 0], return_inverse=True)
    begin, end = np.full(clean.size, np.inf), np.full(clean.size, -np.inf)
    np.minimum.at(begin, owners.reshape(-1), problem.centers[:, 0] - problem.radii)
    np.maximum.at(end, owners.reshape(-1), problem.centers[:, 0] + problem.radii)
    reaches = np.column_stack([(end - clean)[:-1], (clean - begin)[1:]])
    if (reaches <= 0).any() or (end <= begin)[[0, -1]].any():
        raise InvalidProblem(
            "contraction needs noise on every side of a clean point that faces another, and two "
            "samples of the outermost ones: give radii > 0, or more samples"
        )
    gaps = np.diff(clean)
    if (gaps <= reaches.sum(axis=1)).any():
        raise InvalidProblem("the noise of two clean points meets: give samples closer to theirs")
    return gaps, reaches


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Two to eight points, balls or two to six samples of each, and delta from 1 to 90 % of the
    smallest distance from a fixed point to them."""
    count = int(rng.integers(2, 9))
    scale = 10 ** rng.uniform(-1, 1)
    gaps = rng.uniform(0.2, 2.0, count - 1)
    points = scale * (np.append(0.0, np.cumsum(gaps)) + rng.standard_normal())
    radii = np.full(count, scale * rng.uniform(0.01, 0.9) * gaps.min() / 2)
    if kind == "unequal radii":
        radii *= rng.uniform(0.1, 1.0, count)
    order = rng.permutation(count)
    drawn = Instance(
        points=points[order, None],
        radius=float(radii[0]) if kind == "one radius" else radii[order],
    )
    if kind == "noisy clusters":
        each = int(rng.integers(2, 7))
        sides = np.where(rng.random((count, each)) < 0.5, -1.0, 1.0)
        sides[:, :2] = -1.0, 1.0  # one on each side
        noise = sides * rng.uniform(0.1, 1.0, (count, each)) * radii[0]
        clean = np.repeat(points[:, None], each, axis=0)
        drawn = Instance(points=clean + noise.reshape(-1, 1), radius=0.0, targets=clean)
    problem = univariate.hypotheses(
        drawn["points"], drawn["radius"], drawn.get("targets", drawn["points"])
    )
    distances, reaches = _gaps(problem)
    largest = float(((distances / reaches.sum(axis=1) - 1) * reaches.min(axis=1)).min())
    drawn["delta"] = float(rng.uniform(0.01, 0.9) * largest)
    return drawn


THEOREM = Theorem(
    name="contraction",
    title="Univariate data: contraction toward the clean points",
    statement="d = 1: |h(y) - x_n| <= alpha |y - x_n| for some n; alpha < 1 off fixed points",
    reference="Zeno et al. 2023, arXiv 2311.06748, univariate data",
    kind="theorem",
    scope="points on a line, balls of any radii, or clusters of samples, that do not meet",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=20,
)
