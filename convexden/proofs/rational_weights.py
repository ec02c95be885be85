"""The numbers of a network as rationals, in the coordinates of a proof."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.two_part import TwoPart
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.proofs.checker import Data, dot, products
from convexden.proofs.rational_data import Rationals, rational

Array = NDArray[np.float64]

# Numbers of a skip connection that are multiplied exactly in a tenth of a second.
_MOST_EXACT = 20_000


def rational_parts(
    problem: Interpolation, network: ShallowNetwork, rows: Rationals
) -> tuple[Rationals, Rationals]:
    """Hinges (omega, b) of a network, b counted from site 0, and the weights of its offset, of the
    skip connection along the rows of B, and of its neurons: exactly those of its floats.
    """
    real = np.flatnonzero(network.output_weights.any(axis=1) & network.input_weights.any(axis=1))
    first = rational(problem.centers[0].tolist())
    normals = rational(network.input_weights[real].tolist())
    biases = _sums(network.exact_biases.rows(real))
    at_first = products(normals, [first]) if len(real) else []
    hinges = [
        [*omega, bias + shift[0]]
        for omega, bias, shift in zip(
            products(normals, rows) if len(real) else [], biases, at_first, strict=True
        )
    ]
    constant = network.offset + 0.0
    # A neuron without input weight is a constant.
    for k in np.flatnonzero(~network.input_weights.any(axis=1) & (network.biases > 0)):
        constant += network.biases[k] * network.output_weights[k]
    skip, offset = _affine_part(network.skip, constant, problem.centers[0], rows)
    weights = [offset, *skip, *_sums(network.exact_output_weights.rows(real))]
    return hinges, weights


def _affine_part(
    skip: Array, offset: Array, first: Array, rows: Rationals
) -> tuple[Rationals, list[Fraction]]:
    """The skip connection along the rows of B, and the offset at the first site: exactly, or, of
    images, in floats, as whatever they are off is corrected at no cost.
    """
    if skip.size > _MOST_EXACT:
        floats = np.array([[float(x) for x in row] for row in rows])
        return rational((floats @ skip.T).tolist()), rational((offset + skip @ first).tolist())
    exact, point = rational(skip.tolist()), rational(first.tolist())
    shifts = (dot(row, point) for row in exact)
    return products(rows, exact), [
        Fraction(c) + x for c, x in zip(offset.tolist(), shifts, strict=True)
    ]


def affine_weights(data: Data) -> Rationals | None:
    """Offset and skip connection of an affine map through all sites; None if there is none.

    By elimination of the rows (1, A_n, t_n); a pivot among the targets shows that there is none.
    """
    if any(data.radii):
        level = all(target == data.targets[0] for target in data.targets)
        return (
            [data.targets[0], *([Fraction(0)] * data.p for _ in range(data.k))] if level else None
        )
    rows = [[Fraction(1), *a, *t] for a, t in zip(data.points, data.targets, strict=True)]
    pivots: list[list[Fraction]] = []
    for column in range(1 + data.k):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            return None
        rows = [row for row in rows if row is not pivot]
        pivot = [x / pivot[column] for x in pivot]
        rows, pivots = (
            [[x - row[column] * y for x, y in zip(row, pivot, strict=True)] for row in part]
            for part in (rows, pivots)
        )
        pivots.append(pivot)
    if any(map(any, rows)):
        return None
    return [row[1 + data.k :] for row in pivots]


def _sums(numbers_: TwoPart) -> Any:
    """Sums of two floats as fractions."""

    def add(x: Any, y: Any) -> Any:
        """The sums of nested lists."""
        if isinstance(x, list):
            return [add(a, b) for a, b in zip(x, y, strict=True)]
        return Fraction(x) + Fraction(y)

    return add(numbers_.high.tolist(), numbers_.low.tolist())
