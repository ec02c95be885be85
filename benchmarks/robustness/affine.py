"""Whether targets are affine: exactly, or as far as their floats can tell.

Targets that some affine map takes to within half a unit in the last place are what a float makes of
affine targets, and the package calls their cost 0.  The map is proposed by a linear program
and its misses are compared in rationals.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from benchmarks.robustness.exact import Sites, Vector, dot, solve

Array = NDArray[np.float64]

# Times that the misses are fitted again, each of which adds a float's digits to the map.
_REFINEMENTS = 3
# Bits to which a proposed slope is rounded: targets are often computed from short ones.
_BITS = (None, 53, 40, 30, 20)


def affine_fit_exists(sites: Sites) -> bool:
    """Whether an affine map meets all targets; with a ball, whether all targets are equal."""
    if sites.balls:
        return all(target == sites.targets[0] for target in sites.targets)
    rows = [[Fraction(1), *center] for center in sites.centers]
    return solve(rows, sites.targets, range(len(rows[0]))) is not None


def affine_within_rounding(sites: Sites) -> bool:
    """Whether an affine map is within half a unit in the last place of every target."""
    if affine_fit_exists(sites) or sites.balls:
        return affine_fit_exists(sites)
    return all(
        _within(sites.centers, [target[j] for target in sites.targets])
        for j in range(len(sites.targets[0]))
    )


def _within(centers: list[Vector], target: Vector) -> bool:
    """The same for one output."""
    half = [Fraction(float(np.spacing(abs(float(t))))) / 2 for t in target]
    slope = _proposed(centers, target, half)
    for bits in _BITS:
        short = [_rounded(x, bits) for x in slope]
        misses = [t - dot(center, short) for center, t in zip(centers, target, strict=True)]
        # A constant is within all limits if the intervals that they leave for it meet.
        least = max(miss - limit for miss, limit in zip(misses, half, strict=True))
        if least <= min(miss + limit for miss, limit in zip(misses, half, strict=True)):
            return True
    return False


def _rounded(number: Fraction, bits: int | None) -> Fraction:
    """The number with so many bits, all of them for None."""
    if bits is None or not number:
        return number
    grid = Fraction(2) ** (math.frexp(float(number))[1] - bits)
    return round(number / grid) * grid


def _proposed(centers: list[Vector], target: Vector, half: Vector) -> Vector:
    """The slope of a map that misses the targets by the least share of the limits, in floats."""
    table = np.array([[1.0, *(float(x) for x in center)] for center in centers])
    scale = np.abs(table).max(axis=0)
    table = table / np.where(scale > 0, scale, 1.0)
    size = max(half)
    slope = [Fraction(0)] * len(centers[0])

    def take(fit: Array) -> Array:
        """Add a fit to the slope; what the map misses then."""
        for i, step in enumerate(fit[1:]):
            slope[i] += Fraction(float(step)) * size / Fraction(float(scale[1 + i] or 1.0))
        misses = [t - dot(center, slope) for center, t in zip(centers, target, strict=True)]
        return np.array([float((miss - misses[0]) / size) for miss in misses])

    misses = take(np.zeros(table.shape[1]))
    for _ in range(_REFINEMENTS):
        misses = take(np.linalg.lstsq(table, misses, rcond=None)[0])
    limits = np.array([float(limit / size) for limit in half])
    rows = np.vstack([np.column_stack([sign * table, -limits]) for sign in (1.0, -1.0)])
    found = linprog(
        np.append(np.zeros(table.shape[1]), 1.0),
        A_ub=rows,
        b_ub=np.concatenate([misses, -misses]),
        bounds=[(None, None)] * table.shape[1] + [(0, None)],
    )
    if found.x is not None:
        take(found.x[:-1])
    return slope
