"""`shape_map`: the denoiser of every shape of a triangle, certified, pixel by pixel."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, data, display
from convexden.errors import ExternalFailure, InvalidInput, InvalidProblem
from convexden.experiments.structures import STRUCTURES, structure
from convexden.problem import denoising
from convexden.running.clock import Stopped
from convexden.running.processes import in_processes
from convexden.running.progress import TaskProgress, tell
from convexden.storage.files import check_writable, whole_file
from convexden.tolerances import ACCURATE_RTOL, COST_RTOL, TILTED_RAD

Array = NDArray[np.float64]

FORMAT = "convexden-shape-map"
VERSION = 1
# A relative excess of the conjecture below this one counts as none.
OPTIMAL = ACCURATE_RTOL
MOST = 100_000  # triangles, with 0.2 degrees between neighbors
BATCH = 16  # pixels that a process solves before it reports


@dataclass(frozen=True)
class MapSettings:
    """Parameters of the maps of triangles."""

    fractions: tuple[float, ...] = (0.1, 0.5, 0.9)
    """Radii, as shares of the contact of the balls."""

    divisions: int = 12
    """Of the angles: with these, the equilateral, the right isosceles and the 30-60-90 triangle
    are on the grid."""


SETTINGS = MapSettings()


class _Pixel(NamedTuple):
    """A line of the file: the numbers of a fraction and of a triangle, and what was found."""

    fraction: int
    triangle: int
    certified: bool
    cost: float
    lower_bound: float
    conjectured: float
    structure: int
    tilt: float


@dataclass(frozen=True, eq=False)
class ShapeMap:
    """Certified denoisers of triangles of all shapes, at a few radii.

    The radius is a fraction of half the smallest height, where a line between a ball and two others
    has no room left.  Arrays (F, M) have a row a fraction and a column a triangle; what is missing
    is NaN, -1 or False.

    Attributes
    ----------
    angles : (M, 3) array
        Those of the triangles in degrees, the smallest first; the circumradius is 1.
    fractions : (F,) array
    divisions : int
        The angles are multiples of 180 / divisions degrees.
    largest_angle : float
        No triangle has a larger one.
    cost, lower_bound : (F, M) arrays
        Cost of the network that was found, and its lower bound.
    conjectured : (F, M) array
        Cost of the closed form of `convexden.theorems.face_aligned`.
    structure : (F, M) array of int8
        Number of the network's structure in `convexden.experiments.structures.STRUCTURES`.
    tilt : (F, M) array
        In radians, as there.
    certified : (F, M) array of bool
        Whether the status of the solution is "certified", for a relative gap of 1e-9.
    """

    angles: Array
    fractions: Array
    divisions: int
    largest_angle: float
    cost: Array
    lower_bound: Array
    conjectured: Array
    structure: NDArray[np.int8]
    tilt: Array
    certified: NDArray[np.bool_]

    def __repr__(self) -> str:
        fractions, triangles = self.structure.shape
        return display.one_line(
            self,
            display.counted(triangles, "triangle"),
            display.counted(fractions, "fraction"),
            f"{int(self.certified.sum())} of {int(self.solved.sum())} certified",
        )

    def __str__(self) -> str:
        return display.table_text(self)

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Which pixels (F, M) are not missing."""
        return self.structure >= 0

    @property
    def interrupted(self) -> bool:
        """Whether pixels are missing, because the run was stopped."""
        return not bool(self.solved.all())

    @property
    def relative_gap(self) -> Array:
        """(cost - lower bound) / cost, (F, M)."""
        return (self.cost - self.lower_bound) / self.cost

    @property
    def excess(self) -> Array:
        """The relative excess (F, M) of the conjecture, (conjectured - cost) / cost."""
        return (self.conjectured - self.cost) / self.cost

    def counts(self) -> NDArray[np.intp]:
        """How many certified pixels (F, 5) have each structure."""
        codes = np.where(self.certified, self.structure, -1)
        counted = codes[:, :, None] == np.arange(len(STRUCTURES))
        return counted.sum(axis=1)

    def save(self, path: str | Path) -> None:
        """Write the map to a file, whole or not at all; `shape_map` can go on with it.

        Raises
        ------
        InvalidProblem
            If the file cannot be written.
        """
        lines = [_header(self.fractions, self.divisions, self.largest_angle)]
        columns = (self.certified, self.cost, self.lower_bound, self.conjectured)
        for f, m in np.argwhere(self.solved):
            numbers = (column[f, m].item() for column in (*columns, self.structure, self.tilt))
            lines.append(_line(_Pixel(int(f), int(m), *numbers)))
        with whole_file(path) as temporary:
            temporary.write_text("".join(lines), encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> ShapeMap:
        """Read a map, also one that is not finished, from its file.

        Raises
        ------
        InvalidProblem
            If the file cannot be read or does not hold a map of version 1.
        """
        text = _read(path)
        return _assemble(*_parameters(path, text), _pixels(path, text))


def shape_map(
    fractions: Sequence[float] = SETTINGS.fractions,
    triangles: int = 500,
    *,
    largest_angle: float = 180.0,
    path: str | Path | None = None,
    jobs: int | None = None,
    progress: Callable[[TaskProgress], object] | None = None,
) -> ShapeMap:
    r"""Solve for the denoisers of triangles of all shapes, and compare them with a conjecture.

    The shapes are those whose angles are positive multiples of :math:`180 / n` degrees, each once;
    n is the multiple of 12 that makes their number :math:`\approx n^2 / 12` closest to what is
    asked for.  The triangle with angles :math:`\alpha \le \beta \le \gamma` and circumradius 1 has
    the smallest height :math:`H = 2 \sin\alpha \sin\beta`, and its balls have the radius
    :math:`f H / 2` for every fraction f.  Each is solved by `convexden.solve`, certified by exact
    pricing in the plane, compared with the cost of the closed form of
    `convexden.theorems.face_aligned` (a conjecture that holds for some of them), and its structure
    is that of `convexden.experiments.structures`.  A tilt below 1e-7 rad has to be found by two
    methods.

    Parameters
    ----------
    fractions : sequence of float
        Between 0 and 1; a map for each.
    triangles : int
        About how many.
    largest_angle : float
        Leave out triangles with a larger angle, in degrees: 90 maps the acute ones.
    path : str or path, optional
        Pixels are written to this file as they come.  If it holds some of the same map, the run
        goes on with the others.
    jobs : int, optional
        Processes, with one thread each; by default one for each core.
    progress : callable, optional
        Called with a `TaskProgress`, at first and after every pixel.  If it raises StopIteration,
        the run ends.

    Returns
    -------
    ShapeMap
        Stopped by `progress` it is `interrupted`, with the pixels that are there.

    Raises
    ------
    InvalidProblem
        If the parameters make no sense, or the file cannot be written, or holds anything but this
        map.
    KeyboardInterrupt
        On Ctrl-C: the file keeps the pixels that are there.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.structures import STRUCTURES
    >>> found = cd.shape_map([0.3], triangles=12, jobs=1)
    >>> found.angles[-1], bool(found.certified.all())
    (array([60., 60., 60.]), True)
    >>> {name: int(count) for name, count in zip(STRUCTURES, found.counts()[0])}
    {'edge-aligned': 9, 'altitude-aligned': 0, 'face-aligned': 2, 'tilted': 1, 'pinched': 0}
    """
    sizes = _fractions(fractions)
    divisions = _divisions(triangles, largest_angle)
    jobs = None if jobs is None else arguments.whole("jobs", jobs, least=1)
    arguments.callback("progress", progress)
    largest_angle = float(largest_angle)
    angles = _angles(divisions, largest_angle)
    known = [] if path is None else _begin(path, sizes, divisions, largest_angle)
    there = {pixel[:2] for pixel in known}
    missing = [(f, m) for f in range(sizes.size) for m in range(len(angles)) if (f, m) not in there]
    total = sizes.size * len(angles)
    with _appending(path) as write, closing(_solve_all(missing, angles, sizes, jobs)) as pixels:
        try:
            tell(progress, TaskProgress(len(known), total))
            for pixel in pixels:
                write(_line(pixel))
                known.append(pixel)
                tell(progress, TaskProgress(len(known), total))
        except Stopped:
            pass  # keep what there is
    return _assemble(sizes, divisions, largest_angle, known)


def _fractions(fractions: Sequence[float]) -> Array:
    """The radii of a map, as fractions, in the order that was asked for."""
    sizes = arguments.array("fractions", fractions, error=InvalidInput).reshape(-1)
    if not sizes.size or not ((sizes > 0) & (sizes < 1)).all():
        raise InvalidInput("a radius fraction is between 0 and 1: 1 is half the smallest height")
    if np.unique(sizes).size < sizes.size:
        raise InvalidInput("a radius fraction is given twice: give each once")
    return sizes


def _divisions(triangles: int, largest_angle: float) -> int:
    """The number of steps to 180 degrees for which there are about as many triangles."""
    triangles = arguments.whole("triangles", triangles, least=1, most=MOST)
    largest_angle = arguments.number("largest_angle", largest_angle, above=60.0, most=180.0)
    divisions, count, best = 0, 0, (math.inf, 0)
    while count < triangles:
        divisions += SETTINGS.divisions
        count = len(_angles(divisions, largest_angle))
        best = min(best, (abs(count - triangles), divisions))
    return int(best[1])


def _angles(divisions: int, largest_angle: float) -> Array:
    """The sorted angles (M, 3) of the grid, in degrees."""
    step = 180 / divisions
    i, j = np.indices((divisions // 3 + 1, divisions // 2 + 1)).reshape(2, -1)
    k = divisions - i - j
    kept = (i > 0) & (i <= j) & (j <= k) & (k * step <= largest_angle)
    return step * np.column_stack([i, j, k])[kept]


def _solve_all(
    missing: Sequence[tuple[int, int]], angles: Array, fractions: Array, jobs: int | None
) -> Generator[_Pixel, None, None]:
    """What is found for these pixels, in their order."""
    from joblib import cpu_count

    jobs = cpu_count() if jobs is None else jobs
    tasks = [(f, m, angles[m], float(fractions[f])) for f, m in missing]
    if jobs == 1 or len(tasks) <= BATCH:
        yield from (_solve(*task) for task in tasks)
        return
    batches = [tasks[start : start + BATCH] for start in range(0, len(tasks), BATCH)]
    with closing(in_processes(_solve_batch, batches, jobs)) as found:
        for pixels in found:
            yield from pixels


def _solve_batch(tasks: Iterable[tuple[int, int, Array, float]]) -> list[_Pixel]:
    """What is found for the pixels of a batch."""
    return [_solve(*task) for task in tasks]


def _solve(f: int, m: int, angles: Array, fraction: float) -> _Pixel:
    """The pixel of one triangle at one radius."""
    from convexden.solving.interpolation import solve
    from convexden.theorems import face_aligned

    sines = np.sin(np.deg2rad(angles))
    points, radius = data.triangle(angles.tolist()), fraction * float(sines[0] * sines[1])
    problem = denoising(points, radius=radius)
    conjectured = face_aligned.closed_form(points, radius).cost
    solution = solve(problem, tolerance=COST_RTOL)
    found = structure(problem, solution.network)
    if found.name == "tilted" and found.tilt < TILTED_RAD:
        other = solve(problem, tolerance=COST_RTOL, method="minimax")
        solution, found = min(
            (solution, found),
            (other, structure(problem, other.network)),
            key=lambda pair: (not pair[0].certified, pair[1].tilt),
        )
    return _Pixel(
        f,
        m,
        solution.certified,
        solution.cost,
        solution.lower_bound,
        conjectured,
        STRUCTURES.index(found.name),
        found.tilt,
    )


def _assemble(
    fractions: Array, divisions: int, largest_angle: float, pixels: Iterable[_Pixel]
) -> ShapeMap:
    """The map that these pixels make up."""
    angles = _angles(divisions, largest_angle)
    shape = (fractions.size, len(angles))
    cost, bound, conjectured, tilt = (np.full(shape, np.nan) for _ in range(4))
    structures, certified = np.full(shape, -1, dtype=np.int8), np.zeros(shape, dtype=bool)
    for pixel in pixels:
        place = pixel.fraction, pixel.triangle
        certified[place] = pixel.certified
        cost[place], bound[place] = pixel.cost, pixel.lower_bound
        conjectured[place], tilt[place] = pixel.conjectured, pixel.tilt
        structures[place] = pixel.structure
    return ShapeMap(
        angles,
        fractions,
        divisions,
        largest_angle,
        cost,
        bound,
        conjectured,
        structures,
        tilt,
        certified,
    )


def _header(fractions: Array, divisions: int, largest_angle: float) -> str:
    """The first line of the file of a map: what is computed."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "fractions": fractions.tolist(),
        "divisions": divisions,
        "largest_angle": largest_angle,
        "structures": STRUCTURES,
        "columns": _Pixel._fields,
    }
    return json.dumps(document) + "\n"


def _line(pixel: _Pixel) -> str:
    """A pixel as a line of the file."""
    return json.dumps(pixel) + "\n"


def _read(path: str | Path) -> str:
    """The whole lines of the file: a run that was killed may have left a part of one more."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(f"{path} cannot be read ({reason}): check the name") from error
    except UnicodeDecodeError:
        _refuse(path)
    return text[: text.rfind("\n") + 1]


def _parameters(path: str | Path, text: str) -> tuple[Array, int, float]:
    """Fractions, divisions and largest angle that the first line of the file states."""
    header = text.partition("\n")[0]
    try:
        document = json.loads(header)
        if document["format"] != FORMAT:
            _refuse(path)
        if document["version"] != VERSION:
            raise InvalidProblem(
                f"{path} is of version {document['version']!r}, not {VERSION}: "
                "install the release of convexden that wrote it"
            )
        fractions = _fractions(document["fractions"])
        divisions, largest_angle = int(document["divisions"]), float(document["largest_angle"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        _refuse(path)
    if header + "\n" != _header(fractions, divisions, largest_angle):
        _refuse(path)
    return fractions, divisions, largest_angle


def _pixels(path: str | Path, text: str) -> list[_Pixel]:
    """The pixels in the text of a file, the last of those that stand twice."""
    found: dict[tuple[int, int], _Pixel] = {}
    fractions, divisions, largest_angle = _parameters(path, text)
    shape = fractions.size, len(_angles(divisions, largest_angle))
    for number, line in enumerate(text.splitlines()[1:], start=2):
        pixel = _pixel(line)
        if pixel is None or not (
            0 <= pixel.fraction < shape[0]
            and 0 <= pixel.triangle < shape[1]
            and 0 <= pixel.structure < len(STRUCTURES)
        ):
            raise InvalidProblem(f"{path}, line {number} is no pixel of the map: delete that line")
        found[pixel[:2]] = pixel
    return list(found.values())


def _pixel(line: str) -> _Pixel | None:
    """The pixel of a line; None if it holds none."""
    try:
        pixel = _Pixel(*json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    kinds = (int, int, bool, float, float, float, int, float)
    fits = all(type(value) is kind for value, kind in zip(pixel, kinds, strict=True))
    return pixel if fits and np.isfinite(pixel[3:]).all() else None


def _begin(
    path: str | Path, fractions: Array, divisions: int, largest_angle: float
) -> list[_Pixel]:
    """The pixels that are in the file already; it then ends with a whole line."""
    check_writable(path)
    wanted = _header(fractions, divisions, largest_angle)
    text = _read(path) if Path(path).exists() else ""
    if not text:
        # Nothing, or the beginning of a header.
        if Path(path).exists() and not wanted.startswith(Path(path).read_text(encoding="utf-8")):
            _refuse(path)
        text = wanted
    elif not text.startswith(wanted):
        others, n, largest = _parameters(path, text)
        raise InvalidProblem(
            f"{path} holds another map (fractions {', '.join(f'{f:g}' for f in others)}, "
            f"{len(_angles(n, largest))} triangles up to {largest:g} degrees): "
            "give its parameters, or another file"
        )
    pixels = _pixels(path, text)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return pixels


@contextmanager
def _appending(path: str | Path | None) -> Iterator[Callable[[str], None]]:
    """A function that appends a line to the file, if there is one, at once."""
    if path is None:
        yield lambda line: None
        return
    with Path(path).open("ab", buffering=0) as file:

        def write(line: str) -> None:
            try:
                file.write(line.encode())
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise ExternalFailure(
                    f"{path} cannot be written any more ({reason}): make room, and the same map "
                    "goes on"
                ) from error

        yield write


def _refuse(path: str | Path) -> NoReturn:
    """Say that a file is no map."""
    raise InvalidProblem(f"{path} is no map of triangles: give a file that `shape_map` wrote")
