r"""All stationary points of quadratic functions on unit spheres.

With a symmetric H and a vector f they are the points with

.. math:: (H - \mu I) u = -f, \quad |u| = 1,

and the :math:`\mu` are real eigenvalues of ``[[H, -f f'], [-I, H]]`` (Gander, Golub, von Matt 1989;
Adachi, Iwata, Nakatsukasa, Takeda 2017), unless f is orthogonal to an eigenspace of H.  There the
points :math:`u = -(H - \mu I)^+ f \pm t v` are added for every eigenvector v; in an eigenspace of
more dimensions the value does not depend on v, and a v that satisfies linear inequalities is either
among these or can be moved until one of them is tight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Eigenvalues that differ by less (relative to the largest) count as one in the hard case.
CLUSTER = 1e-9
# Newton steps toward a stationary point, and the longest of them.
STEPS, LONGEST = 6, 0.5


def stationary_points(hessian: Array, gradient: Array) -> Array:
    """Points u (F, k, 4 k) on the spheres, among them all with H u + f = mu u.

    Every point is improved by Newton's method on the sphere.  Complex eigenvalues are tried, too,
    by their real parts: of points that are not stationary nothing but the length is known.

    Parameters
    ----------
    hessian, gradient : arrays (F, k, k), (F, k)
        H and f.
    """
    k = gradient.shape[1]
    scale = np.maximum(np.linalg.norm(hessian, axis=(1, 2)), np.linalg.norm(gradient, axis=1))
    scale = np.where(scale > 0.0, scale, 1.0)
    hessian, gradient = hessian / scale[:, None, None], gradient / scale[:, None]
    pencil = np.empty((len(gradient), 2 * k, 2 * k))
    pencil[:, :k, :k] = pencil[:, k:, k:] = hessian
    pencil[:, :k, k:] = -gradient[:, :, None] * gradient[:, None, :]
    pencil[:, k:, :k] = -np.eye(k)
    mu = np.linalg.eigvals(pencil).real
    sizes, basis = np.linalg.eigh(hessian)
    slopes = _apply(basis.transpose(0, 2, 1), gradient)

    # In the eigenbasis of H, one column per point.
    sizes, slopes = sizes[:, :, None], slopes[:, :, None]
    regular = -slopes / _away_from_zero(sizes - mu[:, None, :])
    gaps = sizes - sizes.transpose(0, 2, 1)
    apart = np.abs(gaps) > CLUSTER
    hard = np.where(apart, -slopes / np.where(apart, gaps, 1.0), 0.0)
    rest = np.sqrt(np.maximum(0.0, 1.0 - (hard**2).sum(axis=1)))[:, None, :] * np.eye(k)
    points = _unit(np.concatenate([regular, hard + rest, hard - rest], axis=2))
    found: Array = basis @ _newton(sizes, slopes, points)
    return found


def _newton(sizes: Array, slopes: Array, points: Array) -> Array:
    """Newton's method on the sphere for diagonal H; a point stays where it does not help."""
    moment, residual = _residual(sizes, slopes, points)
    norm = np.linalg.norm(residual, axis=1)
    for _ in range(STEPS):
        inverse = 1.0 / _away_from_zero(sizes - moment)
        bent = (points**2 * inverse).sum(axis=1, keepdims=True)
        shift = (points * residual * inverse).sum(axis=1, keepdims=True) / _away_from_zero(bent)
        step = (points * shift - residual) * inverse
        tried = _unit(points + step)
        moment_tried, residual_tried = _residual(sizes, slopes, tried)
        norm_tried = np.linalg.norm(residual_tried, axis=1)
        better = (norm_tried < norm) & (np.linalg.norm(step, axis=1) < LONGEST)
        points = np.where(better[:, None, :], tried, points)
        residual = np.where(better[:, None, :], residual_tried, residual)
        moment = np.where(better[:, None, :], moment_tried, moment)
        norm = np.where(better, norm_tried, norm)
    return points


def _residual(sizes: Array, slopes: Array, points: Array) -> tuple[Array, Array]:
    """The best mu of every point and H u + f - mu u."""
    force = sizes * points + slopes
    moment = (points * force).sum(axis=1, keepdims=True)
    return moment, force - moment * points


def _away_from_zero(numbers: Array) -> Array:
    return np.where(np.abs(numbers) < 1e-30, 1e-30, numbers)


def _unit(points: Array) -> Array:
    """Columns divided by their lengths; the first axis where there is none."""
    largest = np.abs(points).max(axis=1, keepdims=True)
    first = np.eye(points.shape[1])[:, :1]
    points = np.where(largest > 0.0, points, first) / np.where(largest > 0.0, largest, 1.0)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _apply(matrices: Array, vectors: Array) -> Array:
    product: Array = (matrices @ vectors[:, :, None])[:, :, 0]
    return product
