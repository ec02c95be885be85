"""What a long run tells its caller, and how the caller ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from convexden.running.clock import Stopped

Step = TypeVar("Step")


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
