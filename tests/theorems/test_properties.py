"""Theorems about more than a cost: against brute force in the whole space, and where they fail."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from numpy.typing import NDArray

from convexden import theorems
from convexden.data import triangle
from convexden.errors import InvalidProblem
from convexden.reduction import Reduction
from convexden.theorems import persistence, subspace, univariate

Array = NDArray[np.float64]

FLAT = np.column_stack([triangle((50, 60, 70)), np.zeros(3)])
OBTUSE = np.array([[0.0, 0.0], [2.0, 0.0], [-1.0, 1.5]])


# ---------------------------------------------------------------- subspace


def test_hinges_across_the_subspace_do_not_help() -> None:
    """A program over hinges of the whole space finds nothing cheaper, and uses none across."""
    claim = subspace.closed_form(FLAT, 0.3)
    rng = np.random.default_rng(0)
    inside = np.column_stack([claim.network.input_weights, claim.network.biases])
    w = rng.standard_normal((400, 3))
    w /= np.linalg.norm(w, axis=1)[:, None]
    pivots = FLAT[rng.integers(0, 3, 400)]
    outside = np.column_stack([w, 0.3 - (w * pivots).sum(axis=1)])
    z = outside[:, :3] @ FLAT.T + outside[:, 3:]
    outside = outside[(np.abs(z) >= 0.3 - 1e-12).all(axis=1)]
    hinges = np.concatenate([inside, outside])
    cost, weights = _cheapest(FLAT, 0.3, hinges)
    assert len(outside) > 50
    assert cost == pytest.approx(claim.cost, rel=1e-7)
    assert weights[len(inside) :].sum() <= 1e-5 * cost


def _cheapest(points: Array, radius: float, hinges: Array) -> tuple[float, Array]:
    """The least cost of networks with these hinges, and the weight of each."""
    z = points @ hinges[:, :3].T + hinges[:, 3]
    active = (z > radius / 2).astype(float)
    a = cp.Variable((len(hinges), 3))
    skip, offset = cp.Variable((3, 3)), cp.Variable(3)
    constraints = [(active * z) @ a + points @ skip.T + np.ones((3, 1)) @ offset[None] == points]
    constraints += [
        a.T @ (active[n][:, None] * hinges[:, :3]) + skip == 0 for n in range(len(points))
    ]
    weights = cp.norm(a, 2, axis=1)
    problem = cp.Problem(cp.Minimize(cp.sum(weights)), constraints)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value), np.linalg.norm(a.value, axis=1)


def test_a_network_across_the_subspace_is_noticed() -> None:
    """The dual of other data is not bounded by |v| across their hull."""
    claim = subspace.closed_form(FLAT, 0.3)
    certificate = claim.certificate
    assert certificate is not None
    basis = Reduction.of(claim.problem).input_basis
    assert subspace._largest_ratio(claim.problem, certificate, basis) <= 1 + 1e-9
    assert subspace._largest_ratio(claim.problem, certificate, np.eye(3)[:1]) > 1.1


# ---------------------------------------------------------------- persistence


def test_angles_are_proportional_to_the_moves() -> None:
    moves = np.random.default_rng(1).standard_normal((3, 2))
    found = persistence.verify(OBTUSE, 0.2, moves)
    large, small = found.measured.values()
    assert found.verdict == "confirmed"
    assert small == pytest.approx(large, rel=1e-2)
    assert 0.05 < large < 20


def test_alignment_that_jumps_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with the hinges of another triangle, the angle does not vanish."""
    other = theorems.rays.closed_form([[0, 0], [2, 0.3], [-1, 1.2]], 0.2)
    claim = theorems.rays.closed_form(OBTUSE, 0.2)
    wrong = theorems.ClosedForm(claim.problem, other.network, claim.cost, claim.certificate)
    monkeypatch.setattr(persistence, "closed_form", lambda *_: wrong)
    assert persistence.verify(OBTUSE, 0.2, np.eye(3, 2)).verdict == "refuted"


@pytest.mark.parametrize(
    ("moves", "remedy"),
    [
        (np.zeros((3, 2)), "give one row a point"),
        (np.ones((2, 2)), "give one row a point"),
        (np.full((3, 2), np.nan), "give finite numbers"),
    ],
)
def test_moves_that_do_not_fit(moves: Array, remedy: str) -> None:
    with pytest.raises(InvalidProblem, match=remedy):
        persistence.verify(OBTUSE, 0.2, moves)


def test_mean_angle_counts_weights_and_not_orientations() -> None:
    network = theorems.collinear.closed_form([[0, 0], [1, 0]], 0.1).network
    turned = theorems.collinear.closed_form([[0, 0], [-np.cos(0.3), np.sin(0.3)]], 0.1).network
    assert persistence.mean_angle(network, network) == 0.0
    assert persistence.mean_angle(network, turned) == pytest.approx(0.3)


# ---------------------------------------------------------------- uniqueness


def test_univariate_uniqueness_is_measured_and_wrong_claims_are_refuted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    convex = ([0.0, 1.0, 2.0, 3.0], 0.0, [1.0, 0.0, 0.0, 1.0])
    result = univariate.verify(*convex)
    assert (result.verdict, result.measured["unique"]) == ("confirmed", 0.0)
    result = univariate.verify([0.0, 1.0, 3.0], 0.2)
    assert result.measured == {"unique": 1.0, "saturating hinges": 4.0}
    monkeypatch.setattr(univariate, "is_unique", lambda _: True)
    assert univariate.verify(*convex).verdict == "refuted"
