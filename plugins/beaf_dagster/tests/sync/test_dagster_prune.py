"""Does a prune leave of each partition what counts, and everything that is not BEAF's?

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as db
from tests.dagster_project import write_project
from tests.event_logs import definition, events_of, instance_of, partitions, sqlite_home, tags_of

from beaf_core import UsageError
from beaf_dagster.commands import dagster
from beaf_dagster.private import get_and_update_asset_status_cache_value
from beaf_dagster.sync.events import EventKind, Telling
from beaf_dagster.sync.prune import prune_events, sql_storage
from beaf_dagster.sync.run_logs import prune_run_logs
from beaf_dagster.sync.storage import transaction
from beaf_dagster.sync.writers.transaction import TransactionWriter


def _told(
    instance: dg.DagsterInstance, asset: dg.AssetKey, times: int, kind: EventKind, count: int = 3
) -> None:
    writer = TransactionWriter(sql_storage(instance))
    for number in range(times):
        telling = Telling(asset, ("date", "universe"), kind, 1.7e9 + number)
        writer.write(telling, partitions(count, version=f"v{number}"))


def test_the_newest_event_of_each_kind_and_partition_stays(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _told(event_log, asset, 3, EventKind.MATERIALIZATION)
    _told(event_log, asset, 2, EventKind.OBSERVATION)
    [seen] = prune_events(event_log, [asset], apply=False)
    assert (seen.total, seen.removed) == (9, 0)
    assert len(events_of(event_log, asset)) == 15
    [done] = prune_events(event_log, [asset], apply=True)
    assert done.counts == {
        "ASSET_MATERIALIZATION": 6,
        "ASSET_OBSERVATION": 3,
        "ASSET_MATERIALIZATION_PLANNED": 0,
    }
    assert done.removed == 9
    left = sorted(row[1] for row in tags_of(event_log, asset) if row[0] == "dagster/data_version")
    assert left == ["v1-0", "v1-1", "v1-2", "v2-0", "v2-1", "v2-2"]
    assert len(tags_of(event_log, asset)) == 18
    [again] = prune_events(event_log, [asset], apply=True)
    assert again.total == 0


def test_counts_and_the_newest_materialization_are_as_before(
    event_log: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _told(event_log, asset, 2, EventKind.MATERIALIZATION, count=7)
    before = _state(event_log, asset)
    list(prune_events(event_log, [asset], apply=True))
    assert _state(event_log, asset) == before
    event_log.wipe_asset_cached_status([asset])
    assert _state(event_log, asset) == before


def _state(instance: dg.DagsterInstance, asset: dg.AssetKey) -> tuple[object, ...]:
    counted = get_and_update_asset_status_cache_value(instance, asset, definition())
    assert counted is not None
    subset = counted.deserialize_materialized_partition_subsets(definition())
    return (
        sorted(subset.get_partition_keys()),
        instance.get_latest_materialization_event(asset),
        instance.get_materialized_partitions(asset),
    )


def test_other_assets_are_not_touched(event_log: dg.DagsterInstance, asset: dg.AssetKey) -> None:
    other = dg.AssetKey([*asset.path, "other"])
    for each in (asset, other):
        _told(event_log, each, 2, EventKind.MATERIALIZATION)
    before = (events_of(event_log, other), tags_of(event_log, other))
    list(prune_events(event_log, [asset], apply=True))
    assert (events_of(event_log, other), tags_of(event_log, other)) == before


def _materialized(instance: dg.DagsterInstance, *names: str, partition: str = "a") -> str:
    """Materialize assets in a run that logs a line, and return the run."""

    def made(name: str) -> dg.AssetsDefinition:
        @dg.asset(name=name, partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
        def computed(context: dg.AssetExecutionContext) -> None:
            context.log.info("a line of a step")

        return computed

    assets = [made(each) for each in names]
    return dg.materialize(assets, instance=instance, partition_key=partition).run_id


def test_plans_that_were_overtaken_go_and_those_that_were_not_stay(
    instance: dg.DagsterInstance,
) -> None:
    asset = dg.AssetKey("mine")
    for _ in range(2):
        _materialized(instance, "mine")
    [done] = prune_events(instance, [asset], apply=True)
    assert done.counts["ASSET_MATERIALIZATION"] == 1
    assert done.counts["ASSET_MATERIALIZATION_PLANNED"] == 2
    kinds = [row[2] for row in events_of(instance, asset)]
    assert kinds == ["ASSET_MATERIALIZATION"]


def test_what_a_run_tells_that_has_not_ended_stays(instance: dg.DagsterInstance) -> None:
    asset = dg.AssetKey("mine")
    first, _ = _materialized(instance, "mine"), _materialized(instance, "mine")
    _set_status(instance, first, "STARTED")
    [seen] = prune_events(instance, [asset], apply=False)
    assert seen.counts["ASSET_MATERIALIZATION"] == 0


def _set_status(instance: dg.DagsterInstance, run_id: str, status: str) -> None:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    storage: Any = instance.run_storage
    storage.delete_run(run_id)
    storage.add_run(run.with_status(dg.DagsterRunStatus(status)))


def test_logs_of_old_runs_go_and_what_they_told_of_assets_stays(
    tmp_path: Path,
) -> None:
    with instance_of(sqlite_home(tmp_path)) as instance:
        mine, both = _materialized(instance, "mine"), _materialized(instance, "mine", "other")
        asset = dg.AssetKey("mine")
        young = prune_run_logs(instance, [asset], 1, apply=True)
        assert (young.runs, young.removed) == (0, 0)
        _age(instance, days=3)
        before = {run: _lines(instance, run) for run in (mine, both)}
        assert before[mine] > 0
        seen = prune_run_logs(instance, [asset], 1, apply=False)
        assert (seen.runs, seen.rows, seen.removed) == (1, before[mine], 0)
        done = prune_run_logs(instance, [asset], 1, apply=True)
        assert done.removed == before[mine]
        assert (_lines(instance, mine), _lines(instance, both)) == (0, before[both])
        assert instance.get_materialized_partitions(asset) == {"a"}
        run = instance.get_run_by_id(mine)
        assert run is not None
        assert run.is_finished
        assert len(events_of(instance, asset)) == 4


def _lines(instance: dg.DagsterInstance, run_id: str) -> int:
    logs = instance.all_logs(run_id)
    kept = ("PIPELINE_", "ASSET_")
    return sum(
        not str(each.dagster_event_type and each.dagster_event_type.value).startswith(kept)
        for each in logs
    )


def _age(instance: dg.DagsterInstance, days: int) -> None:
    storage: Any = instance.run_storage
    then = (datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None)
    with storage.connect() as connection:
        connection.execute(db.text("UPDATE runs SET update_timestamp = :then"), {"then": then})


def test_a_schema_that_is_not_known_is_not_pruned(
    postgres_instance: dg.DagsterInstance, asset: dg.AssetKey
) -> None:
    _told(postgres_instance, asset, 2, EventKind.MATERIALIZATION)
    sql = sql_storage(postgres_instance)
    with transaction(sql) as connection:
        connection.execute(db.text("ALTER TABLE event_logs ADD COLUMN later TEXT"))
    try:
        with pytest.raises(UsageError, match="is not pruned"):
            list(prune_events(postgres_instance, [asset], apply=True))
    finally:
        with transaction(sql) as connection:
            connection.execute(db.text("ALTER TABLE event_logs DROP COLUMN later"))
    assert len(events_of(postgres_instance, asset)) == 6


def test_the_command_only_says_what_it_would_do_until_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipes, home = write_project(tmp_path), sqlite_home(tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    assets = [dg.AssetKey(each) for each in (["pipes", "bars"], ["BMLL", "l3"], ["other"])]
    with instance_of(home) as instance:
        for each in assets:
            _told(instance, each, 2, EventKind.MATERIALIZATION)

    def pruned(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        dagster.main(["prune", "-p", str(pipes), "--json", *arguments], standalone_mode=False)
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    seen = pruned()
    assert seen["dry_run"] is True
    assert {each["asset"]: each["ASSET_MATERIALIZATION"] for each in seen["assets"]} == {
        "BMLL/l3": 3,
        "pipes/bars": 3,
    }
    done = pruned("--apply", "--logs_older_than", "1")
    assert [each["removed"] for each in done["assets"]] == [3, 3]
    with instance_of(home) as instance:
        assert [len(events_of(instance, each)) for each in assets] == [3, 3, 6]
