"""What does a table hold of some partitions, and what does it say of itself?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import polars as pl

from beaf_core import PartitionRun, Receipt, Target
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.delta.files import folder_of, partition_text
from beaf_outputs.delta.receipts import about_of, kept_of
from beaf_outputs.delta.table import Place, Table
from beaf_outputs.kept import Described, Kept, concatenated, restored, union

#: The feature of tables whose files hold rows that are deleted.
DELETION_VECTORS = "deletionVectors"


def read(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Scan the rows of the partitions that have been written; None where none has."""
    by_location: dict[str, list[str]] = {}
    for each in partitions:
        by_location.setdefault(target.location(each), []).append(each.key)
    frames = [
        frame
        for location, keys in by_location.items()
        if (frame := _read(Place(location, target.storage_options), keys)) is not None
    ]
    return concatenated(frames)


def find(target: Target, partition: PartitionRun) -> Receipt | None:
    """Find the receipt of a partition."""
    place = Place(target.location(partition), target.storage_options)
    table = place.own_table()
    if table is None:
        return None
    kept = kept_of(place, table, [partition.key]).get(partition.key)
    return kept.receipt if kept else None


def overlapping(target: Target, partition: PartitionRun) -> list[Receipt]:
    """List the receipts of the same universe that hold any of the days."""
    place = Place(target.location(partition), target.storage_options)
    table = place.table()
    if table is None or not table.is_ours:
        return []
    keys = [key for key in table.keys if _may_overlap(key, partition)]
    return [each.receipt for each in kept_of(place, table, keys).values()]


def described(location: str, storage_options: Mapping[str, str]) -> Described | None:
    """Say what a table holds and means; None where no Delta table is."""
    place = Place(location, storage_options)
    table = place.table()
    if table is None:
        return None
    kept = kept_of(place, table, table.keys) if table.is_ours else {}
    newest = max(kept, key=lambda key: table.number(key) or 0, default=None)
    about = about_of(place, kept[newest].about) if newest else None
    stored = {each.name: each.type.to_json().strip('"') for each in table.raw.schema().fields}
    return Described(
        "delta", location, tuple(each.receipt for each in kept.values()), about, stored
    )


def _may_overlap(key: str, partition: PartitionRun) -> bool:
    universe, _, dates = key.rpartition(":")
    start, _, end = dates.partition("_")
    if universe != partition.universe.spec:
        return False
    # ISO dates sort as days do.
    return start <= partition.dates.end_date and (end or start) >= partition.dates.start_date


def _read(place: Place, keys: Sequence[str]) -> pl.LazyFrame | None:
    table = place.table()
    if table is None:
        return None
    files = table.files_of(keys)
    if files.is_empty():
        return None
    kept = kept_of(place, table, keys)
    given = _given(place, table, kept)
    if DELETION_VECTORS in (table.raw.protocol().reader_features or ()):  # others have turned it on
        rows = pl.scan_delta(table.raw).filter(pl.col(PARTITION_KEY).is_in(list(keys)))
    else:
        rows = _scanned(place, table, files, _as_given(table.schema, given))
    return restored(rows, given or _without_added(table))


def _given(place: Place, table: Table, kept: Mapping[str, Kept]) -> pl.Schema:
    """Give the columns as they were handed in, in the order of the newest partition.

    Raises:
        UsageError: their types differ, which a table may keep as one: durations of several units.
    """
    newest = sorted(kept, key=lambda key: table.number(key) or 0, reverse=True)
    digests = dict.fromkeys(kept[key].about for key in newest)
    abouts = (about_of(place, digest) for digest in digests)
    return union([each.schema for each in abouts if each is not None])


def _without_added(table: Table) -> pl.Schema:
    columns = table.schema
    return pl.Schema({name: columns[name] for name in columns if name != PARTITION_KEY})


def _as_given(stored: pl.Schema, given: pl.Schema) -> pl.Schema:
    """Let timestamps be read in their old unit: the scan then prunes files by them."""
    return pl.Schema(
        {
            name: given[name]
            if isinstance(dtype, pl.Datetime) and isinstance(given.get(name), pl.Datetime)
            else dtype
            for name, dtype in stored.items()
        }
    )


def _scanned(place: Place, table: Table, files: pl.DataFrame, columns: pl.Schema) -> pl.LazyFrame:
    """Scan files; what they are partitioned by stands in the log, not in them."""
    by = table.partition_columns
    inside = pl.Schema({name: dtype for name, dtype in columns.items() if name not in by})
    if by == [PARTITION_KEY]:  # which is no column of the pass
        return _scan(place, files, inside)
    named = all(_is_named_by(path, values) for path, values in _values(files, by))
    if named and "=" not in place.root:  # polars would take that for a column, too
        # Files of other venues are not even opened.
        return _scan(place, files, inside, pl.Schema({name: columns[name] for name in by}))
    groups = files.group_by([f"partition.{each}" for each in by], maintain_order=True)
    return pl.concat(
        _scan(place, group, inside).with_columns(
            pl.lit(value, columns[name]).alias(name) for name, value in zip(by, values, strict=True)
        )
        for values, group in groups
    )


def _values(files: pl.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, *values in files.select("path", *(f"partition.{each}" for each in by)).iter_rows():
        yield path, dict(zip(by, values, strict=True))


def _is_named_by(path: str, values: Mapping[str, Any]) -> bool:
    """Say whether the folders of a file tell the values that the log does."""
    folders = unquote(path).split("/")[:-1]
    return all(
        folder_of(name, partition_text(name, each)) in folders for name, each in values.items()
    )


def _scan(
    place: Place, files: pl.DataFrame, columns: pl.Schema, hive: pl.Schema | None = None
) -> pl.LazyFrame:
    return pl.scan_parquet(
        [_full(place, each) for each in files["path"]],
        schema=columns,
        cast_options=pl.ScanCastOptions(
            integer_cast="upcast",
            float_cast="upcast",
            datetime_cast=("upcast", "downcast", "convert-timezone"),
        ),
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=bool(hive),
        hive_schema=hive or None,
        glob=False,
        storage_options=place.store.scan_options,
    )


def _full(place: Place, path: str) -> str:
    """Spell the path of a file in the log, which is a URL, in full."""
    return path if "://" in path else f"{place.root}/{unquote(path)}"
