"""Results as rows of a table of pandas, which is imported when one is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convexden.errors import InvalidInput
from convexden.interchange.records import data_frame


def to_frame(results: Any) -> Any:
    """Make a ``pandas.DataFrame`` of results, one row each.

    Parameters
    ----------
    results : result or iterable of results
        Of `Solution` or `RegularizedSolution`, by `to_dict`, or of results of
        `convexden.theorems.verify_all`, by `as_dict`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MissingDependency
        If pandas is not installed.
    InvalidInput
        If something is no result.
    """
    each = results if isinstance(results, Iterable) else [results]
    return data_frame([_row(result) for result in each])


def _row(result: Any) -> dict[str, Any]:
    """The row of one result."""
    for name in ("to_dict", "as_dict"):
        if hasattr(result, name):
            row: dict[str, Any] = getattr(result, name)()
            return row
    raise InvalidInput(
        f"{type(result).__name__} is no result: give solutions, or results of theorems"
    )
