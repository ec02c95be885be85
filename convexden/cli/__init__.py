"""The command line: solve, fit, check, prove, plot, flow, verify, theorems, formulations, map,
samples, sweep, virtual, memorize, train, mse and tour.

Exit status 0: certified, proven, or every theorem confirmed; 1: not so, or a theorem refuted;
2: bad input; 3: something outside failed, such as a full disk or a closed pipe; 130: interrupted.
From 2 on one line on standard error says what it was.  Heavy imports stay inside the commands, so
that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from convexden.cli.console import say
from convexden.cli.errors import mse
from convexden.cli.fitting import fit
from convexden.cli.flows import flow
from convexden.cli.formulations import list_formulations
from convexden.cli.memorization import memorize, virtual
from convexden.cli.proving import prove
from convexden.cli.samples import samples
from convexden.cli.shape_maps import map_shapes
from convexden.cli.solving import solve
from convexden.cli.stored import check, plot
from convexden.cli.sweeps import sweep
from convexden.cli.theorems import list_theorems, verify
from convexden.cli.tour import tour
from convexden.cli.training import train
from convexden.errors import ConvexdenError, ExternalFailure, NotCertified

# Set by the script that `convexden --install-completion` writes.
COMPLETION = "_CONVEXDEN_COMPLETE"

app = typer.Typer(
    name="convexden",
    help="Minimum-norm shallow ReLU denoisers, solved exactly and with a certificate.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else :china: becomes a flag
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (solve, fit, check, prove, plot, flow, verify):
    app.command()(command)
app.command("theorems")(list_theorems)
app.command("formulations")(list_formulations)
app.command("map")(map_shapes)
app.command()(samples)
app.command()(sweep)
app.command()(virtual)
app.command()(memorize)
app.command()(train)
app.command()(mse)
app.command()(tour)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except ConvexdenError as error:
        say(str(error))
        status = _status(error)
    except KeyboardInterrupt:
        say("interrupted")
        status = 130
    except (OSError, UnicodeEncodeError, MemoryError) as error:
        _drop_output()
        say(_outside(error))
        status = 3
    except Exception as error:
        # A usage error of click, of which typer may carry a copy of its own: known by its methods.
        if not hasattr(error, "format_message"):
            _unexpected(error)
            raise SystemExit(3) from error
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "convexden"
        say(f"{error.format_message().rstrip('.')}: see `{command} --help`")
        status = 2
    raise SystemExit(status)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command and return its status; unlike typer, let every failure through."""
    command = typer.main.get_command(app)
    if COMPLETION in os.environ:  # the shell asks for what may follow
        command.main(prog_name="convexden")
    given = _with_json_target(list(sys.argv[1:] if arguments is None else arguments))
    try:
        with command.make_context("convexden", given) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return 0


def _unexpected(error: Exception) -> None:
    """Show where an error came from that nobody thought of, and say what it is in a last line."""
    traceback.print_exception(error)
    say(f"unexpected {type(error).__name__}: {error}: please report it with the lines above")


def _with_json_target(given: list[str]) -> list[str]:
    """``verify --json`` without a file prints on standard output, as ``--json -`` does."""
    if given[:1] != ["verify"]:
        return given
    whole = []
    for word, following in zip(given, [*given[1:], "--"], strict=True):
        whole.append(word)
        if word == "--json" and following.startswith("--"):
            whole.append("-")
    return whole


def _status(error: ConvexdenError) -> int:
    """The exit status that goes with an error."""
    if isinstance(error, NotCertified):
        return 1
    return 3 if isinstance(error, ExternalFailure) else 2


def _outside(error: OSError | UnicodeEncodeError | MemoryError) -> str:
    """What failed that is neither the data nor the command, and what to do."""
    if isinstance(error, BrokenPipeError):
        return "standard output was closed before everything was written"
    if isinstance(error, UnicodeEncodeError):
        return (
            f"standard output cannot show {error.object[error.start]!r} in {error.encoding}: "
            "set PYTHONIOENCODING=utf-8"
        )
    if isinstance(error, MemoryError):
        return "the memory is not enough: give fewer points, or points of fewer dimensions"
    where = f" ({error.filename})" if error.filename else ""
    return f"{(error.strerror or str(error)).lower()}{where}: see to it, and try again"


def _drop_output() -> None:
    """Let nothing more be written to a standard output that has failed, not even at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The options of the program itself."""
    if version:
        from convexden import __version__

        typer.echo(f"convexden {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
