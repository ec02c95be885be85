"""Where an excess seems to begin, or to pass a level: extrapolated from what was evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from convexden import display
from convexden.experiments.frontiers.evaluations import Evaluation
from convexden.tolerances import ACCURATE_RTOL


@dataclass(frozen=True)
class FrontierSettings:
    """Parameters of the extrapolation to where an excess vanishes."""

    known: float = 2e-12
    """Excesses are known up to the widths of gaps and enclosures: this, or what is found where
    there is none; those that are extrapolated exceed it."""

    nodes: int = 4
    """Nodes of the extrapolation at the most."""

    apart: float = 2.0
    """Ratio of the excesses of neighboring nodes at least, or rounding would be amplified."""

    orders: tuple[int, ...] = (1, 2)
    """Orders with which an excess may vanish: linearly or quadratically in the parameter."""

    least: float = 1e-3
    """Excesses below this share of the level say nothing about where it is passed."""

    distinct: float = 1e-9
    """Logarithms of excesses that are closer are one node."""


SETTINGS = FrontierSettings()


class Onset(NamedTuple):
    """Where the excess seems to begin: extrapolated, not proved.

    Attributes
    ----------
    parameter : float
    order : int
        1 if the excess vanishes linearly, 2 if quadratically.
    error : float
        Difference of extrapolations, and what the errors of the excess make of them.
    """

    parameter: float
    order: int
    error: float

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"parameter={self.parameter:.12g}",
            f"order={self.order}",
            f"error={self.error:.2g}",
        )


def onset_of(evaluations: tuple[Evaluation, ...], low: float, high: float) -> Onset | None:
    """Extrapolate the excesses of the refuted side to 0, with the order that fits them best."""
    refuted = [each for each in evaluations if each.verdict == "refuted"]
    sign = 1 if any(each.parameter == high for each in refuted) else -1  # of growth
    end = high if sign > 0 else low
    nodes = [each for each in refuted if sign * (each.parameter - end) >= 0]
    floor = _floor(evaluations, low if sign > 0 else high)
    known = max(SETTINGS.known, abs(floor))
    found = []
    for order in SETTINGS.orders:
        chosen: list[tuple[float, float]] = []
        for each in sorted(nodes, key=lambda each: each.excess or 0.0):
            size = max((each.excess or 0.0) - floor, 0.0) ** (1 / order)
            if size**order >= ACCURATE_RTOL and (
                not chosen or size >= SETTINGS.apart * chosen[-1][1]
            ):
                chosen.append((each.parameter, size))
        if len(chosen) < 3:
            continue
        parameter, error = _extrapolate(chosen[: SETTINGS.nodes], 0.0)
        nearest, size = chosen[0]
        error += abs(nearest - parameter) * known / (order * size**order)
        if sign * (parameter - end) <= error:  # or it would be where the claim is refuted
            found.append(Onset(parameter, order, error))
    return min(found, key=lambda onset: onset.error, default=None)


def _floor(evaluations: tuple[Evaluation, ...], parameter: float) -> float:
    """The excess that was found at a parameter where there is none, by widths and rounding."""
    (there,) = (each for each in evaluations if each.parameter == parameter)
    return there.excess or 0.0 if there.verdict == "confirmed" else 0.0


def passing(
    evaluations: tuple[Evaluation, ...], level: float, low: float, high: float
) -> tuple[float, float] | None:
    """Interpolate the logarithms of the excesses to that of the level."""
    nodes = [
        (each.parameter, float(np.log(each.excess)))
        for each in sorted(evaluations, key=lambda each: abs(each.parameter - (low + high) / 2))
        if each.excess is not None and each.excess >= max(ACCURATE_RTOL, SETTINGS.least * level)
    ]
    chosen: list[tuple[float, float]] = []
    for parameter, size in nodes:
        if all(abs(size - other[1]) > SETTINGS.distinct for other in chosen):
            chosen.append((parameter, size))
    if len(chosen) < 3:
        return None
    return _extrapolate(chosen[: SETTINGS.nodes], float(np.log(level)))


def _extrapolate(nodes: list[tuple[float, float]], target: float) -> tuple[float, float]:
    """The parameter as a polynomial in the size, at the target, by Neville's scheme.

    Returns
    -------
    parameter, error
        The error is the larger of the last two differences of successive degrees.
    """
    sizes = [size for _, size in nodes]
    column = [parameter for parameter, _ in nodes]
    values = [column[0]]
    for step in range(1, len(nodes)):
        column = [
            ((target - sizes[i + step]) * column[i] - (target - sizes[i]) * column[i + 1])
            / (sizes[i] - sizes[i + step])
            for i in range(len(column) - 1)
        ]
        values.append(column[0])
    return values[-1], float(np.abs(np.diff(values))[-2:].max())
