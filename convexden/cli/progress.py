"""What a long run is doing, on standard error: a live line on a terminal, else a line at times."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from convexden.cli.layout import LAYOUT


def limited(seconds: float, limit: float | None) -> str:
    """How much of a time limit is left, after a comma; nothing without one."""
    return "" if limit is None else f", at most {duration(max(0.0, limit - seconds))} left"


def duration(seconds: float) -> str:
    """A time to wait in words, no more exact than an estimate is."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < 90 else f"{round(minutes / 60)} h"


class LiveLine:
    """A context manager whose `show` replaces the line on a terminal.

    Where standard error is no terminal, `show` prints a line every ten seconds, so that a log
    stays short and a run of a second stays silent.

    Parameters
    ----------
    quiet : bool
        Show nothing at all.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """A line on standard error, which stays empty if it is to be quiet."""
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._last = time.monotonic()
        self._counted: tuple[int, float] | None = None

    def __enter__(self) -> Self:
        """Begin the line, on a terminal."""
        if not self._quiet and self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the line."""
        if self._status is not None:
            self._status.stop()

    def count(self, done: int, total: int, text: str) -> None:
        """Say how far a run of many parts is, and about how long the rest takes.

        The rate is that since the first call, so that parts of an earlier run do not count.
        """
        now = time.monotonic()
        if self._counted is None or self._counted[0] > done:
            self._counted = (done, now)
        first, since = self._counted
        left = ""
        if done > first and done < total:
            left = f", about {duration((total - done) * (now - since) / (done - first))} left"
        self.show(f"{text}{left}")

    def show(self, text: str) -> None:
        """Say what is going on now."""
        if self._quiet:
            return
        if self._status is not None:
            self._status.update(text)
        elif time.monotonic() - self._last >= LAYOUT.seconds:
            self._last = time.monotonic()
            self._console.print(text, markup=False, soft_wrap=True)
