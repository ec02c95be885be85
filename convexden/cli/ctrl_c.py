"""Ctrl-C in a long command: the first one asks for what there is, the next ends it at once."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Self

_ASKED = b"\nconvexden: stopping at the next step; Ctrl-C again ends at once\n"
_STANDARD_ERROR = 2


class CtrlC:
    """A context manager in which the first Ctrl-C is noted and the next raises KeyboardInterrupt.

    Attributes
    ----------
    asked : bool
        Whether there was one.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked = False

    def __enter__(self) -> Self:
        """Take over the signal."""
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signal back."""
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise StopIteration after Ctrl-C, by which `progress` ends a run."""
        if self.asked:
            raise StopIteration

    def _note(self, number: int, frame: FrameType | None) -> None:
        """The first Ctrl-C."""
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not through sys.stderr, in the middle of whose `write` a handler may run.
        os.write(_STANDARD_ERROR, _ASKED)
