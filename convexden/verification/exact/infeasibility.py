"""Checks proofs of infeasibility in integers, from the floats of the problem.

What a proof is, and why it proves that no network interpolates: see `convexden.infeasibility`.
"""

from __future__ import annotations

import numpy as np

from convexden.certificate import Certificate
from convexden.infeasibility import (
    Branch,
    Crossing,
    InfeasibilityProof,
    Mirror,
    Orthogonal,
    Touching,
)
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import Integers, align, dyadic, rational

Decided = dict[int, bool]  # the sites that are on or off


def check_infeasibility(problem: Interpolation, proof: InfeasibilityProof) -> list[str]:
    """What is wrong with a proof that no network interpolates; nothing if it holds.

    Every comparison is one of integers, and the statement is about the floats of the problem, as
    they are.

    Parameters
    ----------
    problem : Interpolation
    proof : InfeasibilityProof
        Of any origin.

    Returns
    -------
    list of str
        One line for each fault that was found, empty if the proof is right.
    """
    faults = _faults_of_weights(problem, proof)
    return faults or _faults_of_tree(problem, proof)


def infeasibility_certificate(problem: Interpolation, proof: InfeasibilityProof) -> Certificate:
    r"""The multipliers of a proof that `check_infeasibility` accepts, with objective one.

    :math:`l_n = \lambda_n v` and :math:`G_n = \lambda_n v (x - y_n)^T`, rounded to floats, with x
    the sample at which :math:`\lambda` is not zero or else the first such ball.  As they stand, and
    but for rounding, they satisfy the dual equalities and have P = 0.
    """
    support = np.flatnonzero([weight != 0 for weight in proof.weights])
    samples = support[problem.radii[support] == 0]
    point = problem.centers[samples[0] if samples.size else support[0]]
    # The integers may be beyond the range of floats, but their ratios are not.
    largest = max(abs(weight) for weight in proof.weights)
    shares = np.array([weight / largest for weight in proof.weights])
    sums, exponent = _weighted_targets(problem, proof)
    size = max(abs(total) for total in sums)
    direction = np.array([total / size for total in sums])
    objective = np.sum(direction**2) * float(rational(size, exponent) / largest)
    values = shares[:, None] * (direction / objective)
    jacobians = values[:, :, None] * (point - problem.centers)[:, None, :]
    return Certificate(values, jacobians, np.inf, 0.0, "exact-tree")


def _weighted_targets(problem: Interpolation, proof: InfeasibilityProof) -> tuple[Integers, int]:
    """The sum of lambda_n t_n, (p,), as integers with an exponent."""
    targets, exponent = dyadic(problem.targets)
    return np.array(proof.weights, dtype=object) @ targets, exponent


def _faults_of_weights(problem: Interpolation, proof: InfeasibilityProof) -> list[str]:
    """What keeps the lambda_n from being those of the theorem, apart from the patterns."""
    weights = proof.weights
    if len(weights) != len(problem):
        return [f"the proof has {len(weights)} weights for {len(problem)} sites"]
    if any(type(weight) is not int for weight in weights):
        return ["the weights of the proof are not integers"]
    faults = []
    if sum(weights):
        faults.append("the weights of the proof do not sum to zero")
    samples = [n for n, weight in enumerate(weights) if weight and problem.radii[n] == 0]
    if len(samples) > 1:
        faults.append(f"more than one sample has a weight: sites {samples[0]} and {samples[1]}")
    if not any(_weighted_targets(problem, proof)[0]):
        faults.append("the weighted targets sum to zero, so that the weights prove nothing")
    return faults


def _faults_of_tree(problem: Interpolation, proof: InfeasibilityProof) -> list[str]:
    """What keeps the tree from showing that all realizable patterns are orthogonal."""
    geometry = _Geometry(problem)
    pending: list[Decided] = [{}]  # the subtrees still to come, the next one last
    alone: list[Integers] = []  # normals of hinges that need not be orthogonal
    for number, node in enumerate(proof.tree):
        if not pending:
            return [f"node {number} of the tree belongs to no site"]
        decided = pending.pop()
        if isinstance(node, Branch):
            site = node.site
            if type(site) is not int or not 0 <= site < len(problem) or site in decided:
                return [f"node {number} decides no site, or one that was decided before"]
            pending += [{**decided, site: True}, {**decided, site: False}]
        elif isinstance(node, Mirror):
            if number != 1:
                return [f"node {number} is a mirror, which only the root's first subtree may be"]
        elif isinstance(node, Crossing | Touching):
            apart, excess = geometry.compare(node.weights, decided)
            if excess < 0 or (excess == 0 and isinstance(node, Crossing)):
                return [f"node {number} does not show that its sites cannot be separated"]
            if isinstance(node, Touching):
                alone.append(apart)
        elif not isinstance(node, Orthogonal) or not _orthogonal(proof.weights, decided):
            return [f"a pattern at node {number} is not orthogonal to the weights"]
    if pending:
        return [f"{len(pending)} subtrees are missing"]
    return _faults_of_touching(problem, proof, alone)


def _faults_of_touching(
    problem: Interpolation, proof: InfeasibilityProof, normals: list[Integers]
) -> list[str]:
    """What keeps the single hinges with these normals from playing no part."""
    if not normals:
        return []
    if any(weight and problem.radii[n] == 0 for n, weight in enumerate(proof.weights)):
        return ["a sample has a weight, while some balls leave room for one hinge alone"]
    if not _independent(normals):
        return ["the normals of hinges that are alone depend on each other"]
    return []


def _independent(vectors: list[Integers]) -> bool:
    """Whether vectors of integers are linearly independent, by elimination."""
    rest = list(vectors)
    while rest:
        head = rest.pop()
        lead = next((k for k, entry in enumerate(head) if entry), None)
        if lead is None:
            return False
        rest = [head[lead] * vector - vector[lead] * head for vector in rest]
    return True


def _orthogonal(weights: tuple[int, ...], decided: Decided) -> bool:
    """Whether the weights of the sites that are on sum to zero, whatever the others do."""
    if any(weight and n not in decided for n, weight in enumerate(weights)):
        return False
    return sum(weights[n] for n, active in decided.items() if active) == 0


class _Geometry:
    """Centers and radii as integers of one unit."""

    def __init__(self, problem: Interpolation) -> None:
        """Those of a problem."""
        centers, radii = dyadic(problem.centers), dyadic(problem.radii)
        unit = min(centers[1], radii[1])
        self._centers, self._radii = align(centers, unit), align(radii, unit)

    def compare(self, leaf: tuple[tuple[int, int], ...], decided: Decided) -> tuple[Integers, int]:
        """The vector sum c_n y_n, and (sum |c_n| r_n)^2 minus its square.

        The difference is negative if these c_n are none for the sites that are on and off.
        """
        sites = [n for n, _ in leaf]
        whole = all(type(number) is int for pair in leaf for number in pair)
        if not whole or len(set(sites)) < len(sites) or any(n not in decided for n in sites):
            return self._centers[0], -1
        weights = np.array([weight for _, weight in leaf], dtype=object)
        reach = abs(weights) @ self._radii[sites] if sites else 0
        if not reach or weights.sum() or any((c > 0) is not decided[n] for n, c in leaf if c):
            return self._centers[0], -1
        apart = weights @ self._centers[sites]
        return apart, reach * reach - apart @ apart
