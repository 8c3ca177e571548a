"""Which assets do tests of the IO manager load? Some that BEAF computes, and places to write to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from beaf_dagster import build_assets, output_target_io_manager
from beaf_dagster.io.names import IO_MANAGER_KEY

#: Days around those of the tiny market: Monday 2025-01-06 and Tuesday have trades.
DAYS = dg.DailyPartitionsDefinition("2025-01-01", end_date="2025-02-01")
WEEKS = dg.WeeklyPartitionsDefinition("2024-12-30", end_date="2025-02-01", day_offset=1)
UNIVERSES = dg.StaticPartitionsDefinition(["mic=XLON", "mic=XPAR"])
GRID = dg.MultiPartitionsDefinition({"universe": UNIVERSES, "date": DAYS})
WEEKLY_GRID = dg.MultiPartitionsDefinition({"universe": UNIVERSES, "date": WEEKS})

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
LONDON = f"{MONDAY}|mic=XLON"
PARIS = f"{MONDAY}|mic=XPAR"


def computed(path: Path, *, split: bool = False) -> dg.AssetsDefinition:
    """Make the assets that BEAF computes of a pipeline: one, or one for each pass."""
    (assets,) = build_assets(path, GRID, split_passes=split)
    return assets


def keeping(**target: Any) -> dict[str, Any]:
    """Give resources that keep what assets return in an OUTPUT_TARGET."""
    base = {"DATASETNAME": "mine", "OUTPUT_TARGET": target}
    return {IO_MANAGER_KEY: output_target_io_manager.configured({"base_config": base})}


def ranged(first: str, last: str) -> dict[str, str]:
    """Give the tags of a run over a range of partitions."""
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


def bars(*closes: float) -> pl.DataFrame:
    """A small frame of bars, one each minute from 09:01 of Monday on."""
    times = [f"2025-01-06T09:0{n + 1}:00" for n in range(len(closes))]
    return pl.DataFrame(
        {
            "ListingId": pl.Series([101] * len(closes), dtype=pl.Int64),
            "TimeBucket": pl.Series(times, dtype=pl.String).str.to_datetime(time_unit="ns"),
            "Close": pl.Series(closes, dtype=pl.Float64),
        }
    )
