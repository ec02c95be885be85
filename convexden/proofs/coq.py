r"""The optimum on a line as a theorem that the Coq proof assistant checks, from its definition on.

`line.v` defines networks, their cost and what it means to interpolate, proves weak duality for all
networks with real weights, and ends in a theorem: a list of rational multipliers and a rational
network that pass a computable check show what the minimum is.  A script is that file, with the
numbers of one problem and one line that lets Coq compute.

The numbers are exact.  The function that connects the dots, constant on the balls, bends at the
ends of some of them, by :math:`c_i` at :math:`x_i`.  The multipliers are those for which

.. math:: G(t) = \sum_i \mu_i [x_i - t]_+

is the sign of :math:`c_i` at :math:`x_i`, 0 at the first end and the last, and affine between:
:math:`\mu_i` is by how much G bends there.  So :math:`\sum_i \mu_i h(x_i) = \sum_i c_i G(x_i) =
\sum_i |c_i|`, what the function costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

from convexden.errors import NotSupported
from convexden.proofs.checker import numbers

Place = tuple[Fraction, Fraction]


class _Optimum(NamedTuple):
    """What the script states: all of it rational."""

    neurons: list[Place]  # where they bend, and by how much
    skip: Fraction
    offset: Fraction
    multipliers: list[Fraction]
    points: list[Place]  # ends of sites, and their targets
    cost: Fraction


def script(document: Mapping[str, Any]) -> str:
    """A file for Coq 8.16 that proves the optimum of a problem on a line, with one output.

    Parameters
    ----------
    document : dict
        A proof file; its centers, radii and targets are the problem.

    Raises
    ------
    NotSupported
        If the problem has more inputs or outputs, or no network interpolates.
    """
    if document["kind"] == "infeasible":
        raise NotSupported("no network interpolates: there is no optimum to be stated for Coq")
    count = len(document["radii"])
    inputs, outputs = len(document["centers"][0]), len(document["targets"][0])
    if inputs != 1 or outputs != 1:
        reason = "a script for Coq is about one input and one output"
        raise NotSupported(f"{reason}; here they are {inputs} and {outputs}")
    centers, targets = (numbers(document[key], count, 1) for key in ("centers", "targets"))
    radii = numbers(document["radii"], count)
    sites = [(y, r, t) for (y,), r, (t,) in zip(centers, radii, targets, strict=True)]
    optimum = _optimum(_ends(sites))
    rows = zip(optimum.points, optimum.multipliers, strict=True)
    definitions = [
        "(* 7. The problem: centers, radii and targets. *)",
        _defined("problem", "list rational_site", _list(sites, "site")),
        "(* 8. Ends of its sites with multipliers and targets, and the best network. *)",
        _defined(
            "dual", "list rational_point", _list([(x, mu, y) for (x, y), mu in rows], "point")
        ),
        _defined("bends", "list (Q * Q)", _list(optimum.neurons, "pair")),
        f"Definition best : rational_network := network_of bends {_q(optimum.skip)}"
        f" {_q(optimum.offset)}.",
        "Theorem optimum : minimum (map real_site problem) (Q2R "
        f"{_q(optimum.cost)}).\nProof. apply (checked problem dual best). vm_compute."
        " reflexivity. Qed.",
    ]
    theory = files("convexden.proofs").joinpath("line.v").read_text("utf-8")
    return "\n\n".join([theory.rstrip(), *definitions]) + "\n"


def _ends(sites: Iterable[tuple[Fraction, Fraction, Fraction]]) -> list[Place]:
    """Both ends of each ball, those inside of others left out, from left to right."""
    ends: list[Place] = []
    reached = None
    for low, high, target in sorted((y - r, y + r, t) for y, r, t in sites):
        if reached is not None and low <= reached:  # balls that meet have one target
            if high > reached:
                ends[-1] = (high, target)
                reached = high
            continue
        ends.append((low, target))
        if high > low:
            ends.append((high, target))
        reached = high
    return ends


def _optimum(ends: Sequence[Place]) -> _Optimum:
    """The function that connects the dots, and multipliers that show that it is optimal."""
    slopes = [(v - y) / (u - x) for (x, y), (u, v) in pairwise(ends)]
    skip = slopes[0] if slopes else Fraction(0)
    bends = [
        (end, after - before)
        for end, (before, after) in zip(ends[1:], pairwise(slopes), strict=False)
        if after != before
    ]
    points = [ends[0], *(end for end, _ in bends), ends[-1]] if bends else []
    signs = [Fraction(1 if bend > 0 else -1) for _, bend in bends]
    heights = [Fraction(0), *signs, Fraction(0)]
    rises = [
        (b - a) / (u - x)
        for (a, b), ((x, _), (u, _)) in zip(pairwise(heights), pairwise(points), strict=False)
    ]
    multipliers = [b - a for a, b in zip([Fraction(0), *rises], [*rises, Fraction(0)], strict=True)]
    x, y = ends[0]
    return _Optimum(
        [(place, bend) for (place, _), bend in bends],
        skip,
        y - skip * x,
        multipliers if bends else [],
        points,
        sum((abs(bend) for _, bend in bends), Fraction(0)),
    )


def _defined(name: str, kind: str, value: str) -> str:
    """A definition."""
    return f"Definition {name} : {kind} :=\n{value}."


def _list(rows: Iterable[Sequence[Fraction]], kind: str) -> str:
    """A list of tuples of numbers, one in a line."""
    head = "" if kind == "pair" else f"{kind}_of "
    separated: Callable[[Iterable[str]], str] = (", " if kind == "pair" else " ").join
    bracketed = "({})" if kind == "pair" else "{}"
    lines = [f"  {head}{bracketed.format(separated(map(_q, row)))}" for row in rows]
    return "[\n" + ";\n".join(lines) + "\n]"


def _q(x: Fraction) -> str:
    """A rational number."""
    return f"({x.numerator} # {x.denominator})"
