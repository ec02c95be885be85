"""`find_counterexample`, which runs the starts and rounds the best geometry.

1. From every start some random geometries are tried, and the best is improved (`starts`), until all
   evaluations are used up.
2. The best geometry of all is rounded to the simplest fractions that keep most of its excess, and
   solved once more.
3. What was found is reported, whether it refutes the conjecture or not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display, theorems
from convexden.data import smallest_distance
from convexden.errors import InvalidInput
from convexden.experiments.counterexamples.counterexample import Counterexample, Reason
from convexden.experiments.counterexamples.settings import SETTINGS
from convexden.experiments.counterexamples.space import Space
from convexden.experiments.counterexamples.starts import Start, Task, best_of, run, run_silently
from convexden.experiments.counterexamples.trials import Candidate, Trial, trial_of
from convexden.running.clock import Stopped
from convexden.running.processes import in_processes
from convexden.running.progress import tell, within
from convexden.theorems import Theorem
from convexden.tolerances import COST_RTOL

Array = NDArray[np.float64]
Conjecture: TypeAlias = Candidate | Theorem | str
# What an excess says, without and with a property.
_REASONS: tuple[Reason, Reason] = ("cheaper network", "property fails")


class SearchProgress(NamedTuple):
    """How far a search is: the start, its geometries so far, and the largest excess of all, -inf
    before there is one."""

    start: int
    evaluations: int
    excess: float

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"start={self.start}",
            f"evaluations={self.evaluations}",
            f"excess={self.excess:.4g}",
        )


def find_counterexample(
    conjecture: Conjecture,
    *,
    points: int = 3,
    dimension: int = 2,
    radius: float | tuple[float, float] | None = None,
    near: ArrayLike | None = None,
    seed: int = 0,
    starts: int = 8,
    evaluations: int = 200,
    minimum: float = COST_RTOL,
    keep: float = 0.9,
    jobs: int = 1,
    time_limit: float | None = None,
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
        `ShallowNetwork` or a closed form, and raises InvalidProblem where it does not apply; or
        one that returns a float, by how much a property of the denoiser fails, which takes the
        place of the excess; or a theorem of the registry, or its name, for its closed form, or for
        its property ("one-step").
    points, dimension : int
        How many points, in how many dimensions.
    radius : float or (float, float), optional
        Of all balls, as a fraction of that at which the closest two touch: given, or a range to
        search; 0.05 to 0.9 by default.  0 for a conjecture about anything else than denoising: it
        returns a closed form, whose problem is solved.
    near : (points, dimension) array, optional
        Geometry next to which the random ones are, for a conjecture with narrow hypotheses.
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
    time_limit : float, optional
        Seconds after which the search ends, once the geometry at hand is solved, with more jobs
        the start; None for no limit.
    progress : callable, optional
        Called with a `SearchProgress` after every geometry, with more than one job after each
        start.  If it raises StopIteration, the search ends.

    Returns
    -------
    Counterexample
        Stopped by the time limit or by `progress` it is `interrupted`, with the best so far.  A
        network that does not interpolate, or whose cost is not that of its closed form, refutes
        the conjecture at once and ends the search.

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
    progress = within(arguments.time_limit(time_limit), progress)
    _check(points, dimension, seed, starts, evaluations, minimum, keep, jobs)
    space = Space(points, dimension, *_range(radius), _given(near, (points, dimension)))
    task = Task(candidate, space, seed, evaluations)
    # Step 1.
    found, interrupted = _search(task, starts, jobs, progress)
    # Step 2.
    best = best_of(found)
    if best is not None and not best.reason and not interrupted:
        best = _rounded(task, best, minimum, keep)
    # Step 3.
    return _report(name, found, best, minimum, interrupted)


def _search(
    task: Task, count: int, jobs: int, progress: Callable[[SearchProgress], object] | None
) -> tuple[list[Start], bool]:
    """The starts in order, run one after another or some at a time, until one refutes the
    conjecture without the optimum; and whether `progress` stopped that."""
    starts: list[Start] = []

    def report() -> None:
        """Tell how far the last start is."""
        excess = max(start.excess for start in starts)
        tell(progress, SearchProgress(len(starts) - 1, len(starts[-1].excesses), excess))

    try:
        if jobs == 1:
            for number in range(count):
                starts.append(Start())
                run(task, number, starts[-1], report)
                if starts[-1].refuted:
                    break
        else:
            with closing(in_processes(partial(run_silently, task), range(count), jobs)) as runs:
                for start in runs:
                    starts.append(start)
                    report()
                    if start.refuted:
                        break
    except Stopped:
        return starts, True
    return starts, False


def _rounded(task: Task, best: Trial, minimum: float, keep: float) -> Trial:
    """The geometry in the simplest fractions that keep the share of the excess, or as it is."""
    if not best.refutes(minimum):
        return best
    scale = smallest_distance(best.points)
    for q in SETTINGS.denominators:
        points, radius = np.round(best.points * (q / scale)) / q, round(best.radius * q / scale) / q
        if len(np.unique(points, axis=0)) < len(points) or not task.space.allows(points, radius):
            continue
        trial = trial_of(task.candidate, points, radius)
        if not isinstance(trial, Trial) or trial.reason or not trial.refutes(minimum):
            continue
        if trial.excess >= keep * best.excess:
            return replace(trial, denominator=q)
    return best


def _report(
    name: str, starts: list[Start], best: Trial | None, minimum: float, interrupted: bool
) -> Counterexample:
    """What the starts found together."""
    skipped = [why for start in starts for why in start.skipped]
    reason: Reason = ""
    if best is not None:
        reason = best.reason or (_REASONS[best.of_property] if best.refutes(minimum) else "")
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
        if conjecture.failure is not None:
            name, candidate = conjecture.name, conjecture.failure
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


def _given(near: ArrayLike | None, shape: tuple[int, int]) -> Array | None:
    """The geometry next to which random ones are drawn."""
    if near is None:
        return None
    found = arguments.array("near", near, error=InvalidInput)
    if found.shape != shape or not smallest_distance(found) > 0:
        raise InvalidInput(
            f"near is a geometry: give {shape[0]} distinct points of {shape[1]} numbers"
        )
    return found


def _range(radius: float | tuple[float, float] | None) -> tuple[float, float]:
    """The least and the greatest radius to search."""
    given = SETTINGS.fractions if radius is None else radius
    ends = np.atleast_1d(arguments.array("radii", given, error=InvalidInput))
    if ends.shape == (1,) and not ends.any():
        return 0.0, 0.0
    if ends.shape not in ((1,), (2,)) or not 0 < ends[0] <= ends[-1] < 1:
        raise InvalidInput(
            f"radius {radius} is no fraction of the contact of the balls: give one between 0 and "
            "1, or two that bound a range"
        )
    return float(ends[0]), float(ends[-1])
