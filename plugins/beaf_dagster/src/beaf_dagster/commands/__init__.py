"""`beaf dagster`: which commands are there? Each is imported when it is run."""

from __future__ import annotations

import click

from beaf_core import BeafGroup, LazyCommand

_HOME = "beaf_dagster.commands"

#: dagster alone takes two seconds to import.
_COMMANDS = (
    LazyCommand("doctor", "Check an instance, and say what to mend.", f"{_HOME}.doctor:doctor"),
    LazyCommand(
        "install",
        "Put a schedule, or automation, into a pipeline's YAML.",
        f"{_HOME}.install:install",
    ),
    LazyCommand("prune", "Remove events that newer ones have overtaken.", f"{_HOME}.prune:prune"),
    LazyCommand("run", "Materialize partitions, here or by a launcher.", f"{_HOME}.run:run"),
    LazyCommand(
        "scheduler", "Install, look after and remove the daemon.", f"{_HOME}.scheduler:scheduler"
    ),
    LazyCommand("setup", "Write an instance, a workspace and definitions.", f"{_HOME}.setup:setup"),
    LazyCommand(
        "sync", "Tell Dagster of outputs and inputs that it does not know.", f"{_HOME}.sync:sync"
    ),
    LazyCommand("ui", "Start the web page, and no daemon.", f"{_HOME}.ui:ui"),
    LazyCommand(
        "uninstall", "Take a schedule out of a pipeline's YAML.", f"{_HOME}.install:uninstall"
    ),
)


@click.group("dagster", cls=BeafGroup, lazy=_COMMANDS)
def dagster() -> None:
    """Run, schedule and watch pipelines with Dagster."""
