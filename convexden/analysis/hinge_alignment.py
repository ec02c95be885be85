"""How the hinges of a network align with edges, faces and max-margin directions of its sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.analysis.coordinates import check_fit, is_denoising, restrict
from convexden.geometry.directions import (
    angles_to_nearest,
    edge_directions,
    face_normals,
    line_angles,
    max_margin_direction,
)
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.tolerances import TOUCH_RTOL

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HingeAlignment:
    """How the hinges of a network lie among the sites: one row per neuron, the heaviest first.

    Angles are those of a hinge's normal with the nearest direction of a kind, in degrees from 0
    to 90: orientations do not count.

    Attributes
    ----------
    weights : (K,) array
        The |a_k| for unit input weights, in the units of the problem.
    normals : (K, d) array
        Unit normals, in the affine hull of the centers.
    sides : (K, N) array of int8
        The activation patterns: 1 where site n is active, -1 where it is not.  A sample on the
        hinge is on the side of most other sites with its target, 0 if there are no more on one
        side than on the other.
    edges : (K,) array
        Angles to the edges: the segments between two of the points.  At angle 0 the hinge is
        perpendicular to an edge.
    faces : (K,) array
        Angles to the normals of the facets of the convex hull of the points.  At angle 0 the hinge
        is parallel to a face; in a plane the faces are the sides of the hull.
    margins : (K,) array
        Angles to the normal of the hyperplane that separates the active sites from the others
        with the widest margin; NaN if nothing is to be separated or there is no gap.
    """

    weights: Array
    normals: Array
    sides: NDArray[np.int8]
    edges: Array
    faces: Array
    margins: Array

    def __repr__(self) -> str:
        """One line with what matters."""
        edges, faces, margins = (f"{angle:.2g}" for angle in self.mean_angles())
        return display.one_line(
            self,
            display.counted(len(self.weights), "hinge"),
            f"mean degrees to edges {edges}, faces {faces}, margins {margins}",
        )

    def __str__(self) -> str:
        """The table as text."""
        return display.table_text(self)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which sites (K, N) are active."""
        return self.sides > 0

    @property
    def angles(self) -> Array:
        """Angles (K, 3) to edges, face normals and max-margin directions."""
        return np.column_stack([self.edges, self.faces, self.margins])

    def mean_angles(self) -> Array:
        """Means (3,) of the angles weighted by |a_k|; hinges without an angle do not count."""
        known = ~np.isnan(self.angles)
        weights = self.weights[:, None] * known
        total = np.where(known.any(axis=0), weights.sum(axis=0), np.nan)
        means: Array = (weights * np.where(known, self.angles, 0.0)).sum(axis=0) / total
        return means

    def shares_within(self, degrees: float) -> Array:
        """Shares (3,) of the total weight in hinges whose angle is at most this many degrees."""
        close = self.angles <= degrees
        shares: Array = self.weights @ close / (self.weights.sum() or 1.0)
        return shares


def hinge_alignment(problem: Interpolation, network: ShallowNetwork) -> HingeAlignment:
    """Compare the hinges of a network with edges, faces and max-margin directions of its sites.

    Everything is seen in the affine hull of the centers: a minimum-norm network does not vary
    across it, and of another one the projections of its input weights are compared.  Hinges are
    those of the canonical form.

    Edges and faces are those of the *points*: the distinct clean points, if the problem denoises
    (balls or samples), otherwise the distinct centers.  With many points some edge is near to any
    direction.

    Parameters
    ----------
    problem : Interpolation
    network : ShallowNetwork
        On the inputs and outputs of the problem.

    Returns
    -------
    HingeAlignment

    Raises
    ------
    InvalidInput
        If the network does not fit the problem.

    Examples
    --------
    The hinges for an equilateral triangle are parallel to its sides:

    >>> import convexden as cd
    >>> problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.1)
    >>> alignment = cd.hinge_alignment(problem, cd.solve(problem).network)
    >>> alignment.mean_angles().round(4) + 0.0
    array([30.,  0.,  0.])
    """
    check_fit(problem, network)
    reduction = Reduction.of(problem)
    reduced, scale = reduction.problem, reduction.input_scale
    hinges = restrict(network, reduction.input_origin, scale * reduction.input_basis).canonical()
    weights = np.linalg.norm(hinges.output_weights, axis=1) / scale
    order = np.argsort(-weights, kind="stable")
    normals = hinges.input_weights[order]
    sides = _sides(normals @ reduced.centers.T + hinges.biases[order, None], problem.targets)
    points = reference_points(problem) / scale
    separating = np.array(
        [max_margin_direction(reduced.centers, reduced.radii, row) for row in sides]
    ).reshape(normals.shape)
    return HingeAlignment(
        weights[order],
        normals @ reduction.input_basis,
        sides,
        angles_to_nearest(normals, edge_directions(points)),
        angles_to_nearest(normals, face_normals(points)),
        line_angles(normals, separating),
    )


def reference_points(problem: Interpolation) -> Array:
    """The points whose edges and faces count, in the coordinates of the hull of the centers.

    The distinct clean points of a problem that denoises, otherwise the distinct centers.
    """
    origin, basis = problem.hull.origin, problem.hull.basis
    first = np.sort(np.unique(problem.targets, axis=0, return_index=True)[1])
    denoises = is_denoising(problem, first, origin, basis)
    points = problem.targets[first] if denoises else np.unique(problem.centers, axis=0)
    coordinates: Array = (points - origin) @ basis.T
    return coordinates


def _sides(z: Array, targets: Array) -> NDArray[np.int8]:
    """Sides (K, N) of the hinges on which the sites are, from their signed distances."""
    sides = np.where(np.abs(z) <= TOUCH_RTOL, 0.0, np.sign(z))
    distinct, kin = np.unique(targets, axis=0, return_inverse=True)
    kin = kin.reshape(-1)
    votes = np.zeros((len(distinct), len(sides)))
    np.add.at(votes, kin, sides.T)
    return np.where(sides == 0.0, np.sign(votes[kin].T), sides).astype(np.int8)
