"""The command line: solve, check, plot, verify, theorems, map, samples and tour.

Exit status 0: certified, or every theorem confirmed; 1: not certified, or a theorem refuted;
2: bad input, said in one line on standard error.  Heavy imports stay inside the commands, so
that ``--help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from convexden.cli.console import say
from convexden.cli.sampling import samples
from convexden.cli.shape_maps import map_shapes
from convexden.cli.solving import solve
from convexden.cli.stored import check, plot
from convexden.cli.theorems import list_theorems, verify
from convexden.cli.tour import tour
from convexden.errors import ConvexdenError, NotCertified

app = typer.Typer(
    name="convexden",
    help="Minimum-norm shallow ReLU denoisers, solved exactly and with a certificate.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else :china: becomes a flag
)

for command in (solve, check, plot, verify):
    app.command()(command)
app.command("theorems")(list_theorems)
app.command("map")(map_shapes)
app.command()(samples)
app.command()(tour)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    try:
        status = app(args=arguments, prog_name="convexden", standalone_mode=False)
    except ConvexdenError as error:
        say(str(error))
        status = 1 if isinstance(error, NotCertified) else 2
    except Exception as error:
        # A usage error of click, of which typer may carry a copy of its own: known by its methods.
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "convexden"
        say(f"{error.format_message().rstrip('.')}: see `{command} --help`")
        status = 2
    raise SystemExit(status or 0)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if version:
        from convexden import __version__

        typer.echo(f"convexden {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit(2)
