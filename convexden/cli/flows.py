"""The command flow: where a stored denoiser leads in small steps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import show
from convexden.cli.results import Document, flow_record, print_json
from convexden.cli.stored import Stored
from convexden.errors import InvalidInput, NotSupported

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from convexden.analysis.flows import Flow
    from convexden.problem import Interpolation
    from convexden.solution import Solution

DRAWS = 1000
# Trajectories of a picture, of the first starts: more cover the basins.
TRAJECTORIES = 30


def flow(
    file: Stored,
    starts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Start at these points, one a row (text or .npy)."),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            metavar="SIGMA",
            help="Start at clean points with normal noise of this standard deviation.",
            show_default="half the smallest distance",
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(min=1, metavar="M", help="Number of noisy starts.", show_default=str(DRAWS)),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 0,
    time: Annotated[
        float | None, typer.Option(help="How long to follow it.", show_default="to the limits")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw basins and trajectories (png, pdf, svg)."),
    ] = None,
    json: Document = False,
) -> None:
    """Follow the score flow dy/dt = h(y) - y of a stored denoiser, exactly.

    It lists where it ends: at clean points, at virtual attractors, or elsewhere.
    """
    from convexden.analysis.flows import check_denoiser, score_flow
    from convexden.data.tables import read_numbers
    from convexden.plotting import check_picture
    from convexden.storage.solutions import load

    if starts is not None and (noise, draws) != (None, None):
        raise InvalidInput("--starts and --noise are two ways to start: give one of them")
    solution = load(file)
    problem, network = solution.problem, solution.network
    check_denoiser(problem, network)
    if plot is not None:
        check_picture(plot)
        if network.input_dimension != 2:
            raise NotSupported(
                f"--plot draws flows in a plane, the points of {file} have "
                f"{network.input_dimension} coordinates: leave it out"
            )
    points = _noisy(problem, noise, draws, seed) if starts is None else read_numbers(starts)
    found = score_flow(problem, network, points, math.inf if time is None else time)
    if plot is not None:  # before anything is printed: the output may be closed
        _draw(solution, found, plot)
    if json:
        print_json(flow_record(found))
        return
    from convexden.report import flow_table

    show(flow_table(found))
    if plot is not None:
        typer.echo(f"{plot}: basins and {min(len(found), TRAJECTORIES)} trajectories of {file}")


def _noisy(
    problem: Interpolation, noise: float | None, draws: int | None, seed: int
) -> NDArray[np.float64]:
    """Clean points, in turn, with normal noise."""
    import numpy as np

    from convexden import arguments
    from convexden.data import smallest_distance

    clean = np.unique(problem.targets, axis=0)
    sigma = smallest_distance(clean) / 2 if noise is None else noise
    sigma = arguments.number("--noise", sigma, least=0.0)
    count = DRAWS if draws is None else draws
    moves = np.random.default_rng(seed).standard_normal((count, clean.shape[1]))
    started: NDArray[np.float64] = clean[np.arange(count) % len(clean)] + sigma * moves
    return started


def _draw(solution: Solution, found: Flow, picture: Path) -> None:
    """Write the picture of the basins around the clean points and the starts that are drawn."""
    import numpy as np

    from convexden.analysis.basins import basins
    from convexden.analysis.flows import score_flow
    from convexden.plotting import save_flow

    problem, network = solution.problem, solution.network
    few = score_flow(problem, network, found.starts[:TRAJECTORIES], found.time)
    points = np.vstack([problem.centers, few.starts])
    margin = 0.15 * float(np.ptp(points, axis=0).max())
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    save_flow(basins(problem, network, low, high), few, picture)
