"""Solutions as JSON files, and lists of records.

Files of version 2 have further keys, which are optional; without any the version is 1.

Keys of version 2: ``output_weights_low`` and ``biases_low`` of the network, ``values_low`` and
``jacobians_low`` of the certificate, the second floats of numbers that are exact sums of two.

Floats are written in the shortest form that reads back as the same number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import STATUSES, Progress, Solution, Status
from convexden.storage.files import whole_file

Array = NDArray[np.float64]

FORMAT = "convexden-solution"
VERSION = 1
LATEST = 2  # with low parts
READABLE = (1, 2)


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
    to the size of the file, whatever is in it.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or does not hold a solution.
    """
    path = arguments.path(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_constant)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(f"{path} cannot be read ({reason}): check the name") from error
    except MemoryError as error:
        raise InvalidProblem(f"{path} does not fit in memory: give a smaller file") from error
    except (ValueError, RecursionError) as error:  # also bytes that are not UTF-8
        raise InvalidProblem(
            f"{path} is not JSON: give a file that `convexden solve --output` wrote"
        ) from error
    try:
        return _from_document(document)
    except InvalidProblem as error:
        raise InvalidProblem(f"{path}: {error}") from error


def to_json(solution: Solution) -> str:
    """Write the text of the solution file, one top-level key a line."""
    lines = []
    for key, value in _document(solution).items():
        try:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
        except ValueError as error:
            raise InvalidProblem(
                f"the solution's {key} holds NaN or infinity and cannot be stored: solve again"
            ) from error
    return "{" + ",\n ".join(lines) + "}\n"


def save_records(records: Iterable[Mapping[str, object]], path: str | Path) -> None:
    """Write records as a JSON list, one a line; a number that is not finite becomes null.

    Raises
    ------
    InvalidProblem
        If the file cannot be written.
    """
    lines = [
        json.dumps(
            {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in record.items()
            }
        )
        for record in records
    ]
    with whole_file(path) as temporary:
        temporary.write_text("[" + ",\n ".join(lines) + "]\n", encoding="utf-8")


def _document(solution: Solution) -> dict[str, Any]:
    """A solution as what JSON holds."""
    problem, network, certificate = solution.problem, solution.network, solution.certificate
    network_low = _low_parts(network, "output_weights", "biases")
    certificate_low = _low_parts(certificate, "values", "jacobians")
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": LATEST if network_low or certificate_low else VERSION,
        "status": solution.status,
        "problem": {
            "centers": problem.centers.tolist(),
            "targets": problem.targets.tolist(),
            "radii": problem.radii.tolist(),
        },
        "network": {
            "output_weights": network.output_weights.tolist(),
            "input_weights": network.input_weights.tolist(),
            "biases": network.biases.tolist(),
            "skip": network.skip.tolist(),
            "offset": network.offset.tolist(),
            **network_low,
        },
        "certificate": {
            "values": certificate.values.tolist(),
            "jacobians": certificate.jacobians.tolist(),
            "pricing_maximum": float(certificate.pricing_maximum),
            "pricing": certificate.pricing,
            **certificate_low,
        },
        "cost": float(solution.cost),
        "lower_bound": float(solution.lower_bound),
        "relative_gap": float(solution.relative_gap),
        "neurons": solution.neurons,
        "iterations": int(solution.iterations),
        "seconds": float(solution.seconds),
        "versions": dict(solution.versions),
    }
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


def _low_parts(part: ShallowNetwork | Certificate, *names: str) -> dict[str, Any]:
    """The second floats of numbers of these names, where there are any."""
    found = {f"{name}_low": getattr(part, f"{name}_low") for name in names}
    return {name: low.tolist() for name, low in found.items() if low is not None}


def _from_document(document: Any) -> Solution:
    """The solution that a document states, if everything in it fits."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InvalidProblem(f'not a solution file: "format" must be "{FORMAT}"')
    version = document.get("version")
    if type(version) not in (int, float) or version not in READABLE:
        raise InvalidProblem(
            f"version {arguments.shown(version)} is not 1 or 2: "
            "install the release of convexden that wrote it"
        )
    status = document.get("status")
    if status not in STATUSES:
        raise InvalidProblem(f'"status" must be one of {", ".join(STATUSES)}')
    sites = _table(document, "problem")
    n, d = _size(sites, "centers")
    p = _size(sites, "targets")[1]
    problem = Interpolation(
        _array(sites, "centers", (n, d)),
        _array(sites, "targets", (n, p)),
        _array(sites, "radii", (n,)),
    )
    parts = _table(document, "network")
    (k,) = _size(parts, "biases", 1)
    network = ShallowNetwork(
        _array(parts, "output_weights", (k, p)),
        _array(parts, "input_weights", (k, d)),
        _array(parts, "biases", (k,)),
        _array(parts, "skip", (p, d)),
        _array(parts, "offset", (p,)),
        _optional(parts, "output_weights_low", (k, p)),
        _optional(parts, "biases_low", (k,)),
    )
    if _integer(document, "neurons") != network.neurons:
        raise InvalidProblem(f'"neurons" must be {network.neurons}, the length of "biases"')
    proof = _table(document, "certificate")
    lower_bound = _number(document, "lower_bound")
    certificate = Certificate(
        _array(proof, "values", (n, p)),
        _array(proof, "jacobians", (n, p, d)),
        lower_bound,
        _number(proof, "pricing_maximum"),
        _text(proof, "pricing"),
        _optional(proof, "values_low", (n, p)),
        _optional(proof, "jacobians_low", (n, p, d)),
    )
    versions = _table(document, "versions")
    return Solution(
        problem=problem,
        network=network,
        certificate=certificate,
        cost=_number(document, "cost"),
        lower_bound=lower_bound,
        relative_gap=_number(document, "relative_gap"),
        status=cast(Status, status),
        iterations=_integer(document, "iterations"),
        seconds=_number(document, "seconds"),
        versions={name: _text(versions, name) for name in versions},
        history=_history(document.get("history", [])),
        interrupted=_flag(document, "interrupted"),
        moved=_moved(document, problem),
    )


def _moved(document: dict[str, Any], problem: Interpolation) -> Interpolation | None:
    """The problem with moved centers, if the file has any."""
    if "moved" not in document:
        return None
    centers = _array(_table(document, "moved"), "centers", problem.centers.shape)
    return Interpolation(centers, problem.targets, problem.radii)


def _history(rows: Any) -> tuple[Progress, ...]:
    """Rounds, which files of older releases and explicit solutions do not have."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise InvalidProblem('"history" must be a list of lists')
    steps = []
    for row in rows:
        if len(row) != 4:
            raise InvalidProblem('"history" must hold round, cost, lower_bound and hinges')
        step = dict(zip(Progress._fields, row, strict=True))
        steps.append(
            Progress(
                _integer(step, "round"),
                math.inf if step["cost"] is None else _number(step, "cost"),
                _number(step, "lower_bound"),
                _integer(step, "hinges"),
            )
        )
    return tuple(steps)


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key."""
    value = document.get(key)
    if not isinstance(value, dict):
        raise InvalidProblem(f'"{key}" must be an object')
    return value


def _text(document: dict[str, Any], key: str) -> str:
    """The string under a key."""
    value = document.get(key)
    if not isinstance(value, str):
        raise InvalidProblem(f'"{key}" must be a string')
    return value


def _flag(document: dict[str, Any], key: str) -> bool:
    """True or false, which it is if it is not there."""
    value = document.get(key, False)
    if not isinstance(value, bool):
        raise InvalidProblem(f'"{key}" must be true or false')
    return value


def _number(document: dict[str, Any], key: str) -> float:
    """A finite number."""
    value: Any = document.get(key)
    if not _is_number(value):
        raise InvalidProblem(f'"{key}" must be a number that is finite')
    return float(value)


def _integer(document: dict[str, Any], key: str) -> int:
    """A whole number, not negative."""
    value = document.get(key)
    if type(value) is not int or value < 0:
        raise InvalidProblem(f'"{key}" must be a whole number')
    return value


def _size(document: dict[str, Any], key: str, dimensions: int = 2) -> tuple[int, ...]:
    """Lengths of a list, and of the first of its rows."""
    value = document.get(key)
    if not isinstance(value, list):
        raise InvalidProblem(f'"{key}" must be a list')
    if dimensions == 1:
        return (len(value),)
    if not value or not isinstance(value[0], list) or not value[0]:
        raise InvalidProblem(f'"{key}" must be a list of lists of numbers, none of them empty')
    return len(value), len(value[0])


def _array(document: dict[str, Any], key: str, shape: tuple[int, ...]) -> Array:
    """Finite numbers in lists of exactly this shape; an empty list where there are no rows.

    Every number of the array is one of the document: no short row is repeated.
    """
    value = document.get(key)
    if not isinstance(value, list):
        raise InvalidProblem(f'"{key}" must be a list')
    entries: list[Any] = value
    for length in shape[1:]:
        if not all(isinstance(row, list) and len(row) == length for row in entries):
            raise _wrong(key, shape)
        entries = [entry for row in entries for entry in row]
    if len(value) != shape[0] or not all(map(_is_number, entries)):
        raise _wrong(key, shape)
    return np.array(entries, dtype=float).reshape(shape)


def _optional(document: dict[str, Any], key: str, shape: tuple[int, ...]) -> Array | None:
    """The same, or None where the key is not there."""
    return _array(document, key, shape) if key in document else None


def _wrong(key: str, shape: tuple[int, ...]) -> InvalidProblem:
    """The error of numbers that are none, or not as many as the rest of the file asks for."""
    return InvalidProblem(f'"{key}" must be numbers of shape {list(shape)}, all finite')


def _is_number(value: Any) -> bool:
    """Whether this is a number that a float holds; true and "1" are none."""
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} is not JSON")
