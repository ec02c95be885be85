"""What is written satisfies its schema; of what does not, reading says where, in one line."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any, get_args

import fastjsonschema
import numpy as np
import pytest

import convexden as cd
from convexden import theorems
from convexden.certificate import Leaves
from convexden.solution import Status
from convexden.storage.documents import ARRAYS, check, numbers, schema
from convexden.storage.solutions import FORMAT, save_records, to_json

SCHEMAS = files("convexden.storage").joinpath("schemas")
NAMES = sorted(file.name.removesuffix(".json") for file in SCHEMAS.iterdir())
SOLUTION = fastjsonschema.compile(schema(FORMAT))  # the whole schema, of arrays as well


def solved() -> dict[str, cd.Solution]:
    """Solutions that together have every key."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 4))
    near = cd.denoising([0.0, 1.0, 1.0 + 2e-9, 3.0], radius=[0.1, 1e-10, 1e-10, 0.1])
    disk = cd.denoising([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]], radius=0.1)
    samples = cd.Interpolation(rng.random((7, 2)), rng.random(7))
    images = np.random.default_rng(1).random((3, 64))
    balls = cd.solve(disk)
    leaves = Leaves(
        np.array([[1, -1, -1]], dtype=np.int8),
        np.ones(1),
        np.ones((1, 3)),
        np.ones((1, 3)),
        np.zeros((1, 3, 3)),
    )
    return {
        "balls": balls,
        "leaves": replace(balls, certificate=replace(balls.certificate, leaves=leaves)),
        "low parts": cd.solve(near),
        "affine": cd.solve(cd.Interpolation([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])),
        "moved": cd.solve(cd.Interpolation(plane, rng.normal(size=6))),
        "stopped": cd.solve(samples, time_limit=1e-6),
        "rounds": cd.solve(samples),
        "local": cd.solve(disk, method="local"),
        "edges": cd.solve(disk, method="edges"),
        "images": cd.solve(cd.denoising(images, radius=0.1)),
        "another cost": cd.solve(
            cd.Interpolation([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], cost=cd.Cost(bias=1, origin=1))
        ),
        "no offset": cd.solve(
            cd.Interpolation([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], cost=cd.Cost(bias=1, offset=False))
        ),
    }


NEWER = ("low parts", "edges", "leaves", "images", "another cost", "no offset")  # of version 2


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return {name: json.loads(to_json(solution)) for name, solution in solved().items()}


def keys(document: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Of a document and of the objects in it, or of the properties of a schema."""
    for key, value in document.items():
        yield (*place, key)
        if isinstance(value, dict) and key != "versions":
            yield from keys(value, (*place, key))


def described(part: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in part.get("properties", {}).items():
        yield (*place, key)
        yield from described(value, (*place, key))


def test_what_is_saved_satisfies_the_schema_which_has_no_other_keys(documents):
    found: set[tuple[str, ...]] = set()
    for document in documents.values():
        SOLUTION(document)
        check(document, FORMAT)
        found |= set(keys(document))
    versions = {name: document["version"] for name, document in documents.items()}
    assert {versions.pop(name) for name in NEWER} == {2}
    assert set(versions.values()) == {1}
    assert not documents["affine"]["neurons"]
    # A certificate of the solvers need not have low parts of both kinds.
    optional = {("certificate", f"{name}_low") for name in ("values", "jacobians")}
    optional |= {("network", f"{name}_low") for name in ("output_weights", "biases")}
    assert found | optional == set(described(schema(FORMAT)))
    assert found & optional


def test_schemas_have_the_words_of_the_package():
    assert schema(FORMAT)["properties"]["status"]["enum"] == list(get_args(Status))
    entry = schema("convexden-verification")["items"]["properties"]
    assert set(entry["verdict"]["enum"]) == set(get_args(theorems.Verdict))


def test_low_parts_satisfy_the_schema():
    solution = cd.solve(cd.denoising([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]], radius=0.1))
    network, certificate = solution.network, solution.certificate
    half = 2.0**-54
    changed = replace(
        solution,
        network=replace(
            network,
            output_weights_low=network.output_weights * half,
            biases_low=network.biases * half,
        ),
        certificate=replace(
            certificate,
            values_low=certificate.values * half,
            jacobians_low=certificate.jacobians * half,
        ),
    )
    document = json.loads(to_json(changed))
    assert document["version"] == 2
    SOLUTION(document)
    assert {key for place in keys(document) for key in place if key.endswith("_low")} == {
        "output_weights_low",
        "biases_low",
        "values_low",
        "jacobians_low",
    }


def test_what_verify_writes_satisfies_its_schema(tmp_path):
    validate = fastjsonschema.compile(schema("convexden-verification"))
    results = list(theorems.verify_all(["univariate", "equilateral-beyond"], instances=2))
    records = [result.as_dict() for result in results]
    unknown = {"cost": np.inf, "measured": {"share": np.nan, "weight": 0.5}}
    save_records([*records, {**records[0], **unknown}], tmp_path / "records.json")
    text = (tmp_path / "records.json").read_text()
    written = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    validate(written)
    assert written[-1]["cost"] is None
    assert written[-1]["measured"] == {"share": None, "weight": 0.5}
    properties = schema("convexden-verification")["items"]["properties"]
    assert all(list(record) == list(properties) for record in written)
    for key in properties:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validate([{other: value for other, value in written[0].items() if other != key}])


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_known_and_say_what_messages_can(name):
    """A rule without words, or arrays that NumPy does not check, would be found by a user first."""
    found = schema(name)
    assert found["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert fastjsonschema.compile(found)
    worded = {"type", "enum", "const", "required", "minimum", "maximum", "minItems", "maxItems"}
    nested = {"properties", "items", "additionalProperties", "definitions", "$ref"}
    said = {"$schema", "title", "description", "examples"}

    def rules(part: Any) -> Iterator[str]:
        for key, value in part.items():
            yield key
            if key in ("properties", "definitions"):
                for each in value.values():
                    yield from rules(each)
            elif key in ("items", "additionalProperties"):
                for each in value if isinstance(value, list) else [value]:
                    yield from rules(each)

    assert set(rules(found)) <= worded | nested | said


def test_every_array_of_numbers_is_one_that_numpy_checks():
    arrays = {
        name
        for name, definition in schema(FORMAT)["definitions"].items()
        if definition["type"] == "array"
    }
    assert arrays == set(ARRAYS)


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key of a document, and the last entry of every list."""
    if place:
        yield place
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*place, key))
    elif isinstance(value, list) and value:
        yield from places(value[-1], (*place, len(value) - 1))


VALUES = ["null", "true", "-1", "1.5", "1e999", "1e300", "1" + "0" * 400, '"{0}"', "{}", "[]"]
VALUES += ["[[]]", '[1, "x"]', "[[[[1]]]]"]


@pytest.fixture(scope="module")
def everything(documents) -> dict[str, Any]:
    """A small file that has every key."""
    document = copy.deepcopy(documents["leaves"])
    for part, names in (
        ("network", ("output_weights", "biases")),
        ("certificate", ("values", "jacobians")),
    ):
        for name in names:
            zeros = np.zeros_like(document[part][name]).tolist()
            document[part][f"{name}_low"] = zeros
    return {
        **document,
        "version": 2,
        "interrupted": True,
        "moved": {"centers": document["problem"]["centers"]},
        "history": [[1, None, 0.0, 3], [2, 5.0, 4.0, 2]],
    }


@pytest.mark.parametrize("kind", ["everything", "affine", "images"])
def test_no_change_of_a_file_ends_in_a_foreign_error(everything, documents, kind, tmp_path):
    """Each key is deleted, and given every kind of value; what the schema refuses is refused."""
    path = tmp_path / "changed.json"
    refused = []

    def load(text: str) -> None:
        path.write_text(text)
        try:
            assert isinstance(cd.load(path), cd.Solution)
        except cd.InvalidProblem as error:
            refused.append(str(error).removeprefix(f"{path}: "))
        else:
            SOLUTION(json.loads(text))

    document = everything if kind == "everything" else copy.deepcopy(documents[kind])
    load(json.dumps(document))
    assert not refused
    for place in list(places(document)):
        part: Any = document
        for key in place[:-1]:
            part = part[key]
        kept = copy.copy(part)
        for value in VALUES:
            part[place[-1]] = "here"
            load(json.dumps(document).replace('"here"', value, 1))
        del part[place[-1]]
        load(json.dumps(document))
        part.clear()
        part.update(kept) if isinstance(part, dict) else part.extend(kept)
    assert len(refused) > 300
    assert max(map(len, refused)) < 150
    assert not any("\n" in message or str(path) in message for message in refused)


def test_a_fault_deep_in_an_array_is_found(tmp_path):
    rows = [[[1.0, 2.0]] * 2 for _ in range(3000)]
    assert numbers(rows, (3000, 2, 2), "a").shape == (3000, 2, 2)
    rows[2999] = [[1.0, 2.0], [3, "x"]]
    with pytest.raises(cd.InvalidProblem, match=r"^a\[2999\]\[1\]\[1\]: 'x', a number expected$"):
        numbers(rows, (3000, 2, 2), "a")
    rows[2999] = [[1.0, 2.0], [3.0]]
    with pytest.raises(cd.InvalidProblem, match=r"^a\[2999\]\[1\]: 1 number, 2 expected$"):
        numbers(rows, (3000, 2, 2), "a")
    assert numbers([], (0, 3), "a").shape == (0, 3)
    with pytest.raises(cd.InvalidProblem, match=r"^a: 0 lists, 1 expected$"):
        numbers([], (1, 3), "a")
    with pytest.raises(cd.InvalidProblem, match=r"^a\[1\]: inf, a finite number expected$"):
        numbers([1, np.inf], (2,), "a")


def test_json_may_write_whole_numbers_as_floats(documents, tmp_path):
    document = copy.deepcopy(documents["rounds"])
    for key in ("version", "neurons", "iterations"):
        document[key] = float(document[key])
    document["history"] = [
        [float(row[0]), row[1], row[2], float(row[3])] for row in document["history"]
    ]
    document["cost"] = 3
    path = tmp_path / "floats.json"
    path.write_text(json.dumps(document))
    solution = cd.load(path)
    assert type(solution.iterations) is int
    assert type(solution.cost) is float
    assert {type(step.round) for step in solution.history} == {int}
