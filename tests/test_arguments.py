"""Wrong arguments are refused at the door of every public function, in one line."""

import decimal
import fractions
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convexden as cd
from convexden import arguments, data
from convexden.theorems import contraction, equilateral, low_noise, mmse, rays
from convexden.verification import verify

FOLD = cd.Interpolation([-2, -1, 0, 1, 2], [2, 1, 0, 1, 2])
BALLS = cd.denoising([0.0, 1.0], radius=0.1)
NETWORK = cd.ShallowNetwork([[1.0]], [[1.0]], [0.0], [[0.0]], [0.0])
CERTIFICATE = cd.Certificate(np.zeros((2, 1)), np.zeros((2, 1, 1)), 0.0, 0.0, "none")


class Elsewhere:
    """What PyTorch says of a tensor on a graphics card; nothing may read it."""

    device = type("Device", (), {"type": "cuda"})()

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


class Graph:
    """A tensor that needs a gradient, as PyTorch has it."""

    requires_grad = True

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return np.array([0.0, 1.0])


def refused(call: Callable[[], object], *parts: str) -> None:
    with pytest.raises(cd.InvalidInput) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert ": " in message  # what is wrong: what to do
    for part in parts:
        assert part in message


NO_TOLERANCE = ("x", math.nan, math.inf, -1, 0, 1.0, True, None, 1j, [1e-8, 1e-8], 10**400, [])


@pytest.mark.parametrize("wrong", NO_TOLERANCE, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda t: cd.solve(BALLS, t),
        lambda t: cd.solve(BALLS, tolerance=t, method="ramps"),
        lambda t: cd.regularize(FOLD, 0.1, t),
        lambda t: cd.regularization_path(FOLD, [0.1], t),
        lambda t: cd.frontier(lambda x: x < 1, 0, 2, tolerance=t),
        lambda t: cd.sampled_optima([0, 1], 0.1, [2], tolerance=t),
        lambda t: cd.theorems.verify_all(tolerance=t),
        lambda t: rays.verify([[0, 0], [1, 0]], 0.1, tolerance=t),
        lambda t: verify(BALLS, NETWORK, CERTIFICATE, tolerance=t),
    ],
)
def test_a_tolerance_is_a_number_between_zero_and_one(call, wrong):
    refused(lambda: call(wrong), "tolerance is", "a number above 0 and below 1")


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: cd.solve([[0, 1]]), "of type list: give an Interpolation"),
        (lambda: cd.solve(BALLS, method="magic"), "no method 'magic'"),
        (lambda: cd.solve(BALLS, method=3), "no method 3"),
        (lambda: cd.solve(BALLS, master="gurobi"), "choose from clarabel, cvxpy, qoco"),
        (lambda: cd.solve(BALLS, progress=7), "progress is 7"),
        (lambda: cd.solve(BALLS, time_limit=0), "time_limit is 0: give a number above 0"),
        (lambda: cd.solve(BALLS, time_limit="1"), "time_limit is '1'"),
        (lambda: cd.solve(BALLS, time_limit=math.nan), "time_limit is nan"),
        (lambda: cd.regularize(FOLD, "0.1"), "penalty is '0.1'"),
        (lambda: cd.regularize(FOLD, math.nan), "penalty is nan"),
        (lambda: cd.regularize(FOLD, True), "penalty is True"),
        (lambda: cd.regularize(FOLD, 1e300), "spreads of targets times inputs"),
        (lambda: cd.regularization_path(FOLD, [0.1, None]), "penalties"),
        (lambda: cd.regularization_path(FOLD, [0.1, -1]), "positive"),
        (lambda: cd.largest_penalty(None), "of type NoneType"),
        (lambda: cd.verify_certificate(None), "of type NoneType"),
        (lambda: cd.verify_regularized(3), "of type int"),
        (lambda: cd.uniqueness("solution"), "of type str"),
        (lambda: cd.save(NETWORK, "x.json"), "of type ShallowNetwork"),
        (lambda: cd.load(5), "of type int: give a string or a Path"),
        (lambda: cd.decode(NETWORK, tolerance=2), "tolerance is 2"),
        (lambda: cd.decode(None), "of type NoneType"),
        (lambda: cd.fixed_points(NETWORK, "a", 1), "coordinates of low"),
        (lambda: cd.fixed_points(NETWORK, math.nan, 1), "finite"),
        (lambda: cd.pieces.cells(3, 0, 1), "of type int"),
        (lambda: cd.align(BALLS, BALLS), "of type Interpolation: give a ShallowNetwork"),
        (lambda: cd.distances.rms_distance(BALLS, NETWORK, NETWORK, probes=0), "probes is 0"),
        (lambda: cd.formulations.get(3), "of type int"),
        (lambda: cd.formulations.get("x"), "no formulation 'x'"),
        (lambda: cd.theorems.get(3), "of type int"),
        (lambda: cd.theorems.verify_all(instances=0), "instances is 0"),
        (lambda: cd.theorems.verify_all(seed=-1), "seed is -1"),
        (lambda: cd.theorems.verify_all(seed=1.5), "seed is 1.5"),
        (lambda: cd.theorems.compare("rays", None), "of type NoneType"),
        (lambda: contraction.constant(NETWORK, [0.0], -1), "delta is -1"),
        (lambda: equilateral.threshold(1), "dimension is 1"),
        (lambda: low_noise.closed_form([0, 1], 0.1, None, "x"), "kappa is 'x'"),
        (lambda: mmse.posterior_mean([0.1], [0.0, 1.0], 0), "sigma is 0"),
        (lambda: cd.frontier(lambda x: x < 1, "0", 2), "low is '0'"),
        (lambda: cd.find_counterexample("rays", points=2.5), "points is 2.5"),
        (lambda: cd.find_counterexample("rays", seed=-1), "seed is -1"),
        (lambda: cd.shape_map(triangles=True), "triangles is True"),
        (lambda: cd.shape_map(jobs=0), "jobs is 0"),
        (lambda: cd.sampled_optima([0, 1], [0.1, 0.1], [2]), "radius is [0.1, 0.1]"),
        (lambda: data.triangle((60, 60, "x")), "angles"),
        (lambda: data.triangle((60, 60, 60), -1), "circumradius is -1"),
        (lambda: data.regular_simplex(0), "dimension is 0"),
        (lambda: data.regular_simplex(10**9), "at most"),
        (lambda: data.triangular_lattice(2, -1), "columns is -1"),
        (lambda: data.random_points(3, 2, None), "seed is None"),
        (lambda: data.random_points(10**6, 10**6, 0), "at most"),
        (lambda: data.noisy_samples([[0, 0]], -1, 3, 0), "radius is -1"),
        (lambda: data.noisy_samples([[0, 0]], 1, 0, 0), "samples is 0"),
        (lambda: data.digits([0.5]), "whole numbers"),
    ],
)
def test_every_argument_is_checked(call, part):
    refused(call, part)


def test_invalid_data_are_invalid_input():
    assert issubclass(cd.InvalidProblem, cd.InvalidInput)
    assert issubclass(cd.InvalidInput, ValueError)
    assert issubclass(cd.InvalidInput, cd.ConvexdenError)
    assert not issubclass(cd.InvalidInput, cd.InvalidProblem)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        (np.ma.masked_greater([0.0, 1.0, 9999.0], 9000), "masked"),
        ([np.ma.masked_greater([0.0, 9999.0], 9000)], "masked"),
        ([0.0, np.ma.masked], "masked"),
        (np.array([0.0, 1.0]) + 5j, "complex"),
        ([0.0, 1j], "complex"),
        (Graph(), "gradient"),
        ([Graph(), Graph()], "gradient"),
        (Elsewhere(), "on the device cuda"),
        ([0, 10**400], "no float64 can hold"),
        (np.array([0, 10**400], dtype=object), "no float64 can hold"),
        (["0", "1"], "text"),
        (np.array([0, "1"], dtype=object), "str"),
        (np.array([0, None]), "NoneType"),
        (np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]"), "dates"),
        ([[0.0, 1.0], [2.0]], "rectangular"),
        (np.array([[0.0], [0.0, 1.0]], dtype=object), "rectangular"),
        ([0.0, math.nan], "NaN"),
        ([0.0, 1e400], "NaN or infinity"),
        ({"a": 1.0}, "dict"),
        ({0.0, 1.0}, "set"),
        (object(), "object"),
        (None, "NoneType"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_nothing_is_dropped_from_arrays(values, part):
    calls = [
        lambda: cd.Interpolation(values, [0.0, 1.0]),
        lambda: cd.Interpolation([0.0, 1.0], values),
        lambda: cd.denoising(values, radius=0.1),
        lambda: cd.ShallowNetwork(values, [[1.0], [1.0]], [0, 0], [[0.0]], [0.0]),
    ]
    if values is not None:  # which asks for the default
        calls.append(lambda: cd.regularization_path(FOLD, values))
    if "NaN" not in part:  # where a network is NaN as well
        calls.append(lambda: NETWORK(values))
    for call in calls:
        with pytest.raises(cd.InvalidInput) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert part in str(caught.value)


def test_lists_as_deep_as_you_like_are_refused():
    deep: list[Any] = [0.0]
    for _ in range(50_000):
        deep = [deep]
    refused(lambda: cd.Interpolation(deep, [0.0]), "nested")


def test_tensors_of_pytorch():
    torch = pytest.importorskip("torch")
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    assert len(cd.denoising(points, radius=0.1)) == 3
    refused(lambda: cd.denoising(points.requires_grad_(), radius=0.1), "gradient")
    refused(lambda: cd.denoising(list(points.requires_grad_()), radius=0.1), "gradient")
    away = torch.zeros((3, 2), device="meta")
    refused(lambda: cd.denoising(away, radius=0.1), "on the device meta")
    refused(lambda: NETWORK(torch.zeros((3, 1), dtype=torch.complex64)), "complex")


def test_what_numbers_are():
    for value in (2, 2.0, np.int8(2), np.float32(2), fractions.Fraction(2), np.array(2.0)):
        assert arguments.number("x", value) == 2.0
        assert type(arguments.number("x", value)) is float
    assert arguments.number("x", decimal.Decimal(2)) == 2.0
    assert arguments.whole("n", np.uint8(3)) == 3
    for wrong in (3.0, "3", True, None, np.float64(3), [3]):
        refused(lambda wrong=wrong: arguments.whole("n", wrong), "n is")
    assert arguments.time_limit(math.inf) == math.inf
    np.testing.assert_array_equal(arguments.array("x", np.array([True, False])), [1.0, 0.0])
    np.testing.assert_array_equal(arguments.array("x", [fractions.Fraction(1, 2)]), [0.5])
    np.testing.assert_array_equal(arguments.array("x", np.ma.array([1, 2])), [1.0, 2.0])


def test_an_array_is_a_copy():
    given = np.array([0.0, 1.0])
    arguments.array("x", given)[0] = 5.0
    assert given[0] == 0.0
    assert arguments.array("x", np.zeros((2, 3)).T).flags.c_contiguous
    rows = [given, given]
    arguments.array("x", rows)[0] = 5.0
    assert given[0] == 0.0


def test_networks_are_not_reshaped():
    weights = np.arange(6.0).reshape(3, 2)
    sound = cd.ShallowNetwork(weights, np.ones((3, 2)), np.zeros(3), np.eye(2), np.zeros(2))
    assert sound.neurons == 3
    with pytest.raises(cd.InvalidProblem, match="do not fit together"):
        cd.ShallowNetwork(weights.T, np.ones((3, 2)), np.zeros(3), np.eye(2), np.zeros(2))
    with pytest.raises(cd.InvalidProblem, match="do not fit together"):
        cd.ShallowNetwork(weights.ravel(), np.ones((3, 2)), np.zeros(3), np.eye(2), np.zeros(2))
    assert cd.ShallowNetwork([1, 2], [3, 4], [0, 0], 0, 0).output_weights.shape == (2, 1)


@pytest.mark.parametrize(
    ("values", "jacobians"),
    [
        (np.zeros(2), np.zeros((2, 1, 1))),
        (np.zeros((2, 1)), np.zeros((2, 1))),
        (np.zeros((2, 1), dtype=complex), np.zeros((2, 1, 1))),
        ([["0"], ["1"]], np.zeros((2, 1, 1))),
        (None, None),
    ],
)
def test_certificates_have_their_dimensions(values, jacobians):
    with pytest.raises(cd.InvalidProblem, match="certificate"):
        cd.Certificate(values, jacobians, 0.0, 1.0, "exact-line")


def test_many_points_take_little_memory():
    import tracemalloc

    wide = cd.ShallowNetwork(np.ones((2000, 1)), np.ones((2000, 1)), np.zeros(2000), [[0.0]], [0.0])
    points = np.linspace(0, 1, 50_000)
    tracemalloc.start()
    values = wide(points)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6  # all at once would be 1600 MB
    np.testing.assert_allclose(values[:, 0], 2000 * points)
