"""Tables of virtual points: how many sets have them, and which starts end there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from convexden.report.terminal.tables import grid

if TYPE_CHECKING:
    from convexden.experiments.memorization import Memorization
    from convexden.experiments.virtual_shares import VirtualShares


def shares_table(found: VirtualShares) -> Table:
    """One row a radius: the share of sets with virtual points."""
    table = grid("radius", "sets", "with virtual points", "share", "95 % interval", "most")
    for share in found.shares:
        part = f"{share.some / share.solved:.0%}" if share.solved else "-"
        low, high = share.interval
        table.add_row(
            f"{share.fraction:g}",
            str(share.solved),
            str(share.some),
            part,
            f"{low:.0%} to {high:.0%}",
            str(share.most),
        )
    table.caption = (
        f"{found.source}, {found.points} points a set; radius: as a share of contact\n"
        "sets: those with a certified denoiser at this radius"
    )
    return table


def memorization_table(found: Memorization) -> Table:
    """One row a kind of start and network: where the flows end."""
    table = grid("starts", "network", "clean", "virtual", "other")
    for ends in found.ends:
        numbers = (str(count or "-") for count in (ends.clean, ends.virtual, ends.other))
        table.add_row(ends.start, ends.network, *numbers)
    table.caption = "clean: within 5 % of the spread of a clean point"
    if "trained" in found.networks:
        table.caption += (
            f"\ntrained: errors of at most {found.error('trained'):.2g} spreads were found on the "
            f"balls, cost {found.excess('trained'):+.1%} from the certified one"
        )
    return table
