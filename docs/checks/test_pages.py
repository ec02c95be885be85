"""What a page of HTML refers to is there, and nothing is loaded from elsewhere."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src"}
SILENT = {"script", "style", "math", "pre", "code", "title"}
IN_STYLE = re.compile(r"@import\s+(?:url\()?[\"']?([^\"')\s]+)|url\(\s*[\"']?([^\"')]+)")
TEX = re.compile(r"\\(?:frac|sum|le|ge|top|rho|sigma|lambda|text|max|min)\b|\$\$|\\\(|\\\[")


class Page(HTMLParser):
    """Links, anchors, what is loaded, images without words, and text outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.wordless: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in LOADED and found.get(LOADED[tag]):
            self.loaded.append(found[LOADED[tag]])
        if tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon", "shortcut icon"):
            self.loaded.append(found["href"])
        if tag == "img" and not (found.get("alt") or "").strip():
            self.wordless.append(found.get("src", "?"))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if not SILENT & set(self._open):
            self.text += data


@cache
def read(page: Path) -> Page:
    return Page(page.read_text(encoding="utf-8"))


def place(page: Path, reference: str) -> tuple[Path, str] | None:
    """The file and the anchor that a reference leads to; None if they are elsewhere."""
    parts = urlsplit(reference)
    if parts.scheme or parts.netloc:
        return None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return target, unquote(parts.fragment)


def test_links_lead_somewhere(page):
    dead = []
    for link in read(page).links:
        found = place(page, link)
        if found is None:
            continue
        target, anchor = found
        there = target.is_file()
        if there and anchor and target.suffix == ".html":
            there = anchor in read(target).anchors
        if not there:
            dead.append(link)
    assert dead == []


def test_nothing_is_loaded_from_elsewhere(page):
    for reference in read(page).loaded:
        if not reference.startswith("data:"):
            found = place(page, reference)
            assert found is not None, reference
            assert found[0].is_file(), reference


def test_images_have_words(page):
    assert read(page).wordless == []


def test_formulas_are_rendered(page):
    assert TEX.findall(read(page).text) == []


def test_styles_load_nothing_from_elsewhere(pytestconfig):
    for sheet in pytestconfig.getoption("--site").rglob("*.css"):
        for pair in IN_STYLE.findall(sheet.read_text(encoding="utf-8")):
            reference = "".join(pair)
            assert not reference.startswith(("http:", "https:", "//")), f"{sheet}: {reference}"
