"""What the README promises runs."""

import json
import re
from pathlib import Path

import pytest
from pages import run_page

from convexden import save, solve
from convexden.data import triangle
from convexden.problem import denoising

PAGE = Path(__file__).resolve().parent.parent / "README.md"
README = PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_two_commands_do_the_set_up():
    assert [block.count("\n") for block in blocks("sh")] == [1, 1]


def test_python_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_page(PAGE)
    assert names["solution"].certified
    assert names["solution"].network(names["clean"] + 0.1) == pytest.approx(names["clean"])
    assert {path.name for path in tmp_path.iterdir()} == {"denoiser.json", "denoiser.pdf"}
    assert [fixed.stability for fixed in names["found"]].count("attracting") == 3
    assert names["counterexample"].found
    assert names["threshold"].threshold == pytest.approx(0.661390478, abs=1e-6)
    assert names["shapes"].certified.all()


def test_solution_file_has_the_keys_of_the_readme(tmp_path):
    save(solve(denoising(triangle([60, 60, 60]), radius=0.1)), tmp_path / "solution.json")
    (text,) = [block for block in blocks("text") if "convexden-solution" in block]
    document = json.loads((tmp_path / "solution.json").read_text())
    promised = re.findall(r'"(\w+)":', text)
    parts = ("problem", "network", "certificate", "versions")
    stored = [*document, *(key for part in parts for key in document[part])]
    assert set(promised) <= set(stored)
    assert set(document) <= set(promised)


def test_commands_and_options_of_the_readme_exist(capsys):
    from convexden.cli import main

    (text,) = [block for block in blocks("text") if "convexden solve" in block]
    for command in ("solve", "check", "plot", "verify", "theorems", "map", "samples", "tour"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        rows = re.findall(r"^\W*?(--[a-z]+)", capsys.readouterr().out, re.MULTILINE)
        offered = set(rows) - {"--help"}
        usage = re.split(r"^convexden ", text, flags=re.MULTILINE)
        (promised,) = [part for part in usage if part.startswith(command)]
        assert offered == set(re.findall(r"--[a-z]+", promised)), command
