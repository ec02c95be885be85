"""What proves a bound of the pricing maximum for one activation pattern each."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]


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
