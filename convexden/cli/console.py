"""What the commands have in common: words on standard error, tables on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


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
