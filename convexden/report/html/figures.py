"""The picture of a theorem: closed form and computed network of one instance, side by side."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convexden import display
from convexden.errors import ConvexdenError
from convexden.report.layout import LAYOUT

if TYPE_CHECKING:
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


def comparison(results: Sequence[Result]) -> Figure | None:
    """The clearest instance on a line or in a plane, otherwise one that was solved, by its ramps.

    None if there is none.
    """
    from convexden.plotting import clearest, plot_comparison
    from convexden.solving.interpolation import solve

    chosen = clearest([result.closed_form.problem for result in results])
    if chosen is None:
        chosen = next((k for k, result in enumerate(results) if result.solution), None)
    if chosen is None:
        return None
    result = results[chosen]
    claim = result.closed_form
    try:
        solution = result.solution or solve(claim.problem)
    except ConvexdenError:  # the claim may have been proved although the solvers cannot
        return None
    axes = plot_comparison(claim.network, solution.network, claim.problem)
    figure = axes[0].get_figure(root=True)
    assert figure is not None
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=LAYOUT.dpi, bbox_inches="tight", pad_inches=0.1)
        png = file.getvalue()
    pixels = int.from_bytes(png[16:20], "big")  # of the header: its width
    which = f"{result.instance}, {result.kind}" if result.kind else result.instance
    return Figure(
        "data:image/png;base64," + b64encode(png).decode(),
        str(round(pixels * LAYOUT.shown_dpi / LAYOUT.dpi)),
        f"Two panels, {which}: the closed form, which costs {claim.cost:.9g}, and the computed "
        f"network, which costs {solution.cost:.9g}",
        f"Instance {which}: the closed form, and what the solver finds without knowing it.",
    )
