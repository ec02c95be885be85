"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convexden.errors import InvalidProblem


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, which takes the place of `path` at the end.

    On an exception the temporary file is removed and `path` stays as it was.

    Raises
    ------
    InvalidProblem
        If `path` cannot be written.
    """
    final = Path(os.path.realpath(path))
    temporary = final.with_name(f".{os.getpid()}-{final.name}")  # keeps the suffix
    try:
        if final.is_dir():
            raise InvalidProblem(f"{path} is a folder: give a file to write")
        if final.exists() and not final.is_file():
            raise InvalidProblem(f"{path} is no regular file: give a file to write")
        if final.exists() and not os.access(final, os.W_OK):
            raise PermissionError(13, "Permission denied")
        temporary.touch()
        try:
            yield temporary
            os.replace(temporary, final)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(
            f"{path} cannot be written ({reason}): give a file in a folder that exists and "
            "can be written"
        ) from error


def check_writable(path: str | Path) -> None:
    """Raise InvalidProblem if `whole_file` could not write here; leaves nothing behind."""
    with suppress(_Probe), whole_file(path):
        raise _Probe


class _Probe(Exception):
    """Ends `check_writable` before anything is replaced."""
