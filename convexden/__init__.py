"""convexden: minimum-norm shallow ReLU denoisers, solved exactly and with a certificate.

The public names are loaded on first use, so that `import convexden` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Certificate": "certificate",
    "ConvexdenError": "errors",
    "InfeasibleProblem": "errors",
    "InvalidProblem": "errors",
    "NotCertified": "errors",
    "UnsupportedProblem": "errors",
    "Interpolation": "problem",
    "denoising": "problem",
    "ShallowNetwork": "network",
    "Progress": "solution",
    "Solution": "solution",
    "solve": "solving",
    "verify_certificate": "verification",
    "load": "serialization",
    "save": "serialization",
}
_ROOMS = ("theorems", "data", "alignment", "plotting")

__all__ = ["__version__", *sorted(_HOMES), *_ROOMS]

if TYPE_CHECKING:
    from convexden import alignment, data, plotting, theorems
    from convexden.certificate import Certificate
    from convexden.errors import (
        ConvexdenError,
        InfeasibleProblem,
        InvalidProblem,
        NotCertified,
        UnsupportedProblem,
    )
    from convexden.network import ShallowNetwork
    from convexden.problem import Interpolation, denoising
    from convexden.serialization import load, save
    from convexden.solution import Progress, Solution
    from convexden.solving import solve
    from convexden.verification import verify_certificate


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"convexden.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return import_module(f"convexden.{name}")
    raise AttributeError(f"module 'convexden' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
