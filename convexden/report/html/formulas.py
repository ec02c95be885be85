"""Formulas as outlines of their letters, which need no fonts and take the color of the text."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from convexden.report.html.markup import Html, tag
from convexden.report.layout import LAYOUT

COMMANDS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}  # of SVG, by the codes of matplotlib.path
# What LaTeX and mathtext, matplotlib's part of it, spell differently.
SPELLINGS = (
    (r"\\(le|ge)(?![a-zA-Z])", r"\\\1q"),
    (r"\\[Bb]igg?[lrm]?(?![a-zA-Z])", ""),
    (r"\\tfrac", r"\\frac"),
    (r"\\frac ?(\w) ?(\w)", r"\\frac{\1}{\2}"),
    (r"\^\*", r"^{\\ast}"),
)


@cache
def formula(tex: str, *, display: bool = False) -> Html:
    r"""A formula of LaTeX, drawn if matplotlib can read it, and otherwise as it is written.

    Parameters
    ----------
    tex : str
        Without dollar signs.
    display : bool
        On a line of its own, and larger.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    source = " ".join(tex.split())
    for latex, short in SPELLINGS:
        source = re.sub(latex, short, source)
    if display:
        source = source.replace("\\frac", "\\dfrac")
    letters = FontProperties(math_fontfamily="cm")
    try:
        outline = TextPath((0, 0), f"${source}$", size=LAYOUT.outline, prop=letters)
    except ValueError:  # mathtext knows a part of LaTeX
        return tag("code", tex)
    # Of the control points, which contains that of the curves; and the origin, on the base line.
    corners = np.vstack([outline.vertices, np.zeros((1, 2))])
    (left, low), (right, high) = corners.min(axis=0) - LAYOUT.rim, corners.max(axis=0) + LAYOUT.rim
    width, height = right - left, high - low
    path = "".join(
        COMMANDS[int(code)] + ("" if code == Path.CLOSEPOLY else _numbers(points))
        for points, code in outline.iter_segments(simplify=False)
    )
    em = 1.2 if display else 1.08  # as large as the letters of the text around it
    scale = em / LAYOUT.outline
    return tag(
        "svg",
        tag("path", d=path),
        class_="formula",
        role="img",
        aria_label=tex,
        viewBox=f"{left:.0f} {-high:.0f} {width:.0f} {height:.0f}",
        style=f"width:{width * scale:.3f}em;height:{height * scale:.3f}em;"
        f"vertical-align:{low * scale:.3f}em",
    )


def _numbers(points: NDArray[np.float64]) -> str:
    """Coordinates x, y, x, y, ... of which SVG counts y downwards."""
    downwards = points.reshape(-1, 2) * [1, -1]
    return " ".join(f"{number:.0f}" for number in downwards.ravel())
