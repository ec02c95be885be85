"""Single numbers of proof files are changed: no false statement may be accepted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from proof_examples import KINDS, example

import convexden as cd
from convexden.proofs import checker

FORGERIES = 900
DATA = ("centers", "targets", "radii", "coordinates", "basis", "moved")


def _numbers(node, path=()):
    """The places of all numbers, as paths; strings of rationals count, words do not."""
    if isinstance(node, dict):
        return [place for key, part in node.items() for place in _numbers(part, (*path, key))]
    if isinstance(node, list):
        return [place for i, part in enumerate(node) for place in _numbers(part, (*path, i))]
    is_text = isinstance(node, str) and node.lstrip("-")[:1].isdigit()
    return [path] if is_text or type(node) in (int, float) else []


def _changed(value, rng):
    """Another number in its place: slightly, or wildly."""
    exact = Fraction(value)
    kind = rng.integers(8)
    if type(value) is int and kind < 4:
        return value + int(rng.choice([-2, -1, 1, 2]))
    return [
        float(exact) * (1 + 2.0 ** -int(rng.integers(4, 50))),
        float(exact) * (1 - 2.0 ** -int(rng.integers(4, 50))),
        str(exact * Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 9)))),
        -value if type(value) in (int, float) else str(-exact),
        0,
        str(exact + Fraction(1, 10 ** int(rng.integers(1, 20)))),
        str(exact - Fraction(1, 10 ** int(rng.integers(1, 20)))),
        float(rng.normal()) * 10.0 ** int(rng.integers(-8, 9)),
    ][kind]


def _at(document, path):
    """The list or dictionary that holds a number."""
    for key in path[:-1]:
        document = document[key]
    return document


def _floats(node):
    """Nested lists of numbers as floats."""
    return [_floats(part) for part in node] if isinstance(node, list) else float(Fraction(node))


def _holds(document, lower, upper):
    """Whether the certified optimum in floats agrees with what was accepted."""
    sites = (_floats(document[key]) for key in ("centers", "targets", "radii"))
    try:
        solution = cd.solve(cd.Interpolation(*sites))
    except (cd.InfeasibleProblem, cd.InvalidProblem):  # the latter: sites meet, targets differ
        return upper is None
    if upper is None:
        return False
    room = 1e-9 * solution.cost
    return float(lower) <= solution.cost + room and float(upper) >= solution.lower_bound - room


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_no_false_statement_is_accepted(name):
    rng = np.random.default_rng(list(name.encode()))
    lower, upper, _ = checker.check(example(name))
    accepted = 0
    for _ in range(FORGERIES // len(KINDS)):
        document = example(name)
        places = _numbers(document)
        path = places[int(rng.integers(len(places)))]
        holder = _at(document, path)
        before = holder[path[-1]]
        holder[path[-1]] = after = _changed(before, rng)
        try:
            low, high, _ = checker.check(document)
        except Exception:  # rejected
            continue
        if Fraction(before) == Fraction(after):
            continue
        accepted += 1
        if path[0] in DATA:
            assert _holds(document, low, high), (path, before, after)
        elif upper is not None:
            # The problem is the same: both intervals hold its optimum.
            assert low <= upper, (path, before, after)
            assert high >= lower, (path, before, after)
    assert 0 < accepted < FORGERIES // len(KINDS) / 1.5
