"""More activation patterns than a network has: hinges in the gaps between sites.

Along a direction u the groups of sites are intervals; a hinge with the normal u in the middle of a
gap between them has a pattern that splits no group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.hinge_slack import Hinges, Sites

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PatternSettings:
    """Parameters of the directions in which further patterns are looked for."""

    random: int = 24
    """Random directions that are tried."""

    pairs: int = 66
    """Pairs of sites whose difference is a direction that is tried: all of 12 sites."""

    seed: int = 20
    """Seed of these directions; any will do."""


SETTINGS = PatternSettings()


def gap_hinges(sites: Sites, groups: NDArray[np.intp], normals: Array, most: int) -> Hinges:
    """Hinges in the widest gaps between groups of sites along several kinds of directions.

    Parameters
    ----------
    sites : Sites
    groups : (N,) int array
        Group of each site, counted from 0 without a hole.
    normals : (K, d) array
        Unit normals that are likely to be useful.
    most : int
        How many hinges at most.
    """
    directions = _directions(sites, normals)
    projections = sites.points @ directions.T
    count = int(groups.max()) + 1
    low = np.full((count, len(directions)), np.inf)
    high = np.full((count, len(directions)), -np.inf)
    np.minimum.at(low, groups, projections - sites.radii[:, None])
    np.maximum.at(high, groups, projections + sites.radii[:, None])
    order = np.argsort(low, axis=0)
    low = np.take_along_axis(low, order, 0)
    covered = np.maximum.accumulate(np.take_along_axis(high, order, 0), axis=0)
    gaps = low[1:] - covered[:-1]
    middles = (low[1:] + covered[:-1]) / 2
    wide = np.argsort(-gaps, axis=None, kind="stable")[:most]
    wide = wide[gaps.reshape(-1)[wide] > 0]
    _, chosen = np.unravel_index(wide, gaps.shape)
    biases = -middles.reshape(-1)[wide]
    active = projections[:, chosen].T + biases[:, None] > 0
    # By construction no group is split; what follows relies on it, so it is made sure.
    first = np.unique(groups, return_index=True)[1]
    kept = (active == active[:, first[groups]]).all(axis=1)
    chosen, biases = chosen[kept], biases[kept]
    return Hinges(directions[chosen], biases, np.zeros(len(biases)), active[kept])


def _directions(sites: Sites, normals: Array) -> Array:
    """Unit vectors: axes of the data, normals of hinges, differences of sites, random ones."""
    rng = np.random.default_rng(SETTINGS.seed)
    count, dimension = sites.points.shape
    centered = sites.points - sites.points.mean(axis=0)
    axes = np.linalg.svd(centered, full_matrices=False)[2][: min(dimension, 8)]
    pairs = (
        np.array(np.triu_indices(count, 1)) if count <= 60 else rng.integers(count, size=(2, 99))
    )
    pairs = pairs[:, rng.permutation(pairs.shape[1])[: SETTINGS.pairs]]
    random = rng.standard_normal((SETTINGS.random, len(axes))) @ axes
    found = np.concatenate([axes, normals, centered[pairs[0]] - centered[pairs[1]], random])
    sizes = np.linalg.norm(found, axis=1)
    return found[sizes > 0] / sizes[sizes > 0, None]
