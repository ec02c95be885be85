"""Tables of what is in a network: its ramps, and its fixed points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from convexden.report.layout import LAYOUT
from convexden.report.terminal.tables import grid
from convexden.tolerances import FAINT_RTOL

if TYPE_CHECKING:
    from convexden.analysis.fixed_points import FixedPoint
    from convexden.analysis.ramps import Decomposition


def ramps_table(parts: Decomposition) -> Table:
    """The heaviest ramps of a network: where they lie, where they bend and how far they rise."""
    table = grid("weight", "direction u", "output v", "knots", "rise")
    for ramp in parts.ramps[: LAYOUT.heaviest]:
        table.add_row(
            f"{ramp.weight:.6g}",
            vector(ramp.direction),
            vector(ramp.output_direction),
            vector(ramp.knots),
            f"{ramp.rise:.6g}" if ramp.bounded else "unbounded",
        )
    if len(parts.ramps) > LAYOUT.heaviest:
        rest = parts.ramps[LAYOUT.heaviest :]
        share = sum(ramp.weight for ramp in rest) / sum(ramp.weight for ramp in parts.ramps)
        table.add_row("", f"and {len(rest)} more, {share:.1%} of the weight")
    return table


def fixed_points_table(found: Sequence[FixedPoint]) -> Table:
    """Fixed points with the sizes of their eigenvalues."""
    table = grid("point", "eigenvalues", "stability")
    for fixed in found:
        sizes = np.abs(fixed.eigenvalues)
        table.add_row(vector(fixed.point), vector(sizes), fixed.stability)
    return table


def vector(vector: np.ndarray) -> str:
    """The first coordinates of a vector; those of the size of rounding errors are 0."""
    size = float(np.abs(vector).max(initial=1.0))
    shown = np.where(np.abs(vector) <= FAINT_RTOL * size, 0.0, vector)[: LAYOUT.coordinates]
    more = " ..." if len(vector) > LAYOUT.coordinates else ""
    return " ".join(f"{number:.4g}" for number in shown) + more
