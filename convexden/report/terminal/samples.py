"""Tables of optima of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from convexden.display import small
from convexden.errors import InvalidProblem
from convexden.report.terminal.tables import STYLES, grid

if TYPE_CHECKING:
    from convexden.experiments.samples import SampledOptima


def sampling_table(found: SampledOptima) -> RenderableType:
    """Costs of the draws and how far they are below the balls: one row a number of samples."""
    table = grid("samples", "certified", "smallest cost", "largest cost", "below the balls", "gap")
    for s, number in enumerate(found.samples):
        solved = found.solved[s]
        if not solved.any():
            continue
        certified, total = int(found.certified[s].sum()), int(solved.sum())
        costs, bounds = found.costs[s][solved], found.lower_bounds[s][solved]
        table.add_row(
            str(number),
            Text(f"{certified} of {total}", "" if certified == total else STYLES["refuted"]),
            f"{costs.min():.9g}",
            f"{costs.max():.9g}",
            small(float(found.deficits[s][solved].mean())),
            small(float(np.max((costs - bounds) / costs))),
        )
    table.add_row(
        "balls", "yes", "", f"{found.balls.cost:.9g}", "", small(found.balls.relative_gap)
    )
    place = "on the boundaries of the balls" if found.boundary else "in the balls"
    table.caption = f"samples uniform {place}; the mean of the draws below them"
    try:
        rate = found.rate()
    except InvalidProblem:
        return table
    power = f"{rate.exponent:.3g} +- {rate.error:.1g}"
    table.caption += f"\nit falls like the power {power} of their number"
    if np.isfinite(rate.expected):
        table.caption += f", expected {rate.expected:.3g}"
    return table
