"""Univariate interpolation and denoising: connect the dots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.analysis.uniqueness import uniqueness
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, Instance, closed_form_certificate
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.verification.exact.affine import affine_interpolant

Array = NDArray[np.float64]

# Unit vectors that differ by less are one: between them the dual constraint stays within 1e-9 of 1.
SAME_DIRECTION = 1e-4

KINDS = ("balls", "unequal balls", "samples", "noisy clusters", "balls and samples")


def hypotheses(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> Interpolation:
    """The problem, if it is univariate.

    Raises
    ------
    InvalidProblem
        If the points are not on the real line.
    """
    problem = Interpolation(points, points if targets is None else targets, radius)
    if problem.input_dimension != 1:
        raise InvalidProblem(
            f"univariate needs points on the real line, not in {problem.input_dimension} "
            "dimensions: give shape (N,) or (N, 1)"
        )
    return problem


def closed_form(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> ClosedForm:
    r"""The piecewise-linear function that is constant on balls and connects the dots.

    Problem: minimize the representation cost subject to :math:`h(y) = t_n` for
    :math:`|y - y_n| \le r_n`, with inputs on the real line and targets of any dimension.

    Theorem: with slope :math:`m_n = (t_{n+1} - t_n) / (y_{n+1} - r_{n+1} - y_n - r_n)` between
    sites n and n + 1 (in order) and slope 0 on balls, a minimizer is linear between sites,
    constant outside if the outermost sites are balls and linear if they are samples, and

    .. math:: R^* = \sum_{\text{knots}} |\text{jump of the slope}|_2 .

    For denoising with balls :math:`R^* = \sum_n 2 \Delta_n / (\Delta_n - 2 \rho)`, with
    :math:`\Delta_n` the distances of neighbors.  The minimizer is unique if and only if the slope
    never jumps in the same direction at both ends of a gap; with balls everywhere it jumps in
    opposite ones.

    Proof: the multipliers returned as the certificate.  The dual constraint, as a function of
    the hinge, is linear between sites and 0 outside; let it be the unit vector of the slope's
    jump at every knot.  Where both ends of a gap have the same one, it is constant in between, and
    the two jumps may be replaced by one of the same sum, where the outer lines meet.  Elsewhere it
    is shorter than 1 in between: by complementary slackness all knots are ends of balls or samples,
    and the values there determine the function.

    Parameters
    ----------
    points : (N,) or (N, 1) array
        Centers, in any order.
    radius : float or (N,) array
        Radii; 0 for samples.
    targets : (N,) or (N, p) array, optional
        The clean points themselves if not given.

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
    Zeno et al. 2023, arXiv 2311.06748, on univariate data.

    Examples
    --------
    >>> from convexden.theorems import univariate
    >>> round(univariate.closed_form([0.0, 1.0, 3.0], 0.25).cost, 12)
    6.666666666667
    >>> result = univariate.verify([0.0, 1.0, 2.0, 4.0], 0.0, targets=[0.0, 2.0, 1.0, 1.0])
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 4.0, True)
    """
    return connect_the_dots(hypotheses(points, radius, targets))


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`.

    Then the hinges that saturate the certificate are listed, and whether the minimizer is unique
    has to be as the theorem says, see `convexden.uniqueness`.
    """
    claim = closed_form(points, radius, targets)
    result = compare("univariate", claim, solve=solve, tolerance=tolerance)
    if result.verdict != "confirmed":
        return result
    found = uniqueness(result.as_solution(tolerance))
    said = "unique" if is_unique(claim.problem) else "not unique"
    verdict: Verdict = "confirmed" if found.status == said else "refuted"
    measured = {"unique": float(found.unique), "saturating hinges": float(len(found.biases))}
    return result.and_property("undecided" if found.status == "undecided" else verdict, measured)


def is_unique(problem: Interpolation) -> bool:
    """Whether the minimizer is unique: whether no gap has jumps in one direction at its ends."""
    jumps = _Sites.of(problem).jumps()
    same = np.linalg.norm(jumps.right - jumps.left, axis=1) <= SAME_DIRECTION
    return not (same & jumps.right.any(axis=1)).any()


def connect_the_dots(problem: Interpolation) -> ClosedForm:
    """The closed form of a problem with one input."""
    sites = _Sites.of(problem)
    jumps, ball = sites.jumps(), sites.ball
    before, after, bend = jumps.before, jumps.after, jumps.bend
    weights = np.vstack([-before[ball], after[ball], bend[~ball]])
    knots = np.concatenate([sites.begin[ball], sites.end[ball], sites.begin[~ball]])
    used = np.linalg.norm(weights, axis=1) > 0
    skip = before[0] if ball[0] else after[0]
    network = ShallowNetwork(
        weights[used],
        np.ones((int(used.sum()), 1)),
        -knots[used],
        skip[:, None],
        sites.targets[0] - skip * sites.begin[0],
    )
    values, jacobians = sites.multipliers(jumps.right, jumps.left)
    certificate = closed_form_certificate(problem, values, jacobians)
    return ClosedForm(problem, network, float(np.linalg.norm(weights, axis=1).sum()), certificate)


@dataclass(frozen=True, eq=False)
class _Jumps:
    """Slopes before and after each interval and the jump at a sample (intervals, p), and unit
    vectors of the jumps at the left and the right end of each gap (gaps, p), 0 where is none."""

    before: Array
    after: Array
    bend: Array
    right: Array  # at the right end of the interval, where the gap begins
    left: Array


@dataclass(frozen=True, eq=False)
class _Sites:
    """Disjoint intervals in order, the unions of sites that overlap."""

    problem: Interpolation
    owners: NDArray[np.intp]  # a site of the problem in each interval, a ball if there is one
    begin: Array
    end: Array
    targets: Array

    @classmethod
    def of(cls, problem: Interpolation) -> _Sites:
        """The intervals of a problem on a line, those that meet merged."""
        centers = problem.centers[:, 0]
        begin, end = centers - problem.radii, centers + problem.radii
        merged: list[tuple[int, float, float]] = []
        for n in np.lexsort((-end, begin)):
            if merged and (begin[n] < merged[-1][2] or end[n] <= merged[-1][2]):
                owner, first, last = merged[-1]
                merged[-1] = owner, first, max(last, float(end[n]))
            else:
                merged.append((int(n), float(begin[n]), float(end[n])))
        owners = np.array([owner for owner, _, _ in merged])
        first, last = np.array([interval[1:] for interval in merged]).T
        return cls(problem, owners, first, last, problem.targets[owners])

    @property
    def ball(self) -> NDArray[np.bool_]:
        """Which of them are more than a point."""
        return self.end > self.begin

    @property
    def gaps(self) -> Array:
        """Lengths of the gaps; intervals that touch in a point have one of length 0."""
        return self.begin[1:] - self.end[:-1]

    def slopes(self) -> Array:
        """Slopes (gaps, p) between the intervals; 0 where they touch."""
        return _divide(np.diff(self.targets, axis=0), self.gaps)

    def jumps(self) -> _Jumps:
        """What the slope does at every interval.

        At a sample it jumps once, and not at all at an outermost one: there the skip connection
        goes on.  At a ball it falls to 0 and rises again.
        """
        slopes, ball = self.slopes(), self.ball[:, None]
        silent = np.zeros((1, slopes.shape[1]))
        before, after = np.vstack([silent, slopes]), np.vstack([slopes, silent])
        bend = np.where(ball, 0.0, after - before)
        bend[[0, -1]] = 0.0
        noise = np.concatenate([[0.0], self.rounding(slopes), [0.0]])
        rounding = np.linalg.norm(bend, axis=1) <= noise[:-1] + noise[1:]
        # A cost of 0 is claimed only where it is exact: for targets of an affine function.
        if not rounding.all() or ball.any() or affine_interpolant(self.problem) is not None:
            bend[rounding] = 0.0
        right = np.where(ball, _unit(after), _unit(bend))[:-1]
        left = np.where(ball, _unit(-before), _unit(bend))[1:]
        return _Jumps(before, after, bend, right, left)

    def rounding(self, slopes: Array) -> Array:
        """Differences of slopes (gaps,) that are nothing but the rounding of their data."""
        reach = np.abs(self.problem.centers).max()
        size = np.abs(self.targets).max() + np.linalg.norm(slopes, axis=1) * reach
        gaps = self.gaps
        return 4 * np.finfo(float).eps * np.divide(size, gaps, out=0 * size, where=gaps > 0)

    def multipliers(self, right: Array, left: Array) -> tuple[Array, Array]:
        r"""Multipliers of the dual constraint q(s) that is linear in every gap, from `right`
        (gaps, p) at the end of one interval to `left` at the beginning of the next.

        As a hinge at s passes interval n, :math:`q(s) = \sum_{y_n > s} l_n (y_n - s) + G_n`
        changes its slope by :math:`l_n` and its value by :math:`-G_n`.
        """
        centers = self.problem.centers[self.owners]
        silent = np.zeros_like(right[:1])
        slopes = _divide(left - right, self.gaps)
        intercepts = right - slopes * self.end[:-1, None]
        slopes = np.vstack([silent, slopes, silent])
        intercepts = np.vstack([silent, intercepts, silent])
        values = np.zeros_like(self.problem.targets)
        jacobians = np.zeros((*values.shape, 1))
        values[self.owners] = np.diff(slopes, axis=0)
        steps = -np.diff(intercepts, axis=0) - np.diff(slopes, axis=0) * centers
        jacobians[self.owners[self.ball], :, 0] = steps[self.ball]
        return values, jacobians


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Three to eight sites, with random targets in R^1 to R^3 where nothing is denoised."""
    count = int(rng.integers(3, 9))
    scale = 10 ** rng.uniform(-1, 1)
    gaps = rng.uniform(0.2, 2.0, count)
    points = scale * (np.cumsum(gaps) + rng.standard_normal())
    room = scale * np.minimum(gaps, np.append(gaps[1:], np.inf)) / 2
    fraction = rng.uniform(0.01, 0.9)
    order = rng.permutation(count)
    match kind:
        case "balls":
            return Instance(points=points[order, None], radius=fraction * float(room.min()))
        case "unequal balls":
            radii = fraction * room
        case "samples":
            radii = np.zeros(count)
        case "noisy clusters":
            noise = rng.uniform(-1, 1, (count, 4)) * 0.9 * room[:, None]
            samples = (points[:, None] + noise).reshape(-1, 1)
            clean = np.repeat(points[:, None], 4, axis=0)
            return Instance(points=samples, radius=0.0, targets=clean)
        case _:
            radii = fraction * room * rng.integers(0, 2, count)
    targets = scale * rng.standard_normal((count, int(rng.integers(1, 4))))
    return Instance(points=points[order, None], radius=radii[order], targets=targets[order])


def _unit(vectors: Array) -> Array:
    """Unit vectors; 0 where the vector is 0."""
    return _divide(vectors, np.linalg.norm(vectors, axis=1))


def _divide(vectors: Array, lengths: Array) -> Array:
    """Vectors divided by lengths, zero where a length is zero."""
    lengths = lengths[:, None] * np.ones_like(vectors)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


THEOREM = Theorem(
    name="univariate",
    title="Univariate data: connect the dots",
    statement="d = 1: h constant on balls, linear between; R = sum |slope jumps|_2; balls: unique",
    reference="Zeno et al. 2023, arXiv 2311.06748, univariate data",
    kind="theorem",
    scope="points on a line, balls that do not meet, any radii and targets",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=10,
)
