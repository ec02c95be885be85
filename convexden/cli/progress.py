"""What a long run is doing, on standard error: a live line on a terminal, else a line at times."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from convexden.cli.layout import LAYOUT


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

    def show(self, text: str) -> None:
        """Say what is going on now."""
        if self._quiet:
            return
        if self._status is not None:
            self._status.update(text)
        elif time.monotonic() - self._last >= LAYOUT.seconds:
            self._last = time.monotonic()
            self._console.print(text, markup=False, soft_wrap=True)
