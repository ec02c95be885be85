"""Tables as people write them: names of columns, row numbers, decimal commas, missing values."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden.data import read_measurements, read_points, read_problem
from convexden.errors import InvalidProblem

CARS = "name,speed,weight,dist\n'a b',4,1.5,2\nc,7,1.25,4\nd,8,2.5,16\n"


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    file = written(tmp_path, CARS)
    assert read_points(file, columns="weight,speed").tolist() == [[1.5, 4], [1.25, 7], [2.5, 8]]
    problem = read_problem(file, columns="speed", targets="dist")
    assert problem.centers.ravel().tolist() == [4, 7, 8]
    assert problem.targets.ravel().tolist() == [2, 4, 16]
    inputs, targets = read_measurements(file, "dist,weight", columns="speed")
    assert (inputs.shape, targets.shape) == ((3, 1), (3, 2))
    rest = written(tmp_path, "x,y,t\n0,1,2\n3,4,5\n", "rest.csv")
    assert read_problem(rest, targets="t").centers.tolist() == [[0, 1], [3, 4]]
    for options, message in (
        ({"columns": "sped"}, "has no column 'sped': choose from name, speed, weight, dist"),
        ({"columns": "name"}, r"line 2: \"'a b'\" is no number in column 'name'"),
        ({"columns": "speed,"}, "names no columns"),
        ({}, "is no number in column 'name': choose columns by their names"),
        ({"columns": "speed", "targets": "nowhere.csv"}, "no column 'nowhere.csv'"),
    ):
        with pytest.raises(InvalidProblem, match=message) as caught:
            read_problem(file, **options)
        assert "\n" not in str(caught.value)
    with pytest.raises(InvalidProblem, match="no names of columns"):
        read_points(written(tmp_path, "0,1\n2,3\n", "bare.csv"), columns="x")


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "id", "Index"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_column_that_counts_the_rows_is_left_out_and_named(
    tmp_path: Path, name: str, first: int
) -> None:
    rows = "".join(f"{first + k},{k * k},{-k}\n" for k in range(4))
    file = written(tmp_path, f"{name},x,y\n{rows}")
    notes: list[str] = []
    assert read_points(file, note=notes.append).tolist() == [[k * k, -k] for k in range(4)]
    (note,) = notes
    assert "counts the rows and is left out" in note
    assert (name or "without a name") in note
    if name:
        assert read_points(file, columns=f"{name},x").shape == (4, 2)


def test_a_coordinate_that_counts_is_one(tmp_path: Path) -> None:
    assert read_points(written(tmp_path, "x,y\n0,5\n1,6\n")).shape == (2, 2)
    assert read_points(written(tmp_path, "id,y\n3,5\n1,6\n")).shape == (2, 2)  # no count
    assert read_points(written(tmp_path, "id\n0\n1\n")).shape == (2, 1)


def test_years_are_names_where_the_rows_are_counted(tmp_path: Path) -> None:
    file = written(tmp_path, ",1999,2000\n0,5,6\n1,7,8\n")
    assert read_points(file).tolist() == [[5, 6], [7, 8]]
    assert read_points(file, columns="2000").tolist() == [[6], [8]]


@pytest.mark.parametrize(
    "text", ["x;y\n0,5;1\n-1,25;2e0\n", "x\ty\n0,5\t1\n-1,25\t2\n", "0.5;1\n-1.25;2\n"]
)
def test_decimal_commas(tmp_path: Path, text: str) -> None:
    assert read_points(written(tmp_path, text)).tolist() == [[0.5, 1], [-1.25, 2]]


def test_a_gap_between_tabs_is_a_missing_number(tmp_path: Path) -> None:
    with pytest.raises(InvalidProblem, match="line 3: a number is missing in column 'y'"):
        read_points(written(tmp_path, "x\ty\tz\n1\t2\t3\n1\t\t3\n"))


def test_standard_input_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    for options, shape in (({}, (2, 3)), ({"columns": "x,y"}, (2, 2)), ({"targets": "t"}, (2, 2))):
        stream = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfx,y,t\n0,1,2\n3,4,5\n"))
        monkeypatch.setattr(sys, "stdin", stream)
        assert read_problem("-", **options).centers.shape == shape


def test_npz_files(tmp_path: Path) -> None:
    points = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "one.npz", whatever=points)
    np.savez(tmp_path / "two.npz", points=points, targets=points)
    np.savez(tmp_path / "none.npz", a=points, b=points)
    for name in ("one", "two"):
        np.testing.assert_array_equal(read_points(tmp_path / f"{name}.npz"), points)
    with pytest.raises(InvalidProblem, match="holds a, b: give a file of one array"):
        read_points(tmp_path / "none.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "two.npz").read_bytes()[:100])
    with pytest.raises(InvalidProblem, match=r"not a whole \.npz"):
        read_points(tmp_path / "cut.npz")
    with pytest.raises(InvalidProblem, match="no columns with names"):
        read_points(tmp_path / "one.npz", columns="x")


def test_folders_of_images(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10
    for n, suffix in enumerate(("png", "pgm")):
        image.fromarray(pixels[n]).save(tmp_path / f"{n}.{suffix}")
    (tmp_path / "notes.txt").write_text("no image")
    np.testing.assert_allclose(read_points(tmp_path), pixels.reshape(2, -1) / 255)
    deep = tmp_path / "deep"
    deep.mkdir()
    for n in range(2):
        image.fromarray(pixels[n].astype(np.uint16) * 100).save(deep / f"{n}.png")
    np.testing.assert_allclose(read_points(deep), pixels.reshape(2, -1) / 655.35)
    color = tmp_path / "color"
    color.mkdir()
    for n in range(2):
        image.fromarray(np.full((3, 4, 3), 51 * n, np.uint8)).save(color / f"{n}.png")
    assert read_points(color).shape == (2, 36)
    image.fromarray(np.zeros((3, 4, 4), np.uint8)).save(color / "2.png")
    with pytest.raises(InvalidProblem, match="transparent"):
        read_points(color)
    image.fromarray(pixels[0]).save(color / "2.png")
    with pytest.raises(InvalidProblem, match=r"2.png is gray and 4 x 3 pixels, 0.png is in color"):
        read_points(color)
    (color / "2.png").write_bytes(b"no image")
    with pytest.raises(InvalidProblem, match="no image that can be read"):
        read_points(color)
    with pytest.raises(InvalidProblem, match="a single point"):
        read_points(tmp_path / "0.png")


def test_idx_files(tmp_path: Path) -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    header = bytes([0, 0, 8, 3]) + np.array(pixels.shape, ">i4").tobytes()
    content = header + pixels.tobytes()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    for name in ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"):
        np.testing.assert_array_equal(read_points(tmp_path / name), pixels.reshape(2, -1))
    (tmp_path / "cut-idx3-ubyte").write_bytes(content[:-1])
    with pytest.raises(InvalidProblem, match="not a whole idx file"):
        read_points(tmp_path / "cut-idx3-ubyte")


def test_arrays_of_images_are_points() -> None:
    rng = np.random.default_rng(0)
    for shape in ((3, 4, 5), (3, 4, 5, 3)):
        images = rng.random(shape)
        problem = cd.denoising(images, radius=0.1)
        np.testing.assert_array_equal(problem.centers, images.reshape(3, -1))
        noisy = images[:, None] + 0.01 * rng.normal(size=(3, 2, *shape[1:]))
        samples = cd.denoising(images, noisy=noisy)
        np.testing.assert_array_equal(samples.centers, noisy.reshape(6, -1))
        assert len(cd.denoising(images, noisy=list(noisy))) == 6
    with pytest.raises(InvalidProblem, match="give one point a row"):
        cd.Interpolation(images, images)


@pytest.mark.parametrize(
    ("text", "columns", "targets", "message"),
    [
        ("x,y\n1,\n", "z", "y", "no column 'z'"),  # before the number that is missing
        ("x,y\n1,2\n", None, "x,y", "all columns are targets"),
        ("x,y\n", None, "y", "is empty"),
        ("x,y\n", None, None, "is empty"),
        ("1,2\n3\n", None, None, "line 2: 1 number where the lines before have 2"),
    ],
)
def test_what_is_wrong_with_a_table_comes_first(
    tmp_path: Path, text: str, columns: str | None, targets: str | None, message: str
) -> None:
    with pytest.raises(InvalidProblem, match=message):
        read_problem(written(tmp_path, text), columns=columns, targets=targets)
