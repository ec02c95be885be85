"""One thread: the systems are many and small, and threads would cost more than they save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import threadpoolctl
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """A context in which the linear algebra of numpy and scipy runs on one thread.

    The setting is one of the whole process.  Where contexts of several threads overlap, the first
    one makes it and the last one undoes it.
    """
    _USERS.enter()
    try:
        yield
    finally:
        _USERS.leave()


class _Users:
    """Counts the contexts that are open, and keeps what their first one changed."""

    def __init__(self) -> None:
        """No context is open."""
        self._lock = Lock()
        self._count = 0
        self._limit: Any = None

    def enter(self) -> None:
        """One context more."""
        with self._lock:
            if self._count == 0:
                self._limit = _libraries().limit(limits=1)
            self._count += 1

    def leave(self) -> None:
        """One context less."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                _let_go()  # of the thread that came first, which may still be there
                self._limit.restore_original_limits()
                _let_go()


_USERS = _Users()


def _let_go() -> None:
    """Let any thread change the setting: since its release 3.8 threadpoolctl listens to the first
    one only, until that lets go."""
    controller = getattr(threadpoolctl, "OpenBLASController", None)
    clear = getattr(controller, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


@cache
def _libraries() -> ThreadpoolController:
    """The libraries that have threads; to find them takes as long as a round of a small solve."""
    import scipy.linalg  # noqa: F401  (brings a library of its own)

    return ThreadpoolController()
