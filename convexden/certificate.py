"""Dual certificate: multipliers that bound the representation cost from below.  Pure data.

Multipliers of sites that nearly meet are as large as one over their distance, and what they add up
to is of order one.  One float states it up to its rounding over that distance; where that counts a
multiplier is the sum of two floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.arithmetic.two_part import TwoPart
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Edges:
    r"""Multipliers that are a sum over pairs of sites, whose pricing maximum has a closed bound.

    The pair e = (m, n), of which m is a ball, with :math:`D_e = y_m - y_n`, :math:`T_e = t_m - t_n`
    and the weight :math:`\kappa_e` adds

    .. math:: l_m \mathrel{+}= \kappa_e T_e, \quad l_n \mathrel{-}= \kappa_e T_e, \quad
       G_m \mathrel{-}= \theta_e \kappa_e T_e D_e^T, \quad
       G_n \mathrel{-}= (1 - \theta_e) \kappa_e T_e D_e^T,

    with :math:`\theta_e = 1` if n is a sample, else
    :math:`\theta_e = (|D_e| + r_m - r_n) / (2 |D_e|)`.  See
    `convexden.verification.edges.edge_bound` for what it proves.

    Parameters
    ----------
    sites : (E, 2) int array
        The pairs.
    weights : (E,) array
        The :math:`\kappa_e`, none negative.

    Raises
    ------
    InvalidProblem
        If these are no arrays of such shapes and numbers.
    """

    sites: NDArray[np.intp]
    weights: Array

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        sites = arguments.array("edges", self.sites)
        weights = arguments.array("edge weights", self.weights)
        if sites.ndim != 2 or sites.shape[1] != 2 or (sites < 0).any() or (sites % 1).any():
            raise InvalidProblem("edges are no pairs of sites: give an integer array (E, 2)")
        if weights.shape != sites.shape[:1] or (weights < 0).any():
            raise InvalidProblem(
                f"edge weights do not fit {len(sites)} edges: give as many numbers, none negative"
            )
        for name, array in (("sites", sites.astype(np.intp)), ("weights", weights)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(self, display.counted(len(self.sites), "edge"))

    def __reduce__(self) -> tuple[type[Edges], tuple[object, ...]]:
        """Pickle by the arguments of the constructor, so that a copy is checked and read-only."""
        return Edges, (self.sites, self.weights)


@dataclass(frozen=True, eq=False)
class Leaves:
    r"""Multipliers that bound the pricing problem of one activation pattern each.

    A leaf says on which side every site is, :math:`s_n = \pm 1`.  The hinges (w, b) with |w| = 1 of
    this pattern have the forms :math:`p_n = s_n (w^T y_n + b) - r_n \ge 0`.  With

    .. math:: S = \theta + \mu (|w|^2 - 1) - \sum_{m < n} \lambda_{mn}\, p_m p_n
                  - \sum_n p_n (\alpha_n - \beta_n^T w) - |F_D(w, b)|^2, \qquad
              \beta_n = \sum_m c_{nm} y_m,

    :math:`\lambda \ge 0` and :math:`|\beta_n| \le \alpha_n`, a quadratic form S in (1, w, b) that
    is positive semidefinite shows :math:`|F_D| \le \theta^{1/2}`.
    See `convexden.verification.leaves` for what is checked.

    Parameters
    ----------
    sides : (L, N) int array
        The :math:`s_n`; 0 where a leaf says nothing of a site.
    spheres : (L,) array
        The :math:`\mu`.
    products : (L, N (N - 1) / 2) array
        The :math:`\lambda_{mn}`, none negative, row after row.
    lengths : (L, N) array
        The :math:`\alpha_n`, none negative.
    tilts : (L, N, N) array
        The :math:`c_{nm}`, whose sums over m are zero.

    Raises
    ------
    InvalidProblem
        If these are no arrays of such shapes and numbers.
    """

    sides: NDArray[np.int8]
    spheres: Array
    products: Array
    lengths: Array
    tilts: Array

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        sides = arguments.array("leaf sides", self.sides)
        if sides.ndim != 2 or not np.isin(sides, (-1, 0, 1)).all():
            raise InvalidProblem("leaf sides are no signs: give an array (L, N) of -1, 0 and 1")
        count, sites = sides.shape
        shapes = {
            "spheres": (count,),
            "products": (count, sites * (sites - 1) // 2),
            "lengths": (count, sites),
            "tilts": (count, sites, sites),
        }
        signs = sides.astype(np.int8)
        signs.setflags(write=False)
        object.__setattr__(self, "sides", signs)
        arrays: dict[str, Array] = {}
        for name, shape in shapes.items():
            arrays[name] = arguments.array(f"leaf {name}", getattr(self, name))
            if arrays[name].shape != shape:
                raise InvalidProblem(
                    f"leaf {name} have shape {arrays[name].shape}: give {shape}, for {count} leaves"
                )
        if (arrays["products"] < 0).any() or (arrays["lengths"] < 0).any():
            raise InvalidProblem("leaf products or lengths are negative: give none below zero")
        for name, array in arrays.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.sides)

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(self, display.counted(len(self), "pattern"))

    def __reduce__(self) -> tuple[type[Leaves], tuple[object, ...]]:
        """Pickle by the arguments of the constructor, so that a copy is checked and read-only."""
        return Leaves, (self.sides, self.spheres, self.products, self.lengths, self.tilts)

    def scaled(self, length: float, value: float = 1.0) -> Leaves:
        """The same where coordinates are longer by a factor, and values of F by another."""
        square = value**2
        with np.errstate(over="ignore"):
            return Leaves(
                self.sides,
                self.spheres * square,
                self.products * (square / length**2),
                self.lengths * (square / length),
                self.tilts * (square / length**2),
            )

    def shortened(self) -> Leaves:
        """The same with nine digits of the largest numbers: less to store, and good enough where
        the form is clearly positive."""
        arrays = (self.spheres, self.products, self.lengths, self.tilts)
        return Leaves(self.sides, *map(_shortened, arrays))

    def spread(self, sites: NDArray[np.intp], count: int) -> Leaves:
        """The same among so many sites, of which those of the leaves have these numbers."""
        sides = np.zeros((len(self), count), dtype=np.int8)
        sides[:, sites] = self.sides
        lengths, tilts = np.zeros((len(self), count)), np.zeros((len(self), count, count))
        lengths[:, sites] = self.lengths
        tilts[:, sites[:, None], sites] = self.tilts
        square = np.zeros((len(self), count, count))
        first, second = np.triu_indices(len(sites), 1)
        square[:, sites[first], sites[second]] = self.products
        rows, columns = np.triu_indices(count, 1)
        return Leaves(sides, self.spheres, square[:, rows, columns], lengths, tilts)

    def among(self, sites: NDArray[np.intp]) -> Leaves:
        """What the leaves say about these sites alone, for those that say nothing of others."""
        first, second = np.triu_indices(self.sides.shape[1], 1)
        square = np.zeros(self.tilts.shape)
        square[:, first, second] = self.products
        rows, columns = np.triu_indices(len(sites), 1)
        others = np.delete(self.sides, sites, axis=1)
        kept = (self.sides[:, sites] != 0).all(axis=1) & (others == 0).all(axis=1)
        return Leaves(
            self.sides[kept][:, sites],
            self.spheres[kept],
            square[kept][:, sites[rows], sites[columns]],
            self.lengths[kept][:, sites],
            self.tilts[kept][:, sites[:, None], sites],
        )


def _shortened(array: Array) -> Array:
    """Numbers rounded to the ninth decimal place of the largest."""
    largest = float(np.abs(array).max(initial=0.0))
    return array if largest == 0.0 else np.round(array, 9 - ceil(log10(largest)))


@dataclass(frozen=True, eq=False)
class Certificate:
    r"""Multipliers of the interpolation constraints and what they prove.

    With :math:`z_n(w, b) = w^T y_n + b` and the activation pattern :math:`D` of a hinge,
    multipliers that satisfy :math:`\sum_n l_n = 0` and :math:`\sum_n (l_n y_n^T + G_n) = 0` prove

    .. math:: R \ge \frac{\sum_n l_n^T t_n}{\max(1, P)}, \qquad
       P = \max_{|w| = 1,\, b} \Bigl| \sum_n D_n (l_n z_n(w, b) + G_n w) \Bigr|.

    Those of a `RegularizedSolution` bound its objective instead, see `convexden.regularize`.

    Parameters
    ----------
    values : (N, p) array
        The :math:`l_n`.
    jacobians : (N, p, d) array
        The :math:`G_n`; zero at sites of radius 0.
    lower_bound : float
        The bound above (0 if it would be negative).
    pricing_maximum : float
        :math:`P`, the global maximum over all feasible hinges, or an upper bound of it.
    pricing : str
        How :math:`P` was found: ``"exact-line"``, ``"exact-plane"``, ``"exact-faces"`` (in more
        dimensions) or ``"closed-form"`` (known from a theorem).  ``"semidefinite"``: an upper bound
        of it by semidefinite programs.  ``"edges"``: an upper bound that `edges` prove.
        ``"leaves"``: an upper bound, which `leaves` prove for their patterns, and exact pricing
        of the faces for all others.
        ``"none"``: there is no bound, the multipliers are zero.
    values_low, jacobians_low : arrays or None, optional
        What is added to the numbers of `values` and `jacobians`, at most half a unit in their last
        place: each multiplier is the sum of two floats, exactly.  None for zeros.
    edges : Edges or None, optional
        If the multipliers are a sum over pairs of sites, these; the lower bound then is theirs.
    leaves : Leaves or None, optional
        What proves that no hinge of their patterns exceeds `pricing_maximum`.

    Raises
    ------
    InvalidProblem
        If the multipliers are no arrays of these dimensions, or the low parts are none.  Whether
        the shapes fit the problem and all numbers are finite is for the verification to say.
    """

    values: Array
    jacobians: Array
    lower_bound: float
    pricing_maximum: float
    pricing: str
    values_low: Array | None = None
    jacobians_low: Array | None = None
    edges: Edges | None = None
    leaves: Leaves | None = None

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        for name, dimensions, shape in (("values", 2, "(N, p)"), ("jacobians", 3, "(N, p, d)")):
            given = getattr(self, name)
            array = arguments.array(f"certificate {name}", given, finite=False, copy=False)
            if array.ndim != dimensions:
                raise InvalidProblem(
                    f"certificate {name} have shape {array.shape}: give an array {shape}"
                )
            low = arguments.low_part(f"certificate {name}_low", getattr(self, f"{name}_low"), array)
            array = array.view()  # large ones are not copied, and the caller's stay writable
            array.setflags(write=False)
            object.__setattr__(self, name, array)
            object.__setattr__(self, f"{name}_low", low)
        if self.edges is not None:
            arguments.instance("certificate edges", self.edges, Edges)
        if self.leaves is not None:
            arguments.instance("certificate leaves", self.leaves, Leaves)

    def __repr__(self) -> str:
        """One line with what matters."""
        two_part = self.values_low is not None or self.jacobians_low is not None
        return display.one_line(
            self,
            display.counted(len(self.values), "site"),
            f"lower_bound={self.lower_bound:.5g}",
            f"pricing_maximum={self.pricing_maximum:.5g}",
            self.pricing,
            "two-part" if two_part else "",
            "" if self.leaves is None else f"leaves={len(self.leaves)}",
        )

    def __reduce__(self) -> tuple[type[Certificate], tuple[object, ...]]:
        """Pickle by the arguments of the constructor."""
        # A copy is checked like the original, and as read-only.
        return Certificate, (
            self.values,
            self.jacobians,
            self.lower_bound,
            self.pricing_maximum,
            self.pricing,
            self.values_low,
            self.jacobians_low,
            self.edges,
            self.leaves,
        )

    @property
    def exact_values(self) -> TwoPart:
        """The :math:`l_n` as sums of two floats."""
        return TwoPart.of(self.values, self.values_low)

    @property
    def exact_jacobians(self) -> TwoPart:
        """The :math:`G_n` as sums of two floats."""
        return TwoPart.of(self.jacobians, self.jacobians_low)
