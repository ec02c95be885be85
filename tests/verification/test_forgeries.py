"""Forged certificates and networks: whatever is offered, what the verification calls proven holds.

Two laws are tested on families made for it.  For any multipliers the proven bound is at most the
cost of any network, and the pricing maximum at least the value of any hinge that cuts no ball; for
any network the verified cost is at least the optimum.  Networks, hinges and optima are exact:
rationals of `benchmarks.robustness`, which shares no code with the package.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import convexden as cd
from benchmarks.robustness import bounds, dense
from benchmarks.robustness.exact import exact_sites, fractions, root
from benchmarks.robustness.judge import enclosed
from benchmarks.robustness.line import line_optimum
from benchmarks.robustness.networks import feasible_hinge
from convexden.errors import ConvexdenError
from convexden.verification import proven_bound, verify

Array = NDArray[np.float64]


def certificate(values: Any, jacobians: Any, bound: float = 0.0, maximum: float = 1.0) -> Any:
    return cd.Certificate(np.array(values), np.array(jacobians), bound, maximum, "exact-faces")


def samples_certificate(values: Any, d: int) -> Any:
    values = np.asarray(values, dtype=float)
    return certificate(values, np.zeros((*values.shape, d)))


def affine_network(problem: cd.Interpolation) -> cd.ShallowNetwork:
    p, d = problem.output_dimension, problem.input_dimension
    nothing = np.zeros((0, p)), np.zeros((0, d)), []
    return cd.ShallowNetwork(*nothing, np.zeros((p, d)), np.zeros(p))


def proven(problem: cd.Interpolation, multipliers: Any) -> float:
    """The bound that is called proven; none, if the multipliers are refused."""
    try:
        return proven_bound(problem, multipliers)
    except ConvexdenError:
        return 0.0


def forged(
    problem: cd.Interpolation, network: cd.ShallowNetwork, multipliers: Any, bound: float
) -> cd.Solution:
    """A solution that is called certified."""
    cost = network.representation_cost
    gap = 0.0 if cost == bound else (cost - bound) / cost
    claim = cd.Certificate(
        multipliers.values, multipliers.jacobians, bound, 1.0, multipliers.pricing
    )
    return cd.Solution(problem, network, claim, cost, bound, gap, "certified", 1, 0.0, {})


# ---------------------------------------------------------------- stored forgeries


def test_three_samples_on_an_affine_map() -> None:
    """Multipliers of 1e12 satisfy the equalities up to their condition; the optimum is 0."""
    problem = cd.Interpolation(
        [[0.0, 0.0], [1.0, 1.6829709722247606e-11], [6.0, 1.6829709722247606e-11]], [0, 1, 0]
    )
    network = cd.ShallowNetwork(
        [[-1.1999346977925796]],
        [[1.0, 0.0]],
        [-1.0],
        [[0.9999346977925796, 3880174.316620762]],
        [0.0],
    )
    multipliers = samples_certificate(
        [[-916259689813.3334], [1099511627776.0], [-183251937962.66666]], 2
    )
    assert not cd.verify_certificate(
        forged(problem, network, multipliers, 1.1999346977925796)
    ).passed
    assert proven(problem, multipliers) == 0.0


CLUSTER = [
    [0.185146903693453, 0.5672366128042708, 0.5540981612838256],
    [0.18514690360968, 0.5672366127739694, 0.5540981612162689],
    [0.18514690370124312, 0.5672366128315279, 0.5540981611879279],
    [0.18514690378501614, 0.5672366128618294, 0.5540981612554846],
    [0.4258972456964002, 0.3396461423222334, 0.07010269088873901],
    [-0.5892241988824469, -0.1262267267663373, 0.25279834793519407],
    [0.7901359385961138, 0.44484826594084403, 0.35179941549366844],
    [0.0006300512164967658, 0.026379802505533595, 0.20505950843643778],
]
CLUSTER_TARGETS = [0, 0, 0, 9.617051599519755e-11, 0.12744119666064663, 0, 0.5390022222087046, 0]
CLUSTER_VALUES = [
    [-20271848578.880707],
    [27029131438.50761],
    [-20271848578.880707],
    [13514565719.253805],
    [-0.26133579147432495],
    [-0.07080793782343262],
    [1.5885460634489548],
    [-1.2564023341511965],
]


def test_a_cluster_closer_than_any_tolerance() -> None:
    """One neuron of cost 1 fits up to the rounding of the targets."""
    problem = cd.Interpolation(CLUSTER, CLUSTER_TARGETS)
    normal = [0.9732235541236277, 0.18786095302414865, 0.132454430004561]
    weight = 0.5613137790376603
    network = cd.ShallowNetwork(
        [[1.0], [weight], [-weight]],
        [normal] * 3,
        [-0.3601436944385521] * 3,
        np.zeros((1, 3)),
        [0.0],
    )
    multipliers = samples_certificate(CLUSTER_VALUES, 3)
    solution = forged(problem, network, multipliers, 2.1226275580753207)
    sites = exact_sites(problem.centers, problem.targets, problem.radii)
    high = enclosed(sites, network, None, 10.0).high
    assert high is not None
    assert not cd.verify_certificate(solution).passed
    assert proven(problem, multipliers) <= high


def test_a_maximum_on_flat_sites() -> None:
    """Three balls and a sample within 1e-10 of a line; a hinge reaches 2.06645396."""
    centers = [
        [0.6906910350678455, -2.810608349257235e-12],
        [2.8905736071963957, -2.4009246255764646e-12],
        [6.441644537517254, 6.469263725729427e-11],
        [8.154231223101629, 7.291139045410447e-11],
    ]
    radius = 3.422933480047542e-08
    values = [
        [-0.06016872284507787, 0.8387929889246927],
        [0.5606114519253117, -1.1773116697095338],
        [-0.9113060819430475, 0.6536978117474781],
        [0.41086335286281367, -0.3151791309626372],
    ]
    jacobians = [
        [[-0.1572415738287941, -0.9830515409709575], [0.5452515951621152, 0.6536525056558652]],
        [[0.0, 0.0], [0.0, 0.0]],
        [[0.3355766417252328, 0.16182645457574507], [-0.5359503727166212, -0.29853785437896474]],
        [[0.7627693271492872, 0.8212250864253875], [1.173612592068606, -0.3551146512966789]],
    ]
    targets = np.arange(4.0)[:, None] * [1, -1]
    problem = cd.Interpolation(centers, targets, [radius, 0.0, radius, radius])
    found = verify(problem, affine_network(problem), certificate(values, jacobians))
    assert found.pricing_maximum >= 2.06645396


def test_a_maximum_on_nested_balls() -> None:
    """Two balls that contain each other up to 1e-12; P does not depend on the targets."""
    problem = cd.Interpolation(
        [
            [1.6869495640198353, -2.4854670815687827],
            [1.6869495640214982, -2.4854670815631783],
            [-0.7127807282549188, 0.2675455186831582],
        ],
        [0.0, 0.0, 1.0],
        [0.5181008554385389, 0.5181008554385441, 0.01849753279700739],
    )
    values = [[0.3035269187213879], [-0.34970225327974286], [0.04617533455835506]]
    jacobians = [
        [[0.9937123546851518, -0.06428479772015354]],
        [[-1.2294938066333922, -0.5353942633189035]],
        [[0.3466090508560614, 0.472574562746826]],
    ]
    found = verify(problem, affine_network(problem), certificate(values, jacobians))
    assert found.pricing_maximum >= 0.62046543343


# ---------------------------------------------------------------- equalities up to their condition


@pytest.mark.parametrize("bits", [20, 30, 40, 50])
@pytest.mark.parametrize("d", [2, 3, 4])
def test_multipliers_that_miss_the_equalities_in_a_thin_direction(d: int, bits: int) -> None:
    """The targets are the thin coordinate over its thickness: affine, and optimum 0."""
    rng = np.random.default_rng([d, bits])
    n = d + 3
    points = rng.integers(-8, 9, (n, d)).astype(float)
    targets = points[:, -1].copy()
    points[:, -1] *= 2.0**-bits
    problem = cd.Interpolation(points, targets)
    # Orthogonal to one and to the thick coordinates; the thin one is missed by 2^-bits.
    thick = np.column_stack([np.ones(n), points[:, :-1]])
    basis = np.linalg.qr(thick)[0]
    for size in (1.0, 2.0 ** (bits / 2), 2.0**bits):
        values = targets - basis @ (basis.T @ targets)
        values *= size / max(np.abs(values).max(), 1e-12)
        assert proven(problem, samples_certificate(values[:, None], d)) == 0.0


@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-12, 1e-15])
@pytest.mark.parametrize("seed", range(4))
def test_clusters_of_samples_on_one_hinge(gap: float, seed: int) -> None:
    """Targets max(y_1, 0), exactly: one neuron of cost 1, whatever multipliers a cluster takes."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 4))
    cluster = 1 + gap * rng.integers(-9, 10, (d + 2, d))
    points = np.vstack([cluster, rng.normal(size=(4, d))])
    targets = np.maximum(points[:, 0], 0.0)
    problem = cd.Interpolation(points, targets)
    kink = rng.normal(size=len(points))
    for size in (1.0, 1 / gap, 1e-3 / gap**2):
        values = kink.copy()
        values[: d + 2] *= size
        table = np.column_stack([np.ones(len(points)), points])
        values -= table @ np.linalg.lstsq(table, values, rcond=None)[0]
        assert proven(problem, samples_certificate(values[:, None], d)) <= 1.0


# ---------------------------------------------------------------- objective by cancellation


@pytest.mark.parametrize("exponent", [3, 6, 9, 12, 13])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_objectives_by_cancellation(d: int, exponent: int) -> None:
    """Multipliers of the problem without the affine part, offered for the one with it."""
    rng = np.random.default_rng([d, exponent])
    points = rng.normal(size=(6, d))
    bend = rng.normal(size=(6, 1))
    multipliers = cd.solve(cd.Interpolation(points, bend)).certificate
    targets = 10.0**exponent * points @ rng.normal(size=(d, 1)) + bend
    problem = cd.Interpolation(points, targets)
    sites = exact_sites(points, targets, np.zeros(6))
    high = enclosed(sites, None, None, 10.0).high
    assert high is not None
    assert proven(problem, multipliers) <= high


# ---------------------------------------------------------------- the pricing maximum


def exact_problem(kind: str, seed: int, d: int) -> tuple[cd.Interpolation, Any]:
    """Sites with short binary coordinates, and multipliers that satisfy the equalities exactly.

    The last site is a ball far away, which takes what the others leave.
    """
    rng = np.random.default_rng([seed, d])
    n = int(rng.integers(3, 7))
    centers = rng.integers(-64, 65, (n, d)) / 16.0
    radii = np.zeros(n)
    if kind == "flat":
        centers[:, -1] = rng.integers(-3, 4, n) * 2.0**-36
        radii[: n // 2] = 2.0**-28
    elif kind == "nested":
        centers[1] = centers[0] + rng.integers(-3, 4, d) * 2.0**-38
        radii[:2] = 0.25, 0.25 + 2.0**-39
        centers[2:] += 8
    elif kind == "cluster":
        centers[1:3] = centers[0] + rng.integers(-5, 6, (2, d)) * 2.0**-34
    elif kind == "touching":
        centers[:, 1:] = 0.0
        centers[:, 0] = np.arange(n)
        centers[n // 2 :, -1] += 1.0
        radii[:] = 0.5 - 2.0**-30
    centers = np.vstack([centers, [[64.0] + [0.0] * (d - 1)]])
    radii = np.append(radii, 1.0)
    values = rng.integers(-9, 10, (n + 1, 2)) / 4.0
    values[-1] = -values[:-1].sum(axis=0)
    jacobians = np.zeros((n + 1, 2, d))
    balls = np.flatnonzero(radii[:-1] > 0)
    jacobians[balls] = rng.integers(-9, 10, (len(balls), 2, d)) / 8.0
    left = np.einsum("np,nd->pd", values, centers) + jacobians.sum(axis=0)
    jacobians[-1] = -left
    left = [
        sum(Fraction(v) * Fraction(c) for v, c in zip(values[:, j], centers[:, i], strict=True))
        + sum(Fraction(g) for g in jacobians[:, j, i])
        for j in range(2)
        for i in range(d)
    ]
    assert not any(left)
    return cd.Interpolation(centers, np.zeros((n + 1, 1)) * [0, 0], radii), certificate(
        values, jacobians
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("kind", ["flat", "nested", "cluster", "touching", "plain"])
def test_no_hinge_exceeds_the_pricing_maximum(kind: str, d: int, seed: int) -> None:
    problem, multipliers = exact_problem(kind, seed, d)
    found = verify(problem, affine_network(problem), multipliers)
    sites = exact_sites(problem.centers, problem.targets, problem.radii)
    exact = bounds.closed(sites, multipliers.values, multipliers.jacobians)
    if exact is None:
        return
    data = dense.scaled(sites)
    pool = dense.hinges_with(data, dense.directions(data, np.random.default_rng(seed), 200))
    scaled = dense.Found(
        np.zeros((0, 0)), multipliers.values * data.unit, np.asarray(multipliers.jacobians)
    )
    heights = dense.constraint(data, pool, scaled)
    for k in np.argsort(-heights)[:10]:
        bias = Fraction(float(pool.b[k])) * Fraction(data.unit)
        hinge = feasible_hinge(sites, fractions(pool.w[k]), bias)
        if hinge is not None:
            height = root(bounds.constraint_square(sites, exact, hinge))[0]
            assert found.pricing_maximum >= height


# ---------------------------------------------------------------- networks that almost fit


def test_the_cost_of_a_network_that_almost_meets_its_targets() -> None:
    """Samples 1e-12 apart whose targets an affine map misses by 1e-10: the optimum is 99."""
    for d in (1, 2, 3):
        points = np.zeros((3, d))
        points[:, 0] = 0.0, 1e-12, 1.0
        problem = cd.Interpolation(points, [0.0, 1e-10, 1.0])
        optimum = line_optimum(exact_sites(points, problem.targets, problem.radii))
        assert optimum is not None
        network = cd.ShallowNetwork(
            np.zeros((0, 1)), np.zeros((0, d)), [], [[1.0] + [0.0] * (d - 1)], [0.0]
        )
        solution = forged(problem, network, samples_certificate(np.zeros((3, 1)), d), 0.0)
        assert not cd.verify_certificate(solution).passed


@pytest.mark.parametrize("gap", [1e-4, 1e-8, 1e-11, 1e-13])
def test_the_cost_of_a_network_that_merges_near_duplicates(gap: float) -> None:
    """In the plane, beside other samples: the pair alone needs a slope of 1e3."""
    points = np.array([[0.0, 0.0], [gap, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    targets = np.array([0.0, 1e3 * gap, 1.0, 0.5, 0.0])
    problem = cd.Interpolation(points, targets)
    line = [0, 1, 2, 4]
    optimum = line_optimum(exact_sites(points[line], targets[line, None], np.zeros(4)))
    assert optimum is not None
    merged = cd.solve(cd.Interpolation(points[[0, 2, 3, 4]], targets[[0, 2, 3, 4]]))
    values = np.insert(merged.certificate.values, 1, 0.0, axis=0)
    solution = forged(problem, merged.network, samples_certificate(values, 2), merged.lower_bound)
    found = cd.verify_certificate(solution)
    assert not found.passed
    assert found.cost >= optimum[0]


@pytest.mark.parametrize("depth", [1e-6, 1e-9, 1e-11, 1e-13, 1e-15])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_cost_of_a_network_whose_hinges_enter_the_balls(d: int, depth: float) -> None:
    """Two balls, near contact; the network is that of smaller ones and costs less."""
    points = np.zeros((2, d))
    points[1, 0] = 1.0
    radius = 0.5 - 2.0**-12
    problem = cd.denoising(points, radius=radius)
    optimum = line_optimum(exact_sites(points, points, problem.radii))
    assert optimum is not None
    smaller = cd.solve(cd.denoising(points, radius=radius * (1 - depth)))
    solution = forged(problem, smaller.network, smaller.certificate, smaller.lower_bound)
    found = cd.verify_certificate(solution)
    assert not found.passed or found.cost >= optimum[0]
    assert found.lower_bound <= optimum[1]


# ---------------------------------------------------------------- statements that contradict


@pytest.mark.parametrize(
    "changes",
    [
        {"lower_bound": 1.0000001},
        {"lower_bound": np.inf},
        {"lower_bound": np.nan},
        {"cost": np.nan},
        {"relative_gap": -1e-15},
        {"relative_gap": np.nan},
    ],
)
def test_statements_that_contradict_themselves(changes: dict[str, float]) -> None:
    solution = cd.solve(cd.denoising([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]], radius=0.25))
    factor = changes.get("lower_bound", 0.0)
    changed = dict(changes)
    if np.isfinite(factor) and factor > 0:
        changed["lower_bound"] = solution.cost * factor
    assert not cd.verify_certificate(replace(solution, **changed)).passed
