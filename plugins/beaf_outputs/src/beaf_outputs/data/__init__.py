"""`beaf data`: what do outputs hold, and how are they kept in order?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

#: How long what nothing lists any more is kept, unless a person says otherwise: a week, in which
#: readers and writers that knew of it have long ended.
KEEP_HOURS = 168.0

_PATH = click.argument("path", required=False)
_PIPELINE = click.option(
    "--pipeline",
    "-p",
    metavar="FILE",
    help="Without PATH: the outputs of this pipeline. With an s3:// PATH: whose S3_STORAGE_OPTIONS "
    "to take; else those of the nearest beaf.yaml, or the environment's.",
)
_PASS = click.option("--pass", "pass_name", metavar="NAME", help="Of one pass of the pipeline.")
_APPLY = click.option("--apply", is_flag=True, help="Do it; without this, only say what it does.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")


def _asks_for_place(command: F) -> F:
    for option in (_JSON, _PASS, _PIPELINE, _PATH):
        command = option(command)
    return command


def _tell(text: str) -> None:
    click.echo(f"note: {text}", err=True)


@click.group("data")
def data() -> None:
    """Look at what outputs hold, and keep tables and datasets in order."""


@data.command("describe")
@_asks_for_place
@click.option("--table", metavar="NAME", help="The table, where PATH is the URL of a database.")
@click.option("--all", "whole", is_flag=True, help="List every partition, however many.")
def describe(
    path: str | None,
    pipeline: str | None,
    pass_name: str | None,
    table: str | None,
    whole: bool,
    as_json: bool,
) -> None:
    """Say what outputs hold, and what it means.

    PATH is a parquet file or a folder of such, a dataset of files or a Delta table, here or on
    s3://, or the URL of a database with --table. No rows are read.
    """
    from beaf_outputs.data.answers import described  # polars: half a second
    from beaf_outputs.data.places import Asked
    from beaf_outputs.data.screen import print_described

    asked = Asked(path, pipeline, pass_name, table)
    print_described(described(asked, _tell), asked, whole=whole, as_json=as_json)


@data.command("compact")
@_asks_for_place
@_APPLY
def compact(
    path: str | None, pipeline: str | None, pass_name: str | None, apply: bool, as_json: bool
) -> None:
    """Put the small files of a Delta table or a dataset together. A dry run, without --apply.

    The files of one partition are put together, never those of several: each stays replaceable by
    itself.
    """
    from beaf_outputs.data.answers import compacted
    from beaf_outputs.data.places import Asked
    from beaf_outputs.data.screen import print_upkeep

    asked = Asked(path, pipeline, pass_name)
    print_upkeep(["compact"], compacted(asked, _tell, apply=apply), asked, as_json=as_json)


@data.command("vacuum")
@_asks_for_place
@click.option(
    "--keep_hours",
    type=click.FloatRange(min=0),
    default=KEEP_HOURS,
    show_default=True,
    help="Leave what is younger: a reader, or a writer that has not finished, may need it.",
)
@_APPLY
def vacuum(
    path: str | None,
    pipeline: str | None,
    pass_name: str | None,
    keep_hours: float,
    apply: bool,
    as_json: bool,
) -> None:
    """Remove files of a Delta table or a dataset that nothing lists. A dry run, without --apply.

    Such are what a killed writer has left, and files of partitions that have been replaced.
    """
    from beaf_outputs.data.answers import vacuumed
    from beaf_outputs.data.places import Asked
    from beaf_outputs.data.screen import print_upkeep

    asked = Asked(path, pipeline, pass_name)
    done = vacuumed(asked, _tell, keep_hours, apply=apply)
    print_upkeep(["vacuum", "--keep_hours", f"{keep_hours:g}"], done, asked, as_json=as_json)
