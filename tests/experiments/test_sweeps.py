"""Sweeps: grids multiply, results are those of solve, and no task is lost or counted twice."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT

import convexden as cd
from convexden.experiments.sweeps.families import FAMILIES, Family
from convexden.experiments.sweeps.specification import read_specification
from convexden.experiments.sweeps.tasks import Settings, Task

GRID = {"family": "triangle", "radius_fractions": [0.1, 0.4], "seeds": "0-2"}
SPECIFICATION = """
[grid]
family = "triangle"
radius_fractions = [0.1, 0.3, 0.5]
seeds = "0-19"

[columns]
measure = ["cost", "neurons"]
"""

# The process of task 3 is killed, as the system does when memory runs out.
LETHAL = """
import os, signal
from convexden.experiments.sweeps.tasks import Outcome
from convexden.experiments.sweeps.workers import _here

def call(task):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task, Outcome({}, None)

found = list(_here(call, range(10), 2))
failed = [(task, outcome.error["error"]) for task, outcome in found if outcome.error]
print(len({task for task, _ in found}), failed)
"""


def written(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "results").glob("[!.]*")}


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_lists_multiply_and_grids_add_up():
    grids = [
        {
            "family": ["uniform", "normal"],
            "points": [4, 5],
            "dimension": 2,
            "radius_fractions": [0.1, 0.2],
            "seeds": ["0-9", 20],
        },
        {"family": "regular-simplex", "dimension": [2, 3], "radius_fractions": 0.5},
        {"family": "regular-simplex", "dimension": [3, 4], "radius_fractions": 0.5},
    ]
    tasks, settings = read_specification({"grid": grids})
    assert len(tasks) == 2 * 2 * 2 * 11 + 3
    assert len({task.name for task in tasks}) == len(set(tasks)) == len(tasks)
    assert tasks[0] == Task("uniform", 4, 2, 0.1, 0)
    assert tasks[-1] == Task("regular-simplex", None, 4, 0.5, None)
    assert (settings.tolerance, settings.time_limit, settings.compare) == (1e-8, None, ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grid": {}}, r"needs a table \[grid\]"),
        ({"grids": GRID}, "has no 'grids': it has grid, solve, columns"),
        ({"grid": GRID | {"sigma": 1}}, "has no 'sigma'"),
        ({"grid": GRID | {"family": "triangel"}}, "no family 'triangel': choose from uniform"),
        ({"grid": GRID | {"points": 3}}, "the family triangle takes no points"),
        ({"grid": GRID | {"radius_fractions": [0.1, 1.0]}}, "radius fraction is 1"),
        ({"grid": GRID | {"radius_fractions": []}}, "radius_fractions is missing"),
        ({"grid": GRID | {"seeds": [0, 1.5]}}, "seeds is 1.5"),
        ({"grid": GRID | {"seeds": "0-2000000"}}, "more than 1000000"),
        ({"solve": {"tolerance": 2}}, "tolerance is 2"),
        ({"solve": 1e-6}, r"write a table \[solve\]"),
        ({"columns": {"measure": ["costs"]}}, "no measure 'costs': choose from sites"),
        ({"columns": {"compare": ["fac-aligned"]}}, "did you mean face-aligned"),
    ],
)
def test_what_states_no_sweep_is_refused(change, message):
    with pytest.raises(cd.ConvexdenError, match=message):
        cd.sweep({"grid": GRID} | change)


@pytest.mark.parametrize("content", [b"[grid", b"\xff\xfe", None])
def test_files_that_are_no_toml_are_refused(tmp_path, content):
    file = tmp_path / "spec.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(cd.InvalidInput, match=r"spec\.toml"):
        cd.sweep(file)


def test_records_are_those_of_solve():
    columns = {"measure": ["cost", "ramps", "angle_to_edges"], "compare": ["face_aligned"]}
    found = cd.sweep({"grid": GRID, "columns": columns}, jobs=2)
    assert (found.total, found.certified, found.interrupted) == (6, 6, False)
    for record, task in zip(found.records, read_specification({"grid": GRID}).tasks, strict=True):
        assert [record[key] for key in Task._fields] == list(task)
        solution = cd.solve(task.problem())
        claim = cd.theorems.face_aligned.closed_form(
            solution.problem.centers, solution.problem.radii[0]
        )
        assert record["cost"] == solution.cost
        assert record["status"] == "certified"
        assert record["ramps"] == len(cd.decode(solution.network).ramps)
        assert record["excess_face-aligned"] == (claim.cost - solution.cost) / solution.cost


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"digits"}))
def test_families_are_drawn(family):
    numbers = {"points": 3, "dimension": 2, "seeds": [7]}
    grid = {key: numbers[key] for key in FAMILIES[family].takes}
    (record,) = cd.sweep({"grid": {"family": family, "radius_fractions": 0.2} | grid}).records
    assert record["status"] == "certified"


def test_a_sweep_that_was_stopped_goes_on(tmp_path):
    def stop(step):
        if step.done == 2:
            raise StopIteration

    first = cd.sweep({"grid": GRID}, tmp_path / "sweep", progress=stop)
    assert (first.interrupted, first.done) == (True, 2)
    before = written(tmp_path / "sweep")
    steps = []
    found = cd.sweep({"grid": GRID}, tmp_path / "sweep", progress=steps.append)
    assert [step.done for step in steps] == [2, 3, 4, 5, 6]
    after = written(tmp_path / "sweep")
    assert {name: after[name] for name in before} == before
    assert len(after) == len(found.records) == len(table(tmp_path / "sweep" / "table.csv")) == 6


def test_a_grid_may_grow_but_settings_stay(tmp_path):
    cd.sweep({"grid": GRID}, tmp_path / "sweep")
    before = written(tmp_path / "sweep")
    grown = cd.sweep({"grid": GRID | {"seeds": "0-3"}}, tmp_path / "sweep")
    assert (grown.total, grown.done) == (8, 8)
    assert written(tmp_path / "sweep").items() > before.items()
    with pytest.raises(cd.InvalidProblem, match="another folder"):
        cd.sweep({"grid": GRID, "solve": {"tolerance": 1e-6}}, tmp_path / "sweep")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(cd.InvalidProblem, match="holds other files"):
        cd.sweep({"grid": GRID}, tmp_path / "mine")


def test_a_file_that_is_not_whole_is_written_again(tmp_path):
    cd.sweep({"grid": GRID}, tmp_path / "sweep")
    good = written(tmp_path / "sweep")
    first, second, *_ = sorted((tmp_path / "sweep" / "results").iterdir())
    first.write_bytes(first.read_bytes()[:40])
    second.write_bytes(good[first.name])  # that of another task
    found = cd.sweep({"grid": GRID}, tmp_path / "sweep")
    assert found.done == 6
    for name, content in written(tmp_path / "sweep").items():
        assert json.loads(content)["task"] == json.loads(good[name])["task"]


def test_failures_are_kept_apart_and_tried_again_on_demand(tmp_path, monkeypatch):
    def draw(seed):
        if seed == 1:
            raise ArithmeticError("no such\ntriangle")
        return np.array([[0.0], [1.0], [2.0 + seed]])

    monkeypatch.setitem(FAMILIES, "triangle", Family(("seeds",), draw))
    found = cd.sweep({"grid": GRID}, tmp_path / "sweep")
    assert [record["seed"] for record in found.records] == [0, 2, 0, 2]
    assert [failure["seed"] for failure in found.failures] == [1, 1]
    assert found.failures[0]["error"] == "ArithmeticError"
    assert found.failures[0]["message"] == "no such triangle"
    assert "in draw" in found.failures[0]["traceback"]
    assert ("  ArithmeticError", "2") in found.rows()
    assert len(table(tmp_path / "sweep" / "failures.csv")) == 2
    assert len(list((tmp_path / "sweep" / "failures").iterdir())) == 2

    monkeypatch.undo()
    assert len(cd.sweep({"grid": GRID}, tmp_path / "sweep").failures) == 2
    again = cd.sweep({"grid": GRID}, tmp_path / "sweep", retry=True)
    assert (again.failures, again.certified) == ((), 6)
    assert not list((tmp_path / "sweep" / "failures").iterdir())
    assert not (tmp_path / "sweep" / "failures.csv").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
def test_killed_in_the_middle_it_goes_on(tmp_path):
    """SIGKILL to the whole group, as if the machine had been switched off."""
    (tmp_path / "spec.toml").write_text(SPECIFICATION)
    folder = tmp_path / "sweep"
    command = ["sweep", "spec.toml", "--output", "sweep", "--jobs", "2", "--quiet"]
    run = subprocess.Popen(
        [sys.executable, "-m", "convexden", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not (folder / "results").exists() or len(written(folder)) < 5:
        assert time.monotonic() < end
        assert run.poll() is None
        time.sleep(0.002)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    # As a kill in the middle of writing leaves it.
    (folder / "results" / f".{'0' * 32}.json").write_text('{"format": "conv')
    before = written(folder)
    assert 5 <= len(before) < 60
    assert not (folder / "table.csv").exists()

    steps = []
    found = cd.sweep(tmp_path / "spec.toml", folder, progress=steps.append)
    assert (steps[0].done, steps[-1].done, steps[0].total) == (len(before), 60, 60)
    after = written(folder)
    assert {name: after[name] for name in before} == before
    assert found.certified == 60
    rows = table(folder / "table.csv")
    places = [(row["radius_fraction"], row["seed"]) for row in rows]
    assert places == [(f, str(seed)) for f in ("0.1", "0.3", "0.5") for seed in range(20)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_only_the_task_that_kills_its_process_fails():
    run = subprocess.run(
        [sys.executable, "-c", LETHAL],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "10 [(3, 'TerminatedWorkerError')]\n", run.stderr


@pytest.mark.slow
def test_on_a_dask_cluster_of_two_workers(tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        found = cd.sweep({"grid": GRID}, tmp_path / "sweep", scheduler=address)
        again = cd.sweep({"grid": GRID}, tmp_path / "sweep", scheduler=address)
    assert len(written(tmp_path / "sweep")) == 6
    here = cd.sweep({"grid": GRID})
    for record, same, other in zip(found.records, again.records, here.records, strict=True):
        assert record == same
        assert {**record, "seconds": 0} == {**other, "seconds": 0}


def test_schedulers_that_do_not_answer_are_named():
    pytest.importorskip("distributed", reason="needs the extra cluster")
    with pytest.raises(cd.ExternalFailure, match="no Dask scheduler answers at tcp://127.0.0.1:1"):
        cd.sweep({"grid": GRID}, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(cd.InvalidInput, match="give one like tcp"):
        cd.sweep({"grid": GRID}, scheduler="localhost")


def test_tables_travel(tmp_path):
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    found = cd.sweep({"grid": GRID}, tmp_path / "sweep")
    frame = found.to_frame()
    assert len(frame) == 6
    read = pandas.read_csv(tmp_path / "sweep" / "table.csv")
    assert list(read["cost"]) == list(frame["cost"])
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    assert pandas.read_parquet(tmp_path / "sweep" / "table.parquet").equals(frame)


def test_settings_are_described_by_the_schema():
    schema = json.loads((ROOT / "convexden/storage/schemas/convexden-sweep.json").read_text())
    assert tuple(schema["properties"]["settings"]["required"]) == Settings._fields
