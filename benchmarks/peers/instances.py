"""The problems that all peers are given: samples in the plane, which every peer can state."""

from __future__ import annotations

import numpy as np

import convexden as cd


def _scalar(count: int) -> cd.Interpolation:
    rng = np.random.default_rng(count)
    return cd.Interpolation(rng.uniform(-1, 1, (count, 2)), rng.uniform(-1, 1, count))


def _vector(count: int) -> cd.Interpolation:
    rng = np.random.default_rng(count)
    return cd.Interpolation(rng.uniform(-1, 1, (count, 2)), rng.uniform(-1, 1, (count, 2)))


def _clusters(samples: int) -> cd.Interpolation:
    clean = cd.data.triangle([48, 60, 72])
    return cd.denoising(clean, noisy=cd.data.noisy_samples(clean, 0.2, samples, seed=0))


INSTANCES = {
    "scalar 12": (lambda: _scalar(12), "12 uniform samples, random targets in R"),
    "clusters 12": (lambda: _clusters(4), "three clusters of 4 noisy samples round a triangle"),
    "scalar 90": (lambda: _scalar(90), "90 uniform samples, random targets in R"),
    "vector 15": (lambda: _vector(15), "15 uniform samples, random targets in R^2"),
    "clusters 60": (lambda: _clusters(20), "three clusters of 20 noisy samples round a triangle"),
}
QUICK = ("scalar 12", "clusters 12")
FULL = ("scalar 90", "vector 15", "clusters 60")
