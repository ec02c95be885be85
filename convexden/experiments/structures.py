"""Which of five structures the denoiser of a triangle has, from its hinges alone."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from convexden.analysis.coordinates import check_fit
from convexden.errors import InvalidProblem
from convexden.geometry.directions import angles_to_nearest, edge_directions, face_normals
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import ALIGNED_RAD, FAINT_RTOL, TOUCH_RTOL

Array = NDArray[np.float64]

Name = Literal["edge-aligned", "altitude-aligned", "face-aligned", "tilted", "pinched"]
STRUCTURES: tuple[Name, ...] = get_args(Name)


class Structure(NamedTuple):
    """What `structure` finds.

    Attributes
    ----------
    name : str
        One of `STRUCTURES`.
    tilt : float
        In radians, the largest angle between the normal of a hinge and the nearest edge, or the
        nearest altitude if that is less: how far the hinges are from all being aligned.
    """

    name: Name
    tilt: float


def structure(problem: Interpolation, network: ShallowNetwork) -> Structure:
    """The structure of a denoiser of three balls in the plane.

    A hinge is the line of a neuron; its normal is *along an edge* where the line is perpendicular
    to that edge, and along an *altitude* where it is parallel to the edge (the face) opposite.
    Neurons with less than 1e-9 of the cost do not count, angles below 1e-10 rad are 0, and a hinge
    touches a ball that is within 1e-9 of its radius.  The first of these that applies:

    pinched
        some hinge touches two balls on opposite sides of it, as the line that passes through the
        gap between them does;
    tilted
        the normals are neither all along edges nor all along altitudes;
    edge-aligned
        all normals are along edges: ramps along the two edges at the obtuse or right vertex (in a
        right triangle these are altitudes as well);
    altitude-aligned
        all normals are along two altitudes: the ramps of two vertices, parallel to the edges
        opposite, the third vertex being the value where both ramps are 0;
    face-aligned
        the normals are along all three altitudes: a ramp for each vertex.

    Parameters
    ----------
    problem : Interpolation
        Three balls of positive radius, the vertices of a triangle in the plane.
    network : ShallowNetwork

    Returns
    -------
    Structure

    Raises
    ------
    InvalidProblem
        If the problem is another one, the network does not fit or has no hinge that counts.

    Examples
    --------
    >>> import convexden as cd
    >>> for angles in ((20, 40, 120), (40, 60, 80), (60, 60, 60), (50, 60, 70)):
    ...     problem = cd.denoising(cd.data.triangle(angles), radius=0.1)
    ...     found = structure(problem, cd.solve(problem).network)
    ...     print(angles, found.name, f"{found.tilt if found.name == 'tilted' else 0:.0e}")
    (20, 40, 120) edge-aligned 0e+00
    (40, 60, 80) tilted 6e-04
    (60, 60, 60) face-aligned 0e+00
    (50, 60, 70) tilted 5e-05
    """
    points, radii = problem.centers, problem.radii
    if points.shape != (3, 2) or (radii <= 0).any():
        raise InvalidProblem("structures are those of three balls in the plane: give three")
    check_fit(problem, network)
    hinges = network.canonical()
    weights = np.linalg.norm(hinges.output_weights, axis=1)
    counts = weights > FAINT_RTOL * weights.sum()
    if not counts.any():
        raise InvalidProblem("a network without hinges has no structure: give a denoiser")
    normals = hinges.input_weights[counts]
    altitudes = face_normals(points)
    to_edges = np.deg2rad(angles_to_nearest(normals, edge_directions(points)))
    to_altitudes = np.deg2rad(angles_to_nearest(normals, altitudes))
    tilt = float(min(to_edges.max(), to_altitudes.max()))
    sides = normals @ points.T + hinges.biases[counts, None]
    touched = np.abs(np.abs(sides) - radii) <= TOUCH_RTOL * radii
    pinched = (touched & (sides > 0)).any(axis=1) & (touched & (sides < 0)).any(axis=1)
    if pinched.any():
        return Structure("pinched", tilt)
    if tilt > ALIGNED_RAD:
        return Structure("tilted", tilt)
    if to_edges.max() <= ALIGNED_RAD:
        return Structure("edge-aligned", tilt)
    used = np.unique(np.abs(normals @ altitudes.T).argmax(axis=1))
    return Structure("altitude-aligned" if used.size == 2 else "face-aligned", tilt)
