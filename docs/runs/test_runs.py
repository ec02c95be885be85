"""What the documentation shows is what happens: every page of docs/ runs (see `pages`).

``pytest docs/runs`` is a part of the documentation's build, and takes some minutes.
"""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import pytest
from matplotlib.figure import Figure
from pages import run_page

from convexden import theorems
from convexden.theorems import registry

DOCS = Path(__file__).resolve().parent.parent
# The overview has a test of its own, with the README.
OWN = {DOCS / "howto" / "overview.md"}
PAGES = sorted(set(DOCS.rglob("*.md")) - set(DOCS.glob("_build/**/*.md")) - OWN)

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def registered():
    """What a page registers is gone after it."""
    before = dict(theorems._REGISTERED)
    yield
    theorems._REGISTERED.clear()
    theorems._REGISTERED.update(before)


@pytest.mark.timeout(900)  # the findings take a minute and a half
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=page.relative_to(DOCS).as_posix()) for page in PAGES],
)
def test_page_does_what_it_shows(page: Path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_page(page)


# A theorem, a conjecture that is refuted, and one that is too large to be drawn.
STATUSES = {
    "rays": "Theorem",
    "face-aligned": "Conjecture, refuted",
    "face-aligned-tetrahedron": "Conjecture, open",
}


def test_theorems_have_pages(tmp_path, monkeypatch):
    """On one instance each, and without drawing: the build of the documentation writes all."""
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **options: Path(file).touch())
    monkeypatch.syspath_prepend(DOCS / "_ext")
    pages = import_module("theorem_pages")
    monkeypatch.setattr(pages, "INSTANCES", 1)
    monkeypatch.setattr(pages, "CANDIDATES", 1)
    monkeypatch.setattr(pages, "registry", {name: registry[name] for name in STATUSES})
    pages.write_pages(SimpleNamespace(srcdir=tmp_path, parallel=1))
    index = (tmp_path / "theorems" / "index.rst").read_text()
    for name, status in STATUSES.items():
        page = (tmp_path / "theorems" / f"{name}.rst").read_text()
        assert f":Status: **{status}**" in page
        assert f"{registry[name].closed_form.__module__}.closed_form" in page
        assert registry[name].statement in page
        assert ("confirmed" in page) == (status != "Conjecture, refuted")
        # A drawing shows no more than a plane.
        drawn = (tmp_path / "theorems" / f"{name}.png").exists()
        assert drawn == (name != "face-aligned-tetrahedron")
        assert f":doc:`{name}`\n     - {status}" in index
