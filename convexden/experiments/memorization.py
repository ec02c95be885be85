"""Where the score flow of a denoiser of images ends: at a training image, or elsewhere.

The same starts are followed with the certified denoiser and, if there is one, with a trained
network: noise around the training images, noise around their mean that forgot them, and mixtures of
images.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, data, display
from convexden.analysis.flows import Flow, score_flow
from convexden.errors import InvalidInput
from convexden.experiments.training.measures import worst_error
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

STARTS = ("noisy images", "pure noise", "mean of two", "x_i + x_j - x_k")
# Ends this close to a clean point, in spreads, count as it: a trained network interpolates to some
# hundredths of the spread only, and no other limit of a certified denoiser is as close.
NEAR = 0.05


class Ends(NamedTuple):
    """Where starts of one kind ended.

    Attributes
    ----------
    start : str
    network : str
        "certified" or "trained".
    clean, virtual, other : int
        At clean points to 5 % of the spread, at attracting fixed points that are none, elsewhere.
    """

    start: str
    network: str
    clean: int
    virtual: int
    other: int


@dataclass(frozen=True, eq=False)
class Memorization:
    """Where starts of all kinds ended.

    Attributes
    ----------
    solution : Solution
    networks : mapping of str to ShallowNetwork
        "certified", and "trained" if there is one.
    flows : mapping of str to Flow
        Of these, from the same starts.
    kinds : (M,) array of int
        Of the starts, as in `STARTS`.
    """

    solution: Solution
    networks: dict[str, ShallowNetwork] = field(repr=False)
    flows: dict[str, Flow]
    kinds: Indices = field(repr=False)

    __repr__ = display.field_line

    def at(self, network: str) -> NDArray[np.str_]:
        """What the ends (M,) of the flow of a network are: "clean", "virtual" or "other"."""
        flow, problem = self.flows[network], self.solution.problem
        ends = np.nan_to_num(flow.limits, nan=np.inf)
        distances = np.linalg.norm(ends[:, None] - problem.targets, axis=2).min(axis=1)
        near = distances <= NEAR * problem.target_spread
        return np.where(near, "clean", np.where(flow.kinds == "clean", "other", flow.kinds))

    def error(self, network: str) -> float:
        """The largest error of a network that is found on the balls, in spreads of the images."""
        problem = self.solution.problem
        return worst_error(problem, self.networks[network]) / problem.target_spread

    def excess(self, network: str) -> float:
        """The relative excess of its cost over the certified one: negative if it errs on balls."""
        return self.networks[network].representation_cost / self.solution.cost - 1

    @property
    def ends(self) -> list[Ends]:
        """One for every kind of start and network."""
        found = []
        for k, start in enumerate(STARTS):
            for network in self.flows:
                own = self.at(network)[self.kinds == k]
                numbers = (int((own == kind).sum()) for kind in ("clean", "virtual", "other"))
                found.append(Ends(start, network, *numbers))
        return found

    def virtual(self, network: str = "certified") -> tuple[Array, Indices]:
        """The virtual points (V, d) that were reached, and how often (V,), the most frequent first.

        Limits are told apart at 5 % of the spread.
        """
        limits = self.flows[network].limits[self.at(network) == "virtual"]
        points: list[Array] = []
        counts: list[int] = []
        for limit in limits:
            apart = [float(np.linalg.norm(limit - point)) for point in points]
            nearest = int(np.argmin(apart)) if apart else -1
            if apart and apart[nearest] <= NEAR * self.solution.problem.target_spread:
                counts[nearest] += 1
            else:
                points.append(limit)
                counts.append(1)
        order = np.argsort(-np.array(counts, dtype=np.intp), kind="stable")
        d = self.solution.problem.output_dimension
        return np.array(points).reshape(-1, d)[order], np.array(counts, dtype=np.intp)[order]


def memorization(
    solution: Solution,
    trained: ShallowNetwork | None = None,
    *,
    noise: float | None = None,
    draws: int = 100,
    seed: int = 0,
) -> Memorization:
    """Follow the score flows of a certified and of a trained denoiser from the same starts.

    Parameters
    ----------
    solution : Solution
        Of a denoising problem of at least three clean points.
    trained : ShallowNetwork, optional
        For example the network of `convexden.training.train`.
    noise : float, optional
        Standard deviation of the noise around images in every coordinate; by default such that its
        length is half the smallest distance of two images.
    draws : int
        Starts of each kind: noise around an image; around the mean, as long as the images are far
        from it; means of two images; and x_i + x_j - x_k of three.  Mixtures have a tenth of the
        noise.
    seed : int

    Returns
    -------
    Memorization

    Raises
    ------
    InvalidInput
        If there are fewer than three clean points, or a network is no denoiser of them.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.memorization import memorization
    >>> solution = cd.solve(cd.denoising(cd.data.triangle([100, 42, 38]), radius=0.35))
    >>> found = memorization(solution, draws=50)
    >>> [(ends.start, ends.virtual) for ends in found.ends]
    [('noisy images', 0), ('pure noise', 2), ('mean of two', 0), ('x_i + x_j - x_k', 18)]
    """
    problem = arguments.instance("solution", solution, Solution).problem
    clean = np.unique(problem.targets, axis=0)
    n, d = clean.shape
    if n < 3:
        raise InvalidInput(f"{n} clean points have no mixtures of three: give at least 3")
    sigma = data.smallest_distance(clean) / 2 / np.sqrt(d) if noise is None else noise
    sigma = arguments.number("noise", sigma, least=0.0)
    draws = arguments.whole("draws", draws, least=1)
    rng = np.random.default_rng(arguments.whole("seed", seed))
    chosen = np.array([rng.permutation(n)[:3] for _ in range(draws)])
    first, second, third = clean[chosen.T]
    moves = rng.standard_normal((len(STARTS), draws, d))
    far = np.sqrt(((clean - clean.mean(axis=0)) ** 2).sum(axis=1).mean() / d)
    starts = np.concatenate(
        [
            first + sigma * moves[0],
            clean.mean(axis=0) + far * moves[1],
            (first + second) / 2 + sigma / 10 * moves[2],
            first + second - third + sigma / 10 * moves[3],
        ]
    )
    networks = {"certified": solution.network}
    if trained is not None:
        networks["trained"] = arguments.instance("trained", trained, ShallowNetwork)
    flows = {name: score_flow(problem, network, starts) for name, network in networks.items()}
    return Memorization(solution, networks, flows, np.repeat(np.arange(len(STARTS)), draws))


def share_problem(points: Array, fraction: float) -> Interpolation:
    """The denoising problem of points with balls of this share of their contact."""
    from convexden.problem import denoising

    return denoising(points, radius=fraction * data.smallest_distance(points) / 2)
