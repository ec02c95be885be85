"""The inner loop: `nox -s tests -- solvers` runs the tests of one folder in seconds.

Sessions run in the environment that nox itself is in, which the README's second command makes, so
that nothing is installed or copied first: ``.venv/bin/nox -s lint``.
"""

import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.3"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "tests"]

ROOT = Path(__file__).parent
# One thread per process: the tests run in parallel.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(session: nox.Session, tool: str, *arguments: str) -> None:
    """Run a tool of this environment, which need not be activated."""
    found = shutil.which(tool, path=str(Path(sys.executable).parent))
    if found is None:
        session.error(f'{tool} is not here: python -m pip install --editable ".[images,test,docs]"')
    session.run(found, *arguments, env=THREADS, external=True)


def selected(arguments: list[str]) -> list[str]:
    """Arguments of pytest, in which folders and files of tests/ go by their names."""
    return [
        f"tests/{argument}" if (ROOT / "tests" / argument).exists() else argument
        for argument in arguments
    ]


@nox.session
def tests(session: nox.Session) -> None:
    """The tests that are not slow, of all folders or of those given."""
    run(session, "pytest", "--quiet", "-m", "not slow", *selected(session.posargs))


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, mypy and the import contracts."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "mypy")
    run(session, "lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """The site, with its gallery and the verification of every theorem, and what pages show."""
    options = ("-j", "auto", "-W", "--keep-going", "-b", "html")
    run(session, "sphinx-build", *options, "docs", "docs/_build/html")
    run(session, "pytest", "--quiet", "-n", "auto", "docs/checks", "--site", "docs/_build/html")
    run(session, "pytest", "--quiet", "-n", "auto", "docs/runs")


@nox.session
def coverage(session: nox.Session) -> None:
    """All tests, or those given, and the share of lines and branches that they reach."""
    floor = ["--cov-fail-under=0"] if session.posargs else []  # the floor is that of all tests
    run(session, "pytest", "--quiet", "-n", "auto", "--cov", *floor, *selected(session.posargs))
