"""Calls on a Dask cluster that is running already, given by the address of its scheduler."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from convexden import __version__, arguments
from convexden.errors import ExternalFailure, InvalidInput, MissingDependency
from convexden.running.threads import one_thread

Task = TypeVar("Task")
Found = TypeVar("Found")

SECONDS_TO_CONNECT = 10.0  # a scheduler answers in milliseconds; one that is starting, in seconds


def on_cluster(
    function: Callable[[Task], Found], tasks: Iterable[Task], address: str
) -> Generator[tuple[Task, Found | BaseException], None, None]:
    """Call a function for every task on the workers of a Dask cluster.

    The workers need not see the files of this process.  A task whose worker is lost goes to another
    one, three times at the most (Dask's setting ``scheduler.allowed-failures``).

    Yields
    ------
    tuple
        A task, as it is done, and what the function returned, or the error of its call.

    Raises
    ------
    MissingDependency
        If dask.distributed is not installed.
    InvalidInput
        If the address is none.
    ExternalFailure
        If no scheduler answers, or its workers have another version of convexden.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise MissingDependency(
            'a scheduler needs Dask, which is not installed: run `pip install "convexden[cluster]"`'
        ) from error
    _check_answer(address)
    with Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False) as client:
        _check_versions(client.run(_version), address)
        call = partial(_on_one_thread, function)
        futures = {client.submit(call, task, pure=False): task for task in tasks}
        for future in as_completed(list(futures), loop=client.loop):
            task = futures.pop(future)
            fault = future.exception()
            yield task, future.result() if fault is None else fault
            future.release()


def _check_answer(address: str) -> None:
    """Refuse an address at which nobody answers; a client of Dask would try for long."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise InvalidInput(
            f"a scheduler's address is {arguments.shown(address)}: "
            "give one like tcp://10.0.0.1:8786"
        )
    try:
        socket.create_connection((host, port), timeout=SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise ExternalFailure(
            f"no Dask scheduler answers at {address}: start one, or leave out --scheduler"
        ) from error


def _check_versions(versions: dict[str, str], address: str) -> None:
    """Refuse workers whose results would be those of another program."""
    others = {version for version in versions.values() if version != __version__}
    if others:
        raise ExternalFailure(
            f"workers of {address} have convexden {', '.join(sorted(others))}, not {__version__}: "
            "install the same there"
        )


def _version() -> str:
    """The version of convexden where this is called."""
    try:
        from convexden import __version__ as version
    except ImportError:
        return "not installed"
    return version


def _on_one_thread(function: Callable[[Task], Found], task: Task) -> Found:
    """The call in a worker, which may run several at a time."""
    with one_thread():
        return function(task)
