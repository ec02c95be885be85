"""Problems that are degenerate on purpose, each drawn from one integer seed.

A problem has a geometry (where its sites lie), aims (their targets), sizes (their radii) and
a frame (scale, offset, units and rounding of the coordinates).  The first three name its kind.
Radii come last, from the coordinates as they are, so that "within 1e-12 of contact" is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Generator = np.random.Generator

# The most sites in each dimension for which the exact methods are meant.
MOST_SITES = {1: 30, 2: 30, 3: 12, 4: 8, 5: 7}


# Kinds at which most solvers fail.
HARD = ("near duplicates", "thin", "bent", "almost touching")


class Draw(NamedTuple):
    """A problem as a user would give it, and how it came about."""

    seed: int
    geometry: str
    aims: str
    sizes: str
    frame: tuple[str, ...]
    centers: Array  # (N, d)
    targets: Array  # (N, p)
    radii: Array  # (N,)

    @property
    def title(self) -> str:
        """The kinds, in one line."""
        n, d = self.centers.shape
        frame = ", ".join(self.frame) or "plain"
        return (
            f"{self.geometry} / {self.aims} / {self.sizes} / {frame}: "
            f"N = {n}, d = {d}, p = {self.targets.shape[1]}"
        )


class Sites(NamedTuple):
    """Centers, and the group of each: sites of one group may share a target and may meet."""

    centers: Array
    groups: NDArray[np.intp]


def draw(seed: int) -> Draw:
    """The problem of a seed: the same on every machine with the same NumPy."""
    rng = np.random.default_rng([1414, seed])
    geometry = _chosen(rng, GEOMETRIES)
    d = int(rng.choice([1, 2, 3, 4, 5], p=[0.2, 0.4, 0.2, 0.12, 0.08]))
    n = int(rng.integers(2, MOST_SITES[d] + 1))
    if rng.random() < 0.6:  # most failures need few sites, and few sites are soon solved
        n = min(n, int(rng.integers(2, 8)))
    sites = GEOMETRIES[geometry](rng, d, n)
    centers, frame = _framed(rng, sites.centers)
    aims = _chosen(rng, AIMS)
    targets = AIMS[aims](rng, centers, sites.groups)
    # Groups that meet are what nested and clustered sites are drawn for.
    meeting = len(np.unique(sites.groups)) < len(centers) and rng.random() < 0.5
    sizes = "meeting" if meeting else _chosen(rng, SIZES)
    radii = SIZES[sizes](rng, centers, targets)
    return Draw(seed, geometry, aims, sizes, frame, centers, targets, radii)


def _chosen(rng: Generator, kinds: Iterable[str]) -> str:
    """One of the kinds, the hard ones twice as often."""
    names = list(kinds)
    weights = np.array([2.0 if name in HARD else 1.0 for name in names])
    return str(rng.choice(names, p=weights / weights.sum()))


# ---------------------------------------------------------------- geometries


def _alone(centers: Array) -> Sites:
    return Sites(centers, np.arange(len(centers)))


def _gaussian(rng: Generator, d: int, n: int) -> Sites:
    return _alone(rng.normal(size=(n, d)))


def _near_duplicates(rng: Generator, d: int, n: int) -> Sites:
    """Some points once more, 1e-3 to 1e-12 away."""
    first = max(2, n // 2)
    centers = rng.normal(size=(first, d))
    groups = np.concatenate([np.arange(first), rng.integers(0, first, max(1, n - first))])
    steps = rng.normal(size=(len(groups), d)) * 10.0 ** rng.uniform(-12, -3)
    steps[:first] = 0.0
    return Sites(centers[groups] + steps, groups)


def _thin(rng: Generator, d: int, n: int) -> Sites:
    """One direction of thickness 1e-3 to 1e-13, along an axis or not."""
    centers = rng.normal(size=(n, d))
    centers[:, -1] *= 10.0 ** rng.uniform(-13, -3)
    return _alone(_turned(rng, centers) if rng.random() < 0.5 else centers)


def _flat(rng: Generator, d: int, n: int) -> Sites:
    """On a line or plane of the space, exactly: integers."""
    k = int(rng.integers(1, max(2, d)))
    basis = rng.permutation(np.hstack([np.eye(k, dtype=int), rng.integers(-4, 5, (k, d - k))]).T).T
    return _alone((_distinct(rng, n, k, 12) @ basis).astype(float))


def _rounded_flat(rng: Generator, d: int, n: int) -> Sites:
    """On a line or plane, rounded to decimals or single precision."""
    k = int(rng.integers(1, max(2, d)))
    centers = rng.normal(size=(n, k)) @ rng.normal(size=(k, d))
    if rng.random() < 0.3:
        return _alone(centers.astype(np.float32).astype(float))
    return _alone(np.round(centers, int(rng.integers(2, 10))))


def _lattice(rng: Generator, d: int, n: int) -> Sites:
    """Points of a grid, in the plane also of the triangular one."""
    side = int(np.ceil(n ** (1 / d))) + int(rng.integers(0, 2))
    grid = np.stack(np.meshgrid(*[np.arange(float(side))] * d, indexing="ij"), -1).reshape(-1, d)
    grid = grid[rng.permutation(len(grid))[:n]]
    if d == 2 and rng.random() < 0.5:
        grid = grid @ np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    return _alone(grid)


def _simplex(rng: Generator, d: int, n: int) -> Sites:
    """A regular simplex, exactly or up to 1e-12 to 1e-1, with its edges or heights stretched."""
    corners = np.eye(d + 1)[:, :d] + np.eye(d + 1)[:, d:] * (1 + np.sqrt(d + 1)) / d
    corners = corners * 10.0 ** rng.uniform(-1, 1, d) if rng.random() < 0.3 else corners
    if rng.random() < 0.7:
        corners = corners + rng.normal(size=corners.shape) * 10.0 ** rng.uniform(-12, -1)
    return _alone(corners)


def _corner(rng: Generator, d: int, n: int) -> Sites:
    """A point and others on axes: right angles, exactly."""
    lengths = rng.integers(1, 9, d) if rng.random() < 0.7 else 10.0 ** rng.uniform(-3, 3, d)
    return _alone(np.vstack([np.zeros(d), np.diag(lengths)]).astype(float))


def _clusters(rng: Generator, d: int, n: int) -> Sites:
    """Noisy samples round clean points."""
    count = int(rng.integers(2, min(n, 4) + 1)) if n > 2 else 2
    clean = rng.normal(size=(count, d))
    groups = np.concatenate([np.arange(count), rng.integers(0, count, max(0, n - count))])
    noise = 10.0 ** rng.uniform(-8, -0.5)
    return Sites(clean[groups] + noise * rng.normal(size=(len(groups), d)), groups)


def _nested(rng: Generator, d: int, n: int) -> Sites:
    """Points with others at 0 to .3 of their distance to the rest, for balls that meet."""
    count = max(2, n // 3)
    clean = 3 * rng.normal(size=(count, d))
    groups = np.concatenate([np.arange(count), rng.integers(0, count, max(1, n - count))])
    near = 10.0 ** rng.uniform(-12, -0.5, (len(groups), 1))
    near[rng.random(len(groups)) < 0.2] = 0.0
    near[:count] = 0.0
    return Sites(clean[groups] + near * rng.normal(size=(len(groups), d)), groups)


GEOMETRIES: dict[str, Callable[[Generator, int, int], Sites]] = {
    "gaussian": _gaussian,
    "near duplicates": _near_duplicates,
    "thin": _thin,
    "flat": _flat,
    "rounded flat": _rounded_flat,
    "lattice": _lattice,
    "simplex": _simplex,
    "corner": _corner,
    "clusters": _clusters,
    "nested": _nested,
}


# ---------------------------------------------------------------- frames


def _framed(rng: Generator, centers: Array) -> tuple[Array, tuple[str, ...]]:
    """The centers in other units, at another scale, far from the origin, or rounded."""
    names: list[str] = []
    if rng.random() < 0.12 and centers.shape[1] > 1:
        centers = centers * 10.0 ** rng.integers(-6, 7, centers.shape[1])
        names.append("mixed units")
    if rng.random() < 0.25:
        exponent = rng.uniform(-8, 8)
        centers = centers * 10.0**exponent
        names.append(f"scale 1e{exponent:.0f}")
    if rng.random() < 0.35:
        exponent = rng.uniform(0, 8)
        columns = rng.normal(size=centers.shape[1])
        offset = 10.0**exponent * columns * np.abs(centers).max(axis=0)
        centers = centers + (np.round(offset) if rng.random() < 0.5 else offset)
        names.append(f"offset 1e{exponent:.0f}")
    return centers, tuple(names)


def _turned(rng: Generator, centers: Array) -> Array:
    d = centers.shape[1]
    return centers @ np.linalg.qr(rng.normal(size=(d, d)))[0]


def _distinct(rng: Generator, n: int, k: int, side: int) -> NDArray[np.int64]:
    """Integer points, no two equal."""
    points = np.unique(rng.integers(-side, side + 1, (4 * n, k)), axis=0)
    return rng.permutation(points)[:n]


# ---------------------------------------------------------------- aims


def _denoise(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """Each site to the first point of its group."""
    first = np.unique(groups, return_index=True, return_inverse=True)
    return centers[first[1][first[2]]]


def _random(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """Of each group, or of each site, in one to three dimensions and any scale."""
    p = int(rng.choice([1, 1, 2, 3]))
    targets = rng.normal(size=(len(centers), p))
    if rng.random() < 0.7:
        targets = targets[groups]
    return _rescaled(rng, targets)


def _affine(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """Of small integers, so that it is exact where the coordinates are short."""
    p = int(rng.integers(1, 3))
    return centers @ rng.integers(-3, 4, (centers.shape[1], p)) + rng.integers(-3, 4, p)


def _rounded_affine(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """Affine up to the rounding of the product."""
    p = int(rng.integers(1, 3))
    return centers @ rng.normal(size=(centers.shape[1], p)) + rng.normal(size=p)


def _bent(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """A large affine part and something small besides."""
    bend = rng.normal(size=(len(centers), int(rng.integers(1, 3))))
    scale = 10.0 ** rng.uniform(2, 13) / np.abs(centers - centers[0]).max()
    slope = scale * rng.normal(size=(centers.shape[1], bend.shape[1]))
    return (centers - centers[0]) @ slope + bend


def _constant(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    return np.full((len(centers), int(rng.integers(1, 3))), rng.normal())


def _last_places(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """Constant up to a few units in the last place."""
    base = 10.0 ** rng.uniform(-8, 8)
    return base + np.spacing(base) * rng.integers(-3, 4, (len(centers), 1))


def _one_hot(rng: Generator, centers: Array, groups: NDArray[np.intp]) -> Array:
    """Classes, of which groups have one each."""
    return np.eye(3)[rng.integers(0, 3, len(centers))[groups]]


def _rescaled(rng: Generator, targets: Array) -> Array:
    if rng.random() < 0.2:
        targets = targets * 10.0 ** rng.uniform(-8, 8)
    if rng.random() < 0.2:
        targets = targets + 10.0 ** rng.uniform(-2, 8) * np.abs(targets).max()
    return targets


AIMS: dict[str, Callable[[Generator, Array, NDArray[np.intp]], Array]] = {
    "denoising": _denoise,
    "random": _random,
    "affine": _affine,
    "rounded affine": _rounded_affine,
    "bent": _bent,
    "constant": _constant,
    "last places": _last_places,
    "one-hot": _one_hot,
}


# ---------------------------------------------------------------- sizes


def _contact(centers: Array, targets: Array) -> Array:
    """Of each site half the distance to the nearest one of another target; 1 if there is none."""
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)
    same = (targets[:, None] == targets).all(axis=2)
    nearest = np.where(same, np.inf, distances).min(axis=1) / 2
    spread = np.linalg.norm(centers - centers.mean(axis=0), axis=1).max()
    return np.where(np.isfinite(nearest), nearest, spread / 3 or 1.0)


def _samples(rng: Generator, centers: Array, targets: Array) -> Array:
    return np.zeros(len(centers))


def _share(rng: Generator, centers: Array, targets: Array) -> Array:
    return np.full(len(centers), rng.uniform(0.05, 0.9) * _contact(centers, targets).min())


def _small(rng: Generator, centers: Array, targets: Array) -> Array:
    return np.full(len(centers), 10.0 ** rng.uniform(-9, -2) * _contact(centers, targets).min())


def _almost_touching(rng: Generator, centers: Array, targets: Array) -> Array:
    share = 1 - 10.0 ** rng.uniform(-12, -2)
    return np.full(len(centers), share * _contact(centers, targets).min())


def _mixed(rng: Generator, centers: Array, targets: Array) -> Array:
    """Samples and balls, each of a share of its own."""
    shares = 10.0 ** rng.uniform(-6, -0.05, len(centers))
    radii: Array = shares * _contact(centers, targets) * (rng.random(len(centers)) < 0.5)
    return radii


def _meeting(rng: Generator, centers: Array, targets: Array) -> Array:
    """Each of its own size, so that those of one target contain or overlap each other."""
    shares = rng.uniform(0.3, 0.95, len(centers)) * (rng.random(len(centers)) < 0.7)
    radii: Array = shares * _contact(centers, targets)
    return radii


SIZES: dict[str, Callable[[Generator, Array, Array], Array]] = {
    "samples": _samples,
    "share of contact": _share,
    "small": _small,
    "almost touching": _almost_touching,
    "mixed": _mixed,
    "meeting": _meeting,
}
