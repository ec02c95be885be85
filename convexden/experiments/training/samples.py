"""Noisy samples to train on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convexden.problem import Interpolation

Array = NDArray[np.float64]
Mode = Literal["offline", "online"]
Noise = Literal["uniform", "gaussian", "sphere"]


def draw_samples(
    problem: Interpolation, samples: int, noise: Noise, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Noisy samples (S, d) of the sites and their targets (S, p), see `train`."""
    counts = np.where(problem.radii > 0, samples, 1)
    centers, radii = np.repeat(problem.centers, counts, 0), np.repeat(problem.radii, counts)
    steps = rng.standard_normal(centers.shape)
    d = problem.input_dimension
    if noise == "gaussian":
        steps /= np.sqrt(d)
    else:
        steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    if noise == "uniform":
        steps *= rng.random((len(steps), 1)) ** (1 / d)
    return centers + radii[:, None] * steps, np.repeat(problem.targets, counts, 0)
