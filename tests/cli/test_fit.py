"""The command fit, and results in other formats, as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import convexden as cd
from convexden.cli import main

CARS = ",speed,weight,distance\n0,4,1.5,2\n1,4,1.5,10\n2,7,1.25,4\n3,8,2.5,16\n4,9,2,10\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("cars.csv").write_text(CARS)
    Path("triangle.csv").write_text("x,y\n0,0\n2,0\n0.5,1.5\n")
    return tmp_path


@pytest.fixture
def run(capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        output, error = capsys.readouterr()
        return int(caught.value.code or 0), output, error

    return run


FIT = ("fit", "cars.csv", "--columns", "speed", "--targets", "distance", "--penalty", "2")


def test_a_fit_is_stored_and_checked(run) -> None:
    status, output, error = run(*FIT, "--quiet", "--output", "fit.json")
    assert status == 0
    assert "certified" in output
    assert error == ""
    stored = cd.load("fit.json")
    assert isinstance(stored, cd.RegularizedSolution)
    same = cd.regularize(([4, 4, 7, 8, 9], [2, 10, 4, 16, 10]), 2.0)
    assert stored.objective == same.objective
    assert cd.verify_regularized(stored).passed
    assert run("check", "fit.json")[0] == 0
    text = Path("fit.json").read_text()
    Path("fit.json").write_text(text.replace('"lower_bound": ', '"lower_bound": 1'))
    assert run("check", "fit.json")[0] == 1
    status, _, error = run("check", "fit.json", "--unique")
    assert (status, len(error.splitlines())) == (2, 1)


def test_weights_come_from_a_file(run) -> None:
    Path("weights.csv").write_text("1\n1\n2\n1\n0\n")
    status, output, _ = run(*FIT, "--quiet", "--weights", "weights.csv", "--json")
    assert status == 0
    same = cd.regularize(([4, 4, 7, 8], [2, 10, 4, 16]), 2.0, weights=[1, 1, 2, 1])
    assert json.loads(output)["objective"] == same.objective
    Path("weights.csv").write_text("1\n1\n")
    status, _, error = run(*FIT, "--weights", "weights.csv")
    assert status == 2
    assert "does not hold 5 weights" in error


def test_a_column_that_counts_is_named(run) -> None:
    _, _, error = run("fit", "cars.csv", "--targets", "distance", "--penalty", "2", "--quiet")
    assert "counts the rows and is left out" in error


@pytest.mark.parametrize("command", ["solve", "fit"])
def test_results_in_other_formats(run, command: str) -> None:
    options = ("solve", "triangle.csv") if command == "solve" else FIT
    status, output, error = run(*options, "--quiet", "--json")
    assert (status, error) == (0, "")
    Path("out.json").write_text(output)
    solution = cd.load("out.json")
    (record,) = csv.DictReader(io.StringIO(run(*options, "--quiet", "--format", "csv")[1]))
    assert float(record["cost"]) == pytest.approx(solution.cost)
    assert record["status"] == "certified"
    assert list(record) == list(solution.to_dict())
    output = run(*options, "--quiet", "--format", "latex")[1]
    assert output.startswith("\\begin{tabular}{lr}\n\\toprule\n")
    assert "lower bound & $" in output
    for wrong in (("--format", "xml"), ("--format", "csv", "--json")):
        status, output, error = run(*options, *wrong)
        assert (status, output, len(error.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("penalty", ["0", "-1", "nan"])
def test_bad_penalties_are_refused(run, penalty: str) -> None:
    status, output, error = run(*FIT[:-1], penalty)
    assert (status, output, len(error.splitlines())) == (2, "", 1)
    assert "--penalty is" in error


def test_verify_prints_json_without_a_file(run) -> None:
    for options in (("--json", "--quiet"), ("--quiet", "--json"), ("--json", "-")):
        status, output, _ = run("verify", "rays", "--instances", "1", *options)
        assert status == 0
        (record,) = json.loads(output)
        assert record["verdict"] == "confirmed"


@pytest.mark.parametrize(
    "line",
    [
        "solve line.csv --output line.csv",
        "solve triangle.csv --targets line.csv --output ./line.csv",
        "fit triangle.csv --targets line.csv --penalty 1 --output line.csv",
        "prove line.csv --output line.csv",
    ],
)
def test_no_file_is_written_over_what_is_read(run, line: str) -> None:
    Path("line.csv").write_text("0\n1\n3\n")
    status, _, error = run(*line.split())
    assert status == 2
    assert "is what is read: give another file" in error
    assert Path("line.csv").read_text() == "0\n1\n3\n"


def test_help_is_there_however_it_is_asked_for(run) -> None:
    status, output, error = run()
    assert (status, error) == (0, "")
    assert "solve" in output
    assert "fit" in output
    assert run("-h")[1] == run("--help")[1]
    assert run("fit", "-h")[1] == run("fit", "--help")[1]


def test_a_path_is_a_frame() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    path = cd.regularization_path(([0, 1, 2, 3], [0, 1, 0, 1]), [1.0, 0.1])
    frame = path.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["penalty"]) == [1.0, 0.1]


def test_without_pandas_there_is_a_line(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    path = cd.regularization_path(([0, 1, 2, 3], [0, 1, 0, 1]), [1.0], interpolate=False)
    with pytest.raises(cd.MissingDependency, match="pip install pandas"):
        path.to_frame()


CHARGED = ("--cost", "bias=0.5,no-skip,no-offset,origin=1", "--output", "fit.json", "--quiet")


def test_both_commands_take_another_cost(run) -> None:
    status, output, error = run(*FIT, *CHARGED)
    assert status == 0, error
    assert "no skip connection, no offset, biases times 0.5 from (1)" in output
    fit = cd.load("fit.json")
    assert fit.problem.cost == cd.Cost(skip=False, bias=0.5, origin=1, offset=False)
    assert run("check", "fit.json")[0] == 0
    Path("labels.csv").write_text("0\n1\n3\n")
    line = ("--targets", "labels.csv", "--cost", "l1,bias=1", "--quiet", "--output", "solved.json")
    status, output, error = run("solve", "triangle.csv", *line)
    assert status == 0, error
    assert "biases times 1, l1 norm" in output
    assert run("check", "solved.json")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("bais=1", "'bais=1' is not a word of it"),
        ("no-skip=1", "'no-skip=1' is not a word of it"),
        ("bias=x", "--cost: 'x' is not a number"),
        ("no-offset", "give bias > 0"),
        ("bias=1,origin=1:2", "2 coordinates and the centers 1"),
    ],
)
def test_words_of_a_cost_that_make_no_sense(run, words: str, message: str) -> None:
    status, output, error = run(*FIT, "--cost", words)
    assert (status, output) == (2, "")
    assert message in error
    assert len(error.strip().splitlines()) == 1
