r"""The edge bound: a lower bound for any number of sites, from pairs of them alone.

Between two balls m and n, along the direction u of the segment that joins them, the network rises
by |t_m - t_n| from one plateau to another: its slopes there change by 2 / (|y_m - y_n| - r_m - r_n)
a unit of height at least, and by half of that if n is a sample, where the slope is free.  A hinge
(a, w) gives the pair at most |v.a| |u.w|, where v is the direction of t_m - t_n.  Hence

    maximize  sum_e c_e b_e   over c >= 0 with  sum_e c_e u_e u_e^T <= I,  sum_e c_e v_e v_e^T <= I,

    b_e = 2 |T_e| / (|D_e| - r_m - r_n),   or   |T_e| / (|D_e| - r_m)   with a sample,

is a lower bound: one semidefinite program of the order of the dimension, without any pattern.  Its
weights are multipliers of the problem, and one Cholesky factorization checks their bound: see
`convexden.verification.edges`, where the proof stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from convexden.certificate import Edges
from convexden.errors import NotCertified, NotSupported
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.hinges import Array, Indices
from convexden.solvers.outcome import Outcome
from convexden.solvers.pricing.spheres import unit
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import Program, no_solution

PRICING = "edges"  # in certificates


@dataclass(frozen=True)
class EdgeSettings:
    """Size of the program."""

    most: int = 500
    """Edges: all of 32 balls.  Thirty images take half a second, and twice as many edges four
    times as long."""

    same: float = 1e-9
    """Entries of the Gram matrices of u and v that differ by less are equal, so that one matrix
    inequality stands for both: as in denoising."""


SETTINGS = EdgeSettings()


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of a ball and another site of a different target.

    Attributes
    ----------
    sites : (E, 2) array
        The ball first.
    steps, jumps : (E, d) and (E, p) arrays
        D_e and T_e.
    slopes : (E,) array
        b_e over |T_e|.
    """

    sites: Indices
    steps: Array
    jumps: Array
    slopes: Array

    @classmethod
    def of(cls, problem: Interpolation) -> _Pairs:
        """All pairs of a problem; of many those of the steepest slopes, and a tree of them."""
        radii = problem.radii
        first, second = np.triu_indices(len(problem), 1)
        turned = radii[first] == 0
        first, second = np.where(turned, second, first), np.where(turned, first, second)
        differ = (problem.targets[first] != problem.targets[second]).any(axis=1)
        kept = (radii[first] > 0) & differ
        first, second = first[kept], second[kept]
        steps = problem.centers[first] - problem.centers[second]
        gaps = np.linalg.norm(steps, axis=1) - radii[first] - radii[second]
        wide = gaps > 0
        slopes = np.where(radii[second] > 0, 2.0, 1.0)[wide] / gaps[wide]
        jumps = problem.targets[first] - problem.targets[second]
        found = cls(np.column_stack([first, second])[wide], steps[wide], jumps[wide], slopes)
        return found._fewest(len(problem)) if len(slopes) > SETTINGS.most else found

    def _fewest(self, count: int) -> _Pairs:
        """The steepest ones, and a spanning tree of these, so that no direction is left out."""
        graph = coo_array((1.0 / self.slopes, self.sites.T), shape=(count, count))
        tree = minimum_spanning_tree(graph).tocoo()
        codes = self.sites @ (count, 1)
        joined = np.isin(codes, np.stack([tree.row, tree.col], axis=1) @ (count, 1))
        order = np.lexsort((-self.slopes, ~joined))[: SETTINGS.most]
        return _Pairs(self.sites[order], self.steps[order], self.jumps[order], self.slopes[order])


class EdgesProgram(Program):
    """The semidefinite program over the pairs.

    Raises
    ------
    NotSupported
        If no site is a ball.
    """

    name = "edges"

    def __init__(self, constraints: Constraints) -> None:
        """State it."""
        import cvxpy as cp

        super().__init__(constraints)
        check_balls(constraints.problem)
        self._pairs = pairs = _Pairs.of(constraints.problem)
        self._units = [unit(rows) for rows in (pairs.steps, pairs.jumps)]
        self._weights = cp.Variable(len(pairs.slopes), nonneg=True)
        inequalities = [
            np.eye(rows.shape[1]) - rows.T @ cp.diag(self._weights) @ rows >> 0
            for rows in self._different()
        ]
        gains = pairs.slopes * np.linalg.norm(pairs.jumps, axis=1)
        self.problem = cp.Problem(cp.Maximize(gains @ self._weights), inequalities)

    def _different(self) -> list[Array]:
        """The unit vectors of inputs and outputs; of inputs alone if both span the same angles."""
        grams = [np.abs(rows @ rows.T) for rows in self._units]
        return self._units[: 1 if np.abs(grams[0] - grams[1]).max() < SETTINGS.same else 2]

    def edges(self) -> Edges:
        """The weights kappa of the edges that the values of the variables say, scaled so that
        their pricing maximum is 1 up to rounding.

        Raises
        ------
        NotCertified
            If there are none.
        """
        found = self._weights.value
        if found is None or not np.isfinite(found).all() or not (found > 0).any():
            raise no_solution(f"the {self.name} program", str(self.problem.status))
        shares, used = np.maximum(found, 0.0), found > 0
        sums = [rows.T @ (shares[:, None] * rows) for rows in self._units]
        shares /= np.sqrt(np.prod([np.linalg.eigvalsh(matrix)[-1] for matrix in sums]))
        pairs = self._pairs  # c = kappa gamma |T|, and gamma is one over the slope
        kappa = shares * pairs.slopes / np.linalg.norm(pairs.jumps, axis=1)
        return Edges(pairs.sites[used], kappa[used])

    def read(self) -> Outcome:
        """Multipliers with an upper bound of their pricing maximum; no network."""
        return edges_outcome(self.constraints.problem, self.edges())


def edge_bound_outcome(problem: Interpolation) -> Outcome | None:
    """The multipliers of the edge bound; None where there is no ball, or no solution.

    No clock stops it: it is a matter of a second, and may be the only bound of a run.
    """
    if not problem.radii.any():
        return None
    program = EdgesProgram(constraints_of(problem))
    try:
        program.solve()
        return program.read()
    except NotCertified:
        return None


def edges_outcome(problem: Interpolation, edges: Edges) -> Outcome:
    """The multipliers that edges of weights for a pricing maximum of 1 add up to."""
    (first, second), radii = edges.sites.T, problem.radii
    steps = problem.centers[first] - problem.centers[second]
    jumps = edges.weights[:, None] * (problem.targets[first] - problem.targets[second])
    lengths = np.linalg.norm(steps, axis=1)
    shares = (lengths + radii[first] - radii[second]) / (2 * lengths)
    shares[radii[second] == 0] = 1.0
    values = np.zeros((len(problem), problem.output_dimension))
    np.add.at(values, first, jumps)
    np.subtract.at(values, second, jumps)
    jacobians = np.zeros((*values.shape, problem.input_dimension))
    products = jumps[:, :, None] * steps[:, None, :]
    np.subtract.at(jacobians, first, shares[:, None, None] * products)
    np.subtract.at(jacobians, second, (1.0 - shares)[:, None, None] * products)
    return Outcome(None, values, jacobians, 1.0, PRICING, edges=edges)


def check_balls(problem: Interpolation) -> None:
    """Raise NotSupported if no site is a ball."""
    if not problem.radii.any():
        raise NotSupported(
            "the edge bound needs a ball: samples alone leave the slopes at their ends free; give "
            "a radius, or take another formulation"
        )


DECLARATION = Declaration(
    name=EdgesProgram.name,
    title="the edge bound",
    formula="max sum_e c_e b_e  with sum_e c_e u_e u_e' <= I, sum_e c_e v_e v_e' <= I, c >= 0, "
    "over pairs e of a ball and another site with directions u_e and v_e of inputs and targets, "
    "b_e = 2 |T_e| / (|D_e| - r_m - r_n)",
    reference="this project; the pairs are the edges of Zeno et al. 2023, arXiv 2311.06748",
    kind="lower bound",
    applies="balls, or balls and samples; targets of any dimension",
    cost="two matrix inequalities of the orders d and p, and a number for each of at most 500 "
    "pairs: thirty images in a second",
    requires=check_balls,
    state=EdgesProgram,
)
