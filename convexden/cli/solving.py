"""The command solve."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convexden.cli.console import Columns, Quiet, TimeLimit, Tolerance, say, show
from convexden.cli.costs import CostOption, read_cost
from convexden.cli.ctrl_c import CtrlC
from convexden.cli.layout import LAYOUT
from convexden.cli.results import AsJson, Format, check_format, is_printed
from convexden.errors import InvalidProblem, NotCertified
from convexden.tolerances import CERTIFIED_RTOL

if TYPE_CHECKING:
    from convexden.problem import Interpolation
    from convexden.solution import Progress, Solution


def solve(
    points: Annotated[
        str,
        typer.Argument(
            metavar="POINTS",
            help="Clean points, one a row: a text file of numbers (- for standard input), a .npy "
            "or .npz file of points or images, a folder of images, digits:0,1,5-7 for "
            "scikit-learn's digits, or "
            "patches:china:8:0,1,5-7 for 8 x 8 patches of its photographs (china, flower, "
            "china-grey, flower-grey).",
        ),
    ],
    radius: Annotated[
        float | None,
        typer.Option(
            help="Map the ball of this radius around each point to it.",
            show_default="5 % of the smallest distance",
        ),
    ] = None,
    radii: Annotated[
        Path | None, typer.Option(help="File with one radius per point.", metavar="FILE")
    ] = None,
    noisy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Map noisy samples to their clean points: a .npy file of shape (N, M, d), or rows "
            "of the clean point's number, counted from 0, and a sample.",
        ),
    ] = None,
    columns: Columns = None,
    targets: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|COLUMN",
            help="Map point n to row n of this file, or of these columns of POINTS, instead of to "
            "itself (radius 0 if none given).",
        ),
    ] = None,
    cost: CostOption = None,
    tolerance: Tolerance = CERTIFIED_RTOL,
    time_limit: TimeLimit = None,
    jobs: Annotated[
        int,
        typer.Option(
            min=1, metavar="J", help="Processes, for the patterns of ten to fourteen images."
        ),
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The workers of this Dask scheduler instead."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Go on from this solution, of the same points after a stopped run, or of a "
            "problem nearby.",
        ),
    ] = None,
    flatten: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help="Move the points into as few dimensions as they span when no coordinate moves by "
            "more than this: for points that are flat but for their rounding.",
            show_default="the points as they are",
        ),
    ] = None,
    formulation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The convex program, of those that `convexden formulations` lists.",
            show_default="the exact method that is fastest",
        ),
    ] = None,
    local: Annotated[
        bool,
        typer.Option(
            "--local",
            help="For sites too many to be solved exactly: a good network, with a bound of "
            "semidefinite programs or without.",
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the solution here.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the denoiser (png, pdf, svg).")
    ] = None,
    json: AsJson = False,
    format: Format = None,
    quiet: Quiet = False,
) -> None:
    """Solve for the denoiser of clean points, with a certificate that it is the best one.

    Ctrl-C ends the search after its round with the best that was found, and exit status 130;
    again, it ends it at once, with nothing.
    """
    from convexden import arguments

    arguments.tolerance(tolerance, "--tolerance")
    if time_limit is not None:
        arguments.number("--time-limit", time_limit, above=0.0)
    check_format(json, format)
    from convexden.data import read_problem

    method = _method(formulation, local)
    beginning = None if start is None else _solution(start)
    problem = read_problem(
        points,
        radius=radius,
        radii=radii,
        noisy=noisy,
        targets=targets,
        columns=columns,
        note=say,
    )
    if cost is not None:
        problem = replace(problem, cost=read_cost(cost))
    if flatten is not None:
        from convexden.data import flatten_problem

        problem, flattened = flatten_problem(problem, flatten)
        say(str(flattened))
    _check_outputs(output, plot, problem, points, radii, noisy, targets)
    with CtrlC() as ctrl_c:
        options = {
            "tolerance": tolerance,
            "method": method,
            "time_limit": time_limit,
            "jobs": jobs,
            "scheduler": scheduler,
            "start": beginning,
        }
        solution = _solve(problem, options, quiet, ctrl_c)
    if output is not None:
        from convexden.storage.solutions import save

        save(solution, output)
    if plot is not None:  # before anything is printed: the output may be closed
        from convexden.plotting import plot_solution

        plot_solution(solution, plot)
    if not is_printed(solution, json, format):
        from convexden.report import solution_table

        show(solution_table(solution))
        _print_alignment(solution)
    if not solution.certified:
        _say_why(solution, tolerance, method)
    stopped = solution.interrupted and ctrl_c.asked
    raise typer.Exit(0 if solution.certified else 130 if stopped else 1)


def _solution(file: Path) -> Solution:
    """The solution in a file."""
    from convexden.storage.solutions import load

    return load(file)


def _method(formulation: str | None, local: bool) -> str | None:
    """The method that both options ask for."""
    if formulation is None:
        return "local" if local else None
    from convexden.solving.formulations import get

    name = get(formulation).name
    if local:
        raise InvalidProblem(f"--formulation {name} and --local are different methods: give one")
    return name


def _check_outputs(
    output: Path | None, plot: Path | None, problem: Interpolation, *inputs: str | Path | None
) -> None:
    """Before a long run: can its files be written at the end?"""
    from convexden.storage.files import check_writable

    if plot is not None:
        from convexden.plotting import check_picture, default_kind

        check_picture(plot)
        default_kind(problem)
    if output is not None:
        check_writable(output, *inputs)


def _solve(problem: Interpolation, options: dict[str, Any], quiet: bool, ctrl_c: CtrlC) -> Solution:
    """Solve with these options, and say how it goes."""
    from convexden.cli.progress import LiveLine, limited

    began = time.monotonic()
    with LiveLine(quiet=quiet) as line:
        line.show(f"{len(problem)} sites in {problem.input_dimension} dimensions")
        from convexden.solving.interpolation import solve as solve_problem

        def report(progress: Progress) -> None:
            """Show what the last round found."""
            ctrl_c.check()
            found = (
                f"cost {progress.cost:.9g}, relative gap {progress.relative_gap:.1e}"
                if progress.cost < float("inf")
                else "no network yet"
            )
            left = limited(time.monotonic() - began, options["time_limit"])
            line.show(f"round {progress.round}: {found}, {progress.hinges} hinges{left}")

        try:
            return solve_problem(problem, **options, progress=report)
        except NotCertified:
            if ctrl_c.asked:
                raise KeyboardInterrupt from None
            raise


def _print_alignment(solution: Solution) -> None:
    """On a line all hinges are parallel; among many points some edge is near to any direction.

    Under another cost hinges have no reason to be aligned with edges.
    """
    if not solution.problem.cost.default:
        return
    from convexden.analysis.alignment import align
    from convexden.analysis.hinge_alignment import reference_points

    points = reference_points(solution.problem)
    if points.shape[1] == 1 or len(points) > LAYOUT.many_points or not solution.neurons:
        return
    from convexden.report import alignment_table

    show(alignment_table(align(solution.problem, solution.network)))


def _say_why(solution: Solution, tolerance: float, method: str | None) -> None:
    """What is missing, and what to do about it."""
    from convexden.geometry.flatness import flatness

    assert solution.verification is not None  # `solve` has just made it
    if solution.interrupted:
        say("the search was stopped before it was done: what is said here holds all the same")
    for reason in solution.verification.reasons:
        say(f"not certified: {reason}")
    if solution.status == "upper-bound" and method == "ramps":
        say(
            "not certified: ramps alone are an upper bound: leave out --formulation, or try "
            "--formulation semidefinite"
        )
    elif solution.status == "upper-bound":
        say("not certified: no lower bound (interrupted, or too many activation patterns for one)")
    elif solution.relative_gap > tolerance:
        bounded = method in ("completely-positive", "copositive", "edges", "semidefinite")
        remedy = "leave out --formulation" if bounded else "let it run longer"
        say(
            f"not certified: the relative gap {solution.relative_gap:.1e} is larger than "
            f"{tolerance:g}: raise --tolerance or {remedy}"
        )
        flat = flatness(solution.problem.centers)
        if flat is not None:
            say(f"not certified: {flat}")
    elif method == "local":
        say("not certified: --local never certifies; solve without it if the sites are few")
