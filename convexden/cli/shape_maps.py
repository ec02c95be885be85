"""The command map: the denoisers of triangles of all shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convexden.cli.console import Quiet, say, show


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
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="J", help="Processes.", show_default="one for each core"),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Map the space of triangles: the structure of each denoiser, and where a conjecture fails.

    Every pixel is a triangle, solved and certified.  One that is not certified gives exit status 1.
    """
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from convexden.cli.progress import LiveLine
    from convexden.experiments.shape_maps import SETTINGS, shape_map

    fractions = radius_fraction or SETTINGS.fractions
    done, total = 0, 0
    try:
        with LiveLine(quiet=quiet) as line:

            def report(there: int, wanted: int) -> None:
                nonlocal done, total
                done, total = there, wanted
                line.show(f"{done} of {total} triangles solved")

            found = shape_map(
                fractions,
                triangles,
                largest_angle=largest_angle,
                path=output,
                jobs=jobs,
                progress=report,
            )
    except KeyboardInterrupt:
        if output is None:
            say(f"stopped after {done} of {total} triangles: nothing is kept without --output")
        else:
            say(f"stopped: {output} has {done} of {total} triangles, the same command goes on")
        raise typer.Exit(130) from None
    from convexden.report import shape_map_table

    show(shape_map_table(found))
    if plot is not None:
        from convexden.plotting import save_shape_map

        save_shape_map(found, plot)
    raise typer.Exit(0 if found.certified.all() else 1)
