"""Tables of maps of triangles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from convexden.display import small
from convexden.report.terminal.tables import STYLES, grid

if TYPE_CHECKING:
    from convexden.experiments.shape_maps import ShapeMap


def virtual_table(shape_map: ShapeMap) -> RenderableType:
    """How many denoisers have how many virtual points: one row a radius."""
    most = int(shape_map.virtual.max(initial=0))
    table = grid("radius", "none", *(str(count) for count in range(1, most + 1)), "share with some")
    for f, row in enumerate(shape_map.virtual):
        solved = row[shape_map.solved[f]]
        counts = np.bincount(solved, minlength=most + 1)
        share = float((solved > 0).mean()) if solved.size else np.nan
        table.add_row(
            f"{shape_map.fractions[f]:g}",
            *(str(count or "-") for count in counts),
            f"{share:.1%}",
        )
    table.caption = "triangles by the number of virtual points of their denoisers"
    return table


def shape_map_table(shape_map: ShapeMap) -> RenderableType:
    """How many denoisers have each structure: one row a radius, with the largest gap and excess."""
    from convexden.experiments.shape_maps import OPTIMAL
    from convexden.experiments.structures import STRUCTURES

    table = grid("radius", *STRUCTURES, "not certified", "gap", "optimal", "excess")
    for f, counts in enumerate(shape_map.counts()):
        solved = shape_map.solved[f]
        failed = int((solved & ~shape_map.certified[f]).sum())
        excess = shape_map.excess[f]
        table.add_row(
            f"{shape_map.fractions[f]:g}",
            *(str(count or "-") for count in counts),
            Text(str(failed or "-"), STYLES["refuted"] if failed else ""),
            small(float(shape_map.relative_gap[f][solved].max(initial=0.0))),
            str(int((excess < OPTIMAL).sum())),
            small(float(np.maximum(excess[solved], 0.0).max(initial=0.0))),
        )
    table.caption = (
        "radius: as a fraction of half the smallest height\n"
        f"optimal: where the face-aligned closed form has an excess below {OPTIMAL:.0e}\n"
        "gap and excess: the largest, relative to the cost"
    )
    return table
