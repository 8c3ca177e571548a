"""What does the smallest complete run look like? A pipeline over the tiny market."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core import (
    DatePartition,
    LaunchRequest,
    PartitionRun,
    PluginHost,
    UniversePartition,
)
from beaf_core.testing.market import TINY_DAYS, write_market

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beaf_core import AnalyticsModule, Reference

_PIPELINE = '''"""How many shares trade in a minute of the tiny market?"""

import polars as pl

from beaf_core import Aggregation, Kind, Measure

USER_CONFIG = {config!r}

shares = Measure(
    name="Shares",
    table="trades",
    value=Aggregation(Kind.SUM, pl.col("Size")),
    unit="shares",
    doc="Shares traded in the bucket, on the book and off it.",
    formula="sum of sizes",
    reaggregation="sum",
)


def get_universe(date, reference):
    return reference(date)
'''


def tiny_request(folder: Path | str, run_id: str = "tiny") -> LaunchRequest:
    """Write the tiny market and a pipeline over it, and return the request that runs it.

    One pass `bars`, one measure `Shares`, both days in one partition of eight rows, written by
    the output `parquet` of beaf-outputs below the folder.

    Args:
        folder: an empty place.
        run_id: the run's name.
    """
    home = Path(folder)
    config = _config(home, write_market(home / "market"), {"modules": ["custom"]})
    pipeline = home / "tiny_pipeline.py"
    pipeline.write_text(_PIPELINE.format(config=config), encoding="utf-8")
    return LaunchRequest(
        run_id=run_id,
        config=config,
        universe=None,
        dates=DatePartition(TINY_DAYS[0], TINY_DAYS[-1]),
        pipeline=str(pipeline),
        project=str(home),
    )


def bars_of(module: AnalyticsModule, section: Mapping[str, Any]) -> pl.DataFrame | None:
    """Compute a module's measures over the tiny market, in bars of 60 s, by the engine itself.

    Args:
        module: over trades and marketstate only; the market has no other tables.
        section: its options, as they would stand in its section of a pass.

    Returns:
        The output; None where beaf-outputs is not installed to write it.
    """
    from beaf_core import run_partition  # the engine; most checks do without

    if "parquet" not in PluginHost().catalog.names("output"):
        return None
    # In a folder of its own: a run leaves a manifest, and reads the beaf.yaml, of where it runs.
    with TemporaryDirectory() as folder, chdir(folder):
        options = {module.config_key: dict(section)} if section else {}
        market = write_market(Path(folder, "market"), every_column=True)
        config = _config(Path(folder), market, options)
        dates = DatePartition(TINY_DAYS[0], TINY_DAYS[-1])
        report = run_partition(
            base_config=config,
            default_get_universe=_whole_market,
            partition=PartitionRun(UniversePartition("default"), dates),
            get_pipeline=lambda: [module],
        )
        return pl.read_parquet(report.receipts[0].location)


def _whole_market(date: str, reference: Reference) -> pl.DataFrame:
    return reference(date)


def _config(home: Path, market: Path, bars: Mapping[str, Any]) -> dict[str, Any]:
    place = f"{home}/out/{{pass}}/{{universe}}/{{start_date}}_{{end_date}}.parquet"
    return {
        "DATASETNAME": "tiny",
        "SOURCE": {"type": "parquet", "root": str(market)},
        "PASSES": [{"name": "bars", "time_bucket_seconds": 60, **bars}],
        "OUTPUT_TARGET": {"type": "parquet", "path_template": place},
    }
