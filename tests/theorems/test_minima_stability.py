"""Minima stability: the weight bounds mean gradients, and what is cheaper is seen."""

from __future__ import annotations

import numpy as np
import pytest

from convexden.theorems import minima_stability


@pytest.mark.parametrize("seed", range(3))
def test_the_weight_is_the_least_mean_gradient(seed: int) -> None:
    """Of [w x + b]_+ a over all scalings with |a w| = 1, facing either way."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(1.0, 2.0, 6)
    x = float(rng.uniform(samples.min(), samples.max()))
    least = np.inf
    for side in (1.0, -1.0):
        active = side * (samples - x) > 0
        for w in np.geomspace(1e-2, 1e2, 20_001):
            by_a = np.mean(active * w * np.abs(samples - x))
            by_w, by_b = np.mean(active * samples) / w, np.mean(active) / w
            least = min(least, by_a**2 + by_w**2 + by_b**2)
    before, at, after = minima_stability.weight(samples, x)
    assert before == at == after
    assert 2 * at == pytest.approx(least, rel=1e-6)


def test_the_weight_at_a_sample_has_two_limits() -> None:
    samples, step = np.array([-2.0, -0.5, 0.3, 2.0]), 1e-9
    before, _, after = minima_stability.weight(samples, 0.3)
    assert before == pytest.approx(minima_stability.weight(samples, 0.3 - step)[1], rel=1e-7)
    assert after == pytest.approx(minima_stability.weight(samples, 0.3 + step)[1], rel=1e-7)
    assert (
        minima_stability.weight(samples, 3.0)[1] == minima_stability.weight(samples, -3.0)[1] == 0
    )


def test_a_weight_that_is_too_high_at_a_sample_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    points, targets = [0.0, 1.0, 2.0, 3.0, 4.5], [1.0, 0.0, 2.0, 1.0, 1.5]
    result = minima_stability.verify(points, 0.0, targets)
    assert result.verdict == "confirmed"
    weight = minima_stability.weight

    def peaked(samples: np.ndarray, x: float) -> tuple[float, float, float]:
        factor = 3.0 if x in samples else 1.0
        return tuple(factor * part for part in weight(samples, x))  # type: ignore[return-value]

    monkeypatch.setattr(minima_stability, "weight", peaked)
    assert minima_stability.verify(points, 0.0, targets).verdict == "refuted"
