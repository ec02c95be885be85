r"""`prove`: from a solution to a proof in rational numbers that anybody can check.

Floats only propose: `convexden.proofs.checker`, whose functions are called here, decides.

1. Coordinates and multipliers as rationals (`rational_data`).
2. The upper bound: a network whose exact correction is enclosed (`rational_network`).
3. The lower bound: :math:`|F| \le (1 + \delta) |w|` for all hinges that cut no ball, on the line,
   in the plane, or by a tree of cases (`tree`), with the smallest :math:`\delta` that works out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from convexden import arguments
from convexden.errors import InfeasibleProblem, InvalidInput
from convexden.infeasibility import InfeasibilityProof
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.proofs import checker
from convexden.proofs.checker import Data
from convexden.proofs.proof import FORMAT, INFEASIBLE, OPTIMUM, REFUTED, Proof
from convexden.proofs.rational_data import (
    multipliers_of,
    number,
    numbers,
    rational,
    sites_of,
)
from convexden.proofs.rational_network import NoNetwork, network_of, sharpened
from convexden.proofs.rational_weights import rational_parts
from convexden.running.clock import Clock, Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.solution import Solution

# On the line and in the plane delta starts here; it grows tenfold as long as the bound fails, up to
# the largest, beyond which a bound is worth little.
_SMALLEST = {"line": Fraction(1, 10**14), "plane": Fraction(1, 10**11), "tree": Fraction(1, 10**10)}
_LARGEST = Fraction(1, 10)
# What is left of the width that was asked for, after the bounds in floats, for delta in a tree.
_SHARE = Fraction(9, 10)
# Times that the digits of an inverse are doubled.
_SHARPENINGS = 4
# A claim in floats that is optimal may cost more by some units in the last place: no finding.
_CLAIM_ROUNDING = Fraction(1, 10**12)

Report = Callable[[TaskProgress], object] | None


def prove(
    solution: Solution | Interpolation,
    width: float = 1e-8,
    *,
    claim: ShallowNetwork | None = None,
    time_limit: float | None = None,
    progress: Report = None,
    jobs: int = 1,
) -> Proof:
    """Prove an interval for the optimum of a problem, in rational numbers.

    The statement is about the numbers of the problem exactly as they are stored.  If the centers
    lie in an affine subspace up to rounding, it is about the problem with its centers moved there,
    and the proof says by how much.

    Parameters
    ----------
    solution : Solution or Interpolation
        What `solve` returned, or what was read from a file; a problem is solved first.
    width : float, optional
        Relative width (upper - lower) / upper that is asked for.
    claim : ShallowNetwork, optional
        A network that is claimed to be optimal: prove that its function is not.
    time_limit : float, optional
        Seconds after which the search ends, give or take one leaf; None for no limit.
    progress : callable, optional
        Called with a `TaskProgress`.  If it raises StopIteration, the search ends.
    jobs : int, optional
        Processes that prove the patterns of a tree at the same time.

    Returns
    -------
    Proof
        With a document that `convexden.proofs.checker` accepts.  If not `proven`, its `reason`
        says why, and its interval is the best one that was proven, if there is any.

    Raises
    ------
    InvalidInput
        If an argument is out of its range.
    NotSupported
        If the problem has another cost than the default.
    """
    if not isinstance(solution, Solution | Interpolation):
        raise InvalidInput("give a Solution or an Interpolation to prove something about")
    width = arguments.tolerance(width, "width")
    arguments.callback("progress", progress)
    time_limit = arguments.time_limit(time_limit)
    jobs = arguments.jobs(jobs)
    clock = Clock.of(time_limit)
    (solution if isinstance(solution, Interpolation) else solution.problem).plain("prove")
    if isinstance(solution, Interpolation):
        from convexden.solving.interpolation import solve

        problem = solution
        try:
            solution = solve(problem, time_limit=time_limit)
        except InfeasibleProblem as error:
            if error.proof is None:
                raise
            return prove_infeasible(problem, error.proof)
    if claim is not None:
        arguments.instance("claim", claim, ShallowNetwork)
    found = _prove(solution, width, clock, progress, jobs)
    return found if claim is None else _refuted(found, solution.problem, claim)


def prove_infeasible(problem: Interpolation, proof: InfeasibilityProof) -> Proof:
    """A proof file that says that no network interpolates.

    Parameters
    ----------
    problem : Interpolation
    proof : InfeasibilityProof
        Of integer weights and a tree, such as that of `InfeasibleProblem`.
    """
    document = _document(INFEASIBLE, sites_of(problem))
    document["infeasible"] = proof.to_dict()
    try:
        checker.check(document)
    except ValueError as error:
        return Proof(INFEASIBLE, None, None, None, reason=str(error))
    return Proof(INFEASIBLE, None, None, document)


def _document(kind: str, sites: dict[str, Any]) -> dict[str, Any]:
    """The head of a proof file."""
    return {"format": FORMAT, "version": 1, "kind": kind, **sites}


def _basis_rows(document: dict[str, Any]) -> Any:
    """The rows of B as fractions."""
    centers, d = rational(document["centers"]), len(document["centers"][0])
    return [
        checker.numbers(row, d)
        if isinstance(row, list)
        else [x - y for x, y in zip(centers[row], centers[0], strict=True)]
        for row in document["basis"]
    ] or checker.one(d)


def _prove(solution: Solution, width: float, clock: Clock, progress: Report, jobs: int) -> Proof:
    """The proof of an optimum."""
    problem = solution.problem
    document = _document(OPTIMUM, sites_of(problem))
    rows = _basis_rows(document)
    try:
        document |= _multipliers(solution, document, rows)
        data = Data(document)
        document["network"] = network_of(problem, solution.network, data, rows)
        upper = _upper(data, document)
    except (ValueError, NoNetwork) as error:
        return Proof(OPTIMUM, None, None, None, width, str(error))
    gap = 1 - data.objective / upper if upper else Fraction(0)
    reason = ""
    for delta in _deltas(data, gap, Fraction(width)):
        try:
            document["lower"] = _lower(data, delta, clock, progress, jobs)
        except ValueError as error:
            reason = str(error)
            continue
        except Stopped:
            reason = "stopped before the lower bound was proven: let it run longer"
            break
        document["delta"] = number(delta)
        lower = max(data.objective / (1 + delta), Fraction(0))
        found = Proof(OPTIMUM, lower, upper, document, width)
        if upper and (upper - lower) / upper > Fraction(width):
            best = f"the best relative width that was proven is {found.relative_width:.1e}"
            found = replace(found, reason=f"{best} ({reason})" if reason else best)
        return found
    return Proof(OPTIMUM, None, upper, None, width, reason)


def _upper(data: Data, document: dict[str, Any]) -> Fraction:
    """The upper bound, with an inverse of more digits if those of floats do not suffice.

    Raises
    ------
    ValueError
        If it is not proven.
    """
    for _ in range(_SHARPENINGS):
        try:
            return checker.upper_bound(data, document["network"])
        except ValueError as error:
            if "I - C M" not in str(error):
                raise
        document["network"] = sharpened(data, document["network"])
    return checker.upper_bound(data, document["network"])


def _multipliers(solution: Solution, document: dict[str, Any], rows: Any) -> dict[str, Any]:
    """The keys of a proof file that hold the multipliers."""
    count, k = len(document["radii"]), len(document["coordinates"][0])
    values, jacobians = multipliers_of(
        solution.certificate,
        rational(document["radii"]),
        checker.numbers(document["coordinates"], count, k),
        rows if document["basis"] else None,
        solution.problem.hull,
    )
    return {"values": numbers(values), "jacobians": numbers(jacobians)}


def _method(data: Data) -> str:
    """How the lower bound is proven."""
    return {1: "line", 2: "plane"}.get(data.k, "tree")


def _deltas(data: Data, gap: Fraction, width: Fraction) -> Iterator[Fraction]:
    """The delta that are tried, rising."""
    method = _method(data)
    if not data.active:
        yield Fraction(0)
        return
    delta, left = _SMALLEST[method], width - gap
    if method == "tree":  # a leaf that has more room is found sooner
        delta = max(_SHARE * left, delta, abs(gap))
    elif 0 < left < delta:
        delta = left / 2
    delta = Fraction(float(delta))
    while delta <= _LARGEST:
        yield delta
        delta *= 10


def _lower(data: Data, delta: Fraction, clock: Clock, progress: Report, jobs: int) -> list[Any]:
    """The key "lower" of a proof file.

    Raises
    ------
    ValueError
        If it is not proven.
    Stopped
        If the time is over.
    """
    clock.check()
    theta = (1 + delta) ** 2
    method = _method(data)
    tell(progress, TaskProgress(0, 1, f"{method}, delta {float(delta):.0e}"))
    if method != "tree":
        checker.check_flat(data, theta)
        return [method]
    from convexden.proofs.tree import lower_tree

    left = None if clock.end == float("inf") else clock.end - time.monotonic()
    found = lower_tree(data, delta, time_limit=left, progress=progress, jobs=jobs)
    if found.node is None:
        raise ValueError(found.reason)
    return [method, found.node]


def _refuted(proof: Proof, problem: Interpolation, claim: ShallowNetwork) -> Proof:
    """The proof, and that the function of a network costs more than its upper bound."""
    if proof.document is None:
        return proof
    document = {**proof.document, "kind": REFUTED}
    hinges, weights = rational_parts(problem, claim.canonical(), _basis_rows(document))
    document["claim"] = {
        "hinges": [[numbers(hinge[:-1]), number(hinge[-1])] for hinge in hinges],
        "weights": numbers(weights),
    }
    data, upper = Data(document), proof.upper or Fraction(0)
    _, lengths2, exact = checker.read_network(data, document["claim"])
    excess = checker.cost(exact[1 + data.k :], lengths2, up=False) - upper
    if excess <= _CLAIM_ROUNDING * upper:
        return replace(proof, reason="the claim is not refuted: it costs no more, up to rounding")
    try:
        checker.check(document)
    except ValueError as error:
        return replace(proof, reason=str(error))
    return replace(proof, kind=REFUTED, document=document)
