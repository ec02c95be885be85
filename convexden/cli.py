"""The command line: solve, check, verify and theorems.

Exit status 0: certified, or every theorem confirmed; 1: not certified, or a theorem refuted;
2: bad input, said in one line on standard error.  Heavy imports stay inside the commands, so
that ``--help`` answers at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from convexden.errors import ConvexdenError, InvalidProblem, NotCertified, UnsupportedProblem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from convexden.problem import Interpolation
    from convexden.solution import Progress, Solution

app = typer.Typer(
    name="convexden",
    help="Minimum-norm shallow ReLU denoisers, solved exactly and with a certificate.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else :china: becomes a flag
)

# Their 1225 edges are less than a degree apart in a plane.
MANY_POINTS = 50

Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    try:
        status = app(args=arguments, prog_name="convexden", standalone_mode=False)
    except ConvexdenError as error:
        _say(str(error))
        status = 1 if isinstance(error, NotCertified) else 2
    except Exception as error:
        # A usage error of click, of which typer may carry a copy of its own: known by its methods.
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "convexden"
        _say(f"{error.format_message().rstrip('.')}: see `{command} --help`")
        status = 2
    raise SystemExit(status or 0)


def _say(message: str) -> None:
    typer.echo(f"convexden: {' '.join(message.split())}", err=True)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if version:
        from convexden import __version__

        typer.echo(f"convexden {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit(2)


@app.command()
def solve(
    points: Annotated[
        str,
        typer.Argument(
            metavar="POINTS",
            help="Clean points, one a row: a text file of numbers (commas or spaces), a .npy file "
            "of points or images, digits:0,1,5-7 for scikit-learn's digits, or "
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
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Map point n to row n of this file instead of to itself (radius 0 if none given).",
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Relative duality gap that counts as certified.")
    ] = 1e-8,
    sandwich: Annotated[
        bool,
        typer.Option(
            "--sandwich",
            help="Only a network of ramps and the bound of a semidefinite program, in seconds.",
        ),
    ] = False,
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
    quiet: Quiet = False,
) -> None:
    """Solve for the denoiser of clean points, with a certificate that it is the best one."""
    if not 0 < tolerance < 1:
        raise InvalidProblem(f"tolerance {tolerance:g} makes no sense: give one between 0 and 1")
    from convexden.data import read_problem

    problem = read_problem(points, radius=radius, radii=radii, noisy=noisy, targets=targets)
    _check_outputs(output, plot, problem)
    if sandwich and local:
        raise InvalidProblem("--sandwich and --local are two methods: give one of them")
    method = "sandwich" if sandwich else "local" if local else None
    solution = _solve(problem, tolerance, method, quiet)
    if output is not None:
        from convexden.serialization import save

        save(solution, output)
    from convexden.report import solution_table

    _print(solution_table(solution))
    _print_alignment(solution)
    if not solution.certified:
        _say_why(solution, tolerance, method)
    if plot is not None:
        from convexden.plotting import plot_solution

        plot_solution(solution, plot)
    raise typer.Exit(0 if solution.certified else 1)


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.json", help="A file that `solve --output` wrote.")
    ],
) -> None:
    """Verify a stored solution again, with code that the solvers do not share."""
    from convexden.serialization import load

    solution = load(file)
    from convexden.report import verification_table
    from convexden.verification import verify_certificate

    verification = verify_certificate(solution)
    _print(verification_table(verification))
    if not solution.certified:
        met = solution.relative_gap <= 1e-8
        reason = "it says so" if met else f"its relative gap is {solution.relative_gap:.1e}"
        _say(f"{file} is not certified: {reason}")
    raise typer.Exit(0 if verification.passed and solution.certified else 1)


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Theorems to verify; all if none is named."),
    ] = None,
    instances: Annotated[int, typer.Option(min=1, help="Random instances of each.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random instances.")] = 0,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the results here, as JSON.")
    ] = None,
    solve: Annotated[
        bool,
        typer.Option(
            "--solve",
            help="Solve also what a closed-form dual proves, and compare the functions.",
        ),
    ] = False,
    each: Annotated[bool, typer.Option("--each", help="Show every instance.")] = False,
    quiet: Quiet = False,
) -> None:
    """Prove the closed forms of theorems on random instances, by their duals or by solving.

    A theorem that is not confirmed gives exit status 1; a refuted conjecture is a finding.
    """
    from convexden import theorems
    from convexden.files import check_writable
    from convexden.progress import LiveLine

    if json is not None:
        check_writable(json)
    with _interrupt_ends_the_run(), LiveLine(quiet=quiet) as line:

        def show(done: int, total: int, name: str) -> None:
            line.show(f"{name}: {done} of {total} instances done")

        results = list(
            theorems.verify_all(
                names or None, instances=instances, seed=seed, solve=solve, progress=show
            )
        )
    if json is not None:
        from convexden.serialization import save_records

        save_records([result.as_dict() for result in results], json)
    from convexden.report import verify_table

    _print(verify_table(results, each=each))
    failed = any(
        theorems.registry[result.theorem].kind == "theorem" and result.verdict != "confirmed"
        for result in results
    )
    raise typer.Exit(1 if failed else 0)


@app.command("theorems")
def list_theorems() -> None:
    """List the theorems and conjectures that `verify` knows."""
    from convexden.report import theorems_table

    _print(theorems_table())


def _check_outputs(output: Path | None, plot: Path | None, problem: Interpolation) -> None:
    """Before a long run: can its files be written at the end?"""
    from convexden.files import check_writable

    if plot is not None:
        from convexden.plotting import SUFFIXES

        if plot.suffix.lower() not in SUFFIXES:
            raise InvalidProblem(f"{plot} is no picture: end its name in {', '.join(SUFFIXES)}")
        rank = problem.reduce().problem.input_dimension
        if rank > 2:
            raise UnsupportedProblem(
                f"the centers span {rank} dimensions: only networks on a line or in a plane can be "
                "drawn; leave out --plot"
            )
    for path in (output, plot):
        if path is not None:
            check_writable(path)


def _solve(problem: Interpolation, tolerance: float, method: str | None, quiet: bool) -> Solution:
    from convexden.progress import LiveLine

    with LiveLine(quiet=quiet) as line:
        line.show(f"{len(problem)} sites in {problem.input_dimension} dimensions")
        from convexden.solving import solve as solve_problem

        def show(progress: Progress) -> None:
            found = (
                f"cost {progress.cost:.9g}, relative gap {progress.relative_gap:.1e}"
                if progress.cost < float("inf")
                else "no network yet"
            )
            line.show(f"round {progress.round}: {found}, {progress.hinges} hinges")

        return solve_problem(problem, tolerance, method=method, progress=show)


def _print_alignment(solution: Solution) -> None:
    """On a line all hinges are parallel; among many points some edge is near to any direction."""
    from convexden.hinges import hinge_alignment, reference_points

    reduction = solution.problem.reduce()
    points = reference_points(solution.problem, reduction)
    if points.shape[1] == 1 or len(points) > MANY_POINTS or not solution.neurons:
        return
    from convexden.report import alignment_table

    _print(alignment_table(hinge_alignment(solution.problem, solution.network)))


def _say_why(solution: Solution, tolerance: float, method: str | None) -> None:
    from convexden.verification import verify_certificate

    for reason in verify_certificate(solution).reasons:
        _say(f"not certified: {reason}")
    if solution.status == "upper-bound":
        _say("not certified: no lower bound (interrupted, or too many activation patterns for one)")
    elif solution.relative_gap > tolerance:
        remedy = "leave out --sandwich" if method == "sandwich" else "let it run longer"
        _say(
            f"not certified: the relative gap {solution.relative_gap:.1e} is larger than "
            f"{tolerance:g}: raise --tolerance or {remedy}"
        )
    elif method == "local":
        _say("not certified: --local never certifies; solve without it if the sites are few")


@contextmanager
def _interrupt_ends_the_run() -> Iterator[None]:
    """End on Ctrl-C, where `solve` would return what it has and the next instance would start."""
    before = signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _print(renderable: RenderableType) -> None:
    """Print a table; where there is no terminal, no line of it is cut."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    console.print(renderable)
