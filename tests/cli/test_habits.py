"""What a command line is used to: help, completion, one document of JSON, files before words."""

import json
import os
from pathlib import Path

import pytest
from commands import assert_refused, convexden

from convexden.cli.progress import LiveLine, duration, limited


def test_the_bare_command_shows_help(run) -> None:
    status, output, error = run()
    assert (status, error) == (0, "")
    assert "Usage" in output
    assert run("-h") == (0, output, "")


@pytest.mark.parametrize(("words", "found"), [("convexden so", "solve"), ("convexden pl", "plot")])
def test_the_shell_is_told_what_may_follow(words: str, found: str) -> None:
    asked = {"_CONVEXDEN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "1"}
    done = convexden(env=asked)
    assert (done.returncode, done.stdout.split()) == (0, [found])


COMMANDS = {
    "solve triangle.csv --radius 0.3": "cost",
    "fit line.csv --targets line.csv --penalty 0.1": "penalty",
    "check solution.json": "verified",
    "check solution.json --unique": "minimizer",
    "plot solution.json p.png": "kind",
    "flow solution.json --draws 3": "limits",
    "samples triangle.csv --radius 0.2 --number 8 --draws 1": "cost",
    "map --triangles 10 --radius-fraction 0.5 --jobs 1": "structure",
    "prove solution.json": "lower",
    "theorems": "statement",
    "formulations": "text",
    "verify rays --instances 1": "verdict",
    "tour t.png": "solution",
}


@pytest.mark.parametrize(("command", "key"), COMMANDS.items())
def test_every_command_prints_one_document(run, command: str, key: str) -> None:
    if "solution.json" in command:
        run("solve", "triangle.csv", "--radius", "0.3", "--output", "solution.json", "--quiet")
    status, output, _ = run(*command.split(), "--json")
    document = json.loads(output, parse_constant=pytest.fail)  # no NaN, no Infinity
    assert status == 0
    assert key in (document[0] if isinstance(document, list) else document)


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("flow solution.json --draws 3 --plot p.png", "p.png"),
        ("samples triangle.csv --radius 0.2 --number 8 --draws 1 --quiet --plot p.png", "p.png"),
        ("tour p.png", "p.png"),
        ("verify rays --instances 1 --quiet --report r", "r/index.html"),
    ],
)
def test_files_are_written_before_anything_is_printed(
    run, monkeypatch, command: str, file: str
) -> None:
    run("solve", "triangle.csv", "--radius", "0.3", "--output", "solution.json", "--quiet")
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as closed, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", closed)
        status, _, error = run(*command.split())
    assert status == 3, error
    assert error.count("\n") == 1
    assert Path(file).stat().st_size


def test_a_backend_that_there_is_not_is_a_failure_outside() -> None:
    line = ("solve", "line.csv", "--radius", "0.1", "--quiet", "--plot", "p.png")
    found = convexden(*line, env={"MPLBACKEND": "nonsense"})
    assert found.returncode == 3, found.stderr
    assert found.stderr.count("\n") == 1
    assert "unset MPLBACKEND" in found.stderr
    assert found.stdout == ""


def test_latex_that_is_not_there_is_a_failure_outside(run, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to process string with tex because latex could not be found")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    line = ("solve", "line.csv", "--radius", "0.1", "--quiet", "--plot", "p.png")
    status, _, error = run(*line)
    assert status == 3
    assert "text.usetex" in error
    assert error.count("\n") == 1


def test_latex_that_fails_while_a_picture_is_drawn_is_named_as_well(run, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("latex was not able to process the following string")

    run("solve", "line.csv", "--radius", "0.1", "--output", "line.json", "--quiet")
    for name in ("plotting.plane.draw", "plotting.line.draw"):
        monkeypatch.setattr(f"convexden.{name}", fail)
    status, _, error = run("plot", "line.json", "p.png")
    assert status == 3
    assert "text.usetex" in error
    assert error.count("\n") == 1


def test_an_error_that_nobody_thought_of_is_no_verdict(run, monkeypatch) -> None:
    import convexden.data

    monkeypatch.setattr(convexden.data, "read_problem", lambda *_, **__: 1 / 0)
    status, output, error = run("solve", "line.csv")
    assert (status, output) == (3, "")
    assert error.splitlines()[-1].startswith("convexden: unexpected ZeroDivisionError")


def test_pictures_for_a_paper(run) -> None:
    run("solve", "line.csv", "--radius", "0.1", "--output", "line.json", "--quiet")
    assert run("plot", "line.json", "p.png", "--paper", "1")[0] == 0
    assert Path("p.png").stat().st_size
    assert_refused(run("plot", "line.json", "p.png", "--paper", "3"), "Invalid value for '--paper'")


def test_the_time_that_is_left(monkeypatch) -> None:
    now = 100.0
    said: list[str] = []
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr(LiveLine, "show", lambda _, text: said.append(text))
    line = LiveLine()
    line.count(40, 100, "40 of 100")  # of an earlier run
    now = 110.0
    line.count(50, 100, "50 of 100")
    line.count(100, 100, "done")
    assert said == ["40 of 100", "50 of 100, about 50 s left", "done"]
    assert [duration(s) for s in (0.2, 89, 120, 3 * 3600)] == ["1 s", "89 s", "2 min", "3 h"]
    assert (limited(5, None), limited(5, 20)) == ("", ", at most 15 s left")
