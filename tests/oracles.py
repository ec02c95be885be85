"""The brute force of the tests, which shares no code with the solvers.

Random problems and networks, every hinge that touches a site, the dual constraint term by term, and
the interpolation problem over finitely many hinges as it is written down, with the skip connection
and the offset.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.hinges import Hinges

Array = NDArray[np.float64]


class Lines(NamedTuple):
    """Hinges {w.y + b = 0}: w (K, d), b (K,), D (K, N) and for each a site (K,) it touches."""

    w: Array
    b: Array
    patterns: NDArray[np.bool_]
    pivots: NDArray[np.intp]


def equilateral(circumradius: float = 1.0) -> Array:
    turns = np.pi / 2 + 2 * np.pi / 3 * np.arange(3)
    return circumradius * np.column_stack([np.cos(turns), np.sin(turns)])


def unit_vectors(angles: Any) -> Array:
    return np.column_stack([np.cos(angles), np.sin(angles)])


def random_problem(
    seed: int, kind: str = "mixed", sites: int | None = None, outputs: int | None = None
) -> Interpolation:
    """Sites in the plane: "balls" of one radius, "samples", or "mixed" with radii of their own."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 13)) if sites is None else sites
    p = int(rng.integers(1, 4)) if outputs is None else outputs
    centers, targets = rng.normal(size=(n, 2)), rng.normal(size=(n, p))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)
    contact = distances[np.triu_indices(n, 1)].min() / 2
    shares = {
        "balls": np.full(n, rng.uniform(0.05, 0.9)),
        "samples": np.zeros(n),
        "mixed": rng.uniform(0.05, 0.9, n) * (np.arange(n) % 2 == 0),
    }
    return Interpolation(centers, targets, contact * shares[kind])


def random_sites(
    seed: int, sites: int, dimension: int, kind: str = "mixed", outputs: int = 2
) -> Interpolation:
    """As `random_problem`, in more dimensions."""
    rng = np.random.default_rng([seed, sites, dimension])
    centers = rng.normal(size=(sites, dimension))
    targets = rng.normal(size=(sites, outputs))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)
    contact = distances[np.triu_indices(sites, 1)].min() / 2
    shares = {
        "balls": np.full(sites, rng.uniform(0.05, 0.9)),
        "samples": np.zeros(sites),
        "mixed": rng.uniform(0.05, 0.9, sites) * (np.arange(sites) % 2 == 0),
    }
    return Interpolation(centers, targets, contact * shares[kind])


def random_multipliers(problem: Interpolation, rng: np.random.Generator) -> tuple[Array, Array]:
    """Values (N, p) and Jacobians (N, p, d) that satisfy the dual equalities: a random point of
    the null space of sum l_n = 0, sum (l_n y_n^T + G_n) = 0, one output after the other."""
    n, d = problem.centers.shape
    balls = np.flatnonzero(problem.radii > 0)
    affine = np.vstack([np.ones(n), problem.centers.T])
    system = np.hstack([affine, np.tile(np.vstack([np.zeros(d), np.eye(d)]), balls.size)])
    _, sizes, directions = np.linalg.svd(system)
    null = directions[(sizes > 1e-10 * sizes[0]).sum() :]
    values = np.zeros((n, problem.output_dimension))
    jacobians = np.zeros((n, problem.output_dimension, d))
    for j in range(problem.output_dimension):
        x = rng.normal(size=len(null)) @ null
        values[:, j] = x[:n]
        jacobians[balls, j] = x[n:].reshape(-1, d)
    return values, jacobians


def tangent_lines(problem: Interpolation, normals: Array, slack: float = 0.0) -> Lines:
    """Every feasible hinge with one of these unit normals (M, d) that touches a site, on either
    side; it may enter other balls by the slack."""
    y, r, n = problem.centers, problem.radii, len(problem)
    sites, sides = np.repeat(np.arange(n), 2), np.tile([1.0, -1.0], n)
    w = np.repeat(normals, 2 * n, axis=0)
    pivots, touch = np.tile(sites, len(normals)), np.tile(sides * r[sites], len(normals))
    z = np.stack([w @ y[m] for m in range(n)], axis=1)
    b = touch - z[np.arange(len(z)), pivots]
    z += b[:, None]
    z[np.arange(len(z)), pivots] = touch
    kept = (np.abs(z) >= r - slack).all(axis=1)
    return Lines(w[kept], b[kept], z[kept] > 0, pivots[kept])


def common_tangents(problem: Interpolation) -> Array:
    """Unit normals (M, 2) of the lines that touch two sites of the plane."""
    found = []
    for m in range(len(problem)):
        for n in range(m):
            step = problem.centers[n] - problem.centers[m]
            length = np.linalg.norm(step)
            if length == 0:
                continue
            along, across = step / length, np.array([-step[1], step[0]]) / length
            for sign in (1.0, -1.0):
                cosine = (sign * problem.radii[n] - problem.radii[m]) / length
                if abs(cosine) <= 1 + 1e-12:
                    sine = np.sqrt(max(0.0, 1 - cosine**2))
                    found += [cosine * along + sine * across, cosine * along - sine * across]
    return np.array(found).reshape(-1, 2)


def hinges_of(lines: Lines) -> Hinges:
    """For the solvers, on no face."""
    still, nowhere = np.zeros(len(lines.b), dtype=bool), np.full(len(lines.b), -1)
    return Hinges(lines.w, lines.b, lines.patterns, lines.pivots, nowhere, still)


def dual_vectors(problem: Interpolation, lines: Any, values: Array, jacobians: Array) -> Array:
    """sum_n D_n (l_n (w.y_n + b) + G_n w), (K, p), site after site."""
    total = np.zeros((len(lines.b), problem.output_dimension))
    for n, center in enumerate(problem.centers):
        z = lines.w @ center + lines.b
        term = z[:, None] * values[n] + lines.w @ jacobians[n].T
        total += np.where(lines.patterns[:, n, None], term, 0.0)
    return total


def interpolation_cost(problem: Interpolation, lines: Lines) -> float:
    """The least cost of a network with these hinges that interpolates; infinite without one.

    minimize sum_k |a_k| over a, V and c, with a value row per site and a Jacobian row per ball.
    """
    import cvxpy as cp

    (n, d), p = problem.centers.shape, problem.output_dimension
    a, skip, offset = cp.Variable((len(lines.b), p)), cp.Variable((p, d)), cp.Variable((1, p))
    hidden = lines.patterns * (lines.w @ problem.centers.T + lines.b[:, None])
    values = hidden.T @ a + problem.centers @ skip.T + np.ones((n, 1)) @ offset
    rows = [values == problem.targets]
    for m in np.flatnonzero(problem.radii > 0):
        rows.append(a.T @ (lines.patterns[:, [m]] * lines.w) + skip == 0)
    program = cp.Problem(cp.Minimize(cp.sum(cp.norm(a, 2, axis=1))), rows)
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


def random_network(rng: np.random.Generator, neurons: int, d: int, p: int) -> ShallowNetwork:
    """A network of d inputs and p outputs with Gaussian weights."""
    return ShallowNetwork(
        rng.standard_normal((neurons, p)),
        rng.standard_normal((neurons, d)),
        rng.standard_normal(neurons),
        rng.standard_normal((p, d)),
        rng.standard_normal(p),
    )
