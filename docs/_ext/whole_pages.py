"""What Sphinx leaves open: dead links from sources to pages, and thumbnails without words."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

TITLE = re.compile(r'sphx-glr-thumbnail-title">(.*?)</div>', re.DOTALL)


def drop_dead_links(app: Any) -> list[Any]:
    """Of the links from a module's source to its documentation keep those whose end is there.

    ``viewcode`` makes them of every object that some page documents, also without an anchor, or
    under its public name.
    """
    documented = app.env.domains.python_domain.objects
    for entry in getattr(app.env, "_viewcode_modules", {}).values():
        if not entry:  # a module without source
            continue
        _, _, used, public = entry
        for name in list(used):
            found = documented.get(f"{public}.{name}")
            if found is None:
                del used[name]
            else:
                used[name] = found.docname
    return []


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
    app.connect("html-collect-pages", drop_dead_links, priority=100)  # before viewcode writes them
    app.connect("doctree-read", describe_thumbnails)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
