"""The faces of activation patterns, numbered, with the spheres on which their hinges lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.patterns.faces import Faces, enumerate_faces


class FaceTable:
    """Faces of a problem, those with one touched site first: *level* t has t + 1.

    Attributes
    ----------
    patterns : (P, N) bool array
        Their patterns: by default all that some hinge realizes, of every two complements one.
    starts : (d + 1,) int array
        Number of the first face of every level, and of all faces.
    """

    def __init__(self, problem: Interpolation, patterns: Flags, levels: list[Faces]) -> None:
        """Sort the faces so that each can be found."""
        self.problem, self.patterns, self.levels = problem, patterns, levels
        self.starts: Indices = np.cumsum([0] + [len(faces) for faces in self.levels])
        self._signed = np.where(self.patterns, problem.radii, -problem.radii)
        d = problem.input_dimension
        self._members = [
            np.pad(faces.frames.members, [(0, 0), (0, d - t - 1)], mode="edge")
            for t, faces in enumerate(self.levels)
        ]
        # To find a face: the sets in the order of their bits, the faces in that of set and pattern.
        self._names = [_bits(faces.frames.members) for faces in self.levels]
        self._sorted = [np.argsort(names) for names in self._names]
        self._keys = [faces.sets * len(self.patterns) + faces.patterns for faces in self.levels]
        self._order = [np.argsort(keys) for keys in self._keys]

    @classmethod
    def of(cls, problem: Interpolation, clock: Clock = UNLIMITED) -> FaceTable:
        """All faces of a problem."""
        return cls(problem, *enumerate_faces(problem, clock))

    def __len__(self) -> int:
        """Number of faces."""
        return int(self.starts[-1])

    def split(self, faces: Indices) -> Iterator[tuple[int, Indices]]:
        """The levels of the faces, and which of them are on each."""
        levels = np.searchsorted(self.starts, faces, side="right") - 1
        for level in np.unique(levels[faces >= 0]):
            yield int(level), np.flatnonzero(levels == level)

    def pattern_numbers(self, faces: Indices) -> Indices:
        """Numbers of the patterns of the faces."""
        numbers = np.full(len(faces), -1)
        for level, mine in self.split(faces):
            numbers[mine] = self.levels[level].patterns[faces[mine] - self.starts[level]]
        return numbers

    def touched(self, faces: Indices) -> Indices:
        """Touched sites (K, d) of the faces; the last is repeated where there are fewer."""
        touched = np.zeros((len(faces), self.problem.input_dimension), dtype=np.intp)
        for level, mine in self.split(faces):
            sets = self.levels[level].sets[faces[mine] - self.starts[level]]
            touched[mine] = self._members[level][sets]
        return touched

    def spheres(self, level: int, faces: Indices) -> tuple[Array, Array, Array]:
        """The spheres w = c + R E u of faces of one level: c (F, d), R (F,), E (F, d, d - level);
        a radius that is less than zero by rounding is zero."""
        table = self.levels[level]
        local = faces - self.starts[level]
        sets = table.sets[local]
        members = table.frames.members[sets]
        offsets = self._signed[table.patterns[local][:, None], members]
        centers = table.frames.centers(offsets, sets)
        left = np.maximum(1.0 - np.sum(centers**2, axis=1), 0.0)
        return centers, np.sqrt(left), table.frames.across[sets]

    def find(self, patterns: Indices, touched: Flags) -> Indices:
        """Numbers of the faces with these patterns and touched sites (K, N); -1 without one."""
        numbers = np.full(len(patterns), -1)
        counts = touched.sum(axis=1)
        bits = np.int64(1) << np.arange(touched.shape[1], dtype=np.int64)
        for level in range(len(self.levels)):
            mine = np.flatnonzero(counts == level + 1)
            if not mine.size or not len(self._keys[level]):
                continue
            codes = touched[mine] @ bits
            sets = _position(self._names[level], self._sorted[level], codes)
            keys = sets * len(self.patterns) + patterns[mine]
            at = _position(self._keys[level], self._order[level], keys)
            found = (self._names[level][sets] == codes) & (self._keys[level][at] == keys)
            numbers[mine[found]] = at[found] + self.starts[level]
        return numbers

    def near(self, faces: Indices) -> Indices:
        """These faces and those of the same patterns that touch one site more or less, or another
        one instead."""
        sites = len(self.problem)
        found = [np.unique(faces[faces >= 0])]
        for _, mine in self.split(found[0]):
            own = found[0][mine]
            pattern = self.pattern_numbers(own)
            touched = np.zeros((len(own), sites), dtype=bool)
            np.put_along_axis(touched, self.touched(own), True, axis=1)
            for out in range(-1, sites):
                for into in range(-1, sites):
                    fits = np.ones(len(own), dtype=bool) if out < 0 else touched[:, out].copy()
                    if into >= 0:
                        fits &= ~touched[:, into]
                    sets = touched[fits]
                    if out >= 0:
                        sets[:, out] = False
                    if into >= 0:
                        sets[:, into] = True
                    found.append(self.find(pattern[fits], sets))
        near = np.unique(np.concatenate(found))
        return near[near >= 0]


def _bits(members: Indices) -> Indices:
    """Sets of sites as the bits of integers."""
    return np.sum(np.int64(1) << members.astype(np.int64), axis=1)


def _position(keys: Indices, order: Indices, wanted: Indices) -> Indices:
    """Where the wanted keys are, or anywhere."""
    return order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
