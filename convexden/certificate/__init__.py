"""Certificates: multipliers, and what proves how large their pricing maximum is.  Pure data."""

from convexden.certificate.edges import Edges
from convexden.certificate.leaves import Leaves
from convexden.certificate.multipliers import Certificate

__all__ = ["Certificate", "Edges", "Leaves"]
