"""Problems in files: points, radii, noisy samples and targets, as the command line reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convexden.data import tables
from convexden.data.geometries import SMALL, smallest_distance
from convexden.data.images import SOURCES, read_images
from convexden.data.tables import read_numbers
from convexden.errors import InvalidProblem
from convexden.geometry.flatness import Flattened, flatten
from convexden.problem import Interpolation, denoising

Array = NDArray[np.float64]


def read_problem(
    points: str | Path,
    *,
    radius: float | None = None,
    radii: str | Path | None = None,
    noisy: str | Path | None = None,
    targets: str | Path | None = None,
    columns: str | None = None,
    note: Callable[[str], object] | None = None,
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
        Targets other than the points, for `read_points`, or the names of columns of the points'
        file, such as "speed" or "u,v"; the radius is then 0 if none is given.
    columns : str, optional
        Names of the columns of the points, such as "x,y"; by default all but those of the targets.
    note : callable, optional
        Called with one line if a column that counts the rows is left out.

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
    clean, goals = _read_both(points, columns, targets, note)
    if noisy is not None:
        return denoising(clean, noisy=read_noisy(noisy))
    if radii is not None:
        sizes: float | Array = read_radii(radii, len(clean))
    elif radius is None and targets is None:
        sizes = SMALL * smallest_distance(clean)
    else:
        sizes = radius or 0.0
    return Interpolation(clean, clean if goals is None else goals, sizes)


def read_measurements(
    points: str | Path,
    targets: str | Path,
    *,
    columns: str | None = None,
    note: Callable[[str], object] | None = None,
) -> tuple[Array, Array]:
    """Inputs (M, d) and targets (M, p), as `read_problem` reads them, for `convexden.regularize`.

    Raises
    ------
    InvalidProblem
        If a file does not hold what it should.
    """
    inputs, goals = _read_both(points, columns, targets, note)
    assert goals is not None
    return inputs, goals


def _read_both(
    points: str | Path,
    columns: str | None,
    targets: str | Path | None,
    note: Callable[[str], object] | None,
) -> tuple[Array, Array | None]:
    """Points, and their targets if they are others."""
    own = None if targets is None or _is_source(targets) else _names(str(targets))
    if own is None:
        clean = read_points(points, columns=columns, note=note)
        return clean, None if targets is None else read_points(targets, note=note)
    if Path(points) != tables.STANDARD_INPUT and not Path(points).is_file():
        raise InvalidProblem(f"{targets} does not exist: check the name")
    table = tables.read_table(Path(points))
    if not table.names and columns is None:
        raise InvalidProblem(
            f"{targets} does not exist, and {points} has no names of columns: check the name"
        )
    if columns is None:
        chosen = [name for name in table.without_row_numbers(note) if name not in own]
    else:
        chosen = _names(columns)
    both = table.numbers([*chosen, *own])[0]
    if not chosen:
        raise InvalidProblem(f"{targets}: all columns are targets: leave one for the points")
    if not len(both):
        raise InvalidProblem(f"{table.source} is empty: give one point a row")
    return both[:, : len(chosen)], both[:, len(chosen) :]


def _is_source(targets: str | Path) -> bool:
    """Whether targets are a file of their own, or images, and no names of columns."""
    return isinstance(targets, Path) or str(targets).startswith(SOURCES) or Path(targets).exists()


def _names(columns: str) -> list[str]:
    """The names of columns in "x,y"."""
    names = [name.strip() for name in columns.split(",")]
    if not all(names):
        raise InvalidProblem(f"{columns!r} names no columns: give for example x,y")
    return names


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
    return Interpolation(found.points, targets, problem.radii, problem.cost), found


def read_points(
    source: str | Path,
    *,
    columns: str | None = None,
    note: Callable[[str], object] | None = None,
) -> Array:
    """Read points (N, d), one a row, from a file or from images that come with scikit-learn.

    Parameters
    ----------
    source : str or path
        * A text file with one point a row, see `convexden.data.text`; ``-`` is standard input.
        * A ``.npy`` file of points (N, d), or of N images: gray (N, H, W) or in color
          (N, H, W, 3); or a ``.npz`` file of one, or with one called "points"; or an idx file, as
          MNIST is stored.  An image is flattened to a point; no number is rescaled, so that the
          radius of a ball is in the units of the file (gray levels 0 to 255, if it holds bytes).
        * A folder of images of one size (png, jpg, pgm, ...), in the order of their names, values
          in [0, 1].
        * ``digits:0,1,5-7``: those rows of scikit-learn's 8 x 8 images of handwritten digits,
          values in [0, 1]; see `digits`.
        * ``patches:NAME:SIZE:INDICES``, as in ``patches:china:8:0,1,5-7``: those patches of a
          photograph, values in [0, 1]; see `patches`.
    columns : str, optional
        Names of the columns that are read, such as "x,y", of a text file with a header.
    note : callable, optional
        Called with one line if a column that counts the rows is left out.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or is not a table of finite numbers.
    """
    if str(source).startswith(SOURCES):
        array = read_images(str(source))
    else:
        array = read_numbers(Path(source), None if columns is None else _names(columns), note)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 3)):
        array = array.reshape(len(array), -1)
    if array.ndim != 2:
        raise InvalidProblem(
            f"{source}: an array of shape {array.shape} is not one point a row: give points of "
            "shape (N, d) or images of shape (N, H, W) or (N, H, W, 3)"
        )
    if len(array) < 2:
        raise InvalidProblem(f"{source} holds a single point: give at least two, one a row")
    return array


def read_radii(path: str | Path, count: int, *, what: str = "radii") -> Array:
    """Read the radii (N,) of this many points, one a line or all on one line, from a file.

    `what` names other numbers, one for each point, in the message.
    """
    array = read_numbers(Path(path))
    if not array.size == max(array.shape) == count:
        raise InvalidProblem(
            f"{path}: an array of shape {array.shape} does not hold {count} {what}: "
            "give one per point"
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
