"""Where the tasks of a sweep are done: in processes of this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial

from convexden.experiments.sweeps.tasks import Outcome, Settings, Task, attempt, failure
from convexden.running.cluster import on_cluster
from convexden.running.processes import in_processes

Call = Callable[[Task], tuple[Task, Outcome]]
Outcomes = Generator[tuple[Task, Outcome], None, None]


def outcomes(
    tasks: Sequence[Task], settings: Settings, jobs: int, scheduler: str | None
) -> Outcomes:
    """The tasks, as they are done, and what became of them."""
    call = partial(attempt, settings)
    if scheduler is not None:
        return _on_cluster(call, tasks, scheduler)
    return _here(call, tasks, min(jobs, len(tasks)))


def _on_cluster(call: Call, tasks: Sequence[Task], scheduler: str) -> Outcomes:
    """On the workers of a scheduler; a task that kills its workers has an error as well."""
    with closing(on_cluster(call, tasks, scheduler)) as found:
        for task, result in found:
            yield (task, failure(result)) if isinstance(result, BaseException) else result


def _here(call: Call, tasks: Sequence[Task], jobs: int) -> Outcomes:
    """In processes of this machine.

    Where one of them dies, as by the system when memory runs out, those that were under way are
    done again, each alone, so that only the one that kills its process fails.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    if jobs <= 1:
        yield from map(call, tasks)
        return
    left = dict.fromkeys(tasks)
    while left:
        try:
            with closing(in_processes(call, list(left), jobs, ordered=False)) as found:
                for task, outcome in found:
                    del left[task]
                    yield task, outcome
        except TerminatedWorkerError:
            for task in list(left)[: 2 * jobs]:  # as many are handed out at a time
                del left[task]
                yield _alone(call, task)


def _alone(call: Call, task: Task) -> tuple[Task, Outcome]:
    """A task in processes that nobody else uses."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        with closing(in_processes(call, [task], 2)) as found:
            return next(found)
    except TerminatedWorkerError as error:
        return task, failure(error)
