"""The search finds what is false, and what it finds is proved; of what is true it finds nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from convexden import theorems
from convexden.errors import InvalidInput
from convexden.experiments.counterexamples import SearchProgress
from convexden.experiments.counterexamples.space import Space
from convexden.theorems import face_aligned, univariate

Array = NDArray[np.float64]


def narrow(points: Array, radius: float) -> theorems.ClosedForm:
    """On a line, with ramps that are too steep: those of larger balls.

    For gaps D its excess is largest where all are equal: with D = 1 and the radius at half of
    contact it costs 2 / (1 - 0.55) a gap instead of 2 / (1 - 0.5), a ninth more.
    """
    return univariate.closed_form(points, 1.1 * radius)


def search(conjecture=narrow, **options) -> cd.Counterexample:
    given = {"dimension": 1, "radius": 0.5, "starts": 2, "evaluations": 30, **options}
    return cd.find_counterexample(conjecture, **given)


def said(found: cd.Counterexample) -> str:
    lines = str(found).splitlines()
    assert max(map(len, lines)) <= 88
    return " ".join(lines)


def assert_proved(found: cd.Counterexample, conjecture) -> None:
    """From the points and the radius alone."""
    assert (found.found, found.reason) == (True, "cheaper network")
    assert cd.verify_certificate(found.solution).passed
    problem = cd.denoising(found.points, radius=found.radius)
    assert (found.solution.problem.centers == problem.centers).all()
    assert (found.solution.problem.radii == problem.radii).all()
    claim = conjecture(found.points, found.radius)
    cost = claim.network.representation_cost
    assert found.network.representation_cost == cost
    assert found.excess == (cost - found.solution.cost) / found.solution.cost > found.minimum
    assert theorems.compare("search", replace(claim, problem=problem)).verdict == "refuted"


def assert_rational(found: cd.Counterexample) -> None:
    assert found.rounded
    numbers = np.append(found.points, found.radius) * found.denominator
    np.testing.assert_allclose(numbers, np.round(numbers), atol=1e-9)


# ---------------------------------------------------------------- what is false


def test_it_finds_the_largest_excess():
    found = search(keep=0.9)
    assert_proved(found, narrow)
    assert_rational(found)
    largest = max(np.nanmax(part) for part in found.history)
    assert largest == pytest.approx(1 / 9, rel=1e-3)
    assert found.excess >= 0.9 * largest


def test_scalene_triangles_are_not_face_aligned():
    found = cd.find_counterexample("face-aligned", starts=1, evaluations=40, radius=0.5)
    assert_proved(found, face_aligned.closed_form)
    assert_rational(found)
    assert "Refuted: the closed form of face-aligned. On the 3 points (0, 0)," in said(found)
    assert f"an excess of {found.excess:.3g}." in said(found)
    assert found.excess > 1e-6
    sides = np.linalg.norm(found.points - np.roll(found.points, 1, axis=0), axis=1)
    assert np.diff(np.sort(sides)).min() > 0.01
    largest = np.sort(sides**2)
    assert largest[2] < largest[0] + largest[1]  # acute


@pytest.mark.slow
def test_max_margin_ramps_fail_on_a_tetrahedron():
    found = cd.find_counterexample(
        "max-margin-ramps", points=4, dimension=3, starts=1, evaluations=15, radius=0.1
    )
    assert_proved(found, theorems.max_margin_ramps.closed_form)
    assert_rational(found)
    assert found.excess >= 0.03


def test_a_network_that_does_not_interpolate_is_refuted_at_once():
    def shifted(points: Array, radius: float) -> cd.ShallowNetwork:
        network = univariate.closed_form(points, radius).network
        return replace(network, offset=network.offset + 1e-6)

    found = search(shifted)
    assert (found.found, found.reason, found.evaluations) == (True, "does not interpolate", 1)
    assert found.conjecture == "shifted"
    assert "Refuted: shifted. Its network does not interpolate the 3 points" in said(found)
    assert found.solution.certified
    assert abs(found.excess) < 1e-9


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_parallel_starts_that_nobody_waits_for_are_ended():
    found = search(constant, starts=6, jobs=2)
    assert (found.reason, found.evaluations) == ("does not interpolate", 1)
    with pytest.raises(InvalidInput, match="returns str"):
        search(no_network, starts=6, jobs=2)


def constant(points: Array, radius: float) -> cd.ShallowNetwork:
    zero = np.zeros((points.shape[1], points.shape[1]))
    return cd.ShallowNetwork(zero[:0], zero[:0], [], zero, points[0])


def no_network(points: Array, radius: float) -> str:
    return "a network"


def test_a_cost_that_is_misstated_is_refuted_at_once():
    def cheap(points: Array, radius: float) -> theorems.ClosedForm:
        claim = univariate.closed_form(points, radius)
        return replace(claim, cost=0.9 * claim.cost)

    found = search(cheap)
    assert (found.found, found.reason, found.evaluations) == (True, "cost misstated", 1)
    assert "Refuted: cheap. The cost that it states is not" in said(found)


# ---------------------------------------------------------------- what is true


@pytest.mark.parametrize("name", ["Univariate", theorems.univariate.THEOREM])
def test_of_what_is_true_nothing_is_found(name):
    found = search(name, evaluations=10)
    assert (found.found, found.reason, found.conjecture) == (
        False,
        "",
        "the closed form of univariate",
    )
    assert abs(found.excess) < 1e-12
    assert found.evaluations == 20
    assert not found.rounded
    assert said(found).startswith(
        "No counterexample to the closed form of univariate was found, which proves nothing"
    )


def test_where_it_is_undefined_is_counted():
    found = cd.find_counterexample("rays", starts=1, evaluations=30)
    assert not found.found
    assert 0 < found.undefined < 30
    assert found.undefined == np.isnan(found.history[0]).sum()
    assert f"undefined on {found.undefined}, and 0 were not certified" in said(found)


def test_nothing_at_all_is_no_counterexample():
    def nowhere(points: Array, radius: float) -> cd.ShallowNetwork:
        raise cd.InvalidProblem("never")

    found = search(nowhere)
    assert not found.found
    assert found.points is None
    assert found.undefined == found.evaluations == 60
    assert "there was nothing to compare" in said(found)


def test_what_is_not_certified_is_no_proof(monkeypatch):
    monkeypatch.setattr("convexden.experiments.counterexamples.trials.TOLERANCE", 1e-30)
    found = cd.find_counterexample("face-aligned", starts=1, evaluations=2, radius=0.5)
    assert (found.found, found.uncertified + found.undefined, found.evaluations) == (False, 2, 2)
    assert found.uncertified > 0


# ---------------------------------------------------------------- how it goes about it


def test_it_depends_on_the_seed_and_not_on_the_jobs():
    one, again, parallel = (search(evaluations=15, jobs=jobs) for jobs in (1, 1, 2))
    for other in (again, parallel):
        assert (one.points == other.points).all()
        assert (one.radius, one.excess) == (other.radius, other.excess)
        np.testing.assert_equal(one.history, other.history)
    np.testing.assert_equal(search(evaluations=15, starts=1).history[0], one.history[0])
    assert not np.array_equal(
        search(evaluations=15, seed=1).history[0], one.history[0], equal_nan=True
    )


def test_geometries_are_free_of_translation_rotation_and_scale():
    """And distributed like their random points."""
    rng = np.random.default_rng(0)
    for count, dimension, size in ((3, 2, 2), (4, 3, 5), (5, 2, 6), (3, 4, 2), (4, 1, 2)):
        fixed, free = (Space(count, dimension, 0.1, high) for high in (0.1, 0.5))
        assert fixed.draw(rng).size == size
        assert free.draw(rng).size == size + 1
        for space in (fixed, free):
            points, radius = space.geometry(space.draw(rng))
            assert points.shape == (count, dimension)
            assert (points[0] == 0).all()
            assert (points[1] == np.eye(dimension)[0]).all()
            assert 0.1 <= 2 * radius / cd.data.smallest_distance(points) <= 0.5
    drawn = np.array([Space(3, 2, 0.1, 0.1).draw(rng) for _ in range(2000)])
    shapes = np.sort(np.abs(drawn[:, 1]))  # the ratio of height and base
    steps = rng.standard_normal((2000, 3, 2))
    base, side = steps[:, 1] - steps[:, 0], steps[:, 2] - steps[:, 0]
    area = np.abs(base[:, 0] * side[:, 1] - base[:, 1] * side[:, 0])
    expected = np.sort(area / (base**2).sum(axis=1))
    np.testing.assert_allclose(np.log(shapes[::200][1:]), np.log(expected[::200][1:]), atol=0.2)


def test_rounding_keeps_the_share_that_is_asked_for():
    denominators = []
    for keep in (0.0, 0.9, 0.9999):
        found = search(keep=keep, radius=(0.3, 0.81), starts=1)
        largest = max(np.nanmax(part) for part in found.history)
        assert found.excess >= keep * largest
        assert_rational(found)
        fraction = 2 * found.radius / cd.data.smallest_distance(found.points)
        assert 0.9 * 0.3 <= fraction <= 1.1 * 0.81
        denominators.append(found.denominator)
    assert denominators == sorted(denominators)
    assert denominators[0] < denominators[-1]


def test_progress_is_told():
    told: list[SearchProgress] = []
    found = search(progress=told.append)
    assert [(p.start, p.evaluations) for p in told] == [
        (start, k + 1) for start in range(2) for k in range(30)
    ]
    best = np.fmax.accumulate(np.concatenate(found.history))
    np.testing.assert_allclose([p.excess for p in told], np.nan_to_num(best, nan=-np.inf))


def test_interrupted_it_returns_what_it_has():
    def stop(progress: SearchProgress) -> None:
        if (progress.start, progress.evaluations) == (1, 20):
            raise StopIteration

    found = search(progress=stop)
    assert found.interrupted
    assert [len(part) for part in found.history] == [30, 20]
    assert found.found
    assert not found.rounded
    assert_proved(found, narrow)
    assert said(found).endswith("The search was interrupted.")
    timed = search(time_limit=1e-9)
    assert timed.interrupted
    assert [len(part) for part in timed.history] == [1]


def test_stopped_with_processes_it_returns_the_starts_that_are_done():
    def stop(progress: SearchProgress) -> None:
        raise StopIteration

    found = search(starts=50, jobs=2, progress=stop)
    assert found.interrupted
    assert [len(part) for part in found.history] == [30]
    assert np.array_equal(found.history[0], search(starts=1).history[0], equal_nan=True)


def test_ctrl_c_gets_through():
    def interrupted(points: Array, radius: float) -> theorems.ClosedForm:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(interrupted)


def test_its_solution_is_stored(tmp_path):
    found = search()
    cd.save(found.solution, tmp_path / "found.json")
    again = cd.load(tmp_path / "found.json")
    assert again.cost == found.solution.cost
    assert cd.verify_certificate(again).passed


@pytest.mark.parametrize(
    ("conjecture", "options", "message"),
    [
        ("rayz", {}, "did you mean rays"),
        (None, {}, "no function of points and a radius"),
        (lambda points: None, {}, "no function of points and a radius"),
        (narrow, {"points": 2}, "points is 2: give a whole number of at least 3"),
        (narrow, {"dimension": 0}, "dimension is 0"),
        (narrow, {"radius": 1.0}, "radius 1.0 is no fraction"),
        (narrow, {"radius": (0.5, 0.1)}, "is no fraction"),
        (narrow, {"radius": (0.1, 0.2, 0.3)}, "is no fraction"),
        (narrow, {"starts": 0}, "starts is 0"),
        (narrow, {"jobs": 0}, "jobs is 0"),
        (narrow, {"minimum": 0.0}, "minimum is 0.0: give a number above 0"),
        (narrow, {"keep": 1.5}, "keep is 1.5"),
        (no_network, {}, "returns str: return a ShallowNetwork"),
        (
            lambda points, radius: cd.theorems.rays.closed_form([[0, 0], [1, 0]], 0.1).network,
            {},
            "maps 2 to 2 dimensions: return one on 1",
        ),
    ],
)
def test_bad_arguments_get_one_line(conjecture, options, message):
    with pytest.raises(InvalidInput, match=message) as error:
        search(conjecture, **options)
    assert "\n" not in str(error.value)


def test_random_geometries_next_to_a_given_one() -> None:
    near = cd.data.regular_simplex(3)
    space, rng = Space(4, 3, 0.1, 0.5, near), np.random.default_rng(0)
    spreads = []
    for _ in range(200):
        points, _ = space.geometry(space.draw(rng))
        lengths = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(4, 1)]
        spreads.append(np.ptp(lengths) / lengths.mean())
    assert np.median(spreads) < 0.1 < np.max(spreads)
    found = cd.find_counterexample(
        "face-aligned", points=4, dimension=3, near=near, radius=0.1, starts=1, evaluations=5
    )
    assert found.undefined == 0
    with pytest.raises(InvalidInput, match="near is a geometry: give 4 distinct points"):
        cd.find_counterexample("face-aligned", points=4, dimension=3, near=near[:3])


def test_a_property_that_fails_is_found() -> None:
    """One-step sampling: a property of the denoiser, whose failure takes the excess's place."""
    found = cd.find_counterexample("one-step", starts=1, evaluations=3, keep=0.0)
    assert found.found
    assert found.reason == "property fails"
    assert found.excess > 1e-3
    assert found.solution is not None
    assert found.solution.certified
    assert "it fails by" in " ".join(str(found).split())
    holds = cd.find_counterexample(lambda points, radius: 0.0, starts=1, evaluations=3)
    assert not holds.found


def test_one_step_is_exact_where_the_angle_is_right() -> None:
    right, obtuse = cd.data.triangle((90, 50, 40)), cd.data.triangle((110, 40, 30))
    assert cd.theorems.one_step.failure(right, 0.2) < 1e-8
    assert cd.theorems.one_step.failure(obtuse, 0.2) > 0.1
