r"""Which hinges exist: the faces of all activation patterns that some hinge realizes.

A *face* (D, T) is an activation pattern D with a set T of affinely independent sites that the
hinge touches.  Touching them leaves its normal a sphere, w = c + R u with |u| = 1 across the
span of T, of dimension d - |T|.  Faces are found from the smallest up:

* |T| = d: the sphere is two points, and every site tells on which side of the hinge it lies;
* a face that is not a whole sphere ends where its hinges touch one more site, so that removing a
  site from the faces found so far gives all of them;
* a whole sphere is a face if no other ball is tangent to any of its hinges: a look at the range
  of every z_n tells.

Of a pattern and its complement, which are the same hinges turned over, only the one with site 0
active counts; a touched sample (other than site 0) counts as inactive.  Positions are compared
with a slack: faces that miss existence by rounding do no harm, because whoever uses them checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from convexden.errors import TooLarge
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.tolerances import DEPENDENT_RTOL, NONNEGATIVE_RTOL, TOUCH_RTOL

Codes = NDArray[np.int64]

MOST_SITES = 62  # patterns are numbers of 64 bits
MOST_FACES = 2_500_000


@dataclass(frozen=True, eq=False)
class Frames:
    """The S sets T of t touched sites and the spheres on which they hold their hinges.

    Attributes
    ----------
    members : (S, t) int array
    inverses : (S, t - 1, d) array
        Rows that give the c above from the t - 1 tangency conditions relative to the first site.
    across : (S, d, d - t + 1) array
        Orthonormal basis of the directions u.
    """

    members: Indices
    inverses: Array
    across: Array

    def centers(self, offsets: Array, sets: Indices) -> Array:
        """The c (F, d) of hinges on which the members of the sets have these z (F, t)."""
        relative = offsets[:, 1:] - offsets[:, :1]
        product: Array = (relative[:, None, :] @ self.inverses[sets])[:, 0, :]
        return product


@dataclass(frozen=True, eq=False)
class Faces:
    """F faces with equally many touched sites: the number of the set T and of the pattern D."""

    frames: Frames
    sets: Indices
    patterns: Indices

    def __len__(self) -> int:
        """The number of faces."""
        return len(self.sets)


def frames(problem: Interpolation, count: int) -> Frames:
    """All affinely independent sets of `count` sites."""
    sites, d = problem.centers.shape
    members = np.array(list(combinations(range(sites), count)), dtype=np.intp).reshape(-1, count)
    edges = problem.centers[members[:, 1:]] - problem.centers[members[:, :1]]
    if count == 1:
        return Frames(members, np.zeros((sites, 0, d)), np.tile(np.eye(d), (sites, 1, 1)))
    q, r = np.linalg.qr(edges.transpose(0, 2, 1), mode="complete")
    triangle = r[:, : count - 1]
    lengths = np.linalg.norm(edges, axis=2).max(axis=1, keepdims=True)
    diagonal = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
    independent = np.flatnonzero((diagonal > DEPENDENT_RTOL * lengths).all(axis=1))
    q, triangle = q[independent], triangle[independent]
    inverses = np.linalg.inv(triangle) @ q[:, :, : count - 1].transpose(0, 2, 1)
    return Frames(members[independent], inverses, q[:, :, count - 1 :])


def enumerate_faces(problem: Interpolation, clock: Clock = UNLIMITED) -> tuple[Flags, list[Faces]]:
    """The patterns (P, N) that hinges realize, and the faces with 1, ..., d touched sites.

    Raises
    ------
    TooLarge
        If there are too many.
    """
    check_faces(problem)
    sites, d = problem.centers.shape
    levels: list[tuple[Frames, Codes, Codes]] = []
    codes = touched = np.zeros(0, dtype=np.int64)
    total = 0
    for count in range(d, 0, -1):
        here = frames(problem, count)
        new = (_vertices if count == d else _spheres)(problem, here, clock)
        below = _shrunk(problem, codes, touched, clock)
        codes, touched = _unique(
            np.concatenate([new[0], below[0]]), np.concatenate([new[1], below[1]])
        )
        total += len(codes)
        if total > MOST_FACES:
            raise _too_many(problem, f"more than {MOST_FACES} faces")
        levels.append((here, codes, touched))
    patterns = np.unique(np.concatenate([codes for _, codes, _ in levels]))
    faces = []
    for here, codes, touched in reversed(levels):
        names = _bits(here.members)
        order = np.argsort(names)
        sets = order[np.searchsorted(names, touched, sorter=order)]
        faces.append(Faces(here, sets, np.searchsorted(patterns, codes)))
    flags = (patterns[:, None] >> np.arange(sites)) & 1
    return flags.astype(bool), faces


class PatternFaces:
    """The faces of some patterns, without enumerating those of all others.

    Every set of touched sites is tried with every pattern, and kept if each other site has room on
    its side somewhere on the sphere: with few sites nearly all of them.

    Parameters
    ----------
    problem : Interpolation
    clock : Clock, optional
        Of the run.
    """

    def __init__(self, problem: Interpolation, clock: Clock = UNLIMITED) -> None:
        """The sets, and by how much the z of all sites swing on their spheres of radius one."""
        self.problem, self.clock = problem, clock
        self._frames = []
        for count in range(1, problem.input_dimension + 1):
            clock.check()
            here = frames(problem, count)
            steps = problem.centers - problem.centers[here.members[:, 0]][:, None, :]
            self._frames.append((here, steps, np.linalg.norm(steps @ here.across, axis=2)))

    def of(self, patterns: Flags) -> list[Faces]:
        """Those of patterns (P, N), with 1, ..., d touched sites."""
        problem = self.problem
        signs = np.where(patterns, 1.0, -1.0)
        found = []
        for here, steps, swing in self._frames:
            self.clock.check()
            offsets = (signs * problem.radii)[:, here.members]
            centers = np.stack([here.centers(each, np.arange(len(steps))) for each in offsets])
            radius = np.sqrt(np.maximum(1.0 - np.sum(centers**2, axis=2), 0.0))
            middle = np.einsum("snd,psd->psn", steps, centers) + offsets[:, :, :1]
            room = signs[:, None, :] * middle + radius[:, :, None] * swing - problem.radii
            met = np.sum(centers**2, axis=2) <= 1.0 + NONNEGATIVE_RTOL
            which, sets = np.nonzero(met & (room >= -TOUCH_RTOL).all(axis=2))
            found.append(Faces(here, sets, which))
        return found


def check_faces(problem: Interpolation) -> None:
    """Raise TooLarge if what can be counted beforehand is too much."""
    sites, d = problem.centers.shape
    if sites > MOST_SITES:
        raise TooLarge(
            f"{sites} sites that span {d} dimensions: exact pricing looks at {MOST_SITES} at the "
            "most; give fewer, or solve with --local (method='local')"
        )
    balls = int((problem.radii > 0).sum())
    points = 2 * comb(sites, d) * 2 ** min(d, balls)
    simplex = simplex_faces(sites) if sites == d + 1 else 0
    if simplex > MOST_FACES:
        raise _too_many(problem, f"{simplex} faces")
    if points > 2 * MOST_FACES:
        raise _too_many(problem, f"{points} tangent hyperplanes")


def simplex_faces(sites: int) -> int:
    """How many faces so many balls in general position have at the most."""
    return (2 ** (sites - 1) - 1) * (2**sites - 2)


def simplex_patterns(sites: int) -> Flags:
    """The 2^(N-1) - 1 patterns of a simplex (P, N), of every two complements one; hinges realize
    them all if the balls leave them room."""
    codes = 2 * np.arange(2 ** (sites - 1) - 1)[:, None] + 1
    return np.asarray((codes >> np.arange(sites)) & 1, dtype=bool)


def _too_many(problem: Interpolation, count: str) -> TooLarge:
    """The error of problems with too many faces."""
    return TooLarge(
        f"{len(problem)} sites that span {problem.input_dimension} dimensions have {count}, too "
        "many for exact pricing: give fewer sites, or solve with --local (method='local')"
    )


def _bits(members: Indices) -> Codes:
    """Sets of sites as the bits of integers."""
    bits: Codes = np.sum(np.int64(1) << members.astype(np.int64), axis=1)
    return bits


def _unique(codes: Codes, touched: Codes) -> tuple[Codes, Codes]:
    """The distinct pairs, ordered by touched sites, then by pattern."""
    first, which = np.unique(touched, return_inverse=True)
    second, code = np.unique(codes, return_inverse=True)
    pairs = np.unique(which.astype(np.int64) * max(1, len(second)) + code)
    return second[pairs % max(1, len(second))], first[pairs // max(1, len(second))]


def _signs(problem: Interpolation, members: Indices) -> Iterator[tuple[Indices, Flags]]:
    """All sides (S, t) of the touched sites; those with site 0 active and samples inactive."""
    samples = problem.radii[members] == 0
    for sides in np.ndindex(*(2,) * members.shape[1]):
        active = np.broadcast_to(np.array(sides, dtype=bool), members.shape)
        wanted = np.where(members == 0, active, ~(samples & active)).all(axis=1)
        chosen = np.flatnonzero(wanted)
        if chosen.size:
            yield chosen, active[chosen]


def _held(
    problem: Interpolation, here: Frames
) -> Iterator[tuple[Indices, Indices, Flags, Array, Array, Array]]:
    """The spheres of hinges on which the sets touch their sites from these sides: sets (S,),
    members and sides (S, t), their z (S, t), centers (S, d) and radii (S,)."""
    for sets, active in _signs(problem, here.members):
        members = here.members[sets]
        offsets = np.where(active, 1.0, -1.0) * problem.radii[members]
        centers = here.centers(offsets, sets)
        left = 1.0 - np.sum(centers**2, axis=1)
        met = np.flatnonzero(left >= -NONNEGATIVE_RTOL)
        radius = np.sqrt(np.maximum(left[met], 0.0))
        yield sets[met], members[met], active[met], offsets[met], centers[met], radius


def _vertices(problem: Interpolation, here: Frames, clock: Clock) -> tuple[Codes, Codes]:
    """Patterns and touched sites of the faces that are points."""
    parts = []
    for sets, members, active, offsets, centers, radius in _held(problem, here):
        clock.check()
        for side in (1.0, -1.0):
            normals = centers + side * radius[:, None] * here.across[sets, :, 0]
            pivots = members[:, 0]
            biases = offsets[:, 0] - np.sum(normals * problem.centers[pivots], axis=1)
            z = normals @ problem.centers.T + biases[:, None]
            up, down = z >= problem.radii - TOUCH_RTOL, -z >= problem.radii - TOUCH_RTOL
            np.put_along_axis(up, members, active, axis=1)
            np.put_along_axis(down, members, ~active, axis=1)
            parts.append(_sided(up, down, _bits(members)))
    return _joined(parts)


def _spheres(problem: Interpolation, here: Frames, clock: Clock) -> tuple[Codes, Codes]:
    """Patterns and touched sites of the faces that are whole spheres."""
    parts = []
    for sets, members, active, offsets, centers, radius in _held(problem, here):
        clock.check()
        steps = problem.centers - problem.centers[members[:, 0]][:, None, :]
        middle = (steps @ centers[:, :, None])[:, :, 0] + offsets[:, :1]
        swing = radius[:, None] * np.linalg.norm(steps @ here.across[sets], axis=2)
        up = middle - swing >= problem.radii - TOUCH_RTOL
        down = -middle - swing >= problem.radii - TOUCH_RTOL
        np.put_along_axis(up, members, active, axis=1)
        np.put_along_axis(down, members, ~active, axis=1)
        parts.append(_sided(up, down, _bits(members)))
    return _joined(parts)


def _sided(up: Flags, down: Flags, touched: Codes) -> tuple[Codes, Codes]:
    """The patterns with every site on a side on which it can be, and site 0 active."""
    exists = (up | down).all(axis=1) & up[:, 0]
    up, down, touched = up[exists], down[exists].copy(), touched[exists]
    down[:, 0] = False
    codes = up.astype(np.int64) @ (np.int64(1) << np.arange(up.shape[1]))
    # Sites that may be on either side, a hinge through more samples than hold it: both.
    either = up & down
    for site in np.flatnonzero(either.any(axis=0)):
        both = either[:, site]
        codes, touched, either = (
            np.concatenate([codes, codes[both] - (np.int64(1) << site)]),
            np.concatenate([touched, touched[both]]),
            np.concatenate([either, either[both]]),
        )
    return codes, touched


def _joined(parts: list[tuple[Codes, Codes]]) -> tuple[Codes, Codes]:
    """Codes of all parts."""
    none = np.zeros(0, dtype=np.int64)
    codes = np.concatenate([none, *(part[0] for part in parts)])
    return codes, np.concatenate([none, *(part[1] for part in parts)])


def _shrunk(
    problem: Interpolation, codes: Codes, touched: Codes, clock: Clock
) -> tuple[Codes, Codes]:
    """The faces that touch one site less; a sample let go may be on either side."""
    parts = []
    for site in range(len(problem)):
        clock.check()
        bit = np.int64(1) << site
        mine = (touched & bit) != 0
        mine &= touched != bit
        parts.append((codes[mine], touched[mine] & ~bit))
        if problem.radii[site] == 0 and site > 0:
            parts.append((codes[mine] | bit, touched[mine] & ~bit))
    return _joined(parts)
