"""Ctrl-C in a run of many solves."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interruptions() -> Iterator[list[int]]:
    """Note Ctrl-C, which a solve answers with what it has, so that nobody above would know."""
    seen: list[int] = []
    try:
        before = signal.getsignal(signal.SIGINT)

        def note(number: int, frame: Any) -> None:
            seen.append(number)
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGINT, note)
    except ValueError:  # only the main thread is interrupted
        yield seen
        return
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
