"""The commands on stored solutions: check and plot."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import say, show
from convexden.cli.results import Document, print_json, proof_record
from convexden.errors import InvalidProblem
from convexden.tolerances import CERTIFIED_RTOL

if TYPE_CHECKING:
    from convexden.analysis.uniqueness import Uniqueness
    from convexden.network import ShallowNetwork
    from convexden.plotting import Kind
    from convexden.problem import Interpolation
    from convexden.solution import RegularizedSolution, Solution
    from convexden.verification import RegularizedVerification, Verification

Stored = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.json", help="A file that `solve --output` or `fit --output` wrote."
    ),
]


def check(
    file: Stored,
    unique: Annotated[
        bool, typer.Option("--unique", help="Say whether it is the only minimizer.")
    ] = False,
    json: Document = False,
) -> None:
    """Verify a stored solution or proof again, with code that the solvers do not share."""
    from convexden.proofs.files import proof_document
    from convexden.solution import RegularizedSolution
    from convexden.storage.stored import load

    document = proof_document(file)
    if document is not None:
        raise typer.Exit(_check_proof(document, json))
    solution = load(file)
    from convexden.report import verification_table
    from convexden.verification import verify_certificate, verify_regularized

    if isinstance(solution, RegularizedSolution):
        if unique:
            raise InvalidProblem("--unique is about solutions of `solve`: leave it out")
        fit = verify_regularized(solution)
        if json:
            print_json(_verdict(solution, fit))
        else:
            show(verification_table(fit))
        _say_if_uncertified(file, solution)
        raise typer.Exit(0 if fit.passed and solution.certified else 1)
    verification = verify_certificate(solution)
    found = None
    if unique and verification.passed and solution.certified:
        from convexden.analysis.uniqueness import uniqueness

        found = uniqueness(solution)
    if json:
        status = {} if found is None else {"minimizer": found.status}
        print_json(_verdict(solution, verification) | status)
    else:
        show(verification_table(verification))
        if found is not None:
            from convexden.report import uniqueness_table

            show(uniqueness_table(found))
    _say_if_uncertified(file, solution)
    raise typer.Exit(0 if verification.passed and solution.certified else 1)


def _say_if_uncertified(file: Path, solution: Solution | RegularizedSolution) -> None:
    """Why a solution does not count as certified, if it does not."""
    if not solution.certified:
        met = solution.relative_gap <= CERTIFIED_RTOL
        reason = "it says so" if met else f"its relative gap is {solution.relative_gap:.1e}"
        say(f"{file} is not certified: {reason}")


def _verdict(
    solution: Solution | RegularizedSolution, found: Verification | RegularizedVerification
) -> dict[str, object]:
    """What the verification of a solution found."""
    return {
        "verified": found.passed and solution.certified,
        "passed": found.passed,
        "certified": solution.certified,
        "reasons": list(found.reasons),
        "lower_bound": found.lower_bound,
        "relative_gap": found.relative_gap,
        "stated": solution.to_dict(),
    }


def _check_proof(document: object, json: bool) -> int:
    """Check what a proof file holds, and return the exit status."""
    from convexden.proofs.proof import Proof
    from convexden.report import proof_table

    try:
        proof = Proof.from_dict(document)
    except InvalidProblem as error:
        if json:
            print_json({"verified": False, "reasons": [str(error)]})
        say(str(error))
        return 1
    if json:
        print_json({"verified": True} | proof_record(proof))
    else:
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
    paper: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=2,
            metavar="1|2",
            help="Make it as wide as one column of a paper, 3.3 in, or two, without a title.",
            show_default="a picture with a title",
        ),
    ] = None,
    json: Document = False,
) -> None:
    """Draw a stored solution."""
    from convexden.plotting import check_picture, plot_solution
    from convexden.plotting import paper as in_columns

    chosen = _kind(kind, segment, theorem, fixed_points)
    ends = None if segment is None else _ends(segment)
    check_picture(picture)
    from convexden.cli.progress import LiveLine
    from convexden.storage.solutions import load

    solution = load(file)
    predicted = None if theorem is None else _closed_form(theorem, solution.problem)
    with LiveLine() as line, nullcontext() if paper is None else in_columns(1 if paper == 1 else 2):
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
    if json:
        print_json({"picture": picture, "kind": drawn, "file": file})
        return
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
