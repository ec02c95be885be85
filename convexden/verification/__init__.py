"""Independent verification: what a network and multipliers prove, whoever found them.

Nothing here is shared with the solvers, and nothing imports them or cvxpy.  The network is
evaluated on every site, with a rigorous bound over each ball (`site_errors`); the multipliers are
projected on the dual equalities (`dual_projection`) and priced by subdivision (`pricing_bound`), in
three and more dimensions face by face (`face_bound`, on the patterns of `sign_patterns` and the
spheres of `tangent_spheres`, with the bounds of `sphere_maxima`); `checks` says what of it holds.
"""

from convexden.verification.checks import (
    Check,
    Verification,
    proven_bound,
    verify,
    verify_certificate,
)
from convexden.verification.regularised import (
    RegularisedVerification,
    verify_objective,
    verify_regularised,
)
from convexden.verification.site_errors import SiteErrors, site_errors

__all__ = [
    "Check",
    "RegularisedVerification",
    "SiteErrors",
    "Verification",
    "proven_bound",
    "site_errors",
    "verify",
    "verify_certificate",
    "verify_objective",
    "verify_regularised",
]
