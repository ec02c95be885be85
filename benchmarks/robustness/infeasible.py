"""Proofs that no network interpolates, read again: recursive, from the file's form, in rationals.

A proof names integers lambda with sum lambda_n = 0, nonzero at one sample at most, whose weighted
targets do not vanish, and a tree that decides sites off and on until the hinge is impossible
("crossing") or the active lambda sum to zero ("orthogonal"), or one hinge is left ("touching"):
these must have independent normals, and lambda no sample.  See `convexden.infeasibility`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from benchmarks.robustness.exact import Sites, dot


def proof_holds(sites: Sites, record: dict[str, Any]) -> bool:
    """Whether a stored proof shows that no network meets the targets at these sites."""
    weights = [int(weight) for weight in record["weights"]]
    if len(weights) != len(sites.radii) or sum(weights):
        return False
    if sum(1 for w, r in zip(weights, sites.radii, strict=True) if w and not r) > 1:
        return False
    sums = [
        sum((w * t[j] for w, t in zip(weights, sites.targets, strict=True)), Fraction(0))
        for j in range(len(sites.targets[0]))
    ]
    if not any(sums):
        return False
    nodes = iter(record["tree"])
    alone: list[list[Fraction]] = []
    shown = _shows(sites, weights, nodes, {}, "root", alone) and next(nodes, None) is None
    sampled = any(w and not r for w, r in zip(weights, sites.radii, strict=True))
    return shown and not (alone and sampled) and _independent(alone)


def _shows(
    sites: Sites,
    weights: list[int],
    nodes: Iterator[Any],
    on: dict[int, bool],
    place: str,
    alone: list[list[Fraction]],
) -> bool:
    """Whether the next subtree shows that patterns with these sites on and off are orthogonal, but
    for the hinges that are alone, whose normals it notes."""
    node = next(nodes, None)
    if node is None:
        return False
    kind, *rest = node if isinstance(node, list) else [node]
    if kind == "site":
        (site,) = rest
        if site in on or not 0 <= site < len(weights):
            return False
        first = "first" if place == "root" else "inside"
        return _shows(sites, weights, nodes, on | {site: False}, first, alone) and _shows(
            sites, weights, nodes, on | {site: True}, "inside", alone
        )
    if kind == "mirror":
        return place == "first"
    if kind in ("crossing", "touching"):
        apart, excess = _compared(sites, [(int(n), int(c)) for n, c in rest], on)
        if kind == "touching":
            alone.append(apart)
        return excess > 0 or (excess == 0 and kind == "touching")
    if kind != "orthogonal" or any(w and n not in on for n, w in enumerate(weights)):
        return False
    return sum(weights[n] for n, active in on.items() if active) == 0


def _independent(vectors: list[list[Fraction]]) -> bool:
    """Whether the vectors are linearly independent, by orthogonal projection."""
    kept: list[list[Fraction]] = []
    for vector in vectors:
        for other in kept:
            share = dot(vector, other) / dot(other, other)
            vector = [x - share * y for x, y in zip(vector, other, strict=True)]
        if not any(vector):
            return False
        kept.append(vector)
    return True


def _compared(
    sites: Sites, pairs: list[tuple[int, int]], on: dict[int, bool]
) -> tuple[list[Fraction], Fraction]:
    """The vector sum c_n y_n, and (sum |c_n| r_n)^2 minus its square; the difference is negative
    unless sum c_n = 0, positive on and negative off."""
    none: list[Fraction] = []
    if sum(c for _, c in pairs) or len({n for n, _ in pairs}) < len(pairs):
        return none, Fraction(-1)
    if any(n not in on or (c > 0) != on[n] for n, c in pairs if c):
        return none, Fraction(-1)
    d = len(sites.centers[0])
    apart = [sum((c * sites.centers[n][i] for n, c in pairs), Fraction(0)) for i in range(d)]
    reach = sum((abs(c) * sites.radii[n] for n, c in pairs), Fraction(0))
    return apart, reach * reach - dot(apart, apart)
