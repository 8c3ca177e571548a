"""Does a pipeline become an asset whose partitions are what a run writes?"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl

from beaf_dagster import build_assets


def test_a_partition_is_materialized_as_a_run_writes_it(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    assets = build_assets(pipes)
    bars = next(each for each in assets if each.key.path == ["pipes", "bars"])
    done = dg.materialize([bars], instance=instance, partition_key="2025-01-06|mic=XLON")
    assert done.success
    place = "data/tiny_bars/bars/mic=XLON/2025-01-06_2025-01-06.parquet"
    rows = pl.read_parquet(pipes.parent / place).select("ListingId", "Close").rows()
    assert rows == [(101, 10.4), (101, 10.6), (102, 20.0), (102, 21.0)]
