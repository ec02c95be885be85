r"""Takes a large affine part out of the targets of samples, and puts it back into the network.

The skip connection is free: :math:`R(h + A y + c) = R(h)`, and multipliers see no affine function.
Where the targets are nearly affine, what matters is in their last digits, and sums of the targets
lose it.  So the fit :math:`A y + c` is subtracted exactly, and the rest rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from convexden import display
from convexden.errors import InvalidProblem
from convexden.geometry.hull import Hull
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.affine import AffineFit, inside

# An affine part is large if what it leaves is less than this share of the targets' range; else its
# digits do no harm, and the targets stay as they are.
LARGE = 2.0**-10


@dataclass(frozen=True, eq=False)
class AffinePart:
    """What was taken out of a problem.

    Attributes
    ----------
    problem : Interpolation
        What is left; the problem itself if nothing was taken out.
    fit : AffineFit or None
    hull : Hull or None
        That of the samples, in which the fit is.
    """

    problem: Interpolation
    fit: AffineFit | None = None
    hull: Hull | None = None

    __repr__ = display.field_line

    @classmethod
    def of(cls, problem: Interpolation) -> AffinePart:
        """The least-squares fit of samples, if it is large; of balls nothing."""
        if problem.radii.any() or not _nearly_affine(problem):
            return cls(problem)
        hull = problem.hull
        fit = AffineFit.least_squares(inside(hull), problem.targets)
        try:
            return cls(Interpolation(problem.centers, fit.misses()), fit, hull)
        except InvalidProblem:  # what is left is below the range of numbers
            return cls(problem)

    def restored(self, network: ShallowNetwork) -> ShallowNetwork:
        """The network of what is left, with the fit in its skip connection and offset."""
        if self.fit is None or self.hull is None:
            return network
        skip, offset = self.fit.added_to(network.skip, network.offset, self.hull)
        return replace(network, skip=skip, offset=offset)


def _nearly_affine(problem: Interpolation) -> bool:
    """Whether an affine fit leaves little of the targets."""
    offsets = problem.centers - problem.centers.mean(axis=0)
    scale = np.abs(offsets).max(axis=0)
    offsets = offsets / np.where(scale > 0, scale, 1.0)
    steps = problem.targets - problem.targets.mean(axis=0)
    left = steps - offsets @ np.linalg.lstsq(offsets, steps, rcond=None)[0]
    return float(np.abs(left).max()) < LARGE * float(np.abs(steps).max())
