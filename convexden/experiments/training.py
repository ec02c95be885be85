r"""Networks that are trained, as in the experiments of Zeno et al. 2023, beside the exact optimum.

`train` minimizes, by full-batch Adam,

.. math:: \frac1S \sum_s |h(y_s) - t_s|^2 + \frac\lambda2 \sum_k (|a_k|^2 + |w_k|^2)

over noisy samples :math:`y_s` and all the parameters of
:math:`h(y) = \sum_k a_k [w_k^T y + b_k]_+ + V y + c`, while :math:`\lambda` is lowered in stages.
Biases, skip connection and offset are free of weight decay.  As :math:`\lambda \to 0` a global
minimum becomes the interpolating network of least representation cost, which `convexden.solve`
finds; Adam need not reach it, and `compare` says how far it stayed away.

Only `train` needs PyTorch: ``pip install "convexden[train]"``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.analysis.coordinates import check_fit
from convexden.analysis.distances import rms_distance, sup_distance_bounds
from convexden.errors import InvalidInput, InvalidProblem, MissingDependency, NotSupported
from convexden.network import LARGEST, ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import Stopped
from convexden.running.progress import tell
from convexden.solution import Solution
from convexden.solving.interpolation import solve

__all__ = [
    "Gap",
    "Measured",
    "Snapshot",
    "Trained",
    "compare",
    "draw_samples",
    "priced_excess",
    "train",
    "worst_error",
]


def __dir__() -> list[str]:
    return __all__


Array = NDArray[np.float64]
Mode = Literal["offline", "online"]
Noise = Literal["uniform", "gaussian"]


@dataclass(frozen=True)
class TrainingSettings:
    """Parameters of training and of the errors that it leaves."""

    probes: int = 256
    """Points of each ball at which the error is measured, besides its center."""

    slowest: float = 0.02
    """Share of the learning rate that is left at the end of the cosine."""

    penalties: tuple[float, ...] = tuple(np.geomspace(1e-3, 1e-6, 16).tolist())
    """Penalties, one stage each: from one that shapes the network to one whose network
    interpolates to three digits."""


SETTINGS = TrainingSettings()


class Snapshot(NamedTuple):
    """A network in training: after how many epochs and seconds, at which penalty and loss."""

    epoch: int
    seconds: float
    penalty: float
    loss: float
    network: ShallowNetwork

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"epoch={self.epoch}",
            f"penalty={self.penalty:.4g}",
            f"loss={self.loss:.4g}",
            display.counted(self.network.neurons, "neuron"),
        )


@dataclass(frozen=True, eq=False)
class Trained:
    """What `train` returns.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
    cost : float
        Representation cost of the network.  It bounds nothing: the network does not quite
        interpolate.
    error : float
        Largest distance from a target that was found on the sites, see `worst_error`.
    history : tuple of Snapshot
        At epochs that are about equally far apart on a logarithmic scale.
    seconds : float
        Wall time of the training itself.
    interrupted : bool
        Whether the run was stopped before all epochs were run.
    """

    problem: Interpolation
    network: ShallowNetwork
    cost: float
    error: float
    history: tuple[Snapshot, ...]
    seconds: float
    interrupted: bool

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"cost={self.cost:.5g}",
            f"error={self.error:.2g}",
            display.counted(self.network.neurons, "neuron"),
            "interrupted" if self.interrupted else "",
        )


def train(
    problem: Interpolation,
    *,
    neurons: int = 200,
    epochs: int = 20_000,
    learning_rate: float = 0.01,
    penalties: Sequence[float] = SETTINGS.penalties,
    seed: int = 0,
    mode: Mode = "offline",
    samples: int = 100,
    noise: Noise = "uniform",
    device: str = "cpu",
    snapshots: int = 60,
    progress: Callable[[Snapshot], object] | None = None,
) -> Trained:
    r"""Train a network on noisy samples of the sites with weight decay that is lowered in stages.

    Every penalty gets the same number of epochs, while the learning rate falls along a half cosine
    from the first to the last of them: where it starts again with every penalty, much of what has
    been learnt is lost.  The network starts with unit input weights of random directions, hinges
    through random points between pairs of samples, and small output weights.  Everything random is
    drawn by NumPy from the seed: the same seed gives the same run on the same machine.

    Parameters
    ----------
    problem : Interpolation
        Samples are used as they are; of a ball noisy samples are drawn.
    neurons : int, optional
    epochs : int, optional
        Steps of Adam, each on all samples.
    learning_rate : float, optional
    penalties : sequence of float, optional
        The :math:`\lambda`, one stage each, by default sixteen from 1e-3 to 1e-6.
    seed : int, optional
    mode : {"offline", "online"}, optional
        Whether the noisy samples of the balls are drawn once or anew in every epoch.
    samples : int, optional
        Noisy samples of a ball.
    noise : {"uniform", "gaussian"}, optional
        Uniform in the ball, or with standard deviation :math:`r_n / \sqrt d` in every coordinate,
        which has the radius for its root mean square.
    device : str, optional
        Of PyTorch: "cpu", "cuda", ...
    snapshots : int, optional
        About how many networks are kept on the way.
    progress : callable, optional
        Called with every snapshot.  If it raises StopIteration, the training ends.

    Returns
    -------
    Trained
        Stopped by `progress` it is `interrupted`, with the last network.

    Raises
    ------
    InvalidProblem
        If an option is out of its range, or fresh samples are wanted of samples.
    MissingDependency
        If PyTorch is not installed.
    NotSupported
        If it has no such device.
    """
    arguments.callback("progress", progress)
    _check(
        problem, neurons, epochs, learning_rate, penalties, mode, samples, noise, snapshots, seed
    )
    torch = _torch()
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise NotSupported(f"PyTorch has no device {device!r} here: give device='cpu'") from error
    rng = np.random.default_rng(seed)
    points, targets = draw_samples(problem, samples, noise, rng)

    def tensor(array: Array) -> Any:
        return torch.tensor(array, dtype=torch.float64, device=device)

    start = _initial(points, problem.output_dimension, neurons, rng)
    parameters = [
        tensor(array).requires_grad_()
        for array in (
            start.output_weights,
            start.input_weights.T,
            start.biases,
            start.skip.T,
            start.offset,
        )
    ]
    a, w, b, skip, offset = parameters
    optimizer = torch.optim.Adam(parameters, lr=learning_rate, fused=True)
    y, t = tensor(points), tensor(targets)
    kept = _kept(epochs, snapshots)
    history: list[Snapshot] = []
    seconds = 0.0
    epoch, penalty = 0, float(penalties[0])

    def loss_now() -> Any:
        residual = torch.relu(y @ w + b) @ a + y @ skip + offset - t
        decay = a.square().sum() + w.square().sum()
        return residual.square().sum() / len(y) + penalty / 2 * decay

    def snapshot() -> Snapshot:
        arrays = [p.detach().cpu().numpy() for p in parameters]
        # Beyond `LARGEST` no network holds them; NaN is not below it either.
        if not all((np.abs(array) <= LARGEST).all() for array in arrays):
            raise InvalidProblem(f"the training diverged by epoch {epoch}: lower the learning rate")
        network = ShallowNetwork(arrays[0], arrays[1].T, arrays[2], arrays[3].T, arrays[4])
        with torch.no_grad():
            return Snapshot(epoch, seconds, penalty, float(loss_now()), network)

    started = time.perf_counter()
    try:
        for epoch in range(1, epochs + 1):
            share = (epoch - 1) / epochs
            penalty = float(penalties[int(share * len(penalties))])
            fall = SETTINGS.slowest + (1 - SETTINGS.slowest) * (1 + np.cos(np.pi * share)) / 2
            optimizer.param_groups[0]["lr"] = learning_rate * fall
            if mode == "online":
                y = tensor(draw_samples(problem, samples, noise, rng)[0])
            optimizer.zero_grad()
            loss_now().backward()
            optimizer.step()
            if epoch in kept:
                seconds += time.perf_counter() - started
                history.append(snapshot())
                started = time.perf_counter()
                tell(progress, history[-1])
                started = time.perf_counter()
    except Stopped:
        pass  # keep what there is
    network = history[-1].network
    return Trained(
        problem,
        network,
        network.representation_cost,
        worst_error(problem, network),
        tuple(history),
        seconds,
        epoch < epochs,
    )


class Measured(NamedTuple):
    """A snapshot against the exact optimum; see `Gap` for the numbers."""

    epoch: int
    seconds: float
    penalty: float
    cost: float
    excess: float
    error: float
    priced_excess: float
    distance: float

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"epoch={self.epoch}",
            f"penalty={self.penalty:.4g}",
            f"excess={self.excess:.4g}",
            f"error={self.error:.2g}",
            f"distance={self.distance:.2g}",
        )


@dataclass(frozen=True, eq=False)
class Gap:
    """How far a trained network is from the exact optimum: what `compare` returns.

    Attributes
    ----------
    network : ShallowNetwork
        The one that is compared.
    trained : Trained or None
        The run that it comes from; None if a network was given.
    solution : Solution
    excess : float
        Cost of the trained network over that of the solution, less 1.  Negative only because the
        trained network does not interpolate, or because it has seen samples and not the balls.
    error : float
        Its largest distance from a target that was found on the sites.
    priced_excess : float
        The excess with errors at twice their price, see `priced_excess`; NaN if there are balls.
    sup_distance : tuple of float
        Bounds of the largest distance of the two functions on the box of
        `convexden.analysis.distances.sup_distance`, mostly equal.
    distance : float
        Its root mean square, `convexden.analysis.distances.rms_distance`.
    history : tuple of Measured
        The same over time, without the largest distance; empty if a network was given.
    """

    network: ShallowNetwork
    trained: Trained | None
    solution: Solution
    excess: float
    error: float
    priced_excess: float
    sup_distance: tuple[float, float]
    distance: float
    history: tuple[Measured, ...]

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"excess={self.excess:.4g}",
            f"error={self.error:.2g}",
            f"distance={self.distance:.2g}",
            display.counted(len(self.history), "snapshot"),
        )

    def __str__(self) -> str:
        low, high = self.sup_distance
        largest = f"{high:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        run, ended = self.trained, ""
        if run is not None:
            ended = f", {run.seconds:.2g} s" + (", interrupted" if run.interrupted else "")
        lines = [
            f"exact: cost {self.solution.cost:.9g}, {self.solution.status}, relative gap "
            f"{self.solution.relative_gap:.0e}, {self.solution.neurons} neurons, "
            f"{self.solution.seconds:.2g} s",
            f"{'network' if run is None else 'trained'}: cost "
            f"{self.network.representation_cost:.6g} (excess {self.excess:+.2e}), "
            f"worst error on the sites {self.error:.1e}, {self.network.neurons} neurons{ended}",
            f"distance of the functions: at most {largest}, root mean square {self.distance:.3g}",
        ]
        if not self.history:
            return "\n".join(lines)
        lines += [
            "",
            f"{'epoch':>8}{'seconds':>9}{'penalty':>9}{'cost':>11}{'excess':>11}{'error':>10}"
            f"{'priced':>11}{'distance':>10}",
        ]
        rows = self.history[:: max(1, len(self.history) // 10)]
        if rows and rows[-1] is not self.history[-1]:
            rows = (*rows, self.history[-1])
        lines += [
            f"{row.epoch:8d}{row.seconds:9.2f}{row.penalty:9.0e}{row.cost:11.5g}"
            f"{row.excess:+11.2e}{row.error:10.1e}{row.priced_excess:11.2e}{row.distance:10.2e}"
            for row in rows
        ]
        return "\n".join(lines)


def compare(trained: Trained | ShallowNetwork, solution: Solution | None = None) -> Gap:
    """Measure a trained network, and those on the way to it, against the exact optimum.

    Parameters
    ----------
    trained : Trained or ShallowNetwork
        A run of `train`, or any network, for example one of `ShallowNetwork.from_state_dict`.
    solution : Solution, optional
        Of the same problem; for a run it is solved if it is not given.

    Returns
    -------
    Gap
        Its text is a table.

    Raises
    ------
    InvalidInput
        If an argument is of another type, or a network comes without a solution.
    InvalidProblem
        If the solution is one of other sites than the run, or of other dimensions than the network.
    TooLarge, InfeasibleProblem
        As from `convexden.solve`.

    Examples
    --------
    >>> import convexden as cd
    >>> solution = cd.solve(cd.Interpolation([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]))
    >>> short = cd.ShallowNetwork([[0.9]], [[1.0]], [-1.0])
    >>> gap = cd.training.compare(short, solution)
    >>> print(f"excess {gap.excess:.3f}, error {gap.error:.3f}")
    excess -0.100, error 0.100
    """
    single = isinstance(trained, ShallowNetwork)
    run = None if single else arguments.instance("trained", trained, Trained)
    if solution is not None:
        arguments.instance("solution", solution, Solution)
    elif run is None:
        raise InvalidInput("a network alone does not say of which problem: give a solution")
    else:
        solution = solve(run.problem)
    if run is not None:
        _check_same(run.problem, solution.problem)
    network = trained if isinstance(trained, ShallowNetwork) else trained.network
    problem = solution.problem
    history = tuple(
        Measured(
            step.epoch,
            step.seconds,
            step.penalty,
            step.network.representation_cost,
            *_measured(problem, step.network, solution),
        )
        for step in (() if run is None else run.history)
    )
    excess, error, priced_excess, distance = _measured(problem, network, solution)
    return Gap(
        network,
        run,
        solution,
        excess,
        error,
        priced_excess,
        sup_distance_bounds(problem, network, solution.network),
        distance,
        history,
    )


def _check_same(problem: Interpolation, solved: Interpolation) -> None:
    """Refuse the solution of other sites than those that were trained on."""
    same = (
        np.array_equal(getattr(problem, name), getattr(solved, name))
        for name in ("centers", "targets", "radii")
    )
    if not all(same):
        raise InvalidProblem(
            "the solution is one of another problem: solve the one that was trained on"
        )


def draw_samples(
    problem: Interpolation, samples: int, noise: Noise, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Noisy samples (S, d) of the sites and their targets (S, p), see `train`."""
    counts = np.where(problem.radii > 0, samples, 1)
    centers, radii = np.repeat(problem.centers, counts, 0), np.repeat(problem.radii, counts)
    steps = rng.standard_normal(centers.shape)
    d = problem.input_dimension
    if noise == "uniform":
        steps /= np.linalg.norm(steps, axis=1, keepdims=True)
        steps *= rng.random((len(steps), 1)) ** (1 / d)
    else:
        steps /= np.sqrt(d)
    return centers + radii[:, None] * steps, np.repeat(problem.targets, counts, 0)


def worst_error(problem: Interpolation, network: ShallowNetwork) -> float:
    """Largest distance from a target that is found on the sites, in units of the targets.

    Exact for samples.  A ball is measured at its center and at 256 points, half of them on its
    boundary, the same in every call: there it is a lower bound.

    Raises
    ------
    InvalidProblem
        If the network does not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.training import worst_error
    >>> closed = cd.theorems.univariate.closed_form([0.0, 1.0], 0.1)
    >>> wider = cd.denoising([0.0, 1.0], radius=0.3)
    >>> round(worst_error(wider, closed.network), 2)
    0.25
    """
    check_fit(problem, network)
    worst = np.linalg.norm(network(problem.centers) - problem.targets, axis=1).max()
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((SETTINGS.probes, problem.input_dimension))
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    steps[1::2] *= rng.random((SETTINGS.probes // 2, 1)) ** (1 / problem.input_dimension)
    for n in np.flatnonzero(problem.radii > 0):
        values = network(problem.centers[n] + problem.radii[n] * steps)
        worst = max(worst, np.linalg.norm(values - problem.targets[n], axis=1).max())
    return float(worst)


def priced_excess(solution: Solution, network: ShallowNetwork) -> float:
    r"""Excess of a network that need not interpolate, with its errors at twice their price.

    The multipliers :math:`l_n` of the certificate, divided by :math:`\max(1, P)`, say what errors
    can save: any network h of samples has

    .. math:: R(h) \ge \sum_n l_n^T h(y_n) \ge R^* - \sum_n |l_n| |h(y_n) - t_n| ,

    with :math:`R^*` the lower bound.  So :math:`R(h) + 2 \sum_n |l_n| |h(y_n) - t_n|`, an exact
    penalty function, is at least :math:`R^*`, and comes close to it only if h is nearly optimal
    and nearly interpolates.

    Parameters
    ----------
    solution : Solution
        Of samples: all radii are 0.
    network : ShallowNetwork

    Returns
    -------
    float
        That sum over the cost of the solution, less 1; never below minus its relative gap.

    Raises
    ------
    InvalidProblem
        If there are balls, or the network does not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.training import priced_excess
    >>> solution = cd.solve(cd.Interpolation([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]))
    >>> short = cd.ShallowNetwork([[0.9]], [[1.0]], [-1.0], [[0.0]], [0.0])
    >>> round(short.representation_cost / solution.cost - 1, 9)
    -0.1
    >>> round(priced_excess(solution, short), 9)
    0.1
    """
    problem, certificate = solution.problem, solution.certificate
    check_fit(problem, network)
    if problem.radii.any():
        raise InvalidProblem("errors have a price at samples only: give radii of 0")
    errors = np.linalg.norm(network(problem.centers) - problem.targets, axis=1)
    prices = np.linalg.norm(certificate.values, axis=1) / max(1.0, certificate.pricing_maximum)
    return _excess(network.representation_cost + 2 * float(prices @ errors), solution.cost)


def _measured(
    problem: Interpolation, network: ShallowNetwork, solution: Solution
) -> tuple[float, float, float, float]:
    """Excess, error, excess with errors priced, distance."""
    return (
        _excess(network.representation_cost, solution.cost),
        worst_error(problem, network),
        float("nan") if problem.radii.any() else priced_excess(solution, network),
        rms_distance(problem, network, solution.network),
    )


def _excess(cost: float, optimum: float) -> float:
    """The relative excess of a cost over the optimum."""
    if optimum > 0:
        return cost / optimum - 1
    return 0.0 if cost == 0 else float("inf")


def _initial(points: Array, outputs: int, neurons: int, rng: np.random.Generator) -> ShallowNetwork:
    """Where `train` starts."""
    d = points.shape[1]
    w = rng.standard_normal((neurons, d))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    first, second = rng.integers(len(points), size=(2, neurons))
    share = rng.random((neurons, 1))
    on = share * points[first] + (1 - share) * points[second]
    a = rng.standard_normal((neurons, outputs)) / neurons
    return ShallowNetwork(
        a, w, -np.einsum("kd,kd->k", w, on), np.zeros((outputs, d)), [0.0] * outputs
    )


def _kept(epochs: int, snapshots: int) -> frozenset[int]:
    """Epochs of the snapshots: the last one, and before it about evenly in the logarithm."""
    return frozenset(np.geomspace(1, epochs, snapshots).round().astype(int).tolist()) | {epochs}


def _torch() -> Any:
    """PyTorch, or what to install."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependency(
            'training needs PyTorch, which is not installed: run `pip install "convexden[train]"`'
        ) from error
    return torch


def _check(
    problem: Interpolation,
    neurons: int,
    epochs: int,
    learning_rate: float,
    penalties: Sequence[float],
    mode: str,
    samples: int,
    noise: str,
    snapshots: int,
    seed: int,
) -> None:
    """Raise InvalidInput if an option is out of its range, or does not go with the problem."""
    arguments.instance("problem", problem, Interpolation)
    counts = {"neurons": neurons, "epochs": epochs, "samples": samples, "snapshots": snapshots}
    for name, count in counts.items():
        arguments.whole(name, count, least=1)
    arguments.whole("seed", seed)
    arguments.number("learning_rate", learning_rate, above=0.0)
    prices = arguments.array("penalties", penalties, error=InvalidInput)
    if prices.ndim != 1 or not prices.size or (prices < 0).any():
        raise InvalidInput("penalties are not all >= 0: give at least one, and the last one small")
    for name, value, choices in (("mode", mode, Mode), ("noise", noise, Noise)):
        arguments.choice(name, value, get_args(choices))
    if mode == "online" and not problem.radii.any():
        raise InvalidProblem(
            "samples of radius 0 cannot be drawn anew: give balls, or mode='offline'"
        )
