r"""Affine maps through samples: least squares in floats, what they miss in integers.

Samples whose targets are affine in the inputs cost nothing, and whether they are so is a matter of
the last place: :math:`y = 10^{13} + (0, 1, 2)` with targets 0, 1, 2.002 looks affine to floats, but
costs 0.002.  So the misses :math:`t_n - A y_n - c` are computed exactly.

Directions that are within the rounding of the inputs (see `convexden.geometry.hull`) do not count:
points of a line that was turned in space are independent by their last digits, which would make any
targets affine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import fsum, ldexp

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.geometry.hull import Hull
from convexden.geometry.ranks import exact_rank, independent
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import SPANNED_RTOL
from convexden.verification.exact.rationals import Integers, align, dyadic, rational

Array = NDArray[np.float64]
Rationals = NDArray[np.object_]  # of fractions.Fraction


@dataclass(frozen=True)
class AffineLimits:
    """What is tried to show that targets are affine, and for how long."""

    few: int = 2_000
    """Numbers in an elimination in integers that takes milliseconds: it is done for no reason."""

    many: int = 1_000_000
    """Numbers in one that takes a second: it is done if least squares in floats miss nothing."""

    most_independent: int = 400
    """Samples that are tested for affine independence modulo a prime, in a fraction of a second."""

    largest_program: int = 20_000
    """Numbers in a linear program that takes a second."""

    parts: int = 2
    """Floats whose sum is a slope: a second one takes its relative error to 1e-32."""

    bits: tuple[int, ...] = (40, 53)
    """Bits of a slope as people write it, and of one that is rounded to a float."""

    wider: float = 1.01
    """Room for rounding in the comparison of two sums."""

    few_rationals: int = 20_000
    """Numbers in an elimination in rationals that takes a second."""


LIMITS = AffineLimits()


@dataclass(frozen=True, eq=False)
class AffineFit:
    r"""The map :math:`y \mapsto t_0 + \sum_i A_i (y - y_0)`, and what it misses.

    Attributes
    ----------
    centers, targets : (N, d) and (N, p) arrays
        The :math:`y_n` and :math:`t_n`.
    slopes : tuple of (p, d) arrays
        The :math:`A_i`, whose sum is the slope; the second corrects the rounding of the first.
    """

    centers: Array
    targets: Array
    slopes: tuple[Array, ...]

    @classmethod
    def least_squares(cls, centers: Array, targets: Array) -> AffineFit:
        """The fit that is best in least squares."""
        fit = cls(centers, targets, ())
        design, scale = _design(centers)
        inverse = np.linalg.pinv(design, rcond=EPS)
        for _ in range(LIMITS.parts):
            fit = fit.changed((inverse @ fit.misses())[1:] / scale)
        return fit

    def changed(self, change: Array) -> AffineFit:
        """With this (d, p) added to the slope."""
        return AffineFit(self.centers, self.targets, (*self.slopes, change.T))

    def rounded(self, bits: int) -> AffineFit:
        """With a slope of single floats, of so many bits if the largest has as many: targets that
        were computed often come from such a slope.
        """
        slope = np.sum(self.slopes, axis=0)
        _, scale = _design(self.centers)
        sizes = np.abs(slope * scale.T).max(axis=1, keepdims=True) / scale.T
        grid = np.ldexp(1.0, np.frexp(sizes)[1] - bits)
        return AffineFit(self.centers, self.targets, (np.round(slope / grid) * grid,))

    def misses(self) -> Array:
        """What the map misses at the samples (N, p): computed exactly, rounded once."""
        integers, exponent = self.exact_misses()
        found: Array = np.vectorize(lambda m: float(rational(m, exponent)), otypes=[float])(
            integers
        )
        return found

    def exact_misses(self) -> tuple[Integers, int]:
        """What the map misses (N, p), in integers times two to a power."""
        centers, at = dyadic(self.centers)
        targets, exponent = dyadic(self.targets)
        steps, total = centers - centers[0], targets - targets[0]
        for slope in self.slopes:
            integers, shift = dyadic(slope)
            product, lower = steps @ integers.T, min(exponent, at + shift)
            total = align((total, exponent), lower) - align((product, at + shift), lower)
            exponent = lower
        return total, exponent

    def within_rounding(self) -> bool:
        """Whether the map, up to a constant, takes every sample to a number that rounds to its
        target.
        """
        misses, exponent = self.exact_misses()
        half, shift = dyadic(_half_ulps(self.targets))
        lower = min(exponent, shift)
        misses, half = align((misses, exponent), lower), align((half, shift), lower)
        # There is a constant if the intervals of what it may be meet, one output after the other.
        return bool(((misses - half).max(axis=0) <= (misses + half).min(axis=0)).all())

    def added_to(self, skip: Array, offset: Array, hull: Hull) -> tuple[Array, Array]:
        """Skip connection (p, d) and offset (p,) of the map plus another one, each rounded once.

        The offset makes up for the rounding of the skip connection at the mean of the samples.

        Parameters
        ----------
        skip, offset : (p, d) and (p,) arrays
            Of the other map, on the points of the hull.
        hull : Hull
            That of which the fit's inputs are `inside`.
        """
        lifted = self.slopes
        if self.centers.shape[1] != skip.shape[1] or hull.moved > 0:
            lifted = tuple(slope @ hull.basis for slope in self.slopes)
        rounded = np.apply_along_axis(fsum, 0, np.stack([skip, *lifted]))
        own = sum(
            (_fractions(slope) for slope in self.slopes), start=_fractions(0 * self.slopes[0])
        )
        middle, outer = self.centers.mean(axis=0), hull.points.mean(axis=0)
        value = own @ (_fractions(middle) - _fractions(self.centers[0]))
        value = value + (_fractions(skip) - _fractions(rounded)) @ _fractions(outer)
        total = value + _fractions(self.targets[0]) + _fractions(offset)
        return rounded, total.astype(float)


def inside(hull: Hull) -> Array:
    """The points that a statement is about: as they are given, unless the hull moved them; then
    their coordinates in it.
    """
    return hull.points if hull.moved == 0.0 else hull.coordinates


def affine_fit(centers: Array, targets: Array) -> AffineFit | None:
    r"""An affine map through all samples, if there is one; proven in integers.

    Either there is one exactly, or one whose values round to the targets: what a float stands for
    is then not told from them.

    Parameters
    ----------
    centers : (N, d) array
    targets : (N, p) array

    Returns
    -------
    AffineFit or None
        Least squares, which are the map up to rounding; None if nothing was proven.
    """
    seen = _seen(centers, targets)
    if not seen and len(centers) > LIMITS.most_independent:
        return None
    distinct, first = np.unique(centers, axis=0, return_index=True)
    images = targets[first]
    exact = len(distinct) <= LIMITS.most_independent and independent(distinct)
    if not exact:
        both = np.hstack([distinct, images])
        if both.size * min(distinct.shape) <= (LIMITS.many if seen else LIMITS.few):
            exact = exact_rank(both) == exact_rank(distinct)
        if not exact and not seen:
            return None
    fit = AffineFit.least_squares(distinct, images)
    if exact:
        return fit if seen else _eliminated(distinct, images)
    for candidate in (fit, *map(fit.rounded, LIMITS.bits)):
        if candidate.within_rounding():
            return candidate
    best = _least_largest(fit)
    return best if best is not None and best.within_rounding() else None


def affine_interpolant(problem: Interpolation) -> ShallowNetwork | None:
    """A network without neurons, of cost 0, if the problem has one; proven in integers.

    With a ball it must be constant, so that the targets must be equal.  For samples see
    `affine_fit`; the network's numbers are those of the map, rounded.
    """
    p, d = problem.output_dimension, problem.input_dimension
    if (problem.targets == problem.targets[0]).all():
        skip, offset = np.zeros((p, d)), problem.targets[0]
    else:
        if problem.radii.any():
            return None
        hull = problem.hull
        fit = affine_fit(inside(hull), problem.targets)
        if fit is None:
            return None
        # With repeated samples the mean of those that differ is not that of the hull's points.
        fit = replace(fit, centers=inside(hull), targets=problem.targets)
        skip, offset = fit.added_to(np.zeros((p, d)), np.zeros(p), hull)
    return ShallowNetwork(np.zeros((0, p)), np.zeros((0, d)), np.zeros(0), skip, offset)


def _seen(centers: Array, targets: Array) -> bool:
    """Whether least squares in floats find that the targets may be affine."""
    steps = targets - targets.mean(axis=0)
    design, _ = _design(centers)
    misses = steps - design @ np.linalg.lstsq(design, steps, rcond=None)[0]
    return bool((np.abs(misses).max(axis=0) <= SPANNED_RTOL * np.abs(steps).max(axis=0)).all())


def _least_largest(fit: AffineFit) -> AffineFit | None:
    """The fit whose largest miss, in halves of the last place of the target, is least."""
    from scipy.optimize import linprog  # slow to load, and hardly ever needed

    misses, half = fit.misses(), _half_ulps(fit.targets)
    design, scale = _design(fit.centers)
    if design.size > LIMITS.largest_program:
        return None
    changes = []
    for miss, size in zip(misses.T, half.T, strict=True):
        free = miss - miss.mean()
        # Any map within the rounding misses less than that in least squares.
        if np.linalg.norm(free) > LIMITS.wider * np.linalg.norm(size):
            return None
        unit = np.maximum(size, size.max() * EPS)
        rows = design / unit[:, None]
        weights = np.abs(rows).max(axis=0)
        rows, right = rows / weights, free / unit
        ones = np.ones((len(rows), 1))
        program = linprog(
            np.append(np.zeros(len(weights)), 1.0),
            np.block([[-rows, -ones], [rows, -ones]]),
            np.concatenate([-right, right]),
            bounds=(None, None),
        )
        if not program.success:
            return None
        changes.append((program.x[:-1] / weights)[1:] / scale[:, 0])
    return fit.changed(np.column_stack(changes))


def _design(centers: Array) -> tuple[Array, Array]:
    """Columns (N, 1 + d) of ones and of the centered inputs in units of their largest, and these
    units (d, 1).
    """
    offsets = centers - centers.mean(axis=0)
    scale = np.abs(offsets).max(axis=0)
    scale[scale == 0.0] = 1.0
    return np.column_stack([np.ones(len(centers)), offsets / scale]), scale[:, None]


def _half_ulps(numbers: Array) -> Array:
    """Half the distance to the next float toward 0: numbers that close round to these."""
    return np.asarray(np.spacing(np.nextafter(np.abs(numbers), 0.0)) / 2)


def _eliminated(centers: Array, targets: Array) -> AffineFit | None:
    """The map that is known to exist, by elimination in rationals: floats do not see it.  None if
    that takes too long.
    """
    rows = np.hstack([centers, targets])
    if rows.size * min(centers.shape) > LIMITS.few_rationals:
        return None
    table = _fractions(rows)
    table = table[1:] - table[0]
    pivots: list[int] = []
    for i in range(min(len(table), centers.shape[1])):
        left = np.argwhere(table[i:, : centers.shape[1]] != 0)
        if not len(left):
            break
        row, j = left[0]
        table[[i, i + row]] = table[[i + row, i]]
        table[i] = table[i] / table[i, j]
        others = np.delete(np.arange(len(table)), i)
        table[others] = table[others] - np.outer(table[others, j], table[i])
        pivots.append(int(j))
    fit = AffineFit(centers, targets, ())
    left_over = np.zeros((centers.shape[1], targets.shape[1]), dtype=object)
    left_over[pivots] = table[: len(pivots), centers.shape[1] :]
    for _ in range(LIMITS.parts):
        part = left_over.astype(float)
        left_over = left_over - _fractions(part)
        fit = fit.changed(part)
    return fit


def _fractions(array: Array) -> Rationals:
    """The numbers as rationals."""
    flat = np.empty(array.size, dtype=object)
    flat[:] = [Fraction(number) for number in array.ravel().tolist()]
    return flat.reshape(array.shape)


def _nearest(integer: int, exponent: int) -> float:
    """The float nearest to ``integer * 2**exponent``."""
    if abs(integer).bit_length() < 1000:
        return ldexp(float(integer), exponent)
    return float(rational(integer, exponent))
