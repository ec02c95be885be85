r"""The equations that a correction of a network must satisfy on the sites.

On a ball the whole affine map is prescribed, on a sample its value.  Values at samples that nearly
coincide are replaced by their difference quotient along a spanning tree, so that the equations stay
well-conditioned and no digits cancel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, power_above
from convexden.verification.exact.hinge_slack import Sites, lengths
from convexden.verification.exact.labels import labels
from convexden.verification.exact.piece_residuals import PieceResiduals

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class EquationSettings:
    """Parameters of the choice of equations."""

    flat: float = 1e-8
    """Samples with one target whose piece is this flat, relative to the cost, are kept flat."""

    close: float = 1e-2
    """Samples closer than this, in units of the reach, are compared with each other."""

    compared: int = 3000
    """The most samples that are compared: an array of their distances is made."""


SETTINGS = EquationSettings()


@dataclass(frozen=True, eq=False)
class Equations:
    """What a correction must be on sites, in units of values: lengths in units of the reach.

    Attributes
    ----------
    members : (R,) int array
        A site of each row.
    partition : (N,) int array
        Sites with the same number must stay on the same side of all hinges.
    right : (R, J, p) array
        J = d + 1 if every row is the whole map of a group of sites, otherwise 1.
    missed : (R, J) array
        Bounds of the errors of `right`.
    features : (R, d + 1) array or None
        What a row sees of an affine map; None for whole maps.
    parents : (R,) int array
        The row whose value is subtracted; -1 for none.
    steps : (R, d + 1) array
        The features minus those of that row.
    spans : (R,) array
        The powers of two by which a row is divided.
    doubt : (R,) array
        Bounds of the relative errors of features and steps.
    """

    members: Indices
    partition: Indices
    right: Array
    missed: Array
    features: Array | None
    parents: Indices
    steps: Array
    spans: Array
    doubt: Array

    @classmethod
    def of_maps(
        cls, members: Indices, partition: Indices, right: Array, missed: Array
    ) -> Equations:
        """Whole maps for all groups."""
        none, nothing = np.full(len(members), -1), np.zeros((len(members), 0))
        zeros = np.zeros(len(members))
        return cls(members, partition, right, missed, None, none, nothing, zeros + 1, zeros)

    def column_by_column(self) -> Equations:
        """Whole maps with a row for each of their columns."""
        rows, count, outputs = self.right.shape
        members, features = np.repeat(self.members, count), np.tile(np.eye(count), (rows, 1))
        none, zeros = np.full(len(members), -1), np.zeros(len(members))
        right, missed = self.right.reshape(-1, 1, outputs), self.missed.reshape(-1, 1)
        return Equations(
            members, self.partition, right, missed, features, none, features, zeros + 1, zeros
        )

    def only(self, groups: Indices) -> Equations:
        """The equations for some of the groups, if rows are whole maps."""
        return Equations.of_maps(
            self.members[groups], self.partition, self.right[groups], self.missed[groups]
        )

    def parts(self, seen: Array) -> tuple[Array, Array, Array]:
        """Where (R, M) only a row, it and its parent, only its parent have a pattern.

        `seen` (R, M) has ones where the rows' own sites are active; the parts are divided by the
        spans.
        """
        own = seen / self.spans[:, None]
        child = self.parents >= 0
        if not child.any():
            return own, np.zeros((len(seen), 1)), np.zeros((len(seen), 1))
        other = np.where(child[:, None], seen[self.parents], 0.0)
        return own * (1 - other), own * other, (1 - seen) * other / self.spans[:, None]


def equations(
    centers: Array,
    sites: Sites,
    groups: Indices,
    first: Indices,
    residuals: PieceResiduals,
    cost: float,
) -> Equations:
    """The equations for groups (N,) of sites with the first sites (G,).

    A group with a ball needs the whole map, and so does a group of samples if they are more than
    determine an affine map and it is flat; of other samples the values are enough.
    """
    scale, dimension = sites.scale, centers.shape[1]
    maps, missed = residuals.at_origin(sites.origin)
    units = np.append(np.full(dimension, scale), 1.0)[:, None]  # powers of two
    maps, missed = maps * units, missed * units
    missed = lengths(missed) * (1 + (maps.shape[2] + 4) * EPS)
    whole = np.zeros(len(first), dtype=bool)
    whole[groups[sites.radii > 0]] = True
    if not whole.all():
        many = np.bincount(groups) > dimension + 1
        slopes = lengths(maps[:, :-1].reshape(len(first), -1))
        whole |= many & (slopes <= SETTINGS.flat * cost * scale)
    if whole.all():
        # What all groups have in common the skip connection and the offset repair.
        right = maps - maps.mean(axis=0)
        return Equations.of_maps(first, groups, right, missed + EPS * lengths(right))

    single = np.flatnonzero(~whole[groups])
    blocks = np.flatnonzero(whole)
    partition = (np.cumsum(whole) - 1)[groups]
    partition[single] = len(blocks) + np.arange(len(single))
    single = single[labels(centers[single])[1]]
    values, bounds = residuals.at_points(centers[single], groups[single])
    bounds = lengths(bounds) * (1 + (maps.shape[2] + 4) * EPS)
    near, spans = _near(sites.points[single] / scale)
    has = near >= 0
    steps = np.where(has[:, None], (centers[single] - centers[single[near]]) / scale, 0.0)
    values = np.where(has[:, None], values - values[near], values) / spans[:, None]
    bounds = np.where(has, bounds + bounds[near], bounds) / spans + EPS * lengths(values)

    count = len(blocks) * (dimension + 1)
    identity = np.tile(np.eye(dimension + 1), (len(blocks), 1))
    own = np.column_stack([sites.points[single] / scale, np.ones(len(single))])
    rounded = EPS * (has | bool(sites.origin.any()))
    rows = Equations(
        np.concatenate([np.repeat(first[blocks], dimension + 1), single]),
        partition,
        np.concatenate([maps[blocks].reshape(count, values.shape[1]), values])[:, None],
        np.concatenate([missed[blocks].reshape(-1), bounds])[:, None],
        np.concatenate([identity, own]),
        np.concatenate([np.full(count, -1), np.where(has, near + count, -1)]),
        np.concatenate([identity, np.column_stack([steps, np.zeros(len(single))])]),
        np.concatenate([np.ones(count), spans]),
        np.concatenate([np.zeros(count), rounded]),
    )
    return _without_affine(rows)


def _without_affine(rows: Equations) -> Equations:
    """The rows without what an affine map repairs, which costs nothing."""
    assert rows.features is not None
    seen = np.where((rows.parents >= 0)[:, None], rows.steps, rows.features) / rows.spans[:, None]
    right = rows.right[:, 0]
    affine = np.asarray(np.linalg.lstsq(seen, right, rcond=None)[0], dtype=float)
    if not affine.any():
        return rows
    rest = right - seen @ affine
    sizes = np.abs(seen) @ lengths(affine) + lengths(right)
    missed = rows.missed + ((2 * seen.shape[1] + 12) * EPS * sizes)[:, None]
    return replace(rows, right=rest[:, None], missed=missed)


def _near(points: Array) -> tuple[Indices, Array]:
    """For each point one that is close to it, as a spanning forest, and powers of two near the
    distances; -1 and 1 where there is none.
    """
    count = len(points)
    near, spans = np.full(count, -1), np.ones(count)
    if not 1 < count <= SETTINGS.compared:
        return near, spans
    distances = np.zeros((count, count))
    for column in points.T:
        distances += (column[:, None] - column) ** 2
    np.fill_diagonal(distances, np.inf)
    if distances.min() > SETTINGS.close**2:
        return near, spans
    # Prim's algorithm: the point closest to the tree comes next.
    left = np.ones(count, dtype=bool)
    left[0] = False
    best, link = distances[0], np.zeros(count, dtype=np.intp)
    for _ in range(count - 1):
        new = int(np.argmin(np.where(left, best, np.inf)))
        left[new] = False
        if best[new] <= SETTINGS.close**2:
            near[new], spans[new] = link[new], power_above(np.sqrt(best[new]))
        closer = distances[new] < best
        best, link = np.where(closer, distances[new], best), np.where(closer, new, link)
    return near, spans
