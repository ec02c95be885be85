"""Pictures in files: which one shows a solution, and its title."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from convexden import arguments
from convexden.analysis.alignment import align
from convexden.errors import InvalidProblem, NotSupported
from convexden.network import ShallowNetwork
from convexden.plotting import layout, style
from convexden.plotting.alignment import plot_alignment
from convexden.plotting.comparison import plot_comparison
from convexden.plotting.convergence import plot_convergence
from convexden.plotting.dual import plot_dual
from convexden.plotting.line import plot_line
from convexden.plotting.plane import plot_plane
from convexden.plotting.ramps import plot_ramps
from convexden.plotting.saving import check_picture, save_figure
from convexden.plotting.segment import closest_points, plot_segment
from convexden.plotting.weights import plot_weights
from convexden.problem import Interpolation
from convexden.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convexden.analysis.uniqueness import Uniqueness

Kind = Literal[
    "denoiser", "ramps", "segment", "weights", "alignment", "convergence", "dual", "comparison"
]
KINDS: tuple[Kind, ...] = get_args(Kind)


def plot_solution(
    solution: Solution,
    path: str | Path,
    kind: Kind | None = None,
    *,
    segment: tuple[int, int] | None = None,
    predicted: ShallowNetwork | None = None,
    found: Uniqueness | None = None,
    fixed_points: bool = False,
) -> Kind:
    """Write a picture of a solution, with its cost and lower bound.

    In `paper` the file has exactly the width of the column, and no title.

    Parameters
    ----------
    solution : Solution
    path : str or Path
        Ends in .png, .pdf or .svg.  The file appears whole or not at all.
    kind : str, optional
        One of `KINDS`: what the function ``plot_...`` of this name draws, and "denoiser" what
        `plot_line` or `plot_plane` does.  By default the denoiser on a line or in a plane, and
        beyond it the segment.
    segment : pair of int, optional
        Numbers of the points that the segment joins; the two closest if not given.
    predicted : ShallowNetwork, optional
        What the solution is compared with.
    found : Uniqueness, optional
        ``convexden.uniqueness(solution)``, for the hinges that the kind "dual" marks.
    fixed_points : bool
        Mark the fixed points of the denoiser.

    Returns
    -------
    str
        The kind of the picture.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written, or there is nothing to draw.
    NotSupported
        If there is no such picture of data that span so many dimensions.
    """
    arguments.instance("solution", solution, Solution)
    check_picture(path)
    kind = default_kind(solution.problem) if kind is None else kind
    if fixed_points and kind != "denoiser":
        raise InvalidProblem(
            f"there are no fixed points in a picture of kind {kind}: they are marked on a line and "
            "in a plane"
        )
    ax = _draw(solution, kind, segment, predicted, found, fixed_points)
    figure = layout.figure_of(ax)
    if not layout.in_paper():
        _put_title(figure, summary(solution))
    save_figure(figure, path)
    return kind


def default_kind(problem: Interpolation) -> Kind:
    """The denoiser, if it can be drawn whole; otherwise a segment of it.

    Raises
    ------
    NotSupported
        If the centers span more than a plane and all have the same target.
    """
    arguments.instance("problem", problem, Interpolation)
    if problem.rank <= 2:
        return "denoiser"
    if problem.target_spread == 0.0:
        raise NotSupported(
            "the centers span more than a plane and all targets are the same: there is nothing to "
            "draw"
        )
    return "segment"


def summary(solution: Solution) -> str:
    """Two lines for a title: what was solved, and what is proved."""
    arguments.instance("solution", solution, Solution)
    balls = solution.problem.radii > 0
    kind = "balls" if balls.all() else "balls and samples" if balls.any() else "samples"
    return (
        f"Minimum-norm network on {len(balls)} {kind}: {solution.neurons} neurons, "
        f"{'certified' if solution.certified else 'not certified'}\n"
        f"cost {solution.cost:.9g}, lower bound {solution.lower_bound:.9g}, "
        f"relative gap {f'{solution.relative_gap:.1e}' if solution.relative_gap else 0}"
    )


def _put_title(figure: Figure, title: str) -> None:
    """Write a title above everything; `suptitle` would cover the titles of flat panels."""
    with style.text_of_latex():
        figure.draw_without_rendering()
    box = figure.get_tightbbox()  # in inches
    width, height = figure.get_size_inches()
    place = ((box.x0 + box.x1) / 2 / width, (box.y1 + 0.1) / height)
    figure.text(*place, title, ha="center", va="bottom", fontsize=10)


def _draw(
    solution: Solution,
    kind: Kind,
    segment: tuple[int, int] | None,
    predicted: ShallowNetwork | None,
    found: Uniqueness | None,
    fixed_points: bool,
) -> Axes:
    """The picture of this kind."""
    problem, network = solution.problem, solution.network
    if kind == "denoiser":
        if problem.rank > 2:
            raise NotSupported(
                f"the centers span {problem.rank} dimensions: the denoiser can be drawn on a line "
                "and in a plane only; choose segment or ramps"
            )
        draw = plot_line if problem.rank == 1 else plot_plane
        return draw(solution, fixed_points=fixed_points)
    if kind == "ramps":
        return plot_ramps(problem, network)
    if kind == "segment":
        first, second = closest_points(problem) if segment is None else segment
        return plot_segment(solution, first, second)
    if kind == "weights":
        return plot_weights(network)
    if kind == "alignment":
        return plot_alignment(align(problem, network))
    if kind == "convergence":
        return plot_convergence(solution)
    if kind == "dual":
        return plot_dual(solution, found=found)
    if predicted is None:
        raise InvalidProblem("a comparison needs a predicted network: give one")
    return plot_comparison(problem, predicted, network)[0]
