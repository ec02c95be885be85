"""A predicted and a computed network side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convexden import arguments
from convexden.analysis.coordinates import chart
from convexden.analysis.distances import sup_distance_bounds
from convexden.network import ShallowNetwork
from convexden.plotting import line, plane
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


def plot_comparison(
    problem: Interpolation,
    predicted: ShallowNetwork,
    computed: ShallowNetwork,
    axes: tuple[Axes, Axes] | None = None,
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
        from matplotlib.figure import Figure

        left, right = Figure((11.0, 5.6), layout="compressed").subplots(1, 2)
        axes = (left, right)
    if rank == 1:
        for network, ax in zip(networks, axes, strict=True):
            line.draw(problem, network, ax)
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
            plane.draw(problem, network, ax, heaviest=heaviest, longest=longest)
    else:
        for network, ax in zip(networks, axes, strict=True):
            plot_ramps(problem, network, ax)
    distance = f"{'' if lower == upper else 'at most '}{upper:.2g}"
    titles = (
        f"predicted: cost {predicted.representation_cost:.9g}",
        f"computed: cost {computed.representation_cost:.9g}, largest distance {distance}",
    )
    for ax, title in zip(axes, titles, strict=True):
        which = ax.get_title()  # of many ramps
        ax.set_title(f"{title}\n{which}" if which else title, fontsize=10)
    return axes
