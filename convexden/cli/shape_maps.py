"""The command map: the denoisers of triangles of all shapes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, say, show
from convexden.cli.results import Document, print_json

if TYPE_CHECKING:
    from convexden.experiments.shape_maps import ShapeMap
    from convexden.running.progress import TaskProgress


def map_shapes(
    radius_fraction: Annotated[
        list[float] | None,
        typer.Option(
            metavar="F",
            help="Radius, as a fraction of half the smallest height; for several radii once each.",
            show_default="0.1, 0.5 and 0.9",
        ),
    ] = None,
    triangles: Annotated[
        int, typer.Option(min=1, metavar="K", help="About how many triangles a radius.")
    ] = 500,
    largest_angle: Annotated[
        float,
        typer.Option(
            metavar="DEGREES", help="Leave out triangles with a larger angle; 90 maps the acute."
        ),
    ] = 180.0,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the pixels here as they come; a run that was stopped goes on from it.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the map (png, pdf, svg).")
    ] = None,
    borders: Annotated[
        bool,
        typer.Option(
            "--borders",
            help="Draw the exact borders of the structures, too, which takes a minute.",
        ),
    ] = False,
    virtual: Annotated[
        bool,
        typer.Option(
            "--virtual",
            help="Count and draw the virtual points, attractors of the flow that are no vertices.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="J", help="Processes.", show_default="one for each core"),
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Map the space of triangles: the structure of each denoiser, and where a conjecture fails.

    Every pixel is a triangle, solved and certified.  One that is not certified gives exit status 1.
    Ctrl-C ends the run with the pixels that are there, and exit status 130; again, it ends it at
    once.
    """
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from convexden.cli.ctrl_c import CtrlC
    from convexden.cli.progress import LiveLine
    from convexden.experiments.shape_maps import SETTINGS, shape_ends, shape_map

    with CtrlC() as ctrl_c, LiveLine(quiet=quiet) as line:

        def report(step: TaskProgress) -> None:
            """Show how many triangles are solved."""
            ctrl_c.check()
            line.count(step.done, step.total, f"{step.done} of {step.total} triangles solved")

        found = shape_map(
            radius_fraction or SETTINGS.fractions,
            triangles,
            largest_angle=largest_angle,
            path=output,
            jobs=jobs,
            progress=report,
        )
        wanted = borders and not virtual and plot is not None and not found.interrupted
        ends = shape_ends(found.fractions.tolist(), progress=report) if wanted else None
    if plot is not None and found.solved.any():  # the output may be closed
        from convexden.plotting import save_shape_map, save_virtual_map

        if virtual:
            save_virtual_map(found, plot)
        else:
            save_shape_map(found, plot, ends=ends)
    if json:
        print_json(_record(found))
    else:
        from convexden.report import shape_map_table, virtual_table

        show(virtual_table(found) if virtual else shape_map_table(found))
    if found.interrupted:
        goes_on = "" if output is None else f": the same command goes on from {output}"
        say(f"stopped after {int(found.solved.sum())} of {found.solved.size} triangles{goes_on}")
    raise typer.Exit(130 if found.interrupted else 0 if found.certified.all() else 1)


def _record(found: ShapeMap) -> dict[str, object]:
    """The pixels of the map: arrays of one row for each radius, and the triangles."""
    from convexden.experiments.structures import STRUCTURES

    names = [[STRUCTURES[k] if k >= 0 else None for k in row] for row in found.structure]
    return {
        "radius_fractions": found.fractions,
        "angles": found.angles,
        "solved": found.solved,
        "certified": found.certified,
        "structure": names,
        "cost": found.cost,
        "lower_bound": found.lower_bound,
        "excess": found.excess,
        "interrupted": found.interrupted,
    }
