"""The documentation is whole: docstrings do what they show, and every public name is there.

That its pages do what they show is tested in docs/runs/.
"""

import ast
import doctest
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import matplotlib
import pytest

import convexden
from convexden.theorems import registry

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
GALLERY = sorted((DOCS / "examples").glob("plot_*.py"))
MODULES = [
    module.name
    for module in pkgutil.walk_packages(convexden.__path__, "convexden.")
    if ">>>" in Path(module.module_finder.find_spec(module.name).origin).read_text("utf-8")
]

matplotlib.use("agg")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


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
