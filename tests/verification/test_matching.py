"""Patterns of the hinges of a sphere: none that occurs is left out, and few that do not occur."""

import numpy as np
import pytest

from convexden.verification.faces import matching
from convexden.verification.faces.matching import Pieces, matches, pieces_each


def found(middle, swing, reach, codes):
    """The pairs of spheres and patterns that are matched."""
    pieces = Pieces.of(middle, swing, middle.shape[1])
    up, down = pieces.high >= reach, pieces.low <= -reach
    spheres, patterns = matches(codes, pieces.owners, up, down, 100)
    return set(zip(spheres.tolist(), codes[patterns].tolist(), strict=True))


def occurring(middle, swing, reach, codes, draws):
    """The pairs that hinges at random, or at the two points of a sphere, have."""
    rng = np.random.default_rng(0)
    free = swing.shape[2]
    u = np.array([[1.0], [-1.0]]) if free == 1 else rng.standard_normal((draws, free))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    z = middle[:, None] + np.einsum("fnk,mk->fmn", swing, u)
    clear = (np.abs(z) >= reach).all(axis=2)
    numbers = (z > 0) @ (1 << np.arange(middle.shape[1]))
    pairs = {(int(f), int(numbers[f, m])) for f, m in zip(*np.nonzero(clear), strict=True)}
    known = set(codes.tolist())
    return {pair for pair in pairs if pair[1] in known}


@pytest.mark.parametrize("free", [1, 2, 3])
@pytest.mark.parametrize("sites", [4, 9])
def test_every_pattern_that_occurs_is_matched(free, sites):
    rng = np.random.default_rng([free, sites])
    middle = rng.standard_normal((20, sites))
    swing = rng.standard_normal((20, sites, free))
    codes = np.unique(rng.integers(1, 1 << (sites - 1), 3 << (sites - 4)))
    matched = found(middle, swing, 0.1, codes)
    there = occurring(middle, swing, 0.1, codes, 4000)
    assert there <= matched
    if free == 1:
        assert there == matched
    if free == 2 and sites == 9:
        # Of an arc of 6 degrees a few patterns are left open.
        assert len(matched) < 6 * len(there)


def test_sites_that_just_touch_are_matched():
    """Where a site has exactly its reach, whatever the rounding of the circle."""
    angles = np.linspace(0.0, 2 * np.pi, 50, endpoint=False)
    swing = np.stack([np.cos(angles), np.sin(angles)], axis=1)[None]
    middle = np.zeros((1, 50))
    pieces = Pieces.of(middle, swing, 50)
    # Every site has z = 1 at one point of the circle, and -1 at another.
    assert (pieces.high.max(axis=0) >= 1.0).all()
    assert (pieces.low.min(axis=0) <= -1.0).all()


def test_lookups_and_comparisons_agree(monkeypatch):
    rng = np.random.default_rng(5)
    middle, swing = rng.standard_normal((10, 8)), rng.standard_normal((10, 8, 3))
    codes = np.arange(1, 1 << 7)
    every = found(middle, swing, 0.5, codes)
    monkeypatch.setattr(matching, "SETTINGS", matching.MatchingSettings(undecided=-1))
    assert found(middle, swing, 0.5, codes) == every
    monkeypatch.setattr(matching, "SETTINGS", matching.MatchingSettings(undecided=8))
    assert found(middle, swing, 0.5, codes) == every


def test_pieces_are_counted():
    for free, outside in ((1, 3), (2, 3), (2, 30), (3, 30)):
        pieces = Pieces.of(np.zeros((7, 4)), np.ones((7, 4, free)), outside)
        assert len(pieces.owners) == len(pieces.low) == 7 * pieces_each(free, outside)
