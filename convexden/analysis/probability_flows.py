r"""The probability flow of a family of denoisers, and the samplers that approximate it.

With :math:`\tau = -\log \sigma` it is :math:`dy / d\tau = h_\sigma(y) - y`, and in the variable
:math:`\sigma` it is :math:`dy / d\sigma = (y - h_\sigma(y)) / \sigma`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.denoiser_families import DenoiserFamily, noise_levels
from convexden.analysis.flows import CLEAN_RTOL, KINDS, as_starts, score_flow
from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.solution import Solution

Array = NDArray[np.float64]
# Steps between levels in geometric progression differ by rounding only, in the logarithm.
GEOMETRIC_ATOL = 1e-12
Step = Callable[[ShallowNetwork, ShallowNetwork, float, float, Array], Array]


def ddim(before: ShallowNetwork, after: ShallowNetwork, high: float, low: float, y: Array) -> Array:
    r"""One step of DDIM: :math:`h(y) + (\sigma_+ / \sigma) (y - h(y))`, Euler's method in sigma."""
    clean = before(y)
    return clean + (low / high) * (y - clean)


def euler(
    before: ShallowNetwork, after: ShallowNetwork, high: float, low: float, y: Array
) -> Array:
    r"""One step of Euler's method in tau: :math:`y + \log(\sigma / \sigma_+) (h(y) - y)`."""
    return y + np.log(high / low) * (before(y) - y)


def heun(before: ShallowNetwork, after: ShallowNetwork, high: float, low: float, y: Array) -> Array:
    """One step of Heun's method in sigma, of second order."""
    slope = (y - before(y)) / high
    ahead = y + (low - high) * slope
    return y + (low - high) * (slope + (ahead - after(ahead)) / low) / 2


SAMPLERS: Mapping[str, Step] = {"ddim": ddim, "euler": euler, "heun": heun}


@dataclass(frozen=True, eq=False)
class ProbabilityFlow:
    """Where the probability flow of a family of denoisers leads, and its samplers.

    Attributes
    ----------
    family : DenoiserFamily
        With the solutions of all levels.
    levels : (L,) array
        Noise levels, falling.
    points : (L, M, d) array
        The flow at every level, its starts first.
    samples : mapping of str to (L, M, d) array
        The same of the samplers "ddim", "euler" and "heun", one step a level.
    one_step : (M, d) array
        Where one step of DDIM leads, from the first level to the last.
    limits : (M, d) array
        The last denoiser at the end of the flow, the step to noise level 0.
    kinds : (M,) array of str
        Of these: "clean" within 1e-6 spreads of a clean point, "virtual" as close to an attracting
        fixed point of the last denoiser that is none, "other" otherwise.
    interrupted : bool
        Whether `progress` ended it; then it ends at the last of the `levels` that are left.
    """

    family: DenoiserFamily
    levels: Array
    points: Array
    samples: Mapping[str, Array] = field(repr=False)
    one_step: Array
    limits: Array
    kinds: NDArray[np.str_]
    interrupted: bool = False

    def __repr__(self) -> str:
        """One line with what matters."""
        counts = ", ".join(f"{int((self.kinds == kind).sum())} {kind}" for kind in KINDS)
        return display.one_line(
            self,
            display.counted(self.points.shape[1], "start"),
            f"{len(self.levels)} levels from {self.levels[0]:.4g} to {self.levels[-1]:.4g}",
            counts,
            "interrupted" if self.interrupted else "",
        )

    @property
    def solutions(self) -> list[Solution]:
        """The certified denoisers of the levels."""
        return [self.family.at(sigma) for sigma in self.levels]

    @property
    def diameter(self) -> float:
        """The largest distance of two clean points."""
        from scipy.spatial.distance import pdist

        return float(pdist(self.family.points).max())

    @property
    def defect(self) -> Array:
        """The consistency defect (M,): how far one step ends from the flow, in diameters."""
        distances: Array = np.linalg.norm(self.one_step - self.points[-1], axis=1) / self.diameter
        return distances

    def sampler_errors(self, name: str) -> Array:
        """How far (M,) a sampler ends from the flow, in diameters."""
        ends = self.samples[arguments.choice("sampler", name, SAMPLERS)][-1]
        distances: Array = np.linalg.norm(ends - self.points[-1], axis=1) / self.diameter
        return distances

    def extrapolated(self) -> tuple[Array, Array]:
        r"""The ends for infinitely many levels, from all, every second and every fourth of them.

        With steps h in :math:`\log \sigma` the flow errs by :math:`e_2 h^2 + e_4 h^4 + \ldots`,
        which Richardson's extrapolation takes away, twice.  Where a path meets a hinge soon before
        or after a level the series breaks off, and the error stays of second order.

        Returns
        -------
        ends : (M, d) array
            At the last level.
        corrections : (M,) array
            What the second extrapolation changed, in diameters: an estimate of the error that is
            too large where the series holds.

        Raises
        ------
        InvalidInput
            If the levels are not 4 k + 1 in geometric progression.
        """
        logs = np.log(self.levels)
        if (len(logs) - 1) % 4 or np.ptp(np.diff(logs)) > GEOMETRIC_ATOL:
            raise InvalidInput(
                f"{len(logs)} levels cannot be halved twice: give 4 k + 1, such as 61, "
                "in geometric progression"
            )
        ends = []
        for every in (4, 2):
            y = self.points[0]
            for high, low in pairwise(self.levels[::every]):
                y = _between(self.family, y, float(high), float(low))
            ends.append(y)
        fourth, second, all_of_them = *ends, self.points[-1]
        rough, fine = (4 * second - fourth) / 3, (4 * all_of_them - second) / 3
        found = (16 * fine - rough) / 15
        return found, np.linalg.norm(found - fine, axis=1) / self.diameter


def probability_flow(
    family: DenoiserFamily,
    starts: ArrayLike,
    sigma_from: float,
    sigma_to: float,
    levels: int | ArrayLike = 60,
    *,
    progress: Callable[[TaskProgress], object] | None = None,
) -> ProbabilityFlow:
    r"""Follow the probability flow from one noise level to another, with its samplers beside it.

    Between two levels the denoiser is that of the nearer one, in :math:`\log \sigma`, and the flow
    is the exact score flow of this denoiser: half the time with one, half with the other.  The only
    error is that of replacing the family by these denoisers.  It is of second order in the distance
    of levels, and vanishes if the denoiser does not depend on the level: of a triangle some 3e-5
    with 60 levels, so that 1e-8 would take thousands.  `ProbabilityFlow.extrapolated` reaches it
    with 61 from most starts.

    Parameters
    ----------
    family : DenoiserFamily
    starts : (M, d) or (d,) array
        At noise level `sigma_from`.
    sigma_from, sigma_to : float
        Noise levels, the first above the second.
    levels : int or (L,) array
        How many levels, in geometric progression; or the levels, falling, both ends among them.
    progress : callable, optional
        Called with a `TaskProgress` at every level; a StopIteration that it raises ends the run.

    Returns
    -------
    ProbabilityFlow

    Raises
    ------
    InvalidInput
        If starts do not fit the points, or levels do not fall from `sigma_from` to `sigma_to`.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on score and probability flows; Song, Meng and Ermon 2021,
    arXiv 2010.02502 (DDIM); Karras et al. 2022, arXiv 2206.00364 (Heun).

    Examples
    --------
    The denoiser of points on axes has the product structure: one step is exact.

    >>> import convexden as cd
    >>> family = cd.DenoiserFamily([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]], kappa=0.5)
    >>> flow = cd.probability_flow(family, [[0.3, 0.9], [0.6, 1.2]], 0.6, 0.1, levels=12)
    >>> flow.kinds, bool(flow.defect.max() < 1e-2)
    (array(['other', 'other'], dtype='<U7'), True)
    >>> error = abs(flow.samples["ddim"][-1] - flow.one_step).max()
    >>> bool(error < 1e-12)
    True
    """
    arguments.instance("family", family, DenoiserFamily)
    arguments.callback("progress", progress)
    sigmas = noise_levels(sigma_from, sigma_to, levels)
    first = family.problem(float(sigmas[0]))
    begin = as_starts(starts, first.input_dimension)
    paths: dict[str, list[Array]] = {name: [begin] for name in ("flow", *SAMPLERS)}
    networks = [family.at(float(sigmas[0])).network]
    interrupted = False
    try:
        for j, (high, low) in enumerate(pairwise(sigmas)):
            tell(progress, TaskProgress(j, len(sigmas) - 1, f"noise level {low:.4g}"))
            networks.append(family.at(float(low)).network)
            _advance(family, paths, networks[-2:], float(high), float(low))
    except Stopped:
        interrupted = True
    reached = sigmas[: len(paths["flow"])]
    points = {name: np.stack(path) for name, path in paths.items()}
    last, problem = networks[len(reached) - 1], family.problem(float(reached[-1]))
    ends = last(points["flow"][-1]) if len(begin) else begin
    rest = score_flow(problem, last, ends)
    still = np.linalg.norm(rest.limits - ends, axis=1) <= CLEAN_RTOL * problem.target_spread
    return ProbabilityFlow(
        family,
        reached,
        points.pop("flow"),
        points,
        ddim(networks[0], last, float(reached[0]), float(reached[-1]), begin),
        ends,
        np.where(still, rest.kinds, "other"),
        interrupted,
    )


def _between(family: DenoiserFamily, y: Array, high: float, low: float) -> Array:
    """The flow from one level to the next: half of the time each with the denoisers of both."""
    for sigma in (high, low):
        network = family.at(sigma).network
        y = score_flow(family.problem(sigma), network, y, np.log(high / low) / 2).limits
    return y


def _advance(
    family: DenoiserFamily,
    paths: dict[str, list[Array]],
    networks: list[ShallowNetwork],
    high: float,
    low: float,
) -> None:
    """Append the points of the flow and of all samplers at the next level."""
    paths["flow"].append(_between(family, paths["flow"][-1], high, low))
    for name, step in SAMPLERS.items():
        paths[name].append(step(networks[0], networks[1], high, low, paths[name][-1]))
