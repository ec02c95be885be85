"""Workers with hard limits: one that runs out of time or memory is replaced, and counted.

The limit is processor time, so that a busy machine does not fail what would pass on an idle one;
wall time counts only for what waits instead of working.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

# Works on a task, calls `allow` before each part of it, and yields what there is to report.
Work = Callable[[Any], Iterator[Any]]

# Wall seconds for each processor second: several jobs may share a processor.
PATIENCE = 8.0


class Worker:
    """One process that does one task at a time; it may report several times on each."""

    def __init__(self, work: Work, memory: int) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(theirs, self.connection, work, memory), daemon=True
        )
        self.process.start()
        theirs.close()
        self.task: Any = None
        self.deadline = float("inf")

    def start(self, task: Any, seconds: float) -> None:
        """Hand over a task; the process is ended if it does not report in time."""
        self.task = task
        self.wait(seconds)
        self.connection.send(task)

    def wait(self, seconds: float) -> None:
        """Wait for the next report from now on."""
        self.deadline = time.monotonic() + PATIENCE * seconds

    def end(self) -> str:
        """End the process and say how it ended."""
        if time.monotonic() >= self.deadline:
            self.process.kill()
        self.process.join()
        code = self.process.exitcode or 0
        self.connection.close()
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "past the limit"
        return f"the process ended with {code}"

    def stop(self) -> None:
        """End an idle process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection, other: Connection, work: Work, memory: int) -> None:
    """Work on tasks until the other end closes; reports are (False, report), the end (True, None).

    The default action of SIGXCPU ends the process also inside compiled code.
    """
    other.close()  # or this process would never see it closed
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            task = connection.recv()
        except (EOFError, ConnectionResetError):
            return
        for report in work(task):
            connection.send((False, report))
        connection.send((True, None))


def allow(seconds: float) -> None:
    """Let the process work for so many processor seconds from now on."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, hard))


def run(
    work: Work,
    tasks: Iterable[Any],
    *,
    jobs: int,
    seconds: float,
    memory: int,
) -> Iterator[tuple[Any, list[Any], str]]:
    """Of each task, as it ends: the reports, and how its process ended ("" if it did not).

    Work that reports nothing for `PATIENCE` times so many seconds is ended.
    """
    left = deque(tasks)
    workers: list[Worker] = []
    reports: dict[Connection, list[Any]] = {}

    def busy(worker: Worker) -> Worker:
        workers.append(worker)
        reports[worker.connection] = []
        worker.start(left.popleft(), seconds)
        return worker

    for _ in range(min(jobs, len(left))):
        busy(Worker(work, memory))
    try:
        while workers:
            ready = set(wait([worker.connection for worker in workers], timeout=1.0))
            for worker in list(workers):
                ended, fate = False, ""
                if worker.connection in ready:
                    try:
                        ended, report = worker.connection.recv()
                        if not ended:
                            reports[worker.connection].append(report)
                            worker.wait(seconds)
                    except (EOFError, ConnectionResetError):
                        fate = worker.end()
                elif time.monotonic() >= worker.deadline:
                    fate = worker.end()
                if not (ended or fate):
                    continue
                workers.remove(worker)
                yield worker.task, reports.pop(worker.connection), fate
                if left:
                    busy(Worker(work, memory) if fate else worker)
                elif not fate:
                    worker.stop()
    finally:
        for worker in workers:
            worker.stop()
