"""What a person sees: one line of every object, tables, copies that stay read-only, and names."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import convexden as cd
from convexden import display
from convexden.infeasibility import Branch, Crossing, InfeasibilityProof
from convexden.reduction import Reduction

ROOT = Path(__file__).resolve().parent.parent
# Packages whose objects a caller is not handed: proposing, proving, and their coordinates.
INSIDE = ("convexden.solvers", "convexden.verification.exact", "convexden.verification.faces")
TRIANGLE = cd.data.triangle((48, 60, 72))
PROBLEM = cd.denoising(TRIANGLE, radius=0.1)
MANY = cd.Interpolation(
    np.random.default_rng(0).normal(size=(60, 784)), np.arange(120.0).reshape(60, 2)
)


@pytest.fixture(scope="module")
def solution() -> cd.Solution:
    return cd.solve(PROBLEM)


@pytest.fixture(scope="module")
def shown(solution: cd.Solution) -> dict[str, object]:
    """An object of every type that is handed out without a long run."""
    samples = cd.Interpolation([0, 1, 2, 3], [0, 0, 1, 1])
    fit, path = cd.regularize(samples, 0.01), cd.regularization_path(samples)
    network, parts = solution.network, cd.decode(solution.network)
    aligned = cd.align(PROBLEM, network, network)
    claim = cd.theorems.face_aligned.closed_form(TRIANGLE, 0.1)
    frontier = cd.frontier(lambda radius: radius < 0.3, 0.1, 0.4, accuracy=1e-2)
    tree = (Branch(0), *(Crossing(((0, 1), (k, -1))) for k in range(1, 200)))
    objects: list[object] = [
        PROBLEM,
        MANY,
        solution,
        solution.history[-1],
        network,
        solution.certificate,
        cd.verify_certificate(solution),
        cd.verify_certificate(solution).checks[0],
        fit,
        cd.verify_regularized(fit),
        path,
        parts,
        parts.ramps[0],
        aligned,
        aligned.hinges,
        aligned.comparison,
        cd.uniqueness(solution),
        cd.fixed_points(network, [-2, -2], [2, 2])[0],
        cd.pieces.affine_map(network, [0, 0]),
        cd.pieces.along(network, [0, 0], [1, 1]),
        cd.pieces.cells(network, [-2, -2], [2, 2])[0],
        cd.sampled_optima(TRIANGLE, 0.1, [8], draws=1),
        frontier,
        frontier.evaluations[0],
        cd.find_counterexample("face-aligned", starts=1, evaluations=2),
        claim,
        cd.theorems.rays.verify([[0, 0], [4, 0], [0, 3]], 0.48),
        cd.theorems.get("rays"),
        cd.formulations.get("ramps"),
        Reduction.of(MANY),
        InfeasibilityProof(tuple(range(200)), tree),
        cd.data.flatten(MANY.centers, 1e-6),
        MANY.hull,
    ]
    return {f"{type(each).__name__} {k}": each for k, each in enumerate(objects)}


def test_every_object_says_what_it_is_in_one_line(shown):
    for name, each in shown.items():
        line = repr(each)
        assert line.startswith(f"{name.split()[0]}("), line
        assert line.endswith(")"), line
        assert "\n" not in line
        assert "object at 0x" not in line
        assert len(line) <= display.WIDTH, line


def test_a_line_says_the_numbers(solution):
    assert re.fullmatch(
        r"Solution\(cost=5.2633, certified, gap=\S+, 3 balls in R\^2, 6 neurons\)",
        repr(replace(solution, cost=5.2633)),
    )
    assert "upper-bound" in repr(replace(solution, status="upper-bound"))
    assert repr(replace(solution, interrupted=True)).endswith(", interrupted)")
    assert repr(PROBLEM) == "Interpolation(3 balls in R^2, targets in R^2, radii 0.1)"
    assert repr(MANY) == "Interpolation(60 samples in R^784, targets in R^2)"
    mixed = cd.Interpolation([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.1, 0.0, 0.25])
    assert "2 balls and 1 sample in R^1" in repr(mixed)
    assert "radii 0.1 to 0.25" in repr(mixed)
    spoiled = replace(
        solution, certificate=replace(solution.certificate, values=0 * solution.certificate.values)
    )
    assert "failed: " in repr(cd.verify_certificate(spoiled))


def test_a_line_is_cut_however_much_there_is_to_say():
    line = display.one_line(PROBLEM, "first", "", "x" * 500)
    assert line.startswith("Interpolation(first, xxx")
    assert line.endswith("...)")
    assert len(line) == display.WIDTH
    assert display.vector(np.arange(9.0)) == "(0, 1, 2, 3, ...)"
    assert display.vector(np.array([1e-17, 1.0])) == "(0, 1)"
    huge = cd.ShallowNetwork([[1e150]], [[1e150]], [0.0], [[0.0]], [0.0])
    assert "cost=" in repr(huge)  # without a warning


def test_what_holds_more_than_numbers_says_so_itself():
    """The line that `dataclass` writes prints whole arrays, lists and pictures."""
    plain = {"int", "float", "bool", "str"}  # and the few numbers of a setting
    plain |= {
        "tuple[int, ...]",
        "tuple[float, ...]",
        "tuple[float, float]",
        "tuple[float, float, float]",
    }
    long = []
    for module in _modules():
        for name, each in vars(module).items():
            if name.startswith("_") or getattr(each, "__module__", "") != module.__name__:
                continue
            if not dataclasses.is_dataclass(each) or inspect.isabstract(each):
                continue
            # Only the line that is written for a dataclass is wrapped, against recursion.
            written = hasattr(each.__repr__, "__wrapped__")
            if written and not {field.type for field in dataclasses.fields(each)} <= plain:
                long.append(f"{module.__name__}.{name}")
    assert long == []


def _modules():
    for found in pkgutil.walk_packages(cd.__path__, "convexden."):
        if not found.name.startswith(INSIDE) and not found.name.endswith("__main__"):
            with contextlib.suppress(ModuleNotFoundError):  # scikit-learn is optional
                yield importlib.import_module(found.name)


class _Cells(HTMLParser):
    """The texts of the cells of a table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells[-1] += data


def test_print_gives_a_table_and_a_notebook_one_of_html(shown):
    tabled = [each for each in shown.values() if hasattr(each, "_repr_html_")]
    assert {type(each).__name__ for each in tabled} == {
        "ClosedForm",
        "RegularizedSolution",
        "RegularizedVerification",
        "Result",
        "Solution",
        "Verification",
    }
    for each in tabled:
        cells = _Cells(each._repr_html_()).cells
        assert "cost" in cells
        assert len(str(each).splitlines()) >= 4
        if isinstance(each, display.Tabled):
            title, *lines = str(each).splitlines()
            assert cells[0] == title == each.title()
            for line, (name, value) in zip(lines, each.rows(), strict=True):
                assert line.startswith(name)
                assert line.endswith(value)
            assert cells[1:] == [cell for row in each.rows() for cell in row]


def test_print_gives_the_table_of_the_report(shown):
    heads = {
        "Alignment": "max-margin",
        "HingeAlignment": "max-margin",
        "Comparison": "predicted",
        "Decomposition": "direction u",
        "SampledOptima": "smallest cost",
    }
    printed = {type(each).__name__: str(each) for each in shown.values()}
    for name, head in heads.items():
        assert head in printed[name]
        assert len(printed[name].splitlines()) > 3
        assert "\x1b" not in printed[name]  # colors
        assert "…" not in printed[name]  # a column that is cut
    shapes = cd.shape_map([0.3], triangles=3, jobs=1)
    assert re.fullmatch(
        r"ShapeMap\(\d+ triangles, 1 fraction, (\d+) of \1 certified\)", repr(shapes)
    )
    assert str(shapes).split()[0] == "radius"
    assert "…" not in str(shapes)


def test_html_is_escaped():
    text = display.html_table("a < b", [("x & y", "R^2 -> R^2")], ("name", "<b>"))
    assert _Cells(text).cells == ["a < b", "name", "<b>", "x & y", "R^2 -> R^2"]


def test_the_table_says_where_coordinates_were_moved(solution):
    moved = replace(solution, moved=PROBLEM)
    assert "coordinates moved" in str(moved)
    assert "coordinates moved" not in str(solution)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_read_only_and_equal(solution, again):
    two_part = cd.ShallowNetwork([[1.0]], [[1.0]], [0.0], [[0.0]], [0.0], [[1e-17]], [0.0])
    for noun in (PROBLEM, solution.network, solution.certificate, two_part):
        copied = again(noun)
        assert type(copied) is type(noun)
        for field in dataclasses.fields(noun):
            given, found = getattr(noun, field.name), getattr(copied, field.name)
            np.testing.assert_array_equal(found, given)
            if isinstance(found, np.ndarray):
                assert not found.flags.writeable, field.name
    copied = again(solution)
    assert cd.verify_certificate(copied).passed
    assert not copied.problem.centers.flags.writeable


def test_a_certificate_is_read_only_and_leaves_what_it_was_given_writable(solution):
    values = np.array(solution.certificate.values)
    certificate = replace(solution.certificate, values=values)
    with pytest.raises(ValueError, match="read-only"):
        certificate.values[0] = 0.0
    assert values.flags.writeable


NAMES = sorted(
    {
        name
        for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.py"))
        for name in re.findall(r"\bcd((?:\.[A-Za-z_]\w*)+)", page.read_text(encoding="utf-8"))
    }
)


def test_names_of_the_documentation_work_before_anything_else_is_used():
    """Those of a module are the first that are asked for, in a package not imported yet."""
    first = {}
    for name in NAMES:
        first.setdefault(name.split(".")[1], []).append(name)
    code = f"""
import sys
for names in {[*first.values()]!r}:
    for loaded in [each for each in sys.modules if each.split(".")[0] == "convexden"]:
        del sys.modules[loaded]
    for name in names:
        import convexden as found
        for part in name[1:].split("."):
            found = getattr(found, part)
"""
    assert len(NAMES) > 60
    assert {".verification.verify", ".formulations.get", ".data.flatten"} <= set(NAMES)
    _run(code)


@pytest.mark.parametrize("name", ["verification", "report", "alignment", "distances", "training"])
def test_modules_work_in_a_fresh_interpreter(name):
    _run(f"import convexden as cd; cd.{name}.__all__")


def _run(code: str) -> None:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(name for name in cd.__all__ if name.islower()))
def test_modules_show_their_own_names_only(name):
    module = getattr(cd, name)
    if inspect.ismodule(module):
        assert dir(module) == sorted(module.__all__)
        foreign = {"np", "annotations", "arguments", "dataclass", "Array", "NDArray", "display"}
        assert not foreign & set(dir(module))
        for own in dir(module):
            assert getattr(module, own) is not None


def test_errors_are_of_one_family():
    assert issubclass(cd.InvalidProblem, cd.InvalidInput)
    assert issubclass(cd.InvalidInput, ValueError)
    assert issubclass(cd.MissingDependency, ImportError)
    families = [getattr(cd, name) for name in cd.__all__]
    errors = [each for each in families if isinstance(each, type) and issubclass(each, Exception)]
    assert len(errors) == 9
    assert all(issubclass(each, cd.ConvexdenError) for each in errors)
