"""What do tests of Dagster's event log need: homes, partitions to tell of, and what it then holds.

A home is a folder with a dagster.yaml; events are kept by SQLite beside it, or by PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as db

from beaf_dagster.private import (
    AssetEventTagsTable,
    EventLogEntry,
    SqlEventLogStorageTable,
    deserialize_value,
)
from beaf_dagster.sync.events import PARTITIONS
from beaf_dagster.sync.storage import as_sql

Row = tuple[Any, ...]

_TELEMETRY = "telemetry: {enabled: false}\n"
_POSTGRES = "storage:\n  postgres:\n    postgres_url: {env: BEAF_TEST_EVENT_LOG}\n"


def sqlite_home(folder: Path) -> Path:
    """Make a home whose events are kept by SQLite."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(_TELEMETRY)
    return folder


def postgres_home(folder: Path, url: str) -> Path:
    """Make a home whose events are kept by PostgreSQL; the URL is in the environment alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(_POSTGRES + _TELEMETRY)
    # SQLAlchemy would take another driver than the one that dagster-postgres brings along.
    os.environ["BEAF_TEST_EVENT_LOG"] = url.replace("postgresql://", "postgresql+psycopg2://")
    return folder


@contextmanager
def instance_of(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open the instance of a home."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def partitions(count: int, *, version: str = "v1", universes: int = 5) -> pl.DataFrame:
    """Make partitions of date × universe, with text that has to be escaped everywhere."""
    rows = []
    for number in range(count):
        day = (date(2015, 1, 1) + timedelta(days=number // universes)).isoformat()
        mic = f"mic=X{number % universes:03}"
        root = "s3://bucket" if number % 4 == 1 else ""
        path = f'{root}/data/a "b"\\c\té/{mic}/{day}.parquet'
        known = None if number % 3 == 0 else number * 100
        rows.append((f"{day}|{mic}", day, mic, f"{version}-{number}", path, number, known))
    return pl.DataFrame(rows, schema=PARTITIONS, orient="row")


def definition(universes: int = 5) -> dg.MultiPartitionsDefinition:
    """Define the partitions that `partitions` makes some of."""
    names = [f"mic=X{number:03}" for number in range(universes)]
    return dg.MultiPartitionsDefinition(
        {
            "universe": dg.StaticPartitionsDefinition(names),
            "date": dg.DailyPartitionsDefinition("2015-01-01"),
        }
    )


def events_of(instance: dg.DagsterInstance, asset: dg.AssetKey) -> list[Row]:
    """Return the events of an asset in the order of their ids, as objects; without its key."""
    table = SqlEventLogStorageTable
    query = db.select(table).where(table.c.asset_key == asset.to_string()).order_by(table.c.id)
    return [
        (
            deserialize_value(row.event.replace(asset.path[-1], "ASSET"), EventLogEntry),
            row.run_id,
            row.dagster_event_type,
            row.timestamp,
            row.step_key,
            row.partition,
        )
        for row in _asked(instance, query)
    ]


def tags_of(instance: dg.DagsterInstance, asset: dg.AssetKey) -> list[Row]:
    """Return the tags of an asset's events, in the order of the events."""
    table = AssetEventTagsTable
    query = (
        db.select(table)
        .where(table.c.asset_key == asset.to_string())
        .order_by(table.c.event_id, table.c.key)
    )
    return [(row.key, row.value, row.event_timestamp) for row in _asked(instance, query)]


def _asked(instance: dg.DagsterInstance, query: db.Select[Any]) -> list[Any]:
    sql = as_sql(instance.event_log_storage)
    assert sql is not None
    with sql.index_connection() as connection:
        return list(connection.execute(query).fetchall())
