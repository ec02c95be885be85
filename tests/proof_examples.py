"""Small proof files of every kind, made once."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np

import convexden as cd
from convexden.proofs.prove import prove

SCALENE = [[0.0, 0.0], [1.0, 0.0], [0.4, 0.9]]


def _line() -> Any:
    return prove(cd.denoising([0.0, 1.0, 2.5], radius=[0.1, 0.0, 0.2]), 1e-12)


def _line_in_space() -> Any:
    rng = np.random.default_rng(1)
    points = np.outer([0.0, 1.0, 2.5, 3.1], rng.normal(size=3)) + rng.normal(size=3)
    return prove(cd.denoising(points, radius=0.1), 1e-12)


def _triangle() -> Any:
    return prove(cd.denoising(SCALENE, radius=0.1), 1e-10)


def _samples() -> Any:
    rng = np.random.default_rng(2)
    return prove(cd.Interpolation(rng.normal(size=(5, 2)), rng.normal(size=5)), 1e-10)


def _tetrahedron() -> Any:
    points = [[0.0, 0.0, 0.0], [1.0, 0.2, 0.0], [0.3, 1.0, 0.1], [0.2, 0.3, 0.9]]
    return prove(cd.denoising(points, radius=0.1), 1e-6)


def _plane_in_space() -> Any:
    across = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0], [0.25, 0.25]])
    points = np.column_stack([across, 1 + across[:, 0] / 2])
    return prove(cd.denoising(points, radius=0.05), 1e-10)


def _mixed_in_space() -> Any:
    points = [[0.0, 0.0, 1.0], [1.0, 0.0, 1.5], [0.4, 0.9, 1.0], [0.2, 0.3, 1.25]]
    problem = cd.Interpolation(points, [0.0, 1.0, 0.0, 0.5], [0.1, 0.1, 0.1, 0.0])
    return prove(problem, 1e-6)


def _infeasible() -> Any:
    lattice = [[i + 0.5 * j, 0.75**0.5 * j] for i in range(4) for j in range(4)]
    problem = cd.denoising(lattice, radius=0.45)
    return prove(problem)


def _refuted() -> Any:
    solution = cd.solve(cd.denoising(SCALENE, radius=0.1))
    network = solution.network
    claim = cd.ShallowNetwork(
        network.output_weights * 1.001,
        network.input_weights,
        network.biases,
        network.skip,
        network.offset,
    )
    return prove(solution, 1e-10, claim=claim)


KINDS = {
    "line": _line,
    "line in space": _line_in_space,
    "triangle": _triangle,
    "samples": _samples,
    "tetrahedron": _tetrahedron,
    "plane in space": _plane_in_space,
    "mixed in space": _mixed_in_space,
    "infeasible": _infeasible,
    "refuted": _refuted,
}


@cache
def _text(name: str) -> str:
    """The proof file of an example."""
    return json.dumps(KINDS[name]().to_dict())


def example(name: str) -> Any:
    """A fresh copy of the proof file of an example."""
    return json.loads(_text(name))
