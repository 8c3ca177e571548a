"""Is what BEAF knows of Dagster's event log true of the release that is installed?"""

from __future__ import annotations

import inspect

import dagster as dg
import pytest

from beaf_dagster import private
from beaf_dagster.sync.events import EventKind
from beaf_dagster.sync.storage import TABLES, as_sql, drift


@pytest.mark.parametrize("name", private.__all__)
def test_every_private_name_is_where_it_is_looked_for(name: str) -> None:
    assert getattr(private, name) is not None


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("_event_to_row", ["self", "event"]),
        ("_store_asset_event", ["self", "conn", "event", "event_id"]),
        ("_store_asset_event_tags", ["self", "conn", "events", "event_ids"]),
        ("_tags_for_asset_event", ["self", "event"]),
        ("index_transaction", ["self"]),
        ("index_connection", ["self"]),
        ("run_connection", ["self", "run_id"]),
    ],
)
def test_methods_of_sql_storages_take_what_they_are_given(
    method: str, arguments: list[str]
) -> None:
    found = inspect.signature(getattr(private.SqlEventLogStorage, method))
    assert list(found.parameters) == arguments


def test_methods_of_every_storage_take_what_they_are_given() -> None:
    found = inspect.signature(private.EventLogStorage.get_latest_tags_by_partition)
    assert list(found.parameters)[:4] == ["self", "asset_key", "event_type", "tag_keys"]
    found = inspect.signature(private.EventLogStorage.store_event_batch)
    assert list(found.parameters) == ["self", "events"]
    found = inspect.signature(private.get_and_update_asset_status_cache_value)
    assert list(found.parameters)[:3] == ["instance", "asset_key", "partitions_def"]


def test_the_tables_have_the_columns_that_are_written() -> None:
    assert {table.name: {each.name for each in table.columns} for table in TABLES} == {
        "event_logs": {
            "id",
            "run_id",
            "event",
            "dagster_event_type",
            "timestamp",
            "step_key",
            "asset_key",
            "partition",
        },
        "asset_event_tags": {"id", "event_id", "asset_key", "key", "value", "event_timestamp"},
        "asset_keys": {
            "id",
            "asset_key",
            "last_materialization",
            "last_run_id",
            "asset_details",
            "wipe_timestamp",
            "last_materialization_timestamp",
            "tags",
            "create_timestamp",
            "cached_status_data",
        },
    }


def test_the_event_log_has_the_revision_that_is_known(event_log: dg.DagsterInstance) -> None:
    sql = as_sql(event_log.event_log_storage)
    assert sql is not None
    assert sql.alembic_version() == ("29b539ebc72a", "29b539ebc72a")
    assert drift(sql) is None


def test_both_kinds_of_events_are_dagsters() -> None:
    assert {each.dagster_type for each in EventKind} == {
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_OBSERVATION,
    }
