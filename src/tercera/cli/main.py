"""`tercera`: the commands, and what an error looks like."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, Any

import typer

from tercera import __version__, failpoints
from tercera.cli import (
    alerts,
    backtest,
    checks,
    deliveries,
    demo,
    held,
    init,
    kinds,
    ledger,
    run,
    serve,
    setup,
    silence,
    simulate,
    users,
    why,
)
from tercera.cli.plain import speak_plainly
from tercera.errors import TerceraError

cli = typer.Typer(
    name="tercera",
    help="Watches a customer-orders database and alerts, once and with the evidence, "
    "when a customer's behaviour crosses a line.",
    epilog="Exit codes: 0 done · 1 something failed · 2 the configuration or the call is wrong · "
    "3 the orders can't be read · 4 the ledger can't be used · 5 not found. "
    "-v anywhere shows the traceback of an error.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for module in (
    demo,
    init,
    setup,
    checks,
    backtest,
    run,
    serve,
    alerts,
    why,
    deliveries,
    silence,
    held,
    ledger,
    users,
    kinds,
    simulate,
):
    module.register(cli)


_WrongCall: type[Exception] = typer.BadParameter.__mro__[1]
"""The usage error that this is one of; typer does not name it."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tercera {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command are taken care of in `main`."""


def main() -> None:
    """The entry point: runs a command; an error is one line that says what to do, `-v` for the traceback."""
    # Libraries make many objects that stay. To look through them again and again while they are read took an
    # eighth of a short command.
    gc.set_threshold(50_000, 20, 20)
    speak_plainly()
    verbose = any(word in ("-v", "--verbose") for word in sys.argv[1:])
    arguments = [word for word in sys.argv[1:] if word not in ("-v", "--verbose")]
    try:
        failpoints.arm(os.environ)
        code = cli(arguments, prog_name="tercera", standalone_mode=False)
    except TerceraError as error:
        if verbose:
            raise
        _complain(*str(error).splitlines())
        sys.exit(error.exit_code)
    except _WrongCall as error:
        sys.exit(_misunderstood(error))
    except BrokenPipeError:
        sys.exit(0)  # whoever read our output has read enough
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except OSError as error:
        if verbose:
            raise
        _complain(_of_the_system(error))
        sys.exit(1)
    except Exception as error:
        if verbose:
            raise
        _complain(f"{type(error).__name__}: {error} (this is a defect; -v shows where)")
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _of_the_system(error: OSError) -> str:
    """What a file or folder refused: it is rarely a defect, and `-v` still shows where it was met."""
    reason = error.strerror or str(error)
    about = f"{error.filename}: {reason}" if error.filename else reason
    return f"{about}; see that the folder is there and may be written, and the disk has room (-v shows where)"


def _misunderstood(error: Any) -> int:
    """Says what is wrong with what was typed; gives the exit code."""
    if type(error).__name__ != "NoArgsIsHelpError":  # that one has shown the help already
        command = error.ctx.command_path if error.ctx else "tercera"
        _complain(f"{' '.join(error.format_message().split())} (`{command} --help` shows how)")
    return int(error.exit_code)


def _complain(*lines: str) -> None:
    """On stderr. What stands in data may be in an error, and must not steer a terminal."""
    for line in lines:
        print("error:", "".join(c if c.isprintable() else "·" for c in line), file=sys.stderr)
