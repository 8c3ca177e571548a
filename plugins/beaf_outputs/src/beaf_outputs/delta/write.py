"""How are the rows of a partition replaced in one commit, whoever else writes to the table?

Files and receipt are put beside the table first; nothing refers to them. One commit removes the
files of the partition, adds the new ones and sets its number. Of two writers of one partition one
commits first; the other learns it from the number, and replaces those rows whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from beaf_core import PartitionRun, Receipt, Target, UsageError
from beaf_outputs.added import PARTITION_KEY, with_added
from beaf_outputs.delta.commit import REPEATED, Change, landed
from beaf_outputs.delta.files import Writer, key_folder
from beaf_outputs.delta.fitting import Fitted, comments, fitted
from beaf_outputs.delta.receipts import keep, new_number
from beaf_outputs.delta.schema import delta_schema
from beaf_outputs.delta.table import Place
from beaf_outputs.kept import About
from beaf_outputs.stores.local import disk_refusals

if TYPE_CHECKING:
    from beaf_outputs.delta import Config


def write(frame: pl.LazyFrame, target: Target, partition: PartitionRun, options: Config) -> Receipt:
    """Replace a partition.

    Raises:
        UsageError: columns that a Delta table, or this one, cannot take.
        LockedError: others write to the same partition all the time.
        ResourceError: the place cannot be written.
    """
    place = Place(target.location(partition), target.storage_options)
    given = frame.collect_schema()
    rows = with_added(frame, target, partition, key=True).drop(PARTITION_KEY)
    fit = fitted(rows.collect_schema(), int64=options.delta_timestamps == "int64")
    change = _planned(place, target, partition, options, fit)
    key_folder(partition.key)
    change.check(place.table())
    writer = Writer(
        place, partition.key, change.number, target.partition_columns, options.compression
    )
    with _values_that_fit(fit), disk_refusals(place.location):
        files = writer.write(rows.select(fit.expressions()), fit.stored)
    receipt = Receipt(
        target.type,
        place.location,
        sum(each.rows for each in files),
        partition.key,
        dict(target.stamp),
    )
    keep(place, receipt, About(target.meaning, given), change.number)
    told = landed(replace(change, files=files, rows=receipt.rows))
    told[REPEATED] += place.store.repeated
    return replace(receipt, notes=fit.notes() | +told)  # + leaves out what never happened


def remove(target: Target, receipt: Receipt) -> bool:
    """Remove a partition's rows, and with them its receipt."""
    place = Place(receipt.location, target.storage_options)
    table = place.table()
    if table is None or table.files_of([receipt.partition]).is_empty():
        return True
    landed(
        Change(
            place,
            receipt.partition,
            new_number(),
            table.raw.schema(),
            table.partition_columns,
            stamp=receipt.stamp,
            keeps_schema=True,
        )
    )
    return True


def _planned(
    place: Place, target: Target, partition: PartitionRun, options: Config, fit: Fitted
) -> Change:
    return Change(
        place,
        partition.key,
        new_number(),
        delta_schema(fit.stored, comments(target.meaning, fit.given, fit.stored)),
        [*target.partition_columns, PARTITION_KEY],
        alone=options.delta_mode == "overwrite",
        anew=options.schema_mode == "overwrite",
        add_columns=options.schema_mode == "add_columns",
        absent=fit.untyped,
        name=f"{target.dataset}_{target.pass_name}"[:255],
        description=_description(target),
        properties=options.delta_properties,
        stamp=target.stamp,
    )


def _description(target: Target) -> str:
    facts = target.meaning.facts
    width = facts.get("time_bucket_seconds")
    bars = f"; buckets of {width} s" if width else ""
    anchor = facts.get("time_bucket_anchor")
    at = f", labelled at their {anchor}" if width and anchor else ""
    return f"The pass {target.pass_name} of {target.dataset[:200]}{bars}{at}. Written by BEAF."


@contextmanager
def _values_that_fit(fit: Fitted) -> Iterator[None]:
    try:
        yield
    except pl.exceptions.InvalidOperationError as error:
        if not fit.narrowed or "conversion from" not in str(error):
            raise
        raise UsageError(
            f"values are too large for a Delta table in {', '.join(fit.narrowed)}: "
            f"{str(error).splitlines()[0]}",
            remedy="cast them to Float64, to Decimal, or to text",
        ) from error
