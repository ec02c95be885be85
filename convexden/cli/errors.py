"""The command mse: mean squared errors of denoisers of finite clusters on new data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import Quiet, show
from convexden.cli.results import Document, print_json
from convexden.errors import InvalidInput

if TYPE_CHECKING:
    from convexden.theorems.mmse import ClusterErrors

NOISE, NUMBERS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25), (2, 10, 100)


def mse(
    points: Annotated[
        str, typer.Argument(metavar="POINTS", help="Clean points on a line, as for `solve`.")
    ],
    noise: Annotated[
        list[float] | None,
        typer.Option(
            metavar="SIGMA",
            help="Noise level, as a share of the smallest distance; for several once each.",
            show_default="0.02, 0.05, 0.1, 0.15, 0.2, 0.25",
        ),
    ] = None,
    number: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            metavar="M",
            help="Noisy samples of every clean point; for several numbers once each.",
            show_default="2, 10, 100",
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Random draws of each number.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first draw.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the errors (png, pdf, svg).")
    ] = None,
    json: Document = False,
    quiet: Quiet = False,
) -> None:
    """Compare denoisers of finitely many noisy samples with the empirical MMSE denoiser.

    New clean points are uniform between the outermost known ones.
    """
    if plot is not None:
        from convexden.plotting import check_picture

        check_picture(plot)
    from scipy import stats

    from convexden.cli.progress import LiveLine
    from convexden.data import read_points, smallest_distance
    from convexden.theorems.mmse import cluster_errors

    clean = read_points(points)
    if clean.shape[1] != 1:
        raise InvalidInput(
            f"mse integrates on a line, these points have {clean.shape[1]} coordinates: in Python "
            "`theorems.mmse.monte_carlo` simulates any network"
        )
    density = stats.uniform(clean.min(), float(clean.max() - clean.min()))
    levels = [share * smallest_distance(clean) for share in noise or NOISE]
    found: list[ClusterErrors] = []
    with LiveLine(quiet=quiet) as line:
        planned = [(count, sigma) for count in number or NUMBERS for sigma in levels]
        for count, sigma in planned:
            line.count(len(found), len(planned), f"{len(found)} of {len(planned)} done")
            found.append(cluster_errors(clean, density, sigma, count, draws=draws, seed=seed))
    if plot is not None:  # the output may be closed
        from convexden.plotting import save_cluster_errors

        save_cluster_errors(found, plot)
    if json:
        print_json({"clean": clean, "errors": [_record(each) for each in found]})
    else:
        from convexden.report import errors_table

        show(errors_table(found))


def _record(found: ClusterErrors) -> dict[str, object]:
    """The errors of all draws at one noise level."""
    return {
        "sigma": found.sigma,
        "samples": found.samples,
        "minimum_norm": found.minimum_norm,
        "empirical_mmse": found.empirical_mmse,
        "mmse": found.mmse,
        "accuracy": found.accuracy,
        "wins": found.wins,
        "overlaps": found.overlaps,
    }
