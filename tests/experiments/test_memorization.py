"""Shares of sets with virtual points, and where flows from images end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden import plotting
from convexden.experiments.memorization import STARTS, memorization, share_problem
from convexden.experiments.virtual_shares import virtual_shares


def test_a_run_of_sets_goes_on_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "shares.jsonl"
    first = virtual_shares("plane", 3, [0.2, 0.9], sets=3, path=path)
    more = virtual_shares("plane", 3, [0.2, 0.9], sets=6, path=path)
    np.testing.assert_array_equal(more.counts[:3], first.counts)
    np.testing.assert_array_equal(
        more.counts, virtual_shares("plane", 3, [0.2, 0.9], sets=6).counts
    )
    assert [share.solved for share in more.shares] == [6, 6]
    with pytest.raises(cd.InvalidInput, match="holds another run"):
        virtual_shares("plane", 4, [0.2, 0.9], sets=3, path=path)
    path.write_text("no json", encoding="utf-8")
    with pytest.raises(cd.InvalidProblem, match="no file of shares"):
        virtual_shares("plane", 3, [0.2, 0.9], sets=3, path=path)


def test_a_run_of_sets_ends_early() -> None:
    def stop(step: object) -> None:
        """End before the first set."""
        raise StopIteration

    found = virtual_shares("plane", 3, [0.5], sets=3, progress=stop)
    assert found.interrupted
    assert found.counts.shape == (0, 1)
    with pytest.raises(cd.InvalidInput, match="between 0 and 1"):
        virtual_shares("plane", 3, [1.5])


def test_the_ends_of_a_triangle() -> None:
    """Mixtures x_i + x_j - x_k reach the virtual point, which is one of them."""
    solution = cd.solve(cd.denoising(cd.data.triangle([100, 42, 38]), radius=0.35))
    found = memorization(solution, solution.network, draws=40)
    assert len(found.ends) == 2 * len(STARTS)
    assert all(ends.clean + ends.virtual + ends.other == 40 for ends in found.ends)
    points, counts = found.virtual()
    assert len(points) == 1
    assert counts.sum() == sum(e.virtual for e in found.ends if e.network == "certified")
    np.testing.assert_allclose(points[0], [0.0242, -0.6535], atol=1e-3)
    np.testing.assert_array_equal(found.at("certified"), found.at("trained"))
    with pytest.raises(cd.InvalidInput, match="at least 3"):
        memorization(cd.solve(cd.denoising([0.0, 1.0], radius=0.1)))


def test_pictures_of_images() -> None:
    rng = np.random.default_rng(0)
    images = np.vstack([np.zeros(4), np.eye(4)[:3]]) + 0.01 * rng.random((4, 4))
    found = memorization(cd.solve(share_problem(images, 0.6)), draws=10)
    axes = plotting.plot_memorization(found)
    assert len(axes) == 2 * max(4, len(found.virtual()[0])) + 1
    with pytest.raises(cd.NotSupported, match="no images of"):
        plotting.plot_memorization(found, (3, 3))
    ax = plotting.plot_virtual_shares([virtual_shares("plane", 3, [0.2, 0.8], sets=2)])
    assert ax.get_ylabel() == "share of sets with virtual points"
