"""Maps of triangles: what is known of some pixels, and runs that stop and go on."""

import json
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden import ShapeMap, plotting, shape_map
from convexden.data import triangle
from convexden.errors import ExternalFailure, InvalidInput, InvalidProblem
from convexden.experiments.shape_maps import ShapeEnds, shape_ends
from convexden.experiments.shape_maps.ends import _altitude_excess
from convexden.experiments.shape_maps.files import appending
from convexden.experiments.shape_maps.grid import divisions_for, grid_angles
from convexden.experiments.shape_maps.pixels import solve_pixel
from convexden.experiments.structures import STRUCTURES
from convexden.running.progress import TaskProgress
from convexden.theorems import face_aligned


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    """The file of a small map."""
    path = tmp_path_factory.mktemp("maps") / "map.jsonl"
    shape_map([0.3, 0.9], 12, path=path, jobs=1)
    return path


@pytest.fixture
def found(stored) -> ShapeMap:
    return ShapeMap.load(stored)


@pytest.fixture
def path(stored, tmp_path) -> Path:
    """A copy of the file."""
    copy = tmp_path / "map.jsonl"
    copy.write_bytes(stored.read_bytes())
    return copy


SMALL = ([0.9], 12)


@pytest.fixture(scope="module")
def small_file(tmp_path_factory) -> bytes:
    """The file of a smaller map, for runs that stop and go on."""
    path = tmp_path_factory.mktemp("small") / "map.jsonl"
    shape_map(*SMALL, path=path, jobs=1)
    return path.read_bytes()


@pytest.fixture
def small_path(small_file, tmp_path) -> Path:
    """A copy of it."""
    copy = tmp_path / "small.jsonl"
    copy.write_bytes(small_file)
    return copy


@pytest.fixture
def small(small_path) -> ShapeMap:
    return ShapeMap.load(small_path)


def assert_same(one: ShapeMap, other: ShapeMap) -> None:
    for name in ("angles", "fractions", "cost", "lower_bound", "conjectured", "structure", "tilt"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.certified, other.certified)


def name_at(found: ShapeMap, fraction: int, *angles: float) -> str:
    (m,) = np.flatnonzero(np.isclose(found.angles, angles).all(axis=1))
    return STRUCTURES[found.structure[fraction, m]]


def test_every_shape_is_there_once(found):
    assert found.angles.shape == (12, 3)
    np.testing.assert_allclose(found.angles.sum(axis=1), 180)
    assert (np.diff(found.angles, axis=1) >= 0).all()
    assert len({tuple(row) for row in found.angles.round(9)}) == 12


@pytest.mark.parametrize(("wanted", "largest", "given"), [(500, 180, 432), (450, 90, 468)])
def test_the_number_of_triangles_is_the_closest_one(wanted, largest, given):
    divisions = divisions_for(wanted, largest)
    counts = [len(grid_angles(divisions + shift, largest)) for shift in (-12, 0, 12)]
    assert int(np.argmin(np.abs(np.subtract(counts, wanted)))) == 1
    angles = grid_angles(divisions, largest)
    assert angles.max() <= largest
    assert len(angles) == given


def test_every_pixel_is_certified_and_obtuse_triangles_are_edge_aligned(found):
    assert found.certified.all()
    assert (found.relative_gap >= 0).all()
    assert (found.relative_gap < 1e-9).all()
    assert found.excess.min() > -1e-12
    edges = np.broadcast_to(found.angles[:, 2] >= 90, found.structure.shape)
    assert ((found.structure == STRUCTURES.index("edge-aligned")) == edges).all()
    assert found.excess[edges].max() < 1e-12
    assert found.counts().sum() == found.structure.size


def test_known_pixels(found):
    assert name_at(found, 0, 60, 60, 60) == "face-aligned"
    assert name_at(found, 1, 60, 60, 60) == "pinched"
    assert name_at(found, 0, 45, 60, 75) == "tilted"
    assert name_at(found, 1, 45, 45, 90) == "edge-aligned"


def test_a_pixel_is_what_the_theorem_finds():
    angles, radius = (50.0, 60.0, 70.0), 0.4
    fraction = radius / (np.sin(np.deg2rad(50)) * np.sin(np.deg2rad(60)))
    pixel = solve_pixel(0, 0, np.array(angles), fraction)
    excess = (pixel.conjectured - pixel.cost) / pixel.cost
    result = face_aligned.verify(cd.data.triangle(angles), radius)
    assert excess == pytest.approx(result.relative_excess, rel=1e-6)
    assert excess == pytest.approx(2.4e-6, rel=0.03)
    assert STRUCTURES[pixel.structure] == "tilted"


def test_errors_of_a_solver_are_no_tilt():
    # Two faces have the same normals here, and column generation alone leaves a tilt of 1.6e-10.
    right = np.array([6, 72, 78]) * 180 / 156
    pixel = solve_pixel(0, 0, right, 0.5)
    assert STRUCTURES[pixel.structure] == "edge-aligned"
    # And this tilt is one, though the excess cost is far below rounding.
    pixel = solve_pixel(0, 0, np.array([103, 104, 105]) * 180 / 312, 0.05)
    assert STRUCTURES[pixel.structure] == "tilted"
    assert pixel.tilt == pytest.approx(3.8577e-9, rel=1e-3)


def test_processes_find_the_same(found):
    assert_same(shape_map([0.3, 0.9], 12, jobs=2), found)


def test_a_file_is_the_map(found, tmp_path):
    found.save(tmp_path / "again.jsonl")
    assert_same(ShapeMap.load(tmp_path / "again.jsonl"), found)
    counted: list[TaskProgress] = []
    again = shape_map([0.3, 0.9], 12, path=tmp_path / "again.jsonl", progress=counted.append)
    assert_same(again, found)
    assert counted == [TaskProgress(24, 24)]


@pytest.mark.parametrize("lost", [30, 1000])
def test_a_run_that_was_killed_goes_on(lost, small, small_path):
    whole = small_path.read_bytes()
    small_path.write_bytes(whole[:lost] if lost < 1000 else whole[:-lost])
    counted: list[TaskProgress] = []
    again = shape_map(*SMALL, path=small_path, jobs=1, progress=counted.append)
    assert_same(again, small)
    assert counted[-1].done == 12
    assert (counted[0].done > 0) == (lost == 1000)
    assert small_path.read_bytes() == whole


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopped_it_keeps_what_is_there(jobs, small, tmp_path):
    path = tmp_path / "map.jsonl"

    def stop(step: TaskProgress) -> None:
        if step.done == 3:
            raise StopIteration

    partial = shape_map(*SMALL, path=path, jobs=jobs, progress=stop)
    assert partial.interrupted
    assert partial.solved.sum() == 3
    assert np.isnan(partial.cost).sum() == 9
    assert_same(ShapeMap.load(path), partial)
    assert not small.interrupted
    assert_same(shape_map(*SMALL, path=path, jobs=1), small)


def test_a_time_limit_ends_the_run():
    timed = shape_map(*SMALL, jobs=1, time_limit=1e-9)
    assert timed.interrupted
    assert not timed.solved.any()


def test_ctrl_c_gets_through_and_the_file_keeps_what_is_there(tmp_path):
    path = tmp_path / "map.jsonl"

    def interrupt(step: TaskProgress) -> None:
        if step.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shape_map(*SMALL, path=path, jobs=1, progress=interrupt)
    assert ShapeMap.load(path).solved.sum() == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_is_said_in_one_line():
    with pytest.raises(ExternalFailure, match="no space left"), appending("/dev/full") as write:
        write("[]\n")


def test_other_parameters_are_refused(path):
    before = path.read_bytes()
    for fractions, triangles, largest in (([0.3], 12, 180), ([0.3, 0.9], 48, 180)):
        with pytest.raises(InvalidProblem, match="another map"):
            shape_map(fractions, triangles, largest_angle=largest, path=path)
    assert path.read_bytes() == before


def test_files_that_are_no_maps_are_refused(path, tmp_path):
    header, *lines = path.read_text().splitlines()
    document = json.loads(header)
    bad = [
        "",
        "not a map\n",
        "[1, 2]\n",
        json.dumps({**document, "format": "other"}) + "\n",
        json.dumps({**document, "version": 2}) + "\n",
        json.dumps({**document, "fractions": [2.0]}) + "\n",
        f"{header}\n{lines[0]}\n[0, 1]\n{lines[1]}\n",
        f"{header}\n{lines[0].replace('true', 'NaN')}\n",
        f"{header}\n{lines[0].replace('[0, 0', '[0, 99')}\n",
        f"{header}\n{lines[0].replace('[0, 0', '[-1, 0')}\n",
    ]
    other = tmp_path / "other.jsonl"
    for text in bad:
        other.write_text(text)
        with pytest.raises(InvalidProblem):
            ShapeMap.load(other)
        if text:
            with pytest.raises(InvalidProblem):
                shape_map([0.3, 0.9], 12, path=other)
            assert other.read_text() == text
    other.write_bytes(b"\xff\xfe\n")
    with pytest.raises(InvalidProblem, match="no map"):
        ShapeMap.load(other)
    with pytest.raises(InvalidProblem, match="check the name"):
        ShapeMap.load(tmp_path / "missing.jsonl")


@pytest.mark.parametrize(
    "arguments",
    [
        {"fractions": []},
        {"fractions": [0.0]},
        {"fractions": [1.0]},
        {"fractions": [float("nan")]},
        {"fractions": [0.5, 0.5]},
        {"triangles": 0},
        {"triangles": 10**7},
        {"largest_angle": 60},
        {"largest_angle": 181},
        {"largest_angle": float("nan")},
        {"jobs": 0},
        {"path": "/nowhere/map.jsonl"},
    ],
)
def test_bad_parameters_are_refused(arguments):
    with pytest.raises(InvalidInput):
        shape_map(**arguments)


def test_picture_shows_each_triangle_in_its_place(found):
    panels = plotting.plot_shape_map(found)
    assert panels.shape == (2, 2)
    structure, excess = (panels[0, column].images[0] for column in (0, 1))

    def at(image, largest: float, smallest: float) -> float:
        left, right, bottom, top = image.get_extent()
        rows, columns = image.get_array().shape
        column = (largest - left) / (right - left) * columns
        return image.get_array()[int((smallest - bottom) / (top - bottom) * rows), int(column)]

    for m, (smallest, _, largest) in enumerate(found.angles):
        assert at(structure, largest, smallest) == found.structure[0, m]
        assert at(excess, largest, smallest) == pytest.approx(max(found.excess[0, m], 1e-11))
    (legend,) = panels[0, 0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(STRUCTURES)
    assert panels[1, 0].get_xlabel() == "largest angle"


def test_picture_shows_what_is_missing_or_not_certified(path):
    header, first, second, *_ = path.read_text().splitlines()
    path.write_text("\n".join([header, first, second.replace("true", "false"), ""]))
    panels = plotting.plot_shape_map(ShapeMap.load(path))
    image = panels[0, 0].images[0]
    drawn = image.get_array().compressed()
    assert set(drawn) == {float(STRUCTURES.index("edge-aligned")), float(len(STRUCTURES))}
    np.testing.assert_allclose(image.to_rgba(np.array([[5.0]]))[0, 0], [0, 0, 0, 1])
    assert not panels[1, 0].images[0].get_array().count()
    (legend,) = panels[0, 0].figure.legends
    assert legend.get_texts()[-1].get_text() == "not certified"


def test_picture_goes_into_axes_that_are_given(found):
    from matplotlib.figure import Figure

    axes = Figure(layout="constrained").subplots(2, 2)
    assert plotting.plot_shape_map(found, axes) is axes
    assert axes[1, 1].images
    with pytest.raises(InvalidProblem, match="axes"):
        plotting.plot_shape_map(found, axes[:1])


@pytest.mark.parametrize("largest", [70, 120])
def test_picture_of_a_part_has_its_border(largest, tmp_path):
    part = shape_map([0.5], 4, largest_angle=largest, jobs=1)
    plotting.save_shape_map(part, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 5000
    drawn = plotting.plot_shape_map(part)[0, 0].patches
    (border,) = (patch for patch in drawn if not patch.get_hatch())
    corners = border.get_path().vertices
    assert corners[:, 0].max() == largest
    # On each side but the cut, two angles are equal or one is 0.
    rest = 180 - corners.sum(axis=1)
    sorted_angles = np.sort(np.column_stack([corners, rest]), axis=1)
    equal = (np.abs(np.diff(sorted_angles, axis=1)) < 1e-9).any(axis=1)
    assert (equal | (sorted_angles[:, 0] < 1e-9)).all()


def test_altitude_aligned_from_where_the_ramp_vanishes():
    points, end = triangle((40, 60, 80)), 0.4854310379
    assert _altitude_excess(points, end * (1 + 1e-4)) <= 1e-6
    assert _altitude_excess(points, end * (1 - 1e-2)) > 1e-6
    # And again not where hinges between two balls come in.
    assert _altitude_excess(triangle((50, 60, 70)), 0.9) > 1e-3


def test_borders_of_a_map(found):
    def stop(step: TaskProgress) -> None:
        if step.done == 9:
            raise StopIteration

    ends = shape_ends([0.9], step=10.0, progress=stop)
    assert np.isfinite(ends.shares).sum() == 9
    assert ends.aligned == {}
    # The closer to right, the sooner the ramp to the vertex there vanishes.
    vanishing = ends.shares[1, ~ends.pinched[1]]
    assert len(vanishing) == 2
    assert (np.diff(vanishing) < 0).all()
    plotting.plot_shape_map(found, ends=ends)
    drawn = ShapeEnds(ends.largest, ends.smallest, ends.shares, ends.pinched, {0.9: np.eye(2)})
    panels = plotting.plot_shape_map(found, ends=drawn)
    assert len(panels[1, 0].lines) == len(panels[0, 0].lines) + 1


def test_virtual_points_are_counted_and_drawn(found, tmp_path):
    """The right triangles have one at every radius."""
    right = np.isclose(found.angles[:, 2], 90)
    assert (found.virtual[:, right] == 1).all()
    picture = tmp_path / "virtual.png"
    plotting.save_virtual_map(found, picture)
    assert picture.exists()
    panels = plotting.plot_virtual_map(found)
    assert len(panels) == len(found.fractions)
