"""Alignment, measured: of hinges with the data, and of a network with another one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.analysis.coordinates import check_fit, restrict
from convexden.analysis.distances import sup_distance_bounds
from convexden.analysis.hinge_alignment import HingeAlignment, hinge_alignment
from convexden.analysis.ramps import Decomposition, Ramp, decode
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import PARALLEL_RAD

__all__ = [
    "Alignment",
    "Comparison",
    "align",
    "compare_networks",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__


Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two networks, ramp by ramp: one row per matched pair, the heaviest predicted ramp first.

    Attributes
    ----------
    predicted, computed : Decomposition
        Seen in the affine hull of the centers, the ramps pointing away from the mean center.
    pairs : (M, 2) array of int
        Positions of the ramps of each pair among the ramps of the two decompositions.
    angles, output_angles : (M,) array
        Between the directions of the inputs, 0 to 90 degrees, and of the outputs, 0 to 180.
    knot_errors : (M,) array
        Largest distance of a knot from its partner, in units of the inputs; from the nearest knot
        if the ramps have different numbers of them.
    height_errors : (M,) array
        Rise of the computed ramp less that of the predicted one, in units of the targets; NaN if
        one of them is not bounded.
    weight_errors : (M,) array
        Weight of the computed ramp less that of the predicted one, as a fraction of the latter.
    distance : (float, float)
        Lower and upper bound of the sup-distance of the two functions,
        `convexden.analysis.distances.sup_distance_bounds`: the same number where it is exact.
    """

    predicted: Decomposition
    computed: Decomposition
    pairs: NDArray[np.intp]
    angles: Array
    output_angles: Array
    knot_errors: Array
    height_errors: Array
    weight_errors: Array
    distance: tuple[float, float]

    def __repr__(self) -> str:
        """One line with what matters."""
        lower, upper = self.distance
        exact = f"{upper:.2g}" if lower == upper else f"{lower:.2g} to {upper:.2g}"
        return display.one_line(
            self,
            f"{display.counted(len(self.pairs), 'pair')} of ramps",
            f"{len(self.missing)} missing",
            f"{len(self.extra)} extra",
            f"distance={exact}",
        )

    def __str__(self) -> str:
        """The table as text."""
        return display.table_text(self)

    @property
    def missing(self) -> list[int]:
        """Predicted ramps that have no partner."""
        return sorted(set(range(len(self.predicted.ramps))) - set(self.pairs[:, 0].tolist()))

    @property
    def extra(self) -> list[int]:
        """Computed ramps that have no partner."""
        return sorted(set(range(len(self.computed.ramps))) - set(self.pairs[:, 1].tolist()))


@dataclass(frozen=True, eq=False)
class Alignment:
    """How a network lies among its sites and, if there is a prediction, how close it comes to it.

    Attributes
    ----------
    hinges : HingeAlignment
        Angles of the hinges with edges, face normals and max-margin directions.
    comparison : Comparison or None
        With the prediction.
    """

    hinges: HingeAlignment
    comparison: Comparison | None

    def __repr__(self) -> str:
        """One line with what matters."""
        pairs = "no prediction"
        if self.comparison is not None:
            pairs = f"{display.counted(len(self.comparison.pairs), 'pair')} of ramps"
        return display.one_line(self, display.counted(len(self.hinges.weights), "hinge"), pairs)

    def __str__(self) -> str:
        """The table as text."""
        return display.table_text(self)


def align(
    problem: Interpolation,
    network: ShallowNetwork,
    predicted: ShallowNetwork | None = None,
    *,
    tolerance: float = PARALLEL_RAD,
) -> Alignment:
    """Measure how a network is aligned with its sites, and with a predicted network.

    Parameters
    ----------
    problem : Interpolation
    network : ShallowNetwork
        On the inputs and outputs of the problem.
    predicted : ShallowNetwork, optional
        A closed form, for `compare_networks`.
    tolerance : float
        As for `compare_networks`.

    Returns
    -------
    Alignment

    Raises
    ------
    InvalidInput
        If a network does not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> claim = cd.theorems.equilateral.closed_form(cd.data.triangle([60, 60, 60]), 0.1)
    >>> alignment = cd.align(claim.problem, cd.solve(claim.problem).network, claim.network)
    >>> alignment.hinges.mean_angles().round(4) + 0.0
    array([30.,  0.,  0.])
    >>> alignment.comparison.pairs[:, 0].tolist(), bool(alignment.comparison.distance[1] < 1e-9)
    ([0, 1, 2], True)
    """
    comparison = None
    if predicted is not None:
        comparison = compare_networks(problem, predicted, network, tolerance=tolerance)
    return Alignment(hinge_alignment(problem, network), comparison)


def compare_networks(
    problem: Interpolation,
    predicted: ShallowNetwork,
    computed: ShallowNetwork,
    *,
    tolerance: float = PARALLEL_RAD,
) -> Comparison:
    r"""Match the ramps of two networks.

    Of all ways to pair ramps the one is taken that makes the sum of

    .. math:: \max(w, w') \Bigl( \angle(u, u') + \angle(v, v') + \frac{\Delta_t}{s}
              + \frac{|w - w'|}{\max(w, w')} \Bigr)

    over the pairs, plus the weights of the ramps without a partner, least: w the weights, u and v
    the directions, angles in radians, :math:`\Delta_t` the error of the knots, and s the spread of
    the centers.

    Parameters
    ----------
    problem : Interpolation
    predicted, computed : ShallowNetwork
        On the inputs and outputs of the problem.
    tolerance : float
        Hinges and output weights tilted by less, in radians, make one ramp (`decode`).

    Returns
    -------
    Comparison

    Raises
    ------
    InvalidInput
        If a network does not fit the problem.
    """
    check_fit(problem.plain("the comparison of neurons"), predicted, computed)
    # Seen from the middle of the data, where a tilt does not move the knots.
    start, basis = problem.centers.mean(axis=0), problem.hull.basis
    f, g = (decode(restrict(h, start, basis), tolerance) for h in (predicted, computed))
    pairs = _match(f, g, problem.input_spread)
    matched = [_side_by_side(f.ramps[i], g.ramps[j]) for i, j in pairs]
    return Comparison(
        _lift(f, start, basis),
        _lift(g, start, basis),
        np.array(pairs, dtype=np.intp).reshape(-1, 2),
        np.array([_angle(a.direction, b.direction) for a, b in matched]),
        np.array([_angle(a.output_direction, b.output_direction) for a, b in matched]),
        np.array([_knot_error(a, b) for a, b in matched]),
        np.array([b.rise - a.rise if a.bounded and b.bounded else np.nan for a, b in matched]),
        np.array([(b.weight - a.weight) / a.weight for a, b in matched]),
        sup_distance_bounds(problem, predicted, computed),
    )


def _lift(parts: Decomposition, start: Array, basis: Array) -> Decomposition:
    """The same in coordinates y of the inputs, from those s of y = start + s @ basis."""
    ramps = []
    for ramp in parts.ramps:
        direction = ramp.direction @ basis
        knots = ramp.knots + direction @ start
        ramps.append(Ramp(direction, ramp.output_direction, knots, ramp.jumps, ramp.spread))
    skip = parts.skip @ basis
    return Decomposition(tuple(ramps), skip, parts.offset - skip @ start)


def _match(f: Decomposition, g: Decomposition, spread: float) -> list[tuple[int, int]]:
    """Pairs of the optimal assignment; a ramp may stay alone, at the price of its weight."""
    from scipy.optimize import linear_sum_assignment

    m, n = len(f.ramps), len(g.ramps)
    weights = np.array([ramp.weight for ramp in (*f.ramps, *g.ramps)])
    costs = np.zeros((m + n, m + n))
    costs[:m, n:] = weights[:m, None]
    costs[m:, :n] = weights[m:]
    for i, ramp in enumerate(f.ramps):
        for j, other in enumerate(g.ramps):
            a, b = _side_by_side(ramp, other)
            tilt = _angle(a.direction, b.direction) + _angle(a.output_direction, b.output_direction)
            off = np.deg2rad(tilt) + _knot_error(a, b) / spread
            costs[i, j] = max(a.weight, b.weight) * off + abs(a.weight - b.weight)
    rows, columns = linear_sum_assignment(costs)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if i < m and j < n]


def _side_by_side(a: Ramp, b: Ramp) -> tuple[Ramp, Ramp]:
    """Both along the same direction: one that is seen through the origin may point back."""
    return a, b if a.direction @ b.direction >= 0 else b.reversed()


def _angle(u: Array, v: Array) -> float:
    """Angle of two unit vectors in degrees, 0 to 180; small angles are accurate, too."""
    return float(np.rad2deg(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))


def _knot_error(a: Ramp, b: Ramp) -> float:
    """Largest distance between the knots of two ramps; of each to the nearest if their numbers
    differ."""
    if a.knots.size == b.knots.size:
        return float(np.abs(a.knots - b.knots).max())
    apart = np.abs(a.knots[:, None] - b.knots)
    return float(max(apart.min(axis=0).max(), apart.min(axis=1).max()))
