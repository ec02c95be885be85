"""Links that lead somewhere in the repository and on the site.

The pages of theorems and of the gallery are written when the site is built.  Where a page of
Markdown links to the file that such a page is made from, as ``../convexden/theorems/rays.py``, the
site links to the page.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import normpath, relpath
from typing import Any

LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+/(?:[\w-]+\.py)?)\)")
# Folders of files, and of the pages that are made from them.
MADE_FROM = {"../convexden/theorems": "theorems", "examples": "gallery"}


def link_to_pages(app: Any, name: str, source: list[str]) -> None:
    folder = Path(name).parent.as_posix()

    def page(match: re.Match[str]) -> str:
        """The link to the page that is made from a file, or the link as it is."""
        file = normpath(f"{folder}/{match[1]}")
        if file in MADE_FROM:
            return f"]({relpath(f'{MADE_FROM[file]}/index.rst', folder)})"
        place, _, script = file.rpartition("/")
        if place not in MADE_FROM:
            return match[0]
        stem = script.removesuffix(".py")
        if MADE_FROM[place] == "theorems":  # whose pages have the names of the command line
            stem = stem.replace("_", "-")
        return f"]({relpath(f'{MADE_FROM[place]}/{stem}.rst', folder)})"

    source[0] = LINK.sub(page, source[0])


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", link_to_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
