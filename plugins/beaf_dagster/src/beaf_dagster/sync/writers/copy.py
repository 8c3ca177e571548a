"""How are events copied into PostgreSQL, a hundred thousand in ten seconds?

COPY with text rendered from one template, over the storage's own engine and psycopg2. Ids are drawn
from the sequence of the table, so concurrent writers never meet. The asset is made known by the
storage's own method. Whatever is not as this Dagster would have it is refused before a row is sent.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from beaf_dagster.private import AssetEventTagsTable, SqlEventLogStorage, SqlEventLogStorageTable
from beaf_dagster.sync import storage as log
from beaf_dagster.sync.events import Row, Telling, rows_of
from beaf_dagster.sync.writers.rendering import TAG_COLUMNS, Rendering

_IDS = "SELECT nextval(pg_get_serial_sequence('event_logs', 'id')) FROM generate_series(1, %s)"
#: Sent at once, so that a chunk never stands in memory as text.
_PIECE = 5_000


@dataclass(frozen=True, slots=True)
class CopyWriter:
    """Events, tags and the asset itself, all or nothing."""

    storage: SqlEventLogStorage
    name: ClassVar[str] = "copy"
    chunk: ClassVar[int] = 50_000

    def write(self, telling: Telling, partitions: pl.DataFrame) -> int:
        """Write the events of one chunk.

        Raises:
            WriterRefusedError: events or rows look otherwise than this Dagster makes them.
        """
        if partitions.is_empty():
            return 0
        rendering = Rendering(self.storage, telling)
        first, last = (next(rows_of(each)) for each in (partitions.head(1), partitions.tail(1)))
        for probe in (first, last):
            rendering.check(probe)
        with log.transaction(self.storage) as connection:
            with log.driver_of(connection).cursor() as cursor:
                ids = _drawn(cursor, partitions.height)
                for at in range(0, len(ids), _PIECE):
                    rows = list(rows_of(partitions.slice(at, _PIECE)))
                    _send(cursor, rendering, rows, ids[at : at + _PIECE])
            log.store_asset(self.storage, connection, telling.entry(last), ids[-1])
        return len(ids)


def _drawn(cursor: Any, count: int) -> list[int]:
    """Draw ids that no other writer will get, in the order of the rows."""
    cursor.execute(_IDS, (count,))
    return sorted(int(row[0]) for row in cursor.fetchall())


def _send(cursor: Any, rendering: Rendering, rows: Sequence[Row], ids: Sequence[int]) -> None:
    events = "".join(map(rendering.event, rows, ids))
    _copy(cursor, SqlEventLogStorageTable.name, rendering.columns, events)
    tags = "".join(map(rendering.tags, rows, ids))
    _copy(cursor, AssetEventTagsTable.name, TAG_COLUMNS, tags)


def _copy(cursor: Any, table: str, columns: Sequence[str], text: str) -> None:
    # Names of tables and columns are the storage's own, never a person's.
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.BytesIO(text.encode()))
    if cursor.rowcount != text.count("\n"):
        raise RuntimeError(f"{table} took {cursor.rowcount} rows of {text.count(chr(10))}")
