"""How are events written by Dagster's own method for many at once?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from beaf_dagster.private import EventLogStorage
from beaf_dagster.sync.events import Telling, rows_of


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """`store_event_batch`: one statement on PostgreSQL, a loop over events elsewhere.

    On PostgreSQL a batch makes only the asset of its last event known: a `Telling` has one asset.
    """

    storage: EventLogStorage
    name: ClassVar[str] = "batch"
    chunk: ClassVar[int] = 1_000

    def write(self, telling: Telling, partitions: pl.DataFrame) -> int:
        """Write the events of one chunk."""
        events = [telling.entry(each) for each in rows_of(partitions)]
        self.storage.store_event_batch(events)
        return len(events)
