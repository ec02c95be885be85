"""The checks of what callers pass: numbers, choices, callables and arrays, each in one place.

A check returns the value in the type that the library computes with, or raises an error whose one
line says what to do.  Nothing is dropped in silence: neither the mask of an array, nor an imaginary
part, a gradient or the digits of a string.
"""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convexden.errors import ConvexdenError, InvalidInput, InvalidProblem

Array = NDArray[np.float64]
Kind = TypeVar("Kind")

DEEPEST = 32  # nested lists; numpy has at most 64 axes, and no argument has more than four
_KINDS = {"c": "complex numbers", "U": "text", "S": "text", "M": "dates", "m": "durations"}
_REMEDIES = {"c": "give real ones, for example their .real", "M": "give numbers, such as days"}


def number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
    finite: bool = True,
) -> float:
    """One real number as a float, above and below these bounds, or at least and at most these.

    Raises
    ------
    InvalidInput
        If it is none, or out of bounds; True and False are no numbers.
    """
    found = _real(value)
    inside = above < found < below or (not finite and found == math.inf)
    if not (inside and least <= found <= most and (math.isfinite(found) or not finite)):
        bounds = [
            f"{words} {bound:g}"
            for words, bound in (
                ("above", above),
                ("of at least", least),
                ("below", below),
                ("of at most", most),
            )
            if math.isfinite(bound)
        ]
        wanted = f"a number {' and '.join(bounds)}" if bounds else "a finite number"
        raise InvalidInput(f"{name} is {shown(value)}: give {wanted}")
    return found


def tolerance(value: object, name: str = "tolerance") -> float:
    """A relative accuracy: a number above 0 and below 1."""
    return number(name, value, above=0.0, below=1.0)


def time_limit(value: object) -> float | None:
    """A number of seconds above 0, or None for no limit."""
    return None if value is None else number("time_limit", value, above=0.0, finite=False)


def whole(name: str, value: object, *, least: int = 0, most: int | None = None) -> int:
    """A whole number from `least` to `most`.

    Raises
    ------
    InvalidInput
        If it is none, or out of bounds; True, False and 3.0 are no whole numbers.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        found = operator.index(value)  # type: ignore[arg-type]  # that is the question
        if found >= least and (most is None or found <= most):
            return found
    except TypeError:
        pass
    upper = "" if most is None else f" and at most {most}"
    raise InvalidInput(f"{name} is {shown(value)}: give a whole number of at least {least}{upper}")


def jobs(value: object) -> int:
    """How many processes: a whole number of at least one, or None for one for each core."""
    if value is not None:
        return whole("jobs", value, least=1)
    from joblib import cpu_count

    return int(cpu_count())


def scheduler(value: object) -> str | None:
    """The address of a Dask scheduler, or None; whether one is there shows when it is asked."""
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"scheduler is {shown(value)}: give its address")
    return value


def generator(seed: object) -> np.random.Generator:
    """The random numbers of a seed, or a generator as it is."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(whole("seed", seed))


def choice(name: str, value: object, options: Iterable[str]) -> str:
    """One of some names."""
    options = tuple(options)
    if isinstance(value, str) and value in options:
        return value
    raise InvalidInput(f"there is no {name} {shown(value)}: choose from {', '.join(options)}")


def callback(name: str, value: object) -> None:
    """Raise InvalidInput unless this may be called, or is None."""
    if value is not None and not callable(value):
        raise InvalidInput(f"{name} is {shown(value)}: give a function, or leave it out")


def instance(name: str, value: object, kind: type[Kind]) -> Kind:
    """Something of this type.

    Raises
    ------
    InvalidInput
        If it is of another one.
    """
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    raise InvalidInput(f"{name} is of type {type(value).__name__}: give {article} {kind.__name__}")


def path(value: object) -> Path:
    """The path of a file or folder."""
    try:
        return Path(value)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        raise InvalidInput(
            f"a path is of type {type(value).__name__}: give a string or a Path"
        ) from None


def array(
    name: str,
    values: object,
    *,
    finite: bool = True,
    copy: bool = True,
    error: type[ConvexdenError] = InvalidProblem,
) -> Array:
    """An array of real numbers, of any shape, row after row in memory.

    Parameters
    ----------
    name : str
        What the numbers are, in the plural.
    values : array_like
        Booleans count as 0 and 1.
    finite : bool
        Whether NaN and infinity are refused.
    copy : bool
        Whether the array is a new one, also where the values are one of floats already.
    error : type
        The error that is raised.

    Raises
    ------
    InvalidProblem
        If rows differ in length, or an entry is masked, complex, text, a date, not a number, too
        large for float64, needs a gradient or is not in the memory of this machine's processor.
    """
    plain = type(values) is np.ndarray and values.dtype == np.float64
    if plain:  # the usual case, in a tenth of the time
        numbers = np.array(values, order="C") if copy else np.asarray(values, order="C")
    else:
        numbers = _converted(name, values, copy, error)
    if finite and not np.isfinite(numbers).all():
        raise error(f"{name} hold NaN or infinity: give finite numbers")
    return numbers


def _converted(name: str, values: object, copy: bool, error: type[ConvexdenError]) -> Array:
    """An array of floats from whatever can be made one; arguments and errors as for `array`."""
    refuse_lossy(name, values, error)
    try:
        with np.errstate(all="ignore"):
            given = np.asarray(values)
            if given.dtype.kind == "O":
                _refuse_objects(name, given, error)
            elif given.dtype.kind not in "biuf":
                what = _KINDS.get(given.dtype.kind, f"entries of type {given.dtype}")
                remedy = _REMEDIES.get(given.dtype.kind, "give numbers")
                raise error(f"{name} are not an array of numbers, they hold {what}: {remedy}")
            fresh = isinstance(values, (list, tuple))
            return given.astype(np.float64, order="C", copy=copy and not fresh)
    except ConvexdenError:
        raise
    except OverflowError:
        raise error(
            f"{name} hold a whole number that no float64 can hold: rescale the data"
        ) from None
    except Exception as failure:  # of whatever type the conversion of foreign arrays raises
        foreign = str(getattr(values, "dtype", ""))
        if foreign.startswith("torch."):
            raise error(
                f"{name} are a tensor of type {foreign} that NumPy cannot read ({failure}): give "
                "a dense one of real numbers, by .to_dense() or .double()"
            ) from failure
        raise error(
            f"{name} are not a rectangular array of numbers: give every row the same length"
        ) from failure


def low_part(name: str, values: object, high: Array) -> Array | None:
    """The second floats of numbers that are sums of two, read-only; None if all of them are zero.

    Parameters
    ----------
    name : str
        What the numbers are, in the plural.
    values : array_like or None
        None for zeros.
    high : array
        The first floats, which must be the sums rounded.

    Raises
    ------
    InvalidProblem
        If the shapes differ, a number is not finite, or more than half a unit in the last place of
        the one it belongs to.
    """
    if values is None:
        return None
    low = array(name, values)
    if low.shape != high.shape:
        raise InvalidProblem(f"{name} have shape {low.shape}: give {high.shape}, as the high parts")
    if (high + low != high).any():
        raise InvalidProblem(
            f"{name} are no low parts: give at most half a unit in the last place of the high ones"
        )
    low.setflags(write=False)
    return low if low.any() else None


def weights(array: Array, shape: tuple[int, ...]) -> Array:
    """The array, if it has this shape or is a list that can be read in one way only.

    Without neurons weights may be empty lists; with one input, output or neuron they may be lists
    of numbers.  Anything else, such as a transposed matrix, would make another network.
    """
    empty = array.size == 0 and 0 in shape
    plain = array.ndim < 2 and min(shape) == 1 and array.size == np.prod(shape)
    if array.shape == shape or empty or plain:
        return array.reshape(shape)
    raise InvalidProblem(
        "network arrays do not fit together: give output_weights (K, p), "
        "input_weights (K, d), biases (K,), skip (p, d), offset (p,)"
    )


def wholes(name: str, values: object, *, least: int = 0, most: int) -> NDArray[np.intp]:
    """A new array (N,) of whole numbers from `least` to `most`, at least one.

    Raises
    ------
    InvalidInput
        If there is none, or one is no whole number or out of bounds.
    """
    found = array(name, values, error=InvalidInput).reshape(-1)
    wrong = found[(found != np.floor(found)) | (found < least) | (found > most)]
    if wrong.size or not found.size:
        fault = f"hold {wrong[0]:.15g}" if wrong.size else "are empty"
        raise InvalidInput(f"{name} {fault}: give whole numbers from {least} to {most}")
    return found.astype(np.intp)


def _real(value: object) -> float:
    """One real number, or NaN for what is none."""
    if isinstance(value, (bool, np.bool_)):
        return math.nan
    if isinstance(value, (Real, Decimal)):
        try:
            return float(value)
        except (OverflowError, ValueError):
            return math.nan
    if isinstance(value, (str, bytes, Sequence)) or not hasattr(value, "__array__"):
        return math.nan
    try:
        found = array("a number", value, finite=False)
    except InvalidProblem:
        return math.nan
    return float(found) if found.ndim == 0 else math.nan


def refuse_lossy(
    name: str, values: Any, error: type[ConvexdenError] = InvalidProblem, depth: int = 0
) -> None:
    """Refuse what numpy would convert with a loss, also inside of lists, `depth` deep in them.

    Raises
    ------
    InvalidProblem
        If an entry is masked, needs a gradient or is on another device.
    """
    if isinstance(values, (list, tuple)):
        if depth == DEEPEST:
            raise error(f"{name} are nested more than {DEEPEST} deep: give one point a row")
        for kind in set(map(type, values)) - {int, float, np.float64}:
            for entry in values:
                if type(entry) is kind:
                    refuse_lossy(name, entry, error, depth + 1)
        return
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise error(f"{name} hold masked numbers: fill them, or leave their points out")
    if getattr(values, "requires_grad", False) is True:
        raise error(f"{name} need a gradient, which would be lost: give a tensor's .detach()")
    device = getattr(values, "device", None)
    where = device if isinstance(device, str) else getattr(device, "type", None)
    if isinstance(where, str) and where != "cpu":
        raise error(f"{name} are on the device {where}: give a tensor's .cpu()")


def _refuse_objects(name: str, given: NDArray[Any], error: type[ConvexdenError]) -> None:
    """Refuse objects that are no real numbers: numpy would take the number from a string."""
    for kind in set(map(type, given.flat)):
        if issubclass(kind, (list, tuple, np.ndarray)):
            raise error(
                f"{name} are not a rectangular array of numbers: give every row the same length"
            )
        if not issubclass(kind, (Real, Decimal, np.bool_)):
            raise error(
                f"{name} are not an array of numbers, they hold {kind.__name__}: leave out "
                "what has no number"
            )


def shown(value: object) -> str:
    """A value in one short line, for a message."""
    text = " ".join(reprlib.repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
