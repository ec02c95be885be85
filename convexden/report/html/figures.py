"""The picture of a theorem: closed form and computed network of one instance, side by side."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convexden import display
from convexden.report.layout import LAYOUT

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

    from convexden.theorems import Result


@dataclass(frozen=True)
class Figure:
    """A picture that can be part of a page.

    Attributes
    ----------
    data : str
        A PNG picture as ``data:`` address.
    width : str
        In pixels of the page.
    alt, caption : str
    """

    data: str
    width: str
    alt: str
    caption: str

    __repr__ = display.field_line


def pictured(results: Sequence[Result]) -> Result | None:
    """Of a theorem's results the one that its picture shows: the clearest instance on a line or in
    a plane, otherwise one that was solved; None if there is none.
    """
    from convexden.plotting import clearest

    chosen = clearest([result.closed_form.problem for result in results])
    if chosen is None:
        return next((result for result in results if result.solution), None)
    return results[chosen]


def comparison(results: Sequence[Result]) -> Figure | None:
    """The `pictured` instance: the closed form beside the computed network, or alone if nothing was
    computed.
    """
    from convexden.plotting import plot_comparison, plot_line, plot_plane

    result = pictured(results)
    if result is None:
        return None
    claim = result.closed_form
    which = f"{result.instance}, {result.kind}" if result.kind else result.instance
    alt = f"{which}: the closed form, which costs {claim.cost:.9g}"
    caption = f"Instance {which}: the closed form"
    solution = result.solution or result.computed
    if solution is None:
        ax = (plot_line if claim.problem.rank == 1 else plot_plane)(result.as_solution())
    else:
        alt = f"Two panels, {alt}, and the computed network, which costs {solution.cost:.9g}"
        caption += ", and what the solver finds without knowing it"
        ax = plot_comparison(claim.problem, claim.network, solution.network)[0]
    png, width = _png(ax.get_figure(root=True))
    shown = str(round(width * LAYOUT.shown_dpi / LAYOUT.dpi))
    data = "data:image/png;base64," + b64encode(png).decode()
    return Figure(data, shown, alt, f"{caption}.")


def _png(figure: MatplotlibFigure | None) -> tuple[bytes, int]:
    """A picture of few colors and its width: a third of the bytes, and the eye sees no difference.

    Lines and areas have a dozen colors; the others are those of their smooth edges.
    """
    from PIL import Image  # which matplotlib brings along

    assert figure is not None
    with io.BytesIO() as drawn, io.BytesIO() as file:
        figure.savefig(drawn, format="png", dpi=LAYOUT.dpi, bbox_inches="tight", pad_inches=0.1)
        picture = Image.open(drawn).convert("RGB").quantize(LAYOUT.colors)
        picture.save(file, format="png")
        return file.getvalue(), picture.width
