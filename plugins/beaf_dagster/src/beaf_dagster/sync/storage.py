"""What is asked of Dagster's event log beyond its public methods? All of it stands here.

Dagster's SQL storages are SQLAlchemy: their own engines, tables and row mappers are used, and no
others. For that alone SQLAlchemy appears outside the outputs. Tests hold each name against the
installed release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from beaf_dagster.private import (
    AssetEventTagsTable,
    AssetKeyTable,
    EventLogEntry,
    EventLogStorage,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
)

if TYPE_CHECKING:
    import dagster as dg
    from sqlalchemy import Connection

#: Whose rows are written past the storage's own methods; they must be what this release knows.
TABLES = (SqlEventLogStorageTable, AssetEventTagsTable, AssetKeyTable)


def event_log(instance: dg.DagsterInstance) -> EventLogStorage:
    """Return the event log of an instance."""
    return instance.event_log_storage


def as_sql(storage: EventLogStorage) -> SqlEventLogStorage | None:
    """Return an event log if it is one of Dagster's SQL storages; other ones hide their tables."""
    return storage if isinstance(storage, SqlEventLogStorage) else None


@contextmanager
def transaction(storage: SqlEventLogStorage) -> Iterator[Connection]:
    """Open a transaction over what all runs share: events of assets, their tags, the assets."""
    with storage.index_transaction() as connection:
        yield connection


def row_of(storage: SqlEventLogStorage, event: EventLogEntry) -> dict[str, Any]:
    """Map an event to a row of `event_logs`, as the storage does."""
    return storage._event_to_row(event)


def store_tags(
    storage: SqlEventLogStorage,
    connection: Connection,
    events: Sequence[EventLogEntry],
    ids: Sequence[int],
) -> None:
    """Write the tags by which the storage finds versions and dimensions of events."""
    storage._store_asset_event_tags(connection, events, ids)


def store_asset(
    storage: SqlEventLogStorage, connection: Connection, event: EventLogEntry, event_id: int
) -> None:
    """Make an event the newest one of its asset, and the asset known."""
    storage._store_asset_event(connection, event, event_id)


def tags_of(storage: SqlEventLogStorage, event: EventLogEntry) -> dict[str, str]:
    """Return those tags of an event that the storage keeps apart."""
    return dict(storage._tags_for_asset_event(event))


def time_of(timestamp: float) -> datetime:
    """Return a time as the columns of the tables hold it: UTC, and without saying so."""
    return datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)


def dialect_of(storage: SqlEventLogStorage) -> tuple[str, str]:
    """Name the kind of database, and the driver that reaches it."""
    with storage.index_connection() as connection:
        return connection.dialect.name, connection.dialect.driver


def driver_of(connection: Connection) -> Any:
    """Return the driver's own connection, within the transaction that is open."""
    return connection.connection.driver_connection


def drift(storage: SqlEventLogStorage) -> str | None:
    """Say how the tables differ from those that this release of Dagster makes; None if not at all.

    Who writes past the storage's methods has to know every column.
    """
    found, known = storage.alembic_version() or (None, None)
    if found != known:
        return f"its schema is of revision {found}, and this Dagster's of {known}"
    with storage.index_connection() as connection:
        for table in TABLES:
            columns = {each["name"] for each in _inspected(connection).get_columns(table.name)}
            expected = {each.name for each in table.columns}
            if columns != expected:
                odd = ", ".join(sorted(columns ^ expected))
                return f"its table {table.name} has other columns than this Dagster's: {odd}"
    return None


def _inspected(connection: Connection) -> Any:
    import sqlalchemy

    return cast("Any", sqlalchemy.inspect(connection))
