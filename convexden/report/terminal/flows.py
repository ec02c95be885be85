"""A table of where score flows end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from convexden.report.layout import LAYOUT
from convexden.report.terminal.decoding import vector
from convexden.report.terminal.tables import grid

if TYPE_CHECKING:
    from convexden.analysis.flows import Flow

# Limits that agree to so many digits of the largest coordinate are one.
DIGITS = 6


def flow_table(flow: Flow) -> Table:
    """The limits of flows, the most frequent first, with their kinds and how many end there."""
    table = grid("limit", "kind", "starts", "share")
    size = float(np.nanmax(np.abs(flow.limits), initial=1.0))
    rounded = np.round(np.nan_to_num(flow.limits, nan=np.inf) / size, DIGITS)
    _, first, counts = np.unique(rounded, axis=0, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    for k in order[: LAYOUT.limits]:
        limit = flow.limits[first[k]]
        name = "none" if np.isnan(limit).any() else vector(limit)
        share = f"{counts[k] / len(flow):.1%}"
        table.add_row(name, str(flow.kinds[first[k]]), str(counts[k]), share)
    if len(order) > LAYOUT.limits:
        rest = int(counts[order[LAYOUT.limits :]].sum())
        table.add_row(f"and {len(order) - LAYOUT.limits} more", "", str(rest), "")
    return table
