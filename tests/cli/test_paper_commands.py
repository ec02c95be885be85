"""The commands train and mse: experiments of the paper."""

import json
from pathlib import Path

import pytest


@pytest.mark.slow  # ten seconds, of which half import PyTorch
def test_predicted_trained_and_certified(run) -> None:
    pytest.importorskip("torch")
    status, output, error = run(
        "train", "triangle.csv", "--samples", "2", "--epochs", "20", "--neurons", "8",
        "--weight-decay", "0.01", "--theorem", "acute-triangle", "--plot", "p.png", "--quiet",
    )  # fmt: skip
    assert (status, error) == (0, "")
    assert "offline" in output
    assert Path("p.png").exists()
    given = ("train", "triangle.csv", "--mode", "online", "--epochs", "5", "--samples", "1")
    status, output, _ = run(*given, "--json")
    assert status == 0
    (trained,) = json.loads(output, parse_constant=pytest.fail)["runs"]
    assert trained["excess"] is None  # without a fixed set of samples there is no optimum of it
    assert 0 <= trained["angle"] <= 90


@pytest.mark.parametrize(
    "given",
    [("--mode", "batch"), ("--theorem", "fermat"), ("--plot", "p.txt"), ("--weight-decay", "0")],
)
def test_bad_input_of_train(run, given: tuple[str, str]) -> None:
    status, _, error = run("train", "triangle.csv", *given)
    assert (status, error.count("\n")) == (2, 1)


def test_errors_of_finite_clusters(run) -> None:
    given = ("mse", "line.csv", "--noise", "0.1", "--noise", "0.2", "--number", "3", "--draws", "2")
    status, output, error = run(*given, "--plot", "errors.png", "--quiet")
    assert (status, error) == (0, "")
    assert "2 of 2" in output
    assert Path("errors.png").exists()
    errors = json.loads(run(*given, "--json")[1], parse_constant=pytest.fail)["errors"]
    assert [each["sigma"] for each in errors] == [0.1, 0.2]
    status, _, error = run("mse", "triangle.csv")
    assert status == 2
    assert "integrates on a line" in error
