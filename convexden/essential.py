"""What is left of a problem for the solvers: the sites that matter, in the fewest dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem, NotCertified
from convexden.infeasibility import InfeasibilityProof
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation


class Essential:
    """A problem reduced to affine hulls, without the sites that others imply, and the way back.

    Attributes
    ----------
    problem : Interpolation
        In units of the spreads.
    scale : float
        Costs of it times this are costs of the original.

    Raises
    ------
    NotCertified
        If balls that nearly touch meet after rotation and rounding.
    """

    def __init__(self, original: Interpolation) -> None:
        try:
            self._reduction = original.reduce()
        except InvalidProblem as error:
            raise NotCertified(
                "balls are so close that rounding makes them meet, and nothing was solved: "
                "lower the radii"
            ) from error
        self._sites = len(original)
        reduced = self._reduction.problem
        self._needed = needed = _needed_sites(reduced)
        self.problem = Interpolation(
            reduced.centers[needed], reduced.targets[needed], reduced.radii[needed]
        )
        self.scale = self._reduction.cost_scale

    def lift_network(self, network: ShallowNetwork) -> ShallowNetwork:
        """The network on the original inputs and outputs."""
        return self._reduction.lift_network(network)

    def lift_certificate(self, certificate: Certificate) -> Certificate:
        """The multipliers of the original constraints, zero at the sites left out."""
        lifted = self._reduction.lift_certificate(certificate)
        values = np.zeros((self._sites, lifted.values.shape[1]))
        jacobians = np.zeros((self._sites, *lifted.jacobians.shape[1:]))
        values[self._needed], jacobians[self._needed] = lifted.values, lifted.jacobians
        return Certificate(
            values, jacobians, lifted.lower_bound, lifted.pricing_maximum, lifted.pricing
        )

    def lift_proof(self, proof: InfeasibilityProof) -> InfeasibilityProof:
        """The proof for the original sites, of whose coordinates it knows nothing yet."""
        return proof.extended(self._needed.tolist(), self._sites)


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
