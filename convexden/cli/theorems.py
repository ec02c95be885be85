"""The commands verify and theorems."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json
from convexden.errors import ConvexdenError, InvalidProblem

if TYPE_CHECKING:
    from convexden.running.progress import TaskProgress
    from convexden.theorems import Result

STANDARD_OUTPUT = Path("-")


# For the proof of an instance; most take less than one, and some trees of five dimensions minutes.
PROOF_SECONDS = 60.0


def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Theorems to verify; all if none is named."),
    ] = None,
    instances: Annotated[int, typer.Option(min=1, help="Random instances of each.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random instances.")] = 0,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="[FILE]",
            help="Write the results here, as JSON; without a file, on standard output instead of "
            "the table (theorems are named before it).",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write a report here: index.html, and a solution file of every instance.",
        ),
    ] = None,
    solve: Annotated[
        bool,
        typer.Option(
            "--solve",
            help="Solve also what a closed-form dual proves, and compare the functions.",
        ),
    ] = False,
    proof: Annotated[
        bool,
        typer.Option(
            "--proof", help="Prove the interval of every instance in rational numbers as well."
        ),
    ] = False,
    each: Annotated[bool, typer.Option("--each", help="Show every instance.")] = False,
    quiet: Quiet = False,
) -> None:
    """Prove the closed forms of theorems on random instances, by their duals or by solving.

    A theorem that is not confirmed gives exit status 1, as does an instance that --proof does not
    prove; a refuted conjecture is a finding.  Ctrl-C ends the run with the instances that are done,
    without a report, and exit status 130.
    """
    from convexden import theorems
    from convexden.cli.progress import LiveLine

    printed = json == STANDARD_OUTPUT
    _check_files(report, None if printed else json)
    results: list[theorems.Result] = []
    total, stopped = 0, False
    with LiveLine(quiet=quiet) as line:

        def show_progress(step: TaskProgress) -> None:
            """Show how many instances are done."""
            nonlocal total
            total = step.total
            text = f"{step.name}: {step.done} of {total} instances done"
            line.count(step.done, total, text)

        with warnings.catch_warnings(record=True) as notices:
            warnings.simplefilter("always")
            found = theorems.verify_all(
                names or None, instances=instances, seed=seed, solve=solve, progress=show_progress
            )
        for notice in notices:
            say(str(notice.message))
        try:
            for result in found:
                results.append(result.proved(time_limit=PROOF_SECONDS) if proof else result)
        except KeyboardInterrupt:
            stopped = True
    if json is not None:
        _write_records(results, json)
    if report is not None and not stopped:  # the output may be closed
        from convexden.report import write_report

        command = ["convexden", "verify", *(names or []), f"--instances={instances}"]
        command += [f"--seed={seed}", *["--solve"] * solve, f"--report={report}"]
        with LiveLine(quiet=quiet) as line:
            results = list(_with_pictures(results, line.show))
            write_report(results, report, command=shlex.join(command), progress=line.show)
    if not printed:
        from convexden.report import verify_table

        show(verify_table(results, each=each))
    unproven = [result for result in results if result.proof and not result.proof.proven]
    if proof:
        words = f"proven in rational numbers: {len(results) - len(unproven)} of {len(results)}"
        typer.echo(words, err=printed)
    _say_unproven(unproven)
    if stopped:
        say(f"stopped after {len(results)} of {total} instances")
        raise typer.Exit(130)
    if report is not None:
        typer.echo(f"report: {report / 'index.html'}", err=printed)
    failed = bool(unproven) or any(
        theorems.registry[result.theorem].kind == "theorem" and result.verdict != "confirmed"
        for result in results
    )
    raise typer.Exit(1 if failed else 0)


def list_theorems(json: Document = False) -> None:
    """List the theorems and conjectures that `verify` knows."""
    if json:
        from convexden.theorems import registry

        keys = ("name", "kind", "title", "statement", "reference")
        print_json([{key: getattr(each, key) for key in keys} for each in registry.values()])
        return
    from convexden.report import theorems_table

    show(theorems_table())


def _check_files(report: Path | None, json: Path | None) -> None:
    """Refuse files that cannot be written, before anything is verified."""
    from convexden.storage.files import check_writable

    if report is not None:
        from convexden.plotting.saving import check_matplotlib
        from convexden.report import check_report

        check_matplotlib()

        check_report(report)
    if json is not None:
        check_writable(json)
        if report is not None and report.resolve() in json.resolve().parents:
            raise InvalidProblem(f"{report} is for the report alone: write {json.name} elsewhere")


def _write_records(results: list[Result], json: Path) -> None:
    """The results as JSON, in a file or on standard output."""
    from convexden.storage.solutions import records_to_json, save_records

    records = [result.as_dict() for result in results]
    if json == STANDARD_OUTPUT:
        typer.echo(records_to_json(records), nl=False)
    else:
        save_records(records, json)


def _say_unproven(results: list[Result]) -> None:
    """A line for every instance that was not proven, with the reason."""
    for result in results:
        reason = result.proof.reason if result.proof else ""
        say(f"{result.theorem} {result.instance} is not proven: {reason}")


def _with_pictures(results: list[Result], say: Callable[[str], None]) -> Iterator[Result]:
    """The results, with a computed network of those that the report shows beside it."""
    from convexden.report import pictured
    from convexden.report.tallies import tallies
    from convexden.solving.interpolation import solve as solve_problem

    shown = [pictured(tally.results) for tally in tallies(results)]
    for result in results:
        if result.solution is None and any(result is each for each in shown):
            say(f"solving an instance of {result.theorem} for its picture")
            # The claim may have been proved although the solvers cannot solve it.
            with suppress(ConvexdenError):
                result = replace(result, computed=solve_problem(result.closed_form.problem))
        yield result
