"""Calls in processes of their own, which end with the run that started them."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")


def in_processes(
    function: Callable[[Task], Found], tasks: Iterable[Task], jobs: int, *, ordered: bool = True
) -> Generator[Found, None, None]:
    """Call a function for every task in so many processes, each with one thread.

    Ctrl-C reaches the caller alone, who closes the generator: that ends the processes, whatever
    they are doing.

    Yields
    ------
    Found
        What the function returns, in the order of the tasks; not `ordered`, as it comes.
    """
    from joblib import Parallel, delayed, parallel_config

    with parallel_config("loky", inner_max_num_threads=1):
        come = "generator" if ordered else "generator_unordered"
        run = Parallel(n_jobs=jobs, return_as=come, pre_dispatch="2*n_jobs", batch_size=1)
    results = run(delayed(_undisturbed)(function, task, os.getpid()) for task in tasks)
    try:
        # Not `yield from`, which would close the results before the warning is silenced.
        for found in results:  # noqa: UP028
            yield found
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that calls which nobody waits for are ended
            results.close()


def _undisturbed(function: Callable[[Task], Found], task: Task, parent: int) -> Found:
    """The call in a process that leaves Ctrl-C, which a terminal sends to all, to its parent.

    Where joblib calls it in the parent itself, as for one job, Ctrl-C stays what it is.
    """
    if os.getpid() != parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return function(task)
