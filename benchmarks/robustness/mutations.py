"""Solutions spoiled on purpose: whatever the verification then calls proven must still hold.

The optimum does not depend on what is offered, so one enclosure of it judges all mutations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import convexden as cd
from benchmarks.robustness.judge import Optimum
from convexden.errors import ConvexdenError
from convexden.verification import verify

Array = NDArray[np.float64]
Generator = np.random.Generator

# Mutations of each solution.
COUNT = 3


def falsities(solution: cd.Solution, optimum: Optimum, seed: int) -> Iterator[str]:
    """What the verification says falsely of spoiled versions of a solution."""
    low, high = optimum.low, optimum.high
    rng = np.random.default_rng(seed)
    for _ in range(COUNT):
        name = str(rng.choice(list(MUTATIONS)))
        network, certificate = MUTATIONS[name](solution, rng)
        try:
            found = verify(solution.problem, network, certificate)
        except ConvexdenError:
            continue
        if found.moved > 0:  # speaks about other samples, whose optimum is not known here
            continue
        if high is not None and found.lower_bound > high:
            yield f"{name}: verified bound {found.lower_bound:.17g} > {float(high):.17g}"
        if found.cost < low:
            yield f"{name}: verified cost {found.cost:.17g} < {float(low):.17g}"


Offer = tuple[cd.ShallowNetwork, cd.Certificate]


def _noisy_multipliers(solution: cd.Solution, rng: Generator) -> Offer:
    """All multipliers moved by 1e-12 to 1 of the largest."""
    values, jacobians = solution.certificate.values, solution.certificate.jacobians
    size = 10.0 ** rng.uniform(-12, 0) * max(np.abs(values).max(), 1e-300)
    balls = (solution.problem.radii > 0)[:, None, None]
    moved = jacobians + balls * size * rng.normal(size=jacobians.shape)
    return solution.network, _with(solution, values + size * rng.normal(size=values.shape), moved)


def _lifted_targets(solution: cd.Solution, rng: Generator) -> Offer:
    """Multipliers that favor the targets: the objective rises, the equalities break."""
    values = solution.certificate.values
    targets = solution.problem.targets - solution.problem.targets.mean(axis=0)
    size = 10.0 ** rng.uniform(-10, 0) * max(np.abs(values).max(), 1e-300)
    favored = values + size * targets / max(np.abs(targets).max(), 1e-300)
    return solution.network, _with(solution, favored, solution.certificate.jacobians)


def _one_large_multiplier(solution: cd.Solution, rng: Generator) -> Offer:
    """One number 1e3 to 1e15 times as large as the others."""
    values = solution.certificate.values.copy()
    place = tuple(rng.integers(0, size) for size in values.shape)
    values[place] += 10.0 ** rng.uniform(3, 15) * max(np.abs(values).max(), 1e-300)
    return solution.network, _with(solution, values, solution.certificate.jacobians)


def _moved_hinges(solution: cd.Solution, rng: Generator) -> Offer:
    """Hinges that enter balls or leave samples by 1e-15 to 1e-3 of the spread."""
    network = solution.network
    size = 10.0 ** rng.uniform(-15, -3) * solution.problem.input_spread
    biases = network.biases + size * rng.normal(size=network.biases.shape)
    return replace(network, biases=biases, biases_low=None), solution.certificate


def _smaller_balls(solution: cd.Solution, rng: Generator) -> Offer:
    """The network of slightly smaller balls, which costs less."""
    problem = solution.problem
    shrunk = problem.radii * (1 - 10.0 ** rng.uniform(-14, -4))
    try:
        found = cd.solve(cd.Interpolation(problem.centers, problem.targets, shrunk))
    except ConvexdenError:
        return _moved_hinges(solution, rng)
    return found.network, found.certificate


def _lighter_neurons(solution: cd.Solution, rng: Generator) -> Offer:
    """Output weights that are smaller by 1e-14 to 1e-2, or one neuron less."""
    network = solution.network
    weights = network.output_weights.copy()
    if len(weights) and rng.random() < 0.3:
        weights[rng.integers(0, len(weights))] = 0.0
    lighter = weights * (1 - 10.0 ** rng.uniform(-14, -2))
    changed = replace(network, output_weights=lighter, output_weights_low=None)
    return changed, solution.certificate


MUTATIONS: dict[str, Callable[[cd.Solution, Generator], Offer]] = {
    "noisy multipliers": _noisy_multipliers,
    "favored targets": _lifted_targets,
    "one large multiplier": _one_large_multiplier,
    "moved hinges": _moved_hinges,
    "smaller balls": _smaller_balls,
    "lighter neurons": _lighter_neurons,
}


def _with(solution: cd.Solution, values: Any, jacobians: Any) -> cd.Certificate:
    return replace(
        solution.certificate,
        values=values,
        jacobians=jacobians,
        values_low=None,
        jacobians_low=None,
    )
