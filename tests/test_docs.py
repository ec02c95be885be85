"""What the documentation shows is what happens: every page of docs/ runs (see `pages`)."""

import ast
import doctest
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import matplotlib
import pytest
from matplotlib.figure import Figure
from pages import run_page

import convexden
from convexden import theorems
from convexden.theorems import registry

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
# The README and the overview have tests of their own, which run them.
OWN = {DOCS / "howto" / "overview.md"}
PAGES = sorted(set(DOCS.rglob("*.md")) - set(DOCS.glob("_build/**/*.md")) - OWN)
GALLERY = sorted((DOCS / "examples").glob("plot_*.py"))
MODULES = [
    module.name
    for module in pkgutil.walk_packages(convexden.__path__, "convexden.")
    if ">>>" in Path(module.module_finder.find_spec(module.name).origin).read_text("utf-8")
]

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def registered():
    """What a page registers is gone after it."""
    before = dict(theorems._REGISTERED)
    yield
    theorems._REGISTERED.clear()
    theorems._REGISTERED.update(before)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Pages that take five seconds or more; the findings take a minute and a half.
SLOW = {"findings.md", "command-line.md", "look.md", "search.md", "regularize.md"}
SLOW |= {"tasks.md", "images.md", "paper.md", "sweeps.md"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] * (page.name in SLOW), id=name_of(page))
        for page in PAGES
    ],
)
def test_page_does_what_it_shows(page: Path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_page(page)


def test_research_tasks_take_ten_lines_each():
    page = (DOCS / "howto" / "tasks.md").read_text(encoding="utf-8")
    sections = page.split("\n## ")[1:]
    assert len(sections) == 6
    for section in sections:
        (code,) = re.findall(r"^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        assert len([line for line in code.splitlines() if line]) <= 10


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module: str):
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


# A theorem, a conjecture that is refuted, and one that is too large to be drawn.
STATUSES = {
    "rays": "Theorem",
    "face-aligned": "Conjecture, refuted",
    "face-aligned-tetrahedron": "Conjecture, open",
}


@pytest.mark.slow
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


def test_every_theorem_states_its_range():
    assert all(theorem.scope for theorem in registry.values())


def test_every_public_name_is_in_the_reference():
    listed = re.findall(
        r"^ +~?convexden\.(\w+)$", (DOCS / "api" / "index.md").read_text(), re.MULTILINE
    )
    for name in set(convexden.__all__) - {"__version__"}:
        public = getattr(convexden, name)
        # The modules of a package are on the pages of the package.
        place = public.__name__.split(".")[1] if isinstance(public, ModuleType) else name
        assert place in listed
    assert len(listed) == len(set(listed))


def test_gallery_has_its_examples():
    assert len(GALLERY) >= 17


@pytest.mark.parametrize("script", GALLERY, ids=name_of)
def test_gallery_script_is_one(script: Path):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    title, line, *_ = (ast.get_docstring(tree) or "").splitlines()
    assert len(title) == len(line)
    assert set(line) == {"="}
