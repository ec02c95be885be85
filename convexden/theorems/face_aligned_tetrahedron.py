"""The conjecture that tetrahedra are face-aligned wherever ramps between two edges do not pay."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from convexden.data import regular_simplex
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation, denoising
from convexden.theorems import face_aligned
from convexden.theorems._claims import (
    ClosedForm,
    Instance,
    closed_form_certificate,
    generic_position,
    one_radius,
)
from convexden.theorems._tetrahedra import Tetrahedron
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare

Array = NDArray[np.float64]

KINDS = ("near regular", "random", "edge pairs (near)", "largest radius")
# Radii up to which it is conjectured, as a share of half the least height.
LARGEST = 0.5
# By how much a ramp between two edges has to be worth less than its price: its hinges, too, turn,
# which makes it pay a little earlier, on the tetrahedra that were tried by less than 1e-5.
MARGIN = 1e-3


def hypotheses(points: ArrayLike, radius: ArrayLike) -> tuple[Interpolation, Tetrahedron]:
    """The problem and its tetrahedron, if the conjecture says something about it.

    Raises
    ------
    InvalidProblem
        If it does not.
    """
    problem = denoising(points, radius=radius)
    rho = one_radius(problem)
    if len(problem) != 4 or problem.rank != 3:
        raise InvalidProblem(
            f"face-aligned-tetrahedron needs four points that span three dimensions, these "
            f"{len(problem)} span {problem.rank}"
        )
    shape = Tetrahedron.of(problem.hull.coordinates, rho)
    if not shape.feet_inside:
        raise InvalidProblem(
            "face-aligned-tetrahedron needs altitudes that meet the insides of the faces"
        )
    most = LARGEST * float(shape.heights.min()) / 2
    if rho > most:
        raise InvalidProblem(
            f"face-aligned-tetrahedron is stated up to a quarter of the least height: lower the "
            f"radius to {most:.9g}"
        )
    worth = float(shape.pair_values.max())
    if np.isnan(worth):
        raise InvalidProblem("face-aligned-tetrahedron needs a median apart from the vertices")
    if worth > 1 - MARGIN:
        raise InvalidProblem(
            "face-aligned-tetrahedron needs ramps between two edges that do not pay, one of these "
            f"is worth {worth:.9g} times its price"
        )
    return problem, shape


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The face-aligned network, with multipliers for its hinges.

    Problem: minimize the representation cost subject to :math:`h(y) = x_k` on
    :math:`B(x_k, \rho)`, with the :math:`x_k` the vertices of a tetrahedron whose altitudes meet
    the insides of its faces.

    With the heights :math:`d_k` and the inward unit normals :math:`n_k` of the faces, let
    :math:`\omega_k = 1 / (d_k - 2 \rho)`, c the median of the vertices with these weights and
    :math:`v_k = (x_k - c) / |x_k - c|`.  For the split of the vertices into the edges ij and kl let
    :math:`m_{ij}` be the distance of these edges.

    Conjecture: if :math:`\rho` is at most a quarter of the least height, c is no vertex, and for
    all three splits

    .. math:: |\omega_i v_i + \omega_j v_j|\, (m_{ij} - 2 \rho) \le 1 - 10^{-3} ,

    the network of `convexden.theorems.face_aligned` is a minimizer, with
    :math:`R^* = \sum_k 2 \omega_k |x_k - c|`.

    The left side is what a ramp from edge kl to edge ij is worth, over its price: of height
    :math:`\epsilon` it costs :math:`2 |\epsilon| / (m_{ij} - 2 \rho)` and saves, to first order,
    :math:`2 |\omega_i v_i + \omega_j v_j|\, |\epsilon|` at the others.  So above 1 the network is
    no minimizer.  Nor is it always just below 1: the hinges of such a ramp touch two balls each and
    can turn, as the apex hinges of `convexden.theorems.acute_triangle`, and what is gained makes
    the ramp pay a little earlier.

    Multipliers of a minimizer saturate its hinges, and its apex hinges are stationary as they turn
    about their balls.  That leaves

    .. math:: l_k = 2 \omega_k v_k , \qquad
       G_k = -\omega_k d_k\, v_k n_k^T + \Gamma_k , \qquad
       \Gamma_k n_k = 0, \quad \Gamma_k^T v_k = 0 ,

    16 numbers in the :math:`\Gamma_k`, of which the equality
    :math:`\sum_k l_k x_k^T + G_k = 0` takes nine.  (In the plane there are three numbers for four
    equations, and scalene triangles are not face-aligned.)  So the network is a minimizer if and
    only if some choice of the others gives a pricing maximum of 1.  A ramp between edges that is
    worth its price leaves no choice: its two hinges see opposite vectors,

    .. math:: \tfrac12 m_{ij} (l_i + l_j) + (G_i + G_j)\, u_{ij} = 0

    with its direction :math:`u_{ij}`, and are stationary as they turn about the balls that they
    touch.  These equations are solved by least squares, those of each ramp weighted by the inverse
    of what it lacks, with a small weight on the size of the :math:`\Gamma_k`.  Whether the pricing
    maximum is 1 is left to exact pricing; if it is not, the problem is solved.

    Parameters
    ----------
    points : (4, d) array
        Vertices.
    radius : float

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, leaves the general simplex open.

    Examples
    --------
    >>> from convexden.theorems import face_aligned_tetrahedron
    >>> points = [[0, 0, 1], [0.95, 0, -0.33], [-0.47, 0.8, -0.33], [-0.47, -0.85, -0.3]]
    >>> result = face_aligned_tetrahedron.verify(points, 0.3)
    >>> result.verdict, result.decided_by, round(result.cost, 9)
    ('confirmed', 'closed-form dual', 10.897883028)
    """
    problem, shape = hypotheses(points, radius)
    candidate = face_aligned.closed_form(points, radius)
    basis = problem.hull.basis
    values, slopes = shape.multipliers()
    certificate = closed_form_certificate(problem, values @ basis, basis.T @ slopes @ basis)
    return ClosedForm(problem, candidate.network, candidate.cost, certificate)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the candidate by its multipliers; solve only if that fails, or if `solve`."""
    claim = closed_form(points, radius)
    return compare("face-aligned-tetrahedron", claim, solve=solve, tolerance=tolerance)


def smallest_radius(points: ArrayLike) -> float:
    """The radius from which on ramps between two edges do not pay, in the range of the conjecture.

    Parameters
    ----------
    points : (4, d) array
        Vertices.

    Raises
    ------
    InvalidProblem
        If they pay at all radii of the range, or the hypotheses do not hold for other reasons.

    Examples
    --------
    >>> from convexden.theorems import face_aligned_tetrahedron
    >>> points = [[0, 0, 1], [0.95, 0, -0.33], [-0.47, 0.8, -0.33], [-0.47, -0.85, -0.3]]
    >>> round(face_aligned_tetrahedron.smallest_radius(points), 9)
    0.095584393
    """
    corners = Interpolation(points, points).hull.coordinates
    if corners.shape != (4, 3):
        raise InvalidProblem("face-aligned-tetrahedron needs four points in three dimensions")
    most = LARGEST * float(Tetrahedron.of(corners, 0.0).heights.min()) / 2
    hypotheses(points, most)
    if _worth(corners, 0.0) <= 0.0:
        return 0.0
    return float(brentq(lambda radius: _worth(corners, radius), 0.0, most, xtol=1e-15 * most))


def _worth(corners: Array, radius: float) -> float:
    """What the best ramp between two edges is worth, beyond what the conjecture allows."""
    return float(Tetrahedron.of(corners, radius).pair_values.max()) - (1.0 - MARGIN)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Tetrahedra in generic position: regular ones with noise of up to 3 or up to 60 per cent of
    the circumradius, and radii from where edge pairs do not pay."""
    near = kind == "near regular"
    while True:
        noise = 10 ** (rng.uniform(-3, -1.5) if near else rng.uniform(-1.5, -0.2))
        corners = regular_simplex(3) + noise * rng.standard_normal((4, 3))
        try:
            least = smallest_radius(corners)
        except InvalidProblem:
            continue
        most = LARGEST * float(Tetrahedron.of(corners, 0.0).heights.min()) / 2
        match kind:
            case "edge pairs (near)":
                share = 10 ** rng.uniform(-6, -2)
            case "largest radius":
                share = 1 - 10 ** rng.uniform(-6, -2)
            case _:
                share = rng.uniform(0.01, 0.99)
        points, scale = generic_position(rng, corners)
        radius = scale * (least + share * (most - least))
        return Instance(points=points[rng.permutation(4)], radius=radius)


THEOREM = Theorem(
    name="face-aligned-tetrahedron",
    title="Face-aligned tetrahedra",
    statement=(
        "face-aligned is a minimizer if |omega_i v_i + omega_j v_j| (m_ij - 2 rho) <= 0.999 for "
        "the three splits into edges"
    ),
    reference="open in Zeno et al. 2023, arXiv 2311.06748, general simplex",
    kind="conjecture",
    scope=(
        "claimed for tetrahedra and radii up to a quarter of the least height where ramps between "
        "edges cost clearly more; confirmed on every instance that was tried, not proved"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=105,
)
