"""Leaves of a certificate: true whatever their numbers, and worthless where they do not hold."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden.certificate import Leaves
from convexden.errors import InvalidProblem
from convexden.solvers.patterns.faces import simplex_patterns
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.patterns import PatternSettings
from convexden.verification.leaves import Sites, leaf_bounds, leaf_interval
from tests.multipliers_in_space import Dual


@pytest.fixture(scope="module")
def solution() -> cd.Solution:
    """Five balls, certified by leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convexden.solvers.pricing.exact.SETTINGS", PatternSettings(least_sites=3))
        problem = cd.denoising(np.random.default_rng(3).standard_normal((5, 6)) * 40, radius=8.0)
        return cd.solve(problem)


def leaves_of(solution: cd.Solution) -> Leaves:
    leaves = solution.certificate.leaves
    assert leaves is not None
    return leaves


def random_leaves(seed: int, sites: int) -> Leaves:
    """Multipliers of any size for all patterns."""
    draw = np.random.default_rng(seed)
    patterns = simplex_patterns(sites)
    count = len(patterns)
    size = 10.0 ** draw.integers(-4, 2)
    tilts = draw.standard_normal((count, sites, sites)) * size
    return Leaves(
        np.where(patterns, 1, -1) * draw.choice([-1, 1], (count, 1)),
        draw.standard_normal(count) * size,
        draw.exponential(size=(count, sites * (sites - 1) // 2)) * size,
        draw.exponential(size=(count, sites)) * size * draw.integers(0, 2),
        tilts - tilts.mean(axis=2, keepdims=True),
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_hinge_exceeds_the_bound_whatever_the_multipliers(seed: int) -> None:
    dual = Dual.random(seed, 2 + seed % 3, "balls")
    sites = Sites(dual.centers, dual.radii, dual.values, dual.jacobians)
    problem = cd.Interpolation(dual.centers, dual.values, dual.radii)
    hinges, heights = FacePricing(problem).maxima(dual.values, dual.jacobians, 0.0)
    ceiling = heights[0] * np.random.default_rng(seed).uniform(0.5, 1.5)
    leaves = random_leaves(seed, len(problem))
    bounds = leaf_bounds(sites, leaves, ceiling)
    for sides, bound in zip(leaves.sides, bounds, strict=True):
        active = sides > 0
        same = (hinges.patterns == (active if active[0] else ~active)).all(axis=1)
        assert heights[same].max(initial=0.0) <= bound * (1 + 1e-12)
    lower, upper = leaf_interval(sites, leaves, ceiling)
    assert lower <= heights[0] * (1 + 1e-12)
    assert upper >= heights[0] * (1 - 1e-12)


def test_most_patterns_need_no_faces(
    solution: cd.Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with leaves are not looked at again, in whatever units."""
    from convexden.verification import leaves as module

    looked, faces = [], module.face_interval

    def counting(*args: object) -> tuple[float, float]:
        looked.append(len(args[5]))
        return faces(*args)

    monkeypatch.setattr(module, "face_interval", counting)
    assert cd.verify_certificate(solution).passed
    assert len(leaves_of(solution)) > 2
    assert looked == [15 - len(leaves_of(solution))]


def test_they_are_stored(solution: cd.Solution, tmp_path: Path) -> None:
    cd.save(solution, tmp_path / "leaves.json")
    assert json.loads((tmp_path / "leaves.json").read_text())["version"] == 2
    read = cd.load(tmp_path / "leaves.json")
    for other in (read, pickle.loads(pickle.dumps(solution))):
        for name in ("sides", "spheres", "products", "lengths", "tilts"):
            stored = getattr(leaves_of(other), name)
            assert np.array_equal(stored, getattr(leaves_of(solution), name))
            assert not stored.flags.writeable
    assert cd.verify_certificate(read).passed
    assert repr(read.certificate) == repr(solution.certificate)


def test_what_they_do_not_show_is_not_believed(solution: cd.Solution) -> None:
    certificate, leaves = solution.certificate, leaves_of(solution)

    def faults(**changes: object) -> tuple[str, ...]:
        changed = replace(solution, certificate=replace(certificate, **changes))
        return cd.verify_certificate(changed).reasons

    # Leaves that show nothing are left to the faces, which still hold.
    for wrong in (
        replace(leaves, sides=-leaves.sides),
        replace(leaves, spheres=leaves.spheres + 1e3),
        replace(leaves, tilts=1e9 * leaves.tilts),
        replace(leaves, sides=np.zeros_like(leaves.sides)),
        replace(leaves, sides=np.ones_like(leaves.sides)),
    ):
        assert not faults(leaves=wrong)
    # Nor is a bound of larger multipliers, or with a smaller maximum.
    larger = {"values": 1.01 * certificate.values, "jacobians": 1.01 * certificate.jacobians}
    assert faults(**larger)
    assert faults(pricing_maximum=0.99)
    assert faults(lower_bound=certificate.lower_bound * (1 + 1e-6))
    # A ceiling that is too high is a weaker bound.
    assert faults(pricing_maximum=1.1)


def test_shapes_are_checked(solution: cd.Solution) -> None:
    leaves = leaves_of(solution)
    for name, value, fault in (
        ("sides", 2 * leaves.sides, "no signs"),
        ("spheres", leaves.spheres[1:], "leaf spheres have shape"),
        ("products", leaves.products - 1, "negative"),
        ("lengths", -1 - leaves.lengths, "negative"),
        ("tilts", leaves.tilts[:, :, 1:], "leaf tilts have shape"),
    ):
        with pytest.raises(InvalidProblem, match=fault):
            replace(leaves, **{name: value})
    assert repr(leaves) == f"Leaves({len(leaves)} patterns)"


def test_sites_may_be_left_out(solution: cd.Solution) -> None:
    leaves = leaves_of(solution)
    wide = leaves.spread(np.array([0, 2, 3, 5, 6]), 8)
    assert wide.sides.shape == (len(leaves), 8)
    back = wide.among(np.array([0, 2, 3, 5, 6]))
    for name in ("sides", "spheres", "products", "lengths", "tilts"):
        assert np.array_equal(getattr(back, name), getattr(leaves, name))
    assert len(wide.among(np.array([0, 2, 3, 5]))) == 0
