r"""The exact program of networks with one output, over all activation patterns.

Neurons of one pattern D whose output weights have one sign act as one, whose vector is the sum of
theirs and weighs no more: one neuron for every pattern and sign is enough, held in the cone of its
pattern by linear constraints (Pilanci & Ergen 2020, arXiv 2002.10553)::

    minimize sum_D tau_D + tau'_D   over  x_D = (w_D, b_D),  x'_D = (w'_D, b'_D),  V,  c
    subject to  (2 D_n - 1) (w_D.y_n + b_D) >= r_n tau_D,  |w_D| <= tau_D,  and likewise x'_D,
                sum_D D_n ((w_D - w'_D).y_n + b_D - b'_D) + V y_n + c = t_n   for all sites,
                sum_D D_n (w_D - w'_D) + V = 0   for all balls.

It is theirs with free biases, a skip connection and, new, balls: their margin r_n |w| is a
second-order cone, which the tau_D of the cost supply.  Of two complementary patterns, whose neurons
differ by an affine function, one is enough; V and c are eliminated as everywhere (see
`constraints`); and with samples only those of the N constraints of a cone are written down that
bound it, about four in the plane.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from convexden.errors import NotCertified, NotSupported, TooLarge
from convexden.geometry.directions import max_margin_direction
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Hinges, Indices
from convexden.solvers.outcome import NO_PRICING, Outcome
from convexden.solvers.patterns.arrangement import (
    activation_patterns,
    facets,
    half_of,
    most_patterns,
)
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import (
    Program,
    network_of_hinges,
    no_solution,
    priced,
    solve_accurately,
)

# Second-order cones of the program, one for each sign, pattern and ball.
MOST_CONES = 20_000
# Share by which hinges are moved further than they lack: rounding is not to bring them back.
_BEYOND = 1e-6


class ScalarExact(Program):
    """See the module.

    Parameters
    ----------
    constraints : Constraints
        With one output.

    Raises
    ------
    TooLarge
        If there are too many patterns.
    """

    name = "scalar-exact"

    def __init__(self, constraints: Constraints) -> None:
        """State the program over half of the patterns, each with both signs."""
        import cvxpy as cp

        super().__init__(constraints)
        d = constraints.problem.input_dimension
        check_scalar(constraints.problem)
        every = activation_patterns(constraints.problem, constraints.clock)
        half = half_of(every)
        patterns = every[half]
        count = 2 * len(patterns)
        # What bounds the cone of a pattern is known for samples; of balls, all may.
        bounding = (
            np.ones_like(patterns) if constraints.problem.radii.any() else facets(every)[half]
        )
        self._patterns = np.tile(patterns, (2, 1))  # the second time with weights below zero
        self._hinges, self._sizes = cp.Variable((count, d + 1)), cp.Variable(count)
        inside, margins = _cones(constraints, self._patterns, np.tile(bounding, (2, 1)))
        values = _features(constraints, patterns)
        stacked = cp.vec(self._hinges, order="C")
        self._interpolate = sparse.hstack([values, -values]) @ stacked == constraints.targets[:, 0]
        self.problem = cp.Problem(
            cp.Minimize(cp.sum(self._sizes)),
            [
                cp.SOC(self._sizes, self._hinges[:, :d], axis=1),
                inside @ stacked >= margins @ self._sizes,
                self._interpolate,
            ],
        )

    def solve(self) -> None:
        """As of `Program.solve`.  On clusters of samples Clarabel may stop short of full accuracy:
        then it tries again with equilibration, and what is proved to be nearer to the optimum
        counts."""
        import cvxpy as cp

        super().solve()
        if self.problem.status == cp.OPTIMAL:
            return
        first, width = self.problem.solution, self._width()
        try:
            solve_accurately(
                self.problem, f"the {self.name} program", (True,), self.constraints.clock
            )
        except NotCertified:
            self.problem.unpack(first)
        if self._width() > width:
            self.problem.unpack(first)

    def _width(self) -> float:
        """The cost of the network that is read back less the bound; infinite without one."""
        try:
            found = self.read()
        except NotCertified:
            return np.inf
        assert found.network is not None
        cost = found.network.representation_cost
        objective = float(np.sum(found.values * self.constraints.problem.targets))
        return cost - objective / max(1.0, found.pricing_maximum)

    def read(self) -> Outcome:
        """A network and, where its multipliers can be priced, a bound."""
        if self._hinges.value is None:
            raise no_solution("the scalar-exact program", str(self.problem.status))
        sizes = np.linalg.norm(self._hinges.value[:, :-1], axis=1)
        vectors = _clear(self.constraints, self._hinges.value, self._patterns)
        norms = np.linalg.norm(vectors[:, :-1], axis=1)
        used = np.flatnonzero(norms > 0)
        signs = np.where(used < len(norms) // 2, 1.0, -1.0)
        hinges = _hinges(vectors[used] / norms[used, None], self._patterns[used])
        # Past samples a hinge may go: there it counts as it is, not as its cone has it.
        samples = self.constraints.problem.radii == 0
        hinges.patterns[:, samples] = hinges.offsets(self.constraints.problem)[:, samples] > 0
        weights = (signs * norms[used])[:, None]
        network = network_of_hinges(
            self.constraints, hinges, weights, sizes[used], "the scalar-exact program"
        )
        found: Array = -self._interpolate.dual_value[:, None]
        values, jacobians = self.constraints.multipliers(found)
        maximum, pricing = priced(self.constraints.problem, values, jacobians)
        if not np.isfinite(maximum):
            nothing = self.constraints.multipliers(np.zeros_like(found))
            return Outcome(network, *nothing, 0.0, NO_PRICING)
        return Outcome(network, values, jacobians, maximum, pricing)


def check_scalar(problem: Interpolation) -> None:
    """Raise NotSupported or TooLarge unless there are one output and few enough patterns."""
    n, d = problem.centers.shape
    if problem.output_dimension != 1:
        raise NotSupported(
            f"scalar-exact needs one output, these targets span {problem.output_dimension}: give "
            "one number per site, or take column-generation"
        )
    cones = 2 * (most_patterns(n, d) // 2 - 1)
    if cones > MOST_CONES:
        raise TooLarge(
            f"scalar-exact has two cones per activation pattern, {cones} for {n} sites that span "
            f"{d} dimensions (at most {MOST_CONES}): give fewer sites, or take column-generation"
        )


def _features(constraints: Constraints, patterns: Flags) -> sparse.csc_array:
    """The map (M, P (d + 1)) from the vectors (w, b) of all patterns to their rows."""
    d = constraints.problem.input_dimension
    units = np.tile(np.eye(d + 1), (len(patterns), 1))
    return sparse.csc_array(
        constraints.features(_hinges(units, np.repeat(patterns, d + 1, axis=0))).T
    )


def _hinges(lines: Array, patterns: Flags) -> Hinges:
    """Of vectors (w, b)."""
    nowhere, still = np.full(len(lines), -1), np.zeros(len(lines), dtype=bool)
    return Hinges(lines[:, :-1], lines[:, -1], patterns, nowhere, nowhere, still)


def _clear(constraints: Constraints, vectors: Array, patterns: Flags) -> Array:
    r"""The vectors (w, b) of all neurons, moved off the balls that they cut by rounding.

    The margin :math:`\min_n (2 D_n - 1) (w^T y_n + b) - r_n |w|` is concave and homogeneous: a
    multiple of a hinge that has one, added to a neuron, makes up for what it lacks.  Added to both
    neurons of the pattern it changes no value.
    """
    problem = constraints.problem
    balls = problem.radii > 0
    if not balls.any():
        return vectors
    signs = np.where(patterns, 1.0, -1.0)[:, balls]
    z = vectors @ np.column_stack([problem.centers, np.ones(len(problem))])[balls].T
    norms = np.linalg.norm(vectors[:, :-1], axis=1)
    lacks = np.max(problem.radii[balls] * norms[:, None] - signs * z, axis=1)
    both = np.maximum(lacks.reshape(2, -1).max(axis=0), 0.0)
    cleared = vectors.copy()
    for k in np.flatnonzero(both):
        inner, margin = _widest(problem, np.where(balls, np.where(patterns[k], 1, -1), 0))
        cleared[[k, k + len(both)]] += (1 + _BEYOND) * (both[k] / margin) * inner
    return cleared


def _widest(problem: Interpolation, sides: Indices) -> tuple[Array, float]:
    """A hinge (w, b) between the two sides, or beyond all of one, and its margin."""
    u = max_margin_direction(problem.centers, problem.radii, sides.astype(np.int8))
    if np.isnan(u).any():
        return np.append(np.zeros(len(u)), 1.0 if sides.max() > 0 else -1.0), 1.0
    projections = problem.centers @ u
    end = (projections - problem.radii)[sides > 0].min()
    start = (projections + problem.radii)[sides < 0].max()
    return np.append(u, -(end + start) / 2), float(end - start) / 2


def _cones(
    constraints: Constraints, patterns: Flags, bounding: Flags
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Matrices for the linear constraints of all cones: on the vectors, and on their sizes."""
    problem = constraints.problem
    d = problem.input_dimension
    cone, site = np.nonzero(bounding)
    signs = np.where(patterns[cone, site], 1.0, -1.0)[:, None]
    planes = signs * np.column_stack([problem.centers, np.ones(len(problem))])[site]
    row = np.arange(len(cone))
    columns = cone[:, None] * (d + 1) + np.arange(d + 1)
    inside = sparse.csr_array(
        (planes.ravel(), (np.repeat(row, d + 1), columns.ravel())),
        shape=(len(cone), len(patterns) * (d + 1)),
    )
    margins = sparse.csr_array((problem.radii[site], (row, cone)), shape=(len(cone), len(patterns)))
    return inside, margins


DECLARATION = Declaration(
    name=ScalarExact.name,
    title="all activation patterns, two cones each",
    formula="min sum_D |w_D| + |w'_D|  with (2 D_n - 1)(w_D.y_n + b_D) >= r_n |w_D|, likewise "
    "w'_D, and sum_D D_n ((w_D - w'_D).y_n + b_D - b'_D) + V y_n + c = t_n; on balls also "
    "sum_D D_n (w_D - w'_D) + V = 0",
    reference="Pilanci & Ergen 2020, arXiv 2002.10553; here with free biases, skip connection and "
    "balls",
    kind="exact",
    applies="targets of one dimension; samples or balls",
    cost="two second-order cones of d + 1 numbers per half pattern, of which there are "
    "sum_{k<=d} C(N-1, k) - 1: 4005 for 90 sites in the plane (at most 20 000 cones)",
    requires=check_scalar,
    state=ScalarExact,
)
