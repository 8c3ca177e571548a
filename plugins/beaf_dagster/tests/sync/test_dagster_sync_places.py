"""Does a sync find outputs wherever they are: in tables, in datasets, on S3?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from tests.dagster_project import BARS, TWO
from tests.dagster_sync import DAYS, Project, runs_of
from tests.event_logs import instance_of
from tests.s3 import S3Server, running_s3_server

from beaf_core import run_partition
from beaf_dagster import build_assets

KEYS = [f"{day}|mic=XLON" for day in DAYS]
DELTA = "{type: delta}"
PLACES = [
    pytest.param(DELTA, id="a Delta table"),
    pytest.param(
        "{type: delta, path_template: 'data/{datasetname}/{universe}'}",
        id="a Delta table per universe",
        marks=pytest.mark.soak,
    ),
    pytest.param(
        "{type: sql, sql_connection: 'sqlite:///bars.db', sql_table: bars}", id="a table of SQLite"
    ),
    pytest.param("{type: parquet, partition_columns: [MIC, Date]}", id="a dataset of files"),
]


def _computed(project: Project, target: str, settings: str = "") -> list[str]:
    """Compute two days of London into a target, without Dagster; where they are."""
    path = project.pipes / "placed.yaml"
    path.write_text(f"{BARS}OUTPUT_TARGET: {target}\n{settings}")
    reports = [run_partition(path, None, run) for run in runs_of("XLON")]
    return [report.receipts[0].location for report in reports]


def _stale(project: Project, key: str, partition: str, *, split: bool = False) -> StaleStatus:
    """Ask Dagster whether a partition is stale, as its page does."""
    defs = dg.Definitions(assets=build_assets(project.pipes, split_passes=split))
    graph = defs.resolve_asset_graph()
    with instance_of(project.home) as instance:
        context = LoadingContextForTest(instance)
        resolver = CachingStaleStatusResolver(instance, graph, context)
        return resolver.get_status(dg.AssetKey(["pipes", *key.split("/")]), partition)


@pytest.mark.parametrize("target", PLACES)
def test_partitions_that_share_a_place_are_told_of_once(project: Project, target: str) -> None:
    [place, _] = _computed(project, target)
    done = project.sync()["pipes/placed"]
    assert (done["written"], done["materialized"], done["notes"]) == (2, 2, [])
    [bars] = build_assets(project.pipes / "placed.yaml")
    with instance_of(project.home) as instance:
        assert instance.get_materialized_partitions(bars.key) == set(KEYS)
        assert dg.materialize([bars], instance=instance, partition_key=KEYS[0]).success
    # What a step finds unchanged has the version that was told: nothing is new.
    assert project.sync()["pipes/placed"]["unchanged"] == 2
    assert project.sync("--paths", place)["pipes/placed"]["unchanged"] == 2
    day = ("--start_date", DAYS[1], "--end_date", DAYS[1], "--reconcile")
    assert (
        project.sync(*day)["pipes/placed"] | {"unchanged": 1, "vanished": []}
        == (project.sync(*day)["pipes/placed"])
    )


def test_a_table_that_is_gone_has_vanished(project: Project) -> None:
    [place, _] = _computed(project, DELTA)
    project.sync()
    shutil.rmtree(place)
    assert project.sync("--reconcile")["pipes/placed"]["vanished"] == KEYS
    assert project.code == 4


def test_what_was_told_by_a_sync_is_not_stale(project: Project) -> None:
    project.write("two.py", runs_of("XLON"))
    project.sync("--split_passes")
    project.sync()
    assert _stale(project, "two", KEYS[0]) is StaleStatus.FRESH
    assert _stale(project, "two/bars", KEYS[0], split=True) is StaleStatus.FRESH
    assert _stale(project, "two/hours", KEYS[0], split=True) is StaleStatus.FRESH


def test_pipelines_that_are_no_assets_are_named_and_the_others_are_told_of(
    project: Project,
) -> None:
    project.write("bars.yaml", runs_of("XLON"))
    (project.pipes / "a-b.yaml").write_text(BARS)
    (project.pipes / "a_b.yaml").write_text(BARS)
    odd = TWO.replace('["XLON", "XPAR"]', "").replace(
        '"PASSES"', '"SOURCE": {"type": "parquet", "root": "nowhere"}, "PASSES"'
    )
    (project.pipes / "odd.py").write_text(odd)
    done = project.sync()
    assert done["pipes/bars"]["written"] == 2
    assert not {"pipes/a_b", "pipes/odd"} & done.keys()
    assert project.code == 3
    assert "2 pipelines have the asset key pipes/a_b" in project.said
    assert "odd.py: the universes mic=… cannot be asked of the source" in project.said


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server."""
    with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.mark.soak
def test_outputs_on_s3_are_told_of_without_their_secrets(
    project: Project, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = s3.storage_options()
    monkeypatch.setenv("THE_SECRET", options["aws_secret_access_key"])
    bucket = s3.create_bucket("sync")
    options["aws_secret_access_key"] = "${env:THE_SECRET}"
    template = f"{bucket}/data/{{datasetname}}/{{pass}}/{{universe}}/{{start_date}}.parquet"
    locations = _computed(
        project,
        f"{{type: parquet, path_template: '{template}'}}",
        f"S3_STORAGE_OPTIONS: {options}\n",
    )
    project.write("bars.yaml", runs_of("XLON"))
    assert locations[0].startswith("s3://")
    one = project.sync("--paths", locations[0])
    assert {key: each["written"] for key, each in one.items()} == {"pipes/placed": 1}
    done = project.sync()["pipes/placed"]
    assert (done["new"], done["unchanged"], done["materialized"]) == (1, 1, 2)
    assert project.sync()["pipes/placed"]["written"] == 0
    with instance_of(project.home) as instance:
        told = instance.get_latest_materialization_event(dg.AssetKey(["pipes", "placed"]))
        assert told is not None
        assert told.asset_materialization is not None
        assert told.asset_materialization.metadata["dagster/uri"].value == locations[1]
        assert options["aws_access_key_id"] not in str(told)
    kept = [each for each in Path(project.home).rglob("*") if each.is_file()]
    assert not any(b"test-secret-key-0001" in each.read_bytes() for each in kept)
