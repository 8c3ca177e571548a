"""Does a command take what a page types? Read without running it, as `beaf` itself would."""

from __future__ import annotations

from collections.abc import Sequence

import click

from beaf_core.cli import app


def check_typed(words: Sequence[str]) -> None:
    """Read a command line after `beaf`; a command or an option that is not there is an error."""
    context: click.Context = click.Context(app, info_name="beaf")
    command: click.Command = app
    rest = list(words)
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {' '.join(words)}"
        # As `make_context` does, without running the command.
        context = click.Context(found, info_name=rest[0], parent=context, **found.context_settings)
        command, rest = found, rest[1:]
    command.parse_args(context, rest)
