r"""The pricing maximum of many sites: quadratic forms for most patterns, faces for the others.

A simplex of N sites has :math:`2^{N-1} - 1` patterns with some :math:`2^N` faces each.  Of nearly
all patterns the largest value of the dual constraint is below the pricing maximum by far more than
rounding, and one positive definite matrix shows it.

**Theorem.**  Let a leaf of `convexden.certificate.Leaves` have the matrix S of its quadratic form
in u = (1, w, b), whose least eigenvalue is -e or more, e >= 0.  Every hinge of its pattern with
|w| = 1, active on one side of some site and inactive on one of another, has

.. math:: |F_D u|^2 \le \theta + e (2 + \max_n |y_n|^2).

*Proof.*  :math:`-e |u|^2 \le u^T S u = \theta - \sum \lambda_{mn} (p_m u) (p_n u)
- \sum p_n u (\alpha_n - \beta_n^T w) - |F_D u|^2`, where all :math:`p_n u \ge 0`, as are
:math:`\lambda` and :math:`\alpha_n - \beta_n^T w \ge \alpha_n - |\beta_n|`.  The hinge has sites on
both sides, so that it meets the segment between two of them, and
:math:`|b| = |w^T y| \le \max |y_n|` for a point y of it.  :math:`\square`

The multipliers are proposals: whatever their rounding, those that are looked at are on their side
of zero.  The matrix is off by the rounding of its sums, which the same sums of absolute values
bound, and Cholesky's factorization that runs through bounds its eigenvalues (Rump 2006, BIT 46).
Patterns without a leaf, or with one that does not hold, are left to the bounds on their faces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, SUM_MARGIN, UNDERFLOW
from convexden.certificate import Leaves
from convexden.running.clock import UNLIMITED, Clock
from convexden.verification.faces.bound import WIDTH, face_interval, imbalance
from convexden.verification.faces.sign_patterns import sign_patterns

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


class Sites(NamedTuple):
    """What `face_interval` takes: arrays (N, k), (N,), (N, p) and (N, p, k)."""

    centers: Array
    radii: Array
    values: Array
    jacobians: Array


# Leaves whose matrices are in memory at a time.
_CHUNK = 256


def leaf_interval(
    sites: Sites, leaves: Leaves, ceiling: float, clock: Clock = UNLIMITED
) -> tuple[float, float]:
    """Interval for the pricing maximum, of patterns with leaves by these, of others by faces.

    Parameters
    ----------
    sites : Sites
        As for `face_interval`.
    leaves : Leaves
        Of these sites, in the same units.
    ceiling : float
        What the leaves are to show that no hinge of their patterns exceeds.
    clock : Clock, optional
        Of the run.

    Returns
    -------
    lower, upper : float
        As for `face_interval`; lower is 0 if no pattern is left to faces.

    Raises
    ------
    TooLarge
        If the patterns that are left have too many faces.
    Stopped
        If the time is over.
    """
    bounds = leaf_bounds(sites, leaves, ceiling, clock)
    holds = bounds <= ceiling * (1.0 + WIDTH)
    rest = np.setdiff1d(sign_patterns(sites.centers, clock), _codes(leaves.sides[holds]))
    highest = float(bounds[holds].max(initial=0.0)) + imbalance(*sites)
    if not len(rest):
        return 0.0, highest * (1.0 + 4.0 * EPS)
    lower, upper = face_interval(*sites, clock, rest)
    return lower, max(upper, highest * (1.0 + 4.0 * EPS))


def leaf_bounds(sites: Sites, leaves: Leaves, ceiling: float, clock: Clock = UNLIMITED) -> Array:
    """Bounds (L,) of the dual constraint on the pattern of each leaf; infinite where none is known.

    A leaf that holds has the ceiling, but for rounding.
    """
    bounds = np.full(len(leaves), np.inf)
    whole = (leaves.sides != 0).all(axis=1)
    whole &= (leaves.sides > 0).any(axis=1) & (leaves.sides < 0).any(axis=1)
    theta = ceiling**2 * (1.0 + 2.0 * EPS)
    reach = 2.0 + float(np.sum(sites.centers**2, axis=1).max()) * SUM_MARGIN
    chosen = np.flatnonzero(whole)
    for start in range(0, len(chosen), _CHUNK):
        clock.check()
        rows = chosen[start : start + _CHUNK]
        matrices, errors = _matrices(sites, leaves, rows, theta)
        for row, matrix, error in zip(rows, matrices, errors, strict=True):
            below = _below_zero(matrix) + error
            bounds[row] = (
                np.sqrt(theta + below * reach) * (1.0 + 4.0 * EPS)
                if below > 0
                else (ceiling * (1.0 + 4.0 * EPS))
            )
    return bounds


def _matrices(
    sites: Sites, leaves: Leaves, rows: NDArray[np.intp], theta: float
) -> tuple[Array, Array]:
    """The matrices S (R, q, q) of some leaves, and bounds (R,) of their errors as norms."""
    centers, radii = sites.centers, sites.radii
    signs = leaves.sides[rows].astype(float)
    n, k = centers.shape
    forms = np.empty((len(rows), n, k + 2))
    forms[:, :, 0] = -radii
    forms[:, :, 1:-1] = signs[:, :, None] * centers
    forms[:, :, -1] = signs
    weights = np.zeros((len(rows), n, n))
    first, second = np.triu_indices(n, 1)
    weights[:, first, second] = leaves.products[rows]
    # The rows (alpha_n, -beta_n, 0), with alpha_n no less than the length of beta_n.
    cones = np.zeros(forms.shape)
    cones[:, :, 1:-1] = -(leaves.tilts[rows] @ centers)
    longest = np.linalg.norm(cones, axis=2) * (1.0 + (k + 4) * EPS)
    cones[:, :, 0] = np.maximum(leaves.lengths[rows], longest)
    image, size = _images(sites, signs > 0)
    constant = np.zeros((len(rows), k + 2, k + 2))
    constant[:, 0, 0] = theta - leaves.spheres[rows]
    inner = np.arange(1, k + 1)
    constant[:, inner, inner] = leaves.spheres[rows, None]
    with np.errstate(over="ignore", invalid="ignore"):
        matrices = constant - _taken(forms, weights, cones) - image.transpose(0, 2, 1) @ image
        terms = np.abs(constant) + _taken(np.abs(forms), weights, np.abs(cones))
        terms[:, 0, 0] += 2.0 * np.abs(leaves.spheres[rows])
        terms += size.transpose(0, 2, 1) @ size
        operations = 4 * n + 2 * image.shape[1] + 2 * k + 32
        errors = operations * EPS * np.linalg.norm(terms, axis=(1, 2)) * SUM_MARGIN + UNDERFLOW
    return matrices, errors


def _taken(forms: Array, weights: Array, cones: Array) -> Array:
    """The sums of lambda_mn sym(p_m p_n^T) and of sym(p_n (alpha_n, -beta_n, 0)^T)."""
    half = forms.transpose(0, 2, 1) @ (weights @ forms + cones)
    return np.asarray((half + half.transpose(0, 2, 1)) / 2)


def _images(sites: Sites, active: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The matrices F_D (R, p, q) of (1, w, b), and the sums of the sizes of their terms."""
    values, jacobians = sites.values, sites.jacobians
    count, p, k = jacobians.shape
    products = values[:, :, None] * sites.centers[:, None, :]
    terms = np.zeros((2, count, p, k + 2))
    terms[0, :, :, 1:-1], terms[0, :, :, -1] = products + jacobians, values
    terms[1, :, :, 1:-1], terms[1, :, :, -1] = np.abs(products) + np.abs(jacobians), np.abs(values)
    summed = active.astype(float) @ terms.reshape(2, count, -1)
    shaped = summed.reshape(2, len(active), p, k + 2)
    return shaped[0], shaped[1]


def _below_zero(matrix: Array) -> float:
    """By how much eigenvalues of a symmetric matrix are below zero at the most; less than zero if
    all are above, infinite if that is not known."""
    if not np.isfinite(matrix).all():
        return np.inf
    order, size = len(matrix), float(np.linalg.norm(matrix))
    least = float(scipy.linalg.eigvalsh(matrix)[0])
    # Half of the room that there is, or a little more than what is missing.
    shift = least / 2 if least > 4 * order * EPS * size else least - 4 * order * EPS * size
    shifted = matrix - shift * np.eye(order)
    try:
        scipy.linalg.cholesky(shifted)
    except scipy.linalg.LinAlgError:
        return np.inf
    # Of the factorization, and of the subtraction of the shift.
    rounding = (order + 4) * EPS * (float(np.abs(np.diag(shifted)).sum()) + abs(shift))
    return rounding * SUM_MARGIN - shift


def _codes(sides: NDArray[np.int8]) -> Codes:
    """The numbers of patterns, as in `sign_patterns`: those with the last site inactive."""
    active = sides > 0
    active = active ^ active[:, -1:]
    return np.asarray(active @ (np.int64(1) << np.arange(sides.shape[1], dtype=np.int64)))
