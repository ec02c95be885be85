"""Multipliers that are a sum over pairs of sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
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
