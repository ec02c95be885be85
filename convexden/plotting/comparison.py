"""A predicted and a computed network side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convexden.charts import chart
from convexden.distances import sup_distance
from convexden.network import ShallowNetwork
from convexden.plotting import line, plane
from convexden.problem import Interpolation

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_comparison(
    predicted: ShallowNetwork,
    computed: ShallowNetwork,
    problem: Interpolation,
    axes: tuple[Axes, Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Draw a predicted network, a closed form say, beside a computed one, on a line or in a plane.

    Both have the same limits and the same scale of weights.  Titles give their costs and the
    largest distance of their outputs on the box of `convexden.distances.sup_distance`.

    Parameters
    ----------
    predicted, computed : ShallowNetwork
        On the inputs and outputs of the problem; of a `convexden.theorems.Result` they are
        ``result.closed_form.network`` and ``result.solution.network``.
    problem : Interpolation
        Its centres span a line or a plane.
    axes : pair of Axes, optional
        Where to draw; a new figure if none are given.

    Returns
    -------
    pair of Axes

    Raises
    ------
    InvalidProblem
        If the networks do not fit the problem.
    UnsupportedProblem
        If the centres span more than a plane.
    """
    distance = sup_distance(predicted, computed, problem)
    networks = (predicted, computed)
    on_line = problem.reduce().problem.input_dimension == 1
    if axes is None:
        from matplotlib.figure import Figure

        left, right = Figure((11.0, 5.6), layout="compressed").subplots(1, 2)
        axes = (left, right)
    if on_line:
        for network, ax in zip(networks, axes, strict=True):
            line.draw(problem, network, ax)
        low = min(ax.get_ylim()[0] for ax in axes)
        high = max(ax.get_ylim()[1] for ax in axes)
        for ax in axes:
            ax.set_ylim(low, high)
    else:
        charts = [chart(problem, network, 2, most=1) for network in networks]
        heaviest = max(float(own.weights.max(initial=0.0)) for own in charts)
        for network, ax in zip(networks, axes, strict=True):
            plane.draw(problem, network, ax, heaviest=heaviest)
    costs = [f"cost {network.representation_cost:.9g}" for network in networks]
    axes[0].set_title(f"predicted: {costs[0]}", fontsize=10)
    axes[1].set_title(f"computed: {costs[1]}, largest distance {distance:.0e}", fontsize=10)
    return axes
