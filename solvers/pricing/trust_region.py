r"""Trust-region problems on spheres, many at a time.

The stationary points of |A u + h|^2 on |u| = 1 satisfy (mu - A^T A) u = A^T h.  In the eigenbasis
of A^T A, with eigenvalues sigma_1 >= sigma_2 >= ... and A^T h = sum_j f_j e_j, they are the roots
of the *secular equation*

    s(mu) = sum_j f_j^2 / (mu - sigma_j)^2 = 1.

The global maximizer is the root above all eigenvalues, and at most one root between the two
largest, where s increases, is a local maximum (Martinez, SIAM J. Optim. 4, 1994).  Both are sought
as distances from sigma_1, so that nothing cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.solvers.hinges import Array, Indices
from convexden.tolerances import NEGLIGIBLE_RCOND


@dataclass(frozen=True)
class TrustRegionSettings:
    """Parameters of the maximum of a quadratic form on a sphere."""

    steps: int = 60
    """Newton steps on the secular equation; they are few but in the hard case."""

    hard: float = 1e-12
    """Gradient, as a share of the size of the problem, without a component along the largest
    eigenvector: the hard case."""

    tiny: float = 1e-200
    """Least distance that is divided by; its square is still a number."""

    arrived: float = 1e-15
    """Steps below this share have arrived: a few units in the last place."""

    separate: float = 1e-14
    """Distance of the two largest poles, as a share of the size, below which they are one."""


SETTINGS = TrustRegionSettings()


def sphere_maxima(linear: Array, constant: Array) -> tuple[Indices, Array]:
    """All local maximizers u of |A u + h|^2 on unit spheres, A (F, p, k), h (F, p).

    Returns the indices of the spheres (C,) and the points (C, k).
    """
    count, _, k = linear.shape
    every = np.arange(count)
    if k == 1:
        ones = np.ones((count, 1))
        return np.concatenate([every, every]), np.concatenate([ones, -ones])
    sizes, axes = np.linalg.eigh(linear.transpose(0, 2, 1) @ linear)
    sizes, axes = np.maximum(sizes[:, ::-1], 0.0), axes[:, :, ::-1]
    below = sizes[:, :1] - sizes
    slope = ((constant[:, None, :] @ linear) @ axes)[:, 0, :]
    scale = sizes[:, 0] + np.linalg.norm(slope, axis=1) + SETTINGS.tiny
    local, inner = _local(below, slope, scale)
    hard, poles = _hard(below, slope, scale)
    chosen = np.concatenate([every, local, hard])
    found = np.concatenate([_global(below, slope), inner, poles])
    lengths = np.linalg.norm(found, axis=1)
    usable = np.isfinite(lengths) & (lengths > 0.5)  # a hard case has no regular maximizer
    chosen, found = chosen[usable], found[usable] / lengths[usable, None]
    return chosen, (axes[chosen] @ found[:, :, None])[:, :, 0]


def _global(below: Array, slope: Array) -> Array:
    """The maximizers, in the eigenbasis.

    Newton's method on 1 / sqrt(s), which is concave and nearly linear, increases from any mu with
    s >= 1 to the root.
    """
    above: Array = np.maximum(np.max(np.abs(slope) - below, axis=1), SETTINGS.tiny)
    live = np.arange(len(above))
    for _ in range(SETTINGS.steps):
        gap = above[live, None] + below[live]
        point = slope[live] / gap
        squared = np.sum(point**2, axis=1)
        bend = np.sum(point**2 / gap, axis=1)
        excess = squared * (np.sqrt(squared) - 1.0)
        step = np.divide(excess, bend, out=np.zeros_like(bend), where=bend > SETTINGS.tiny)
        above[live] += step
        live = live[step > SETTINGS.arrived * above[live]]
        if not live.size:
            break
    with np.errstate(divide="ignore", invalid="ignore"):  # without slope it may be 0: left out
        return np.asarray(slope / (above[:, None] + below))


def _local(below: Array, slope: Array, scale: Array) -> tuple[Indices, Array]:
    """The local maximizers that are not global, and the spheres that have one.

    Right of its minimum between the two largest eigenvalues s is convex and increases: Newton's
    method falls from sigma_1 - |f_1|, where s >= 1, to the root, if there is one.
    """
    depth: Array = np.abs(slope[:, 0])
    second = below[:, 1]
    live = np.flatnonzero(
        (depth < second) & (depth > SETTINGS.tiny) & (second > SETTINGS.separate * scale)
    )
    for _ in range(SETTINGS.steps):
        gap = below[live] - depth[live, None]
        squares = (slope[live] / gap) ** 2
        rise = 2.0 * np.sum(squares / -gap, axis=1)
        excess = np.sum(squares, axis=1) - 1.0
        step = np.divide(excess, rise, out=np.full_like(rise, np.inf), where=rise > 0.0)
        exists = depth[live] + step < second[live]
        live, step = live[exists], step[exists]
        depth[live] += step
        if (np.abs(step) <= SETTINGS.arrived * scale[live]).all():
            break
    return live, slope[live] / (below[live] - depth[live, None])


def _hard(below: Array, slope: Array, scale: Array) -> tuple[Indices, Array]:
    """Without slope along the longest axes both directions along the first are maxima."""
    longest = below <= NEGLIGIBLE_RCOND * scale[:, None]
    flat = np.flatnonzero(
        np.linalg.norm(np.where(longest, slope, 0.0), axis=1) <= SETTINGS.hard * scale
    )
    longest = longest[flat]
    rest = np.where(longest, 0.0, slope[flat] / np.where(longest, 1.0, below[flat]))
    height = 1.0 - np.sum(rest**2, axis=1)
    met = height >= 0.0
    poles = np.concatenate([rest[met], rest[met]])
    root = np.sqrt(height[met])
    poles[:, 0] = np.concatenate([root, -root])
    return np.concatenate([flat[met], flat[met]]), poles
