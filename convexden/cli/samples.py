"""The command samples: from finitely many noisy samples to balls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json

if TYPE_CHECKING:
    from convexden.experiments.samples import SampledOptima
    from convexden.running.progress import TaskProgress


def samples(
    points: Annotated[str, typer.Argument(metavar="POINTS", help="Clean points, as for `solve`.")],
    radius: Annotated[
        float | None,
        typer.Option(help="Of the balls.", show_default="5 % of the smallest distance"),
    ] = None,
    number: Annotated[
        list[int] | None,
        typer.Option(
            metavar="M",
            help="Noisy samples of each clean point; for several numbers once each.",
            show_default="8, 16, ..., 512",
        ),
    ] = None,
    boundary: Annotated[
        bool,
        typer.Option("--boundary", help="Draw them on the boundaries of the balls, not inside."),
    ] = False,
    draws: Annotated[int, typer.Option(min=1, help="Random draws of each number.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first draw.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the deficits (png, pdf, svg).")
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Show how the optimum of noisy samples tends to that of balls as they become more.

    An optimum that is not certified gives exit status 1.  Ctrl-C ends the run with the optima that
    are there, and exit status 130; again, it ends it at once.
    """
    from convexden.data import read_problem

    problem = read_problem(points, radius=radius)
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from convexden.cli.ctrl_c import CtrlC
    from convexden.cli.progress import LiveLine
    from convexden.experiments.samples import SAMPLES, sampled_optima

    with CtrlC() as ctrl_c, LiveLine(quiet=quiet) as line:

        def report(step: TaskProgress) -> None:
            """Show how many draws are solved."""
            ctrl_c.check()
            line.count(step.done, step.total, f"{step.done} of {step.total} draws solved")

        found = sampled_optima(
            problem.centers,
            float(problem.radii[0]),
            number or SAMPLES,
            boundary=boundary,
            draws=draws,
            seed=seed,
            progress=report,
        )
    if plot is not None and found.solved.any():  # the output may be closed
        from convexden.plotting import save_sampled_optima

        save_sampled_optima([found], plot)
    if json:
        print_json(_record(found))
    else:
        from convexden.report import sampling_table

        show(sampling_table(found))
    if found.interrupted:
        say(f"stopped after {int(found.solved.sum())} of {found.solved.size} draws")
    raise typer.Exit(130 if found.interrupted else 0 if found.certified.all() else 1)


def _record(found: SampledOptima) -> dict[str, object]:
    """What the draws gave: arrays of one row for each number of samples."""
    return {
        "samples": found.samples,
        "boundary": found.boundary,
        "balls": found.balls.to_dict(),
        "solved": found.solved,
        "certified": found.certified,
        "cost": found.costs,
        "lower_bound": found.lower_bounds,
        "interrupted": found.interrupted,
    }
