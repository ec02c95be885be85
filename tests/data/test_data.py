"""Points from files, and the small geometries."""

import time

import numpy as np
import pytest

from convexden import InvalidInput, InvalidProblem, data


@pytest.mark.parametrize(
    "text",
    [
        "0,1\n2.5,-3e-1\n",
        "x,y\n0,1\n2.5,-.3\n",
        "# points\n\n0 1  # the first\n 2.5\t-0.3",
        "\ufeffx;y\r\n0;1\r\n2.5;-0.3\r\n",
        '"0", "1"\n"2.5", "-0.3"\n',
    ],
)
def test_text_is_read_generously(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert data.read_points(path).tolist() == [[0, 1], [2.5, -0.3]]


def test_one_number_a_line_is_a_point_on_the_line(tmp_path):
    path = tmp_path / "points.txt"
    path.write_text("x\n0\n1\n3\n")
    assert data.read_points(str(path)).shape == (3, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("x,y\n", "is empty"),
        ("# nothing\n", "is empty"),
        ("0,1\n2\n", "line 2: 1 number where the lines before have 2"),
        ("1+2j\n3\n", "line 1: '1.2j' is no number"),
        ("0 1\n", "holds a single point"),
        ("0,1\n2,x\n", "line 2: 'x' is no number"),
        ("0,y\n2,3\n", "line 1: 'y' is no number"),
        ("x,y\nu,v\n2,3\n", "line 2: 'u' is no number"),
        ("0,1\n2,\n", r"line 2: a number is missing \(''\)"),
        ("0,1\n1_0,2\n", "'1_0' is no number"),
        ("0,1\nnan,2\n", "line 2: a number is missing"),
        ("x,speed\n0,1\n5,NA\n", "line 3: a number is missing in column 'speed'"),
        ("x;y\n1,5;2\n1,5,2;3\n", "line 3: '1,5,2' is no number in column 'x'"),
        ("0,1\n1e999,2\n", "NaN or infinity"),
    ],
)
def test_bad_text_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(InvalidProblem, match=message) as caught:
        data.read_points(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text_are_refused(tmp_path):
    binary = tmp_path / "points.csv"
    binary.write_bytes(b"\x80\x04\x95\xff\xfe")
    with pytest.raises(InvalidProblem, match="is not text"):
        data.read_points(binary)
    with pytest.raises(InvalidProblem, match="is a folder"):
        data.read_points(tmp_path)
    with pytest.raises(InvalidProblem, match="does not exist"):
        data.read_points(tmp_path / "none.npy")
    with pytest.raises(InvalidProblem, match="cannot be read"):
        data.read_points(binary / "below.csv")


def test_npy_files(tmp_path):
    path = tmp_path / "points.npy"
    for array in (np.eye(3), np.eye(2, dtype=np.uint8), np.arange(4.0)):
        np.save(path, array)
        np.testing.assert_array_equal(data.read_points(path), array.reshape(len(array), -1))


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 3)], ids=["gray", "color"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_images_are_flattened_and_keep_their_units(tmp_path, shape, dtype):
    images = (255 * np.random.default_rng(0).random(shape)).astype(dtype)
    np.save(tmp_path / "images.npy", images)
    points = data.read_points(tmp_path / "images.npy")
    assert points.dtype == float
    np.testing.assert_array_equal(points, images.reshape(3, -1))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3, 4, 4)), r"not one point a row: give .* images of shape \(N, H, W\)"),
        (np.zeros((2, 2, 2, 2, 3)), "not one point a row"),
        (np.eye(2, dtype=complex), "holds complex128, not numbers"),
        (np.array(["a", "b"]), "not numbers"),
        (np.array([{}, None]), "Python objects"),
        (np.array([[np.nan, 1]]), "NaN or infinity"),
        (np.zeros((0, 2)), "is empty"),
    ],
)
def test_bad_arrays_are_refused(tmp_path, array, message):
    path = tmp_path / "points.npy"
    np.save(path, array)
    with pytest.raises(InvalidProblem, match=message):
        data.read_points(path)


def test_a_cut_or_fake_npy_file_is_refused(tmp_path):
    path = tmp_path / "points.npy"
    np.save(path, np.eye(10))
    whole = path.read_bytes()
    for content in (b"", b"0,1\n2,3\n", whole[:100], whole[:200], b"PK\x03\x04" + whole):
        path.write_bytes(content)
        with pytest.raises(InvalidProblem, match=r"not a whole \.npy file"):
            data.read_points(path)


def test_radii_in_a_row_or_a_column(tmp_path):
    path = tmp_path / "radii.csv"
    for text in ("0.1\n0.2\n0.3\n", "0.1, 0.2, 0.3\n"):
        path.write_text(text)
        assert data.read_radii(path, 3).tolist() == [0.1, 0.2, 0.3]
    for text in ("0.1,0.2\n0.3,0.4\n", "0.1\n", "0.1\n0.2\n0.3\n0.4\n"):
        path.write_text(text)
        with pytest.raises(InvalidProblem, match="give one per point"):
            data.read_radii(path, 3)


def test_noisy_samples_from_an_array_and_from_text(tmp_path):
    samples = np.random.default_rng(0).random((3, 2, 4))
    np.save(tmp_path / "noisy.npy", samples)
    np.testing.assert_array_equal(data.read_noisy(tmp_path / "noisy.npy"), samples)
    (tmp_path / "noisy.csv").write_text("point,x,y\n1,5,6\n0,1,2\n1,7,8\n")
    read = data.read_noisy(tmp_path / "noisy.csv")
    assert [cluster.tolist() for cluster in read] == [[[1, 2]], [[5, 6], [7, 8]]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n1\n", "does not hold noisy samples"),
        ("0,1\n0.5,1\n", "row 1 starts with 0.5"),
        ("-1,1\n", "row 0 starts with -1"),
        ("0,1\n2,1\n", "clean point 1 has no noisy sample"),
        ("0,1\n1e300,1\n", "clean point 1 has no noisy sample"),
    ],
)
def test_bad_noisy_samples_are_refused(tmp_path, text, message):
    path = tmp_path / "noisy.csv"
    path.write_text(text)
    with pytest.raises(InvalidProblem, match=message):
        data.read_noisy(path)


@pytest.mark.parametrize("angles", [(60, 60, 60), (30, 40, 110), (90, 45, 45)])
def test_triangle_has_its_angles(angles):
    vertices = data.triangle(angles, circumradius=2)
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 2)
    for n, angle in enumerate(angles):
        u, v = vertices[n - 1] - vertices[n], vertices[n - 2] - vertices[n]
        cosine = u @ v / np.linalg.norm(u) / np.linalg.norm(v)
        assert np.rad2deg(np.arccos(cosine)) == pytest.approx(angle)


@pytest.mark.parametrize("angles", [(60, 60), (60, 60, 70), (180, 0, 0)])
def test_bad_angles_are_refused(angles):
    with pytest.raises(InvalidInput):
        data.triangle(angles)


@pytest.mark.parametrize("dimension", [1, 2, 3, 7])
def test_regular_simplex_is_regular(dimension):
    vertices = data.regular_simplex(dimension, circumradius=3)
    assert vertices.shape == (dimension + 1, dimension)
    np.testing.assert_allclose(vertices.mean(axis=0), 0, atol=1e-14)
    expected = np.where(np.eye(dimension + 1), 9, -9 / dimension)
    np.testing.assert_allclose(vertices @ vertices.T, expected, atol=1e-13)


def test_lattice_neighbors_have_the_spacing():
    points = data.triangular_lattice(4, 4, spacing=0.5)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    assert distances[distances > 0].min() == pytest.approx(0.5)
    assert np.isclose(distances, 0.5).sum() == 2 * (12 + 21)


def test_random_data_come_from_the_seed():
    np.testing.assert_array_equal(data.random_points(5, 2, 1), data.random_points(5, 2, 1))
    clean = data.random_points(5, 3, 2)
    samples = data.noisy_samples(clean, 0.1, 50, 3)
    depths = np.linalg.norm(samples - clean[:, None], axis=2)
    assert samples.shape == (5, 50, 3)
    assert 0.09 < depths.max() <= 0.1


def test_smallest_distance_is_that_of_distinct_points():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [3.0, 3.0]])
    assert data.smallest_distance(points) == pytest.approx(1.0)
    with pytest.raises(InvalidProblem, match="one point only"):
        data.smallest_distance(np.zeros((3, 2)))


def test_the_smallest_distance_of_photographs_is_found_at_once() -> None:
    wide = np.zeros((3, 1_000_000))  # sorting the rows would take ten seconds
    wide[0, 0] = 2.0
    begun = time.process_time()
    assert data.smallest_distance(wide) == 2.0
    assert time.process_time() - begun < 1.0
    with pytest.raises(InvalidProblem, match="one point only"):
        data.smallest_distance(wide[1:])
