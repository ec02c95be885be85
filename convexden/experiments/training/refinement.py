r"""The end of a training: from small errors to almost none.

Weight decay pulls a network off its targets.  On random noise it does so where few samples are: a
hinge may cut a cap off a ball.  A cap of depth :math:`\epsilon` of a ball in d dimensions has a
share of about :math:`\epsilon^{(d - 1) / 2}` of its boundary, an error there is of the order
:math:`\epsilon`, and what the weights save is of that order, too.  So at the minimum of the mean
squared error plus :math:`\lambda` times the cost :math:`\epsilon \approx \lambda^{2 / (d + 1)}`,
which is :math:`\lambda^{2/5}` for five images: to lower the error to a tenth takes a penalty three
hundred times smaller.

`refine` looks for the caps instead of waiting for a sample to fall into them:

1. For every penalty, a few times: add to the samples the points of the balls that are furthest
   behind the hinges, where errors are largest.
2. Minimize half the sum of squared errors plus the weight decay, all samples at once, by L-BFGS.
3. Stop at a small error, or after the last penalty.

With these samples errors fall like the penalty itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from convexden import arguments
from convexden.errors import InvalidProblem
from convexden.experiments.training.measures import worst_error
from convexden.experiments.training.samples import draw_samples
from convexden.experiments.training.trained import Snapshot, Trained
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import Stopped
from convexden.running.progress import tell

Array = NDArray[np.float64]
Samples = tuple[Array, Array]


@dataclass(frozen=True)
class RefinementSettings:
    """Parameters of `refine`."""

    penalties: tuple[float, ...] = tuple(np.geomspace(1e-3, 1e-6, 10).tolist())
    """Weights of the decay beside half the sum of squares, for data of spread 1.  The error is some
    times as large."""

    rounds: int = 3
    """Minimizations with every penalty, each with new samples behind the hinges."""

    kept: int = 6
    """Rounds whose samples are kept: hinges that moved away from a ball must not come back."""

    samples: int = 30
    """Random samples on the boundary of a ball, which hold it where no hinge is near."""

    margin: float = 1.05
    """Hinges so far from the center of a ball, in radii, have a sample on it."""

    steps: int = 300
    """Steps of L-BFGS in a round."""

    memory: int = 30
    """Steps that L-BFGS remembers."""


SETTINGS = RefinementSettings()


def refine(
    trained: Trained,
    *,
    error: float = 1e-4,
    seed: int = 0,
    progress: Callable[[Snapshot], object] | None = None,
) -> Trained:
    r"""Train a network of balls further until it interpolates to four digits.

    It is quickest on data of spread about 1, such as `Reduction.of(problem).problem`.

    Parameters
    ----------
    trained : Trained
        A run of `train`, which has left errors of some percent.
    error : float, optional
        End when no larger error is found, in spreads of the targets.
    seed : int, optional
        Of the random samples.
    progress : callable, optional
        Called with a snapshot after every penalty.  If it raises StopIteration, the run ends.

    Returns
    -------
    Trained
        With the history of both runs; an epoch of this one is a step of L-BFGS, its penalty is that
        of `train` with the same mean.  Its error may be larger than `error` after the last penalty.

    Raises
    ------
    InvalidInput
        If an argument is of another type or out of its range.
    InvalidProblem
        If some sites are no balls, or the targets are all the same.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.training import Snapshot, Trained
    >>> problem = cd.denoising([0.0, 1.0, 3.0], radius=0.2)
    >>> h = cd.solve(problem).network
    >>> h = cd.ShallowNetwork(0.9 * h.output_weights, h.input_weights, h.biases, h.skip, h.offset)
    >>> rough = Trained(problem, h, 0.0, 0.3, (Snapshot(1, 0.0, 1e-3, 1.0, h),), 0.0, False)
    >>> bool(cd.training.refine(rough).error < 1e-3 * problem.target_spread)
    True
    """
    arguments.instance("trained", trained, Trained)
    arguments.callback("progress", progress)
    error = arguments.number("error", error, above=0.0)
    problem, network = trained.problem, trained.network
    if not problem.radii.all():
        # At a sample the hinges of the optimum pass through it, where L-BFGS finds no slope.
        raise InvalidProblem("refining looks behind hinges into balls: give radii > 0")
    if problem.target_spread == 0:
        raise InvalidProblem("the targets are all the same: a constant has no error, and no cost")
    rng = np.random.default_rng(arguments.whole("seed", seed))
    points, targets = draw_samples(problem, SETTINGS.samples, "sphere", rng)
    fixed = np.vstack([points, problem.centers]), np.vstack([targets, problem.targets])
    recent: list[Samples] = []
    history, started = list(trained.history), time.perf_counter()
    before, steps, interrupted = history[-1], 0, False
    unit = problem.target_spread * (problem.input_spread or 1.0)
    try:
        for penalty in SETTINGS.penalties:
            for _ in range(SETTINGS.rounds):
                recent = [*recent, touching_samples(problem, network)][-SETTINGS.kept :]
                y, t = (np.vstack(arrays) for arrays in zip(fixed, *recent, strict=True))
                network, loss, taken = _minimize(network, y, t, penalty * unit)
                steps += taken
            seconds = before.seconds + time.perf_counter() - started
            share = 2 / len(y)
            history.append(
                Snapshot(
                    before.epoch + steps, seconds, penalty * unit * share, loss * share, network
                )
            )
            tell(progress, history[-1])
            if found_error(problem, network) <= error * problem.target_spread:
                break
    except Stopped:
        interrupted = True
    return Trained(
        problem,
        network,
        network.representation_cost,
        found_error(problem, network),
        tuple(history),
        trained.seconds + time.perf_counter() - started,
        interrupted,
    )


def touching_samples(problem: Interpolation, network: ShallowNetwork) -> Samples:
    """The points (S, d) of balls that are furthest behind a hinge near them, and their targets.

    A hinge that leaves the center on one side cuts a cap from the other; this is the middle of it.
    """
    w, b = network.input_weights, network.biases
    norms = np.linalg.norm(w, axis=1)
    real = (norms > 0) & network.output_weights.any(axis=1)
    normals, offsets = w[real] / norms[real, None], b[real] / norms[real]
    sides = problem.centers @ normals.T + offsets  # (N, K)
    radii = problem.radii[:, None]
    n, k = np.nonzero((np.abs(sides) <= SETTINGS.margin * radii) & (radii > 0))  # none of samples
    moves = -np.sign(sides[n, k]) * problem.radii[n]
    return problem.centers[n] + moves[:, None] * normals[k], problem.targets[n]


def found_error(problem: Interpolation, network: ShallowNetwork) -> float:
    """`worst_error`, also behind the hinges of the network."""
    points, targets = touching_samples(problem, network)
    behind = np.linalg.norm(network(points) - targets, axis=1).max(initial=0.0)
    return max(worst_error(problem, network), float(behind))


def _minimize(
    start: ShallowNetwork, y: Array, t: Array, penalty: float
) -> tuple[ShallowNetwork, float, int]:
    """The network, the loss and the steps of one run of L-BFGS."""
    parts = (
        start.output_weights, start.input_weights, start.biases, start.skip, start.offset
    )  # fmt: skip
    shapes = [part.shape for part in parts]
    ends = np.cumsum([part.size for part in parts])[:-1]

    def split(x: Array) -> tuple[Array, ...]:
        """Output weights, input weights, biases, skip connection and offset."""
        return tuple(part.reshape(s) for part, s in zip(np.split(x, ends), shapes, strict=True))

    def loss(x: Array) -> tuple[float, Array]:
        """The loss and its gradient."""
        a, w, b, skip, offset = split(x)
        z = y @ w.T + b
        active = np.maximum(z, 0.0)
        errors = active @ a + y @ skip.T + offset - t
        back = (errors @ a.T) * (z > 0)
        value = np.sum(errors**2) + penalty * (np.sum(a**2) + np.sum(w**2))
        slopes = (
            active.T @ errors + penalty * a, back.T @ y + penalty * w, back.sum(axis=0),
            errors.T @ y, errors.sum(axis=0),
        )  # fmt: skip
        return float(value) / 2, np.concatenate([slope.ravel() for slope in slopes])

    found = minimize(
        loss,
        np.concatenate([part.ravel() for part in parts]),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": SETTINGS.steps, "maxcor": SETTINGS.memory, "ftol": 0.0, "gtol": 0.0
        },
    )  # fmt: skip
    a, w, b, skip, offset = split(found.x)
    return ShallowNetwork(a, w, b, skip, offset), float(found.fun), int(found.nit)
