"""`sweep`, which solves what a folder does not hold yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from convexden import arguments
from convexden.experiments.sweeps.files import Folder
from convexden.experiments.sweeps.results import Sweep, assemble
from convexden.experiments.sweeps.specification import read_specification
from convexden.experiments.sweeps.tasks import Outcome, Task
from convexden.experiments.sweeps.workers import outcomes
from convexden.running.progress import TaskProgress, gather


def sweep(
    specification: str | Path | Mapping[str, Any],
    folder: str | Path | None = None,
    *,
    jobs: int | None = 1,
    scheduler: str | None = None,
    retry: bool = False,
    progress: Callable[[TaskProgress], object] | None = None,
) -> Sweep:
    """Solve a grid of denoising problems, and measure every solution.

    Parameters
    ----------
    specification : path or mapping
        A TOML file, or a dict of the same keys: ``grid`` with ``family``, ``points``,
        ``dimension``, ``radius_fractions`` (shares of half the smallest distance, at which the
        closest balls touch) and ``seeds``, whose lists multiply; ``solve`` with ``tolerance`` and
        ``time_limit``; ``columns`` with ``measure`` and ``compare``.
    folder : path, optional
        Every result is written there as it comes, and a table at the end.  If it holds results of
        the same grid, or of a part of it, the run goes on with the others.
    jobs : int or None
        Processes, with one thread each; None for one for each core.
    scheduler : str, optional
        Address of a Dask scheduler, such as "tcp://10.0.0.1:8786", whose workers solve instead.
    retry : bool
        Solve the tasks again that failed.
    progress : callable, optional
        Called with a `TaskProgress`, at first and after every task.  If it raises StopIteration,
        the run ends.

    Returns
    -------
    Sweep
        Stopped by `progress` it is `interrupted`, with the results that are there.  A task that
        cannot be solved is among its `failures`.

    Raises
    ------
    InvalidInput
        If the specification makes no sense, or the folder holds anything else.
    ExternalFailure
        If no scheduler answers at the address.
    KeyboardInterrupt
        On Ctrl-C: the folder keeps the results that are there.

    Examples
    --------
    >>> import convexden as cd
    >>> grid = {"family": "triangle", "radius_fractions": [0.1, 0.3], "seeds": "0-2"}
    >>> found = cd.sweep({"grid": grid, "columns": {"measure": ["neurons"]}})
    >>> found
    Sweep(6 of 6 tasks, 6 certified, 0 failed)
    >>> found.records[0]["family"], found.records[0]["seed"], found.records[0]["status"]
    ('triangle', 0, 'certified')
    """
    tasks, settings = read_specification(specification)
    jobs = arguments.jobs(jobs)
    scheduler = arguments.scheduler(scheduler)
    arguments.callback("progress", progress)
    files = Folder(folder)
    files.begin(settings)
    found = files.known(tasks, retry=retry)

    def keep(done: tuple[Task, Outcome]) -> None:
        """Write an outcome before it counts."""
        task, outcome = done
        files.keep(task, outcome)
        found[task] = outcome

    missing = [task for task in tasks if task not in found]
    gather(outcomes(missing, settings, jobs, scheduler), keep, progress, len(found), len(tasks))
    result = assemble(tasks, found)
    files.write_tables(result.records, result.failures)
    return result
