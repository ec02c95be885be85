"""`score_matching`: Hyvarinen's objective plus representation cost, to the global optimum."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput, NotCertified, NotSupported, TooLarge
from convexden.network import ShallowNetwork
from convexden.running.clock import Clock
from convexden.running.progress import tell
from convexden.running.threads import one_thread
from convexden.solution import Progress, Status
from convexden.tolerances import CERTIFIED_RTOL, FLAT_RTOL
from convexden.verification.score_matching import ScoreVerification, verify_score

if TYPE_CHECKING:
    from convexden.solvers.methods.score_matching import Score, ScoreSolver

Array = NDArray[np.float64]

# Most distinct samples in a plane: their hinges have 2 N (N - 1) arcs, and a search for multipliers
# takes some seconds.
MOST_IN_PLANE = 50


@dataclass(frozen=True, eq=False)
class ScoreSolution:
    """A score network with a lower bound of the objective of every network.

    Attributes
    ----------
    points : (N, d) array
    penalty : float
    network : ShallowNetwork
        The score s.  Where an optimal hinge passes through samples, it is moved off them by some
        1e-10 spreads, to the side on which the divergence counts.
    multipliers : (N, d) array
        The q_n, which at the optimum are s(x_n).
    objective, lower_bound, relative_gap : float
        ``relative_gap = (objective - lower_bound) / |objective|``.
    status : {"certified", "not-certified"}
        By the verification's own numbers.
    verification : ScoreVerification
    rounds : int
    seconds : float
        Wall time.
    interrupted : bool
        Whether the time limit or `progress` ended the search.
    """

    points: Array
    penalty: float
    network: ShallowNetwork
    multipliers: Array
    objective: float
    lower_bound: float
    relative_gap: float
    status: Status
    verification: ScoreVerification = field(repr=False)
    rounds: int
    seconds: float
    interrupted: bool = False

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            self.status,
            f"objective={display.number(self.objective)}",
            display.gap(self.relative_gap),
            display.counted(self.network.neurons, "neuron"),
            "interrupted" if self.interrupted else "",
        )

    @property
    def certified(self) -> bool:
        """Whether the status is "certified"."""
        return self.status == "certified"


def score_matching(
    points: ArrayLike,
    penalty: float,
    tolerance: float = CERTIFIED_RTOL,
    *,
    time_limit: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> ScoreSolution:
    r"""Find the score network that minimizes Hyvarinen's objective plus representation cost.

    .. math:: \min_s\ \sum_n \Bigl( \tfrac12 |s(x_n)|^2 + \operatorname{div} s(x_n) \Bigr)
       + \beta R(s)

    over shallow ReLU networks of any width with free skip connection, bias and offset.  The dual is

    .. math:: \max_q\ -\tfrac12 \sum_n |q_n|^2 \quad\text{subject to}\quad \sum_n q_n = 0,\
       \sum_n q_n x_n^T = -N I,\ \Bigl| \sum_n D_n (q_n z_n + w) \Bigr| \le \beta
       \text{ for all hinges, } |w| = 1 ,

    with :math:`z_n = w^T x_n + b` and :math:`q_n = s(x_n)` at the optimum.  A hinge through a
    sample may count it or not, because hinges next to it do: the objective is not continuous in the
    hinges, and its infimum is meant.

    The penalty has no unit: with the data in other units the score changes, but not which penalty
    is large.  From the second of the `score_penalties` on, the score of the Gaussian of the same
    mean and covariance, :math:`-C^{-1} (x - \bar x)`, is optimal; below the first the objective has
    no lower bound.

    Parameters
    ----------
    points : (N, d) or (N,) array
        Samples on a line or in a plane, which they must span; equal ones count as often as they are
        there.
    penalty : float
        The :math:`\beta > 0`.
    tolerance : float, optional
        Relative gap at which the solution counts as certified.
    time_limit : float, optional
        Seconds after which the search ends, give or take one; None for no limit.
    progress : callable, optional
        Called with a `Progress` of the objective and its bound after every round.  If it raises
        StopIteration, the search ends with the best that was found.

    Returns
    -------
    ScoreSolution

    Raises
    ------
    InvalidInput
        If the penalty is so small that the objective has no lower bound, or the samples do not
        span their space.
    NotSupported
        If the samples have three or more coordinates.
    TooLarge
        If there are more than 50 distinct samples in a plane.
    NotCertified
        If no multipliers were found that bound the objective.

    References
    ----------
    Hyvarinen, J. Mach. Learn. Res. 6 (2005); Zhang and Pilanci, arXiv 2402.01965 (convex programs
    for score matching with shallow networks).

    Examples
    --------
    >>> import convexden as cd
    >>> found = cd.score_matching([-2, -1, 1, 2], penalty=1.1)
    >>> print(f"{found.objective:.6f}, {found.status}, {found.network.neurons} neurons")
    -0.850000, certified, 2 neurons
    >>> found.multipliers.round(6).ravel()
    array([ 0.9,  0.2, -0.2, -0.9])
    """
    started = time.perf_counter()
    chosen = arguments.number("penalty", penalty, above=0.0)
    tolerance = arguments.tolerance(tolerance)
    arguments.callback("progress", progress)
    samples = _Samples(points, arguments.time_limit(time_limit))
    with one_thread():
        found = samples.solver.solve(chosen, tolerance, lambda step: samples.tell(progress, step))
        if not found.inside <= chosen:
            _refuse(found, chosen)
        network = samples.network(found)
        values = samples.multipliers(found)
        checked = verify_score(samples.points, chosen, network, values)
    gap = max(0.0, checked.relative_gap)
    return ScoreSolution(
        samples.points,
        chosen,
        network,
        values,
        checked.objective,
        min(checked.lower_bound, checked.objective),
        gap,
        "certified" if gap <= tolerance else "not-certified",
        checked,
        found.rounds,
        time.perf_counter() - started,
        found.interrupted,
    )


def score_penalties(points: ArrayLike) -> tuple[float, float]:
    r"""The range of penalties in which `score_matching` has something to find.

    Parameters
    ----------
    points : (N, d) or (N,) array
        As for `score_matching`.

    Returns
    -------
    smallest : float
        Below it the objective has no lower bound.  It is at least the number of samples on one
        supporting hyperplane, and 1 on a line.  Found to 1e-6, from above: at this penalty
        multipliers are known that prove a bound.
    largest : float
        From it on, the score of the Gaussian is optimal; not below the smallest.

    Raises
    ------
    InvalidInput, NotSupported, TooLarge
        As `score_matching`.

    Examples
    --------
    >>> import convexden as cd
    >>> [round(float(each), 6) for each in cd.score_penalties([-2, -1, 1, 2])]
    [1.0, 1.2]
    """
    samples = _Samples(points, None)
    with one_thread():
        return samples.solver.penalties()


class _Samples:
    """Samples in the units of the solver, and the way back."""

    def __init__(self, points: ArrayLike, time_limit: float | None) -> None:
        """Check the samples, center and scale them."""
        from convexden.solvers.methods.score_matching import ScoreSolver

        given = arguments.array("points", points, error=InvalidInput)
        given = given[:, None] if given.ndim == 1 else given
        if given.ndim != 2 or not given.size:
            raise InvalidInput(
                f"points of shape {np.shape(points)} are no samples: give (N, d) or (N,)"
            )
        d = given.shape[1]
        if d > 2:
            raise NotSupported(
                f"score matching of samples with {d} coordinates: give samples on a line or in a "
                "plane, or use regularize with noisy samples"
            )
        sites, groups, counts = np.unique(given, axis=0, return_inverse=True, return_counts=True)
        if d == 2 and len(sites) > MOST_IN_PLANE:
            raise TooLarge(
                f"{len(sites)} samples in a plane: give at most {MOST_IN_PLANE} distinct ones"
            )
        self.points, self.groups, self.counts = given, groups.reshape(-1), counts.astype(float)
        self.mean = sites.mean(axis=0)
        steps = sites - self.mean
        self.spread = float(np.linalg.norm(steps, axis=1).max())
        sizes = np.linalg.svd(steps / (self.spread or 1.0), compute_uv=False)
        if len(sites) <= d or sizes[-1] <= FLAT_RTOL * sizes[0]:
            raise InvalidInput(
                f"the samples do not span {d} dimensions, and the objective has no lower bound: "
                "give samples that do"
            )
        self.solver: ScoreSolver = ScoreSolver(
            steps / self.spread, self.counts, Clock.of(time_limit)
        )

    def tell(self, progress: Callable[[Progress], object] | None, step: Progress) -> None:
        """Tell a step in the units of the samples."""
        unit = self.spread**2
        tell(progress, Progress(step.round, step.cost / unit, step.lower_bound / unit, step.hinges))

    def network(self, found: Score) -> ShallowNetwork:
        """The score network in the units of the samples."""
        network, unit = self.solver.network(found.hinges, found.weights), self.spread
        w = network.input_weights
        return ShallowNetwork(
            network.output_weights / unit**2,
            w,
            unit * network.biases - w @ self.mean,
            network.skip / unit**2,
            network.offset / unit - network.skip @ self.mean / unit**2,
        )

    def multipliers(self, found: Score) -> Array:
        """The q_n of all samples, equal ones of which share theirs."""
        values: Array = (found.values / self.counts[:, None])[self.groups] / self.spread
        return values


def _refuse(found: Score, penalty: float) -> None:
    """Say why there are no multipliers that bound the objective."""
    if found.least > penalty:
        raise InvalidInput(
            f"with the penalty {penalty:g} the objective has no lower bound: give more than "
            f"{found.least:.6g}"
        )
    raise NotCertified(
        "no multipliers were found that bound the objective: raise the penalty or the time limit"
    )
