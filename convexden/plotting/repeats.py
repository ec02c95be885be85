"""Repeated training: predicted, trained and certified side by side, or angles of hinges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.analysis.coordinates import chart
from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.plotting import layout, line, plane, style
from convexden.plotting.saving import check_picture, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convexden.experiments.training import Repeat, Repeats

COLORS = {"offline": style.VERMILION, "online": style.BLUE}


@layout.neutral
def plot_repeats(found: Repeats, predicted: ShallowNetwork | None = None) -> NDArray[np.object_]:
    """Draw predicted, trained and certified networks side by side, or the angles of hinges.

    On a line and in a plane there is a row for every mode with the network of its first seed,
    beside the certified minimum of what it was trained on, or the certified denoiser of the balls
    if the samples were drawn anew.  All have the same limits and scales.  Beyond the plane it is
    the share of the weight of the heavy hinges within an angle of those of the certified denoiser,
    at the end (one line a run) and after one epoch (dashed).

    Parameters
    ----------
    found : Repeats
    predicted : ShallowNetwork, optional
        A closed form, for a first panel in every row; only on a line and in a plane.

    Returns
    -------
    array of Axes

    Raises
    ------
    InvalidInput
        If no run is there.
    """
    if not found.runs:
        raise InvalidInput("no run is done: there is nothing to draw")
    if found.solution.problem.rank > 2:
        return np.array([_draw_angles(found)])
    shown = {run.mode: run for run in reversed(found.runs)}  # the first of each mode
    rows = [_panels(found, run, predicted) for run in reversed(shown.values())]
    figure = layout.new_figure(4.6 * len(rows[0]), 4.8 * len(rows), layout="constrained")
    axes: Any = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    networks = [network for row in rows for _, network in row]
    titles = [title for row in rows for title, _ in row]
    scales = _scales(found, networks)
    for ax, network, title in zip(axes.ravel(), networks, titles, strict=True):
        if found.solution.problem.rank == 2:
            bar = ax in axes[:, -1]
            plane.draw(found.solution.problem, network, ax, legend=False, colorbar=bar, **scales)
        else:
            line.draw(found.solution.problem, network, ax, legend=False)
        ax.set_title(title, fontsize=9)
    layout.finish(axes[-1, 0], legend=True, columns=3)
    return np.asarray(axes.ravel())


def _panels(
    found: Repeats, run: Repeat, predicted: ShallowNetwork | None
) -> list[tuple[str, ShallowNetwork]]:
    """The titles and networks of a row."""
    exact = found.solution.network if run.optimum is None else run.optimum.network
    of = "of the balls" if run.optimum is None else "of these samples"
    panels = [
        (f"trained {run.mode}: cost {run.trained.cost:.5g}, {_above(run)}", run.trained.network),
        (f"certified optimum {of}: cost {exact.representation_cost:.5g}", exact),
    ]
    if predicted is not None:
        arguments.instance("predicted", predicted, ShallowNetwork)
        panels.insert(0, (f"predicted: cost {predicted.representation_cost:.5g}", predicted))
    return panels


def _above(run: Repeat) -> str:
    """How far a run is from what is certified."""
    value = run.excess if run.optimum is not None else run.fresh_excess
    where = "its optimum" if run.optimum is not None else "that of fresh samples"
    return f"{value:.2g} above {where}"


def _scales(found: Repeats, networks: list[ShallowNetwork]) -> dict[str, Any]:
    """The scales of weights and arrows that panels in a plane share: those of the certified."""
    problem = found.solution.problem
    if problem.rank < 2:
        return {}
    charts = [chart(problem, network, 2, most=1) for network in networks]
    own = chart(problem, found.solution.network, 2, most=1)
    longest = max(map(plane.longest_arrow, charts)) if own.denoising else None
    return {"heaviest": float(own.weights.max(initial=0.0)), "longest": longest}


def _draw_angles(found: Repeats) -> Axes:
    """The share of the weight within an angle, one line a run."""
    ax = layout.prepare(None, 6.4, 4.4)
    named: set[str] = set()
    for run in found.runs:
        for hinges, dash, when in ((run.angles, "-", "trained"), (run.first_angles, "--", "first")):
            label = f"{run.mode}, {'after one epoch' if when == 'first' else 'at the end'}"
            order = np.argsort(hinges.angles)
            shares = np.cumsum(hinges.weights[order]) / (hinges.weights.sum() or 1.0)
            ax.step(
                np.concatenate([[0.0], hinges.angles[order], [90.0]]),
                np.concatenate([[0.0], shares, shares[-1:]]),
                where="post",
                color=COLORS[run.mode],
                ls=dash,
                lw=1.2 if dash == "-" else 0.8,
                label="" if label in named else label,
            )
            named.add(label)
    ax.set(xlim=(0, 90), ylim=(0, 1.02), xticks=range(0, 91, 15))
    ax.set_xlabel("angle to the nearest heavy hinge of the certified denoiser, in degrees")
    ax.set_ylabel("share of the weight of heavy hinges")
    ax.grid(color="0.93", lw=0.7)
    layout.finish(ax, legend=True)
    return ax


def save_repeats(found: Repeats, path: str | Path, predicted: ShallowNetwork | None = None) -> None:
    """Write the picture of `plot_repeats` to a .png, .pdf or .svg, whole or not at all.

    Raises
    ------
    InvalidProblem
        If `path` has another suffix or cannot be written.
    InvalidInput
        If no run is there.
    """
    check_picture(path)
    save_figure(layout.figure_of(plot_repeats(found, predicted)[0]), path, dpi=150)
