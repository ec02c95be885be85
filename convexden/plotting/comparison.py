"""A predicted and a computed network side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convexden import arguments
from convexden.analysis.coordinates import chart
from convexden.analysis.distances import sup_distance_bounds
from convexden.network import ShallowNetwork
from convexden.plotting import layout, line, plane
from convexden.plotting.ramps import plot_ramps
from convexden.problem import Interpolation

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def clearest(problems: Sequence[Interpolation]) -> int | None:
    """Number of the problem whose picture shows most, from 0.

    Of those on a line or in a plane with the larger balls it is the roundest one.

    Parameters
    ----------
    problems : sequence of Interpolation

    Returns
    -------
    int or None
        None if all span more than a plane.
    """
    found: list[tuple[float, float, int]] = []
    for k, problem in enumerate(problems):
        if problem.rank <= 2:
            sides = np.ptp(problem.hull.coordinates, axis=0)
            shape = float(sides.min() / (sides.max() or 1.0))
            found.append((float(problem.radii.mean()) / problem.input_spread, shape, k))
    if not found:
        return None
    found.sort(key=lambda candidate: candidate[0])
    return max(found[len(found) // 2 :], key=lambda candidate: candidate[1::-1])[-1]


@layout.neutral
def plot_comparison(
    problem: Interpolation,
    predicted: ShallowNetwork,
    computed: ShallowNetwork,
    axes: tuple[Axes, Axes] | None = None,
    *,
    legend: bool = True,
    colorbar: bool = True,
) -> tuple[Axes, Axes]:
    """Draw a predicted network, a closed form say, beside a computed one.

    On a line and in a plane they are drawn whole, with the same limits and the same scales of
    weights and arrows, and beyond it by their heaviest ramps.  Titles give their costs and the
    largest distance of their outputs on the box of `convexden.analysis.distances.sup_distance`, or
    a bound of it.

    Parameters
    ----------
    problem : Interpolation
    predicted, computed : ShallowNetwork
        On the inputs and outputs of the problem; of a `convexden.theorems.Result` they are
        ``result.closed_form.network`` and ``result.solution.network``.
    axes : pair of Axes, optional
        Where to draw; a new figure if none are given.
    legend, colorbar : bool
        Whether to name what is drawn, below the left or lower Axes, and to put the scales of
        colors beside the second ones.

    Returns
    -------
    pair of Axes

    Raises
    ------
    InvalidProblem
        If the networks do not fit the problem.
    """
    arguments.instance("predicted", predicted, ShallowNetwork)
    arguments.instance("computed", computed, ShallowNetwork)
    arguments.instance("problem", problem, Interpolation)
    lower, upper = sup_distance_bounds(problem, predicted, computed)
    networks = (predicted, computed)
    rank = problem.rank
    if axes is None:
        axes = _panels()
    if rank == 1:
        for network, ax in zip(networks, axes, strict=True):
            line.draw(problem, network, ax, legend=False)
        low = min(ax.get_ylim()[0] for ax in axes)
        high = max(ax.get_ylim()[1] for ax in axes)
        for ax in axes:
            ax.set_ylim(low, high)
    elif rank == 2:
        charts = [chart(problem, network, 2, most=1) for network in networks]
        heaviest = max(float(own.weights.max(initial=0.0)) for own in charts)
        denoising = all(own.denoising for own in charts)
        longest = max(map(plane.longest_arrow, charts)) if denoising else None
        for network, ax in zip(networks, axes, strict=True):
            bar = colorbar and (ax is axes[1] or not denoising)
            scales: dict[str, Any] = {"heaviest": heaviest, "longest": longest}
            plane.draw(problem, network, ax, legend=False, colorbar=bar, **scales)
    else:
        for network, ax in zip(networks, axes, strict=True):
            plot_ramps(problem, network, ax, legend=False)
    distance = f"{'' if lower == upper else 'at most '}{upper:.2g}"
    titles = (
        f"predicted: cost {predicted.representation_cost:.9g}",
        f"computed: cost {computed.representation_cost:.9g}, largest distance {distance}",
    )
    for ax, title in zip(axes, titles, strict=True):
        which = ax.get_title()  # of many ramps
        layout.title(ax, f"{title}\n{which}" if which else title)
    # Below the left panel, or the lower one.
    lowest = min(axes, key=lambda ax: round(ax.get_window_extent().y0))
    layout.finish(lowest, legend=legend, columns=3, handles=_named(axes))
    layout.trim(axes[0])
    return axes


def _panels() -> tuple[Axes, Axes]:
    """Two panels of a new figure, one below the other in a column of a paper."""
    if layout.one_column():
        first, second = layout.new_figure(5.5, 10.4).subplots(2, 1)
    else:
        first, second = layout.new_figure(11.0, 5.6).subplots(1, 2)
    return first, second


def _named(axes: tuple[Axes, Axes]) -> list[Any]:
    """What either of the Axes shows, each name once."""
    pairs = [pair for ax in axes for pair in zip(*ax.get_legend_handles_labels(), strict=True)]
    return list({label: handle for handle, label in reversed(pairs)}.values())[::-1]
