"""`find_counterexample`: a geometry on which a conjecture about minimizers fails, and by how much.

What is maximized is the *excess* of the conjectured network: how much more it costs than a network
that interpolates the same balls and is certified to be optimal.  A positive excess is a proof that
the conjecture is wrong, whoever found the geometry.  That none is found proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from inspect import signature
from textwrap import fill
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display, theorems
from convexden.data import smallest_distance
from convexden.errors import ConvexdenError, InvalidInput, InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import denoising
from convexden.running.clock import Stopped
from convexden.running.processes import in_processes
from convexden.running.progress import tell
from convexden.solution import Solution
from convexden.theorems import ClosedForm, Theorem, cost_error
from convexden.theorems._verdicts import CLAIM, TOLERANCE
from convexden.tolerances import COST_RTOL
from convexden.verification import site_errors

Array = NDArray[np.float64]
Candidate: TypeAlias = Callable[[Array, float], ShallowNetwork | ClosedForm]
Conjecture: TypeAlias = Candidate | Theorem | str
Skipped = Literal["undefined", "uncertified"]
Reason = Literal["cheaper network", "does not interpolate", "cost misstated", ""]


@dataclass(frozen=True)
class SearchSettings:
    """Parameters of the search for a counterexample."""

    fractions: tuple[float, ...] = (0.05, 0.9)
    """Radii, as shares of the contact of the balls, where none is asked for."""

    random: float = 0.2
    """Share of the evaluations at random geometries before the best is improved."""

    nothing: float = 1e-11
    """Excess of the best of these from which on it is improved: below, there is no slope to
    climb."""

    near: float = 0.1
    """Share by which rounding may move the radius out of its range."""

    size: float = 0.2
    """Size of the first simplex of Nelder and Mead, in units of the first edge."""

    denominators: tuple[int, ...] = (*range(1, 101), *(10**k for k in range(3, 10)))
    """Denominators that are tried: all up to a hundred, then powers of ten."""

    width: int = 88
    """Characters of the lines that are printed."""

    still: float = 1e-5
    """Spread of the simplex, in units of the first edge, that ends an improvement: the excess is
    flat at its top, of the square of this."""


SETTINGS = SearchSettings()


class SearchProgress(NamedTuple):
    """How far a search is: the start, its geometries so far, and the largest excess of all, -inf
    before there is one."""

    start: int
    evaluations: int
    excess: float

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"start={self.start}",
            f"evaluations={self.evaluations}",
            f"excess={self.excess:.4g}",
        )


@dataclass(frozen=True, eq=False)
class Counterexample:
    """What a search for a counterexample found; printed, it says so in a paragraph.

    Attributes
    ----------
    conjecture : str
        Its name.
    found : bool
        Whether this refutes the conjecture.
    reason : {"cheaper network", "does not interpolate", "cost misstated", ""}
        How: by a cheaper network; because the conjectured network does not interpolate, or does not
        cost what its closed form states, to 1e-9.  "" if it does not.
    points : (N, d) array or None
        The geometry with the largest excess; None if there was none at all.
    radius : float
        Of the balls; NaN without points.
    network : ShallowNetwork or None
        The conjectured one.
    solution : Solution or None
        A cheaper one, with its certificate.
    excess : float
        ``(cost of the conjectured network - solution.cost) / solution.cost``; NaN without points.
    denominator : int or None
        Points and radius are multiples of 1 / denominator; None if they could not be rounded.
    history : tuple of arrays
        The excess at every geometry, start by start; NaN where it was skipped.
    undefined, uncertified : int
        Geometries that were skipped: where the conjecture says nothing, or the solution was not
        certified.
    minimum : float
        The excess below which nothing counts as found.
    interrupted : bool
        Whether the search was stopped before it was done.
    """

    conjecture: str
    found: bool
    reason: Reason
    points: Array | None
    radius: float
    network: ShallowNetwork | None = field(repr=False)
    solution: Solution | None = field(repr=False)
    excess: float
    denominator: int | None
    history: tuple[Array, ...] = field(repr=False)
    undefined: int
    uncertified: int
    minimum: float
    interrupted: bool

    def __repr__(self) -> str:
        found = f"refuted: {self.reason}" if self.found else "not refuted"
        return display.one_line(
            self,
            display.brief(self.conjecture),
            found,
            f"excess={self.excess:.4g}",
            "" if self.points is None else f"{len(self.points)} points",
        )

    @property
    def rounded(self) -> bool:
        """Whether points and radius are multiples of 1 / denominator."""
        return self.denominator is not None

    @property
    def evaluations(self) -> int:
        """Number of geometries that were tried."""
        return sum(len(part) for part in self.history)

    def __str__(self) -> str:
        return fill(" ".join([*self._finding(), *self._effort()]), SETTINGS.width)

    def _finding(self) -> Iterator[str]:
        """What was found, line by line."""
        if self.points is None or self.network is None or self.solution is None:
            yield f"No counterexample to {self.conjecture} was found: there was nothing to compare."
            return
        where = (
            f"the {len(self.points)} points {self._written()} with balls of radius "
            f"{self._number(self.radius)}"
        )
        cost = self.network.representation_cost
        if self.reason == "does not interpolate":
            yield f"Refuted: {self.conjecture}. Its network does not interpolate {where}."
        elif self.reason == "cost misstated":
            yield f"Refuted: {self.conjecture}. The cost that it states is not {cost:.9g}, that of"
            yield f"its network, on {where}."
        elif self.found:
            yield f"Refuted: {self.conjecture}. On {where} its network costs {cost:.9g},"
            yield f"but one of cost {self.solution.cost:.9g} interpolates, too:"
            yield f"an excess of {self.excess:.3g}. That one is optimal up to a certified relative"
            yield f"gap of {self.solution.relative_gap:.1e}."
        else:
            yield f"No counterexample to {self.conjecture} was found, which proves nothing: the"
            yield f"largest excess was {self.excess:.2g}, not above {self.minimum:g}, on {where}."

    def _effort(self) -> Iterator[str]:
        """How long it was looked for, line by line."""
        starts = "1 start" if len(self.history) == 1 else f"{len(self.history)} starts"
        yield f"Of {self.evaluations} geometries from {starts} the conjecture is"
        yield f"undefined on {self.undefined}, and {self.uncertified} were not certified."
        if self.interrupted:
            yield "The search was interrupted."

    def _written(self) -> str:
        """The points as they are printed."""
        assert self.points is not None
        rows = [", ".join(map(self._number, point)) for point in self.points]
        return ", ".join(f"({row})" for row in rows)

    def _number(self, value: float) -> str:
        """A number as it is printed: a fraction where the points are rational."""
        if self.denominator is None:
            return f"{value:.6g}"
        return str(Fraction(round(value * self.denominator), self.denominator))


def find_counterexample(
    conjecture: Conjecture,
    *,
    points: int = 3,
    dimension: int = 2,
    radius: float | tuple[float, float] | None = None,
    seed: int = 0,
    starts: int = 8,
    evaluations: int = 200,
    minimum: float = COST_RTOL,
    keep: float = 0.9,
    jobs: int = 1,
    progress: Callable[[SearchProgress], object] | None = None,
) -> Counterexample:
    r"""Look for a geometry on which a conjectured minimizer is not one.

    .. math:: \max_{x_1, ..., x_N, \rho} \frac{R(h_{conjectured}) - R^*}{R^*}

    over the points up to translation, rotation and scale, and the radius if it is not given, with
    the optimum :math:`R^*` from certified solutions.  From each start some random geometries are
    tried, and the best is improved by the method of Nelder and Mead, again and again.  The best of
    all is scaled to a smallest distance of 1 and rounded, points and radius to multiples of 1/q
    with the smallest q (up to 100, then powers of ten) that keeps the share `keep` of the excess
    and the radius in its range, to 10 %.  It is solved and certified again.

    Parameters
    ----------
    conjecture : callable, Theorem or str
        A function of points (N, d) and radius that returns the conjectured minimizer, a
        `ShallowNetwork` or a closed form, and raises InvalidProblem where it does not apply; or a
        theorem of the registry, or its name, for its closed form.
    points, dimension : int
        How many points, in how many dimensions.
    radius : float or (float, float), optional
        Of all balls, as a fraction of that at which the closest two touch: given, or a range to
        search; 0.05 to 0.9 by default.
    seed : int
        What is found depends on it, not on `jobs`.
    starts, evaluations : int
        Number of starts, and of geometries that are solved from each.
    minimum : float
        Relative excess above which the conjecture counts as refuted.  The excess is known up to
        rounding, some 1e-12.
    keep : float
        Share of the excess that has to survive rounding, 0 to 1.
    jobs : int
        Starts that run at the same time, in processes.
    progress : callable, optional
        Called with a `SearchProgress` after every geometry, with more than one job after each
        start.  If it raises StopIteration, the search ends.

    Returns
    -------
    Counterexample
        Stopped by `progress` it is `interrupted`, with the best so far.  A network that does not
        interpolate, or whose cost is not that of its closed form, refutes the conjecture at once
        and ends the search.

    Raises
    ------
    InvalidProblem
        If an argument makes no sense, or the conjecture returns something else than a network.
    TooLarge, NotSupported
        If the conjecture raises it.

    Examples
    --------
    In the plane the hinges of three points are not parallel to the sides in general:

    >>> import convexden as cd
    >>> found = cd.find_counterexample("face-aligned", starts=1, evaluations=40, radius=0.5)
    >>> found.found, found.reason, found.excess > 1e-6
    (True, 'cheaper network', True)
    >>> found.solution.certified, cd.verify_certificate(found.solution).passed
    (True, True)
    """
    name, candidate = _named(conjecture)
    arguments.callback("progress", progress)
    _check(points, dimension, seed, starts, evaluations, minimum, keep, jobs)
    space = _Space(points, dimension, *_range(radius))
    task = _Task(candidate, space, seed, evaluations)
    found, interrupted = _search(task, starts, jobs, progress)
    best = _best(found)
    if best is not None and not best.reason and not interrupted:
        best = _rounded(task, best, minimum, keep)
    return _report(name, found, best, minimum, interrupted)


# ---------------------------------------------------------------- one geometry


@dataclass(frozen=True, eq=False)
class _Trial:
    """The conjecture on one geometry, against the certified optimum."""

    points: Array
    radius: float
    network: ShallowNetwork
    solution: Solution
    excess: float
    reason: Reason  # why the conjectured network is none, whatever the optimum is
    denominator: int | None = None

    def refutes(self, minimum: float) -> bool:
        """Whether a cheaper network does, beyond rounding."""
        return self.excess > max(minimum, cost_error(self.solution))


def _trial(candidate: Candidate, points: Array, radius: float) -> _Trial | Skipped:
    """The excess with all that proves it, or why there is none."""
    from convexden.solving.interpolation import solve

    try:
        problem = denoising(points, radius=radius)
        claim = candidate(points.copy(), radius)
    except InvalidProblem:
        return "undefined"
    if isinstance(claim, ShallowNetwork):
        network, claimed = claim, claim.representation_cost
    elif isinstance(claim, ClosedForm):
        network, claimed = claim.network, claim.cost
    else:
        raise InvalidProblem(
            f"the conjecture returns {type(claim).__name__}: return a ShallowNetwork or ClosedForm"
        )
    dimensions = (network.input_dimension, network.output_dimension)
    if dimensions != (points.shape[1],) * 2:
        raise InvalidProblem(
            f"the conjectured network maps {dimensions[0]} to {dimensions[1]} dimensions: "
            f"return one on {points.shape[1]}"
        )
    try:
        solution = solve(problem, tolerance=TOLERANCE)
    except ConvexdenError:
        return "uncertified"
    if not solution.certified:
        return "uncertified"
    reason: Reason = ""
    if site_errors(problem, network).totals.max() > CLAIM * problem.target_spread:
        reason = "does not interpolate"
    elif abs(network.representation_cost - claimed) > CLAIM * claimed:
        reason = "cost misstated"
    excess = (network.representation_cost - solution.cost) / solution.cost
    return _Trial(points, radius, network, solution, excess, reason)


@dataclass(frozen=True)
class _Space:
    """Geometries up to translation, rotation and scale, as vectors of free coordinates.

    The first point is the origin, the second the first unit vector, and point n has min(n, d)
    coordinates; one more stands for the radius, unless its range is a single fraction.
    """

    points: int
    dimension: int
    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> Array:
        """Standard normal points, and a radius uniform in its range."""
        steps = rng.standard_normal((self.points, self.dimension))
        steps = steps[1:] - steps[0]
        # Turned, the first k steps lie in the span of the first k unit vectors.
        turned = np.linalg.qr(steps.T, mode="complete")[1].T / np.linalg.norm(steps[0])
        turned[:, 0] *= np.sign(turned[0, 0])
        free = [row[: n + 2] for n, row in enumerate(turned[1:])]
        if self.low < self.high:
            free.append(np.arcsin(rng.uniform(-1, 1, 1)))
        return np.concatenate(free)

    def geometry(self, free: Array) -> tuple[Array, float]:
        """Points (N, d) and radius of a vector."""
        points = np.zeros((self.points, self.dimension))
        points[1, 0] = 1.0
        taken = 0
        for n in range(2, self.points):
            count = min(n, self.dimension)
            points[n, :count] = free[taken : taken + count]
            taken += count
        fraction = self.low
        if self.low < self.high:
            fraction = (self.low + self.high) / 2 + (self.high - self.low) / 2 * np.sin(free[-1])
        return points, float(fraction) * smallest_distance(points) / 2

    def allows(self, points: Array, radius: float) -> bool:
        """Whether the radius is in its range, or almost."""
        fraction = 2 * radius / smallest_distance(points)
        return (
            self.low * (1 - SETTINGS.near) <= fraction <= min(self.high * (1 + SETTINGS.near), 1.0)
        )


# ---------------------------------------------------------------- one start


@dataclass(frozen=True, eq=False)
class _Task:
    candidate: Candidate
    space: _Space
    seed: int
    evaluations: int


@dataclass(eq=False)
class _Start:
    """What became of one start: the best trial, the excess at every geometry, NaN where it was
    skipped, and how many were for which reason."""

    best: _Trial | None = None
    excesses: list[float] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def excess(self) -> float:
        """The largest excess so far."""
        return -np.inf if self.best is None else self.best.excess

    @property
    def refuted(self) -> bool:
        """Whether the conjecture is, without the optimum."""
        return self.best is not None and self.best.reason != ""

    def add(self, trial: _Trial | Skipped) -> None:
        """Note what became of a geometry."""
        if not isinstance(trial, _Trial):
            self.excesses.append(np.nan)
            self.skipped.append(trial)
            return
        self.excesses.append(trial.excess)
        if trial.reason or trial.excess > self.excess:
            self.best = trial


class _Enough(Exception):
    """No more evaluations are wanted."""


def _run(task: _Task, number: int, start: _Start, report: Callable[[], None]) -> None:
    """Improve the best of some random geometries, again and again, until all evaluations are used
    up or the conjecture is refuted without the optimum; `start` takes down what is found."""
    from scipy.optimize import minimize

    rng = np.random.default_rng([task.seed, number])
    draws = max(1, int(SETTINGS.random * task.evaluations))

    def loss(free: Array) -> float:
        if len(start.excesses) == task.evaluations:
            raise _Enough
        trial = _trial(task.candidate, *task.space.geometry(free))
        start.add(trial)
        report()
        if start.refuted:
            raise _Enough
        return -trial.excess if isinstance(trial, _Trial) else np.inf

    try:
        while True:
            drawn = [task.space.draw(rng) for _ in range(draws)]
            losses = [loss(free) for free in drawn]
            if min(losses) > -SETTINGS.nothing:  # there is no slope to climb
                continue
            first = drawn[int(np.argmin(losses))]
            simplex = np.vstack([first, first + SETTINGS.size * np.eye(first.size)])
            options = {
                "initial_simplex": simplex,
                "xatol": SETTINGS.still,
                "fatol": SETTINGS.nothing,
            }
            minimize(loss, first, method="Nelder-Mead", options=options)
    except _Enough:
        pass


def _run_silently(task: _Task, number: int) -> _Start:
    """What becomes of a start in a process of its own."""
    start = _Start()
    _run(task, number, start, lambda: None)
    return start


def _search(
    task: _Task, count: int, jobs: int, progress: Callable[[SearchProgress], object] | None
) -> tuple[list[_Start], bool]:
    """The starts in order, run one after another or some at a time, until one refutes the
    conjecture without the optimum; and whether `progress` stopped that."""
    starts: list[_Start] = []

    def report() -> None:
        excess = max(start.excess for start in starts)
        tell(progress, SearchProgress(len(starts) - 1, len(starts[-1].excesses), excess))

    try:
        if jobs == 1:
            for number in range(count):
                starts.append(_Start())
                _run(task, number, starts[-1], report)
                if starts[-1].refuted:
                    break
        else:
            with closing(in_processes(partial(_run_silently, task), range(count), jobs)) as runs:
                for start in runs:
                    starts.append(start)
                    report()
                    if start.refuted:
                        break
    except Stopped:
        return starts, True
    return starts, False


# ---------------------------------------------------------------- the end


def _best(starts: Iterable[_Start]) -> _Trial | None:
    """What refutes the conjecture without the optimum, else the largest excess."""
    trials = [start.best for start in starts if start.best is not None]
    return max(trials, key=lambda trial: (bool(trial.reason), trial.excess), default=None)


def _rounded(task: _Task, best: _Trial, minimum: float, keep: float) -> _Trial:
    """The geometry in the simplest fractions that keep the share of the excess, or as it is."""
    if not best.refutes(minimum):
        return best
    scale = smallest_distance(best.points)
    for q in SETTINGS.denominators:
        points, radius = np.round(best.points * (q / scale)) / q, round(best.radius * q / scale) / q
        if len(np.unique(points, axis=0)) < len(points) or not task.space.allows(points, radius):
            continue
        trial = _trial(task.candidate, points, radius)
        if not isinstance(trial, _Trial) or trial.reason or not trial.refutes(minimum):
            continue
        if trial.excess >= keep * best.excess:
            return replace(trial, denominator=q)
    return best


def _report(
    name: str, starts: list[_Start], best: _Trial | None, minimum: float, interrupted: bool
) -> Counterexample:
    """What the starts found together."""
    skipped = [why for start in starts for why in start.skipped]
    reason: Reason = ""
    if best is not None:
        reason = best.reason or ("cheaper network" if best.refutes(minimum) else "")
    return Counterexample(
        name,
        bool(reason),
        reason,
        None if best is None else best.points,
        np.nan if best is None else best.radius,
        None if best is None else best.network,
        None if best is None else best.solution,
        np.nan if best is None else best.excess,
        None if best is None else best.denominator,
        tuple(np.array(start.excesses) for start in starts),
        skipped.count("undefined"),
        skipped.count("uncertified"),
        minimum,
        interrupted,
    )


def _named(conjecture: Conjecture) -> tuple[str, Candidate]:
    """The conjecture as a function, and its name."""
    if isinstance(conjecture, str):
        conjecture = theorems.get(conjecture)
    name = getattr(conjecture, "__name__", "the conjecture")
    candidate: Candidate
    if isinstance(conjecture, Theorem):
        name, candidate = f"the closed form of {conjecture.name}", conjecture.closed_form
    else:
        candidate = conjecture
    try:
        signature(candidate).bind("points", "radius")
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{name} is no function of points and a radius: give one, or the name of a theorem "
            "about nothing else"
        ) from error
    return name, candidate


def _check(
    points: int,
    dimension: int,
    seed: int,
    starts: int,
    evaluations: int,
    minimum: float,
    keep: float,
    jobs: int,
) -> None:
    """Raise InvalidInput if an argument makes no sense."""
    arguments.whole("points", points, least=3)
    counts = {"dimension": dimension, "starts": starts, "evaluations": evaluations, "jobs": jobs}
    for name, count in counts.items():
        arguments.whole(name, count, least=1)
    arguments.whole("seed", seed)
    arguments.number("minimum", minimum, above=0.0)
    arguments.number("keep", keep, least=0.0, most=1.0)


def _range(radius: float | tuple[float, float] | None) -> tuple[float, float]:
    """The least and the greatest radius to search."""
    given = SETTINGS.fractions if radius is None else radius
    ends = np.atleast_1d(arguments.array("radii", given, error=InvalidInput))
    if ends.shape not in ((1,), (2,)) or not 0 < ends[0] <= ends[-1] < 1:
        raise InvalidInput(
            f"radius {radius} is no fraction of the contact of the balls: give one between 0 and "
            "1, or two that bound a range"
        )
    return float(ends[0]), float(ends[-1])
