"""Which columns does an output add to those of a pass?

`PartitionKey` says which partition a row of a table is of, so that exactly its rows are replaced:
universes may overlap, and a bucket that ends at midnight is of the day before. `Date` and
`$dagsterpartitionkey` are added where `partition_columns` lists them.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from beaf_core import PartitionRun, Target, UsageError, did_you_mean

PARTITION_KEY = "PartitionKey"
DATE = "Date"
DAGSTER_KEY = "$dagsterpartitionkey"

TIME_BUCKET = "TimeBucket"


def with_added(
    frame: pl.LazyFrame, target: Target, partition: PartitionRun, *, key: bool
) -> pl.LazyFrame:
    """Add the columns that `partition_columns` asks for and, with `key`, `PartitionKey`.

    Raises:
        UsageError: a partition column that is neither there nor can be added, or one that is there
            already under a name that is to be added.
    """
    names = frame.collect_schema().names()
    if key and PARTITION_KEY in names:
        raise UsageError(
            f"the pass {target.pass_name} yields a column {PARTITION_KEY}, "
            "which tables need for themselves",
            remedy="rename it with metric_prefix",
        )
    wanted = [each for each in target.partition_columns if each not in names]
    added = {DATE: _date, DAGSTER_KEY: _dagster_key}
    unknown = [each for each in wanted if each not in added]
    if unknown:
        known = [*names, *added]
        raise UsageError(
            f"partition_columns: the pass {target.pass_name} has no column "
            f"{', '.join(unknown)}{did_you_mean(unknown[0], known)}",
            remedy=f"take some of {', '.join(known[:8])}, …"
            if len(known) > 8
            else f"take some of {', '.join(known)}",
        )
    columns = [added[each](target, partition, names).alias(each) for each in wanted]
    if key:
        columns.append(pl.lit(partition.key).alias(PARTITION_KEY))
    return frame.with_columns(columns)


def _dagster_key(target: Target, partition: PartitionRun, names: list[str]) -> pl.Expr:
    value = partition.universe.spec.partition("=")[2] or "all"
    return pl.lit(f"{partition.dates.start_date}|{value}")


def _date(target: Target, partition: PartitionRun, names: list[str]) -> pl.Expr:
    dates = partition.dates
    if dates.start == dates.end:
        return pl.lit(dates.start, pl.Date)
    if TIME_BUCKET not in names:
        raise UsageError(
            f"partition_columns: the pass {target.pass_name} has neither {DATE} nor {TIME_BUCKET}",
            remedy=f"leave {DATE} out, or cut it into days with batch_freq: D",
        )
    # The day that a bucket begins on: one that ends at midnight is of the day before.
    label = pl.col(TIME_BUCKET)
    if target.meaning.facts.get("time_bucket_anchor", "end") == "end":
        label = label.dt.cast_time_unit("ns").dt.offset_by("-1ns")  # no coarser unit has it
    return label.dt.date().clip(_literal(dates.start), _literal(dates.end))


def _literal(day: date) -> pl.Expr:
    return pl.lit(day, pl.Date)
