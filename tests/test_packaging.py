"""What is installed, and what an import costs."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def python(*arguments: str) -> str:
    """Output of a fresh interpreter that sees the package under test."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_solvers_is_a_link_in_the_working_tree():
    assert Path(os.readlink(ROOT / "convexden" / "solvers")).as_posix() == "../solvers"


def test_every_package_is_named():
    folders = [*ROOT.glob("convexden/**/__init__.py"), *ROOT.glob("solvers/**/__init__.py")]
    found = set()
    for file in folders:
        parts = file.parent.relative_to(ROOT).parts
        found.add(".".join(("convexden", *parts) if parts[0] == "solvers" else parts))
    assert found == set(PYPROJECT["tool"]["setuptools"]["packages"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy, so that a stale build folder cannot add to it."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("convexden", "solvers"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignore)
    result = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", copy / "dist", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode and "setuptools" in result.stderr and "No matching" in result.stderr:
        pytest.skip("the build needs setuptools from PyPI, which cannot be reached")
    assert result.returncode == 0, result.stdout + result.stderr
    (file,) = (copy / "dist").glob("*.whl")
    return file


@pytest.mark.slow
def test_wheel_installs_nothing_but_convexden(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"convexden"}
    expected = {f"convexden/{name}" for name in ("py.typed", "__init__.pyi", "proofs/line.v")}
    for folder in ("report/html/templates", "storage/schemas"):
        files = (ROOT / "convexden" / folder).iterdir()
        expected |= {f"convexden/{folder}/{file.name}" for file in files}
    for folder, package in (("convexden", "convexden"), ("solvers", "convexden/solvers")):
        for file in (ROOT / folder).rglob("*.py"):
            expected.add(f"{package}/{file.relative_to(ROOT / folder).as_posix()}")
    assert {name for name in names if name.startswith("convexden/")} == expected


@pytest.mark.slow
def test_wheel_states_name_license_and_script(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.split("/")[0] for name in archive.namelist() if "dist-info" in name}
        metadata = archive.read(f"{folder}/METADATA").decode()
        scripts = archive.read(f"{folder}/entry_points.txt").decode()
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata
    for extra in ("images", "sklearn", "train", "peers", "cluster", "docs", "test"):
        assert f"Provides-Extra: {extra}" in metadata
    assert "convexden = convexden.cli:main" in scripts


def test_import_loads_nothing_heavy():
    code = "import sys, convexden; print(*sys.modules)"
    assert not {"numpy", "scipy", "cvxpy", "matplotlib"} & set(python("-c", code).split())


def test_public_names_exist():
    python("-c", "import convexden; [getattr(convexden, name) for name in convexden.__all__]")


def test_verification_does_not_load_cvxpy():
    code = "import sys, convexden as c; c.verify_certificate, c.load; print(*sys.modules)"
    loaded = set(python("-c", code).split())
    assert not [name for name in loaded if name.startswith(("cvxpy", "clarabel"))]
    assert not [name for name in loaded if name.startswith("convexden.solv")]


def test_training_loads_pytorch_and_the_solvers_when_it_trains_only():
    code = "import sys, convexden as c; c.training.train, c.training.compare; print(*sys.modules)"
    assert not {"torch", "cvxpy", "clarabel", "matplotlib"} & set(python("-c", code).split())


def test_help_loads_nothing_heavy():
    code = "import sys; from convexden.cli import main\n"
    code += "try: main(['solve', '--help'])\nexcept SystemExit: print(*sys.modules)"
    assert not {"numpy", "scipy", "cvxpy", "matplotlib"} & set(python("-c", code).split())


def test_tables_load_neither_templates_nor_docutils():
    code = "import sys, convexden as c; c.report.solution_table; print(*sys.modules)"
    assert not {"jinja2", "docutils", "fastjsonschema"} & set(python("-c", code).split())


def test_version_stands_in_one_place():
    """The wheel has that of the package; the citation and the changelog say the same."""
    version = python("-m", "convexden", "--version").split()[-1]
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "convexden.__version__"
    }
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    heads = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", heads[1])
    dates = [date.fromisoformat(head.split(" - ")[1]) for head in heads[1:]]
    assert dates == sorted(dates, reverse=True)


def test_hosted_ci_runs_the_pythons_that_are_promised():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    label = "Programming Language :: Python :: 3."
    promised = [
        name.split()[-1] for name in PYPROJECT["project"]["classifiers"] if name.startswith(label)
    ]
    (listed,) = re.findall(r"^ +python: \[(.*)\]$", text, re.MULTILINE)
    assert re.findall(r"[\d.]+", listed) == promised
    assert PYPROJECT["project"]["requires-python"] == f">={promised[0]}"
    # A tag can be moved, but not by accident; a branch moves with every commit.
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", tag) for tag in re.findall(r"uses: .*@(.*)", text))
