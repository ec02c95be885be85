"""Files and folders: tables of numbers in, and out what appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.errors import ConvexdenError, ExternalFailure, InvalidProblem

Array = NDArray[np.float64]

# What another name for the file would not cure.
OUTSIDE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOMEM, errno.EMFILE)
# How often a folder is put in place that others replace at the same time.
REPLACEMENTS = 100


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, which takes the place of `path` at the end.

    On an exception the temporary file is removed and `path` stays as it was.

    Raises
    ------
    InvalidProblem
        If `path` cannot be written.
    """
    final = _final(path)
    temporary = _beside(final)
    try:
        if final.is_dir():
            raise InvalidProblem(f"{path} is a folder: give a file to write")
        if final.exists() and not final.is_file():
            raise InvalidProblem(f"{path} is no regular file: give a file to write")
        if final.exists() and not os.access(final, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            os.replace(temporary, final)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        raise _unwritable(
            path, error, "give a file in a folder that exists and can be written"
        ) from error


def check_writable(path: str | Path, *inputs: str | Path | None) -> None:
    """Raise InvalidProblem if `whole_file` could not write here; leaves nothing behind.

    Nor over a file that is read from, of which those of `inputs` are.
    """
    for source in inputs:
        with suppress(OSError):  # no file, but the name of a column for example
            if source is not None and os.path.samefile(path, source):
                raise InvalidProblem(f"{path} is what is read: give another file to write")
    with suppress(_Probe), whole_file(path):
        raise _Probe


@contextmanager
def whole_folder(path: str | Path, replaces: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a temporary folder beside `path`, which takes its place at the end.

    On an exception the temporary folder is removed and `path` stays as it was.

    Parameters
    ----------
    path : str or Path
    replaces : callable
        Whether a folder that is there, and not empty, may be replaced.

    Raises
    ------
    InvalidProblem
        If it may not, or `path` cannot be written.
    """
    final = _final(path)
    temporary = _beside(final)
    try:
        with suppress(FileNotFoundError):
            # One question, because others may put a folder here between two.
            if not stat.S_ISDIR(final.stat().st_mode):
                raise InvalidProblem(f"{path} is a file: give a folder to write")
        if final == Path.cwd() or final in Path.cwd().parents:
            raise InvalidProblem(f"{path} holds the current folder: give another one to write")
        _check_replaceable(path, final, replaces)
        try:
            temporary.mkdir()
            yield temporary
            _put_in_place(temporary, final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise _unwritable(
            path, error, "give a folder in one that exists and can be written"
        ) from error


def _check_replaceable(path: str | Path, final: Path, replaces: Callable[[Path], bool]) -> None:
    """Raise if a folder is there that may not be replaced.

    It may vanish at any time, when another thread or process puts its own in place.
    """
    with suppress(FileNotFoundError):
        for _ in range(REPLACEMENTS):
            if os.access(final, os.R_OK | os.W_OK | os.X_OK):
                break
            # Raises if it is not there; if it is, it may have come after the question.
            final.stat()
        else:
            raise PermissionError(errno.EACCES, "Permission denied")
        if any(final.iterdir()) and not replaces(final):
            raise InvalidProblem(
                f"{path} holds other files, which would be lost: give a folder that is new or empty"
            )


def check_folder(path: str | Path, replaces: Callable[[Path], bool]) -> None:
    """Raise InvalidProblem if `whole_folder` could not write here; leaves nothing behind."""
    with suppress(_Probe), whole_folder(path, replaces):
        raise _Probe


class _Probe(Exception):
    """Ends a check before anything is replaced."""


def _final(path: str | Path) -> Path:
    """Where a path leads, through links."""
    given = arguments.path(path)
    try:
        return Path(os.path.realpath(given))
    except ValueError as error:  # a NUL in the name
        raise InvalidProblem(f"{str(given)!r} is no name of a file: give another one") from error


def _beside(final: Path) -> Path:
    """A path in the same folder that nobody else uses, with the same suffix: programs that run at
    the same time, and threads of one, may write to one name."""
    return final.with_name(f".{uuid4().hex}{final.suffix}")


def _put_in_place(temporary: Path, final: Path) -> None:
    """Let a folder take the place of another one, if there is one, which may be replaced by
    somebody else at the same time."""
    for attempt in range(REPLACEMENTS):
        aside = _beside(final)
        with suppress(FileNotFoundError):
            os.rename(final, aside)
        try:
            os.rename(temporary, final)
        except OSError as error:
            taken = error.errno in (errno.ENOTEMPTY, errno.EEXIST)
            if not taken or attempt == REPLACEMENTS - 1:
                if aside.exists() and not final.exists():
                    os.rename(aside, final)
                raise
        else:
            shutil.rmtree(aside, ignore_errors=True)
            return
        # Somebody else's folder is there now: what was set aside is older than that.
        shutil.rmtree(aside, ignore_errors=True)


def _unwritable(path: str | Path, error: OSError, remedy: str) -> ConvexdenError:
    """The error of a file or folder that cannot be written, whether or not its name is at fault."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in OUTSIDE:
        return ExternalFailure(f"{path} cannot be written ({reason}): make room, and try again")
    return InvalidProblem(f"{path} cannot be written ({reason}): {remedy}")
