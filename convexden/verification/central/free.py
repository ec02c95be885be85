"""Functions that cost nothing whatever hinges are charged for: the affine ones that may be used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.affine import affine_interpolant


def free_interpolant(problem: Interpolation) -> ShallowNetwork | None:
    """A network without hinges through all samples, up to the rounding of its numbers, if there is
    one of the free affine functions of the cost."""
    cost, targets = problem.cost, problem.targets
    p, d = problem.output_dimension, problem.input_dimension
    if (targets == targets[0]).all() and (cost.offset or not targets.any()):
        none = np.zeros((0, p)), np.zeros((0, d)), np.zeros(0)
        return ShallowNetwork(*none, np.zeros((p, d)), targets[0])
    if not cost.skip:
        return None
    if cost.offset:
        return affine_interpolant(problem)
    try:  # a linear function is an affine one that vanishes at the origin
        rooted = Interpolation(
            np.vstack([problem.centers, np.zeros(d)]), np.vstack([targets, np.zeros(p)])
        )
    except InvalidProblem:  # a sample at the origin has another target
        return None
    found = affine_interpolant(rooted)
    return None if found is None else replace(found, offset=np.zeros(p))
