"""Whether a certified minimizer is the only one: what its multipliers say about all the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.analysis.minimizers import SETTINGS, Minimizers
from convexden.errors import NotCertified
from convexden.network import ShallowNetwork
from convexden.reduction import Reduction
from convexden.solution import Solution
from convexden.solving.saturation import SETTINGS as SATURATION
from convexden.solving.saturation import DualConstraint, Hinges
from convexden.tolerances import CERTIFIED_RTOL

Array = NDArray[np.float64]

Status = Literal["unique", "not unique", "undecided"]


@dataclass(frozen=True, eq=False)
class Uniqueness:
    r"""What the multipliers of a certificate say about all minimizers.

    Attributes
    ----------
    status : {"unique", "not unique", "undecided"}
        "undecided" if rounding does not tell: the certificate is not sharp enough, or the
        saturating hinges are nearly dependent.
    dimension : float
        Dimension of the set of all minimizers: 0 if there is one, ``math.inf`` if a whole family of
        hinges takes part, NaN if undecided.
    normals : (K, d) array
        Unit normals of the saturating hinges, (w, b) and (-w, -b) counted once.  Every minimizer
        consists of these, and of an affine function; of a family there are a few members.
    biases : (K,) array
    directions : (K, p) array
        Unit vectors: the output weight of every minimizer at hinge k is a multiple >= 0 of row k.
    weights : (K,) array
        These multiples for one of the minimizers.
    next_height : float
        The largest local maximum of the dual constraint that does not saturate it, 0 if none is
        above 1/2: by what margin the list is complete.
    independence : float
        Smallest singular value of the K normalized columns, relative to the largest: 0 if they are
        dependent.
    networks : tuple of ShallowNetwork
        The minimizer, or two different ones if it is not unique, both of the same cost.
    """

    status: Status
    dimension: float
    normals: Array
    biases: Array
    directions: Array
    weights: Array
    next_height: float
    independence: float
    networks: tuple[ShallowNetwork, ...]

    @property
    def unique(self) -> bool:
        """Whether the status is "unique"."""
        return self.status == "unique"

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            self.status,
            f"dimension={self.dimension:g}",
            f"{display.counted(len(self.biases), 'saturating hinge')}",
            f"next_height={self.next_height:.5g}",
        )

    def __str__(self) -> str:
        """One line that says whether it is the only one, and why."""
        count = len(self.biases)
        hinges = f"{count} hinge{'s' if count != 1 else ''} saturate{'s' if count == 1 else ''}"
        if self.status == "undecided":
            return f"undecided: {hinges} the dual constraint, to rounding"
        if self.unique:
            height = self.next_height
            rest = (
                f"the next is at {height:.6g}"
                if height
                else f"no other maximum is above {SATURATION.floor}"
            )
            return f"unique: {hinges} the dual constraint, {rest}"
        if math.isinf(self.dimension):
            return "not unique: a family of hinges saturates the dual constraint"
        return f"not unique: the minimizers form a set of dimension {self.dimension:.0f}"


def uniqueness(solution: Solution) -> Uniqueness:
    r"""Whether the minimizer is unique, by complementary slackness.

    Let l, G be optimal multipliers.  Every minimizer has its hinges where the dual constraint is
    saturated, :math:`|q(w, b)| = 1` with :math:`q = \sum_n D_n (l_n z_n + G_n w)`, and there its
    output weights are :math:`a = \mu q` with :math:`\mu \ge 0`.  Exact pricing lists these hinges.
    If they are K, the minimizers are the points of the polytope

    .. math:: \{\mu \ge 0 : \sum_k \mu_k q_k p_k^T = T \text{ up to affine functions}\},

    :math:`p_k` the values :math:`D_{kn} z_{kn}` and slopes :math:`D_{kn} w_k` of hinge k on the
    sites.  It is a single point if the :math:`q_k p_k^T` are independent modulo affine functions;
    otherwise linear programs give its dimension and two of its points.  Where a hinge can be
    shifted or turned and stays saturated, a few members stand for the family: if more of them make
    the dimension larger, it is infinite.  Functions are compared on the affine hull of the centers:
    off it the affine part is free if all sites are samples, and the one that does not depend on it
    is meant.

    Parameters
    ----------
    solution : Solution
        Certified to 1e-8 or better, with multipliers that exact pricing can verify.

    Returns
    -------
    Uniqueness

    Raises
    ------
    NotCertified
        If the solution is not certified, or to less than 1e-8.
    TooLarge
        If the sites are too many for exact pricing.

    References
    ----------
    The multipliers are those of the dual in Zeno et al. 2023, arXiv 2311.06748, and Pilanci and
    Ergen 2020, arXiv 2002.10553; complementary slackness is that of semi-infinite programs, Hettich
    and Kortanek, SIAM Review 35, 1993.

    Examples
    --------
    >>> import convexden as cd
    >>> found = cd.uniqueness(cd.solve(cd.denoising([[0, 0], [4, 0], [0, 3]], radius=0.4)))
    >>> found.status, len(found.biases), found.next_height < 1
    ('unique', 4, True)
    >>> convex = cd.Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0])
    >>> found = cd.uniqueness(cd.solve(convex))
    >>> found.status, found.dimension, [f"{h([1.5]).item():+.2f}" for h in found.networks]
    ('not unique', inf, ['+0.00', '-0.50'])
    """
    arguments.instance("solution", solution, Solution).problem.plain("uniqueness")
    if not solution.certified or solution.relative_gap > CERTIFIED_RTOL:
        raise NotCertified(
            f"uniqueness needs a solution that is certified to {CERTIFIED_RTOL:g}: solve again "
            f"with tolerance={CERTIFIED_RTOL:g}"
        )
    return _describe(solution)


def _describe(solution: Solution) -> Uniqueness:
    """The set of all minimizers, from the hinges that saturate the dual constraint."""
    if not solution.cost:
        return _affine_only(solution)
    reduction = Reduction.of(solution.problem)
    dual = DualConstraint.of(reduction, solution.certificate)
    hinges, next_height = dual.saturating(Hinges.of(reduction, solution.network))
    families = dual.families(hinges)
    coarse, fine = (
        Minimizers.of(
            reduction,
            dual,
            hinges.and_also(dual.problem, *(each.members(count) for each in families)),
            solution,
        )
        for count in (SETTINGS.coarse, SETTINGS.fine)
    )
    dimension = coarse.dimension if coarse.dimension == fine.dimension else math.inf
    other = coarse.other() if dimension > 0 else None
    networks = (solution.network,) if other is None else (solution.network, other)
    if math.isnan(coarse.dimension + fine.dimension) or (dimension > 0 and other is None):
        status: Status = "undecided"
        dimension = math.nan
    else:
        status = "not unique" if dimension else "unique"
    return Uniqueness(
        status, dimension, *coarse.original(), next_height, coarse.independence, networks
    )


def _affine_only(solution: Solution) -> Uniqueness:
    """Of cost 0 there are affine functions alone, and the sites determine which."""
    d, p = solution.problem.input_dimension, solution.problem.output_dimension
    none = np.zeros(0)
    shapes = np.zeros((0, d)), none, np.zeros((0, p)), none
    return Uniqueness("unique", 0.0, *shapes, 0.0, 1.0, (solution.network,))
