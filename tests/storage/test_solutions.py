"""Solution files: exact round trips, whole or not at all, and no nonsense let in."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from convexden import (
    Certificate,
    Interpolation,
    InvalidProblem,
    Progress,
    ShallowNetwork,
    Solution,
    denoising,
    load,
    save,
    solve,
    verify_certificate,
)
from convexden.geometry.span import Span
from convexden.storage.files import check_writable, whole_file
from convexden.storage.solutions import save_records, to_json


@pytest.fixture
def solution() -> Solution:
    """Numbers that are hard to print, not an optimum."""
    rng = np.random.default_rng(0)
    problem = Interpolation(rng.standard_normal((4, 3)), rng.standard_normal((4, 2)), 0.1 / 3)
    network = ShallowNetwork(
        rng.standard_normal((5, 2)) * 1e-300,
        rng.standard_normal((5, 3)),
        rng.standard_normal(5),
        rng.standard_normal((2, 3)),
        [-0.0, 5e-324],
    )
    certificate = Certificate(
        rng.standard_normal((4, 2)),
        rng.standard_normal((4, 2, 3)),
        1 / 7,
        1 + 2**-52,
        "exact-plane",
    )
    return Solution(
        problem, network, certificate, 1 / 3, 1 / 7, 4 / 7, "certified", 5, 0.1, {"numpy": "2"}
    )


def arrays(solution: Solution) -> dict[str, np.ndarray]:
    parts = (solution.problem, solution.network, solution.certificate)
    return {
        name: value
        for part in parts
        for name, value in vars(part).items()
        if isinstance(value, np.ndarray)
    }


def test_round_trip_is_exact(solution, tmp_path):
    path = tmp_path / "solution.json"
    save(solution, path)
    again = load(path)
    expected = arrays(solution)
    for name, value in arrays(again).items():
        assert value.tobytes() == np.ascontiguousarray(expected.pop(name)).tobytes(), name
    assert not expected
    assert again.versions == solution.versions
    for name in ("cost", "lower_bound", "relative_gap", "status", "iterations", "seconds"):
        assert getattr(again, name) == getattr(solution, name), name
    for name in ("lower_bound", "pricing_maximum", "pricing"):
        assert getattr(again.certificate, name) == getattr(solution.certificate, name), name
    assert list(tmp_path.iterdir()) == [path]
    save(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == path.read_text()


@pytest.mark.parametrize("status", ["certified", "not-certified", "upper-bound"])
@pytest.mark.parametrize("pricing", ["none", "semidefinite", "exact-faces"])
def test_every_status_and_pricing_is_stored(solution, status, pricing, tmp_path):
    certificate = replace(solution.certificate, pricing=pricing)
    save(replace(solution, status=status, certificate=certificate), tmp_path / "solution.json")
    again = load(tmp_path / "solution.json")
    assert (again.status, again.certificate.pricing) == (status, pricing)


def test_file_has_the_promised_keys(solution, tmp_path):
    save(solution, tmp_path / "solution.json")
    document = json.loads((tmp_path / "solution.json").read_text())
    assert list(document) == [
        "format",
        "version",
        "status",
        "problem",
        "network",
        "certificate",
        "cost",
        "lower_bound",
        "relative_gap",
        "neurons",
        "iterations",
        "seconds",
        "versions",
    ]
    assert (document["format"], document["version"]) == ("convexden-solution", 1)
    assert list(document["problem"]) == ["centers", "targets", "radii"]
    assert list(document["network"]) == [
        "output_weights",
        "input_weights",
        "biases",
        "skip",
        "offset",
    ]
    assert {"values", "jacobians", "pricing_maximum", "pricing"} <= set(document["certificate"])


def test_network_without_neurons(solution, tmp_path):
    network = ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 3)), [], np.zeros((2, 3)), [0, 0])
    save(replace(solution, network=network), tmp_path / "solution.json")
    assert load(tmp_path / "solution.json").network.input_weights.shape == (0, 3)


def test_the_history_is_stored_if_there_is_one(solution, tmp_path):
    path = tmp_path / "solution.json"
    history = (Progress(1, np.inf, 0.0, 9), Progress(2, 1 / 3, 1 / 7, 5))
    save(replace(solution, history=history), path)
    assert json.loads(path.read_text())["history"][0] == [1, None, 0.0, 9]
    assert load(path).history == history
    save(solution, path)
    assert "history" not in json.loads(path.read_text())
    assert load(path).history == ()


def test_infinity_is_not_stored(solution, tmp_path):
    with pytest.raises(InvalidProblem, match="cost holds NaN"):
        save(replace(solution, cost=np.inf), tmp_path / "solution.json")
    assert not list(tmp_path.iterdir())


def put(*keys_and_value):
    *keys, last, value = keys_and_value

    def change(document):
        for key in keys:
            document = document[key]
        document[last] = value

    return change


def drop(*keys):
    def change(document):
        for key in keys[:-1]:
            document = document[key]
        del document[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("format", "something"), "not a solution file"),
        (put("version", 3), "version 3 is not 1 or 2"),
        (put("version", True), "version true is not 1 or 2"),
        (drop("version"), "version: missing"),
        (put("status", "fine"), "status: 'fine', certified or not-certified or upper-bound"),
        (drop("problem"), "problem: missing"),
        (put("problem", []), "problem: a list, an object expected"),
        (drop("problem", "radii"), "problem.radii: missing"),
        (put("problem", "radii", 0.1), "problem.radii: 0.1, a list expected"),
        (put("problem", "radii", [0.1]), "problem.radii: 1 number, 4 expected"),
        (put("problem", "radii", [-1, 0, 0, 0]), "negative"),
        (put("problem", "centers", [[1, 2], [3]]), r"problem.centers\[1\]: 1 number, 2 expected"),
        (put("problem", "centers", []), "problem.centers: 0 entries, at least 1 expected"),
        (put("problem", "centers", [[]]), r"centers\[0\]: 0 entries, at least 1 expected"),
        (put("problem", "targets", 1, True), r"problem.targets\[1\]: true, a list expected"),
        (put("problem", "targets", 2, 1, True), r"targets\[2\]\[1\]: true, a number expected"),
        (put("problem", "targets", 2, 1, 10**400), r"targets\[2\]\[1\]: 1000.*a finite number"),
        (put("network", "biases", ["1"] * 5), r"network.biases\[0\]: '1', a number expected"),
        (put("network", "biases", [0.0] * 3), "network.biases: 3 numbers, 5 expected"),
        (put("network", "skip", [[0, 0, 0]]), "network.skip: 1 list, 2 expected"),
        (put("network", "offset", 1.0), "network.offset: 1.0, a list expected"),
        (put("certificate", "values", [[1, 2]]), "certificate.values: 1 list, 4 expected"),
        (put("certificate", "jacobians", [[1, 2]]), r"certificate.jacobians\[0\]\[0\]: 1, a list"),
        (put("certificate", "jacobians", 3, 1, 2, None), r"jacobians\[3\]\[1\]\[2\]: null, a num"),
        (put("certificate", "pricing", 3), "certificate.pricing: 3, a string expected"),
        (put("certificate", "pricing_maximum", None), "pricing_maximum: null, a number expected"),
        (put("cost", "1"), "cost: '1', a number expected"),
        (put("cost", 10**400), "cost: 1000.*, a finite number expected"),
        (put("cost", [1]), "cost: a list, a number expected"),
        (put("neurons", 4), "network.output_weights: 5 lists, 4 expected"),
        (put("neurons", 10**12), "network.output_weights: 5 lists, 1000000000000 expected"),
        (put("neurons", 10**400), "neurons: 1000.*, at most 9007199254740991 expected"),
        (put("neurons", -1), "neurons: -1, at least 0 expected"),
        (put("iterations", 1.5), "iterations: 1.5, a whole number expected"),
        (put("versions", {"numpy": 2}), "versions.numpy: 2, a string expected"),
        (put("versions", {"a\nb": 2}), "versions.a b: 2, a string expected"),
        (put("versions", {"x" * 500: 2}), r"versions.x+\.\.\.: 2, a string expected"),
        (put("history", {}), "history: an object, a list expected"),
        (put("history", None), "history: null, a list expected"),
        (put("history", [1, 1.0, 1.0, 2]), r"history\[0\]: 1, a list expected"),
        (put("history", [[1, 1.0, 1.0]]), r"history\[0\]: 3 entries, at least 4 expected"),
        (put("history", [[1, 1.0, 1.0, 2, 3]]), r"history\[0\]: 5 entries, at most 4 expected"),
        (put("history", [[1.5, 1.0, 1.0, 2]]), r"history\[0\]\[0\]: 1.5, a whole number expected"),
        (put("history", [[1, "x", 1.0, 2]]), r"history\[0\]\[1\]: 'x', a number or null expected"),
        (put("history", [[1, 1.0, None, 2]]), r"history\[0\]\[2\]: null, a number expected"),
        (
            put("history", [[1, 1.0, 1.0, True]]),
            r"history\[0\]\[3\]: true, a whole number expected",
        ),
        (put("interrupted", 1), "interrupted: 1, true or false expected"),
        (put("moved", {}), "moved.centers: missing"),
        (put("moved", {"centers": [[1.0]]}), "moved.centers: 1 list, 4 expected"),
    ],
)
def test_bad_documents_are_refused_in_one_line(solution, tmp_path, change, message):
    path = tmp_path / "solution.json"
    save(solution, path)
    document = copy.deepcopy(json.loads(path.read_text()))
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidProblem, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"cost": NaN}', b'{"cost": -Infinity}', b"1" * 9999],
)
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "solution.json"
    path.write_bytes(content)
    with pytest.raises(InvalidProblem, match="is not JSON"):
        load(path)


@pytest.mark.parametrize("content", ["[]", "3", "null", '{"format": 1}'])
def test_json_that_is_no_solution_is_refused(tmp_path, content):
    path = tmp_path / "solution.json"
    path.write_text(content)
    with pytest.raises(InvalidProblem, match="not a solution file"):
        load(path)


def test_numbers_that_overflow_are_refused(solution, tmp_path):
    path = tmp_path / "solution.json"
    save(solution, path)
    path.write_text(path.read_text().replace('"cost": ', '"cost": 1e999, "old": '))
    with pytest.raises(InvalidProblem, match="cost: inf, a finite number expected"):
        load(path)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(InvalidProblem, match="cannot be read"):
        load(tmp_path / "none.json")
    with pytest.raises(InvalidProblem, match="cannot be read"):
        load(tmp_path)


def test_records_have_null_for_what_json_cannot_say(tmp_path):
    save_records([{"a": "x", "b": 1 / 3}, {"a": "y", "b": np.inf}], tmp_path / "records.json")
    read = json.loads((tmp_path / "records.json").read_text())
    assert read == [{"a": "x", "b": 1 / 3}, {"a": "y", "b": None}]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with whole_file(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with whole_file(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_what_cannot_be_written_is_said_before(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "none" / "x", tmp_path / "file" / "x", "/dev/null"):
        with pytest.raises(InvalidProblem):
            check_writable(path)
    check_writable(tmp_path / "new")
    check_writable(tmp_path / "file")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_moved_samples_are_stored_and_said(tmp_path):
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 4))
    solution = solve(Interpolation(plane, rng.normal(size=6)))
    assert solution.certified
    assert solution.moved is not None
    assert 0 < solution.largest_move < 1e-15
    save(solution, tmp_path / "moved.json")
    found = load(tmp_path / "moved.json")
    assert found.moved is not None
    np.testing.assert_array_equal(found.moved.centers, solution.moved.centers)
    assert found.largest_move == solution.largest_move
    assert verify_certificate(found).moved > 0
    exact = solve(Interpolation(rng.normal(size=(6, 2)), rng.normal(size=6)))
    assert exact.moved is None
    assert exact.largest_move == 0
    assert '"moved"' not in to_json(exact)
    balls = solve(Interpolation(plane, rng.normal(size=6), 1e-3))
    assert balls.moved is None


@pytest.fixture(scope="module")
def pictures() -> Solution:
    """Four pictures of 64 random numbers, whose maps are held by coefficients."""
    return solve(denoising(np.random.default_rng(2).random((4, 64)), radius=0.2))


def test_coefficients_read_back_as_the_same_numbers(pictures, tmp_path):
    path = tmp_path / "pictures.json"
    save(pictures, path)
    again = load(path)
    assert again.certificate.in_span is not None
    assert again.network.in_span is not None
    for name in ("output_weights", "input_weights", "biases", "skip", "offset"):
        np.testing.assert_array_equal(getattr(again.network, name), getattr(pictures.network, name))
    np.testing.assert_array_equal(again.certificate.jacobians, pictures.certificate.jacobians)
    checked = verify_certificate(again)
    assert checked.passed
    assert checked.relative_gap == pictures.relative_gap
    assert checked.lower_bound == pictures.lower_bound
    save(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == path.read_text()


def test_a_file_by_coefficients_is_a_tenth_of_one_by_arrays(pictures, tmp_path):
    certificate, network = pictures.certificate, pictures.network
    whole = replace(
        pictures,
        certificate=Certificate(
            certificate.values,
            certificate.jacobians,
            certificate.lower_bound,
            certificate.pricing_maximum,
            certificate.pricing,
        ),
        network=replace(network, in_span=None),
    )
    text, long = to_json(pictures), to_json(whole)
    assert (json.loads(text)["version"], json.loads(long)["version"]) == (2, 1)
    assert len(text) < len(long) / 10
    (tmp_path / "whole.json").write_text(long)
    assert verify_certificate(load(tmp_path / "whole.json")).passed


@pytest.mark.parametrize("part", ["certificate", "network"])
def test_each_part_may_be_held_in_its_own_way(pictures, part, tmp_path):
    """Multipliers and weights of different spans: then the weights are written as they are."""
    held = getattr(pictures, part).in_span
    turned = Span(-held.span.inputs, -held.span.outputs)
    if part == "certificate":
        own = replace(pictures.certificate, jacobians=None, in_span=replace(held, span=turned))
    else:
        changed = replace(held, span=turned, output_weights=-held.output_weights)
        changed = replace(changed, input_weights=-held.input_weights)
        own = replace(pictures.network, in_span=changed)
    assert own.in_span is not None
    path = tmp_path / "mixed.json"
    save(replace(pictures, **{part: own}), path)
    document = json.loads(path.read_text())
    assert "in_span" in document["certificate"]
    assert "in_span" not in document["network"]
    assert verify_certificate(load(path)).passed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("span"), "span: missing"),
        (drop("span", "inputs"), "span.inputs: missing"),
        (put("span", "inputs", 0, [1.0]), r"span.inputs\[0\]: 1 number, 64 expected"),
        (put("span", "outputs", []), "network.in_span.output_weights.*: 3 numbers, 0 expected"),
        (drop("network", "in_span"), "network.output_weights: missing"),
        (drop("certificate", "in_span"), "certificate.jacobians: missing"),
        (put("certificate", "jacobians", []), "certificate.jacobians: there twice, also in_span"),
        (put("network", "skip", []), "network.skip: there twice, also in_span"),
        (drop("network", "in_span", "skip"), "network.in_span.skip: missing"),
        (
            put("certificate", "in_span", "jacobians", 3, [[0.0] * 3]),
            r"certificate.in_span.jacobians\[3\]: 1 list, 3 expected",
        ),
        (
            put("certificate", "in_span", "jacobians", 0, 0, 0, 1e200),
            "coefficients in a span are beyond 1e",
        ),
    ],
)
def test_bad_coefficients_are_refused_in_one_line(pictures, tmp_path, change, message):
    path = tmp_path / "pictures.json"
    document = json.loads(to_json(pictures))
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidProblem, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
