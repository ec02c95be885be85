"""Solutions as JSON files (version 1), and lists of records.

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

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.files import whole_file
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import STATUSES, Progress, Solution, Status

Array = NDArray[np.float64]

FORMAT = "convexden-solution"
VERSION = 1


def save(solution: Solution, path: str | Path) -> None:
    """Write a solution to a JSON file, whole or not at all.

    Raises
    ------
    InvalidProblem
        If the file cannot be written, or a number of the solution is not finite.
    """
    text = to_json(solution)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def load(path: str | Path) -> Solution:
    """Read a solution from a JSON file; `verify_certificate` tells whether to believe it.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or does not hold a solution of version 1.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_no_constant)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(f"{path} cannot be read ({reason}): check the name") from error
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
    problem, network, certificate = solution.problem, solution.network, solution.certificate
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
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
        },
        "certificate": {
            "values": certificate.values.tolist(),
            "jacobians": certificate.jacobians.tolist(),
            "pricing_maximum": float(certificate.pricing_maximum),
            "pricing": certificate.pricing,
        },
        "cost": float(solution.cost),
        "lower_bound": float(solution.lower_bound),
        "relative_gap": float(solution.relative_gap),
        "neurons": solution.neurons,
        "iterations": int(solution.iterations),
        "seconds": float(solution.seconds),
        "versions": dict(solution.versions),
    }
    if solution.history:
        document["history"] = [
            [step.round, step.cost if step.cost < math.inf else None, *step[2:]]
            for step in solution.history
        ]
    return document


def _from_document(document: Any) -> Solution:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InvalidProblem(f'not a solution file: "format" must be "{FORMAT}"')
    if type(document.get("version")) is not int or document["version"] != VERSION:
        raise InvalidProblem(
            f"version {document.get('version')!r} is not {VERSION}: "
            "install the release of convexden that wrote it"
        )
    status = document.get("status")
    if status not in STATUSES:
        raise InvalidProblem(f'"status" must be one of {", ".join(STATUSES)}')
    sites = _table(document, "problem")
    problem = Interpolation(
        _array(sites, "centers", 2), _array(sites, "targets", 2), _array(sites, "radii", 1)
    )
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    _expect("radii", _array(sites, "radii", 1), (n,))
    parts = _table(document, "network")
    biases = _array(parts, "biases", 1)
    network = ShallowNetwork(
        _expect("output_weights", _array(parts, "output_weights", 2), (biases.size, p)),
        _expect("input_weights", _array(parts, "input_weights", 2), (biases.size, d)),
        biases,
        _expect("skip", _array(parts, "skip", 2), (p, d)),
        _expect("offset", _array(parts, "offset", 1), (p,)),
    )
    if _integer(document, "neurons") != network.neurons:
        raise InvalidProblem(f'"neurons" must be {network.neurons}, the length of "biases"')
    proof = _table(document, "certificate")
    lower_bound = _number(document, "lower_bound")
    certificate = Certificate(
        _expect("values", _array(proof, "values", 2), (n, p)),
        _expect("jacobians", _array(proof, "jacobians", 3), (n, p, d)),
        lower_bound,
        _number(proof, "pricing_maximum"),
        _text(proof, "pricing"),
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
    )


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
    value = document.get(key)
    if not isinstance(value, dict):
        raise InvalidProblem(f'"{key}" must be an object')
    return value


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        raise InvalidProblem(f'"{key}" must be a string')
    return value


def _number(document: dict[str, Any], key: str) -> float:
    return float(_numbers(key, document.get(key), 0))


def _integer(document: dict[str, Any], key: str) -> int:
    value = document.get(key)
    if type(value) is not int or value < 0:
        raise InvalidProblem(f'"{key}" must be a whole number')
    return value


def _array(document: dict[str, Any], key: str, dimensions: int) -> Array:
    value = document.get(key)
    if not isinstance(value, list):
        raise InvalidProblem(f'"{key}" must be a list')
    return _numbers(key, value, dimensions)


def _numbers(key: str, value: Any, dimensions: int) -> Array:
    """Finite numbers of this many dimensions; true, "1" and 1e999 are none."""
    shape = "a number" if dimensions == 0 else f"numbers in a list of depth {dimensions}"
    try:
        entries = np.array(value, dtype=object)
        if not all(type(entry) in (int, float) for entry in entries.flat):
            raise ValueError(key)
        array = entries.astype(float)
    except (ValueError, OverflowError) as error:
        raise InvalidProblem(f'"{key}" must be {shape}, all finite') from error
    if not np.isfinite(array).all() or (array.size and array.ndim != dimensions):
        raise InvalidProblem(f'"{key}" must be {shape}, all finite')
    return array


def _expect(key: str, array: Array, shape: tuple[int, ...]) -> Array:
    """Check the shape; a network without neurons has empty lists of weights."""
    if array.shape != shape and (array.size or 0 not in shape):
        raise InvalidProblem(f'"{key}" has shape {array.shape}, expected {shape}')
    return array.reshape(shape)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
