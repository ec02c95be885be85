"""Bounds on the pricing problem of multipliers that are closed exactly.

Solvers find the pricing maximum through the stationary points of trigonometric polynomials.  This
module shares nothing with them.  On a line it is computed in integers
(`convexden.verification.exact.line`), in the plane it is enclosed by arithmetic with proven
rounding (`convexden.verification.exact.plane`), beyond by bounds on the faces of all activation
patterns (`convexden.verification.faces.bound`), but of those for which the certificate has leaves
(`convexden.verification.leaves`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS, SUM_MARGIN
from convexden.certificate import Leaves
from convexden.errors import InvalidProblem, NotSupported
from convexden.running.clock import UNLIMITED, Clock
from convexden.verification.exact.dual import ClosedDual
from convexden.verification.exact.extended import EXTENDED_EPS, Extended, bits, extended
from convexden.verification.exact.line import line_maximum
from convexden.verification.exact.plane import plane_interval
from convexden.verification.exact.rationals import (
    above,
    align,
    below,
    dyadic,
    rational,
    root_above,
    root_below,
)
from convexden.verification.faces.bound import face_interval
from convexden.verification.leaves import Sites, leaf_interval

Array = NDArray[np.float64]

# Outputs above which the multipliers are first written in a basis of their span.
_FEW_OUTPUTS = 3


@dataclass(frozen=True)
class PricingInterval:
    """An enclosure ``lower <= P <= upper`` of the pricing maximum.

    Attributes
    ----------
    lower : float
        Attained by a feasible hinge, up to rounding.
    upper : float
        A bound of P whatever the rounding.
    """

    lower: float
    upper: float


@dataclass(frozen=True)
class Ceiling:
    """What the leaves of a certificate, in the units of the data, say that no hinge exceeds."""

    leaves: Leaves
    maximum: float

    __repr__ = display.field_line


def pricing_interval(
    dual: ClosedDual, clock: Clock = UNLIMITED, ceiling: Ceiling | None = None
) -> PricingInterval:
    r"""Enclose :math:`P = \max |\sum_n D_n (l_n z_n + G_n w)|` over feasible hinges, |w| = 1.

    For a fixed normal the function is convex in the bias between breakpoints, so the hinge is
    tangent to a ball or passes through a sample.  The hinges (w, b, D) and (-w, -b, 1 - D) have the
    same value by the dual equalities, which hold exactly: tangency from the active side is enough.

    Parameters
    ----------
    dual : ClosedDual
    clock : Clock, optional
        Of the run.  Only faces beyond the plane look at it.
    ceiling : Ceiling, optional
        A proposal for most patterns beyond the plane.

    Raises
    ------
    TooLarge
        If the sites span three or more dimensions and have too many faces.
    NotSupported
        If a ball is as small as the rounding of the coordinates.
    Stopped
        If the time is over.
    """
    if not (dual.values.any() or dual.jacobians.any()):
        return PricingInterval(0.0, 0.0)
    written, stretch, slack = dual, dual.stretch, dual.slack
    dimension = dual.centers.shape[1]
    if dual.values.shape[1] > _FEW_OUTPUTS and dimension > 1:
        written, longer, off = _in_output_basis(dual)
        stretch, slack = stretch * longer, slack + dual.stretch * off
    if dimension == 1:
        lower, upper = _on_the_line(dual)
    elif dimension == 2:
        lower, upper = plane_interval(written)
    else:
        lower, upper = _beyond_the_plane(written, clock, ceiling)
    upper = (upper * stretch + slack) * (1.0 + 4.0 * EPS)
    return PricingInterval(max(0.0, (lower - slack) / stretch), upper)


def _on_the_line(dual: ClosedDual) -> tuple[float, float]:
    """The maximum on a line between neighboring floats."""
    dots = (dual.radii == 0) & (dual.jacobians != 0).any(axis=(1, 2))
    if dots.any():
        raise NotSupported(
            f"the ball of site {int(dual.sites[dots][0])} is as small as the rounding of the "
            "coordinates: give a larger radius, or 0"
        )
    square = line_maximum(dual.centers[:, 0], dual.radii, dual.values, dual.jacobians[:, :, 0])
    unit = rational(1, dual.weight + dual.unit) / dual.denominator
    return root_below(square * unit * unit), root_above(square * unit * unit)


def _in_output_basis(dual: ClosedDual) -> tuple[ClosedDual, float, float]:
    r"""Multipliers in a basis of their span, which has as many outputs as they need.

    With the rows X of all multipliers and a float basis Q, orthonormal up to rounding, let
    C = X Q^T and E = X - C Q: then
    :math:`|F_X| \le \|Q\| |F_C| + \sum_n (|E_{l,n}| |z_n| + |E_{G,n}|)`.

    Returns
    -------
    dual : ClosedDual
        The rows of C.  They satisfy the dual equalities up to E only, which the sum covers.
    stretch, slack : float
        A bound of the norm of Q, and of the sum.
    """
    length = -max(bits(dual.centers), bits(dual.radii))
    shift = -max(bits(dual.jacobians), bits(dual.values) - length)
    count, outputs, inputs = dual.jacobians.shape
    values = extended(dual.values, shift - length)
    jacobians = extended(dual.jacobians, shift)
    # One output a column; the rows are X.
    stacked = np.concatenate([values[:, None], jacobians.transpose(0, 2, 1)], axis=1)
    basis, coordinates, lengths = _spanned(stacked.reshape(-1, outputs))
    lengths = lengths.reshape(count, 1 + inputs)
    # Coordinates are at most 1 from the first site, radii at most 1.
    reach = 2.0 * np.sqrt(inputs) + 2.0
    slack = float(reach * lengths[:, 0].sum() + lengths[:, 1:].sum()) * SUM_MARGIN
    gram = (basis @ basis.T - np.eye(len(basis))).astype(float)
    stretch = 1.0 + float(np.linalg.norm(gram)) + outputs * len(basis) * EXTENDED_EPS
    cube = coordinates.reshape(count, 1 + inputs, len(basis))
    new_values, new_jacobians = dyadic(cube[:, 0]), dyadic(cube[:, 1:].transpose(0, 2, 1))
    exponent = min(new_values[1], new_jacobians[1] - length)
    written = replace(
        dual,
        values=align(new_values, exponent),
        jacobians=align(new_jacobians, exponent + length),
        weight=exponent + dual.weight - shift + length,
    )
    unit = rational(1, dual.weight + dual.unit - shift) / dual.denominator
    return written, stretch, float(slack * unit) * (1.0 + 4.0 * EPS)


def _spanned(vectors: Extended) -> tuple[Extended, Array, Array]:
    """A basis Q (m, p) of the span of vectors X (R, p), orthonormal up to rounding, the floats
    C = X Q^T, and bounds (R,) of the lengths of the rows of X - C Q."""
    _, sizes, axes = np.linalg.svd(vectors.astype(float), full_matrices=False)
    kept = axes[: max(1, int((sizes > EPS * sizes[0]).sum()))]
    basis = kept.astype(np.longdouble)
    coordinates = (vectors @ basis.T).astype(float)
    rest = np.abs(vectors - coordinates @ basis)
    terms = np.abs(vectors) + np.abs(coordinates) @ np.abs(basis)
    rest += (len(basis) + 4) * EXTENDED_EPS * terms
    return basis, coordinates, np.sqrt((rest * rest).sum(axis=1)).astype(float)


def _beyond_the_plane(
    dual: ClosedDual, clock: Clock, ceiling: Ceiling | None
) -> tuple[float, float]:
    """The interval by leaves and faces, which take floats: what these are off is added."""
    dual = _without_idle_balls(dual)
    length = -max(bits(dual.centers), bits(dual.radii))
    shift = -max(bits(dual.jacobians), bits(dual.values) - length)
    centers = extended(dual.centers, length).astype(float)
    # Coordinates are at most 1 from the first site; smaller balls exclude fewer hinges.
    moved = (np.sqrt(centers.shape[1]) + 1.0) * EPS
    radii = extended(dual.radii, length).astype(float)
    radii = np.where(dual.balls, np.maximum(radii - moved, 0.0), 0.0)
    values = extended(dual.values, shift - length).astype(float)
    jacobians = extended(dual.jacobians, shift).astype(float)
    unit = rational(1, dual.weight + dual.unit - shift) / dual.denominator
    sites = Sites(centers, radii, values, jacobians)
    scaled = None if ceiling is None else _in_units(ceiling, dual, rational(1, length), unit)
    if scaled is None:
        lower, upper = face_interval(*sites, clock)
    else:
        lower, upper = leaf_interval(sites, scaled.leaves, scaled.maximum, clock)
    # What rounding of centers, values and Jacobians may add, with radii of at most 1.
    reach = 2.0 * np.sqrt(dual.centers.shape[1]) + 2.0
    sizes = np.linalg.norm(values, axis=1) * reach + np.linalg.norm(jacobians, axis=(1, 2))
    slack = 2.0 * EPS * float(sizes.sum())
    return below(Fraction(lower) * unit), above(Fraction(upper + slack) * unit)


def _in_units(
    ceiling: Ceiling, dual: ClosedDual, length: Fraction, unit: Fraction
) -> Ceiling | None:
    """The leaves of the sites left, and their maximum, with coordinates in `length` of the dual's
    units and values in units of `unit`; None if floats do not hold them."""
    try:
        leaves = ceiling.leaves.among(dual.sites)
        longer = float(length * rational(1, -dual.unit))
        maximum = float(Fraction(ceiling.maximum) / unit)
        return Ceiling(leaves.scaled(longer, float(1 / unit)), maximum)
    except (OverflowError, InvalidProblem):
        return None


def _without_idle_balls(dual: ClosedDual) -> ClosedDual:
    """Leave out balls without multipliers inside others: they exclude no further hinge."""
    idle = ~(dual.values != 0).any(axis=1) & ~(dual.jacobians != 0).any(axis=(1, 2))
    idle &= dual.balls
    kept = np.ones(len(idle), dtype=bool)
    for n in np.flatnonzero(idle):
        steps = ((dual.centers - dual.centers[n]) ** 2).sum(axis=1)
        room = dual.radii - dual.radii[n]
        holds = kept & (room >= 0) & (steps <= room * room)
        holds[n] = False
        kept[n] = not holds.any()
    if kept.all():
        return dual
    return replace(
        dual,
        centers=dual.centers[kept],
        radii=dual.radii[kept],
        values=dual.values[kept],
        jacobians=dual.jacobians[kept],
        sites=dual.sites[kept],
    )
