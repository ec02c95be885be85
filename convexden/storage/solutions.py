"""Solutions as JSON files, and lists of records.

What the keys mean is said in ``schemas/convexden-solution.json``.  Files of version 2 have further
ones, the second floats of numbers that are exact sums of two, pairs of sites that prove a bound, a
span in which large arrays have coefficients, or another cost than the default; without any the
version is 1.

Floats are written in the shortest form that reads back as the same number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.certificate import Certificate, Edges, Leaves
from convexden.cost import DEFAULT, Cost
from convexden.errors import InvalidProblem
from convexden.geometry.span import Span
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Progress, Solution
from convexden.storage import documents
from convexden.storage.files import whole_file
from convexden.storage.spans import (
    jacobians_document,
    part_arrays,
    shared,
    span_document,
    stored_jacobians,
    stored_weights,
    weights_document,
)

Array = NDArray[np.float64]

FORMAT = "convexden-solution"
VERSION = 1
LEAF_ARRAYS = ("sides", "spheres", "products", "lengths", "tilts")
LATEST = 2  # with low parts, edges, leaves, a span, or another cost than the default


def save(solution: Solution, path: str | Path) -> None:
    """Write a solution to a JSON file, whole or not at all.

    Raises
    ------
    InvalidProblem
        If the file cannot be written, or a number of the solution is not finite.
    """
    arguments.instance("solution", solution, Solution)
    text = to_json(solution)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def load(path: str | Path) -> Solution:
    """Read a solution from a JSON file; `verify_certificate` tells whether to believe it.

    Keys that this release does not know are passed over.  The memory that it takes is proportional
    to the size of the file, whatever is in it, and to that of a skip connection if it is held by
    coefficients: 1 GB at most.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or does not hold a solution.
    """
    path = arguments.path(path)
    document = documents.read(path)
    try:
        documents.check(document, FORMAT)
        return _solution(document)
    except InvalidProblem as error:
        raise InvalidProblem(f"{path}: {error}") from error


def to_json(solution: Solution) -> str:
    """Write the text of the solution file, one top-level key a line."""
    return text_of(_document(solution))


def text_of(document: Mapping[str, Any]) -> str:
    """The text of a solution's document, one top-level key a line."""
    lines = []
    for key, value in document.items():
        try:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
        except ValueError as error:
            raise InvalidProblem(
                f"the solution's {key} holds NaN or infinity and cannot be stored: solve again"
            ) from error
    return "{" + ",\n ".join(lines) + "}\n"


def save_records(records: Iterable[Mapping[str, object]], path: str | Path) -> None:
    """Write records as a JSON list, see `records_to_json`.

    Raises
    ------
    InvalidProblem
        If the file cannot be written.
    """
    text = records_to_json(records)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def records_to_json(records: Iterable[Mapping[str, object]]) -> str:
    """Write the text of a JSON list, one record a line; a number that is not finite is null."""
    lines = [json.dumps(_finite(dict(record)), allow_nan=False) for record in records]
    return "[" + ",\n ".join(lines) + "]\n"


def _finite(value: object) -> object:
    """The value with null for numbers that are not finite, also in the objects in it."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _document(solution: Solution) -> dict[str, Any]:
    """A solution as what JSON holds."""
    problem, network, certificate = solution.problem, solution.network, solution.certificate
    span = shared(network, certificate)
    certificate_low = _low_parts(certificate, "values", "jacobians")
    low = network.two_part or certificate_low
    proofs = certificate.edges or certificate.leaves
    plain = problem.cost.default and not (low or proofs or span)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION if plain else LATEST,
        "status": solution.status,
        "problem": {
            "centers": problem.centers.tolist(),
            "targets": problem.targets.tolist(),
            "radii": problem.radii.tolist(),
        },
        **span_document(span),
        "network": network_document(network, span),
        "certificate": {
            "values": certificate.values.tolist(),
            **jacobians_document(certificate, span),
            "pricing_maximum": float(certificate.pricing_maximum),
            "pricing": certificate.pricing,
            **certificate_low,
            **_edges(certificate),
            **_leaves(certificate),
        },
        "cost": float(solution.cost),
        "lower_bound": float(solution.lower_bound),
        "relative_gap": float(solution.relative_gap),
        "neurons": solution.neurons,
        "iterations": int(solution.iterations),
        "seconds": float(solution.seconds),
        "versions": dict(solution.versions),
    }
    if not problem.cost.default:
        document["cost_of"] = cost_document(problem.cost)
    if solution.interrupted:
        document["interrupted"] = True
    if solution.moved is not None:
        document["moved"] = {"centers": solution.moved.centers.tolist()}
    if solution.history:
        document["history"] = [
            [step.round, step.cost if step.cost < math.inf else None, *step[2:]]
            for step in solution.history
        ]
    return document


def cost_document(cost: Cost) -> dict[str, Any]:
    """A cost as what JSON holds."""
    origin = {} if cost.origin is None else {"origin": list(cost.origin)}
    offset = {} if cost.offset else {"offset": False}
    return {"skip": cost.skip, "bias": cost.bias, **origin, "norm": cost.norm, **offset}


def network_document(network: ShallowNetwork, span: Span | None) -> dict[str, Any]:
    """A network as what JSON holds, by coefficients in this span if it is known to lie in it."""
    return weights_document(network, span) | _low_parts(network, "output_weights", "biases")


def _low_parts(part: ShallowNetwork | Certificate, *names: str) -> dict[str, Any]:
    """The second floats of numbers of these names, where there are any."""
    found = {f"{name}_low": getattr(part, f"{name}_low") for name in names}
    return {name: low.tolist() for name, low in found.items() if low is not None}


def _edges(certificate: Certificate) -> dict[str, Any]:
    """The pairs of sites of a certificate by edges, and their weights."""
    edges = certificate.edges
    if edges is None:
        return {}
    return {"edges": edges.sites.tolist(), "edge_weights": edges.weights.tolist()}


def _leaves(certificate: Certificate) -> dict[str, Any]:
    """The leaves of a certificate, which take most of its room, one array after another."""
    leaves = certificate.leaves
    if leaves is None:
        return {}
    return {"leaves": {name: getattr(leaves, name).tolist() for name in LEAF_ARRAYS}}


def _solution(document: dict[str, Any]) -> Solution:
    """The solution that a document states, which its schema allows, if all arrays fit together."""
    problem = _problem(document)
    network = network_of(document, problem)
    certificate = _certificate(document, problem)
    return Solution(
        problem=problem,
        network=network,
        certificate=certificate,
        cost=float(document["cost"]),
        lower_bound=certificate.lower_bound,
        relative_gap=float(document["relative_gap"]),
        status=document["status"],
        iterations=int(document["iterations"]),
        seconds=float(document["seconds"]),
        versions=document["versions"],
        history=tuple(_round(*row) for row in document.get("history", [])),
        interrupted=document.get("interrupted", False),
        moved=_moved(document, problem),
    )


def _problem(document: dict[str, Any]) -> Interpolation:
    """What was asked for: its first center and target say the dimensions."""
    stored = document["problem"]
    n, d, p = len(stored["centers"]), len(stored["centers"][0]), len(stored["targets"][0])
    arrays = part_arrays(document, "problem", centers=(n, d), targets=(n, p), radii=(n,))
    cost = cost_of(document, d) if "cost_of" in document else DEFAULT
    return Interpolation(arrays["centers"], arrays["targets"], arrays["radii"], cost)


def cost_of(document: dict[str, Any], dimension: int) -> Cost:
    """What networks are charged for."""
    stored = document["cost_of"]
    origin = part_arrays(document, "cost_of", origin=(dimension,)).get("origin")
    offset = stored.get("offset", True)
    return Cost(stored["skip"], float(stored["bias"]), origin, stored["norm"], offset)


def network_of(document: dict[str, Any], problem: Interpolation) -> ShallowNetwork:
    """The network, with as many neurons as are stated."""
    k, p = int(document["neurons"]), problem.output_dimension
    weights, in_span = stored_weights(document, problem)
    arrays = part_arrays(
        document,
        "network",
        biases=(k,),
        offset=(p,),
        output_weights_low=(k, p),
        biases_low=(k,),
    )
    return ShallowNetwork(**weights, **arrays, in_span=in_span)


def _certificate(document: dict[str, Any], problem: Interpolation) -> Certificate:
    """The multipliers, one for each site, and what they prove."""
    stored = document["certificate"]
    n, d, p = len(problem), problem.input_dimension, problem.output_dimension
    jacobians, in_span = stored_jacobians(document, problem)
    arrays = part_arrays(
        document,
        "certificate",
        values=(n, p),
        values_low=(n, p),
        jacobians_low=(n, p, d),
    )
    return Certificate(
        jacobians=jacobians,
        lower_bound=float(document["lower_bound"]),
        pricing_maximum=float(stored["pricing_maximum"]),
        pricing=stored["pricing"],
        edges=_stored_edges(document),
        leaves=_stored_leaves(document, n),
        in_span=in_span,
        values=arrays["values"],
        values_low=arrays.get("values_low"),
        jacobians_low=arrays.get("jacobians_low"),
    )


def _stored_edges(document: dict[str, Any]) -> Edges | None:
    """The pairs of sites of a certificate by edges, if it is one."""
    stored = document["certificate"]
    if "edges" not in stored:
        return None
    count = len(stored["edges"])
    found = part_arrays(document, "certificate", edges=(count, 2), edge_weights=(count,))
    try:
        return Edges(found["edges"].astype(np.intp), found["edge_weights"])
    except KeyError:
        raise InvalidProblem("certificate.edge_weights: missing") from None


def _stored_leaves(document: dict[str, Any], sites: int) -> Leaves | None:
    """The leaves of a certificate, if it has any."""
    stored = document["certificate"]
    if "leaves" not in stored:
        return None
    count = len(stored["leaves"]["sides"])
    shapes = {
        "sides": (count, sites),
        "spheres": (count,),
        "products": (count, sites * (sites - 1) // 2),
        "lengths": (count, sites),
        "tilts": (count, sites, sites),
    }
    found = part_arrays(stored, "leaves", **shapes)
    sides = found.pop("sides")
    signs = np.where(np.isin(sides, (-1, 0, 1)), sides, 2)  # which is refused
    return Leaves(signs.astype(np.int8), **found)


def _moved(document: dict[str, Any], problem: Interpolation) -> Interpolation | None:
    """The problem with moved centers, if the file has any."""
    if "moved" not in document:
        return None
    arrays = part_arrays(document, "moved", centers=problem.centers.shape)
    return Interpolation(arrays["centers"], problem.targets, problem.radii, problem.cost)


def _round(number: float, cost: float | None, lower_bound: float, hinges: float) -> Progress:
    """A round, which has no cost before there is a network.  JSON may write 3 as 3.0."""
    known = math.inf if cost is None else float(cost)
    return Progress(int(number), known, float(lower_bound), int(hinges))
