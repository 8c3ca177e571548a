"""Do all writers leave the same events, and does Dagster read them as its own?"""

from __future__ import annotations

import dagster as dg
import pytest
import sqlalchemy as db
from tests.event_logs import events_of, partitions, tags_of

from beaf_core import UsageError
from beaf_dagster.private import DATA_VERSION_TAG, serialize_value
from beaf_dagster.sync.events import EventKind, Row, Telling, rows_of
from beaf_dagster.sync.storage import as_sql, drift, transaction
from beaf_dagster.sync.writers.choose import FEW, WriterName, choose_writer
from beaf_dagster.sync.writers.template import template

AT = 1_700_000_000.25
DIMENSIONS = ("date", "universe")


def _fail(text: str) -> None:
    raise AssertionError(text)


def _write(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    writer: str,
    *,
    kind: EventKind = EventKind.MATERIALIZATION,
    count: int = 7,
) -> None:
    chosen = choose_writer(instance.event_log_storage, WriterName(writer), count, _fail)
    assert chosen.name == writer
    assert chosen.write(Telling(asset, DIMENSIONS, kind, AT), partitions(count)) == count


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_writer_leaves_what_dagster_itself_would(
    sqlite_instance: dg.DagsterInstance, postgres_instance: dg.DagsterInstance, kind: EventKind
) -> None:
    left = {}
    for instance, writer in (
        (sqlite_instance, "transaction"),
        (sqlite_instance, "batch"),
        (postgres_instance, "batch"),
        (postgres_instance, "transaction"),
        (postgres_instance, "copy"),
    ):
        storage = type(instance.event_log_storage).__name__
        asset = dg.AssetKey(["equal", f"{kind.name}-{writer}"])
        _write(instance, asset, writer, kind=kind)
        left[storage, writer] = (events_of(instance, asset), tags_of(instance, asset))
    events, tags = left.pop(("SqliteEventLogStorage", "batch"))
    assert len(events) == 7
    assert len(tags) == 21
    for name, found in left.items():
        assert found == (events, tags), name


@pytest.mark.parametrize("writer", ["batch", "transaction", "copy"])
def test_dagster_reads_keys_of_two_dimensions_versions_and_metadata(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey, writer: str
) -> None:
    _write(postgres_instance, asset, writer)
    told = partitions(7).row(4, named=True)
    key = dg.MultiPartitionKey({"date": told["first"], "universe": told["second"]})
    record = postgres_instance.fetch_materializations(
        dg.AssetRecordsFilter(asset, asset_partitions=[key]), limit=10
    ).records
    assert len(record) == 1
    made = record[0].asset_materialization
    assert made is not None
    assert isinstance(made.partition, dg.MultiPartitionKey)
    assert made.partition.keys_by_dimension == key.keys_by_dimension
    assert made.metadata["path"].value == told["path"]
    assert made.metadata["dagster/partition_row_count"].value == 4
    assert made.metadata["bytes"].value == 400
    assert (made.tags or {})[DATA_VERSION_TAG] == "v1-4"


def test_two_assets_one_after_another_are_both_known(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    other = dg.AssetKey([*asset.path, "other"])
    for each in (asset, other):
        for writer in ("batch", "transaction"):
            _write(event_log, each, writer, count=3)
    known = event_log.all_asset_keys()
    assert {asset, other} <= set(known)
    for each in (asset, other):
        newest = event_log.get_latest_materialization_event(each)
        assert newest is not None
        assert newest.asset_materialization is not None
        assert newest.asset_materialization.partition == "2015-01-01|mic=X002"


def test_rows_of_which_less_is_known_get_a_template_of_their_own() -> None:
    telling = Telling(dg.AssetKey("a"), DIMENSIONS, at=AT)
    rows: list[Row] = [
        *rows_of(partitions(3)),
        Row("k", "2025-01-01", "mic=XLON", "v", "", None, None),
        Row("k", "2025-01-01", "mic=\x01\\\"'é", "v", "p\nq", None, 0),
        Row("k", "2025-01-01", "mic=XLON", "v", "s3://bucket/a b.parquet", 1, None),
    ]
    for row in (each._replace(key=f"{each.first}|{each.second}") for each in rows):
        assert template(telling, row).rendered(row) == serialize_value(telling.entry(row))


def test_the_fastest_writer_that_fits_is_taken(
    sqlite_instance: dg.DagsterInstance,
    postgres_instance: dg.DagsterInstance,
    instance: dg.DagsterInstance,
) -> None:
    def chosen(of: dg.DagsterInstance, events: int) -> str:
        return choose_writer(of.event_log_storage, WriterName.AUTO, events, _fail).name

    assert chosen(sqlite_instance, 1) == "transaction"
    assert chosen(postgres_instance, FEW - 1) == "batch"
    assert chosen(postgres_instance, FEW) == "copy"
    assert chosen(instance, 1) == "transaction"


def test_copy_is_refused_where_there_is_no_postgresql(sqlite_instance: dg.DagsterInstance) -> None:
    with pytest.raises(UsageError, match="cannot be copied to"):
        choose_writer(sqlite_instance.event_log_storage, WriterName.COPY, 1, _fail)


@pytest.mark.parametrize(
    ("statement", "undo", "told"),
    [
        (
            "ALTER TABLE event_logs ADD COLUMN later TEXT",
            "ALTER TABLE event_logs DROP COLUMN later",
            "event_logs has other columns than this Dagster's: later",
        ),
        (
            "ALTER TABLE asset_event_tags RENAME COLUMN event_timestamp TO at",
            "ALTER TABLE asset_event_tags RENAME COLUMN at TO event_timestamp",
            "asset_event_tags has other columns than this Dagster's: at, event_timestamp",
        ),
        (
            "UPDATE alembic_version SET version_num = 'later'",
            "UPDATE alembic_version SET version_num = '{head}'",
            "its schema is of revision later",
        ),
    ],
)
@pytest.mark.parametrize("writer", ["copy", "transaction", "auto"])
def test_a_schema_that_is_not_known_is_written_by_dagsters_own_batches(
    postgres_instance: dg.DagsterInstance, statement: str, undo: str, told: str, writer: str
) -> None:
    storage = as_sql(postgres_instance.event_log_storage)
    assert storage is not None
    head = storage.alembic_version()
    assert head is not None
    heard: list[str] = []
    with transaction(storage) as connection:
        connection.execute(db.text(statement))
    try:
        chosen = choose_writer(storage, WriterName(writer), FEW, heard.append)
    finally:
        with transaction(storage) as connection:
            connection.execute(db.text(undo.format(head=head[0])))
    assert chosen.name == "batch"
    assert len(heard) == 1
    assert told in heard[0]
    assert drift(storage) is None


def test_a_copy_that_fails_leaves_nothing(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    storage = postgres_instance.event_log_storage
    writer = choose_writer(storage, WriterName.COPY, FEW, _fail)
    broken = partitions(20).with_columns(version=partitions(20)["version"] + "\x00")
    with pytest.raises(Exception, match=r"NUL|0x00"):
        writer.write(Telling(asset, DIMENSIONS, at=AT), broken)
    assert events_of(postgres_instance, asset) == []
    assert tags_of(postgres_instance, asset) == []
    assert asset not in postgres_instance.all_asset_keys()
