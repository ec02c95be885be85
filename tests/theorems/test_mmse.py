"""Errors are those that are known in closed form, and those of a simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.theorems import mmse, rays, univariate
from convexden.theorems.mmse import quadrature, sampling
from convexden.theorems.mmse.adaptive import integrate

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


@pytest.mark.parametrize(
    "density",
    [
        stats.beta(0.5, 0.5, 0, 3),
        stats.beta(0.5, 1.0, 0, 3),
        stats.triang(0.4, 0, 3),
        mmse.Mixture([DENSITIES["normal"], stats.norm(1.0, 0.02)], [1, 1]),
    ],
    ids=["infinite at both ends", "infinite at one end", "a kink", "a narrow peak"],
)
def test_the_accuracy_counts_the_rule_for_the_moments(
    density: mmse.Density, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = mmse.errors(GRID, density, 0.2)
    monkeypatch.setattr(quadrature, "NODES", (600, 400))
    exact = mmse.errors(GRID, density, 0.2)
    for which in ("minimum_norm", "empirical_mmse", "mmse"):
        difference = abs(getattr(found, which) - getattr(exact, which))
        assert difference <= found.accuracy + exact.accuracy
    assert 1e-8 < found.accuracy < 1e-2


def test_a_curve_is_the_errors_at_each_noise() -> None:
    curve = mmse.curve(GRID, DENSITIES["normal"], [0.1, 0.3], 1.5)
    assert curve == [mmse.errors(GRID, DENSITIES["normal"], sigma, 1.5) for sigma in (0.1, 0.3)]


# ---------------------------------------------------------------- quadrature and mixtures


def test_integrals_are_those_of_calculus() -> None:
    marks = np.array([0.0, 0.5, 2.0])
    found, accuracy = integrate(lambda x: np.array([x**9, np.exp(-x), np.sqrt(x)]), marks)
    exact = [2**10 / 10, 1 - np.exp(-2), 2**2.5 / 3]
    assert np.abs(found - exact).max() <= accuracy <= 1e-9


def test_what_is_not_resolved_counts_into_the_accuracy() -> None:
    jumps = np.sort(np.random.default_rng(0).random(20_000))
    found, accuracy = integrate(
        lambda x: 1.0 * (np.searchsorted(jumps, x) % 2)[None], np.array([0.0, 1.0])
    )
    exact = np.diff(jumps)[::2].sum()
    assert abs(float(found[0]) - exact) <= accuracy
    assert accuracy > 1e-6


def test_a_mixture_is_a_density() -> None:
    parts = [stats.norm(0, 1), stats.uniform(1, 2), stats.expon(2, 1)]
    mixture = mmse.Mixture(parts, [1, 2, 1])
    grid = np.linspace(-12, 40, 520_001)
    assert np.trapezoid(mixture.pdf(grid), grid) == pytest.approx(1, abs=1e-4)
    assert mixture.support() == (-np.inf, np.inf)
    assert mixture.breaks.tolist() == [1, 2, 3]
    for share in (1e-18, 1e-3, 0.4):
        below, above = mixture.ppf(share), mixture.isf(share)
        assert parts[0].cdf(below) / 4 + parts[1].cdf(below) / 2 + parts[2].cdf(
            below
        ) / 4 == pytest.approx(share, rel=1e-9)
        assert parts[0].sf(above) / 4 + parts[1].sf(above) / 2 + parts[2].sf(
            above
        ) / 4 == pytest.approx(share, rel=1e-9)
    drawn = mixture.rvs(40_000, np.random.default_rng(0))
    assert abs((drawn <= mixture.ppf(0.3)).mean() - 0.3) < 0.01
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.02  # in no order
    with pytest.raises(InvalidInput, match="one positive weight"):
        mmse.Mixture(parts, [1, 2])


# ---------------------------------------------------------------- simulation


LINE = univariate.closed_form(GRID, 0.2).network


@pytest.mark.parametrize("name", DENSITIES)
def test_a_simulation_is_where_the_integral_is(name: str) -> None:
    density = DENSITIES[name]
    exact = mmse.errors(GRID, density, 0.2)
    found = mmse.monte_carlo(LINE, GRID, density, 0.2, samples=50_000, seed=3, confidence=0.6827)
    for estimate, value in (
        (found.minimum_norm, exact.minimum_norm),
        (found.empirical_mmse, exact.empirical_mmse),
        (found.difference, exact.empirical_mmse - exact.minimum_norm),
    ):
        assert abs(estimate.mean - value) <= 4 * estimate.half_width  # standard errors
    assert found.samples == 50_000
    # The same samples for both tell more of the difference than independent ones would.
    apart = np.hypot(found.minimum_norm.half_width, found.empirical_mmse.half_width)
    assert found.difference.half_width < apart


def test_intervals_cover_as_often_as_they_say() -> None:
    exact = mmse.errors(GRID, DENSITIES["uniform"], 0.2)
    difference = exact.empirical_mmse - exact.minimum_norm
    covered = np.zeros(3)
    for seed in range(400):
        found = mmse.monte_carlo(LINE, GRID, DENSITIES["uniform"], 0.2, samples=2_000, seed=seed)
        pairs = (
            (found.minimum_norm, exact.minimum_norm),
            (found.empirical_mmse, exact.empirical_mmse),
            (found.difference, difference),
        )
        covered += [abs(estimate.mean - value) <= estimate.half_width for estimate, value in pairs]
    # 380 of 400 are expected, with a standard deviation of 4.4.
    assert (np.abs(covered - 380) <= 18).all()


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = np.random.default_rng(0).standard_normal((5_500, 2))
    clean = pool[:4]
    network = rays.closed_form([[0, 0], [1, 0], [0, 1]], 0.1).network

    def population(rng: np.random.Generator, count: int) -> np.ndarray:
        nonlocal start
        start += count
        return pool[start - count : start]

    found = []
    for batch in (2**20, 4_000):
        monkeypatch.setattr(sampling, "BATCH", batch)
        start = 0
        found.append(mmse.monte_carlo(network, clean, population, 1e-9, samples=5_500))
    losses = ((network(pool) - pool) ** 2).sum(axis=1)
    expected = losses.std(ddof=1) / np.sqrt(5_500) * stats.norm.ppf(0.975)
    for each in found:
        assert each.minimum_norm.mean == pytest.approx(losses.mean(), rel=1e-6)
        assert each.minimum_norm.half_width == pytest.approx(expected, rel=1e-6)


def test_populations_in_the_plane() -> None:
    clean = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    network, sigma = rays.closed_form(clean, 0.2).network, 0.2
    identity = ShallowNetwork([], np.zeros((0, 2)), [], np.eye(2), [0.0, 0.0])
    for population in (clean, stats.multivariate_normal([0.5, 0.2], 0.1), lambda rng, m: clean[0]):
        if callable(population):
            with pytest.raises(InvalidInput, match="the population gives points of shape"):
                mmse.monte_carlo(network, clean, population, sigma)
            continue
        noise = mmse.monte_carlo(identity, clean, population, sigma).minimum_norm
        assert abs(noise.mean - 2 * sigma**2) <= 3 * noise.half_width
    # Where all clean points are known the posterior mean is the best there is.
    found = mmse.monte_carlo(network, clean, clean, sigma)
    assert found.difference.mean < -10 * found.difference.half_width
    assert found.dimension == 2
    assert mmse.monte_carlo(network, clean, clean, sigma) == found
    assert mmse.monte_carlo(network, clean, clean, sigma, seed=1) != found


def test_a_simulation_may_stop_early() -> None:
    found = mmse.monte_carlo(LINE, GRID, DENSITIES["uniform"], 0.2, samples=10**9, accuracy=0.01)
    assert found.samples < 10**6
    for estimate in (found.minimum_norm, found.empirical_mmse):
        assert estimate.half_width <= 0.01 * estimate.mean


def test_the_posterior_mean_is_stable() -> None:
    clean = np.array([[1e6, 0.0], [1e6 + 1, 0.0]])
    found = mmse.posterior_mean([[1e6 + 0.5, 3.0], [1e6 + 0.6, 0.0], [1e9, 0.0]], clean, 0.1)
    share = 1 / (1 + np.exp(-0.1 / 0.1**2))
    assert found[:, 0] - 1e6 == pytest.approx([0.5, share, 1.0], abs=1e-8)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"samples": 999}, "samples is 999"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"sigma": 0.0}, "sigma is 0"),
        ({"clean": np.zeros((2, 2))}, "do not fit a denoiser of 1 inputs"),
        ({"population": []}, "the population is empty"),
        ({"population": [np.nan]}, "finite numbers"),
    ],
)
def test_bad_simulations(given: dict[str, Any], message: str) -> None:
    sound = {"network": LINE, "clean": GRID, "population": GRID, "sigma": 0.2}
    with pytest.raises(InvalidInput, match=message):
        mmse.monte_carlo(**(sound | given))


def test_bad_input() -> None:
    density = DENSITIES["uniform"]
    with pytest.raises(InvalidInput, match="sigma is 0.0: give a number above 0"):
        mmse.errors(GRID, density, 0.0)
    with pytest.raises(InvalidInput, match="kappa is -1"):
        mmse.crossing(GRID, density, -1.0)
    with pytest.raises(InvalidInput, match="at least two clean points"):
        mmse.crossing([1.0, 1.0], density)
    with pytest.raises(InvalidInput, match="lower the radii"):
        mmse.errors(GRID, density, 0.6)
    with pytest.raises(InvalidInput, match="tails too heavy"):
        mmse.errors(GRID, stats.cauchy(), 0.1)
    plane = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 2)), [], [[0.0, 0.0]], [0.0])
    with pytest.raises(InvalidInput, match="not univariate"):
        mmse.errors(GRID, density, 0.1, network=plane)


def test_errors_of_finite_clusters_are_those_of_their_networks() -> None:
    density, sigma = DENSITIES["uniform"], 0.1
    found = mmse.cluster_errors(GRID, density, sigma, 5, draws=2, seed=3)
    rng = np.random.default_rng(4)
    noisy = GRID[:, None] + sigma * rng.standard_normal((GRID.size, 5))
    ends = np.column_stack([noisy.min(axis=1), noisy.max(axis=1)]).ravel()
    x = density.rvs(200_000, random_state=rng)
    y = x + sigma * rng.standard_normal(x.size)
    losses = (np.interp(y, ends, np.repeat(GRID, 2)) - x) ** 2
    assert abs(losses.mean() - found.minimum_norm[1]) <= 4 * losses.std() / np.sqrt(x.size)
    assert (found.wins, found.overlaps) == (2, 0)
    balls = mmse.errors(GRID, density, sigma)
    assert found.empirical_mmse == pytest.approx(balls.empirical_mmse, rel=1e-12)
    assert mmse.cluster_errors(GRID, density, 0.6, 20, draws=2).overlaps == 2
    with pytest.raises(InvalidInput, match="samples is 0"):
        mmse.cluster_errors(GRID, density, sigma, 0)
