"""How long a run may take, and how it ends early."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


class Stopped(Exception):
    """A run is to end with what it has: its time is over, or `progress` raised StopIteration.

    It never leaves the library: whoever keeps intermediate results catches it.  KeyboardInterrupt
    is caught by nobody but the command line.
    """


@dataclass(frozen=True)
class Clock:
    """The end of a run's time.  It is handed down, and looked at in every loop that may be long.

    Attributes
    ----------
    end : float
        Of the clock `time.monotonic`, in seconds; infinite without a limit.
    """

    end: float = math.inf

    @classmethod
    def of(cls, seconds: float | None) -> Clock:
        """A clock that stops so many seconds from now, or never."""
        return cls() if seconds is None else cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until the end: never less than a thousandth, for solvers that ask for some."""
        return max(1e-3, self.end - time.monotonic())

    def check(self) -> None:
        """Raise `Stopped` if the time is over."""
        if time.monotonic() >= self.end:
            raise Stopped


UNLIMITED = Clock()
