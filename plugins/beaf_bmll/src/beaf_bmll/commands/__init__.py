"""`beaf job`: which commands are there? Each is imported when it is run."""

from __future__ import annotations

import click

from beaf_bmll.needs import NEEDS
from beaf_core import BeafGroup, LazyCommand

_HOME = "beaf_bmll.commands"

#: The vendor's package alone takes three seconds to import.
_COMMANDS = (
    LazyCommand("run", "Run a pipeline on a machine, once, now.", f"{_HOME}.run:run"),
    LazyCommand(
        "install", "Run a pipeline on a schedule, or when data arrive.", f"{_HOME}.install:install"
    ),
    LazyCommand("uninstall", "Take such a schedule away.", f"{_HOME}.install:uninstall"),
    LazyCommand("list", "List jobs, and what runs.", f"{_HOME}.list:list_jobs"),
    LazyCommand("status", "Say how a run stands.", f"{_HOME}.status:status"),
    LazyCommand("logs", "Print what a run has said.", f"{_HOME}.logs:logs"),
    LazyCommand("cancel", "End a run.", f"{_HOME}.cancel:cancel"),
    LazyCommand(
        "bootstrap", "Put, or show, what prepares machines.", f"{_HOME}.bootstrap:bootstrap"
    ),
    LazyCommand("doctor", "Find what broken submissions left.", f"{_HOME}.doctor:doctor"),
    LazyCommand(
        "conformance", "Record how BMLL's servers answer; reads only.", f"{_HOME}.conformance:main"
    ),
)


@click.group("job", cls=BeafGroup, lazy=_COMMANDS, needs=NEEDS)
def job() -> None:
    """Run pipelines on BMLL's machines, now or on a schedule."""
