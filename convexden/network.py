"""The shallow ReLU network with a free skip connection, as data and as a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]

LARGEST = 1e150  # the products of two numbers are finite
_HELD = 2**24  # hidden activations at a time


@dataclass(frozen=True, eq=False)
class ShallowNetwork:
    r"""The function :math:`h(y) = \sum_k a_k [w_k^T y + b_k]_+ + V y + c`.

    Parameters
    ----------
    output_weights : (K, p) array
        The :math:`a_k`.
    input_weights : (K, d) array
        The :math:`w_k`.
    biases : (K,) array
        The :math:`b_k`.
    skip : (p, d) array
        The skip connection :math:`V`.
    offset : (p,) array
        The offset :math:`c`.

    Raises
    ------
    InvalidProblem
        If the shapes do not fit together or a number is not finite.
    """

    output_weights: Array
    input_weights: Array
    biases: Array
    skip: Array
    offset: Array

    if TYPE_CHECKING:  # what is given need not be an array yet

        def __init__(
            self,
            output_weights: ArrayLike,
            input_weights: ArrayLike,
            biases: ArrayLike,
            skip: ArrayLike,
            offset: ArrayLike,
        ) -> None: ...

    def __post_init__(self) -> None:
        given = {
            name: arguments.array(f"the numbers of {name}", getattr(self, name))
            for name in ("output_weights", "input_weights", "biases", "skip", "offset")
        }
        p, d = np.atleast_2d(given["skip"]).shape[:2]
        count = given["biases"].size
        for name, shape in (
            ("output_weights", (count, p)),
            ("input_weights", (count, d)),
            ("biases", (count,)),
            ("skip", (p, d)),
            ("offset", (p,)),
        ):
            array = _shaped(given[name], shape)
            if np.abs(array).max(initial=0.0) > LARGEST:
                raise InvalidProblem(
                    f"the numbers of {name} are beyond {LARGEST:g}: rescale the data"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def neurons(self) -> int:
        """Number of hidden neurons K."""
        return int(self.biases.size)

    @property
    def input_dimension(self) -> int:
        """Input dimension d."""
        return int(self.skip.shape[1])

    @property
    def output_dimension(self) -> int:
        """Output dimension p."""
        return int(self.skip.shape[0])

    def __call__(self, points: ArrayLike) -> Array:
        """Evaluate the network at points (M, d) -> (M, p), or at one point (d,) -> (p,).

        With one input, an array (M,) is M points.
        """
        points = self._points(points)
        if points.ndim == 1:
            return self._values(points[None])[0]
        step = max(1, _HELD // max(1, self.neurons))
        parts = [self._values(points[k : k + step]) for k in range(0, max(1, len(points)), step)]
        return np.concatenate(parts)

    def _values(self, points: Array) -> Array:
        """The outputs (M, p) at points (M, d); infinity or NaN where these are as large."""
        with np.errstate(over="ignore", invalid="ignore"):
            hidden = np.maximum(points @ self.input_weights.T + self.biases, 0.0)
            values: Array = hidden @ self.output_weights + points @ self.skip.T + self.offset
        return values

    def jacobian(self, points: ArrayLike) -> Array:
        """Jacobian at points (M, d) -> (M, p, d), or at one point (d,) -> (p, d).

        On a hinge the inactive side counts.
        """
        points = self._points(points)
        with np.errstate(over="ignore", invalid="ignore"):
            active = (points @ self.input_weights.T + self.biases > 0.0).astype(float)
        jacobians: Array = (
            np.einsum("...k,kp,kd->...pd", active, self.output_weights, self.input_weights)
            + self.skip
        )
        return jacobians

    @property
    def representation_cost(self) -> float:
        r""":math:`\sum_k |a_k| |w_k|`, the least :math:`\frac12\sum_k |a_k|^2 + |w_k|^2` over
        rescalings of the neurons.
        """
        return float(
            np.linalg.norm(self.output_weights, axis=1) @ np.linalg.norm(self.input_weights, axis=1)
        )

    @np.errstate(over="ignore")
    def canonical(self, tolerance: float = 1e-12) -> ShallowNetwork:
        """The same function with unit input weights and every hinge written once.

        Neurons whose output weight vanishes are dropped; a neuron without input weight becomes
        part of the offset; neurons on the same hinge (the same hyperplane, either orientation,
        up to `tolerance` in the unit normal and relatively in the bias) are merged, the opposite
        orientation through ``[-z]_+ = [z]_+ - z``.  The cost never rises.
        """
        skip, offset = self.skip.copy(), self.offset.copy()
        norms = np.linalg.norm(self.input_weights, axis=1)
        constant = norms == 0.0
        offset = offset + np.maximum(self.biases[constant], 0.0) @ self.output_weights[constant]
        keep = ~constant & (np.linalg.norm(self.output_weights, axis=1) > 0.0)
        a = self.output_weights[keep] * norms[keep, None]
        w = self.input_weights[keep] / norms[keep, None]
        b = self.biases[keep] / norms[keep]
        hinges: list[int] = []  # the first neuron on each hinge stands for all of them
        weights = np.zeros_like(a)
        for k in range(b.size):
            for sign in (1.0, -1.0):
                close = (np.abs(w[k] - sign * w[hinges]) <= tolerance).all(axis=1) & (
                    np.abs(b[k] - sign * b[hinges]) <= tolerance * np.maximum(1.0, abs(b[k]))
                )
                if close.any():
                    j = hinges[int(np.argmax(close))]
                    weights[j] += a[k]
                    if sign < 0:
                        skip -= np.outer(a[k], w[j])
                        offset -= a[k] * b[j]
                    break
            else:
                hinges.append(k)
                weights[k] += a[k]
        floor = np.finfo(float).eps * np.abs(a).max(initial=0.0)
        hinges = [k for k in hinges if np.linalg.norm(weights[k]) > floor]
        return ShallowNetwork(weights[hinges], w[hinges], b[hinges], skip, offset)

    def _points(self, points: Any) -> Array:
        """Points (M, d) or (d,); whatever numbers they hold, the network is a function of them."""
        points = arguments.array("points", points, finite=False)
        if points.ndim < 2 and self.input_dimension == 1:
            points = points.reshape(-1, 1)
        if points.ndim not in (1, 2) or points.shape[-1] != self.input_dimension:
            raise InvalidProblem(
                f"points of shape {points.shape} do not fit a network on "
                f"{self.input_dimension} inputs: give (M, {self.input_dimension})"
            )
        return points


def _shaped(array: Array, shape: tuple[int, ...]) -> Array:
    """The array, if it has this shape or is a list that can be read in one way only.

    Without neurons weights may be empty lists; with one input, output or neuron they may be lists
    of numbers.  Anything else, such as a transposed matrix, would make another network.
    """
    empty = array.size == 0 and 0 in shape
    plain = array.ndim < 2 and min(shape) == 1 and array.size == np.prod(shape)
    if array.shape == shape or empty or plain:
        return array.reshape(shape)
    raise InvalidProblem(
        "network arrays do not fit together: give output_weights (K, p), "
        "input_weights (K, d), biases (K,), skip (p, d), offset (p,)"
    )
