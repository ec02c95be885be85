"""Regularized solutions as JSON files.

What the keys mean is said in ``schemas/convexden-regularized.json``.  Files of another cost than
the default are of version 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convexden import arguments
from convexden.certificate import Certificate
from convexden.cost import DEFAULT
from convexden.errors import InvalidProblem
from convexden.measurements import Measurements
from convexden.problem import Interpolation
from convexden.solution import RegularizedSolution
from convexden.storage import documents
from convexden.storage.solutions import (
    cost_document,
    cost_of,
    network_document,
    network_of,
    text_of,
)
from convexden.storage.spans import part_arrays

FORMAT = "convexden-regularized"
VERSION = 1
LATEST = 2  # with another cost than the default


def to_json(solution: RegularizedSolution) -> str:
    """Write the text of the file, one top-level key a line.

    Raises
    ------
    InvalidProblem
        If a number of the solution is not finite.
    """
    problem, certificate = solution.problem, solution.certificate
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION if problem.cost.default else LATEST,
        "status": solution.status,
        "problem": {"centers": problem.centers.tolist(), "targets": problem.targets.tolist()},
        "penalty": float(solution.penalty),
        "network": network_document(solution.network, None),
        "certificate": {
            "values": certificate.values.tolist(),
            "pricing_maximum": float(certificate.pricing_maximum),
            "pricing": certificate.pricing,
        },
        "objective": float(solution.objective),
        "fit": float(solution.fit),
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
    if not problem.cost.default:
        document["cost_of"] = cost_document(problem.cost)
    given = solution.measurements
    if given is not None:
        names = ("inputs", "targets", "weights")
        document["measurements"] = {name: getattr(given, name).tolist() for name in names}
    return text_of(document)


def load_regularized(path: str | Path) -> RegularizedSolution:
    """Read a regularized solution from a JSON file, which `verify_regularized` checks.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or does not hold one.
    """
    path = arguments.path(path)
    document = documents.read(path)
    try:
        documents.check(document, FORMAT)
        return _solution(document)
    except InvalidProblem as error:
        raise InvalidProblem(f"{path}: {error}") from error


def _solution(document: dict[str, Any]) -> RegularizedSolution:
    """The solution that a document states, which its schema allows, if all arrays fit together."""
    stored = document["problem"]
    n, d, p = len(stored["centers"]), len(stored["centers"][0]), len(stored["targets"][0])
    arrays = part_arrays(document, "problem", centers=(n, d), targets=(n, p))
    cost = cost_of(document, d) if "cost_of" in document else DEFAULT
    problem = Interpolation(arrays["centers"], arrays["targets"], cost=cost)
    multipliers = document["certificate"]
    certificate = Certificate(
        part_arrays(document, "certificate", values=(n, p))["values"],
        jacobians=np.zeros((n, p, d)),
        lower_bound=float(document["lower_bound"]),
        pricing_maximum=float(multipliers["pricing_maximum"]),
        pricing=multipliers["pricing"],
    )
    penalty = float(document["penalty"])
    if penalty <= 0.0:
        raise InvalidProblem(f"penalty: {penalty:g}, a positive number expected")
    return RegularizedSolution(
        problem=problem,
        penalty=penalty,
        network=network_of(document, problem),
        certificate=certificate,
        objective=float(document["objective"]),
        fit=float(document["fit"]),
        cost=float(document["cost"]),
        lower_bound=certificate.lower_bound,
        relative_gap=float(document["relative_gap"]),
        status=document["status"],
        iterations=int(document["iterations"]),
        seconds=float(document["seconds"]),
        versions=document["versions"],
        interrupted=document.get("interrupted", False),
        measurements=_measurements(document, d, p),
    )


def _measurements(document: dict[str, Any], d: int, p: int) -> Measurements | None:
    """The measurements, if the file has any."""
    if "measurements" not in document:
        return None
    m = len(document["measurements"]["inputs"])
    shapes = {"inputs": (m, d), "targets": (m, p), "weights": (m,)}
    return Measurements(**part_arrays(document, "measurements", **shapes))
