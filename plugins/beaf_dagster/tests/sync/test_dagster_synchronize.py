"""Does a sync write what is new or changed, once, whatever interrupts it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import dagster as dg
import polars as pl
import pytest
from tests.event_logs import definition, events_of, partitions, tags_of

from beaf_core import DatePartition, UsageError
from beaf_dagster import get_and_update_asset_status_cache_value, wipe_asset_cached_status
from beaf_dagster.private import EventLogStorage
from beaf_dagster.sync import storage as log
from beaf_dagster.sync.events import EventKind, Telling
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.run import Choices, Synced, synchronize
from beaf_dagster.sync.writers.batch import BatchWriter
from beaf_dagster.sync.writers.choose import WriterName
from beaf_dagster.sync.writers.copy import CopyWriter
from beaf_dagster.sync.writers.refusal import WriterRefusedError
from beaf_dagster.sync.writers.transaction import TransactionWriter

DIMENSIONS = ("date", "universe")


class _Killed(BaseException):
    """Stands for the end of a process: nothing of ours catches it."""


def _listing(asset: dg.AssetKey, frame: pl.DataFrame, *, whole: bool = True) -> Listing:
    return Listing(asset, definition(), DIMENSIONS, "outputs", frame, whole=whole)


def _sync(
    instance: dg.DagsterInstance, listings: Listing | Sequence[Listing], **choices: object
) -> list[Synced]:
    given = [listings] if isinstance(listings, Listing) else listings
    chosen = replace(Choices(), **choices)
    return list(synchronize(instance, given, chosen, _heard.append))


_heard: list[str] = []


def _counted(instance: dg.DagsterInstance, asset: dg.AssetKey) -> int:
    """Count as Dagster's pages do, from what they keep."""
    value = get_and_update_asset_status_cache_value(instance, asset, definition())
    assert value is not None
    return len(value.deserialize_materialized_partition_subsets(definition()))


def test_a_second_sync_writes_nothing(event_log: dg.DagsterInstance, asset: dg.AssetKey) -> None:
    [first] = _sync(event_log, _listing(asset, partitions(23)))
    assert (first.written, first.plan.new, first.materialized) == (23, 23, 23)
    [second] = _sync(event_log, _listing(asset, partitions(23)))
    assert (second.written, second.plan.unchanged) == (0, 23)
    assert len(events_of(event_log, asset)) == 23


def test_only_what_is_new_or_has_changed_is_written(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _sync(event_log, _listing(asset, partitions(10)))
    changed = pl.concat([partitions(2, version="v2"), partitions(14)[2:]])
    [done] = _sync(event_log, _listing(asset, changed))
    assert (done.plan.new, done.plan.changed, done.plan.unchanged) == (4, 2, 8)
    assert done.written == 6
    assert done.materialized == 14
    assert [row[1] for row in tags_of(event_log, asset) if row[1].startswith("v2")] == [
        "v2-0",
        "v2-1",
    ]


def test_two_assets_are_told_of_in_one_sync(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    other = dg.AssetKey([*asset.path, "other"])
    done = _sync(event_log, [_listing(asset, partitions(6)), _listing(other, partitions(4))])
    assert [each.materialized for each in done] == [6, 4]
    assert (_counted(event_log, asset), _counted(event_log, other)) == (6, 4)


def test_observations_are_told_beside_materializations(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    for _ in range(2):
        _sync(event_log, _listing(asset, partitions(3)), kinds=tuple(EventKind))
    kinds = [row[2] for row in events_of(event_log, asset)]
    assert sorted(kinds) == ["ASSET_MATERIALIZATION"] * 3 + ["ASSET_OBSERVATION"] * 3


def test_a_dry_run_writes_nothing(event_log: dg.DagsterInstance, asset: dg.AssetKey) -> None:
    [done] = _sync(event_log, _listing(asset, partitions(3)), dry_run=True)
    assert (done.plan.new, done.written) == (3, 0)
    assert events_of(event_log, asset) == []
    assert asset not in event_log.all_asset_keys()


def _killing(writer: type, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a writer write some chunks, and die at the next one."""
    whole, written = writer.write, []

    def write(self: object, telling: Telling, frame: pl.DataFrame) -> int:
        if len(written) == after:
            raise _Killed
        written.append(frame.height)
        return int(whole(self, telling, frame))

    monkeypatch.setattr(writer, "write", write)


@pytest.mark.parametrize(
    ("name", "writer"),
    [("batch", BatchWriter), ("transaction", TransactionWriter), ("copy", CopyWriter)],
)
def test_an_interrupted_sync_goes_on_where_it_was(
    postgres_instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    writer: type,
) -> None:
    listing = _listing(asset, partitions(20))
    with monkeypatch.context() as patched:
        _killing(writer, 2, patched)
        with pytest.raises(_Killed):
            _sync(postgres_instance, listing, writer=WriterName(name), batch_size=6)
    assert len(events_of(postgres_instance, asset)) == 12
    [done] = _sync(postgres_instance, listing, writer=WriterName(name), batch_size=6)
    assert (done.written, done.materialized) == (8, 20)
    assert len(events_of(postgres_instance, asset)) == 20
    assert len(tags_of(postgres_instance, asset)) == 60


def _sync_killed_before_tags(
    instance: dg.DagsterInstance,
    listing: Listing,
    monkeypatch: pytest.MonkeyPatch,
    **choices: int,
) -> None:
    """Sync until events stand there, and their tags do not yet."""

    def killed(*_: object) -> None:
        raise _Killed

    with monkeypatch.context() as patched:
        storage = log.as_sql(instance.event_log_storage)
        patched.setattr(storage, "_store_asset_event_tags", killed)
        with pytest.raises(_Killed):
            _sync(instance, listing, writer=WriterName.BATCH, **choices)


def test_events_whose_tags_a_kill_has_prevented_are_completed_and_not_doubled(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = _listing(asset, partitions(20))
    _sync_killed_before_tags(postgres_instance, listing, monkeypatch, batch_size=8)
    assert len(events_of(postgres_instance, asset)) == 8
    assert tags_of(postgres_instance, asset) == []
    [done] = _sync(postgres_instance, listing, writer=WriterName.BATCH, batch_size=8)
    assert (done.plan.mended, done.written, done.materialized) == (8, 12, 20)
    assert len(events_of(postgres_instance, asset)) == 20
    assert len(tags_of(postgres_instance, asset)) == 60


def test_a_kill_after_the_last_chunk_leaves_an_asset_that_the_next_sync_makes_known(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = _listing(asset, partitions(4))
    _sync_killed_before_tags(postgres_instance, listing, monkeypatch)
    assert asset not in postgres_instance.all_asset_keys()
    [done] = _sync(postgres_instance, listing, writer=WriterName.BATCH)
    assert (done.plan.mended, done.written) == (4, 0)
    assert asset in postgres_instance.all_asset_keys()
    assert _counted(postgres_instance, asset) == 4


def test_a_writer_that_refuses_gives_way_to_batches(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise WriterRefusedError("events are serialized otherwise")

    monkeypatch.setattr(CopyWriter, "write", refuse)
    _heard.clear()
    [done] = _sync(postgres_instance, _listing(asset, partitions(5)), writer=WriterName.COPY)
    assert (done.writer, done.written) == ("batch", 5)
    assert _heard == [
        "the event log is written by Dagster's own batches, more slowly: "
        "events are serialized otherwise"
    ]


def test_vanished_partitions_are_named_and_only_starting_over_forgets_them(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _sync(event_log, _listing(asset, partitions(6)))
    left = _listing(asset, partitions(6)[1:])
    [seen] = _sync(event_log, left)
    assert seen.plan.vanished == ("2015-01-01|mic=X000",)
    assert _counted(event_log, asset) == 6
    [done] = _sync(event_log, left, start_over=True)
    assert (done.wiped, done.written, done.materialized) == (True, 5, 5)
    assert _counted(event_log, asset) == 5
    [again] = _sync(event_log, left, start_over=True)
    assert (again.wiped, again.written, again.plan.vanished) == (False, 0, ())


def test_what_was_not_looked_for_has_not_vanished(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _sync(event_log, _listing(asset, partitions(12)))
    [some] = _sync(event_log, _listing(asset, partitions(1), whole=False))
    assert some.plan.vanished == ()
    day = replace(_listing(asset, partitions(6)[5:]), dates=DatePartition("2015-01-02"))
    [dated] = _sync(event_log, day)
    assert dated.plan.vanished == tuple(f"2015-01-02|mic=X{number:03}" for number in range(1, 5))


def test_a_day_without_a_session_has_no_file_and_has_not_vanished(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    closed = partitions(2).with_columns(version=pl.lit("closed"))
    _sync(event_log, _listing(asset, closed))
    [done] = _sync(event_log, _listing(asset, partitions(0)))
    assert done.plan.vanished == ()


def test_starting_over_tells_anew_of_days_without_a_session(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    closed = partitions(2).with_columns(version=pl.lit("closed"))
    _sync(event_log, _listing(asset, pl.concat([closed, partitions(6)[2:]])))
    [done] = _sync(event_log, _listing(asset, partitions(6)[3:]), start_over=True)
    assert (done.wiped, done.written, done.materialized) == (True, 5, 5)
    told = event_log.get_latest_materialization_event(asset)
    assert told is not None
    assert told.asset_materialization is not None
    assert told.asset_materialization.partition == "2015-01-01|mic=X001"
    assert (told.asset_materialization.tags or {})["dagster/data_version"] == "closed"
    assert set(told.asset_materialization.metadata) == {"dagster/partition_row_count"}


def test_starting_over_of_some_days_does_not_forget_the_others(
    sqlite_instance: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _sync(sqlite_instance, _listing(asset, partitions(12)))
    day = replace(_listing(asset, partitions(4)), dates=DatePartition("2015-01-01"))
    with pytest.raises(UsageError, match="7 recorded partitions lie outside the days"):
        _sync(sqlite_instance, day, start_over=True)
    assert _counted(sqlite_instance, asset) == 12


def test_starting_over_forgets_before_anything_is_told(
    sqlite_instance: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _sync(sqlite_instance, _listing(asset, partitions(3)), kinds=(EventKind.OBSERVATION,))
    left = _listing(asset, partitions(2))
    done = _sync(sqlite_instance, left, kinds=tuple(EventKind), start_over=True)
    assert [each.written for each in done] == [2, 2]
    assert len(events_of(sqlite_instance, asset)) == 4
    assert _counted(sqlite_instance, asset) == 2


def test_counts_that_were_kept_are_made_anew_or_wiped(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _sync(event_log, _listing(asset, partitions(5)))
    assert _counted(event_log, asset) == 5
    [done] = _sync(event_log, _listing(asset, partitions(9)), count=False)
    assert done.materialized is None
    assert _kept(event_log, asset) is None
    assert _counted(event_log, asset) == 9
    assert _kept(event_log, asset) is not None
    wipe_asset_cached_status(event_log, [asset])
    assert _kept(event_log, asset) is None


def _kept(instance: dg.DagsterInstance, asset: dg.AssetKey) -> object:
    [record] = instance.get_asset_records([asset])
    return record.asset_entry.cached_status


def test_ids_that_were_drawn_early_and_committed_late_are_counted(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    """Dagster's kept count misses events whose ids are lower than one that it has seen."""
    storage: EventLogStorage = postgres_instance.event_log_storage
    sql = log.as_sql(storage)
    assert sql is not None
    late = Telling(asset, DIMENSIONS, at=1.7e9)
    with log.transaction(sql) as connection, log.driver_of(connection).cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('event_logs', 'id'))")
        drawn = cursor.fetchone()[0]
    BatchWriter(storage).write(replace(late), partitions(1))
    assert _counted(postgres_instance, asset) == 1
    row = partitions(2)[1:]
    TransactionWriter(sql).write(late, row)
    with log.transaction(sql) as connection, log.driver_of(connection).cursor() as cursor:
        cursor.execute(
            "UPDATE asset_event_tags SET event_id = %s WHERE event_id = "
            "(SELECT max(id) FROM event_logs WHERE asset_key = %s)",
            (drawn, asset.to_string()),
        )
        cursor.execute(
            "UPDATE event_logs SET id = %s WHERE id = "
            "(SELECT max(id) FROM event_logs WHERE asset_key = %s)",
            (drawn, asset.to_string()),
        )
    [done] = _sync(postgres_instance, _listing(asset, partitions(3)))
    assert done.materialized == 3
