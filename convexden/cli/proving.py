"""The command prove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json, proof_record

if TYPE_CHECKING:
    from convexden.running.progress import TaskProgress


def prove(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.json", help="A file that `solve --output` wrote.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PROOF.json", help="Write the proof here, for `check` or the checker alone."
        ),
    ] = None,
    width: Annotated[
        float, typer.Option(help="Relative width of the proven interval that is asked for.")
    ] = 1e-8,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, in more than two dimensions.")] = 1,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds after which the search ends.")
    ] = None,
    coq: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.v", help="Write the optimum as a theorem for Coq: one input and output."
        ),
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Prove the optimum of a stored solution in rational numbers.

    Exit status 0: proven to the width; 1: not proven, with the best width that was reached.
    """
    from convexden.cli.progress import LiveLine
    from convexden.proofs.files import save
    from convexden.proofs.prove import prove as prove_solution
    from convexden.storage.files import check_writable, whole_file
    from convexden.storage.solutions import load

    for path in (output, coq):
        if path is not None:
            check_writable(path, file)
    solution = load(file)
    with LiveLine(quiet=quiet) as line:

        def show_progress(step: TaskProgress) -> None:
            """Show how far the proof is."""
            text = f"proving: {step.done} of {step.total} {step.name}"
            line.count(step.done, step.total, text)

        proof = prove_solution(
            solution, width, time_limit=time_limit, progress=show_progress, jobs=jobs
        )
    if output is not None and proof.document is not None:
        save(proof, output)
    if coq is not None and proof.document is not None:
        with whole_file(coq) as temporary:
            temporary.write_text(proof.to_coq(), encoding="utf-8")
    if json:
        print_json(proof_record(proof))
    else:
        from convexden.report import proof_table

        show(proof_table(proof))
    if not proof.proven:
        say(f"not proven: {proof.reason}")
    raise typer.Exit(0 if proof.proven else 1)
