"""Which writer is the fastest that fits an event log?

Those that write past the storage's own methods refuse where its schema is not the one that this
Dagster knows; `batch` then takes their place, told so.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import polars as pl

from beaf_core import UsageError
from beaf_dagster.private import EventLogStorage, SqlEventLogStorage
from beaf_dagster.sync import storage as log
from beaf_dagster.sync.events import Telling
from beaf_dagster.sync.writers.batch import BatchWriter

#: Tells a person what should not be kept from them.
Tell = Callable[[str], None]

#: Below so many events COPY gains nothing over a batch.
FEW = 500


class WriterName(StrEnum):
    """What a person may choose."""

    AUTO = "auto"
    BATCH = "batch"
    TRANSACTION = "transaction"
    COPY = "copy"


class Writer(Protocol):
    """Writes events of one asset."""

    @property
    def name(self) -> str:
        """Of `WriterName`."""

    @property
    def chunk(self) -> int:
        """How many events it writes at once."""

    def write(self, telling: Telling, partitions: pl.DataFrame) -> int:
        """Write the events of one chunk; answer how many were written.

        Raises:
            WriterRefusedError: it has written nothing, and never will here.
        """


def choose_writer(storage: EventLogStorage, wanted: WriterName, events: int, tell: Tell) -> Writer:
    """Choose a writer of as many events.

    Raises:
        UsageError: the writer that is wanted cannot write to this event log at all.
    """
    sql = log.as_sql(storage)
    fitting = _fitting(sql, wanted, events)
    if fitting is WriterName.BATCH or sql is None:
        return BatchWriter(storage)
    reason = log.drift(sql)
    if reason is not None:
        tell(f"the event log is written by Dagster's own batches, more slowly: {reason}")
        return BatchWriter(storage)
    if fitting is WriterName.COPY:
        from beaf_dagster.sync.writers.copy import CopyWriter

        return CopyWriter(sql)
    from beaf_dagster.sync.writers.transaction import TransactionWriter

    return TransactionWriter(sql)


def _fitting(sql: SqlEventLogStorage | None, wanted: WriterName, events: int) -> WriterName:
    dialect, driver = log.dialect_of(sql) if sql else ("", "")
    copies = (dialect, driver) == ("postgresql", "psycopg2")
    if wanted is WriterName.AUTO:
        return _fastest(dialect, copies, events)
    if wanted is WriterName.COPY and not copies:
        raise UsageError(
            "the event log cannot be copied to: it is not PostgreSQL by psycopg2",
            remedy="leave --writer out",
        )
    if wanted is WriterName.TRANSACTION and sql is None:
        raise UsageError(
            "the event log is not one of Dagster's SQL storages", remedy="leave --writer out"
        )
    return wanted


def _fastest(dialect: str, copies: bool, events: int) -> WriterName:
    if dialect == "sqlite":
        return WriterName.TRANSACTION
    return WriterName.COPY if copies and events >= FEW else WriterName.BATCH
