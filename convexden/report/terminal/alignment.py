"""Tables of how a network is aligned with its data, and with another network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

from convexden.display import small
from convexden.report.layout import LAYOUT
from convexden.report.terminal.tables import degrees, grid

if TYPE_CHECKING:
    from convexden.analysis.alignment import Alignment, Comparison
    from convexden.analysis.hinge_alignment import HingeAlignment


def alignment_table(alignment: Alignment) -> RenderableType:
    """How a network lies among its sites and, if there is a prediction, how close it comes to it.

    One row per hinge, the heaviest, and a summary; one row per pair of ramps.
    """
    hinges = _hinges_table(alignment.hinges)
    if alignment.comparison is None:
        return hinges
    return Group(hinges, _comparison_table(alignment.comparison))


def _hinges_table(alignment: HingeAlignment) -> Table:
    """Angles of the heaviest hinges with edges, faces and max-margin directions, and means."""
    table = grid("|a|", "active sites", "edge", "face", "max-margin")
    table.title, table.title_justify = "angle of the hinge's normal in degrees", "left"
    count = len(alignment.weights)
    for k in range(min(count, LAYOUT.heaviest)):
        active = alignment.active[k]
        sites = " ".join(str(n) for n in active.nonzero()[0])
        table.add_row(
            f"{alignment.weights[k]:.4g}",
            sites if active.size <= LAYOUT.sites else f"{active.sum()} of {active.size}",
            *(degrees(angle) for angle in alignment.angles[k]),
        )
    if count > LAYOUT.heaviest:
        share = alignment.weights[LAYOUT.heaviest :].sum() / alignment.weights.sum()
        table.add_row("", f"and {count - LAYOUT.heaviest} more, {share:.1%} of the weight")
    table.add_section()
    means = alignment.mean_angles()
    table.add_row("", "mean, weighted by |a|", *(degrees(angle) for angle in means))
    for limit in (1, 5):
        shares = alignment.shares_within(limit)
        table.add_row("", f"weight within {limit}°", *(f"{share:.0%}" for share in shares))
    return table


def _comparison_table(comparison: Comparison) -> Table:
    """Matched ramps and their errors, those without a partner, and how far apart the functions."""
    table = grid("predicted", "computed", "angle u", "angle v", "knot", "height", "weight")
    table.title, table.title_justify = "ramps: weights, and computed less predicted", "left"
    rows = zip(
        comparison.pairs,
        comparison.angles,
        comparison.output_angles,
        comparison.knot_errors,
        comparison.height_errors,
        comparison.weight_errors,
        strict=True,
    )
    for (i, j), angle, output_angle, knots, height, weight in rows:
        table.add_row(
            f"{comparison.predicted.ramps[i].weight:.6g}",
            f"{comparison.computed.ramps[j].weight:.6g}",
            degrees(angle),
            degrees(output_angle),
            small(knots),
            "-" if height != height else small(height),
            small(weight),
        )
    for i in comparison.missing:
        table.add_row(f"{comparison.predicted.ramps[i].weight:.6g}", "none")
    for j in comparison.extra:
        table.add_row("none", f"{comparison.computed.ramps[j].weight:.6g}")
    lower, upper = comparison.distance
    exact = small(upper) if lower == upper else f"{small(lower)} to {small(upper)}"
    table.caption = f"angles in degrees; largest distance of the functions: {exact}"
    table.caption_justify = "left"
    return table
