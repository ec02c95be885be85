r"""The network of a proof: rational hinges that cut no ball, and what determines their weights.

1. A hinge that cuts a ball by rounding is mixed with a small multiple of one well inside its
   pattern: the hinges of a pattern that cut no ball form a convex cone.
2. A site on the same side of every hinge as a ball with its target follows from that ball.
3. The equations of the other sites are linear in the weights.  A square set of columns is chosen by
   pivoted QR, from the network's own and from hinges of weight 0 around the middle of each pattern
   and in the gaps between the sites.  The inverse of its matrix in floats is all that the checker
   needs to enclose the weights that meet the targets exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import frexp
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.proofs import checker
from convexden.proofs.checker import Data, dot, products
from convexden.proofs.rational_data import Rationals, numbers, rational, rounded
from convexden.proofs.rational_weights import affine_weights, rational_parts
from convexden.verification.exact.extra_patterns import gap_hinges
from convexden.verification.exact.hinge_slack import (
    Hinges,
    Patterns,
    Sites,
    interior_patterns,
    lengths,
    prices,
)
from convexden.verification.exact.labels import labels

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]

# Equations beyond which nothing is tried: the exact product of two matrices takes minutes.
_MOST_ROWS = 600
# Doublings of the multiple that is mixed in, from what floats say is enough.
_DOUBLINGS = 20
# Hinges in gaps that are tried for each equation, if the patterns of the network do not suffice.
_GAPS = (0, 4, 64)
# Least pivot of a regular matrix, as a share of the largest: below it floats give no inverse.
_REGULAR = 1e-13
# Bits of a row of an inverse below the largest, if those of a float do not suffice.
_SHARP_BITS = 300
# How far a hinge around the middle of a pattern is moved, as a share of the room that it has.
_MOVE = 0.25


class NoNetwork(Exception):
    """The network proves no upper bound; the message says why."""


@dataclass(frozen=True, eq=False)
class _Frame:
    """Floats beside the rationals: sites in orthonormal coordinates around their middle."""

    sites: Sites
    lift: Array  # (k, k): omega = lift @ normal

    @classmethod
    def of(cls, problem: Interpolation, rows: Array | None) -> _Frame:
        """That of a problem, for a proof whose B has these rows."""
        hull = problem.hull
        center = hull.coordinates.mean(axis=0)
        lift = hull.basis.T if rows is None else rows @ hull.basis.T
        if lift.shape[0] != lift.shape[1]:
            raise NoNetwork("the centers lie in a smaller hull than their rounding shows")
        return cls(Sites.of(hull.coordinates - center, problem.radii), lift)

    def exact(self, hinges: Hinges) -> Rationals:
        """Rational hinges (omega, b), b counted from site 0, next to these."""
        biases = hinges.biases + hinges.normals @ self.sites.points[0]
        table = np.column_stack([hinges.normals @ self.lift.T, biases])
        found: Rationals = rational(table.tolist())
        return found


def network_of(problem: Interpolation, network: ShallowNetwork, data: Data, rows: Any) -> Any:
    """The key "network" of a proof file.

    Parameters
    ----------
    problem : Interpolation
    network : ShallowNetwork
        On its inputs; it meets the targets up to rounding.
    data : Data
        The sites in a proof's coordinates.
    rows : k lists of d fractions
        The rows of B.

    Raises
    ------
    NoNetwork
        If a hinge cuts a ball and cannot be moved off, or no hinges determine the network.
    """
    floats = None if data.plain else np.array([[float(x) for x in row] for row in rows])
    frame = _Frame.of(problem, floats)
    exact, weights = rational_parts(problem, network, rows)
    if not exact:
        weights = affine_weights(data) or weights
    exact, hinges, patterns = _moved_off(data, exact, frame)
    omitted = _followers(data, hinges.active)
    extra, columns = _chosen(data, frame, hinges, patterns, omitted)
    exact += extra
    weights += [[Fraction(0)] * data.p for _ in extra]
    return {
        "hinges": [[numbers(hinge[:-1]), numbers(hinge[-1])] for hinge in exact],
        "weights": numbers(weights),
        "selected": columns,
        "inverse": _inverse(_matrix(data, exact, omitted, columns)),
        "omitted": [list(pair) for pair in sorted(omitted.items())],
    }


def _chosen(
    data: Data, frame: _Frame, hinges: Hinges, patterns: Patterns, omitted: dict[int, int]
) -> tuple[Rationals, list[int]]:
    """Hinges of weight 0 that are added, and columns with which the equations are regular."""
    groups = labels(np.array([[omitted.get(n, n)] for n in data.sites], dtype=float))[0]
    kept = np.array([n for n in data.sites if n not in omitted])
    count = len(kept) + data.k * sum(data.radii[n] > 0 for n in kept)
    if count > _MOST_ROWS:
        raise NoNetwork(f"{count} equations are too many to enclose their solution")
    normals = hinges.normals / lengths(hinges.normals)[:, None]
    own = 1 + data.k + len(normals)
    for share in _GAPS:
        if share:
            gaps = gap_hinges(frame.sites, groups, normals, share * count)
            patterns = patterns.joined(_priced(frame.sites, gaps))
        around = _around(frame.sites, patterns)
        pool = frame.exact(around)
        good = np.append(np.ones(len(normals), dtype=bool), _harmless(data, pool, omitted))
        selected = _selected(frame.sites, _joined(hinges, around), kept, good)
        if selected is not None:
            extra = selected[selected >= own] - own
            columns = [*selected[selected < own].tolist(), *range(own, own + len(extra))]
            return [pool[k] for k in extra], columns
    raise NoNetwork("no hinges were found that determine the network on all sites")


def _heights(data: Data, hinges: Rationals) -> list[list[Fraction]]:
    """The height of every site over every hinge, hinge by hinge."""
    return products(hinges, [[*point, Fraction(1)] for point in data.points]) if hinges else []


def _length2(data: Data, hinge: list[Fraction]) -> Fraction:
    """The square of |w|."""
    omega = hinge[:-1]
    return Fraction(dot(omega, [dot(row, omega) for row in data.inverse]))


def _depth(data: Data, hinge: list[Fraction], heights: list[Fraction]) -> tuple[float, int]:
    """How deep a hinge cuts a ball, 0 if none, and which."""
    length2 = _length2(data, hinge)
    deepest, site = 0.0, -1
    for n, (z, r) in enumerate(zip(heights, data.radii, strict=True)):
        gap = r * r * length2 - z * z if r else 0
        if gap > 0:
            depth = float(gap) / (float(r) * float(length2) ** 0.5 + abs(float(z)))
            deepest, site = max((deepest, site), (max(depth, 5e-324), n))
    return deepest, site


def _moved_off(data: Data, exact: Rationals, frame: _Frame) -> tuple[Rationals, Hinges, Patterns]:
    """Hinges that cut no ball, those in floats with their sides, and hinges inside the patterns."""
    table = _heights(data, exact)
    active = np.array([[z > 0 for z in row] for row in table], dtype=bool)
    active = active.reshape(-1, len(data.sites))
    normals = np.array([[float(x) for x in hinge[:-1]] for hinge in exact]).reshape(-1, data.k)
    normals = np.linalg.solve(frame.lift, normals.T).T
    biases = np.array([float(hinge[-1]) for hinge in exact]) - normals @ frame.sites.points[0]
    hinges = Hinges(normals, biases, np.zeros(len(biases)), active)
    if not exact:
        none = np.zeros((0, data.k))
        return exact, hinges, Patterns(active, none, biases, np.zeros(0))
    names, patterns = interior_patterns(frame.sites, hinges)
    inner = frame.exact(Hinges(patterns.normals, patterns.biases, patterns.prices, patterns.active))
    price = patterns.prices / lengths(patterns.normals)
    found = [
        _mixed(data, hinge, inner[name], float(price[name]))
        for hinge, name in zip(exact, names, strict=True)
    ]
    usable = np.isfinite(patterns.prices)
    return found, hinges, Patterns(*(part[usable] for part in vars(patterns).values()))


def _mixed(
    data: Data, hinge: list[Fraction], middle: list[Fraction], price: float
) -> list[Fraction]:
    """The hinge itself if it cuts no ball, else with as little of the middle as moves it off.

    Raises
    ------
    NoNetwork
        If there is no such hinge.
    """
    depth, site = _depth(data, hinge, _heights(data, [hinge])[0])
    if depth == 0.0:
        return hinge
    if not np.isfinite(price):
        raise NoNetwork(f"a hinge cuts the ball of site {site} and cannot be moved off")
    share = Fraction(depth * price)
    for _ in range(_DOUBLINGS):
        mixed = [x + share * y for x, y in zip(hinge, middle, strict=True)]
        if _depth(data, mixed, _heights(data, [mixed])[0])[0] == 0.0:
            return mixed
        share *= 2
    raise NoNetwork(f"a hinge cuts the ball of site {site} and could not be moved off")


def _followers(data: Data, active: Flags) -> dict[int, int]:
    """Sites that follow from others: from a ball of the same target that is on the same side of
    every hinge, or from the same sample.
    """
    targets = np.array([[float(x) for x in target] for target in data.targets])
    groups = labels(active.T, targets)[0]
    balls: dict[int, int] = {}
    samples: dict[tuple[Fraction, ...], int] = {}
    for n in data.sites:
        if data.radii[n]:
            balls.setdefault(int(groups[n]), n)
    omitted: dict[int, int] = {}
    for n in data.sites:
        first = balls.get(int(groups[n]))
        if first is None:
            first = samples.setdefault(tuple(data.points[n]), n)
        if first != n:
            omitted[n] = first
    return omitted


def _priced(sites: Sites, hinges: Hinges) -> Patterns:
    """Hinges with room around them, the best one for each pattern."""
    found = prices(sites, hinges)
    order = np.argsort(found, kind="stable")
    best = order[labels(hinges.active[order])[1]]
    best = best[np.isfinite(found[best])]
    return Patterns(hinges.active[best], hinges.normals[best], hinges.biases[best], found[best])


def _around(sites: Sites, patterns: Patterns) -> Hinges:
    """Every hinge inside a pattern, and k + 1 that are moved a little, as far as there is room."""
    k = sites.points.shape[1]
    reach = sites.scale
    sizes = lengths(patterns.normals)
    normals, biases = patterns.normals / sizes[:, None], patterns.biases / sizes
    room = np.minimum(_MOVE / patterns.prices, reach)
    moves = np.vstack([np.zeros(k + 1), np.eye(k + 1)])  # of the normal in units of 1 / reach
    moved_normals = normals[:, None] + room[:, None, None] * moves[:, :k] / reach
    moved_biases = biases[:, None] + room[:, None] * moves[:, k]
    active = np.repeat(patterns.active, k + 2, axis=0)
    return Hinges(
        moved_normals.reshape(-1, k), moved_biases.reshape(-1), np.zeros(len(active)), active
    )


def _joined(first: Hinges, second: Hinges) -> Hinges:
    """The hinges of both."""
    return Hinges(
        np.concatenate([first.normals, second.normals]),
        np.append(first.biases, second.biases),
        np.append(first.uncertain, second.uncertain),
        np.concatenate([first.active, second.active]),
    )


def _harmless(data: Data, hinges: Rationals, omitted: dict[int, int]) -> Flags:
    """Which hinges cut no ball, and have the sites that follow on the sides that they need."""
    good = np.zeros(len(hinges), dtype=bool)
    for k, row in enumerate(_heights(data, hinges)):
        sided = all((row[s] >= 0) if row[m] > 0 else (row[s] <= 0) for s, m in omitted.items())
        good[k] = sided and _depth(data, hinges[k], row)[0] == 0.0
    return good


def _selected(sites: Sites, hinges: Hinges, kept: Indices, good: Flags) -> Indices | None:
    """Columns of a regular square part of the equations; None if there is none.

    In orthonormal coordinates, where no row is much larger than the others.
    """
    sizes, k = lengths(hinges.normals)[:, None], sites.points.shape[1]
    normals, biases = hinges.normals / sizes, hinges.biases / sizes[:, 0]
    points, scale = sites.points[kept], sites.scale
    heights = np.maximum(points @ normals.T + biases, 0.0) / scale
    rows = [np.hstack([np.ones((len(kept), 1)), points / scale, heights])]
    for n in kept[sites.radii[kept] > 0]:
        slopes = np.where(hinges.active[:, n], normals.T, 0.0)
        rows.append(np.hstack([np.zeros((k, 1)), np.eye(k), slopes]))
    matrix = np.vstack(rows)
    matrix[:, 1 + k :][:, ~good] = 0.0
    if matrix.shape[0] > matrix.shape[1]:
        return None
    triangle, order = scipy.linalg.qr(matrix, mode="r", pivoting=True)
    pivots = np.abs(np.diag(triangle))
    if not pivots[-1] > _REGULAR * pivots[0]:
        return None
    return np.sort(order[: len(matrix)])


def _matrix(
    data: Data, hinges: Rationals, omitted: dict[int, int], columns: Iterable[int]
) -> Rationals:
    """The matrix M that the checker forms."""
    sizes = [_length2(data, hinge) for hinge in hinges]
    columns = list(columns)
    return [[row[j] for j in columns] for row in checker.equations(data, hinges, sizes, omitted)]


def _inverse(matrix: Rationals) -> Any:
    """The inverse in floats."""
    floats = np.array([[float(x) for x in row] for row in matrix])
    try:
        inverse = np.linalg.inv(floats)
    except np.linalg.LinAlgError:
        inverse = np.full_like(floats, np.nan)
    if not np.isfinite(inverse).all():
        raise NoNetwork("the equations of the weights are singular in floats")
    return inverse.tolist()


def sharpened(data: Data, network: dict[str, Any]) -> dict[str, Any]:
    """The same network with an inverse of twice the digits, by one step of Newton's method.

    Where weights and biases are of very different sizes, as in small units, the checker's norm sees
    the rounding of one in units of the other.
    """
    hinges = [checker.numbers([*omega, b], data.k + 1) for omega, b in network["hinges"]]
    matrix = _matrix(data, hinges, dict(network["omitted"]), network["selected"])
    size = len(matrix)
    inverse = checker.numbers(network["inverse"], size, size)
    image = products(inverse, _transposed(matrix))
    twice = [[2 * (i == j) - x for j, x in enumerate(row)] for i, row in enumerate(image)]
    better = products(twice, _transposed(inverse))
    bits = [_SHARP_BITS - frexp(max(abs(float(x)) for x in row))[1] for row in inverse]
    better = [[rounded(x, b) for x in row] for row, b in zip(better, bits, strict=True)]
    return {**network, "inverse": numbers(better)}


def _transposed(matrix: Rationals) -> Rationals:
    """The columns."""
    return [list(column) for column in zip(*matrix, strict=True)]
