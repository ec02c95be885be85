r"""Large arrays by their coefficients in the span of the data.

Multipliers and weights that were found for images lie in the span of the differences of centers and
of targets.  With rows e_j of inputs and f_i of outputs that span these, a Jacobian of 784 x 784
numbers is :math:`\sum_{ij} c_{ij} f_i e_j^T` with a few coefficients.

The coefficients and the rows are what is meant.  Where the array itself is asked for, products and
sums are rounded one after the other, in the order of the rows: so that every machine finds the same
floats, whatever its linear algebra does, and a file holds the same network as the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]

# Numbers of an array below which it is held as it is: 200 kB of a file.
SMALLEST = 10_000
# Coefficients and rows must be fewer numbers than the array by this factor.
WORTHWHILE = 4
# The largest product of a coefficient and two rows: what verification forms of it is finite.
LARGEST = 1e150


@dataclass(frozen=True, eq=False)
class Span:
    """Rows that span what inputs and outputs differ by.

    Nothing is asked of them; those of a `Reduction` are orthonormal up to rounding.

    Parameters
    ----------
    inputs : (k, d) array
    outputs : (q, p) array

    Raises
    ------
    InvalidProblem
        If these are no matrices of finite numbers.
    """

    inputs: Array
    outputs: Array

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        for name in ("inputs", "outputs"):
            _hold(self, name, f"the {name} of a span", 2)

    def __repr__(self) -> str:
        """One line with what matters."""
        (k, d), (q, p) = self.inputs.shape, self.outputs.shape
        return display.one_line(self, f"inputs {k} x {d}", f"outputs {q} x {p}")

    def __reduce__(self) -> tuple[type[Span], tuple[Array, Array]]:
        """Pickle by the arguments of the constructor."""
        return Span, (self.inputs, self.outputs)

    def worthwhile(self, count: int) -> bool:
        """Whether coefficients of so many maps (p, d) save memory that is worth it."""
        full = count * self.outputs.shape[1] * self.inputs.shape[1]
        held = count * len(self.outputs) * len(self.inputs) + self.inputs.size + self.outputs.size
        return full >= max(SMALLEST, WORTHWHILE * held)

    def equals(self, other: Span) -> bool:
        """Whether the rows are the same, number by number."""
        return self is other or (
            np.array_equal(self.inputs, other.inputs)
            and np.array_equal(self.outputs, other.outputs)
        )

    def maps(self, coefficients: Array) -> Array:
        """The maps (..., p, d) of coefficients (..., q, k), rounded as the module says."""
        along = combined(coefficients, self.inputs)
        total = np.zeros((*along.shape[:-2], self.outputs.shape[1], along.shape[-1]))
        for i, row in enumerate(self.outputs):
            total += row[:, None] * along[..., i, None, :]
        return total


def combined(coefficients: Array, rows: Array) -> Array:
    """The combinations (..., d) of rows (k, d), rounded as the module says."""
    total = np.zeros((*coefficients.shape[:-1], rows.shape[1]))
    for i, row in enumerate(rows):
        total += coefficients[..., i, None] * row
    return total


@dataclass(frozen=True, eq=False)
class MapsInSpan:
    """Linear maps (N, p, d) by their coefficients, such as the Jacobian multipliers of images.

    Parameters
    ----------
    span : Span
    coefficients : (N, q, k) array

    Raises
    ------
    InvalidProblem
        If the coefficients do not fit the span, are not finite or too large.
    """

    span: Span
    coefficients: Array

    def __post_init__(self) -> None:
        """Check the numbers, and make the array read-only."""
        _hold(self, "coefficients", "coefficients in a span", 3)
        _fit("maps", self.coefficients, (len(self.span.outputs), len(self.span.inputs)))
        _bounded(self.coefficients, self.span.inputs, self.span.outputs)

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(self, " x ".join(map(str, self.shape)), repr(self.span))

    def __reduce__(self) -> tuple[type[MapsInSpan], tuple[Span, Array]]:
        """Pickle by the arguments of the constructor."""
        return MapsInSpan, (self.span, self.coefficients)

    @classmethod
    def zeros(cls, shape: tuple[int, int, int]) -> MapsInSpan:
        """Maps that are zero, which need no rows."""
        n, p, d = shape
        return cls(Span(np.zeros((0, d)), np.zeros((0, p))), np.zeros((n, 0, 0)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the array of all maps."""
        return (
            len(self.coefficients),
            self.span.outputs.shape[1],
            self.span.inputs.shape[1],
        )

    @property
    def full(self) -> Array:
        """The maps (N, p, d), made anew each time."""
        return self.span.maps(self.coefficients)

    def equals(self, maps: Array) -> bool:
        """Whether an array is `full`, number by number."""
        return maps.shape == self.shape and all(
            np.array_equal(self.span.maps(own), given)
            for own, given in zip(self.coefficients, maps, strict=True)
        )

    def where(self, chosen: NDArray[np.bool_]) -> MapsInSpan:
        """The chosen maps (N,), and zeros for the others."""
        return MapsInSpan(self.span, np.where(chosen[:, None, None], self.coefficients, 0.0))

    @property
    def sizes(self) -> Array:
        """The Frobenius norms (N,) of the maps."""
        return self._sizes(self.coefficients @ self.span.inputs)

    def along(self, basis: Array) -> Array:
        """The maps times the transpose of a basis (k, d) of inputs: (N, p, k)."""
        return np.asarray(self.span.outputs.T @ self._along(basis))

    def across(self, basis: Array) -> Array:
        """The norms (N,) of what `along` leaves of the maps, if the basis is orthonormal."""
        return self._sizes(self.coefficients @ self.span.inputs - self._along(basis) @ basis)

    def _along(self, basis: Array) -> Array:
        """The coefficients (N, q, k) of `along` in the rows of outputs."""
        return np.asarray(self.coefficients @ (self.span.inputs @ basis.T))

    def _sizes(self, rows: Array) -> Array:
        """The norms (N,) of maps with coefficients (N, q, d) in the rows of outputs."""
        gram = self.span.outputs @ self.span.outputs.T
        return np.sqrt(np.maximum(np.einsum("nid,ij,njd->n", rows, gram, rows, optimize=True), 0.0))


@dataclass(frozen=True, eq=False)
class WeightsInSpan:
    """The weights of a network by their coefficients.

    Parameters
    ----------
    span : Span
    output_weights : (K, q) array
    input_weights : (K, k) array
    skip : (q, k) array

    Raises
    ------
    InvalidProblem
        If the coefficients do not fit the span, are not finite or too large.
    """

    span: Span
    output_weights: Array
    input_weights: Array
    skip: Array

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        inputs, outputs = self.span.inputs, self.span.outputs
        for name, shape, rows in (
            ("output_weights", (len(outputs),), (outputs,)),
            ("input_weights", (len(inputs),), (inputs,)),
            ("skip", (len(outputs), len(inputs)), (outputs, inputs)),
        ):
            _hold(self, name, f"coefficients of {name}", 2)
            _fit(name, getattr(self, name), shape)
            _bounded(getattr(self, name), *rows)

    __repr__ = display.field_line

    def __reduce__(self) -> tuple[type[WeightsInSpan], tuple[Span | Array, ...]]:
        """Pickle by the arguments of the constructor."""
        return WeightsInSpan, tuple(getattr(self, field.name) for field in fields(self))

    @property
    def full(self) -> dict[str, Array]:
        """Output weights (K, p), input weights (K, d) and skip connection (p, d)."""
        return {
            "output_weights": combined(self.output_weights, self.span.outputs),
            "input_weights": combined(self.input_weights, self.span.inputs),
            "skip": self.span.maps(self.skip),
        }

    def equals(self, arrays: Mapping[str, Array]) -> bool:
        """Whether arrays of these names are `full`, number by number."""
        return all(np.array_equal(arrays[name], array) for name, array in self.full.items())


def _hold(part: Span | MapsInSpan | WeightsInSpan, name: str, words: str, dimensions: int) -> None:
    """Put a read-only copy of the numbers of this name in their place."""
    array = arguments.array(words, getattr(part, name))
    if array.ndim != dimensions:
        raise InvalidProblem(f"{words} have shape {array.shape}: give {dimensions} dimensions")
    array.setflags(write=False)
    object.__setattr__(part, name, array)


def _fit(name: str, coefficients: Array, shape: tuple[int, ...]) -> None:
    """Raise unless the last axes have this shape, which is that of the span."""
    if coefficients.shape[-len(shape) :] != shape:
        raise InvalidProblem(
            f"coefficients of {name} have shape {coefficients.shape}: give one for each row of "
            "the span"
        )


def _bounded(coefficients: Array, *rows: Array) -> None:
    """Raise if a product of a coefficient and rows is beyond `LARGEST`."""
    size = np.abs(coefficients).max(initial=0.0)
    with np.errstate(over="ignore"):
        for each in rows:
            size = size * max(1.0, np.abs(each).max(initial=0.0))
    if not size <= LARGEST:
        raise InvalidProblem(f"coefficients in a span are beyond {LARGEST:g}: rescale the data")
