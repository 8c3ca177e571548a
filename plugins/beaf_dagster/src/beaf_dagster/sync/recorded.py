"""What does the event log know of an asset's partitions already?"""

from __future__ import annotations

import dagster as dg
import polars as pl
import sqlalchemy as db

from beaf_dagster.private import (
    DATA_VERSION_TAG,
    RUNLESS_RUN_ID,
    AssetEventTagsTable,
    EventLogEntry,
    EventLogStorage,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    deserialize_value,
)
from beaf_dagster.sync import storage as log
from beaf_dagster.sync.events import EventKind, Telling

RECORDED = pl.Schema({"key": pl.String, "recorded": pl.String})


def recorded_versions(
    storage: EventLogStorage, asset: dg.AssetKey, kind: EventKind
) -> pl.DataFrame:
    """Return partition → data version of its newest event; those without a version are left out."""
    found = storage.get_latest_tags_by_partition(asset, kind.dagster_type, [DATA_VERSION_TAG])
    columns = {
        "key": list(found),
        "recorded": [each[DATA_VERSION_TAG] for each in found.values()],
    }
    return pl.DataFrame(columns, schema=RECORDED)


def counted_at(storage: EventLogStorage, telling: Telling) -> int | None:
    """Count the events of one telling that are there with their versions, by their time.

    None where the storage is none of Dagster's SQL storages.
    """
    sql = log.as_sql(storage)
    if sql is None:
        return None
    events, tags = SqlEventLogStorageTable.c, AssetEventTagsTable.c
    # Two counts, not a join: planners know nothing yet of rows that have just been written.
    of_events = (
        events.asset_key == telling.asset.to_string(),
        events.dagster_event_type == telling.kind.value,
        events.timestamp == log.time_of(telling.at),
    )
    of_tags = (
        tags.asset_key == telling.asset.to_string(),
        tags.key == DATA_VERSION_TAG,
        tags.event_timestamp == log.time_of(telling.at),
    )
    with sql.index_connection() as connection:
        counts = [
            connection.execute(db.select(db.func.count()).where(*each)).scalar_one()
            for each in (of_events, of_tags)
        ]
    return min(map(int, counts))


def mend(storage: EventLogStorage, asset: dg.AssetKey, kind: EventKind) -> int:
    """Complete events whose writer was killed before it could write their tags.

    `store_event_batch` writes events first, and their tags and the asset in a second transaction.
    What it has left is told apart by that alone: every event of ours has a version. Without this
    they would be written again.

    Returns:
        How many were completed.
    """
    sql = log.as_sql(storage)
    if sql is None:
        return 0
    left = _without_tags(sql, asset, kind)
    if not left:
        return 0
    with log.transaction(sql) as connection:
        log.store_tags(sql, connection, [event for _, event in left], [each for each, _ in left])
        last, event = left[-1]
        if last == _newest(connection, asset, kind):
            log.store_asset(sql, connection, event, last)
    return len(left)


def _without_tags(
    sql: SqlEventLogStorage, asset: dg.AssetKey, kind: EventKind
) -> list[tuple[int, EventLogEntry]]:
    events, tags = SqlEventLogStorageTable.c, AssetEventTagsTable.c
    told = db.select(tags.id).where(tags.event_id == events.id, tags.key == DATA_VERSION_TAG)
    query = (
        db.select(events.id, events.event)
        .where(
            events.asset_key == asset.to_string(),
            events.dagster_event_type == kind.value,
            events.run_id == RUNLESS_RUN_ID,
            ~told.exists(),
        )
        .order_by(events.id)
    )
    with sql.index_connection() as connection:
        rows = connection.execute(query).fetchall()
    found = [(int(row[0]), deserialize_value(row[1], EventLogEntry)) for row in rows]
    return [(event_id, event) for event_id, event in found if _is_ours(event)]


def _is_ours(event: EventLogEntry) -> bool:
    told = event.asset_materialization or event.asset_observation
    return told is not None and DATA_VERSION_TAG in (told.tags or {})


def _newest(connection: db.Connection, asset: dg.AssetKey, kind: EventKind) -> int:
    events = SqlEventLogStorageTable.c
    query = db.select(db.func.max(events.id)).where(
        events.asset_key == asset.to_string(), events.dagster_event_type == kind.value
    )
    return int(connection.execute(query).scalar_one())
