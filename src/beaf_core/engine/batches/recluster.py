"""How are batches of listings read from a file whose rows stand in another order?

Where rows are sorted by time, each row group holds every listing, and each batch would read the
whole file: 20 million rows of L3, 8 columns, counts and lifetimes, CPU seconds:

| batches | sorted by listing | by time, read for each batch | by time, sorted into files once |
|---|---|---|---|
| 5 | 5.1 | 9.0 | 7.9 |
| 18 | 5.1 | 19.4 | 7.4 |

So from four readings on, one pass writes the rows of each batch to a file of its own,
uncompressed: lz4 costs 2.3 s more than it saves, parquet 1.9.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.unreadable import UNREADABLE
from beaf_core.engine.work import PassWork

if TYPE_CHECKING:
    from beaf_core.engine.batches.batch import Step
    from beaf_core.engine.batches.workfolder import WorkFolder
    from beaf_core.engine.planning.tables import TableOnDay

#: How often a table must be read whole, before sorting it into files costs less.
WORTH = 4
#: An upper bound of what a value takes in a file: the view of a text.
BYTES_PER_VALUE = 16
#: Which share of a disk's free room the files may take.
OF_FREE_ROOM = 0.5

#: Pass, day and table.
Place = tuple[str, str, str]
#: Where the rows of one batch lie; no file where it has none.
Inputs = Mapping[Place, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One table of a day, as a pass reads it."""

    place: Place
    table: TableOnDay


def sort_into_files(steps: Sequence[Step], folder: WorkFolder) -> list[Inputs]:
    """Write the rows of each batch to files, for the tables where that costs less.

    Args:
        steps: a plan; steps that are not cut keep reading the source.
        folder: where the files go; the caller removes them.

    Returns:
        For each step the files to read in place of the source.
    """
    found: list[dict[Place, tuple[str, ...]]] = [{} for _ in steps]
    cut = [place for place, step in enumerate(steps) if step.batch.listings is not None]
    batches = [steps[place].batch.listings or () for place in cut]
    for reading in _readings([steps[place] for place in cut]):
        if readings_of(reading.table, batches) < WORTH or not _has_room(reading.table, folder):
            continue
        files = _written(reading, batches, folder.path)
        if files is not None:
            for place, of_batch in zip(cut, files, strict=True):
                found[place][reading.place] = of_batch
    return list(found)


def _readings(steps: Sequence[Step]) -> Iterator[Reading]:
    """List what the steps read; those that are cut all have the same passes."""
    for work in steps[0].work if steps else ():
        for plan in work.plans:
            for table in plan.tables:
                name = table.plan.table
                yield Reading((work.resolved.name, plan.day.isoformat(), name), table)


def readings_of(table: TableOnDay, batches: Sequence[Sequence[int]]) -> float:
    """Say how often the rows of a table are read, if each batch skips what it can.

    1 is ideal. Where a part does not tell of its row groups, every batch has to read it. A table
    without parts is made of others: nothing is known of it, and 0 returned.
    """
    total = read = 0
    for part in table.read.parts:
        whole = [(part.rows or 0, *(part.listings or (batches[0][0], batches[-1][-1])))]
        for rows, low, high in whole if part.row_groups is None else part.row_groups:
            total += rows
            read += rows * sum(each[0] <= high and low <= each[-1] for each in batches)
    return read / total if total else 0


def _has_room(table: TableOnDay, folder: WorkFolder) -> bool:
    rows = sum(part.rows or 0 for part in table.read.parts)
    columns = len(table.rows.collect_schema())
    free = shutil.disk_usage(folder.path).free
    return rows * columns * BYTES_PER_VALUE <= OF_FREE_ROOM * free


def _written(
    reading: Reading, batches: Sequence[Sequence[int]], folder: Path
) -> list[tuple[str, ...]] | None:
    """Write a table's rows by batch; None where that fails: reading the source tells why."""
    own = folder / "-".join(reading.place).translate(_SAFE)
    number = {listing: place for place, batch in enumerate(batches) for listing in batch}
    batch_of = (
        pl.col(LISTING).cast(pl.Int64).replace_strict(number, default=None, return_dtype=pl.Int32)
    )
    names: list[list[str]] = [[] for _ in batches]

    def name(file: Any) -> str:
        # A partition with many others is closed and opened again, as a further file.
        batch = file.partition_keys.item()
        path = str(own / f"{batch}-{file.index_in_partition}.arrow")
        if batch is not None:  # a listing that nobody asked for, though sources leave those out
            names[batch].append(path)
        return path

    target = pl.PartitionBy(
        own,
        key=batch_of.alias("__batch"),
        include_key=False,
        file_path_provider=name,
        approximate_bytes_per_file=None,
    )
    try:
        reading.table.rows.sink_ipc(
            target, compression="uncompressed", engine="streaming", mkdir=True
        )
    except UNREADABLE:
        shutil.rmtree(own, ignore_errors=True)
        return None
    return [tuple(each) for each in names]


_SAFE = str.maketrans({"/": "_", "\\": "_", ":": "_"})


def with_inputs(work: PassWork, inputs: Inputs) -> PassWork:
    """Return a pass's work that reads the files of its batch in place of the source."""

    def of_day(day: str, table: TableOnDay) -> TableOnDay:
        place = (work.resolved.name, day, table.plan.table)
        if place not in inputs:
            return table
        files = inputs[place]
        frame = pl.scan_ipc(list(files)) if files else table.rows.collect_schema().to_frame().lazy()
        return replace(table, read=replace(table.read, frame=frame))

    plans = [
        replace(plan, tables=tuple(of_day(plan.day.isoformat(), each) for each in plan.tables))
        for plan in work.plans
    ]
    return replace(work, plans=plans)
