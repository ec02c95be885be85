"""Points to denoise: files of numbers, small geometries, random points and real images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.errors import InvalidInput, InvalidProblem
from convexden.files import read_numbers
from convexden.flatness import Flattened as Flattened
from convexden.flatness import flatten as flatten
from convexden.images import SOURCES, read_images
from convexden.images import digits as digits  # as all of these, type checkers re-export them
from convexden.images import patches as patches
from convexden.problem import Interpolation, denoising

Array = NDArray[np.float64]

# Share of the smallest distance that is the radius where none is given.
SMALL = 0.05
# Points and numbers that a generator makes at the most; the latter take 2 GB.
MOST_POINTS = 2**16
MOST_NUMBERS = 2**28


def read_problem(
    points: str | Path,
    *,
    radius: float | None = None,
    radii: str | Path | None = None,
    noisy: str | Path | None = None,
    targets: str | Path | None = None,
) -> Interpolation:
    """Read the problem that the options of ``convexden solve`` state.

    With none of them, the balls around the points have 5 % of the smallest distance for radius.

    Parameters
    ----------
    points : str or path
        The clean points, for `read_points`.
    radius : float, optional
        The balls of this radius around the points are sites.
    radii : str or path, optional
        So are the balls of these radii, for `read_radii`.
    noisy : str or path, optional
        These samples are sites, for `read_noisy`.
    targets : str or path, optional
        Targets other than the points, for `read_points`; the radius is then 0 if none is given.

    Raises
    ------
    InvalidProblem
        If the options exclude each other, or a file does not hold what it should.
    """
    options = {"radius": radius, "radii": radii, "noisy": noisy, "targets": targets}
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if noisy is None and targets is not None:
        given.remove("--targets")  # goes with any radius
    if len(given) > 1:
        raise InvalidProblem(f"{' and '.join(given)} exclude each other: give one of them")
    clean = read_points(points)
    if noisy is not None:
        return denoising(clean, noisy=read_noisy(noisy))
    if radii is not None:
        sizes: float | Array = read_radii(radii, len(clean))
    elif radius is None and targets is None:
        sizes = SMALL * smallest_distance(clean)
    else:
        sizes = radius or 0.0
    return Interpolation(clean, clean if targets is None else read_points(targets), sizes)


def flatten_problem(problem: Interpolation, tolerance: float) -> tuple[Interpolation, Flattened]:
    """A problem with its centers in the affine subspace that `flatten` finds, and what was dropped.

    Targets that are the centers move with them.

    Raises
    ------
    InvalidInput
        If the tolerance is not positive.
    InvalidProblem
        If sites with different targets become one.
    """
    found = flatten(problem.centers, tolerance)
    same = np.array_equal(problem.centers, problem.targets)
    targets = found.points if same else problem.targets
    return Interpolation(found.points, targets, problem.radii), found


def smallest_distance(points: Array) -> float:
    """The smallest distance between two distinct points (N, d).

    Raises
    ------
    InvalidProblem
        If there are no two.
    """
    distinct = np.unique(points, axis=0)
    if len(distinct) < 2:
        raise InvalidProblem(
            "there is one point only, no distance to take a radius from: give --radius"
        )
    with np.errstate(over="ignore"):  # numbers that large are refused with the problem
        return min(
            float(np.linalg.norm(distinct[n + 1 :] - distinct[n], axis=1).min())
            for n in range(len(distinct) - 1)
        )


def read_points(source: str | Path) -> Array:
    """Read points (N, d), one a row, from a file or from images that come with scikit-learn.

    Parameters
    ----------
    source : str or path
        * A text file with one point a row.
        * A ``.npy`` file of points (N, d), or of N images: grey (N, H, W) or in colour
          (N, H, W, 3).  An image is flattened to a point; no number is rescaled, so that the
          radius of a ball is in the units of the file (grey levels 0 to 255, if it holds bytes).
        * ``digits:0,1,5-7``: those rows of scikit-learn's 8 x 8 images of handwritten digits,
          values in [0, 1]; see `digits`.
        * ``patches:NAME:SIZE:INDICES``, as in ``patches:china:8:0,1,5-7``: those patches of a
          photograph, values in [0, 1]; see `patches`.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or is not a table of finite numbers.
    """
    if str(source).startswith(SOURCES):
        array = read_images(str(source))
    else:
        array = read_numbers(Path(source))
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 3 or (array.ndim == 4 and array.shape[3] == 3):
        array = array.reshape(len(array), -1)
    if array.ndim != 2:
        raise InvalidProblem(
            f"{source}: an array of shape {array.shape} is not one point a row: give points of "
            "shape (N, d) or images of shape (N, H, W) or (N, H, W, 3)"
        )
    if len(array) < 2:
        raise InvalidProblem(f"{source} holds a single point: give at least two, one a row")
    return array


def read_radii(path: str | Path, count: int) -> Array:
    """Read the radii (N,) of this many points, one a line or all on one line, from a file."""
    array = read_numbers(Path(path))
    if not array.size == max(array.shape) == count:
        raise InvalidProblem(
            f"{path}: an array of shape {array.shape} does not hold {count} radii: "
            "give one radius per point"
        )
    return array.reshape(-1)


def read_noisy(path: str | Path) -> list[Array]:
    """Read the noisy samples of every clean point: one array (M_n, d) each.

    Parameters
    ----------
    path : str or path
        A ``.npy`` file of shape (N, M, d), or a text file whose first column is the number of
        the clean point, counted from 0, and whose other columns are a noisy sample of it.

    Raises
    ------
    InvalidProblem
        If the file cannot be read, or a clean point is left without a sample.
    """
    array = read_numbers(Path(path))
    if array.ndim == 3 and array.size:
        return list(array)
    if array.ndim != 2 or array.shape[1] < 2:
        raise InvalidProblem(
            f"{path}: shape {array.shape} does not hold noisy samples: give a .npy file of shape "
            "(N, M, d) or rows of a clean point's number and a sample"
        )
    owners = array[:, 0]
    wrong = np.flatnonzero((owners != np.floor(owners)) | (owners < 0))
    if wrong.size:
        raise InvalidProblem(
            f"{path}: row {wrong[0]} starts with {owners[wrong[0]]:g}: start every row with the "
            "number of its clean point, counted from 0"
        )
    present = np.unique(owners)
    missing = np.flatnonzero(present != np.arange(present.size))
    if missing.size:
        raise InvalidProblem(
            f"{path}: clean point {missing[0]} has no noisy sample: give every point at least one"
        )
    return [array[owners == n, 1:] for n in present]


def triangle(angles: Sequence[float], circumradius: float = 1.0) -> Array:
    """Vertices (3, 2) of the triangle with these three interior angles, in degrees.

    They lie on the circle of this radius around the origin, vertex n at the n-th angle.
    """
    degrees = arguments.array("angles", angles, error=InvalidInput)
    circumradius = arguments.number("circumradius", circumradius, above=0.0)
    if degrees.shape != (3,) or (degrees <= 0).any() or abs(degrees.sum() - 180) > 1e-9:
        raise InvalidInput(f"angles {angles} make no triangle: give three that sum to 180")
    # The arc between two vertices is twice the angle at the third.
    turns = np.deg2rad(90 + 2 * np.array([0.0, degrees[2], degrees[2] + degrees[0]]))
    return circumradius * np.column_stack([np.cos(turns), np.sin(turns)])


def regular_simplex(dimension: int, circumradius: float = 1.0) -> Array:
    """Vertices (r + 1, r) of the regular simplex in r dimensions, centred at the origin."""
    dimension = arguments.whole("dimension", dimension, least=1, most=MOST_POINTS)
    circumradius = arguments.number("circumradius", circumradius, above=0.0)
    centred = np.eye(dimension + 1) - 1.0 / (dimension + 1)
    # Orthonormal coordinates of the hyperplane of vectors that sum to zero (Helmert).
    basis = np.tril(np.ones((dimension, dimension + 1)))
    basis[np.arange(dimension), np.arange(1, dimension + 1)] = -np.arange(1.0, dimension + 1)
    basis /= np.linalg.norm(basis, axis=1)[:, None]
    vertices = centred @ basis.T
    return circumradius * vertices / np.linalg.norm(vertices, axis=1)[:, None]


def triangular_lattice(rows: int, columns: int, spacing: float = 1.0) -> Array:
    """Points (rows * columns, 2) of the triangular lattice, every second row shifted by half."""
    rows = arguments.whole("rows", rows, least=1, most=MOST_POINTS)
    columns = arguments.whole("columns", columns, least=1, most=MOST_POINTS // rows)
    spacing = arguments.number("spacing", spacing, above=0.0)
    row, column = np.divmod(np.arange(rows * columns), columns)
    return spacing * np.column_stack([column + 0.5 * (row % 2), np.sqrt(0.75) * row])


def random_points(count: int, dimension: int, seed: int | np.random.Generator) -> Array:
    """Points (count, dimension), uniform in the unit box."""
    count = arguments.whole("count", count, least=1, most=MOST_POINTS)
    dimension = arguments.whole("dimension", dimension, least=1, most=MOST_NUMBERS // count)
    return arguments.generator(seed).random((count, dimension))


def noisy_samples(
    clean: ArrayLike,
    radius: float,
    samples: int,
    seed: int | np.random.Generator,
    *,
    boundary: bool = False,
) -> Array:
    """Samples (N, samples, d), uniform in the balls of this radius around clean points (N, d), or
    on their boundaries.  An array (N,) of clean points means d = 1."""
    clean = arguments.array("clean points", clean)
    clean = clean[:, None] if clean.ndim == 1 else clean
    if clean.ndim != 2 or not clean.size:
        raise InvalidProblem(f"clean points have shape {clean.shape}: give one point a row")
    radius = arguments.number("radius", radius, least=0.0)
    samples = arguments.whole("samples", samples, least=1, most=MOST_NUMBERS // clean.size)
    generator = arguments.generator(seed)
    count, dimension = clean.shape
    directions = generator.standard_normal((count, samples, dimension))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    if boundary:
        return clean[:, None] + radius * directions
    depths = generator.random((count, samples, 1)) ** (1.0 / dimension)
    return clean[:, None] + radius * depths * directions
