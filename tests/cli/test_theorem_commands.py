"""The commands `verify`, `theorems`, `formulations` and `tour`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from commands import assert_refused

from convexden import formulations

ROOT = Path(__file__).resolve().parents[2]


def test_verify_confirms_a_theorem_and_stores_it(run):
    status, output, error = run(
        "verify", "univariate", "--instances", "1", "--seed", "3", "--json", "out.json", "--quiet"
    )
    assert status == 0, output + error
    assert "univariate" in output
    (record,) = json.loads(Path("out.json").read_text())
    assert set(record) >= {
        "theorem",
        "instance",
        "verdict",
        "closed_form_cost",
        "cost",
        "lower_bound",
        "relative_gap",
        "relative_excess",
        "sup_distance",
        "seconds",
    }
    assert (record["verdict"], record["proof"]) == ("confirmed", "closed-form dual")
    assert record["sup_distance"] is None


def test_verify_solves_where_it_is_asked_to(run):
    options = ("--instances", "1", "--json", "out.json", "--quiet")
    status, output, error = run("verify", "rays", "--solve", *options)
    assert status == 0, output + error
    (record,) = json.loads(Path("out.json").read_text())
    assert (record["verdict"], record["proof"]) == ("confirmed", "solved")
    assert record["sup_distance"] < 1e-9


def test_verify_refutes_a_conjecture_and_exits_0(run):
    status, output, error = run("verify", "equilateral-beyond", "--instances", "1", "--quiet")
    assert status == 0, output + error
    assert "finding: equilateral-beyond" in output


def test_verify_without_scikit_learn_leaves_out_the_images(run, monkeypatch):
    from convexden import theorems

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    few = {name: theorems.registry[name] for name in ("univariate", "images")}
    monkeypatch.setattr(theorems, "registry", few)
    status, output, error = run("verify", "--instances", "1", "--quiet")
    assert status == 0, output + error
    assert "univariate" in output
    assert "convexden: images is left out" in error
    assert_refused(run("verify", "images"), 'pip install "convexden[images]"')


def test_formulations_are_listed(run):
    status, output, _ = run("formulations")
    assert status == 0
    for entry in formulations.registry.values():
        assert f"{entry.name}: {entry.title} ({entry.kind})" in output


def test_what_is_not_certified_is_not_verified_twice(run, monkeypatch):
    monkeypatch.setattr("convexden.verification.verify_certificate", None)
    options = ("--radius", "0.1", "--formulation", "ramps", "--quiet")
    status, _, error = run("solve", "triangle.csv", *options)
    assert status == 1
    assert "ramps alone are an upper bound" in error


def test_theorems_are_listed(run):
    status, output, _ = run("theorems")
    assert status == 0
    assert "univariate" in output


def test_help_and_version(run):
    for arguments in (["--help"], ["--version"], ["solve", "--help"]):
        status, output, _ = run(*arguments)
        assert status == 0
        assert "convexden" in output
    assert run()[0] == 0


def test_the_module_is_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "convexden", "solve", "none.csv", "--radius", "1"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert_refused((result.returncode, result.stdout, result.stderr), "does not exist")


def test_the_tour_tells_the_whole_story(run, folder):
    status, out, err = run("tour")
    assert status == 0
    assert err == ""
    chapters = re.findall(r"^(\d)\. The (\w+ ?\w*)$", out, re.MULTILINE)
    titles = ["problem", "convex program", "certificate", "pieces", "alignment", "picture"]
    assert chapters == [(str(n), title) for n, title in enumerate(titles, 1)]
    for part in ("6.082050158", "6.082050434", "verified", "7 fixed points", "tilted"):
        assert part in out
    assert max(len(line) for line in out.splitlines()) <= 88
    assert (folder / "convexden-tour.png").read_bytes().startswith(b"\x89PNG")


def test_the_tour_refuses_what_is_no_picture(run, folder):
    before = set(folder.iterdir())
    assert_refused(run("tour", "story.txt"), "end its name in .png, .pdf or .svg")
    assert set(folder.iterdir()) == before
