"""Docstrings and references as HTML."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from textwrap import dedent

from convexden.report.html.formulas import formula
from convexden.report.html.markup import Html, join, tag

ARXIV = re.compile(r"(arXiv[ :](\d{4}\.\d{4,5}))")
SECTION = re.compile(r"^\w+\n-+$", re.MULTILINE)
INLINE = re.compile(r":math:`([^`]+)`|``([^`]+)``|(?::\w+:)?`([^`]+)`|\*(\w[^*]*)\*", re.DOTALL)


def linked(reference: str) -> Html:
    """A reference, with links to arXiv."""
    parts = ARXIV.split(reference)  # text, then name, number, text again and again
    links = (
        tag("a", name, href=f"https://arxiv.org/abs/{number}", class_="tight")
        for name, number in zip(parts[1::3], parts[2::3], strict=True)
    )
    return join(part for text in parts[::3] for part in (text, next(links, Html())))


def statement(function: Callable[..., object]) -> Html:
    """What a docstring says before its first section."""
    text = SECTION.split(inspect.getdoc(function) or "", maxsplit=1)[0]
    text = re.sub(r"^\.\. math::\s+", ".. math:: ", text.strip(), flags=re.MULTILINE)
    return join((_block(block) for block in re.split(r"\n\s*\n", text)), "\n")


def _block(text: str) -> Html:
    """A paragraph, a list or a formula."""
    if text.startswith(".. math::"):
        tex = " ".join(text.removeprefix(".. math::").split())
        lines = [tex] if r"\begin" in tex else tex.replace("&", "").split(r"\\")
        shown = [formula(line.strip(), display=True) for line in lines]
        return tag("p", join(shown, tag("br")), class_="formula")
    if text.startswith("* "):
        items = re.split(r"^\* ", text, flags=re.MULTILINE)[1:]
        return tag("ul", *(tag("li", _inline(dedent(item))) for item in items))
    return tag("p", _inline(text))


def _inline(text: str) -> Html:
    """Text with the marks of reStructuredText that docstrings use."""
    parts: list[str] = []
    end = 0
    for match in INLINE.finditer(text):
        tex, literal, role, emphasis = match.groups()
        parts.append(text[end : match.start()])
        if tex:
            parts.append(formula(tex))
        else:
            parts.append(tag("em", emphasis) if emphasis else tag("code", literal or role))
        end = match.end()
    return join([*parts, text[end:]])
