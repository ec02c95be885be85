"""Many problems at once: `solve_many`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Literal, overload

from convexden import arguments
from convexden.errors import ConvexdenError
from convexden.problem import Interpolation
from convexden.running.processes import in_processes
from convexden.running.progress import TaskProgress, gather
from convexden.solution import Solution
from convexden.solving.interpolation import solve
from convexden.tolerances import CERTIFIED_RTOL

# Problems that a process solves before it reports: small ones take tens of milliseconds, and so
# does a message.
_BATCH = 8
# Batches for each process, at least, so that no process waits long for the last one.
_SHARES = 4

Report = Callable[[TaskProgress], object]


@overload
def solve_many(
    problems: Iterable[Interpolation],
    tolerance: float = ...,
    *,
    jobs: int | None = ...,
    method: str | None = ...,
    time_limit: float | None = ...,
    keep_errors: Literal[False] = ...,
    progress: Report | None = ...,
) -> list[Solution]: ...


@overload
def solve_many(
    problems: Iterable[Interpolation],
    tolerance: float = ...,
    *,
    jobs: int | None = ...,
    method: str | None = ...,
    time_limit: float | None = ...,
    keep_errors: bool,
    progress: Report | None = ...,
) -> list[Solution | ConvexdenError]: ...


def solve_many(
    problems: Iterable[Interpolation],
    tolerance: float = CERTIFIED_RTOL,
    *,
    jobs: int | None = 1,
    method: str | None = None,
    time_limit: float | None = None,
    keep_errors: bool = False,
    progress: Report | None = None,
) -> list[Solution] | list[Solution | ConvexdenError]:
    """Solve many problems, some at a time.

    Parameters
    ----------
    problems : iterable of Interpolation
    tolerance, method : optional
        As for `solve`.
    jobs : int or None
        Processes, with one thread each; None for one for each core.  They start in a second or two.
    time_limit : float, optional
        Seconds for each problem.
    keep_errors : bool
        Put the error of a problem that cannot be solved in its place, instead of raising it.
    progress : callable, optional
        Called with a `TaskProgress` at first and after every problem.  If it raises StopIteration,
        the run ends.

    Returns
    -------
    list of Solution, or of ConvexdenError
        In the order of the problems; stopped by `progress` those that are there.

    Raises
    ------
    InvalidInput
        If an argument is out of its range.
    ConvexdenError
        Of the first problem that cannot be solved, see `solve`, unless errors are kept.

    Examples
    --------
    >>> import convexden as cd
    >>> triangles = [cd.data.triangle((60 + k, 60, 60 - k)) for k in range(3)]
    >>> found = cd.solve_many([cd.denoising(points, radius=0.2) for points in triangles])
    >>> [f"{solution.cost:.6f}" for solution in found]
    ['5.454545', '5.454906', '5.455987']
    """
    given = [arguments.instance("a problem", problem, Interpolation) for problem in problems]
    arguments.tolerance(tolerance)
    arguments.callback("progress", progress)
    jobs = arguments.jobs(jobs)
    one = partial(solve, tolerance=tolerance, method=method, time_limit=time_limit)
    found: list[Solution | ConvexdenError] = []

    def keep(result: Solution | ConvexdenError) -> None:
        """Keep a solution, and an error where it is not raised."""
        if isinstance(result, ConvexdenError) and not keep_errors:
            raise result
        found.append(result)

    gather(_solved(given, one, jobs), keep, progress, 0, len(given))
    return found


def _solved(
    problems: Sequence[Interpolation], one: Callable[[Interpolation], Solution], jobs: int
) -> Generator[Solution | ConvexdenError, None, None]:
    """What becomes of the problems, in their order."""
    jobs = min(jobs, max(1, len(problems)))
    if jobs == 1:
        for problem in problems:
            yield _attempt(one, problem)
        return
    size = max(1, min(_BATCH, len(problems) // (_SHARES * jobs)))
    batches = [problems[start : start + size] for start in range(0, len(problems), size)]
    with closing(in_processes(partial(_batch, one), batches, jobs)) as found:
        for results in found:
            yield from results


def _batch(
    one: Callable[[Interpolation], Solution], problems: Sequence[Interpolation]
) -> list[Solution | ConvexdenError]:
    """What becomes of some problems."""
    return [_attempt(one, problem) for problem in problems]


def _attempt(
    one: Callable[[Interpolation], Solution], problem: Interpolation
) -> Solution | ConvexdenError:
    """The solution of a problem, or why there is none."""
    try:
        return one(problem)
    except ConvexdenError as error:
        return error
