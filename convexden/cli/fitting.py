"""The command fit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Columns, Quiet, TimeLimit, Tolerance, say
from convexden.cli.costs import CostOption, read_cost
from convexden.cli.ctrl_c import CtrlC
from convexden.cli.results import AsJson, Format, check_format, is_printed, show_fit
from convexden.errors import NotCertified
from convexden.tolerances import CERTIFIED_RTOL

if TYPE_CHECKING:
    from convexden.solution import Progress, RegularizedSolution


def fit(
    points: Annotated[
        str,
        typer.Argument(metavar="POINTS", help="Inputs, one a row, as the points of `solve`."),
    ],
    targets: Annotated[
        str,
        typer.Option(
            metavar="FILE|COLUMN",
            help="Targets, one a row: a file, or names of columns of POINTS.  Equal inputs may "
            "have different ones.",
        ),
    ],
    penalty: Annotated[
        float, typer.Option(help="Price of the representation cost beside the squared error.")
    ],
    columns: Columns = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How much each row counts, one a line.")
    ] = None,
    cost: CostOption = None,
    tolerance: Tolerance = CERTIFIED_RTOL,
    time_limit: TimeLimit = None,
    local: Annotated[
        bool,
        typer.Option("--local", help="For too many samples: a good network without a bound."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the solution here.")
    ] = None,
    json: AsJson = False,
    format: Format = None,
    quiet: Quiet = False,
) -> None:
    """Fit the network of least squared error plus penalized cost, with a certificate.

    Ctrl-C ends the search after its round with the best that was found, and exit status 130.
    """
    from convexden import arguments

    arguments.number("--penalty", penalty, above=0.0)
    arguments.tolerance(tolerance, "--tolerance")
    if time_limit is not None:
        arguments.number("--time-limit", time_limit, above=0.0)
    check_format(json, format)
    from convexden.data import read_measurements, read_radii
    from convexden.storage.files import check_writable

    inputs, goals = read_measurements(points, targets, columns=columns, note=say)
    counted = None if weights is None else read_radii(weights, len(inputs), what="weights")
    charged = read_cost(cost)
    if output is not None:
        check_writable(output, points, targets, weights)
    from convexden.cli.progress import LiveLine, limited

    began = time.monotonic()
    with CtrlC() as ctrl_c, LiveLine(quiet=quiet) as line:
        line.show(f"{len(inputs)} samples in {inputs.shape[1]} dimensions")
        from convexden.solving.regularization import regularize

        def report(progress: Progress) -> None:
            """Show the gap so far."""
            ctrl_c.check()
            left = limited(time.monotonic() - began, time_limit)
            line.show(f"round {progress.round}: relative gap {progress.relative_gap:.1e}{left}")

        try:
            solution = regularize(
                (inputs, goals),
                penalty,
                tolerance,
                weights=counted,
                cost=charged,
                method="local" if local else None,
                time_limit=time_limit,
                progress=report,
            )
        except NotCertified:
            if ctrl_c.asked:
                raise KeyboardInterrupt from None
            raise
    if output is not None:
        from convexden.storage.stored import save

        save(solution, output)
    if not is_printed(solution, json, format):
        show_fit(solution)
    if not solution.certified:
        _say_why(solution, local)
    stopped = solution.interrupted and ctrl_c.asked
    raise typer.Exit(0 if solution.certified else 130 if stopped else 1)


def _say_why(solution: RegularizedSolution, local: bool) -> None:
    """What is missing, and what to do about it."""
    if solution.interrupted:
        say("the search was stopped before it was done: what is said here holds all the same")
    remedy = "leave out --local if the samples are few" if local else "let it run longer"
    say(f"not certified: the relative gap is {solution.relative_gap:.1e}: {remedy}")
