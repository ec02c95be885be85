"""The ramps of a network, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.analysis.coordinates import check_fit
from convexden.analysis.ramps import Ramp, decode
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.plotting import layout, style
from convexden.problem import Interpolation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

KNOT: dict[str, Any] = {"color": style.BLUE, "mfc": "white", "ls": "", "marker": "o", "ms": 4.5}
TICK: dict[str, Any] = {"color": "0.35", "ls": "", "marker": "|", "ms": 8, "mew": 0.9}


@layout.neutral
def plot_ramps(
    problem: Interpolation,
    network: ShallowNetwork,
    ax: Axes | None = None,
    most: int = 8,
    *,
    legend: bool = True,
) -> Axes:
    r"""Draw the profiles of the ramps of which a network is the sum, the heaviest on top.

    A ramp is :math:`v\,\phi(u^T y)` with unit vectors u and v.  Every row shows one profile
    :math:`\phi` over the coordinate along its u, from the mean of the centers, scaled to the
    height of the row; its rise is written beside it.  Bars are the noise intervals of the sites
    along u, and ticks their centers or samples, at the height to which the ramp takes them.
    Hinges that are parallel to about a degree count as one ramp; how far they differ is written
    after the sign ±, if it can be seen.

    Parameters
    ----------
    problem : Interpolation
    network : ShallowNetwork
        On the inputs and outputs of the problem.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    most : int
        Ramps to draw.
    legend : bool
        Whether to name what is drawn, below the Axes.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidProblem
        If the network does not fit the problem or has no hinges, or `most` is less than 1.
    """
    arguments.instance("problem", problem, Interpolation)
    arguments.instance("network", network, ShallowNetwork)
    check_fit(problem, network)
    if most < 1:
        raise InvalidProblem(f"{most} ramps make no picture: draw at least one")
    middle = problem.centers.mean(axis=0)
    ramps = decode(network, style.DRAWING.parallel, middle).ramps
    if not ramps:
        raise InvalidProblem("the network has no hinges: there are no ramps to draw")
    shown = ramps[:most]
    ax = layout.prepare(ax, 7.2, 1.5 + 0.85 * len(shown))
    reach = 1.12 * max(
        float(np.abs((problem.centers - middle) @ ramp.direction).max()) for ramp in shown
    )
    reach += float(problem.radii.max())
    for row, ramp in enumerate(shown):
        _draw_row(ax, problem, ramp, middle, reach, float(-row))
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-len(shown) + 0.82, 0.98)
    middles = style.DRAWING.profile_height / 2 - np.arange(len(shown))
    ax.set_yticks(middles, [_label(problem, ramp) for ramp in shown], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(r"coordinate along $u$, from the mean of the centers")
    if len(ramps) > most:
        share = sum(ramp.weight for ramp in shown) / sum(ramp.weight for ramp in ramps)
        shares = f"{style.percent(share)} of the cost"
        layout.title(ax, f"the heaviest {most} of {len(ramps)} ramps, {shares}")
    _name(ax, problem)
    layout.finish(ax, legend=legend, columns=4)
    return ax


def _draw_row(
    ax: Axes, problem: Interpolation, ramp: Ramp, middle: Array, reach: float, base: float
) -> None:
    """Draw one profile over its base line."""
    from matplotlib.collections import LineCollection

    start = float(middle @ ramp.direction)
    values = ramp.profile(np.concatenate([ramp.knots, [start - reach, start + reach]]))
    low, high = values.min(), values.max()
    scale = style.DRAWING.profile_height / ((high - low) or 1.0)

    def curve(left: float, right: float) -> Array:
        """Points (m, 2) of the profile between two coordinates, with the knots inside."""
        knots = ramp.knots - start
        s = np.concatenate([[left], knots[(knots > left) & (knots < right)], [right]])
        return np.column_stack([s, base + scale * (ramp.profile(s + start) - low)])

    along, balls = problem.centers @ ramp.direction - start, problem.radii > 0
    ends = zip((along - problem.radii)[balls], (along + problem.radii)[balls], strict=True)
    ax.axhline(base, color="0.85", lw=0.8, zorder=0)
    pieces = [curve(*end) for end in ends]
    bars = LineCollection(pieces, color=style.NOISE, lw=7, alpha=0.5, capstyle="butt")
    ax.add_collection(bars)
    dots = base + scale * (ramp.profile(along + start) - low)
    ax.plot(along, dots, zorder=2, **TICK)
    ax.plot(*curve(-reach, reach).T, color=style.BLUE, lw=1.6, zorder=3)
    ax.plot(*curve(-reach, reach)[1:-1].T, zorder=4, **KNOT)
    if ramp.bounded:
        ax.annotate(
            f"rise {ramp.rise:.3g}",
            (1.0, base + style.DRAWING.profile_height / 2),
            (6, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=layout.text_size(ax),
        )


def _name(ax: Axes, problem: Interpolation) -> None:
    """Name each kind of mark once."""
    ax.plot([], [], color=style.BLUE, lw=1.6, label=r"profile $\phi$")
    ax.plot([], [], label="knot", **KNOT)
    balls = problem.radii > 0
    if balls.any():
        ax.plot([], [], color=style.NOISE, lw=7, alpha=0.5, label="noise interval")
    name = "center" if balls.all() else "sample" if not balls.any() else "center or sample"
    ax.plot([], [], label=name, **TICK)


def _label(problem: Interpolation, ramp: Ramp) -> str:
    """Weight of a ramp and, where there is a choice, its directions."""
    u, v = ramp.direction, ramp.output_direction
    denoiser = problem.output_dimension == problem.input_dimension
    spread = float(np.degrees(ramp.spread))
    within = f" ± {spread:.1g}°" if spread >= style.DRAWING.visible_spread else ""
    if problem.input_dimension == 2:
        directions = f"$u$ at {_polar(u)}" + (f", $v$ at {_polar(v)}" if denoiser else "") + within
    elif problem.input_dimension > 2 and denoiser:
        angle = float(np.degrees(np.arctan2(np.linalg.norm(v - (u @ v) * u), u @ v)))
        directions = f"{_degrees(angle)} from $u$ to $v$" + within
    else:
        directions = ""
    return f"weight {ramp.weight:.3g}\n{directions}".strip()


def _polar(vector: Array) -> str:
    """The angle of a vector of the plane."""
    return _degrees(float(np.degrees(np.arctan2(vector[1], vector[0]))))


def _degrees(angle: float) -> str:
    """An angle in degrees, with one decimal where it has one."""
    return f"{angle + 0.0:.1f}°".replace("-0.0°", "0°").replace(".0°", "°")
