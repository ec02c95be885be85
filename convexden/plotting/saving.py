"""Writes pictures to files, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from convexden.errors import ExternalFailure, InvalidProblem
from convexden.plotting import layout, style
from convexden.storage.files import check_writable, whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")


def check_picture(path: str | Path) -> None:
    """Raise InvalidProblem unless a picture can be written here.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ExternalFailure
        If matplotlib cannot be used, because of what ``MPLBACKEND`` says for example.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise InvalidProblem(f"{path} is no picture: end its name in .png, .pdf or .svg")
    check_writable(path)
    check_matplotlib()


def check_matplotlib() -> None:
    """Raise ExternalFailure if matplotlib does not start."""
    try:
        import matplotlib.figure  # noqa: F401
    except ValueError as error:
        reason = str(error).split(";")[0].splitlines()[0]
        raise ExternalFailure(
            f"matplotlib does not start: {reason}: unset MPLBACKEND, or see to the settings"
        ) from error


def save_figure(figure: Figure, path: str | Path, dpi: int = 200) -> None:
    """Write a figure to a file: cut to what is drawn or, for a paper, of exactly its size.

    Raises
    ------
    ExternalFailure
        If the disk is full, or LaTeX is to set the text and does not.
    """
    suffix = Path(path).suffix.lower()[1:]
    cut = {} if layout.in_paper() else {"bbox_inches": "tight", "pad_inches": 0.1}
    with whole_file(path) as temporary, style.text_of_latex():
        figure.savefig(temporary, format=suffix, dpi=dpi, **cut)  # type: ignore[arg-type]
