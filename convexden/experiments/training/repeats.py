"""Training repeated over seeds, offline and online, against certified optima."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.analysis.distances import rms_distance
from convexden.analysis.hinge_angles import HingeAngles, hinge_angles
from convexden.errors import InvalidProblem
from convexden.experiments.training.adam import train
from convexden.experiments.training.measures import excess, worst_error
from convexden.experiments.training.refinement import refine
from convexden.experiments.training.samples import Mode, Noise, draw_samples
from convexden.experiments.training.trained import Snapshot, Trained
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.progress import tell
from convexden.solution import RegularizedSolution, Solution
from convexden.solving.interpolation import solve
from convexden.solving.regularization import regularize

Array = NDArray[np.float64]

# The weight decay of the paper's experiments, and the penalty from which it is reached in stages.
WEIGHT_DECAY, FIRST_PENALTY = 1e-5, 1e-3
# Degrees within which a trained hinge counts as one of the certified denoiser's.
CLOSE = 5.0
# Seed of the samples that no network has seen, which nobody is likely to give to a run.
FRESH = 2**32 + 1


class RepeatProgress(NamedTuple):
    """Where repeated training is: which run, of how many, and its last snapshot."""

    done: int
    total: int
    snapshot: Snapshot


@dataclass(frozen=True, eq=False)
class Repeat:
    """One run against the certified optima.

    Attributes
    ----------
    mode : {"offline", "online"}
    seed : int
    trained : Trained
    optimum : RegularizedSolution or None
        Certified minimum of what was trained, on the same samples; None if they were drawn anew,
        or there are too many dimensions for it.
    excess : float
        What was trained, over the lower bound of that minimum, less 1; NaN without it.
    fresh_excess : float
        The same on samples that no run has seen.
    cost_excess : float
        Of the representation cost over the certified denoiser of the balls; negative only because
        the network does not interpolate on them.
    error : float
        Largest error found on the balls, in units of the spread of the targets.
    distance : float
        Root mean square distance of the functions, in the same unit.
    angles, first_angles : HingeAngles
        Of the heavy hinges to those of the certified denoiser, at the end and after one epoch.
    """

    mode: Mode
    seed: int
    trained: Trained
    optimum: RegularizedSolution | None
    excess: float
    fresh_excess: float
    cost_excess: float
    error: float
    distance: float
    angles: HingeAngles = field(repr=False)
    first_angles: HingeAngles = field(repr=False)

    __repr__ = display.field_line

    @property
    def numbers(self) -> dict[str, float]:
        """What is averaged over seeds, by name."""
        return {
            "excess": self.excess,
            "fresh excess": self.fresh_excess,
            "cost excess": self.cost_excess,
            "error": self.error,
            "distance": self.distance,
            "angle": self.angles.mean,
            "first angle": self.first_angles.mean,
            "close": self.angles.share_within(CLOSE),
        }


@dataclass(frozen=True, eq=False)
class Repeats:
    """What `repeat` returns.

    Attributes
    ----------
    solution : Solution
        The certified denoiser of the balls.
    weight_decay : float
        The last penalty.
    samples : int
        Noisy samples of a ball.
    fresh : RegularizedSolution or None
        The certified minimum on the samples that no run has seen.
    runs : tuple of Repeat
    interrupted : bool
    """

    solution: Solution
    weight_decay: float
    samples: int
    fresh: RegularizedSolution | None = field(repr=False)
    runs: tuple[Repeat, ...] = field(repr=False)
    interrupted: bool = False

    __repr__ = display.field_line

    @property
    def certified(self) -> bool:
        """Whether every optimum that is there is certified."""
        optima = [self.fresh, *(run.optimum for run in self.runs)]
        return self.solution.certified and all(o.certified for o in optima if o is not None)

    def of(self, mode: str) -> list[Repeat]:
        """The runs of a mode."""
        return [run for run in self.runs if run.mode == mode]


def repeat(
    problem: Interpolation,
    *,
    modes: Sequence[Mode] = ("offline", "online"),
    seeds: int = 3,
    seed: int = 0,
    weight_decay: float = WEIGHT_DECAY,
    stages: int = 1,
    samples: int = 100,
    noise: Noise = "uniform",
    refined: bool = False,
    progress: Callable[[RepeatProgress], object] | None = None,
    **options: Any,
) -> Repeats:
    r"""Train networks over several seeds, and measure them against certified optima.

    What is trained, :math:`\frac1S \sum_s |h(y_s) - t_s|^2 + \lambda R(h)` at the best scaling of
    the weights, is convex in function space: on a line and in a plane `convexden.regularize`
    certifies its minimum on the samples of an offline run, and on as many fresh ones for all runs.
    The excess over a lower bound of it is never negative but for rounding.

    Parameters
    ----------
    problem : Interpolation
        Of balls that are mapped to their targets.
    modes : sequence of {"offline", "online"}
    seeds : int
        Runs of each mode, with seeds ``seed``, ``seed + 1``, ...
    seed : int
    weight_decay : float
        The :math:`\lambda > 0` at the end.
    stages : int
        Penalties from 1e-3 to the last, as in `train`; with 1 it is the same all the time.
    samples : int
        Noisy samples of a ball.
    noise : {"uniform", "gaussian", "sphere"}
    refined : bool
        Whether `refine` trains every network to the end, at penalties of its own.
    progress : callable, optional
        Called with a `RepeatProgress` at every snapshot.  If it raises StopIteration, no further
        run begins, and the one that is stopped is left out.
    **options
        Further ones of `train`: neurons, epochs, learning_rate, device, snapshots.

    Returns
    -------
    Repeats

    Raises
    ------
    InvalidProblem
        If the sites are not balls, or an option is out of its range.
    MissingDependency
        If PyTorch is not installed.
    """
    arguments.instance("problem", problem, Interpolation).plain("training")
    if not problem.radii.all():
        raise InvalidProblem("repeated training draws noisy samples of balls: give radii > 0")
    for mode in modes:
        arguments.choice("mode", mode, get_args(Mode))
    seeds, seed = arguments.whole("seeds", seeds, least=1), arguments.whole("seed", seed)
    stages = arguments.whole("stages", stages, least=1)
    weight_decay = arguments.number("weight_decay", weight_decay, above=0.0)
    arguments.callback("progress", progress)
    first = max(FIRST_PENALTY, weight_decay) if stages > 1 else weight_decay
    penalties = np.geomspace(first, weight_decay, stages).tolist()
    solution = solve(problem)
    rng = np.random.default_rng(FRESH)
    fresh = _minimum(*draw_samples(problem, samples, noise, rng), weight_decay)
    runs: list[Repeat] = []
    planned = [(mode, seed + k) for mode in modes for k in range(seeds)]
    interrupted = False
    for mode, number in planned:

        def report(snapshot: Snapshot) -> None:
            """Pass on which run it is."""
            tell(progress, RepeatProgress(len(runs), len(planned), snapshot))

        trained = train(
            problem,
            mode=mode,
            seed=number,
            penalties=penalties,
            samples=samples,
            noise=noise,
            progress=report,
            **options,
        )
        if refined and not trained.interrupted:
            trained = refine(trained, seed=number, progress=report)
        if trained.interrupted:
            interrupted = True
            break
        runs.append(_measured(mode, number, trained, solution, fresh, weight_decay))
    return Repeats(solution, weight_decay, samples, fresh, tuple(runs), interrupted)


def _measured(
    mode: Mode,
    seed: int,
    trained: Trained,
    solution: Solution,
    fresh: RegularizedSolution | None,
    weight_decay: float,
) -> Repeat:
    """A run against the optimum of the balls, of its samples and of the fresh ones."""
    problem, network = solution.problem, trained.network
    own = None if trained.samples is None else _minimum(*trained.samples, weight_decay)
    unit = problem.target_spread or 1.0
    return Repeat(
        mode,
        seed,
        trained,
        own,
        _objective_excess(network, own),
        _objective_excess(network, fresh),
        excess(network.representation_cost, solution.cost),
        worst_error(problem, network) / unit,
        rms_distance(problem, network, solution.network) / unit,
        hinge_angles(problem, network, solution.network),
        hinge_angles(problem, trained.history[0].network, solution.network),
    )


def _minimum(points: Array, targets: Array, weight_decay: float) -> RegularizedSolution | None:
    """The certified minimum of what is trained, S / 2 times as large; None beyond the plane."""
    if points.shape[1] > 2:
        return None
    return regularize(Interpolation(points, targets), weight_decay * len(points) / 2)


def _objective_excess(network: ShallowNetwork, optimum: RegularizedSolution | None) -> float:
    """What a network costs on the samples of an optimum over its lower bound, less 1."""
    if optimum is None:
        return float("nan")
    problem = optimum.problem
    errors = network(problem.centers) - problem.targets
    reached = np.sum(errors**2) / 2 + optimum.penalty * network.representation_cost
    return excess(float(reached), optimum.lower_bound)
