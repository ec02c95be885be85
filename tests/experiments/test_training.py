"""Training against the exact optimum.  What needs PyTorch is skipped where it is not installed."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from convexden import data, plotting
from convexden.errors import InvalidInput, MissingDependency, NotSupported
from convexden.experiments import training
from convexden.experiments.training import (
    RepeatProgress,
    Snapshot,
    Trained,
    compare,
    draw_samples,
    priced_excess,
    refine,
    repeat,
    train,
    worst_error,
)
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.solving.interpolation import solve
from convexden.theorems import univariate

LINE = denoising([0.0, 1.0, 2.5], radius=0.2)
TRIANGLE = data.triangle([48, 60, 72])
PLANE = denoising(TRIANGLE, noisy=data.noisy_samples(TRIANGLE, 0.2, samples=4, seed=0))
QUICK = {"neurons": 20, "epochs": 60, "samples": 8, "snapshots": 10}


def _random(problem: Interpolation, neurons: int, seed: int) -> ShallowNetwork:
    rng = np.random.default_rng(seed)
    p, d = problem.output_dimension, problem.input_dimension
    w = rng.normal(size=(neurons, d))
    on = problem.centers[rng.integers(len(problem), size=neurons)]
    b = -np.einsum("kd,kd->k", w, on) + 0.1 * rng.normal(size=neurons)
    return ShallowNetwork(rng.normal(size=(neurons, p)), w, b, np.eye(p, d), np.zeros(p))


def _as_trained(problem: Interpolation, networks: list[ShallowNetwork]) -> Trained:
    """As if these networks had been met in training, one a second."""
    last = networks[-1]
    history = tuple(Snapshot(10**k, k + 1.0, 1e-3, 0.5, h) for k, h in enumerate(networks))
    cost, error = last.representation_cost, worst_error(problem, last)
    return Trained(problem, last, cost, error, history, float(len(networks)), False)


@pytest.mark.parametrize("noise", ["uniform", "gaussian", "sphere"])
@pytest.mark.parametrize("dimension", [1, 3])
def test_noise_has_the_radius_that_it_says(noise: training.Noise, dimension: int) -> None:
    centers = np.arange(2.0 * dimension).reshape(2, dimension)
    problem = Interpolation(centers, [1.0, 2.0], [0.3, 0.0])
    points, targets = draw_samples(problem, 20_000, noise, np.random.default_rng(0))
    assert targets.ravel().tolist() == [1.0] * 20_000 + [2.0]
    assert (points[-1] == centers[1]).all()  # a sample has no noise
    lengths = np.linalg.norm(points[:-1] - centers[0], axis=1)
    squared = 0.09 * (dimension / (dimension + 2) if noise == "uniform" else 1.0)
    assert np.mean(lengths**2) == pytest.approx(squared, rel=0.05)
    assert np.abs((points[:-1] - centers[0]).mean(axis=0)).max() < 0.01
    assert (lengths <= 0.3 * (1 + 1e-12)).all() == (noise != "gaussian")


def test_the_worst_error_is_exact_for_samples_and_found_inside_balls() -> None:
    network = _random(PLANE, 12, 0)
    errors = np.linalg.norm(network(PLANE.centers) - PLANE.targets, axis=1)
    assert worst_error(PLANE, network) == errors.max()
    # Right at the centers, wrong at the far ends of the intervals only.
    narrow = univariate.closed_form([0.0, 1.0, 2.5], 0.1)
    assert worst_error(narrow.problem, narrow.network) <= 1e-12
    slope = 1.0 / 0.8
    assert worst_error(LINE, narrow.network) == pytest.approx(0.1 * slope, rel=1e-2)
    assert worst_error(LINE, narrow.network) <= 0.1 * slope * (1 + 1e-12)


@pytest.mark.parametrize("neurons", [0, 3, 40])
@pytest.mark.parametrize("seed", range(5))
def test_no_network_beats_the_optimum_once_its_errors_are_priced(neurons: int, seed: int) -> None:
    solution = solve(PLANE)
    network = _random(PLANE, neurons, seed)
    errors = np.linalg.norm(network(PLANE.centers) - PLANE.targets, axis=1)
    prices = np.linalg.norm(solution.certificate.values, axis=1)
    found = priced_excess(solution, network)
    assert found >= -solution.relative_gap
    # Once their price is enough for a bound, and it is paid twice.
    assert found * solution.cost >= prices @ errors / (1 + 1e-9) - 1e-9
    assert found >= network.representation_cost / solution.cost - 1


def test_a_network_that_saves_by_errors_is_charged_for_them() -> None:
    solution = solve(PLANE)
    exact = solution.network
    for share in (0.99, 0.9, 0.5, 0.0):  # less of every neuron, at the slope of the optimum
        a, skip = share * exact.output_weights, share * exact.skip
        less = ShallowNetwork(a, exact.input_weights, exact.biases, skip, share * exact.offset)
        assert less.representation_cost == pytest.approx(share * solution.cost)
        assert priced_excess(solution, less) >= 1 - share - 1e-9
    assert priced_excess(solution, exact) <= 1e-9


def test_errors_have_no_price_in_balls() -> None:
    with pytest.raises(InvalidInput, match="radii of 0"):
        priced_excess(solve(LINE), _random(LINE, 2, 0))


def test_the_exact_network_has_no_gap() -> None:
    solution = solve(PLANE)
    gap = compare(_as_trained(PLANE, [solution.network]), solution)
    assert abs(gap.excess) <= 1e-12
    assert abs(gap.priced_excess) <= 1e-9
    assert gap.error <= 1e-9
    assert gap.sup_distance[1] <= 1e-9
    assert gap.distance <= 1e-9


def test_a_gap_measures_every_snapshot() -> None:
    networks = [_random(PLANE, 40, seed) for seed in range(30)]
    gap = compare(_as_trained(PLANE, networks))
    assert gap.solution.certified
    assert [step.seconds for step in gap.history] == list(range(1, 31))
    for network, step in zip(networks, gap.history, strict=True):
        assert step.cost == network.representation_cost
        assert step.excess == pytest.approx(step.cost / gap.solution.cost - 1)
        assert step.error == worst_error(PLANE, network)
        assert step.priced_excess >= max(step.excess, -1e-9)
    last = gap.history[-1]
    assert (gap.excess, gap.error, gap.distance) == (last.excess, last.error, last.distance)
    low, high = gap.sup_distance
    assert gap.distance < low <= high
    text = str(gap)
    assert "certified" in text
    rows = text.split("\n\n")[1].splitlines()[1:]
    assert 5 <= len(rows) <= 20
    assert rows[-1].split()[0] == str(10**29)


def test_balls_have_no_priced_excess_and_other_problems_no_gap() -> None:
    closed = univariate.closed_form([0.0, 1.0, 2.5], 0.1)
    gap = compare(_as_trained(LINE, [closed.network]))
    assert gap.excess < 0  # of smaller balls
    assert math.isnan(gap.priced_excess)
    with pytest.raises(InvalidInput, match="another problem"):
        compare(_as_trained(LINE, [closed.network]), solve(closed.problem))


def test_pictures_show_both_networks_and_what_there_is_over_time() -> None:
    narrow = univariate.closed_form([0.0, 1.0, 2.5], 0.1)
    line = compare(_as_trained(LINE, [_random(LINE, 5, 0), narrow.network]))
    plane = compare(_as_trained(PLANE, [_random(PLANE, 40, 0), _random(PLANE, 40, 1)]))
    for gap, names in ((line, {"exact $h$", "trained"}), (plane, {"hinge of the exact network"})):
        left, right = Figure((12, 5), layout="compressed").subplots(1, 2)
        assert plotting.plot_trained(gap, left) is left
        assert plotting.plot_training(gap, right) is right
        left.figure.draw_without_rendering()
        assert names <= {text.get_text() for text in left.get_legend().get_texts()}
        labels = {text.get_text() for text in right.get_legend().get_texts()}
        assert {"worst error", "distance of functions"} <= labels
        assert ("excess, errors priced" in labels) == (gap is plane)
    assert "cost too low by" in {text.get_text() for text in _legend(line)}
    assert plotting.plot_trained(line).figure is not None
    points = np.vstack([np.zeros(3), np.eye(3)])
    space = denoising(points, radius=0.1)
    with pytest.raises(NotSupported, match="3 dimensions"):
        plotting.plot_trained(compare(_as_trained(space, [solve(space).network])))


def _legend(gap: training.Gap) -> list:
    return plotting.plot_training(gap).get_legend().get_texts()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neurons": 0}, "neurons is 0"),
        ({"epochs": -1}, "epochs is -1"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"penalties": []}, "at least one"),
        ({"penalties": [1e-3, -1.0]}, "not all >= 0"),
        ({"mode": "batch"}, "no mode 'batch': choose from offline, online"),
        ({"noise": "salt"}, "no noise 'salt'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        train(LINE, **options)


def test_only_what_was_trained_is_compared_with_a_solution() -> None:
    solution = solve(LINE)
    with pytest.raises(InvalidInput, match="give a solution"):
        compare(solution.network)
    trained = _as_trained(LINE, [solution.network])
    with pytest.raises(InvalidInput, match="trained is of type Solution: give a Trained"):
        compare(solution, trained)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="solution is of type ShallowNetwork: give a Solution"):
        compare(trained, solution.network)  # type: ignore[arg-type]


def test_any_network_is_compared_with_a_solution() -> None:
    solution = solve(PLANE)
    network = _random(PLANE, 12, 0)
    gap, run = compare(network, solution), compare(_as_trained(PLANE, [network]), solution)
    assert gap.trained is None
    assert gap.network is network
    assert gap.history == ()
    assert (gap.excess, gap.error, gap.priced_excess) == (run.excess, run.error, run.priced_excess)
    assert (gap.sup_distance, gap.distance) == (run.sup_distance, run.distance)
    assert "network: cost" in str(gap)
    assert len(str(gap).splitlines()) == 3
    assert plotting.plot_trained(gap).figure is not None
    with pytest.raises(NotSupported, match="no history"):
        plotting.plot_training(gap)
    with pytest.raises(InvalidInput, match="inputs"):
        compare(_random(LINE, 3, 0), solution)


def test_samples_cannot_be_drawn_anew() -> None:
    with pytest.raises(InvalidInput, match="give balls"):
        train(PLANE, mode="online")


def test_without_pytorch_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match=r'pip install "convexden\[train\]"'):
        train(LINE)


# What follows trains.


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["offline", "online"])
def test_the_same_seed_gives_the_same_run(mode: training.Mode) -> None:
    pytest.importorskip("torch")
    first, again, other = (train(LINE, seed=seed, mode=mode, **QUICK) for seed in (1, 1, 2))
    assert np.array_equal(first.network.output_weights, again.network.output_weights)
    assert [s.loss for s in first.history] == [s.loss for s in again.history]
    assert not np.array_equal(first.network.output_weights, other.network.output_weights)


def test_the_loss_is_the_one_of_the_paper() -> None:
    pytest.importorskip("torch")
    trained = train(PLANE, penalties=[1e-2, 1e-3], **QUICK)
    for step in trained.history:
        h = step.network
        fit = np.sum((h(PLANE.centers) - PLANE.targets) ** 2, axis=1).mean()
        decay = np.sum(h.output_weights**2) + np.sum(h.input_weights**2)
        assert step.loss == pytest.approx(fit + step.penalty / 2 * decay, rel=1e-9)
    assert [trained.history[0].penalty, trained.history[-1].penalty] == [1e-2, 1e-3]
    assert trained.history[-1].epoch == QUICK["epochs"]
    assert trained.history[-1].loss < trained.history[0].loss
    assert not trained.interrupted


def test_offline_and_online_see_different_samples() -> None:
    pytest.importorskip("torch")
    offline, online = (train(LINE, mode=mode, **QUICK) for mode in ("offline", "online"))
    assert offline.history[-1].loss != online.history[-1].loss


def test_training_comes_near_the_exact_denoiser_on_a_line() -> None:
    pytest.importorskip("torch")
    problem = Interpolation([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0])
    trained = train(problem, neurons=20, epochs=3000, penalties=(1e-2, 1e-3, 1e-4), seed=0)
    gap = compare(trained)
    assert gap.solution.cost == pytest.approx(2.0)
    assert gap.error < 0.01
    assert abs(gap.excess) < 0.05
    assert -1e-9 <= gap.priced_excess < 0.05


def test_stopped_it_keeps_what_there_is() -> None:
    pytest.importorskip("torch")

    def stop(step: Snapshot) -> None:
        if step.epoch >= 10:
            raise StopIteration

    trained = train(PLANE, progress=stop, **QUICK)
    assert trained.interrupted
    assert 10 <= trained.history[-1].epoch < QUICK["epochs"]
    epochs = [step.epoch for step in trained.history]
    assert epochs == sorted(set(epochs))
    assert "interrupted" in str(compare(trained))


def test_a_device_that_is_not_there_and_a_run_that_diverges() -> None:
    pytest.importorskip("torch")
    with pytest.raises(NotSupported, match="no device 'abacus'"):
        train(LINE, device="abacus", **QUICK)
    with pytest.raises(InvalidInput, match="lower the learning rate"):
        train(LINE, learning_rate=1e200, **QUICK)


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    page = Path(__file__).resolve().parents[2] / "docs" / "howto" / "train.md"
    blocks = re.findall(r"^```py\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    short = {"epochs": 50, "snapshots": 4, "neurons": 20}
    monkeypatch.setattr(training, "train", lambda problem, **given: train(problem, **given | short))
    # It takes 200 neurons and thousands of epochs to the end; test_refinement.py does so for few.
    monkeypatch.setattr(
        training, "refine", lambda trained, **given: refine(trained, **given, progress=_stop)
    )
    names: dict = {}
    for block in blocks:
        exec(block, names)
    assert names["gap"].solution.cost == pytest.approx(11.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trained.png", "training.png"]


def _stop(step: Snapshot) -> None:
    """End at once."""
    raise StopIteration


def test_repeated_training_is_measured_against_certified_optima() -> None:
    pytest.importorskip("torch")
    problem = denoising(TRIANGLE, radius=0.2)
    options = QUICK | {"samples": 2, "snapshots": 3}
    found = repeat(problem, seeds=2, weight_decay=1e-2, stages=2, **options)
    assert [(run.mode, run.seed) for run in found.runs] == [
        ("offline", 0), ("offline", 1), ("online", 0), ("online", 1),
    ]  # fmt: skip
    assert found.certified
    assert found.runs[2].trained.samples is None
    for run in found.of("offline"):
        points, targets = run.trained.samples
        fit = np.sum((run.trained.network(points) - targets) ** 2) / len(points)
        reached = fit + 1e-2 * run.trained.cost
        assert run.optimum is not None
        least = run.optimum.lower_bound * 2 / len(points)
        assert run.excess == pytest.approx(reached / least - 1)
        assert run.excess > 0
    assert all(run.fresh_excess > 0 for run in found.runs)
    assert math.isnan(found.runs[2].excess)


def test_repeated_training_beyond_the_plane_compares_angles() -> None:
    pytest.importorskip("torch")
    problem = denoising(np.vstack([np.zeros(3), np.eye(3)]), radius=0.1)
    found = repeat(problem, modes=["online"], seeds=1, **QUICK)
    run = found.runs[0]
    assert run.optimum is None
    assert found.fresh is None
    assert math.isnan(run.fresh_excess)
    assert 0 <= run.angles.mean <= 90
    (ax,) = plotting.plot_repeats(found)
    assert "heavy" in ax.get_ylabel()


def test_repeated_training_to_the_end_interpolates() -> None:
    pytest.importorskip("torch")
    problem = denoising(np.vstack([np.zeros(3), np.eye(3)]), radius=0.1)
    rough, fine = (
        repeat(problem, modes=["online"], seeds=1, refined=refined, **QUICK).runs[0]
        for refined in (False, True)
    )
    assert fine.error < 1e-2 < rough.error
    assert fine.angles.mean < rough.angles.mean
    assert len(fine.trained.history) > len(rough.trained.history)


def test_repeated_training_ends_after_a_run() -> None:
    pytest.importorskip("torch")

    def stop(step: RepeatProgress) -> None:
        """End in the second run."""
        if step.done == 1:
            raise StopIteration

    found = repeat(LINE, modes=["online"], seeds=3, progress=stop, **QUICK)
    assert found.interrupted
    assert len(found.runs) == 1
    with pytest.raises(InvalidInput, match="give radii > 0"):
        repeat(PLANE)
