"""Formulas as MathML, which browsers show by themselves: the site loads nothing to render them.

docutils converts, as it does for the page of ``convexden verify --report``.  A formula that it does
not know is a warning, which fails the build.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

from convexden.report.html.prose import braced, norms

LONG = 24  # characters of TeX, which no line of a phone is too short for
logger = logging.getLogger(__name__)


def visit_inline(translator: Any, node: nodes.math) -> None:
    """A long formula scrolls where it is wider than the page; the class tells which one may be."""
    kind = "math long" if len(node.astext()) > LONG else "math"
    translator.body.append(f'<span class="{kind}">{converted(node, as_block=False)}</span>')
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """A formula that is wider than the screen scrolls by itself, also with the keyboard."""
    attributes = 'class="math" tabindex="0" role="group" aria-label="formula"'
    translator.body.append(f"<div {attributes}>{converted(node, as_block=True)}</div>\n")
    raise nodes.SkipNode


def converted(node: nodes.Element, *, as_block: bool) -> str:
    try:
        return norms(tex2mathml(braced(node.astext()), as_block=as_block))
    except MathError as error:
        logger.warning("%s in the formula %s", error, node.astext(), location=node)
        return ""


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
