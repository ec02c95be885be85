"""A run that is stopped ends soon, with a true interval."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

import convexden as cd
from convexden import NotCertified, Progress, verification
from convexden.reduction import Reduction
from convexden.running.clock import Clock, Stopped
from convexden.solvers.fallback import fallback_network
from convexden.solvers.methods.row_generation import solve_sites
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.programs.catalog import solve_formulation
from convexden.solvers.programs.restricted_master import solve_dual
from convexden.solving import penalized
from convexden.verification import site_errors


@dataclass(frozen=True)
class Countdown(Clock):
    """A clock that stops when it is looked at for the n-th time."""

    looks: list[int] = field(default_factory=lambda: [1])

    def check(self) -> None:
        self.looks[0] -= 1
        if self.looks[0] <= 0:
            raise Stopped


def after(looks: int) -> Countdown:
    return Countdown(math.inf, [looks])


def triangle() -> cd.Interpolation:
    return Reduction.of(cd.denoising(cd.data.triangle((48, 60, 72)), radius=0.25)).problem


def space(sites: int = 7) -> cd.Interpolation:
    points = np.random.default_rng(3).standard_normal((sites, 3))
    return Reduction.of(cd.denoising(points, radius=0.05)).problem


def stop(step: object) -> None:
    raise StopIteration


def samples() -> cd.Interpolation:
    rng = np.random.default_rng(5)
    clean = rng.standard_normal((4, 2))
    noisy = clean[:, None] + 0.1 * rng.standard_normal((4, 30, 2))
    return Reduction.of(cd.denoising(clean, noisy=noisy)).problem


@pytest.mark.parametrize(
    ("problem", "method"),
    [
        (triangle(), None),
        (space(), None),
        pytest.param(space(5), "column-generation", marks=pytest.mark.slow),
        (samples(), None),
        (triangle(), "local"),
    ],
    ids=["plane", "faces", "columns", "samples", "local"],
)
def test_wherever_it_is_stopped_the_interval_is_true(problem, method):
    best = solve_sites(problem, 1e-8, solve_dual, method)
    optimum = best.network.representation_cost
    looks, stopped, networks = 1, 0, 0
    while looks < 10**7:
        found = solve_sites(problem, 1e-8, solve_dual, method, clock=after(looks))
        if not found.interrupted:
            break
        stopped += 1
        bound = np.sum(found.values * problem.targets) / max(1.0, found.pricing_maximum)
        assert bound <= optimum * (1 + 1e-7)
        if found.network is not None:
            networks += 1
            assert found.network.representation_cost >= optimum * (1 - 1e-6)
            assert site_errors(problem, found.network).totals.max() < 1e-8
        looks += 1 + looks
    assert not found.interrupted
    assert stopped >= 3
    assert networks or method == "local" or not problem.radii.all()


@pytest.mark.parametrize("name", ["scalar-exact", "copositive", "semidefinite", "ramps"])
def test_formulations_are_stopped(name):
    rng = np.random.default_rng(0)
    problem = Reduction.of(cd.Interpolation(rng.random((6, 2)), rng.random(6))).problem
    found = solve_formulation(problem, name, clock=after(1))
    assert found.interrupted
    assert found.network is None
    assert not found.values.any()
    assert not solve_formulation(problem, name, clock=Clock.of(1000)).interrupted


@pytest.mark.parametrize("problem", [triangle(), space(), samples()])
def test_there_is_a_network_to_fall_back_on(problem):
    network = fallback_network(problem, lambda *_: False)
    assert site_errors(problem, network).totals.max() < 1e-8
    best = cd.solve(problem)
    assert network.representation_cost >= best.cost * (1 - 1e-9)


@pytest.mark.parametrize("method", [None, "local", "semidefinite", "ramps", "scalar-exact"])
def test_solve_with_next_to_no_time(method):
    rng = np.random.default_rng(0)
    problem = cd.Interpolation(rng.random((7, 2)), rng.random(7))
    best = cd.solve(problem)
    found = cd.solve(problem, method=method, time_limit=1e-6)
    assert found.interrupted
    assert found.lower_bound <= best.cost * (1 + 1e-9)
    assert found.cost >= best.lower_bound * (1 - 1e-9)
    assert found.status == "upper-bound"


@pytest.mark.parametrize("method", [None, "column-generation", "local"])
def test_progress_stops_a_run_by_stop_iteration(method):
    problem = space()
    calls = []

    def stop(step: Progress) -> None:
        calls.append(step)
        if len(calls) == 2:
            raise StopIteration

    found = cd.solve(problem, method=method, progress=stop)
    assert len(calls) <= 2
    assert found.interrupted or found.certified
    done = cd.solve(problem, progress=lambda step: False)  # what it returns is ignored
    assert done.certified
    assert not done.interrupted
    assert found.lower_bound <= done.cost * (1 + 1e-9)
    assert found.cost >= done.lower_bound * (1 - 1e-9)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "call",
    [
        lambda problem: cd.solve(problem, progress=interrupt),
        lambda problem: cd.solve(problem, method="central-path", progress=interrupt),
        lambda problem: cd.solve(problem, method="local", progress=interrupt),
        lambda problem: cd.regularize(problem, 0.01, progress=interrupt),
        lambda problem: cd.regularization_path(problem, [0.1, 0.01], progress=interrupt),
    ],
    ids=["columns", "central", "local", "regularize", "path"],
)
def test_ctrl_c_gets_through(call):
    rng = np.random.default_rng(0)
    with pytest.raises(KeyboardInterrupt):
        call(cd.Interpolation(rng.random((7, 2)), rng.random(7)))


def test_ctrl_c_in_a_formulation_gets_through():
    with pytest.raises(KeyboardInterrupt):
        solve_formulation(triangle(), "ramps", interrupt)


def test_enough_time_changes_nothing():
    found = cd.solve(triangle(), time_limit=1000.0)
    assert found.certified
    assert not found.interrupted


def test_the_enumeration_of_many_faces_is_stopped():
    """Half a minute of enumeration, and a verification that has nothing to price."""
    points = np.random.default_rng(0).standard_normal((10, 9))
    problem = cd.denoising(points, radius=0.1)
    exact_pricing(space())  # what is imported on first use
    started = time.process_time()
    found = cd.solve(problem, time_limit=0.5)
    assert time.process_time() - started < 6.0
    assert found.interrupted
    assert 0 < found.cost < math.inf


def test_a_verification_that_is_stopped_certifies_nothing(monkeypatch):
    problem = cd.denoising(np.random.default_rng(3).standard_normal((7, 3)), radius=0.05)
    best = cd.solve(problem, time_limit=1000.0)
    assert best.certified
    given = problem, best.network, best.certificate
    looks = 1
    while (evidence := verification.examine(*given, after(looks))).obstacle:
        assert evidence.obstacle.startswith("the time was over")
        assert (evidence.pricing.upper, evidence.lower_bound) == (math.inf, 0.0)
        assert not verification.judge(evidence, best.certificate).passed
        looks += 1
    assert looks > 3
    assert evidence.lower_bound == best.lower_bound
    monkeypatch.setattr(Clock, "again", lambda seconds: after(1))
    found = cd.solve(problem)
    assert found.status == "not-certified"
    assert found.relative_gap < 1e-8


def test_a_verification_has_as_long_again_as_the_search():
    assert Clock.again(None).left == math.inf
    assert 99.0 < Clock.again(100.0).left <= 100.0
    assert 0.9 < Clock.again(1e-6).left <= 1.0


def test_nothing_but_an_error_where_no_network_is_at_hand():
    """The edge is near: no line keeps the projections apart, and no ramps fit."""
    problem = cd.denoising(cd.data.triangular_lattice(4, 4), radius=0.45)
    with pytest.raises(NotCertified, match="stopped before there was a network"):
        cd.solve(problem, time_limit=1e-6)


def test_regularized_problems_are_stopped():
    rng = np.random.default_rng(1)
    problem = cd.Interpolation(rng.random((12, 2)), rng.random((12, 2)))
    best = cd.regularize(problem, 0.01)
    found = cd.regularize(problem, 0.01, progress=stop)
    assert found.interrupted
    assert found.lower_bound <= best.objective * (1 + 1e-12)
    assert found.objective >= best.lower_bound * (1 - 1e-12)
    assert not best.interrupted
    for call in (cd.largest_penalty, lambda p, **k: cd.regularize(p, 0.01, **k)):
        with pytest.raises(NotCertified, match="stopped before"):
            call(problem, time_limit=1e-6)


def test_a_path_ends_where_it_is_stopped(monkeypatch):
    fold = cd.Interpolation([-2, -1, 0, 1, 2], [2, 1, 0, 1, 2])
    path = cd.regularization_path(fold, [1, 0.1, 0.01], progress=stop)
    assert (len(path), path.interrupted, path.interpolant) == (1, True, None)
    path = cd.regularization_path(fold, [1, 0.1], time_limit=1000)
    assert not path.interrupted

    def stopped(*_: object, **__: object) -> None:
        raise Stopped

    monkeypatch.setattr(penalized.Penalized, "solve", stopped)
    assert cd.regularization_path(fold, [1, 0.1]).interrupted


def test_a_clock_without_a_limit_never_stops():
    Clock.of(None).check()
    Clock.of(math.inf).check()
    assert Clock().left == math.inf
    late = Clock.of(1e-9)
    time.sleep(0.001)
    assert 0 < late.left <= 1e-3
    with pytest.raises(Stopped):
        late.check()
