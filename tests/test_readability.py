"""What makes the code readable: docstrings, and functions and modules of a size.

Ruff sees to the docstrings of public names; it has no rule for private and inner ones.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for folder in ("convexden", "solvers") for path in ROOT.joinpath(folder).rglob("*.py")
]


def definitions(path: Path) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """The functions and classes of a module, at any depth."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


@cache
def broken() -> dict[str, list[str]]:
    """Where each rule is broken; every module is read once."""
    found: dict[str, list[str]] = {"silent": [], "long": [], "many": []}
    for path in SOURCES:
        for node in definitions(path):
            place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            if not ast.get_docstring(node) and not is_overload(node):
                found["silent"].append(place)
            if isinstance(node, ast.FunctionDef) and lines_of_code(node) > 60:
                found["long"].append(place)
            if isinstance(node, ast.FunctionDef) and len(variables(node)) > 25:
                found["many"].append(place)
    return found


def test_every_function_and_class_has_a_docstring() -> None:
    assert len(SOURCES) > 200
    assert not broken()["silent"]


def test_functions_fit_on_a_screen() -> None:
    assert not broken()["long"]


def test_functions_have_few_variables() -> None:
    assert not broken()["many"]


def variables(function: ast.FunctionDef) -> set[str]:
    """The names that are assigned in it."""
    names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}


def is_overload(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether it only declares types."""
    return any(ast.unparse(each) == "overload" for each in node.decorator_list)


def lines_of_code(function: ast.FunctionDef) -> int:
    """The lines of its body without the docstring."""
    assert function.end_lineno is not None
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_modules_are_short() -> None:
    assert not [
        str(path.relative_to(ROOT)) for path in SOURCES if path.read_text("utf-8").count("\n") > 400
    ]
