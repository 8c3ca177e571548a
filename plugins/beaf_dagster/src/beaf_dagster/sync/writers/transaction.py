"""How are events written in one transaction, as rows of the storage's own mapper?

SQLite commits each event of a batch by itself: thirty times slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from beaf_dagster.private import SqlEventLogStorage, SqlEventLogStorageTable
from beaf_dagster.sync import storage as log
from beaf_dagster.sync.events import Telling, rows_of


@dataclass(frozen=True, slots=True)
class TransactionWriter:
    """Events, tags and the asset itself, all or nothing.

    SQLite keeps the events of each run in a file of its own, too; events of no run are asked for
    in the shared one alone, and only written there.
    """

    storage: SqlEventLogStorage
    name: ClassVar[str] = "transaction"
    chunk: ClassVar[int] = 5_000

    def write(self, telling: Telling, partitions: pl.DataFrame) -> int:
        """Write the events of one chunk."""
        events = [telling.entry(each) for each in rows_of(partitions)]
        if not events:
            return 0
        rows = [log.row_of(self.storage, each) for each in events]
        # In the order of the rows: the newest event of a partition is the one of the highest id.
        statement = SqlEventLogStorageTable.insert().returning(
            SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
        )
        with log.transaction(self.storage) as connection:
            ids = [int(row[0]) for row in connection.execute(statement, rows)]
            log.store_tags(self.storage, connection, events, ids)
            log.store_asset(self.storage, connection, events[-1], ids[-1])
        return len(ids)
