"""What the tables have in common: their look, and numbers in few digits."""

from __future__ import annotations

from rich import box
from rich.table import Table

from convexden.display import small

STYLES = {"confirmed": "green", "refuted": "red", "undecided": "yellow", "finding": "magenta"}
# Columns of words and vectors, to the left.
WORDS = {"theorem", "instance", "verdict", "proof", "check", "name", "what it says", "active sites"}
WORDS |= {"direction u", "output v", "knots", "point", "eigenvalues", "stability", ""}


def grid(*columns: str, dense: bool = False) -> Table:
    """Words to the left, numbers to the right; a dense table has room for more columns."""
    padding = (0, 0 if dense else 1, 0, 0)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=padding, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in WORDS else "right", no_wrap=True)
    if columns[-1] == "what it says":
        table.columns[-1].no_wrap = False
    return table


def pairs(title: str | None = None) -> Table:
    """A table of names and values without a header."""
    table = Table(box=None, show_header=False, title=title, title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    return table


def distance(distance: float | None) -> str:
    """A distance in few digits, a dash for none."""
    return "-" if distance is None else small(distance)


def degrees(angle: float) -> str:
    """Angles of the size of the solver's rounding errors are 0; a missing angle is a dash."""
    if angle != angle:
        return "-"
    return f"{angle:.2f}" if angle >= 0.01 else "0" if angle < 1e-6 else f"{angle:.0e}"
