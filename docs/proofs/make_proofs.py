"""Prove the findings, and write the proof files: python docs/proofs/make_proofs.py [FOLDER].

The checker alone, convexden/proofs/checker.py, checks them in the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import convexden as cd
from convexden.theorems import equilateral, equilateral_beyond, face_aligned

TETRAHEDRON = [[0, 0, 0], [1, 2, 2], [0, 0, 1], [2, 2, 1]]


def scalene_triangle() -> cd.Proof:
    """The face-aligned candidate of a scalene acute triangle, which is off in the eighth digit."""
    points, radius = cd.data.triangle((40, 60, 80)), 0.1
    claim = face_aligned.closed_form(points, radius).network
    return cd.prove(cd.solve(cd.denoising(points, radius=radius)), 1e-10, claim=claim)


def tetrahedron() -> cd.Proof:
    """The best sum of ramps on a tetrahedron, which costs 3 % too much."""
    problem = cd.denoising(TETRAHEDRON, radius=0.05)
    claim = cd.solve(problem, method="ramps").network
    return cd.prove(cd.solve(problem), 1e-7, claim=claim)


def simplex(dimension: int, change: float) -> cd.Proof:
    """The closed form of the regular simplex, at a radius next to its threshold.

    The vertices are unit vectors, so that the simplex is regular in rational numbers.
    """
    points = np.eye(dimension + 1)
    half_height = np.sqrt((dimension + 1) / dimension) / 2
    radius = equilateral.threshold(dimension) * (1 + change) * half_height
    if change > 0:
        claim = equilateral_beyond.closed_form(points, radius).network
        return cd.prove(cd.denoising(points, radius=radius), 1e-6, claim=claim)
    closed_form = equilateral.closed_form(points, radius)
    result = cd.theorems.compare("equilateral", closed_form)
    return cd.prove(result.as_solution(), 1e-6)


def lattice() -> cd.Proof:
    """A triangular lattice of disjoint balls that no network denoises: no line separates them."""
    points = [[i + 0.5 * j, np.sqrt(0.75) * j] for i in range(4) for j in range(4)]
    return cd.prove(cd.denoising(points, radius=0.45))


PROOFS = {
    "scalene-triangle": scalene_triangle,
    "tetrahedron": tetrahedron,
    "triangle-below-threshold": lambda: simplex(2, -1e-3),
    "triangle-above-threshold": lambda: simplex(2, 1e-3),
    "simplex-below-threshold": lambda: simplex(3, -1e-3),
    "simplex-above-threshold": lambda: simplex(3, 1e-3),
    "infeasible-lattice": lattice,
}


def main(folder: Path) -> None:
    """Write all of them."""
    for name, make in PROOFS.items():
        proof = make()
        print(name, proof)
        cd.save(proof, folder / f"{name}.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
