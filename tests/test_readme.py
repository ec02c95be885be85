"""What the README promises runs, and so do the pages that it was once a part of."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from pages import run_page

from convexden import save, solve
from convexden.data import triangle
from convexden.problem import denoising

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
HOWTO = ROOT / "docs" / "howto"


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_two_commands_do_the_set_up():
    assert [block.count("\n") for block in blocks(README, "sh")] == [1, 1]


def test_it_fits_on_a_screen():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 64


def test_ten_lines_of_python_print_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(README, "python")
    assert len([line for line in code.splitlines() if line]) <= 10
    assert run_page(README)["solution"].certified
    assert not list(tmp_path.iterdir())


def test_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text(encoding="utf-8"))
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.slow
def test_the_overview_in_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_page(HOWTO / "overview.md")
    assert names["solution"].certified
    assert names["solution"].network(names["clean"] + 0.1) == pytest.approx(names["clean"])
    assert {path.name for path in tmp_path.iterdir()} == {"denoiser.json", "denoiser.pdf"}
    assert [fixed.stability for fixed in names["found"]].count("attracting") == 3
    assert names["counterexample"].found
    assert names["threshold"].threshold == pytest.approx(0.661390478, abs=1e-6)
    assert names["shapes"].certified.all()


def test_solution_file_has_the_keys_of_its_page(tmp_path):
    save(solve(denoising(triangle([60, 60, 60]), radius=0.1)), tmp_path / "solution.json")
    document = json.loads((tmp_path / "solution.json").read_text())
    text, of_images = blocks(HOWTO / "files.md", "json")
    promised = json.loads(text)
    assert set(promised) == set(document)
    for part in ("problem", "network", "certificate"):
        assert set(promised[part]) == set(document[part])
    images = np.random.default_rng(0).random((3, 64))
    save(solve(denoising(images, radius=0.1)), tmp_path / "images.json")
    document = json.loads((tmp_path / "images.json").read_text())
    promised = json.loads(of_images)
    assert set(promised["span"]) == set(document["span"])
    for part in ("network", "certificate"):
        assert set(promised[part]["in_span"]) == set(document[part]["in_span"])


def test_commands_and_options_of_the_page_exist(capsys):
    from convexden.cli import main

    (text,) = [
        block
        for block in blocks(HOWTO / "command-line.md", "text")
        if block.startswith("convexden solve")
    ]
    for command in (
        *("solve", "fit", "check", "prove", "plot", "flow", "verify"),
        *("theorems", "map", "samples", "sweep", "tour", "train", "mse", "memorize", "virtual"),
    ):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        rows = re.findall(r"^\W*?(--[a-z]+)", capsys.readouterr().out, re.MULTILINE)
        offered = set(rows) - {"--help"}
        usage = re.split(r"^convexden ", text, flags=re.MULTILINE)
        (promised,) = [part for part in usage if part.startswith(command)]
        assert offered == set(re.findall(r"--[a-z]+", promised)), command
