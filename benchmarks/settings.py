"""What moving each parameter of the solvers and of the verification does.

`python benchmarks/settings.py` prints it.  Every field of the settings of a method is lowered and
raised, numbers below a thousandth tenfold, others twofold, and the problems that use the method are
solved again.  Name some methods to see only those.  Set OMP_NUM_THREADS=1 for one thread.  All of
them take about four minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

import convexden as cd
from convexden import tolerances
from convexden.errors import ConvexdenError
from convexden.solvers import conditioning, constraints, feasibility, infeasibility
from convexden.solvers.central import column_generation as central_columns
from convexden.solvers.central import newton as central_newton
from convexden.solvers.line.multipliers import SETTINGS as MULTIPLIERS
from convexden.solvers.methods import (
    central_path,
    central_path_direction,
    central_path_state,
    central_path_system,
    kkt,
    large_newton,
    newton,
    normal_equations,
    regularization,
)
from convexden.solvers.methods import triangle as triangles
from convexden.solvers.patterns import separation, separators
from convexden.solvers.pricing import (
    ascent,
    faces,
    local,
    plane,
    plane_polynomials,
    trust_region,
)
from convexden.solvers.programs import ramps
from convexden.verification.exact import (
    correction,
    enclosure,
    equations,
    extra_patterns,
    hinge_slack,
    implied_rows,
    plane_arcs,
    plane_integers,
    upper_bound,
)
from convexden.verification.exact import plane as exact_plane
from convexden.verification.faces import bound as faces_bound
from convexden.verification.faces import (
    feasible_caps,
    matching,
    secular_windows,
    sphere_maxima,
    tangent_spheres,
)
from convexden.verification.site_errors import SETTINGS as SITE_ERRORS

Run = Callable[[], tuple[float, float, str]]


class Method(NamedTuple):
    """Settings, and the problems that show what they do."""

    settings: Any
    runs: list[Run]


class Outcome(NamedTuple):
    """Costs (inf where there is none), statuses, and seconds of all runs."""

    costs: np.ndarray
    statuses: tuple[str, ...]
    seconds: float


def solved(problem: cd.Interpolation, **options: Any) -> Run:
    """A run of `solve`."""

    def run() -> tuple[float, float, str]:
        solution = cd.solve(problem, **options)
        return solution.cost, solution.relative_gap, solution.status

    return run


def regularized(samples: tuple[np.ndarray, np.ndarray], penalty: float) -> Run:
    """A run of `regularize`."""

    def run() -> tuple[float, float, str]:
        found = cd.regularize(samples, penalty)
        return found.objective, found.relative_gap, found.status

    return run


def methods() -> dict[str, Method]:
    """All methods, each with small problems: a few hundredths of a second each."""
    rng = np.random.default_rng(0)
    in_plane = [
        solved(cd.denoising(rng.normal(size=(6, 2)), radius=0.01)),
        solved(cd.denoising(cd.data.triangle([50, 60, 70]), radius=0.3)),
        solved(cd.Interpolation(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)))),
    ]
    by_path = [
        solved(
            cd.denoising(np.random.default_rng(1).random((count, 2)), radius=1e-3),
            method="central-path",
        )
        for count in (8, 45)
    ]
    close = np.array([[0.0, 0.0], [1e-4, 0.0], [1.0, 0.3], [0.2, 0.9]])
    narrow = [*in_plane, solved(cd.denoising(close, radius=2e-5))]
    simplex = rng.normal(size=(4, 3))
    in_space = [solved(cd.denoising(simplex, radius=0.1))]
    by_proposals = [solved(cd.denoising(simplex, radius=0.1), method="local")]
    regular = [cd.data.regular_simplex(dimension) for dimension in (3, 4)]
    crowded = [  # so much that there is no network
        solved(cd.denoising(points, radius=0.45 * np.linalg.norm(points[0] - points[1])))
        for points in regular
    ]
    on_line = [
        solved(cd.denoising(np.sort(rng.normal(size=9)), radius=1e-3)),
        solved(cd.Interpolation(np.sort(rng.normal(size=30)), rng.normal(size=30))),
    ]
    central = [
        solved(
            cd.Interpolation(
                np.random.default_rng(2).normal(size=(6, 2)),
                np.random.default_rng(3).normal(size=(6, outputs)),
                cost=cd.Cost(skip=False, bias=1.0),
            )
        )
        for outputs in (1, 2)
    ]
    many_in_space = [
        solved(cd.denoising(np.random.default_rng(4).normal(size=(8, 3)), radius=0.05))
    ]
    triangle = [solved(cd.denoising(cd.data.triangle([50, 60, 70]), radius=0.3), method="triangle")]
    samples = (rng.normal(size=(6, 2)), rng.normal(size=(6, 1)))
    penalized = [regularized(samples, 0.05), regularized(samples, 0.005)]
    return {
        "newton": Method(newton.SETTINGS, [*in_plane, *in_space]),
        "central-path": Method(central_path.SETTINGS, [*by_path, *in_space]),
        "path-direction": Method(central_path_direction.SETTINGS, [*by_path, *in_space]),
        "working-set": Method(central_path_state.SETTINGS, [*by_path, *in_space]),
        "path-system": Method(central_path_system.SETTINGS, [*by_path, *in_space]),
        "large-newton": Method(large_newton.SETTINGS, by_path),
        "normal-equations": Method(normal_equations.SETTINGS, by_path),
        "kkt": Method(kkt.SETTINGS, [*in_plane, *in_space]),
        "triangle": Method(triangles.SETTINGS, triangle),
        "central": Method(central_columns.SETTINGS, central),
        "central-newton": Method(central_newton.SETTINGS, central),
        "repair": Method(feasibility.SETTINGS, narrow),
        "conditioning": Method(conditioning.SETTINGS, narrow),
        "constraints": Method(constraints.SETTINGS, narrow),
        "plane": Method(plane.SETTINGS, in_plane),
        "plane-quartics": Method(plane_polynomials.SETTINGS, in_plane),
        "faces": Method(faces.SETTINGS, in_space),
        "trust-region": Method(trust_region.SETTINGS, in_space),
        "ramps": Method(ramps.SETTINGS, in_space),
        "local": Method(local.SETTINGS, by_proposals),
        "ascent": Method(ascent.SETTINGS, by_proposals),
        "separators": Method(separators.SETTINGS, by_proposals),
        "separation": Method(separation.SETTINGS, crowded),
        "infeasibility": Method(infeasibility.SETTINGS, crowded),
        "multipliers": Method(MULTIPLIERS, on_line),
        "regularization": Method(regularization.SETTINGS, penalized),
        # What verifies: its parameters make nothing false, at worst less is certified.
        "exact-plane": Method(exact_plane.SETTINGS, narrow),
        "exact-arcs": Method(plane_arcs.SETTINGS, narrow),
        "exact-grid": Method(plane_integers.SETTINGS, narrow),
        "exact-faces": Method(faces_bound.SETTINGS, in_space),
        "spheres": Method(tangent_spheres.SETTINGS, in_space),
        "maxima": Method(sphere_maxima.SETTINGS, in_space),
        "matching": Method(matching.SETTINGS, many_in_space),
        "caps": Method(feasible_caps.SETTINGS, in_space),
        "secular": Method(secular_windows.SETTINGS, in_space),
        "site-errors": Method(SITE_ERRORS, [*narrow, *in_space]),
        "upper-bound": Method(upper_bound.SETTINGS, [*narrow, *in_space]),
        "slack": Method(hinge_slack.SETTINGS, [*narrow, *in_space]),
        "equations": Method(equations.SETTINGS, [*narrow, *in_space]),
        "correction": Method(correction.SETTINGS, [*narrow, *in_space]),
        "enclosure": Method(enclosure.SETTINGS, [*narrow, *in_space]),
        "extra": Method(extra_patterns.SETTINGS, [*narrow, *in_space]),
        "implied": Method(implied_rows.SETTINGS, [*narrow, *in_space]),
    }


def lowered_and_raised(value: Any) -> list[Any]:
    """A number, or those of a tuple, by a factor less and more."""
    if isinstance(value, tuple):
        return [tuple(pair[k] for pair in map(lowered_and_raised, value)) for k in (0, 1)]
    factor = 10 if abs(value) < 1e-3 else 2
    if isinstance(value, int):
        return [max(1, value // factor), value * factor]
    return [value / factor, value * factor]


@contextmanager
def moved(settings: Any, name: str, value: Any) -> Iterator[None]:
    """One field of settings that are frozen for everybody else."""
    before = getattr(settings, name)
    object.__setattr__(settings, name, value)
    try:
        yield
    finally:
        object.__setattr__(settings, name, before)


def outcome(runs: list[Run]) -> Outcome:
    """Run all."""
    costs, statuses = [], []
    started = time.process_time()
    for run in runs:
        try:
            cost, _, status = run()
        except (ConvexdenError, ArithmeticError, ValueError, IndexError) as error:
            cost, status = np.inf, type(error).__name__
        costs.append(cost)
        statuses.append(status)
    return Outcome(np.array(costs), tuple(statuses), time.process_time() - started)


def verdict(found: Outcome, usual: Outcome) -> str:
    """How an outcome differs from the usual one, in a word, and the ratio of the times."""
    word = "same"
    if found.statuses != usual.statuses:
        pairs = zip(found.statuses, usual.statuses, strict=True)
        word = next(status for status, before in pairs if status != before)
    elif np.isfinite(usual.costs).any():
        finite = np.isfinite(usual.costs)
        change = np.abs(found.costs[finite] / usual.costs[finite] - 1).max()
        word = "same" if change <= tolerances.COST_RTOL else f"cost {change:.0e}"
    return f"{word:>18}{found.seconds / usual.seconds:6.1f}"


def stated(value: Any) -> str:
    """A number; of a tuple the first and the last one."""
    if isinstance(value, tuple):
        return f"{value[0]:g}..{value[-1]:g}"
    return f"{value:g}"


def table(chosen: list[str]) -> Iterator[str]:
    """A row for every field: its value, what becomes of the problems, and the ratio of times."""
    yield f"{'method':15}{'field':14}{'value':>12}" + "".join(
        f"{way:>18}{'time':>6}" for way in ("lowered", "raised")
    )
    for name, (settings, runs) in methods().items():
        if chosen and name not in chosen:
            continue
        outcome(runs)  # loads what is loaded once
        usual = min((outcome(runs) for _ in range(3)), key=lambda each: each.seconds)
        for field in fields(settings):
            value = getattr(settings, field.name)
            row = f"{name:15}{field.name:14}{stated(value):>12}"
            for other in lowered_and_raised(value):
                with moved(settings, field.name, other):
                    row += verdict(outcome(runs), usual)
            yield row


def main() -> None:
    """Print the table of the methods that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", help=", ".join(methods()))
    for row in table(parser.parse_args().methods):
        print(row, flush=True)


if __name__ == "__main__":
    main()
