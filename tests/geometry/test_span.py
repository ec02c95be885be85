"""Large arrays by coefficients: what is held, what is made of it, and what is refused."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

import convexden as cd
from convexden.geometry.span import MapsInSpan, Span, WeightsInSpan, combined


@pytest.fixture(scope="module")
def span() -> Span:
    rng = np.random.default_rng(0)
    return Span(rng.standard_normal((3, 40)), rng.standard_normal((2, 30)))


@pytest.fixture(scope="module")
def maps(span) -> MapsInSpan:
    return MapsInSpan(span, np.random.default_rng(1).standard_normal((4, 2, 3)))


@pytest.fixture(scope="module")
def solution() -> cd.Solution:
    """Of four pictures of 64 random numbers."""
    points = np.random.default_rng(2).random((4, 64))
    return cd.solve(cd.denoising(points, radius=0.2))


def test_maps_are_what_the_coefficients_say(span, maps):
    expected = np.einsum("ip,nij,jd->npd", span.outputs, maps.coefficients, span.inputs)
    np.testing.assert_allclose(maps.full, expected, rtol=1e-13, atol=1e-13)
    assert maps.shape == maps.full.shape == (4, 30, 40)
    np.testing.assert_allclose(maps.sizes, np.linalg.norm(expected, axis=(1, 2)), rtol=1e-13)
    basis = np.linalg.qr(np.random.default_rng(3).standard_normal((40, 5)))[0].T
    flat = expected @ basis.T
    np.testing.assert_allclose(maps.along(basis), flat, rtol=1e-12, atol=1e-12)
    across = np.linalg.norm(expected - flat @ basis, axis=(1, 2))
    np.testing.assert_allclose(maps.across(basis), across, rtol=1e-12)
    chosen = np.array([True, False, True, True])
    np.testing.assert_array_equal(maps.where(chosen).full, maps.full * chosen[:, None, None])


def test_sums_are_rounded_in_the_order_of_the_rows(span):
    """The floats that any reader of a file finds, in plain Python."""
    coefficients = np.random.default_rng(4).standard_normal(3)
    for column in range(40):
        total = 0.0
        for c, row in zip(coefficients.tolist(), span.inputs.tolist(), strict=True):
            total += c * row[column]
        assert combined(coefficients, span.inputs)[column] == total


def test_zeros_need_no_rows():
    zeros = MapsInSpan.zeros((3, 50, 60))
    assert not zeros.full.any()
    assert zeros.full.shape == zeros.shape == (3, 50, 60)
    assert not zeros.sizes.any()
    assert zeros.along(np.eye(2, 60)).shape == (3, 50, 2)


def test_what_does_not_fit_is_refused(span, maps):
    with pytest.raises(cd.InvalidProblem, match="give one for each row"):
        MapsInSpan(span, np.zeros((4, 3, 2)))
    with pytest.raises(cd.InvalidProblem, match="give 3 dimensions"):
        MapsInSpan(span, np.zeros((2, 3)))
    with pytest.raises(cd.InvalidProblem, match="NaN"):
        MapsInSpan(span, np.full((4, 2, 3), np.nan))
    with pytest.raises(cd.InvalidProblem, match="beyond 1e"):
        MapsInSpan(Span(1e100 * span.inputs, 1e100 * span.outputs), maps.coefficients)
    with pytest.raises(cd.InvalidProblem, match="input_weights have shape"):
        WeightsInSpan(span, np.zeros((5, 2)), np.zeros((5, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="read-only"):
        maps.coefficients[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        span.inputs[0] = 0.0


def test_certificates_and_networks_of_images_are_held_by_coefficients(solution):
    certificate, network = solution.certificate, solution.network
    assert solution.certified
    assert certificate.in_span is not None
    assert "jacobians" not in vars(certificate)
    assert certificate.jacobians.shape == (4, 64, 64)
    assert not certificate.jacobians.flags.writeable
    assert network.in_span is not None
    small = cd.solve(cd.denoising([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.5, 1.5, 0.0]], radius=0.1))
    assert small.certificate.in_span is None
    assert small.network.in_span is None


def test_the_array_and_its_coefficients_prove_the_same(solution):
    certificate = solution.certificate
    whole = cd.Certificate(
        certificate.values,
        certificate.jacobians,
        certificate.lower_bound,
        certificate.pricing_maximum,
        certificate.pricing,
    )
    assert whole.in_span is None
    by_array = cd.verification.verify(solution.problem, solution.network, whole)
    by_coefficients = cd.verification.verify(solution.problem, solution.network, certificate)
    assert by_array.passed
    assert by_coefficients.passed
    assert by_array.lower_bound == pytest.approx(by_coefficients.lower_bound, rel=1e-13)
    np.testing.assert_allclose(certificate.jacobian_norms, whole.jacobian_norms, rtol=1e-13)
    basis = solution.problem.hull.basis
    np.testing.assert_allclose(
        certificate.jacobians_along(basis), whole.jacobians_along(basis), rtol=1e-12, atol=1e-13
    )


def test_copies_and_changes_keep_coefficients_that_still_hold(solution):
    certificate, network = solution.certificate, solution.network
    for again in (
        copy.deepcopy(certificate),
        pickle.loads(pickle.dumps(certificate)),
        replace(certificate, pricing="exact"),
        certificate.stating(1.0, 2.0),
    ):
        assert "jacobians" not in vars(again)
        np.testing.assert_array_equal(again.jacobians, certificate.jacobians)
    assert len(pickle.dumps(certificate)) < 20_000
    for kept in (pickle.loads(pickle.dumps(network)), replace(network, biases=2 * network.biases)):
        assert kept.in_span is not None
    other = replace(certificate, jacobians=2.0 * certificate.jacobians)
    assert other.in_span is None
    np.testing.assert_array_equal(other.jacobians, 2.0 * certificate.jacobians)
    assert replace(certificate, jacobians=certificate.jacobians[:1]).in_span is None
    assert replace(network, skip=network.skip + 1.0).in_span is None


def test_coefficients_of_other_shapes_and_low_parts_are_refused(solution, maps):
    certificate = solution.certificate
    with pytest.raises(cd.InvalidProblem, match="low come with coefficients"):
        cd.Certificate(
            certificate.values,
            None,
            0.0,
            1.0,
            "none",
            jacobians_low=np.zeros((4, 64, 64)),
            in_span=certificate.in_span,
        )
    wrong = cd.Certificate(certificate.values, None, 0.0, 1.0, "none", in_span=maps)
    with pytest.raises(cd.InvalidProblem, match="jacobians have shape"):
        cd.verification.verify(solution.problem, solution.network, wrong)


def test_forged_coefficients_are_not_certified(solution):
    """Multipliers that are twice as large price twice as high, and prove no more."""
    held = solution.certificate.in_span
    forged = cd.Certificate(
        2.0 * solution.certificate.values,
        None,
        2.0 * solution.certificate.lower_bound,
        solution.certificate.pricing_maximum,
        solution.certificate.pricing,
        in_span=MapsInSpan(held.span, 2.0 * held.coefficients),
    )
    found = cd.verification.verify(solution.problem, solution.network, forged)
    assert not found.passed
    assert found.lower_bound <= solution.cost
    # Rows that are not orthonormal are rows all the same.
    stretched = Span(3.0 * held.span.inputs, held.span.outputs)
    same = MapsInSpan(stretched, held.coefficients / 3.0)
    proven = cd.Certificate(
        solution.certificate.values,
        None,
        solution.certificate.lower_bound,
        solution.certificate.pricing_maximum,
        solution.certificate.pricing,
        in_span=same,
    )
    assert cd.verification.verify(solution.problem, solution.network, proven).lower_bound == (
        pytest.approx(solution.lower_bound, rel=1e-12)
    )
