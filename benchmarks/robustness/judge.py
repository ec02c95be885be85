"""The judge: is anything that a solution states false?

It shares no code with the solvers or the verification.  The optimum is enclosed by its own means:
exactly where the sites lie on a line or the targets are affine; otherwise from above by networks
that are feasible in rationals (`networks`), of which brute force proposes the hinges (`dense`), and
in the plane from below by multipliers with an enclosure in integers (`bounds`).  A statement is
false if the optimum is shown to contradict it; what is only not shown is a remark.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from benchmarks.robustness import bounds, dense
from benchmarks.robustness.affine import affine_fit_exists, affine_within_rounding
from benchmarks.robustness.exact import Sites, exact_sites, fractions, root
from benchmarks.robustness.infeasible import proof_holds
from benchmarks.robustness.line import line_optimum
from benchmarks.robustness.networks import Hinge, corrected, feasible_hinge, own_network

Array = NDArray[np.float64]

# Directions, hinges in a program, and rounds in which violated hinges join it.
_DIRECTIONS = 160
_HINGES = 240
_NEWCOMERS = 60
_ROUNDS = 3
# A cost that the judge's network exceeds by more is remarked: nobody has shown a network for it.
_UNPROVEN = 1e-8
# Units in the last place of its own column by which a number may be moved.
_LAST_PLACES = 4
# An understatement of P by this share is the rounding of the number itself.
_ROUNDING = 1e-12


@dataclass
class Optimum:
    """What is known about the optimum: rationals below and above, None where nothing is."""

    low: Fraction = Fraction(0)
    high: Fraction | None = None
    low_from: str = "zero"
    high_from: str = "nothing"
    multipliers: list[bounds.Multipliers] = field(default_factory=list)

    def above(self, cost: Fraction | None, how: str) -> None:
        """Take an upper bound into account."""
        if cost is not None and (self.high is None or cost < self.high):
            self.high, self.high_from = cost, how

    def below(self, bound: Fraction | None, how: str) -> None:
        """Take a lower bound into account."""
        if bound is not None and bound > self.low:
            self.low, self.low_from = bound, how


class Verdict(NamedTuple):
    """What is false, what is doubtful, and what is known about the optimum."""

    falsities: list[str]
    remarks: list[str]
    optimum: Optimum


def judge_solution(solution: Any, tolerance: float, seconds: float, given: Any = None) -> Verdict:
    """What a solution states falsely, and what is doubtful about it.

    The statement is about the data that were given, or those that it says it moved them to.  A cost
    of 0 is that of targets which are affine up to their last place.
    """
    moved = getattr(solution, "moved", None)
    problem = solution.problem if moved is None else moved
    sites = exact_sites(problem.centers, problem.targets, problem.radii)
    optimum = enclosed(sites, solution.network, solution.certificate, seconds)
    if solution.cost == 0.0 and optimum.low > 0 and affine_within_rounding(sites):
        # A bound above zero is true of the targets as they are.
        optimum = replace(optimum, low=Fraction(0), low_from="an affine map, rounded")
    falsities = _inconsistent(solution, tolerance)
    if given is not None:
        falsities += _moved(solution.problem, given, 0)
    if moved is not None:
        falsities += _moved(moved, solution.problem, _LAST_PLACES)
    remarks = []
    lower, cost = Fraction(float(solution.lower_bound)), Fraction(float(solution.cost))
    if optimum.high is not None and optimum.high < lower:
        text = (
            f"lower bound {float(lower):.17g} > {float(optimum.high):.17g}, "
            f"the cost of a network ({optimum.high_from})"
        )
        # Moved data are stored to their last place only: an optimum or a difference this small may
        # be that of the last places, and off their plane any targets may be affine.
        told = _smallest_told(sites)
        tiny = moved is not None and min(optimum.high, lower - optimum.high) < told
        (remarks if tiny else falsities).append(text)
    if solution.status == "certified":
        if optimum.low > cost:
            falsities.append(
                f"cost {float(cost):.17g} < {float(optimum.low):.17g}, "
                f"a lower bound ({optimum.low_from})"
            )
        elif optimum.high is None:
            remarks.append("no exact network was found")
        elif optimum.high > cost * (1 + Fraction(_UNPROVEN)):
            excess = float(optimum.high / cost - 1) if cost else float(optimum.high)
            remarks.append(f"the cheapest exact network costs {excess:.1e} more than stated")
        falsities += understated(sites, solution.certificate)
    return Verdict(falsities, remarks, optimum)


def _smallest_told(sites: Sites) -> Fraction:
    """A cost below which the last places of the coordinates decide: as many of those of the targets
    over the spread as there are sites."""
    largest = max(abs(x) for target in sites.targets for x in target)
    spread = max(abs(x) for center in sites.centers for x in center)
    place = Fraction(float(np.spacing(float(largest))))
    moved = max(abs(x) for x in sites.origin) / spread
    return len(sites.radii) * place * (1 + moved) / spread


def _inconsistent(solution: Any, tolerance: float) -> list[str]:
    """Numbers of a solution that contradict each other."""
    found = []
    if solution.status == "certified":
        if not solution.relative_gap <= tolerance:
            found.append(f"certified with a gap of {solution.relative_gap:.3g}")
        if solution.relative_gap < 0:
            found.append(f"negative gap {solution.relative_gap:.3g}")
        if not solution.lower_bound <= solution.cost:
            found.append("lower bound above the cost")
    if solution.certificate.lower_bound > solution.lower_bound and solution.status == "certified":
        found.append(
            f"the certificate's bound {solution.certificate.lower_bound:.17g} is above that of "
            f"the solution, {solution.lower_bound:.17g}"
        )
    return found


def _moved(held: Any, given: Any, places: int) -> list[str]:
    """Whether numbers differ from those given by more than so many last places of their column."""
    found = []
    for name in ("centers", "targets", "radii"):
        data = np.asarray(getattr(given, name), dtype=float)
        difference = np.abs(getattr(held, name) - data.reshape(getattr(held, name).shape))
        if (difference > places * np.spacing(np.abs(data).max(axis=0))).any():
            found.append(f"{name} were moved" + " by more than their rounding" * (places > 0))
    return found


def enclosed(sites: Sites, network: Any, certificate: Any, seconds: float) -> Optimum:
    """The optimum, as far as it can be told in the time; network and certificate may be None."""
    optimum = Optimum()
    end = time.process_time() + seconds
    if affine_fit_exists(sites):
        optimum.above(Fraction(0), "an affine map")
        return optimum
    line = line_optimum(sites)
    if line is not None:
        optimum.below(line[0], "connecting the dots")
        optimum.above(line[1], "connecting the dots")
        return optimum
    data = dense.scaled(sites)
    rng = np.random.default_rng(len(sites.radii))
    pool = dense.hinges_with(data, dense.directions(data, rng, _DIRECTIONS))
    spare = _spare(sites, data, pool)
    hinges: list[Hinge] = []
    if network is not None:
        hinges, weights = own_network(sites, network)
        found = corrected(sites, hinges, weights, spare)
        optimum.above(None if found is None else found.cost, "its own, corrected")
    if certificate is not None:
        take_multipliers(sites, certificate.values, certificate.jacobians, optimum)
    if time.process_time() < end:
        brute_force(sites, data, pool, hinges, spare, optimum, end)
    if len(sites.centers[0]) == 2:
        prove_in_the_plane(sites, optimum, end)
    return optimum


def _spare(sites: Sites, data: dense.Scaled, pool: dense.Hinges) -> list[Hinge]:
    """Hinges whose equality columns are as independent as the pool has them."""
    balls = np.flatnonzero(data.radii > 0)
    columns = [np.where(pool.on, pool.z, 0.0)]
    columns += [pool.on[:, m, None] * pool.w for m in balls]
    table = np.concatenate(columns, axis=1)  # a hinge in each row
    affine = np.hstack([np.ones((len(data.radii), 1)), data.centers]).T
    flat = np.tile(
        np.vstack([np.zeros((1, data.centers.shape[1])), np.eye(data.centers.shape[1])]), len(balls)
    )
    basis = np.linalg.qr(np.hstack([affine, flat]).T)[0]
    rest = table - table @ basis @ basis.T
    order = qr(rest.T, mode="r", pivoting=True)[1][: table.shape[1]]
    found = (_exact_hinge(sites, data, pool, k) for k in order)
    return [hinge for hinge in found if hinge is not None]


def _exact_hinge(sites: Sites, data: dense.Scaled, hinges: dense.Hinges, k: int) -> Hinge | None:
    """A hinge of scaled coordinates in those of the sites, cutting no ball."""
    bias = Fraction(float(hinges.b[k])) * Fraction(data.unit)
    return feasible_hinge(sites, fractions(hinges.w[k]), bias)


def take_multipliers(sites: Sites, values: Any, jacobians: Any, optimum: Optimum) -> None:
    """Close multipliers and keep them for the lower bound."""
    closed = bounds.closed(sites, values, jacobians)
    if closed is not None and closed.objective > 0:
        optimum.multipliers.append(closed)


def brute_force(
    sites: Sites,
    data: dense.Scaled,
    pool: dense.Hinges,
    own: list[Hinge],
    spare: list[Hinge],
    optimum: Optimum,
    end: float,
) -> None:
    """Programs over many hinges, joined by those that their multipliers violate."""
    rng = np.random.default_rng(len(sites.radii))
    mine = _floats(data, own)
    chosen = _joined(mine, _some(pool, rng, _HINGES))
    found, last = None, None
    for _ in range(_ROUNDS):
        if not len(chosen.b) or time.process_time() > end:
            break
        found = dense.program(data, chosen)
        if found is None:
            break
        last = (chosen, found)
        heights = dense.constraint(data, pool, found)
        violated = np.argsort(-heights)[:_NEWCOMERS]
        violated = violated[heights[violated] > 1 + 1e-7]
        if not violated.size:
            break
        sizes = np.linalg.norm(found.weights, axis=1)
        heavy = sizes > 1e-9 * sizes.max()
        tight = dense.constraint(data, chosen, found) > 0.9
        chosen = _joined(_take(chosen, heavy | tight), _take(pool, violated))
    if last is None or found is None:
        return
    chosen, found = last  # whose hinges are not joined by others yet
    _correct(sites, data, chosen, found, spare, optimum)
    # The scaled problem's multipliers: values belong to lengths in its unit.
    take_multipliers(sites, found.values / data.unit, found.jacobians, optimum)


def _correct(
    sites: Sites,
    data: dense.Scaled,
    hinges: dense.Hinges,
    found: dense.Found,
    spare: list[Hinge],
    optimum: Optimum,
) -> None:
    """The program's network, made exact: the heavy hinges, and some others in reserve."""
    sizes = np.linalg.norm(found.weights, axis=1)
    order = np.argsort(-sizes)
    rows = len(sites.radii) + len(sites.balls) * len(sites.centers[0])
    kept: list[Hinge] = []
    weights = []
    for k in order[: rows + 10]:
        if sizes[k] <= 1e-12 * sizes[order[0]]:
            break
        hinge = _exact_hinge(sites, data, hinges, k)
        if hinge is not None:
            kept.append(hinge)
            weights.append(fractions(found.weights[k] / data.unit))
    network = corrected(sites, kept, weights, spare)
    optimum.above(None if network is None else network.cost, "brute force")


def prove_in_the_plane(sites: Sites, optimum: Optimum, end: float) -> None:
    """Lower bounds of the multipliers at hand."""
    for multipliers in optimum.multipliers:
        estimate = estimated_maximum(sites, multipliers)
        left = end - time.process_time()
        if left <= 0:
            return
        maximum = bounds.plane_bound(sites, multipliers, estimate, left)
        if maximum is not None:
            optimum.below(multipliers.objective / maximum, "multipliers, closed and enclosed")


def estimated_maximum(sites: Sites, multipliers: bounds.Multipliers) -> float:
    """P in floats: many directions, then golden section round the best."""
    data = dense.scaled(sites)
    found = _float_multipliers(data, multipliers)
    rng = np.random.default_rng(0)
    normals = dense.directions(data, rng, 400)
    width = 2 * np.pi / 720
    top = np.concatenate(
        [np.arctan2(normals[:, 1], normals[:, 0]), np.arange(-np.pi, np.pi, width)]
    )
    best = 0.0
    for _ in range(14):
        hinges = dense.hinges_with(data, np.column_stack([np.cos(top), np.sin(top)]))
        if not len(hinges.b):
            break
        heights = dense.constraint(data, hinges, found)
        order = np.argsort(-heights)[:12]
        best = max(best, float(heights[order[0]]))
        middle = np.arctan2(hinges.w[order, 1], hinges.w[order, 0])
        top = (middle[:, None] + np.linspace(-width, width, 17)).ravel()
        width /= 6
    return best


def understated(sites: Sites, certificate: Any) -> list[str]:
    """Whether a hinge exceeds the stated P by more than closing the multipliers explains.

    The stated P is that of multipliers which satisfy the equalities; how they were closed is not
    known, so four times what closing changes at a hinge at most is allowed for.
    """
    multipliers = bounds.closed(sites, certificate.values, certificate.jacobians)
    if multipliers is None:
        return []
    stated = float(certificate.pricing_maximum)
    data = dense.scaled(sites)
    found = _float_multipliers(data, multipliers)
    pool = dense.hinges_with(data, dense.directions(data, np.random.default_rng(1), _DIRECTIONS))
    if not len(pool.b):
        return []
    heights = dense.constraint(data, pool, found)
    change = bounds.change(sites, certificate.values, certificate.jacobians, multipliers)
    for k in np.argsort(-heights)[:3]:
        hinge = _exact_hinge(sites, data, pool, int(k))
        if hinge is None or heights[k] <= stated:
            continue
        height = root(bounds.constraint_square(sites, multipliers, hinge))[0]
        if float(height) - 4 * change > stated * (1 + _ROUNDING):
            return [f"pricing maximum {stated:.17g} < {float(height):.17g} of a hinge"]
    return []


def _float_multipliers(data: dense.Scaled, multipliers: bounds.Multipliers) -> dense.Found:
    """Exact multipliers in floats, for scaled coordinates."""
    values = np.array([[float(x) for x in row] for row in multipliers.values]) * data.unit
    jacobians = np.array([[[float(x) for x in row] for row in g] for g in multipliers.jacobians])
    return dense.Found(np.zeros((0, 0)), values, jacobians)


def judge_infeasible(problem: Any, error: Any, seconds: float) -> Verdict:
    """Whether there is a network after all, or the proof does not hold; no proof is a remark."""
    sites = exact_sites(problem.centers, problem.targets, problem.radii)
    proof = getattr(error, "proof", None)
    if proof is not None and proof_holds(sites, proof.to_dict()):
        return Verdict([], [], Optimum())
    optimum = enclosed(sites, None, None, seconds)
    if optimum.high is not None:
        cost = f"{float(optimum.high):.6g}"
        text = f"infeasible, but a network costs {cost} ({optimum.high_from})"
        return Verdict([text], [], optimum)
    if proof is not None:
        return Verdict(["the proof does not hold"], [], optimum)
    return Verdict([], ["without a proof"], optimum)


def _floats(data: dense.Scaled, hinges: list[Hinge]) -> dense.Hinges:
    """Exact hinges as unit hinges in scaled coordinates."""
    d = data.centers.shape[1]
    if not hinges:
        return dense.kept(data, np.zeros((0, d)), np.zeros(0))
    w = np.array([[float(x) for x in hinge.weights] for hinge in hinges])
    b = np.array([float(hinge.bias) for hinge in hinges]) / data.unit
    lengths = np.linalg.norm(w, axis=1)
    z = np.array([[float(x) for x in hinge.values] for hinge in hinges]) / data.unit
    return dense.Hinges(w / lengths[:, None], b / lengths, z / lengths[:, None], z > 0)


def _some(hinges: dense.Hinges, rng: np.random.Generator, count: int) -> dense.Hinges:
    if len(hinges.b) <= count:
        return hinges
    return _take(hinges, np.sort(rng.choice(len(hinges.b), count, replace=False)))


def _take(hinges: dense.Hinges, which: Any) -> dense.Hinges:
    return dense.Hinges(*(part[which] for part in hinges))


def _joined(first: dense.Hinges, second: dense.Hinges) -> dense.Hinges:
    return dense.Hinges(*(np.concatenate(parts) for parts in zip(first, second, strict=True)))
