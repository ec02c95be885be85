r"""All minimizers of a scalar problem as a polytope, and what they say at points of interest.

Every minimizer has its hinges where the multipliers saturate the dual constraint, with weights
:math:`\mu_k \ge 0` of known sign (`convexden.uniqueness`).  If these hinges are finitely many the
minimizers are the polytope :math:`\{\mu \ge 0 : \sum_k \mu_k q_k p_k = T\}` modulo affine
functions.  On the line whole gaps may be saturated.  There a minimizer may be replaced by the
function that is linear between samples and the points that are asked about: it has the same values
at these and the same cost (Hanin 2021, arXiv 2109.12960), so that finitely many hinges do as well.
To the samples the points join at which the lines of the two neighboring gaps meet: with these the
sparsest minimizer is a vertex (Debarre et al. 2022, arXiv 2003.10112).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.uniqueness import uniqueness
from convexden.analysis.weight_polytope import corners, least_squares
from convexden.errors import InvalidProblem, NotCertified, NotSupported, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, as_points
from convexden.solution import Solution
from convexden.tolerances import CERTIFIED_RTOL, NOISY_DEPENDENT_RTOL, WEIGHTLESS_RTOL
from convexden.verification import verify

Array = NDArray[np.float64]

MOST_DIMENSIONS = 6  # of a polytope whose vertices are listed: there are 10 of a cube's 64
BEYOND = 1e-3  # how far beyond the range the dual of one more sample is taken, in target spreads
CLOSER = 20  # tries to come nearer
SHARP = 1e-6  # distance in target spreads at which a bound is that of a value
# What is certified nevertheless: where hinges may turn, the optimum with one more sample grows with
# the square of the distance, which a gap of 1e-12 hides up to its root, times the curvature.
CERTIFIED_RANGE = 1e-5
NO_BEND = 1e-12  # jumps of the slope below this share of the largest are rounding


@dataclass(frozen=True)
class ValueRange:
    """The values of all minimizers at a point.

    Attributes
    ----------
    low, high : float
        Attained by `networks`.
    outer_low, outer_high : float
        No minimizer is outside of these: by the multipliers of problems with one more sample.
    networks : pair of ShallowNetwork
    """

    low: float
    high: float
    outer_low: float
    outer_high: float
    networks: tuple[ShallowNetwork, ShallowNetwork]

    __repr__ = display.field_line


@dataclass(frozen=True)
class LeastRisk:
    """The minimizer with the least mean squared error at some points.

    Attributes
    ----------
    risk : float
    lower_bound : float
        No minimizer has less: the value of the linearized program.
    network : ShallowNetwork
    """

    risk: float
    lower_bound: float
    network: ShallowNetwork

    __repr__ = display.field_line


@dataclass(frozen=True, eq=False)
class OptimalSet:
    """All minimizers of a problem with one output.

    Attributes
    ----------
    solution : Solution
    normals, biases, signs : (K, d), (K,), (K,) arrays
        Hinges that saturate the dual constraint, and the signs of their output weights.
    families : bool
        Whether gaps of the line are saturated, for which some of their hinges stand.
    """

    solution: Solution
    normals: Array
    biases: Array
    signs: Array
    families: bool

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"dimension={self.dimension}",
            display.counted(len(self.biases), "hinge"),
            "of families" if self.families else "",
        )

    @cached_property
    def _program(self) -> tuple[Array, Array, Array]:
        """The equalities of the weights, and a point and a basis of their solutions."""
        if not len(self.biases):
            return np.zeros((0, 0)), np.zeros(0), np.zeros((0, 0))
        affine, goal = _affine(self.solution.problem), _goal(self.solution.problem)
        complement = scipy.linalg.null_space(affine.T)
        columns = complement.T @ self._features(self.solution.problem) * self.signs
        weights, error = scipy.optimize.nnls(columns, complement.T @ goal)
        if error > CERTIFIED_RTOL * np.linalg.norm(goal):
            raise NotCertified("the saturating hinges do not meet the targets: solve again")
        sizes = np.linalg.norm(columns, axis=0)
        sizes[sizes == 0.0] = 1.0
        null = scipy.linalg.null_space(columns / sizes, rcond=NOISY_DEPENDENT_RTOL)
        return columns, weights, null / sizes[:, None]

    @property
    def dimension(self) -> int:
        """Of the polytope of weights, with redundant hinges."""
        return int(self._program[2].shape[1])

    @cached_property
    def vertices(self) -> Array:
        """Weights (M, K) of the vertices.

        Raises
        ------
        TooLarge
            If the polytope has more than six dimensions.
        """
        _, weights, null = self._program
        dust = WEIGHTLESS_RTOL * weights.sum()
        if null.shape[1] > MOST_DIMENSIONS:
            raise TooLarge(
                f"the minimizers are a polytope of {null.shape[1]} dimensions, too many for a "
                "list of its vertices: ask for a value_range or a least_risk"
            )
        if null.shape[1] < 2:
            ends = [self._extreme(side * null.sum(axis=1), weights, null) for side in (-1, 1)]
            points = np.array(ends if null.shape[1] else [weights])
        else:
            points = corners(weights, null)
        points = np.where(points > dust, points, 0.0)
        rounded = np.round(points / weights.sum() / CERTIFIED_RTOL)
        return points[np.unique(rounded, axis=0, return_index=True)[1]]

    @property
    def sparsest(self) -> ShallowNetwork:
        """The minimizer with the fewest neurons."""
        counts = (self.vertices > 0.0).sum(axis=1)
        return self.network(self.vertices[int(counts.argmin())])

    def network(self, weights: ArrayLike) -> ShallowNetwork:
        """The minimizer with these weights (K,), such as a row of `vertices`."""
        given = arguments.array("weights", weights)
        problem, used = self.solution.problem, given > 0.0
        output = (given * self.signs)[used]
        missing = _goal(problem) - self._features(problem)[:, used] @ output
        free = np.linalg.lstsq(_affine(problem), missing)[0]
        return ShallowNetwork(
            output[:, None], self.normals[used], self.biases[used], free[None, :-1], free[-1:]
        )

    def value_range(self, point: ArrayLike) -> ValueRange:
        """The least and the largest value of all minimizers at a point (d,), certified.

        Raises
        ------
        NotCertified
            If one of the two is not, to 1e-5 of the spread of the targets.
        """
        place = np.reshape(arguments.array("the coordinates of the point", point), (1, -1))
        if place.shape[1] != self.solution.problem.input_dimension:
            raise InvalidProblem("the point does not fit the problem: give one in its space")
        asked = self._with_hinges_at(place)
        values, constant = asked._functional(place)
        _, weights, null = asked._program
        ends, outer, networks = [], [], []
        for side in (-1.0, 1.0):
            found = asked._extreme(side * values[0], weights, null)
            network = asked.network(np.where(found > WEIGHTLESS_RTOL * weights.sum(), found, 0.0))
            self._check(network)
            ends.append(float(values[0] @ found + constant[0]))
            outer.append(self._outer(place, ends[-1], side))
            networks.append(network)
        spread = self.solution.problem.target_spread
        if max(abs(a - b) for a, b in zip(ends, outer, strict=True)) > CERTIFIED_RANGE * spread:
            raise NotCertified("the range is not certified: solve with a smaller tolerance")
        low, high = networks
        return ValueRange(ends[0], ends[1], outer[0], outer[1], (low, high))

    def least_risk(self, points: ArrayLike, targets: ArrayLike) -> LeastRisk:
        """The minimizer with the least mean of (h(x_j) - v_j)^2 at points (M, d), targets (M,)."""
        places = as_points("points", points)
        goals = arguments.array("targets", targets).reshape(-1)
        if places.shape != (len(goals), self.solution.problem.input_dimension):
            raise InvalidProblem("points and targets do not fit: give one target per point")
        asked = self._with_hinges_at(places)
        values, constant = asked._functional(places)
        _, weights, null = asked._program
        goals = goals - constant
        if null.shape[1]:
            weights = least_squares(values, goals, weights, null)
        errors = values @ weights - goals
        risk, slope = float(np.mean(errors**2)), 2 * values.T @ errors / len(goals)
        # The risk is convex: it is nowhere below its tangent.
        least = asked._extreme(-slope, weights, null)
        used = np.where(weights > WEIGHTLESS_RTOL * weights.sum(), weights, 0.0)
        network = asked.network(used)
        self._check(network)
        below = risk + float(slope @ (least - weights))
        return LeastRisk(risk, min(risk, max(0.0, below)), network)

    def _features(self, problem: Interpolation) -> Array:
        """Values [z]_+ at the sites and slopes at the balls (N + B d, K) of the hinges."""
        z = problem.centers @ self.normals.T + self.biases
        balls = problem.radii > 0
        slopes = (z[balls] > 0)[:, None, :] * self.normals.T
        shape = int(balls.sum()) * problem.input_dimension, len(self.biases)
        return np.vstack([np.maximum(z, 0.0), slopes.reshape(shape)])

    def _functional(self, points: Array) -> tuple[Array, Array]:
        """Values at points (M, d) as functions of the weights: (M, K), and constants (M,)."""
        problem = self.solution.problem
        inverse = np.linalg.pinv(_affine(problem))
        free = np.column_stack([points, np.ones(len(points))]) @ inverse
        values = np.maximum(points @ self.normals.T + self.biases, 0.0)
        return (values - free @ self._features(problem)) * self.signs, free @ _goal(problem)

    def _extreme(self, values: Array, weights: Array, null: Array) -> Array:
        """The weights of the polytope where a linear functional is largest."""
        if not null.shape[1]:
            return weights
        found = scipy.optimize.linprog(
            -(values @ null), A_ub=-null, b_ub=weights, bounds=(None, None), method="highs"
        )
        if found.status != 0:
            raise NotCertified("a linear program over the minimizers failed: rescale the data")
        return np.maximum(weights + null @ found.x, 0.0)

    def _without_unused(self) -> OptimalSet:
        """The same set without the hinges that no minimizer uses, so that none is flat."""
        _, weights, null = self._program
        if not null.shape[1]:
            return self
        largest = [self._extreme(row, weights, null)[k] for k, row in enumerate(np.eye(len(null)))]
        kept = np.array(largest) > WEIGHTLESS_RTOL * weights.sum()
        return replace(
            self, normals=self.normals[kept], biases=self.biases[kept], signs=self.signs[kept]
        )

    def _with_hinges_at(self, points: Array) -> OptimalSet:
        """The same set with hinges at the points that lie in saturated gaps of the line."""
        if not self.families:
            return self
        return _line_set(self.solution, points[:, 0])

    def _outer(self, point: Array, value: float, side: float) -> float:
        """A bound of the values of all minimizers on one side, next to one of them if it can be.

        The optimum with one more sample is convex in its value, and its multipliers a tangent.
        Beyond a kink of it the tangent is steeper: then the dual is taken half as far away.
        """
        from convexden.solving.interpolation import solve

        problem, cost, bound = self.solution.problem, self.solution.cost, side * math.inf
        step = BEYOND * problem.target_spread
        for _ in range(CLOSER):
            further = value + side * step
            more = Interpolation(
                np.vstack([problem.centers, point]),
                np.vstack([problem.targets, [[further]]]),
                np.append(problem.radii, 0.0),
            )
            dual = solve(more)
            certificate = dual.certificate
            slope = side * certificate.values[-1, 0] / max(1.0, certificate.pricing_maximum)
            if slope <= 0.0 or dual.lower_bound <= cost:
                break
            # The optimum with the value v is at least lower_bound + side slope (v - further).
            found = further - side * (dual.lower_bound - cost) / float(slope)
            bound = side * min(side * bound, side * found)
            if abs(bound - value) <= SHARP * problem.target_spread:
                break
            step = abs(bound - value) / 2
        return bound

    def _check(self, network: ShallowNetwork) -> None:
        """Raise NotCertified unless a network is a minimizer, to 1e-8."""
        solution = self.solution
        found = verify(solution.problem, network, solution.certificate)
        if not found.passed or found.relative_gap > CERTIFIED_RTOL:
            raise NotCertified("a minimizer was not certified: solve with a smaller tolerance")


def minimizers(solution: Solution) -> OptimalSet:
    r"""All minimizers of a problem with one output, from one and its certificate.

    Parameters
    ----------
    solution : Solution
        Certified to 1e-8, with one output, of sites that span their space.

    Returns
    -------
    OptimalSet
        Its `vertices` are weights of hinges, `network` makes minimizers of them, `sparsest` is the
        one with the fewest neurons; `value_range` and `least_risk` are certified.

    Raises
    ------
    NotCertified
        If the solution is not certified, or rounding does not tell which hinges take part.
    NotSupported
        If there are several outputs, the cost is not the default, the sites do not span their
        space, or a family of hinges is saturated other than in gaps between samples on a line.
    TooLarge
        If the sites are too many for exact pricing.

    References
    ----------
    Hanin 2021, arXiv 2109.12960; Debarre et al. 2022, arXiv 2003.10112; Mishkin and Pilanci 2023,
    arXiv 2306.00119.

    Examples
    --------
    >>> import convexden as cd
    >>> convex = cd.Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0])
    >>> found = cd.minimizers(cd.solve(convex))
    >>> found.sparsest.neurons
    1
    >>> values = found.value_range(1.5)
    >>> round(values.low, 9) + 0.0, round(values.high, 9) + 0.0
    (-0.5, 0.0)
    """
    problem = arguments.instance("solution", solution, Solution).problem
    if problem.output_dimension != 1:
        raise NotSupported(
            f"the set of minimizers is one of one output, this problem has "
            f"{problem.output_dimension}: ask for uniqueness"
        )
    found = uniqueness(solution)
    if problem.rank < problem.input_dimension:
        raise NotSupported("the sites do not span their space: give coordinates in their hull")
    if found.status == "undecided":
        raise NotCertified(f"{found}: solve with a smaller tolerance")
    if not math.isinf(found.dimension):
        signs = np.sign(found.directions[:, 0])
        every = OptimalSet(solution, found.normals, found.biases, signs, families=False)
        return every._without_unused()
    if problem.input_dimension > 1 or problem.radii.any():
        raise NotSupported(
            "a family of hinges takes part, which is known between samples on a line alone: ask "
            "for uniqueness"
        )
    return _line_set(solution, np.zeros(0))


def _line_set(solution: Solution, points: Array) -> OptimalSet:
    """The set on the line, with hinges at samples, where neighboring lines meet, and at points."""
    x, first = np.unique(solution.problem.centers[:, 0], return_index=True)
    t = solution.problem.targets[first, 0]
    slopes = np.diff(t) / np.diff(x)
    bends = np.concatenate([[0.0], np.diff(slopes), [0.0]])
    bends[np.abs(bends) <= NO_BEND * np.abs(bends).max()] = 0.0
    places = [*zip(x[bends != 0], np.sign(bends[bends != 0]), strict=True)]
    for i in np.flatnonzero(bends[:-1] * bends[1:] > 0):
        # The bends of both ends in one.
        middle = (bends[i] * x[i] + bends[i + 1] * x[i + 1]) / (bends[i] + bends[i + 1])
        inside = points[(points > x[i]) & (points < x[i + 1])]
        places += [(place, np.sign(bends[i])) for place in np.unique(np.append(inside, middle))]
    kinks = np.array(places)
    return OptimalSet(solution, np.ones((len(kinks), 1)), -kinks[:, 0], kinks[:, 1], families=True)


def _affine(problem: Interpolation) -> Array:
    """Coordinates and constant at the sites, and their slopes at the balls (N + B d, d + 1)."""
    d, balls = problem.input_dimension, int((problem.radii > 0).sum())
    values = np.column_stack([problem.centers, np.ones(len(problem))])
    return np.vstack([values, np.tile(np.eye(d, d + 1), (balls, 1))])


def _goal(problem: Interpolation) -> Array:
    """The targets, and slopes of zero for the balls (N + B d,)."""
    balls = int((problem.radii > 0).sum())
    return np.append(problem.targets[:, 0], np.zeros(balls * problem.input_dimension))
