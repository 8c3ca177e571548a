"""What does a person type? The command `beaf`."""

from __future__ import annotations

import errno
import sys

import click

from beaf_core.cli.group import BeafGroup, LazyCommand, debug_wanted
from beaf_core.model.errors import BeafError, ExitCode

_COMMANDS = (
    LazyCommand("pipeline", "Run, check and look at pipelines.", "beaf_core.cli.pipeline:pipeline"),
    LazyCommand(
        "universe", "Look up which listings a selector means.", "beaf_core.cli.universe:universe"
    ),
    LazyCommand(
        "analytics", "List the columns that modules compute.", "beaf_core.cli.analytics:analytics"
    ),
    LazyCommand("plugins", "List, check and start plugins.", "beaf_core.cli.plugins:plugins"),
)


@click.group(
    "beaf",
    cls=BeafGroup,
    lazy=_COMMANDS,
    no_args_is_help=True,
    epilog="Try: beaf pipeline run --pipeline demo/01_ohlcv_bars.py --date 2026-02-01",
)
@click.version_option(package_name="beaf-core", prog_name="beaf")
def app() -> None:
    """Turn tick data into documented intraday analytics."""


def main() -> None:
    """Run the command line, and leave with an exit code that says what happened."""
    stdout = sys.stdout
    try:
        code = app.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except BeafError as error:
        _tell(str(error), error)
        code = error.exit_code
    except SystemExit as ended:
        # Where the reader of a pipe has gone (`… | head`), which is no fault, click puts a wrapper
        # around stdout and leaves with 1.
        code = ended.code if sys.stdout is stdout else ExitCode.OK
    except Exception as error:  # noqa: BLE001 — the last stop: a bug is told, not thrown at people
        code = _last_word(error)
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def _last_word(error: Exception) -> ExitCode:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
        _tell(f"the answer cannot be printed: {error.strerror}", error)
        return ExitCode.RESOURCES
    _tell(
        f"this is a bug in BEAF: {type(error).__name__}: {error}\n"
        "  → run it again with --debug, and report what it prints",
        error,
    )
    return ExitCode.BUG


def _tell(message: str, error: BaseException) -> None:
    if debug_wanted():
        import traceback

        traceback.print_exception(error)
    click.echo(f"error: {message}", err=True)
