"""The proofs of the findings that come with the documentation, checked by the checker alone."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from convexden.proofs import checker
from convexden.theorems import equilateral

FOLDER = Path(__file__).parents[2] / "docs" / "proofs"
FILES = sorted(path.name for path in FOLDER.glob("*.json"))


def _words(name):
    """What the checker prints about a file, without anything of the project."""
    run = subprocess.run(
        [sys.executable, "-I", "-S", checker.__file__, str(FOLDER / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_there_are_files():
    assert len(FILES) >= 7


@pytest.mark.parametrize("name", FILES)
def test_the_checker_accepts_them(name):
    words = _words(name)
    assert words.startswith("proven: ")
    kind = json.loads((FOLDER / name).read_text(encoding="utf-8"))["kind"]
    assert ("the claim costs more" in words) == (kind == "refuted")


def test_the_scalene_triangle_is_off_in_the_eighth_digit():
    lower, upper, words = checker.check(
        json.loads((FOLDER / "scalene-triangle.json").read_text(encoding="utf-8"))
    )
    excess = float(words.split("costs more by ")[1].split()[0])
    assert 1e-8 < excess / float(upper) < 1e-7
    assert (upper - lower) / upper < Fraction(2, 10**11)


def test_the_threshold_of_the_regular_simplices_is_enclosed():
    for dimension, name in ((2, "triangle"), (3, "simplex")):
        radii = {}
        for side in ("below", "above"):
            path = FOLDER / f"{name}-{side}-threshold.json"
            document = json.loads(path.read_text(encoding="utf-8"))
            assert document["kind"] == ("optimum" if side == "below" else "refuted")
            radii[side] = document["radii"][0] / ((dimension + 1) / dimension) ** 0.5 * 2
        assert radii["below"] < equilateral.threshold(dimension) < radii["above"]
        assert radii["above"] / radii["below"] < 1.0021
