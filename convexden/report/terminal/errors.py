"""The table of mean squared errors of denoisers of finite clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from convexden.display import small
from convexden.report.terminal.tables import grid

if TYPE_CHECKING:
    from convexden.theorems.mmse import ClusterErrors


def errors_table(found: Sequence[ClusterErrors]) -> Table:
    """One row a number of samples and a noise level."""
    table = grid("samples", "noise", "minimum norm", "empirical MMSE", "MMSE", "wins", "overlaps")
    for each in found:
        values = each.minimum_norm
        spread = f" +- {values.std(ddof=1):.1g}" if len(values) > 1 else ""
        table.add_row(
            str(each.samples),
            f"{each.sigma:.4g}",
            f"{values.mean():.4g}{spread}",
            f"{each.empirical_mmse:.4g}",
            f"{each.mmse:.4g}",
            f"{each.wins} of {len(values)}",
            str(each.overlaps or "-"),
        )
    worst = max(each.accuracy for each in found)
    table.caption = (
        "minimum norm: mean of the draws and their standard deviation\n"
        "wins: draws in which it has a smaller error than the empirical MMSE denoiser\n"
        "overlaps: draws in which samples of two clean points are in no order; "
        f"accurate to {small(worst)}"
    )
    return table
