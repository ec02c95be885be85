"""Brute force in floats: many hinges, one convex program, and its multipliers.

Nothing here is trusted.  The hinges and weights go to `networks`, which solves the equalities
exactly, and the multipliers to `bounds`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import null_space

from benchmarks.robustness.exact import Sites

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Hinges that may enter a ball by this share of the radius are tangent.
_TOUCH = 1e-12


class Hinges(NamedTuple):
    """Unit hinges in scaled coordinates, with their values and the sites they are active on."""

    w: Array  # (K, d)
    b: Array  # (K,)
    z: Array  # (K, N)
    on: Bools  # (K, N)


class Scaled(NamedTuple):
    """The sites in floats, divided by a power of two; targets without their affine part."""

    centers: Array
    targets: Array
    radii: Array
    unit: float


class Found(NamedTuple):
    """What a program over finitely many hinges found."""

    weights: Array  # (K, p)
    values: Array  # (N, p), multipliers of the scaled problem
    jacobians: Array  # (N, p, d)


def scaled(sites: Sites) -> Scaled:
    """The data in the units of their spread, which is a power of two and hence exact."""
    centers, targets, radii = sites.floats()
    unit = 2.0 ** np.round(np.log2(max(np.abs(centers).max(), 1e-300)))
    if sites.balls:
        rest = [
            [t - s for t, s in zip(row, sites.targets[0], strict=True)] for row in sites.targets
        ]
    else:
        design = np.column_stack([np.ones(len(centers)), centers / unit])
        fit = np.linalg.lstsq(design, targets, rcond=None)[0]
        rest = [
            [
                t
                - sum(
                    (
                        Fraction(float(f)) * Fraction(float(x))
                        for f, x in zip(fit[:, j], row, strict=True)
                    ),
                    Fraction(0),
                )
                for j, t in enumerate(target)
            ]
            for row, target in zip(design, sites.targets, strict=True)
        ]
    return Scaled(
        centers / unit, np.array([[float(x) for x in row] for row in rest]), radii / unit, unit
    )


def hinges_with(data: Scaled, normals: Array) -> Hinges:
    """Every hinge with one of these unit normals that touches a site and cuts no ball."""
    n = len(data.radii)
    steps = normals @ data.centers.T  # (M, N)
    touching = np.concatenate([data.radii[None] - steps, -data.radii[None] - steps], axis=1)
    w = np.repeat(normals, 2 * n, axis=0)
    return kept(data, w, touching.ravel())


def kept(data: Scaled, w: Array, b: Array) -> Hinges:
    """Those of the hinges that cut no ball and separate sites."""
    z = w @ data.centers.T + b[:, None]
    good = (np.abs(z) >= data.radii * (1 - _TOUCH)).all(axis=1) & np.isfinite(z).all(axis=1)
    on = z > 0
    good &= on.any(axis=1) & ~on.all(axis=1)
    return Hinges(w[good], b[good], z[good], on[good])


def directions(data: Scaled, rng: np.random.Generator, count: int) -> Array:
    """Normals of hyperplanes that touch d sites, and random ones, also in whitened coordinates."""
    d = data.centers.shape[1]
    found = [np.eye(d)]
    found += list(_tangent_normals(data, rng, count))
    pairs = np.array(list(itertools.combinations(range(len(data.centers)), 2)))
    pairs = pairs if len(pairs) <= count else rng.permutation(pairs)[:count]
    found.append(_unit(data.centers[pairs[:, 1]] - data.centers[pairs[:, 0]]))
    found.append(_unit(rng.normal(size=(count // 4, d))))
    _, sizes, axes = np.linalg.svd(data.centers - data.centers.mean(axis=0), full_matrices=False)
    thick = sizes > 1e-14 * sizes[0]
    white = rng.normal(size=(count // 4, int(thick.sum()))) / sizes[thick] @ axes[thick]
    found.append(_unit(white))
    normals = np.concatenate(found)
    return normals[np.isfinite(normals).all(axis=1) & (np.abs(normals).sum(axis=1) > 0.5)]


def _unit(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)


def _tangent_normals(data: Scaled, rng: np.random.Generator, count: int) -> Iterator[Array]:
    """Of sets of d sites the unit w with w.(y_i - y_0) = s_i r_i - s_0 r_0, for all sides s."""
    n, d = data.centers.shape
    sets = list(itertools.combinations(range(n), min(d, n)))
    if len(sets) > count:
        sets = [sets[i] for i in rng.choice(len(sets), count, replace=False)]
    for chosen in sets:
        members = list(chosen)
        rows = data.centers[members[1:]] - data.centers[members[0]]
        flat = null_space(rows) if len(rows) else np.eye(d)
        if flat.shape[1] == 0:
            continue
        sides = itertools.product(*[(1.0, -1.0) if data.radii[m] > 0 else (1.0,) for m in members])
        for signs in itertools.islice(sides, 16):
            ends = np.array(signs) * data.radii[members]
            base = (
                np.linalg.lstsq(rows, ends[1:] - ends[0], rcond=None)[0]
                if len(rows)
                else np.zeros(d)
            )
            left = 1 - base @ base
            if left < 0:
                continue
            across = flat @ rng.normal(size=flat.shape[1])
            across *= np.sqrt(left) / np.linalg.norm(across)
            yield np.stack([base + across, base - across])


def program(data: Scaled, hinges: Hinges) -> Found | None:
    """minimize sum_k |a_k| over output weights, skip connection and offset, by Clarabel."""
    (n, d), p, k = data.centers.shape, data.targets.shape[1], len(hinges.b)
    balls = np.flatnonzero(data.radii > 0)
    active = np.where(hinges.on, hinges.z, 0.0)
    affine = np.hstack([np.ones((n, 1)), data.centers])
    left = [np.hstack([affine, active.T])]
    for m in balls:
        slopes = hinges.on[:, m, None] * hinges.w
        left.append(np.hstack([np.zeros((d, 1)), np.eye(d), slopes.T]))
    table = np.vstack(left)
    # Equilibrated: rows and columns of length one, the cost in the columns' units.
    rows = np.maximum(np.linalg.norm(table, axis=1), 1e-300)
    table = table / rows[:, None]
    columns = np.maximum(np.linalg.norm(table, axis=0), 1e-300)
    table = table / columns
    right = np.zeros((len(table), p))
    size = np.abs(data.targets).max() or 1.0
    right[:n] = data.targets / size
    right /= rows[:, None]
    # Variables: (1 + d + K) x p entries, then one bound for each norm.
    free = 1 + d
    entries = (free + k) * p
    equalities = sparse.hstack(
        [
            sparse.kron(sparse.csc_matrix(table), sparse.eye(p)),
            sparse.csc_matrix((len(table) * p, k)),
        ]
    )
    cone_rows = np.arange(k * (p + 1)).reshape(k, p + 1)
    places = np.concatenate(
        [entries + np.arange(k)[:, None], (free + np.arange(k))[:, None] * p + np.arange(p)], axis=1
    )
    cones = sparse.csc_matrix(
        (-np.ones(cone_rows.size), (cone_rows.ravel(), places.ravel())),
        shape=(cone_rows.size, entries + k),
    )
    prices = 1.0 / columns[free:]
    cost = np.concatenate([np.zeros(entries), prices / prices.max()])
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = 80
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix((entries + k, entries + k)),
        cost,
        sparse.csc_matrix(sparse.vstack([equalities, cones])),
        np.concatenate([right.ravel(), np.zeros(k * (p + 1))]),
        [clarabel.ZeroConeT(len(table) * p), *[clarabel.SecondOrderConeT(p + 1)] * k],
        settings,
    )
    answer = solver.solve()
    x, y = np.array(answer.x), np.array(answer.z)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    weights = x[free * p : entries].reshape(k, p) / columns[free:, None] * size
    duals = -y[: len(table) * p].reshape(len(table), p) / rows[:, None] * prices.max()
    jacobians = np.zeros((n, p, d))
    jacobians[balls] = duals[n:].reshape(len(balls), d, p).transpose(0, 2, 1)
    return Found(weights, duals[:n], jacobians)


def constraint(data: Scaled, hinges: Hinges, found: Found) -> Array:
    """g of each hinge at the multipliers found: |sum_n D_n (l_n z_n + G_n w)|."""
    active = np.where(hinges.on, hinges.z, 0.0)
    total = active @ found.values + np.einsum(
        "kn,npd,kd->kp", hinges.on.astype(float), found.jacobians, hinges.w
    )
    return np.linalg.norm(total, axis=1)
