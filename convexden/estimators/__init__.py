"""Estimators of scikit-learn: `MinimumNormDenoiser` and `MinimumNormRegressor`.

They need scikit-learn, ``pip install "convexden[sklearn]"``, which is loaded when one of them is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from convexden.errors import MissingDependency

if TYPE_CHECKING:
    from convexden.estimators.denoiser import MinimumNormDenoiser as MinimumNormDenoiser
    from convexden.estimators.regressor import MinimumNormRegressor as MinimumNormRegressor

_HOMES = {"MinimumNormDenoiser": "denoiser", "MinimumNormRegressor": "regressor"}

__all__ = ["MinimumNormDenoiser", "MinimumNormRegressor"]


def __getattr__(name: str) -> Any:
    """An estimator, by its name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        raise MissingDependency(
            "the estimators need scikit-learn, which is not installed: run "
            '`pip install "convexden[sklearn]"`'
        ) from error


def __dir__() -> list[str]:
    """The public names."""
    return __all__
