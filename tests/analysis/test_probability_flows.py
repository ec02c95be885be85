"""Probability flows: against adaptive integration of closed forms, the order of the schedule."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import convexden as cd
from convexden.analysis.probability_flows import SAMPLERS
from convexden.network import ShallowNetwork

RAYS = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
OBTUSE = cd.data.triangle([110, 40, 30])


class ClosedForms(cd.DenoiserFamily):
    """The family by a theorem instead of the solver."""

    theorem = cd.theorems.rays

    def network(self, sigma: float) -> ShallowNetwork:
        return self.theorem.closed_form(self.points, self.kappa * sigma).network


def _reference(family: ClosedForms, start: np.ndarray, high: float, low: float) -> np.ndarray:
    """The flow of the family by an adaptive integrator in tau = -log sigma."""
    found = solve_ivp(
        lambda tau, y: family.network(float(np.exp(-tau)))(y) - y,
        (-np.log(high), -np.log(low)),
        start,
        method="DOP853",
        rtol=1e-13,
        atol=1e-13,
        max_step=0.03,
    )
    return np.asarray(found.y[:, -1])


@cache
def _obtuse() -> tuple[ClosedForms, np.ndarray, np.ndarray]:
    """Denoisers of an obtuse triangle, starts at noise level 0.5, and where they are at 0.1."""
    family = ClosedForms(OBTUSE, 0.5)
    starts = OBTUSE.mean(axis=0) + np.random.default_rng(1).uniform(-1, 1, (2, 2))
    return family, starts, np.array([_reference(family, start, 0.5, 0.1) for start in starts])


def test_the_flow_is_of_second_order_in_the_levels() -> None:
    family, starts, expected = _obtuse()
    errors = []
    for levels in (6, 11, 21):
        flow = cd.probability_flow(family, starts, 0.5, 0.1, levels)
        errors.append(np.abs(flow.points[-1] - expected).max())
    assert family.certified
    assert errors[2] < 1e-2
    assert errors[2] < errors[1] / 2.5 < errors[0] / 6


def test_with_the_same_denoisers_an_adaptive_integrator_ends_where_the_flow_does() -> None:
    """What separates the flow from that of the family are its levels alone, not its integration."""
    family = ClosedForms(OBTUSE, 0.5)
    levels = np.geomspace(0.5, 0.1, 6)
    starts = OBTUSE.mean(axis=0) + np.random.default_rng(1).uniform(-1, 1, (4, 2))
    flow = cd.probability_flow(family, starts, 0.5, 0.1, levels)
    ends = []
    for start in starts:
        for high, low in pairwise(levels):
            for sigma in (high, low):
                network = family.at(float(sigma)).network
                time = float(np.log(high / low)) / 2
                start = solve_ivp(
                    lambda _, y, network=network: network(y) - y,
                    (0.0, time),
                    start,
                    method="DOP853",
                    rtol=1e-13,
                    atol=1e-13,
                    max_step=0.005,
                ).y[:, -1]
        ends.append(start)
    np.testing.assert_allclose(flow.points[-1], ends, rtol=0, atol=1e-8)


@pytest.mark.slow
def test_extrapolated_ends_are_those_of_the_family() -> None:
    family, starts, expected = _obtuse()
    flow = cd.probability_flow(family, starts, 0.5, 0.1, 61)
    ends, corrections = flow.extrapolated()
    errors = np.linalg.norm(ends - expected, axis=1)
    assert np.linalg.norm(flow.points[-1] - expected, axis=1).max() > 1e-5
    assert errors.max() < 1e-8
    assert (errors <= corrections * flow.diameter + 1e-12).all()
    for levels in (60, np.linspace(0.5, 0.1, 5)):
        with pytest.raises(cd.InvalidInput, match="halved twice"):
            cd.probability_flow(family, starts[:0], 0.5, 0.1, levels).extrapolated()


def test_one_step_is_exact_on_rays() -> None:
    family = ClosedForms(RAYS, 0.5)
    starts = np.random.default_rng(0).uniform(-1, 4, (50, 2))
    flow = cd.probability_flow(family, starts, 0.9, 0.05, levels=8)
    for name in ("ddim", "heun"):  # both in sigma, in which the flow is a straight line
        np.testing.assert_allclose(flow.samples[name][-1], flow.one_step, atol=1e-8)
    for start, end in zip(starts[:1], flow.one_step, strict=False):
        np.testing.assert_allclose(_reference(family, start, 0.9, 0.05), end, atol=1e-12)
    fine = cd.probability_flow(family, starts, 0.9, 0.05, levels=15)
    assert fine.defect.max() < flow.defect.max() / 3


def test_a_fixed_denoiser_needs_one_score_flow() -> None:
    # Two levels that are nearly one: the halves are those of one denoiser.
    family = cd.DenoiserFamily(RAYS, 0.5)
    network, problem = family.at(0.5).network, family.problem(0.5)
    starts = np.random.default_rng(0).uniform(-1, 4, (20, 2))
    flow = cd.probability_flow(family, starts, 0.5, 0.5 * (1 - 1e-9), 2)
    time = np.log(1 / (1 - 1e-9))
    expected = cd.score_flow(problem, network, starts, time).limits
    np.testing.assert_allclose(flow.points[-1], expected, atol=1e-15)


def test_levels_are_solved_once_and_keep_their_certificates() -> None:
    family = cd.DenoiserFamily([0.0, 1.0, 3.0], kappa=1.0)
    levels = [0.4, 0.3, 0.1]
    flow = cd.probability_flow(family, [0.2, 1.7], 0.4, 0.1, levels)
    assert list(family.solutions) == levels
    assert family.at(0.3) is family.solutions[0.3]
    assert all(cd.verify_certificate(solution).passed for solution in flow.solutions)
    assert flow.points.shape == (3, 2, 1)
    assert set(flow.samples) == set(SAMPLERS)
    assert flow.sampler_errors("ddim").shape == flow.defect.shape == (2,)
    assert "3 levels from 0.4 to 0.1" in repr(flow)
    assert "3 levels solved" in repr(family)


def test_kinds_are_those_of_the_denoised_ends() -> None:
    family = cd.DenoiserFamily(RAYS, 0.5)
    corner = np.array([1.0, 2.0])
    starts = np.array([corner + 0.05, [0.0, 0.1], [0.5, 0.0]])
    flow = cd.probability_flow(family, starts, 0.4, 0.05, 10)
    assert list(flow.kinds) == ["virtual", "clean", "other"]
    np.testing.assert_allclose(flow.limits, [corner, [0, 0], [0.5, 0]], atol=1e-6)


def test_a_run_can_be_ended() -> None:
    family = cd.DenoiserFamily([0.0, 1.0], kappa=1.0)
    seen = []

    def stop(step: cd.running.progress.TaskProgress) -> None:
        seen.append(step)
        if step.done == 2:
            raise StopIteration

    flow = cd.probability_flow(family, [0.3], 0.4, 0.1, 6, progress=stop)
    assert flow.interrupted
    assert len(flow.levels) == len(flow.points) == 3
    assert seen[0].total == 5


def test_bad_input_is_one_line() -> None:
    family = cd.DenoiserFamily(RAYS, kappa=0.5)
    for call, words in (
        (lambda: cd.DenoiserFamily(RAYS, 0.0), "kappa is 0"),
        (lambda: cd.DenoiserFamily([0.0, 0.0, 1.0], 1.0), "give every point once"),
        (lambda: family.at(1.0), "two balls meet: give levels below 1"),
        (lambda: family.at(-1.0), "sigma is -1"),
        (lambda: cd.probability_flow(family, [[0.0]], 0.5, 0.1), "do not fit 2 inputs"),
        (lambda: cd.probability_flow(family, [0.0, 0.0], 0.1, 0.5), "sigma_to is 0.5"),
        (lambda: cd.probability_flow(family, [0.0, 0.0], 0.5, 0.1, 1), "levels is 1"),
        (lambda: cd.probability_flow(family, [0.0, 0.0], 0.5, 0.1, [0.5, 0.2]), "fall from 0.5"),
    ):
        with pytest.raises(cd.InvalidInput, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
