"""Full-batch Adam on the penalized squared error, with a penalty that is lowered in stages.

1. Draw the samples, and the network to start from.
2. In every epoch: look up penalty and learning rate, in online mode draw new samples, and make a
   step of Adam.
3. Keep snapshots at epochs that are about equally far apart on a logarithmic scale.
4. The last snapshot is the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.errors import InvalidInput, InvalidProblem, MissingDependency, NotSupported
from convexden.experiments.training.measures import worst_error
from convexden.experiments.training.samples import Mode, Noise, draw_samples
from convexden.experiments.training.trained import Snapshot, Trained
from convexden.network import LARGEST, ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import Stopped
from convexden.running.progress import tell

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingSettings:
    """Parameters of training."""

    slowest: float = 0.02
    """Share of the learning rate that is left at the end of the cosine."""

    penalties: tuple[float, ...] = tuple(np.geomspace(1e-3, 1e-6, 16).tolist())
    """Penalties, one stage each: from one that shapes the network to one whose network
    interpolates to three digits."""


SETTINGS = TrainingSettings()


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
    noise : {"uniform", "gaussian", "sphere"}, optional
        Uniform in the ball or on its boundary, or with standard deviation :math:`r_n / \sqrt d` in
        every coordinate, which has the radius for its root mean square.
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
    torch = _torch(device)
    # Step 1.
    rng = np.random.default_rng(seed)
    draw = partial(draw_samples, problem, samples, noise, rng)
    points, targets = draw()
    model = _Model(torch, device, _initial(points, problem.output_dimension, neurons, rng))
    y, t = model.tensor(points), model.tensor(targets)
    optimizer = torch.optim.Adam(model.parameters, lr=learning_rate, fused=True)
    kept = _kept(epochs, snapshots)
    history: list[Snapshot] = []
    epoch, seconds, started = 0, 0.0, time.perf_counter()
    try:
        for epoch in range(1, epochs + 1):
            # Step 2.
            share = (epoch - 1) / epochs
            penalty = float(penalties[int(share * len(penalties))])
            optimizer.param_groups[0]["lr"] = learning_rate * _cosine(share)
            if mode == "online":
                y = model.tensor(draw()[0])
            optimizer.zero_grad()
            model.loss(y, t, penalty).backward()
            optimizer.step()
            # Step 3.
            if epoch in kept:
                seconds += time.perf_counter() - started
                network, loss = model.network(epoch), model.loss(y, t, penalty).item()
                history.append(Snapshot(epoch, seconds, penalty, loss, network))
                tell(progress, history[-1])
                started = time.perf_counter()
    except Stopped:
        pass  # keep what there is
    # Step 4.
    network = history[-1].network
    return Trained(
        problem,
        network,
        network.representation_cost,
        worst_error(problem, network),
        tuple(history),
        seconds,
        epoch < epochs,
        (points, targets) if mode == "offline" else None,
    )


class _Model:
    """The parameters of a network as tensors."""

    def __init__(self, torch: Any, device: str, start: ShallowNetwork) -> None:
        """The parameters of the network to start from, on a device of PyTorch."""
        self._torch, self._device = torch, device
        self.parameters = [
            self.tensor(array).requires_grad_()
            for array in (
                start.output_weights,
                start.input_weights.T,
                start.biases,
                start.skip.T,
                start.offset,
            )
        ]

    def tensor(self, array: Array) -> Any:
        """An array as a tensor on the device."""
        return self._torch.tensor(array, dtype=self._torch.float64, device=self._device)

    def loss(self, y: Any, t: Any, penalty: float) -> Any:
        """The mean squared error at samples y with targets t, plus the weight decay."""
        a, w, b, skip, offset = self.parameters
        residual = self._torch.relu(y @ w + b) @ a + y @ skip + offset - t
        decay = a.square().sum() + w.square().sum()
        return residual.square().sum() / len(y) + penalty / 2 * decay

    def network(self, epoch: int) -> ShallowNetwork:
        """The network, if its numbers are in range after so many epochs."""
        arrays = [parameter.detach().cpu().numpy() for parameter in self.parameters]
        # Beyond `LARGEST` no network holds them; NaN is not below it either.
        if not all((np.abs(array) <= LARGEST).all() for array in arrays):
            raise InvalidProblem(f"the training diverged by epoch {epoch}: lower the learning rate")
        a, w, b, skip, offset = arrays
        return ShallowNetwork(a, w.T, b, skip.T, offset)


def _cosine(share: float) -> float:
    """The share of the learning rate after this share of the epochs."""
    return float(SETTINGS.slowest + (1 - SETTINGS.slowest) * (1 + np.cos(np.pi * share)) / 2)


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


def _torch(device: str) -> Any:
    """PyTorch, if it is installed and has this device."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependency(
            'training needs PyTorch, which is not installed: run `pip install "convexden[train]"`'
        ) from error
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise NotSupported(f"PyTorch has no device {device!r} here: give device='cpu'") from error
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
    arguments.instance("problem", problem, Interpolation).plain("training")
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
