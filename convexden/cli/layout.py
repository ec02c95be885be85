"""What the commands print, and of what the tour tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Lengths of lines and of waits, and the example of the tour."""

    seconds: float = 10.0
    """Seconds between two lines of progress where there is no terminal."""

    many_points: int = 50
    """Points with more of which hinges are not compared with edges: 1225 edges are less than a
    degree apart in a plane."""

    width: int = 88
    """Characters of a line of text."""

    angles: tuple[float, float, float] = (48.0, 60.0, 72.0)
    """Degrees of the triangle of the tour."""

    radius: float = 0.25
    """Radius of its balls, in units of its circumradius."""


LAYOUT = Layout()
