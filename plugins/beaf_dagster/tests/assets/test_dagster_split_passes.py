"""Is each pass an asset of its own, computed with the others in one step?"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from tests.dagster_runs import materialize, told, told_of

from beaf_dagster import build_assets, build_assets_for_module

DAY = "2025-01-06|mic=XLON"
BARS, HOURS = (dg.AssetKey(["pipes", "two", each]) for each in ("bars", "hours"))


@pytest.fixture
def assets(pipes: Path) -> list[dg.AssetsDefinition]:
    """The two passes, in one definition."""
    return build_assets(pipes / "two.py", split_passes=True)


def test_passes_are_assets_of_one_step_that_depend_as_the_passes_read(
    assets: list[dg.AssetsDefinition],
) -> None:
    [both] = assets
    assert both.keys == {BARS, HOURS}
    assert both.can_subset
    assert both.asset_deps == {BARS: set(), HOURS: {BARS}}


def test_all_passes_are_told_of_in_the_order_in_which_they_read_each_other(
    assets: list[dg.AssetsDefinition], instance: dg.DagsterInstance
) -> None:
    assert told_of(materialize(assets, instance, DAY)) == [("bars", DAY), ("hours", DAY)]


def test_a_pass_that_is_written_before_the_one_it_reads_follows_it_all_the_same(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    path = pipes / "two.yaml"
    (pipes / "two.py").unlink()
    path.write_text(
        "DATASETNAME: turned\n"
        "UNIVERSE: mic=XLON\n"
        "PASSES:\n"
        "  - name: hours\n"
        "    time_bucket_seconds: 3600\n"
        "    source_pass: bars\n"
        "    modules: [generic]\n"
        "    generic_analytics: {aggregations: {Close: last}}\n"
        "  - {name: bars, modules: [trade]}\n"
    )
    done = materialize(build_assets(path, split_passes=True), instance, DAY)
    assert told_of(done) == [("bars", DAY), ("hours", DAY)]


def test_one_pass_alone_leaves_those_that_it_does_not_read(
    assets: list[dg.AssetsDefinition], instance: dg.DagsterInstance, pipes: Path
) -> None:
    assert told_of(materialize(assets, instance, DAY, keys=[BARS])) == [("bars", DAY)]
    assert not (pipes.parent / "data/tiny_two/hours").exists()


def test_an_earlier_pass_that_had_to_be_computed_is_told_of_too(
    assets: list[dg.AssetsDefinition], instance: dg.DagsterInstance
) -> None:
    missing = materialize(assets, instance, DAY, keys=[HOURS])
    assert told_of(missing) == [("bars", DAY), ("hours", DAY)]
    standing = materialize(assets, instance, DAY, keys=[HOURS])
    assert told_of(standing) == [("hours", DAY)]


def test_an_earlier_pass_that_is_stale_is_computed_and_told_of(
    assets: list[dg.AssetsDefinition], instance: dg.DagsterInstance, pipes: Path
) -> None:
    before = told(materialize(assets, instance, DAY))
    trades = pipes.parent / "market/trades/XLON/2025-01-06.parquet"
    trades.write_bytes((trades.parent / "2025-01-07.parquet").read_bytes())
    after = told(materialize(assets, instance, DAY, keys=[HOURS]))
    assert [each.asset_key for each in after] == [BARS, HOURS]
    for old, new in zip(before, after, strict=True):
        assert old.tags != new.tags


def test_a_pipeline_of_one_asset_is_told_of_once(pipes: Path, instance: dg.DagsterInstance) -> None:
    [whole] = build_assets_for_module(pipes / "two.py")
    assert whole.key == dg.AssetKey(["pipes", "two"])
    assert told_of(materialize([whole], instance, DAY)) == [("two", DAY)]


@pytest.mark.parametrize("split", [False, True])
def test_what_depends_on_an_asset_reads_its_rows(
    pipes: Path, instance: dg.DagsterInstance, split: bool
) -> None:
    [made] = build_assets(pipes / "two.py", split_passes=split)
    key = HOURS if split else made.key

    @dg.asset(ins={"hours": dg.AssetIn(key)}, partitions_def=made.partitions_def)
    def closes(hours: pl.DataFrame) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"closes": str(hours["Close"].to_list())})

    done = materialize([made, closes], instance, DAY, keys=[*made.keys, closes.key])
    assert done.success
    assert told(done)[-1].metadata["closes"].value == "[10.6, 21.0]"
