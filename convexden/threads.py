"""One thread: the systems are many and small, and threads would cost more than they save."""

from __future__ import annotations

from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> Any:
    """A context in which the linear algebra of numpy and scipy runs on one thread."""
    return _libraries().limit(limits=1)


@cache
def _libraries() -> ThreadpoolController:
    """The libraries that have threads; to find them takes as long as a round of a small solve."""
    import scipy.linalg  # noqa: F401  (brings a library of its own)

    return ThreadpoolController()
