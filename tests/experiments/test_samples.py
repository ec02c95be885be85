"""Optima of samples: certified, below the balls, at the rate at which their hulls fill them."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.cli import main
from convexden.data import noisy_samples, triangle
from convexden.errors import InvalidInput
from convexden.experiments.samples import SampledOptima, sampled_optima
from convexden.plotting import plot_sampled_optima
from convexden.running.progress import TaskProgress

CLEAN = triangle((48, 60, 72))


def synthetic(power: float, boundary: bool, noise: float = 0.0) -> SampledOptima:
    """Optima whose deficits are a power of the number of samples, up to noise."""
    balls = cd.solve(cd.denoising(CLEAN, radius=0.25))
    numbers = np.array([8, 32, 128])
    spread = 1 + noise * np.array([[-1, 1], [1, -1], [-1, 1]])
    costs = balls.cost * (1 - 0.5 * numbers[:, None] ** power * spread)
    return SampledOptima(balls, boundary, numbers, costs, costs, np.ones((3, 2), dtype=bool))


def test_optima_are_those_of_the_samples_and_below_the_balls() -> None:
    found = sampled_optima(CLEAN, 0.25, [32, 8], draws=2, seed=5)
    assert found.samples.tolist() == [8, 32]
    assert found.certified.all()
    assert (found.costs <= found.balls.cost).all()
    assert (found.lower_bounds >= found.costs * (1 - 1e-8)).all()
    noisy = noisy_samples(CLEAN, 0.25, 32, 6)
    assert found.costs[1, 1] == cd.solve(cd.denoising(CLEAN, noisy=noisy)).cost
    assert (found.deficits[1] < found.deficits[0]).all()


def test_rates_in_the_balls_and_on_their_boundaries() -> None:
    inside = sampled_optima(CLEAN, 0.25, [8, 64], draws=3).rate()
    outside = sampled_optima(CLEAN, 0.25, [16, 128], boundary=True, draws=3).rate()
    assert (inside.expected, outside.expected) == (-2 / 3, -2)
    for rate in (inside, outside):
        assert abs(rate.exponent - rate.expected) < 4 * rate.error + 0.1


@pytest.mark.parametrize("power", [-2 / 3, -2.0])
def test_a_power_law_is_recovered(power: float) -> None:
    rate = synthetic(power, boundary=power == -2).rate()
    assert (rate.exponent, rate.error) == pytest.approx((power, 0.0), abs=1e-9)
    noisy = synthetic(power, boundary=False, noise=0.1).rate()
    # Two draws, 10 % to either side: 10 % of error in each mean, over log 16.
    assert noisy.error == pytest.approx(0.1 / np.log(4) / np.sqrt(2), rel=0.01)


def test_samples_on_the_boundary_of_intervals_are_as_good_as_balls() -> None:
    found = sampled_optima([0.0, 1.0, 3.0], 0.2, [16, 32], boundary=True, draws=2)
    assert found.costs == pytest.approx(found.balls.cost, rel=1e-9)
    assert np.isnan(SampledOptima.rate(_with_deficit(found)).expected)


def _with_deficit(found: SampledOptima) -> SampledOptima:
    costs = found.balls.cost * (1 - 1 / found.samples[:, None] * np.ones((1, 2)))
    return SampledOptima(found.balls, True, found.samples, costs, costs, found.certified)


def test_boundary_samples_have_the_radius_and_others_less() -> None:
    for boundary in (False, True):
        noisy = noisy_samples(CLEAN, 0.25, 50, 0, boundary=boundary)
        distances = np.linalg.norm(noisy - CLEAN[:, None], axis=2)
        assert distances.max() <= 0.25 * (1 + 1e-12)
        assert (distances.min() > 0.2499) == boundary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CLEAN, 0.25, [0]), "whole numbers"),
        ((CLEAN, 0.25, [2.5]), "whole numbers"),
        ((CLEAN, 0.25, []), "whole numbers"),
        ((CLEAN, 0.0), "above 0"),
        ((CLEAN, 5.0), "meet"),
        (([[0, 0, 0], [1, 0, 0], [0, 1, 0]], 0.1), "subspace"),
    ],
)
def test_bad_input(arguments: tuple, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        sampled_optima(*arguments)
    with pytest.raises(InvalidInput, match="draws is 0"):
        sampled_optima(CLEAN, 0.25, [8], draws=0)


def test_interrupted_it_keeps_what_is_there() -> None:
    def stop(step: TaskProgress) -> None:
        if step.done == 2:
            raise StopIteration

    found = sampled_optima(CLEAN, 0.25, [8, 16], draws=2, progress=stop)
    assert found.interrupted
    assert found.solved.tolist() == [[True, True], [False, False]]
    timed = sampled_optima(CLEAN, 0.25, [8], draws=1, time_limit=1e-9)
    assert timed.interrupted
    assert not timed.solved.any()


def test_picture_shows_draws_means_and_powers() -> None:
    ax = plot_sampled_optima([synthetic(-2 / 3, False), synthetic(-2.0, True)])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(names) == ["in the balls", "on the boundaries", "power -0.667", "power -2"]
    means = next(line for line in ax.lines if line.get_label() == "in the balls")
    assert np.asarray(means.get_ydata()) == pytest.approx(0.5 * np.array([8, 32, 128]) ** (-2 / 3))


def test_command(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_text("0,0\n2,0\n0.5,1.5\n")
    command = (
        "samples points.csv --radius 0.2 --number 8 --number 32 --draws 2 --plot a.png --quiet"
    )
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--quiet"])
    output = capsys.readouterr().out
    assert ended.value.code == 0
    assert "2 of 2" in output
    assert "expected -0.667" in output
    assert (tmp_path / "a.png").stat().st_size > 5000
    for bad in (
        "samples none.csv",
        "samples points.csv --number 0",
        "samples points.csv --plot a.b",
    ):
        with pytest.raises(SystemExit) as ended:
            main(bad.split())
        assert ended.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1
