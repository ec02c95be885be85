"""Fits a picture into the room that its Axes have: text sizes, lines of labels, the legend.

A picture is drawn on Axes of the user, or in a new figure.  Its own figures have constrained
layout; a figure of the user that has no layout gets it, because legends and color bars need room
beside the Axes.  In narrow Axes text is smaller, long labels take two lines, and the legend has as
many columns as fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from itertools import pairwise
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar
from weakref import WeakSet

import numpy as np

from convexden.errors import InvalidInput
from convexden.plotting import legends, style
from convexden.plotting.style import FIT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.text import Text

P = ParamSpec("P")
R = TypeVar("R")

_paper_width: ContextVar[float | None] = ContextVar("_paper_width", default=None)
_own_figures: WeakSet[Figure] = WeakSet()


_drawing = RLock()


def neutral(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw with the default marks and lines of matplotlib, whatever the user's settings.

    Sizes, fonts and the colors of what is around the Axes stay those of the user.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        """The picture."""
        from matplotlib import rc_context

        # Settings are global: two threads would give back each other's.
        with _drawing, rc_context(dict(FIT.marks)), style.text_of_latex():
            return draw(*args, **kwargs)

    return drawn


@contextmanager
def paper(columns: Literal[1, 2] = 1) -> Iterator[None]:
    """Make new figures as wide as one column of a paper, 3.3 in, or two, 6.8 in.

    Text has 8 points, or 7 where there is little room.  Files of `plot_solution` have exactly this
    width and no title.  Axes that are given keep their size.

    Parameters
    ----------
    columns : 1 or 2

    Raises
    ------
    InvalidInput
        If there are other than one or two columns.

    Examples
    --------
    >>> import convexden as cd
    >>> solution = cd.solve(cd.denoising([0.0, 1.0, 3.0], radius=0.2))
    >>> with cd.plotting.paper():
    ...     figure = cd.plotting.plot_line(solution).figure
    >>> float(figure.get_size_inches()[0])
    3.3
    """
    from matplotlib import rc_context

    if columns not in (1, 2):
        raise InvalidInput(f"a paper has 1 or 2 columns, not {columns!r}: give one of these")
    token = _paper_width.set(FIT.paper_widths[columns - 1])
    try:
        with rc_context(dict(FIT.paper_style)):
            yield
    finally:
        _paper_width.reset(token)


def in_paper() -> bool:
    """Whether new figures are for a paper."""
    return _paper_width.get() is not None


def one_column() -> bool:
    """Whether new figures are for one column of a paper."""
    return _paper_width.get() == FIT.paper_widths[0]


def new_figure(width: float, height: float, layout: Any = "compressed") -> Figure:
    """A figure of this size in inches, of that of a paper, or of the user's ``figure.figsize``."""
    from matplotlib import rcParams, rcParamsDefault
    from matplotlib.figure import Figure

    given = _paper_width.get()
    if given is not None:
        # Text does not become smaller as the width does, so that the height falls more slowly.
        size = (given, height * (given / width) ** FIT.height_power)
    elif tuple(rcParams["figure.figsize"]) != tuple(rcParamsDefault["figure.figsize"]):
        size = tuple(rcParams["figure.figsize"])
    else:
        size = (width, height)
    figure = Figure(size, layout=layout)
    _own_figures.add(figure)
    return figure


def prepare(ax: Axes | None, width: float, height: float) -> Axes:
    """The Axes to draw on: those given, or new ones in a figure of this size in inches.

    The Axes are white whatever the style, since pictures have dark lines and light areas.
    """
    if ax is None:
        ax = new_figure(width, height).subplots()
    arrange([ax])
    ax.set_facecolor("white")
    ax.set_axisbelow(True)
    ax.grid(False)
    return ax


def arrange(axes: Sequence[Axes]) -> None:
    """Give the figure constrained layout, if it has none and no margins were set by hand."""
    from matplotlib import rcParams

    figure = figure_of(axes[0])
    sides = ("left", "right", "bottom", "top", "wspace", "hspace")
    margins = figure.subplotpars
    settings: Any = rcParams
    untouched = all(getattr(margins, s) == settings[f"figure.subplot.{s}"] for s in sides)
    placed = all(ax.get_subplotspec() is not None for ax in axes)
    if figure.get_layout_engine() is None and untouched and placed:
        with suppress(RuntimeError):  # a color bar is there already, which the layout cannot move
            figure.set_layout_engine("constrained")


def room(ax: Axes) -> tuple[float, float]:
    """Width and height in inches of the part of the figure that is for these Axes."""
    figure = ax.figure
    spec = ax.get_subplotspec()
    if spec is None:
        box = ax.get_window_extent()
        return box.width / figure.dpi, box.height / figure.dpi
    top = spec.get_topmost_subplotspec()
    width, height = figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi
    for part in (spec,) if top is spec else (spec, top):
        across, down = _share(part)
        width, height = width * across, height * down
    return width, height


def _share(spec: SubplotSpec) -> tuple[float, float]:
    """The share of the width and of the height of its grid that a subplot has."""
    grid = spec.get_gridspec()
    widths, heights = np.array(grid.get_width_ratios()), np.array(grid.get_height_ratios())
    across = widths[list(spec.colspan)].sum() / widths.sum()
    return float(across), float(heights[list(spec.rowspan)].sum() / heights.sum())


def figure_of(ax: Axes) -> Figure:
    """The whole figure that Axes are in."""
    from matplotlib.figure import Figure

    figure = ax.figure.figure
    assert isinstance(figure, Figure)
    return figure


def points_per_unit(ax: Axes, width: float, height: float) -> float:
    """About how many points a unit of a frame is on paper, in Axes of equal scales."""
    across, down = room(ax)
    return 72 * min(FIT.inner_width * across / width, FIT.inner_height * down / height)


def degrees(ax: Axes, *, x: bool = False, y: bool = False) -> None:
    """Angles on an axis whose limits are set, with as many ticks as have room."""
    across, down = room(ax)
    if x:
        style.degrees(ax.xaxis, FIT.inner_width * across / FIT.angle[0])
    if y:
        style.degrees(ax.yaxis, FIT.inner_height * down / FIT.angle[1])


def scaled(ax: Axes, size: float, least: float | None = None) -> float:
    """A size of text in points, smaller where there is little room, and not below the least."""
    narrow = min(1.0, room(ax)[0] / FIT.full_width)
    return max(min(size, FIT.smallest_text if least is None else least), size * narrow)


def text_size(ax: Axes, share: float = 0.9) -> float:
    """Points of text in a picture, by default a little smaller than that of labels."""
    from matplotlib import rcParams

    return share * scaled(ax, float(rcParams["font.size"]))


def colorbar(ax: Axes, mappable: ScalarMappable, label: str, shown: bool) -> None:
    """A color bar beside the Axes, if one is wanted."""
    if not shown:
        return
    aspect = min(FIT.bar_aspect, FIT.inner_height * room(ax)[1] / FIT.bar_width)
    bar = ax.figure.colorbar(mappable, ax=ax, label=label, aspect=aspect, pad=FIT.bar_pad)
    bar.ax.grid(False)
    _shrink(bar.ax, ax)


def shared_colorbar(axes: list[Axes], mappable: ScalarMappable, label: str, extend: str) -> None:
    """One color bar beside several Axes, one below the other."""
    height = FIT.inner_height * room(axes[0])[1] * len(axes)
    aspect = min(FIT.bar_aspect, height / FIT.bar_width)
    bar = axes[0].figure.colorbar(
        mappable, ax=axes, label=label, extend=extend, aspect=aspect, pad=FIT.bar_pad
    )
    bar.ax.grid(False)
    _shrink(bar.ax, axes[0])


def title(ax: Axes, text: str) -> None:
    """A title in as many lines as it needs."""
    ax.set_title(text, fontsize=text_size(ax, 1.0))
    _fit(ax.title, FIT.title_width * room(ax)[0])


def finish(
    ax: Axes,
    *,
    legend: bool,
    columns: int = 2,
    handles: list[Any] | None = None,
    under: Axes | None = None,
    right: Axes | None = None,
) -> None:
    """Fit text sizes, labels and the legend into the room of the Axes.

    Parameters
    ----------
    ax : Axes
    legend : bool
        Whether one is wanted, below the Axes and their labels.
    columns : int
        Its columns, if they fit.
    handles : list, optional
        What it names; what has a label if not given.
    under : Axes, optional
        Put it below these instead.
    right : Axes, optional
        A second vertical axis, on the right.
    """
    _shrink(ax, ax)
    if right is not None:
        right.grid(False)
        _shrink(right, ax)
    bars = [each.colorbar for each in (*ax.collections, *ax.images) if each.colorbar is not None]
    width, height = room(ax)
    size = text_size(ax, 1.0) / 72
    beside = len(bars) * (FIT.bar_inches + FIT.bar_lines * size)
    ink = ax.bbox
    left_side = max(0.0, ink.x0 - _left(ax)) / ax.figure.dpi
    right_side = 0.0 if right is None else max(0.0, _right(right) - ink.x1) / ax.figure.dpi
    _fit(ax.xaxis.label, width - left_side - right_side - beside - FIT.edge)
    depth = max(0.0, ink.y0 - _bottom(ax)) / ax.figure.dpi + FIT.gap
    if legend:
        shift = ((right_side - left_side) / 2, -depth)
        space = (width - beside - FIT.edge, height * FIT.legend_share)
        points = text_size(ax)
        legends.put_below(ax, columns, handles, under, shift=shift, space=space, size=points)
    whole = ax.get_tightbbox(for_layout_only=True)
    below = 0.0 if whole is None else ink.y0 - whole.y0
    inner = height - below / ax.figure.dpi - FIT.title_lines * size
    for label in [ax.yaxis.label, *([right.yaxis.label] if right else []), *_labels(bars)]:
        _fit(label, max(inner, FIT.least_height))
    _settle(figure_of(ax))


def _settle(figure: Figure) -> None:
    """Lay out until Axes of equal scales stay: what is found depends on where they were before."""
    engine = figure.get_layout_engine()
    panels = [each for each in figure.axes if each.get_subplotspec() is not None]
    framed = [each for each in panels if each.get_aspect() != "auto"]
    if engine is None or not framed:
        return
    # Our own figures have room enough for one to do.
    once = len(panels) == 1 or figure in _own_figures
    for _ in range(1 if once else FIT.layout_rounds):
        before = [each.get_position(original=True).bounds for each in framed]
        engine.execute(figure)
        after = [each.get_position(original=True).bounds for each in framed]
        if np.abs(np.subtract(after, before)).max() < FIT.settled:
            return


def _labels(bars: Sequence[Colorbar]) -> list[Text]:
    """The labels of color bars."""
    return [bar.ax.yaxis.label for bar in bars]


def _shrink(ax: Axes, room_of: Axes) -> None:
    """Smaller labels and numbers, if there is little room."""
    most = scaled(room_of, _points("axes.labelsize"))
    for axis, setting in ((ax.xaxis, "xtick.labelsize"), (ax.yaxis, "ytick.labelsize")):
        axis.label.set_fontsize(min(axis.label.get_fontsize(), most))
        now = axis.get_major_ticks(1)[0].label1.get_fontsize()
        axis.set_tick_params(which="both", labelsize=min(now, scaled(room_of, _points(setting))))


def _points(setting: str) -> float:
    """A size of text that the user's settings may give as a name, in points."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    settings: Any = rcParams
    return float(FontProperties(size=settings[setting]).get_size_in_points())


def trim(ax: Axes) -> None:
    """Take away empty room above and below Axes of equal scales, in a new figure for a paper."""
    figure = figure_of(ax)
    if not in_paper() or figure not in _own_figures:
        return
    for _ in range(2):  # what is left of the Axes depends on the height once more
        figure.draw_without_rendering()
        figure.set_figheight(figure.get_tightbbox().height + FIT.edge)


def _left(ax: Axes) -> float:
    """The leftmost pixel of what is on the vertical axis."""
    box = ax.yaxis.get_tightbbox()
    return float(ax.bbox.x0 if box is None else box.x0)


def _right(ax: Axes) -> float:
    """The rightmost pixel of what is on the vertical axis."""
    box = ax.yaxis.get_tightbbox()
    return float(ax.bbox.x1 if box is None else box.x1)


def _bottom(ax: Axes) -> float:
    """The lowest pixel of what is on the horizontal axis."""
    box = ax.xaxis.get_tightbbox()
    return float(ax.bbox.y0 if box is None else box.y0)


def _fit(text: Text, limit: float) -> None:
    """Break a label into up to three lines, then make it smaller, until it is short enough."""
    whole = text.get_text()
    if not whole or _length(text) <= limit:
        return
    lines = whole.split("\n")
    for parts in (2, 3):
        text.set_text("\n".join(broken for one in lines for broken in _broken(one, parts)))
        if _length(text) <= limit:
            return
    size = float(text.get_fontsize())
    while _length(text) > limit and size > FIT.smallest_legend:
        size = max(size - 0.5, FIT.smallest_legend)
        text.set_fontsize(size)


def _length(text: Text) -> float:
    """Inches of the longest line, along the text."""
    box = text.get_window_extent()
    upright = round(text.get_rotation()) % 180 == 90
    return float(box.height if upright else box.width) / text.figure.dpi


def _broken(line: str, parts: int) -> list[str]:
    """A line in parts of about the same length, broken at spaces that are not in a formula."""
    places = [i for i, sign in enumerate(line) if sign == " " and line[:i].count("$") % 2 == 0]
    ends: list[int] = []
    for k in range(1, parts):
        free = [place for place in places if not ends or place > ends[-1]]
        if free:
            ends.append(min(free, key=lambda place: abs(place - k * len(line) / parts)))
    cuts = [0, *ends, len(line)]
    return [line[a:b].strip() for a, b in pairwise(cuts)]
