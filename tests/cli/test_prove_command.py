"""The command prove, and check for proof files."""

from __future__ import annotations

import json

import pytest

import convexden as cd
from convexden.cli import main

POINTS = [[0.0, 0.0], [1.0, 0.0], [0.4, 0.9]]


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "solution.json"
    cd.save(cd.solve(cd.denoising(POINTS, radius=0.1)), path)
    return path


def test_a_proof_is_written_and_checked(stored, tmp_path, capsys):
    proof = tmp_path / "proof.json"
    code, out, err = run(capsys, "prove", stored, "--output", proof, "--width", "1e-10", "--quiet")
    assert code == 0
    assert out.startswith("proven")
    assert not err
    code, out, _ = run(capsys, "check", proof)
    assert code == 0
    assert out.startswith("proven")


def test_a_width_that_is_not_reached_gives_1_and_the_best(stored, tmp_path, capsys):
    proof = tmp_path / "proof.json"
    code, _, err = run(capsys, "prove", stored, "--output", proof, "--width", "1e-18", "--quiet")
    assert code == 1
    assert err.count("\n") == 1
    assert "best relative width" in err
    assert run(capsys, "check", proof)[0] == 0


def test_a_changed_proof_gives_1_and_one_line(stored, tmp_path, capsys):
    proof = tmp_path / "proof.json"
    run(capsys, "prove", stored, "--output", proof, "--quiet")
    document = json.loads(proof.read_text(encoding="utf-8"))
    document["delta"] = "-1/1000"
    proof.write_text(json.dumps(document), encoding="utf-8")
    code, _, err = run(capsys, "check", proof)
    assert code == 1
    assert err.startswith("convexden: not proven")
    assert err.count("\n") == 1
    proof.write_text('{"format": "convexden-proof"}', encoding="utf-8")
    assert run(capsys, "check", proof)[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["prove", "nothing.json"],
        ["prove", "{stored}", "--width", "0"],
        ["prove", "{stored}", "--jobs", "0"],
        ["prove", "{stored}", "--output", "nowhere/proof.json"],
        ["check", "nothing.json"],
    ],
)
def test_bad_input_gives_2_and_one_line(arguments, stored, capsys):
    code, _, err = run(capsys, *(part.replace("{stored}", str(stored)) for part in arguments))
    assert code == 2
    assert err.count("\n") == 1


def test_theorems_are_proven_in_rational_numbers(capsys):
    code, out, err = run(
        capsys, "verify", "rays", "univariate", "--instances", "1", "--proof", "--quiet"
    )
    assert code == 0
    assert "proven in rational numbers: 2 of 2" in out
    assert not err
