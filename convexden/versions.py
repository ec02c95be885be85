"""Which versions of convexden and of the libraries it rests on a number comes from."""

from __future__ import annotations

from importlib.metadata import version

from convexden import __version__

_LIBRARIES = ("numpy", "scipy", "cvxpy", "clarabel")


def installed(*others: str) -> dict[str, str]:
    """Versions of convexden, of the libraries of the solvers and of `others`, by their names."""
    return {"convexden": __version__} | {name: version(name) for name in (*_LIBRARIES, *others)}
