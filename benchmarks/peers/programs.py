"""The peers: each takes a problem of samples and reports networks with the seconds they took.

A peer is a generator of `Point`; the clock runs only while it computes.  Imports and a small
problem come first, in `warm_up`, so that no peer pays for starting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import convexden as cd

Array = NDArray[np.float64]

NEGLIGIBLE = 1e-12  # neurons lighter than this share of the heaviest are dropped
GATES = 500  # random gates of a sampled program
PENALTIES = (1e-3, 1e-4, 1e-5, 1e-6)  # of penalized programs
NEURONS = 300  # of training
EPOCHS = (2_000, 10_000, 50_000)  # of training, from the start each time
LOOP = (10_000, 50_000, 100_000)  # of the plain loop, on the way
RATE = 0.01  # of the plain loop; at 0.001 vector 15 is 12 % off after 140 000 epochs


class Point(NamedTuple):
    """A network, or the cost of one, after some seconds (on the wall, and of the processor)."""

    seconds: float
    processor: float
    network: cd.ShallowNetwork | None
    cost: float
    note: str = ""
    penalty: float | None = None  # of a program of its own, see `own_excess`


@dataclass(frozen=True)
class Peer:
    """A way to solve the problem, and what it really solves."""

    run: Callable[[cd.Interpolation, int, float], Iterator[Point]]
    solves: str
    random: bool
    needs: tuple[str, ...] = ()


class Clock:
    """Seconds on the wall and of the processor since the start."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def __call__(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._processor


def certified(problem: cd.Interpolation, seed: int, limit: float) -> Iterator[Point]:
    found: list[Point] = []
    clock = Clock()
    solution = cd.solve(
        problem, progress=lambda step: found.append(Point(*clock(), None, step.cost))
    )
    last = Point(*clock(), solution.network, solution.cost, f"gap {solution.relative_gap:.1e}")
    yield from found
    yield last


def training(problem: cd.Interpolation, seed: int, limit: float) -> Iterator[Point]:
    from convexden.experiments import training as room

    used = 0.0

    def stop(step: room.Snapshot) -> None:
        if used + clock()[1] > 0.95 * limit:
            raise StopIteration

    for epochs in EPOCHS:
        clock = Clock()
        trained = room.train(
            problem, neurons=NEURONS, epochs=epochs, seed=seed, snapshots=100, progress=stop
        )
        seconds, processor = clock()
        used += processor
        for step in trained.history:
            cost = step.network.representation_cost
            last = step is trained.history[-1]
            note = f"{step.epoch} epochs" if last else f"{epochs} epochs, after {step.epoch}"
            yield Point(step.seconds, step.seconds * processor / seconds, step.network, cost, note)
        if trained.interrupted:
            return


def plain(problem: cd.Interpolation, seed: int, limit: float) -> Iterator[Point]:
    """The loop as it is often written: PyTorch's initial values and a constant learning rate."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    d, p = problem.input_dimension, problem.output_dimension
    hidden, skip = nn.Linear(d, NEURONS).double(), nn.Linear(d, p, bias=False).double()
    output = nn.Linear(NEURONS, p).double()
    x, targets = torch.tensor(problem.centers), torch.tensor(problem.targets)
    modules = (hidden, output, skip)
    adam = torch.optim.Adam([each for part in modules for each in part.parameters()], lr=RATE)
    penalties = np.geomspace(max(PENALTIES), min(PENALTIES), 16)
    found: list[Point] = []
    clock = Clock()
    for epoch in range(1, LOOP[-1] + 1):
        penalty = penalties[min(16 * epoch // EPOCHS[-1], 15)]
        adam.zero_grad()
        errors = output(torch.relu(hidden(x))) + skip(x) - targets
        decay = hidden.weight.square().sum() + output.weight.square().sum()
        (errors.square().sum(dim=1).mean() / 2 + penalty / 2 * decay).backward()
        adam.step()
        if epoch % 500 == 0:
            a, w, b, matrix, offset = (
                each.detach().numpy().copy()
                for each in (output.weight.T, hidden.weight, hidden.bias, skip.weight, output.bias)
            )
            network = cd.ShallowNetwork(a, w, b, matrix, offset)
            note = f"{epoch} epochs" if epoch in LOOP else f"{LOOP[-1]} epochs, after {epoch}"
            found.append(Point(*clock(), network, network.representation_cost, note))
        if clock()[1] > 0.95 * limit:
            break
    yield from found


def scnn(problem: cd.Interpolation, seed: int, limit: float) -> Iterator[Point]:
    from scnn.metrics import Metrics
    from scnn.models import ConvexReLU
    from scnn.optimize import optimize_model
    from scnn.regularizers import NeuronGL1
    from scnn.solvers import AL

    d, p = problem.input_dimension, problem.output_dimension
    gates = np.random.default_rng(seed).standard_normal((d + 1, GATES))
    for penalty in PENALTIES:
        clock = Clock()
        model = ConvexReLU(gates[:d], c=p, bias=True, G_bias=gates[d])
        network, _ = optimize_model(
            model,
            AL(model, tol=1e-2 * penalty**2),  # of the squared gradient, which is a penalty's size
            Metrics(),
            problem.centers,
            problem.targets,
            regularizer=NeuronGL1(penalty),
            unitize_data=False,  # it would change what is penalized
            dtype="float64",
            seed=seed,
        )
        seconds = clock()
        w, b, a = (np.asarray(each, dtype=float) for each in network.parameters)
        # It divides the squared error by the number of samples and outputs.
        yield _point(
            seconds, _network(a.T, w, b, np.zeros((p, d)), np.zeros(p)), penalty, p * penalty
        )


def sampled(problem: cd.Interpolation, seed: int, limit: float) -> Iterator[Point]:
    import cvxpy as cp

    (n, d), p = problem.centers.shape, problem.output_dimension
    x = np.column_stack([problem.centers, np.ones(n)])
    gates = np.random.default_rng(seed).standard_normal((d + 1, GATES))
    for penalty in PENALTIES:
        clock = Clock()
        patterns = np.unique(x @ gates >= 0, axis=1)
        signs = 2 * patterns - 1
        a, w, b = [], [], []
        for j in range(p):
            u, v = (cp.Variable((d + 1, patterns.shape[1])) for _ in range(2))
            fit = cp.sum(cp.multiply(patterns, x @ (u - v)), axis=1)
            size = cp.mixed_norm(u.T, 2, 1) + cp.mixed_norm(v.T, 2, 1)
            program = cp.Problem(
                cp.Minimize(cp.sum_squares(fit - problem.targets[:, j]) / (2 * n) + penalty * size),
                [cp.multiply(signs, x @ u) >= 0, cp.multiply(signs, x @ v) >= 0],
            )
            program.solve()
            _collect(a, w, b, u.value, v.value, np.eye(p)[j])
        seconds = clock()
        yield _point(seconds, _network(a, w, b, np.zeros((p, d)), np.zeros(p)), penalty)


def enumerated(problem: cd.Interpolation, seed: int, limit: float) -> Iterator[Point]:
    import cvxpy as cp

    (n, d), p = problem.centers.shape, problem.output_dimension
    x = np.column_stack([problem.centers, np.ones(n)])
    clock = Clock()
    patterns = half_patterns(problem.centers).T
    signs = 2.0 * patterns - 1
    a, w, b = [], [], []
    skip, offset = np.zeros((p, d)), np.zeros(p)
    status = set()
    for j in range(p):
        u, v = (cp.Variable((d + 1, patterns.shape[1])) for _ in range(2))
        affine = cp.Variable(d + 1)
        fit = cp.sum(cp.multiply(patterns, x @ (u - v)), axis=1) + x @ affine
        size = cp.sum(cp.norm(u[:d], 2, axis=0)) + cp.sum(cp.norm(v[:d], 2, axis=0))
        program = cp.Problem(
            cp.Minimize(size),
            [
                fit == problem.targets[:, j],
                cp.multiply(signs, x @ u) >= 0,
                cp.multiply(signs, x @ v) >= 0,
            ],
        )
        program.solve()
        status.add(str(program.status))
        if u.value is None:
            return
        _collect(a, w, b, u.value, v.value, np.eye(p)[j])
        skip[j], offset[j] = affine.value[:d], affine.value[d]
    seconds = clock()
    network = _network(a, w, b, skip, offset)
    note = f"{patterns.shape[1]} half patterns, {', '.join(sorted(status))}"
    yield Point(*seconds, network, network.representation_cost, note)


def half_patterns(points: Array) -> NDArray[np.bool_]:
    """How hyperplanes split points (N, d) in general position, (K, N); one of each two opposites.

    Every split is that of a hyperplane through d of the points, turned a little to leave each of
    them on either side.
    """
    n, d = points.shape
    found = [np.ones((1, n), dtype=bool)]
    sides = np.array(np.meshgrid(*[[False, True]] * d)).reshape(d, -1).T
    for chosen in combinations(range(n), d):
        edges = points[list(chosen[1:])] - points[chosen[0]]
        normal = np.linalg.svd(edges)[2][-1] if d > 1 else np.ones(1)
        split = np.tile((points - points[chosen[0]]) @ normal > 0, (len(sides), 1))
        split[:, list(chosen)] = sides
        found.append(split)
    splits = np.concatenate(found)
    halves = np.unique(splits ^ ~splits[:, :1], axis=0)
    assert len(halves) == sum(comb(n - 1, k) for k in range(d + 1)), "not in general position"
    return halves


def _collect(a: list[Any], w: list[Any], b: list[Any], u: Array, v: Array, axis: Array) -> None:
    """Neurons of one output from the blocks of its program, positive and negative."""
    for sign, block in ((1.0, u), (-1.0, v)):
        for column in block.T:
            a.append(sign * axis)
            w.append(column[:-1])
            b.append(column[-1])


def _network(a: Any, w: Any, b: Any, skip: Array, offset: Array) -> cd.ShallowNetwork:
    a, w, b = np.array(a), np.array(w), np.array(b)
    size = np.linalg.norm(a, axis=1) * np.hypot(np.linalg.norm(w, axis=1), b)
    kept = size > NEGLIGIBLE * size.max()
    return cd.ShallowNetwork(a[kept], w[kept], b[kept], skip, offset)


def _point(
    seconds: tuple[float, float],
    network: cd.ShallowNetwork,
    penalty: float,
    own: float | None = None,
) -> Point:
    """A network of a penalized program; its own penalty beside the mean over samples of half the
    squared errors may be another one."""
    cost = network.representation_cost
    return Point(*seconds, network, cost, f"penalty {penalty:g}", penalty if own is None else own)


def own_excess(problem: cd.Interpolation, network: cd.ShallowNetwork, penalty: float) -> float:
    """How far a network is from the certified optimum of the program of pyscnn.

    That is, for each output, the mean of half the squared errors plus the penalty times
    sum_k |a_k| |(w_k, b_k)|, without skip connection and offset.  It is NaN if that optimum is
    not certified.
    """
    n, own = len(problem), cd.Cost(skip=False, bias=1.0, offset=False)
    errors = float(np.sum((network(problem.centers) - problem.targets) ** 2))
    sizes = np.abs(network.output_weights).sum(axis=1)
    spent = float(sizes @ own.weights(network.input_weights, network.biases))
    best = 0.0
    for goal in problem.targets.T:
        fit = cd.regularize((problem.centers, goal), n * penalty, cost=own)
        if not fit.certified:
            return float("nan")
        best += fit.objective
    return (errors / 2 + n * penalty * spent) / best - 1.0


PEERS = {
    "convexden": Peer(
        certified, "least cost subject to interpolation, with a certificate", random=False
    ),
    "PyTorch": Peer(
        training,
        "the same network and cost, mean squared error plus a penalty that is lowered (Adam, 300 "
        "neurons)",
        random=True,
        needs=("torch",),
    ),
    "PyTorch, plain": Peer(
        plain,
        "the same, as the loop is often written: default initial values, a constant learning rate",
        random=True,
        needs=("torch",),
    ),
    "CVXPY, sampled": Peer(
        sampled,
        f"the program of public demonstrations: what pyscnn solves, {GATES} random gates",
        random=True,
    ),
    "CVXPY, all": Peer(
        enumerated,
        "interpolation with free biases and a skip connection, all activation patterns; exact for "
        "one output, for more it is one network each, which cost more",
        random=False,
    ),
    "pyscnn": Peer(
        scnn,
        "squared error plus a penalty; biases are penalized, no skip connection, one network for "
        f"each output, {GATES} random gates (augmented Lagrangian)",
        random=True,
        needs=("scnn",),
    ),
}


def warm_up(peer: Peer) -> None:
    """Import what the peer needs and let it solve a small problem."""
    points = np.random.default_rng(0).standard_normal((5, 2))
    for _ in peer.run(cd.Interpolation(points, points[:, 0] ** 2), 0, 0.1):
        return
