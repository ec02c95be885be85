"""Errors are those that are known in closed form, and those of a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.theorems import mmse, univariate

NONE = np.zeros((0, 1))
IDENTITY = ShallowNetwork(NONE, NONE, [], [[1.0]], [0.0])
CONSTANT = ShallowNetwork(NONE, NONE, [], [[0.0]], [0.3])
GRID = np.arange(4.0)
DENSITIES = {
    "uniform": stats.uniform(0, 3),
    "normal": stats.norm(1.5, 0.8),
    "exponential": stats.expon(0, 1),
    "beta": stats.beta(2, 5, 0, 3),
}


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("sigma", [0.01, 0.3, 2.0])
def test_errors_of_affine_denoisers_are_exact(name: str, sigma: float) -> None:
    density = DENSITIES[name]
    found = mmse.errors(GRID, density, sigma, network=IDENTITY)
    assert found.minimum_norm == pytest.approx(sigma**2, rel=1e-11)
    found = mmse.errors(GRID, density, sigma, network=CONSTANT)
    expected = density.var() + (density.mean() - 0.3) ** 2
    assert found.minimum_norm == pytest.approx(expected, rel=1e-11)
    assert found.accuracy <= 1e-11


@pytest.mark.parametrize("sigma", [0.05, 0.5, 3.0])
def test_the_mmse_of_gaussian_data_is_known(sigma: float) -> None:
    density = stats.norm(-1.0, 0.7)
    found = mmse.errors(GRID, density, sigma, network=IDENTITY)
    assert found.mmse == pytest.approx(1 / (1 / 0.7**2 + 1 / sigma**2), rel=1e-11)


@pytest.mark.parametrize("name", DENSITIES)
def test_a_simulation_agrees(name: str) -> None:
    density, sigma, count = DENSITIES[name], 0.25, 400_000
    rng = np.random.default_rng(0)
    x = density.rvs(count, random_state=rng)
    y = x + sigma * rng.standard_normal(count)
    weights = np.exp(-((y[:, None] - GRID) ** 2) / (2 * sigma**2))
    posterior_mean = weights @ GRID / weights.sum(axis=1)
    ours = np.interp(y, np.repeat(GRID, 2) + np.tile([-0.25, 0.25], 4), np.repeat(GRID, 2))
    found = mmse.errors(GRID, density, sigma)
    for denoised, error in ((ours, found.minimum_norm), (posterior_mean, found.empirical_mmse)):
        losses = (denoised - x) ** 2
        assert abs(losses.mean() - error) <= 4 * losses.std() / np.sqrt(count)
    assert found.mmse < min(found.minimum_norm, found.empirical_mmse)


def test_a_density_with_a_jump_needs_its_place() -> None:
    class Steps:  # 2/3 on [0, 1] and 1/3 on [1, 2]
        def pdf(self, x):
            return np.where(x < 1, 2 / 3, 1 / 3)

        def support(self):
            return 0.0, 2.0

        def ppf(self, share):
            return share * 1.5

        def isf(self, share):
            return 2 - share * 3

    steps = Steps()
    found = mmse.errors(GRID, steps, 0.1, network=CONSTANT, breaks=[1.0])
    second = 2 / 3 * ((0.7**3 + 0.3**3) / 3) + 1 / 3 * ((1.7**3 - 0.7**3) / 3)
    assert found.minimum_norm == pytest.approx(second, rel=1e-11)


def test_at_low_noise_the_minimum_norm_denoiser_wins() -> None:
    for name, density in DENSITIES.items():
        found = mmse.errors(GRID, density, 0.02)
        assert found.minimum_norm < found.empirical_mmse, name


def test_the_crossing_is_where_a_plain_rule_changes_its_mind() -> None:
    found = mmse.crossing(GRID, DENSITIES["uniform"], np.sqrt(3))
    assert found.sigma is not None
    assert found.accuracy <= 1e-9 * found.sigma

    def excess(sigma: float) -> float:
        """By the trapezoidal rule in x and z, with no code of the quadrature."""
        x = np.linspace(0, 3, 1501)
        z = np.linspace(-8, 8, 1001)
        y = x[:, None] + sigma * z
        radius = np.sqrt(3) * sigma
        ours = np.interp(y, np.repeat(GRID, 2) + np.tile([-radius, radius], 4), np.repeat(GRID, 2))
        weights = np.exp(-((y[..., None] - GRID) ** 2) / (2 * sigma**2))
        theirs = weights @ GRID / weights.sum(axis=-1)
        losses = (ours - x[:, None]) ** 2 - (theirs - x[:, None]) ** 2
        inner = np.trapezoid(losses * np.exp(-(z**2) / 2), z, axis=1) / np.sqrt(2 * np.pi)
        return float(np.trapezoid(inner, x) / 3)

    assert excess(found.sigma * 0.999) < 0 < excess(found.sigma * 1.001)


def test_it_can_win_wherever_it_exists() -> None:
    # The two closest points end the range of the noise long before the wide gaps are crossed.
    clean = [0.0, 0.1, 2.0, 4.0]
    found = mmse.crossing(clean, stats.uniform(0, 4))
    assert found.sigma is None
    assert found.largest == pytest.approx(0.05)
    for share in (0.1, 0.5, 0.99):
        errors = mmse.errors(clean, stats.uniform(0, 4), share * found.largest)
        assert errors.minimum_norm < errors.empirical_mmse


def test_scaling_everything_scales_the_crossing() -> None:
    one = mmse.crossing(GRID, stats.uniform(0, 3), 2.0)
    ten = mmse.crossing(5 + 10 * GRID, stats.uniform(5, 30), 2.0)
    assert one.sigma is not None
    assert ten.sigma == pytest.approx(10 * one.sigma, rel=1e-10)


def test_a_given_network_may_be_that_of_samples() -> None:
    samples = (GRID[:, None] + [-0.2, 0.1]).ravel()
    network = univariate.closed_form(samples, 0.0, np.repeat(GRID, 2)).network
    found = mmse.errors(GRID, DENSITIES["uniform"], 0.15, network=network)
    assert found.mmse < found.minimum_norm < found.empirical_mmse


def test_bad_input() -> None:
    density = DENSITIES["uniform"]
    with pytest.raises(InvalidProblem, match="sigma is 0: give a positive number"):
        mmse.errors(GRID, density, 0.0)
    with pytest.raises(InvalidProblem, match="kappa is -1"):
        mmse.crossing(GRID, density, -1.0)
    with pytest.raises(InvalidProblem, match="at least two clean points"):
        mmse.crossing([1.0, 1.0], density)
    with pytest.raises(InvalidProblem, match="lower the radii"):
        mmse.errors(GRID, density, 0.6)
    with pytest.raises(InvalidProblem, match="tails too heavy"):
        mmse.errors(GRID, stats.cauchy(), 0.1)
    plane = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 2)), [], [[0.0, 0.0]], [0.0])
    with pytest.raises(InvalidProblem, match="not univariate"):
        mmse.errors(GRID, density, 0.1, network=plane)
