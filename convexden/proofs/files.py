"""`save` and `load` of whatever the library stores: solutions, and proofs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from convexden import arguments
from convexden.errors import InvalidInput, InvalidProblem
from convexden.proofs.proof import FORMAT, Proof
from convexden.solution import Solution
from convexden.storage import solutions
from convexden.storage.files import whole_file


def save(result: object, path: str | Path) -> None:
    """Write a `Solution` or a `Proof` to a JSON file, whole or not at all.

    A proof file is what `convexden.proofs.checker` reads, which needs Python alone.

    Raises
    ------
    InvalidProblem
        If the file cannot be written, a number of the solution is not finite, or there is no proof.
    """
    if not isinstance(result, Solution | Proof):
        kind = type(result).__name__
        raise InvalidInput(f"the result is of type {kind}: give a Solution or a Proof")
    if isinstance(result, Solution):
        solutions.save(result, path)
        return
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.to_dict().items()]
    with whole_file(path) as temporary:
        temporary.write_text("{" + ",\n ".join(lines) + "}\n", encoding="utf-8")


def load(path: str | Path) -> Solution | Proof:
    """Read a solution or a proof from a JSON file.

    A proof is checked, which may take some seconds.  `verify_certificate` tells whether to believe
    a solution.

    Raises
    ------
    InvalidProblem
        If the file cannot be read, holds neither, or the proof proves nothing.
    """
    document = proof_document(path)
    return solutions.load(path) if document is None else Proof.from_dict(document)


def proof_document(path: str | Path) -> Any:
    """What a proof file holds; None if the file is no proof, or cannot be read."""
    try:
        text = arguments.path(path).read_text(encoding="utf-8-sig")
        document = json.loads(text) if f'"{FORMAT}"' in text else None
    except MemoryError as error:
        raise InvalidProblem(f"{path} does not fit in memory: give a smaller file") from error
    except (OSError, ValueError, RecursionError):
        return None  # what reads solutions says what is wrong
    is_proof = isinstance(document, dict) and document.get("format") == FORMAT
    return document if is_proof else None
