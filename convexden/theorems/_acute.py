"""A problem on an acute triangle, and the way from its plane to the space of the points."""

from __future__ import annotations

from dataclasses import dataclass

from convexden import display
from convexden.geometry.triangle import Triangle
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, closed_form_certificate
from convexden.theorems._tilted import TiltedRamps


@dataclass(frozen=True, eq=False)
class AcuteTriangle:
    """A problem on an acute triangle, in the plane of its vertices.

    Attributes
    ----------
    problem : Interpolation
    triangle : Triangle
        In units of `scale`, counted from the origin of the problem's hull.
    radius : float
        In the same units.
    scale : float
        A power of two.
    """

    problem: Interpolation
    triangle: Triangle
    radius: float
    scale: float

    __repr__ = display.field_line

    def lifted(self, ramps: TiltedRamps) -> ClosedForm:
        """The network and the multipliers in the space of the points."""
        origin, basis = self.problem.hull.origin, self.problem.hull.basis
        weights, normals, biases = ramps.hinges
        w, skip = normals @ basis, -basis.T @ ramps.leak @ basis
        network = ShallowNetwork(
            weights @ basis,
            w,
            self.scale * biases - w @ origin,
            skip,
            origin + self.scale * ramps.center @ basis - skip @ origin,
        )
        certificate = closed_form_certificate(
            self.problem,
            ramps.values @ basis / self.scale,
            basis.T @ ramps.jacobians @ basis,
        )
        return ClosedForm(self.problem, network, ramps.cost, certificate)
