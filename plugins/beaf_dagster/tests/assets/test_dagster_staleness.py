"""Does Dagster take for stale what a run would compute anew, and nothing else?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver  # what its UI asks
from dagster._core.loader import LoadingContextForTest
from tests.dagster_runs import materialize, told

from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition
from beaf_dagster import build_assets
from beaf_dagster.assets.compute import data_version_of
from beaf_dagster.pipelines import load_pipeline

DAY, NEXT = "2025-01-06|mic=XLON", "2025-01-07|mic=XLON"


def causes(
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec],
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    partition: str = DAY,
) -> list[str]:
    """Say why Dagster takes a partition for stale; nothing where it does not."""
    graph = dg.Definitions(assets=assets).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return [each.reason for each in resolver.get_stale_causes(key, partition)]


def test_the_data_version_is_the_fingerprint_of_the_receipt(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    [done] = told(materialize(build_assets(pipes / "bars.yaml"), instance, DAY))
    run = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
    [receipt] = run_partition(pipes / "bars.yaml", None, run).receipts
    assert done.tags["dagster/data_version"] == receipt.fingerprint
    assert data_version_of([receipt]) == receipt.fingerprint


def test_a_pipeline_of_several_passes_has_one_version_of_all_of_them(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    [done] = told(materialize(build_assets(pipes / "two.py"), instance, DAY))
    run = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
    receipts = run_partition(pipes / "two.py", None, run).receipts
    assert len(receipts) == 2
    assert done.tags["dagster/data_version"] == data_version_of(receipts)
    assert data_version_of(receipts[::-1]) != data_version_of(receipts)


@pytest.mark.parametrize(
    ("edit", "stale"),
    [
        ("DEFAULT_FFILL: true\n", True),
        ("OUTPUT_TARGET: {path_template: 'else/{pass}/{universe}/{start_date}.parquet'}\n", True),
        ("SCHEDULES: [{name: daily, enabled: true}]\n", False),
        ("LOGGING_LEVEL: ERROR\n", False),
        ("NUM_WORKERS: 0\n", False),
        ("BMLL_JOBS: {default_instance_size: 64}\n", False),
        ("START_DATE: 2025-01-06\n", False),
        ("# a remark\n", False),
    ],
)
def test_an_edit_makes_stale_what_a_run_would_compute_anew(
    pipes: Path, edit: str, stale: bool
) -> None:
    path = pipes / "bars.yaml"
    before = load_pipeline(path).digest
    path.write_text(path.read_text() + edit)
    assert (load_pipeline(path).digest != before) is stale


def test_an_edited_configuration_is_shown_as_stale_until_it_is_materialized(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    path = pipes / "bars.yaml"
    assets = build_assets(path)
    key = assets[0].key
    materialize(assets, instance, DAY, NEXT)
    assert causes(assets, instance, key) == []
    path.write_text(path.read_text().replace("60", "120"))
    edited = build_assets(path)
    assert causes(edited, instance, key) == ["has a new code version"]
    materialize(edited, instance, DAY)
    assert causes(edited, instance, key) == []
    assert causes(edited, instance, key, NEXT) == ["has a new code version"]


def test_an_edited_function_of_a_measure_is_shown_as_stale(pipes: Path) -> None:
    path = pipes / "own.py"
    text = (
        '"""A measure of its own."""\n'
        "import polars as pl\n"
        "from beaf_core import Aggregation, Kind, measure\n"
        'USER_CONFIG = {"UNIVERSE": "mic=XLON",\n'
        '    "PASSES": [{"name": "bars", "modules": ["custom"]}]}\n'
        "SHARES = Aggregation(Kind.SUM, pl.col('Size'))\n"
        "@measure('trades', unit='shares', formula='2 s', shares=SHARES)\n"
        "def doubled(shares):\n"
        '    """Twice the shares."""\n'
        "    return shares * 2\n"
    )
    path.write_text(text)
    before = load_pipeline(path)
    assert before.fault is None
    path.write_text(text.replace("* 2", "* 3"))
    after = load_pipeline(path)
    assert before.digest != after.digest
    path.write_text(text.replace("Twice", "Two times"))
    assert load_pipeline(path).digest == before.digest


def test_a_pass_is_stale_once_the_pass_that_it_reads_has_changed(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    bars, hours = (dg.AssetKey(["pipes", "two", each]) for each in ("bars", "hours"))
    assets = build_assets(pipes / "two.py", split_passes=True)
    materialize(assets, instance, DAY, NEXT)
    assert causes(assets, instance, hours) == causes(assets, instance, bars) == []
    trades = pipes.parent / "market/trades/XLON/2025-01-06.parquet"
    trades.write_bytes((trades.parent / "2025-01-07.parquet").read_bytes())
    materialize(assets, instance, DAY, keys=[bars])
    assert causes(assets, instance, hours) == ["has a new dependency data version"]
    assert causes(assets, instance, hours, NEXT) == []
    materialize(assets, instance, DAY, keys=[hours])
    assert causes(assets, instance, hours) == []


def test_computing_the_earlier_pass_anew_leaves_nothing_stale(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    bars, hours = (dg.AssetKey(["pipes", "two", each]) for each in ("bars", "hours"))
    assets = build_assets(pipes / "two.py", split_passes=True)
    materialize(assets, instance, DAY)
    trades = pipes.parent / "market/trades/XLON/2025-01-06.parquet"
    trades.write_bytes((trades.parent / "2025-01-07.parquet").read_bytes())
    materialize(assets, instance, DAY, keys=[hours])
    assert causes(assets, instance, hours) == causes(assets, instance, bars) == []
