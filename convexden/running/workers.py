"""Where independent calls are done: here, in processes of this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from convexden import display
from convexden.errors import ExternalFailure
from convexden.running.clock import Clock
from convexden.running.cluster import on_cluster
from convexden.running.processes import in_processes

Task = TypeVar("Task")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Workers:
    """Who does the calls of a long run.

    Attributes
    ----------
    jobs : int
        Processes of this machine; with 1 the calls are done here, one after the other.
    scheduler : str or None
        Address of a Dask scheduler, whose workers do them instead.
    """

    jobs: int = 1
    scheduler: str | None = None

    __repr__ = display.field_line

    def results(
        self, function: Callable[[Task], Found], tasks: Sequence[Task], clock: Clock
    ) -> Generator[Found, None, None]:
        """What the function returns for every task, as it comes.

        Raises
        ------
        Stopped
            If the time is over; the calls that are under way are ended.
        ExternalFailure
            If a process was ended from outside, or as `on_cluster`.
        MissingDependency, InvalidInput
            As `on_cluster`.
        """
        with closing(self._calls(function, tasks)) as found:
            for result in found:
                yield result
                clock.check()

    def _calls(
        self, function: Callable[[Task], Found], tasks: Sequence[Task]
    ) -> Generator[Found, None, None]:
        """The calls, where they are done."""
        if self.scheduler is not None:
            yield from _on_cluster(function, tasks, self.scheduler)
        elif self.jobs > 1 and len(tasks) > 1:
            yield from _in_processes(function, tasks, self.jobs)
        else:
            yield from map(function, tasks)


HERE = Workers()


def _in_processes(
    function: Callable[[Task], Found], tasks: Sequence[Task], jobs: int
) -> Generator[Found, None, None]:
    """In processes of this machine."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with closing(in_processes(function, tasks, jobs, ordered=False)) as found:
        try:
            yield from found
        except TerminatedWorkerError as error:
            raise ExternalFailure(
                f"one of {jobs} processes was ended by the system, as when memory runs out: give "
                "fewer jobs"
            ) from error


def _on_cluster(
    function: Callable[[Task], Found], tasks: Sequence[Task], scheduler: str
) -> Generator[Found, None, None]:
    """On the workers of a scheduler; the error of a call is raised."""
    with closing(on_cluster(function, tasks, scheduler)) as found:
        for _, result in found:
            if isinstance(result, BaseException):
                raise result
            yield result
