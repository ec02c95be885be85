"""The command sweep: grids of problems, with a file for every result and a table at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json

if TYPE_CHECKING:
    from convexden.running.progress import TaskProgress


def sweep(
    specification: Annotated[
        Path, typer.Argument(metavar="SPEC.toml", help="The grid, and what to measure.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            help="Write results here as they come; a run that was stopped goes on from them.",
        ),
    ],
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="J", help="Processes.", show_default="one for each core"),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Solve on the workers of this Dask scheduler instead."
        ),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Solve the tasks again that failed.")
    ] = False,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Solve a grid of problems, and make a table of what is measured on their solutions.

    SPEC.toml has a table [grid] with family, points, dimension, radius_fractions and seeds, whose
    lists multiply, [solve] with tolerance and time_limit, and [columns] with measure and compare.
    A task that fails, or is not certified, gives exit status 1.  Ctrl-C ends the run with the
    results that are there, and exit status 130; again, it ends it at once.
    """
    from convexden.cli.ctrl_c import CtrlC
    from convexden.cli.progress import LiveLine
    from convexden.experiments.sweeps import sweep as run

    with CtrlC() as ctrl_c, LiveLine(quiet=quiet) as line:

        def report(step: TaskProgress) -> None:
            """Show how many tasks are done."""
            ctrl_c.check()
            line.count(step.done, step.total, f"{step.done} of {step.total} tasks done")

        found = run(
            specification, output, jobs=jobs, scheduler=scheduler, retry=retry, progress=report
        )
    if json:
        print_json({"records": found.records, "failures": found.failures, "total": found.total})
    else:
        from convexden.report import sweep_table

        show(sweep_table(found))
    if found.failures:
        say(f"failures are listed in {output / 'failures.csv'}")
    if found.interrupted:
        say(
            f"stopped after {found.done} of {found.total} tasks: the same command goes on from "
            f"{output}"
        )
    complete = found.certified == found.total
    raise typer.Exit(130 if found.interrupted else 0 if complete else 1)
