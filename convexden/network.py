"""The shallow ReLU network with a free skip connection, as data and as a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.arithmetic.two_part import TwoPart, affine_values
from convexden.errors import InvalidProblem
from convexden.tolerances import MERGE_RTOL

Array = NDArray[np.float64]

LARGEST = 1e150  # the products of two numbers are finite
_HELD = 2**24  # hidden activations at a time
_PARTS = 8  # arrays of them in arithmetic with two floats


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
    output_weights_low, biases_low : arrays or None, optional
        What is added to the numbers of `output_weights` and `biases`, at most half a unit in their
        last place: each is the sum of two floats, exactly, for ramps so steep that the rounding of
        one float would count.  None for zeros.

    Raises
    ------
    InvalidProblem
        If the shapes do not fit together, a number is not finite, or a low part is none.
    """

    output_weights: Array
    input_weights: Array
    biases: Array
    skip: Array
    offset: Array
    output_weights_low: Array | None = None
    biases_low: Array | None = None

    if TYPE_CHECKING:  # what is given need not be an array yet

        def __init__(
            self,
            output_weights: ArrayLike,
            input_weights: ArrayLike,
            biases: ArrayLike,
            skip: ArrayLike,
            offset: ArrayLike,
            output_weights_low: ArrayLike | None = None,
            biases_low: ArrayLike | None = None,
        ) -> None:
            """Anything that NumPy makes arrays of."""

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
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
        for name in ("output_weights", "biases"):
            high, low = getattr(self, name), getattr(self, f"{name}_low")
            if low is not None:
                numbers = arguments.array(f"the numbers of {name}_low", low)
                low = arguments.low_part(f"{name}_low", _shaped(numbers, high.shape), high)
            object.__setattr__(self, f"{name}_low", low)

    def __repr__(self) -> str:
        """One line with what matters."""
        with np.errstate(all="ignore"):  # of numbers whose squares are infinite
            cost = self.representation_cost
        return display.one_line(
            self,
            display.counted(self.neurons, "neuron"),
            display.spaces(self.input_dimension, self.output_dimension),
            f"cost={cost:.5g}",
            "two-part" if self.two_part else "",
        )

    def __reduce__(self) -> tuple[type[ShallowNetwork], tuple[Array | None, ...]]:
        """Pickle by the arguments of the constructor."""
        # A copy is validated like the original, and as read-only.
        return ShallowNetwork, (
            self.output_weights,
            self.input_weights,
            self.biases,
            self.skip,
            self.offset,
            self.output_weights_low,
            self.biases_low,
        )

    @property
    def exact_output_weights(self) -> TwoPart:
        """The :math:`a_k` as sums of two floats."""
        return TwoPart.of(self.output_weights, self.output_weights_low)

    @property
    def exact_biases(self) -> TwoPart:
        """The :math:`b_k` as sums of two floats."""
        return TwoPart.of(self.biases, self.biases_low)

    @property
    def two_part(self) -> bool:
        """Whether any weight or bias is the sum of two floats and not a float."""
        return self.output_weights_low is not None or self.biases_low is not None

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

        With one input, an array (M,) is M points and a number is one point.
        """
        points = self._points(points)
        if points.ndim == 1:
            return self._values(points[None])[0]
        held = _HELD // _PARTS if self.two_part else _HELD
        step = max(1, held // max(1, self.neurons))
        parts = [self._values(points[k : k + step]) for k in range(0, max(1, len(points)), step)]
        return np.concatenate(parts)

    def _values(self, points: Array) -> Array:
        """The outputs (M, p) at points (M, d); infinity or NaN where these are as large."""
        with np.errstate(over="ignore", invalid="ignore"):
            hidden = np.maximum(points @ self.input_weights.T + self.biases, 0.0)
            values: Array = hidden @ self.output_weights + points @ self.skip.T + self.offset
            if self.two_part:
                precise = self._precise_values(points)
                # Beyond the range of the products of two floats the plain ones stay.
                values = np.where(np.isfinite(precise), precise, values)
        return values

    def _precise_values(self, points: Array) -> Array:
        """The outputs with all digits: large weights of nearby hinges cancel."""
        hidden = affine_values(points, self.input_weights, self.exact_biases)
        hidden = hidden.where(hidden.high > 0.0)
        affine = affine_values(points, self.skip, TwoPart.of(self.offset))
        columns = []
        for j in range(self.output_dimension):
            terms = hidden.times(self.exact_output_weights.rows((slice(None), [j])))
            columns.append(terms.total().plus(affine.rows(j)).high)
        return np.column_stack(columns)

    def jacobian(self, points: ArrayLike) -> Array:
        """Jacobian at points (M, d) -> (M, p, d), or at one point (d,) -> (p, d).

        On a hinge the inactive side counts.  With one input, an array (M,) is M points and a number
        is one point.
        """
        points = self._points(points)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.two_part:
                rows = np.atleast_2d(points)
                hidden = affine_values(rows, self.input_weights, self.exact_biases).high
                active = (hidden.T > 0.0).astype(float).reshape(*points.shape[:-1], -1)
            else:
                active = (points @ self.input_weights.T + self.biases > 0.0).astype(float)
        jacobians: Array = (
            np.einsum("...k,kp,kd->...pd", active, self.output_weights, self.input_weights)
            + self.skip
        )
        if self.output_weights_low is not None:
            jacobians += np.einsum(
                "...k,kp,kd->...pd", active, self.output_weights_low, self.input_weights
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
    def canonical(self, tolerance: float = MERGE_RTOL) -> ShallowNetwork:
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
        exact_a = self.exact_output_weights.rows(keep).times(TwoPart.of(norms[keep, None]))
        exact_b = self.exact_biases.rows(keep).over(TwoPart.of(norms[keep]))
        if not self.two_part:
            exact_a, exact_b = TwoPart.of(exact_a.high), TwoPart.of(exact_b.high)
        a, b = exact_a.high, exact_b.high
        w = self.input_weights[keep] / norms[keep, None]
        hinges: list[int] = []  # the first neuron on each hinge stands for all of them
        weights, low = np.zeros_like(a), np.zeros_like(a)
        for k in range(b.size):
            for sign in (1.0, -1.0):
                close = (np.abs(w[k] - sign * w[hinges]) <= tolerance).all(axis=1) & (
                    np.abs(b[k] - sign * b[hinges]) <= tolerance * np.maximum(1.0, abs(b[k]))
                )
                if close.any():
                    j = hinges[int(np.argmax(close))]
                    weights[j] += a[k]
                    low[j] = 0.0
                    if sign < 0:
                        skip -= np.outer(a[k], w[j])
                        offset -= a[k] * b[j]
                    break
            else:
                hinges.append(k)
                weights[k], low[k] = a[k], exact_a.low[k]
        floor = np.finfo(float).eps * np.abs(a).max(initial=0.0)
        hinges = [k for k in hinges if np.linalg.norm(weights[k]) > floor]
        return ShallowNetwork(
            weights[hinges],
            w[hinges],
            b[hinges],
            skip,
            offset,
            low[hinges],
            exact_b.low[hinges],
        )

    def _points(self, points: Any) -> Array:
        """Points (M, d) or (d,); whatever numbers they hold, the network is a function of them."""
        points = arguments.array("points", points, finite=False)
        if points.ndim < 2 and self.input_dimension == 1:
            points = points[:, None] if points.ndim else points[None]
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
