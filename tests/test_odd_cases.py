"""Cases that ended in an exception of another library, or were found by `benchmarks.robustness`."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged import CORNER, honest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

import convexden as cd
from convexden.errors import ConvexdenError, InfeasibleProblem, InvalidProblem, NotCertified

Array = NDArray[np.float64]


def refusal(problem: cd.Interpolation) -> str:
    """Why there is no certified solution; empty if there is one, and nothing of it is false."""
    try:
        solution = honest(problem, 0.0, np.inf)
    except ConvexdenError as error:
        return str(error)
    if solution.certified:
        return ""
    return "; ".join([solution.status, *cd.verify_certificate(solution).reasons])


@pytest.mark.parametrize(
    ("centers", "targets", "radii"),
    [
        ([0, 1], [1, 1], 0.6),
        ([[0, 0], [1, 0]], [[1, 2], [1, 2]], [0.9, 0.9]),
        # In more dimensions: four balls, of which one contains the others.
        (np.vstack([np.zeros(4), 0.1 * np.eye(4)]), np.ones(5), [3.0, 1, 1, 1, 1]),
    ],
)
def test_balls_that_all_meet(centers: Any, targets: Any, radii: Any) -> None:
    solution = cd.solve(cd.Interpolation(centers, targets, radii))
    assert (solution.status, solution.cost) == ("certified", 0.0)


def test_one_ball_around_all_others_of_its_target_in_space() -> None:
    """Two sites matter, in four dimensions."""
    centers = np.vstack([np.zeros(4), 0.05 * np.eye(4), [[2.0, 0, 0, 0]]])
    problem = cd.Interpolation(centers, [0, 0, 0, 0, 0, 1.0], [0.5, 0.1, 0.1, 0.1, 0.1, 0.5])
    assert honest(problem, 2 * (1 - 1e-12), 2 * (1 + 1e-12)).certified


def test_near_contact() -> None:
    radius = 0.4999995
    cost = 4 / (1 - 2 * radius)
    problem = cd.denoising([[0, 0], [0, 1], [1, 0]], radius=radius)
    honest(problem, cost * (1 - 1e-12), cost * (1 + 1e-12))


@pytest.mark.parametrize("seed", range(5))
def test_targets_equal_up_to_their_last_places(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = 1e-8 * rng.normal(size=(5, 3))
    targets = 1e8 + np.spacing(1e8) * rng.integers(-2, 3, 5)
    honest(cd.Interpolation(points, targets), 0.0, np.inf)


def test_uniqueness_ends_in_an_answer() -> None:
    solution = cd.solve(cd.Interpolation([0.0, 0.1, 0.3, 0.7], [1.1, 1.2, 1.4, 1.8]))
    assert cd.uniqueness(solution) is not None
    rows = np.arange(9)
    lattice = np.column_stack([rows % 3 + 0.5 * (rows // 3), np.sqrt(0.75) * (rows // 3)])
    solution = cd.solve(cd.Interpolation(lattice, lattice @ [1.0, 2.0] + 3, 1e-9))
    assert cd.uniqueness(solution) is not None


def stored(tmp_path: Path, **changes: Any) -> Path:
    """A stored solution with some keys replaced; those of the certificate by their own names."""
    path = tmp_path / "solution.json"
    cd.save(cd.solve(cd.denoising(CORNER, radius=0.2)), path)
    document = json.loads(path.read_text())
    for name, value in changes.items():
        place = document["certificate"] if name in document["certificate"] else document
        place[name] = value
    path.write_text(json.dumps(document))
    return path


def nested(depth: int) -> list[Any]:
    lists: list[Any] = [1.0]
    for _ in range(depth):
        lists = [lists]
    return lists


@pytest.mark.parametrize(
    "changes",
    [
        {"lower_bound": []},
        {"pricing_maximum": [[]]},
        {"values": nested(40)},
        {"jacobians": nested(40)},
        {"cost": nested(40)},
        {"relative_gap": None},
    ],
    ids=["empty bound", "empty maximum", "deep values", "deep jacobians", "deep cost", "null gap"],
)
def test_odd_files_end_in_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConvexdenError) as raised:
        cd.load(stored(tmp_path, **changes))
    assert "\n" not in str(raised.value)


def test_a_file_costs_memory_in_proportion(tmp_path: Path) -> None:
    """20000 sites and 60000 neurons in a file of 2 MB: checked within 2 GB."""
    n, k = 20_000, 60_000
    document = json.loads(stored(tmp_path).read_text())
    document["problem"] = {
        "centers": [[i] for i in range(n)],
        "targets": [[0]] * n,
        "radii": [0] * n,
    }
    document["network"] = {
        "output_weights": [[0]] * k,
        "input_weights": [[1]] * k,
        "biases": [0] * k,
        "skip": [[0]],
        "offset": [0],
    }
    document["certificate"] |= {"values": [[0]] * n, "jacobians": [[[0]]] * n}
    path = tmp_path / "large.json"
    path.write_text(json.dumps(document, separators=(",", ":")))
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "import convexden as cd\n"
        "cd.verify_certificate(cd.load(sys.argv[1]))\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert "MemoryError" not in run.stderr
    assert run.returncode == 0 or "convexden.errors" in run.stderr


def test_an_integer_beyond_floats_is_invalid() -> None:
    with pytest.raises(InvalidProblem):
        cd.Interpolation([0, 10**400], [0, 1])


def almost_flat(kind: str) -> Array:
    rng = np.random.default_rng(3)
    if kind == "line at four decimals":
        points: Array = np.round(rng.normal(size=(30, 1)) @ rng.normal(size=(1, 3)), 4)
        return points
    plane = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 20))
    return plane.astype(np.float32).astype(float)


@pytest.mark.parametrize("kind", ["line at four decimals", "plane in single precision"])
def test_almost_flat_data_are_named(kind: str) -> None:
    """An error says that the data are almost flat and how to flatten them."""
    points = almost_flat(kind)
    started = time.process_time()
    said = refusal(cd.denoising(points, radius=1e-3))
    assert "almost flat" in said
    assert "cd.data.flatten(points" in said
    assert time.process_time() - started < 40


def test_affine_targets_of_many_dimensions() -> None:
    """Twelve points in general position to classes: an affine map does it, at no cost."""
    rng = np.random.default_rng(0)
    solution = cd.solve(cd.Interpolation(rng.normal(size=(12, 64)), np.eye(3)[np.arange(12) % 3]))
    assert (solution.status, solution.cost) == ("certified", 0.0)
    samples = rng.normal(size=(3, 1, 64)) + 0.05 * rng.normal(size=(3, 5, 64))
    solution = cd.solve(cd.denoising(samples[:, 0], noisy=samples))
    assert (solution.status, solution.cost) == ("certified", 0.0)


@pytest.mark.parametrize("count", [300, 1000, 30_000])
def test_many_points_of_a_line(count: int) -> None:
    rng = np.random.default_rng(count)
    y = np.sort(rng.uniform(size=count))
    solution = cd.solve(cd.denoising(y, radius=0.1 * np.diff(y).min()))
    assert solution.certified
    gaps = np.diff(y)
    cost = np.sum(2 * gaps / (gaps - 0.2 * gaps.min()))
    assert solution.cost == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("exponent", [-5, -7, -9, -10])
def test_samples_that_nearly_coincide(exponent: int) -> None:
    """One target: the derivative along the pair is zero, which is a constraint of its own."""
    rng = np.random.default_rng(5)
    points = rng.normal(size=(6, 2))
    twin = points[0] + 10.0**exponent * np.array([0.6, 0.8])
    problem = cd.Interpolation(np.vstack([points, twin]), [*range(6), 0])
    solution = honest(problem, 0.0, np.inf)
    assert solution.certified or exponent < -7
    assert solution.relative_gap < 1e-6


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_points_far_from_the_origin(offset: float) -> None:
    """Certified at a million spreads; at a billion the message names the offset."""
    rng = np.random.default_rng(8)
    points = offset + 1e-3 * rng.normal(size=(6, 2))
    gaps = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(6, 1)]
    said = refusal(cd.denoising(points, radius=0.2 * gaps.min()))
    assert (said == "") == (offset == 1e3)
    assert not said or "spreads from the origin: subtract their mean" in said


def test_overlapping_solves_leave_the_threads_as_they_were() -> None:
    before = [library["num_threads"] for library in threadpool_info()]
    threads = [
        threading.Thread(target=cd.solve, args=(cd.denoising(CORNER, radius=radius),))
        for radius in (0.1, 0.2, 0.3, 0.4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [library["num_threads"] for library in threadpool_info()][: len(before)] == before


def test_saves_to_one_name_are_whole(tmp_path: Path) -> None:
    solution = cd.solve(cd.denoising(CORNER, radius=0.2))
    path = tmp_path / "one.json"
    cd.save(solution, path)
    faults: list[Exception] = []

    def work() -> None:
        for _ in range(30):
            try:
                cd.save(solution, path)
                cd.load(path)
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert [entry.name for entry in tmp_path.iterdir()] == ["one.json"]


def test_long_right_triangle_near_contact() -> None:
    """Feasible, 4.5e-12 from contact; it was called infeasible."""
    centers = [[0.0, 0.0], [100000.0, 0.0], [0.0, 70.0]]
    targets = [2.275728762383407, -34144.442124231566, 39.0194196956127]
    problem = cd.Interpolation(centers, targets, 34.99999999984223)
    try:
        honest(problem, 2e11, np.inf)
    except InfeasibleProblem:
        pytest.fail("a network of cost 2.33e11 interpolates")
    except NotCertified:
        pass


def test_twins_near_contact() -> None:
    """Two balls of one target nearly coincide; a third almost touches them."""
    centers = [
        [-0.20434636285787172, -0.14378146755490592],
        [-1.177123951825369, -1.506172614079249],
        [-0.20434678974407852, -0.14378084218612486],
    ]
    targets = [centers[0], centers[1], centers[0]]
    problem = cd.Interpolation(centers, targets, 0.8370193943585265)
    assert honest(problem, 0.0, np.inf).status == "not-certified"


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_two_balls_in_many_dimensions(scale: float) -> None:
    rng = np.random.default_rng(11)
    points = scale * rng.normal(size=(2, 5))
    distance = float(np.linalg.norm(points[1] - points[0]))
    problem = cd.Interpolation(points, [0.0, 1.0], 0.4 * distance)
    cost = 2 / (0.2 * distance)
    assert honest(problem, cost * (1 - 1e-12), cost * (1 + 1e-12)).certified


def test_a_cluster_beside_a_ball_in_space() -> None:
    """Every way to split the sites is realized by hinges that the float search does not see."""
    rng = np.random.default_rng(4)
    cluster = rng.normal(size=3) + 2.0**-34 * rng.integers(-5, 6, (3, 3))
    points = np.vstack([cluster, [[4.0, 0.0, 0.0]]])
    honest(cd.Interpolation(points, [1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]), 0.0, np.inf)


def test_a_ramp_narrower_than_rounding_carries_nothing() -> None:
    """Two balls of radius 1e-10 that almost touch, beside samples."""
    centers = [
        [0.9426057898329822, -4.895655740687166, 0.3521854061678454, 0.042867248802177904],
        [-2.793589976162013, -7.211231509159151, -2.7398308327061454, 1.717043775841763],
        [0.9426326973030615, -4.8956281253613225, 0.3521875815963582, 0.04283940058673457],
        [0.9426057898763838, -4.895655740603387, 0.35218540595504033, 0.042867248834391865],
    ]
    targets = [-0.8290851813219597, 2.6301312492636035, -0.8291292925351301, -0.8290851812674003]
    radii = [6.314046370623452e-11, 0.0, 0.0, 7.705022455356494e-11]
    problem = cd.Interpolation(centers, targets, radii)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = cd.solve(problem)
    assert solution.lower_bound <= solution.cost < np.inf


def test_maxima_without_curvature_do_not_overflow() -> None:
    """Six balls that almost touch, far from the origin: of some hinges only rounding is seen."""
    centers = [
        [-1120397.318551443, 1022231.9880156139, 1034130.0962143196],
        [-1120012.5511642075, 1022143.7994827247, 1033891.9169640853],
        [-1120431.964447631, 1022272.2068821733, 1033970.696092183],
        [-1120012.5511647565, 1022143.7994831924, 1033891.9169640995],
        [-1120012.5511657621, 1022143.7994841102, 1033891.9169648807],
        [-1120012.5511653183, 1022143.7994857479, 1033891.91696473],
    ]
    targets = [
        -0.14029392549945152,
        540924568.2801007,
        -427973432.7943897,
        540924565.2032056,
        540924565.238286,
        540924565.5567447,
    ]
    problem = cd.Interpolation(centers, targets, 3.6066130390448086e-07)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = cd.solve(problem)
    assert solution.lower_bound <= solution.cost < np.inf


@pytest.mark.parametrize("eps", [1e-8, 1e-9])
def test_a_corner_next_to_contact_has_an_interval(eps: float) -> None:
    """The slopes miss targets by their rounding; the correction of it is enclosed."""
    points = np.vstack([np.zeros(3), np.eye(3)])
    solution = cd.solve(cd.denoising(points, radius=0.5 * (1 - eps)))
    # One ramp across each gap is a network of cost 6 / eps.
    assert 0.0 < solution.lower_bound <= solution.cost <= 6 / eps * (1 + 1e-6)


def test_room_that_is_too_narrow_for_the_method_has_an_interval() -> None:
    """There are networks, which is shown, and ramps are one of them."""
    centers = [
        [
            -1884738.1435457466,
            -12516244.00979961,
            -2413088.818598891,
            -466105.89852041804,
            -1332073.9758711732,
        ],
        [
            -1884737.8536412863,
            -12516242.071834002,
            -2413086.871076977,
            -466104.9447140705,
            -1332073.097827591,
        ],
        [
            -1884737.6436472225,
            -12516243.892861877,
            -2413085.053079478,
            -466103.9792921093,
            -1332073.1300370214,
        ],
        [
            -1884738.127611708,
            -12516243.99573944,
            -2413088.814393289,
            -466105.8949774819,
            -1332073.9869028123,
        ],
        [
            -1884737.8192890005,
            -12516242.069531804,
            -2413086.8715980113,
            -466104.92360341,
            -1332073.1121199601,
        ],
    ]
    targets = [
        [-0.04744358155760078, -0.05287925826965707],
        [-116092206.73144427, 58862258.18260404],
        [-80780399.37499852, -209285579.20087206],
        [-205628.56814897046, 4666413.149064428],
        [-114297072.6984345, 65290869.25350701],
    ]
    solution = cd.solve(cd.Interpolation(centers, targets, 0.01228330726370514))
    assert 0.0 < solution.lower_bound <= solution.cost < np.inf
    assert solution.status == "not-certified"
