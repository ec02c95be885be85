"""Tables for people: solutions, verifications, theorems and what became of them.

Every function returns a rich renderable; the command line prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from convexden.solution import Solution

if TYPE_CHECKING:
    from convexden.hinges import HingeAlignment
    from convexden.theorems import Result, Verdict
    from convexden.verification import Verification

_HEAVIEST = 12  # neurons that have a row of their own
_SITES = 12  # that are named one by one
_STYLES = {"confirmed": "green", "refuted": "red", "undecided": "yellow", "finding": "magenta"}


def solution_table(solution: Solution) -> RenderableType:
    """Cost, bound, gap and status of a solution, and how far it is from its targets."""
    from convexden.verification import site_errors

    problem = solution.problem
    error = float(site_errors(problem, solution.network).totals.max())
    balls = int((problem.radii > 0).sum())
    sites = [_count(balls, "ball"), _count(len(problem) - balls, "sample")]
    if balls and np.ptp(problem.radii[problem.radii > 0]) == 0:
        sites[0] += f" of radius {problem.radii.max():.6g}"
    table = _pairs(f"{solution.status}, relative gap {_small(solution.relative_gap)}")
    table.add_row("sites", " and ".join(part for part in sites if not part.startswith("0 ")))
    table.add_row("maps", f"R^{problem.input_dimension} to R^{problem.output_dimension}")
    table.add_row("cost", f"{solution.cost:.15g}")
    table.add_row("lower bound", f"{solution.lower_bound:.15g}")
    table.add_row("neurons", str(solution.neurons))
    table.add_row("largest error on a site", _small(error / (problem.target_spread or 1.0)))
    table.add_row("pricing", solution.certificate.pricing)
    table.add_row("rounds", str(solution.iterations))
    table.add_row("seconds", f"{solution.seconds:.3g}")
    table.title_style = "bold green" if solution.certified else "bold red"
    return table


def alignment_table(alignment: HingeAlignment) -> RenderableType:
    """How the heaviest hinges align with edges, faces and max-margin directions, and a summary."""
    table = _table("|a|", "active sites", "edge", "face", "max-margin")
    table.title, table.title_justify = "angle of the hinge's normal in degrees", "left"
    count = len(alignment.weights)
    for k in range(min(count, _HEAVIEST)):
        active = alignment.active[k]
        sites = " ".join(str(n) for n in active.nonzero()[0])
        table.add_row(
            f"{alignment.weights[k]:.4g}",
            sites if active.size <= _SITES else f"{active.sum()} of {active.size}",
            *(_degrees(angle) for angle in alignment.angles[k]),
        )
    if count > _HEAVIEST:
        share = alignment.weights[_HEAVIEST:].sum() / alignment.weights.sum()
        table.add_row("", f"and {count - _HEAVIEST} more, {share:.1%} of the weight")
    table.add_section()
    means = alignment.mean_angles()
    table.add_row("", "mean, weighted by |a|", *(_degrees(angle) for angle in means))
    for limit in (1, 5):
        shares = alignment.shares_within(limit)
        table.add_row("", f"weight within {limit}°", *(f"{share:.0%}" for share in shares))
    return table


def verification_table(verification: Verification) -> RenderableType:
    """The checks of a verification, the numbers they establish and the reasons of a failure."""
    checks = _table("check", "value", "limit", "")
    for check in verification.checks:
        outcome = Text("ok", "green") if check.passed else Text("failed", "red")
        checks.add_row(check.name, _small(check.value), _small(check.limit), outcome)
    numbers = _pairs()
    numbers.add_row("cost", f"{verification.cost:.15g}")
    numbers.add_row("lower bound", f"{verification.lower_bound:.15g}")
    numbers.add_row("relative gap", _small(verification.relative_gap))
    numbers.add_row("pricing maximum", f"{verification.pricing_maximum:.15g}")
    reasons = [Text(f"failed: {reason}", "red") for reason in verification.reasons]
    return Group(checks, numbers, *(reasons or [Text("verified", "bold green")]))


def theorems_table() -> RenderableType:
    """What each theorem and conjecture says and where it is from."""
    from convexden.theorems import registry

    table = _table("name", "what it says")
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
    return Group(_instances(results) if each else _overview(results), *_findings(results))


def _overview(results: Sequence[Result]) -> Table:
    columns = ("ok", "refuted", "open", "dual", "excess", "gap", "distance", "seconds")
    table = _table("theorem", *columns, dense=True)
    for name in dict.fromkeys(result.theorem for result in results):
        own = [result for result in results if result.theorem == name]
        counts = [
            sum(result.verdict == verdict for result in own)
            for verdict in ("confirmed", "refuted", "undecided")
        ]
        table.add_row(
            Text(name, "bold"),
            *(
                Text(str(count) if count else "-", style if count else "dim")
                for count, style in zip(
                    counts, ("green", _refuted_style(name), "yellow"), strict=True
                )
            ),
            str(sum(result.proof == "closed-form dual" for result in own) or "-"),
            _small(max((result.relative_excess for result in own), key=abs)),
            _small(max(result.relative_gap for result in own)),
            _distance(*(result.sup_distance for result in own)),
            f"{sum(result.seconds for result in own):.2f}",
        )
    table.caption = (
        "dual: proved by the closed-form dual alone, the others were solved\n"
        "excess, gap and distance: the largest of the instances"
    )
    return table


def _instances(results: Sequence[Result]) -> Table:
    columns = ("instance", "verdict", "proof", "cost", "excess", "gap", "distance")
    table = _table(*columns, dense=True)
    name = ""
    for result in results:
        if result.theorem != name:
            name = result.theorem
            table.add_row(Text(name, "bold"))
        refuted = result.verdict == "refuted"
        style = _refuted_style(result.theorem) if refuted else _STYLES[result.verdict]
        table.add_row(
            f"  {result.instance} {result.kind}",
            Text(result.verdict, style),
            "dual" if result.proof == "closed-form dual" else "solved",
            f"{result.cost:.4g}",
            _small(result.relative_excess),
            _small(result.relative_gap),
            _distance(result.sup_distance),
        )
    return table


def _findings(results: Sequence[Result]) -> list[Text]:
    """For each theorem that was not confirmed throughout, what became of each kind of instances."""
    lines = []
    for name in dict.fromkeys(result.theorem for result in results):
        own = [result for result in results if result.theorem == name]
        verdicts = {result.verdict for result in own}
        if verdicts == {"confirmed"}:
            continue
        if "refuted" in verdicts:
            verb, style = "finding" if _is_conjecture(name) else "FAILED", _refuted_style(name)
        else:
            verb, style = "undecided", _STYLES["undecided"]
        kinds: dict[tuple[Verdict, str], list[Result]] = {}
        for result in own:
            kinds.setdefault((result.verdict, result.kind), []).append(result)
        lines.append(Text(f"{verb}: {name}", f"bold {style}"))
        for (verdict, kind), members in sorted(
            kinds.items(), key=lambda item: item[0][0], reverse=True
        ):
            line = f"  {verdict} on {len(members)}" + (f" {kind}" if kind else "")
            if verdict == "refuted":
                excess = [result.relative_excess for result in members]
                ends = dict.fromkeys([_small(min(excess)), _small(max(excess))])
                line += f": cheaper networks exist, by {' to '.join(ends)}"
            lines.append(
                Text(line, _refuted_style(name) if verdict == "refuted" else _STYLES[verdict])
            )
    if not lines and results:
        lines.append(Text(f"confirmed on {_count(len(results), 'instance')}", "bold green"))
    return lines


def _is_conjecture(name: str) -> bool:
    from convexden.theorems import registry

    return name in registry and registry[name].kind == "conjecture"


def _refuted_style(name: str) -> str:
    """A refuted theorem is a failure, a refuted conjecture is a finding."""
    return _STYLES["finding" if _is_conjecture(name) else "refuted"]


def _table(*columns: str, dense: bool = False) -> Table:
    """Words to the left, numbers to the right; a dense table has room for more columns."""
    words = {"theorem", "instance", "verdict", "proof", "check", "name", "what it says"}
    words |= {"active sites", ""}
    padding = (0, 0 if dense else 1, 0, 0)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=padding, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in words else "right", no_wrap=True)
    if columns[-1] == "what it says":
        table.columns[-1].no_wrap = False
    return table


def _pairs(title: str | None = None) -> Table:
    """A table of names and values without a header."""
    table = Table(box=None, show_header=False, title=title, title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    return table


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _distance(*distances: float | None) -> str:
    known = [distance for distance in distances if distance is not None]
    return _small(max(known)) if known else "-"


def _degrees(angle: float) -> str:
    """Angles of the size of the solver's rounding errors are 0; a missing angle is a dash."""
    if angle != angle:
        return "-"
    return f"{angle:.2f}" if angle >= 0.01 else "0" if angle < 1e-6 else f"{angle:.0e}"


def _small(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}"
