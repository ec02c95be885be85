"""What a long run tells its caller, and how the caller ends it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple, TypeVar

from convexden.running.clock import Clock, Stopped

Step = TypeVar("Step")
Found = TypeVar("Found")


class TaskProgress(NamedTuple):
    """How far a run of many solves is.

    Attributes
    ----------
    done, total : int
        Solves that are done, and all.
    name : str
        What is solved next, if it has a name.
    """

    done: int
    total: int
    name: str = ""


def tell(progress: Callable[[Step], object] | None, step: Step) -> None:
    """Call `progress` with where a run is; what it returns is ignored.

    Its StopIteration becomes `Stopped`: a StopIteration that some iterator lets through must not
    end a run in silence, and inside a generator Python would replace it by a RuntimeError.
    """
    if progress is None:
        return
    try:
        progress(step)
    except StopIteration:
        raise Stopped from None


def within(
    seconds: float | None, progress: Callable[[Step], object] | None
) -> Callable[[Step], object] | None:
    """`progress`, which ends the run once so many seconds are over as well; None for no limit."""
    if seconds is None:
        return progress
    clock = Clock.of(seconds)

    def limited(step: Step) -> None:
        """Tell, and look at the clock."""
        if progress is not None:
            progress(step)
        clock.check()

    return limited


def gather(
    results: Generator[Found, None, None],
    keep: Callable[[Found], object],
    progress: Callable[[TaskProgress], object] | None,
    done: int,
    total: int,
) -> None:
    """Keep the results of a run as they come, until all are there or `progress` ends the run.

    Parameters
    ----------
    results : generator
        It is closed at the end, which ends its processes.
    keep : callable
        Called with every result, before `progress` hears of it.
    progress : callable, optional
    done, total : int
        How many are there already, and how many there will be.
    """
    with closing(results):
        try:
            tell(progress, TaskProgress(done, total))
            for result in results:
                keep(result)
                done += 1
                tell(progress, TaskProgress(done, total))
        except Stopped:
            pass  # what there is stays
