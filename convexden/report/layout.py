"""What fits on a page and in a terminal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Sizes of pictures, and rows of tables."""

    dpi: int = 140
    """Pixels of a picture an inch."""

    shown_dpi: int = 100
    """Pixels of the page an inch at which it is shown: fewer, so that it is sharp on fine
    screens."""

    colors: int = 256
    """Of a picture: as many as a byte tells apart."""

    folded: int = 20
    """Instances beyond which a table is folded."""

    heaviest: int = 12
    """Neurons and ramps that have a row of their own."""

    sites: int = 12
    """Sites that are named one by one."""

    coordinates: int = 4
    """Coordinates of a vector that are printed."""

    hinges: int = 20
    """Rows of a table of hinges."""

    limits: int = 12
    """Limits of flows that have a row of their own."""


LAYOUT = Layout()
