"""Denoising score matching is regularized denoising."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.network import ShallowNetwork


def test_denoising_score_matching_is_regularize() -> None:
    r"""With h = y + sigma^2 s, whose skip connection is free,

    1/2 sum |s - (x - y) / sigma^2|^2 + beta R(s)
        = sigma^-4 (1/2 sum |h - x|^2 + beta sigma^2 R(h)).
    """
    rng = np.random.default_rng(0)
    sigma, beta = 0.3, 0.4
    clean = np.repeat([[0.0, 0.0], [1.0, 0.2], [0.3, 0.9]], 4, axis=0)
    noisy = clean + sigma * rng.standard_normal(clean.shape)
    denoiser = cd.regularize(cd.Interpolation(noisy, clean), beta * sigma**2)
    score = cd.regularize(cd.Interpolation(noisy, (clean - noisy) / sigma**2), beta)
    assert denoiser.certified
    assert score.certified
    assert score.objective == pytest.approx(denoiser.objective / sigma**4, rel=1e-7)
    h = denoiser.network
    s = ShallowNetwork(
        h.output_weights / sigma**2,
        h.input_weights,
        h.biases,
        (h.skip - np.eye(2)) / sigma**2,
        h.offset / sigma**2,
    )
    errors = s(noisy) - (clean - noisy) / sigma**2
    objective = (errors**2).sum() / 2 + beta * s.representation_cost
    assert objective == pytest.approx(score.objective, rel=1e-7)
