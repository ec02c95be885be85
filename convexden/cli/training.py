"""The command train: networks that are trained, against what is predicted and certified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json

if TYPE_CHECKING:
    from convexden.experiments.training import RepeatProgress, Repeats
    from convexden.network import ShallowNetwork
    from convexden.problem import Interpolation


def train(
    points: Annotated[str, typer.Argument(metavar="POINTS", help="Clean points, as for `solve`.")],
    radius_fraction: Annotated[
        float, typer.Option(metavar="F", help="Radius of the balls, as a fraction of contact.")
    ] = 0.3,
    samples: Annotated[int, typer.Option(min=1, metavar="M", help="Noisy samples a ball.")] = 100,
    noise: Annotated[
        str, typer.Option(metavar="uniform|gaussian|sphere", help="How they are drawn.")
    ] = "uniform",
    mode: Annotated[
        list[str] | None,
        typer.Option(
            metavar="offline|online",
            help="Draw them once or anew in every epoch; for both once each.",
            show_default="offline",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, metavar="K", help="Runs of each mode.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first run.")] = 0,
    hull: Annotated[
        bool,
        typer.Option(
            "--hull", help="Train on coordinates in the affine hull of the points: no noise across."
        ),
    ] = False,
    weight_decay: Annotated[float, typer.Option(metavar="L", help="Weight decay at the end.")] = (
        1e-5
    ),
    stages: Annotated[
        int,
        typer.Option(
            min=1, metavar="G", help="Stages in which it falls from 1e-3; with 1 it is constant."
        ),
    ] = 1,
    neurons: Annotated[int, typer.Option(min=1, metavar="N", help="Width.")] = 100,
    epochs: Annotated[int, typer.Option(min=1, metavar="E", help="Steps of Adam.")] = 10_000,
    refine: Annotated[
        bool, typer.Option("--refine", help="Then train to the end: errors of 1e-4, by L-BFGS.")
    ] = False,
    theorem: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Predict with this closed form (see `theorems`)."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw the networks, or angles (png, pdf, svg)."),
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Train denoisers of noisy samples, and measure them against certified optima.

    An optimum that is not certified gives exit status 1.  Ctrl-C ends the run with the networks
    that are there, and exit status 130.  Needs PyTorch.
    """
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from convexden.cli.ctrl_c import CtrlC
    from convexden.cli.progress import LiveLine
    from convexden.data import read_points
    from convexden.experiments.memorization import share_problem
    from convexden.experiments.training import repeat
    from convexden.geometry.hull import Hull

    clean = read_points(points)
    problem = share_problem(Hull.of(clean).coordinates if hull else clean, radius_fraction)
    predicted = None if theorem is None else _predicted(theorem, problem)
    with CtrlC() as ctrl_c, LiveLine(quiet=quiet) as line:

        def report(step: RepeatProgress) -> None:
            """Show the run and its epoch."""
            ctrl_c.check()
            line.show(f"run {step.done + 1} of {step.total}, epoch {step.snapshot.epoch}")

        line.show("solving")
        found = repeat(
            problem,
            modes=mode or ["offline"],  # type: ignore[arg-type]  # checked there
            seeds=seeds,
            seed=seed,
            weight_decay=weight_decay,
            stages=stages,
            samples=samples,
            noise=noise,  # type: ignore[arg-type]  # likewise
            refined=refine,
            neurons=neurons,
            epochs=epochs,
            progress=report,
        )
    if plot is not None and found.runs:  # the output may be closed
        from convexden.plotting import save_repeats

        save_repeats(found, plot, predicted)
    if json:
        print_json(_record(found, predicted))
    else:
        from convexden.report import repeats_table

        show(repeats_table(found))
    if found.interrupted:
        say(f"stopped after {len(found.runs)} runs")
    raise typer.Exit(130 if found.interrupted else 0 if found.certified else 1)


def _predicted(name: str, problem: Interpolation) -> ShallowNetwork:
    """What a theorem says about the balls."""
    from convexden import theorems

    return theorems.get(name).closed_form(problem.centers, problem.radii).network


def _record(found: Repeats, predicted: ShallowNetwork | None) -> dict[str, object]:
    """The runs with what they reached, and the certified denoiser."""
    return {
        "solution": found.solution.to_dict(),
        "weight_decay": found.weight_decay,
        "samples": found.samples,
        "predicted_cost": None if predicted is None else predicted.representation_cost,
        "runs": [
            {"mode": run.mode, "seed": run.seed, "cost": run.trained.cost}
            | {
                name.replace(" ", "_"): None if value != value else value
                for name, value in run.numbers.items()
            }
            for run in found.runs
        ],
        "interrupted": found.interrupted,
    }
