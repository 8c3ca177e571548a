"""Which assets do tests of the IO manager load? Some that BEAF computes, and places to write to.

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from beaf_core import run_partition
from beaf_dagster.io.names import IO_MANAGER_KEY, io_metadata
from beaf_dagster.io_manager import output_target_io_manager, with_default_io
from beaf_dagster.partitions.keys import partition_run
from beaf_dagster.pipelines import load_pipeline

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
    pipeline = load_pipeline(path)
    passes = [each.name for each in pipeline.config.PASSES] if split else [None]
    specs = [
        dg.AssetSpec(
            ["pipes", pipeline.group, *filter(None, [each])],
            partitions_def=GRID,
            metadata=io_metadata(pipeline, each),
            code_version=pipeline.digest,
            skippable=True,
        ).with_io_manager_key(IO_MANAGER_KEY)
        for each in passes
    ]

    @dg.multi_asset(specs=specs, name=pipeline.group, can_subset=True)
    def compute(context: dg.AssetExecutionContext) -> Any:
        for key in context.partition_keys:
            run_partition(pipeline.path, None, partition_run(GRID, key))
        for spec in specs:
            if spec.key in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=spec.key)

    return with_default_io(compute)


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
