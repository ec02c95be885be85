"""Small perturbations of the points turn the hinges of a closed form a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.errors import InvalidProblem
from convexden.geometry.directions import angles_to_nearest
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.theorems import collinear, equilateral, rays
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare

Array = NDArray[np.float64]

KINDS = ("collinear", "obtuse triangle", "rays", "equilateral", "tetrahedron")


@dataclass(frozen=True)
class PersistenceSettings:
    """Parameters of the law by which angles fall."""

    large: float = 1e-4
    """Largest displacement of a point, in units of the spread."""

    small: float = 1e-5
    """The same of the second move, a tenth: the angle of a linear law falls to a tenth."""

    linear: float = 0.2
    """Ratio of the two angles up to which the law counts as confirmed."""

    constant: float = 0.5
    """Ratio of the two angles from which on the alignment does not persist."""

    rounding: float = 1e-8
    """Angles, rad, below this are rounding."""


SETTINGS = PersistenceSettings()


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if the points are collinear, on rays or a regular simplex.

    Raises
    ------
    InvalidProblem
        If none of these theorems speaks about the points.
    """
    return closed_form(points, radius).problem


def closed_form(points: ArrayLike, radius: ArrayLike, moves: ArrayLike | None = None) -> ClosedForm:
    r"""The closed form of the points before they are moved.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, \rho)` for points :math:`x_n = \bar x_n + \varepsilon m_n` near points
    :math:`\bar x_n` with a closed form: collinear, on rays at obtuse angles, or a regular simplex.

    Theorem: the minimizer for the moved points tends to the closed form.  The mean angle of its
    hinges to the closest hinge of the closed form, weighted by :math:`|a_k|`, tends to 0.  It is
    seen to do so linearly in :math:`\varepsilon`.

    Proof: the closed form is the unique minimizer (`convexden.uniqueness` lists the hinges).  The
    output weights of minimizers are bounded, those of their hinges that matter lie in a compact
    set, and the constraints are continuous, so that the weights have a limit as
    :math:`\varepsilon \to 0` along a subsequence.  It satisfies the constraints of the points
    :math:`\bar x_n`, at the limit of the costs.  That is at most the cost of the closed form: move
    its hinges with the balls that they touch, and repair the errors, which are
    :math:`O(\varepsilon)`, by hinges between the balls, at a cost of :math:`O(\varepsilon)`.  So
    the limit is the closed form, whatever the subsequence.

    Parameters
    ----------
    points : (N, d) array
        The points before they are moved.
    radius : float or (N,) array
    moves : optional
        Not used.

    Returns
    -------
    ClosedForm
        Of these points, with its certificate.

    Raises
    ------
    InvalidProblem
        If none of the theorems collinear, rays and equilateral speaks about the points.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, on perturbations of aligned data.

    Examples
    --------
    >>> from convexden.theorems import persistence
    >>> moves = [[0.0, 1.0], [1.0, 0.0], [-0.5, 0.5]]
    >>> result = persistence.verify([[0.0, 0.0], [2.0, 0.0], [-1.0, 1.5]], 0.2, moves)
    >>> result.verdict, sorted(result.measured)
    ('confirmed', ['radians per move, 1e-04', 'radians per move, 1e-05'])
    """
    for theorem in (collinear, rays, equilateral):
        try:
            return theorem.closed_form(points, radius)
        except InvalidProblem:
            continue
    raise InvalidProblem(
        "persistence needs points with a closed form: collinear, on rays at obtuse angles or a "
        "regular simplex below its threshold"
    )


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    moves: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the closed form, move the points by two small amounts, and solve.

    Parameters
    ----------
    points, radius
        As in `closed_form`.
    moves : (N, d) array, optional
        Where the points are moved to: the longest row is taken as one spread of the points, times
        1e-4 and 1e-5.  Random if not given.
    solve, tolerance
        As in `compare`.
    """
    claim = closed_form(points, radius)
    result = compare("persistence", claim, solve=solve, tolerance=tolerance)
    problem = claim.problem
    if moves is None:
        moves = np.random.default_rng(0).standard_normal(problem.centers.shape)
    steps = arguments.array("moves", moves)
    longest = float(np.linalg.norm(np.atleast_2d(steps), axis=-1).max(initial=0.0))
    if steps.shape != problem.centers.shape or not 0 < longest < np.inf:
        raise InvalidProblem(
            f"moves of shape {steps.shape} do not fit the points: give one row a point, not all 0"
        )
    steps *= problem.input_spread / longest
    measured, angles, certified = {}, [], True
    from convexden.solving.interpolation import solve as solve_moved

    for size in (SETTINGS.large, SETTINGS.small):
        moved = denoising(problem.centers + size * steps, radius=problem.radii)
        solution = solve_moved(moved)
        certified &= solution.certified
        angles.append(mean_angle(solution.network, claim.network))
        measured[f"radians per move, {size:.0e}"] = angles[-1] / size
    large, small = angles
    verdict: Verdict = "undecided"
    if certified and (small <= SETTINGS.linear * large or large <= SETTINGS.rounding):
        verdict = "confirmed"
    elif certified and small >= SETTINGS.constant * large:
        verdict = "refuted"
    return result.and_property(verdict, measured)


def mean_angle(network: ShallowNetwork, other: ShallowNetwork) -> float:
    """Mean angle (rad) of the hinges of a network to the nearest of another's, weighted by
    |a_k|."""
    network, other = network.canonical(), other.canonical()
    weights = np.linalg.norm(network.output_weights, axis=1)
    angles = angles_to_nearest(network.input_weights, other.input_weights)
    return float(np.deg2rad(weights @ angles / weights.sum()))


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """An instance of the theorem on these points, with random moves."""
    theorem, own = {
        "collinear": (collinear, "one radius"),
        "obtuse triangle": (rays, "two obtuse rays"),
        "rays": (rays, "three obtuse rays"),
        "equilateral": (equilateral, "triangle"),
        "tetrahedron": (equilateral, "3-simplex"),
    }[kind]
    drawn = theorem.instance(rng, own)
    moves = rng.standard_normal(drawn["points"].shape)
    return Instance(points=drawn["points"], radius=drawn["radius"], moves=moves)


THEOREM = Theorem(
    name="persistence",
    title="Alignment persists under small perturbations",
    statement="points moved by eps: the hinges turn by O(eps) from those of the closed form",
    reference="Zeno et al. 2023, arXiv 2311.06748, perturbed data",
    kind="theorem",
    scope="small moves of points on a line, on rays or of a regular simplex",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=120,
)
