"""The conjecture that the hinges of denoisers of real images lie along max-margin directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.data import smallest_distance
from convexden.data.images import DIGITS, digits
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation
from convexden.theorems import max_margin_ramps
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare

Array = NDArray[np.float64]

KINDS = ("three digits", "four digits", "five digits")
DEGREES = 5.0


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if it has balls of one radius around affinely independent points.

    Raises
    ------
    InvalidProblem
        If not: images of N > d pixels, for example, are too many.
    """
    problem = max_margin_ramps.hypotheses(points, radius)
    rank = problem.rank
    if not 1 < rank == len(problem) - 1:
        raise InvalidProblem(
            f"images needs at least three points and fewer than dimensions, affinely independent; "
            f"these {len(problem)} span {rank} dimensions"
        )
    return problem


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The cheapest sum of max-margin ramps, to which the hinges are compared.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, \rho)`, with images :math:`x_n`, a few points in many dimensions.

    Conjecture: the hinges :math:`\{w_k^T y + b_k = 0\}` of the minimizer, with unit normals, lie
    along the normals :math:`u_k` of the hyperplanes that separate the images on their two sides
    with the widest margin, in the mean over their weight up to five degrees:

    .. math:: \frac{\sum_k |a_k| \angle(w_k, u_k)}{\sum_k |a_k|} \le 5^\circ .

    That the ramps are a minimizer is not claimed: they are not, in general, but nearly so.  The
    certified minimizers of random subsets of three to five handwritten digits, with balls of 10 to
    60 % of the radius at which they touch, support the conjecture; it does not extend to single
    hinges, of which light ones lie far off.

    Parameters
    ----------
    points : (N, d) array
        Images, one a row.
    radius : float

    Returns
    -------
    ClosedForm
        That of `max_margin_ramps.closed_form`.

    Raises
    ------
    InvalidProblem
        If the images are not affinely independent, the balls have not one radius, or leave too
        little room.
    TooLarge
        If there are more than 14 images.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, observe alignment in networks trained on images.

    Examples
    --------
    >>> import convexden as cd
    >>> result = cd.theorems.images.verify(cd.data.digits([0, 1, 2, 3]), radius=0.5)
    >>> result.verdict, result.relative_gap < 1e-10
    ('confirmed', True)
    >>> for name, value in result.measured.items():
    ...     print(f"{name}: {value:.2f}")
    mean angle in degrees: 0.41
    weight > 5 degrees off: 0.00
    heaviest > 5 degrees off: 0.00
    """
    hypotheses(points, radius)
    return max_margin_ramps.closed_form(points, radius)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = True, tolerance: float = TOLERANCE
) -> Result:
    """Measure the angles on the certified minimizer; there is no dual, `solve` changes nothing.

    Returns
    -------
    Result
        "confirmed" or "refuted" by the weighted mean angle, if the relative gap of the solution is
        at most the tolerance, else "undecided".  ``measured`` holds that angle, the share of the
        weight that is in hinges more than five degrees off, and in the heaviest of them alone;
        ``relative_excess`` is that of the ramps.
    """
    from convexden.analysis.hinge_alignment import hinge_alignment

    result = compare("images", closed_form(points, radius), solve=True, tolerance=tolerance)
    solution = result.solution
    assert solution is not None  # it was asked for
    alignment = hinge_alignment(solution.problem, solution.network)
    angle = float(alignment.mean_angles()[2])
    shares = alignment.weights / alignment.weights.sum()
    off = shares[alignment.margins > DEGREES]
    verdict: Verdict = "undecided"
    if solution.relative_gap <= tolerance:
        verdict = "confirmed" if angle <= DEGREES else "refuted"
    measured = {
        "mean angle in degrees": angle,
        "weight > 5 degrees off": float(off.sum()),
        "heaviest > 5 degrees off": float(off.max(initial=0.0)),
    }
    return replace(result, verdict=verdict, measured=measured)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Some of scikit-learn's digits, with 10 to 60 % of the radius at which balls touch.

    Raises
    ------
    TooLarge
        If scikit-learn is not installed.
    """
    chosen = rng.choice(DIGITS, 3 + KINDS.index(kind), replace=False)
    points = digits(chosen.tolist())
    return Instance(points=points, radius=rng.uniform(0.1, 0.6) * smallest_distance(points) / 2)


THEOREM = Theorem(
    name="images",
    title="Alignment on real images",
    statement="sum_k |a_k| angle(w_k, u_k) / sum_k |a_k| <= 5 degrees, u_k of the widest margin",
    reference="observed by Zeno et al. 2023, arXiv 2311.06748, in trained networks",
    kind="conjecture",
    scope=(
        "claimed for a few real images and one radius; confirmed on every instance that was "
        "tried, not proved"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=130,
)
