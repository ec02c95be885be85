"""Reduces a problem to the affine hulls of its data and drops sites that others imply.

A network that depends on the inputs only within the affine hull of the centers, and maps into that
of the targets, never costs more.  The reduced problem has as few inputs and outputs as these hulls
have dimensions; what is found for it is lifted back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.two_part import TwoPart, affine_values
from convexden.certificate import Certificate, Edges, Leaves
from convexden.errors import InvalidProblem, NotCertified
from convexden.geometry.hull import Hull
from convexden.geometry.meetings import contained
from convexden.geometry.span import MapsInSpan, Span, WeightsInSpan, combined
from convexden.infeasibility import InfeasibilityProof
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]


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
    inputs, outputs : Hull
        The affine hulls of the centers and of the targets.
    input_scale, output_scale : float
        Powers of two next to the spreads, so that scaling rounds nothing.
    """

    original: Interpolation
    problem: Interpolation
    sites: NDArray[np.intp]
    inputs: Hull
    outputs: Hull
    input_scale: float
    output_scale: float

    def __repr__(self) -> str:
        """One line with what matters."""
        whole, part = self.original, self.problem
        return display.one_line(
            self,
            f"{len(whole)} -> {display.counted(len(part), 'site')}",
            f"inputs R^{whole.input_dimension} -> R^{part.input_dimension}",
            f"outputs R^{whole.output_dimension} -> R^{part.output_dimension}",
        )

    @classmethod
    def of(cls, problem: Interpolation, *, drop_implied: bool = False) -> Reduction:
        """The reduction of a problem; without the sites that others imply if that is asked for.

        Raises
        ------
        NotCertified
            If sites of different targets meet once the data are rotated and rounded.
        """
        found = cls._keeping(problem.plain("the reduction"), np.arange(len(problem)))
        if not drop_implied:
            return found
        sites = np.flatnonzero(~contained(found.problem.centers, found.problem.radii))
        # What is left may lie in a smaller hull.
        return found if len(sites) == len(problem) else cls._keeping(problem, sites)

    @classmethod
    def _keeping(cls, problem: Interpolation, sites: NDArray[np.intp]) -> Reduction:
        """The reduction of a problem to these sites and their hull."""
        part = problem.part(sites)
        inputs, outputs = part.hull, Hull.of(part.targets)
        input_scale = _power_of_two(part.input_spread)
        output_scale = _power_of_two(part.target_spread or 1.0)
        try:
            reduced = Interpolation(
                inputs.coordinates / input_scale,
                outputs.coordinates / output_scale,
                part.radii / input_scale,
            )
        except InvalidProblem as error:
            raise NotCertified(
                "sites of different targets are so close that rounding makes them meet, so that "
                "nothing was solved: lower the radii"
            ) from error
        return cls(problem, reduced, sites, inputs, outputs, input_scale, output_scale)

    @property
    def input_origin(self) -> Array:
        """Where the reduced coordinates of the inputs are zero (d,)."""
        return self.inputs.origin

    @property
    def input_basis(self) -> Array:
        """Orthonormal rows (d', d) that span the differences of the centers."""
        return self.inputs.basis

    @property
    def output_origin(self) -> Array:
        """Where the reduced coordinates of the outputs are zero (p,)."""
        return self.outputs.origin

    @property
    def output_basis(self) -> Array:
        """Orthonormal rows (p', p) that span the differences of the targets."""
        return self.outputs.basis

    @cached_property
    def span(self) -> Span:
        """The rows of both bases."""
        return Span(self.input_basis, self.output_basis)

    @property
    def _by_coefficients(self) -> bool:
        """Whether it saves memory to hold multipliers and weights by their coefficients."""
        return self.span.worthwhile(len(self.original))

    @property
    def cost_scale(self) -> float:
        """Cost in the original units of a reduced network of cost 1."""
        return self.output_scale / self.input_scale

    def reduce_network(self, network: ShallowNetwork) -> ShallowNetwork:
        """The hinges of a network on the original inputs as those of one on the reduced ones, with
        its output weights and without its affine part."""
        weights = network.input_weights @ self.input_basis.T
        biases = network.biases + network.input_weights @ self.input_origin
        outputs = network.output_dimension
        return ShallowNetwork(
            network.output_weights,
            weights,
            biases / self.input_scale,
            np.zeros((outputs, len(self.input_basis))),
            np.zeros(outputs),
        )

    def reduce_certificate(self, certificate: Certificate) -> Certificate:
        """The multipliers and the leaves of a problem nearby, of as many sites in the same spaces,
        in the reduced coordinates: a guess, which need not satisfy the dual equalities here."""
        leaves = certificate.leaves
        if leaves is not None:
            leaves = leaves.among(self.sites).scaled(1.0 / self.input_scale)
        return Certificate(
            certificate.values[self.sites] @ self.output_basis.T * self.input_scale,
            self.output_basis @ certificate.jacobians_along(self.input_basis)[self.sites],
            certificate.lower_bound / self.cost_scale,
            certificate.pricing_maximum,
            certificate.pricing,
            leaves=leaves,
        )

    def lift_network(self, network: ShallowNetwork) -> ShallowNetwork:
        """The network on the original inputs and outputs; unit input weights stay unit.

        Low parts of biases stay if the inputs are not rotated: a rotation rounds more than they are
        worth.
        """
        input_weights = combined(network.input_weights, self.input_basis)
        output_weights = self.cost_scale * network.output_weights
        start = network.exact_biases.scaled(self.input_scale)
        biases = affine_values(-self.input_origin[None], input_weights, start)
        rotated = (self.input_basis != 0).sum() > len(self.input_basis)
        skip = self.cost_scale * network.skip
        lifted_skip = self.span.maps(skip)
        offset = (
            self.output_origin
            + self.output_scale * network.offset @ self.output_basis
            - lifted_skip @ self.input_origin
        )
        held = WeightsInSpan(self.span, output_weights, network.input_weights, skip)
        return ShallowNetwork(
            combined(output_weights, self.output_basis),
            input_weights,
            biases.high[:, 0],
            lifted_skip,
            offset,
            biases_low=None if rotated or not network.two_part else biases.low[:, 0],
            in_span=held if self._by_coefficients else None,
        )

    def lift_certificate(self, certificate: Certificate) -> Certificate:
        """The multipliers of the original constraints, zero at sites that were dropped, with the
        same pricing maximum.
        """
        n, p = len(self.original), self.original.output_dimension
        values, coefficients = np.zeros((n, p)), np.zeros((n, *certificate.jacobians.shape[1:]))
        coefficients[self.sites] = certificate.jacobians
        jacobians = MapsInSpan(self.span, coefficients)
        low = None
        if certificate.values_low is None:
            values[self.sites] = certificate.values @ self.output_basis / self.input_scale
        else:
            exact, low = certificate.exact_values.scaled(1.0 / self.input_scale), np.zeros((n, p))
            values[self.sites], low[self.sites] = _product(exact, self.output_basis)
        return Certificate(
            values,
            None if self._by_coefficients else jacobians.full,
            certificate.lower_bound * self.cost_scale,
            certificate.pricing_maximum,
            certificate.pricing,
            low,
            edges=None if certificate.edges is None else self._lift_edges(certificate.edges),
            leaves=None if certificate.leaves is None else self._lift_leaves(certificate.leaves),
            in_span=jacobians if self._by_coefficients else None,
        )

    def _lift_edges(self, edges: Edges) -> Edges:
        """The edges between sites of the original."""
        # l_n = +- kappa (t_m - t_n) is divided by the input scale, and t by the output scale.
        scale = self.input_scale * self.output_scale
        return Edges(self.sites[edges.sites], edges.weights / scale)

    def _lift_leaves(self, leaves: Leaves) -> Leaves:
        """The leaves among the sites of the original; values of F are the same."""
        return leaves.scaled(self.input_scale).spread(self.sites, len(self.original)).shortened()

    def lift_proof(self, proof: InfeasibilityProof) -> InfeasibilityProof:
        """The proof for the original sites, of whose coordinates it knows nothing yet."""
        return proof.extended(self.sites.tolist(), len(self.original))


def _product(left: TwoPart, right: Array) -> TwoPart:
    """The matrix product (N, J) of numbers of two floats (N, I) with floats (I, J)."""
    total = TwoPart.of(np.zeros((len(left.high), right.shape[1])))
    for i in range(len(right)):
        total = total.plus(left.rows((slice(None), [i])).times(TwoPart.of(right[i])))
    return total


def moved_problem(problem: Interpolation) -> Interpolation:
    """The problem with its centers in their affine hull, to the last place of a float."""
    moved = problem.hull.moved_points
    return Interpolation(moved, problem.targets, problem.radii, problem.cost)


def _power_of_two(number: float) -> float:
    """The power of two next to a positive number."""
    return float(2.0 ** np.round(np.log2(number)))
