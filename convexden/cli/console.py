"""What the commands have in common: words on standard error, tables on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        help="The columns of POINTS that are coordinates, by their names in its first line.",
        show_default="all, but a first one that counts the rows, and those of --targets",
    ),
]
Tolerance = Annotated[float, typer.Option(help="Relative duality gap that counts as certified.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="End the search after so long, with the best that was found.",
        show_default="none",
    ),
]


def say(message: str) -> None:
    """Say something in one line on standard error."""
    typer.echo(f"convexden: {' '.join(message.split())}", err=True)


def show(renderable: RenderableType) -> None:
    """Print a table; where there is no terminal, no line of it is cut."""
    from rich.console import Console

    class Output(Console):
        """Lets a closed pipe through, where rich would exit on its own."""

        def on_broken_pipe(self) -> None:
            """Raise the error that led here."""
            raise

    console = Output(highlight=False)
    if not console.is_terminal:
        console = Output(highlight=False, width=200)
    console.print(renderable)
