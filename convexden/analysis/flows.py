r"""Where a denoiser leads that is used in small steps: its score flow, exactly.

The score at noise level :math:`\sigma` is :math:`(h(y) - y) / \sigma^2`.  In the time
:math:`\tau = -\log \sigma` the probability flow of diffusion models with a fixed denoiser is
:math:`dy / d\tau = h(y) - y`.  It is followed cell by cell, in closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.cell_exits import LONGEST, End, exits
from convexden.analysis.flow_space import Entered, Events, FlowSpace
from convexden.errors import InvalidInput
from convexden.network import LARGEST, ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import NEAR_HINGE_RTOL, TOUCH_ROUNDING, TOUCH_RTOL

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Kind = Literal["clean", "virtual", "other"]
KINDS: tuple[Kind, ...] = ("clean", "virtual", "other")

# A limit this close to a clean point, in spreads of the clean points, is this point.
CLEAN_RTOL = NEAR_HINGE_RTOL
# Hinges are passed this far behind them, in spreads: above the rounding of heights, and far below
# what a flow is asked to be exact to.
SLACK = 1e-13
# Spreads from the clean points at which a flow that is asked for its limit has none.
FAR = 1e9
# Cells that one flow may pass: more are a cycle, which has no limit.
MOST_CELLS = 5_000
# Complex weights of exponentials at a time: 64 MB.
HELD = 4_000_000


@dataclass(frozen=True, eq=False)
class Flow:
    """Where the score flow of a denoiser leads.

    Attributes
    ----------
    starts : (M, d) array
    time : float
        How long it ran; infinite for its limits.
    limits : (M, d) array
        Its points at that time, or its limits; NaN where it has none.
    kinds : (M,) array of str
        "clean" for a point within 1e-6 spreads of a clean point, "virtual" for one that is
        as close to an attracting fixed point that is none, "other" for anything else: a saddle, a
        point of a continuum of fixed points, a point on the way, no limit.
    """

    starts: Array
    time: float
    limits: Array
    kinds: NDArray[np.str_]
    _events: Events = field(repr=False)

    def __len__(self) -> int:
        """Number of starts M."""
        return len(self.starts)

    def __repr__(self) -> str:
        """One line with what matters."""
        counts = ", ".join(f"{int((self.kinds == kind).sum())} {kind}" for kind in KINDS)
        return display.one_line(self, display.counted(len(self), "start"), counts)

    @cached_property
    def times(self) -> list[Array]:
        """M arrays (n,): when each flow entered its n cells, from 0 on."""
        return self._events.split(self._events.times)

    @cached_property
    def points(self) -> list[Array]:
        """M arrays (n, d): where each flow entered its cells."""
        events = self._events
        return events.split(events.space.outside(events.points, events.times, events.starts))

    @cached_property
    def cells(self) -> list[NDArray[np.bool_]]:
        """M arrays (n, K): which neurons of `network` are active in the cells of each flow."""
        return self._events.split(self._events.space.maps.active[self._events.cells])

    @property
    def network(self) -> ShallowNetwork:
        """The denoiser with every hinge once, in the coordinates of the flow."""
        return self._events.space.maps.network

    def path(self, index: int, times: ArrayLike) -> Array:
        """The points (T, d) of one flow at times (T,) from 0 on, in any order.

        Raises
        ------
        InvalidInput
            If there is no such start, or a time is negative or not finite.
        """
        index = arguments.whole("index", index, most=len(self) - 1)
        at = arguments.array("times", times, error=InvalidInput).reshape(-1)
        if (at < 0.0).any() or (at > self.time).any():
            raise InvalidInput(f"the flow ran from 0 to {self.time:g}: give times between these")
        events = self._events
        own = events.bounds[index]
        last = own + np.searchsorted(events.times[own : events.bounds[index + 1]], at, "right") - 1
        space, elapsed = events.space, at - events.times[last]
        points = space.maps.advance(events.points[last], events.cells[last], elapsed, space.size)
        return space.outside(points, at, np.full(len(at), index))


def score_flow(
    problem: Interpolation, network: ShallowNetwork, starts: ArrayLike, time: float = math.inf
) -> Flow:
    r"""Follow :math:`\dot y = h(y) - y` from many starts, exactly.

    Between two hinges h is affine and the motion is a sum of exponentials, see
    `convexden.analysis.cell_motion`.  When it meets the next hinge is found by steps that pass no
    root, see `convexden.analysis.cell_exits`.  A flow is at its end when no hinge can be met any
    more and all that still moves decays.  There are no step sizes, and nothing slides along a
    hinge, because h is continuous.

    Parameters
    ----------
    problem : Interpolation
        Its targets are the clean points.
    network : ShallowNetwork
        A denoiser of the problem, with as many outputs as inputs.
    starts : (M, d) or (d,) array
        With one input, an array (M,) is M starts.  From 1e9 spreads away on there is no limit: it
        would be lost in rounding.
    time : float
        How long to follow it; infinite for the limits.  Run from noise level :math:`\sigma` for
        the time :math:`\log(\sigma / \sigma')`, the flow is the probability flow to
        :math:`\sigma'`.

    Returns
    -------
    Flow

    Raises
    ------
    InvalidInput
        If starts do not fit the inputs, the time is negative, or the network is no denoiser.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on score and probability flows.

    Examples
    --------
    Two clean points on axes, and the corner that they span with a third:

    >>> import convexden as cd
    >>> points = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]
    >>> network = cd.theorems.rays.closed_form(points, 0.2).network
    >>> problem = cd.denoising(points, radius=0.2)
    >>> flow = cd.score_flow(problem, network, [[0.3, 0.9], [0.6, 1.2]])
    >>> flow.limits.round(9), flow.kinds
    (array([[0., 0.],
           [1., 2.]]), array(['clean', 'virtual'], dtype='<U7'))
    """
    check_denoiser(problem, network)
    begin = as_starts(starts, network.input_dimension)
    duration = arguments.number("time", time, least=0.0, finite=False)
    duration = duration if duration < LONGEST else math.inf
    space = FlowSpace(network, problem.targets, begin)
    scale = SLACK * (problem.target_spread or 1.0) + TOUCH_ROUNDING * space.largest
    m, r = len(begin), len(space.basis)
    step = max(1, HELD // max(1, space.maps.network.neurons * r))
    limits = np.full((m, r), np.nan)
    attracted = np.zeros(m, dtype=bool)
    events: list[Entered] = []
    for first in range(0, m, step):
        rows = np.arange(first, min(first + step, m))
        limits[rows], attracted[rows] = _follow(space, rows, duration, scale, events)
    ends = space.outside(limits, np.full(m, duration), np.arange(m))
    kinds = _kinds(problem, ends, attracted)
    return Flow(begin, duration, ends, kinds, Events.collect(space, events, m))


def check_denoiser(problem: Interpolation, network: ShallowNetwork) -> None:
    """Raise InvalidInput unless the network maps the inputs of the problem to themselves."""
    arguments.instance("problem", problem, Interpolation)
    arguments.instance("network", network, ShallowNetwork)
    d, p = network.input_dimension, network.output_dimension
    if p != d:
        raise InvalidInput(
            f"the network maps {d} inputs to {p} outputs: only a denoiser has a flow"
        )
    if (problem.input_dimension, problem.output_dimension) != (d, d):
        raise InvalidInput(
            f"the network denoises {d} inputs, the problem maps {problem.input_dimension} to "
            f"{problem.output_dimension}: give a denoiser of the problem"
        )


def as_starts(starts: ArrayLike, dimension: int) -> Array:
    """Starts as rows (M, d), or InvalidInput if they do not fit the inputs."""
    found = arguments.array("starts", starts, error=InvalidInput)
    if dimension == 1 and found.ndim == 1:
        found = found[:, None]
    found = np.atleast_2d(found)
    if found.ndim != 2 or found.shape[1] != dimension:
        raise InvalidInput(
            f"starts of shape {np.shape(starts)} do not fit {dimension} inputs: "
            f"give (M, {dimension})"
        )
    if np.abs(found).max(initial=0.0) > LARGEST:
        raise InvalidInput(f"starts are beyond {LARGEST:g}: rescale the data")
    return found


def _follow(
    space: FlowSpace,
    starts: Indices,
    duration: float,
    slack: float,
    events: list[Entered],
) -> tuple[Array, NDArray[np.bool_]]:
    """Ends (m, r) of the flows of some starts, and which of them are attracting fixed points.

    Rounds: in each, all flows that go on leave one cell.  What they enter is appended to `events`.
    """
    maps, network = space.maps, space.maps.network
    points = space.inside[starts]
    active = points @ network.input_weights.T + network.biases > 0.0
    now = np.zeros(len(starts))
    ends, attracted = np.full_like(points, np.nan), np.zeros(len(starts), dtype=bool)
    going = np.arange(len(starts))
    for _ in range(MOST_CELLS):
        cells = maps.find(active[going])
        events.append((starts[going], now[going], points[going], cells))
        on = np.zeros(len(going), dtype=bool)
        for rows, motion in maps.motions(points[going], cells, space.size):
            own = going[rows]
            signs = np.where(active[own], 1.0, -1.0)
            heights = signs * (points[own] @ network.input_weights.T + network.biases)
            left = exits(motion, signs, heights, duration - now[own], slack, FAR * space.size)
            points[own], active[own] = left.points, active[own] ^ left.crossed
            now[own] += left.times
            on[rows] = (left.ends == End.CROSSED) | (left.ends == End.CONTINUES)
            over = left.ends == End.OVER
            ends[own[over]] = left.points[over]
            for i in np.flatnonzero(left.ends == End.SETTLED):
                cell = int(cells[rows[i]])
                ends[own[i]] = maps.rest(cell) if maps.stable[cell] else motion.limit(int(i))
            done = over | (left.ends == End.SETTLED)
            attracted[own[done]] = _at_rest(space, ends[own[done]], cells[rows[done]])
        going = going[on]
        if not going.size:
            break
    return ends, attracted


def _at_rest(space: FlowSpace, points: Array, cells: Indices) -> NDArray[np.bool_]:
    """Whether points (m, r) are at attracting fixed points inside of their cells (m,)."""
    maps, network = space.maps, space.maps.network
    found = np.zeros(len(points), dtype=bool)
    for cell in np.unique(cells):
        if not maps.stable[cell]:
            continue
        rest = maps.rest(int(cell))
        signs = np.where(maps.active[cell], 1.0, -1.0)
        room = (signs * (network.input_weights @ rest + network.biases)).min(initial=np.inf)
        if room > TOUCH_RTOL * space.size:
            near = np.linalg.norm(points - rest, axis=1) <= CLEAN_RTOL * space.size
            found |= (cells == cell) & near
    return found


def _kinds(problem: Interpolation, points: Array, attracted: NDArray[np.bool_]) -> NDArray[np.str_]:
    """What flows ended at."""
    from scipy.spatial import cKDTree

    lost = np.isnan(points).any(axis=1)
    clean = np.zeros(len(points), dtype=bool)
    near = CLEAN_RTOL * (problem.target_spread or 1.0)
    distances, _ = cKDTree(problem.targets).query(points[~lost])
    clean[~lost] = distances <= near
    return np.select([clean, attracted], ["clean", "virtual"], "other")
