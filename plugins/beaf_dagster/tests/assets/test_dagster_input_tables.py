"""Are raw tables assets of somebody else, on whose right partitions ours depend?"""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg
import pytest

from beaf_core import UsageError
from beaf_dagster import build_assets, build_input_source_assets

DATES = dg.DailyPartitionsDefinition("2015-01-01")
MICS = dg.StaticPartitionsDefinition(["XLON", "XPAR"])
TRADES = dg.AssetKey(["BMLL", "trades"])


def test_tables_are_external_assets_partitioned_as_they_are_kept() -> None:
    regions = dg.StaticPartitionsDefinition(["EU"])
    specs, keys = build_input_source_assets(
        ["trades-plus", "cbbo", "reference", "trades"], DATES, MICS, regions
    )
    assert keys == {
        "trades": TRADES,
        "cbbo": dg.AssetKey(["BMLL", "cbbo"]),
        "reference": dg.AssetKey(["BMLL", "reference"]),
    }
    trades, cbbo, reference = specs
    assert trades.partitions_def == dg.MultiPartitionsDefinition({"date": DATES, "mic": MICS})
    assert cbbo.partitions_def == dg.MultiPartitionsDefinition({"date": DATES, "cbbo": regions})
    assert reference.partitions_def == DATES
    assert trades.metadata["s3_folder"] == "Trades-Plus"
    assert trades.metadata["partitioning"] == "mic_date"
    assert trades.group_name == "BMLL"
    loaded = dg.Definitions(assets=specs).resolve_asset_graph()
    assert loaded.get(TRADES).is_external


def test_keys_and_group_are_a_persons_to_choose() -> None:
    specs, keys = build_input_source_assets(["l3"], asset_key_prefix=["raw", "eu"], group_name="eu")
    assert keys == {"l3": dg.AssetKey(["raw", "eu", "l3"])}
    assert specs[0].partitions_def is None
    assert specs[0].group_name == "eu"


def test_a_table_that_there_is_not_is_told_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="trades") as raised:
        build_input_source_assets(["trade"])
    assert raised.value.remedy


def test_each_pass_depends_on_the_tables_that_it_reads_itself(pipes: Path) -> None:
    specs, keys = build_input_source_assets(["trades", "l3"], DATES, MICS)
    [both] = build_assets(pipes / "two.py", split_passes=True, input_asset_keys=keys)
    bars, hours = (dg.AssetKey(["pipes", "two", each]) for each in ("bars", "hours"))
    assert both.asset_deps == {bars: {TRADES}, hours: {bars}}
    [whole] = build_assets(pipes / "two.py", input_asset_keys=dict(keys))
    assert whole.asset_deps == {whole.key: {TRADES}}
    dg.Definitions.validate_loadable(dg.Definitions(assets=[both, *specs]))


@pytest.mark.parametrize(
    ("selector", "upstream"),
    [
        ("mic=XLON", ["2025-01-06|XLON"]),
        ("mic=XPAR+index=TINY", ["2025-01-06|XPAR"]),
        ("index=TINY", ["2025-01-06|XLON", "2025-01-06|XPAR"]),
        ("mic=XLON~XPAR+mic=XPAR", ["2025-01-06|XPAR"]),
    ],
)
def test_a_partition_depends_on_the_day_and_the_venues_of_its_selector(
    pipes: Path, selector: str, upstream: list[str]
) -> None:
    universes = dg.StaticPartitionsDefinition([selector])
    partitions = dg.MultiPartitionsDefinition({"universe": universes, "date": DATES})
    specs, keys = build_input_source_assets(["trades"], DATES, MICS)
    [bars] = build_assets(pipes / "bars.yaml", partitions, input_asset_keys=keys)
    graph = dg.Definitions(assets=[bars, *specs]).resolve_asset_graph()
    found = graph.get_parent_partition_keys_for_child(f"2025-01-06|{selector}", TRADES, bars.key)
    assert sorted(found.partitions_subset.get_partition_keys()) == upstream
    assert not list(found.required_but_nonexistent_subset.get_partition_keys())


def test_a_week_depends_on_its_days(pipes: Path) -> None:
    weeks = dg.WeeklyPartitionsDefinition("2025-01-06", day_offset=1)
    universes = dg.StaticPartitionsDefinition(["mic=XLON"])
    partitions = dg.MultiPartitionsDefinition({"universe": universes, "date": weeks})
    specs, keys = build_input_source_assets(["trades"], DATES, MICS)
    [bars] = build_assets(pipes / "bars.yaml", partitions, input_asset_keys=keys)
    graph = dg.Definitions(assets=[bars, *specs]).resolve_asset_graph()
    found = graph.get_parent_partition_keys_for_child("2025-01-06|mic=XLON", TRADES, bars.key)
    days = [f"2025-01-{day:02}|XLON" for day in range(6, 13)]
    assert sorted(found.partitions_subset.get_partition_keys()) == days


def test_making_assets_warns_of_nothing(pipes: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        specs, keys = build_input_source_assets(["trades", "reference"], DATES, MICS)
        assets = build_assets(pipes, split_passes=True, input_asset_keys=keys)
        dg.Definitions(assets=[*assets, *specs]).resolve_all_job_defs()
    assert len(assets) == 2
