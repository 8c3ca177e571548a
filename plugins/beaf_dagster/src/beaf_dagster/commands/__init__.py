"""`beaf dagster`: which commands are there? Each is imported when it is run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

#: Command → its line of help, and its home: dagster alone takes two seconds to import.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "doctor": ("Check an instance, and say what to mend.", "beaf_dagster.commands.doctor:doctor"),
    "install": (
        "Put a schedule, or automation, into a pipeline's YAML.",
        "beaf_dagster.commands.install:install",
    ),
    "prune": (
        "Remove events that newer ones have overtaken.",
        "beaf_dagster.commands.prune:prune",
    ),
    "run": (
        "Materialize partitions, here or by a launcher.",
        "beaf_dagster.commands.run:run",
    ),
    "scheduler": (
        "Install, look after and remove the daemon.",
        "beaf_dagster.commands.scheduler:scheduler",
    ),
    "setup": (
        "Write an instance, a workspace and definitions.",
        "beaf_dagster.commands.setup:setup",
    ),
    "sync": (
        "Tell Dagster of outputs and inputs that it does not know.",
        "beaf_dagster.commands.sync:sync",
    ),
    "ui": ("Start the web page, and no daemon.", "beaf_dagster.commands.ui:ui"),
    "uninstall": (
        "Take a schedule out of a pipeline's YAML.",
        "beaf_dagster.commands.install:uninstall",
    ),
}


class LazyGroup(click.Group):
    """A group whose commands are known by their lines of help, and imported when they are run."""

    def __init__(
        self, *args: object, homes: Mapping[str, tuple[str, str]], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own, handed on
        self._homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands, in their order."""
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is asked for."""
        if cmd_name not in self._homes:
            return None
        module, _, name = self._homes[cmd_name][1].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list without importing a command."""
        if self._homes:
            with formatter.section("Commands"):
                formatter.write_dl([(name, home[0]) for name, home in self._homes.items()])


@click.group("dagster", cls=LazyGroup, homes=_COMMANDS)
def dagster() -> None:
    """Run, schedule and watch pipelines with Dagster."""
