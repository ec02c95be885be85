"""Solutions of every kind, each a file of its own format; `convexden.proofs.files` adds proofs."""

from __future__ import annotations

from pathlib import Path

from convexden import arguments
from convexden.errors import InvalidInput
from convexden.solution import RegularizedSolution, Solution
from convexden.storage import documents, regularized, solutions
from convexden.storage.files import whole_file


def save(solution: Solution | RegularizedSolution, path: str | Path) -> None:
    """Write a solution to a JSON file, whole or not at all.

    Raises
    ------
    InvalidProblem
        If the file cannot be written, or a number of the solution is not finite.
    """
    text = to_json(solution)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def to_json(solution: Solution | RegularizedSolution) -> str:
    """Write the text of the file of a solution, one top-level key a line.

    Raises
    ------
    InvalidProblem
        If a number of the solution is not finite.
    """
    if isinstance(solution, RegularizedSolution):
        return regularized.to_json(solution)
    if not isinstance(solution, Solution):
        raise InvalidInput(f"solution is of type {type(solution).__name__}: give a Solution")
    return solutions.to_json(solution)


def load(path: str | Path) -> Solution | RegularizedSolution:
    """Read a solution from a JSON file: what `solve` or `regularize` returned.

    `verify_certificate` or `verify_regularized` tells whether to believe it.  Keys that this
    release does not know are passed over.  The memory that it takes is proportional to the size of
    the file, whatever is in it, and to that of a skip connection if it is held by coefficients:
    1 GB at most.

    Returns
    -------
    Solution or RegularizedSolution

    Raises
    ------
    InvalidProblem
        If the file cannot be read or does not hold a solution.
    """
    path = arguments.path(path)
    document = documents.read(path)
    if isinstance(document, dict) and document.get("format") == regularized.FORMAT:
        return regularized.load_regularized(path)
    return solutions.load(path)
