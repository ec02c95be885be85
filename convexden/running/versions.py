"""Which versions of convexden and of the libraries it rests on a number comes from."""

from __future__ import annotations

from functools import cache
from importlib import metadata

from convexden import __version__

_LIBRARIES = ("numpy", "scipy", "cvxpy", "clarabel")

# Looking one up reads files: a sixth of the time of a small solve.
version = cache(metadata.version)


def installed(*others: str) -> dict[str, str]:
    """Versions of convexden, of the libraries of the solvers and of `others`, by their names."""
    return {"convexden": __version__} | {name: version(name) for name in (*_LIBRARIES, *others)}
