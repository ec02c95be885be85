"""Tables of theorems, and of what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from convexden.display import counted, small
from convexden.report.tallies import tallies
from convexden.report.terminal.tables import STYLES, distance, grid

if TYPE_CHECKING:
    from convexden.theorems import Result, Verdict


def theorems_table() -> RenderableType:
    """What each theorem and conjecture says and where it is from."""
    from convexden.theorems import registry

    table = grid("name", "what it says")
    table.show_lines = True
    for theorem in registry.values():
        style = "magenta" if theorem.kind == "conjecture" else "green"
        name = Text(theorem.name, "bold").append(f"\n{theorem.kind}", f"not bold {style}")
        says = Text(theorem.title, "bold")
        says.append(f"\n{theorem.statement}", "not bold").append(f"\n{theorem.reference}", "dim")
        table.add_row(name, says)
    return table


def verify_table(results: Iterable[Result], *, each: bool = False) -> RenderableType:
    """What became of the theorems: one row a theorem, or one an instance, and a summary.

    Parameters
    ----------
    results : iterable of Result
    each : bool, optional
        Show every instance.
    """
    results = list(results)
    return Group(_instances(results) if each else _overview(results), *findings(results))


def _overview(results: Sequence[Result]) -> Table:
    """The table of all theorems."""
    columns = ("ok", "refuted", "open", "dual", "excess", "gap", "distance", "seconds")
    table = grid("theorem", *columns, dense=True)
    for tally in tallies(results):
        counts = (tally.confirmed, tally.refuted, tally.undecided)
        styles = ("green", _refuted_style(tally.theorem), "yellow")
        table.add_row(
            Text(tally.theorem, "bold"),
            *(
                Text(str(count) if count else "-", style if count else "dim")
                for count, style in zip(counts, styles, strict=True)
            ),
            str(tally.dual or "-"),
            small(tally.relative_excess),
            small(tally.relative_gap),
            distance(tally.sup_distance),
            f"{tally.seconds:.2f}",
        )
    table.caption = (
        "dual: proved by the closed-form dual alone, the others were solved\n"
        "excess, gap and distance: the largest of the instances"
    )
    return table


def _instances(results: Sequence[Result]) -> Table:
    """The table of all instances."""
    columns = ("instance", "verdict", "proof", "cost", "excess", "gap", "distance")
    table = grid(*columns, dense=True)
    name = ""
    for result in results:
        if result.theorem != name:
            name = result.theorem
            table.add_row(Text(name, "bold"))
        refuted = result.verdict == "refuted"
        style = _refuted_style(result.theorem) if refuted else STYLES[result.verdict]
        table.add_row(
            f"  {result.instance} {result.kind}",
            Text(result.verdict, style),
            "dual" if result.decided_by == "closed-form dual" else "solved",
            f"{result.cost:.4g}",
            small(result.relative_excess),
            small(result.relative_gap),
            distance(result.sup_distance),
        )
        for name_of, value in result.measured.items():
            table.add_row(Text(f"    {name_of}", "dim"), "", "", Text(f"{value:.6g}", "dim"))
    return table


def findings(results: Sequence[Result]) -> list[Text]:
    """For each theorem that was not confirmed throughout, what became of each kind of instances."""
    lines = []
    for tally in tallies(results):
        name, own = tally.theorem, tally.results
        verdicts = {result.verdict for result in own}
        if verdicts == {"confirmed"}:
            continue
        if "refuted" in verdicts:
            verb, style = "finding" if is_conjecture(name) else "FAILED", _refuted_style(name)
        else:
            verb, style = "undecided", STYLES["undecided"]
        kinds: dict[tuple[Verdict, str], list[Result]] = {}
        for result in own:
            kinds.setdefault((result.verdict, result.kind), []).append(result)
        lines.append(Text(f"{verb}: {name}", f"bold {style}"))
        for (verdict, kind), members in sorted(
            kinds.items(), key=lambda item: item[0][0], reverse=True
        ):
            line = f"  {verdict} on {len(members)}" + (f" {kind}" if kind else "")
            # Of a theorem about a property a cheaper network may be no refutation.
            excess = [result.relative_excess for result in members if not result.measured]
            if verdict == "refuted" and max(excess, default=0.0) > 0:
                ends = dict.fromkeys([small(min(excess)), small(max(excess))])
                line += f": cheaper networks exist, by {' to '.join(ends)}"
                if len(members) > 1:
                    line += f", most of all {worst(members).instance}"
            lines.append(
                Text(line, _refuted_style(name) if verdict == "refuted" else STYLES[verdict])
            )
    if not lines and results:
        line = f"confirmed on {counted(len(results), 'instance')}"
        if len(results) > 1 and len({result.theorem for result in results}) == 1:
            last = worst(results)
            where = f"{last.instance} {last.kind}".strip()
            sizes = f"excess {small(last.relative_excess)}, gap {small(last.relative_gap)}"
            line += f", the worst is {where}: {sizes}"
        lines.append(Text(line, "bold green"))
    return lines


def worst(results: Sequence[Result]) -> Result:
    """The one with the largest excess in size; of equal ones that with the largest gap."""
    return max(results, key=lambda result: (abs(result.relative_excess), result.relative_gap))


def is_conjecture(name: str) -> bool:
    """Whether the registry has a conjecture of this name."""
    from convexden.theorems import registry

    return name in registry and registry[name].kind == "conjecture"


def _refuted_style(name: str) -> str:
    """A refuted theorem is a failure, a refuted conjecture is a finding."""
    return STYLES["finding" if is_conjecture(name) else "refuted"]
