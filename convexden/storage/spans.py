"""The parts of a solution file that hold large arrays by their coefficients in a span.

The file holds the rows of the span once, under "span"; a part of it that is held by coefficients
has them under "in_span", by the names of the arrays, which then are missing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.geometry.span import MapsInSpan, Span, WeightsInSpan
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.storage import documents

Array = NDArray[np.float64]

WEIGHTS = ("output_weights", "input_weights", "skip")
# Numbers of the skip connection that a file may ask for: 1 GB.
LARGEST = 2**27


def shared(network: ShallowNetwork, certificate: Certificate | None = None) -> Span | None:
    """The span that a file holds: that of the multipliers, or else of the weights."""
    for part in (certificate, network):
        if part is not None and part.in_span is not None:
            return part.in_span.span
    return None


def span_document(span: Span | None) -> dict[str, Any]:
    """The entry of a span in the document, if there is one."""
    if span is None:
        return {}
    return {"span": {"inputs": span.inputs.tolist(), "outputs": span.outputs.tolist()}}


def jacobians_document(certificate: Certificate, span: Span | None) -> dict[str, Any]:
    """The Jacobian multipliers, by coefficients in this span if that is where they are held."""
    held = certificate.in_span
    if held is not None and span is not None and held.span.equals(span):
        return {"in_span": {"jacobians": held.coefficients.tolist()}}
    return {"jacobians": certificate.jacobians.tolist()}


def weights_document(network: ShallowNetwork, span: Span | None) -> dict[str, Any]:
    """The weights and biases, those by coefficients in this span if the network is known to lie in
    it."""
    held, stored = network.in_span, dict[str, Any]()
    names = ["output_weights", "input_weights", "biases", "skip", "offset"]
    if held is not None and span is not None and held.span.equals(span):
        stored["in_span"] = {name: getattr(held, name).tolist() for name in WEIGHTS}
        names = ["biases", "offset"]
    return stored | {name: getattr(network, name).tolist() for name in names}


def stored_jacobians(
    document: dict[str, Any], problem: Interpolation
) -> tuple[Array | None, MapsInSpan | None]:
    """The Jacobian multipliers of a document, one for each site: the array, or coefficients."""
    n, d, p = len(problem), problem.input_dimension, problem.output_dimension
    if not _by_coefficients(document, "certificate", "jacobians"):
        return part_arrays(document, "certificate", jacobians=(n, p, d))["jacobians"], None
    span = _span(document, problem)
    shape = (n, len(span.outputs), len(span.inputs))
    return None, MapsInSpan(span, _coefficients(document, "certificate", jacobians=shape)[0])


def stored_weights(
    document: dict[str, Any], problem: Interpolation
) -> tuple[dict[str, Array], WeightsInSpan | None]:
    """The weights of a document, with as many neurons as are stated, and their coefficients if it
    has these."""
    k, d, p = int(document["neurons"]), problem.input_dimension, problem.output_dimension
    if not _by_coefficients(document, "network", *WEIGHTS):
        shapes = {"output_weights": (k, p), "input_weights": (k, d), "skip": (p, d)}
        return part_arrays(document, "network", **shapes), None
    if p * d > LARGEST:
        raise InvalidProblem(
            f"network: a skip connection of {p} x {d} numbers does not fit in memory"
        )
    span = _span(document, problem)
    i, o = len(span.inputs), len(span.outputs)
    found = _coefficients(
        document, "network", output_weights=(k, o), input_weights=(k, i), skip=(o, i)
    )
    held = WeightsInSpan(span, *found)
    return held.full, held


def part_arrays(document: dict[str, Any], part: str, **shapes: tuple[int, ...]) -> dict[str, Array]:
    """The arrays that a part of the document has, by their names, each of its shape."""
    stored = document[part]
    return {
        name: documents.numbers(stored[name], shape, f"{part}.{name}")
        for name, shape in shapes.items()
        if name in stored
    }


def _by_coefficients(document: dict[str, Any], part: str, *names: str) -> bool:
    """Whether a part holds arrays of these names by coefficients; it must hold them in one way."""
    stored = document[part]
    for name in names:
        if ("in_span" in stored) == (name in stored):
            raise InvalidProblem(
                f"{part}.{name}: there twice, also in_span"
                if name in stored
                else f"{part}.{name}: missing"
            )
    return "in_span" in stored


def _span(document: dict[str, Any], problem: Interpolation) -> Span:
    """The span of a document, of as many rows as it has."""
    if "span" not in document:
        raise InvalidProblem("span: missing")
    stored = document["span"]
    shapes = {
        "inputs": (len(stored["inputs"]), problem.input_dimension),
        "outputs": (len(stored["outputs"]), problem.output_dimension),
    }
    return Span(**part_arrays(document, "span", **shapes))


def _coefficients(
    document: dict[str, Any], part: str, **shapes: tuple[int, ...]
) -> tuple[Array, ...]:
    """The coefficients of a part, in the order of these names."""
    held = document[part]["in_span"]
    return tuple(
        documents.numbers(held[name], shape, f"{part}.in_span.{name}")
        for name, shape in shapes.items()
    )
