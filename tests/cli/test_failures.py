"""Failures outside, Ctrl-C and time limits."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import assert_refused, convexden

from convexden import load
from convexden.data import triangular_lattice

ROOT = Path(__file__).resolve().parents[2]


def test_a_full_disk_is_a_failure_outside():
    with open("/dev/full", "w") as full:
        found = convexden("solve", "line.csv", "--radius", "0.1", "--quiet", stdout=full)
    assert found.returncode == 3, found.stderr
    assert found.stderr.count("\n") == 1
    assert "no space left" in found.stderr


def test_a_closed_pipe_is_a_failure_outside_and_leaves_the_picture():
    read, write = os.pipe()
    os.close(read)
    line = ("solve", "line.csv", "--radius", "0.1", "--quiet", "--plot", "p.png", "--output", "o")
    found = convexden(*line, stdout=write)
    os.close(write)
    assert found.returncode == 3, found.stderr
    assert found.stderr.count("\n") == 1
    assert "was closed" in found.stderr
    assert Path("p.png").stat().st_size
    assert load("o").certified


def test_an_output_that_cannot_show_a_sign_is_a_failure_outside():
    Path("angles.csv").write_text("0,0\n2,0\n0.5,1.5\n")
    found = convexden(
        "solve", "angles.csv", "--radius", "0.1", "--quiet", env={"PYTHONIOENCODING": "ascii"}
    )
    assert found.returncode in (0, 3), found.stderr
    assert "Traceback" not in found.stderr
    if found.returncode == 3:
        assert found.stderr.count("\n") == 1
        assert "PYTHONIOENCODING" in found.stderr


def test_interrupted_without_a_result(run, monkeypatch):
    import convexden.data

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(convexden.data, "read_problem", interrupt)
    assert run("solve", "line.csv") == (130, "", "convexden: interrupted\n")


@pytest.fixture
def ctrl_c(monkeypatch):
    """Press Ctrl-C when the live line shows this text."""
    from convexden.cli.progress import LiveLine

    def ctrl_c(text: str, times: int = 1) -> None:
        def show(_, shown: str) -> None:
            if text in shown:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(LiveLine, "show", show)

    # A shell starts what runs in the background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield ctrl_c
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_ctrl_c_in_solve_keeps_the_best(run, ctrl_c):
    ctrl_c("round 1:")
    status, output, error = run("solve", "triangle.csv", "--radius", "0.5", "--output", "out.json")
    assert (status, load("out.json").interrupted) == (130, True)
    assert "not-certified" in output
    assert "stopped before it was done" in error


def test_ctrl_c_in_solve_before_there_is_a_network(run, ctrl_c):
    np.savetxt("lattice.csv", triangular_lattice(4, 4))
    ctrl_c("no network yet")
    status, output, error = run("solve", "lattice.csv", "--radius", "0.45")
    assert (status, output) == (130, "")
    assert error.endswith("convexden: interrupted\n")


def test_ctrl_c_in_verify_shows_what_there_is(run, ctrl_c):
    ctrl_c("rays: 3 of 4")
    options = ("--instances", "2", "--json", "out.json")
    status, output, error = run("verify", "univariate", "rays", *options)
    assert (status, error) == (130, "convexden: stopped after 3 of 4 instances\n")
    assert "univariate" in output
    assert "rays" in output
    assert len(json.loads(Path("out.json").read_text())) == 3


def test_ctrl_c_in_map_shows_what_there_is(run, ctrl_c):
    ctrl_c("3 of 12")
    command = ("map", "--radius-fraction", "0.5", "--triangles", "12", "--jobs", "1")
    status, output, error = run(*command, "--output", "map.jsonl", "--plot", "map.png")
    assert status == 130
    assert "structure" in output or "radius" in output
    assert "stopped after 4 of 12 triangles: the same command goes on from map.jsonl" in error
    assert Path("map.png").stat().st_size > 5000
    ctrl_c("6 of 12", times=2)
    status, output, error = run(*command, "--output", "map.jsonl")
    assert (status, output) == (130, "")
    assert error.endswith("convexden: interrupted\n")
    assert len(Path("map.jsonl").read_text().splitlines()) == 1 + 6


def test_ctrl_c_in_samples_shows_what_there_is(run, ctrl_c):
    ctrl_c("1 of 4")
    options = ("--radius", "0.2", "--number", "8", "--draws", "4")
    status, output, error = run("samples", "triangle.csv", *options)
    assert status == 130
    assert "balls" in output
    assert "stopped after 2 of 4 draws" in error


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
def test_ctrl_c_at_a_terminal_reaches_all_processes(folder):
    command = ("map", "--radius-fraction", "0.5", "--triangles", "3000", "--jobs", "2")
    run = subprocess.Popen(
        [sys.executable, "-m", "convexden", *command, "--output", "map.jsonl"],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    end = time.monotonic() + 60
    while not Path("map.jsonl").exists() or Path("map.jsonl").read_text().count("\n") < 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)
    output, error = run.communicate(timeout=60)
    assert run.returncode == 130, error
    assert "radius" in output
    assert "stopping at the next step" in error
    assert re.search(r"stopped after \d+ of \d+ triangles", error)
    assert "Traceback" not in error


def test_a_time_limit_is_a_verdict(run):
    points = np.random.default_rng(0).random((7, 2))
    np.savetxt("points.csv", points, delimiter=",")
    line = ("solve", "points.csv", "--radius", "0.01", "--time-limit", "1e-6")
    status, _, error = run(*line, "--output", "out.json", "--quiet")
    assert status == 1, error
    assert "stopped before it was done" in error
    assert load("out.json").interrupted
    assert_refused(run("solve", "line.csv", "--time-limit", "0"), "--time-limit is 0.0")
    assert_refused(run("solve", "line.csv", "--tolerance", "1"), "--tolerance is 1.0")
