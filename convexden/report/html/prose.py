"""Docstrings and references for the page: reStructuredText as HTML, formulas as MathML."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

ARXIV = re.compile(r"(arXiv[ :](\d{4}\.\d{4,5}))")
SECTION = re.compile(r"^\w+\n-+$", re.MULTILINE)
# What docstrings put in single quotes are names, as in the documentation.
NAMES_ARE_CODE = ".. default-role:: code\n\n"
# MathML takes a bar within a formula for a relation, with room on both sides; a norm has none.
BAR = re.compile(r"(<mo\b[^>]*)>\|</mo>")
FRACTION = re.compile(r"(\\[dt]?frac)(\d)(\d)")
SETTINGS = {
    "math_output": "MathML",
    # A text is all that is converted: no directive reads a file or writes HTML of its own, and no
    # docutils.conf of the current folder allows it again.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    # What docutils does not know stands on the page as it is written; the tests find it.
    "report_level": 5,
    "halt_level": 5,
    # A statement is a part of a page: it has no title of its own, and no list of authors.
    "doctitle_xform": False,
    "docinfo_xform": False,
    "syntax_highlight": "none",
}


def statement(function: Callable[..., object], id_prefix: str = "") -> Markup:
    """What a docstring says before its first section.

    Parameters
    ----------
    function : callable
    id_prefix : str, optional
        How the ids of footnotes and such begin, so that they are unique on a page of several.
    """
    from docutils.core import publish_parts
    from docutils.writers.html5_polyglot import Writer
    from markupsafe import Markup

    text = SECTION.split(inspect.getdoc(function) or "", maxsplit=1)[0]
    parts = publish_parts(
        NAMES_ARE_CODE + braced(text),
        writer=Writer(),
        settings_overrides=SETTINGS | {"id_prefix": id_prefix},
    )
    return Markup(norms(parts["body"]))


def braced(tex: str) -> str:
    r"""TeX with ``\frac{1}{2}`` for ``\frac12``, whose digits docutils takes for one number."""
    return FRACTION.sub(r"\1{\2}{\3}", tex)


def norms(mathml: str) -> str:
    """MathML in which a bar has no room around it."""
    return BAR.sub(r'\1 form="prefix">|</mo>', mathml)


def reference_parts(reference: str) -> list[tuple[str, str]]:
    """A reference in pieces: texts, each with the number of the paper on arXiv that it names or "".

    Examples
    --------
    >>> reference_parts("Zeno et al. 2023, arXiv 2311.06748, Theorem 1")
    [('Zeno et al. 2023, ', ''), ('arXiv 2311.06748', '2311.06748'), (', Theorem 1', '')]
    """
    pieces = ARXIV.split(reference)  # text, then name, number, text again and again
    parts = [(pieces[0], "")]
    for name, number, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        parts += [(name, number), (text, "")]
    return [part for part in parts if part[0]]
