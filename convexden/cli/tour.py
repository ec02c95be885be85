"""The command tour: the story of one triangle, from the problem to the picture."""

from __future__ import annotations

from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from convexden.cli.console import show
from convexden.cli.layout import LAYOUT
from convexden.cli.results import Document, print_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from convexden.problem import Interpolation
    from convexden.solution import Solution
    from convexden.theorems import ClosedForm


def tour(
    picture: Annotated[
        Path,
        typer.Argument(metavar="PICTURE", help="The picture to write at the end (png, pdf, svg)."),
    ] = Path("convexden-tour.png"),
    json: Document = False,
) -> None:
    """Tell the story of one triangle: problem, program, certificate, pieces, alignment, picture."""
    from convexden.plotting import check_picture, plot_solution

    check_picture(picture)
    from convexden import data
    from convexden.problem import denoising
    from convexden.solving.interpolation import solve
    from convexden.theorems import face_aligned

    problem = denoising(data.triangle(LAYOUT.angles), radius=LAYOUT.radius)
    solution = solve(problem)
    claim = face_aligned.closed_form(problem.centers, LAYOUT.radius)
    # Before anything is printed: the output may be closed.
    plot_solution(solution, picture, "comparison", predicted=claim.network)
    if json:
        print_json({"picture": picture, "solution": solution.to_dict(), "conjecture": claim.cost})
        return
    _tell_problem(problem)
    _tell_program(solution)
    _tell_certificate(solution)
    _tell_pieces(solution)
    _tell_alignment(solution, claim)
    _tell_picture(picture)


def _chapter(number: int, title: str, text: str, *tables: RenderableType) -> None:
    """A headline, paragraphs in which line breaks do not count, and tables."""
    from rich.text import Text

    show(Text(f"{number}. {title}", "bold"))
    width = min(LAYOUT.width, get_terminal_size().columns)
    for paragraph in text.split("\n\n"):
        show(Text(fill(" ".join(paragraph.split()), width) + "\n"))
    for table in tables:
        show(table)
        show("")


def _tell_problem(problem: Interpolation) -> None:
    """Chapter 1."""
    points = ", ".join(f"({x:.4f}, {y:.4f})" for x, y in problem.centers)
    angles = ", ".join(f"{angle:g}" for angle in LAYOUT.angles)
    _chapter(
        1,
        "The problem",
        f"""
        Three clean points, a triangle with the angles {angles} degrees: {points}. A network
        h(y) = sum_k a_k max(0, w_k.y + b_k) + V y + c is to map every noisy version of a clean
        point, the whole disc of radius {LAYOUT.radius:g} around it, to that point, with the
        least norm:
        minimize R(h) = sum_k |a_k| with |w_k| = 1. V, b and c are free. How does it behave between
        the discs?
        """,
    )


def _tell_program(solution: Solution) -> None:
    """Chapter 2."""
    first = next(step for step in solution.history if step.cost < float("inf"))
    _chapter(
        2,
        "The convex program",
        f"""
        No line w.y + b = 0 of the minimizer cuts a disc, so a neuron is active on whole discs.
        Given the lines, what is left is a convex program: minimize sum_k |a_k| subject to linear
        equations, values and Jacobians at the centers. Which lines to take, of infinitely many,
        the multipliers of these equations tell: a line on which the dual constraint g(w, b) <= 1
        is violated joins the program, until none is.

        {solution.iterations} rounds: from cost {first.cost:.9g} and lower bound
        {first.lower_bound:.9g} to {solution.cost:.15g} and {solution.lower_bound:.15g}, in
        {solution.seconds:.2f} seconds.
        """,
    )


def _tell_certificate(solution: Solution) -> None:
    """Chapter 3."""
    from convexden.report import verification_table

    assert solution.verification is not None  # `solve` has just made it
    _chapter(
        3,
        "The certificate",
        """
        By duality the multipliers prove a lower bound on R(h) for networks of every width, if g
        is at most 1 on all lines. That is a maximum over finitely many arcs, on each of which g^2
        is a trigonometric polynomial. Other code than the solver's checks it, from nothing but
        the network and the multipliers:
        """,
        verification_table(solution.verification),
    )


def _tell_pieces(solution: Solution) -> None:
    """Chapter 4."""
    from convexden.analysis.fixed_points import fixed_points
    from convexden.analysis.pieces import cells
    from convexden.analysis.ramps import decode
    from convexden.report import fixed_points_table, ramps_table

    problem, network = solution.problem, solution.network
    exact = decode(network)
    ramps = decode(network, tolerance=0.01)
    low, high = problem.centers.min(axis=0) - 1, problem.centers.max(axis=0) + 1
    found = fixed_points(network, low, high)
    count = sum(fixed.stability == "attracting" for fixed in found)
    _chapter(
        4,
        "The pieces",
        f"""
        The {network.neurons} neurons are almost {len(ramps.ramps)} ramps v phi(u.y), each from the
        discs of one side of the triangle to the disc opposite. Almost: their lines are tilted
        against each other, by up to {ramps.spread:.1e} radians, so that the exact decomposition
        has {len(exact.ramps)} pieces of one bend each. The lines cut the plane around the discs in
        {len(cells(network, low, high))} cells, on each of which h is affine. Applied again and
        again, h has {len(found)} fixed points there, {count} of them attracting:
        """,
        ramps_table(ramps),
        fixed_points_table(found),
    )


def _tell_alignment(solution: Solution, claim: ClosedForm) -> None:
    """Chapter 5."""
    from convexden.analysis.alignment import align
    from convexden.report import alignment_table

    excess = (claim.cost - solution.cost) / solution.cost
    _chapter(
        5,
        "The alignment",
        f"""
        A plausible conjecture says that the lines are parallel to the sides of the triangle. In
        closed form that network costs {claim.cost:.15g}: more than the solution, by
        {excess:.1e}, which is {excess / max(solution.relative_gap, 1e-16):.0e} times the gap. The
        conjecture is wrong, though no picture would show it. The computed lines against the
        triangle, and ramp by ramp against the conjecture:
        """,
        alignment_table(align(solution.problem, solution.network, claim.network)),
    )


def _tell_picture(picture: Path) -> None:
    """Chapter 6."""
    _chapter(
        6,
        "The picture",
        f"""
        {picture} has the conjecture on the left and the solution on the right.

        Next: `convexden solve POINTS` for points of your own, `convexden verify` for the theorems.
        """,
    )
