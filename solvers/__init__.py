"""Solvers for the interpolation problem.  Nothing here is asked to be believed: `convexden.solving`
hands every result to `convexden.verification`."""
