"""HTML that is escaped by construction: whatever is no `Html` is text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | bool) -> Html:
    """An element; children and values of attributes that are no `Html` are escaped.

    Underscores in names of attributes stand for hyphens, and one at the end, as in ``class_``, is
    left out.  An attribute that is True has no value, one that is False or "" is left out.

    Examples
    --------
    >>> tag("a", "x < y", tag("b", "!"), href="?a&b", class_="math")
    '<a href="?a&amp;b" class="math">x &lt; y<b>!</b></a>'
    """
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for key, value in attributes.items()
        if value is not False and value != ""
    )
    if name in ("img", "br"):
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(parts: Iterable[str], separator: str = "") -> Html:
    """The parts one after the other, escaped unless they are `Html`."""
    return Html(
        separator.join(
            part if isinstance(part, Html) else escape(part, quote=False) for part in parts
        )
    )
