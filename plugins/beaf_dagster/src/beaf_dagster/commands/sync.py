"""`beaf dagster sync`: which outputs and inputs does Dagster's event log not know yet?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from beaf_core import DatePartition, ExitCode, UsageError
from beaf_dagster.commands import options

#: How many days of inputs are looked for where no dates are given: each is asked for by itself.
INPUT_DAYS = 30

WRITERS = ("auto", "batch", "transaction", "copy")


@click.command("sync")
@options.PIPELINES
@click.option(
    "--tables",
    help="Input tables, such as l2,l3,trades, or all that the pipelines read. Outputs are then "
    "left out, unless --outputs says otherwise.",
)
@click.option("--outputs/--no_outputs", default=None, help="Whether outputs are told of.")
@click.option("--start_date", help="The first day; by default all days of outputs.")
@click.option("--end_date", help=f"The last day. Inputs without dates: the last {INPUT_DAYS} days.")
@click.option(
    "--paths",
    multiple=True,
    metavar="PATH",
    help="These files alone, here or on s3://; separated by commas, or given several times.",
)
@click.option(
    "--emit_materializations/--no_emit_materializations",
    default=True,
    show_default=True,
    help="Tell that partitions were made.",
)
@click.option(
    "--emit_observations/--no_emit_observations",
    default=False,
    show_default=True,
    help="Tell that they were seen: an event more for each.",
)
@click.option("--split_passes", is_flag=True, help="Each pass is an asset of its own.")
@options.ASSET_KEY_PREFIX
@click.option("--reconcile", is_flag=True, help="Name recorded partitions that have vanished.")
@click.option(
    "--start_over",
    is_flag=True,
    help="With --reconcile: of an asset with vanished partitions, wipe all that is recorded, its "
    "history too, and tell of what is there. Dagster cannot forget a single partition.",
)
@click.option(
    "--writer", type=click.Choice(WRITERS), default="auto", show_default=True, help="Who writes."
)
@click.option(
    "--batch_size", type=click.IntRange(1, 50_000), help="Events at once; the writer's own number."
)
@click.option(
    "--refresh_status_cache/--wipe_status_cache",
    default=True,
    show_default=True,
    help="Count partitions anew at once, or when somebody looks.",
)
@options.HOME
@click.option("--dry_run", is_flag=True, help="Say what would be written.")
@options.JSON
def sync(
    pipelines: Sequence[str],
    tables: str | None,
    outputs: bool | None,
    start_date: str | None,
    end_date: str | None,
    paths: Sequence[str],
    emit_materializations: bool,
    emit_observations: bool,
    split_passes: bool,
    asset_key_prefix: str,
    reconcile: bool,
    start_over: bool,
    writer: str,
    batch_size: int | None,
    refresh_status_cache: bool,
    dagster_home: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Tell Dagster of partitions that were written without it, and of input files.

    Compares what lies in the outputs and the source with the event log, by data version, and writes
    events for what is new or has changed: a second sync writes nothing. Whoever is interrupted goes
    on with the next one.
    """
    from beaf_dagster.sync.events import EventKind  # dagster: two seconds
    from beaf_dagster.sync.instance import alone, opened_instance
    from beaf_dagster.sync.run import Choices, synchronize
    from beaf_dagster.sync.screen import print_synced
    from beaf_dagster.sync.wanted import Wanted, listings
    from beaf_dagster.sync.writers.choose import WriterName

    kinds = [EventKind.MATERIALIZATION] if emit_materializations else []
    kinds += [EventKind.OBSERVATION] if emit_observations else []
    if not kinds:
        raise UsageError(
            "neither materializations nor observations are to be told",
            remedy="leave --no_emit_materializations out, or add --emit_observations",
        )
    if start_over and not reconcile:
        raise UsageError("--start_over belongs to --reconcile", remedy="add --reconcile")
    if start_over and not emit_materializations:
        raise UsageError(
            "--start_over forgets materializations, and --no_emit_materializations does not tell "
            "of them anew",
            remedy="leave one of the two out",
        )
    wanted = Wanted(
        tuple(pipelines),
        _words([tables]) if tables else None,
        outputs,
        _dates(start_date, end_date),
        _words(paths),
        split_passes,
        asset_key_prefix,
        remember=not dry_run,
    )
    choices = Choices(
        tuple(kinds), WriterName(writer), batch_size, refresh_status_cache, dry_run, start_over
    )
    with alone(dagster_home), opened_instance(dagster_home) as instance:
        found, faults = listings(instance, wanted)
        done = list(synchronize(instance, found, choices, _tell))
    print_synced(done, dry_run=dry_run, reconcile=reconcile, as_json=as_json)
    for each in faults:
        _tell(f"left out: {each}")
    if faults:
        return ExitCode.PARTLY_FAILED
    missing = reconcile and any(each.plan.vanished and not each.wiped for each in done)
    return ExitCode.DATA_MISSING if missing else ExitCode.OK


def _words(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip() for each in given for word in each.split(",") if word.strip())


def _dates(start: str | None, end: str | None) -> DatePartition | None:
    if start is None and end is None:
        return None
    if start is None:
        raise UsageError("--end_date is given, --start_date is not", remedy="give both")
    return DatePartition(start, end or datetime.now(UTC).date().isoformat())


def _tell(text: str) -> None:
    click.echo(f"note: {text}", err=True)
