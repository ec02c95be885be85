"""How the commands print what they found: a table, JSON, CSV or LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import show
from convexden.errors import InvalidInput

if TYPE_CHECKING:
    from convexden.analysis.flows import Flow
    from convexden.proofs.proof import Proof
    from convexden.solution import RegularizedSolution, Solution

AsJson = Annotated[bool, typer.Option("--json", help="Print the solution file instead of a table.")]
Document = Annotated[
    bool, typer.Option("--json", help="Print one document of JSON instead of a table.")
]
Format = Annotated[
    str | None,
    typer.Option(
        metavar="csv|latex",
        help="Print what is stated as one line of CSV below a header, or as a table of LaTeX.",
        show_default="a table to read",
    ),
]


def check_format(json: bool, form: str | None) -> None:
    """Refuse a format that there is not, or two of them."""
    from convexden import arguments
    from convexden.report.exports import FORMATS

    if form is not None:
        arguments.choice("format", form, FORMATS)
        if json:
            raise InvalidInput("--json and --format exclude each other: give one of them")


def is_printed(solution: Solution | RegularizedSolution, json: bool, form: str | None) -> bool:
    """Print a solution in the format that is asked for, if one is."""
    from convexden.interchange.records import csv_table
    from convexden.report.exports import latex_table

    if json:
        from convexden.storage.stored import to_json

        typer.echo(to_json(solution), nl=False)
    elif form is not None:
        table = csv_table if form == "csv" else latex_table
        typer.echo(table([solution.to_dict()]), nl=False)
    return json or form is not None


def show_fit(solution: RegularizedSolution) -> None:
    """The table of a regularized solution."""
    from convexden.report import fit_table

    show(fit_table(solution))


def print_json(document: object) -> None:
    """Print numbers, words, arrays and mappings of them as one document of JSON."""
    from convexden.interchange.records import json_text

    typer.echo(json_text(document))


def proof_record(proof: Proof) -> dict[str, object]:
    """What a proof says; the ends of the interval are fractions."""
    return {
        "kind": proof.kind,
        "proven": proof.proven,
        "reason": proof.reason,
        "lower": proof.lower,
        "upper": proof.upper,
        "relative_width": proof.relative_width,
    }


def flow_record(found: Flow) -> dict[str, object]:
    """Where every trajectory starts and ends, and what is there."""
    return {
        "time": found.time,
        "starts": found.starts,
        "limits": found.limits,
        "kinds": found.kinds,
    }
