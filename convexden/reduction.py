"""Reduces a problem to the affine hulls of its data and drops sites that others imply.

A network that depends on the inputs only within the affine hull of the centers, and maps into that
of the targets, never costs more.  The reduced problem has as few inputs and outputs as these hulls
have dimensions; what is found for it is lifted back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]

# Directions in which the points extend by less than this fraction of their spread do not count.
RANK_TOLERANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Reduction:
    r"""A problem in the coordinates of the affine hulls, and the way back.

    With orthonormal rows E (inputs) and F (outputs), origins o and q and scales s and u, the
    reduced sites are :math:`E (y_n - o) / s` with targets :math:`F (t_n - q) / u` and radii
    :math:`r_n / s`; costs of the reduced problem times u / s are costs of the original.

    Attributes
    ----------
    original : Interpolation
    problem : Interpolation
        The reduced one.
    sites : (S,) int array
        Which sites of the original it holds, in order.
    input_origin : (d,) array
    input_basis : (d', d) array
        Orthonormal rows.
    input_scale : float
    output_origin : (p,) array
    output_basis : (p', p) array
        Orthonormal rows.
    output_scale : float
    """

    original: Interpolation
    problem: Interpolation
    sites: NDArray[np.intp]
    input_origin: Array
    input_basis: Array
    input_scale: float
    output_origin: Array
    output_basis: Array
    output_scale: float

    @classmethod
    def of(cls, problem: Interpolation, *, drop_implied: bool = False) -> Reduction:
        """The reduction of a problem; without the sites that others imply if that is asked for."""
        input_origin, input_basis = _affine_hull(problem.centers)
        output_origin, output_basis = _affine_hull(problem.targets)
        input_scale = problem.input_spread
        output_scale = problem.target_spread or 1.0
        reduced = Interpolation(
            (problem.centers - input_origin) @ input_basis.T / input_scale,
            (problem.targets - output_origin) @ output_basis.T / output_scale,
            problem.radii / input_scale,
        )
        sites = np.arange(len(problem))
        if drop_implied:
            sites = _needed_sites(reduced)
            reduced = Interpolation(
                reduced.centers[sites], reduced.targets[sites], reduced.radii[sites]
            )
        return cls(
            problem,
            reduced,
            sites,
            input_origin,
            input_basis,
            input_scale,
            output_origin,
            output_basis,
            output_scale,
        )

    @property
    def cost_scale(self) -> float:
        """Cost in the original units of a reduced network of cost 1."""
        return self.output_scale / self.input_scale

    def lift_network(self, network: ShallowNetwork) -> ShallowNetwork:
        """The network on the original inputs and outputs; unit input weights stay unit."""
        input_weights = network.input_weights @ self.input_basis
        biases = network.biases * self.input_scale - input_weights @ self.input_origin
        skip = self.cost_scale * self.output_basis.T @ network.skip @ self.input_basis
        offset = (
            self.output_origin
            + self.output_scale * network.offset @ self.output_basis
            - skip @ self.input_origin
        )
        return ShallowNetwork(
            self.cost_scale * network.output_weights @ self.output_basis,
            input_weights,
            biases,
            skip,
            offset,
        )

    def lift_certificate(self, certificate: Certificate) -> Certificate:
        """The multipliers of the original constraints, zero at sites that were dropped, with the
        same pricing maximum.
        """
        n, d = len(self.original), self.original.input_dimension
        p = self.original.output_dimension
        values, jacobians = np.zeros((n, p)), np.zeros((n, p, d))
        values[self.sites] = certificate.values @ self.output_basis / self.input_scale
        jacobians[self.sites] = np.einsum(
            "nij,ip,jd->npd", certificate.jacobians, self.output_basis, self.input_basis
        )
        return Certificate(
            values,
            jacobians,
            certificate.lower_bound * self.cost_scale,
            certificate.pricing_maximum,
            certificate.pricing,
        )


def _needed_sites(problem: Interpolation) -> NDArray[np.intp]:
    """Sites that are not inside another: repeated samples and what a ball contains are implied."""
    balls = np.flatnonzero(problem.radii > 0)
    needed = np.ones(len(problem), dtype=bool)
    for n in balls:
        if needed[n]:
            distances = np.linalg.norm(problem.centers - problem.centers[n], axis=1)
            inside = distances + problem.radii <= problem.radii[n] * (1 + 1e-15)
            inside[n] = False
            needed &= ~inside
    samples = np.flatnonzero(needed & (problem.radii == 0))
    first = np.unique(problem.centers[samples], axis=0, return_index=True)[1]
    needed[np.delete(samples, first)] = False
    return np.flatnonzero(needed)


def _affine_hull(points: Array) -> tuple[Array, Array]:
    """Mean of the points and orthonormal rows that span their differences (at least one row)."""
    origin = points.mean(axis=0)
    _, sizes, directions = np.linalg.svd(points - origin, full_matrices=False)
    rounding = np.finfo(float).eps * np.abs(points).max() * np.sqrt(points.size)
    rank = int((sizes > RANK_TOLERANCE * sizes[0] + rounding).sum())
    return origin, directions[: max(rank, 1)]
