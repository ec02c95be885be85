"""Independent verification: what a network and multipliers prove, whoever found them.

Nothing here is shared with the solvers, and nothing imports them or cvxpy.  Multipliers are changed
until the dual equalities hold exactly (`exact.dual`) and priced by arithmetic with proven rounding
(`pricing_bound`); the network is measured on every site (`site_errors`), and the cost of an exact
interpolant next to it is enclosed (`exact.upper_bound`): all that is the `evidence`, which `checks`
compares with what is stated.  That no network interpolates is checked in integers
(`exact.infeasibility`).
"""

from convexden.verification.checks import Verification, judge, verify, verify_certificate
from convexden.verification.evidence import Evidence, examine, proven_bound
from convexden.verification.exact.infeasibility import (
    check_infeasibility,
    infeasibility_certificate,
)
from convexden.verification.regularization import (
    RegularizedVerification,
    verify_objective,
    verify_regularized,
)
from convexden.verification.report import Check
from convexden.verification.site_errors import SiteErrors, site_errors

__all__ = [
    "Check",
    "Evidence",
    "RegularizedVerification",
    "SiteErrors",
    "Verification",
    "check_infeasibility",
    "examine",
    "infeasibility_certificate",
    "judge",
    "proven_bound",
    "site_errors",
    "verify",
    "verify_certificate",
    "verify_objective",
    "verify_regularized",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
