"""What the documentation shows is what happens.

Every page of docs/ and the README is a script: its ``python`` blocks run in order, in one namespace
and one folder.  A ``text`` block right behind one is what it prints.  In ``console`` blocks,
``$ cat FILE`` shows a file that the next commands find, ``$ convexden ...`` runs the command line
with the output below it, and ``$ echo $?`` is its exit status, 0 where it is not asked for.  In
outputs ``...`` stands for anything.
"""

import ast
import contextlib
import doctest
import io
import pkgutil
import re
import shlex
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import pytest

import convexden
from convexden import theorems
from convexden.cli import main
from convexden.theorems import registry

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(set(DOCS.rglob("*.md")) - set(DOCS.glob("_build/**/*.md")))]
GALLERY = sorted((DOCS / "examples").glob("plot_*.py"))
BLOCK = re.compile(
    r"^```(\w+)\n(.*?)^```\n(?=(?:\n```text\n(.*?)^```$)?)", re.DOTALL | re.MULTILINE
)
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


def assert_output(expected: str, found: str, flags: int = 0) -> None:
    flags |= doctest.ELLIPSIS
    checker = doctest.OutputChecker()
    example = doctest.Example("", expected)
    assert checker.check_output(example.want, found, flags), checker.output_difference(
        example, found, flags
    )


def run_python(code: str, page: Path, names: dict) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, name_of(page), "exec"), names)
    return output.getvalue()


def run_console(block: str) -> None:
    status = 0
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        program, *arguments = shlex.split(command)
        if program == "cat":
            Path(*arguments).write_text(shown)
        elif command == "echo $?":
            assert int(shown) == status, command
            status = 0
        else:
            assert program == "convexden", f"the tests cannot run `{command}`"
            assert status == 0, "a command ended with a status that the page does not show"
            status, output = run_command(arguments)
            assert_output(shown, output, doctest.NORMALIZE_WHITESPACE)
    assert status == 0, block


def run_command(arguments: list[str]) -> tuple[int, str]:
    output = io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        pytest.raises(SystemExit) as caught,
    ):
        main(arguments)
    return int(caught.value.code or 0), output.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_does_what_it_shows(page: Path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "__main__"}
    for language, code, printed in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            output = run_python(code, page, names)
            if printed:
                assert_output(printed, output)
        elif language == "console":
            run_console(code)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module: str):
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def test_every_theorem_has_a_page(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    import_module("theorem_pages").write_pages(SimpleNamespace(srcdir=tmp_path))
    index = (tmp_path / "theorems" / "index.rst").read_text()
    for name, theorem in registry.items():
        page = (tmp_path / "theorems" / f"{name}.rst").read_text()
        assert f"{theorem.closed_form.__module__}.closed_form" in page
        assert theorem.statement in page
        if theorem.kind == "theorem":
            assert "confirmed" in page
            assert "refuted" not in page.replace("ok refuted open", "")
        assert (tmp_path / "theorems" / f"{name}.png").exists()
        assert f":doc:`{name}`" in index


def test_every_public_name_is_in_the_reference():
    listed = re.findall(
        r"^ +~?convexden\.(\w+)$", (DOCS / "api" / "index.md").read_text(), re.MULTILINE
    )
    assert set(convexden.__all__) - {"__version__"} <= set(listed)
    assert len(listed) == len(set(listed))


def test_gallery_has_its_examples():
    assert len(GALLERY) >= 17


@pytest.mark.parametrize("script", GALLERY, ids=name_of)
def test_gallery_script_is_one(script: Path):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    title, line, *_ = (ast.get_docstring(tree) or "").splitlines()
    assert len(title) == len(line)
    assert set(line) == {"="}
