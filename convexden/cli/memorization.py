"""The commands virtual and memorize: which sets have virtual points, and what ends there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json

# Of a network that is trained beside: enough for ten images, in half a minute for 2000 epochs.
NEURONS, SAMPLES = 100, 30

if TYPE_CHECKING:
    from convexden.experiments.memorization import Memorization
    from convexden.experiments.training import Snapshot
    from convexden.experiments.virtual_shares import VirtualShares
    from convexden.running.progress import TaskProgress


def virtual(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="plane, space, digits or patches.")
    ],
    points: Annotated[int, typer.Option(min=2, metavar="N", help="Points of a set.")] = 4,
    radius_fraction: Annotated[
        list[float] | None,
        typer.Option(
            metavar="F",
            help="Radius, as a fraction of contact; for several radii once each.",
            show_default="0.1, 0.3, 0.5, 0.7, 0.9",
        ),
    ] = None,
    sets: Annotated[int, typer.Option(min=1, metavar="K", help="Random sets.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first set.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the sets here as they come; a run that was stopped goes on from it.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the shares (png, pdf, svg).")
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Count the virtual points of random sets: attractors of the flow that are no clean points.

    Ctrl-C ends the run with the sets that are there, and exit status 130.
    """
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from convexden.cli.ctrl_c import CtrlC
    from convexden.cli.progress import LiveLine
    from convexden.experiments.virtual_shares import FRACTIONS, virtual_shares

    with CtrlC() as ctrl_c, LiveLine(quiet=quiet) as line:

        def report(step: TaskProgress) -> None:
            """Show how many sets are done."""
            ctrl_c.check()
            line.count(step.done, step.total, f"{step.done} of {step.total} sets done")

        found = virtual_shares(
            source,
            points,
            radius_fraction or FRACTIONS,
            sets=sets,
            seed=seed,
            path=output,
            progress=report,
        )
    if plot is not None and len(found.counts):  # the output may be closed
        from convexden.plotting import save_virtual_shares

        save_virtual_shares([found], plot)
    if json:
        print_json(_shares_record(found))
    else:
        from convexden.report import shares_table

        show(shares_table(found))
    if found.interrupted:
        say(f"stopped after {len(found.counts)} of {sets} sets")
    raise typer.Exit(130 if found.interrupted else 0)


def memorize(
    points: Annotated[str, typer.Argument(metavar="POINTS", help="Images, as for `solve`.")],
    radius_fraction: Annotated[
        float, typer.Option(metavar="F", help="Radius of the balls, as a fraction of contact.")
    ] = 0.6,
    draws: Annotated[int, typer.Option(min=1, metavar="M", help="Starts of each kind.")] = 100,
    noise: Annotated[
        float | None,
        typer.Option(
            metavar="SIGMA",
            help="Standard deviation of the noise around images.",
            show_default="half the smallest distance, over the root of the dimension",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the starts.")] = 0,
    epochs: Annotated[
        int,
        typer.Option(min=0, metavar="E", help="Train a network as well, for so many epochs."),
    ] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw images and shares (png, pdf).")
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Follow flows of a denoiser of images from noise and from mixtures: where do they end?

    A denoiser that is not certified gives exit status 1.
    """
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from convexden.cli.progress import LiveLine
    from convexden.data import read_points
    from convexden.experiments.memorization import memorization, share_problem
    from convexden.solving.interpolation import solve

    problem = share_problem(read_points(points), radius_fraction)
    with LiveLine(quiet=quiet) as line:
        line.show("solving")
        solution = solve(problem)
        network = None
        if epochs:
            from convexden.experiments.training import refine, train
            from convexden.reduction import Reduction

            def report(step: Snapshot) -> None:
                """Show the epoch."""
                line.show(f"epoch {step.epoch} of {epochs}")

            def report_refined(step: Snapshot) -> None:
                """Show the penalty."""
                line.show(f"refining at penalty {step.penalty:.0e}")

            # In the hull of the images, where noise reaches the ends of the balls, and drawn anew,
            # as no samples cover balls of many dimensions.
            reduction = Reduction.of(problem)
            trained = train(
                reduction.problem,
                neurons=NEURONS,
                samples=SAMPLES,
                mode="online",
                noise="sphere",
                epochs=epochs,
                seed=seed,
                progress=report,
            )
            # Random noise alone leaves errors of some percent.
            trained = refine(trained, seed=seed, progress=report_refined)
            network = reduction.lift_network(trained.network)
        line.show("following")
        found = memorization(solution, network, noise=noise, draws=draws, seed=seed)
    if plot is not None:  # the output may be closed
        from convexden.plotting import save_memorization

        save_memorization(found, plot)
    if json:
        print_json(_memorization_record(found))
    else:
        from convexden.report import memorization_table

        show(memorization_table(found))
    say(f"{len(found.virtual()[0])} virtual points of the certified denoiser were reached")
    raise typer.Exit(0 if solution.certified else 1)


def _shares_record(found: VirtualShares) -> dict[str, object]:
    """The numbers of virtual points: a row for each set, with -1 where it is not known."""
    return {
        "source": found.source,
        "points": found.points,
        "radius_fractions": found.fractions,
        "virtual_points": found.counts,
        "shares": [share._asdict() | {"interval": share.interval} for share in found.shares],
        "interrupted": found.interrupted,
    }


def _memorization_record(found: Memorization) -> dict[str, object]:
    """Where the starts ended, and the virtual points that were reached, with how often."""
    points, counts = found.virtual()
    return {
        "solution": found.solution.to_dict(),
        "ends": [ends._asdict() for ends in found.ends],
        "errors": {name: found.error(name) for name in found.networks},
        "excess": {name: found.excess(name) for name in found.networks},
        "virtual_points": points,
        "counts": counts,
    }
