"""How far a network is from the target of every site: rigorous bounds, over each ball.

The network is evaluated with code of its own.  All numbers are upper bounds: to what is computed a
bound of its rounding is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS
from convexden.arithmetic.two_part import TwoPart
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.line_network import Exact, line_errors
from convexden.verification.exact.parallel import projected_on_normal
from convexden.verification.exact.rationals import align, dyadic, rational, root_above

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SiteErrorSettings:
    """What is affordable for the errors at sites."""

    chunk: int = 4_000_000
    """Numbers held at a time while hidden layers and Jacobians are computed."""

    extended: int = 4_000_000
    """Products of extended precision: some 20 ms."""

    integers: int = 200_000
    """Products of integers: some 100 ms."""


SETTINGS = SiteErrorSettings()


@dataclass(frozen=True, eq=False)
class SiteErrors:
    r"""Errors of a network at sites n = 1..N, in the units of the data; arrays (N,).

    On the closed ball the network is its affine piece at the center plus what the hinges that enter
    the ball add, so :math:`|h(y) - t_n| \le |e_n| + r_n |E_n| + o_n`.  Each number is at least what
    it stands for, whatever the rounding.

    Attributes
    ----------
    values : array
        :math:`|e_n| = |h(y_n) - t_n|`.
    jacobians : array
        Frobenius norm of the Jacobian :math:`E_n` at the center; 0 at samples.
    overlaps : array
        :math:`o_n = \sum_k |a_k| [r_n |w_k| - |w_k^T y_n + b_k|]_+`; 0 at samples.
    totals : array
        The bound.
    balls : bool
        Whether any site is a ball.
    """

    values: Array
    jacobians: Array
    overlaps: Array
    totals: Array
    balls: bool

    __repr__ = display.field_line


def site_errors(problem: Interpolation, network: ShallowNetwork) -> SiteErrors:
    """Bound the errors of a network on every site of a problem; see `SiteErrors`.

    On a line, and of networks that are constant across one, they are those of exact arithmetic,
    rounded up.
    """
    if problem.input_dimension == 1:
        return _line(problem, problem.centers[:, 0], problem.radii, network)
    line = projected_on_normal(problem.centers, problem.radii, network)
    if line is not None and not line.across:
        return _line(problem, line.centers, line.radii, line.network, line.length)
    sites, neurons = len(problem), network.neurons
    if not neurons and problem.centers.size * network.output_dimension <= SETTINGS.integers:
        return _affine(problem, network)
    inputs, outputs = network.input_dimension, network.output_dimension
    maps = outputs * inputs if (problem.radii > 0).any() else outputs + inputs
    kind = np.longdouble if sites * (neurons + 1) * maps <= SETTINGS.extended else np.float64
    step = max(1, SETTINGS.chunk // max(1, neurons, inputs))
    chunks = [
        _errors(problem, network, slice(start, start + step), kind)
        for start in range(0, sites, step)
    ]
    values, jacobians, overlaps = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    totals = (values + problem.radii * jacobians + overlaps) * (1 + 4 * EPS)
    return SiteErrors(values, jacobians, overlaps, totals, bool((problem.radii > 0).any()))


def _line(
    problem: Interpolation,
    centers: Exact,
    radii: Exact,
    network: ShallowNetwork,
    length: float = 1.0,
) -> SiteErrors:
    """The errors on a line, in integers; its unit has this length in the space of the problem."""
    balls = problem.radii > 0
    values, slopes, overlaps = line_errors(centers, radii, problem.targets, network)
    slopes = np.where(balls, slopes * length * (1 + EPS), 0.0)
    totals = (values + problem.radii * slopes + overlaps) * (1 + 4 * EPS)
    return SiteErrors(values, slopes, overlaps, totals, bool(balls.any()))


def _affine(problem: Interpolation, network: ShallowNetwork) -> SiteErrors:
    """The errors of a network without neurons, in integers: its slope may be steep."""
    y, v, c, t = map(dyadic, (problem.centers, network.skip, network.offset, problem.targets))
    unit = min(y[1] + v[1], c[1], t[1])
    found = align((y[0] @ v[0].T, y[1] + v[1]), unit) + align(c, unit) - align(t, unit)
    squares = (found * found).sum(axis=1).tolist()
    values = np.array([root_above(rational(square, 2 * unit)) for square in squares])
    balls = problem.radii > 0
    steep = root_above(rational(int((v[0] * v[0]).sum()), 2 * v[1]))
    slopes = np.where(balls, steep, 0.0)
    totals = (values + problem.radii * slopes) * (1 + 4 * EPS)
    return SiteErrors(values, slopes, np.zeros(len(problem)), totals, bool(balls.any()))


def _errors(
    problem: Interpolation, network: ShallowNetwork, rows: slice, kind: type[np.floating[Any]]
) -> tuple[Array, Array, Array]:
    """Bounds of the errors of values, of Jacobians, and of overlaps at some sites.

    `kind` is extended precision where there is any and it is affordable.
    """
    origin = problem.centers.mean(axis=0)
    around = _Around.of(network, origin, kind)
    y, radii = problem.centers[rows].astype(kind) - origin, problem.radii[rows]
    distances = _norms(y)
    z = y @ around.w.T + around.biases
    values = around.value_errors(y, z, distances, problem.targets[rows])
    jacobians, overlaps = np.zeros(len(y), kind), np.zeros(len(y), kind)
    balls = np.flatnonzero(radii > 0)
    if balls.size:
        jacobians[balls] = _jacobian_norms(around.a, around.w, around.skip, z[balls] > 0)
        overlaps[balls] = around.overlaps(z[balls], distances[balls], radii[balls])
    # The norms, their sums, and the rounding to floats.
    grow = 1 + (network.neurons + network.skip.size + 8) * around.unit + EPS
    values, jacobians, overlaps = (part * grow for part in (values, jacobians, overlaps))
    return values.astype(float), jacobians.astype(float), overlaps.astype(float)


@dataclass(frozen=True, eq=False)
class _Around:
    """A network in coordinates from an origin amid the sites, where biases and offset do not cancel
    against w.y and V y.  All arrays have one precision."""

    a: NDArray[Any]  # (K, p)
    w: NDArray[Any]  # (K, d)
    biases: NDArray[Any]  # (K,)
    skip: NDArray[Any]  # (p, d)
    offset: NDArray[Any]  # (p,)
    lost: NDArray[Any]  # (K,): what a bias, and with it each z, may be off
    offset_lost: Any  # what the offset may be off
    unit: float  # the relative error of one operation

    @classmethod
    def of(cls, network: ShallowNetwork, origin: Array, kind: type[np.floating[Any]]) -> _Around:
        """The network from this origin in this precision."""
        unit = float(np.finfo(kind).eps) / 2
        w = network.input_weights.astype(kind)
        # The large terms cancel here, where extended precision costs nothing.
        far = origin.astype(np.longdouble)
        fine = (len(origin) + 4) * np.finfo(np.longdouble).eps / 2
        biases = network.input_weights @ far + _summed(network.exact_biases, np.longdouble)
        biases = biases.astype(kind)
        steep = np.abs(network.skip.astype(kind)).T
        return cls(
            _summed(network.exact_output_weights, kind),
            w,
            biases,
            network.skip.astype(kind),
            (network.skip @ far + network.offset).astype(kind),
            fine * (_norms(w) * _norms(origin) + np.abs(network.biases)) + unit * np.abs(biases),
            fine * (_norms(np.abs(origin) @ steep) + _norms(network.offset)),
            unit,
        )

    @property
    def units(self) -> float:
        """The relative error of a difference, d products and their sum."""
        return (self.w.shape[1] + 4) * self.unit

    def value_errors(
        self, y: NDArray[Any], z: NDArray[Any], distances: NDArray[Any], targets: Array
    ) -> NDArray[Any]:
        """Bounds of ``|h(y) - t|`` at points from the origin with the w.y + b of the neurons."""
        a_sizes = _norms(self.a)
        hidden = np.maximum(z, 0.0)
        missed = hidden @ self.a + y @ self.skip.T + (self.offset - targets)
        # The z with the rounding of y, d products and their sum; K weights and products; the affine
        # part.
        rounding = (a_sizes @ _norms(self.w)) * self.units * distances + a_sizes @ self.lost
        rounding += (len(self.a) + 4) * self.unit * (hidden @ a_sizes)
        # Column by column: a steep slope meets small inputs where the units of columns differ.
        rounding += self.units * _norms(np.abs(y) @ np.abs(self.skip).T)
        rounding += self.offset_lost
        rounding += 4 * self.unit * (_norms(self.offset) + _norms(targets))
        return _norms(missed) + rounding

    def overlaps(self, z: NDArray[Any], distances: NDArray[Any], radii: Array) -> NDArray[Any]:
        """Bounds of ``sum_k |a_k| [r |w_k| - |z_k|]_+`` at balls."""
        sizes = _norms(self.w)
        error = self.units * np.outer(distances + radii, sizes) + self.lost
        inside = radii[:, None] * sizes - np.abs(z) + error
        return np.maximum(inside, 0.0) @ _norms(self.a)


def _summed(numbers: TwoPart, kind: type[np.floating[Any]]) -> NDArray[Any]:
    """Sums of two floats, rounded to the precision."""
    return numbers.high.astype(kind) + numbers.low.astype(kind)


def _norms(vectors: NDArray[Any]) -> NDArray[Any]:
    """Norms along the last axis in the precision of the vectors."""
    return np.sqrt((vectors * vectors).sum(axis=-1))


def _jacobian_norms(
    a: NDArray[Any], w: NDArray[Any], skip: NDArray[Any], active: NDArray[np.bool_]
) -> NDArray[Any]:
    """Bounds of the Frobenius norms of sum_k D_nk a_k w_k^T + V, some sites at a time."""
    p, d = skip.shape
    sizes = active @ (_norms(a) * _norms(w)) + _norms(skip.reshape(-1))
    rounding = (len(a) + 4) * np.finfo(a.dtype).eps / 2 * sizes
    step = max(1, SETTINGS.chunk // (p * max(d, len(a))))
    norms = np.empty(len(active), a.dtype)
    for start in range(0, len(active), step):
        rows = slice(start, start + step)
        jacobians = (active[rows, None, :] * a.T) @ w + skip
        norms[rows] = _norms(jacobians.reshape(len(jacobians), -1))
    return norms + rounding
