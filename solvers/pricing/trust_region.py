r"""Trust-region problems on spheres, many at a time.

The stationary points of |A u + h|^2 on |u| = 1 satisfy (mu - A^T A) u = A^T h.  In the eigenbasis
of A^T A the length of u is a function of the multiplier mu alone, the *secular* function.  The
global maximiser is its root above all eigenvalues, and at most one root between the two largest,
where it increases, is a local maximum (Martinez, SIAM J. Optim. 4, 1994).
"""

from __future__ import annotations

import numpy as np

from convexden.solvers.atoms import Array, Indices

_BISECTIONS = 45
_HARD = 1e-12  # a gradient this small next to the size of the problem has no component


def sphere_maxima(linear: Array, constant: Array) -> tuple[Indices, Array]:
    """All local maximisers u of |A u + h|^2 on unit spheres, A (F, p, k), h (F, p).

    Returns the indices of the spheres (C,) and the points (C, k).
    """
    count, _, k = linear.shape
    every = np.arange(count)
    if k == 1:
        ones = np.ones((count, 1))
        return np.concatenate([every, every]), np.concatenate([ones, -ones])
    sizes, axes = np.linalg.eigh(linear.transpose(0, 2, 1) @ linear)
    sizes, axes = np.maximum(sizes[:, ::-1], 0.0), axes[:, :, ::-1]
    slope = np.einsum("fkj,fpk,fp->fj", axes, linear, constant)
    scale = sizes[:, 0] + np.linalg.norm(slope, axis=1) + np.finfo(float).tiny
    first, second = sizes[:, 0], sizes[:, 1]

    def excess(mu: Array, power: int) -> Array:
        gap = mu[:, None] - sizes
        gap = np.where(gap == 0.0, np.finfo(float).tiny, gap)
        return np.asarray(np.sum(slope**2 / gap**power, axis=1))

    # The global maximiser: |slope / (mu - sizes)| = 1 with mu above all sizes.
    low, high = first.copy(), first + np.linalg.norm(slope, axis=1) + 1e-300
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            above = excess(middle, 2) > 1.0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        owners, points = [every], [_point(slope, sizes, high)]
        # The local one: between the two largest, where the norm increases through one.
        low, high = second.copy(), first.copy()
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            falls = excess(middle, 3) > 0.0
            low, high = np.where(falls, middle, low), np.where(falls, high, middle)
        lowest = (low + high) / 2
        local = np.flatnonzero((excess(lowest, 2) < 1.0) & (first - second > 1e-14 * scale))
        low, high = lowest.copy(), first.copy()
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = excess(middle, 2) < 1.0
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        owners.append(local)
        points.append(_point(slope, sizes, low)[local])
    # Hard case: no slope along the longest axes, so both directions along the first are maxima.
    longest = sizes >= (first - 1e-12 * scale)[:, None]
    flat = np.linalg.norm(np.where(longest, slope, 0.0), axis=1) <= _HARD * scale
    rest = np.where(longest, 0.0, slope / np.where(longest, 1.0, first[:, None] - sizes))
    height = 1.0 - np.sum(rest**2, axis=1)
    hard = np.flatnonzero(flat & (height >= 0.0))
    for sign in (1.0, -1.0):
        point = rest[hard]
        point[:, 0] = sign * np.sqrt(height[hard])
        owners.append(hard)
        points.append(point)
    chosen = np.concatenate(owners)
    found = np.concatenate(points)
    usable = np.isfinite(found).all(axis=1) & (np.linalg.norm(found, axis=1) > 0.5)
    chosen, found = chosen[usable], found[usable]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return chosen, np.einsum("fkj,fj->fk", axes[chosen], found)


def _point(slope: Array, sizes: Array, mu: Array) -> Array:
    gap = mu[:, None] - sizes
    return np.divide(slope, gap, out=np.zeros_like(slope), where=gap != 0.0)
