"""Dual certificate: multipliers that bound the representation cost from below.  Pure data.

Multipliers of sites that nearly meet are as large as one over their distance, and what they add up
to is of order one.  One float states it up to its rounding over that distance; where that counts a
multiplier is the sum of two floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.arithmetic.two_part import TwoPart
from convexden.certificate.edges import Edges
from convexden.certificate.leaves import Leaves
from convexden.errors import InvalidProblem
from convexden.geometry.span import MapsInSpan

Array = NDArray[np.float64]


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
    jacobians : (N, p, d) array, or None with `in_span`
        The :math:`G_n`; zero at sites of radius 0.  Of a certificate with `in_span` the array is
        made anew whenever it is asked for: keep it in a variable.
    lower_bound : float
        The bound above (0 if it would be negative).
    pricing_maximum : float
        :math:`P`, the global maximum over all feasible hinges, or an upper bound of it.
    pricing : str
        How :math:`P` was found: ``"exact-line"``, ``"exact-plane"``, ``"exact-faces"`` (in more
        dimensions), ``"exact-central"`` (of samples under another cost than the default) or
        ``"closed-form"`` (known from a theorem).  ``"semidefinite"``: an upper bound
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
    in_span : MapsInSpan or None, optional
        The :math:`G_n` by few coefficients, as those of images are held.  Dropped if `jacobians`
        are given and are not exactly these.

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
    in_span: MapsInSpan | None = None

    if TYPE_CHECKING:  # with coefficients the array may be left out

        def __init__(
            self,
            values: Array,
            jacobians: Array | None,
            lower_bound: float,
            pricing_maximum: float,
            pricing: str,
            values_low: Array | None = None,
            jacobians_low: Array | None = None,
            edges: Edges | None = None,
            leaves: Leaves | None = None,
            in_span: MapsInSpan | None = None,
        ) -> None:
            """Jacobians, or their coefficients."""

    else:

        def __getattr__(self, name: str) -> Any:
            """The Jacobians, where coefficients are all that is held of them."""
            held = self.__dict__.get("in_span")
            if name != "jacobians" or held is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            jacobians = held.full
            jacobians.setflags(write=False)
            return jacobians

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        self._hold_coefficients()
        for name, dimensions, shape in (("values", 2, "(N, p)"), ("jacobians", 3, "(N, p, d)")):
            if name not in self.__dict__:
                continue
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

    def _hold_coefficients(self) -> None:
        """Keep either the coefficients of the Jacobians or the array, whichever counts."""
        given, held = self.__dict__["jacobians"], self.in_span
        if held is None:
            return
        arguments.instance("certificate in_span", held, MapsInSpan)
        if self.jacobians_low is None and (given is None or held.equals(np.asarray(given))):
            del self.__dict__["jacobians"]
        elif given is None:
            raise InvalidProblem("certificate jacobians_low come with coefficients: leave one out")
        else:
            object.__setattr__(self, "in_span", None)

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
            None if self.in_span is not None else self.jacobians,
            self.lower_bound,
            self.pricing_maximum,
            self.pricing,
            self.values_low,
            self.jacobians_low,
            self.edges,
            self.leaves,
            self.in_span,
        )

    def stating(self, lower_bound: float, pricing_maximum: float) -> Certificate:
        """The same multipliers with these numbers, which they prove."""
        return Certificate(
            self.values,
            None if self.in_span is not None else self.jacobians,
            lower_bound,
            pricing_maximum,
            self.pricing,
            self.values_low,
            self.jacobians_low,
            self.edges,
            self.leaves,
            self.in_span,
        )

    @property
    def jacobian_norms(self) -> Array:
        """The Frobenius norms (N,) of the :math:`G_n`."""
        if self.in_span is not None:
            return self.in_span.sizes
        return np.asarray(np.linalg.norm(self.jacobians, axis=(1, 2)))

    def jacobians_along(self, basis: Array) -> Array:
        """The :math:`G_n B^T` (N, p, k) for a basis B (k, d) of inputs, without their low parts."""
        if self.in_span is not None:
            return self.in_span.along(basis)
        return np.asarray(self.jacobians @ basis.T)

    @property
    def exact_values(self) -> TwoPart:
        """The :math:`l_n` as sums of two floats."""
        return TwoPart.of(self.values, self.values_low)

    @property
    def exact_jacobians(self) -> TwoPart:
        """The :math:`G_n` as sums of two floats; those that are held by coefficients rounded."""
        return TwoPart.of(self.jacobians, self.jacobians_low)
