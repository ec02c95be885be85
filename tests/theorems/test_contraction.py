"""The constant of contraction is that of a fine grid, and that of the formula."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.theorems import contraction, univariate

Array = NDArray[np.float64]


def on_a_grid(network: ShallowNetwork, clean: Array, delta: float) -> float:
    """The constant at 200 thousand points, none of them a clean one, with no code of the module."""
    y = np.concatenate([[-1e9], np.linspace(-10 - 1e-5 * np.pi, 10, 200_001), [1e9]])
    h = network(y)[:, 0]
    below = h < y
    far = np.ones(y.size, dtype=bool)
    for k in np.flatnonzero(below[:-1] & ~below[1:]):
        left, right = h[k] - y[k], h[k + 1] - y[k + 1]
        far &= np.abs(y - (y[k] - left * (y[k + 1] - y[k]) / (right - left))) >= delta
    moves = np.abs(y[far, None] - clean)
    ratios = np.divide(
        np.abs(h[far, None] - clean), moves, out=np.full_like(moves, np.inf), where=moves > 0
    )
    return float(ratios.min(axis=1).max())


@pytest.mark.parametrize("seed", range(12))
def test_the_constant_of_any_network_is_that_of_a_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 7))
    network = ShallowNetwork(
        rng.standard_normal((count, 1)),
        rng.standard_normal((count, 1)),
        rng.standard_normal(count),
        rng.standard_normal((1, 1)),
        rng.standard_normal(1),
    )
    clean, delta = 2 * rng.standard_normal(int(rng.integers(2, 5))), float(rng.uniform(0.05, 0.5))
    found, seen = contraction.constant(network, clean, delta), on_a_grid(network, clean, delta)
    assert seen <= found * (1 + 1e-6)
    assert seen == pytest.approx(found, rel=2e-3)


@pytest.mark.parametrize("radii", [0.2, 0.45, [0.1, 0.3, 0.2, 0.05]])
@pytest.mark.parametrize("share", [0.05, 0.8])
def test_the_formula_is_what_a_grid_shows(radii: float | list[float], share: float) -> None:
    clean = np.array([0.0, 1.0, 2.5, 3.5])
    claim = univariate.closed_form(clean, radii)
    gaps, both = contraction._gaps(claim.problem)
    sums = both.sum(axis=1)
    delta = share * float(((gaps / sums - 1) * both.min(axis=1)).min())
    found = contraction.formula(claim.problem, delta)
    assert contraction.constant(claim.network, clean, delta) == pytest.approx(found, rel=1e-12)
    assert on_a_grid(claim.network, clean, delta) == pytest.approx(found, rel=1e-3)
    assert 0 < found < 1


def test_the_formula_for_one_radius() -> None:
    problem = univariate.hypotheses([0.0, 1.0, 3.0], 0.25)
    # 1 - 4 rho delta / ((D - 2 rho) (D - 2 delta)) is 3/4 in the first gap and 26/27 in the second.
    assert contraction.formula(problem, 0.1) == pytest.approx(26 / 27, rel=1e-15)


def test_at_the_fixed_points_it_is_no_contraction() -> None:
    network = univariate.closed_form([0.0, 1.0], 0.25).network
    assert contraction.constant(network, [0.0, 1.0], 0.0) == pytest.approx(1.0, rel=1e-15)
    assert contraction.constant(network, [0.0, 1.0], 0.25) == pytest.approx(0.0, abs=1e-14)


def test_a_fixed_point_far_out_is_found() -> None:
    steep = ShallowNetwork([], [], [], [[2.0]], [-1e4])  # crosses the diagonal at 1e4
    assert contraction.constant(steep, [0.0, 1.0], 1.0) == pytest.approx(
        on_a_grid(steep, np.array([0.0, 1.0]), 1.0), rel=1e-3
    )


def test_a_wrong_network_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = contraction.formula
    monkeypatch.setattr(contraction, "formula", lambda *given: formula(*given) * (1 - 2e-9))
    assert contraction.verify([0.0, 1.0, 3.0], 0.25, 0.1).verdict == "refuted"


def test_the_computed_network_contracts_as_well() -> None:
    result = contraction.verify([0.0, 1.0, 3.0], 0.25, 0.1, solve=True)
    assert (result.verdict, result.decided_by) == ("confirmed", "solved")


@pytest.mark.parametrize(
    ("delta", "remedy"),
    [
        *((delta, "give one between 0 and 0.25, the smallest") for delta in (0.0, 0.25, -1.0)),
        (np.nan, "delta is nan: give a finite number"),
    ],
)
def test_delta_has_to_stay_between_the_balls(delta: float, remedy: str) -> None:
    with pytest.raises(InvalidInput, match=remedy):
        contraction.verify([0.0, 1.0, 3.0], 0.25, delta)


def test_the_constant_is_that_of_univariate_networks() -> None:
    plane = ShallowNetwork([], np.zeros((0, 2)), [], [[0.0, 0.0]], [0.0])
    with pytest.raises(InvalidInput, match="not univariate"):
        contraction.constant(plane, [0.0], 0.1)


def test_finite_clusters_contract_as_a_grid_shows() -> None:
    clean = np.array([0.0, 1.0, 2.5])
    samples = [-0.3, 0.05, 0.2, 0.7, 1.1, 1.4, 2.45, 2.45, 3.0]
    owners = np.repeat(clean, 3)
    # The samples reach 0.2 and 0.3, then 0.4 and 0.05, into the gaps of 1 and 1.5.
    alphas = [
        1 - 0.25 * 0.03 / (0.5 * (0.3 - 0.5 * 0.03)),
        1 - 0.45**2 * 0.03 / (1.05 * (1.5 * 0.4 - 0.45 * 0.03)),
    ]
    result = contraction.verify(samples, 0.0, 0.03, targets=owners)
    assert result.verdict == "confirmed"
    assert result.measured["alpha"] == pytest.approx(max(alphas), rel=1e-12)
    assert on_a_grid(result.closed_form.network, clean, 0.03) == pytest.approx(
        max(alphas), rel=1e-3
    )


@pytest.mark.parametrize(
    ("samples", "owners", "message"),
    [
        ([-0.1, 0.1, 0.9], [0, 0, 1], "two samples"),
        ([-0.1, -0.05, 0.9, 1.1], [0, 0, 1, 1], "noise on every side"),
        ([-0.1, 0.6, 0.5, 1.1], [0, 0, 1, 1], "the noise of two clean points meets"),
        ([0.0, 0.1], [[0, 1], [1, 0]], "on the line"),
    ],
)
def test_clusters_that_do_not_contract(samples: list, owners: list, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        contraction.closed_form(samples, 0.0, targets=owners)
