"""How do the rows of a partition become data files of a table, with what the log says of them?

polars writes them; a file that no commit names is no part of the table, so nothing is half there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from beaf_core import UsageError
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.delta.table import FOLDER, PREFIX, Place

#: A file holds about so many bytes of rows in memory, a third of them on disk.
_FILE_BYTES = 2**30

#: Delta readers look at the bounds of the first columns only.
_COLUMNS_WITH_BOUNDS = 32
#: Longer texts would have to be cut, and a cut upper bound is below what it bounds.
_LONGEST_BOUND = 32

#: Names of folders have at most 255 bytes.
_LONGEST_NAME = 255

_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class DataFile:
    """A file that is in place, and not yet part of the table.

    Attributes:
        path: relative to the table.
        bytes: its size.
        rows: how many.
        values: partition column → value as text.
        stats: what the log says of its columns, as JSON.
    """

    path: str
    bytes: int
    rows: int
    values: Mapping[str, str | None]
    stats: str

    def action(self) -> AddAction:
        """Give the action that adds the file."""
        return AddAction(
            self.path, self.bytes, dict(self.values), int(time.time() * 1000), True, self.stats
        )


@dataclass(frozen=True)
class Writer:
    """Writes the files of one partition.

    Attributes:
        place: the table's.
        key: of the partition.
        number: of the write.
        columns: partition columns besides `PartitionKey`.
        compression: of column chunks.
    """

    place: Place
    key: str
    number: int
    columns: Sequence[str]
    compression: Any

    def write(self, frame: pl.LazyFrame, schema: pl.Schema) -> list[DataFile]:
        """Write the rows, in one file or several, and one for no rows at all.

        Args:
            frame: the rows as they are stored.
            schema: of the frame.
        """
        with self.place.store.staging(f"{FOLDER}/{PREFIX}{self.number}") as offered:
            staged = offered.absolute()  # what is relative may look like a URL
            parts: list[tuple[Path, dict[str, Any]]] = []
            try:
                self._sink(frame, staged, parts)
                if not parts:  # without rows there is no value of a partition column either
                    parts.append((staged, dict.fromkeys(self.columns)))
                    schema.to_frame().drop(self.columns).write_parquet(staged)
                return [self._put(index, *each) for index, each in enumerate(parts)]
            finally:
                for path, _ in parts:
                    path.unlink(missing_ok=True)

    def _sink(
        self, frame: pl.LazyFrame, staged: Path, parts: list[tuple[Path, dict[str, Any]]]
    ) -> None:
        def next_path(file: Any) -> str:
            path = staged.with_name(f"{staged.name}.{len(parts)}")
            parts.append((path, file.partition_keys.row(0, named=True) if self.columns else {}))
            return path.name

        frame.sink_parquet(
            pl.PartitionBy(
                staged.parent,
                file_path_provider=next_path,
                key=list(self.columns) or None,
                include_key=False if self.columns else None,
                max_rows_per_file=None if self.columns else 2**32 - 2,
                approximate_bytes_per_file=_FILE_BYTES,
            ),
            compression=self.compression,
            engine="streaming",
        )

    def _put(self, index: int, staged: Path, values: Mapping[str, Any]) -> DataFile:
        texts = {name: partition_text(name, value) for name, value in values.items()}
        folders = [folder_of(name, text) for name, text in texts.items()]
        name = f"{PREFIX}{self.number}-{index:04}.parquet"
        path = "/".join([*folders, key_folder(self.key), name])
        metadata, size = pq.read_metadata(staged), staged.stat().st_size
        self.place.store.put(staged, path)
        return DataFile(
            path,
            size,
            metadata.num_rows,
            {**texts, PARTITION_KEY: self.key},
            json.dumps(_stats(metadata)),
        )


def key_folder(key: str) -> str:
    """Name the folder of a partition as Hive does: polars reads the key from there.

    Raises:
        UsageError: no folder can have so long a name.
    """
    name = folder_of(PARTITION_KEY, key)
    if len(name) > _LONGEST_NAME:
        raise UsageError(
            f"{key!r} is too long to name a partition of a Delta table: "
            f"as a folder's name it has {len(name)} bytes, and {_LONGEST_NAME} are the most",
            remedy="give the universe a shorter name; letters that are not ASCII take six or more",
        )
    return name


def folder_of(column: str, text: str | None) -> str:
    """Name the folder of a value of a partition column as Hive does."""
    return f"{quote(column, safe='$')}={_NULL if text is None else quote(text, safe='')}"


def partition_text(name: str, value: Any) -> str | None:
    """Spell a value of a partition column as the log does.

    Raises:
        UsageError: it cannot be one.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) or (isinstance(value, str) and value):
        return str(value)
    what = "an empty text" if value == "" else f"a value of the type {type(value).__name__}"
    raise UsageError(
        f"partition_columns: {name} holds {what}, which cannot name a partition of a Delta table",
        remedy="partition by dates, whole numbers and texts that are not empty",
    )


def _stats(metadata: pq.FileMetaData) -> dict[str, Any]:
    """Gather rows, nulls and bounds.

    Floats have no bounds: what is not a number counts as the largest for some readers and as
    nothing for others, and a bound that leaves it out would hide rows.
    """
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    schema = metadata.schema
    for index in range(min(metadata.num_columns, _COLUMNS_WITH_BOUNDS)):
        if schema.column(index).path != schema.column(index).name:
            continue  # inside a list or a struct
        found = [
            metadata.row_group(group).column(index).statistics
            for group in range(metadata.num_row_groups)
        ]
        name = schema.column(index).name
        if not found or any(each is None for each in found):
            continue
        if all(each.has_null_count for each in found):
            nulls[name] = sum(each.null_count for each in found)
        bounded = [each for each in found if each.has_min_max]
        if len(bounded) == len(found) and _is_bounded(bounded):
            low[name] = _json(min(each.min for each in bounded))
            high[name] = _json(max(each.max for each in bounded))
    return {
        "numRecords": metadata.num_rows,
        "minValues": low,
        "maxValues": high,
        "nullCount": nulls,
    }


def _is_bounded(found: Sequence[Any]) -> bool:
    for each in found:
        for value in (each.min, each.max):
            if isinstance(value, bool) or not isinstance(value, int | str | date):
                return False
            if isinstance(value, str) and len(value) > _LONGEST_BOUND:
                return False
    return True


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{text}Z" if value.tzinfo else text
    return value.isoformat() if isinstance(value, date) else value
