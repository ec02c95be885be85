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
    "ExternalFailure": "errors",
    "InfeasibleProblem": "errors",
    "InvalidInput": "errors",
    "InvalidProblem": "errors",
    "NotCertified": "errors",
    "UnsupportedProblem": "errors",
    "Interpolation": "problem",
    "denoising": "problem",
    "ShallowNetwork": "network",
    "Progress": "solution",
    "RegularisationPath": "solution",
    "RegularisedSolution": "solution",
    "Solution": "solution",
    "solve": "solving",
    "largest_penalty": "regularised",
    "regularisation_path": "regularised",
    "regularise": "regularised",
    "Decomposition": "ramps",
    "Ramp": "ramps",
    "decode": "ramps",
    "FixedPoint": "dynamics",
    "fixed_points": "dynamics",
    "Alignment": "alignment",
    "Comparison": "alignment",
    "align": "alignment",
    "HingeAlignment": "hinges",
    "hinge_alignment": "hinges",
    "Uniqueness": "minimisers",
    "uniqueness": "minimisers",
    "Frontier": "sweep.frontiers",
    "frontier": "sweep.frontiers",
    "SampledOptima": "sweep.sampling",
    "sampled_optima": "sweep.sampling",
    "ShapeMap": "sweep.shape_maps",
    "shape_map": "sweep.shape_maps",
    "Verification": "verification",
    "RegularisedVerification": "verification",
    "verify_certificate": "verification",
    "verify_regularised": "verification",
    "Counterexample": "sweep.counterexamples",
    "search": "sweep.counterexamples",
    "load": "serialization",
    "save": "serialization",
}
_ROOMS = (
    "theorems",
    "data",
    "alignment",
    "distances",
    "formulations",
    "pieces",
    "plotting",
    "training",
)

__all__ = ["__version__", *sorted(_HOMES), *_ROOMS]

if TYPE_CHECKING:  # what a name is imported as, a type checker re-exports
    from convexden import alignment as alignment
    from convexden import data as data
    from convexden import distances as distances
    from convexden import formulations as formulations
    from convexden import pieces as pieces
    from convexden import plotting as plotting
    from convexden import theorems as theorems
    from convexden import training as training
    from convexden.alignment import Alignment as Alignment
    from convexden.alignment import Comparison as Comparison
    from convexden.alignment import align as align
    from convexden.certificate import Certificate as Certificate
    from convexden.dynamics import FixedPoint as FixedPoint
    from convexden.dynamics import fixed_points as fixed_points
    from convexden.errors import ConvexdenError as ConvexdenError
    from convexden.errors import ExternalFailure as ExternalFailure
    from convexden.errors import InfeasibleProblem as InfeasibleProblem
    from convexden.errors import InvalidInput as InvalidInput
    from convexden.errors import InvalidProblem as InvalidProblem
    from convexden.errors import NotCertified as NotCertified
    from convexden.errors import UnsupportedProblem as UnsupportedProblem
    from convexden.hinges import HingeAlignment as HingeAlignment
    from convexden.hinges import hinge_alignment as hinge_alignment
    from convexden.minimisers import Uniqueness as Uniqueness
    from convexden.minimisers import uniqueness as uniqueness
    from convexden.network import ShallowNetwork as ShallowNetwork
    from convexden.problem import Interpolation as Interpolation
    from convexden.problem import denoising as denoising
    from convexden.ramps import Decomposition as Decomposition
    from convexden.ramps import Ramp as Ramp
    from convexden.ramps import decode as decode
    from convexden.regularised import largest_penalty as largest_penalty
    from convexden.regularised import regularisation_path as regularisation_path
    from convexden.regularised import regularise as regularise
    from convexden.serialization import load as load
    from convexden.serialization import save as save
    from convexden.solution import Progress as Progress
    from convexden.solution import RegularisationPath as RegularisationPath
    from convexden.solution import RegularisedSolution as RegularisedSolution
    from convexden.solution import Solution as Solution
    from convexden.solving import solve as solve
    from convexden.sweep.counterexamples import Counterexample as Counterexample
    from convexden.sweep.counterexamples import search as search
    from convexden.sweep.frontiers import Frontier as Frontier
    from convexden.sweep.frontiers import frontier as frontier
    from convexden.sweep.sampling import SampledOptima as SampledOptima
    from convexden.sweep.sampling import sampled_optima as sampled_optima
    from convexden.sweep.shape_maps import ShapeMap as ShapeMap
    from convexden.sweep.shape_maps import shape_map as shape_map
    from convexden.verification import RegularisedVerification as RegularisedVerification
    from convexden.verification import Verification as Verification
    from convexden.verification import verify_certificate as verify_certificate
    from convexden.verification import verify_regularised as verify_regularised


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"convexden.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return import_module(f"convexden.{name}")
    raise AttributeError(f"module 'convexden' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
