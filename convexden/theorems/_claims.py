"""What a theorem claims about an instance, and what its file needs to claim it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import ROUNDINGS
from convexden.certificate import Certificate
from convexden.display import Tabled
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import FLAT_RTOL

if TYPE_CHECKING:
    from convexden.theorems.mmse.densities import Density

Array = NDArray[np.float64]


class Instance(TypedDict, total=False):
    """Arguments of `closed_form` and `verify`: points, radius, and what else the theorem needs."""

    points: Array
    radius: float | Array
    targets: Array
    moves: Array
    density: Density
    kappa: float
    sigma: float
    delta: float


@dataclass(frozen=True, eq=False)
class ClosedForm(Tabled):
    """What a theorem claims about one instance.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
        The minimizer in closed form.
    cost : float
        Its representation cost, by the formula of the theorem.
    certificate : Certificate or None
        Multipliers in closed form that prove its optimality, where they are known.
    """

    problem: Interpolation
    network: ShallowNetwork
    cost: float
    certificate: Certificate | None

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"cost={self.cost:.5g}",
            self.problem.description,
            display.counted(self.network.neurons, "neuron"),
            "with a certificate" if self.certificate is not None else "",
        )

    def title(self) -> str:
        """What it costs."""
        return f"closed form, cost {self.cost:.15g}"

    def rows(self) -> list[tuple[str, str]]:
        """What is claimed, by name."""
        certificate = self.certificate
        bound = "none" if certificate is None else f"{certificate.lower_bound:.15g}"
        return [
            ("sites", self.problem.description),
            ("cost", f"{self.cost:.15g}"),
            ("lower bound of its multipliers", bound),
            ("neurons", str(self.network.neurons)),
        ]


def closed_form_certificate(problem: Interpolation, values: Array, jacobians: Array) -> Certificate:
    """The certificate of multipliers that a theorem gives: their pricing maximum is 1, if any.

    As floats they are off by their rounding, so the maximum that is stated is larger, and the bound
    smaller, by what a few units in the last place of each are worth.
    """
    offsets = problem.centers - problem.centers.mean(axis=0)
    goals = problem.targets - problem.targets.mean(axis=0)
    sizes = np.linalg.norm(values, axis=1)
    worth = float(sizes @ np.linalg.norm(offsets, axis=1))
    worth += float(np.linalg.norm(jacobians, axis=(1, 2)).sum())
    maximum = float(values.any()) * (1.0 + ROUNDINGS * worth)
    objective = float(np.sum(values * goals))
    objective -= ROUNDINGS * float(sizes @ np.linalg.norm(goals, axis=1))
    return Certificate(
        values, jacobians, max(0.0, objective / max(1.0, maximum)), maximum, "closed-form"
    )


def rounding(points: Array) -> float:
    """Distances (in the points' units) below which points count as aligned or equal."""
    spread = float(np.abs(points - points.mean(axis=0)).max())
    return FLAT_RTOL * spread + 8 * np.finfo(float).eps * float(np.abs(points).max())


def one_radius(problem: Interpolation) -> float:
    """The radius that all balls share.

    Raises
    ------
    InvalidProblem
        If they do not share one, or it is 0.
    """
    radius = float(problem.radii[0])
    if (problem.radii != radius).any() or radius == 0:
        raise InvalidProblem("the closed form needs balls of one radius: give one number > 0")
    return radius


def generic_position(rng: np.random.Generator, points: Array) -> tuple[Array, float]:
    """Scale, turn and shift points (N, r) into a space of 2 to 5 dimensions, or r if that is more.

    Returns
    -------
    points : (N, d) array
    scale : float
        The factor by which distances have grown.
    """
    rank = points.shape[1]
    dimension = int(rng.integers(max(2, rank), max(5, rank) + 1))
    scale = float(10 ** rng.uniform(-1, 1))
    frame = np.linalg.qr(rng.standard_normal((dimension, rank)))[0]
    shift = rng.standard_normal(dimension)
    return scale * (points @ frame.T + shift), scale
