"""The table of training that was repeated over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from convexden.experiments.training.repeats import CLOSE
from convexden.report.terminal.tables import grid

if TYPE_CHECKING:
    from convexden.experiments.training import Repeats


def repeats_table(found: Repeats) -> Table:
    """One row a run, and the means of every mode with their standard deviations."""
    table = grid(
        "mode", "seed", "excess", "fresh excess", "cost excess", "error", "distance",
        "angle", "at first", f"within {CLOSE:g}",
    )  # fmt: skip
    for mode in dict.fromkeys(run.mode for run in found.runs):
        runs = found.of(mode)
        for run in runs:
            table.add_row(mode, str(run.seed), *map(_cell, run.numbers, run.numbers.values()))
        if len(runs) > 1:
            table.add_row(mode, "mean", *_spread([run.numbers for run in runs]), end_section=True)
    solution = found.solution
    table.caption = (
        f"certified denoiser of the balls: cost {solution.cost:.9g}, {solution.status}\n"
        f"weight decay {found.weight_decay:g}, {found.samples} samples a ball\n"
        "excess: of what is trained, over its certified minimum on the same, and on fresh samples\n"
        "cost excess: over the denoiser of the balls; error on the balls and distance: in spreads\n"
        "angle: of heavy hinges to the certified denoiser's, in degrees; at first: after one epoch"
    )
    return table


def _spread(rows: list[dict[str, float]]) -> list[str]:
    """Means and standard deviations of what runs have."""
    cells = []
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        mean = _cell(name, float(values.mean()))
        cells.append(mean if mean == "-" else f"{mean} +- {values.std(ddof=1):.1g}")
    return cells


def _cell(name: str, value: float) -> str:
    """A number of a run; a dash for none."""
    if value != value:
        return "-"
    if name == "close":
        return f"{value:.0%}"
    return f"{value:.1f}" if "angle" in name else f"{value:.3f}"
