"""Networks from layers of other libraries, and a module of PyTorch.  What needs PyTorch is skipped
where it is not installed."""

from __future__ import annotations

import copy
import pickle
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from pages import BLOCK, assert_output, run_python

import convexden as cd
from convexden.errors import InvalidProblem, NotSupported

RNG = np.random.default_rng(0)
W, B = RNG.normal(size=(5, 3)), RNG.normal(size=5)  # 5 neurons, 3 inputs
A, C = RNG.normal(size=(2, 5)), RNG.normal(size=2)  # 2 outputs
V = RNG.normal(size=(2, 3))
POINTS = RNG.normal(size=(20, 3))


def expected(skip: bool = True) -> np.ndarray:
    hidden = np.maximum(POINTS @ W.T + B, 0.0) @ A.T + C
    return hidden + POINTS @ V.T if skip else hidden


def test_layers_make_the_function_that_they_are() -> None:
    network = cd.ShallowNetwork.from_layers((W, B), (A, C), V)
    np.testing.assert_allclose(network(POINTS), expected(), rtol=1e-13)
    plain = cd.ShallowNetwork.from_layers((W, B), (A, C))
    np.testing.assert_allclose(plain(POINTS), expected(skip=False), rtol=1e-13)
    assert not plain.skip.any()
    shifted = cd.ShallowNetwork.from_layers((W, B), (A, C), (V, [1.0, 2.0]))
    np.testing.assert_allclose(shifted(POINTS), expected() + [1.0, 2.0], rtol=1e-13)
    assert not cd.ShallowNetwork.from_layers(W, A).biases.any()


def test_a_network_without_skip_needs_no_zeros() -> None:
    network = cd.ShallowNetwork(A.T, W, B)
    np.testing.assert_allclose(network(POINTS), expected(skip=False) - C, rtol=1e-13, atol=1e-14)
    assert network.skip.shape == (2, 3)
    assert cd.ShallowNetwork(A.T, W, B, offset=C).offset.tolist() == C.tolist()
    assert cd.ShallowNetwork([1, 2], [3, 4], [0, 0])(1.0).tolist() == [11.0]


@pytest.mark.parametrize(
    "arrays",
    [(A, W, B), (A.T, W.T, B), (A, W.T, B), (A.T, W, B[:4]), (A.T, W, B, V.T), (A.T, W, B, V, B)],
)
def test_transposed_arrays_are_refused(arrays) -> None:
    with pytest.raises(InvalidProblem, match="do not fit together"):
        cd.ShallowNetwork(*arrays)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (((W.T, B), A), r"biases of hidden have shape \(5,\): give \(3,\)"),
        ((W.T, A), r"do not fit together: weights are hidden \(3, 5\), output \(2, 5\)"),
        ((W, A.T), "do not fit together"),
        ((W, A, V.T), r"skip \(3, 2\)"),
        ((W.ravel(), A), r"weights of hidden have shape \(15,\)"),
        (((W, B[:, None]), A), r"biases of hidden have shape \(5, 1\)"),
        ((W, A + 1j), "complex"),
        ((np.ma.masked_greater(W, 0), A), "masked"),
        ((W, None), "weights of output"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers, message) -> None:
    with pytest.raises(InvalidProblem, match=message) as caught:
        cd.ShallowNetwork.from_layers(*layers)
    assert "\n" not in str(caught.value)


def test_a_state_says_its_layers_by_their_shapes() -> None:
    two = {"0.weight": W, "0.bias": B, "2.weight": A, "2.bias": C}
    network = cd.ShallowNetwork.from_state_dict(two)
    np.testing.assert_allclose(network(POINTS), expected(skip=False), rtol=1e-13)
    parts = [{"f.weight": W, "f.bias": B}, {"g.weight": A, "g.bias": C}, {"s.weight": V}]
    for order in permutations(parts):
        three = {key: value for part in order for key, value in part.items()}
        found = cd.ShallowNetwork.from_state_dict(three)
        np.testing.assert_allclose(found(POINTS), expected(), rtol=1e-13)


def test_square_layers_have_to_be_named() -> None:
    square = {f"{name}.weight": RNG.normal(size=(3, 3)) for name in "abc"}
    with pytest.raises(InvalidProblem, match="several ways"):
        cd.ShallowNetwork.from_state_dict(square, hidden="b")
    network = cd.ShallowNetwork.from_state_dict(square, hidden="b", output="c")
    np.testing.assert_array_equal(network.input_weights, square["b.weight"])
    np.testing.assert_array_equal(network.output_weights, square["c.weight"].T)
    np.testing.assert_array_equal(network.skip, square["a.weight"])


@pytest.mark.parametrize(
    ("given", "names", "message"),
    [
        ({"0.weight": W}, {}, "1 linear layers"),
        ({f"{k}.weight": W for k in range(4)}, {}, "4 linear layers"),
        ({"0.weight": A, "1.weight": W}, {}, "do not fit together"),
        ({"0.weight": W, "1.bias": C}, {}, "no weight of the layer '1'"),
        ({"0.weight": W, "0.running_mean": B}, {}, "'0.running_mean' is neither"),
        ({"0.weight": W, "1.weight": A}, {"hidden": "fc"}, "no layer 'fc' for hidden"),
        ([W, A], {}, "of type list: give a module's .state_dict()"),
    ],
)
def test_other_states_are_refused(given, names, message) -> None:
    with pytest.raises(InvalidProblem, match=message) as caught:
        cd.ShallowNetwork.from_state_dict(given, **names)
    assert "\n" not in str(caught.value)


def test_modules_of_pytorch_there_and_back() -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3))
    points = torch.tensor(POINTS, dtype=torch.float32)
    given = module(points).detach().numpy()
    for network in (
        cd.ShallowNetwork.from_state_dict(module.state_dict()),
        cd.ShallowNetwork.from_layers(module[0], module[2]),
    ):
        np.testing.assert_allclose(network(points), given, atol=1e-5)
    solved = cd.solve(cd.denoising([0.0, 1.0, 2.5], radius=0.1)).network
    made = solved.to_torch()
    line = np.linspace(-1, 4, 50)[:, None]
    np.testing.assert_allclose(made(torch.tensor(line)).detach().numpy(), solved(line), atol=1e-13)
    again = cd.ShallowNetwork.from_state_dict(made.state_dict())
    for name in ("output_weights", "input_weights", "biases", "skip", "offset"):
        np.testing.assert_array_equal(getattr(again, name), getattr(solved, name))
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert torch.equal(twin(torch.tensor(line)), made(torch.tensor(line)))
    assert all(each.requires_grad for each in made.parameters())
    narrow = made.to(torch.float32)
    assert narrow(torch.tensor(line, dtype=torch.float32)).dtype == torch.float32


def test_tensors_that_would_lose_something_give_one_line() -> None:
    torch = pytest.importorskip("torch")
    first, last = torch.nn.Linear(3, 7), torch.nn.Linear(7, 3)
    weights = last.weight.detach()
    for given, message in (
        (first.weight, "need a gradient"),
        (torch.nn.Linear(3, 7, device="meta"), "on the device meta"),
        (first.weight.detach().bfloat16(), "torch.bfloat16"),
        (first.weight.detach().to_sparse(), "to_dense"),
        (first.weight.detach().to(torch.complex64), "complex"),
    ):
        with pytest.raises(InvalidProblem, match=message) as caught:
            cd.ShallowNetwork.from_layers(given, weights)
        assert "\n" not in str(caught.value)


def test_sums_of_two_floats_do_not_fit_in_a_tensor() -> None:
    pytest.importorskip("torch")
    two = cd.ShallowNetwork([[1.0]], [[1.0]], [1.0], biases_low=[1e-17])
    with pytest.raises(NotSupported, match="sums of two floats"):
        two.to_torch()


def test_the_guide_runs() -> None:
    pytest.importorskip("torch")
    page = Path(__file__).resolve().parents[2] / "docs" / "howto" / "pytorch.md"
    names: dict = {}
    for language, code, printed in BLOCK.findall(page.read_text("utf-8")):
        if language == "py":
            output = run_python(code, page, names)
            if printed:
                assert_output(printed, output)
    assert names["solution"].cost == 0.0
    assert names["balls"].certified
    assert names["gap"].error > 0


def test_a_deeper_network_is_not_taken_for_one_with_a_skip_connection() -> None:
    shapes = {"0": (5, 2), "2": (5, 5), "4": (2, 5)}  # 2 -> 5 -> 5 -> 2 fits as 5 -> 2 -> 5, too
    deep = {f"{name}.weight": RNG.normal(size=shape) for name, shape in shapes.items()}
    with pytest.raises(InvalidProblem, match="may follow one another"):
        cd.ShallowNetwork.from_state_dict(deep)
    network = cd.ShallowNetwork.from_state_dict(deep, skip="2")
    assert network.input_dimension == 5
    named = {key.replace("2.", "skip."): value for key, value in deep.items()}
    assert cd.ShallowNetwork.from_state_dict(named).input_dimension == 5
