"""`beaf job`: which commands are there? Each is imported when it is run."""

from __future__ import annotations

import click


@click.group("job")
def job() -> None:
    """Run pipelines on BMLL's machines, now or on a schedule."""
