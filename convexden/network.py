"""The shallow ReLU network with a free skip connection, as data and as a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.arithmetic.two_part import TwoPart, affine_values
from convexden.errors import InvalidInput, InvalidProblem
from convexden.geometry.span import WeightsInSpan
from convexden.interchange import layers
from convexden.tolerances import FEASIBILITY_RTOL, MERGE_RTOL

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
    skip : (p, d) array, optional
        The skip connection :math:`V`; zeros by default.
    offset : (p,) array, optional
        The offset :math:`c`; zeros by default.
    output_weights_low, biases_low : arrays or None, optional
        What is added to the numbers of `output_weights` and `biases`, at most half a unit in their
        last place: each is the sum of two floats, exactly, for ramps so steep that the rounding of
        one float would count.  None for zeros.
    in_span : WeightsInSpan or None, optional
        Weights and skip connection by few coefficients.  Dropped if these are other arrays.

    Raises
    ------
    InvalidProblem
        If the shapes do not fit together, a number is not finite, or a low part is none.
    """

    output_weights: Array
    input_weights: Array
    biases: Array
    skip: Array = None  # type: ignore[assignment]  # becomes zeros, as does the offset
    offset: Array = None  # type: ignore[assignment]
    output_weights_low: Array | None = None
    biases_low: Array | None = None
    in_span: WeightsInSpan | None = None

    if TYPE_CHECKING:  # what is given need not be an array yet

        def __init__(
            self,
            output_weights: ArrayLike,
            input_weights: ArrayLike,
            biases: ArrayLike,
            skip: ArrayLike | None = None,
            offset: ArrayLike | None = None,
            output_weights_low: ArrayLike | None = None,
            biases_low: ArrayLike | None = None,
            in_span: WeightsInSpan | None = None,
        ) -> None:
            """Anything that NumPy makes arrays of."""

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        given = {
            name: arguments.array(f"the numbers of {name}", getattr(self, name))
            for name in ("output_weights", "input_weights", "biases", "skip", "offset")
            if getattr(self, name) is not None or name not in ("skip", "offset")
        }
        if "skip" not in given:  # then the weights say the dimensions
            sides = given["output_weights"], given["input_weights"]
            given["skip"] = np.zeros([each.shape[1] if each.ndim == 2 else 1 for each in sides])
        p, d = np.atleast_2d(given["skip"]).shape[:2]
        given.setdefault("offset", np.zeros(p))
        count = given["biases"].size
        for name, shape in (
            ("output_weights", (count, p)),
            ("input_weights", (count, d)),
            ("biases", (count,)),
            ("skip", (p, d)),
            ("offset", (p,)),
        ):
            array = arguments.weights(given[name], shape)
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
                low = arguments.low_part(
                    f"{name}_low", arguments.weights(numbers, high.shape), high
                )
            object.__setattr__(self, f"{name}_low", low)
        if self.in_span is not None:
            held = arguments.instance("in_span", self.in_span, WeightsInSpan)
            object.__setattr__(self, "in_span", held if held.equals(vars(self)) else None)

    @classmethod
    def from_layers(cls, hidden: Any, output: Any, skip: Any = None) -> ShallowNetwork:
        r"""Take the network :math:`y \mapsto A [W y + b]_+ + c + V y` from its linear layers.

        Parameters
        ----------
        hidden, output, skip : layers
            Of weights W (K, d), A (p, K) and V (p, d), outputs first as in PyTorch: modules such as
            ``torch.nn.Linear``, pairs (weights, biases), or weights alone.  Biases that are not
            there are zeros; those of output and skip are added.  The values that a module has now
            are taken, without their gradients; tensors outside of a module must not need one.

        Raises
        ------
        InvalidProblem
            If the shapes do not fit together (nothing is transposed), or a tensor needs a gradient,
            is not in the memory of the processor, or holds anything but finite real numbers.

        Examples
        --------
        >>> import convexden as cd
        >>> network = cd.ShallowNetwork.from_layers(([[1.0], [-1.0]], [0.0, 0.0]), [[1.0, 1.0]])
        >>> network([-2.0, 3.0]).ravel().tolist()
        [2.0, 3.0]
        """
        return cls(*layers.from_layers(hidden, output, skip))

    @classmethod
    def from_state_dict(
        cls,
        state: Mapping[str, Any],
        *,
        hidden: str | None = None,
        output: str | None = None,
        skip: str | None = None,
    ) -> ShallowNetwork:
        """Take the network from the ``state_dict`` of a PyTorch module with a ReLU between layers.

        A state holds weights and biases, not what the module does with them: whether the network
        is the same function is for the caller to check at a few points.

        Parameters
        ----------
        state : mapping
            From "NAME.weight" and, if it has any, "NAME.bias" to tensors or arrays.  Two layers are
            the hidden and the output one, in the order in which they stand.  Of three layers, one
            is a skip connection from inputs to outputs, which the shapes tell, or its name, which
            has "skip" in it, where the three may as well follow one another.
        hidden, output, skip : str, optional
            The names of layers, such as "fc1", where this leaves it open.

        Raises
        ------
        InvalidProblem
            If other entries are there, or layers fit in no way or in several; as `from_layers`.

        Examples
        --------
        >>> import convexden as cd
        >>> state = {"0.weight": [[1.0], [-1.0]], "0.bias": [0.0, 0.0], "2.weight": [[1.0, 1.0]]}
        >>> cd.ShallowNetwork.from_state_dict(state)
        ShallowNetwork(2 neurons, R^1 -> R^1, cost=2)
        """
        return cls(*layers.from_state(state, {"hidden": hidden, "output": output, "skip": skip}))

    def to_torch(self) -> Any:
        """Make a ``torch.nn.Module`` of the network, in float64, with a state dict of its own.

        Its layers are ``hidden``, ``output`` and ``skip``, and `from_state_dict` reads it back.  It
        can be trained on, moved to another device and type, and exported as any module.

        Raises
        ------
        MissingDependency
            If PyTorch is not installed.
        NotSupported
            If the network is `two_part`.
        """
        from convexden.interchange.torch_module import to_module

        return to_module(self)

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

    def __reduce__(self) -> tuple[type[ShallowNetwork], tuple[Array | WeightsInSpan | None, ...]]:
        """Pickle by the arguments of the constructor."""
        # A copy is validated like the original, and as read-only.
        return ShallowNetwork, tuple(getattr(self, field.name) for field in fields(self))

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

    def without_skip(self, site: ArrayLike) -> ShallowNetwork:
        """The same function without skip connection, if it is constant around a point (d,), such as
        the center of a ball: `convexden.theorems.flip`.

        Hinges that are active at the point are turned, ``[z]_+ = [-z]_+ + z``, at no cost.  Then
        none is, and the skip connection is the Jacobian there, which is zero.

        Raises
        ------
        InvalidInput
            If the Jacobian at the point is more than 1e-9 of the cost.
        """
        point = np.atleast_2d(self._points(site))
        if len(point) != 1:
            raise InvalidInput(f"site is {len(point)} points: give one")
        slope = float(np.linalg.norm(self.jacobian(point)))
        if not slope <= FEASIBILITY_RTOL * self.representation_cost:
            raise InvalidInput(
                f"the network has a slope of {slope:.3g} at the site: give the center of a ball"
            )
        active = affine_values(point, self.input_weights, self.exact_biases).high[:, 0] > 0
        turn, low = np.where(active, -1.0, 1.0), self.biases_low
        return replace(
            self,
            input_weights=turn[:, None] * self.input_weights,
            biases=turn * self.biases,
            skip=np.zeros_like(self.skip),
            offset=self(point)[0],
            biases_low=None if low is None else turn * low,
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
            weights[hinges], w[hinges], b[hinges], skip, offset, low[hinges], exact_b.low[hinges]
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
