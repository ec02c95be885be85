"""The commands on stored solutions: check and plot."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import say, show
from convexden.errors import InvalidProblem
from convexden.tolerances import CERTIFIED_RTOL

if TYPE_CHECKING:
    from convexden.analysis.uniqueness import Uniqueness
    from convexden.network import ShallowNetwork
    from convexden.plotting import Kind
    from convexden.problem import Interpolation
    from convexden.solution import Solution

Stored = Annotated[
    Path, typer.Argument(metavar="FILE.json", help="A file that `solve --output` wrote.")
]


def check(
    file: Stored,
    unique: Annotated[
        bool, typer.Option("--unique", help="Say whether it is the only minimizer.")
    ] = False,
) -> None:
    """Verify a stored solution or proof again, with code that the solvers do not share."""
    from convexden.proofs.files import proof_document
    from convexden.storage.solutions import load

    document = proof_document(file)
    if document is not None:
        raise typer.Exit(_check_proof(document))
    solution = load(file)
    from convexden.report import verification_table
    from convexden.verification import verify_certificate

    verification = verify_certificate(solution)
    show(verification_table(verification))
    if unique and verification.passed and solution.certified:
        from convexden.analysis.uniqueness import uniqueness
        from convexden.report import uniqueness_table

        show(uniqueness_table(uniqueness(solution)))
    if not solution.certified:
        met = solution.relative_gap <= CERTIFIED_RTOL
        reason = "it says so" if met else f"its relative gap is {solution.relative_gap:.1e}"
        say(f"{file} is not certified: {reason}")
    raise typer.Exit(0 if verification.passed and solution.certified else 1)


def _check_proof(document: object) -> int:
    """Check what a proof file holds, and return the exit status."""
    from convexden.proofs.proof import Proof
    from convexden.report import proof_table

    try:
        proof = Proof.from_dict(document)
    except InvalidProblem as error:
        say(str(error))
        return 1
    show(proof_table(proof))
    return 0


def plot(
    file: Stored,
    picture: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="The picture to write (png, pdf, svg).")
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="What to draw: denoiser, ramps, segment, weights, alignment, convergence, dual or "
            "comparison.",
            show_default="the denoiser on a line or in a plane, else a segment",
        ),
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(
            metavar="I,J",
            help="Numbers of the two clean points, from 0, that the segment joins.",
            show_default="the two closest",
        ),
    ] = None,
    theorem: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Compare with the closed form of this theorem (see `theorems`)."
        ),
    ] = None,
    fixed_points: Annotated[
        bool,
        typer.Option(
            "--fixed-points", help="Mark the fixed points of the denoiser on a line or in a plane."
        ),
    ] = False,
) -> None:
    """Draw a stored solution."""
    from convexden.plotting import check_picture, plot_solution

    chosen = _kind(kind, segment, theorem, fixed_points)
    ends = None if segment is None else _ends(segment)
    check_picture(picture)
    from convexden.cli.progress import LiveLine
    from convexden.storage.solutions import load

    solution = load(file)
    predicted = None if theorem is None else _closed_form(theorem, solution.problem)
    with LiveLine() as line:
        line.show("drawing")
        drawn = plot_solution(
            solution,
            picture,
            chosen,
            segment=ends,
            predicted=predicted,
            found=_uniqueness(solution) if chosen == "dual" else None,
            fixed_points=fixed_points,
        )
    typer.echo(f"{picture}: {drawn} of {file}")
    if predicted is not None:
        from convexden.analysis.alignment import align
        from convexden.report import alignment_table

        show(alignment_table(align(solution.problem, solution.network, predicted)))


def _uniqueness(solution: Solution) -> Uniqueness | None:
    """The hinges that a picture of the dual constraint marks; None where there is no picture."""
    from convexden.analysis.uniqueness import uniqueness

    return uniqueness(solution) if solution.problem.rank <= 2 else None


def _kind(
    kind: str | None, segment: str | None, theorem: str | None, fixed_points: bool
) -> Kind | None:
    """The kind of picture that the options ask for; None leaves it to the data."""
    from convexden.plotting import KINDS

    if kind is not None and kind not in KINDS:
        raise InvalidProblem(
            f"there is no picture of kind {kind!r}: choose from {', '.join(KINDS)}"
        )
    implied = {
        "segment": segment is not None,
        "comparison": theorem is not None,
        "denoiser": fixed_points,
    }
    wanted = {name for name, given in implied.items() if given} | ({kind} - {None})
    if len(wanted) > 1:
        raise InvalidProblem(
            "--segment goes with the kind segment, --theorem with comparison and --fixed-points "
            "with denoiser: ask for one kind at a time"
        )
    if kind == "comparison" and theorem is None:
        raise InvalidProblem("a comparison needs --theorem NAME: see `convexden theorems`")
    return next((name for name in KINDS if name in wanted), None)


def _ends(segment: str) -> tuple[int, int]:
    """The two points of a segment that is written as 0,1."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*", segment, re.ASCII)
    if match is None:
        raise InvalidProblem(f"--segment {segment} is none: give two numbers, for example 0,1")
    return int(match[1]), int(match[2])


def _closed_form(name: str, problem: Interpolation) -> ShallowNetwork:
    """What a theorem says about a problem."""
    from convexden import theorems

    theorem = theorems.get(name)
    if (problem.centers.shape == problem.targets.shape) and (
        problem.centers == problem.targets
    ).all():
        return theorem.closed_form(problem.centers, problem.radii).network
    if theorem.name != "univariate":
        raise InvalidProblem(
            f"{theorem.name} is about balls around clean points: the targets of this solution "
            "are others"
        )
    return theorem.closed_form(problem.centers, problem.radii, problem.targets).network
