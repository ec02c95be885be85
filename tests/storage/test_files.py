"""Files appear whole or not at all, whoever else writes, and what fails outside is told apart."""

import errno
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden.data.tables import read_numbers
from convexden.storage.files import OUTSIDE, check_folder, whole_file, whole_folder


def together(count: int, work) -> list[BaseException]:
    """Run work(k) in this many threads at once; what they raised."""
    failures: list[BaseException] = []
    ready = threading.Barrier(count)

    def run(k: int) -> None:
        try:
            ready.wait()
            work(k)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_threads_save_to_one_name(tmp_path):
    path = tmp_path / "solution.json"
    solutions = [cd.solve(cd.denoising([0.0, 1.0 + k], radius=0.1)) for k in range(4)]
    costs = {solution.cost for solution in solutions}
    cd.save(solutions[0], path)

    def work(k: int) -> None:
        for _ in range(25):
            cd.save(solutions[k], path)
            assert cd.load(path).cost in costs

    assert together(4, work) == []
    assert list(tmp_path.iterdir()) == [path]


def test_threads_write_one_folder(tmp_path):
    folder = tmp_path / "report"

    def work(k: int) -> None:
        for _ in range(10):
            with whole_folder(folder, lambda _: True) as temporary:
                for name in "abc":
                    (temporary / name).write_text(str(k))

    assert together(4, work) == []
    assert list(tmp_path.iterdir()) == [folder]
    assert len({(folder / name).read_text() for name in "abc"}) == 1


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch):
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "old").write_text("old")
    rename = os.rename

    def fail(source: Path, target: Path) -> None:
        if Path(target) == folder and not (Path(source) / "old").exists():
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with (
        pytest.raises(cd.ExternalFailure, match="input/output error"),
        whole_folder(folder, lambda _: True) as temporary,
    ):
        (temporary / "new").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("code", OUTSIDE)
def test_what_another_name_would_not_cure_is_a_failure_outside(tmp_path, code):
    with (
        pytest.raises(cd.ExternalFailure, match="cannot be written") as caught,
        whole_file(tmp_path / "file"),
    ):
        raise OSError(code, os.strerror(code))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_names_that_are_none_are_refused(tmp_path):
    for path in ("a\0b", 5, None, ["x"]):
        with pytest.raises(cd.InvalidInput):
            check_folder(path, lambda _: True)
        with pytest.raises(cd.InvalidInput), whole_file(path):
            pass
        with pytest.raises(cd.InvalidInput):
            cd.load(path)


def test_the_longest_name_can_be_written(tmp_path):
    name = "n" * 250 + ".txt"
    with whole_file(tmp_path / name) as temporary:
        temporary.write_text("there")
    assert (tmp_path / name).read_text() == "there"


def test_a_header_cannot_ask_for_memory(tmp_path):
    """An .npy file that says it holds a billion numbers, and ends there."""
    path = tmp_path / "points.npy"
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**3)}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(b"\0" * 64)
    with pytest.raises(cd.InvalidProblem, match=r"not a whole .npy file"):
        read_numbers(path)


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.arange(4, dtype=np.int8), np.float32([1, 2]), 3.0]
)
def test_numbers_of_every_kind_are_read(tmp_path, array):
    np.save(tmp_path / "points.npy", array)
    read = read_numbers(tmp_path / "points.npy")
    assert read.dtype == float
    np.testing.assert_array_equal(read, np.atleast_1d(array))
    np.save(tmp_path / "points.npy", np.zeros((0, 2)))
    with pytest.raises(cd.InvalidProblem, match=r"is empty|not a whole"):
        read_numbers(tmp_path / "points.npy")


@pytest.fixture(scope="module")
def text() -> str:
    from convexden.storage.solutions import to_json

    return to_json(cd.solve(cd.denoising([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]], radius=0.1)))


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("lower_bound",), "[]"),
        (("lower_bound",), "true"),
        (("lower_bound",), "1e400"),
        (("lower_bound",), "1" + "0" * 400),
        (("lower_bound",), "1" + "0" * 5000),
        (("certificate", "pricing_maximum"), "[[]]"),
        (("certificate", "jacobians"), nested(40)),
        (("certificate", "jacobians"), nested(100_000)),
        (("certificate", "values"), "[[],[],[]]"),
        (("certificate", "values"), '{"0": 1}'),
        (("certificate", "values"), "NaN"),
        (("problem", "centers"), "[[],[],[]]"),
        (("problem", "centers"), "[[[0]],[[1]],[[2]]]"),
        (("problem", "radii"), "[0.1, 0.1, true]"),
        (("network", "skip"), "[[]]"),
        (("network", "offset"), '["0", "0"]'),
        (("interrupted",), "1"),
        (("versions",), "[]"),
        (("history",), "[[1, null, null, 3]]"),
    ],
)
def test_odd_json_ends_in_one_line(tmp_path, text, keys, value):
    document = json.loads(text)
    part = document
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = "here"
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(document).replace('"here"', value, 1))
    with pytest.raises(cd.InvalidProblem) as caught:
        cd.load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))


def test_files_of_other_programs_and_releases_are_read(tmp_path, text):
    path = tmp_path / "solution.json"
    for changed in (
        "\ufeff" + text,
        text.replace('"version": 1', '"version": 1.0'),
        text.replace('"version": 1', '"version": 2, "leaves": []'),
    ):
        path.write_text(changed, encoding="utf-8")
        assert cd.verify_certificate(cd.load(path)).passed


def test_that_a_run_was_stopped_is_stored(tmp_path):
    rng = np.random.default_rng(0)
    problem = cd.Interpolation(rng.random((7, 2)), rng.random(7))
    cd.save(cd.solve(problem, time_limit=1e-6), tmp_path / "stopped.json")
    assert cd.load(tmp_path / "stopped.json").interrupted
    cd.save(cd.solve(problem), tmp_path / "done.json")
    assert not cd.load(tmp_path / "done.json").interrupted
    assert "interrupted" not in (tmp_path / "done.json").read_text()
