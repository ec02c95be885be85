"""The command flow: limits, pictures, and one line for bad input."""

from pathlib import Path

import numpy as np
import pytest

from convexden.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, capsys) -> Path:
    """A folder of its own with a denoiser of two rays, one in space, and some starts."""
    monkeypatch.chdir(tmp_path)
    Path("rays.csv").write_text("0,0\n1,0\n0,2\n")
    Path("space.csv").write_text("0,0,0\n1,0,0\n0,2,0\n0,0,1\n")
    Path("starts.csv").write_text("0.1,0.2\n0.9,1.8\n0.5,0\n")
    for name in ("rays", "space"):
        call("solve", f"{name}.csv", "--radius", "0.2", "--output", f"{name}.json", "--quiet")
    Path("map.csv").write_text("0\n1\n2\n")
    call("solve", "rays.csv", "--targets", "map.csv", "--output", "map.json", "--quiet")
    capsys.readouterr()
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def test_limits_of_given_starts(capsys):
    assert call("flow", "rays.json", "--starts", "starts.csv") == 0
    output = capsys.readouterr().out
    for words in ("0 0", "1 2", "0.5 0", "clean", "virtual", "other", "33.3%"):
        assert words in output


def test_noise_and_draws(capsys):
    assert call("flow", "space.json", "--noise", "0.3", "--draws", "400", "--seed", "2") == 0
    first = capsys.readouterr().out
    assert "clean" in first
    assert "virtual" in first
    assert call("flow", "space.json", "--noise", "0.3", "--draws", "400", "--seed", "2") == 0
    assert capsys.readouterr().out == first
    assert call("flow", "rays.json", "--time", "0.1", "--draws", "50") == 0
    assert "and 38 more" in capsys.readouterr().out


def test_picture(capsys, folder):
    assert call("flow", "rays.json", "--draws", "20", "--plot", "flow.png") == 0
    assert "20 trajectories" in capsys.readouterr().out
    assert (folder / "flow.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rays.json", "--starts", "space.csv"], "do not fit 2 inputs"),
        (["rays.json", "--starts", "none.csv"], "does not exist"),
        (["rays.json", "--starts", "starts.csv", "--draws", "3"], "give one of them"),
        (["rays.json", "--time", "-1"], "time is -1"),
        (["rays.json", "--noise", "-1"], "--noise is -1"),
        (["rays.json", "--plot", "flow.txt"], "end its name in"),
        (["space.json", "--plot", "flow.png"], "in a plane"),
        (["map.json"], "only a denoiser has a flow"),
        (["rays.csv"], "rays.csv"),
    ],
)
def test_bad_input_is_one_line(arguments, words, capsys):
    assert call("flow", *arguments) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith("convexden: ")
    assert error.count("\n") == 1
    assert words in error
    assert np.all([not Path(name).exists() for name in ("flow.png", "flow.txt")])
