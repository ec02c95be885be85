"""The checker by itself: a proof by hand, files that are no proofs, and what it must not accept."""

from __future__ import annotations

import ast
import copy
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from proof_examples import KINDS, example

from convexden.proofs import checker

# Two balls on a line, (0, 1/4) -> 0 and (1, 1/4) -> 1: a ramp of slope 2 from 1/4 to 3/4.
BY_HAND = {
    "format": "convexden-proof",
    "version": 1,
    "kind": "optimum",
    "moved": None,
    "centers": [[0], [1]],
    "targets": [[0], [1]],
    "radii": ["1/4", "1/4"],
    "basis": [],
    "coordinates": [[0], [1]],
    # F = D_0 (l_0 z_0 + G_0 w) + D_1 (l_1 z_1 + G_1 w) with z = x w + b: at b = -1/4, w = 1 it is
    # 4 * 3/4 - 2 = 1, at b = -3/4 it is 4 * 1/4 - 2 = -1.
    "values": [[-4], [4]],
    "jacobians": [[[-2]], [[-2]]],
    "delta": 0,
    "lower": ["line"],
    "network": {
        "hinges": [[[1], "-1/4"], [[1], "-3/4"]],
        "weights": [[0], [0], [2], [-2]],
        "selected": [0, 1, 2, 3],
        "inverse": [[1, 0, 0, 0], [0, 0, 1, 0], [-2, 2, -1.5, -0.5], [2, -2, 0.5, 1.5]],
        "omitted": [],
    },
}


def _changed(document, **keys):
    """A copy with other keys."""
    return {**copy.deepcopy(document), **keys}


def _reason(document):
    """Why a document proves nothing."""
    with pytest.raises(Exception) as found:  # noqa: PT011
        checker.check(document)
    return str(found.value)


def test_a_proof_by_hand():
    lower, upper, words = checker.check(BY_HAND)
    assert lower == 4
    assert upper - 4 < Fraction(1, 2**100)
    assert "[3.9999999999999996, 4.000000000000001]" in words


def test_a_network_that_is_off_costs_what_it_costs_to_mend_it():
    document = _changed(BY_HAND)
    document["network"]["weights"][2] = ["2001/1000"]
    lower, upper, _ = checker.check(document)
    assert lower == 4
    assert upper - 4 < Fraction(1, 2**100)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"delta": "-1/1000"}, "above 1 \\+ delta"),
        ({"values": [[-5], [4]]}, "dual equalities"),
        ({"jacobians": [[[-2]], [[-1]]]}, "dual equalities"),
        ({"values": [[-5], [5]], "jacobians": [[[-2]], [[-3]]]}, "above 1 \\+ delta"),
        ({"delta": -3}, "delta"),
        ({"coordinates": [[0], [2]]}, "coordinates"),
        ({"coordinates": [[0], [2]], "moved": 1}, "moved"),
        ({"radii": ["1/4", "-1/4"]}, "negative"),
        ({"radii": ["1/4", "1/2"]}, "cuts ball 1"),
        ({"radii": ["1/4", 0]}, "Jacobian"),
        ({"lower": ["cone"]}, "cone"),
        ({"lower": ["tree", "nothing"]}, "nothing"),
        ({"lower": ["tree", "mirror"]}, "mirror"),
        ({"lower": ["tree", ["site", 0, "nothing", "mirror"]]}, "nothing"),
        ({"lower": ["tree", ["site", 0, "mirror", "nothing"]]}, "nothing"),
        ({"lower": ["tree", ["cut", [1, 0, 0], "nothing", "nothing"]]}, "nothing"),
        ({"kind": "refuted"}, "claim"),
        ({"kind": "theorem"}, "kind"),
        ({"version": 2}, "format"),
    ],
)
def test_what_is_false_is_not_proven(keys, reason):
    with pytest.raises(Exception, match=reason):
        checker.check(_changed(BY_HAND, **keys))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("hinges", [[[1], "-1/4"], [[1], "-4/5"]], "cuts ball 1"),
        ("selected", [0, 1, 2, 2], "4 columns"),
        ("selected", [0, 1, 2], "4 columns"),
        ("inverse", [[0] * 4] * 4, "I - C M"),
        ("omitted", [[1, 0]], "does not follow"),
        ("omitted", [[0, 0]], "does not follow"),
        ("omitted", [[0, 1], [1, 0]], "does not follow"),
    ],
)
def test_networks_that_prove_nothing(key, value, reason):
    document = _changed(BY_HAND)
    document["network"][key] = value
    with pytest.raises(ValueError, match=reason):
        checker.check(document)


def test_a_zero_objective_bounds_nothing():
    document = _changed(BY_HAND, values=[[0], [0]], jacobians=[[[0]], [[0]]])
    assert checker.check(document)[0] == 0
    assert checker.check(_changed(document, lower=["tree", "nothing"]))[0] == 0


def test_a_leaf_must_know_all_sites():
    leaf = ["leaf", {"mu": 0, "lam": [], "soc": []}]
    tree = ["site", 0, leaf, "mirror"]
    assert "not" in _reason(_changed(BY_HAND, lower=["tree", tree]))


def test_no_site_is_decided_below_a_tangent_and_no_tangent_is_below_a_cut():
    document = example("tetrahedron")
    tree = document["lower"][1]

    def find(node, kind):
        if node[0] == kind:
            return node
        parts = node[2:] if node[0] in ("site", "cut") else []
        parts = list(node[1].values()) if node[0] == "tangent" else parts
        found = (find(part, kind) for part in parts if isinstance(part, list))
        return next((node for node in found if node is not None), None)

    leaf = find(tree, "leaf")
    saved = copy.deepcopy(leaf)
    leaf[:] = ["cut", [1, 0, 0, 0, 0], ["tangent", {str(n): saved for n in range(4)}], saved]
    assert "tangent is not possible" in _reason(document)
    leaf[:] = ["tangent", {str(n): ["site", 0, saved, saved] for n in range(4)}]
    assert "site is not possible" in _reason(document)
    leaf[:] = ["tangent", {str(n): saved for n in range(5)}]
    assert "tangent is not possible" in _reason(document)
    leaf[:] = ["tangent", {str(n): saved for n in range(3)}]
    assert "3" in _reason(document)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_passes_and_says_so(name, tmp_path, capsys):
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(example(name)), encoding="utf-8")
    assert checker.main(str(path)) == 0
    words = capsys.readouterr().out
    assert words.startswith("proven: ")
    assert words.count("\n") == 1
    assert ("the claim costs more" in words) == (name == "refuted")
    assert ("no network" in words) == (name == "infeasible")
    assert ("coordinates move" in words) == (name == "line in space")


def test_it_runs_alone(tmp_path):
    script = Path(checker.__file__)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(BY_HAND), encoding="utf-8")
    for content, status in ((BY_HAND, 0), ({}, 1)):
        path.write_text(json.dumps(content), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-I", "-S", str(script), str(path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert run.returncode == status
        assert run.stdout.count("\n") == 1
        assert not run.stderr


def test_it_is_short_and_imports_the_standard_library_alone():
    text = Path(checker.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    modules = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module)
    assert modules <= set(sys.stdlib_module_names)


BAD_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    '"1/0"',
    '"1e999999999"',
    '"NaN"',
    '"0x10"',
    '" 1"',
    '"1/-2"',
    '"' + "9" * 5000 + '"',
    "9" * 5000,
    "true",
    "null",
    "{}",
    "[]",
    '"\\ud800"',
]


def _places(node, path=()):
    """All places of a document."""
    yield path
    if isinstance(node, dict | list):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, part in items:
            yield from _places(part, (*path, key))


def _verdict(text, tmp_path, capsys):
    """Exit status and output of a file with this text."""
    path = tmp_path / "proof.json"
    path.write_text(text, encoding="utf-8")
    status = checker.main(str(path))
    return status, capsys.readouterr().out


@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_what_is_no_number_ends_in_one_line(bad, tmp_path, capsys):
    for path in _places(BY_HAND):
        document = copy.deepcopy(BY_HAND)
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        before = holder[path[-1]] if path else holder
        if path:
            holder[path[-1]] = "?"
        text = json.dumps(document if path else "?").replace('"?"', bad)
        status, words = _verdict(text, tmp_path, capsys)
        # An empty list or null stands for none of them, and Python takes true for 1.
        none = path in (("moved",), ("basis",), ("network", "omitted"))
        assert words.count("\n") == 1
        assert words.startswith("proven" if status == 0 else "not proven: ")
        harmless = (none and bad in ("null", "{}", "[]")) or (bad == "true" and before == 1)
        assert status == 1 or harmless, path


@pytest.mark.parametrize("name", KINDS)
def test_missing_and_wrong_parts_end_in_one_line(name, tmp_path, capsys):
    rng = np.random.default_rng(0)
    places = [path for path in _places(example(name)) if path]
    for place in rng.permutation(len(places))[:30]:
        path = places[int(place)]
        document = example(name)
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        if rng.random() < 0.5:
            del holder[path[-1]]
        else:
            holder[path[-1]] = [None, "x", [], {}, [[[[]]]], {"mu": []}, -1.5][rng.integers(7)]
        status, words = _verdict(json.dumps(document), tmp_path, capsys)
        assert words.count("\n") == 1
        assert words.startswith("proven" if status == 0 else "not proven")


@pytest.mark.parametrize(
    "text",
    ["", "[", "[" * 100_000, "{}", "[]", "3", '"convexden-proof"', "\x00", '{"format": 1}'],
)
def test_what_is_no_json_document_ends_in_one_line(text, tmp_path, capsys):
    status, words = _verdict(text, tmp_path, capsys)
    assert status == 1
    assert words.startswith("not proven: ")
    assert words.count("\n") == 1


def test_bytes_that_are_no_text_and_files_that_are_not_there_end_in_one_line(tmp_path, capsys):
    path = tmp_path / "proof.json"
    path.write_bytes(b"\xff\xfe{")
    for name in (path, tmp_path / "none", tmp_path):
        assert checker.main(str(name)) == 1
        assert capsys.readouterr().out.count("\n") == 1


def test_a_deep_tree_ends_in_one_line(tmp_path, capsys):
    for depth in (500, 50_000):
        tree = '["cut", [1, 0, 0], ' * depth + '"nothing"' + ', "nothing"]' * depth
        text = json.dumps(_changed(BY_HAND, lower="?")).replace('"?"', f'["tree", {tree}]')
        status, words = _verdict(text, tmp_path, capsys)
        assert status == 1
        assert words.count("\n") == 1
