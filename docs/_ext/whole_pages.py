"""What Sphinx leaves open: dead links from sources to pages, and thumbnails without words."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

BACK = re.compile(r'<a class="viewcode-back" href="[^"#]*#([^"]*)">(.*?)</a>')
TITLE = re.compile(r'sphx-glr-thumbnail-title">(.*?)</div>', re.DOTALL)


def correct_links_back(app: Any, name: str, template: str, context: Any, tree: Any) -> None:
    """Of the links from a source to its documentation keep those whose end is there.

    ``viewcode`` makes them of every object that some page documents, also without an anchor.
    """
    if not name.startswith("_modules/convexden/"):
        return
    documented = app.env.domains.python_domain.objects

    def corrected(match: re.Match[str]) -> str:
        """The link to where the object is documented, if it is."""
        found = documented.get(match[1])
        if found is None:
            return ""
        place = app.builder.get_relative_uri(name, found.docname)
        return f'<a class="viewcode-back" href="{place}#{found.node_id}">{match[2]}</a>'

    context["body"] = BACK.sub(corrected, context["body"])


def describe_thumbnails(app: Any, tree: nodes.document) -> None:
    """A thumbnail of the gallery is described by the title below it."""
    for image in tree.findall(nodes.image):
        if image.get("alt") or "_thumb" not in image["uri"]:
            continue
        for following in image.findall(nodes.raw, descend=False, siblings=False, ascend=True):
            title = TITLE.search(following.astext())
            if title:
                image["alt"] = f"A small picture: {title[1].strip()}"
                break


def setup(app: Any) -> dict[str, bool]:
    app.connect("html-page-context", correct_links_back)
    app.connect("doctree-read", describe_thumbnails)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
