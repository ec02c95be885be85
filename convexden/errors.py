"""The exceptions of convexden.  Every message is one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convexden.certificate import Certificate
    from convexden.infeasibility import InfeasibilityProof


class ConvexdenError(Exception):
    """Base class of every error that convexden raises on purpose."""


class InvalidInput(ConvexdenError, ValueError):
    """An argument is of the wrong type or out of its range."""


class InvalidProblem(InvalidInput):
    """The data do not state an interpolation problem (shapes, NaN, contradictory targets, ...)."""


class InfeasibleProblem(ConvexdenError):
    """No shallow ReLU network interpolates the data: proven in integers.

    Attributes
    ----------
    proof : InfeasibilityProof or None
        The proof, which `convexden.verification.check_infeasibility` checks.
    certificate : Certificate or None
        Its multipliers, rounded to floats: they satisfy the dual equalities, their objective is one
        and no feasible hinge sees them (pricing maximum 0).
    """

    def __init__(
        self,
        message: str,
        proof: InfeasibilityProof | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """The message, and the proof with its certificate if there is one."""
        super().__init__(message)
        self.proof = proof
        self.certificate = certificate


class NotCertified(ConvexdenError):
    """A certified result was required and the duality gap is too large."""


class TooLarge(ConvexdenError):
    """More sites, faces, activation patterns or numbers than time and memory allow."""


class NotSupported(ConvexdenError):
    """What is asked does not apply: a formulation of one output, a picture of a plane, ..."""


class MissingDependency(ConvexdenError, ImportError):
    """An optional library is not installed; the message says which command installs it."""


class ExternalFailure(ConvexdenError):
    """Something outside of convexden failed: the disk is full, or cannot be read from."""
