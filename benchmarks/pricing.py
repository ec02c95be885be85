"""Is exact pricing ever beaten?  `python benchmarks/pricing.py` prints the tables (three minutes).

For random and for optimal multipliers of every kind of problem: the pricing maximum by the solver,
its enclosure by the verification, and the largest value that a million random feasible hinges
attain, the best of every pattern improved by sequential quadratic programming.  The search shares
nothing with either: it writes out the definition.  Differences are the largest of a kind, relative
to the lower end of the enclosure: a *search* above the *upper end* beats the pricing.  A second
table has the seconds of the verification of many images.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.distance import pdist

import convexden as cd
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.plane import PlanePricing
from convexden.theorems import equilateral
from convexden.verification.exact.dual import close_dual
from convexden.verification.pricing_bound import PricingInterval, pricing_interval

Array = NDArray[np.float64]
Multipliers = tuple[Array, Array]

# Sites, dimensions, share of samples.
KINDS = [
    ("balls in the plane", 8, 2, 0.0),
    ("samples in the plane", 9, 2, 1.0),
    ("balls and samples in the plane", 8, 2, 0.5),
    ("4 balls in 3 dimensions", 4, 3, 0.0),
    ("9 balls in 3 dimensions", 9, 3, 0.0),
    ("8 samples in 3 dimensions", 8, 3, 1.0),
    ("8 balls in 4 dimensions", 8, 4, 0.0),
    ("6 balls and samples in 5 dimensions", 6, 5, 0.4),
]
DRAWN = 20  # problems of every kind
HINGES = 1_000_000  # for every problem
CLIMBS = 40
DRAWS = 20_000  # directions at a time


def main() -> None:
    print(
        f"{'problems':<36}{'count':>6}{'solver':>10}{'upper end':>11}{'search':>10}{'beaten':>8}"
        f"{'found':>7}{'hinges':>11}"
    )
    for name, drawn in cases():
        rows = np.array([compared(problem, dual, HINGES, CLIMBS) for problem, dual in drawn])
        stated, upper, found, hinges = rows.T
        print(
            f"{name:<36}{len(rows):6d}{np.abs(stated).max():10.1e}{upper.max():11.1e}"
            f"{found.max():10.1e}{(found > upper).sum():8d}{(found > -1e-9).sum():7d}"
            f"{hinges.sum():11.0f}",
            flush=True,
        )
    print(f"\n{'sites':>5}{'faces':>9}{'regular, optimal':>18}{'digits, random':>16}")
    for count in range(7, 12):
        faces = (2 ** (count - 1) - 1) * (2**count - 2)
        images = cd.data.digits(range(count))
        simplex = Reduction.of(cd.denoising(images, radius=0.05 * pdist(images).min())).problem
        optimal = seconds(*regular(count - 1))
        random = seconds(simplex, multipliers(simplex, np.random.default_rng(0)))
        print(f"{count:5d}{faces:9d}{optimal:18.2f}{random:16.2f}", flush=True)


def seconds(problem: cd.Interpolation, dual: Multipliers) -> float:
    started = time.perf_counter()
    verified(problem, dual)
    return time.perf_counter() - started


def verified(problem: cd.Interpolation, dual: Multipliers) -> PricingInterval:
    return pricing_interval(close_dual(problem.centers, problem.targets, problem.radii, *dual))


def compared(
    problem: cd.Interpolation, dual: Multipliers, hinges: int, climbs: int
) -> tuple[float, float, float, int]:
    """By how much the solver's maximum, the upper end of the enclosure and the result of a search
    exceed the lower end of the enclosure, relative to it; and the hinges that were tried."""
    pricing = (PlanePricing if problem.input_dimension == 2 else FacePricing)(problem)
    stated = float(pricing.maxima(*dual, np.inf, 1)[1][0])
    interval = verified(problem, dual)
    found, tried = search(problem, dual, np.random.default_rng(1), hinges, climbs)
    P = interval.lower
    return stated / P - 1.0, interval.upper / P - 1.0, found / P - 1.0, tried


def cases() -> Iterator[tuple[str, Iterator[tuple[cd.Interpolation, Multipliers]]]]:
    """Problems in units of their spread, with multipliers that satisfy the dual equalities."""
    for name, count, dimension, samples in KINDS:
        yield name, (drawn(seed, count, dimension, samples) for seed in range(DRAWN))
    yield "regular simplices of 4 to 8, optimal", map(regular, range(3, 8))
    yield "4 to 7 digits, optimal", map(digits, range(4, 8))


def drawn(
    seed: int, count: int, dimension: int, samples: float
) -> tuple[cd.Interpolation, Multipliers]:
    """Random sites, targets and multipliers."""
    rng = np.random.default_rng(seed)
    problem = sites(rng, count, dimension, samples)
    return problem, multipliers(problem, rng)


def multipliers(problem: cd.Interpolation, rng: np.random.Generator) -> Multipliers:
    constraints = constraints_of(problem)
    return constraints.multipliers(
        rng.standard_normal((len(constraints.targets), problem.output_dimension))
    )


def sites(rng: np.random.Generator, count: int, dimension: int, samples: float) -> cd.Interpolation:
    """Random sites with random targets; balls have radii up to half of contact, or none."""
    centers = rng.standard_normal((count, dimension))
    radii = pdist(centers).min() / 2 * rng.uniform(0.05, 0.5, count)
    radii[rng.permutation(count)[: round(samples * count)]] = 0.0
    targets = rng.standard_normal((count, dimension))
    return Reduction.of(cd.Interpolation(centers, targets, radii)).problem


def regular(dimension: int) -> tuple[cd.Interpolation, Multipliers]:
    points = cd.data.regular_simplex(dimension)
    form = equilateral.closed_form(points, 0.1 * pdist(points).min())
    assert form.certificate is not None
    return in_units(form.problem, form.certificate)


def digits(count: int) -> tuple[cd.Interpolation, Multipliers]:
    points = cd.data.digits(range(count))
    solution = cd.solve(cd.denoising(points, radius=0.05 * pdist(points).min()))
    return in_units(solution.problem, solution.certificate)


def in_units(
    problem: cd.Interpolation, certificate: cd.Certificate
) -> tuple[cd.Interpolation, Multipliers]:
    """The reduced problem and the multipliers there, with the same values of g."""
    reduction = Reduction.of(problem)
    inputs, outputs = reduction.input_basis, reduction.output_basis
    values = certificate.values @ outputs.T * reduction.input_scale
    return reduction.problem, (values, outputs @ certificate.jacobians @ inputs.T)


def search(
    problem: cd.Interpolation,
    dual: Multipliers,
    rng: np.random.Generator,
    count: int,
    climbs: int,
) -> tuple[float, int]:
    """The largest value at so many random feasible hinges that touch a site, or after climbs from
    the best of as many patterns; and the number of hinges."""
    best: dict[bytes, tuple[float, Array]] = {}
    hinges = 0
    while hinges < count:
        w = rng.standard_normal((DRAWS, problem.input_dimension))
        w /= np.linalg.norm(w, axis=1, keepdims=True)
        for side in (-1.0, 1.0):
            for center, radius in zip(problem.centers, problem.radii, strict=True):
                x = np.column_stack([w, side * radius - w @ center])
                z = x[:, :-1] @ problem.centers.T + x[:, -1:]
                feasible = (np.abs(z) >= problem.radii * (1 - 1e-15)).all(axis=1)
                x, active = x[feasible], z[feasible] > 0.0
                hinges += len(x)
                for pattern, rows in _by_pattern(active):
                    g = np.linalg.norm(x[rows] @ _form(problem, dual, pattern).T, axis=1)
                    top = int(g.argmax())
                    if g[top] > best.get(pattern.tobytes(), (-1.0,))[0]:
                        best[pattern.tobytes()] = float(g[top]), x[rows[top]]
    highest = sorted(best.items(), key=lambda item: -item[1][0])
    found = highest[0][1][0]
    for code, (_, x) in highest[:climbs]:
        found = max(found, climb(problem, dual, np.frombuffer(code, dtype=bool), x))
    return found, hinges


def _by_pattern(active: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], Array]]:
    """Rows with the same pattern; not those that separate no sites, where g is 0."""
    codes = active @ (1 << np.arange(active.shape[1]))
    order = np.argsort(codes, kind="stable")
    ends = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, ends):
        if len(rows) and 0 < active[rows[0]].sum() < active.shape[1]:
            yield active[rows[0]], rows


def _form(problem: cd.Interpolation, dual: Multipliers, pattern: NDArray[np.bool_]) -> Array:
    """The matrix (p, d + 1) that maps (w, b) to the sum over the active sites."""
    values, jacobians = dual[0][pattern], dual[1][pattern]
    linear = np.einsum("np,nd->pd", values, problem.centers[pattern]) + jacobians.sum(axis=0)
    return np.column_stack([linear, values.sum(axis=0)])


def climb(
    problem: cd.Interpolation, dual: Multipliers, pattern: NDArray[np.bool_], start: Array
) -> float:
    """A local maximum of g among the feasible hinges of the pattern; 0 where that fails."""
    form = _form(problem, dual, pattern)
    signs = np.where(pattern, 1.0, -1.0)
    sides = signs[:, None] * np.column_stack([problem.centers, np.ones(len(signs))])
    size = float(np.linalg.norm(form @ start)) or 1.0
    result = minimize(
        lambda x: -0.5 * float((form @ x) @ (form @ x)) / size**2,
        start,
        jac=lambda x: -form.T @ (form @ x) / size**2,
        method="SLSQP",
        constraints=[
            {
                "type": "eq",
                "fun": lambda x: x[:-1] @ x[:-1] - 1.0,
                "jac": lambda x: np.append(2.0 * x[:-1], 0.0),
            },
            {"type": "ineq", "fun": lambda x: sides @ x - problem.radii, "jac": lambda x: sides},
        ],
        options={"ftol": 1e-15, "maxiter": 200},
    )
    x = result.x / np.linalg.norm(result.x[:-1])
    feasible = (sides @ x >= problem.radii - 1e-13).all()
    return float(np.linalg.norm(form @ x)) if feasible else 0.0


if __name__ == "__main__":
    main()
