"""Tables of sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType

from convexden.report.terminal.tables import pairs

if TYPE_CHECKING:
    from convexden.experiments.sweeps import Sweep


def sweep_table(sweep: Sweep) -> RenderableType:
    """How many tasks are done, certified and failed, and for which errors."""
    table = pairs(sweep.title())
    for name, value in sweep.rows():
        table.add_row(name, value)
    table.title_style = "bold green" if sweep.certified == sweep.total else "bold red"
    return table
