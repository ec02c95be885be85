"""Runs a page of the documentation, and compares what it prints with what it shows.

A page is a script: its ``python`` blocks run in order, in one namespace and one folder.  A ``text``
block right behind one is what it prints.  In ``console`` blocks, ``$ cat FILE`` shows a file that
the next commands find, ``$ convexden ...`` runs the command line with the output below it, and
``$ echo $?`` is its exit status, 0 where it is not asked for.  In outputs ``...`` stands for
anything.
"""

import contextlib
import doctest
import io
import re
import shlex
from pathlib import Path

import pytest

from convexden.cli import main

BLOCK = re.compile(
    r"^```(\w+)\n(.*?)^```\n(?=(?:\n```text\n(.*?)^```$)?)", re.DOTALL | re.MULTILINE
)


def run_page(page: Path) -> dict:
    """In the current folder; the names that its Python code leaves behind."""
    names: dict = {"__name__": "__main__"}
    for language, code, printed in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            output = run_python(code, page, names)
            if printed:
                assert_output(printed, output)
        elif language == "console":
            run_console(code)
    return names


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
        exec(compile(code, page.name, "exec"), names)
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
