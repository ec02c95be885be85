"""The expansion at low noise is that of the errors, and the noise that is called low is low."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from convexden.errors import InvalidInput
from convexden.theorems import low_noise, mmse

CLEAN = np.array([0.0, 0.8, 2.0])
DENSITIES = {
    "uniform": stats.uniform(-0.5, 3),
    "normal": stats.norm(1.0, 0.7),
    "pieces": mmse.Mixture([stats.uniform(-0.2, 1.1), stats.uniform(1.3, 0.7)], [1, 2]),
}


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("kappa", [0.5, 2.0])
def test_the_expansion_is_right_to_third_order(name: str, kappa: float) -> None:
    density = DENSITIES[name]
    x = np.linspace(0, 2, 400_001)
    x = (x[1:] + x[:-1]) / 2
    n = np.searchsorted(CLEAN, x) - 1
    v = (x - CLEAN[n]) / np.diff(CLEAN)[n]
    mass = density.pdf(x) * (x[1] - x[0])
    least = mass @ np.minimum(x - CLEAN[n], CLEAN[n + 1] - x) ** 2
    growth = mass @ (1 + kappa**2 * (1 - 2 * v) ** 2)
    assert low_noise.scale(CLEAN, density, kappa) == pytest.approx((least / growth) ** 0.5, 1e-5)
    scale = (least / growth) ** 0.5
    rests = []
    for sigma in (0.04 * scale, 0.02 * scale):
        found = mmse.errors(CLEAN, density, sigma, kappa)
        rest = found.empirical_mmse - found.minimum_norm - least + growth * sigma**2
        rests.append(abs(rest) / growth / sigma**2)
    # Relative to the second term the rest is linear in sigma.
    assert rests[1] < 0.6 * rests[0] < 0.1 or max(rests) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in low_noise.KINDS if kind != low_noise.CLUSTERS])
def test_low_noise_is_below_the_crossing(kind: str) -> None:
    drawn = low_noise.instance(np.random.default_rng(5), kind)
    points, density, kappa = drawn["points"], drawn["density"], drawn["kappa"]
    crossing = mmse.crossing(points, density, kappa)
    equal = crossing.largest if crossing.sigma is None else crossing.sigma
    assert equal >= min(crossing.largest, low_noise.scale(points, density, kappa))
    assert drawn["radius"] / kappa < low_noise.LOW * equal


def test_what_is_measured() -> None:
    result = low_noise.verify(CLEAN, 0.1, DENSITIES["normal"], 2.0)
    found = mmse.errors(CLEAN, DENSITIES["normal"], 0.05, 2.0)
    assert result.verdict == "confirmed"
    assert result.measured["sigma"] == 0.05
    assert result.measured["minimum-norm error"] == found.minimum_norm
    assert result.measured["empirical MMSE error"] == found.empirical_mmse
    assert result.measured["accuracy"] < 1e-13


def test_the_error_of_a_computed_network_is_that_of_the_closed_form() -> None:
    result = low_noise.verify(CLEAN, 0.1, DENSITIES["uniform"], solve=True)
    proved = low_noise.verify(CLEAN, 0.1, DENSITIES["uniform"])
    assert (result.verdict, result.decided_by) == ("confirmed", "solved")
    name = "minimum-norm error"
    assert result.measured[name] == pytest.approx(proved.measured[name], rel=1e-9)


def test_the_verdict_minds_the_accuracy() -> None:
    found = mmse.errors(CLEAN, DENSITIES["uniform"], 0.1)
    assert low_noise._verdict(found) == "confirmed"
    assert low_noise._verdict(replace(found, accuracy=1.0)) == "undecided"
    swapped = replace(found, minimum_norm=found.empirical_mmse, empirical_mmse=found.minimum_norm)
    assert low_noise._verdict(swapped) == "refuted"


def test_hypotheses() -> None:
    density = DENSITIES["uniform"]
    with pytest.raises(InvalidInput, match="the noise is not low: lower sigma .* from 0.3 to"):
        low_noise.verify(CLEAN, 0.3, density)
    with pytest.raises(InvalidInput, match="0 between the clean points"):
        low_noise.verify(CLEAN, 0.1, stats.uniform(5, 1))
    with pytest.raises(InvalidInput, match="kappa is 0.0: give a number above 0"):
        low_noise.verify(CLEAN, 0.1, density, 0.0)


def test_the_expansion_holds_for_finite_clusters() -> None:
    """To third order in the noise, with samples that reach differently far into every gap."""
    z = np.array([[-1.0, 0.4, 0.1], [-0.2, 1.5, 1.1], [0.3, 0.6, -0.7]])
    reaches = np.array([[0.4, 0.2], [1.5, 0.7]])
    density = DENSITIES["normal"]
    scale = low_noise.scale(CLEAN, density, reaches)
    least = mmse.errors(CLEAN, density, 1e-3 * scale).empirical_mmse
    rests = []
    for sigma in (0.04 * scale, 0.02 * scale):
        samples, owners = (CLEAN[:, None] + sigma * z).ravel(), np.repeat(CLEAN, 3)
        result = low_noise.verify(samples, 0.0, density, targets=owners, sigma=sigma)
        assert result.verdict == "confirmed"
        found = result.measured
        won = found["empirical MMSE error"] - found["minimum-norm error"]
        gained = won / (low_noise.scale(CLEAN, density, reaches) ** 2 - sigma**2)
        rests.append(gained)
    assert rests[0] == pytest.approx(rests[1], rel=0.01)
    assert least > 0


@pytest.mark.parametrize(
    ("samples", "sigma", "message"),
    [
        ([-0.1, 0.1, 0.9, 1.9, 2.1], None, "sigma"),
        ([-0.1, 0.9, 0.7, 1.9, 2.1], 0.1, "overlap"),
        ([-0.1, 0.1, 0.8, 2.0, 2.0], 0.1, "two of the outermost"),
    ],
)
def test_clusters_that_are_refused(samples: list, sigma: float | None, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        low_noise.closed_form(samples, 0.0, targets=[0.0, 0.0, 0.8, 2.0, 2.0], sigma=sigma)


def test_balls_have_the_noise_that_their_radius_says() -> None:
    with pytest.raises(InvalidInput, match="sigma goes with samples"):
        low_noise.closed_form(CLEAN, 0.1, sigma=0.1)
