"""The order among the physical tolerances, and that each is documented."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from convexden import tolerances

NAMES = [name for name in vars(tolerances) if name.isupper() and name != "ORDER"]


@pytest.mark.parametrize(("reason", "chain"), tolerances.ORDER)
def test_each_chain_ascends(reason: str, chain: tuple[str, ...]) -> None:
    values = [getattr(tolerances, name) for name in chain]
    assert all(low <= high for low, high in pairwise(values)), reason
    assert values[0] < values[-1], reason


def test_all_are_small_and_above_rounding() -> None:
    assert all(2.0**-52 < getattr(tolerances, name) < 0.1 for name in NAMES)


def test_each_says_its_unit_and_has_a_docstring() -> None:
    units = ("_RTOL", "_RCOND", "_ROUNDING", "_RAD")
    body = ast.parse(Path(tolerances.__file__).read_text("utf-8")).body
    for assignment, following in pairwise(body):
        if isinstance(assignment, ast.Assign):
            target = assignment.targets[0]
            assert isinstance(target, ast.Name)
            assert target.id.endswith(units), target.id
        if isinstance(assignment, ast.Assign | ast.AnnAssign):
            assert isinstance(following, ast.Expr), ast.unparse(assignment)
            assert isinstance(following.value, ast.Constant)
    assert len(NAMES) > 20
